/*
 * What pagetop run remembers of a tree of processes: each of them, the sums over all of them in time, and the moment at
 * which they held most, with the frames nearest to it. Fed by the tree's thread as one of its sinks; to be read by others
 * once the tree has stopped.
 */
#ifndef UI_RUN_WATCH_H
#define UI_RUN_WATCH_H

#include "core/history/history.h"
#include "core/tree/tree.h"
#include "core/verdict/trace.h"

#define UI_WATCH_HISTORIES                                                                                             \
	8 /* processes whose frames are kept, to say what grew: new ones in the place of ended ones */

enum ui_class { UI_CLASS_ANON, UI_CLASS_FILE, UI_CLASS_SHMEM, UI_CLASS_SWAP, UI_CLASS_N };
const char *ui_class_name(enum ui_class class);

/* Bytes by class; what was not known counts as nothing. */
struct ui_held {
	uint64_t v[UI_CLASS_N];
};
uint64_t ui_held_rss(const struct ui_held *held); /* without swap */

struct ui_watched {
	struct pt_tree_process process; /* as it was last told */
	uint64_t most, most_ns;         /* RSS of its largest sample, and when */
	uint64_t marked;                /* VmHWM as its frames had it; 0: none did */
	ssize_t trace;                  /* index there; negative: none */
	struct pt_snapshot *latest;     /* while it lives */
	struct pt_history *history;     /* of its frames; NULL: none */
};

/* All processes together at one look. */
struct ui_point {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct ui_held held;
};

/* A process at the peak. */
struct ui_part {
	size_t id;
	struct ui_held held;
	struct pt_snapshot *frame; /* that comes nearest to what it held then; NULL: it has none */
};

struct ui_parts {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct ui_held held;
	struct ui_part *v;
	size_t n, room;
};

struct ui_watch {
	struct ui_watched *v; /* by id */
	size_t n, room;
	struct ui_point *points; /* in the order of time; the older, the fewer of them were kept apart */
	size_t n_points, room_points;
	unsigned each, skipped;      /* so many looks make a point */
	unsigned stride, looks;      /* of so many looks one is in the trace; all of them */
	struct ui_parts peak, now;   /* now: of the look under way */
	struct pt_trace *trace;      /* NULL: none is kept */
	struct pt_trace_mark *marks; /* of the thread that takes them, until the end */
	size_t n_marks, room_marks;
	size_t kept[UI_WATCH_HISTORIES], histories; /* ids of those that have a history */
	size_t history_bytes;                       /* of all of them */
	bool lost, marks_lost;                      /* there was no memory for something */
};

int ui_watch_init(struct ui_watch *watch, uint64_t interval_ns, size_t history_bytes);
struct pt_tree_sink ui_watch_sink(struct ui_watch *watch);
/* For the thread that takes marks, while the tree runs. */
void ui_watch_mark(struct ui_watch *watch, const struct pt_trace_mark *mark);
/* The tree has stopped: the trace becomes whole. */
void ui_watch_finish(struct ui_watch *watch, uint64_t began_ns, uint64_t ended_ns);
void ui_watch_free(struct ui_watch *watch);

/* The most that a process held, by the kernel: getrusage where it was waited for, or VmHWM of its last sample. */
struct pt_maybe ui_watched_peak(const struct ui_watched *watched);

#endif
