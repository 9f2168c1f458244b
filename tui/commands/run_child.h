/*
 * The command that pagetop run observes: started in our process group and terminal with our streams, signals that reach
 * pagetop alone passed on to it, waited for together with its orphans, which come to us as their subreaper.
 *
 * What a terminal sends goes to the whole foreground group, the command in it, so that is not passed on. When the command
 * is stopped by the terminal, pagetop stops as well, as a shell expects of its job, and continues it when continued.
 */
#ifndef UI_RUN_CHILD_H
#define UI_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/kernel/kernel.h"

/* Exit statuses in the place of the command's, as a shell, env and nice have them. */
enum { UI_RUN_FAILED = 125, UI_RUN_CANNOT_START = 126, UI_RUN_NOT_FOUND = 127 };

struct ui_child_setup {
	char **argv;
	char **environment;       /* NULL: ours */
	int streams[3];           /* in the place of 0, 1, 2; -1: ours */
	void (*in_child)(void *); /* before exec; async-signal-safe; NULL: nothing */
	/* In this process, while the child waits before that; may start threads. UI_OK, or what starting is to return. */
	int (*beside)(void *arg, pid_t pid);
	void *arg;
};

struct ui_child {
	pid_t pid;
	uint64_t monotonic_ns; /* of its start */
	uint64_t ended_ns;     /* CLOCK_MONOTONIC when it was waited for; 0: it runs */
	int status;            /* of waitpid, once it has ended */
	uint64_t max_rss;      /* bytes: the largest of it and of all that it waited for */
	uint64_t floor;        /* bytes: what we had resident before exec, which max_rss counts as well */
	uint64_t cpu_ns;       /* of it and of all that it waited for */
	bool stays;            /* does not stop when the command does */
	bool alone;            /* no process is left that we could wait for */
	/* private: */
	struct pt_kernel *k;      /* borrowed: to tell who sent a signal */
	int signals;              /* signalfd */
	sigset_t before;          /* signals blocked before all this, */
	struct sigaction sigchld; /* and what became of children then */
	int asked_to_end;         /* a signal that came after the command had ended */
};

/*
 * Blocks signals and becomes the subreaper; to be called before any thread is started, which inherit the mask. 0 or
 * -errno.
 */
int ui_child_prepare(struct ui_child *child, struct pt_kernel *k);
/*
 * Starts it, while this process has one thread. UI_OK; or one of the statuses above, with errno in *ret_error of what
 * failed; or what setup->beside returned, with *ret_error 0.
 */
int ui_child_start(struct ui_child *child, const struct ui_child_setup *setup, int *ret_error);
int ui_child_fd(const struct ui_child *child); /* readable when there is something to take */
/* A process ended that comes from it: called before it is reaped. `most`: bytes it held at most; 0: not known. */
typedef void (*ui_ended_fn)(void *arg, pid_t pid, int status, uint64_t most);
/* Passes on what came, and waits for who ended, without blocking. May stop this process for a while. */
void ui_child_take(struct ui_child *child, ui_ended_fn ended, void *arg);
/* Its exit status as a shell has it. */
int ui_child_exit(const struct ui_child *child);
/* Signals as they were; what has come since is obeyed no more. */
void ui_child_close(struct ui_child *child);

#endif
