/*
 * The heap of glibc's malloc as it stands: arenas, and their chunks, numbered in the order of addresses. Found by their
 * shape, without symbols (malloc/malloc.c, malloc/arena.c: malloc_state, heap_info, malloc_chunk; 64-bit), so that it holds
 * for every version from 2.26 (tcache) on. A picture of a moving thing: what changes while it is walked may be wrong,
 * which is why there are passes (hunt.h).
 *
 * Costs less than two bits for 16 bytes of heap: a bitmap of where chunks begin, with a rank for each page, and one of
 * which are in use. Immutable once read; any thread may ask it.
 */
#ifndef PT_HUNT_HEAP_H
#define PT_HUNT_HEAP_H

#include "core/hunt/memory.h"

typedef uint32_t pt_chunk_id; /* 0..n-1 by address */
#define PT_NO_CHUNK UINT32_MAX

enum pt_chunk_kind {
	PT_CHUNK_USED,
	PT_CHUNK_FREE,   /* in a bin, a fast bin or unsorted */
	PT_CHUNK_CACHED, /* freed, in a thread's tcache */
	PT_CHUNK_TOP,    /* the rest of a region */
	PT_CHUNK_OWN,    /* the allocator's: malloc_state, a tcache, a fencepost */
};

struct pt_chunk {
	uint64_t address; /* what malloc returned: 16 above the chunk's header */
	uint64_t size;    /* bytes the program may use: up to the last 8, which lie in the next header */
	enum pt_chunk_kind kind;
	uint32_t arena; /* index; of mmapped ones PT_NO_ARENA */
};
#define PT_NO_ARENA UINT32_MAX

struct pt_arena {
	uint64_t address, end; /* of its malloc_state, which is no root: it remembers chunks that are long in use */
	uint64_t bins;         /* address of bins[0]: before it lie top, last_remainder, and (10, or none) fast bins */
	bool main;
	uint64_t system, system_max; /* bytes it has from the kernel, as it counts itself */
};

/* Memory that is chunks from end to end. */
struct pt_heap_region {
	uint64_t start, end; /* of the first chunk's header; behind the last (top included) */
	uint32_t arena;      /* PT_NO_ARENA: one mmapped chunk */
};

/* A thread's cache that holds something. */
struct pt_tcache {
	uint64_t address; /* of the tcache_perthread_struct */
	uint64_t entries; /* address of entries[0]: heads of the lists, pointers to user memory */
	unsigned bins;    /* [bins]: of chunks of 32, 48... bytes */
};

struct pt_heap;

/*
 * Reads it anew. 0; -ENOTSUP: there is no malloc of glibc, or nothing that it would recognise; -ESRCH, -EACCES, -ENOMEM;
 * -EAGAIN: it changed too much while it was walked; -EOVERFLOW: more chunks than can be numbered.
 */
int pt_heap_read(struct pt_heap **ret, const struct pt_memory *memory);
void pt_heap_free(struct pt_heap *heap); /* NULL is fine */

const char *pt_heap_version(const struct pt_heap *heap); /* "glibc 2.36", "glibc" */
const struct pt_arena *pt_heap_arenas(const struct pt_heap *heap, size_t *ret_n);
const struct pt_heap_region *pt_heap_regions(const struct pt_heap *heap, size_t *ret_n); /* ascending */
const struct pt_tcache *pt_heap_tcaches(const struct pt_heap *heap, size_t *ret_n);
/* The word at user memory + 8 of every cached chunk; 0: this version has none, or nothing is cached. */
uint64_t pt_heap_tcache_key(const struct pt_heap *heap);
/*
 * Bytes that could not be walked: a header made no sense, or is swapped out. They are in no region: what lies there is
 * neither live nor leaked, and the words in it count as any memory's.
 */
uint64_t pt_heap_broken(const struct pt_heap *heap);
/* Bytes of mappings that are one chunk each, with what their alignment cost; *ret_n: how many. */
uint64_t pt_heap_mmapped(const struct pt_heap *heap, uint64_t *ret_n);

pt_chunk_id pt_heap_n(const struct pt_heap *heap);
void pt_heap_chunk(const struct pt_heap *heap, pt_chunk_id id, struct pt_chunk *ret);
bool pt_heap_used(const struct pt_heap *heap, pt_chunk_id id);
uint64_t pt_heap_used_bits(const struct pt_heap *heap, size_t i); /* of chunks from 64 * i on; i <= n / 64 */
enum pt_chunk_kind pt_heap_kind(const struct pt_heap *heap, pt_chunk_id id);
/* The chunk whose memory (from its header on) holds `address`: a few nanoseconds. PT_NO_CHUNK: none. */
pt_chunk_id pt_heap_find(const struct pt_heap *heap, uint64_t address);
/* The same for many addresses, which is several times cheaper than one after the other. */
struct pt_heap_spot {
	uint64_t address; /* given */
	pt_chunk_id id;
	bool header; /* the address lies in the first 16 bytes of the chunk */
	bool used;   /* the chunk is */
};
void pt_heap_find_all(const struct pt_heap *heap, struct pt_heap_spot *spots, size_t n);
/* All chunks lie within [ret->low, ret->high) of these (brk, and mmap): words outside point at none. n: 1 or 2. */
struct pt_heap_bounds {
	uint64_t low, high;
};
size_t pt_heap_bounds(const struct pt_heap *heap, struct pt_heap_bounds ret[2]);

/* Chunk after chunk, from the one that holds `address` or the next. */
struct pt_heap_cursor {
	const struct pt_heap *heap;
	pt_chunk_id id;
	uint64_t start,
		end; /* of the chunk, with its header; end: of its usable memory, where the next header begins + 8 */
	/* private: */
	size_t region;
};
bool pt_heap_seek(const struct pt_heap *heap, uint64_t address, struct pt_heap_cursor *ret); /* false: none */
bool pt_heap_next(struct pt_heap_cursor *cursor);

#endif
