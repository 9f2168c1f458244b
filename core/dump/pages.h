/*
 * Pages: the contents of all VMAs of a target, from its memory into a writer. Private to core/dump.
 */
#ifndef PT_DUMP_PAGES_H
#define PT_DUMP_PAGES_H

#include "core/dump/dump.h"
#include "core/scan/target.h"

struct pt_pages_job { /* all of it borrowed */
	struct pt_target *target;
	int mem;                         /* /proc/PID/mem */
	const struct pt_vma_table *vmas; /* with their VmFlags */
	const struct pt_dump_wish *wish;
	bool by_soft_dirty; /* what soft-dirty calls unchanged is as the base has it */
	uint64_t all_bytes; /* estimated, for the progress */
	struct pt_writer *writer;
};

/* 0, -ESRCH when the memory went away, -ENOMEM, or what step, base and sink said. */
int pt_pages_dump(const struct pt_pages_job *job);

#endif
