/*
 * Where a process has a malloc of glibc, by the shape of its main_arena; see heap_inner.h.
 *
 * struct malloc_state (malloc/malloc.c) has 127 bins, pairs fd and bk. An empty one points at itself, 16 bytes before the
 * pair, as if it were a chunk; one with chunks at chunks that point back. Behind the bins are four words of 32 bits and
 * `next`, which closes a ring of all arenas; before them last_remainder, top and the fast bins. Where a malloc_state
 * begins the ring tells, so nothing here depends on a version.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define BINS       127u
#define BINS_SIZE  (BINS * 16u)
#define NEXT       (BINS_SIZE + 16u) /* from bins; then next_free, attached_threads, system_mem, max_system_mem */
#define SYSTEM     (NEXT + 24u)
#define SYSTEM_MAX (NEXT + 32u)
#define BEHIND     (NEXT + 40u)
#define BINS_MAX   256u /* bins are at most so far from the start of a malloc_state */
#define FAST_BINS  80u  /* bytes of them */
#define ARENAS_MAX 65536u
#define TRIES      8u
#define SLICE      (1u << 20) /* bytes of data that are searched at a time */
#define DATA_MAX   (16u << 20)

struct search {
	const struct pt_memory *memory;
	struct pt_malloc *found;
	uint64_t *words; /* [SLICE / 8] from address `start` on */
	uint64_t start;
	size_t n;
	uint64_t system; /* of the arena that was found: the largest one counts */
	bool seen;       /* there is what looks like a bin */
};

static bool word_at(const struct pt_memory *memory, uint64_t address, uint64_t *ret)
{
	return address % 8 == 0 && pt_memory_word(memory, address, ret);
}

/* ---- the ring --------------------------------------------------------------------------------------------------- */

/* Follows `next` from the main arena, if bins are so far from the start of each. Arenas, 0: it does not close. */
static size_t follow_ring(const struct pt_memory *memory, uint64_t main, unsigned bins, struct pt_arena *ret,
			  size_t most)
{
	uint64_t at = main, mark = 0;
	size_t n = 0, turn = 1;
	do {
		uint64_t next;
		if (!word_at(memory, at + bins + NEXT, &next))
			return 0;
		if (n < most)
			ret[n] = (struct pt_arena){
				.address = at, .bins = at + bins, .end = at + bins + BEHIND, .main = at == main};
		if (++n > ARENAS_MAX || next == mark) /* a ring, but not with the main arena in it */
			return 0;
		if (n == turn) {
			mark = next;
			turn *= 2;
		}
		at = next;
	} while (at != main);
	return n;
}

static int take_arenas(struct search *s, uint64_t bins_at, unsigned bins)
{
	struct pt_malloc *found = s->found;
	uint64_t system = 0;
	size_t n = follow_ring(s->memory, bins_at - bins, bins, NULL, 0);
	if (!n || !word_at(s->memory, bins_at + SYSTEM, &system) || system < s->system)
		return -ENOENT;
	struct pt_arena *arenas = calloc(n, sizeof(*arenas));
	if (!arenas)
		return -ENOMEM;
	if (follow_ring(s->memory, bins_at - bins, bins, arenas, n) < n) { /* it grew: what is new is left out */
		free(arenas);
		return -ENOENT;
	}
	free(found->arenas);
	found->arenas = arenas;
	found->n = n;
	found->bins = bins;
	s->system = system;
	for (size_t i = 0; i < n; i++) {
		word_at(s->memory, arenas[i].bins + SYSTEM, &arenas[i].system);
		word_at(s->memory, arenas[i].bins + SYSTEM_MAX, &arenas[i].system_max);
	}
	return 0;
}

/* ---- the bins --------------------------------------------------------------------------------------------------- */

static bool is_empty_bin(const struct search *s, size_t i)
{
	uint64_t self = s->start + i * 8 - 16;
	return s->words[i] == self && s->words[i + 1] == self;
}

static bool is_mapped(const struct search *s, uint64_t address)
{
	size_t i = pt_vma_find(s->memory->vmas, address);
	return i < s->memory->vmas->n && pt_vma_covers(&s->memory->vmas->v[i], address);
}

/* Whether it can be a bin: what its chunks say of it changes too often to be asked. */
static bool is_bin(const struct search *s, size_t i)
{
	uint64_t fd = s->words[i], bk = s->words[i + 1];
	return is_empty_bin(s, i) || (fd % 16 == 0 && bk % 16 == 0 && is_mapped(s, fd) && is_mapped(s, bk));
}

/*
 * Pair i is an empty bin. Takes the arena that it is one of; returns how many words were seen to be bins. What is before them
 * (top, fast bins) can look like some, but only from the first one on does the ring close.
 */
static size_t take_bins(struct search *s, size_t i, int *ret_error)
{
	size_t from = i, to = i + 2;
	while (from >= 2 && i - from < BINS * 4 && is_bin(s, from - 2))
		from -= 2;
	while (to + 1 < s->n && to - i < BINS * 4 && is_bin(s, to))
		to += 2;
	*ret_error = -ENOENT;
	s->seen = true;
	for (size_t first = from; first + BINS * 2 <= to && *ret_error == -ENOENT; first += 2) {
		uint64_t next = 0, at = s->start + first * 8;
		if (!word_at(s->memory, at + NEXT, &next) || next % 8 || !is_mapped(s, next))
			continue;
		for (unsigned bins = 16; bins <= BINS_MAX && *ret_error == -ENOENT; bins += 8)
			*ret_error = take_arenas(s, at, bins);
	}
	return to - i;
}

static int search_slice(struct search *s)
{
	int error = -ENOENT;
	for (size_t i = 0; i + 1 < s->n; i++) {
		if (!is_empty_bin(s, i))
			continue;
		i += take_bins(s, i, &error) - 1;
		if (error != -ENOENT && error)
			return error;
	}
	return 0;
}

/* A file's writable data: that of libc, or of a program it is linked into. */
static int search_vma(struct search *s, uint32_t index)
{
	const struct pt_vma *vma = &s->memory->vmas->v[index];
	const uint64_t overlap = BINS_MAX + BEHIND;
	const struct pt_arena *before = s->found->arenas;
	for (uint64_t at = vma->start; at < vma->end; at += SLICE - overlap / 8 * 8) {
		uint64_t size = vma->end - at < SLICE ? vma->end - at : SLICE;
		ssize_t got = pt_memory_read(s->memory, at, s->words, size);
		if (got < 0)
			return (int)got;
		s->start = at;
		s->n = size / 8;
		int error = got ? search_slice(s) : 0;
		if (error)
			return error;
	}
	if (s->found->arenas != before)
		s->found->vma = index;
	return 0;
}

/* ---- what else is in that data ---------------------------------------------------------------------------------- */

static int read_data(struct pt_malloc *found, const struct pt_memory *memory)
{
	const struct pt_vma *vma = &memory->vmas->v[found->vma], *bss = vma + 1;
	uint64_t main = found->arenas[0].address, start = vma->start, end = vma->end;
	if (found->vma + 1 < memory->vmas->n && bss->role == PT_ROLE_BSS && bss->start == end)
		end = bss->end;
	if (main - start > DATA_MAX)
		start = (main - DATA_MAX) & ~7ull;
	if (end - main > DATA_MAX)
		end = (main + DATA_MAX) & ~7ull;
	found->data = malloc(end - start);
	if (!found->data)
		return -ENOMEM;
	ssize_t got = pt_memory_read(memory, start, found->data, end - start);
	found->data_start = start;
	found->n_data = (end - start) / 8;
	return got < 0 ? (int)got : 0;
}

/*
 * What tcache entries are marked with since 2.34 is a random number: no small one, no address, no few bits. (Where it is
 * one by chance, the lists are followed, as in older versions.)
 */
static void find_keys(struct pt_malloc *found)
{
	found->n_keys = 0;
	for (size_t i = 0; i < found->n_data && found->n_keys < PT_KEYS_MAX; i++) {
		uint64_t word = found->data[i];
		int bits = __builtin_popcountll(word);
		if (word >> 48 && word >> 48 != 0xffff && bits > 12 && bits < 52)
			found->keys[found->n_keys++] = word;
	}
}

/* n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold (32 bits each), mmapped_mem, max_mmapped_mem, sbrk_base. */
static void find_counts(struct pt_malloc *found, const struct pt_memory *memory)
{
	const uint64_t page = 1ull << memory->target->k->page_shift;
	for (size_t i = 4; i < found->n_data; i++) {
		const uint64_t *w = found->data + i - 4;
		size_t vma = pt_vma_find(memory->vmas, w[4]);
		bool is_base = w[4] && vma < memory->vmas->n && memory->vmas->v[vma].role == PT_ROLE_HEAP &&
			       memory->vmas->v[vma].start <= w[4];
		uint32_t n = (uint32_t)w[0], n_max = (uint32_t)w[1];
		if (!is_base || w[2] % page || w[3] % page || w[2] > w[3] || n > n_max || (uint32_t)(w[1] >> 32) > 1)
			continue;
		if (!(w[0] >> 32) || !n != !w[2] || !n_max != !w[3] || w[2] < n * page)
			continue;
		found->counted = true;
		found->n_mmapped = n;
		found->mmapped = w[2];
		return;
	}
}

static int describe(struct pt_malloc *found, const struct pt_memory *memory)
{
	uint64_t first;
	int error = read_data(found, memory);
	if (error)
		return error;
	find_keys(found);
	find_counts(found, memory);
	/* the first word is a lock and flags; NONCONTIGUOUS_BIT is 2 */
	found->contiguous = !(word_at(memory, found->arenas[0].address, &first) && first >> 32 & 2);
	found->fast_bins = found->bins >= FAST_BINS + 16 + 8;
	return 0;
}

static int search_all(struct search *s)
{
	const struct pt_vma_table *vmas = s->memory->vmas;
	int error = 0;
	for (size_t i = 0; i < vmas->n && !error; i++)
		if (vmas->v[i].role == PT_ROLE_DATA)
			error = search_vma(s, (uint32_t)i);
	return error;
}

int pt_malloc_find(struct pt_malloc *ret, const struct pt_memory *memory)
{
	struct search search = {.memory = memory, .found = ret, .words = malloc(SLICE)};
	int error = search.words ? 0 : -ENOMEM;
	*ret = (struct pt_malloc){0};
	for (unsigned try = 0; try < TRIES && !error && !ret->n && (!try || search.seen); try++)
		error = search_all(&search);
	free(search.words);
	if (!error && !ret->n)
		error = search.seen ? -EAGAIN : -ENOTSUP;
	return error ? error : describe(ret, memory);
}

void pt_malloc_free(struct pt_malloc *found)
{
	free(found->arenas);
	free(found->data);
	*found = (struct pt_malloc){0};
}

uint64_t pt_malloc_top(const struct pt_malloc *found, const struct pt_memory *memory, uint32_t arena)
{
	uint64_t top = 0;
	word_at(memory, found->arenas[arena].bins - 16, &top);
	return top;
}

/* ---- heaps of other arenas -------------------------------------------------------------------------------------- */

/*
 * struct heap_info (malloc/arena.c): ar_ptr, prev, size, ...; the first heap of an arena holds its malloc_state as well. It
 * is aligned to the most that a heap can be: 64 MiB, or what huge pages make of that. 0: it is not known.
 */
static uint64_t heap_size_of(const struct pt_memory *memory, uint64_t arena)
{
	static const unsigned char shifts[] = {26, 20, 21, 22, 23, 24, 25, 27, 28, 29, 30, 31, 32};
	for (size_t i = 0; i < sizeof(shifts); i++) {
		uint64_t start = arena & ~((1ull << shifts[i]) - 1), owner;
		if (arena - start >= 32 && arena - start <= 4096 && word_at(memory, start, &owner) && owner == arena)
			return 1ull << shifts[i];
	}
	return 0;
}

int pt_malloc_heaps(const struct pt_malloc *found, const struct pt_memory *memory, uint32_t arena,
		    int (*each)(void *arg, uint64_t first, uint64_t end), void *arg)
{
	const struct pt_arena *a = &found->arenas[arena];
	uint64_t most = heap_size_of(memory, a->address), own = a->address & ~(most - 1);
	uint64_t at = pt_malloc_top(found, memory, arena) & ~(most - 1);
	uint64_t mark = 0;
	int error = 0;
	if (!most)
		return 0;
	for (uint64_t n = 1, turn = 1; at && at != own && at != mark && !error; n++) {
		uint64_t info[3];
		if (pt_memory_read(memory, at, info, sizeof(info)) != sizeof(info) || info[0] != a->address ||
		    info[2] > most || info[2] % PT_GRAIN)
			break;
		error = each(arg, at + (a->address - own), at + info[2]);
		if (n == turn) { /* a chain that leads into itself comes back to where it was at some turn */
			mark = at;
			turn *= 2;
		}
		at = info[1];
	}
	uint64_t size;
	if (!error && word_at(memory, own + 16, &size) && size <= most)
		error = each(arg, (a->end + PT_GRAIN - 1) & ~(uint64_t)(PT_GRAIN - 1), own + size);
	return error;
}
