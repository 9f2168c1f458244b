/*
 * Heads: free chunks that malloc is about to hand out, of given sizes, as its lists stand at this moment: a thread's cache
 * (malloc/malloc.c: tcache_get), a fast bin, a bin, the top of an arena. Private to core/hunt; one thread uses it.
 */
#ifndef PT_HUNT_HEADS_H
#define PT_HUNT_HEADS_H

#include "core/hunt/heap.h"
#include "core/scan/target.h"

enum pt_head_kind {
	PT_HEAD_TCACHE,
	PT_HEAD_FAST,
	PT_HEAD_BIN, /* whole, or cut off a larger one */
	PT_HEAD_TOP,
};

/*
 * What is to be watched of it (0: nothing). Of sizes that caches serve: the key at 8, which malloc writes when it hands out
 * what is cached, and free() when it caches it, and where calloc() clears; before there were keys, the link at 0 as well,
 * which free() writes. (A chunk that goes to a fast bin and comes back from there with nothing written at 8 is not noticed:
 * of a hundred that lived on, none or one. A watchpoint for that took a third of all hits.) Of other sizes: the
 * header, which malloc writes when it cuts the chunk off a larger one, and the next chunk's, which it writes when it
 * hands it out whole; whatever becomes of the chunk later, one of them is written before it is handed out again.
 */
struct pt_head {
	enum pt_head_kind kind;
	bool cached;         /* of a size that caches serve */
	uint64_t address;    /* what malloc would return */
	uint64_t chunk;      /* bytes of it, header included, once it is handed out; 0: it may be cut off */
	uint64_t key, other; /* addresses of bytes: key, or header; link, or the next chunk's header */
	uint64_t link;       /* the word that says it is next, and what it says */
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
/* What that source hands out next, after so many others (of a cache; of other lists: none). False: nothing, or unknown. */
bool pt_heads_next(struct pt_heads *heads, size_t source, unsigned after, struct pt_head *ret);
/* It is still the next one (a cache: is still free). */
bool pt_heads_still(struct pt_heads *heads, const struct pt_head *head);
/* Usable bytes of the chunk there, as its header has it; 0: it is free, as far as that can be told (not in a fast bin). */
uint64_t pt_heads_used(struct pt_heads *heads, uint64_t address);
/* At most a page of it, if it is there. */
bool pt_heads_read(struct pt_heads *heads, uint64_t address, void *ret, size_t size);
/* There are keys (since glibc 2.29). */
bool pt_heads_keys(const struct pt_heads *heads);

#endif
