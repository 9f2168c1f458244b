/*
 * pagetop verify: what differs between pagetop's sums and the kernel's, as a table with one row per sum; the process
 * beside smaps_rollup; each reason once; and one line that says how it ended.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/verify.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

/* The columns: those of a VMA first, then those of a sum. */
enum { SUM = PT_COL_ROLE + 1, PAGETOP, SMAPS, DIFFERENCE, VERDICT, WHY, COLUMNS };

static const size_t all_columns[] = {PT_COL_START, PT_COL_END, PT_COL_PERMS, PT_COL_ROLE, PT_COL_PATH, SUM,
				     PAGETOP,      SMAPS,      DIFFERENCE,   VERDICT,     WHY};
#define N_ALL (sizeof(all_columns) / sizeof(all_columns[0]))

static const struct ui_table_column sum_columns[COLUMNS] = {
	[SUM] = {"SUM", 0},
	[PAGETOP] = {"PAGETOP", UI_TABLE_RIGHT},
	[SMAPS] = {"SMAPS", UI_TABLE_RIGHT},
	[DIFFERENCE] = {"DIFFERENCE", UI_TABLE_RIGHT},
	[VERDICT] = {"STATE", 0},
	[WHY] = {"WHY", 0},
};

/* What is printed, and with what. */
struct job {
	const struct ui_options *options;
	const struct pt_verify *verify;
	struct pt_filter *filter;
	size_t ids[N_ALL], n; /* indices into all_columns */
};

static struct ui_table_column column(size_t i)
{
	return all_columns[i] < SUM ? ui_vma_table_column((enum pt_column_id)all_columns[i])
				    : sum_columns[all_columns[i]];
}

static const char *column_name(const void *arg, size_t i)
{
	(void)arg;
	return column(i).name;
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

static char *difference(const struct ui_options *options, const struct pt_verify_cell *cell, char *ret, size_t size)
{
	int64_t by = (int64_t)(cell->ours.value - cell->smaps.value);

	if (!cell->ours.known || !cell->smaps.known)
		snprintf(ret, size, "?");
	else if (options->bytes)
		snprintf(ret, size, "%+" PRId64, by);
	else
		pt_text_delta(by, ret, size);
	return ret;
}

static const char *verdict(enum pt_verify_sum sum, const struct pt_verify_cell *cell)
{
	bool approximate = sum >= PT_VERIFY_EXACT && cell->verdict == PT_VERDICT_EXPLAINED;

	return approximate ? "approximate" : pt_verdict_name(cell->verdict);
}

static void sum_cell(const struct ui_options *options, struct ui_table *table, enum pt_verify_sum sum,
		     const struct pt_verify_cell *cell, size_t what)
{
	char text[64];

	switch (what) {
	case SUM: ui_table_cell(table, pt_verify_sum_name(sum)); break;
	case PAGETOP: ui_table_cell(table, ui_table_bytes(options, cell->ours, text, sizeof(text))); break;
	case SMAPS: ui_table_cell(table, ui_table_bytes(options, cell->smaps, text, sizeof(text))); break;
	case DIFFERENCE: ui_table_cell(table, difference(options, cell, text, sizeof(text))); break;
	case VERDICT: ui_table_cell(table, verdict(sum, cell)); break;
	default: ui_table_cell(table, cell->why ? cell->why : ""); break;
	}
}

static void add_sum(const struct job *job, struct ui_table *table, const struct pt_vma_row *row, enum pt_verify_sum sum,
		    const struct pt_verify_cell *cell)
{
	for (size_t i = 0; i < job->n; i++) {
		size_t what = all_columns[job->ids[i]];

		if (what < SUM)
			ui_vma_cell(job->options, table, row, (enum pt_column_id)what);
		else
			sum_cell(job->options, table, sum, cell, what);
	}
}

/* Rows worth a look: sums that differ. What cannot be compared is the same for every VMA and said once, below. */
static bool worth_a_row(enum pt_verify_sum sum, const struct pt_verify_cell *cell)
{
	return sum < PT_VERIFY_EXACT && (cell->verdict == PT_VERDICT_DIFFERS || cell->verdict == PT_VERDICT_EXPLAINED);
}

/* Returns how many rows it made. */
static size_t add_vmas(const struct job *job, struct ui_table *table)
{
	const struct pt_snapshot *snapshot = job->verify->snapshot;
	size_t rows = 0;

	for (size_t i = 0; i < job->verify->n; i++) {
		const struct pt_verify_row *r = &job->verify->rows[i];
		struct pt_vma_row row = {&snapshot->vmas->v[r->vma], snapshot, r->vma};

		if (!ui_vma_matches(job->filter, row.vma))
			continue;
		for (int sum = 0; sum < PT_VERIFY_N; sum++) {
			if (!worth_a_row((enum pt_verify_sum)sum, &r->cells[sum]))
				continue;
			add_sum(job, table, &row, (enum pt_verify_sum)sum, &r->cells[sum]);
			rows++;
		}
	}
	return rows;
}

static int print_vmas(const struct job *job)
{
	struct ui_table_column columns[N_ALL];
	struct ui_table *table;
	size_t rows;
	int r;

	for (size_t i = 0; i < job->n; i++)
		columns[i] = column(job->ids[i]);
	table = ui_table_new(job->options, columns, job->n);
	if (!table)
		return -ENOMEM;
	rows = add_vmas(job, table);
	r = ui_table_print(table);
	if (r == 0 && rows > 0 && !job->options->raw)
		putchar('\n');
	ui_table_free(table);
	return r;
}

static int print_totals(const struct job *job)
{
	static const size_t shown[] = {SUM, PAGETOP, SMAPS, DIFFERENCE, VERDICT};
	enum { N = sizeof(shown) / sizeof(shown[0]) };
	struct ui_table_column columns[N];
	struct ui_table *table;
	int r;

	for (size_t i = 0; i < N; i++)
		columns[i] = sum_columns[shown[i]];
	columns[2].name = "SMAPS_ROLLUP";
	table = ui_table_new(job->options, columns, N);
	if (!table)
		return -ENOMEM;
	for (int sum = 0; sum < PT_VERIFY_N; sum++)
		for (size_t i = 0; i < N; i++)
			sum_cell(job->options, table, (enum pt_verify_sum)sum, &job->verify->totals[sum], shown[i]);
	r = ui_table_print(table);
	ui_table_free(table);
	return r;
}

/* ---- notes: each reason once, with the sums it is about --------------------------------------------------------- */

#define NOTES_MAX 16

struct note {
	const char *why;
	enum pt_verdict verdict;
	unsigned sums; /* bits 1 << enum pt_verify_sum */
	size_t vmas, last;
};

/* Row is the VMA's number, or where it is about the process that of no VMA. */
static void note_cells(struct note *notes, size_t *n, const struct pt_verify_cell *cells, size_t row, bool is_vma)
{
	for (unsigned sum = 0; sum < PT_VERIFY_EXACT; sum++) {
		size_t i = 0;

		if (!cells[sum].why)
			continue;
		while (i < *n && (notes[i].why != cells[sum].why || notes[i].verdict != cells[sum].verdict))
			i++;
		if (i == NOTES_MAX)
			continue;
		if (i == *n)
			notes[(*n)++] = (struct note){cells[sum].why, cells[sum].verdict, 0, 0, SIZE_MAX};
		notes[i].sums |= 1u << sum;
		notes[i].vmas += is_vma && notes[i].last != row;
		notes[i].last = row;
	}
}

static void print_note(const struct note *note, int width)
{
	char text[512];
	size_t used = 0;

	for (unsigned sum = 0; sum < PT_VERIFY_EXACT; sum++)
		if (note->sums >> sum & 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "",
						 pt_verify_sum_name((enum pt_verify_sum)sum));
	if (note->vmas > 0)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " of %zu VMA%s", note->vmas,
					 note->vmas > 1 ? "s" : "");
	snprintf(text + used, sizeof(text) - used, " %s: %s.",
		 note->verdict == PT_VERDICT_UNKNOWN ? "not compared" : "explained", note->why);
	ui_print_wrapped(text, printf("- "), 2, width);
}

static void print_notes(const struct pt_verify *verify, int width)
{
	struct note notes[NOTES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < verify->n; i++)
		note_cells(notes, &n, verify->rows[i].cells, i, true);
	note_cells(notes, &n, verify->totals, verify->n, false);
	for (size_t i = 0; i < n; i++)
		print_note(&notes[i], width);
}

/* ---- words ----------------------------------------------------------------------------------------------------- */

/* What smaps leaves out of Rss, so that nobody misses it there. */
static void say_left_out(const struct pt_verify *verify)
{
	static const struct {
		enum pt_stat stat;
		const char *what;
	} kinds[] = {
		{PT_N_ZERO, "zero pages"},
		{PT_N_HUGETLB, "hugetlb pages"},
		{PT_N_DEVICE, "pages of devices"},
		{PT_N_GUARD, "guard markers"},
	};
	const char *separator = "Left out of rss, as the kernel does: ";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t n = verify->snapshot->total.n[kinds[i].stat];
		if (n == 0)
			continue;
		printf("%s%" PRIu64 " %s", separator, n, kinds[i].what);
		separator = ", ";
	}
	if (separator[0] == ',')
		puts(".");
}

/* "412 VMAs, 9 sums each: all equal" */
static void say_summary(const struct pt_verify *verify, char *ret, size_t size)
{
	const size_t *n = verify->verdicts;
	size_t used = (size_t)snprintf(ret, size, "%zu VMAs, %d sums each: ", verify->n, PT_VERIFY_EXACT);
	const char *separator = "";

	if (n[PT_VERDICT_EQUAL] == verify->n * PT_VERIFY_EXACT) {
		snprintf(ret + used, size - used, "all equal");
		return;
	}
	for (int verdict = PT_VERDICT_DIFFERS; verdict >= 0 && used < size; verdict--) {
		static const char *const words[] = {"could not be compared", "equal", "differ for a known reason",
						    "differ"};

		if (n[verdict] == 0)
			continue;
		used += (size_t)snprintf(ret + used, size - used, "%s%zu %s", separator, n[verdict], words[verdict]);
		separator = ", ";
	}
	if (verify->vmas_differ > 0 && used < size)
		snprintf(ret + used, size - used, " (%zu VMAs unexplained)", verify->vmas_differ);
}

static int print_text(const struct job *job)
{
	char summary[256];

	if (print_vmas(job) < 0 || (!job->options->raw && print_totals(job) < 0))
		return ui_out_of_memory();
	if (job->options->raw)
		return UI_OK;
	putchar('\n');
	say_left_out(job->verify);
	print_notes(job->verify, ui_text_width());
	say_summary(job->verify, summary, sizeof(summary));
	puts(summary);
	return UI_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *sum_json(const struct pt_verify_cell *cell)
{
	return json_pack("{s:o, s:o, s:s, s:o}", "pagetop", ui_json_maybe(cell->ours), "smaps",
			 ui_json_maybe(cell->smaps), "state", pt_verdict_name(cell->verdict), "why",
			 ui_json_bytes(cell->why));
}

static int add_sums(json_t *object, const struct pt_verify_cell *cells)
{
	int r = object ? 0 : -1;

	for (int sum = 0; r == 0 && sum < PT_VERIFY_N; sum++)
		r = json_object_set_new(object, pt_verify_sum_name((enum pt_verify_sum)sum), sum_json(&cells[sum]));
	return r;
}

static json_t *row_json(const struct pt_verify *verify, const struct pt_verify_row *row)
{
	static const size_t ids[] = {PT_COL_START, PT_COL_END, PT_COL_PERMS, PT_COL_PATH, PT_COL_ROLE, PT_COL_SIZE};
	const struct pt_snapshot *snapshot = verify->snapshot;
	struct pt_vma_row vma = {&snapshot->vmas->v[row->vma], snapshot, row->vma};
	json_t *object = ui_vma_json(&vma, ids, sizeof(ids) / sizeof(ids[0]));

	if (add_sums(object, row->cells) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *process_json(const struct pt_verify *verify)
{
	json_t *object = json_pack("{s:i, s:o}", "pid", (int)verify->snapshot->process.pid, "name",
				   ui_json_bytes(verify->snapshot->process.name));

	if (add_sums(object, verify->totals) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *summary_json(const struct pt_verify *verify)
{
	const size_t *n = verify->verdicts;

	return json_pack("{s:I, s:i, s:I, s:I, s:I, s:I, s:i, s:b}", "vmas", (json_int_t)verify->n, "sums",
			 PT_VERIFY_EXACT, "equal", (json_int_t)n[PT_VERDICT_EQUAL], "explained",
			 (json_int_t)n[PT_VERDICT_EXPLAINED], "unknown", (json_int_t)n[PT_VERDICT_UNKNOWN], "differs",
			 (json_int_t)n[PT_VERDICT_DIFFERS], "scans", (int)verify->rounds, "ok",
			 !pt_verify_failed(verify));
}

static int print_json(const struct job *job)
{
	const struct pt_verify *verify = job->verify;
	struct ui_json out;

	ui_json_begin(&out, "verify");
	for (size_t i = 0; i < verify->n; i++)
		if (ui_vma_matches(job->filter, &verify->snapshot->vmas->v[verify->rows[i].vma]))
			ui_json_element(&out, row_json(verify, &verify->rows[i]));
	ui_json_end_array(&out);
	ui_json_member(&out, "process", process_json(verify));
	ui_json_member(&out, "summary", summary_json(verify));
	return ui_json_end(&out);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static int run(struct job *job, struct pt_kernel *k)
{
	struct pt_verify verify = {0};
	int r = pt_verify_process(k, job->options->pid, &verify);

	if (r == -ENOENT) {
		ui_complain("this kernel has no /proc/PID/smaps to compare with (CONFIG_PROC_PAGE_MONITOR)");
		return UI_LACKING;
	}
	if (r < 0)
		return ui_target_error(k, job->options->pid, r);
	job->verify = &verify;
	r = job->options->json ? print_json(job) : print_text(job);
	job->verify = NULL;
	if (r == UI_OK && pt_verify_failed(&verify))
		r = UI_FINDING;
	pt_verify_free(&verify);
	return r;
}

static int run_verify(const struct ui_options *options, struct pt_kernel *k)
{
	/* for people no END, and no WHY: reasons stand below the table */
	static const size_t people[] = {0, 2, 3, 5, 6, 7, 8, 9, 4}, all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct job job = {.options = options};
	char message[256];
	int r;

	if (pt_columns_select(options->columns, column_name, NULL, N_ALL, options->raw ? all : people,
			      options->raw ? N_ALL : sizeof(people) / sizeof(people[0]), job.ids, &job.n, message,
			      sizeof(message)) < 0) {
		ui_complain("%s", message);
		return UI_USAGE;
	}
	r = ui_filter_open(options, &job.filter);
	if (r != UI_OK)
		return r;
	r = run(&job, k);
	ui_filter_close(job.filter);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Sets the sums that pagetop makes of pages beside those of /proc/PID/smaps, VMA\n"
			   "by VMA, and the process beside smaps_rollup. Each scan is read between two\n"
			   "readings of smaps; what differs is scanned again, up to three times, so that a\n"
			   "process at work settles. Lists what differs, and why where that is known. Dirty\n"
			   "and referenced are approximate: shown, never judged.\n"
			   "\n"
			   "  -p, --pid PID          the process\n"
			   "  -f, --filter REGEX     list only VMAs whose name or role matches\n"
			   "  -o, --output COLUMNS   of START END PERMS ROLE PATH SUM PAGETOP SMAPS\n"
			   "                         DIFFERENCE STATE WHY; +COLUMNS: these as well\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -n, --noheadings       no first line\n"
			   "  -r, --raw              only what differs, one blank between columns\n"
			   "  -J, --json             JSON: every VMA, equal or not\n"
			   "\n"
			   "Exit status: 0 nothing differs unexplained, 1 something does.\n";

const struct ui_command ui_verify_command = {
	.name = "verify",
	.summary = "pagetop's sums beside smaps', VMA by VMA",
	.usage = "-p PID [OPTION...]",
	.help = help,
	.needs_process = true,
	.run = run_verify,
};
