/*
 * Where a frame lies in the machine: zone and node (zoneinfo), memory block and its state (sysfs). Zones are spans with
 * holes, and spans of two nodes may overlap; the memory block knows its node for sure, so it is asked first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"

#define BLOCKS "sys/devices/system/memory"

/* Whether the line begins a zone, "Node 0, zone      DMA". One with a name that is none of ours stays nameless. */
static bool take_zone(struct pt_cursor line, struct pt_zone *ret)
{
	uint64_t node;

	if (!pt_skip_word(&line, "Node "))
		return false;
	*ret = (struct pt_zone){0};
	if (!pt_take_decimal(&line, &node) || node > INT32_MAX || !pt_skip_word(&line, ", zone "))
		return true;
	pt_skip_blanks(&line);
	size_t n = (size_t)(line.end - line.at);
	if (n < sizeof(ret->name) && !memchr(line.at, '\0', n))
		memcpy(ret->name, line.at, n);
	ret->node = (int)node;
	return true;
}

/* "        spanned  4095" or "  start_pfn:           1"; whether it was the latter, a zone's last. */
static bool take_zone_field(struct pt_cursor line, struct pt_zone *zone)
{
	uint64_t n;

	pt_skip_blanks(&line);
	bool spanned = pt_skip_word(&line, "spanned ");
	bool start = !spanned && pt_skip_word(&line, "start_pfn:");
	pt_skip_blanks(&line);
	if ((!spanned && !start) || !pt_take_decimal(&line, &n))
		return false;
	if (spanned)
		zone->pages = n;
	else
		zone->start = n;
	return start;
}

/* The next zone that has a name and memory; those without have no start_pfn. */
static bool next_zone(struct pt_cursor *text, struct pt_zone *zone)
{
	struct pt_cursor line;

	while (pt_cut_line(text, &line))
		if (!take_zone(line, zone) && take_zone_field(line, zone) && zone->name[0] && zone->pages)
			return true;
	return false;
}

static bool zone_spans(const struct pt_zone *zone, uint64_t pfn)
{
	return pfn >= zone->start && pfn - zone->start < zone->pages;
}

bool pt_parse_zoneinfo(const char *text, size_t size, uint64_t pfn, struct pt_physical *ret)
{
	struct pt_cursor all = {text, text + size};
	struct pt_zone zone = {0};

	while (next_zone(&all, &zone)) {
		if (!zone_spans(&zone, pfn) || (ret->node >= 0 && ret->node != zone.node))
			continue;
		memcpy(ret->zone, zone.name, sizeof(ret->zone));
		ret->node = zone.node;
		return true;
	}
	return false;
}

int pt_read_zones(struct pt_kernel *k, struct pt_zone **ret, size_t *ret_n)
{
	struct pt_zone zone = {0}, *zones = NULL;
	char *text = NULL;
	size_t size = 0, n = 0;
	int error = pt_kernel_slurp(k, "proc/zoneinfo", &text, &size);

	for (struct pt_cursor all = {text, text + size}; !error && next_zone(&all, &zone);) {
		struct pt_zone *more = realloc(zones, (n + 1) * sizeof(*zones));
		if (!more) {
			error = -ENOMEM;
			break;
		}
		zones = more;
		zones[n++] = zone;
	}
	free(text);
	if (error) {
		free(zones);
		return error;
	}
	*ret = zones;
	*ret_n = n;
	return 0;
}

const struct pt_zone *pt_zone_of(const struct pt_zone *zones, size_t n, uint64_t pfn)
{
	for (size_t i = 0; i < n; i++)
		if (zone_spans(&zones[i], pfn))
			return &zones[i];
	return NULL;
}

/* The first line of a small file. */
static bool read_line(struct pt_kernel *k, const char *path, char *ret, size_t size)
{
	char *text;
	size_t n;

	if (pt_kernel_slurp(k, path, &text, &n))
		return false;
	n = strcspn(text, "\n");
	bool fits = n < size;
	if (fits) {
		memcpy(ret, text, n);
		ret[n] = '\0';
	}
	free(text);
	return fits;
}

/* The memory block's number is its physical address by the block size, which is written in hexadecimal. */
static bool find_block(struct pt_kernel *k, uint64_t pfn, uint64_t *ret)
{
	char text[24];
	uint64_t block_size;

	if (!read_line(k, BLOCKS "/block_size_bytes", text, sizeof(text)))
		return false;
	struct pt_cursor c = {text, text + strlen(text)};
	if (!pt_take_hex(&c, &block_size) || block_size >> k->page_shift == 0)
		return false;
	*ret = pfn / (block_size >> k->page_shift);
	return true;
}

/* An entry "node3" of a memory block's directory is a link to its node. */
static int note_node(void *arg, const char *name)
{
	struct pt_cursor c = {name, name + strlen(name)};
	uint64_t node;

	if (!pt_skip_word(&c, "node") || !pt_take_decimal(&c, &node) || c.at != c.end || node > INT32_MAX)
		return 0;
	*(int *)arg = (int)node;
	return 1;
}

static void read_block(struct pt_kernel *k, uint64_t pfn, struct pt_physical *ret)
{
	char path[96];
	uint64_t block;

	if (!find_block(k, pfn, &block))
		return;
	snprintf(path, sizeof(path), BLOCKS "/memory%llu/state", (unsigned long long)block);
	if (!read_line(k, path, ret->block_state, sizeof(ret->block_state)))
		return;
	ret->memory_block = (int64_t)block;
	snprintf(path, sizeof(path), BLOCKS "/memory%llu", (unsigned long long)block);
	k->ops->list(k, path, note_node, &ret->node);
}

void pt_read_physical(struct pt_kernel *k, uint64_t pfn, struct pt_physical *ret)
{
	struct pt_physical physical = {.node = -1, .memory_block = -1};
	char *text;
	size_t size;

	read_block(k, pfn, &physical);
	if (!pt_kernel_slurp(k, "proc/zoneinfo", &text, &size)) {
		pt_parse_zoneinfo(text, size, pfn, &physical);
		free(text);
	}
	*ret = physical;
}
