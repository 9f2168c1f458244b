/*
 * See heads.h. Numbers are those of glibc's malloc/malloc.c on 64-bit machines. Every word read may be of a moment that is
 * over: what comes out of it is looked at once more when it is armed.
 */
#include "core/hunt/heads.h"

#include "core/kernel/abi.h"
#include <errno.h>
#include <stdlib.h>

#define HEADER        16u /* from a chunk's start to what malloc returns */
#define CHUNK_MIN     32u
#define PREV_INUSE    1u
#define SIZE_BITS     7u /* PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA */
#define FAST_MAX      128u
#define FAST_BINS     10u
#define CACHED_LIMIT  1056u /* of caches; those of 2.42 have a few larger ones, which are not looked at */
#define SMALL_LIMIT   1024u
#define BINS          254u /* words: fd and bk of each of 127 */
#define LINK_BYTE     7u
#define KEY_BYTE      15u /* the last byte of the key, at 8: programs that put an int there do not touch it */
#define LIST_MAX      8u
#define UNSORTED_MAX  8u
#define MMAPPED_LEAST (128u << 10) /* by default */

struct list { /* a thread's cache, or an arena's fast bins, or its bins and top */
	enum pt_head_kind kind;
	uint64_t address; /* of entries, or bins */
	uint64_t owner;   /* a cache's tcache_perthread_struct */
	unsigned bins;
};

struct source {
	uint64_t chunk; /* bytes of the chunks, header included */
	size_t list;
};

struct pt_heads {
	struct pt_target *target;
	uint64_t key;
	struct list *lists;
	size_t n_lists;
	struct source *sources;
	size_t n;
};

/* ---- which there are -------------------------------------------------------------------------------------------- */

static bool serves(const struct list *list, uint64_t chunk)
{
	switch (list->kind) {
	case PT_HEAD_TCACHE: return chunk < CACHED_LIMIT && (chunk - CHUNK_MIN) / HEADER < list->bins;
	case PT_HEAD_FAST: return chunk <= FAST_MAX;
	case PT_HEAD_BIN:
	case PT_HEAD_TOP: break;
	}
	return chunk < MMAPPED_LEAST;
}

static int list_them(struct pt_heads *heads, const struct pt_heap *heap)
{
	size_t n_caches, n_arenas;
	const struct pt_tcache *caches = pt_heap_tcaches(heap, &n_caches);
	const struct pt_arena *arenas = pt_heap_arenas(heap, &n_arenas);
	heads->lists = calloc(n_caches + 3 * n_arenas + 1, sizeof(*heads->lists));
	if (!heads->lists)
		return -ENOMEM;
	for (size_t i = 0; i < n_caches; i++)
		heads->lists[heads->n_lists++] = (struct list){PT_HEAD_TCACHE, caches[i].entries, caches[i].address,
							       caches[i].bins};
	for (size_t i = 0; i < n_arenas; i++)
		for (enum pt_head_kind kind = PT_HEAD_FAST; kind <= PT_HEAD_TOP; kind++)
			heads->lists[heads->n_lists++] = (struct list){.kind = kind, .address = arenas[i].bins};
	return 0;
}

int pt_heads_new(struct pt_heads **ret, struct pt_target *target, const struct pt_heap *heap, const uint64_t *sizes,
		 size_t n)
{
	struct pt_heads *heads = calloc(1, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	heads->target = target;
	heads->key = pt_heap_tcache_key(heap);
	int error = list_them(heads, heap);
	if (!error)
		heads->sources = calloc(heads->n_lists * n + 1, sizeof(*heads->sources));
	if (!heads->sources) {
		pt_heads_free(heads);
		return -ENOMEM;
	}
	for (size_t l = 0; l < heads->n_lists; l++)
		for (size_t i = 0; i < n; i++) {
			const struct source source = {(sizes[i] + sizeof(uint64_t)) & ~(uint64_t)(HEADER - 1), l};
			if (source.chunk >= CHUNK_MIN && serves(&heads->lists[l], source.chunk))
				heads->sources[heads->n++] = source;
		}
	*ret = heads;
	return 0;
}

void pt_heads_free(struct pt_heads *heads)
{
	if (!heads)
		return;
	free(heads->lists);
	free(heads->sources);
	free(heads);
}

size_t pt_heads_n(const struct pt_heads *heads)
{
	return heads->n;
}

bool pt_heads_keys(const struct pt_heads *heads)
{
	return heads->key != 0;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

/* What is absent stays so: reading would make it. */
static bool is_present(const struct pt_heads *heads, uint64_t address)
{
	struct pt_kernel *k = heads->target->k;
	uint64_t entry;
	const uint64_t at = (address >> k->page_shift) * sizeof(entry);
	return k->ops->pread(k, heads->target->pagemap, &entry, sizeof(entry), at) == (ssize_t)sizeof(entry) &&
	       (entry & PM_PRESENT);
}

bool pt_heads_read(struct pt_heads *heads, uint64_t address, void *ret, size_t size)
{
	struct pt_kernel *k = heads->target->k;
	const uint64_t page = (uint64_t)1 << k->page_shift, last = address + size - 1;
	if (address < page || !size || size > page || last < address || !is_present(heads, address))
		return false;
	if (last / page != address / page && !is_present(heads, last))
		return false;
	return k->ops->read_memory(k, heads->target->pid, address, ret, size) == (ssize_t)size;
}

static bool read_words(struct pt_heads *heads, uint64_t address, uint64_t *ret, size_t n)
{
	return address % sizeof(*ret) == 0 && pt_heads_read(heads, address, ret, n * sizeof(*ret));
}

/* Usable bytes by the header; 0: that is none. */
static uint64_t usable(struct pt_heads *heads, uint64_t address)
{
	uint64_t header;
	if (address % HEADER || !read_words(heads, address - sizeof(header), &header, 1))
		return 0;
	return header > CHUNK_MIN ? (header & ~(uint64_t)SIZE_BITS) - sizeof(header) : 0;
}

/* Of caches before 2.34 the key is the owner. */
static bool is_key(const struct pt_heads *heads, uint64_t word)
{
	bool is = heads->key && word == heads->key;
	for (size_t i = 0; i < heads->n_lists && heads->key && !is; i++)
		is = heads->lists[i].owner && heads->lists[i].owner == word;
	return is;
}

static bool is_cached(struct pt_heads *heads, uint64_t address)
{
	uint64_t word;
	return read_words(heads, address + sizeof(word), &word, 1) && is_key(heads, word);
}

uint64_t pt_heads_used(struct pt_heads *heads, uint64_t address)
{
	const uint64_t size = usable(heads, address);
	uint64_t after;
	if (!size || is_cached(heads, address) || !read_words(heads, address + size, &after, 1))
		return 0;
	return after & PREV_INUSE ? size : 0;
}

/* Links between cached chunks are XORed with where they lie (since 2.32), which an aligned one tells. */
static uint64_t follow(uint64_t place, uint64_t word)
{
	const uint64_t plain = word ^ (place >> 12);
	return word && word % HEADER == 0 && plain % HEADER != 0 ? word : plain;
}

static bool next_cached(struct pt_heads *heads, const struct source *source, unsigned after, struct pt_head *ret)
{
	const struct list *list = &heads->lists[source->list];
	uint64_t words[2] = {0};
	ret->link = list->address + (source->chunk - CHUNK_MIN) / HEADER * sizeof(uint64_t);
	if (!read_words(heads, ret->link, &ret->next, 1))
		return false;
	ret->address = ret->next;
	for (; ret->address; after--) {
		if (!read_words(heads, ret->address, words, 2) || (heads->key && !is_key(heads, words[1])))
			return false;
		if (!after)
			break;
		ret->address = follow(ret->address, words[0]);
	}
	return ret->address && usable(heads, ret->address) + sizeof(uint64_t) == source->chunk;
}

static bool next_fast(struct pt_heads *heads, const struct source *source, struct pt_head *ret)
{
	const struct list *list = &heads->lists[source->list];
	const uint64_t bins = list->address - (FAST_BINS + 2) * sizeof(uint64_t);
	ret->link = bins + (source->chunk - CHUNK_MIN) / HEADER * sizeof(uint64_t);
	if (!read_words(heads, ret->link, &ret->next, 1) || !ret->next)
		return false;
	ret->address = ret->next + HEADER;
	return usable(heads, ret->address) + sizeof(uint64_t) == source->chunk;
}

/* ---- bins ------------------------------------------------------------------------------------------------------- */

/* malloc/malloc.c: largebin_index_64. */
static unsigned bin_of(uint64_t chunk)
{
	if (chunk < SMALL_LIMIT)
		return (unsigned)(chunk / HEADER);
	if (chunk >> 6 <= 48)
		return 48 + (unsigned)(chunk >> 6);
	if (chunk >> 9 <= 20)
		return 91 + (unsigned)(chunk >> 9);
	if (chunk >> 12 <= 10)
		return 110 + (unsigned)(chunk >> 12);
	if (chunk >> 15 <= 4)
		return 119 + (unsigned)(chunk >> 15);
	return chunk >> 18 <= 2 ? 124 + (unsigned)(chunk >> 18) : 126;
}

/* `chunk` is taken whole, or so much is cut off its beginning. */
static bool take_of(struct pt_heads *heads, uint64_t chunk, uint64_t wanted, struct pt_head *ret)
{
	ret->address = chunk + HEADER;
	const uint64_t size = usable(heads, ret->address) + sizeof(uint64_t);
	ret->chunk = size < wanted + CHUNK_MIN ? size : 0;
	return size >= wanted && size <= UINT32_MAX;
}

/* The last of a bin, which is the oldest, or of large chunks the smallest. */
static bool last_of(const struct list *list, const uint64_t *words, unsigned bin, uint64_t *ret)
{
	const uint64_t header = list->address + (bin - 1) * 2 * sizeof(uint64_t) - HEADER;
	*ret = words[(bin - 1) * 2 + 1];
	return *ret && *ret != header;
}

/* What was freed lately is looked through from its end; of another size only the rest of what was cut last is taken. */
static bool next_unsorted(struct pt_heads *heads, const struct source *source, const uint64_t *words,
			  struct pt_head *ret)
{
	const uint64_t bins = heads->lists[source->list].address;
	uint64_t chunk = words[1], cut = 0;
	read_words(heads, bins - sizeof(cut), &cut, 1);
	ret->link = bins + sizeof(uint64_t);
	for (unsigned i = 0; i < UNSORTED_MAX && chunk && chunk != bins - HEADER; i++) {
		if (take_of(heads, chunk, source->chunk, ret) && (ret->chunk || (!i && chunk == cut))) {
			ret->next = chunk;
			return true;
		}
		ret->link = chunk + 3 * sizeof(uint64_t);
		if (!read_words(heads, ret->link, &chunk, 1))
			return false;
	}
	return false;
}

/* The bin of its size, what was freed lately if it fits, then the next larger one. */
static bool next_in_bins(struct pt_heads *heads, const struct source *source, struct pt_head *ret)
{
	const struct list *list = &heads->lists[source->list];
	uint64_t words[BINS];
	const unsigned own = bin_of(source->chunk);
	if (!read_words(heads, list->address, words, BINS))
		return false;
	for (unsigned bin = own; bin <= BINS / 2; bin++) {
		/* a bin of one size comes before what is unsorted */
		if (bin == own + (source->chunk < SMALL_LIMIT) && next_unsorted(heads, source, words, ret))
			return true;
		ret->link = list->address + ((bin - 1) * 2 + 1) * sizeof(uint64_t);
		if (last_of(list, words, bin, &ret->next) && take_of(heads, ret->next, source->chunk, ret))
			return true;
	}
	return false;
}

static bool next_top(struct pt_heads *heads, const struct source *source, struct pt_head *ret)
{
	ret->link = heads->lists[source->list].address - 2 * sizeof(uint64_t);
	return read_words(heads, ret->link, &ret->next, 1) && take_of(heads, ret->next, source->chunk, ret);
}

static bool find(struct pt_heads *heads, const struct source *source, unsigned after, struct pt_head *ret)
{
	if (after && (ret->kind != PT_HEAD_TCACHE || after >= LIST_MAX))
		return false;
	switch (ret->kind) {
	case PT_HEAD_TCACHE: return next_cached(heads, source, after, ret);
	case PT_HEAD_FAST: return next_fast(heads, source, ret);
	case PT_HEAD_BIN: return next_in_bins(heads, source, ret);
	case PT_HEAD_TOP: return next_top(heads, source, ret);
	}
	return false;
}

bool pt_heads_next(struct pt_heads *heads, size_t source, unsigned after, struct pt_head *ret)
{
	const struct source *s = &heads->sources[source];
	*ret = (struct pt_head){.kind = heads->lists[s->list].kind, .chunk = s->chunk};
	if (!find(heads, s, after, ret))
		return false;
	const uint64_t header = ret->address - sizeof(uint64_t), bytes = ret->chunk ? ret->chunk : s->chunk;
	ret->cached = ret->kind == PT_HEAD_FAST || bytes < CACHED_LIMIT;
	ret->key = ret->cached ? ret->address + KEY_BYTE : header;
	ret->other = ret->cached ? ret->address + LINK_BYTE : header + bytes;
	if (ret->cached && heads->key)
		ret->other = 0;
	return true;
}

bool pt_heads_still(struct pt_heads *heads, const struct pt_head *head)
{
	uint64_t word;
	if (head->kind == PT_HEAD_TCACHE && heads->key)
		return is_cached(heads, head->address);
	return read_words(heads, head->link, &word, 1) && word == head->next;
}
