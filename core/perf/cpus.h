/*
 * Which CPUs there are, and which node each is of, as /sys has it.
 */
#ifndef PT_PERF_CPUS_H
#define PT_PERF_CPUS_H

#include "core/kernel/kernel.h"

/* "0-3,5": calls each(arg, cpu), until it returns nonzero, which is what this returns then; else 0. */
int pt_cpus_parse(const char *text, int (*each)(void *arg, unsigned cpu), void *arg);
/* Numbers of those that are online, ascending; malloc'ed. 0 or -errno. */
int pt_cpus_online(struct pt_kernel *k, unsigned **ret, size_t *ret_n);

struct pt_cpu_nodes {
	int *nodes; /* [n], by CPU; -1: not known */
	size_t n;
};

/* Empty where nothing is known. */
void pt_cpu_nodes_read(struct pt_kernel *k, struct pt_cpu_nodes *ret);
void pt_cpu_nodes_free(struct pt_cpu_nodes *nodes);
int pt_cpu_node(const struct pt_cpu_nodes *nodes, unsigned cpu); /* -1: not known */

#endif
