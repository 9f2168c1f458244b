/*
 * pagetop diff --content: which pages of two dumps differ, and where; then a row for each VMA.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/dump/compare.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/core_file.h"
#include "tui/commands/diff.h"
#include "tui/commands/json_out.h"
#include "tui/commands/progress.h"
#include "tui/commands/table_out.h"

struct job {
	const struct ui_options *options;
	const struct ui_core_in *files;
	struct ui_progress progress;
	struct ui_table *pages; /* text, or */
	struct ui_json json;
	bool begun; /* the JSON */
};

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void number_cell(struct ui_table *table, uint64_t n)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIu64, n);
	ui_table_cell(table, text);
}

static void hex_cell(struct ui_table *table, uint64_t n)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIx64, n);
	ui_table_cell(table, text);
}

static void path_cell(struct ui_table *table, const struct pt_vma *vma)
{
	char text[4096];
	pt_text_printable(vma ? vma->path : "", vma ? strlen(vma->path) : 0, text, sizeof(text));
	ui_table_cell(table, text);
}

static void page_cells(struct ui_table *table, const struct pt_difference *d)
{
	hex_cell(table, d->address);
	number_cell(table, d->bytes);
	number_cell(table, d->first);
	ui_table_cell(table, d->vma ? pt_role_name((enum pt_role)d->vma->role) : "");
	path_cell(table, d->vma);
}

static void vma_cells(struct ui_table *table, const struct pt_compared *row)
{
	char perms[5] = "";
	if (row->vma)
		pt_vma_perms(row->vma, perms);
	hex_cell(table, row->vma ? row->vma->start : 0);
	hex_cell(table, row->vma ? row->vma->end : 0);
	ui_table_cell(table, perms);
	ui_table_cell(table, row->vma ? pt_role_name((enum pt_role)row->vma->role) : "");
	number_cell(table, row->differ);
	number_cell(table, row->bytes);
	number_cell(table, row->equal);
	number_cell(table, row->only_first);
	number_cell(table, row->only_second);
	path_cell(table, row->vma);
}

static bool differs(const struct pt_compared *row)
{
	return row->differ || row->only_first || row->only_second;
}

static int print_vmas(const struct job *job, const struct pt_comparison *result)
{
	static const struct ui_table_column columns[] = {
		{"START", UI_TABLE_RIGHT},
		{"END", UI_TABLE_RIGHT},
		{"PERMS", 0},
		{"ROLE", 0},
		{"DIFFER", UI_TABLE_RIGHT},
		{"BYTES", UI_TABLE_RIGHT},
		{"EQUAL", UI_TABLE_RIGHT},
		{"ONLY_FIRST", UI_TABLE_RIGHT},
		{"ONLY_SECOND", UI_TABLE_RIGHT},
		{"PATH", UI_TABLE_CUT},
	};
	struct ui_table *table = ui_table_new(job->options, columns, sizeof(columns) / sizeof(*columns));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < result->n; i++)
		if (differs(&result->v[i]))
			vma_cells(table, &result->v[i]);
	int r = ui_table_print(table);
	ui_table_free(table);
	return r;
}

static int print_text(const struct job *job, const struct pt_comparison *result)
{
	const struct pt_compared *all = &result->all;
	int r = ui_table_print(job->pages);
	if (r == 0 && !job->options->raw) {
		if (all->differ)
			putchar('\n');
		r = print_vmas(job, result);
	}
	if (r < 0)
		return ui_out_of_memory();
	if (job->options->raw)
		return UI_OK;
	printf("%s%" PRIu64 " pages differ, in %" PRIu64 " bytes; %" PRIu64 " are equal; %" PRIu64
	       " only the first has contents of, %" PRIu64 " only the second\n",
	       differs(all) ? "\n" : "", all->differ, all->bytes, all->equal, all->only_first, all->only_second);
	return UI_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *hex(uint64_t n, bool known)
{
	return ui_json_hex((struct pt_maybe){n, known});
}

static json_t *page_json(const struct pt_difference *d)
{
	const struct pt_vma *vma = d->vma;
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "address", hex(d->address, true), "vma",
			 hex(vma ? vma->start : 0, vma != NULL), "role",
			 ui_json_bytes(vma ? pt_role_name((enum pt_role)vma->role) : NULL), "path",
			 ui_json_bytes(vma && vma->path[0] ? vma->path : NULL), "bytes", (json_int_t)d->bytes, "first",
			 (json_int_t)d->first);
}

static json_t *sums_json(const struct pt_compared *row)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "differ", (json_int_t)row->differ, "bytes",
			 (json_int_t)row->bytes, "equal", (json_int_t)row->equal, "only-first",
			 (json_int_t)row->only_first, "only-second", (json_int_t)row->only_second);
}

static json_t *vma_json(const struct pt_compared *row)
{
	const struct pt_vma *vma = row->vma;
	char perms[5] = "";
	if (vma)
		pt_vma_perms(vma, perms);
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "start", hex(vma ? vma->start : 0, vma != NULL),
				   "end", hex(vma ? vma->end : 0, vma != NULL), "perms",
				   ui_json_bytes(vma ? perms : NULL), "role",
				   ui_json_bytes(vma ? pt_role_name((enum pt_role)vma->role) : NULL), "path",
				   ui_json_bytes(vma && vma->path[0] ? vma->path : NULL), "gone", row->gone);
	json_t *sums = sums_json(row);
	if (json_object_update(object, sums) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(sums);
	return object;
}

/* Not before it is clear that there is something to compare. */
static struct ui_json *json_of(struct job *job)
{
	if (!job->begun)
		ui_json_begin(&job->json, "diff");
	job->begun = true;
	return &job->json;
}

static int print_json(struct job *job, const struct pt_comparison *result)
{
	struct ui_json *out = json_of(job);
	json_t *vmas = json_array();
	for (size_t i = 0; i < result->n; i++)
		json_array_append_new(vmas, vma_json(&result->v[i]));
	ui_json_end_array(out);
	ui_json_member(out, "vmas", vmas);
	ui_json_member(out, "summary", sums_json(&result->all));
	return ui_json_end(out);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int each(void *arg, const struct pt_difference *difference)
{
	struct job *job = arg;
	if (job->options->json)
		ui_json_element(json_of(job), page_json(difference));
	else
		page_cells(job->pages, difference);
	return 0;
}

static int step(void *arg, uint64_t done)
{
	struct job *job = arg;
	return ui_progress_step(&job->progress, done, 0);
}

static int cannot_compare(const struct job *job, int error)
{
	char *const *names = job->options->rest;
	switch (error) {
	case -ENOMEM: return ui_out_of_memory();
	case -ECANCELED: ui_progress_obey(); return UI_FINDING;
	case -EINVAL:
		if (job->files[0].core->info.page_shift != job->files[1].core->info.page_shift)
			ui_complain("%s and %s have pages of different sizes", names[0], names[1]);
		else
			ui_complain("one of them is incremental, and not to the other: merge it with its base first "
				    "(pagetop dump --merge)");
		return UI_USAGE;
	default:
		ui_complain("cannot read %s or %s: %s", names[0], names[1],
			    error == -EBADMSG || error == -ENODATA ? "it contradicts itself" : strerror(-error));
		return UI_USAGE;
	}
}

static int compare(struct job *job)
{
	const struct pt_compare_job compare_job = {
		.first = job->files[0].core, .second = job->files[1].core, .each = each, .step = step, .arg = job};
	struct pt_comparison result;

	ui_progress_begin(&job->progress, "comparing");
	int error = pt_compare(&compare_job, &result);
	ui_progress_end(&job->progress);
	if (error)
		return cannot_compare(job, error);
	int status = job->options->json ? print_json(job, &result) : print_text(job, &result);
	if (status == UI_OK && differs(&result.all))
		status = UI_FINDING;
	pt_comparison_free(&result);
	return status;
}

static int run(struct job *job)
{
	static const struct ui_table_column columns[] = {{"ADDRESS", UI_TABLE_RIGHT},
							 {"BYTES", UI_TABLE_RIGHT},
							 {"FIRST", UI_TABLE_RIGHT},
							 {"ROLE", 0},
							 {"PATH", UI_TABLE_CUT}};
	int status;
	if (job->options->json)
		return compare(job);
	job->pages = ui_table_new(job->options, columns, sizeof(columns) / sizeof(*columns));
	status = job->pages ? compare(job) : ui_out_of_memory();
	ui_table_free(job->pages);
	return status;
}

int ui_diff_content(const struct ui_options *options)
{
	struct ui_core_in files[2] = {{.fd = -1}, {.fd = -1}};
	struct job job = {.options = options, .files = files};
	char *const *names = options->rest;

	if (!names[0] || !names[1] || names[2]) {
		ui_complain("--content takes two dumps: pagetop diff --content FIRST SECOND");
		return UI_USAGE;
	}
	int status = ui_core_open(&files[0], names[0]);
	if (status == UI_OK)
		status = ui_core_open(&files[1], names[1]);
	if (status == UI_OK)
		status = run(&job);
	ui_core_close(&files[0]);
	ui_core_close(&files[1]);
	return status;
}
