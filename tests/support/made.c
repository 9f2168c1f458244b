/*
 * A process that changes at random; see made.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/made.h"

#define SECOND 1000000000ull

uint64_t made_random(struct made *made, uint64_t below)
{
	made->state ^= made->state << 13;
	made->state ^= made->state >> 7;
	made->state ^= made->state << 17;
	return made->state % below;
}

void made_init(struct made *made, uint64_t seed, size_t pages)
{
	*made = (struct made){.state = seed * 2 + 1,
			      .pages = pages,
			      .pid = 100,
			      .page_changes = 300,
			      .chunk_changes = 300,
			      .rereads = 400,
			      .vma_changes = 200};
}

void made_end(struct made *made)
{
	pt_snapshot_unref(made->last);
	made->last = NULL;
}

static bool happens(struct made *made, unsigned of_1000)
{
	return made_random(made, 1000) < of_1000;
}

static struct pt_vma_table *make_vmas(struct made *made)
{
	struct pt_vma_table *table = pt_vma_table_new(made->pages / 16 + 1, (made->pages / 16 + 1) * 16);
	char *name = table->names;
	for (size_t i = 0; i < made->pages;) {
		size_t end = i + 16 + made_random(made, 40), gap = made_random(made, 3) ? 0 : made_random(made, 20);
		end = end < made->pages ? end : made->pages;
		struct pt_vma *vma = &table->v[table->n++];
		*vma = (struct pt_vma){.start = MADE_BASE + i * MADE_PAGE,
				       .end = MADE_BASE + end * MADE_PAGE,
				       .perms = PT_READ | PT_WRITE,
				       .role = (uint8_t)(i % PT_ROLE_N),
				       .path = name};
		name += 1 + snprintf(name, 16, "[anon:%zu]", i);
		i = end + gap;
	}
	pt_vma_table_set_roles(table);
	return table;
}

static struct pt_page make_page(struct made *made)
{
	static const uint32_t facts[] = {0, PT_DIRTY, PT_EXCLUSIVE, PT_PMD, PT_KSM, PT_LAZYFREE};
	if (!made_random(made, 4))
		return (struct pt_page){0};
	struct pt_page page = {.bits = (1 + (uint32_t)made_random(made, PT_KIND_N - 1)) | PT_HAS_FLAGS | PT_HAS_COUNT |
				       facts[made_random(made, sizeof(facts) / sizeof(*facts))],
			       .pfn = 1 + made_random(made, 1 << 20),
			       .count = (uint16_t)made_random(made, 3)};
	if (made->uncounted) {
		page.bits &= ~(uint32_t)PT_HAS_COUNT;
		page.count = 0;
	}
	return page;
}

/* The chunk after `old`; NULL: nothing is there. */
static struct pt_chunk *next_chunk(struct made *made, struct pt_chunk *old)
{
	struct pt_page pages[PT_CHUNK_PAGES];
	bool any = false;
	pt_chunk_unpack(old, pages);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		if (happens(made, made->page_changes))
			pages[i] = make_page(made);
		any |= pages[i].bits != 0;
	}
	if (!any || !made_random(made, 6))
		return NULL;
	struct pt_chunk *chunk = old && pt_chunk_equals(old, pages) ? pt_chunk_ref(old) : NULL;
	return chunk ? chunk : pt_chunk_new(pages, MADE_SHIFT);
}

static size_t make_slots(struct made *made, uint64_t now, struct pt_slot *slots)
{
	const struct pt_snapshot *last = made->last;
	uint64_t first = (MADE_BASE >> MADE_SHIFT) / PT_CHUNK_PAGES;
	uint64_t end = ((MADE_BASE >> MADE_SHIFT) + made->pages - 1) / PT_CHUNK_PAGES + 1;
	size_t n = 0;
	for (uint64_t index = first; index < end; index++) {
		size_t i = last ? pt_snapshot_lower(last, index) : 0;
		bool had = last && i < last->n_slots && last->slots[i].index == index;
		struct pt_slot slot = had ? last->slots[i] : (struct pt_slot){.index = index};
		bool changes = happens(made, made->chunk_changes);
		if (changes)
			slot.chunk = next_chunk(made, slot.chunk);
		else if (slot.chunk)
			pt_chunk_ref(slot.chunk);
		/* what changed may also have been looked at without being read in full */
		if (changes ? made_random(made, 4) != 0 : happens(made, made->rereads))
			slot.read_ns = now - 100 + index / 4 % 16;
		if (slot.chunk)
			slots[n++] = slot;
	}
	return n;
}

static void set_facts(struct made *made, struct pt_snapshot *s, uint64_t seq)
{
	for (int i = 0; i < PT_SIG_N; i++)
		s->signals.of[i] = (struct pt_signal_state){.given = PT_GIVEN, .reason = "made up"};
	s->seq = seq;
	s->monotonic_ns = seq * SECOND;
	s->realtime_ns = (1000 + seq) * SECOND;
	s->fresh_ns = s->monotonic_ns - SECOND / 2;
	s->presence_ns = s->monotonic_ns - SECOND / 4;
	s->cleared_ns = made->clears && seq % 3 ? (seq - seq % 3) * SECOND : 0;
	s->scan_ns = made_random(made, SECOND);
	s->scan_cpu_ns = made_random(made, SECOND);
	s->stage = PT_STAGE_COMPLETE;
	s->all_pages = s->done_pages = made_random(made, 1000);
	s->process = (struct pt_process){.pid = made->pid,
					 .start_time = made->start_time,
					 .name = "made",
					 .state = made_random(made, 2) ? 'R' : 'S'};
	s->process.image = made->last ? made->last->process.image + !made_random(made, 50) : 0;
	s->process.rollup_pss = (struct pt_maybe){seq * MADE_PAGE, made->uncounted};
	s->process.hugetlb = (struct pt_maybe){seq, made->clears};
	s->process.swap = (struct pt_maybe){made_random(made, 100), made_random(made, 2)};
}

struct pt_snapshot *made_next(struct made *made)
{
	bool same = made->last && !happens(made, made->vma_changes);
	uint64_t seq = made->seq ? made->seq : made->last ? made->last->seq + 1 : 1;
	struct pt_vma_table *vmas = same ? pt_vma_table_ref(made->last->vmas) : make_vmas(made);
	struct pt_snapshot *s = pt_snapshot_new(vmas, MADE_SHIFT);
	struct pt_slot *slots = malloc((made->pages / PT_CHUNK_PAGES + 2) * sizeof(*slots));
	assert_non_null(s);
	assert_non_null(slots);
	set_facts(made, s, seq);
	size_t n = make_slots(made, s->monotonic_ns, slots);
	assert_int_equal(pt_snapshot_set_slots(s, made->last, slots, n), 0);
	pt_snapshot_unref(made->last);
	made->last = s;
	return pt_snapshot_ref(s);
}

void made_expect_equal(const struct pt_snapshot *a, const struct pt_snapshot *b)
{
	assert_memory_equal(&a->process, &b->process, sizeof(a->process));
	assert_memory_equal(&a->signals, &b->signals, sizeof(a->signals));
	assert_memory_equal(&a->total, &b->total, sizeof(a->total));
	assert_ptr_equal(a->vmas, b->vmas);
	assert_int_equal(a->n_slots, b->n_slots);
	for (size_t i = 0; i < a->n_slots; i++) {
		assert_int_equal(a->slots[i].index, b->slots[i].index);
		assert_ptr_equal(a->slots[i].chunk, b->slots[i].chunk);
		assert_int_equal(a->slots[i].read_ns, b->slots[i].read_ns);
	}
	for (size_t i = 0; i < a->vmas->n; i++)
		assert_memory_equal(pt_snapshot_sums(a, i), pt_snapshot_sums(b, i), sizeof(struct pt_counts));
	assert_int_equal(a->page_shift, b->page_shift);
	assert_int_equal(a->stage, b->stage);
	assert_int_equal(a->done_pages, b->done_pages);
	assert_int_equal(a->all_pages, b->all_pages);
	assert_int_equal(a->fresh_ns, b->fresh_ns);
	assert_int_equal(a->presence_ns, b->presence_ns);
	assert_int_equal(a->cleared_ns, b->cleared_ns);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->realtime_ns, b->realtime_ns);
	assert_int_equal(a->monotonic_ns, b->monotonic_ns);
	assert_int_equal(a->scan_ns, b->scan_ns);
	assert_int_equal(a->scan_cpu_ns, b->scan_cpu_ns);
}
