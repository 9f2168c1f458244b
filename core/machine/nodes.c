/*
 * Frames by node: out of the memory blocks that each node of sysfs lists, and out of zoneinfo where that does not do.
 */
#include "core/machine/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"
#include "core/perf/cpus.h"

#define NODES  "sys/devices/system/node"
#define BLOCKS "sys/devices/system/memory"

struct block {
	uint64_t number;
	size_t node;
};

struct reading {
	struct pt_kernel *k;
	struct pt_nodes *nodes;
	struct block *blocks; /* [n_blocks] */
	size_t n_blocks, room;
	size_t node; /* whose blocks are being listed */
	int error;
};

/* ---- lists of numbers ------------------------------------------------------------------------------------------- */

/* "memory12": the number behind the word. */
static bool numbered(const char *name, const char *word, uint64_t *ret)
{
	struct pt_cursor c = {name, name + strlen(name)};
	return pt_skip_word(&c, word) && pt_take_decimal(&c, ret) && c.at == c.end && *ret <= INT32_MAX;
}

static int note_node(void *arg, const char *name)
{
	struct reading *r = arg;
	uint64_t number;
	if (!numbered(name, "node", &number))
		return 0;
	int *ids = realloc(r->nodes->ids, (r->nodes->n + 1) * sizeof(*ids));
	if (!ids) {
		r->error = -ENOMEM;
		return 1;
	}
	r->nodes->ids = ids;
	ids[r->nodes->n++] = (int)number;
	return 0;
}

static int note_block(void *arg, const char *name)
{
	struct reading *r = arg;
	uint64_t number;
	if (!numbered(name, "memory", &number))
		return 0;
	if (r->n_blocks == r->room) {
		size_t room = r->room ? r->room * 2 : 256;
		struct block *more = realloc(r->blocks, room * sizeof(*more));
		if (!more) {
			r->error = -ENOMEM;
			return 1;
		}
		r->blocks = more;
		r->room = room;
	}
	r->blocks[r->n_blocks++] = (struct block){number, r->node};
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

static int by_block(const void *a, const void *b)
{
	const struct block *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* ---- spans ------------------------------------------------------------------------------------------------------ */

/* Behind the last one, which it may continue. */
static int add_span(struct pt_nodes *nodes, struct pt_node_span span)
{
	struct pt_node_span *last = nodes->n_spans ? &nodes->spans[nodes->n_spans - 1] : NULL;
	if (last && last->node == span.node && last->first + last->n == span.first) {
		last->n += span.n;
		return 0;
	}
	struct pt_node_span *more = realloc(nodes->spans, (nodes->n_spans + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	nodes->spans = more;
	more[nodes->n_spans++] = span;
	return 0;
}

/* One node's zones may span memory of another's: where they overlap nothing is said. */
static size_t node_by_zones(const struct pt_nodes *nodes, const struct pt_zone *zones, size_t n, uint64_t first,
			    uint64_t end)
{
	size_t found = nodes->n;
	for (size_t i = 0; i < n; i++) {
		uint64_t zone_end = zones[i].start + zones[i].pages;
		if (zone_end <= first || zones[i].start >= end)
			continue;
		size_t node = 0;
		while (node < nodes->n && nodes->ids[node] != zones[i].node)
			node++;
		bool whole = zones[i].start <= first && zone_end >= end;
		if (node == nodes->n || (found != nodes->n && found != node) || !whole)
			return nodes->n;
		found = node;
	}
	return found;
}

/* Between two neighbouring bounds of zones they are what they are. */
static int spans_of_zones(struct pt_nodes *nodes, const struct pt_zone *zones, size_t n, uint64_t first, uint64_t end)
{
	int error = 0;
	for (uint64_t at = first, next; at < end && !error; at = next) {
		next = end;
		for (size_t i = 0; i < n; i++) {
			uint64_t bounds[2] = {zones[i].start, zones[i].start + zones[i].pages};
			for (int b = 0; b < 2; b++)
				next = bounds[b] > at && bounds[b] < next ? bounds[b] : next;
		}
		size_t node = node_by_zones(nodes, zones, n, at, next);
		if (node < nodes->n)
			error = add_span(nodes, (struct pt_node_span){at, next - at, node});
	}
	return error;
}

static int spans_of_blocks(struct reading *r, uint64_t frames, const struct pt_zone *zones, size_t n_zones)
{
	int error = 0;
	qsort(r->blocks, r->n_blocks, sizeof(*r->blocks), by_block);
	for (size_t i = 0, next; i < r->n_blocks && !error; i = next) {
		uint64_t first = r->blocks[i].number * frames;
		for (next = i + 1; next < r->n_blocks && r->blocks[next].number == r->blocks[i].number;)
			next++;
		error = next == i + 1 ? add_span(r->nodes, (struct pt_node_span){first, frames, r->blocks[i].node})
				      : spans_of_zones(r->nodes, zones, n_zones, first, first + frames);
	}
	return error;
}

/* Frames of a memory block; 0: there are none. */
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

static int read_spans(struct reading *r)
{
	struct pt_nodes *nodes = r->nodes;
	struct pt_zone *zones = NULL;
	size_t n_zones = 0;
	uint64_t frames = block_frames(r->k);
	int error = 0;
	for (r->node = 0; frames && r->node < nodes->n && !r->error; r->node++) {
		char path[64];
		snprintf(path, sizeof(path), NODES "/node%d", nodes->ids[r->node]);
		r->k->ops->list(r->k, path, note_block, r);
	}
	if (r->error)
		return r->error;
	if (pt_read_zones(r->k, &zones, &n_zones))
		n_zones = 0;
	if (r->n_blocks)
		error = spans_of_blocks(r, frames, zones, n_zones);
	else
		error = spans_of_zones(nodes, zones, n_zones, 0, (uint64_t)1 << PT_PFN_BITS);
	free(zones);
	return error;
}

static int read_cpus(struct reading *r)
{
	struct pt_nodes *nodes = r->nodes;
	struct pt_cpu_nodes cpus;
	pt_cpu_nodes_read(r->k, &cpus);
	nodes->of_cpu = malloc((cpus.n + 1) * sizeof(*nodes->of_cpu));
	for (size_t i = 0; nodes->of_cpu && i < cpus.n; i++) {
		size_t node = 0;
		while (node < nodes->n && nodes->ids[node] != cpus.nodes[i])
			node++;
		nodes->of_cpu[i] = node < nodes->n ? (int)node : -1;
	}
	nodes->n_cpus = nodes->of_cpu ? cpus.n : 0;
	pt_cpu_nodes_free(&cpus);
	return nodes->of_cpu ? 0 : -ENOMEM;
}

int pt_nodes_read(struct pt_kernel *k, struct pt_nodes *ret)
{
	struct pt_nodes nodes = {0};
	struct reading r = {.k = k, .nodes = &nodes};
	k->ops->list(k, NODES, note_node, &r);
	int error = r.error ? r.error : nodes.n ? 0 : -ENODATA;
	if (!error) {
		qsort(nodes.ids, nodes.n, sizeof(*nodes.ids), by_number);
		error = read_spans(&r);
	}
	if (!error)
		error = read_cpus(&r);
	free(r.blocks);
	if (error)
		pt_nodes_free(&nodes);
	else
		*ret = nodes;
	return error;
}

void pt_nodes_free(struct pt_nodes *nodes)
{
	free(nodes->ids);
	free(nodes->spans);
	free(nodes->of_cpu);
	*nodes = (struct pt_nodes){0};
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

/* The node of a frame, and how many from it on are of the same, at most n. */
static size_t node_from(const struct pt_nodes *nodes, uint64_t pfn, uint64_t n, uint64_t *ret_n)
{
	size_t low = 0, high = nodes->n_spans;
	*ret_n = n;
	if (nodes->n == 1)
		return 0;
	while (low < high) { /* the first span that ends behind it */
		size_t middle = low + (high - low) / 2;
		if (nodes->spans[middle].first + nodes->spans[middle].n <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == nodes->n_spans)
		return nodes->n;
	const struct pt_node_span *span = &nodes->spans[low];
	bool inside = span->first <= pfn;
	uint64_t left = inside ? span->first + span->n - pfn : span->first - pfn;
	*ret_n = left < n ? left : n;
	return inside ? span->node : nodes->n;
}

size_t pt_node_of(const struct pt_nodes *nodes, uint64_t pfn)
{
	uint64_t n;
	return node_from(nodes, pfn, 1, &n);
}

static void count_run(const struct pt_nodes *nodes, struct pt_page page, uint64_t n, uint64_t *pages)
{
	enum pt_kind kind = pt_page_kind(page);
	if (!pt_kind_present(kind) || kind == PT_ZERO || kind == PT_ZERO_HUGE)
		return;
	if (!page.pfn) {
		pages[nodes->n] += n;
		return;
	}
	for (uint64_t at = 0, part; at < n; at += part) {
		size_t node = node_from(nodes, page.pfn + at, n - at, &part);
		pages[node] += part;
	}
}

void pt_nodes_count(const struct pt_nodes *nodes, const struct pt_snapshot *s, uint64_t start, uint64_t end,
		    uint64_t *pages)
{
	uint64_t first = start >> s->page_shift, last = end >> s->page_shift;
	for (size_t i = pt_snapshot_lower(s, first / PT_CHUNK_PAGES); i < s->n_slots; i++) {
		uint64_t base = s->slots[i].index * PT_CHUNK_PAGES;
		if (base >= last)
			break;
		unsigned at = first > base ? (unsigned)(first - base) : 0, n;
		unsigned until = last - base < PT_CHUNK_PAGES ? (unsigned)(last - base) : PT_CHUNK_PAGES;
		for (; at < until; at += n) {
			struct pt_page page;
			n = pt_chunk_run(s->slots[i].chunk, at, &page);
			n = n < until - at ? n : until - at;
			count_run(nodes, page, n, pages);
		}
	}
}
