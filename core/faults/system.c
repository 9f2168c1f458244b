/*
 * Reads the settings; see system.h. Each file holds one number.
 */
#include "core/faults/system.h"

#include <stdlib.h>

static struct pt_maybe number(struct pt_kernel *k, const char *path)
{
	struct pt_maybe ret = {0};
	char *text, *end;
	size_t size;
	if (pt_kernel_slurp(k, path, &text, &size))
		return ret;
	ret.value = strtoull(text, &end, 10);
	ret.known = end != text;
	free(text);
	return ret;
}

#define THP "sys/kernel/mm/transparent_hugepage/"

void pt_fault_system_read(struct pt_kernel *k, struct pt_fault_system *ret)
{
	*ret = (struct pt_fault_system){
		.numa_balancing = number(k, "proc/sys/kernel/numa_balancing"),
		.ksm_run = number(k, "sys/kernel/mm/ksm/run"),
		.ksm_zero_pages = number(k, "sys/kernel/mm/ksm/use_zero_pages"),
		.compact_unevictable = number(k, "proc/sys/vm/compact_unevictable_allowed"),
		.compact_proactive = number(k, "proc/sys/vm/compaction_proactiveness"),
		.khugepaged_defrag = number(k, THP "khugepaged/defrag"),
		.khugepaged_sleep_ms = number(k, THP "khugepaged/scan_sleep_millisecs"),
		.swappiness = number(k, "proc/sys/vm/swappiness"),
		.writeback_cs = number(k, "proc/sys/vm/dirty_writeback_centisecs"),
		.expire_cs = number(k, "proc/sys/vm/dirty_expire_centisecs"),
	};
}
