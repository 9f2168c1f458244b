/*
 * Which codes there are. A code is believed when far more of the lost objects are seen encoded than other addresses are: their
 * starts + 16, where nothing begins, and for codes of 32 bits, which small numbers look like, the starts of live objects too.
 *
 * Keys have to be found. A constant that is XORed: it takes a word of a family to some lost object, and must take the other
 * words of the family to lost objects too. A base of 32-bit offsets: some live object, or the start of a heap.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/hunt/hidden_parts.h"

#define SAMPLE_MOST 16384u      /* addresses */
#define FAMILIES    256u        /* that are looked into */
#define TRIALS      20000000ull /* keys that are tried, all together */
#define KEYS        512u        /* of one family, that are held against what was seen */
#define BASES_MOST  32768u
#define QUICK       64u /* addresses that a base is tried with at first */
#define HIGHS       4u
#define CHOSEN      12u /* words that a key was chosen by: they prove nothing */

struct sample {
	uint64_t *v; /* [n] addresses of objects */
	size_t n;
};

struct believe {
	struct pt_hidden *h;
	struct sample lost, live;
	struct pt_sight *starts; /* of all lost objects, as words */
	double filled;
	uint64_t trials;
};

/* ---- samples ---------------------------------------------------------------------------------------------------- */

/* In no order that the program could have made them in. */
static size_t scattered(size_t i, size_t n)
{
	return (size_t)((i * 0x9e3779b97f4a7c15u >> 11) % n);
}

static int sample_lost(struct believe *b)
{
	const struct pt_hidden *h = b->h;
	size_t n = h->n < SAMPLE_MOST ? h->n : SAMPLE_MOST;
	b->lost.v = malloc(n * sizeof(*b->lost.v));
	for (size_t i = 0; b->lost.v && i < n; i++) {
		const struct pt_leak_object *o = &h->objects[n == h->n ? i : scattered(i, h->n)];
		if (pt_hidden_lost_at(h, o->address) != PT_NO_CHUNK)
			b->lost.v[b->lost.n++] = o->address;
	}
	/* shuffled, so that the first ones are a sample too */
	for (size_t i = b->lost.n; i > 1; i--) {
		size_t k = scattered(i * 7919, i);
		uint64_t swap = b->lost.v[i - 1];
		b->lost.v[i - 1] = b->lost.v[k];
		b->lost.v[k] = swap;
	}
	return b->lost.v ? 0 : -ENOMEM;
}

static int sample_live(struct believe *b)
{
	const struct pt_heap *heap = b->h->heap;
	size_t all = pt_heap_n(heap), n = all < BASES_MOST ? all : BASES_MOST;
	b->live.v = malloc((n + 1) * sizeof(*b->live.v));
	for (size_t i = 0; b->live.v && i < n; i++) {
		struct pt_chunk chunk;
		pt_chunk_id id = (pt_chunk_id)(n == all ? i : scattered(i, all));
		if (!pt_heap_used(heap, id) || pt_reach_of(b->h->reach, id) != PT_REACHED)
			continue;
		pt_heap_chunk(heap, id, &chunk);
		b->live.v[b->live.n++] = chunk.address;
	}
	return b->live.v ? 0 : -ENOMEM;
}

/* ---- what was seen of a code ------------------------------------------------------------------------------------ */

static size_t count(const struct believe *b, const struct pt_coding *code, const struct sample *sample, size_t n,
		    uint64_t shift)
{
	enum pt_coding_part part = pt_coding_part(code->kind);
	size_t hits = 0;
	uint64_t value;
	for (size_t i = 0; i < n; i++)
		hits += pt_coding_encode(code, sample->v[i] + shift, &value) && pt_sight_has(b->h->seen, part, value);
	return hits;
}

static bool exceeds(double hits, double chance, double more)
{
	return hits >= chance + 6 * sqrt(chance + 1) + 2 + more;
}

/* By how many hits it is above chance; 0: it is not believed. */
static double weight(const struct believe *b, const struct pt_coding *code, double more)
{
	const struct sample *lost = &b->lost, *live = &b->live;
	double hits = (double)count(b, code, lost, lost->n, 0);
	double chance = (double)lost->n * b->filled;
	if (!exceeds(hits, chance, more))
		return 0;
	double beside = (double)count(b, code, lost, lost->n, 16);
	chance = beside > chance ? beside : chance;
	if (pt_coding_part(code->kind) == PT_PART_HALF && live->n) {
		size_t n = live->n < lost->n ? live->n : lost->n;
		double others = (double)count(b, code, live, n, 0) * (double)lost->n / (double)n;
		chance = others > chance ? others : chance;
	}
	if (pt_coding_part(code->kind) == PT_PART_HALF)
		more += (double)lost->n / 16; /* numbers of 32 bits are many things */
	return exceeds(hits, chance, more) ? hits - chance : 0;
}

static bool add(struct believe *b, struct pt_coding code)
{
	struct pt_hidden *h = b->h;
	if (h->n_codings == PT_HIDDEN_CODINGS)
		return false;
	h->codings[h->n_codings++] = code;
	return true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static bool is_known(const struct believe *b, uint64_t key)
{
	for (size_t i = 0; i < b->h->n_codings; i++)
		if (b->h->codings[i].kind == PT_CODING_XOR && b->h->codings[i].key == key)
			return true;
	return false;
}

/* Links of glibc's have their place for a key, and stay what they are when they are copied. */
static bool is_place(const struct pt_hidden *h, uint64_t key)
{
	for (size_t i = 0; i < h->n_bounds; i++)
		if (key >= h->bounds[i].low >> 12 && key <= h->bounds[i].high >> 12)
			return true;
	return false;
}

/* Whether a key takes all words of a family to lost objects, but one. */
static bool takes(const struct believe *b, const struct pt_sight_family *f, uint64_t key)
{
	unsigned missed = 0;
	for (unsigned i = 0; i < PT_FAMILY_SAMPLES && missed < 2; i++)
		missed += f->samples[i] && !pt_sight_has(b->starts, PT_PART_WORD, f->samples[i] ^ key);
	return missed < 2;
}

static void look_into(struct believe *b, const struct pt_sight_family *f)
{
	const struct pt_hidden *h = b->h;
	struct pt_coding best = {0}, code = {.kind = PT_CODING_XOR};
	double most = 0;
	unsigned keys = 0;
	for (unsigned first = 0; first < 2; first++) /* one of them may be a stranger */
		for (size_t i = 0; i < h->n && keys < KEYS && b->trials < TRIALS; i++, b->trials++) {
			code.key = f->samples[first] ^ h->objects[i].address;
			if (!takes(b, f, code.key) || is_place(h, code.key))
				continue;
			if (is_known(b, code.key))
				return;
			keys++;
			double w = weight(b, &code, CHOSEN);
			if (w > most) {
				most = w;
				best = code;
			}
		}
	if (most > 0)
		add(b, best);
}

static int find_keys(struct believe *b)
{
	struct pt_sight_family *families = malloc(FAMILIES * sizeof(*families));
	b->starts = pt_sight_new(b->h->n, 1);
	if (!families || !b->starts) {
		free(families);
		return -ENOMEM;
	}
	for (size_t i = 0; i < b->h->n; i++)
		pt_sight_put(b->starts, PT_PART_WORD, b->h->objects[i].address);
	size_t n = pt_sight_families(b->h->seen, families, FAMILIES);
	for (size_t i = 0; i < n; i++)
		look_into(b, &families[i]);
	free(families);
	return 0;
}

/* ---- 32 bits ---------------------------------------------------------------------------------------------------- */

static void find_lower(struct believe *b)
{
	struct pt_coding codes[HIGHS];
	size_t n = 0;
	for (size_t i = 0; i < b->lost.n && n < HIGHS; i++) {
		struct pt_coding code = {.kind = PT_CODING_LOW32, .key = b->lost.v[i] >> 32 << 32};
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known |= codes[k].key == code.key;
		if (known)
			continue;
		codes[n++] = code;
		if (weight(b, &code, 0) > 0)
			add(b, code);
	}
}

static bool is_promising(const struct believe *b, const struct pt_coding *code)
{
	size_t n = b->lost.n < QUICK ? b->lost.n : QUICK, quarter = n / 4;
	size_t hits = count(b, code, &b->lost, quarter, 0);
	if (quarter > 8 && (double)hits < (double)quarter * (b->filled + 1. / 16))
		return false;
	hits += count(b, code, &(struct sample){b->lost.v + quarter, n - quarter}, n - quarter, 0);
	double chance = (double)n * b->filled;
	return (double)hits >= chance + 3 * sqrt(chance + 1);
}

static void find_base(struct believe *b, unsigned shift)
{
	size_t n_regions;
	const struct pt_heap_region *regions = pt_heap_regions(b->h->heap, &n_regions);
	struct pt_coding best = {0}, code = {.kind = PT_CODING_OFFSET32, .amount = shift};
	double most = 0;
	for (size_t i = 0; i < b->live.n + n_regions; i++) {
		code.key = i < b->live.n ? b->live.v[i] : regions[i - b->live.n].start;
		double w = is_promising(b, &code) ? weight(b, &code, 0) : 0;
		if (w > most) {
			most = w;
			best = code;
		}
	}
	if (most > 0)
		add(b, best);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

int pt_hidden_believe(struct pt_hidden *h)
{
	static const unsigned shifts[] = {0, 3, 4};
	struct believe b = {.h = h, .filled = pt_sight_filled(h->seen)};
	struct pt_coding fixed[PT_CODINGS_FIXED];
	size_t n = pt_codings_fixed(fixed);
	int error = sample_lost(&b);
	if (!error)
		error = sample_live(&b);
	for (size_t i = 0; i < n && !error; i++)
		if (weight(&b, &fixed[i], 0) > 0)
			add(&b, fixed[i]);
	if (!error)
		error = find_keys(&b);
	if (!error)
		find_lower(&b);
	for (size_t i = 0; i < sizeof(shifts) / sizeof(*shifts) && !error; i++)
		find_base(&b, shifts[i]);
	free(b.lost.v);
	free(b.live.v);
	pt_sight_free(b.starts);
	return error;
}
