/*
 * pagetop vmas: the per-VMA table, as a table or as JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/record.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/table_out.h"
#include "tui/commands/vma_out.h"
#include "tui/commands/vmas_by.h"

static const size_t table_default[] = {
	PT_COL_START, PT_COL_END,   PT_COL_PERMS, PT_COL_ROLE, PT_COL_SIZE,   PT_COL_RSS,
	PT_COL_PSS,   PT_COL_DIRTY, PT_COL_SWAP,  PT_COL_THP,  PT_COL_SHARED, PT_COL_PATH,
};

struct chosen {
	size_t ids[PT_COL_N], n;
};

static int choose(const struct ui_options *options, struct chosen *ret)
{
	size_t json_default[PT_COL_JSON_N];
	char message[512];

	for (size_t i = 0; i < PT_COL_JSON_N; i++)
		json_default[i] = i;
	if (pt_columns_select(options->columns, ui_vma_column_name, NULL, PT_COL_N,
			      options->json ? json_default : table_default,
			      options->json ? PT_COL_JSON_N : sizeof(table_default) / sizeof(table_default[0]),
			      ret->ids, &ret->n, message, sizeof(message)) == 0)
		return UI_OK;
	ui_complain("%s", message);
	return UI_USAGE;
}

/* ---- table ----------------------------------------------------------------------------------------------------- */

static int print_table(const struct ui_options *options, const struct chosen *chosen,
		       const struct pt_snapshot *snapshot, struct pt_filter *filter)
{
	struct ui_table_column columns[PT_COL_N];
	struct ui_table *table;
	int r;

	for (size_t i = 0; i < chosen->n; i++)
		columns[i] = ui_vma_table_column((enum pt_column_id)chosen->ids[i]);
	table = ui_table_new(options, columns, chosen->n);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < snapshot->vmas->n; i++) {
		struct pt_vma_row row = {&snapshot->vmas->v[i], snapshot, i};

		if (!ui_vma_matches(filter, row.vma))
			continue;
		for (size_t k = 0; k < chosen->n; k++)
			ui_vma_cell(options, table, &row, (enum pt_column_id)chosen->ids[k]);
	}
	r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static int print_json(const struct chosen *chosen, const struct pt_snapshot *snapshot, struct pt_filter *filter)
{
	struct ui_json out;

	ui_json_begin(&out, "vmas");
	for (size_t i = 0; i < snapshot->vmas->n; i++) {
		struct pt_vma_row row = {&snapshot->vmas->v[i], snapshot, i};

		if (ui_vma_matches(filter, row.vma))
			ui_json_element(&out, ui_vma_json(&row, chosen->ids, chosen->n));
	}
	ui_json_end_array(&out);
	ui_json_member(&out, "process", ui_process_json(snapshot));
	return ui_json_end(&out);
}

static int print(const struct ui_options *options, struct pt_kernel *k, const struct chosen *chosen,
		 const struct pt_snapshot *snapshot, struct pt_filter *filter)
{
	if (options->vmas_by == UI_VMAS_BY_SHARER)
		return ui_vmas_by_sharer(options, k, snapshot, filter);
	if (options->vmas_by == UI_VMAS_BY_NODE)
		return ui_vmas_by_node(options, k, snapshot, filter);
	return options->json ? print_json(chosen, snapshot, filter) : print_table(options, chosen, snapshot, filter);
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct chosen chosen = {.n = 0};
	struct pt_filter *filter;
	struct pt_snapshot *snapshot;
	struct pt_reader *reader;
	int r = options->vmas_by == UI_VMAS_BY_VMA ? choose(options, &chosen) : UI_OK;

	if (r != UI_OK)
		return r;
	r = ui_filter_open(options, &filter);
	if (r != UI_OK)
		return r;
	r = ui_subject(options, k, &snapshot, &reader);
	if (r != UI_OK) {
		pt_filter_free(filter);
		return r;
	}
	r = print(options, k, &chosen, snapshot, filter);
	ui_filter_close(filter);
	pt_snapshot_unref(snapshot);
	pt_reader_close(reader);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "One row per VMA, in the order of /proc/PID/maps, [vsyscall] included. Sums are\n"
			   "made of single pages; RSS, PSS, SWAP, THP, SHARED, PRIVATE, KSM, LAZYFREE and\n"
			   "LOCKED are what smaps means by them. ? is what could not be read.\n"
			   "\n"
			   "  -p, --pid PID          the process\n"
			   "      --by WHAT          instead: sharer, the other processes that share their\n"
			   "                         pages; node, VMAs by the memory nodes they lie on\n"
			   "  -f, --filter REGEX     only VMAs whose name or role matches\n"
			   "  -o, --output COLUMNS   these columns; +COLUMNS: these as well\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -n, --noheadings       no first line\n"
			   "  -r, --raw              one blank between columns, for scripts\n"
			   "  -J, --json             JSON: all columns but PAGES_PRESENT, in bytes\n"
			   "\n"
			   "Columns: START END PERMS OFFSET INODE PATH ROLE SIZE RSS PSS ANON FILE SHMEM\n"
			   "  DIRTY SWAP THP HUGETLB SHARED PRIVATE ZERO KSM LAZYFREE LOCKED REFERENCED\n"
			   "  GUARD PAGES_PRESENT; man pagetop says what each means.\n";

static int take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	bool sharer = strcmp(value, "sharer") == 0;
	if (!sharer && strcmp(value, "node") != 0)
		return ui_usage(c, "--by takes sharer or node, not '%s'", value);
	o->vmas_by = sharer ? UI_VMAS_BY_SHARER : UI_VMAS_BY_NODE;
	return UI_OK;
}

static const struct ui_option own_options[] = {
	UI_TAKEN("by", UI_TAKES_VALUE, take_by),
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->vmas_by != UI_VMAS_BY_VMA && o->input)
		return ui_usage(c, "a recording has one machine's processes, not all: --by is for a live one, -p PID");
	if (o->vmas_by != UI_VMAS_BY_VMA && o->columns && o->json)
		return ui_usage(c, "-J with --by has everything: without -o");
	return UI_OK;
}

const struct ui_command ui_vmas_command = {
	.name = "vmas",
	.summary = "per-VMA table: sizes, RSS, PSS, swap, huge pages, sharing",
	.usage = "-p PID|-i RECORDING [OPTION...]",
	.help = help,
	.options = own_options,
	.needs_process = true,
	.takes_recording = true,
	.check = check,
	.run = run,
};
