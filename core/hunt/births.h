/*
 * Births: objects that were seen to be handed out and lived on for a while, by address, with the stack that did it and
 * what they held; and of every such stack how many objects it was seen to get. Private to core/hunt; one thread uses it.
 */
#ifndef PT_HUNT_BIRTHS_H
#define PT_HUNT_BIRTHS_H

#include "core/unwind/stacks.h"

struct pt_object_birth {
	uint64_t address, size; /* usable bytes */
	uint64_t hash;          /* of the first of what it held; see pt_births_hash */
	pt_stack_id stack;
	bool lives; /* as far as is known: it was not seen to be freed, and holds what it held */
};

/* Of every size and stack. */
struct pt_birth_count {
	uint64_t size;
	pt_stack_id stack;
	uint64_t n;
};

struct pt_object_births;

struct pt_object_births *pt_object_births_new(size_t most);  /* NULL: out of memory */
void pt_object_births_free(struct pt_object_births *births); /* NULL is fine */
/* One more of that size and stack was handed out. */
void pt_object_births_count(struct pt_object_births *births, uint64_t size, pt_stack_id stack);
/* What was known of an object at that address is over. False: there is no room for more. */
bool pt_object_births_keep(struct pt_object_births *births, const struct pt_object_birth *birth);
/* Whatever was there has ended, or it is not what it was. */
void pt_object_births_forget(struct pt_object_births *births, uint64_t address);

/* Another stack made one of that size which held just the same. */
bool pt_object_births_alike(const struct pt_object_births *births, const struct pt_object_birth *birth);
struct pt_object_birth *pt_object_births_find(struct pt_object_births *births, uint64_t address); /* NULL: none */
/* All that were kept, in no order: [*ret_n], some of which do not live. */
struct pt_object_birth *pt_object_births_all(struct pt_object_births *births, size_t *ret_n);
const struct pt_birth_count *pt_object_births_counts(const struct pt_object_births *births, size_t *ret_n);

#define PT_BIRTH_BYTES 512u /* of an object that its hash is of, at most */
uint64_t pt_object_births_hash(const void *bytes, size_t n);

#endif
