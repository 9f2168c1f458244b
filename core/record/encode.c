/*
 * Deltas to bytes; see encode.h. Each kind of number goes to a buffer of its own, so that like stands beside like when
 * they are compressed.
 */
#include "core/record/encode.h"

#include <errno.h>

#define KNOWN_WAYS   1024u /* a power of two; what falls out is put down once more */
#define FEW_SEGMENTS 4u    /* a change of so few is not worth trying another form */

struct pt_encoder {
	struct pt_buffer ways, slots, segments, frames, all;
	uint64_t n_ways;
	uint64_t frame;   /* what would follow on the last segment with a frame of its own */
	uint64_t read_ns; /* of the slot before */
	struct known {
		struct pt_way way;
		uint32_t id; /* 1 + its index; 0: empty */
	} known[KNOWN_WAYS];
	struct pt_page old[PT_CHUNK_PAGES], new[PT_CHUNK_PAGES], none[PT_CHUNK_PAGES];
};

int pt_encoder_new(struct pt_encoder **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void pt_encoder_free(struct pt_encoder *e)
{
	if (!e)
		return;
	free(e->ways.v);
	free(e->slots.v);
	free(e->segments.v);
	free(e->frames.v);
	free(e->all.v);
	free(e);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static struct pt_way way_of(struct pt_page old, struct pt_page new)
{
	return (struct pt_way){.bits = old.bits ^ new.bits,
			       .count = (int32_t) new.count - (int32_t)old.count,
			       .frame = new.pfn == old.pfn ? 0
					: new.pfn == 0     ? 1
							   : 2};
}

static bool same_way(struct pt_way a, struct pt_way b)
{
	return a.bits == b.bits && a.count == b.count && a.frame == b.frame;
}

static uint64_t way_id(struct pt_encoder *e, struct pt_way way)
{
	uint32_t hash = (way.bits * 31u + (uint32_t)way.count * 7u + way.frame) * 2654435761u;
	struct known *known = &e->known[hash >> 16 & (KNOWN_WAYS - 1)];
	if (!known->id || !same_way(known->way, way)) {
		*known = (struct known){way, (uint32_t)++e->n_ways};
		pt_put_number(&e->ways, way.bits);
		pt_put_number(&e->ways, pt_zigzag((uint64_t)(int64_t)way.count));
		pt_put_number(&e->ways, way.frame);
	}
	return known->id - 1;
}

/* How many pages from `first` on change the same way, with frames that follow each other if they get others. */
static unsigned alike(const struct pt_page *old, const struct pt_page *new, unsigned first, struct pt_way way)
{
	unsigned n = 1;
	while (first + n < PT_CHUNK_PAGES && same_way(way_of(old[first + n], new[first + n]), way) &&
	       !pt_page_equal(old[first + n], new[first + n]) &&
	       (way.frame != 2 || new[first + n].pfn == new[first].pfn + n))
		n++;
	return n;
}

/* Returns how many segments it took. */
static uint64_t put_segments(struct pt_encoder *e, const struct pt_page *old, const struct pt_page *new)
{
	uint64_t segments = 0;
	for (unsigned i = 0, end = 0; i < PT_CHUNK_PAGES; i++) {
		if (pt_page_equal(old[i], new[i]))
			continue;
		struct pt_way way = way_of(old[i], new[i]);
		unsigned n = alike(old, new, i, way);
		pt_put_number(&e->segments, i - end);
		pt_put_number(&e->segments, n - 1);
		pt_put_number(&e->segments, way_id(e, way));
		if (way.frame == 2) {
			pt_put_number(&e->frames, pt_zigzag(new[i].pfn - e->frame));
			e->frame = new[i].pfn + n;
		}
		segments++;
		end = i + n;
		i = end - 1;
	}
	return segments;
}

/* Where the buffers stand, to go back to. */
struct stand {
	size_t segments, frames;
	uint64_t frame, n;
};

static struct stand stand_of(const struct pt_encoder *e, uint64_t n)
{
	return (struct stand){e->segments.n, e->frames.n, e->frame, n};
}

static void cut_out(struct pt_buffer *b, size_t from, size_t to)
{
	memmove(b->v + from, b->v + to, b->n - to);
	b->n -= to - from;
}

/* The shorter of both forms. Returns its segments. */
static uint64_t put_pages(struct pt_encoder *e, enum pt_form *form)
{
	struct stand begin = stand_of(e, 0);
	if (*form == PT_FORM_FROM_NOTHING)
		return put_segments(e, e->none, e->new);
	struct stand changes = {0};
	changes.n = put_segments(e, e->old, e->new);
	changes = stand_of(e, changes.n);
	if (changes.n <= FEW_SEGMENTS)
		return changes.n;
	e->frame = begin.frame;
	uint64_t n = put_segments(e, e->none, e->new);
	if (e->segments.failed || e->frames.failed)
		return 0;
	size_t size = changes.segments - begin.segments + changes.frames - begin.frames;
	size_t whole = e->segments.n - changes.segments + e->frames.n - changes.frames;
	if (whole < size) {
		*form = PT_FORM_FROM_NOTHING;
		cut_out(&e->segments, begin.segments, changes.segments);
		cut_out(&e->frames, begin.frames, changes.frames);
		return n;
	}
	e->segments.n = changes.segments;
	e->frames.n = changes.frames;
	e->frame = changes.frame;
	return changes.n;
}

/* ---- slots ------------------------------------------------------------------------------------------------------ */

static void put_read(struct pt_encoder *e, uint64_t read_ns)
{
	if (!read_ns) {
		pt_put_number(&e->slots, 0);
		return;
	}
	uint64_t difference = pt_zigzag(read_ns - e->read_ns);
	pt_put_number(&e->slots, difference ? difference + 1 : 1);
	e->read_ns = read_ns;
}

static void put_slot(struct pt_encoder *e, const struct pt_chunk *before, const struct pt_slot *slot, uint64_t next)
{
	enum pt_form form = !slot->chunk ? PT_FORM_GONE : before ? PT_FORM_FROM_BEFORE : PT_FORM_FROM_NOTHING;
	uint64_t segments = 0;
	if (slot->chunk) {
		pt_chunk_unpack(before, e->old);
		pt_chunk_unpack(slot->chunk, e->new);
		segments = put_pages(e, &form);
	}
	pt_put_number(&e->slots, slot->index - next);
	pt_put_number(&e->slots, form);
	put_read(e, slot->read_ns);
	if (form != PT_FORM_GONE)
		pt_put_number(&e->slots, segments);
}

static void put_slots(struct pt_encoder *e, const struct pt_snapshot *before, const struct pt_delta *delta)
{
	uint64_t next = 0;
	for (size_t i = 0; i < delta->n_reread; i++) {
		const struct pt_reread *r = &delta->reread[i];
		pt_put_number(&e->slots, r->first - next);
		pt_put_number(&e->slots, r->last - r->first);
		put_read(e, r->read_ns);
		next = r->last + 1;
	}
	next = 0;
	for (size_t i = 0, k = 0; i < delta->n_changed; i++) {
		const struct pt_slot *slot = &delta->changed[i];
		while (before && k < before->n_slots && before->slots[k].index < slot->index)
			k++;
		bool was = before && k < before->n_slots && before->slots[k].index == slot->index;
		put_slot(e, was ? before->slots[k].chunk : NULL, slot, next);
		next = slot->index + 1;
	}
}

int pt_encode(struct pt_encoder *e, const struct pt_snapshot *before, const struct pt_delta *delta, const uint8_t **ret,
	      size_t *ret_size)
{
	struct pt_buffer *parts[] = {&e->ways, &e->slots, &e->segments, &e->frames};
	for (size_t i = 0; i < 4; i++)
		parts[i]->n = 0;
	memset(e->known, 0, sizeof(e->known));
	e->n_ways = e->frame = 0;
	e->read_ns = delta->head->monotonic_ns;
	put_slots(e, before, delta);
	e->all.n = 0;
	pt_put_number(&e->all, PT_ENCODED_FORMAT);
	pt_put_number(&e->all, e->n_ways);
	pt_put_number(&e->all, delta->n_changed);
	pt_put_number(&e->all, delta->n_reread);
	pt_put_number(&e->all, e->slots.n);
	pt_put_number(&e->all, e->segments.n);
	bool failed = false;
	for (size_t i = 0; i < 4; i++) {
		pt_put(&e->all, parts[i]->v, parts[i]->n);
		failed |= parts[i]->failed;
		parts[i]->failed = false;
	}
	failed |= e->all.failed;
	e->all.failed = false;
	*ret = e->all.v;
	*ret_size = e->all.n;
	return failed ? -ENOMEM : 0;
}
