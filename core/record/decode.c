/*
 * Bytes to deltas; see encode.h. The bytes may be anyone's: every number is held against what it can be, and memory is
 * only taken in proportion to the bytes that are there.
 */
#include "core/record/encode.h"

#include <errno.h>

#define WAY_BYTES   3u /* at least */
#define SLOT_BYTES  3u
#define READ_BYTES  3u
#define BITS_KNOWN  0x03ffffffu
#define FRAME_LIMIT (1ull << PT_PFN_BITS)

static struct pt_source cut(struct pt_source *from, uint64_t size)
{
	struct pt_source part = {from->v, from->v, false};
	if (size > (uint64_t)(from->end - from->v)) {
		from->bad = true;
		return part;
	}
	part.end = from->v += size;
	return part;
}

static int read_ways(struct pt_decoder *d, struct pt_source *s)
{
	d->ways = malloc((d->n_ways ? d->n_ways : 1) * sizeof(*d->ways));
	if (!d->ways)
		return -ENOMEM;
	for (uint64_t i = 0; i < d->n_ways; i++) {
		uint64_t bits = pt_take_number(s), count = pt_unzigzag(pt_take_number(s)), frame = pt_take_number(s);
		bool countable = count + PT_COUNT_MAX <= 2 * PT_COUNT_MAX;
		if (bits > BITS_KNOWN || !countable || frame > 2)
			return -EBADMSG;
		d->ways[i] = (struct pt_way){(uint32_t)bits, (int32_t)(int64_t)count, (uint8_t)frame};
	}
	return s->bad ? -EBADMSG : 0;
}

int pt_decoder_open(struct pt_decoder *d, const uint8_t *bytes, size_t size, uint64_t at_ns, unsigned page_shift)
{
	struct pt_source s = {bytes, bytes + size, false};
	*d = (struct pt_decoder){.read_ns = at_ns, .most = (UINT64_MAX >> page_shift) / PT_CHUNK_PAGES};
	uint64_t format = pt_take_number(&s);
	d->n_ways = pt_take_number(&s);
	d->n_changed = pt_take_number(&s);
	d->n_reread = pt_take_number(&s);
	uint64_t slots = pt_take_number(&s), segments = pt_take_number(&s);
	if (s.bad || format != PT_ENCODED_FORMAT || d->n_ways > size / WAY_BYTES || d->n_changed > size / SLOT_BYTES ||
	    d->n_reread > size / READ_BYTES)
		return -EBADMSG;
	int error = read_ways(d, &s);
	d->slots = cut(&s, slots);
	d->segments = cut(&s, segments);
	d->frames = s;
	if (!error && s.bad)
		error = -EBADMSG;
	if (error)
		pt_decoder_close(d);
	return error;
}

void pt_decoder_close(struct pt_decoder *d)
{
	free(d->ways);
	d->ways = NULL;
}

static uint64_t take_read(struct pt_decoder *d)
{
	uint64_t code = pt_take_number(&d->slots);
	if (code > 1)
		d->read_ns += pt_unzigzag(code - 1);
	return code ? d->read_ns : 0;
}

/* The index that comes `gap` behind the last one, and `more` behind that. */
static bool take_index(struct pt_decoder *d, uint64_t gap, uint64_t more)
{
	uint64_t first = d->begun ? d->index + 1 : 0;
	if (gap > d->most || more > d->most || first + gap + more > d->most)
		return false;
	d->index = first + gap + more;
	d->begun = true;
	return true;
}

int pt_decoder_reread(struct pt_decoder *d, struct pt_reread *ret)
{
	uint64_t gap = pt_take_number(&d->slots), more = pt_take_number(&d->slots);
	uint64_t read_ns = take_read(d);
	if (d->slots.bad || !take_index(d, gap, more))
		return -EBADMSG;
	*ret = (struct pt_reread){.first = d->index - more, .last = d->index, .read_ns = read_ns};
	return 0;
}

int pt_decoder_slot(struct pt_decoder *d, struct pt_slot *ret, enum pt_form *ret_form)
{
	d->begun &= d->changing; /* these are counted from the beginning again */
	d->changing = true;
	uint64_t gap = pt_take_number(&d->slots), form = pt_take_number(&d->slots);
	*ret = (struct pt_slot){.read_ns = take_read(d)};
	d->n_segments = form == PT_FORM_GONE ? 0 : pt_take_number(&d->slots);
	if (d->slots.bad || form > PT_FORM_FROM_BEFORE || !take_index(d, gap, 0) || d->n_segments > PT_CHUNK_PAGES)
		return -EBADMSG;
	ret->index = d->index;
	*ret_form = (enum pt_form)form;
	return 0;
}

/* Pages from `first` on. False: none can become so. */
static bool change(struct pt_page *pages, unsigned first, unsigned n, struct pt_way way, uint64_t frame)
{
	for (unsigned i = first; i < first + n; i++) {
		int32_t count = (int32_t)pages[i].count + way.count;
		if (count < 0 || count > (int32_t)PT_COUNT_MAX)
			return false;
		pages[i].count = (uint16_t)count;
		pages[i].bits ^= way.bits;
		if (way.frame)
			pages[i].pfn = way.frame == 1 ? 0 : frame + (i - first);
	}
	return true;
}

int pt_decoder_pages(struct pt_decoder *d, struct pt_page *pages)
{
	unsigned at = 0;
	for (uint64_t i = 0; i < d->n_segments; i++) {
		uint64_t skip = pt_take_number(&d->segments), more = pt_take_number(&d->segments);
		uint64_t id = pt_take_number(&d->segments);
		if (d->segments.bad || id >= d->n_ways || skip >= PT_CHUNK_PAGES - at ||
		    more >= PT_CHUNK_PAGES - at - skip)
			return -EBADMSG;
		unsigned first = at + (unsigned)skip, n = 1 + (unsigned)more;
		struct pt_way way = d->ways[id];
		uint64_t frame = way.frame == 2 ? d->frame + pt_unzigzag(pt_take_number(&d->frames)) : 0;
		if (way.frame == 2)
			d->frame = frame + n;
		if (d->frames.bad || frame > FRAME_LIMIT - n || (pages && !change(pages, first, n, way, frame)))
			return -EBADMSG;
		at = first + n;
	}
	d->n_segments = 0;
	return 0;
}

bool pt_decoder_ended(const struct pt_decoder *d)
{
	return d->slots.v == d->slots.end && d->segments.v == d->segments.end && d->frames.v == d->frames.end;
}
