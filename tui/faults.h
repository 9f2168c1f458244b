/*
 * The faults of the target, as screens share them: the watch, which begins when the fault screen is first opened and goes
 * on behind the other screens until someone ends it or leaves the target; the newest view of it; and what came from view to
 * view, which is the rate over time. Used by the main thread alone; what may block is asked of a worker (faultwork.h).
 */
#ifndef UI_FAULTS_H
#define UI_FAULTS_H

#include "tui/faultwork.h"

struct ui_shell;

#define UI_FAULT_SAMPLES 300

enum ui_faults_state {
	UI_FAULTS_OFF, /* nothing is watched; a view is that of when it was */
	UI_FAULTS_OPENING,
	UI_FAULTS_ON,
	UI_FAULTS_FAILED,
};

/* What came between two views. */
struct ui_fault_sample {
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC */
	uint64_t minor, major;   /* counted by the kernel */
	uint64_t kinds[PT_FAULT_KIND_N];
	uint64_t rest; /* counted, but of no kind that is known: of children, lost, not told */
};

struct ui_fault_watch {
	enum ui_faults_state state;
	int error;   /* -errno, of UI_FAULTS_FAILED */
	bool allocs; /* what the kernel allocates for it is watched as well */
	bool was_on; /* it was begun once: opening the screen does so no more */
	const struct ui_fault_ops *ops;
	struct ui_worker *worker;                         /* NULL: none */
	void *watch;                                      /* the worker's; NULL until it is open */
	struct pt_fault_view *view;                       /* the newest, a reference; NULL: none yet */
	unsigned version;                                 /* of it: grows */
	uint64_t snapshot_seq;                            /* of the one that the watch was given last */
	uint64_t from_seq;                                /* of a recording: since when */
	const struct pt_recorder *steps_to;               /* its steps go there; NULL: nowhere */
	struct ui_fault_sample samples[UI_FAULT_SAMPLES]; /* oldest first */
	size_t n_samples;
	struct ui_fault_request asked;  /* last */
	struct ui_fault_answer *answer; /* the newest, owned; NULL: none */
};

/* Begins to watch the target, anew if it did before. What goes wrong is known later. */
void ui_faults_start(struct ui_shell *shell);
/* Watches no more: the view stays. */
void ui_faults_stop(struct ui_shell *shell);
/* Takes what the watch and the worker have. */
void ui_faults_update(struct ui_shell *shell);
/* Forgets everything of this target. */
void ui_faults_free(struct ui_fault_watch *faults, int wait_ms);
size_t ui_faults_fds(const struct ui_fault_watch *faults, int *fds, size_t n);

/* Asks for what a screen wants to know, if that is not known already. */
void ui_faults_ask(struct ui_shell *shell, const struct ui_fault_want *want);
/* The answer to that, which may be of a view before; NULL: not there yet. */
const struct ui_fault_answer *ui_faults_answer(const struct ui_fault_watch *faults, const struct ui_fault_want *want);

/* Faults a second at the newest view; false: not known. */
bool ui_faults_rate(const struct ui_fault_watch *faults, double *ret_all, double *ret_major);
/* "faults watched", for the title; NULL: they are not. */
const char *ui_faults_caption(const struct ui_fault_watch *faults);

#endif
