/*
 * Names of the signals: one row each, in the order of enum pt_signal.
 */
#include "core/model/signals.h"

static const struct {
	const char *name, *what;
} signals[PT_SIG_N] = {
	[PT_SIG_PAGEMAP] = {"pagemap", "which pages are present or swapped, and whether they are anonymous"},
	[PT_SIG_PFN] = {"pfn", "which page frame holds a page: the key to its flags, map count and cgroup"},
	[PT_SIG_KPAGEFLAGS] = {"kpageflags", "what the kernel knows of a frame: dirty, active, locked, huge, KSM"},
	[PT_SIG_KPAGECOUNT] = {"kpagecount", "how many times a frame is mapped: sharing and PSS"},
	[PT_SIG_MAP_COUNT] = {"map-count", "map counts of single pages, not the average over their folio"},
	[PT_SIG_KPAGECGROUP] = {"kpagecgroup", "which memory cgroup pays for a frame"},
	[PT_SIG_PAGEMAP_SCAN] = {"pagemap-scan", "huge mappings and zero pages told apart, and sparse scans for free"},
	[PT_SIG_GUARD] = {"guard", "guard regions told from swapped pages"},
	[PT_SIG_PROCMAP_QUERY] = {"procmap-query", "VMAs as structs: quicker than the text of maps"},
	[PT_SIG_EXCLUSIVE] = {"exclusive", "whether a page is mapped exactly once, without privileges"},
	[PT_SIG_SOFT_DIRTY] = {"soft-dirty", "which pages were written since the bits were last cleared"},
	[PT_SIG_KSM] = {"ksm", "which pages KSM merged with equal ones"},
	[PT_SIG_DIRTY] = {"dirty", "which pages hold what is nowhere else yet"},
	[PT_SIG_LAZYFREE] = {"lazyfree", "which pages the kernel may drop after MADV_FREE"},
	[PT_SIG_SHMEM_SWAP] = {"shmem-swap", "swapped shared memory told from what was never touched"},
	[PT_SIG_IDLE] = {"idle", "which pages were not accessed since they were marked idle"},
	[PT_SIG_SMAPS] = {"smaps", "the kernel's own sums per VMA, to check against"},
	[PT_SIG_CONTENTS] = {"contents", "the bytes of present pages"},
	[PT_SIG_PAGE_OWNER] = {"page-owner", "the kernel stack that allocated a frame"},
	[PT_SIG_PHYSICAL] = {"physical", "zone, NUMA node and memory block of a frame"},
};

const char *pt_signal_name(enum pt_signal signal)
{
	return (unsigned)signal < PT_SIG_N ? signals[signal].name : "unknown";
}

const char *pt_signal_what(enum pt_signal signal)
{
	return (unsigned)signal < PT_SIG_N ? signals[signal].what : "unknown";
}

const char *pt_given_name(enum pt_given given)
{
	static const char *const names[] = {
		[PT_ABSENT] = "absent", [PT_APPROXIMATE] = "approximate", [PT_GIVEN] = "present"};
	return (unsigned)given <= PT_GIVEN ? names[given] : "unknown";
}
