/*
 * Family: a process and what it forked since, as the kernel's news of tasks tell. Pure.
 */
#ifndef PT_PERF_FAMILY_H
#define PT_PERF_FAMILY_H

#include "core/perf/record.h"

struct pt_relative {
	pid_t pid;
	unsigned tasks; /* threads that run; those that were there from the start are counted as one */
};

struct pt_family {
	struct pt_relative *members; /* [n], the first is the process itself */
	size_t n, room;
};

/* 0 or -ENOMEM. */
int pt_family_init(struct pt_family *family, pid_t pid);
void pt_family_free(struct pt_family *family);
bool pt_family_has(const struct pt_family *family, pid_t pid);
/*
 * What a record says of tasks. Whose last thread ended is in it no more, so that whoever gets its PID later is not taken
 * for it; the process itself stays. 0 or -ENOMEM.
 */
int pt_family_learn(struct pt_family *family, const struct pt_perf_record *record);
/* It is known to have ended. */
void pt_family_drop(struct pt_family *family, pid_t pid);

#endif
