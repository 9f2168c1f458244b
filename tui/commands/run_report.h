/*
 * What pagetop run says at its end, as text and as JSON: each process, the largest first; classes over time; what the
 * peak was made of; and how closely all that was looked at.
 */
#ifndef UI_RUN_REPORT_H
#define UI_RUN_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "tui/commands/run_verdict.h"
#include "tui/commands/run_watch.h"

#define UI_RUN_ROWS 10 /* processes and VMAs that are listed one by one */

struct ui_run_result {
	const struct ui_options *options;
	const struct ui_child *child;
	const struct ui_watch *watch;
	struct pt_tree_status tree;
	struct pt_maybe oom_kills; /* of the whole machine, meanwhile */
	const struct ui_verdicts *verdicts;
	uint64_t marks_lost;
	uint64_t cpu_ns; /* that pagetop itself took, all threads, until the report */
};

void ui_run_report_text(const struct ui_run_result *result, FILE *out);
/* A new object; NULL: out of memory. */
json_t *ui_run_report_json(const struct ui_run_result *result);

/* ---- what both are made of -------------------------------------------------------------------------------------- */

/* Ids of all processes, the largest peak first; for free(). NULL: out of memory. */
size_t *ui_run_order(const struct ui_watch *watch);
/* "0", "7", "SIGKILL", "lives", "?" where nobody could wait for it. Returns ret. */
char *ui_run_exit(const struct ui_watched *watched, char *ret, size_t size);
/* At most so many processes came and went between two looks; unknown where the kernel does not count them. */
struct pt_maybe ui_run_missed(const struct ui_run_result *result);

/* What the frames at the peak hold, by role: RSS in bytes; and how far from it they are. */
struct ui_peak_sums {
	uint64_t roles[PT_ROLE_N];
	uint64_t held, framed;  /* what those processes held at the peak, and in their frames */
	uint64_t unseen;        /* of processes that had no frame, by their counters */
	size_t frames;          /* processes that had one */
	uint64_t before, after; /* ns from the peak to the farthest frames */
	bool partial;           /* pages of some VMAs are not known */
};
void ui_run_peak_sums(const struct ui_watch *watch, struct ui_peak_sums *ret);

/* The VMAs that held most at the peak, the largest first; returns how many. */
struct ui_peak_vma {
	const struct ui_part *part;
	size_t index; /* in its frame's table */
	uint64_t rss;
};
size_t ui_run_peak_vmas(const struct ui_watch *watch, struct ui_peak_vma *ret, size_t max);

#endif
