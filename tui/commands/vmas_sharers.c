/*
 * pagetop vmas --by sharer: who else has the pages of a process, as a table of processes; as JSON for each VMA as well.
 * It is found by an index over all processes, which is read for the occasion.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/owners/sharing.h"
#include "core/text/text.h"
#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"
#include "tui/commands/vmas_by.h"

struct by {
	const struct ui_options *options;
	const struct pt_snapshot *snapshot;
	struct pt_filter *filter;
	struct pt_sharing *sharing;
	struct pt_sharers all; /* of the VMAs that match */
	uint64_t rss;          /* pages of those */
};

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static int read_sharing(struct pt_kernel *k, const struct pt_snapshot *snapshot, struct pt_sharing **ret)
{
	struct pt_owners_request request = {.signals = &snapshot->signals};
	struct pt_owners *owners;
	int error = pt_owners_build(k, &request, &owners);
	if (!error) {
		error = pt_sharing_make(owners, snapshot, 0, UINT64_MAX, NULL, ret);
		pt_owners_unref(owners);
	}
	if (!error)
		return UI_OK;
	if (error == -ENOMEM)
		return ui_out_of_memory();
	ui_complain("who shares cannot be told: %s",
		    error == -EPERM ? "it needs the numbers of page frames, and those are hidden from this user: "
				      "sudo pagetop vmas"
				    : strerror(-error));
	return error == -EPERM ? UI_DENIED : UI_LACKING;
}

static struct pt_sharer *find(const struct pt_sharers *in, pid_t pid)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->v[i].pid == pid)
			return &in->v[i];
	return NULL;
}

static int add_sharer(struct pt_sharers *to, const struct pt_sharer *more)
{
	struct pt_sharer *have = find(to, more->pid);
	if (!have) {
		struct pt_sharer *v = realloc(to->v, (to->n + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		to->v = v;
		v[to->n++] = *more;
		return 0;
	}
	have->pages += more->pages;
	have->anon += more->anon;
	have->file += more->file;
	have->shmem += more->shmem;
	return 0;
}

static int by_pages(const void *a, const void *b)
{
	const struct pt_sharer *x = a, *y = b;
	if (x->pages != y->pages)
		return x->pages < y->pages ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Of the VMAs that match, together. */
static int sum_up(struct by *by)
{
	const struct pt_snapshot *s = by->snapshot;
	int error = 0;
	for (size_t i = 0; i < s->vmas->n && !error; i++) {
		const struct pt_vma *vma = &s->vmas->v[i];
		struct pt_sharers one;
		if (!ui_vma_matches(by->filter, vma))
			continue;
		error = pt_sharing_with(by->sharing, vma->start, vma->end, &one);
		if (error)
			break;
		for (size_t k = 0; k < one.n && !error; k++)
			error = add_sharer(&by->all, &one.v[k]);
		by->all.pages.others += one.pages.others;
		by->all.pages.itself += one.pages.itself;
		by->all.pages.nobody += one.pages.nobody;
		by->all.pages.partly += one.pages.partly;
		by->all.pages.unasked += one.pages.unasked;
		by->rss += pt_snapshot_sums(s, i)->n[PT_N_RSS];
		free(one.v);
	}
	if (by->all.n)
		qsort(by->all.v, by->all.n, sizeof(*by->all.v), by_pages);
	return error;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static const char *bytes_text(const struct by *by, uint64_t pages, char *ret, size_t size)
{
	return ui_table_bytes(by->options, (struct pt_maybe){pages << by->snapshot->page_shift, true}, ret, size);
}

/* "redis-server 7391 shares 9.1M of the 1.21G it has resident with 61 other processes." And what is not known. */
static void print_summary(const struct by *by)
{
	const struct pt_sharing_pages *pages = &by->all.pages;
	char name[4 * PT_NAME_MAX], a[24], b[24], text[512];
	size_t n = 0, refused = pt_sharing_refused(by->sharing);
	pt_text_printable(by->snapshot->process.name, strlen(by->snapshot->process.name), name, sizeof(name));
	n += (size_t)snprintf(text, sizeof(text), "%s %d shares %s of %s resident with %zu other process%s.", name,
			      (int)by->snapshot->process.pid, bytes_text(by, pages->others, a, sizeof(a)),
			      bytes_text(by, by->rss, b, sizeof(b)), by->all.n, by->all.n == 1 ? "" : "es");
	if (pages->itself && n < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s more it maps twice or more by itself.",
				      bytes_text(by, pages->itself, a, sizeof(a)));
	if (pages->nobody && n < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, " Of %s more it was not found who shares it%s.",
				      bytes_text(by, pages->nobody, a, sizeof(a)),
				      refused ? "; some processes may not be looked at" : "");
	if (pages->unasked && n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, " Whether %s is shared is not known.",
			 bytes_text(by, pages->unasked, a, sizeof(a)));
	ui_print_wrapped(text, 0, 0, ui_text_width());
}

enum { COL_PID, COL_NAME, COL_SHARED, COL_SHARE, COL_ANON, COL_FILE, COL_SHMEM, COL_ADDRESS, COL_N };

static const struct ui_table_column all_columns[COL_N] = {{"PID", UI_TABLE_RIGHT},    {"NAME", 0},
							  {"SHARED", UI_TABLE_RIGHT}, {"SHARE", UI_TABLE_RIGHT},
							  {"ANON", UI_TABLE_RIGHT},   {"FILE", UI_TABLE_RIGHT},
							  {"SHMEM", UI_TABLE_RIGHT},  {"ADDRESS", UI_TABLE_RIGHT}};
static const unsigned char order[COL_N] = {COL_PID,  COL_NAME,  COL_SHARED, COL_ANON,
					   COL_FILE, COL_SHMEM, COL_SHARE,  COL_ADDRESS};
static const struct ui_columns columns = {all_columns, order, COL_N, 6};

static void print_cell(const struct by *by, struct ui_table *table, const struct pt_sharer *sharer, size_t column)
{
	const uint64_t sizes[COL_N] = {[COL_SHARED] = sharer->pages,
				       [COL_ANON] = sharer->anon,
				       [COL_FILE] = sharer->file,
				       [COL_SHMEM] = sharer->shmem};
	char text[32];
	switch (column) {
	case COL_PID: snprintf(text, sizeof(text), "%d", (int)sharer->pid); break;
	case COL_NAME: ui_name_cell(table, sharer->name); return;
	case COL_ADDRESS: snprintf(text, sizeof(text), "%" PRIx64, sharer->address); break;
	case COL_SHARE:
		snprintf(text, sizeof(text), "%.1f%%", by->rss ? 100.0 * (double)sharer->pages / (double)by->rss : 0);
		break;
	default: bytes_text(by, sizes[column], text, sizeof(text));
	}
	ui_table_cell(table, text);
}

static int print_table(const struct by *by)
{
	struct ui_chosen chosen;
	int r = ui_columns_choose(by->options, &columns, "sharer", &chosen);
	if (r != UI_OK)
		return r;
	struct ui_table *table = ui_columns_table(by->options, &columns, &chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < by->all.n; i++)
		for (size_t k = 0; k < chosen.n; k++)
			print_cell(by, table, &by->all.v[i], chosen.ids[k]);
	if (!by->options->raw && !by->options->no_headings)
		print_summary(by);
	if (by->all.n && !by->options->raw && !by->options->no_headings)
		putchar('\n');
	r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_int_t bytes_of(const struct by *by, uint64_t pages)
{
	uint64_t bytes = pages << by->snapshot->page_shift;
	return (json_int_t)bytes;
}

static json_t *sharers_json(const struct by *by, const struct pt_sharers *sharers)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < sharers->n; i++) {
		const struct pt_sharer *s = &sharers->v[i];
		json_array_append_new(array, json_pack("{s:i, s:o, s:I, s:I, s:I, s:I}", "pid", (int)s->pid, "name",
						       ui_json_bytes(s->name), "shared", bytes_of(by, s->pages), "anon",
						       bytes_of(by, s->anon), "file", bytes_of(by, s->file), "shmem",
						       bytes_of(by, s->shmem)));
	}
	return array;
}

static json_t *pages_json(const struct by *by, const struct pt_sharing_pages *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "others", bytes_of(by, p->others), "itself",
			 bytes_of(by, p->itself), "not-found", bytes_of(by, p->nobody), "partly-found",
			 bytes_of(by, p->partly), "unknown", bytes_of(by, p->unasked));
}

static json_t *vma_json(const struct by *by, size_t i, const struct pt_sharers *sharers)
{
	static const size_t ids[] = {PT_COL_START, PT_COL_END,  PT_COL_PERMS, PT_COL_PATH,
				     PT_COL_ROLE,  PT_COL_SIZE, PT_COL_RSS,   PT_COL_SHARED};
	struct pt_vma_row row = {&by->snapshot->vmas->v[i], by->snapshot, i};
	json_t *vma = ui_vma_json(&row, ids, sizeof(ids) / sizeof(*ids));
	if (vma) {
		json_object_set_new(vma, "shared-by", pages_json(by, &sharers->pages));
		json_object_set_new(vma, "sharers", sharers_json(by, sharers));
	}
	return vma;
}

static int print_json(const struct by *by)
{
	struct ui_json out;
	const struct pt_vma_table *vmas = by->snapshot->vmas;
	ui_json_begin(&out, "vmas");
	for (size_t i = 0; i < vmas->n; i++) {
		struct pt_sharers sharers = {0};
		if (!ui_vma_matches(by->filter, &vmas->v[i]))
			continue;
		if (pt_sharing_with(by->sharing, vmas->v[i].start, vmas->v[i].end, &sharers))
			out.failed = true;
		ui_json_element(&out, vma_json(by, i, &sharers));
		free(sharers.v);
	}
	ui_json_end_array(&out);
	ui_json_member(&out, "shared-by", pages_json(by, &by->all.pages));
	ui_json_member(&out, "sharers", sharers_json(by, &by->all));
	ui_json_member(&out, "processes-not-read", json_integer((json_int_t)pt_sharing_refused(by->sharing)));
	ui_json_member(&out, "process", ui_process_json(by->snapshot));
	return ui_json_end(&out);
}

int ui_vmas_by_sharer(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		      struct pt_filter *filter)
{
	struct by by = {.options = options, .snapshot = snapshot, .filter = filter};
	int r = read_sharing(k, snapshot, &by.sharing);
	if (r != UI_OK)
		return r;
	r = sum_up(&by) ? ui_out_of_memory() : options->json ? print_json(&by) : print_table(&by);
	free(by.all.v);
	pt_sharing_unref(by.sharing);
	return r;
}
