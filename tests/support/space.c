/*
 * Small address spaces; see space.h.
 */
#include "tests/support/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/scan/slots.h"

uint64_t space_random(uint64_t n)
{
	static uint64_t state = 11;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

struct pt_page space_random_page(void)
{
	struct pt_page page = {.bits = (uint32_t)space_random(PT_KIND_N)};
	enum pt_kind kind = pt_page_kind(page);
	if (kind == PT_SWAP)
		page.pfn = space_random(64) << 5;
	if (pt_kind_present(kind)) {
		page.pfn = 1 + space_random(64);
		page.count = (uint16_t)(1 + space_random(3));
		page.bits |= PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE | (page.count == 1 ? PT_EXCLUSIVE : 0);
		page.bits |= (space_random(4) ? 0 : PT_PMD | PT_LARGE) | (space_random(4) ? 0 : PT_LAZYFREE);
		page.bits |= (space_random(4) ? 0 : PT_KSM) | (space_random(2) ? 0 : PT_REFERENCED);
	}
	return page;
}

/* ---- mapping ---------------------------------------------------------------------------------------------------- */

static void insert(struct space *space, size_t at, struct pt_vma vma)
{
	assert_true(space->n_vmas < SPACE_VMAS);
	memmove(&space->vmas[at + 1], &space->vmas[at], (space->n_vmas++ - at) * sizeof vma);
	space->vmas[at] = vma;
}

static void cut(struct space *space, unsigned at)
{
	for (size_t i = 0; i < space->n_vmas; i++) {
		struct pt_vma *vma = &space->vmas[i], low = *vma;
		if (vma->start >= at || at >= vma->end)
			continue;
		low.end = at;
		vma->offset += vma->inode ? (at - vma->start) << SPACE_SHIFT : 0;
		vma->start = at;
		insert(space, i, low);
		return;
	}
}

void space_unmap(struct space *space, unsigned first, unsigned n)
{
	size_t kept = 0;
	cut(space, first);
	cut(space, first + n);
	for (size_t i = 0; i < space->n_vmas; i++)
		if (space->vmas[i].end <= first || space->vmas[i].start >= first + n)
			space->vmas[kept++] = space->vmas[i];
	space->n_vmas = kept;
	memset(space->pages + first, 0, n * sizeof *space->pages);
}

void space_map(struct space *space, unsigned first, unsigned n, uint8_t perms, uint64_t inode)
{
	struct pt_vma vma = {.start = first, .end = first + n, .perms = perms, .inode = inode, .path = ""};
	size_t at = 0;
	space_unmap(space, first, n);
	while (at < space->n_vmas && space->vmas[at].start < first)
		at++;
	insert(space, at, vma);
}

void space_merge(struct space *space)
{
	size_t n = 0;
	for (size_t i = 0; i < space->n_vmas; i++) {
		struct pt_vma *last = n ? &space->vmas[n - 1] : NULL, *vma = &space->vmas[i];
		if (last && last->end == vma->start && last->perms == vma->perms && !last->inode && !vma->inode)
			last->end = vma->end;
		else
			space->vmas[n++] = *vma;
	}
	space->n_vmas = n;
}

const struct pt_vma *space_vma(const struct space *space, unsigned page)
{
	for (size_t i = 0; i < space->n_vmas; i++)
		if (space->vmas[i].start <= page && page < space->vmas[i].end)
			return &space->vmas[i];
	return NULL;
}

/* ---- snapshots -------------------------------------------------------------------------------------------------- */

static struct pt_vma_table *table_of(const struct space *space, const struct pt_snapshot *before)
{
	struct pt_vma_table *table = pt_vma_table_new(space->n_vmas, 1);
	assert_non_null(table);
	for (size_t i = 0; i < space->n_vmas; i++) {
		table->v[table->n] = space->vmas[i];
		table->v[table->n].start = space_address(space->vmas[i].start);
		table->v[table->n].end = space_address(space->vmas[i].end);
		table->v[table->n++].path = "";
	}
	pt_vma_table_set_roles(table);
	if (before && before->vmas->n == table->n && !memcmp(before->vmas->v, table->v, table->n * sizeof *table->v)) {
		pt_vma_table_unref(table);
		return pt_vma_table_ref(before->vmas);
	}
	return table;
}

static void add_chunk(const struct space *space, const struct pt_snapshot *before, uint64_t index, uint64_t ns,
		      struct pt_slots *slots)
{
	struct pt_page pages[PT_CHUNK_PAGES] = {0};
	bool any = false;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		uint64_t page = index * PT_CHUNK_PAGES + i - (SPACE_BASE >> SPACE_SHIFT);
		if (page < SPACE_PAGES)
			pages[i] = space->pages[page];
		any |= pages[i].bits != 0;
	}
	struct pt_chunk *old = before ? pt_snapshot_chunk(before, index * PT_CHUNK_PAGES << SPACE_SHIFT) : NULL;
	if (!any)
		return;
	bool same = old && pt_chunk_equals(old, pages);
	struct pt_chunk *chunk = same ? pt_chunk_ref(old) : pt_chunk_new(pages, SPACE_SHIFT);
	assert_int_equal(pt_slots_push(slots, index, chunk, ns), 0);
}

struct pt_snapshot *space_snapshot(const struct space *space, const struct pt_snapshot *before, uint64_t ns)
{
	uint64_t first = SPACE_BASE >> SPACE_SHIFT;
	struct pt_snapshot *s = pt_snapshot_new(table_of(space, before), SPACE_SHIFT);
	struct pt_slots slots = {0};
	assert_non_null(s);
	for (uint64_t i = first / PT_CHUNK_PAGES; i * PT_CHUNK_PAGES < first + SPACE_PAGES; i++)
		add_chunk(space, before, i, ns, &slots);
	for (int i = 0; i < PT_SIG_N; i++)
		s->signals.of[i] = (struct pt_signal_state){PT_GIVEN, "", NULL};
	assert_int_equal(pt_snapshot_set_slots(s, before, slots.v, slots.n), 0);
	s->stage = PT_STAGE_COMPLETE;
	s->process.pid = 1;
	s->presence_ns = s->fresh_ns = ns;
	s->monotonic_ns = ns + 10;
	s->scan_ns = 10;
	s->seq = before ? before->seq + 1 : 1;
	return s;
}
