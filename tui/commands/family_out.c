/*
 * pagetop family as a table with a few sentences, and as JSON: sizes in bytes there, what is not known null.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/report/columns.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/family.h"
#include "tui/commands/json_out.h"
#include "tui/commands/table_out.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

enum {
	TIME,
	PID,
	PARENT,
	AGE,
	RSS,
	START,
	END,
	PERMS,
	SHARED,
	COPIED,
	BY_PARENT,
	BY_CHILD,
	EITHER,
	PARENT_ONLY,
	CHILD_ONLY,
	COMMON,
	UNKNOWN,
	RATE,
	NAME,
	COLUMNS
};

static const struct ui_table_column columns[COLUMNS] = {
	[TIME] = {"TIME", UI_TABLE_RIGHT},
	[PID] = {"PID", UI_TABLE_RIGHT},
	[PARENT] = {"PARENT", UI_TABLE_RIGHT},
	[AGE] = {"AGE", UI_TABLE_RIGHT},
	[RSS] = {"RSS", UI_TABLE_RIGHT},
	[START] = {"START", UI_TABLE_RIGHT},
	[END] = {"END", UI_TABLE_RIGHT},
	[PERMS] = {"PERMS", 0},
	[SHARED] = {"SHARED", UI_TABLE_RIGHT},
	[COPIED] = {"COPIED", UI_TABLE_RIGHT},
	[BY_PARENT] = {"BY_PARENT", UI_TABLE_RIGHT},
	[BY_CHILD] = {"BY_CHILD", UI_TABLE_RIGHT},
	[EITHER] = {"EITHER", UI_TABLE_RIGHT},
	[PARENT_ONLY] = {"PARENT_ONLY", UI_TABLE_RIGHT},
	[CHILD_ONLY] = {"CHILD_ONLY", UI_TABLE_RIGHT},
	[COMMON] = {"COMMON", UI_TABLE_RIGHT},
	[UNKNOWN] = {"UNKNOWN", UI_TABLE_RIGHT},
	[RATE] = {"RATE", UI_TABLE_RIGHT},
	[NAME] = {"NAME", UI_TABLE_CUT},
};

static const char *column_name(const void *arg, size_t i)
{
	(void)arg;
	return columns[i].name;
}

/* One row, whatever it is of. */
struct row {
	const struct pt_forks_look *look;
	const struct pt_forks_member *member;  /* NULL: of a sample */
	const struct pt_kin_row *at;           /* NULL: of no VMA */
	const struct ui_family_sample *sample; /* NULL: of no sample */
	const struct pt_kin_sums *sums;        /* NULL: not known, or the first */
};

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool sum_of(const struct pt_kin_sums *sums, size_t column, uint64_t *ret)
{
	static const enum pt_kin kin[COLUMNS] = {
		[SHARED] = PT_KIN_SHARED, [BY_PARENT] = PT_KIN_BY_PARENT, [BY_CHILD] = PT_KIN_BY_CHILD,
		[EITHER] = PT_KIN_EITHER, [PARENT_ONLY] = PT_KIN_PARENT,  [CHILD_ONLY] = PT_KIN_CHILD,
		[COMMON] = PT_KIN_COMMON, [UNKNOWN] = PT_KIN_UNKNOWN,
	};
	if (column == COPIED)
		*ret = pt_kin_copied(sums);
	else if (kin[column])
		*ret = sums->n[kin[column]];
	else
		return false;
	return true;
}

static bool is_known(const struct pt_kin_sums *sums, size_t column)
{
	if (column == BY_PARENT || column == BY_CHILD || column == EITHER)
		return !sums->unmarked;
	return column != SHARED || !sums->hidden;
}

/* The columns of bytes; false: it is none of them. */
static bool bytes_of(const struct row *row, size_t column, struct pt_maybe *ret)
{
	static const struct pt_kin_sums none;
	const struct pt_snapshot *s = row->member ? row->member->snapshot : NULL;
	uint64_t pages;
	double rate;
	*ret = (struct pt_maybe){0};
	if (column == RSS && s)
		*ret = pt_snapshot_bytes(s, s->vmas->n, PT_SUM_RSS);
	else if (column == RATE && row->member && !row->at && pt_forks_rate(row->member, PT_BILL_RATE_NS, &rate))
		*ret = (struct pt_maybe){rate > 0 ? (uint64_t)(rate * (double)(1u << row->look->page_shift)) : 0, true};
	else if (sum_of(row->sums ? row->sums : &none, column, &pages))
		*ret = (struct pt_maybe){pages << row->look->page_shift, row->sums && is_known(row->sums, column)};
	else
		return column == RSS || column == RATE;
	return true;
}

static pid_t parent_of(const struct row *row)
{
	if (row->sample)
		return row->sample->parent;
	return row->member->parent == PT_FORKS_NONE ? 0 : row->look->v[row->member->parent].pid;
}

static const struct pt_vma *vma_of(const struct row *row)
{
	if (row->at->parent != PT_KIN_NO_VMA)
		return &row->look->v[row->member->parent].snapshot->vmas->v[row->at->parent];
	return &row->member->snapshot->vmas->v[row->at->child];
}

static const char *name_of(const struct row *row)
{
	if (!row->at)
		return row->sample ? row->sample->name : row->member->name;
	const struct pt_vma *vma = vma_of(row);
	return vma->path[0] ? vma->path : pt_role_name((enum pt_role)vma->role);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void print_age(struct pt_maybe ns, char *ret, size_t size)
{
	if (ns.known)
		pt_text_ns(ns.value, ret, size);
	else
		snprintf(ret, size, "?");
}

/* What is said of the first is not that it is unknown. */
static const char *absent(const struct row *row)
{
	return row->member && row->member->parent == PT_FORKS_NONE ? "-" : "?";
}

static void cell(const struct ui_family *f, struct ui_table *table, const struct row *row, size_t column)
{
	char text[64] = "-";
	struct pt_maybe bytes;
	if (bytes_of(row, column, &bytes)) {
		ui_table_cell(table, bytes.known ? ui_table_bytes(f->options, bytes, text, sizeof(text)) : absent(row));
		return;
	}
	switch (column) {
	case PID: snprintf(text, sizeof(text), "%d", (int)(row->sample ? row->sample->pid : row->member->pid)); break;
	case PARENT:
		if (parent_of(row))
			snprintf(text, sizeof(text), "%d", (int)parent_of(row));
		break;
	case AGE: print_age(row->sample ? row->sample->live_ns : row->member->live_ns, text, sizeof(text)); break;
	case TIME:
		if (row->sample)
			snprintf(text, sizeof(text), "%.3f", (double)row->sample->at_ns / 1e9);
		break;
	case START:
	case END:
		if (row->at)
			snprintf(text, sizeof(text), "%" PRIx64, column == START ? row->at->start : row->at->end);
		break;
	case PERMS:
		if (row->at)
			pt_vma_perms(vma_of(row), text);
		break;
	default: ui_name_cell(table, name_of(row)); return;
	}
	ui_table_cell(table, text);
}

static void add_row(const struct ui_family *f, struct ui_table *table, const size_t *ids, size_t n,
		    const struct row *row)
{
	for (size_t i = 0; i < n; i++)
		cell(f, table, row, ids[i]);
}

/* Stretches without private memory in either say nothing here. */
static bool is_of_interest(const struct pt_kin_sums *sums)
{
	return sums->n[PT_KIN_SHARED] || pt_kin_copied(sums) || sums->n[PT_KIN_PARENT] || sums->n[PT_KIN_CHILD] ||
	       sums->n[PT_KIN_UNKNOWN];
}

static void add_rows(const struct ui_family *f, struct ui_table *table, const size_t *ids, size_t n)
{
	const struct pt_forks_look *look = f->look;
	for (size_t i = 0; f->options->family_by == UI_FAMILY_BY_SAMPLE && i < f->n_samples; i++)
		add_row(f, table, ids, n,
			&(struct row){.look = look, .sample = &f->samples[i], .sums = &f->samples[i].sums});
	for (size_t i = 0; f->options->family_by != UI_FAMILY_BY_SAMPLE && i < look->n; i++) {
		const struct pt_forks_member *m = &look->v[i];
		struct row row = {.look = look, .member = m, .sums = m->compared ? &m->table.sums : NULL};
		if (f->options->family_by == UI_FAMILY_BY_MEMBER) {
			add_row(f, table, ids, n, &row);
			continue;
		}
		for (size_t r = 0; r < m->table.n; r++) {
			row.at = &m->table.v[r];
			row.sums = &m->table.v[r].sums;
			if (is_of_interest(row.sums))
				add_row(f, table, ids, n, &row);
		}
	}
}

static int print_table(const struct ui_family *f, const size_t *ids, size_t n)
{
	struct ui_table_column chosen[COLUMNS];
	for (size_t i = 0; i < n; i++)
		chosen[i] = columns[ids[i]];
	struct ui_table *table = ui_table_new(f->options, chosen, n);
	if (!table)
		return ui_out_of_memory();
	add_rows(f, table, ids, n);
	int r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

/* "store 200: 16K copied ...", and what it comes to. */
static void print_words(const struct pt_forks_look *look, size_t i, int width)
{
	char text[1024], name[4 * PT_NAME_MAX];
	const struct pt_forks_member *m = &look->v[i];
	pt_text_printable(m->name, strlen(m->name), name, sizeof(name));
	int at = printf("\n%s %d: ", name, (int)m->pid);
	ui_print_wrapped(pt_forks_words(look, i, text, sizeof(text)), at > 0 ? at - 1 : 0, 2, width);
	if (*pt_forks_outlook(look, i, text, sizeof(text))) {
		fputs("  ", stdout);
		ui_print_wrapped(text, 2, 2, width);
	}
}

static void print_ended(const struct pt_forks_look *look, const struct pt_forks_ended *e)
{
	static const char *const words[] = {"ended", "became another program", "lost its parent"};
	char name[4 * PT_NAME_MAX], life[24], copied[16];
	pt_text_printable(e->name, strlen(e->name), name, sizeof(name));
	print_age(e->live_ns, life, sizeof(life));
	printf("%s %d %s after %s; copied by then: %s\n", name, (int)e->pid, words[e->how], life,
	       pt_text_size(pt_kin_copied(&e->last.sums) << look->page_shift, copied, sizeof(copied)));
}

static int print_text(const struct ui_family *f, const size_t *ids, size_t n)
{
	const struct pt_forks_look *look = f->look;
	int width = ui_text_width(), r = print_table(f, ids, n);
	if (r != UI_OK || f->options->raw)
		return r;
	for (size_t i = look->n > 1; i < look->n; i++)
		print_words(look, i, width);
	if (look->left_out)
		printf("\n%zu more were forked from it and not looked at\n", look->left_out);
	if (look->n_ended)
		putchar('\n');
	for (size_t i = 0; i < look->n_ended; i++)
		print_ended(look, &look->ended[i]);
	return UI_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void set_sums(json_t *object, const struct row *row)
{
	char key[16];
	struct pt_maybe bytes;
	for (size_t i = SHARED; object && i <= UNKNOWN; i++) {
		bytes_of(row, i, &bytes);
		ui_json_key(column_name(NULL, i), key);
		json_object_set_new(object, key, ui_json_maybe(bytes));
	}
}

static json_t *seconds(struct pt_maybe ns)
{
	return ns.known ? json_real((double)ns.value / 1e9) : json_null();
}

static json_t *vmas_json(const struct pt_forks_look *look, const struct pt_forks_member *m)
{
	json_t *array = json_array();
	for (size_t i = 0; i < m->table.n; i++) {
		struct row row = {.look = look, .member = m, .at = &m->table.v[i], .sums = &m->table.v[i].sums};
		const struct pt_vma *vma = vma_of(&row);
		char perms[8];
		pt_vma_perms(vma, perms);
		if (!is_of_interest(row.sums))
			continue;
		json_t *object = json_pack("{s:o, s:o, s:s, s:s, s:o}", "start",
					   ui_json_hex((struct pt_maybe){row.at->start, true}), "end",
					   ui_json_hex((struct pt_maybe){row.at->end, true}), "perms", perms, "role",
					   pt_role_name((enum pt_role)vma->role), "path", ui_json_bytes(vma->path));
		set_sums(object, &row);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *member_json(const struct pt_forks_look *look, size_t i)
{
	const struct pt_forks_member *m = &look->v[i];
	struct row row = {.look = look, .member = m, .sums = m->compared ? &m->table.sums : NULL};
	struct pt_maybe rss, rate;
	struct pt_bill bill = {0};
	if (m->compared)
		pt_forks_bill(look, i, &bill);
	bytes_of(&row, RSS, &rss);
	bytes_of(&row, RATE, &rate);
	json_t *object = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "pid", (int)m->pid, "parent",
				   parent_of(&row) ? json_integer(parent_of(&row)) : json_null(), "name",
				   ui_json_bytes(m->name), "age", seconds(m->live_ns), "rss", ui_json_maybe(rss),
				   "error", ui_json_bytes(m->error ? strerror(-m->error) : NULL), "rate",
				   ui_json_maybe(rate));
	set_sums(object, &row);
	if (!object)
		return NULL;
	json_object_set_new(object, "shared-part", bill.has_shared ? json_real(bill.shared) : json_null());
	json_object_set_new(object, "one-memory", m->compared ? json_boolean(bill.one_memory) : json_null());
	json_object_set_new(object, "vmas", vmas_json(look, m));
	return object;
}

static json_t *samples_json(const struct ui_family *f)
{
	json_t *array = json_array();
	for (size_t i = 0; i < f->n_samples; i++) {
		const struct ui_family_sample *s = &f->samples[i];
		struct row row = {.look = f->look, .sample = s, .sums = &s->sums};
		json_t *object = json_pack("{s:f, s:i, s:o}", "time", (double)s->at_ns / 1e9, "pid", (int)s->pid, "age",
					   seconds(s->live_ns));
		set_sums(object, &row);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *ended_json(const struct pt_forks_look *look)
{
	json_t *array = json_array();
	for (size_t i = 0; i < look->n_ended; i++) {
		const struct pt_forks_ended *e = &look->ended[i];
		struct row row = {.look = look, .sums = &e->last.sums};
		json_t *object = json_pack("{s:i, s:o, s:o, s:s}", "pid", (int)e->pid, "name", ui_json_bytes(e->name),
					   "age", seconds(e->live_ns), "how", pt_forks_end_name(e->how));
		set_sums(object, &row);
		json_array_append_new(array, object);
	}
	return array;
}

static int print_json(const struct ui_family *f)
{
	struct ui_json out;
	ui_json_begin(&out, "family");
	for (size_t i = 0; i < f->look->n; i++)
		ui_json_element(&out, member_json(f->look, i));
	ui_json_end_array(&out);
	ui_json_member(&out, "samples", samples_json(f));
	ui_json_member(&out, "ended", ended_json(f->look));
	ui_json_member(&out, "left-out", json_integer((json_int_t)f->look->left_out));
	return ui_json_end(&out);
}

/* ---- which columns ---------------------------------------------------------------------------------------------- */

int ui_family_print(const struct ui_family *f)
{
	static const size_t of_members[] = {PID,      AGE,    RSS,         SHARED,     COPIED, BY_PARENT,
					    BY_CHILD, EITHER, PARENT_ONLY, CHILD_ONLY, NAME};
	static const size_t of_vmas[] = {PID,      START,  PERMS,       SHARED,     BY_PARENT,
					 BY_CHILD, EITHER, PARENT_ONLY, CHILD_ONLY, NAME};
	static const size_t of_samples[] = {TIME,     PID,    AGE,         SHARED,     COPIED, BY_PARENT,
					    BY_CHILD, EITHER, PARENT_ONLY, CHILD_ONLY, NAME};
	static const struct {
		const size_t *v;
		size_t n;
	} defaults[UI_FAMILY_BY_N] = {{of_members, sizeof(of_members) / sizeof(size_t)},
				      {of_vmas, sizeof(of_vmas) / sizeof(size_t)},
				      {of_samples, sizeof(of_samples) / sizeof(size_t)}};
	size_t ids[COLUMNS], n, by = f->options->family_by;
	char message[256];
	if (pt_columns_select(f->options->columns, column_name, NULL, COLUMNS, defaults[by].v, defaults[by].n, ids, &n,
			      message, sizeof(message)) < 0) {
		ui_complain("%s", message);
		return UI_USAGE;
	}
	return f->options->json ? print_json(f) : print_text(f, ids, n);
}
