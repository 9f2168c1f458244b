/*
 * The worker behind the list of processes: reads all of them when asked, at once and again with PSS. PSS costs
 * milliseconds a process, so it is read for those on the screen (or for all, where the list is sorted by it), and what
 * was read before is shown until it is read again.
 */
#ifndef UI_PROCLIST_H
#define UI_PROCLIST_H

#include "core/procs/procs.h"
#include "tui/shell.h"
#include "tui/worker.h"

#define UI_PROCLIST_WANT 128

struct ui_proclist_request {
	bool all_pss;
	unsigned n;
	pid_t want[UI_PROCLIST_WANT]; /* PSS of these */
};

struct ui_proclist {
	int error;                /* -errno; then the list is empty */
	struct pt_proc_list list; /* sorted by PID */
};

/* A worker of struct ui_proclist_request and struct ui_proclist. */
int ui_proclist_new(struct ui_worker **ret, const struct ui_lister_ops *lister, void *arg);
void ui_proclist_free(void *proclist);

#endif
