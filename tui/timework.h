/*
 * The workers of time (tui/time.h): they ask a pt_past, so that no key waits for it. Requests hold a borrowed past, which
 * must stay until the worker has ended.
 */
#ifndef UI_TIMEWORK_H
#define UI_TIMEWORK_H

#include "core/history/past.h"
#include "tui/worker.h"

#define UI_CHAPTERS_MAX 32

/* A moment to show. */
struct ui_dive_request {
	struct pt_past *past;
	unsigned number;
	uint64_t seq; /* from the last moment that is not after this one */
	int64_t steps;
	uint64_t other; /* what to compare with: so many moments from this one; 0: with the moment before */
	int64_t other_steps;
};

struct ui_dive {
	unsigned number;
	int error; /* -errno; then there are no snapshots. -ENOENT: the past is empty */
	uint64_t at;
	bool newest;                     /* it is the last one of the past */
	struct pt_snapshot *now, *other; /* references; `other` NULL: there is none */
};

/* A worker of struct ui_dive_request and struct ui_dive. */
int ui_diver_new(struct ui_worker **ret);
void ui_dive_free(void *dive);

/* What a plot and a story need. */
struct ui_plot_request {
	struct pt_past *past;
	size_t max;              /* moments; 0: no plot */
	uint64_t from_ns, to_ns; /* CLOCK_REALTIME; to 0: all there is */
	uint64_t start, end;     /* addresses; both 0: the whole process */
	bool story;              /* of the page at `address`, up to `seq` (UINT64_MAX: all) */
	uint64_t address, seq;
};

struct ui_chronicle {
	struct ui_plot_request of;
	int error;                  /* -errno of the plot */
	size_t count;               /* moments that the past has */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME of the first and the last of them; 0: there are none */
	struct pt_moment *moments;  /* [n_moments] oldest first */
	size_t n_moments;
	struct pt_mark *marks; /* [n_marks] oldest first */
	size_t n_marks;
	struct pt_chapter chapters[UI_CHAPTERS_MAX]; /* oldest first */
	size_t n_chapters;
	bool has_story; /* it could be told */
};

/* A worker of struct ui_plot_request and struct ui_chronicle. */
int ui_plotter_new(struct ui_worker **ret);
void ui_chronicle_free(void *chronicle);

#endif
