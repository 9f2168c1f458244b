/*
 * What pagetop leaks says: the view of a hunt as a report for people, a table or JSON; one object in full. All of it is a
 * function of the structs below, and goes to stdout.
 */
#ifndef UI_LEAKS_H
#define UI_LEAKS_H

#include "core/filter/filter.h"
#include "core/history/growth.h"
#include "core/hunt/ask.h"
#include "core/hunt/heappages.h"
#include "core/hunt/suspects.h"
#include "core/hunt/view.h"
#include "tui/commands/json_out.h"
#include "tui/commands/table_out.h"
#include "tui/options.h"

/* What grew while pagetop looked, where there is no verdict. */
struct ui_growth {
	struct pt_snapshot *before, *after; /* references; after NULL: it was not watched */
	struct pt_growth growth;
	struct pt_growing *growing; /* what of it goes on growing, a reference; NULL: there was too little to tell */
};
struct ui_progress;
/* Watches for as long as --for says. 0 or -errno; to be freed in any case. */
int ui_growth_watch(const struct ui_options *options, struct pt_kernel *k, struct ui_progress *progress,
		    struct ui_growth *ret);
void ui_growth_free(struct ui_growth *growth);
/* The suspect that a VMA is; NULL: none, or too little is known. */
const struct pt_suspect *ui_growth_suspect(const struct ui_growth *growth, const struct pt_vma *vma);

struct ui_leaks {
	const struct ui_options *options;
	const struct pt_hunt_view *view;
	const char *name;                 /* of the process; raw */
	struct pt_filter *filter;         /* rows that match; NULL: all */
	const struct pt_heap_page *pages; /* [n_pages], of --by pages */
	size_t n_pages;
	const struct ui_growth *growth; /* where there is no verdict; NULL: it was not watched */
	int width;                      /* columns, of the report */
	bool colours, ascii;
};

/* Of stdout's width and colours, with nothing else known. */
struct ui_leaks ui_leaks_on_stdout(const struct ui_options *options, const struct pt_hunt_view *view);
/* As the options ask for it. UI_OK, or the status after what is wrong was said; so is it of those below. */
int ui_leaks_say(const struct ui_leaks *l);

void ui_leaks_report(const struct ui_leaks *l);
/* The table of options->leaks_by. */
int ui_leaks_table(const struct ui_leaks *l);
/* Whether the columns of options->columns are there. UI_OK, or UI_USAGE after what is wrong was said. */
int ui_leaks_table_check(const struct ui_options *options);
int ui_leaks_json(const struct ui_leaks *l);

/* pagetop leaks --why: all of it; and what it says of an object. */
int ui_leaks_why(const struct ui_options *options, struct pt_kernel *k);
void ui_leaks_object(const struct ui_leaks *l, const struct pt_object *object);
int ui_leaks_object_json(const struct ui_leaks *l, const struct pt_object *object);

/* pagetop leaks -i: all of it. */
int ui_leaks_recorded(const struct ui_options *options, struct pt_kernel *k);

/* What a hunt gives; the view is a reference, pages are from malloc. */
struct ui_hunted {
	struct pt_hunt_view *view;
	struct pt_heap_page *pages;
	size_t n_pages;
};
/* Hunts as the options say, and tells how far it is (progress NULL: it does not). 0, or -errno for ui_leaks_error(). */
int ui_leaks_hunt(const struct ui_options *options, struct ui_progress *progress, struct ui_hunted *ret);
/* Says why a process cannot be hunted in (errors of pt_hunt_new and pt_hunt_take). Returns the exit status. */
int ui_leaks_error(struct pt_kernel *k, pid_t pid, int error);

/* ---- words that these have in common ------------------------------------------------------------------------------ */

/* What objects of a group are: "class Node", "text "GET /"", "zeroes", "no telling first word"; printable. */
char *ui_leak_kind(const struct pt_leak_group *group, char *ret, size_t size);
/* "class", "symbol", "text", "zero", "value", "none" */
const char *ui_leak_word_name(enum pt_leak_word word);
/* The calls of a site within so many columns; malloc'ed, printable. NULL: out of memory. */
char *ui_leak_chain(const struct ui_leaks *l, const struct pt_leak_site *site, size_t columns);
/* "20,000" */
char *ui_leak_exact(uint64_t n, char *ret, size_t size);
/* Bytes, "1.2M"; with -b every digit. */
char *ui_leak_bytes(const struct ui_leaks *l, uint64_t bytes, char *ret, size_t size);
/* Whether a tier is asked for, and whether the filter lets rows through whose kind, or whose site, that is. */
bool ui_leak_wants(const struct ui_leaks *l, enum pt_leak_tier tier);
bool ui_leak_matches(const struct ui_leaks *l, const struct pt_leak_group *group);
bool ui_leak_site_matches(const struct ui_leaks *l, const struct pt_leak_site *site);
/* Sums of a group over the tiers that are asked for. */
struct pt_leak_sum ui_leak_sum(const struct ui_leaks *l, const struct pt_leak_group *group);
const char *ui_chunk_kind_name(enum pt_chunk_kind kind); /* "used", "free", "cached", "top", "own" */
const char *ui_reached_name(enum pt_reached reached);    /* "reached", "weakly", "not" */
/* Why there are no call sites, in words; NULL: there are, or none were asked for. */
const char *ui_leak_no_sites(const struct ui_leaks *l);

/* The heap's sums by the names that scripts know them by. */
#define UI_LEAK_PARTS 12
struct ui_leak_part {
	const char *name;
	uint64_t bytes;
};
void ui_leak_heap_parts(const struct pt_heap_sums *heap, struct ui_leak_part ret[UI_LEAK_PARTS]);

#endif
