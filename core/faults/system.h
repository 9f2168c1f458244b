/*
 * What of the kernel's settings makes pages fault again and again. Values as the files have them; unknown where one is
 * not there (an option of the kernel's build) or not readable.
 */
#ifndef PT_FAULTS_SYSTEM_H
#define PT_FAULTS_SYSTEM_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

struct pt_fault_system {
	struct pt_maybe numa_balancing;      /* kernel.numa_balancing */
	struct pt_maybe ksm_run;             /* mm/ksm/run */
	struct pt_maybe ksm_zero_pages;      /* mm/ksm/use_zero_pages */
	struct pt_maybe compact_unevictable; /* vm.compact_unevictable_allowed */
	struct pt_maybe compact_proactive;   /* vm.compaction_proactiveness */
	struct pt_maybe khugepaged_defrag;   /* mm/transparent_hugepage/khugepaged/defrag */
	struct pt_maybe khugepaged_sleep_ms; /* ../scan_sleep_millisecs */
	struct pt_maybe swappiness;          /* vm.swappiness */
	struct pt_maybe writeback_cs;        /* vm.dirty_writeback_centisecs */
	struct pt_maybe expire_cs;           /* vm.dirty_expire_centisecs */
};

void pt_fault_system_read(struct pt_kernel *k, struct pt_fault_system *ret);

#endif
