/*
 * See ram.h. Every source only takes away from what the one before it gave: zones span holes, memory blocks are as large
 * as can be switched, and iomem says what firmware kept inside them.
 */
#include "core/machine/ram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/scan/stretches.h"

#define BLOCKS    "sys/devices/system/memory"
#define LONG_HOLE 8 /* a hole as long as this part of all memory is cut out of an axis */

/* ---- memory blocks ---------------------------------------------------------------------------------------------- */

struct blocks {
	struct pt_kernel *k;
	uint64_t frames;                     /* of a block */
	struct pt_stretches online, offline; /* in frames */
	int error;
};

static int note_block(void *arg, const char *name)
{
	struct blocks *b = arg;
	struct pt_cursor c = {name, name + strlen(name)};
	char path[96], *state;
	size_t size;
	uint64_t i, first, end;

	if (!pt_skip_word(&c, "memory") || !pt_take_decimal(&c, &i) || c.at != c.end)
		return 0;
	if (__builtin_mul_overflow(i, b->frames, &first) || __builtin_add_overflow(first, b->frames, &end))
		return 0;
	snprintf(path, sizeof(path), BLOCKS "/memory%llu/state", (unsigned long long)i);
	int error = pt_kernel_slurp(b->k, path, &state, &size);
	if (error == -ENOMEM)
		return b->error = error;
	if (error) /* it went away */
		return 0;
	b->error = pt_stretches_push(strncmp(state, "offline", 7) ? &b->online : &b->offline, first, end);
	free(state);
	return b->error;
}

/* 0 where there are none to be switched. */
static uint64_t block_frames(struct pt_kernel *k)
{
	char *text;
	size_t size;
	uint64_t bytes = 0;

	if (pt_kernel_slurp(k, BLOCKS "/block_size_bytes", &text, &size))
		return 0;
	struct pt_cursor c = {text, text + size};
	if (!pt_take_hex(&c, &bytes))
		bytes = 0;
	free(text);
	return bytes >> k->page_shift;
}

static int read_blocks(struct pt_kernel *k, struct blocks *b)
{
	*b = (struct blocks){.k = k, .frames = block_frames(k)};
	if (b->frames && k->ops->list(k, BLOCKS, note_block, b) < 0 && !b->error)
		b->frames = 0;
	pt_stretches_put_in_order(&b->online);
	pt_stretches_put_in_order(&b->offline);
	if (!b->online.n) /* there is memory: nothing was understood */
		b->frames = 0;
	return b->error;
}

/* ---- iomem ------------------------------------------------------------------------------------------------------ */

/* "00100000-bfffffff : System RAM", not indented. Frames that are whole. */
static bool take_ram_line(struct pt_cursor line, unsigned page_shift, struct pt_stretch *ret)
{
	uint64_t first, last, part = (1ull << page_shift) - 1;

	if (!pt_take_hex(&line, &first) || !pt_skip(&line, '-') || !pt_take_hex(&line, &last) ||
	    !pt_skip_word(&line, " : System RAM") || last <= first || last > UINT64_MAX - part - 1)
		return false;
	*ret = (struct pt_stretch){(first + part) >> page_shift, (last + 1) >> page_shift};
	return ret->start < ret->end;
}

bool pt_parse_iomem(const char *text, size_t size, unsigned page_shift, struct pt_stretch **ret, size_t *ret_n)
{
	struct pt_cursor all = {text, text + size}, line;
	struct pt_stretches found = {0};
	struct pt_stretch one;
	bool fine = true;

	while (fine && pt_cut_line(&all, &line))
		if (take_ram_line(line, page_shift, &one))
			fine = pt_stretches_push(&found, one.start, one.end) == 0;
	if (!fine || !found.n) {
		pt_stretches_free(&found);
		return false;
	}
	pt_stretches_put_in_order(&found);
	*ret = found.v;
	*ret_n = found.n;
	return true;
}

/* ---- put together ----------------------------------------------------------------------------------------------- */

/* What both have; both in order. */
static int intersect(struct pt_stretches *a, const struct pt_stretch *b, size_t n)
{
	struct pt_stretches both = {0};
	int error = 0;

	for (size_t i = 0, j = 0; i < a->n && j < n && !error;) {
		uint64_t start = a->v[i].start > b[j].start ? a->v[i].start : b[j].start;
		uint64_t end = a->v[i].end < b[j].end ? a->v[i].end : b[j].end;
		if (start < end)
			error = pt_stretches_push(&both, start, end);
		if (a->v[i].end < b[j].end)
			i++;
		else
			j++;
	}
	pt_stretches_free(a);
	*a = both;
	return error;
}

static int spans_of_zones(const struct pt_ram *ram, struct pt_stretches *ret)
{
	for (size_t i = 0; i < ram->n_zones; i++) {
		const struct pt_zone *z = &ram->zones[i];
		if (z->pages > UINT64_MAX - z->start)
			continue;
		int error = pt_stretches_push(ret, z->start, z->start + z->pages);
		if (error)
			return error;
	}
	pt_stretches_put_in_order(ret);
	return ret->n ? 0 : -ENODATA;
}

static int intersect_iomem(struct pt_kernel *k, struct pt_ram *ram, struct pt_stretches *online)
{
	struct pt_stretch *v;
	size_t size, n;
	char *text;
	int error = 0;

	if (pt_kernel_slurp(k, "proc/iomem", &text, &size))
		return 0;
	if (pt_parse_iomem(text, size, k->page_shift, &v, &n)) {
		error = intersect(online, v, n);
		ram->exact = true;
		free(v);
	}
	free(text);
	return error;
}

static int by_first(const void *a, const void *b)
{
	const struct pt_ram_piece *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

static int make_pieces(struct pt_ram *ram, const struct pt_stretches *online, const struct pt_stretches *offline)
{
	ram->v = malloc((online->n + offline->n + 1) * sizeof(*ram->v));
	if (!ram->v)
		return -ENOMEM;
	for (size_t i = 0; i < online->n + offline->n; i++) {
		bool off = i >= online->n;
		const struct pt_stretch *s = off ? &offline->v[i - online->n] : &online->v[i];
		ram->v[ram->n++] = (struct pt_ram_piece){s->start, s->end - s->start, off};
		ram->online += off ? 0 : s->end - s->start;
		ram->frames = s->end > ram->frames ? s->end : ram->frames;
	}
	qsort(ram->v, ram->n, sizeof(*ram->v), by_first);
	return 0;
}

int pt_ram_read(struct pt_kernel *k, struct pt_ram *ret)
{
	struct pt_ram ram = {0};
	struct blocks blocks = {0};
	struct pt_stretches online = {0};
	int error = pt_read_zones(k, &ram.zones, &ram.n_zones);

	if (!error)
		error = spans_of_zones(&ram, &online);
	if (!error)
		error = read_blocks(k, &blocks);
	ram.block_frames = blocks.frames;
	if (!error && blocks.frames)
		error = intersect(&online, blocks.online.v, blocks.online.n);
	if (!error)
		error = intersect_iomem(k, &ram, &online);
	if (!error)
		error = make_pieces(&ram, &online, &blocks.offline);
	pt_stretches_free(&online);
	pt_stretches_free(&blocks.online);
	pt_stretches_free(&blocks.offline);
	if (error)
		pt_ram_free(&ram);
	else
		*ret = ram;
	return error;
}

int pt_ram_copy(const struct pt_ram *ram, struct pt_ram *ret)
{
	struct pt_ram copy = *ram;

	copy.v = malloc((ram->n + 1) * sizeof(*copy.v));
	copy.zones = malloc((ram->n_zones + 1) * sizeof(*copy.zones));
	if (!copy.v || !copy.zones) {
		pt_ram_free(&copy);
		return -ENOMEM;
	}
	memcpy(copy.v, ram->v, ram->n * sizeof(*copy.v));
	memcpy(copy.zones, ram->zones, ram->n_zones * sizeof(*copy.zones));
	*ret = copy;
	return 0;
}

void pt_ram_free(struct pt_ram *ram)
{
	free(ram->v);
	free(ram->zones);
	*ram = (struct pt_ram){0};
}

/* ---- axes ------------------------------------------------------------------------------------------------------- */

static void extend(struct pt_ram_axis *axis, uint64_t first, uint64_t end)
{
	struct pt_ram_axis_part *last = axis->n ? &axis->v[axis->n - 1] : NULL;

	if (last && last->first + last->n == first)
		last->n += end - first;
	else
		axis->v[axis->n++] = (struct pt_ram_axis_part){first, end - first, axis->positions};
	axis->positions += end - first;
}

int pt_ram_axis_init(struct pt_ram_axis *axis, const struct pt_ram *ram, uint64_t first, uint64_t n)
{
	uint64_t at = first, end = n > ram->frames || first > ram->frames - n ? ram->frames : first + n;

	*axis = (struct pt_ram_axis){.v = calloc(2 * ram->n + 2, sizeof(*axis->v))};
	if (!axis->v)
		return -ENOMEM;
	for (size_t i = 0; i <= ram->n && at < end; i++) {
		uint64_t from = i < ram->n ? ram->v[i].first : end, to = i < ram->n ? from + ram->v[i].n : end;
		from = from < at ? at : from > end ? end : from;
		to = to < from ? from : to > end ? end : to;
		if (from - at > ram->online / LONG_HOLE)
			axis->left_out += from - at;
		else if (from > at)
			extend(axis, at, from);
		if (to > from)
			extend(axis, from, to);
		at = to;
	}
	return 0;
}

void pt_ram_axis_free(struct pt_ram_axis *axis)
{
	free(axis->v);
	*axis = (struct pt_ram_axis){0};
}

/* The last part that begins at or before it, by position or by frame. */
static const struct pt_ram_axis_part *part_of(const struct pt_ram_axis *axis, uint64_t x, bool by_frame)
{
	size_t low = 0, high = axis->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		uint64_t begins = by_frame ? axis->v[middle].first : axis->v[middle].at;
		if (begins <= x)
			low = middle;
		else
			high = middle;
	}
	return axis->n ? &axis->v[low] : NULL;
}

uint64_t pt_ram_axis_frame(const struct pt_ram_axis *axis, uint64_t position)
{
	const struct pt_ram_axis_part *p = part_of(axis, position, false);

	if (!p)
		return 0;
	return position - p->at < p->n ? p->first + (position - p->at) : p->first + p->n;
}

uint64_t pt_ram_axis_position(const struct pt_ram_axis *axis, uint64_t pfn)
{
	const struct pt_ram_axis_part *p = part_of(axis, pfn, true);

	if (!p || pfn < p->first)
		return 0;
	return p->at + (pfn - p->first < p->n ? pfn - p->first : p->n);
}
