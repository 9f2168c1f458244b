/*
 * Chunks against a plain array of pages: whatever goes in comes out, and cached sums equal those of the pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/chunk.h"

#define SHIFT 12

static uint64_t state = 42;

static uint64_t random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct pt_page random_page(void)
{
	struct pt_page page = {.bits = (uint32_t)random_u64() & 0x03ffffff};
	page.pfn = pt_page_kind(page) == PT_UNTOUCHED ? 0 : random_u64() >> (64 - PT_PFN_BITS);
	page.count = page.bits & PT_HAS_COUNT ? (uint16_t)(random_u64() % 5) : 0;
	return page;
}

/* Pages with stretches: of nothing, of one repeated page, of consecutive frames, of anything. */
static void random_pages(struct pt_page *pages)
{
	for (unsigned i = 0; i < PT_CHUNK_PAGES;) {
		unsigned n = 1 + (unsigned)(random_u64() % 4), how = random_u64() % 4;
		struct pt_page page = random_page();
		for (unsigned k = 0; k < n && i < PT_CHUNK_PAGES; k++, i++) {
			pages[i] = how == 0 ? (struct pt_page){0} : page;
			if (how == 1 && page.pfn)
				pages[i].pfn = (page.pfn + k) & ((1ull << PT_PFN_BITS) - 1);
			if (how == 2)
				page = random_page();
		}
	}
}

static bool same(struct pt_page a, struct pt_page b)
{
	return a.bits == b.bits && a.pfn == b.pfn && a.count == b.count;
}

static void check_against(const struct pt_chunk *chunk, const struct pt_page *pages)
{
	struct pt_page out[PT_CHUNK_PAGES];
	pt_chunk_unpack(chunk, out);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		assert_true(same(out[i], pages[i]));
		assert_true(same(pt_chunk_page(chunk, i), pages[i]));
	}
	assert_true(pt_chunk_equals(chunk, pages));
}

static void pages_come_out_as_they_went_in(void **arg)
{
	(void)arg;
	for (int round = 0; round < 5000; round++) {
		struct pt_page pages[PT_CHUNK_PAGES];
		random_pages(pages);
		struct pt_chunk *chunk = pt_chunk_new(pages, SHIFT);
		assert_non_null(chunk);
		check_against(chunk, pages);
		unsigned at = random_u64() % PT_CHUNK_PAGES;
		pages[at].bits ^= PT_DIRTY;
		assert_false(pt_chunk_equals(chunk, pages));
		pt_chunk_unref(chunk);
	}
}

/* However its pages are handed in, and whatever was made before: an equal chunk is known as such. */
static void a_maker_makes_the_same_chunk(void **arg)
{
	(void)arg;
	struct pt_chunk_maker *maker = pt_chunk_maker_new();
	unsigned packed = 0;
	for (int round = 0; round < 5000; round++) {
		struct pt_page pages[PT_CHUNK_PAGES];
		random_pages(pages);
		pages[0].bits |= PT_ANON;
		struct pt_chunk *chunk = pt_chunk_new(pages, SHIFT);
		pt_chunk_begin(maker);
		assert_false(pt_chunk_has_pages(maker));
		for (unsigned i = 0, n; i < PT_CHUNK_PAGES; i += n) {
			struct pt_page page = pages[i];
			for (n = 1; i + n < PT_CHUNK_PAGES && random_u64() % 4; n++) {
				page.pfn = pages[i].pfn ? pages[i].pfn + n : 0;
				if (!same(page, pages[i + n]))
					break;
			}
			if (pages[i].bits || pages[i].pfn || pages[i].count)
				pt_chunk_add(maker, i, n, pages[i]);
		}
		assert_true(pt_chunk_has_pages(maker));
		struct pt_chunk *again = pt_chunk_make(maker, chunk, SHIFT);
		assert_ptr_equal(again, chunk);
		packed += pt_chunk_bytes(chunk) >= sizeof(struct pt_page) * PT_CHUNK_PAGES;
		pt_chunk_unref(again);
		pt_chunk_unref(chunk);
	}
	assert_in_range(packed, 100, 4900); /* both forms, one after the other */
	pt_chunk_maker_free(maker);
}

static void sums_equal_those_of_the_pages(void **arg)
{
	(void)arg;
	for (int round = 0; round < 2000; round++) {
		struct pt_page pages[PT_CHUNK_PAGES];
		random_pages(pages);
		struct pt_chunk *chunk = pt_chunk_new(pages, SHIFT);
		for (unsigned first = 0; first <= PT_CHUNK_PAGES; first++)
			for (unsigned n = 0; first + n <= PT_CHUNK_PAGES; n++) {
				struct pt_counts plain = {0}, summed = {0};
				for (unsigned i = first; i < first + n; i++)
					pt_counts_add_page(&plain, pages[i], SHIFT);
				pt_chunk_sum_part(chunk, first, n, SHIFT, &summed);
				assert_memory_equal(&plain, &summed, sizeof(plain));
			}
		pt_chunk_unref(chunk);
	}
}

static void no_chunk_is_untouched(void **arg)
{
	(void)arg;
	struct pt_page nothing[PT_CHUNK_PAGES] = {0};
	struct pt_counts sum = {0}, zero = {0};
	check_against(NULL, nothing);
	pt_chunk_sum(NULL, &sum);
	assert_memory_equal(&sum, &zero, sizeof(sum));
	struct pt_chunk *chunk = pt_chunk_new(nothing, SHIFT);
	check_against(chunk, nothing);
	pt_chunk_unref(chunk);
	pt_chunk_unref(NULL);
}

static void one_huge_page_is_one_run(void **arg)
{
	(void)arg;
	struct pt_page pages[PT_CHUNK_PAGES], mixed[PT_CHUNK_PAGES];
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		pages[i] = (struct pt_page){.pfn = 0x1000 + i, .bits = PT_ANON | PT_PMD | PT_HAS_COUNT, .count = 1};
		mixed[i] = (struct pt_page){.pfn = 0x1000 + 2 * i, .bits = PT_ANON | PT_HAS_COUNT, .count = 1};
	}
	struct pt_chunk *huge = pt_chunk_new(pages, SHIFT), *packed = pt_chunk_new(mixed, SHIFT);
	assert_true(pt_chunk_bytes(huge) < pt_chunk_bytes(packed));
	pt_chunk_unref(huge);
	pt_chunk_unref(packed);
}

/* What smaps would say of single pages: fs/proc/task_mmu.c smaps_account(). */
static void classes_mean_what_smaps_means(void **arg)
{
	(void)arg;
	static const struct {
		struct pt_page page;
		unsigned rss, shared, private, swap, pss;
	} cases[] = {
		{{.bits = PT_ANON | PT_HAS_COUNT, .count = 1}, 1, 0, 1, 0, 4096},
		{{.bits = PT_ANON | PT_HAS_COUNT, .count = 3}, 1, 1, 0, 0, 1365},
		{{.bits = PT_ANON | PT_HAS_COUNT, .count = 0}, 1, 0, 1, 0, 4096}, /* unmapped meanwhile */
		{{.bits = PT_FILE | PT_EXCLUSIVE | PT_HAS_EXCLUSIVE}, 1, 0, 1, 0, 4096},
		{{.bits = PT_FILE | PT_HAS_EXCLUSIVE}, 1, 1, 0, 0, 0}, /* shared, by how many is not known */
		{{.bits = PT_ZERO | PT_HAS_COUNT}, 0, 0, 0, 0, 0},
		{{.bits = PT_ZERO_HUGE | PT_HAS_COUNT}, 0, 0, 0, 0, 0},
		{{.bits = PT_HUGETLB | PT_HAS_COUNT, .count = 2}, 0, 0, 0, 0, 0},
		{{.bits = PT_SWAP}, 0, 0, 0, 1, 0},
		{{.bits = PT_SWAP_SHMEM}, 0, 0, 0, 1, 0},
		{{.bits = PT_MIGRATING}, 1, 1, 0, 0, 4096},
		{{.bits = PT_GUARD}, 0, 0, 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pt_counts sum = {0};
		pt_counts_add_page(&sum, cases[i].page, SHIFT);
		assert_int_equal(sum.n[PT_N_RSS], cases[i].rss);
		assert_int_equal(sum.n[PT_N_SHARED], cases[i].shared);
		assert_int_equal(sum.n[PT_N_PRIVATE], cases[i].private);
		assert_int_equal(sum.n[PT_N_SWAP], cases[i].swap);
		assert_int_equal(sum.pss >> PT_PSS_SHIFT, cases[i].pss);
	}
}

static void pss_of_large_pages_keeps_its_fractions(void **arg)
{
	(void)arg;
	struct pt_counts sum = {0};
	struct pt_page page = {.bits = PT_FILE | PT_HAS_COUNT, .count = 3};
	for (int i = 0; i < 3; i++)
		pt_counts_add_page(&sum, page, 16);
	assert_in_range(sum.pss >> PT_PSS_SHIFT, 65535, 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_out_as_they_went_in),
		cmocka_unit_test(a_maker_makes_the_same_chunk),
		cmocka_unit_test(sums_equal_those_of_the_pages),
		cmocka_unit_test(no_chunk_is_untouched),
		cmocka_unit_test(one_huge_page_is_one_run),
		cmocka_unit_test(classes_mean_what_smaps_means),
		cmocka_unit_test(pss_of_large_pages_keeps_its_fractions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
