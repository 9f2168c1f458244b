/*
 * The ledger against plain arrays of pages: whatever happens to VMAs and pages, it counts what a look at each page alone
 * does. Then tables of what becomes of VMAs, moves, sums over frames, and memory that runs out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/ledger.h"
#include "tests/support/heap.h"
#include "tests/support/space.h"

#define RW (PT_READ | PT_WRITE)

static struct pt_page anon(uint64_t pfn)
{
	const uint32_t read = PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE;
	return (struct pt_page){.pfn = pfn, .bits = PT_ANON | read | PT_EXCLUSIVE, .count = 1};
}

/* Two states of a space, and their snapshots. */
struct step {
	struct space before, after;
	struct pt_snapshot *a, *b;
};

static void take(struct step *step)
{
	step->a = space_snapshot(&step->before, NULL, 100);
	step->b = space_snapshot(&step->after, step->a, 200);
}

static void hide_frames(struct step *step)
{
	step->a->signals.of[PT_SIG_PFN].given = step->b->signals.of[PT_SIG_PFN].given = PT_ABSENT;
}

static void drop(struct step *step)
{
	pt_snapshot_unref(step->a);
	pt_snapshot_unref(step->b);
}

/* ---- the plain ledger ------------------------------------------------------------------------------------------- */

static int is_kept(const struct pt_vma *was, const struct pt_vma *is)
{
	if (!was || !is || was->inode != is->inode || (was->perms ^ is->perms) & PT_SHARED)
		return 0;
	uint64_t there = was->offset - (was->start << SPACE_SHIFT), here = is->offset - (is->start << SPACE_SHIFT);
	return !was->inode || there == here;
}

struct plain {
	uint64_t all[PT_EVENT_N];
	uint64_t kept[SPACE_VMAS][PT_EVENT_N], gone[SPACE_VMAS][PT_EVENT_N];
};

static void count(struct plain *plain, uint64_t *row, uint32_t events)
{
	for (int e = 0; e < PT_EVENT_N; e++) {
		plain->all[e] += events >> e & 1;
		row[e] += events >> e & 1;
	}
}

/* Whether some page of the chunk that a page lies in was collapsed, of the same VMA. */
static int chunk_collapsed(const struct step *s, unsigned page)
{
	uint64_t first = SPACE_BASE >> SPACE_SHIFT, chunk = (first + page) / PT_CHUNK_PAGES;
	for (unsigned i = 0; i < SPACE_PAGES; i++) {
		const struct pt_vma *was = space_vma(&s->before, i), *is = space_vma(&s->after, i);
		if ((first + i) / PT_CHUNK_PAGES == chunk && is_kept(was, is) && is == space_vma(&s->after, page) &&
		    pt_page_events(s->before.pages[i], s->after.pages[i]) >> PT_COLLAPSED & 1)
			return 1;
	}
	return 0;
}

/* The row of a VMA that is unmapped in part, or of one that is gone. */
static uint64_t *row_of_gone(const struct step *s, const struct pt_vma *was, struct plain *plain)
{
	for (unsigned i = (unsigned)was->start; i < was->end; i++) {
		const struct pt_vma *is = space_vma(&s->after, i);
		if (is_kept(was, is))
			return plain->kept[is - s->after.vmas];
	}
	return plain->gone[was - s->before.vmas];
}

static void count_plainly(const struct step *s, struct plain *ret)
{
	static const struct pt_page nothing;
	memset(ret, 0, sizeof *ret);
	for (unsigned i = 0; i < SPACE_PAGES; i++) {
		const struct pt_vma *was = space_vma(&s->before, i), *is = space_vma(&s->after, i);
		struct pt_page a = s->before.pages[i], b = s->after.pages[i];
		if (is_kept(was, is)) {
			uint32_t events = pt_page_events(a, b);
			int huge = b.bits & PT_PMD && pt_page_kind(b) != PT_HUGETLB;
			if (events >> PT_BORN & 1 && huge && chunk_collapsed(s, i))
				events |= 1u << PT_COLLAPSED;
			count(ret, ret->kept[is - s->after.vmas], events);
			continue;
		}
		if (was)
			count(ret, row_of_gone(s, was, ret), pt_page_events(a, nothing));
		if (is)
			count(ret, ret->kept[is - s->after.vmas], pt_page_events(nothing, b));
	}
}

static const struct pt_ledger_vma *find_row(const struct pt_ledger *ledger, const struct pt_vma *vma, bool gone)
{
	for (size_t i = 0; i < ledger->n_vmas; i++)
		if (ledger->vmas[i].gone == gone && ledger->vmas[i].start == space_address(vma->start)) {
			assert_int_equal(ledger->vmas[i].end, space_address(vma->end));
			return &ledger->vmas[i];
		}
	return NULL;
}

static size_t check_rows(const struct pt_ledger *ledger, const struct space *space, bool gone,
			 uint64_t rows[][PT_EVENT_N])
{
	static const uint64_t none[PT_EVENT_N];
	size_t found = 0;
	for (size_t i = 0; i < space->n_vmas; i++) {
		const struct pt_ledger_vma *row = find_row(ledger, &space->vmas[i], gone);
		assert_int_equal(row != NULL, memcmp(rows[i], none, sizeof none) != 0);
		if (row)
			assert_memory_equal(row->n, rows[i], sizeof none);
		found += row != NULL;
	}
	return found;
}

static void check(const struct step *step)
{
	struct pt_ledger ledger;
	struct plain plain;
	assert_int_equal(pt_ledger_make(step->a, step->b, &ledger), 0);
	count_plainly(step, &plain);
	assert_memory_equal(ledger.n, plain.all, sizeof plain.all);
	size_t rows = check_rows(&ledger, &step->after, false, plain.kept);
	rows += check_rows(&ledger, &step->before, true, plain.gone);
	assert_int_equal(rows, ledger.n_vmas);
	for (size_t i = 1; i < ledger.n_vmas; i++)
		assert_true(ledger.vmas[i - 1].start < ledger.vmas[i].start ||
			    (ledger.vmas[i - 1].start == ledger.vmas[i].start && ledger.vmas[i - 1].gone));
	pt_ledger_free(&ledger);
}

/* ---- whatever happens ------------------------------------------------------------------------------------------- */

static void random_map(struct space *space)
{
	unsigned first = (unsigned)space_random(SPACE_PAGES - 1), most = SPACE_PAGES - first;
	unsigned n = 1 + (unsigned)space_random(most < 30 ? most : 30);
	static const uint8_t perms[] = {PT_READ, RW, RW | PT_SHARED};
	switch (space_random(4)) {
	case 0: space_unmap(space, first, n); break;
	case 1: space_merge(space); break;
	default: space_map(space, first, n, perms[space_random(3)], space_random(3)); break;
	}
}

static void random_pages(struct space *space, unsigned one_in)
{
	for (unsigned i = 0; i < SPACE_PAGES; i++)
		if (space_vma(space, i) && !space_random(one_in))
			space->pages[i] = space_random_page();
}

static void it_counts_what_a_look_at_each_page_counts(void **state)
{
	(void)state;
	static struct step step;
	for (int round = 0; round < 4000; round++) {
		memset(&step, 0, sizeof step);
		for (unsigned i = 0; i < 8; i++)
			random_map(&step.before);
		random_pages(&step.before, 2);
		step.after = step.before;
		for (unsigned i = (unsigned)space_random(4); i-- > 0;)
			random_map(&step.after);
		random_pages(&step.after, 1 + (unsigned)space_random(20));
		take(&step);
		hide_frames(&step); /* no moves: the frames are too few to tell them from chance */
		check(&step);
		drop(&step);
	}
}

static void all_of_a_collapsed_chunk_is_collapsed(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	unsigned first = (unsigned)(-(SPACE_BASE >> SPACE_SHIFT) % PT_CHUNK_PAGES) + PT_CHUNK_PAGES;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, SPACE_PAGES, RW, 0);
	step.before.pages[first + 3] = anon(7);
	step.after = step.before;
	for (unsigned i = 0; i < 2 * PT_CHUNK_PAGES; i++) { /* the second one was not there at all */
		step.after.pages[first + i] = anon(512 + i);
		step.after.pages[first + i].bits |= PT_PMD | PT_LARGE;
	}
	take(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_int_equal(ledger.n[PT_COLLAPSED], PT_CHUNK_PAGES);
	assert_int_equal(ledger.n[PT_BORN], 2 * PT_CHUNK_PAGES - 1);
	pt_ledger_free(&ledger);
	drop(&step);
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

/* VMAs as a picture: a letter for what is mapped, capital: read-only. What touches and is alike is one VMA. */
static void draw(struct space *space, const char *picture)
{
	memset(space, 0, sizeof *space);
	for (unsigned i = 0, n; picture[i]; i += n) {
		for (n = 1; picture[i + n] == picture[i]; n++)
			;
		char what = picture[i] | ' ';
		if (picture[i] == '.')
			continue;
		space_map(space, i, n, picture[i] == what ? RW : PT_READ, what == 'a' ? 0 : (uint64_t)what);
		if (what != 'a') /* files at the same place, so that they stay the same */
			space->vmas[space->n_vmas - 1].offset = i << SPACE_SHIFT;
	}
}

static void changes_are(const char *before, const char *after, const char *expected)
{
	static struct step step;
	struct pt_ledger ledger;
	char text[512] = "";
	draw(&step.before, before);
	draw(&step.after, after);
	take(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	for (size_t i = 0; i < ledger.n_changes; i++) {
		const struct pt_ledger_change *c = &ledger.changes[i];
		char *end = text + strlen(text);
		int left = (int)(sizeof text - strlen(text));
		const uint64_t at[] = {c->from_start, c->from_end, c->start, c->end};
		int page[4];
		for (int k = 0; k < 4; k++)
			page[k] = at[k] ? (int)((at[k] - SPACE_BASE) >> SPACE_SHIFT) : 0;
		snprintf(end, (size_t)left, "%s%s %d-%d>%d-%d", i ? ", " : "", pt_vma_event_name(c->what), page[0],
			 page[1], page[2], page[3]);
	}
	assert_string_equal(text, expected);
	pt_ledger_free(&ledger);
	drop(&step);
}

static void what_became_of_vmas(void **state)
{
	(void)state;
	changes_are("..aaaa..", "..aaaa..", "");
	changes_are("........", "..aaaa..", "created 0-0>2-6");
	changes_are("..aaaa..", "........", "gone 2-6>0-0");
	changes_are("..aaaa..", "..aaaaaa", "grown 2-6>2-8");
	changes_are("..aaaa..", "aaaaaa..", "grown 2-6>0-6");
	changes_are("..aaaa..", "...aaa..", "shrunk 2-6>3-6");
	changes_are("..aaaa..", "...aaaa.", "grown 2-6>3-7, shrunk 2-6>3-7");
	changes_are("..aaaa..", "..a..a..", "split 2-6>2-6");
	changes_are("..aaaa..", "..aAAa..", "split 2-6>2-6");
	changes_are("..aaaa..", "..aA....", "split 2-6>2-4");
	changes_are("..aAAa..", "..aaaa..", "merged 2-6>2-6");
	changes_are("..a..a..", "..aaaa..", "merged 2-6>2-6");
	changes_are("..aaaa..", "..AAAA..", "");
	changes_are("..aaAAAA", "..aaaaAA", "grown 2-4>2-6, shrunk 4-8>6-8"); /* an arena, by mprotect */
	changes_are("..aaAAAA", "..aaaaaa", "merged 2-8>2-8");
	changes_are("..AAAAAA", "..aaAAAA", "split 2-8>2-8");
	changes_are("..bbbb..", "..cccc..", "gone 2-6>0-0, created 0-0>2-6");
	changes_are("..bbbb..", "..bbcc..", "shrunk 2-6>2-4, created 0-0>4-6");
	changes_are("..bbbb..", "..aaaa..", "gone 2-6>0-0, created 0-0>2-6");
	changes_are("aa..bb..", "..aa..bb", "gone 0-2>0-0, created 0-0>2-4, gone 4-6>0-0, created 0-0>6-8");
	changes_are("aabbaabb", "aabbaabb", "");
	changes_are("aabb.a", "bbaa.a", "gone 0-2>0-0, created 0-0>0-2, gone 2-4>0-0, created 0-0>2-4");
}

/* ---- moves ------------------------------------------------------------------------------------------------------ */

static void fill(struct space *space, unsigned first, unsigned n, uint64_t pfn)
{
	for (unsigned i = 0; i < n; i++)
		space->pages[first + i] = anon(pfn + 7 * i); /* of frames that do not follow each other */
}

static void move(struct space *space, unsigned from, unsigned n, unsigned to)
{
	struct pt_page pages[SPACE_PAGES];
	struct pt_vma vma = *space_vma(space, from);
	uint64_t offset = vma.inode ? vma.offset + ((from - vma.start) << SPACE_SHIFT) : 0;
	memcpy(pages, space->pages + from, n * sizeof *pages);
	space_unmap(space, from, n);
	space_map(space, to, n, vma.perms, vma.inode);
	for (size_t i = 0; i < space->n_vmas; i++)
		if (space->vmas[i].start == to)
			space->vmas[i].offset = offset;
	memcpy(space->pages + to, pages, n * sizeof *pages);
}

static void moved_pages_are_neither_born_nor_freed(void **state)
{
	(void)state;
	for (uint64_t inode = 0; inode < 2; inode++) {
		static struct step step;
		struct pt_ledger ledger;
		memset(&step, 0, sizeof step);
		space_map(&step.before, 10, 40, RW, inode);
		fill(&step.before, 10, 30, 1000);
		step.before.pages[20] = (struct pt_page){.pfn = 99 << 5, .bits = PT_SWAP};
		step.after = step.before;
		move(&step.after, 10, 40, 103);
		step.after.pages[103 + 3] = (struct pt_page){.pfn = 50 << 5, .bits = PT_SWAP};
		step.after.pages[103 + 35] = anon(5000);
		step.after.pages[103 + 4] = (struct pt_page){0};
		take(&step);
		assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
		assert_int_equal(ledger.n[PT_MOVED], 29);
		assert_int_equal(ledger.n[PT_BORN], 1);
		assert_int_equal(ledger.n[PT_FREED], 1);
		assert_int_equal(ledger.n[PT_SWAPPED_OUT], 1);
		assert_int_equal(ledger.n[PT_MIGRATED], 0);
		assert_int_equal(ledger.n_vmas, 1);
		assert_int_equal(ledger.vmas[0].start, space_address(103));
		assert_int_equal(ledger.n_changes, 1);
		assert_int_equal(ledger.changes[0].what, PT_VMA_MOVED);
		assert_int_equal(ledger.changes[0].from_start, space_address(10));
		assert_int_equal(ledger.changes[0].end, space_address(143));
		assert_int_equal(ledger.n_moves, 1);
		assert_true(ledger.known >> PT_MOVED & 1);
		pt_ledger_free(&ledger);
		drop(&step);
	}
}

static void a_move_to_where_another_vma_was(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 20, RW, 0);
	space_map(&step.before, 30, 20, RW, 5);
	fill(&step.before, 0, 20, 1000);
	fill(&step.before, 30, 20, 2000);
	step.after = step.before;
	move(&step.after, 30, 20, 90);
	move(&step.after, 0, 20, 35); /* half over what had moved away */
	take(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_int_equal(ledger.n[PT_MOVED], 40);
	assert_int_equal(ledger.n[PT_BORN] + ledger.n[PT_FREED], 0);
	assert_int_equal(ledger.n_moves, 2);
	pt_ledger_free(&ledger);
	drop(&step);
}

static void part_of_a_vma_moves_and_grows(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 40, RW, 0);
	fill(&step.before, 0, 40, 1000);
	step.after = step.before;
	move(&step.after, 20, 20, 100);
	space_map(&step.after, 120, 20, RW, 0);
	space_merge(&step.after);
	fill(&step.after, 120, 5, 3000);
	take(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_int_equal(ledger.n[PT_MOVED], 20);
	assert_int_equal(ledger.n[PT_BORN], 5);
	assert_int_equal(ledger.n[PT_FREED], 0);
	assert_int_equal(ledger.n_changes, 2);
	assert_int_equal(ledger.changes[0].what, PT_VMA_SHRUNK);
	assert_int_equal(ledger.changes[1].what, PT_VMA_MOVED);
	assert_int_equal(ledger.changes[1].from_start, space_address(20));
	pt_ledger_free(&ledger);
	drop(&step);
}

/* The allocator hands frames out again in another order, and to memory that a move cannot have led to. */
static void frames_that_are_used_again_did_not_move(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		static struct step step;
		struct pt_ledger ledger;
		bool other_kind = round % 4 == 3;
		memset(&step, 0, sizeof step);
		space_map(&step.before, 0, 40, RW, 0);
		fill(&step.before, 0, 40, 1000);
		step.after = step.before;
		space_unmap(&step.after, 0, 40);
		space_map(&step.after, 100, 40, RW | (other_kind ? PT_SHARED : 0), 0);
		for (unsigned i = 0; i < 40; i++) {
			unsigned from = other_kind ? i : round % 4 == 2 ? 39 - i : (unsigned)space_random(40);
			step.after.pages[100 + i] = step.before.pages[from];
		}
		take(&step);
		assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
		assert_int_equal(ledger.n[PT_MOVED], 0);
		assert_int_equal(ledger.n[PT_BORN], 40);
		assert_int_equal(ledger.n[PT_FREED], 40);
		pt_ledger_free(&ledger);
		drop(&step);
	}
}

static void without_frames_a_move_is_not_known(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 20, RW, 0);
	fill(&step.before, 0, 20, 1000);
	step.after = step.before;
	move(&step.after, 0, 20, 100);
	for (unsigned i = 0; i < SPACE_PAGES; i++)
		step.before.pages[i].pfn = step.after.pages[i].pfn = 0;
	take(&step);
	hide_frames(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_false(ledger.known & (1u << PT_MOVED | 1u << PT_MIGRATED | 1u << PT_COW_BROKEN | 1u << PT_LAZYFREED));
	assert_true(ledger.known >> PT_BORN & 1);
	assert_true(ledger.known >> PT_SHARED_NOW & 1);
	assert_int_equal(ledger.n[PT_BORN], 20);
	assert_int_equal(ledger.n[PT_FREED], 20);
	assert_int_equal(ledger.changes[0].what, PT_VMA_GONE);
	pt_ledger_free(&ledger);
	drop(&step);
}

/* Random moves of whole VMAs, of any of which the pages are unlike all others. */
static void every_move_is_found(void **state)
{
	(void)state;
	for (int round = 0; round < 1000; round++) {
		static struct step step;
		struct pt_ledger ledger;
		uint64_t pages = 0;
		memset(&step, 0, sizeof step);
		for (unsigned i = 0; i < 4; i++) {
			space_map(&step.before, i * 20, 12 + (unsigned)space_random(9), RW, i == 3 ? 3 : 0);
			fill(&step.before, i * 20, 12, 1000 * (i + 1));
		}
		step.after = step.before;
		for (unsigned i = 0; i < 4; i++)
			if (space_random(2)) {
				const struct pt_vma *vma = space_vma(&step.after, i * 20);
				unsigned n = (unsigned)(vma->end - vma->start);
				move(&step.after, i * 20, n, 80 + i * 20 + (unsigned)space_random(21 - n));
				pages += 12;
			}
		take(&step);
		assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
		assert_int_equal(ledger.n[PT_MOVED], pages);
		assert_int_equal(ledger.n[PT_BORN] + ledger.n[PT_FREED], 0);
		assert_int_equal(ledger.n_changes, pages / 12);
		pt_ledger_free(&ledger);
		drop(&step);
	}
}

/* ---- what is known ---------------------------------------------------------------------------------------------- */

static void another_program_is_not_compared(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 20, RW, 0);
	step.after = step.before;
	fill(&step.after, 0, 20, 1000);
	take(&step);
	step.b->process.image = 1;
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_true(ledger.other_image);
	assert_int_equal(ledger.n[PT_BORN], 0);
	assert_int_equal(ledger.known, 0);
	assert_false(pt_ledger_pages(&ledger, 0, 0, PT_BORN).known);
	pt_ledger_free(&ledger);
	drop(&step);
}

static void swapped_shared_memory_that_is_not_told(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 20, RW, 0);
	space_map(&step.before, 20, 20, RW | PT_SHARED, 9); /* of a device without a driver: may be tmpfs */
	space_map(&step.before, 60, 20, RW | PT_SHARED, 10);
	step.before.pages[20] = (struct pt_page){.pfn = 5, .bits = PT_SHMEM | PT_HAS_FLAGS};
	step.before.pages[1] = anon(8);
	step.after = step.before;
	step.after.pages[20] = step.after.pages[1] = (struct pt_page){0};
	take(&step);
	step.a->signals.of[PT_SIG_SHMEM_SWAP].given = PT_ABSENT;
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_false(pt_ledger_pages(&ledger, 0, 0, PT_FREED).known);
	assert_false(pt_ledger_pages(&ledger, 0, 0, PT_SWAPPED_OUT).known);
	assert_true(pt_ledger_pages(&ledger, 0, 0, PT_BORN).known);
	for (unsigned first = 0; first < 80; first += 20) {
		struct pt_maybe freed = pt_ledger_pages(&ledger, space_address(first), space_address(first + 20),
							PT_FREED);
		assert_int_equal(freed.known, first != 20);
		assert_int_equal(freed.value, first < 40);
	}
	pt_ledger_free(&ledger);
	drop(&step);
}

static void events_lie_between_two_readings(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, SPACE_PAGES, RW, 0);
	fill(&step.before, 0, SPACE_PAGES, 1000);
	step.after = step.before;
	step.after.pages[50].bits |= PT_REFERENCED; /* no event */
	step.after.pages[100] = (struct pt_page){0};
	take(&step);
	for (size_t i = 0; i < step.a->n_slots; i++)
		step.a->slots[i].read_ns = 20 + i;
	size_t slot = pt_snapshot_lower(step.a, (space_address(100) >> SPACE_SHIFT) / PT_CHUNK_PAGES);
	assert_int_equal(pt_ledger_make(step.a, step.b, &ledger), 0);
	assert_int_equal(ledger.from_ns, 20 + slot);
	assert_int_equal(ledger.to_ns, step.b->monotonic_ns);
	pt_ledger_free(&ledger);
	assert_int_equal(pt_ledger_make(step.a, step.a, &ledger), 0);
	assert_int_equal(ledger.from_ns, step.a->monotonic_ns - step.a->scan_ns);
	pt_ledger_free(&ledger);
	drop(&step);
}

/* ---- sums over frames ------------------------------------------------------------------------------------------- */

/* Ledgers of each step, added up, have the events of all; VMAs go by their last addresses. */
static void sums_follow_the_vmas(void **state)
{
	(void)state;
	static struct space space;
	struct pt_ledger sum = {0}, next;
	memset(&space, 0, sizeof space);
	space_map(&space, 10, 20, RW, 0);
	space_map(&space, 50, 10, RW, 4);
	struct pt_snapshot *s[5] = {space_snapshot(&space, NULL, 100)};
	fill(&space, 10, 20, 1000);
	fill(&space, 50, 10, 3000);
	s[1] = space_snapshot(&space, s[0], 200);
	move(&space, 10, 20, 100);
	s[2] = space_snapshot(&space, s[1], 300);
	space_unmap(&space, 50, 10);
	space_unmap(&space, 100, 5);
	s[3] = space_snapshot(&space, s[2], 400);
	space_map(&space, 95, 10, RW, 0);
	space_merge(&space);
	fill(&space, 95, 3, 5000);
	s[4] = space_snapshot(&space, s[3], 500);
	assert_int_equal(pt_ledger_make(s[0], s[1], &sum), 0);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(pt_ledger_make(s[i], s[i + 1], &next), 0);
		assert_int_equal(pt_ledger_add(&sum, &next), 0);
		pt_ledger_free(&next);
	}
	assert_int_equal(sum.n[PT_BORN], 33);
	assert_int_equal(sum.n[PT_FREED], 15);
	assert_int_equal(sum.n[PT_MOVED], 20);
	assert_int_equal(sum.from_ns, 100);
	assert_int_equal(sum.to_ns, 510);
	assert_int_equal(pt_ledger_pages(&sum, space_address(95), space_address(120), PT_BORN).value, 23);
	assert_int_equal(pt_ledger_pages(&sum, space_address(95), space_address(120), PT_FREED).value, 5);
	assert_int_equal(pt_ledger_pages(&sum, space_address(50), space_address(60), PT_BORN).value, 0);
	assert_int_equal(sum.n_vmas, 2);
	assert_true(sum.vmas[0].gone);
	assert_int_equal(sum.vmas[0].start, space_address(50));
	assert_int_equal(sum.vmas[0].n[PT_BORN], 10);
	assert_int_equal(sum.vmas[0].n[PT_FREED], 10);
	pt_ledger_free(&sum);
	for (int i = 0; i < 5; i++)
		pt_snapshot_unref(s[i]);
}

static void a_sum_begins_anew_with_another_program(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger first, exec, next;
	memset(&step, 0, sizeof step);
	space_map(&step.before, 0, 20, RW, 0);
	step.after = step.before;
	fill(&step.after, 0, 20, 1000);
	take(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &first), 0);
	step.b->process.image = 1;
	assert_int_equal(pt_ledger_make(step.a, step.b, &exec), 0);
	step.a->process.image = 1;
	assert_int_equal(pt_ledger_make(step.a, step.b, &next), 0);
	assert_int_equal(pt_ledger_add(&first, &exec), 0);
	assert_int_equal(first.n[PT_BORN], 0);
	assert_int_equal(first.n_vmas, 0);
	assert_true(first.other_image);
	assert_int_equal(pt_ledger_add(&first, &next), 0);
	assert_int_equal(first.n[PT_BORN], 20);
	assert_true(pt_ledger_pages(&first, 0, 0, PT_BORN).known);
	pt_ledger_free(&first);
	pt_ledger_free(&exec);
	pt_ledger_free(&next);
	drop(&step);
}

/* ---- memory runs out -------------------------------------------------------------------------------------------- */

static void prepare_all(struct step *step)
{
	memset(step, 0, sizeof *step);
	space_map(&step->before, 0, 20, RW, 0);
	space_map(&step->before, 30, 20, RW, 0);
	fill(&step->before, 0, 20, 1000);
	fill(&step->before, 30, 20, 2000);
	step->after = step->before;
	move(&step->after, 0, 20, 100);
	step->after.pages[33] = (struct pt_page){0};
	take(step);
}

static void a_ledger_is_made_or_not_at_all(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger ledger;
	unsigned long n = 0;
	prepare_all(&step);
	do {
		heap_fail_at(++n);
		int error = pt_ledger_make(step.a, step.b, &ledger);
		bool failed = heap_has_failed();
		heap_fail_at(0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
		if (!failed)
			break;
		assert_null(ledger.vmas);
	} while (n < 100);
	assert_in_range(n, 6, 99);
	assert_int_equal(ledger.n[PT_MOVED], 20);
	pt_ledger_free(&ledger);
	drop(&step);
}

static void a_sum_is_made_or_stays(void **state)
{
	(void)state;
	static struct step step;
	struct pt_ledger sum, more;
	unsigned long n = 0;
	prepare_all(&step);
	assert_int_equal(pt_ledger_make(step.a, step.b, &sum), 0);
	assert_int_equal(pt_ledger_make(step.a, step.b, &more), 0);
	for (;;) {
		heap_fail_at(++n);
		int error = pt_ledger_add(&sum, &more);
		bool failed = heap_has_failed();
		heap_fail_at(0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
		if (!failed)
			break;
		assert_int_equal(sum.n[PT_MOVED], 20);
	}
	assert_int_equal(n, 5);
	assert_int_equal(sum.n[PT_MOVED], 40);
	pt_ledger_free(&sum);
	pt_ledger_free(&more);
	drop(&step);
}

/* Soft-dirty in every frame: that tells of writing only where the bits were cleared between the two readings. */
static void pages_are_written_again_and_again(void **arg)
{
	struct step s = {0};
	struct pt_ledger ledger;
	const unsigned n = PT_CHUNK_PAGES; /* of pages: more than one chunk in parts */
	(void)arg;
	space_map(&s.before, 0, n, RW, 0);
	for (unsigned i = 0; i < n; i++) {
		s.before.pages[i] = anon(100 + 3 * i);
		s.before.pages[i].bits |= i % 2 ? PT_SOFT_DIRTY : 0;
	}
	s.after = s.before;
	s.after.pages[0].bits |= PT_SOFT_DIRTY;
	s.after.pages[1].bits &= ~PT_SOFT_DIRTY;
	s.after.pages[3].pfn = 99;
	take(&s);

	const struct {
		uint64_t cleared_before, cleared_after;
		uint64_t written;
		bool known;
	} rows[] = {
		{0, 0, 1, false},       /* nobody asked for it */
		{0, 150, n / 2, true},  /* cleared for the first time */
		{50, 150, n / 2, true}, /* all but page 1, and page 0 */
		{50, 100, n / 2, true}, /* cleared when the reading before ended */
		{50, 50, 1, true},      /* not cleared in between */
		{50, 300, 1, true},     /* cleared after both: so of another snapshot still to come */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		s.a->cleared_ns = rows[i].cleared_before;
		s.b->cleared_ns = rows[i].cleared_after;
		assert_int_equal(pt_ledger_make(s.a, s.b, &ledger), 0);
		assert_int_equal(ledger.known >> PT_WRITTEN & 1, rows[i].known);
		assert_int_equal(ledger.n[PT_WRITTEN], rows[i].written);
		assert_int_equal(ledger.n[PT_MIGRATED], 1);
		assert_int_equal(ledger.n_vmas, 1);
		assert_int_equal(ledger.vmas[0].n[PT_WRITTEN], rows[i].written);
		pt_ledger_free(&ledger);
	}
	drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_what_a_look_at_each_page_counts),
		cmocka_unit_test(all_of_a_collapsed_chunk_is_collapsed),
		cmocka_unit_test(what_became_of_vmas),
		cmocka_unit_test(moved_pages_are_neither_born_nor_freed),
		cmocka_unit_test(a_move_to_where_another_vma_was),
		cmocka_unit_test(part_of_a_vma_moves_and_grows),
		cmocka_unit_test(frames_that_are_used_again_did_not_move),
		cmocka_unit_test(without_frames_a_move_is_not_known),
		cmocka_unit_test(every_move_is_found),
		cmocka_unit_test(another_program_is_not_compared),
		cmocka_unit_test(swapped_shared_memory_that_is_not_told),
		cmocka_unit_test(events_lie_between_two_readings),
		cmocka_unit_test(sums_follow_the_vmas),
		cmocka_unit_test(a_sum_begins_anew_with_another_program),
		cmocka_unit_test(pages_are_written_again_and_again),
		cmocka_unit_test(a_ledger_is_made_or_not_at_all),
		cmocka_unit_test(a_sum_is_made_or_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
