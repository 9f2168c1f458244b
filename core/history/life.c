/*
 * Ages of pages; see life.h. Times are 32-bit ticks of 0.1 s: 1 is the first snapshot alone, 2 the 0.1 s from there
 * on; 0 is never.
 *
 * A step works on copies: chunks that change are unpacked, altered and packed anew beside the old ones, which give way
 * when all went well. So a move reads ages as they were, whatever was written meanwhile.
 */
#include "core/history/life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/walk.h"

#define TICK_NS 100000000ull

/* Pages with the same ages. */
struct span {
	uint16_t first, n;
	uint32_t born, changed; /* ticks */
};

struct ages {
	size_t n;
	struct span spans[]; /* by ascending `first`; what lies in none never was anything */
};

struct life_slot {
	uint64_t index;
	struct ages *ages;  /* NULL: nothing */
	struct ages *fresh; /* while a step is under way: what replaces it, if `stepped` */
	bool stepped;
};

struct pt_life {
	uint64_t start_ns;
	unsigned page_shift;
	struct life_slot *slots; /* [n] by ascending index */
	size_t n;
};

#define FIRST 1u

static uint32_t tick_of(const struct pt_life *life, uint64_t ns)
{
	return FIRST + 1 + (ns > life->start_ns ? (uint32_t)((ns - life->start_ns) / TICK_NS) : 0);
}

static uint64_t time_of(const struct pt_life *life, uint32_t tick)
{
	return tick ? life->start_ns + (tick > FIRST ? tick - FIRST - 1 : 0) * TICK_NS : 0;
}

/* The first slot whose index is not below. */
static size_t lower(const struct life_slot *slots, size_t n, uint64_t index)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slots[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- one chunk, page by page ------------------------------------------------------------------------------------ */

struct open_chunk {
	uint32_t born[PT_CHUNK_PAGES], changed[PT_CHUNK_PAGES];
};

static void unpack(const struct ages *ages, struct open_chunk *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; ages && i < ages->n; i++)
		for (unsigned k = 0; k < ages->spans[i].n; k++) {
			ret->born[ages->spans[i].first + k] = ages->spans[i].born;
			ret->changed[ages->spans[i].first + k] = ages->spans[i].changed;
		}
}

/* NULL in *ret if nothing is there. 0 or -ENOMEM. */
static int pack(const struct open_chunk *chunk, struct ages **ret)
{
	struct span spans[PT_CHUNK_PAGES];
	size_t n = 0;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		struct span *last = n ? &spans[n - 1] : NULL;
		if (!chunk->born[i] && !chunk->changed[i])
			continue;
		if (last && last->first + last->n == i && last->born == chunk->born[i] &&
		    last->changed == chunk->changed[i])
			last->n++;
		else
			spans[n++] = (struct span){(uint16_t)i, 1, chunk->born[i], chunk->changed[i]};
	}
	*ret = NULL;
	if (!n)
		return 0;
	*ret = malloc(sizeof(**ret) + n * sizeof(*spans));
	if (!*ret)
		return -ENOMEM;
	(*ret)->n = n;
	memcpy((*ret)->spans, spans, n * sizeof(*spans));
	return 0;
}

/* ---- the beginning ---------------------------------------------------------------------------------------------- */

/* Whether its sums tell that every page of a chunk holds memory or swap. */
static bool is_full(const struct pt_chunk *chunk)
{
	unsigned held = pt_chunk_stat(chunk, PT_N_PRESENT) + pt_chunk_stat(chunk, PT_N_SWAP) +
			pt_chunk_stat(chunk, PT_N_MIGRATING);
	return held - pt_chunk_stat(chunk, PT_N_ZERO) == PT_CHUNK_PAGES;
}

static int begin_chunk(const struct pt_chunk *chunk, struct ages **ret)
{
	struct open_chunk open = {0};
	struct pt_page page;
	if (is_full(chunk)) {
		*ret = malloc(sizeof(**ret) + sizeof(struct span));
		if (!*ret)
			return -ENOMEM;
		(*ret)->n = 1;
		(*ret)->spans[0] = (struct span){0, PT_CHUNK_PAGES, FIRST, 0};
		return 0;
	}
	for (unsigned i = 0, n; i < PT_CHUNK_PAGES; i += n) {
		n = pt_chunk_run(chunk, i, &page);
		for (unsigned k = i; pt_page_holds(page) && k < i + n; k++)
			open.born[k] = FIRST;
	}
	return pack(&open, ret);
}

int pt_life_new(const struct pt_snapshot *first, struct pt_life **ret)
{
	struct pt_life *life = calloc(1, sizeof(*life));
	if (!life)
		return -ENOMEM;
	life->start_ns = first->monotonic_ns;
	life->page_shift = first->page_shift;
	life->slots = calloc(first->n_slots + 1, sizeof(*life->slots));
	int error = life->slots ? 0 : -ENOMEM;
	for (size_t i = 0; i < first->n_slots && !error; i++) {
		struct life_slot *slot = &life->slots[life->n];
		slot->index = first->slots[i].index;
		error = begin_chunk(first->slots[i].chunk, &slot->ages);
		life->n += slot->ages != NULL; /* of a chunk of zero pages or markers there is nothing to tell */
	}
	if (error) {
		pt_life_free(life);
		return error;
	}
	*ret = life;
	return 0;
}

void pt_life_free(struct pt_life *life)
{
	if (!life)
		return;
	for (size_t i = 0; i < life->n; i++)
		free(life->slots[i].ages);
	free(life->slots);
	free(life);
}

/* ---- a step ----------------------------------------------------------------------------------------------------- */

struct step {
	const struct pt_life *life; /* as it was */
	struct life_slot *slots;    /* [n]: those of before, and room for all that is there after */
	size_t n, at;               /* the slot that is open; n: none */
	uint32_t now;
	struct open_chunk open;
};

/* Slots for all that anything can be written of: what has ages, and what is or was there. */
static int merge_slots(struct step *step, const struct pt_snapshot *before, const struct pt_snapshot *after)
{
	const struct pt_life *life = step->life;
	size_t i = 0, k = 0, m = 0;
	step->slots = calloc(life->n + before->n_slots + after->n_slots + 1, sizeof(*step->slots));
	if (!step->slots)
		return -ENOMEM;
	while (i < life->n || k < after->n_slots || m < before->n_slots) {
		uint64_t a = i < life->n ? life->slots[i].index : UINT64_MAX;
		uint64_t b = k < after->n_slots ? after->slots[k].index : UINT64_MAX;
		uint64_t c = m < before->n_slots ? before->slots[m].index : UINT64_MAX;
		uint64_t index = a < b ? a : b;
		struct life_slot *slot = &step->slots[step->n++];
		slot->index = index < c ? index : c;
		if (a == slot->index)
			slot->ages = life->slots[i++].ages;
		k += b == slot->index;
		m += c == slot->index;
	}
	step->at = step->n;
	return 0;
}

static int close_chunk(struct step *step)
{
	if (step->at == step->n)
		return 0;
	struct life_slot *slot = &step->slots[step->at];
	step->at = step->n;
	free(slot->fresh);
	slot->fresh = NULL;
	slot->stepped = true;
	return pack(&step->open, &slot->fresh);
}

static int open_chunk(struct step *step, uint64_t index)
{
	if (step->at < step->n && step->slots[step->at].index == index)
		return 0;
	int error = close_chunk(step);
	if (error)
		return error;
	step->at = lower(step->slots, step->n, index);
	if (step->at == step->n || step->slots[step->at].index != index) {
		step->at = step->n;
		return 0;
	}
	const struct life_slot *slot = &step->slots[step->at];
	unpack(slot->stepped ? slot->fresh : slot->ages, &step->open);
	return 0;
}

static struct span age_before(const struct pt_life *life, uint64_t page)
{
	size_t at = lower(life->slots, life->n, page / PT_CHUNK_PAGES);
	unsigned i = (unsigned)(page % PT_CHUNK_PAGES);
	const struct ages *ages = at < life->n && life->slots[at].index == page / PT_CHUNK_PAGES ? life->slots[at].ages
												 : NULL;
	for (size_t k = 0; ages && k < ages->n && ages->spans[k].first <= i; k++)
		if (i < ages->spans[k].first + ages->spans[k].n)
			return ages->spans[k];
	return (struct span){0};
}

/* What a difference does to one age. */
struct effect {
	bool holds, born, changed;
};

static void apply(const struct step *step, const struct effect *effect, uint32_t *born, uint32_t *changed)
{
	if (!effect->holds)
		*born = 0;
	else if (effect->born || !*born)
		*born = step->now;
	if (effect->changed)
		*changed = step->now;
}

static int write_pages(struct step *step, const struct pt_page_change *d, const struct effect *effect)
{
	for (uint64_t i = 0; i < d->n; i++) {
		uint64_t page = d->page + i;
		unsigned at = (unsigned)(page % PT_CHUNK_PAGES);
		if (!i || !at) {
			int error = open_chunk(step, page / PT_CHUNK_PAGES);
			if (error)
				return error;
		}
		if (step->at == step->n)
			continue;
		if (d->place == PT_PLACE_MOVED) {
			struct span old = age_before(step->life, d->from + i);
			step->open.born[at] = old.born;
			step->open.changed[at] = old.changed;
		}
		apply(step, effect, &step->open.born[at], &step->open.changed[at]);
	}
	return 0;
}

static int note(void *arg, const struct pt_page_change *d)
{
	struct effect effect = {.holds = pt_page_holds(d->after),
				.born = d->events >> PT_BORN & 1,
				.changed = d->events || pt_page_differs(d->before, d->after)};
	if (d->place == PT_PLACE_GONE)
		return 0; /* forgotten already */
	if (d->place == PT_PLACE_KEPT && !effect.changed && effect.holds == pt_page_holds(d->before))
		return 0; /* only what the kernel's reclaim notes of pages */
	return write_pages(arg, d, &effect);
}

/* Forgets pages [first, end), also those that hold nothing any more but once did. */
static int forget(struct step *step, uint64_t first, uint64_t end)
{
	int error = 0;
	for (size_t i = lower(step->slots, step->n, first / PT_CHUNK_PAGES); i < step->n && !error; i++) {
		uint64_t chunk = step->slots[i].index * PT_CHUNK_PAGES;
		if (chunk >= end)
			break;
		error = open_chunk(step, step->slots[i].index);
		uint64_t low = first > chunk ? first - chunk : 0;
		uint64_t high = end < chunk + PT_CHUNK_PAGES ? end - chunk : PT_CHUNK_PAGES;
		for (uint64_t k = low; k < high && !error; k++)
			step->open.born[k] = step->open.changed[k] = 0;
	}
	return error;
}

static int forget_gone(struct step *step, const struct pt_match *match)
{
	int error = 0;
	for (size_t i = 0; i < match->n_parts && !error; i++)
		if (!match->parts[i].kept && match->parts[i].was != PT_NO_VMA)
			error = forget(step, match->parts[i].start >> step->life->page_shift,
				       match->parts[i].end >> step->life->page_shift);
	return error;
}

/* All at once: fresh ages take the place of old ones, and what holds nothing goes. */
static void commit(struct pt_life *life, struct step *step)
{
	size_t n = 0;
	for (size_t i = 0; i < step->n; i++) {
		struct life_slot *slot = &step->slots[i];
		if (slot->stepped) {
			free(slot->ages);
			slot->ages = slot->fresh;
		}
		if (slot->ages)
			step->slots[n++] = (struct life_slot){.index = slot->index, .ages = slot->ages};
	}
	free(life->slots);
	life->slots = step->slots;
	life->n = n;
}

static void abandon(struct step *step)
{
	for (size_t i = 0; i < step->n; i++)
		free(step->slots[i].fresh);
	free(step->slots);
}

static int begin_anew(struct pt_life *life, const struct pt_snapshot *first)
{
	struct pt_life *fresh, old = *life;
	int error = pt_life_new(first, &fresh);
	if (error)
		return error;
	*life = *fresh;
	*fresh = old;
	pt_life_free(fresh);
	return 0;
}

int pt_life_step(struct pt_life *life, const struct pt_snapshot *before, const struct pt_snapshot *after)
{
	struct pt_match match;
	if (!pt_same_image(before, after))
		return begin_anew(life, after);
	struct step *step = calloc(1, sizeof(*step));
	if (!step)
		return -ENOMEM;
	step->life = life;
	step->now = tick_of(life, after->monotonic_ns);
	int error = pt_match_make(before, after, &match);
	if (!error) {
		error = merge_slots(step, before, after);
		if (!error)
			error = forget_gone(step, &match);
		if (!error)
			error = pt_match_walk(&match, note, step);
		pt_match_free(&match);
	}
	if (!error)
		error = close_chunk(step);
	if (error)
		abandon(step);
	else
		commit(life, step);
	free(step);
	return error;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

struct pt_lifetime pt_life_page(const struct pt_life *life, uint64_t address)
{
	struct span age = age_before(life, address >> life->page_shift);
	return (struct pt_lifetime){time_of(life, age.born), time_of(life, age.changed), age.born == FIRST};
}

struct sum {
	uint64_t born; /* of all pages, in 0.1 s since the start */
	uint32_t since;
	struct pt_life_sum *ret;
};

static void sum_span(struct sum *sum, const struct span *span, uint64_t n)
{
	if (span->born) {
		sum->ret->pages += n;
		sum->ret->from_start += span->born == FIRST ? n : 0;
		sum->born += span->born > FIRST ? (span->born - FIRST - 1) * n : 0;
	}
	if (span->changed >= sum->since)
		sum->ret->changed += n;
}

void pt_life_sum(const struct pt_life *life, uint64_t start, uint64_t end, uint64_t since_ns, struct pt_life_sum *ret)
{
	uint64_t first = start >> life->page_shift, last = end >> life->page_shift;
	struct sum sum = {.since = tick_of(life, since_ns), .ret = ret};
	*ret = (struct pt_life_sum){0};
	for (size_t i = lower(life->slots, life->n, first / PT_CHUNK_PAGES); i < life->n; i++) {
		uint64_t chunk = life->slots[i].index * PT_CHUNK_PAGES;
		if (chunk >= last)
			break;
		const struct ages *ages = life->slots[i].ages;
		for (size_t k = 0; k < ages->n; k++) {
			uint64_t low = chunk + ages->spans[k].first, high = low + ages->spans[k].n;
			low = low > first ? low : first;
			high = high < last ? high : last;
			if (low < high)
				sum_span(&sum, &ages->spans[k], high - low);
		}
	}
	if (ret->pages)
		ret->mean_born_ns = life->start_ns + sum.born / ret->pages * TICK_NS;
}

uint64_t pt_life_start_ns(const struct pt_life *life)
{
	return life->start_ns;
}

size_t pt_life_bytes(const struct pt_life *life)
{
	size_t bytes = sizeof(*life) + life->n * sizeof(*life->slots);
	for (size_t i = 0; i < life->n; i++)
		if (life->slots[i].ages)
			bytes += sizeof(struct ages) + life->slots[i].ages->n * sizeof(struct span);
	return bytes;
}
