/*
 * Heads: free chunks that malloc is about to hand out, of given sizes, as its lists stand at this moment: a thread's cache
 * (malloc/malloc.c: tcache_get), a fast bin, a bin, the top of an arena. And which word it is whose next write tells that a
 * chunk was handed out. Private to core/hunt; one thread uses it.
 */
#ifndef PT_HUNT_HEADS_H
#define PT_HUNT_HEADS_H

#include "core/hunt/heap.h"
#include "core/scan/target.h"

enum pt_head_kind {
	PT_HEAD_TCACHE, /* writes: malloc's, of the key, when it is handed out, and free()'s when it comes back; the
			   program's too */
	PT_HEAD_FAST,   /* the program's first */
	PT_HEAD_BIN, /* malloc's, in a chunk header: at the end, or at the beginning of one that is cut off a larger */
	PT_HEAD_TOP, /* the same */
};

struct pt_head {
	enum pt_head_kind kind;
	uint64_t address; /* what malloc would return */
	uint64_t watch;   /* address of the byte */
	uint64_t link;    /* the word that says it is next, and what it says */
	uint64_t next;
};

struct pt_heads;

/*
 * sizes: usable bytes. Takes of heap what it needs. The sources are all pairs of a size and a list. 0 or -ENOMEM.
 */
int pt_heads_new(struct pt_heads **ret, struct pt_target *target, const struct pt_heap *heap, const uint64_t *sizes,
		 size_t n);
void pt_heads_free(struct pt_heads *heads); /* NULL is fine */
size_t pt_heads_n(const struct pt_heads *heads);
uint64_t pt_heads_size(const struct pt_heads *heads, size_t source); /* usable bytes */
/* What that source hands out next, after so many others (of a cache; of other lists: none). False: nothing, or unknown. */
bool pt_heads_next(struct pt_heads *heads, size_t source, unsigned after, struct pt_head *ret);
/* It is still the next one (a cache: is still free). */
bool pt_heads_still(struct pt_heads *heads, const struct pt_head *head);
/* The chunk lies in a thread's cache: what it holds is the key. False as well where that cannot be told. */
bool pt_heads_cached(struct pt_heads *heads, uint64_t address);
/* Usable bytes of the chunk there, as its header has it; 0: none. */
uint64_t pt_heads_chunk(struct pt_heads *heads, uint64_t address);
/* At most a page of it, if it is there. */
bool pt_heads_read(struct pt_heads *heads, uint64_t address, void *ret, size_t size);
/* malloc writes to what a thread's cache hands out (since glibc 2.29). */
bool pt_heads_told(const struct pt_heads *heads);

#endif
