/*
 * Layout: the target's VMA table, kept from frame to frame for as long as nothing in it changed, with what maps does
 * not tell: which VMAs are stacks of threads, and which are under mlock.
 */
#ifndef PT_SCAN_LAYOUT_H
#define PT_SCAN_LAYOUT_H

#include "core/scan/stretches.h"
#include "core/scan/target.h"

struct pt_layout {
	struct pt_vma_table *vmas; /* a reference; NULL before the first read */
	uint64_t locked;           /* VmLck when it was made */
	unsigned threads;          /* as many then */
	unsigned retries;          /* still to come, for threads that ran when they were asked for their stack */
};

/* Brings vmas up to date. -ESRCH, -EACCES, -ENOMEM; the old table stays then. */
int pt_layout_read(struct pt_layout *layout, struct pt_target *target, const struct pt_process *process);

/*
 * Where what lies behind the addresses is not the same in both tables: mapped, unmapped, or mapped anew from somewhere
 * else; not what only changed its permissions or was split. 0 or -ENOMEM.
 */
int pt_layout_replaced(const struct pt_vma_table *before, const struct pt_vma_table *now, struct pt_stretches *ret);
void pt_layout_free(struct pt_layout *layout);

#endif
