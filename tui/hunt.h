/*
 * The hunt for lost objects of the target, as screens share it: begun when the hunt screen is first opened, its newest
 * view, which heap pages are leaked, and one object that was asked about. It stays open behind the other screens, idle,
 * for questions. Used by the main thread alone; what may block is asked of a worker (huntwork.h).
 */
#ifndef UI_HUNT_H
#define UI_HUNT_H

#include "core/model/bins.h"
#include "tui/huntwork.h"

struct ui_shell;

#define UI_HUNT_PASSES 12

enum ui_hunt_state {
	UI_HUNT_OFF,     /* nobody has hunted, or a hunt was cancelled; a view is of before */
	UI_HUNT_OPENING, /* beginning */
	UI_HUNT_ON,      /* under way */
	UI_HUNT_DONE,    /* idle: can be asked about objects */
	UI_HUNT_FAILED,
};

struct ui_hunt {
	enum ui_hunt_state state;
	int error;      /* -errno, of UI_HUNT_FAILED */
	bool was_on;    /* one was begun once: opening the screen does so no more */
	bool cancelled; /* the last one was */
	const struct ui_hunt_ops *ops;
	struct ui_worker *worker; /* NULL: none */
	void *hunt;               /* the worker's; NULL until it is open */
	struct pt_hunt_options options;
	struct pt_hunt_progress progress;
	uint64_t suspects[UI_HUNT_PASSES]; /* after each pass so far; UINT64_MAX: not yet */
	uint64_t began_ns;                 /* CLOCK_MONOTONIC */
	struct pt_hunt_view *view;         /* the newest, a reference; NULL: none yet */
	unsigned version;                  /* of it and of pages: grows */
	struct pt_heap_page *pages;        /* [n_pages], owned; as of the view */
	size_t n_pages;
	bool asking; /* about: */
	uint64_t question;
	struct pt_object *object; /* the newest answer, owned; NULL: none */
	uint64_t object_of;       /* the address it was asked by */
	int object_error;         /* -errno: why there is none */
};

/* Begins, anew if there was one; its view stays until there is another. */
void ui_hunt_start(struct ui_shell *shell, const struct pt_hunt_options *options);
/* Ends what is under way. */
void ui_hunt_cancel(struct ui_shell *shell);
static inline bool ui_hunt_busy(const struct ui_hunt *hunt)
{
	return hunt->state == UI_HUNT_OPENING || hunt->state == UI_HUNT_ON;
}
/* Takes what the hunt and the worker have. */
void ui_hunt_update(struct ui_shell *shell);
/* Forgets everything of this target. */
void ui_hunt_free(struct ui_hunt *hunt, int wait_ms);
size_t ui_hunt_fds(const struct ui_hunt *hunt, int *fds, size_t n);

/* Asks about the object at an address; begins a hunt where there is none to ask. `again`: even if that is known. */
void ui_hunt_ask(struct ui_shell *shell, uint64_t address, bool again);
/* The answer to that; NULL: not there, see *ret_error (0: not yet). */
const struct pt_object *ui_hunt_answer(const struct ui_hunt *hunt, uint64_t address, int *ret_error);

/* What pages of the moment that is shown can be told by; NULL: it is another than the hunt's. */
const struct ui_hunt *ui_hunt_now(const struct ui_shell *shell);
/* What the hunt found of the pages of each bin, filled from position `first` of an axis on; unknown where it has not been
 * there. */
void ui_hunt_bins(const struct ui_hunt *hunt, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		  uint64_t first, struct pt_bin *bins, size_t n);
/* "hunting: pass 2", for the title; NULL: it is not under way. */
const char *ui_hunt_caption(struct ui_shell *shell);

#endif
