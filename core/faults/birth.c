/*
 * See birth.h. A hash table of chunks (open addressing), each with its births by ascending page. Whether pages are still
 * there is looked at for chunks that are not as they were at the snapshot before, or have births since.
 */
#include "core/faults/birth.h"

#include <stdlib.h>
#include <string.h>

#define FIRST   64u /* places of a new table; a power of two */
#define TICK_NS 1000000u
#define ALL     UINT16_MAX /* as a page: all of the chunk */

struct birth {
	uint16_t page;   /* in its chunk */
	uint16_t weight; /* how many births it stands for, or the most there is room for */
	pt_stack_id stack;
	uint32_t tick; /* after the beginning, rounded up: when in doubt it is later than what was read */
};

struct nest { /* the births of a chunk */
	uint64_t index;
	struct birth *v; /* [n] of [room]; NULL: this place is free. One of ALL is alone */
	uint16_t n, room;
	uint32_t newest, looked; /* ticks: of its newest birth; when it was last looked at */
};

struct pt_births {
	struct nest *nests; /* [places], a power of two */
	size_t places, used;
	size_t bytes, bytes_max;
	uint64_t from_ns;
	unsigned page_shift;
	struct pt_snapshot *snapshot; /* the last one; NULL: none yet */
	void (*ended)(void *arg, pt_stack_id stack, uint64_t pages);
	void *arg;
};

bool pt_births_holds(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	return pt_kind_in_rss(kind) || kind == PT_SWAP || kind == PT_SWAP_SHMEM;
}

struct pt_births *pt_births_new(unsigned page_shift, size_t bytes_max, uint64_t from_ns,
				void (*ended)(void *arg, pt_stack_id stack, uint64_t pages), void *arg)
{
	struct pt_births *b = calloc(1, sizeof(*b));
	struct nest *nests = calloc(FIRST, sizeof(*nests));
	if (!b || !nests) {
		free(b);
		free(nests);
		return NULL;
	}
	*b = (struct pt_births){
		.nests = nests,
		.places = FIRST,
		.bytes = sizeof(*b) + FIRST * sizeof(*nests),
		.bytes_max = bytes_max,
		.from_ns = from_ns,
		.page_shift = page_shift,
		.ended = ended,
		.arg = arg,
	};
	return b;
}

void pt_births_free(struct pt_births *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->places; i++)
		free(b->nests[i].v);
	free(b->nests);
	pt_snapshot_unref(b->snapshot);
	free(b);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static uint32_t tick_of(const struct pt_births *b, uint64_t ns, unsigned round_up)
{
	uint64_t tick = ns > b->from_ns ? (ns - b->from_ns + (round_up ? TICK_NS - 1 : 0)) / TICK_NS : 0;
	return tick < UINT32_MAX ? (uint32_t)tick : UINT32_MAX;
}

/* ---- the table of chunks ---------------------------------------------------------------------------------------- */

static size_t place_of(const struct nest *nests, size_t places, uint64_t index)
{
	size_t i = (index * 0x9e3779b97f4a7c15u >> 20) & (places - 1);
	while (nests[i].v && nests[i].index != index)
		i = (i + 1) & (places - 1);
	return i;
}

static bool rehash(struct pt_births *b)
{
	size_t places = b->places * 2, more = b->places * sizeof(struct nest);
	if (b->bytes + more > b->bytes_max)
		return false;
	struct nest *nests = calloc(places, sizeof(*nests));
	if (!nests)
		return false;
	for (size_t i = 0; i < b->places; i++)
		if (b->nests[i].v)
			nests[place_of(nests, places, b->nests[i].index)] = b->nests[i];
	free(b->nests);
	b->nests = nests;
	b->places = places;
	b->bytes += more;
	return true;
}

/* Takes a chunk out, and moves those up that lie behind it for want of this place. */
static void drop_nest(struct pt_births *b, struct nest *nest)
{
	size_t hole = (size_t)(nest - b->nests), mask = b->places - 1;
	b->bytes -= nest->room * sizeof(*nest->v);
	free(nest->v);
	b->nests[hole] = (struct nest){0};
	b->used--;
	for (size_t i = (hole + 1) & mask; b->nests[i].v; i = (i + 1) & mask) {
		struct nest moved = b->nests[i];
		b->nests[i] = (struct nest){0};
		b->nests[place_of(b->nests, b->places, moved.index)] = moved;
	}
}

/* Room for n births; memory is counted. */
static bool reserve(struct pt_births *b, struct nest *nest, unsigned n)
{
	unsigned room = nest->room ? nest->room : 1;
	while (room < n)
		room *= 2;
	if (room > PT_CHUNK_PAGES)
		room = PT_CHUNK_PAGES;
	if (room == nest->room)
		return true;
	size_t more = (room - nest->room) * sizeof(*nest->v);
	if (b->bytes + more > b->bytes_max)
		return false;
	struct birth *v = realloc(nest->v, room * sizeof(*v));
	if (!v)
		return false;
	nest->v = v;
	nest->room = (uint16_t)room;
	b->bytes += more;
	return true;
}

/* The chunk's births, made if there are none; NULL: no room. */
static struct nest *nest_at(struct pt_births *b, uint64_t index)
{
	struct nest *nest = &b->nests[place_of(b->nests, b->places, index)];
	if (nest->v)
		return nest;
	if (b->used * 4 >= b->places * 3) {
		if (!rehash(b))
			return NULL;
		nest = &b->nests[place_of(b->nests, b->places, index)];
	}
	if (!reserve(b, nest, 1))
		return NULL;
	nest->index = index;
	b->used++;
	return nest;
}

/* ---- the births of a chunk -------------------------------------------------------------------------------------- */

static void end(struct pt_births *b, const struct birth *birth)
{
	uint64_t pages = birth->page == ALL ? PT_CHUNK_PAGES : 1;
	b->ended(b->arg, birth->stack, pages * birth->weight);
}

static void end_all(struct pt_births *b, struct nest *nest)
{
	for (unsigned i = 0; i < nest->n; i++)
		end(b, &nest->v[i]);
	nest->n = 0;
}

/* Where all pages were born at once: a birth for each. False: no room. */
static bool spread(struct pt_births *b, struct nest *nest)
{
	if (!nest->n || nest->v[0].page != ALL)
		return true;
	if (!reserve(b, nest, PT_CHUNK_PAGES))
		return false;
	for (unsigned i = PT_CHUNK_PAGES; i-- > 0;) {
		nest->v[i] = nest->v[0];
		nest->v[i].page = (uint16_t)i;
	}
	nest->n = PT_CHUNK_PAGES;
	return true;
}

/* Position of the first birth whose page is not below. */
static unsigned lower(const struct nest *nest, unsigned page)
{
	unsigned low = 0, high = nest->n;
	if (high && nest->v[high - 1].page < page) /* pages are often touched one after the other */
		return high;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (nest->v[middle].page < page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool put(struct pt_births *b, struct nest *nest, const struct birth *birth)
{
	if (birth->page == ALL) {
		end_all(b, nest);
		nest->v[0] = *birth;
		nest->n = 1;
		return true;
	}
	if (!spread(b, nest))
		return false;
	unsigned at = lower(nest, birth->page);
	if (at < nest->n && nest->v[at].page == birth->page) {
		end(b, &nest->v[at]);
		nest->v[at] = *birth;
		return true;
	}
	if (!reserve(b, nest, nest->n + 1u))
		return false;
	memmove(nest->v + at + 1, nest->v + at, (nest->n - at) * sizeof(*nest->v));
	nest->v[at] = *birth;
	nest->n++;
	return true;
}

bool pt_births_add(struct pt_births *b, uint64_t address, bool chunk, pt_stack_id stack, uint64_t time_ns,
		   uint64_t weight)
{
	uint64_t page = address >> b->page_shift;
	struct nest *nest = nest_at(b, page / PT_CHUNK_PAGES);
	struct birth birth = {
		.page = chunk ? ALL : (uint16_t)(page % PT_CHUNK_PAGES),
		.weight = (uint16_t)(weight < UINT16_MAX ? weight : UINT16_MAX),
		.stack = stack,
		.tick = tick_of(b, time_ns, true),
	};
	if (!nest)
		return false;
	if (!put(b, nest, &birth)) {
		if (!nest->n)
			drop_nest(b, nest);
		return false;
	}
	if (birth.tick > nest->newest)
		nest->newest = birth.tick;
	return true;
}

bool pt_births_find(const struct pt_births *b, uint64_t address, pt_stack_id *ret_stack, uint64_t *ret_time_ns)
{
	uint64_t page = address >> b->page_shift;
	const struct nest *nest = &b->nests[place_of(b->nests, b->places, page / PT_CHUNK_PAGES)];
	if (!nest->v || !nest->n)
		return false;
	unsigned at = nest->v[0].page == ALL ? 0 : lower(nest, page % PT_CHUNK_PAGES);
	if (at >= nest->n || (nest->v[at].page != ALL && nest->v[at].page != page % PT_CHUNK_PAGES))
		return false;
	*ret_stack = nest->v[at].stack;
	*ret_time_ns = b->from_ns + (uint64_t)nest->v[at].tick * TICK_NS;
	return true;
}

void pt_births_clear(struct pt_births *b)
{
	for (size_t i = 0; i < b->places; i++) {
		end_all(b, &b->nests[i]);
		b->bytes -= b->nests[i].room * sizeof(struct birth);
		free(b->nests[i].v);
		b->nests[i] = (struct nest){0};
	}
	b->used = 0;
	pt_snapshot_unref(b->snapshot);
	b->snapshot = NULL;
}

size_t pt_births_bytes(const struct pt_births *b)
{
	return b->bytes;
}

/* ---- what is still there ---------------------------------------------------------------------------------------- */

static bool holds_all(const struct pt_chunk *chunk)
{
	unsigned held = 0;
	for (unsigned i = 0, n; chunk && i < PT_CHUNK_PAGES; i += n) {
		struct pt_page page;
		n = pt_chunk_run(chunk, i, &page);
		held += pt_births_holds(page) ? n : 0;
	}
	return held == PT_CHUNK_PAGES;
}

/* Keeps what was born after it was looked at, or holds memory. */
static void look_at(struct pt_births *b, struct nest *nest, const struct pt_chunk *chunk, uint32_t looked)
{
	unsigned n = 0;
	if (nest->v[0].page == ALL && (nest->v[0].tick >= looked || holds_all(chunk) || !spread(b, nest)))
		return;
	for (unsigned i = 0; i < nest->n; i++) {
		struct birth *birth = &nest->v[i];
		if (birth->tick >= looked || pt_births_holds(pt_chunk_page(chunk, birth->page)))
			nest->v[n++] = *birth;
		else
			end(b, birth);
	}
	nest->n = (uint16_t)n;
}

/* The slot of a chunk and when it was looked at, presence included; in ticks. */
static const struct pt_chunk *chunk_of(const struct pt_births *b, const struct pt_snapshot *snapshot, uint64_t index,
				       uint32_t *ret_looked)
{
	uint64_t ns = snapshot->presence_ns;
	size_t i = pt_snapshot_lower(snapshot, index);
	bool there = i < snapshot->n_slots && snapshot->slots[i].index == index;
	if (there && snapshot->slots[i].read_ns > ns)
		ns = snapshot->slots[i].read_ns;
	*ret_looked = tick_of(b, ns, false);
	return there ? snapshot->slots[i].chunk : NULL;
}

void pt_births_snapshot(struct pt_births *b, struct pt_snapshot *snapshot)
{
	for (size_t i = 0; i < b->places; i++) {
		struct nest *nest = &b->nests[i];
		uint32_t looked, ignored;
		if (!nest->v)
			continue;
		const struct pt_chunk *chunk = chunk_of(b, snapshot, nest->index, &looked);
		bool same = b->snapshot && chunk_of(b, b->snapshot, nest->index, &ignored) == chunk;
		if (same && nest->newest < nest->looked)
			continue;
		look_at(b, nest, chunk, looked);
		nest->looked = looked;
	}
	/* Dropping moves others up into the place: it is looked at again. */
	for (size_t i = 0; i < b->places;)
		if (b->nests[i].v && !b->nests[i].n)
			drop_nest(b, &b->nests[i]);
		else
			i++;
	pt_snapshot_ref(snapshot);
	pt_snapshot_unref(b->snapshot);
	b->snapshot = snapshot;
}

void pt_births_each(const struct pt_births *b, size_t most,
		    void (*each)(void *arg, uint64_t address, uint64_t pages, pt_stack_id stack), void *arg)
{
	size_t births = (b->bytes - b->places * sizeof(*b->nests)) / sizeof(struct birth);
	size_t every = births / (most ? most : 1) + 1;
	for (size_t i = 0; i < b->places; i += every) {
		const struct nest *nest = &b->nests[i];
		uint64_t address = nest->index * PT_CHUNK_PAGES << b->page_shift;
		for (unsigned j = 0; nest->v && j < nest->n; j++) {
			bool all = nest->v[j].page == ALL;
			each(arg, address + ((all ? 0 : (uint64_t)nest->v[j].page) << b->page_shift),
			     (all ? PT_CHUNK_PAGES : 1) * (uint64_t)nest->v[j].weight * every, nest->v[j].stack);
		}
	}
}
