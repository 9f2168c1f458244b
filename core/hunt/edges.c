/*
 * Pages with the number of their first chunk, and slabs of coded edges; see edges.h.
 *
 * Chunks that point at each other often lie close together, so both ends are coded as differences: the source's to that of
 * the edge before, the target's to the source. Most edges of lists and trees in the order of their allocation take one byte:
 *
 *     0 ss ttttt               source + ss, target + ttttt - 16
 *     1 w - nn sss  t{1..4}    source + sss (7: and a varint follows), target +/- t of nn + 1 bytes; w: weak
 *
 * A page's edges begin with their number as a varint, and lie in one slab.
 */
#include "core/hunt/edges.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/stream.h"

#define SLAB      ((uint64_t)256 << 10)
#define EDGE_MAX  11u                           /* bytes: head, source, target */
#define BYTES_MAX (PT_EDGES_MAX * EDGE_MAX + 5) /* of a page */
#define SAMPLE    8                             /* log2 of how many chunks share an entry of where they begin */

enum { NONE = UINT32_MAX, LEFT_OUT = UINT32_MAX - 1 };

struct page {
	uint32_t first; /* chunk whose header begins here or behind */
	uint32_t at;    /* of its edges in the slabs */
};

struct pt_edges {
	const struct pt_heap *heap;
	const struct pt_heap_region *regions;
	size_t n_regions;
	uint64_t *bases; /* [n_regions + 1] number of a region's first page */
	size_t n;
	struct page *pages; /* [n + 1] */
	uint32_t *samples;  /* page where chunk i << SAMPLE begins; one more at the end */
	unsigned char **slabs;
	atomic_uint_fast64_t n_slabs;
	uint64_t slabs_max;
	struct {
		uint64_t at, end; /* what is left of the thread's slab */
	} threads[PT_STREAM_THREADS];
	atomic_uint_fast64_t left_out;
};

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static uint64_t floor_of(uint64_t address)
{
	return address & ~(PT_EDGES_PAGE - 1);
}

static bool number_pages(struct pt_edges *edges)
{
	edges->bases = malloc((edges->n_regions + 1) * sizeof(*edges->bases));
	if (!edges->bases)
		return false;
	for (size_t i = 0; i < edges->n_regions; i++) {
		const struct pt_heap_region *region = &edges->regions[i];
		edges->bases[i] = edges->n;
		if (region->end > region->start)
			edges->n += (floor_of(region->end - 1) - floor_of(region->start)) / PT_EDGES_PAGE + 1;
	}
	edges->bases[edges->n_regions] = edges->n;
	return edges->n < UINT32_MAX;
}

/* The page begins at `start`, in a region. */
static uint32_t first_chunk(const struct pt_heap *heap, uint64_t start)
{
	pt_chunk_id id = pt_heap_find(heap, start), before = pt_heap_find(heap, start - 1);
	return id == before ? id + 1 : id;
}

static bool index_chunks(struct pt_edges *edges)
{
	size_t n_chunks = pt_heap_n(edges->heap), n_samples = (n_chunks >> SAMPLE) + 2;
	edges->pages = malloc((edges->n + 1) * sizeof(*edges->pages));
	edges->samples = malloc(n_samples * sizeof(*edges->samples));
	if (!edges->pages || !edges->samples)
		return false;
	for (size_t p = 0; p < edges->n; p++) {
		uint64_t start, end;
		pt_edges_range(edges, p, &start, &end);
		edges->pages[p] = (struct page){.first = first_chunk(edges->heap, start), .at = NONE};
	}
	edges->pages[edges->n] = (struct page){.first = pt_heap_n(edges->heap), .at = NONE};
	size_t sample = 0;
	for (size_t p = 0; p < edges->n; p++)
		for (; sample < n_samples && sample << SAMPLE < edges->pages[p + 1].first; sample++)
			edges->samples[sample] = (uint32_t)p;
	for (; sample < n_samples; sample++)
		edges->samples[sample] = edges->n ? (uint32_t)edges->n - 1 : 0;
	return true;
}

struct pt_edges *pt_edges_new(const struct pt_heap *heap, uint64_t memory_max)
{
	struct pt_edges *edges = calloc(1, sizeof(*edges));
	if (!edges)
		return NULL;
	edges->heap = heap;
	edges->regions = pt_heap_regions(heap, &edges->n_regions);
	if (memory_max > (uint64_t)LEFT_OUT - SLAB)
		memory_max = (uint64_t)LEFT_OUT - SLAB;
	edges->slabs_max = memory_max / SLAB;
	edges->slabs = calloc(edges->slabs_max + 1, sizeof(*edges->slabs));
	if (!edges->slabs || !number_pages(edges) || !index_chunks(edges)) {
		pt_edges_free(edges);
		return NULL;
	}
	return edges;
}

void pt_edges_free(struct pt_edges *edges)
{
	if (!edges)
		return;
	for (uint64_t i = 0; edges->slabs && i < edges->slabs_max; i++)
		free(edges->slabs[i]);
	free(edges->slabs);
	free(edges->bases);
	free(edges->pages);
	free(edges->samples);
	free(edges);
}

size_t pt_edges_pages(const struct pt_edges *edges)
{
	return edges->n;
}

static bool is_in(const struct pt_heap_region *region, uint64_t address)
{
	return address >= region->start && address < region->end;
}

size_t pt_edges_page_at(const struct pt_edges *edges, uint64_t address, size_t *region)
{
	if (*region >= edges->n_regions || !is_in(&edges->regions[*region], address)) {
		size_t low = 0, high = edges->n_regions;
		while (low + 1 < high) {
			size_t middle = low + (high - low) / 2;
			if (edges->regions[middle].start <= address)
				low = middle;
			else
				high = middle;
		}
		*region = low;
	}
	uint64_t start = floor_of(edges->regions[*region].start);
	return (size_t)(edges->bases[*region] + (address - start) / PT_EDGES_PAGE);
}

/* The last entry of bases that is not above the page. */
static size_t region_of(const struct pt_edges *edges, size_t page)
{
	size_t low = 0, high = edges->n_regions;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (edges->bases[middle] <= page)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void pt_edges_range(const struct pt_edges *edges, size_t page, uint64_t *ret_start, uint64_t *ret_end)
{
	size_t i = region_of(edges, page);
	const struct pt_heap_region *region = &edges->regions[i];
	uint64_t start = floor_of(region->start) + (page - edges->bases[i]) * PT_EDGES_PAGE;
	uint64_t end = start + PT_EDGES_PAGE;
	*ret_start = start > region->start ? start : region->start;
	*ret_end = end < region->end ? end : region->end;
}

/*
 * A chunk's usable memory ends in the next one's header, so it overlaps a page if that begins in it or behind. (At the end
 * of a region there is no next one, and what follows is a page of another chunk at worst: it has no edge of this one.)
 */
void pt_edges_of_chunk(const struct pt_edges *edges, pt_chunk_id id, size_t *ret_first, size_t *ret_end)
{
	size_t low = edges->samples[id >> SAMPLE], high = edges->samples[(id >> SAMPLE) + 1] + 1;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (edges->pages[middle].first <= id)
			low = middle;
		else
			high = middle;
	}
	/* of pages with the same first chunk it begins in the last one, which the search finds */
	*ret_first = low;
	for (low++; low < edges->n && edges->pages[low].first <= id + 1; low++)
		;
	*ret_end = low;
}

/* ---- edges ------------------------------------------------------------------------------------------------------ */

static unsigned char *put_varint(unsigned char *to, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (unsigned char)(value | 0x80);
	*to++ = (unsigned char)value;
	return to;
}

static const unsigned char *get_varint(const unsigned char *from, uint32_t *ret)
{
	uint32_t value = 0;
	unsigned shift = 0;
	for (; *from & 0x80; shift += 7)
		value |= (uint32_t)(*from++ & 0x7f) << shift;
	*ret = value | (uint32_t)*from++ << shift;
	return from;
}

static unsigned char *put_edge(unsigned char *to, uint32_t before, const struct pt_edge *edge)
{
	uint32_t source = edge->from - before, near = edge->to - edge->from + 16;
	if (source < 4 && near < 32 && !edge->weak) {
		*to++ = (unsigned char)(source << 5 | near);
		return to;
	}
	bool down = edge->to < edge->from;
	uint32_t far = down ? edge->from - edge->to : edge->to - edge->from;
	unsigned n = far < 1u << 8 ? 1 : far < 1u << 16 ? 2 : far < 1u << 24 ? 3 : 4;
	*to++ = (unsigned char)(0x80 | edge->weak << 6 | down << 5 | (n - 1) << 3 | (source < 7 ? source : 7));
	if (source >= 7)
		to = put_varint(to, source - 7);
	for (unsigned i = 0; i < n; i++)
		*to++ = (unsigned char)(far >> 8 * i);
	return to;
}

static const unsigned char *get_edge(const unsigned char *from, uint32_t before, struct pt_edge *ret)
{
	unsigned head = *from++;
	uint32_t source = head >> 5, far = 0;
	if (!(head & 0x80)) {
		uint32_t at = before + source;
		*ret = (struct pt_edge){.from = at, .to = at + (head & 31) - 16};
		return from;
	}
	source = head & 7;
	if (source == 7) {
		from = get_varint(from, &source);
		source += 7;
	}
	for (unsigned i = 0; i <= (head >> 3 & 3); i++)
		far |= (uint32_t)*from++ << 8 * i;
	uint32_t at = before + source;
	*ret = (struct pt_edge){.from = at, .to = head & 0x20 ? at - far : at + far, .weak = head & 0x40};
	return from;
}

/* Room for so many bytes at the thread's; NULL: there is none. */
static unsigned char *find_room(struct pt_edges *edges, unsigned thread, size_t size)
{
	uint64_t *at = &edges->threads[thread].at, *end = &edges->threads[thread].end;
	if (*end - *at < size) {
		uint64_t slab = atomic_fetch_add(&edges->n_slabs, 1);
		if (slab >= edges->slabs_max || !(edges->slabs[slab] = malloc(SLAB))) {
			*at = *end = 0;
			return NULL;
		}
		*at = slab * SLAB;
		*end = *at + SLAB;
	}
	return edges->slabs[*at / SLAB] + *at % SLAB;
}

static uint32_t base_of(const struct pt_edges *edges, size_t page)
{
	uint32_t first = edges->pages[page].first;
	return first ? first - 1 : 0;
}

/* Into bytes[BYTES_MAX]; how many. */
static size_t encode(const struct pt_edges *edges, size_t page, const struct pt_edge *list, size_t n,
		     unsigned char *bytes)
{
	unsigned char *to = put_varint(bytes, (uint32_t)n);
	uint32_t before = base_of(edges, page);
	for (size_t i = 0; i < n; i++) {
		to = put_edge(to, before, &list[i]);
		before = list[i].from;
	}
	return (size_t)(to - bytes);
}

void pt_edges_put(struct pt_edges *edges, unsigned thread, size_t page, const struct pt_edge *list, size_t n)
{
	if (!n) {
		edges->pages[page].at = NONE;
		return;
	}
	unsigned char bytes[BYTES_MAX];
	size_t size = encode(edges, page, list, n, bytes);
	unsigned char *room = find_room(edges, thread, size);
	if (!room) {
		edges->pages[page].at = LEFT_OUT;
		atomic_fetch_add(&edges->left_out, 1);
		return;
	}
	memcpy(room, bytes, size);
	edges->pages[page].at = (uint32_t)edges->threads[thread].at;
	edges->threads[thread].at += size;
}

/* How many bytes those of a page take. */
static size_t size_of(const struct pt_edges *edges, size_t page)
{
	uint32_t at = edges->pages[page].at, n;
	const unsigned char *begin = edges->slabs[at / SLAB] + at % SLAB, *from = get_varint(begin, &n);
	struct pt_edge edge;
	for (uint32_t i = 0; i < n; i++)
		from = get_edge(from, 0, &edge);
	return (size_t)(from - begin);
}

void pt_edges_keep(struct pt_edges *edges, size_t page, const struct pt_edge *list, size_t n)
{
	uint32_t at = edges->pages[page].at;
	if (at == NONE || at == LEFT_OUT)
		return;
	if (!n) {
		edges->pages[page].at = NONE;
		return;
	}
	unsigned char bytes[BYTES_MAX];
	size_t size = encode(edges, page, list, n, bytes);
	if (size <= size_of(edges, page))
		memcpy(edges->slabs[at / SLAB] + at % SLAB, bytes, size);
}

bool pt_edges_has(const struct pt_edges *edges, size_t page)
{
	return edges->pages[page].at != NONE;
}

bool pt_edges_lack(const struct pt_edges *edges, size_t page)
{
	return edges->pages[page].at == LEFT_OUT;
}

void pt_edges_chunks(const struct pt_edges *edges, size_t page, pt_chunk_id *ret_first, pt_chunk_id *ret_end)
{
	*ret_first = base_of(edges, page);
	*ret_end = edges->pages[page + 1].first;
}

int pt_edges_get(const struct pt_edges *edges, size_t page, struct pt_edge *ret)
{
	uint32_t at = edges->pages[page].at, n, before = base_of(edges, page);
	if (at == NONE)
		return 0;
	if (at == LEFT_OUT)
		return -1;
	const unsigned char *from = get_varint(edges->slabs[at / SLAB] + at % SLAB, &n);
	for (uint32_t i = 0; i < n; i++) {
		from = get_edge(from, before, &ret[i]);
		before = ret[i].from;
	}
	return (int)n;
}

uint64_t pt_edges_left_out(const struct pt_edges *edges)
{
	return atomic_load(&edges->left_out);
}
