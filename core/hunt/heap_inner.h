/*
 * Private to heap*.c: a heap in the making.
 *
 * A space is one region with its index: a bitmap of where chunks begin, in blocks that also say how many began before, so that
 * the number of a chunk is found in O(1), by one line of the processor's cache. An mmapped chunk needs none.
 */
#ifndef PT_HUNT_HEAP_INNER_H
#define PT_HUNT_HEAP_INNER_H

#include "core/hunt/heap.h"

#define PT_HEADER      16u /* from a chunk to its user memory */
#define PT_CHUNK_LEAST 32u
#define PT_GRAIN       16u /* chunks begin at multiples of it */

enum pt_head_flag { PT_PREV_INUSE = 1, PT_IS_MMAPPED = 2, PT_NON_MAIN = 4 };
#define PT_HEAD_SIZE(head) ((head) & ~(uint64_t)7)

#define PT_BLOCK_WORDS 3u

struct pt_block {                        /* of 3 KiB of memory */
	uint64_t starts[PT_BLOCK_WORDS]; /* a bit for 16 bytes: here a chunk begins */
	uint32_t rank;                   /* chunks of the space before it */
	uint8_t step[4];                 /* chunks of it before each word */
};

struct pt_space {
	struct pt_heap_region region;
	struct pt_block *blocks; /* NULL: one chunk */
	uint32_t *hints;         /* index into blocks of each 4096th chunk */
	uint64_t *used;          /* a bit per chunk, while it is walked */
	pt_chunk_id first, n;
	bool reaches; /* its last chunk reaches 8 bytes behind its end, as others do into the next header */
};

/* A chunk that is neither used nor simply free. */
struct pt_oddity {
	uint64_t address; /* of its header */
	pt_chunk_id id;
	enum pt_chunk_kind kind;
};

struct pt_unit { /* 64 MiB of addresses: spaces that reach into it */
	uint32_t first, n;
};
#define PT_UNIT_SHIFT 26u
#define PT_UNITS      (1u << (47 - PT_UNIT_SHIFT))

struct pt_heap {
	char version[32];
	struct pt_arena *arenas;
	size_t n_arenas;
	struct pt_space *spaces; /* [n_regions], as regions */
	struct pt_heap_region *regions;
	size_t n_regions, room;
	struct pt_unit *units; /* [PT_UNITS], untouched where nothing is */
	uint64_t *used;        /* a bit per chunk */
	pt_chunk_id n;
	struct pt_oddity *odd;
	size_t n_odd, room_odd;
	struct pt_tcache *tcaches;
	size_t n_tcaches, room_tcaches;
	uint64_t key, broken, mmapped, n_mmapped;
	struct pt_heap_bounds bounds[2];
	size_t n_bounds;
};

/* Where in the blocks of a space the bit of an address is. */
struct pt_place {
	uint64_t block;
	unsigned word, bit;
};
static inline struct pt_place pt_place_of(const struct pt_space *space, uint64_t address)
{
	uint64_t grain = (address - space->region.start) / PT_GRAIN;
	unsigned in = (unsigned)(grain % (PT_BLOCK_WORDS * 64));
	return (struct pt_place){grain / (PT_BLOCK_WORDS * 64), in / 64, in % 64};
}
/* How many blocks a space up to `end` has. */
static inline uint64_t pt_blocks_of(const struct pt_space *space, uint64_t end)
{
	return (end - space->region.start + PT_BLOCK_WORDS * 64 * PT_GRAIN - 1) / (PT_BLOCK_WORDS * 64 * PT_GRAIN);
}
/* Bits that are set; not every processor that this is built for has an instruction for it. */
static inline uint32_t pt_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555u;
	bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (uint32_t)(bits * 0x0101010101010101u >> 56);
}

/* ---- the allocator, found (heap_arena.c) ------------------------------------------------------------------------ */

#define PT_KEYS_MAX 64u

struct pt_malloc {
	struct pt_arena *arenas; /* [n], the main one first; malloc'ed */
	size_t n;
	bool contiguous;     /* the main arena says that all of it came from brk */
	unsigned bins;       /* offset of bins in a malloc_state: its size follows */
	bool fast_bins;      /* there are such */
	uint32_t vma;        /* where the main one lies: data of libc, or of a static program */
	uint64_t *data;      /* [n_data] words of that data, and of the bss behind; malloc'ed */
	uint64_t data_start; /* address of the first */
	size_t n_data;
	uint64_t keys[PT_KEYS_MAX]; /* words of it that may be what tcache entries are marked with */
	size_t n_keys;
	/* of malloc_par, where it was recognised: */
	bool counted;
	uint64_t n_mmapped, mmapped; /* chunks, and their bytes */
};

/* 0, -ENOTSUP: there is none, -ENOMEM, -ESRCH. */
int pt_malloc_find(struct pt_malloc *ret, const struct pt_memory *memory);
void pt_malloc_free(struct pt_malloc *found); /* what it holds */
uint64_t pt_malloc_top(const struct pt_malloc *found, const struct pt_memory *memory, uint32_t arena);
/* Each heap of an arena but the main one: its first chunk, and its end. 0 or what each said. */
int pt_malloc_heaps(const struct pt_malloc *found, const struct pt_memory *memory, uint32_t arena,
		    int (*each)(void *arg, uint64_t first, uint64_t end), void *arg);
/* "glibc 2.36", of the text that every libc holds; "glibc" where it cannot be read. */
void pt_malloc_version(const struct pt_malloc *found, const struct pt_memory *memory, char ret[32]);

/* ---- chunks, walked (heap_walk.c) ------------------------------------------------------------------------------- */

#ifndef PT_HEAP_WINDOW
#define PT_HEAP_WINDOW (256u << 10) /* bytes that are read at a time */
#endif

#define PT_BEGUN 4u

struct pt_chunk_walk {
	const struct pt_memory *memory;
	const struct pt_malloc *found;
	struct pt_heap *heap;
	unsigned char *window; /* bytes of [from, to) */
	uint64_t from, to;
	uint32_t arena;
	uint64_t start, limit;    /* of the region */
	uint64_t at;              /* the next header */
	uint64_t top;             /* of the arena; UINT64_MAX: not here */
	uint64_t begun[PT_BEGUN]; /* chunks at which the last windows were read, the latest last */
	uint64_t trouble;         /* address of the last header that made no sense, */
	unsigned tries;           /* and how often was read again up to there */
	struct pt_space now;      /* the one at work */
	size_t room_used;         /* bits of now.used */
	int error;
	bool mapped;         /* not of brk: what is behind a fencepost is something else */
	bool found_again;    /* it began where headers began to make sense again */
	uint64_t last;       /* header of the chunk before `at`; 0: none */
	uint64_t filter[64]; /* of keys, by hash */
	size_t key_hits[PT_KEYS_MAX];
	uint64_t *caches; /* [n_caches] headers of chunks that may be a tcache */
	size_t n_caches, room_caches;
};

int pt_chunk_walk_init(struct pt_chunk_walk *walk, struct pt_heap *heap, const struct pt_malloc *found,
		       const struct pt_memory *memory);
void pt_chunk_walk_free(struct pt_chunk_walk *walk);
/* Chunks from `start` on, of an arena; adds spaces. 0, -ENOMEM, -ESRCH, -EOVERFLOW. */
int pt_chunk_walk_region(struct pt_chunk_walk *walk, uint32_t arena, uint64_t start, uint64_t limit);
/* How many chunks seem to follow each other from `start` on; PT_SENSE: so many, or up to the limit, a fencepost or the top. */
#define PT_SENSE 16u
unsigned pt_chunk_walk_test(struct pt_chunk_walk *walk, uint32_t arena, uint64_t start, uint64_t limit);
/* An address a little behind `at` where chunks seem to begin; limit: none; 0: walk->error. */
uint64_t pt_chunk_walk_seek(struct pt_chunk_walk *walk, uint32_t arena, uint64_t at, uint64_t limit);
/* That a chunk may be a tcache. */
int pt_chunk_walk_note(struct pt_chunk_walk *walk, uint64_t header);
/* pt_chunk_walk_region by two threads (heap_halves.c). */
int pt_chunk_walk_halves(struct pt_chunk_walk *walk, uint32_t arena, uint64_t start, uint64_t limit);
/* [at, at + 32) at least, of memory up to `limit`; what is behind it is zero. NULL: walk->error. */
const unsigned char *pt_chunk_walk_window(struct pt_chunk_walk *walk, uint64_t at, uint64_t limit);

/* ---- mmapped chunks, and what else lies between mappings (heap_mmap.c) ------------------------------------------ */

int pt_heap_find_mmapped(struct pt_chunk_walk *walk);

/* ---- what is free though it looks used (heap_free.c) ------------------------------------------------------------ */

struct pt_cache_shape {
	uint64_t size;    /* of the chunk */
	unsigned entries; /* their offset */
	unsigned bins;
};
/* Of a tcache_perthread_struct in a chunk of that size; NULL: it is none. */
const struct pt_cache_shape *pt_cache_shape(uint64_t size);

int pt_heap_find_free(struct pt_chunk_walk *walk);

/* ---- the index (heap_index.c) ----------------------------------------------------------------------------------- */

/* Takes over what the space holds, also when it fails. */
int pt_heap_add(struct pt_heap *heap, struct pt_space *space);
/* Down to n spaces again. */
void pt_heap_drop(struct pt_heap *heap, size_t n);
int pt_heap_add_odd(struct pt_heap *heap, uint64_t address, enum pt_chunk_kind kind);
/* Once all are there: in order, numbered. */
int pt_heap_number(struct pt_heap *heap);
/* Once numbered: this chunk is not used, but `kind`. */
int pt_heap_set(struct pt_heap *heap, pt_chunk_id id, enum pt_chunk_kind kind);
/* At the end: oddities by number. */
void pt_heap_settle(struct pt_heap *heap);
/* The chunk whose header is right there. */
pt_chunk_id pt_heap_exact(const struct pt_heap *heap, uint64_t header);

#endif
