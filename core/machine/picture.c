/*
 * See picture.h. A frame is a byte: its kind in the lower half, its facts in the upper. Neighbours are mostly alike, so
 * flags that are the same as the frame's before cost a comparison.
 */
#include "core/machine/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/machine/bulk.h"

#define BATCH      (PT_BULK_WORDS - PT_BULK_WORDS % PT_PICTURE_CHUNK)
#define KIND_BITS  4
#define KIND(byte) ((enum pt_frame)((byte) & ((1u << KIND_BITS) - 1)))

_Static_assert(PT_FRAME_N <= 1 << KIND_BITS, "kinds fit");
_Static_assert(PT_FRAME_FACTS <= 8 - KIND_BITS, "facts fit");
_Static_assert(BATCH > 0, "a batch has chunks");

struct pt_picture_chunk {
	atomic_uint refs;
	uint16_t n[PT_FRAME_N], facts[PT_FRAME_FACTS];
	bool alike; /* all are v[0], which is all there is */
	uint8_t v[];
};

const char *pt_frame_fact_name(enum pt_frame_fact fact)
{
	static const char *const names[PT_FRAME_FACTS] = {"mapped", "large folio", "dirty", "locked"};
	return names[fact];
}

/* ---- frames as bytes -------------------------------------------------------------------------------------------- */

static uint8_t byte_of(uint64_t flags)
{
	enum pt_frame kind = pt_frame_of(flags);
	unsigned facts = 0;

	if (kind == PT_FRAME_ANON || kind == PT_FRAME_FILE || kind == PT_FRAME_SHMEM || kind == PT_FRAME_HUGETLB) {
		facts |= flags & KPF(MMAP) ? 1u << PT_FRAME_MAPPED : 0;
		facts |= flags & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL) | KPF(THP)) ? 1u << PT_FRAME_LARGE : 0;
		facts |= flags & (KPF(DIRTY) | KPF(WRITEBACK)) ? 1u << PT_FRAME_DIRTY : 0;
		facts |= flags & (KPF(UNEVICTABLE) | KPF(MLOCKED)) ? 1u << PT_FRAME_LOCKED : 0;
	}
	return (uint8_t)(kind | facts << KIND_BITS);
}

/* Kernels before 6.12 show little of tails: what their head is, they are. Damage is a page's own. */
static void classify(const uint64_t *flags, size_t n, uint8_t *ret)
{
	uint64_t head = 0, last = 0;
	uint8_t byte = byte_of(0);

	for (size_t i = 0; i < n; i++) {
		uint64_t f = flags[i];
		if (f != last) {
			last = f;
			if (f & KPF(COMPOUND_HEAD))
				head = f;
			bool tail = f & KPF(COMPOUND_TAIL) && head;
			byte = byte_of(tail ? (head & ~KPF(HWPOISON)) | f : f);
		}
		ret[i] = byte;
	}
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

static void unref(struct pt_picture_chunk *chunk)
{
	if (chunk && atomic_fetch_sub(&chunk->refs, 1) == 1)
		free(chunk);
}

static struct pt_picture_chunk *ref(struct pt_picture_chunk *chunk)
{
	atomic_fetch_add(&chunk->refs, 1);
	return chunk;
}

static bool all_alike(const uint8_t *v)
{
	return memcmp(v, v + 1, PT_PICTURE_CHUNK - 1) == 0;
}

static bool same(const struct pt_picture_chunk *chunk, const uint8_t *v, bool alike)
{
	if (!chunk || chunk->alike != alike)
		return false;
	return alike ? chunk->v[0] == v[0] : memcmp(chunk->v, v, PT_PICTURE_CHUNK) == 0;
}

static void count(struct pt_picture_chunk *chunk)
{
	uint16_t by_byte[256] = {0};

	if (chunk->alike)
		by_byte[chunk->v[0]] = PT_PICTURE_CHUNK;
	else
		for (size_t i = 0; i < PT_PICTURE_CHUNK; i++)
			by_byte[chunk->v[i]]++;
	for (unsigned byte = 0; byte < 256; byte++) {
		if (!by_byte[byte])
			continue;
		chunk->n[KIND(byte)] = (uint16_t)(chunk->n[KIND(byte)] + by_byte[byte]);
		for (int f = 0; f < PT_FRAME_FACTS; f++)
			if (byte >> (KIND_BITS + f) & 1)
				chunk->facts[f] = (uint16_t)(chunk->facts[f] + by_byte[byte]);
	}
}

static struct pt_picture_chunk *make_chunk(const uint8_t *v, bool alike)
{
	size_t n = alike ? 1 : PT_PICTURE_CHUNK;
	struct pt_picture_chunk *chunk = calloc(1, sizeof(*chunk) + n);

	if (!chunk)
		return NULL;
	atomic_init(&chunk->refs, 1);
	chunk->alike = alike;
	memcpy(chunk->v, v, n);
	count(chunk);
	return chunk;
}

static void add_chunk(struct pt_picture_sums *sums, const struct pt_picture_chunk *chunk)
{
	for (int i = 0; i < PT_FRAME_N; i++)
		sums->n[i] += chunk->n[i];
	for (int i = 0; i < PT_FRAME_FACTS; i++)
		sums->facts[i] += chunk->facts[i];
	sums->frames += PT_PICTURE_CHUNK;
}

static void take_away_chunk(struct pt_picture_sums *sums, const struct pt_picture_chunk *chunk)
{
	for (int i = 0; i < PT_FRAME_N; i++)
		sums->n[i] -= chunk->n[i];
	for (int i = 0; i < PT_FRAME_FACTS; i++)
		sums->facts[i] -= chunk->facts[i];
	sums->frames -= PT_PICTURE_CHUNK;
}

/* A chunk of a picture as v has it; the chunk before it (may be NULL) stays where nothing changed. */
static int set_chunk(struct pt_picture *p, size_t i, const uint8_t *v)
{
	bool alike = all_alike(v);
	struct pt_picture_chunk *before = p->chunks[i], *neighbour = i ? p->chunks[i - 1] : NULL, *chunk;

	if (same(before, v, alike))
		return 0;
	chunk = same(neighbour, v, alike) ? ref(neighbour) : make_chunk(v, alike);
	if (!chunk)
		return -ENOMEM;
	if (before)
		take_away_chunk(&p->sums, before);
	add_chunk(&p->sums, chunk);
	p->chunks[i] = chunk;
	unref(before);
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* The first piece that ends after a frame. */
static size_t piece_at(const struct pt_ram *ram, uint64_t pfn)
{
	size_t low = 0, high = ram->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ram->v[middle].first + ram->v[middle].n <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Frames of memory into bytes; past the end of the file they are unknown. fd < 0: all are. */
static int read_piece(struct pt_kernel *k, int fd, uint64_t first, size_t n, uint64_t *words, uint8_t *ret)
{
	ssize_t got = fd < 0 ? 0 : pt_bulk_read(k, fd, first, n, words);

	if (got < 0)
		return (int)got;
	classify(words, (size_t)got, ret);
	memset(ret + got, PT_FRAME_UNKNOWN, n - (size_t)got);
	return 0;
}

struct batch {
	uint64_t words[BATCH];
	uint8_t bytes[BATCH];
};

/* At most BATCH frames from `first` on, holes and all. */
static int read_batch(struct pt_kernel *k, int fd, const struct pt_ram *ram, uint64_t first, size_t n, struct batch *b)
{
	memset(b->bytes, PT_FRAME_HOLE, n);
	for (size_t i = piece_at(ram, first); i < ram->n && ram->v[i].first < first + n; i++) {
		const struct pt_ram_piece *piece = &ram->v[i];
		uint64_t from = piece->first > first ? piece->first : first;
		uint64_t to = piece->first + piece->n < first + n ? piece->first + piece->n : first + n;
		if (piece->offline) {
			memset(b->bytes + (from - first), PT_FRAME_OFFLINE, to - from);
			continue;
		}
		int error = read_piece(k, fd, from, to - from, b->words, b->bytes + (from - first));
		if (error)
			return error;
	}
	return 0;
}

int pt_picture_open(struct pt_kernel *k)
{
	return k->ops->open(k, "proc/kpageflags", O_RDONLY);
}

int pt_picture_read(struct pt_picture *p, struct pt_kernel *k, int fd, const struct pt_ram *ram, uint64_t first,
		    uint64_t n)
{
	uint64_t end = n > p->frames || first > p->frames - n ? p->frames : first + n;
	struct batch *b = malloc(sizeof(*b));
	int error = b ? 0 : -ENOMEM;

	first -= first % PT_PICTURE_CHUNK;
	for (uint64_t at = first; at < end && !error; at += BATCH) {
		uint64_t chunks = (end - at + PT_PICTURE_CHUNK - 1) / PT_PICTURE_CHUNK;
		size_t size = chunks < BATCH / PT_PICTURE_CHUNK ? (size_t)chunks * PT_PICTURE_CHUNK : BATCH;
		error = read_batch(k, fd, ram, at, size, b);
		for (size_t i = 0; i < size && !error; i += PT_PICTURE_CHUNK)
			error = set_chunk(p, (size_t)((at + i) / PT_PICTURE_CHUNK), b->bytes + i);
	}
	free(b);
	return error;
}

/* ---- pictures --------------------------------------------------------------------------------------------------- */

static struct pt_picture *empty(uint64_t frames)
{
	struct pt_picture *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->frames = frames;
	p->n_chunks = (size_t)((frames + PT_PICTURE_CHUNK - 1) / PT_PICTURE_CHUNK);
	p->chunks = calloc(p->n_chunks + 1, sizeof(struct pt_picture_chunk *));
	if (!p->chunks) {
		free(p);
		return NULL;
	}
	return p;
}

/* Frames of the last chunk past the end are holes of the chunk, but none of the machine. */
static void forget_past_end(struct pt_picture *p)
{
	uint64_t past = p->n_chunks * (uint64_t)PT_PICTURE_CHUNK - p->frames;

	p->sums.n[PT_FRAME_HOLE] -= past;
	p->sums.frames -= past;
}

int pt_picture_new(const struct pt_ram *ram, struct pt_picture **ret)
{
	struct pt_picture *p = empty(ram->frames);
	int error = p ? pt_picture_read(p, NULL, -1, ram, 0, ram->frames) : -ENOMEM;

	if (error) {
		pt_picture_free(p);
		return error;
	}
	forget_past_end(p);
	*ret = p;
	return 0;
}

struct pt_picture *pt_picture_copy(const struct pt_picture *p)
{
	struct pt_picture *copy = empty(p->frames);

	if (!copy)
		return NULL;
	for (size_t i = 0; i < p->n_chunks; i++)
		copy->chunks[i] = ref(p->chunks[i]);
	copy->sums = p->sums;
	return copy;
}

void pt_picture_free(struct pt_picture *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_chunks; i++)
		unref(p->chunks[i]);
	free(p->chunks);
	free(p);
}

/* ---- asked ------------------------------------------------------------------------------------------------------ */

static uint8_t byte_at(const struct pt_picture *p, uint64_t pfn)
{
	const struct pt_picture_chunk *chunk = p->chunks[pfn / PT_PICTURE_CHUNK];

	return chunk->v[chunk->alike ? 0 : pfn % PT_PICTURE_CHUNK];
}

static void add_alike(struct pt_picture_sums *sums, uint8_t byte, uint64_t n)
{
	sums->n[KIND(byte)] += n;
	for (int f = 0; f < PT_FRAME_FACTS; f++)
		sums->facts[f] += byte >> (KIND_BITS + f) & 1 ? n : 0;
	sums->frames += n;
}

/* Frames [first, end) of a chunk, run by run. */
static void add_part(struct pt_picture_sums *sums, const struct pt_picture_chunk *chunk, size_t first, size_t end)
{
	size_t run = first;

	for (size_t at = first; at < end; at = run) {
		for (run = chunk->alike ? end : at + 1; run < end && chunk->v[run] == chunk->v[at];)
			run++;
		add_alike(sums, chunk->v[chunk->alike ? 0 : at], run - at);
	}
}

void pt_picture_add(const struct pt_picture *p, uint64_t first, uint64_t n, struct pt_picture_sums *sums)
{
	uint64_t end = n > p->frames || first > p->frames - n ? p->frames : first + n;

	for (uint64_t at = first; at < end;) {
		const struct pt_picture_chunk *chunk = p->chunks[at / PT_PICTURE_CHUNK];
		size_t from = (size_t)(at % PT_PICTURE_CHUNK), left = PT_PICTURE_CHUNK - from;
		size_t here = end - at < left ? (size_t)(end - at) : left;
		if (here == PT_PICTURE_CHUNK)
			add_chunk(sums, chunk);
		else
			add_part(sums, chunk, from, from + here);
		at += here;
	}
}

/* Chunks that both pictures share are not looked into. */
unsigned pt_picture_changed(const struct pt_picture *now, const struct pt_picture *before, uint64_t first, uint64_t n)
{
	uint64_t frames = now->frames < before->frames ? now->frames : before->frames;
	uint64_t end = n > frames || first > frames - n ? frames : first + n, next;
	unsigned differs = 0;

	for (uint64_t at = first; at < end; at = next) {
		size_t chunk = (size_t)(at / PT_PICTURE_CHUNK);
		next = (chunk + 1) * (uint64_t)PT_PICTURE_CHUNK < end ? (chunk + 1) * (uint64_t)PT_PICTURE_CHUNK : end;
		for (uint64_t pfn = at; pfn < next && now->chunks[chunk] != before->chunks[chunk]; pfn++)
			if (KIND(byte_at(before, pfn)) != PT_FRAME_UNKNOWN)
				differs |= byte_at(now, pfn) ^ byte_at(before, pfn);
	}
	return differs >> KIND_BITS | (KIND(differs) ? PT_FRAME_KIND_CHANGED : 0);
}

enum pt_frame pt_picture_frame(const struct pt_picture *p, uint64_t pfn, unsigned *ret_facts)
{
	uint8_t byte = pfn < p->frames ? byte_at(p, pfn) : PT_FRAME_HOLE;

	if (ret_facts)
		*ret_facts = byte >> KIND_BITS;
	return KIND(byte);
}

uint64_t pt_picture_bytes(const struct pt_picture *p)
{
	uint64_t bytes = sizeof(*p) + p->n_chunks * sizeof(void *);

	for (size_t i = 0; i < p->n_chunks; i++) {
		const struct pt_picture_chunk *chunk = p->chunks[i];
		if (!i || chunk != p->chunks[i - 1])
			bytes += sizeof(*chunk) + (chunk->alike ? 1 : PT_PICTURE_CHUNK);
	}
	return bytes;
}
