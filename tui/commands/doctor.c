/*
 * pagetop doctor: every signal, whether it is there, why, and what would grant it; in groups for people, flat for
 * scripts. The header says in words what can be seen, and what looking takes of memory and CPU.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/kernel/readers.h"
#include "core/scan/scan.h"
#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/doctor_costs.h"
#include "tui/commands/json_out.h"
#include "tui/commands/text_out.h"

enum { SIGNAL, STATE, REASON, REMEDY, WHAT, COLUMNS };

static const struct ui_table_column columns[COLUMNS] = {
	{"SIGNAL", 0}, {"STATE", 0}, {"REASON", 0}, {"REMEDY", 0}, {"WHAT", 0},
};
static const unsigned char order[COLUMNS] = {SIGNAL, STATE, REASON, REMEDY, WHAT};
static const struct ui_columns the_table = {columns, order, COLUMNS, WHAT};

/* A signal is in one group; groups are printed in this order. */
static const struct {
	const char *name;
	enum pt_signal signals[8];
	size_t n;
} groups[] = {
	{"Where pages are",
	 {PT_SIG_PAGEMAP, PT_SIG_PAGEMAP_SCAN, PT_SIG_EXCLUSIVE, PT_SIG_GUARD, PT_SIG_SHMEM_SWAP, PT_SIG_SOFT_DIRTY,
	  PT_SIG_PROCMAP_QUERY},
	 7},
	{"The frames behind them",
	 {PT_SIG_PFN, PT_SIG_KPAGEFLAGS, PT_SIG_KPAGECOUNT, PT_SIG_MAP_COUNT, PT_SIG_KPAGECGROUP, PT_SIG_PHYSICAL,
	  PT_SIG_PAGE_OWNER},
	 7},
	{"What became of them", {PT_SIG_DIRTY, PT_SIG_KSM, PT_SIG_LAZYFREE, PT_SIG_IDLE}, 4},
	{"Beside them", {PT_SIG_SMAPS, PT_SIG_CONTENTS}, 2},
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const char *cell(const struct pt_signals *signals, enum pt_signal signal, size_t column)
{
	const struct pt_signal_state *state = &signals->of[signal];

	switch (column) {
	case SIGNAL: return pt_signal_name(signal);
	case STATE: return pt_given_name(state->given);
	case REASON: return state->reason;
	case REMEDY: return state->remedy ? state->remedy : "";
	default: return pt_signal_what(signal);
	}
}

/* What can be seen, in a sentence or two. */
static void say_summary(const struct pt_signals *signals, char *ret, size_t size)
{
	unsigned n[PT_GIVEN + 1] = {0};

	for (int i = 0; i < PT_SIG_N; i++)
		n[signals->of[i].given]++;
	if (!pt_signal_has(signals, PT_SIG_PAGEMAP))
		snprintf(ret, size, "Nothing can be seen of pages: %s.", signals->of[PT_SIG_PAGEMAP].reason);
	else if (!pt_signal_has(signals, PT_SIG_PFN))
		snprintf(ret, size,
			 "Where pages are can be seen, and which are swapped, but not the frames behind them: flags, "
			 "map "
			 "counts and PSS stay unknown.");
	else if (!pt_signal_has(signals, PT_SIG_KPAGEFLAGS) || !pt_signal_has(signals, PT_SIG_KPAGECOUNT))
		snprintf(ret, size, "Pages and their frames can be seen, but not all the kernel knows of frames.");
	else
		snprintf(ret, size,
			 "Everything pagetop is built on can be seen: pages, their frames, flags and map counts. Of %d "
			 "signals %u are approximate and %u absent.",
			 PT_SIG_N, n[PT_APPROXIMATE], n[PT_ABSENT]);
}

/* ---- text and table -------------------------------------------------------------------------------------------- */

static void print_signal(const struct pt_signals *signals, enum pt_signal signal, int width)
{
	const struct pt_signal_state *state = &signals->of[signal];
	int at = printf("  %-13s  %-11s  ", pt_signal_name(signal), pt_given_name(state->given));

	ui_print_wrapped(state->reason, at, at, width);
	if (state->given != PT_GIVEN)
		ui_print_wrapped(pt_signal_what(signal), printf("%*sgood for: ", at, ""), at + 2, width);
}

/* The signals that a remedy grants, if `first` is the first of them. */
static void print_remedy(const struct pt_signals *signals, int first, int width)
{
	const char *remedy = signals->of[first].remedy;
	char names[512];
	size_t used = 0;

	for (int i = 0; i < PT_SIG_N; i++) {
		if (!signals->of[i].remedy || strcmp(signals->of[i].remedy, remedy) != 0)
			continue;
		if (i < first)
			return;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
					 pt_signal_name((enum pt_signal)i));
	}
	ui_print_wrapped(names, printf("  "), 2, width);
	ui_print_wrapped(remedy, printf("    -> "), 7, width);
}

static void print_remedies(const struct pt_signals *signals, int width)
{
	bool any = false;

	for (int i = 0; i < PT_SIG_N; i++) {
		if (!signals->of[i].remedy)
			continue;
		if (!any)
			printf("\nTo get what is missing\n");
		any = true;
		print_remedy(signals, i, width);
	}
}

static int print_text(const struct pt_signals *signals, const struct ui_costs *costs)
{
	int width = ui_text_width();
	char summary[512];

	say_summary(signals, summary, sizeof(summary));
	ui_print_wrapped(summary, 0, 0, width);
	ui_costs_print_header(costs, width);
	for (size_t g = 0; g < GROUPS; g++) {
		printf("\n%s\n", groups[g].name);
		for (size_t i = 0; i < groups[g].n; i++)
			print_signal(signals, groups[g].signals[i], width);
	}
	ui_costs_print(costs, width);
	print_remedies(signals, width);
	return UI_OK;
}

static int print_table(const struct ui_options *options, const struct pt_signals *signals,
		       const struct ui_chosen *chosen)
{
	struct ui_table *table = ui_columns_table(options, &the_table, chosen);
	int r;

	if (!table)
		return ui_out_of_memory();
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < groups[g].n; i++)
			for (size_t k = 0; k < chosen->n; k++)
				ui_table_cell(table, cell(signals, groups[g].signals[i], chosen->ids[k]));
	r = ui_table_print(table);
	ui_table_free(table);
	return r == 0 ? UI_OK : ui_out_of_memory();
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *signal_json(const struct pt_signals *signals, enum pt_signal signal)
{
	json_t *object = json_object();
	char key[16];

	for (size_t i = 0; object && i < COLUMNS; i++) {
		const char *text = cell(signals, signal, i);

		ui_json_key(columns[i].name, key);
		json_object_set_new(object, key, ui_json_bytes(text[0] ? text : NULL));
	}
	return object;
}

static int print_json(const struct ui_options *options, const struct pt_signals *signals, const struct ui_costs *costs)
{
	struct pt_maybe pid = {(uint64_t)options->pid, options->pid != 0};
	struct ui_json out;
	char summary[512];

	say_summary(signals, summary, sizeof(summary));
	ui_json_begin(&out, "doctor");
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < groups[g].n; i++)
			ui_json_element(&out, signal_json(signals, groups[g].signals[i]));
	ui_json_end_array(&out);
	ui_json_member(&out, "pid", ui_json_maybe(pid));
	ui_json_member(&out, "summary", ui_json_bytes(summary));
	ui_costs_json(costs, &out);
	return ui_json_end(&out);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

/* Whether a process can be read: 0, or what opening it for a scan says. *pid becomes whose files show its memory. */
static int try_target(struct pt_kernel *k, pid_t *pid)
{
	struct pt_scan *scan;
	int r = *pid ? pt_scan_open(&scan, k, *pid) : 0;

	if (*pid && r == 0) {
		*pid = pt_scan_task(scan);
		pt_scan_close(scan);
	}
	return r;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_chosen chosen;
	struct pt_signals signals;
	struct ui_costs costs;
	pid_t pid = options->pid;
	int target, r = ui_columns_choose(options, &the_table, NULL, &chosen);

	if (r != UI_OK)
		return r;
	target = try_target(k, &pid);
	if (target < 0 && target != -EACCES && target != -EPERM)
		return ui_target_error(k, options->pid, target);
	pt_probe_signals(k, pid, &signals);
	if (!options->raw && !options->columns)
		ui_costs_read(&costs, k, target < 0 ? 0 : options->pid, &signals, options->budget);
	if (options->json)
		r = print_json(options, &signals, &costs);
	else if (options->raw || options->columns)
		r = print_table(options, &signals, &chosen);
	else
		r = print_text(&signals, &costs);
	/* What is refused is what one asks the doctor about: the list first, then the status. */
	return target < 0 ? ui_target_error(k, options->pid, target) : r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Lists every signal that pagetop can use, found by trying: present, approximate\n"
			   "or absent, why, and what would grant it. With -p for that process.\n"
			   "\n"
			   "  -p, --pid PID          a process\n"
			   "  -o, --output COLUMNS   a table of SIGNAL STATE REASON REMEDY WHAT;\n"
			   "                         +COLUMNS: the first four and these\n"
			   "  -n, --noheadings       no first line\n"
			   "  -r, --raw              a table with one blank between columns, for scripts\n"
			   "  -J, --json             JSON\n";

const struct ui_command ui_doctor_command = {
	.name = "doctor",
	.summary = "which signals this kernel and these privileges give",
	.usage = "[-p PID] [OPTION...]",
	.help = help,
	.run = run,
};
