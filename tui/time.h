/*
 * Time: going back in what a target was, as all screens share it. A cursor on the past (core/history/past.h) chooses the
 * moment that every screen shows, a second one what it is compared with; a strip at the foot of the screen plots RSS by
 * class over time, for the process or what is selected. The live feed goes on behind it.
 *
 * The past may have to read a file, so it is asked by two workers (timework.h): one for moments to show, one for what
 * the plot and the story of a page need. State and keys are in time.c, drawing in timedraw.c.
 */
#ifndef UI_TIME_H
#define UI_TIME_H

#include "tui/keys.h"
#include "tui/timework.h"
#include "widgets/views.h"

struct ui_shell;

enum ui_time_view { UI_TIME_AWAY, UI_TIME_STRIP, UI_TIME_FULL };

struct ui_time {
	enum ui_time_view view;
	bool focus;           /* keys are the strip's */
	bool of_subject;      /* the plot is of what the screen has selected, not of the process */
	uint64_t at;          /* seq of the moment shown; 0: the newest frame of the feed */
	uint64_t anchor;      /* seq of the second cursor; 0: there is none */
	int64_t anchor_steps; /* while its moment is still being looked up: so many from there */
	bool exec_between;    /* the two moments are of different programs: nothing to compare */
	/* what was asked for: `steps` moments from `base` */
	uint64_t base;
	int64_t steps;
	unsigned asked, answered; /* number of the newest request, and of the newest answer */
	bool wanted;              /* a moment is to be asked for as soon as the worker is free */
	/* the plot */
	uint64_t window_ns;          /* how much of time it shows; 0: all */
	uint64_t window_end_ns;      /* CLOCK_REALTIME at its right edge; 0: the newest moment */
	struct ui_chronicle *got;    /* the newest answer; owned; NULL: none */
	struct ui_plot_request plot; /* that was asked for last */
	uint64_t plot_seq;           /* of the newest frame then */
	uint64_t plot_ns;            /* CLOCK_MONOTONIC then */
	bool plot_waits;             /* another is to be asked for, a little later */
	/* of the last drawing, for the mouse */
	struct wg_rect strip, area;
	uint64_t from_ns, to_ns;
	bool dragging;
	uint64_t drag_from;                /* seq */
	struct ui_worker *diver, *plotter; /* NULL until they are needed */
};

/* Takes what the workers have, and asks for what is missing. */
void ui_time_update(struct ui_shell *shell);
/* The monotonic time when it wants to be updated next; UINT64_MAX: never. */
uint64_t ui_time_due(const struct ui_shell *shell);
/* Forgets everything of this target. False: a worker was left behind and may still use the past. */
bool ui_time_free(struct ui_time *time, int wait_ms);
size_t ui_time_fds(const struct ui_time *time, int *fds, size_t n);

/* To the moment that is `steps` after (before, if negative) the last one not after seq; UINT64_MAX: the newest. */
void ui_time_go(struct ui_shell *shell, uint64_t seq, int64_t steps);
/* By moments from the one shown. */
void ui_time_step(struct ui_shell *shell, int64_t steps);
/* The newest frames again. */
void ui_time_go_live(struct ui_shell *shell);
/* A replay plays on from the moment shown, or stands still. */
void ui_time_play(struct ui_shell *shell, bool plays);
/* Sets a mark at the moment shown. What went wrong is said. */
void ui_time_mark(struct ui_shell *shell, const char *label);

/* False: the action means nothing here. */
bool ui_time_act(struct ui_shell *shell, enum ui_action action);
/* False: it is not over the strip. */
bool ui_time_mouse(struct ui_shell *shell, const struct ui_event *event);

/* What became of the page at the address that the screen on top shows; NULL: not known (yet). */
const struct ui_chronicle *ui_time_story(const struct ui_shell *shell, uint64_t address);

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* Lines the strip takes of a screen with so many for it and what is above. */
int ui_time_lines(const struct ui_time *time, int height);
void ui_time_draw(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);
/* "12:03:05, 34 s ago", what is shown when it is not the newest; NULL: it is. Scratch memory. */
const char *ui_time_caption(struct ui_shell *shell);
/* "12:03:05 to 12:04:10 (65 s)" where two moments are compared; NULL: they are not. Scratch memory. */
const char *ui_time_range(struct ui_shell *shell);

/* The moment of the chronicle nearest to a time of CLOCK_REALTIME; NULL: it has none. */
const struct pt_moment *ui_chronicle_near(const struct ui_chronicle *chronicle, uint64_t realtime_ns);
/* The last one that is not after seq. */
const struct pt_moment *ui_chronicle_at(const struct ui_chronicle *chronicle, uint64_t seq);

#endif
