/*
 * What sharing is made of (private to core/machine). Sets of processes are a tree: a set is another set and one process
 * with a higher PID, so that equal sets are one node, however many pages come to them, and none is ever copied. Owned by
 * struct pt_sharing; nothing changes once it is made.
 */
#ifndef PT_OWNERS_SHARING_PARTS_H
#define PT_OWNERS_SHARING_PARTS_H

#include "core/owners/sharing.h"

struct pt_set {
	uint32_t without; /* the set without its last process; 0: nobody is left */
	uint32_t process; /* its last, of pt_sharing.processes */
	uint32_t n;       /* processes */
};

/* Sets in the making: v[0] is nobody. */
struct pt_sets {
	struct pt_set *v; /* [n], malloc'ed */
	size_t n, room;
	uint32_t *slots; /* [n_slots], a power of two: numbers of sets by their hash, 0: none */
	size_t n_slots;
};
int pt_sets_init(struct pt_sets *sets); /* 0 or -ENOMEM */
void pt_sets_free(struct pt_sets *sets);
/* The set and one process more: *set becomes that. Processes are to be added in rising order. -ENOMEM. */
int pt_sets_add(struct pt_sets *sets, uint32_t *set, uint32_t process);

enum pt_shared_by { PT_SHARED_OTHERS, PT_SHARED_ITSELF, PT_SHARED_NOBODY, PT_SHARED_UNASKED };

/* Neighbouring pages of one kind that the same share. */
struct pt_shared_run {
	uint64_t page; /* address >> page_shift */
	uint32_t n, set;
	uint8_t kind; /* enum pt_kind */
	uint8_t by;   /* enum pt_shared_by */
	bool partly;  /* there are more mappings than were found */
};

struct pt_sharing_process {
	pid_t pid;
	char name[16];
};

struct pt_sharing {
	unsigned refs; /* atomic */
	unsigned page_shift;
	struct pt_sharing_process *processes; /* [n_processes], all of the index, by PID */
	size_t n_processes, refused;
	uint64_t read_ns;
	struct pt_set *sets; /* [n_sets] */
	size_t n_sets;
	struct pt_shared_run *runs; /* [n], by page */
	size_t n;
};

#endif
