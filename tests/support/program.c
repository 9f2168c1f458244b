/*
 * Programs; see program.h.
 */
#include "tests/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/scan/slots.h"

static void add_pages(struct pt_slots *slots, uint64_t first, unsigned n, uint64_t pfn)
{
	const uint32_t bits = PT_ANON | PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE | PT_EXCLUSIVE;
	for (uint64_t at = first, end = first + n; at < end;) {
		struct pt_page pages[PT_CHUNK_PAGES] = {{0}};
		uint64_t index = at / PT_CHUNK_PAGES;
		struct pt_slot *last = slots->n ? &slots->v[slots->n - 1] : NULL;
		bool more = last && last->index == index;
		if (more)
			pt_chunk_unpack(last->chunk, pages);
		for (; at < end && at / PT_CHUNK_PAGES == index; at++)
			pages[at % PT_CHUNK_PAGES] = (struct pt_page){.pfn = pfn++, .bits = bits, .count = 1};
		struct pt_chunk *chunk = pt_chunk_new(pages, PROGRAM_SHIFT);
		assert_non_null(chunk);
		if (more) {
			pt_chunk_unref(last->chunk);
			last->chunk = chunk;
		} else {
			assert_int_equal(pt_slots_push(slots, index, chunk, 1), 0);
		}
	}
}

struct pt_snapshot *program_snapshot(const struct program *p)
{
	struct pt_vma_table *vmas;
	struct pt_slots slots = {0};
	assert_int_equal(pt_parse_maps(p->maps, strlen(p->maps), &vmas), 0);
	struct pt_snapshot *s = pt_snapshot_new(vmas, PROGRAM_SHIFT);
	assert_non_null(s);
	for (size_t i = 0; i < PT_SIG_N; i++)
		s->signals.of[i].given = PT_GIVEN;
	s->process.pid = 7;
	s->process.start_time = p->start_time;
	s->stage = PT_STAGE_COMPLETE;
	for (size_t i = 0; i < vmas->n; i++)
		add_pages(&slots, vmas->v[i].start >> PROGRAM_SHIFT, p->pages[i], p->pfn + i * 1000);
	assert_int_equal(pt_snapshot_set_slots(s, NULL, slots.v, slots.n), 0);
	return s;
}
