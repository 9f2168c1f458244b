/*
 * A worker: one thread that answers requests, so that a key never waits for the kernel. The newest request replaces
 * one that is still waiting, the newest result one that nobody took. A worker that hangs in the kernel (a target in
 * uninterruptible sleep) is left behind, and cleans up after itself when it comes back.
 */
#ifndef UI_WORKER_H
#define UI_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct ui_worker;

struct ui_worker_ops {
	size_t request_size;
	/* In the worker's thread: answers one request with ui_worker_publish, as often as it likes. */
	void (*work)(struct ui_worker *worker, void *state, const void *request);
	void (*drop)(void *result); /* frees a result that nobody took; any thread */
	void (*close)(void *state); /* the last call, in the worker's thread */
};

/* Takes over `state` when it succeeds. 0 or -errno. */
int ui_worker_new(struct ui_worker **ret, const struct ui_worker_ops *ops, void *state);
/* Asks the thread to end and waits for that at most so long. False: it was left behind. NULL is fine. */
bool ui_worker_free(struct ui_worker *worker, int wait_ms);

void ui_worker_ask(struct ui_worker *worker, const void *request); /* copies it */
/* From work(): takes over the result (not NULL). */
void ui_worker_publish(struct ui_worker *worker, void *result);
/* From work(): someone asked for something else, or for the end. */
bool ui_worker_interrupted(struct ui_worker *worker);
/* The newest result, now the caller's; NULL if there is none. */
void *ui_worker_take(struct ui_worker *worker);
/* Readable while a result waits. */
int ui_worker_fd(const struct ui_worker *worker);
/* Waits at most so long for a result. */
void ui_worker_wait(const struct ui_worker *worker, int wait_ms);
/* A request waits or is being answered. */
bool ui_worker_busy(struct ui_worker *worker);

/*
 * Before a thread is started, which inherits the mask: signals from outside are for the main thread, which has the
 * terminal; those of a crash stay open, so that the terminal is restored. Restore with pthread_sigmask.
 */
void ui_block_signals(sigset_t *ret_before);

#endif
