/*
 * pagetop diff of recordings: what grew between two moments of one, or between the ends of two runs, by role and by VMA.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/history/growth.h"
#include "core/record/record.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/diff.h"
#include "tui/commands/diff_faults.h"
#include "tui/commands/vma_out.h"
#include "tui/when.h"

/* ---- the two moments -------------------------------------------------------------------------------------------- */

struct moment {
	const char *path;
	struct pt_reader *reader;
	struct pt_snapshot *snapshot;
};

struct comparison {
	const struct ui_options *options;
	struct moment from, to;
	struct pt_growth growth;
	struct ui_diff_faults faults;
	struct pt_filter *filter;
};

/* `when` NULL: the first moment of a recording that is compared with itself, else the last. */
static int find_moment(struct moment *m, const char *when, bool first)
{
	const char *path = m->path;
	char message[512];
	uint64_t seq = first ? 0 : UINT64_MAX;
	struct pt_past *past = pt_reader_past(m->reader);
	if (when && !ui_when(when, past, &seq, message, sizeof(message))) {
		ui_complain("%s: %s", path, message);
		return UI_USAGE;
	}
	int error = past->ops->at(past, seq, &m->snapshot);
	if (!error)
		return UI_OK;
	ui_complain("%s: %s", path,
		    error == -ENODATA   ? "no frame has been recorded yet"
		    : error == -EBADMSG ? "the file is damaged at this moment"
					: strerror(-error));
	return UI_USAGE;
}

/* PIDs differ from run to run: the process that -p chose goes by its name in the second recording. */
static int open_recordings(struct comparison *c, bool two)
{
	const struct ui_options *o = c->options;
	c->from.path = o->rest[0];
	c->to.path = o->rest[two];
	int status = ui_recording_open(c->from.path, o->pid, NULL, &c->from.reader);
	if (status == UI_OK)
		status = find_moment(&c->from, o->from, !two);
	if (status != UI_OK)
		return status;
	const char *name = two && o->pid ? c->from.snapshot->process.name : NULL;
	status = ui_recording_open(c->to.path, two ? 0 : o->pid, name, &c->to.reader);
	return status == UI_OK ? find_moment(&c->to, o->to, false) : status;
}

static int open_both(struct comparison *c)
{
	char **paths = c->options->rest;
	bool two = paths[0] && paths[1];
	if (!paths[0] || (two && paths[2])) {
		ui_complain("diff takes one recording, or two: pagetop diff RECORDING [RECORDING]");
		return UI_USAGE;
	}
	int status = open_recordings(c, two);
	if (status != UI_OK)
		return status;
	if (c->from.snapshot->page_shift != c->to.snapshot->page_shift) {
		ui_complain("%s and %s were made on machines with pages of other sizes", c->from.path, c->to.path);
		return UI_USAGE;
	}
	if (pt_growth_make(c->from.snapshot, c->to.snapshot, &c->growth) < 0)
		return ui_out_of_memory();
	const struct ui_diff_moment from = {c->from.path, c->from.reader, c->from.snapshot->seq};
	const struct ui_diff_moment to = {c->to.path, c->to.reader, c->to.snapshot->seq};
	return ui_diff_faults_open(&c->faults, &from, &to, two);
}

static void close_moment(struct moment *m)
{
	pt_snapshot_unref(m->snapshot);
	pt_reader_close(m->reader);
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

enum column_kind { TEXT, ADDRESS, BYTES_BEFORE, BYTES_AFTER, GREW, BORN };

enum column_id {
	COL_START,
	COL_WAS,
	COL_PERMS,
	COL_ROLE,
	COL_PATH,
	COL_CHANGE,
	COL_SIZE,
	COL_SIZE_GREW,
	COL_RSS_BEFORE,
	COL_RSS,
	COL_RSS_GREW,
	COL_PSS_GREW,
	COL_ANON_GREW,
	COL_FILE_GREW,
	COL_SHMEM_GREW,
	COL_DIRTY_GREW,
	COL_SWAP_GREW,
	COL_THP_GREW,
	COL_HUGETLB_GREW,
	COL_BORN,
	COL_N
};

static const struct column {
	const char *name;
	enum column_kind kind;
	enum pt_sum sum;
} columns[COL_N] = {
	[COL_START] = {"START", ADDRESS, PT_SUM_N},
	[COL_WAS] = {"WAS", ADDRESS, PT_SUM_N},
	[COL_PERMS] = {"PERMS", TEXT, PT_SUM_N},
	[COL_ROLE] = {"ROLE", TEXT, PT_SUM_N},
	[COL_PATH] = {"PATH", TEXT, PT_SUM_N},
	[COL_CHANGE] = {"CHANGE", TEXT, PT_SUM_N},
	[COL_SIZE] = {"SIZE", BYTES_AFTER, PT_SUM_SIZE},
	[COL_SIZE_GREW] = {"SIZE_GREW", GREW, PT_SUM_SIZE},
	[COL_RSS_BEFORE] = {"RSS_BEFORE", BYTES_BEFORE, PT_SUM_RSS},
	[COL_RSS] = {"RSS", BYTES_AFTER, PT_SUM_RSS},
	[COL_RSS_GREW] = {"RSS_GREW", GREW, PT_SUM_RSS},
	[COL_PSS_GREW] = {"PSS_GREW", GREW, PT_SUM_PSS},
	[COL_ANON_GREW] = {"ANON_GREW", GREW, PT_SUM_ANON},
	[COL_FILE_GREW] = {"FILE_GREW", GREW, PT_SUM_FILE},
	[COL_SHMEM_GREW] = {"SHMEM_GREW", GREW, PT_SUM_SHMEM},
	[COL_DIRTY_GREW] = {"DIRTY_GREW", GREW, PT_SUM_DIRTY},
	[COL_SWAP_GREW] = {"SWAP_GREW", GREW, PT_SUM_SWAP},
	[COL_THP_GREW] = {"THP_GREW", GREW, PT_SUM_THP},
	[COL_HUGETLB_GREW] = {"HUGETLB_GREW", GREW, PT_SUM_HUGETLB},
	[COL_BORN] = {"BORN", BORN, PT_SUM_N},
};

static const size_t table_default[] = {COL_START,     COL_CHANGE, COL_RSS_BEFORE, COL_RSS, COL_RSS_GREW,
				       COL_SWAP_GREW, COL_BORN,   COL_ROLE,       COL_PATH};

struct chosen {
	size_t ids[COL_N], n;
};

static const char *column_name(const void *arg, size_t id)
{
	(void)arg;
	return columns[id].name;
}

static int choose(const struct ui_options *options, struct chosen *ret)
{
	size_t all[COL_N];
	char message[512];
	for (size_t i = 0; i < COL_N; i++)
		all[i] = i;
	if (pt_columns_select(options->columns, column_name, NULL, COL_N, options->json ? all : table_default,
			      options->json ? COL_N : sizeof(table_default) / sizeof(*table_default), ret->ids, &ret->n,
			      message, sizeof(message)) == 0)
		return UI_OK;
	ui_complain("%s", message);
	return UI_USAGE;
}

/* ---- a row: a pair of VMAs -------------------------------------------------------------------------------------- */

static const struct pt_vma *vma_at(const struct pt_snapshot *s, size_t i)
{
	return i == PT_NO_VMA ? NULL : &s->vmas->v[i];
}

struct row {
	const struct comparison *c;
	size_t pair;
	const struct pt_vma *was, *is; /* NULL: it was not there */
};

static struct row row_of(const struct comparison *c, size_t pair)
{
	struct pt_vma_pair p = c->growth.pairs.v[pair];
	return (struct row){c, pair, vma_at(c->from.snapshot, p.was), vma_at(c->to.snapshot, p.is)};
}

/* Across runs every address is another, which is no news. */
static const char *change_of(const struct row *row)
{
	const struct pt_growth *g = &row->c->growth;
	int64_t by = pt_growth_of_pair(g, row->pair, PT_SUM_RSS).value;
	if (!row->was)
		return "new";
	if (!row->is)
		return "gone";
	if (g->same_run && row->was->start != row->is->start && row->was->end != row->is->end)
		return "moved";
	return by > 0 ? "grew" : by < 0 ? "shrank" : "same";
}

/* Whether anything about it is worth a line. */
static bool is_changed(const struct row *row)
{
	static const enum pt_sum sums[] = {PT_SUM_SIZE, PT_SUM_RSS, PT_SUM_SWAP, PT_SUM_HUGETLB};
	struct pt_maybe born = pt_growth_born(&row->c->growth, row->pair);
	if (strcmp(change_of(row), "same") != 0 || (born.known && born.value))
		return true;
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		if (pt_growth_of_pair(&row->c->growth, row->pair, sums[i]).value)
			return true;
	return false;
}

static const char *text_of(const struct row *row, enum column_id id, char *buf)
{
	const struct pt_vma *vma = row->is ? row->is : row->was;
	switch (id) {
	case COL_PERMS: pt_vma_perms(vma, buf); return buf;
	case COL_ROLE: return pt_role_name((enum pt_role)vma->role);
	case COL_PATH: return vma->path;
	default: return change_of(row);
	}
}

static struct pt_maybe number_of(const struct row *row, enum column_id id)
{
	const struct pt_growth *g = &row->c->growth;
	struct pt_vma_pair pair = g->pairs.v[row->pair];
	const struct pt_vma *vma = id == COL_WAS ? row->was : row->is;
	switch (columns[id].kind) {
	case ADDRESS: return (struct pt_maybe){vma ? vma->start : 0, vma != NULL};
	case BORN: return pt_growth_born(g, row->pair);
	case BYTES_BEFORE:
		return row->was ? pt_snapshot_bytes(g->before, pair.was, columns[id].sum) : (struct pt_maybe){0, true};
	default: return row->is ? pt_snapshot_bytes(g->after, pair.is, columns[id].sum) : (struct pt_maybe){0, true};
	}
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static void grew_cell(const struct ui_options *options, struct ui_table *table, struct pt_grew grew)
{
	char text[32];
	if (!grew.known)
		snprintf(text, sizeof(text), "?");
	else if (options->bytes)
		snprintf(text, sizeof(text), "%+" PRId64, grew.value);
	else
		pt_text_delta(grew.value, text, sizeof(text));
	ui_table_cell(table, text);
}

static void bytes_cell(const struct ui_options *options, struct ui_table *table, struct pt_maybe bytes)
{
	char text[32];
	ui_table_cell(table, ui_table_bytes(options, bytes, text, sizeof(text)));
}

static void cell(const struct ui_options *options, struct ui_table *table, const struct row *row, enum column_id id)
{
	char text[64];
	struct pt_maybe number;
	switch (columns[id].kind) {
	case TEXT: ui_name_cell(table, text_of(row, id, text)); return;
	case GREW: grew_cell(options, table, pt_growth_of_pair(&row->c->growth, row->pair, columns[id].sum)); return;
	case ADDRESS:
		number = number_of(row, id);
		snprintf(text, sizeof(text), number.known ? "%" PRIx64 : "-", number.value);
		ui_table_cell(table, text);
		return;
	default: bytes_cell(options, table, number_of(row, id));
	}
}

static int finish_table(struct ui_table *table)
{
	int error = ui_table_print(table);
	ui_table_free(table);
	return error ? ui_out_of_memory() : UI_OK;
}

static int print_vmas(const struct comparison *c, const struct chosen *chosen)
{
	struct ui_table_column heads[COL_N];
	for (size_t i = 0; i < chosen->n; i++) {
		enum column_kind kind = columns[chosen->ids[i]].kind;
		int flags = chosen->ids[i] == COL_PATH ? UI_TABLE_CUT : kind == TEXT ? 0 : UI_TABLE_RIGHT;
		heads[i] = (struct ui_table_column){columns[chosen->ids[i]].name, flags};
	}
	struct ui_table *table = ui_table_new(c->options, heads, chosen->n);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < c->growth.pairs.n; i++) {
		struct row row = row_of(c, i);
		if (!is_changed(&row) || !ui_vma_matches(c->filter, row.is ? row.is : row.was))
			continue;
		for (size_t k = 0; k < chosen->n; k++)
			cell(c->options, table, &row, (enum column_id)chosen->ids[k]);
	}
	return finish_table(table);
}

static const enum pt_sum role_sums[] = {PT_SUM_RSS,  PT_SUM_ANON, PT_SUM_FILE, PT_SUM_SHMEM,
					PT_SUM_SWAP, PT_SUM_THP,  PT_SUM_PSS};
#define ROLE_SUMS (sizeof(role_sums) / sizeof(*role_sums))

/* Whether a role holds something in either moment. */
static bool has_role(const struct comparison *c, enum pt_role role)
{
	static const enum pt_sum sums[] = {PT_SUM_RSS, PT_SUM_SWAP, PT_SUM_HUGETLB};
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		if (pt_growth_role_bytes(c->from.snapshot, role, sums[i]).value ||
		    pt_growth_role_bytes(c->to.snapshot, role, sums[i]).value)
			return true;
	return role == PT_ROLE_N;
}

static int print_roles(const struct comparison *c)
{
	const struct ui_table_column heads[] = {
		{"ROLE", 0},
		{"RSS_BEFORE", UI_TABLE_RIGHT},
		{"RSS", UI_TABLE_RIGHT},
		{"RSS_GREW", UI_TABLE_RIGHT},
		{"ANON_GREW", UI_TABLE_RIGHT},
		{"FILE_GREW", UI_TABLE_RIGHT},
		{"SHMEM_GREW", UI_TABLE_RIGHT},
		{"SWAP_GREW", UI_TABLE_RIGHT},
		{"THP_GREW", UI_TABLE_RIGHT},
		{"PSS_GREW", UI_TABLE_RIGHT},
	};
	struct ui_table *table = ui_table_new(c->options, heads, sizeof(heads) / sizeof(*heads));
	if (!table)
		return ui_out_of_memory();
	for (int role = 0; role <= PT_ROLE_N; role++) {
		if (!has_role(c, (enum pt_role)role))
			continue;
		ui_table_cell(table, role == PT_ROLE_N ? "all" : pt_role_name((enum pt_role)role));
		bytes_cell(c->options, table, pt_growth_role_bytes(c->from.snapshot, (enum pt_role)role, PT_SUM_RSS));
		bytes_cell(c->options, table, pt_growth_role_bytes(c->to.snapshot, (enum pt_role)role, PT_SUM_RSS));
		for (size_t i = 0; i < ROLE_SUMS; i++)
			grew_cell(c->options, table, pt_growth_of_role(&c->growth, (enum pt_role)role, role_sums[i]));
	}
	return finish_table(table);
}

static void say_moment(const char *word, const struct moment *m)
{
	char name[4 * PT_NAME_MAX + 1], path[512], when[64];
	time_t seconds = (time_t)(m->snapshot->realtime_ns / 1000000000u);
	struct tm tm;
	pt_text_printable(m->snapshot->process.name, strlen(m->snapshot->process.name), name, sizeof(name));
	pt_text_printable(m->path, strlen(m->path), path, sizeof(path));
	if (!localtime_r(&seconds, &tm) || !strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(when, sizeof(when), "?");
	printf("%-4s  %s  %s (%d), %s\n", word, when, name, (int)m->snapshot->process.pid, path);
}

static const char *how_compared(const struct comparison *c)
{
	const struct pt_process *from = &c->from.snapshot->process, *to = &c->to.snapshot->process;
	if (c->growth.same_run)
		return "One run: BORN is what is there now and was not.";
	if (from->pid == to->pid && from->start_time == to->start_time)
		return "It executed another program in between: VMAs go by role, file and offset.";
	return "Two runs: VMAs go by role, file and offset.";
}

/* -r and -n are for scripts: these get the rows of VMAs alone. */
static int print_tables(const struct comparison *c, const struct chosen *chosen)
{
	if (c->options->raw || c->options->no_headings)
		return print_vmas(c, chosen);
	say_moment("from", &c->from);
	say_moment("to", &c->to);
	printf("%s\n\n", how_compared(c));
	int status = print_roles(c);
	printf("\n");
	if (status == UI_OK)
		status = print_vmas(c, chosen);
	return status == UI_OK ? ui_diff_faults_print(&c->faults, c->options) : status;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *grew_json(struct pt_grew grew)
{
	return grew.known ? json_integer(grew.value) : json_null();
}

static json_t *column_json(const struct row *row, enum column_id id)
{
	char buf[64];
	switch (columns[id].kind) {
	case TEXT: return ui_json_bytes(text_of(row, id, buf));
	case ADDRESS: return ui_json_hex(number_of(row, id));
	case GREW: return grew_json(pt_growth_of_pair(&row->c->growth, row->pair, columns[id].sum));
	default: return ui_json_maybe(number_of(row, id));
	}
}

static json_t *row_json(const struct row *row, const struct chosen *chosen)
{
	json_t *object = json_object();
	char key[24];
	for (size_t i = 0; object && i < chosen->n; i++) {
		ui_json_key(columns[chosen->ids[i]].name, key);
		json_object_set_new(object, key, column_json(row, (enum column_id)chosen->ids[i]));
	}
	return object;
}

static json_t *role_json(const struct comparison *c, enum pt_role role)
{
	json_t *object = json_pack("{s:s, s:o, s:o}", "role", role == PT_ROLE_N ? "all" : pt_role_name(role),
				   "rss_before",
				   ui_json_maybe(pt_growth_role_bytes(c->from.snapshot, role, PT_SUM_RSS)), "rss",
				   ui_json_maybe(pt_growth_role_bytes(c->to.snapshot, role, PT_SUM_RSS)));
	static const char *const keys[ROLE_SUMS] = {"rss_grew",  "anon_grew", "file_grew", "shmem_grew",
						    "swap_grew", "thp_grew",  "pss_grew"};
	for (size_t i = 0; object && i < ROLE_SUMS; i++)
		json_object_set_new(object, keys[i], grew_json(pt_growth_of_role(&c->growth, role, role_sums[i])));
	return object;
}

static json_t *moment_json(const struct moment *m)
{
	return json_pack("{s:o, s:o, s:i, s:o}", "recording", ui_json_bytes(m->path), "time",
			 json_real((double)m->snapshot->realtime_ns / 1e9), "pid", (int)m->snapshot->process.pid,
			 "name", ui_json_bytes(m->snapshot->process.name));
}

static int print_json(const struct comparison *c, const struct chosen *chosen)
{
	struct ui_json out;
	json_t *roles = json_array();
	ui_json_begin(&out, "diff");
	for (size_t i = 0; i < c->growth.pairs.n; i++) {
		struct row row = row_of(c, i);
		if (is_changed(&row) && ui_vma_matches(c->filter, row.is ? row.is : row.was))
			ui_json_element(&out, row_json(&row, chosen));
	}
	ui_json_end_array(&out);
	for (int role = 0; roles && role <= PT_ROLE_N; role++)
		if (has_role(c, (enum pt_role)role))
			json_array_append_new(roles, role_json(c, (enum pt_role)role));
	ui_json_member(&out, "roles", roles);
	ui_json_member(&out, "born", ui_json_maybe(pt_growth_born(&c->growth, c->growth.pairs.n)));
	ui_json_member(&out, "same-run", json_boolean(c->growth.same_run));
	ui_json_member(&out, "faults", ui_diff_faults_json(&c->faults));
	ui_json_member(&out, "from", moment_json(&c->from));
	ui_json_member(&out, "to", moment_json(&c->to));
	return ui_json_end(&out);
}

int ui_diff_growth(const struct ui_options *options)
{
	struct comparison c = {.options = options};
	struct chosen chosen;
	int status = choose(options, &chosen);
	if (status == UI_OK)
		status = ui_filter_open(options, &c.filter);
	if (status != UI_OK)
		return status;
	status = open_both(&c);
	if (status == UI_OK)
		status = options->json ? print_json(&c, &chosen) : print_tables(&c, &chosen);
	ui_filter_close(c.filter);
	pt_growth_free(&c.growth);
	ui_diff_faults_free(&c.faults);
	close_moment(&c.from);
	close_moment(&c.to);
	return status;
}
