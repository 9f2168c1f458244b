/*
 * The shell: what all screens share. It keeps the stack of screens (processes > process > map > page), the target,
 * the prompt, the help and the message line; turns events into actions; and draws the frame around the screen on top.
 * It knows no terminal: tui/app.c brings events and shows the canvas, tests do so without one.
 *
 * A screen is an object behind struct ui_screen_ops, one file each under tui/screens/. The shell owns the screens on
 * its stack. Nothing a screen does may block: what could is asked of a worker or comes with the feed.
 */
#ifndef UI_SHELL_H
#define UI_SHELL_H

#include "core/procs/procs.h"
#include "tui/faults.h"
#include "tui/filter.h"
#include "tui/hunt.h"
#include "tui/keys.h"
#include "tui/options.h"
#include "tui/owners.h"
#include "tui/prompt.h"
#include "tui/recording.h"
#include "tui/scratch.h"
#include "tui/target.h"
#include "tui/time.h"
#include "widgets/views.h"

struct ui_shell;
struct ui_screen;

/* What a screen is about: what a plot over time can be of, besides the process. */
struct ui_subject {
	uint64_t start, end; /* addresses; both 0: the whole process */
	bool is_page;
	uint64_t page; /* its address */
};

struct ui_screen_ops {
	/* Where the keyboard is: decides what keys mean, and the footer. One bit of enum ui_where. */
	enum ui_where (*where)(const struct ui_screen *screen);
	/* Whether the hint for an action belongs into the footer as the screen is now. NULL: always. */
	bool (*of_use)(const struct ui_screen *screen, const struct ui_shell *shell, enum ui_action action);
	/* Its part of the breadcrumb, in scratch memory. */
	const char *(*title)(const struct ui_screen *screen, struct ui_shell *shell);
	/* It came to the top: pushed, or uncovered. NULL: nothing to do. */
	void (*shown)(struct ui_screen *screen, struct ui_shell *shell);
	/* A snapshot, a result of its worker, or its time (see due) came. */
	void (*update)(struct ui_screen *screen, struct ui_shell *shell);
	void (*draw)(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);
	/* The addresses it shows since it was drawn last, as pt_feed's watch wants them; returns how many, at most max.
	 * NULL: none. */
	size_t (*watch)(struct ui_screen *screen, struct ui_shell *shell, struct pt_stretch *ret, size_t max);
	/* Fills in what it is about; *ret is zeroed. NULL: the process. */
	void (*subject)(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret);
	/* False: the action means nothing here. */
	bool (*act)(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key);
	/* Canvas coordinates. NULL: no mouse. */
	void (*mouse)(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event);
	/* What '/' edits now; NULL: nothing. The screen looks at its version in update(). */
	struct ui_filter *(*filter)(struct ui_screen *screen);
	/* The line of the prompt that it opened with UI_PROMPT_OPEN. NULL: it opens none. */
	void (*take_line)(struct ui_screen *screen, struct ui_shell *shell, const char *text);
	/* A descriptor that is readable when update() has work, -1: none. NULL: none. */
	int (*fd)(const struct ui_screen *screen);
	/* The monotonic time when update() wants to be called next; UINT64_MAX: never. NULL: never. */
	uint64_t (*due)(const struct ui_screen *screen);
	/* A worker may be waited for so long. */
	void (*free)(struct ui_screen *screen, int wait_ms);
};

struct ui_screen {
	const struct ui_screen_ops *ops;
};

/* Where processes come from: this machine, a recording, or a test. Made by the screen of the list, used in its worker. */
struct ui_lister_ops {
	int (*open)(void *arg, void **ret);
	int (*read)(void *self, struct pt_proc_list *ret);
	int (*pss)(void *self, struct pt_proc *v, size_t n);
	void (*close)(void *self);
};

struct ui_sources {
	int (*open_target)(void *arg, struct ui_target *target, pid_t pid, uint64_t interval_ns,
			   const struct ui_options *options);
	const struct ui_lister_ops *lister;
	void *arg;             /* of both */
	const char *recording; /* the file whose processes these are; NULL: those of this machine */
	/* The machine itself, for what is no process's: a kernel to ask, the caller's. 0 or -errno. Called in the thread that
	 * will use it. NULL: there is none to ask, this is a recording. */
	int (*kernel)(struct pt_kernel **ret);
};
extern const struct ui_sources ui_sources_live;

#define UI_STACK_MAX 16 /* processes, overview, map, page, object, faults, map, page, hunt, object, page, object */

struct ui_shell {
	const struct ui_options *options; /* borrowed */
	const struct ui_sources *sources; /* borrowed */
	struct ui_target target;          /* target.feed is NULL while there is none */
	struct ui_recording recording;    /* that is made of the target */
	struct ui_time time;              /* where in the past of the target one is */
	struct ui_fault_watch faults;     /* of the target, from when someone asked for them */
	struct ui_hunt hunt;              /* likewise */
	struct ui_owners owners;          /* of frames of the machine, from when someone asked for them */
	struct ui_screen *stack[UI_STACK_MAX];
	size_t depth;
	struct ui_scratch scratch; /* of the frame being drawn */
	uint64_t now_ns;           /* CLOCK_MONOTONIC at the last event or update */
	uint64_t interval_ns;
	struct ui_prompt prompt;
	bool help;
	int help_top;
	char message[200];
	uint8_t message_role;
	uint64_t message_until_ns;
	bool dirty;  /* there is something new to draw */
	bool acted;  /* the person did something since the last drawing */
	bool forget; /* paint everything anew */
	bool quit;
	int status;          /* enum ui_exit */
	struct wg_rect body; /* where the screen on top was drawn */
};

/* Starts with the process `pid`, or with the list of processes where it is 0. Errors as pt_scan_open. */
int ui_shell_init(struct ui_shell *shell, const struct ui_options *options, const struct ui_sources *sources,
		  uint64_t now_ns);
/*
 * The same with a recording, from `seq` on (0: its start). Takes over the reader, also when it fails. 0 or -errno.
 */
int ui_shell_replay(struct ui_shell *shell, const struct ui_options *options, const struct ui_sources *sources,
		    struct pt_reader *reader, uint64_t seq, uint64_t now_ns);
/* Waits for threads at most so long in all. */
void ui_shell_free(struct ui_shell *shell, int wait_ms);

void ui_shell_event(struct ui_shell *shell, const struct ui_event *event, uint64_t now_ns);
/* Takes what feed and workers have. */
void ui_shell_update(struct ui_shell *shell, uint64_t now_ns);
/* Descriptors to wait for (at most n), and for how many ms (-1: for ever). */
size_t ui_shell_fds(struct ui_shell *shell, int *fds, size_t n);
int ui_shell_timeout(struct ui_shell *shell, uint64_t now_ns);
/* Draws everything into rect and clears `dirty`. */
void ui_shell_draw(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);

/* ---- for screens ------------------------------------------------------------------------------------------------ */

/* Takes over the screen; NULL (no memory) is said to the person. */
void ui_shell_push(struct ui_shell *shell, struct ui_screen *screen);
void ui_shell_pop(struct ui_shell *shell);
/* Looks at another process: on success its overview is on top. What failed is said. */
void ui_shell_open_process(struct ui_shell *shell, pid_t pid);
/* To a page of any process: of the target, or of one that becomes the target, whose overview is below the page then. */
void ui_shell_open_page(struct ui_shell *shell, pid_t pid, uint64_t address);
/* Says something for a few seconds. */
void ui_shell_say(struct ui_shell *shell, uint8_t role, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
