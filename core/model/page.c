/*
 * Names of the kinds of page, in the order of enum pt_kind.
 */
#include "core/model/page.h"

const char *pt_kind_name(enum pt_kind kind)
{
	static const char *const names[PT_KIND_N] = {
		[PT_UNTOUCHED] = "untouched", [PT_ANON] = "anon",           [PT_FILE] = "file",
		[PT_SHMEM] = "shmem",         [PT_SWAP] = "swap",           [PT_SWAP_SHMEM] = "swap-shmem",
		[PT_ZERO] = "zero",           [PT_ZERO_HUGE] = "zero-huge", [PT_HUGETLB] = "hugetlb",
		[PT_KERNEL] = "kernel",       [PT_GUARD] = "guard",         [PT_UFFD_MARKER] = "uffd-marker",
		[PT_POISON] = "poison",       [PT_MIGRATING] = "migrating", [PT_DEVICE] = "device",
		[PT_PRESENT] = "present",
	};
	return (unsigned)kind < PT_KIND_N ? names[kind] : "unknown";
}
