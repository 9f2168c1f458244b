/*
 * The list of processes, by libproc2 (as slabs.h). Command lines are raw bytes; in names libproc2 4.0
 * writes a dot for a control character. Both are hostile: pt_text_printable before anyone sees them.
 */
#ifndef PT_PROCS_PROCS_H
#define PT_PROCS_PROCS_H

#include "core/model/snapshot.h"

struct pt_proc {
	pid_t pid;
	uid_t uid;
	uint64_t start_time; /* ticks after boot */
	char state;
	char name[PT_NAME_MAX];
	char user[33];
	char command[256]; /* command line, cut; "[name]" for a kernel thread */
	bool kernel_thread;
	struct pt_maybe rss, swap, pss; /* bytes; pss only where asked for and permitted */
	struct pt_maybe growth;         /* bytes of RSS since the list before this one, as two's complement */
};

struct pt_proc_list {
	struct pt_proc *v;
	size_t n;
};

struct pt_procs; /* keeps what it needs to find growth */

int pt_procs_new(struct pt_procs **ret);
void pt_procs_free(struct pt_procs *procs);

/* All processes now. Free with pt_proc_list_free. */
int pt_procs_read(struct pt_procs *procs, struct pt_proc_list *ret);
/* PSS of some of them (reads smaps_rollup: milliseconds each); v[i].pss is set where it could be read. */
int pt_procs_read_pss(struct pt_procs *procs, struct pt_proc *v, size_t n);
void pt_proc_list_free(struct pt_proc_list *list);

#endif
