/*
 * See ring.h. The order of reads and writes is that of the comment above perf_output_put_handle() in
 * kernel/events/ring_buffer.c.
 */
#include "core/perf/ring.h"

#include <linux/perf_event.h>
#include <string.h>

void pt_ring_init(struct pt_ring *ring, void *memory, size_t page, size_t size)
{
	const struct perf_event_mmap_page *head = memory;
	ring->memory = memory;
	ring->page = page;
	ring->size = size;
	ring->at = ring->until = head->data_tail;
}

void pt_ring_begin(struct pt_ring *ring)
{
	struct perf_event_mmap_page *head = ring->memory;
	ring->until = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
}

static const uint8_t *data_at(const struct pt_ring *ring, uint64_t at)
{
	return (const uint8_t *)ring->memory + ring->page + (at & (ring->size - 1));
}

const void *pt_ring_next(struct pt_ring *ring, size_t *ret_size, bool *ret_scratch)
{
	struct perf_event_header header;
	uint64_t left = ring->until - ring->at, to_end = ring->size - (ring->at & (ring->size - 1));
	if (left < sizeof(header))
		return NULL;
	memcpy(&header, data_at(ring, ring->at),
	       sizeof(header)); /* records are aligned: it never lies across the end */
	if (header.size < sizeof(header) || header.size % sizeof(uint64_t) || header.size > left || left > ring->size) {
		ring->at = ring->until;
		return NULL;
	}
	const uint8_t *bytes = data_at(ring, ring->at);
	*ret_scratch = header.size > to_end;
	if (*ret_scratch) {
		memcpy(ring->scratch, bytes, to_end);
		memcpy((uint8_t *)ring->scratch + to_end, data_at(ring, 0), header.size - to_end);
		bytes = (const uint8_t *)ring->scratch;
	}
	ring->at += header.size;
	*ret_size = header.size;
	return bytes;
}

void pt_ring_release(struct pt_ring *ring)
{
	struct perf_event_mmap_page *head = ring->memory;
	__atomic_store_n(&head->data_tail, ring->at, __ATOMIC_RELEASE);
}
