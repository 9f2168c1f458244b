/*
 * See allocs.h. Owns the events, the sums, and the newest allocations by frame: buckets of four, of which the oldest gives
 * way.
 */
#include "core/faults/allocs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"
#include "core/kernel/tracepoint.h"
#include "core/perf/events.h"

#define WAYS       4
#define ORDERS     20   /* more than any kernel has */
#define SUMS       1024 /* kinds of allocation; a power of two */
#define NO_ZONE    0xffffu
#define FRAME_HASH 0x9e3779b97f4a7c15ull

struct sum {
	uint64_t flags, events;
	uint16_t zone; /* index; NO_ZONE */
	uint8_t order;
	int8_t type;
};

struct pt_allocs {
	struct pt_events *events;
	pid_t pid;
	struct pt_tracepoint tracepoint;
	struct pt_zone *zones;
	size_t n_zones;
	struct pt_alloc *frames; /* [n_buckets][WAYS]; time_ns 0: empty */
	size_t n_buckets;        /* a power of two */
	struct sum sums[SUMS];   /* events 0: empty */
	uint64_t left_out;
};

/* ---- by frame --------------------------------------------------------------------------------------------------- */

static struct pt_alloc *bucket_of(const struct pt_allocs *allocs, uint64_t pfn, unsigned order)
{
	uint64_t hash = (pfn ^ (uint64_t)order << 58) * FRAME_HASH;
	return &allocs->frames[(hash >> 32 & (allocs->n_buckets - 1)) * WAYS];
}

static void remember(struct pt_allocs *allocs, const struct pt_alloc *alloc)
{
	struct pt_alloc *bucket = bucket_of(allocs, alloc->pfn, alloc->order), *into = bucket;
	for (size_t i = 0; i < WAYS; i++) {
		if (bucket[i].time_ns && bucket[i].pfn == alloc->pfn && bucket[i].order == alloc->order) {
			into = &bucket[i];
			break;
		}
		if (bucket[i].time_ns < into->time_ns)
			into = &bucket[i];
	}
	*into = *alloc;
}

/* A frame may have been the first of a small block or the middle of a large one. */
bool pt_allocs_find(const struct pt_allocs *allocs, uint64_t pfn, struct pt_alloc *ret)
{
	bool found = false;
	for (unsigned order = 0; order < ORDERS; order++) {
		uint64_t first = pfn >> order << order;
		const struct pt_alloc *bucket = bucket_of(allocs, first, order);
		for (size_t i = 0; i < WAYS; i++) {
			if (!bucket[i].time_ns || bucket[i].pfn != first || bucket[i].order != order ||
			    (found && bucket[i].time_ns < ret->time_ns))
				continue;
			*ret = bucket[i];
			found = true;
		}
	}
	return found;
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static void add_sum(struct pt_allocs *allocs, const struct pt_alloc *alloc, uint64_t weight)
{
	const struct pt_zone *zone = pt_zone_of(allocs->zones, allocs->n_zones, alloc->pfn);
	struct sum key = {
		.flags = alloc->flags,
		.zone = zone ? (uint16_t)(zone - allocs->zones) : NO_ZONE,
		.order = (uint8_t)alloc->order,
		.type = (int8_t)alloc->migrate_type,
	};
	uint64_t hash = (key.flags ^ (uint64_t)key.zone << 40 ^ (uint64_t)key.order << 56) * FRAME_HASH;
	for (size_t i = 0; i < SUMS; i++) {
		struct sum *sum = &allocs->sums[((hash >> 32) + i) & (SUMS - 1)];
		if (sum->events && (sum->flags != key.flags || sum->zone != key.zone || sum->order != key.order ||
				    sum->type != key.type))
			continue;
		key.events = sum->events + weight;
		*sum = key;
		return;
	}
	allocs->left_out += weight;
}

static int by_pages(const void *a, const void *b)
{
	const struct pt_fault_alloc_row *left = a, *right = b;
	return left->pages < right->pages ? 1 : left->pages > right->pages ? -1 : 0;
}

static bool make_row(const struct pt_allocs *allocs, const struct sum *sum, struct pt_fault_alloc_row *row)
{
	char flags[512];
	*row = (struct pt_fault_alloc_row){
		.order = sum->order,
		.migrate_type = sum->type,
		.node = -1,
		.events = sum->events,
		.pages = sum->events << sum->order,
	};
	if (sum->zone != NO_ZONE) {
		row->node = allocs->zones[sum->zone].node;
		memcpy(row->zone, allocs->zones[sum->zone].name, sizeof(row->zone));
	}
	row->flags = strdup(pt_allocs_flags(allocs, sum->flags, flags, sizeof(flags)));
	return row->flags;
}

int pt_allocs_rows(const struct pt_allocs *allocs, size_t n_max, struct pt_fault_alloc_row **ret, size_t *ret_n,
		   uint64_t *ret_left_out)
{
	struct pt_fault_alloc_row *rows = calloc(SUMS, sizeof(*rows));
	size_t n = 0;
	bool ok = rows;
	for (size_t i = 0; ok && i < SUMS; i++)
		if (allocs->sums[i].events)
			ok = make_row(allocs, &allocs->sums[i], &rows[n++]);
	if (!ok) {
		for (size_t i = 0; i < n; i++)
			free(rows[i].flags);
		free(rows);
		return -ENOMEM;
	}
	qsort(rows, n, sizeof(*rows), by_pages);
	for (; n > n_max; n--)
		free(rows[n - 1].flags);
	*ret = rows;
	*ret_n = n;
	*ret_left_out = allocs->left_out;
	return 0;
}

/* ---- the stream ------------------------------------------------------------------------------------------------- */

/* The kernel gives out no frame where there was none to be had. */
static void take_record(void *arg, const struct pt_perf_record *record, unsigned which, uint64_t period)
{
	struct pt_allocs *allocs = arg;
	uint64_t pfn, order, flags, type;
	(void)which;
	if (record->what != PT_PERF_SAMPLE || record->pid != allocs->pid || !record->raw ||
	    !pt_trace_value(&allocs->tracepoint, "pfn", record->raw, record->raw_size, &pfn) ||
	    !pt_trace_value(&allocs->tracepoint, "order", record->raw, record->raw_size, &order) ||
	    !pt_trace_value(&allocs->tracepoint, "gfp_flags", record->raw, record->raw_size, &flags) ||
	    !pt_trace_value(&allocs->tracepoint, "migratetype", record->raw, record->raw_size, &type) || pfn == 0 ||
	    pfn == UINT64_MAX || order >= ORDERS)
		return;
	struct pt_alloc alloc = {
		.pfn = pfn,
		.time_ns = record->time_ns,
		.tid = record->tid,
		.order = (unsigned)order,
		.migrate_type = (int8_t)type,
		.flags = flags,
	};
	remember(allocs, &alloc);
	add_sum(allocs, &alloc, period);
}

static int open_all(struct pt_allocs *allocs, struct pt_kernel *k, uint64_t period, bool from_exec)
{
	int error = pt_read_tracepoint(k, "kmem/mm_page_alloc", &allocs->tracepoint);
	if (error)
		return error;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = allocs->tracepoint.id,
		.sample_period = period,
	};
	struct pt_events_options options = {.attrs = &attr, .n = 1, .layout = {.raw = true}, .from_exec = from_exec};
	error = pt_read_zones(k, &allocs->zones, &allocs->n_zones);
	if (error == -ENOMEM)
		return error;
	return pt_events_open(&allocs->events, k, allocs->pid, &options);
}

int pt_allocs_open(struct pt_allocs **ret, struct pt_kernel *k, pid_t pid, uint64_t period, bool from_exec,
		   size_t bytes_max)
{
	struct pt_allocs *allocs = calloc(1, sizeof(*allocs));
	if (!allocs)
		return -ENOMEM;
	allocs->pid = pid;
	for (allocs->n_buckets = 1; allocs->n_buckets * 2 * WAYS * sizeof(*allocs->frames) <= bytes_max;)
		allocs->n_buckets *= 2;
	allocs->frames = calloc(allocs->n_buckets * WAYS, sizeof(*allocs->frames));
	int error = allocs->frames ? open_all(allocs, k, period, from_exec) : -ENOMEM;
	if (error) {
		pt_allocs_close(allocs);
		return error;
	}
	*ret = allocs;
	return 0;
}

void pt_allocs_close(struct pt_allocs *allocs)
{
	if (!allocs)
		return;
	pt_events_close(allocs->events);
	free(allocs->zones);
	free(allocs->frames);
	free(allocs);
}

void pt_allocs_take(struct pt_allocs *allocs)
{
	pt_events_take(allocs->events, &(struct pt_events_sink){take_record, allocs});
}

void pt_allocs_set_period(struct pt_allocs *allocs, uint64_t period)
{
	pt_events_set_periods(allocs->events, &period, &(struct pt_events_sink){take_record, allocs});
}

char *pt_allocs_flags(const struct pt_allocs *allocs, uint64_t flags, char *ret, size_t size)
{
	return pt_trace_flags(&allocs->tracepoint, flags, ret, size);
}

/* enum migratetype of include/linux/mmzone.h: the first four are the same on all kernels from 5.10 to 6.18. */
const char *pt_migrate_type_name(int type)
{
	static const char *const names[] = {"Unmovable", "Movable", "Reclaimable", "HighAtomic"};
	return type >= 0 && type < 4 ? names[type] : NULL;
}
