/*
 * See chain.h. One step for each fault: what it can only have been, and what is there then.
 */
#include "core/faults/chain.h"

#include "core/faults/vmas.h"

enum pt_chain_state pt_chain_begin(const struct pt_fault_case *first)
{
	if (!first->knew)
		return PT_CHAIN_UNSURE;
	switch (pt_page_kind(first->before)) {
	case PT_UNTOUCHED: return PT_CHAIN_NOTHING;
	case PT_ZERO:
	case PT_ZERO_HUGE: return PT_CHAIN_ZERO;
	case PT_FILE:
	case PT_SHMEM: return PT_CHAIN_MAPPED;
	case PT_ANON: return first->before.bits & PT_KSM ? PT_CHAIN_MAPPED : PT_CHAIN_UNSURE;
	default: return PT_CHAIN_UNSURE;
	}
}

/* It was waited for. */
static enum pt_fault_kind of_major(const struct pt_fault_case *c)
{
	if (pt_vma_is_memory(c->vma))
		return pt_vma_may_be_handled(c->vma) ? PT_FAULT_UNKNOWN : PT_FAULT_SWAP_IN;
	if (pt_vma_is_shared(c->vma))
		return c->vma->role == PT_ROLE_SHMEM ? PT_FAULT_SWAP_IN : PT_FAULT_FILE_MAP;
	return pt_vma_is_copied(c->vma) && !c->write ? PT_FAULT_FILE_MAP : PT_FAULT_UNKNOWN;
}

/* Nothing but memory of its own can be there: a first touch, of what size the look afterwards has to tell. */
static enum pt_fault_kind of_touch(const struct pt_fault_case *c)
{
	if (c->small)
		return PT_FAULT_FIRST_TOUCH;
	if (!c->knows)
		return PT_FAULT_UNKNOWN;
	if (c->after.bits & PT_PMD)
		return c->collapsed ? PT_FAULT_UNKNOWN : PT_FAULT_HUGE;
	return c->after.bits & PT_HAS_FLAGS && !(c->after.bits & PT_LARGE) ? PT_FAULT_FIRST_TOUCH : PT_FAULT_UNKNOWN;
}

/* Nothing was mapped. What was there before was given back, if it cannot have been moved or swapped out. */
static enum pt_fault_kind of_unmapped(enum pt_chain_state *state, const struct pt_fault_case *c)
{
	enum pt_chain_state was = *state;
	bool memory = pt_vma_is_memory(c->vma), copied = pt_vma_is_copied(c->vma);
	bool own = was == PT_CHAIN_OWN || was == PT_CHAIN_UNSURE;
	bool hidden = (own && (c->moved || (c->swapped && !pt_vma_is_shared(c->vma)))) ||
		      (was == PT_CHAIN_MAPPED && c->moved);
	*state = c->write ? PT_CHAIN_OWN : memory ? PT_CHAIN_ZERO : PT_CHAIN_MAPPED;
	if (hidden || c->major) {
		*state = c->write ? PT_CHAIN_OWN : PT_CHAIN_UNSURE;
		return c->major ? of_major(c) : PT_FAULT_UNKNOWN;
	}
	if (memory)
		return of_touch(c);
	if (copied)
		return c->write ? PT_FAULT_COW : PT_FAULT_FILE_MAP;
	if (pt_vma_is_shared(c->vma))
		return PT_FAULT_FILE_MAP;
	*state = PT_CHAIN_UNSURE;
	return PT_FAULT_UNKNOWN;
}

/* It was mapped, and written to. */
static enum pt_fault_kind of_protected(enum pt_chain_state *state, const struct pt_fault_case *c)
{
	enum pt_chain_state was = *state;
	*state = PT_CHAIN_OWN;
	if (pt_vma_is_shared(c->vma))
		return c->vma->inode && c->vma->role != PT_ROLE_SHMEM ? PT_FAULT_WRITE_PROTECT : PT_FAULT_UNKNOWN;
	if (pt_vma_is_copied(c->vma)) /* what was not there was mapped along with its neighbours */
		return was == PT_CHAIN_MAPPED || was == PT_CHAIN_NOTHING ? PT_FAULT_COW : PT_FAULT_UNKNOWN;
	if (pt_vma_is_memory(c->vma) && was == PT_CHAIN_MAPPED)
		return PT_FAULT_COW;
	return pt_vma_is_memory(c->vma) && was == PT_CHAIN_ZERO ? PT_FAULT_ZERO_WRITE : PT_FAULT_UNKNOWN;
}

enum pt_fault_kind pt_chain_next(enum pt_chain_state *state, const struct pt_fault_case *c, enum pt_chain_order order)
{
	/* what it wanted was there by the time it looked; or else it did the rest, or came again */
	bool served = *state == PT_CHAIN_OWN || (!c->write && *state != PT_CHAIN_UNSURE);
	if (!c->has_code || (order != PT_CHAIN_AFTER && !served)) {
		*state = PT_CHAIN_UNSURE;
		return PT_FAULT_UNKNOWN;
	}
	if (order != PT_CHAIN_AFTER)
		return order == PT_CHAIN_OVERLAPS ? PT_FAULT_SPURIOUS : PT_FAULT_UNKNOWN;
	if (!c->present)
		return of_unmapped(state, c);
	return c->write ? of_protected(state, c) : PT_FAULT_SPURIOUS;
}
