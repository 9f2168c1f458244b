/*
 * Snapshots, axes and bins against a plain picture of the same address space: one page after the other.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/bins.h"
#include "core/scan/slots.h"

#define SHIFT  12
#define PAGE   (1ull << SHIFT)
#define SPACE  400u /* pages of the toy address space, from BASE on */
#define BASE   0x7f0000003000ull
#define SECOND 1000000000ull

static uint64_t state = 7;

static uint64_t random_below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* The plain picture: a page per address, whether a VMA covers it or not. */
struct toy {
	struct pt_page pages[SPACE];
	int vma[SPACE]; /* -1: none */
	int n_vmas;
	struct pt_snapshot *snapshot;
};

static struct pt_vma_table *toy_vmas(struct toy *toy)
{
	struct pt_vma_table *table = pt_vma_table_new(SPACE, 1);
	for (unsigned i = 0; i < SPACE;) {
		unsigned n = 1 + (unsigned)random_below(20), gap = (unsigned)random_below(3) ? 0 : 9;
		for (unsigned k = i; k < i + n && k < SPACE; k++)
			toy->vma[k] = (int)table->n;
		unsigned end = i + n < SPACE ? i + n : SPACE;
		table->v[table->n++] = (struct pt_vma){
			.start = BASE + i * PAGE, .end = BASE + end * PAGE, .perms = PT_READ | PT_WRITE, .path = ""};
		for (unsigned k = end; k < end + gap && k < SPACE; k++)
			toy->vma[k] = -1;
		i = end + gap;
	}
	toy->n_vmas = (int)table->n;
	return table;
}

static void toy_pages(struct toy *toy)
{
	for (unsigned i = 0; i < SPACE; i++) {
		bool there = toy->vma[i] >= 0 && random_below(3) == 0;
		toy->pages[i] = (struct pt_page){0};
		if (!there)
			continue;
		uint32_t kind = 1 + (uint32_t)random_below(PT_KIND_N - 1);
		toy->pages[i].bits = kind | PT_HAS_FLAGS | PT_HAS_COUNT | (random_below(2) ? PT_DIRTY : 0);
		toy->pages[i].pfn = random_below(1 << 20);
		toy->pages[i].count = (uint16_t)random_below(4);
	}
}

static void toy_slots(const struct toy *toy, struct pt_slots *slots)
{
	uint64_t first = BASE >> SHIFT, last = first + SPACE;
	for (uint64_t index = first / PT_CHUNK_PAGES; index * PT_CHUNK_PAGES < last; index++) {
		struct pt_page pages[PT_CHUNK_PAGES] = {0};
		bool any = false;
		for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
			uint64_t page = index * PT_CHUNK_PAGES + i;
			if (page < first || page >= last)
				continue;
			pages[i] = toy->pages[page - first];
			any |= pages[i].bits != 0;
		}
		if (any)
			assert_int_equal(pt_slots_push(slots, index, pt_chunk_new(pages, SHIFT), 0), 0);
	}
}

static void toy_make(struct toy *toy)
{
	struct pt_slots slots = {0};
	toy->snapshot = pt_snapshot_new(toy_vmas(toy), SHIFT);
	assert_non_null(toy->snapshot);
	toy_pages(toy);
	toy_slots(toy, &slots);
	assert_int_equal(pt_snapshot_set_slots(toy->snapshot, NULL, slots.v, slots.n), 0);
}

static void check_sums(const struct toy *toy)
{
	struct pt_counts all = {0};
	for (int v = 0; v < toy->n_vmas; v++) {
		struct pt_counts plain = {0};
		for (unsigned i = 0; i < SPACE; i++)
			if (toy->vma[i] == v)
				pt_counts_add_page(&plain, toy->pages[i], SHIFT);
		assert_memory_equal(&plain, pt_snapshot_sums(toy->snapshot, (size_t)v), sizeof(plain));
		pt_counts_add(&all, &plain);
	}
	assert_memory_equal(&all, &toy->snapshot->total, sizeof(all));
	assert_ptr_equal(pt_snapshot_sums(toy->snapshot, (size_t)toy->n_vmas), &toy->snapshot->total);
}

static void sums_of_vmas_are_those_of_their_pages(void **arg)
{
	(void)arg;
	for (int round = 0; round < 200; round++) {
		struct toy toy;
		toy_make(&toy);
		check_sums(&toy);
		pt_snapshot_unref(toy.snapshot);
	}
}

static void pages_and_ranges_are_found(void **arg)
{
	(void)arg;
	struct toy toy;
	toy_make(&toy);
	for (unsigned first = 0; first < SPACE; first += 7)
		for (unsigned end = first; end <= SPACE; end += 5) {
			struct pt_counts plain = {0}, sum = {0};
			for (unsigned i = first; i < end; i++)
				pt_counts_add_page(&plain, toy.pages[i], SHIFT);
			pt_snapshot_sum(toy.snapshot, BASE + first * PAGE, BASE + end * PAGE, &sum);
			assert_memory_equal(&plain, &sum, sizeof(sum));
		}
	for (unsigned i = 0; i < SPACE; i++)
		assert_int_equal(pt_snapshot_page(toy.snapshot, BASE + i * PAGE + 17).bits, toy.pages[i].bits);
	assert_int_equal(pt_snapshot_page(toy.snapshot, 0).bits, 0);
	assert_int_equal(pt_snapshot_page(toy.snapshot, UINT64_MAX).bits, 0);
	pt_snapshot_unref(toy.snapshot);
}

/* The axis as a list of the toy's pages. */
static unsigned axis_pages(const struct toy *toy, size_t first, size_t n, unsigned *ret)
{
	unsigned count = 0;
	for (unsigned i = 0; i < SPACE; i++)
		if (toy->vma[i] >= (int)first && toy->vma[i] < (int)(first + n))
			ret[count++] = i;
	return count;
}

static void bins_cover_the_axis_exactly(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		size_t first = random_below((uint64_t)toy.n_vmas), n = 1 + random_below(8);
		unsigned list[SPACE], count = axis_pages(&toy, first, n, list);
		struct pt_axis axis;
		assert_int_equal(pt_axis_init(&axis, toy.snapshot, first, n), 0);
		assert_int_equal(axis.pages, count);
		uint64_t per_bin = 1 + random_below(12), from = random_below(5);
		struct pt_bin bins[SPACE + 5];
		pt_bins_fill(&axis, toy.snapshot, NULL, from, per_bin, bins, SPACE + 5);
		for (unsigned b = 0; b < SPACE + 5; b++) {
			struct pt_counts plain = {0};
			uint64_t pages = 0;
			for (uint64_t p = from + b * per_bin; p < from + (b + 1) * per_bin && p < count; p++, pages++)
				pt_counts_add_page(&plain, toy.pages[list[p]], SHIFT);
			assert_int_equal(bins[b].pages, pages);
			assert_memory_equal(&bins[b].sum, &plain, sizeof(plain));
			assert_false(bins[b].changed);
		}
		pt_axis_free(&axis);
		pt_snapshot_unref(toy.snapshot);
	}
}

static void positions_and_addresses_are_inverse(void **arg)
{
	(void)arg;
	struct toy toy;
	toy_make(&toy);
	struct pt_axis axis;
	unsigned list[SPACE], count = axis_pages(&toy, 0, (size_t)toy.n_vmas, list);
	assert_int_equal(pt_axis_init(&axis, toy.snapshot, 0, SIZE_MAX), 0);
	for (unsigned p = 0; p < count; p++) {
		uint64_t address = BASE + list[p] * PAGE;
		assert_int_equal(pt_axis_address(&axis, toy.snapshot, p), address);
		assert_int_equal(pt_axis_position(&axis, toy.snapshot, address), p);
		assert_int_equal(pt_axis_vma(&axis, toy.snapshot, p), toy.vma[list[p]]);
	}
	assert_int_equal(pt_axis_position(&axis, toy.snapshot, 0), 0);
	assert_int_equal(pt_axis_position(&axis, toy.snapshot, UINT64_MAX), count);
	assert_int_equal(pt_axis_vma(&axis, toy.snapshot, count), toy.n_vmas);
	pt_axis_free(&axis);
	pt_snapshot_unref(toy.snapshot);
}

static void a_changed_page_marks_its_bin_alone(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		unsigned list[SPACE], count = axis_pages(&toy, 0, (size_t)toy.n_vmas, list);
		unsigned at = (unsigned)random_below(count);
		struct pt_snapshot *after = pt_snapshot_new(pt_vma_table_ref(toy.snapshot->vmas), SHIFT);
		struct pt_slots slots = {0};
		struct pt_page *page = &toy.pages[list[at]];
		*page = page->bits ? (struct pt_page){0} : (struct pt_page){.bits = PT_ANON, .pfn = 99};
		toy_slots(&toy, &slots);
		assert_int_equal(pt_snapshot_set_slots(after, NULL, slots.v, slots.n), 0);
		struct pt_axis axis;
		struct pt_bin bins[SPACE];
		uint64_t per_bin = 1 + random_below(9);
		assert_int_equal(pt_axis_init(&axis, after, 0, SIZE_MAX), 0);
		pt_bins_fill(&axis, after, toy.snapshot, 0, per_bin, bins, SPACE);
		for (unsigned b = 0; b < SPACE; b++)
			assert_int_equal(bins[b].changed, b == at / per_bin);
		pt_axis_free(&axis);
		pt_snapshot_unref(after);
		pt_snapshot_unref(toy.snapshot);
	}
}

/* Some pages become others; now and then none. The chunks that stay as they were are shared. */
static struct pt_snapshot *toy_next(struct toy *toy)
{
	const struct pt_snapshot *before = toy->snapshot;
	struct pt_snapshot *after = pt_snapshot_new(pt_vma_table_ref(before->vmas), SHIFT);
	struct pt_slots slots = {0};
	for (uint64_t n = random_below(6); n > 0; n--) {
		uint64_t at = random_below(SPACE);
		struct pt_page *page = &toy->pages[at];
		if (toy->vma[at] >= 0)
			*page = page->bits ? (struct pt_page){0} : (struct pt_page){.bits = PT_ANON, .pfn = at};
	}
	toy_slots(toy, &slots);
	for (size_t i = 0; i < slots.n; i++) {
		struct pt_page pages[PT_CHUNK_PAGES];
		struct pt_chunk *old = pt_snapshot_chunk(before, slots.v[i].index * PT_CHUNK_PAGES * PAGE);
		pt_chunk_unpack(slots.v[i].chunk, pages);
		if (!old || !pt_chunk_equals(old, pages))
			continue;
		pt_chunk_unref(slots.v[i].chunk);
		slots.v[i].chunk = pt_chunk_ref(old);
	}
	assert_int_equal(pt_snapshot_set_slots(after, before, slots.v, slots.n), 0);
	return after;
}

static void sums_are_shared_where_no_chunk_changed(void **arg)
{
	(void)arg;
	size_t shared = 0, all = 0;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		check_sums(&toy); /* makes them */
		for (int frame = 0; frame < 5; frame++) {
			struct pt_snapshot *before = toy.snapshot;
			toy.snapshot = toy_next(&toy);
			check_sums(&toy);
			bool same = pt_snapshot_shares(toy.snapshot, before, 0, UINT64_MAX);
			for (size_t v = 0; v < (size_t)toy.n_vmas; v++, all++) {
				bool kept = pt_snapshot_sums(toy.snapshot, v) == pt_snapshot_sums(before, v);
				assert_true(kept || !same);
				shared += kept;
			}
			pt_snapshot_unref(before);
		}
		pt_snapshot_unref(toy.snapshot);
	}
	assert_true(shared > all / 2 && shared < all);
}

static void *ask_for_sums(void *arg)
{
	const struct pt_snapshot *s = arg;
	uintptr_t seen = 0;
	for (size_t v = 0; v < s->vmas->n; v++)
		seen = seen * 31 + (uintptr_t)pt_snapshot_sums(s, v);
	return (void *)seen; /* NOLINT(performance-no-int-to-ptr) */
}

static void threads_that_ask_at_once_get_the_same_sums(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		pthread_t threads[4];
		void *seen[4];
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, ask_for_sums, toy.snapshot), 0);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], &seen[i]);
		for (int i = 0; i < 4; i++)
			assert_ptr_equal(seen[i], seen[0]);
		check_sums(&toy);
		pt_snapshot_unref(toy.snapshot);
	}
}

static void give_ages(struct pt_snapshot *s);

static void updated_bins_are_as_if_filled_anew(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		struct pt_axis axis;
		struct pt_bin kept[SPACE], fresh[SPACE];
		uint64_t per_bin = 1 + random_below(30), from = random_below(9);
		size_t first = random_below((uint64_t)toy.n_vmas), n = 1 + random_below(40);
		assert_int_equal(pt_axis_init(&axis, toy.snapshot, first, n), 0);
		pt_bins_fill(&axis, toy.snapshot, NULL, from, per_bin, kept, SPACE);
		for (int frame = 0; frame < 5; frame++) {
			struct pt_snapshot *after = toy_next(&toy);
			give_ages(after);
			pt_bins_update(&axis, after, toy.snapshot, from, per_bin, kept, SPACE);
			pt_bins_fill(&axis, after, toy.snapshot, from, per_bin, fresh, SPACE);
			for (unsigned b = 0; b < SPACE; b++) {
				assert_int_equal(kept[b].pages, fresh[b].pages);
				assert_memory_equal(&kept[b].sum, &fresh[b].sum, sizeof fresh[b].sum);
				assert_int_equal(kept[b].changed, fresh[b].changed);
				assert_int_equal(kept[b].oldest_ns, fresh[b].oldest_ns);
			}
			pt_snapshot_unref(toy.snapshot);
			toy.snapshot = after;
		}
		pt_axis_free(&axis);
		pt_snapshot_unref(toy.snapshot);
	}
}

/* ---- ages -------------------------------------------------------------------------------------------------------- */

/* Reading times by chance: fresh, some seconds old, nearly a minute, older, never in full. */
static void give_ages(struct pt_snapshot *s)
{
	static const uint64_t ages[] = {0, 2, 3, 50, 90, 400};
	s->monotonic_ns = 1000 * SECOND;
	s->fresh_ns = 999 * SECOND;
	for (size_t i = 0; i < s->n_slots; i++)
		s->slots[i].read_ns = random_below(7) ? s->monotonic_ns - ages[random_below(6)] * SECOND : 0;
}

/* When the chunk of the toy's page i was read; 0 too if there is none. */
static uint64_t read_of(const struct toy *toy, unsigned i)
{
	uint64_t index = ((BASE >> SHIFT) + i) / PT_CHUNK_PAGES;
	for (size_t k = 0; k < toy->snapshot->n_slots; k++)
		if (toy->snapshot->slots[k].index == index)
			return toy->snapshot->slots[k].read_ns;
	return 0;
}

static void ages_count_present_pages(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		struct pt_ages ages, plain = {.oldest_ns = PT_NO_AGE};
		toy_make(&toy);
		give_ages(toy.snapshot);
		for (unsigned i = 0; i < SPACE; i++) {
			uint64_t read_ns = read_of(&toy, i), age = (toy.snapshot->monotonic_ns - read_ns) / SECOND;
			if (!pt_kind_present(pt_page_kind(toy.pages[i])))
				continue;
			plain.pages++;
			plain.never += !read_ns;
			plain.fresh += read_ns && age < 2;
			plain.seconds += read_ns && age >= 2 && age <= 5;
			plain.minute += read_ns && age > 5 && age <= 60;
			plain.older += read_ns && age > 60;
			if (read_ns && read_ns < plain.oldest_ns)
				plain.oldest_ns = read_ns;
		}
		pt_snapshot_ages(toy.snapshot, &ages);
		assert_memory_equal(&ages, &plain, sizeof ages);
		pt_snapshot_unref(toy.snapshot);
	}
}

static void a_bin_is_as_old_as_its_stalest_chunk(void **arg)
{
	(void)arg;
	for (int round = 0; round < 100; round++) {
		struct toy toy;
		toy_make(&toy);
		give_ages(toy.snapshot);
		unsigned list[SPACE], count = axis_pages(&toy, 0, (size_t)toy.n_vmas, list);
		struct pt_axis axis;
		struct pt_bin bins[SPACE];
		uint64_t per_bin = 1 + random_below(30);
		assert_int_equal(pt_axis_init(&axis, toy.snapshot, 0, SIZE_MAX), 0);
		pt_bins_fill(&axis, toy.snapshot, NULL, 0, per_bin, bins, SPACE);
		for (unsigned b = 0; b < SPACE; b++) {
			uint64_t oldest = PT_NO_AGE;
			for (uint64_t p = b * per_bin; p < (b + 1) * per_bin && p < count; p++) {
				uint64_t read_ns = read_of(&toy, list[p]);
				oldest = read_ns && read_ns < oldest ? read_ns : oldest;
			}
			assert_int_equal(bins[b].oldest_ns, oldest);
			assert_int_equal(pt_bin_is_old(&bins[b], toy.snapshot), oldest < 999 * SECOND);
		}
		pt_axis_free(&axis);
		pt_snapshot_unref(toy.snapshot);
	}
}

/* ---- stretches --------------------------------------------------------------------------------------------------- */

/* VMAs of two chunks each, `gap` chunks and a page apart. */
static struct pt_snapshot *row_of_vmas(size_t n, uint64_t gap)
{
	struct pt_vma_table *table = pt_vma_table_new(n, 1);
	uint64_t chunk = PT_CHUNK_PAGES * PAGE, at = 1 << 30;
	for (; table->n < n; at += (2 + gap) * chunk + PAGE)
		table->v[table->n++] = (struct pt_vma){.start = at, .end = at + 2 * chunk, .path = ""};
	return pt_snapshot_new(table, SHIFT);
}

static void stretches_name_what_a_window_shows(void **arg)
{
	(void)arg;
	struct pt_snapshot *s = row_of_vmas(10, 1);
	struct pt_axis axis;
	struct pt_stretch got[4];
	const uint64_t each = 2ull * PT_CHUNK_PAGES; /* pages of a VMA */
	assert_int_equal(pt_axis_init(&axis, s, 0, SIZE_MAX), 0);
	assert_int_equal(pt_axis_stretches(&axis, s, each + 3, 3 * each + 1, 0, got, 4), 3);
	assert_int_equal(got[0].start, s->vmas->v[1].start + 3 * PAGE);
	assert_int_equal(got[0].end, s->vmas->v[1].end);
	assert_int_equal(got[1].start, s->vmas->v[2].start);
	assert_int_equal(got[2].end, s->vmas->v[3].start + PAGE);
	/* not all fit: the nearest to the centre stay, wherever that is */
	for (size_t centre = 0; centre < 10; centre++) {
		assert_int_equal(pt_axis_stretches(&axis, s, 0, UINT64_MAX, centre * each + 5, got, 3), 3);
		size_t first = centre == 0 ? 0 : centre == 9 ? 7 : centre - 1;
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(got[i].start, s->vmas->v[first + i].start);
	}
	assert_int_equal(pt_axis_stretches(&axis, s, axis.pages, UINT64_MAX, 0, got, 4), 0);
	pt_axis_free(&axis);
	pt_snapshot_unref(s);
}

static void neighbours_are_one_stretch(void **arg)
{
	(void)arg;
	struct pt_snapshot *s = row_of_vmas(10, 0); /* a page apart: less than a chunk */
	struct pt_axis axis;
	struct pt_stretch got[2];
	assert_int_equal(pt_axis_init(&axis, s, 0, SIZE_MAX), 0);
	assert_int_equal(pt_axis_stretches(&axis, s, 0, axis.pages, 7, got, 2), 1);
	assert_int_equal(got[0].start, s->vmas->v[0].start);
	assert_int_equal(got[0].end, s->vmas->v[9].end);
	pt_axis_free(&axis);
	pt_snapshot_unref(s);
}

static void stretches_merge_into_ascending_ones(void **arg)
{
	(void)arg;
	struct pt_snapshot *s = row_of_vmas(1, 1);
	const uint64_t chunk = PT_CHUNK_PAGES * PAGE;
	struct pt_stretch v[] = {{9 * chunk, 10 * chunk},
				 {0, 2 * chunk},
				 {5 * chunk, 6 * chunk},
				 {PAGE, PAGE},
				 {2 * chunk + PAGE, 3 * chunk}};
	assert_int_equal(pt_stretches_merge(s, v, 5), 3);
	assert_int_equal(v[0].start, 0);
	assert_int_equal(v[0].end, 3 * chunk);
	assert_int_equal(v[1].start, 5 * chunk);
	assert_int_equal(v[2].end, 10 * chunk);
	assert_int_equal(pt_stretches_merge(s, v, 0), 0);
	pt_snapshot_unref(s);
}

static void missing_signals_are_unknown_not_zero(void **arg)
{
	(void)arg;
	struct pt_signals none = {0};
	struct pt_bin bin = {.pages = 10};
	struct pt_page page = {.bits = PT_ANON};
	pt_counts_add_page(&bin.sum, page, SHIFT);
	for (int layer = 0; layer < PT_LAYER_N; layer++) {
		struct pt_heat heat = pt_bin_heat(&bin, (enum pt_layer)layer, &none);
		bool told_by_presence = layer == PT_LAYER_KIND || layer == PT_LAYER_PRESENT || layer == PT_LAYER_ANON ||
					layer == PT_LAYER_SWAP;
		assert_int_equal(heat.unknown, told_by_presence ? 0 : 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_of_vmas_are_those_of_their_pages),
		cmocka_unit_test(pages_and_ranges_are_found),
		cmocka_unit_test(bins_cover_the_axis_exactly),
		cmocka_unit_test(positions_and_addresses_are_inverse),
		cmocka_unit_test(a_changed_page_marks_its_bin_alone),
		cmocka_unit_test(sums_are_shared_where_no_chunk_changed),
		cmocka_unit_test(threads_that_ask_at_once_get_the_same_sums),
		cmocka_unit_test(updated_bins_are_as_if_filled_anew),
		cmocka_unit_test(ages_count_present_pages),
		cmocka_unit_test(a_bin_is_as_old_as_its_stalest_chunk),
		cmocka_unit_test(stretches_name_what_a_window_shows),
		cmocka_unit_test(neighbours_are_one_stretch),
		cmocka_unit_test(stretches_merge_into_ascending_ones),
		cmocka_unit_test(missing_signals_are_unknown_not_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
