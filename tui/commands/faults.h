/*
 * What pagetop faults says: a view of the faults of a process as a report for people, a table, JSON or folded stacks. All
 * of it is a function of the struct below, and goes to stdout.
 */
#ifndef UI_FAULTS_H
#define UI_FAULTS_H

#include <stdio.h>

#include "core/faults/view.h"
#include "core/filter/filter.h"
#include "core/model/snapshot.h"
#include "tui/commands/json_out.h"
#include "tui/options.h"

struct ui_faults {
	const struct ui_options *options;
	const struct pt_fault_view *view;
	const char *name;                 /* of the process; raw */
	bool ended;                       /* the process did */
	bool recorded;                    /* of single addresses, threads, CPUs and system calls nothing is known */
	const char *why;                  /* "interrupted", how it came to an end; NULL: nothing to say of that */
	struct pt_maybe rss_from, rss_to; /* bytes, of the first frame and the last */
	struct pt_filter *filter;         /* rows that match; NULL: all */
	uint64_t page_size;               /* bytes */
	int width;                        /* columns, of the report */
	bool colours, ascii;
	/* The calls of a stack with files and lines, malloc'ed, else those of the view. 0 or -errno; NULL: there are none. */
	int (*calls)(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n);
	void *arg;
};

/* Of stdout's width and colours, with nothing else known. */
struct ui_faults ui_faults_on_stdout(const struct ui_options *options, const struct pt_fault_view *view,
				     struct pt_filter *filter);
/* As the options ask for it. UI_OK, or the status after what is wrong was said; so is it of those below. */
int ui_faults_say(const struct ui_faults *f);
/* All of pagetop faults -i. */
int ui_faults_recorded(const struct ui_options *options, struct pt_filter *filter);

void ui_faults_report(const struct ui_faults *f);
/* The table of options->by. */
int ui_faults_table(const struct ui_faults *f);
/* Whether the columns of options->columns are there. UI_OK, or UI_USAGE after what is wrong was said. */
int ui_faults_table_check(const struct ui_options *options);
int ui_faults_json(const struct ui_faults *f);
int ui_faults_folded(const struct ui_faults *f);

/* Kinds with their numbers; the calls of a stack as the contract has them. */
json_t *ui_fault_kinds_json(const struct pt_fault_counts *counts);
json_t *ui_fault_calls_json(const struct pt_fault_call *calls, size_t n);

/* Says why a process cannot be watched (errors of pt_fault_watch_new). Returns the exit status. */
struct pt_kernel;
int ui_fault_error(struct pt_kernel *k, pid_t pid, int error);

/* ---- words that these have in common ------------------------------------------------------------------------------ */

/* "zmalloc", "[libc.so.6]" where it has no name, "[unknown]" where that is in no file; printable. Returns ret. */
char *ui_fault_call_name(const struct pt_fault_call *call, char *ret, size_t size);
/* "zmalloc < sdsnew < ... < main", within so many columns, the middle left out; malloc'ed, printable. NULL: no memory. */
char *ui_fault_chain(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t columns);
/* "first-touch 98%, cow 2%": the kinds that are most. */
char *ui_fault_kinds(const struct pt_fault_counts *counts, char *ret, size_t size);
/* What a row of VMAs is called: its name, else its role. Raw. */
const char *ui_fault_vma_name(const struct pt_fault_vma_row *row);
/* The row of the VMA at an address; NULL: not in the view. */
const struct pt_fault_vma_row *ui_fault_vma_at(const struct pt_fault_view *view, uint64_t address);
const struct pt_fault_stack_row *ui_fault_stack(const struct pt_fault_view *view, pt_stack_id id);
/* Whether the filter lets a row of that kind through. */
bool ui_fault_matches(const struct ui_faults *f, const char *text);
bool ui_fault_stack_matches(const struct ui_faults *f, const struct pt_fault_stack_row *row);
/* Why there are no stacks, in words; NULL: there are. */
const char *ui_fault_no_stacks(const struct ui_faults *f);

/* Why there are no allocations though they were asked for, in words; NULL: they were not, or are there. */
const char *ui_fault_no_allocations(const struct ui_faults *f);
/* Whether they were asked for. */
bool ui_fault_wants_allocations(const struct ui_options *options);
/* "Movable"; "type 7" where its name is not known. */
char *ui_fault_migrate_type(const struct pt_fault_alloc_row *row, char *ret, size_t size);

#endif
