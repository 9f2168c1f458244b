/*
 * What this kernel and these privileges give: each signal is present, absent or approximate, with the reason and what
 * would grant it. Found by probing (core/kernel/probe.c), never from version numbers; travels with each snapshot, so a
 * cell that shows unknown can say why.
 */
#ifndef PT_MODEL_SIGNALS_H
#define PT_MODEL_SIGNALS_H

enum pt_signal {
	PT_SIG_PAGEMAP, /* presence, swapped, file or anonymous */
	PT_SIG_PFN,     /* page frame numbers (CAP_SYS_ADMIN at open) */
	PT_SIG_KPAGEFLAGS,
	PT_SIG_KPAGECOUNT,
	PT_SIG_MAP_COUNT, /* counts are per page (approximate: the folio's average, CONFIG_NO_PAGE_MAPCOUNT) */
	PT_SIG_KPAGECGROUP,
	PT_SIG_PAGEMAP_SCAN,  /* 6.7: mapped huge, zero page, and cheap sparse scans */
	PT_SIG_GUARD,         /* guard markers told apart (6.15) */
	PT_SIG_PROCMAP_QUERY, /* 6.11 */
	PT_SIG_EXCLUSIVE,     /* pagemap bit 56 (4.2) */
	PT_SIG_SOFT_DIRTY,
	PT_SIG_KSM,        /* KPF_KSM can be trusted */
	PT_SIG_DIRTY,      /* never better than approximate per page */
	PT_SIG_LAZYFREE,   /* approximate: a page rewritten after MADV_FREE looks the same */
	PT_SIG_SHMEM_SWAP, /* swapped shared memory told from untouched (cachestat, 6.5) */
	PT_SIG_IDLE,
	PT_SIG_SMAPS,
	PT_SIG_CONTENTS, /* process_vm_readv on the target */
	PT_SIG_PAGE_OWNER,
	PT_SIG_PHYSICAL, /* zone, node, memory block of a frame */
	PT_SIG_N
};

enum pt_given { PT_ABSENT, PT_APPROXIMATE, PT_GIVEN };

struct pt_signals {
	struct pt_signal_state {
		enum pt_given given;
		const char *reason; /* static storage; never NULL */
		const char *remedy; /* what grants it, static storage; NULL where nothing does or nothing is missing */
	} of[PT_SIG_N];
};

const char *pt_signal_name(enum pt_signal signal); /* "pfn", "kpageflags": keys of JSON */
const char *pt_signal_what(enum pt_signal signal); /* what it is good for, half a sentence */
const char *pt_given_name(enum pt_given given);    /* "present", "approximate", "absent" */

static inline int pt_signal_has(const struct pt_signals *s, enum pt_signal signal)
{
	return s->of[signal].given != PT_ABSENT;
}

#endif
