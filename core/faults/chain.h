/*
 * Chain: several faults at one page that no look came between. What was there in between is not known, but with the
 * processor's error codes it mostly follows from their order: who wrote has a page of its own from then on. Pure.
 */
#ifndef PT_FAULTS_CHAIN_H
#define PT_FAULTS_CHAIN_H

#include "core/faults/kind.h"

/* What a page is in between. */
enum pt_chain_state {
	PT_CHAIN_UNSURE,
	PT_CHAIN_NOTHING,
	PT_CHAIN_ZERO,
	PT_CHAIN_OWN,    /* may be written to */
	PT_CHAIN_MAPPED, /* of a file, or merged by KSM: a write to private memory makes a copy */
};

/* As it was seen before the first. */
enum pt_chain_state pt_chain_begin(const struct pt_fault_case *first);
/* How two faults of different threads lie in time. The processor says so a little before a fault is noted to begin. */
enum pt_chain_order {
	PT_CHAIN_AFTER,   /* or of the same thread */
	PT_CHAIN_PERHAPS, /* began right after the last one was done */
	PT_CHAIN_OVERLAPS /* began before the last one was done */
};
/* The kind of the next fault. Its `before` counts for nothing, its `after` is that of the whole chain. */
enum pt_fault_kind pt_chain_next(enum pt_chain_state *state, const struct pt_fault_case *c, enum pt_chain_order order);

#endif
