/*
 * What became of one page: every event from the facts that make it, and none where a fact was not read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/ledger.h"

#define READ     (PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE)
#define E(event) (1u << (event))

/* Pages as root sees them, in frame `pfn`; mapped once, or twice. */
static struct pt_page page(enum pt_kind kind, uint64_t pfn, uint32_t bits)
{
	return (struct pt_page){.pfn = pfn, .bits = kind | READ | PT_EXCLUSIVE | bits, .count = 1};
}

static struct pt_page shared(enum pt_kind kind, uint64_t pfn, uint32_t bits)
{
	return (struct pt_page){.pfn = pfn, .bits = kind | READ | bits, .count = 2};
}

/* As someone without privileges does. */
static struct pt_page hidden(enum pt_kind kind, uint32_t bits)
{
	return (struct pt_page){.bits = kind | PT_HAS_EXCLUSIVE | bits};
}

/* As a look at where pages are does. */
static struct pt_page seen(enum pt_kind kind, uint32_t bits)
{
	return (struct pt_page){.bits = kind | bits};
}

static struct pt_page swapped(uint64_t offset)
{
	return (struct pt_page){.pfn = offset << 5, .bits = PT_SWAP};
}

static const struct pt_page nothing;

static void born_and_freed(void **state)
{
	(void)state;
	static const enum pt_kind memory[] = {PT_ANON,   PT_FILE,    PT_SHMEM,     PT_HUGETLB,
					      PT_KERNEL, PT_PRESENT, PT_MIGRATING, PT_DEVICE};
	static const enum pt_kind none[] = {PT_ZERO, PT_ZERO_HUGE, PT_GUARD, PT_UFFD_MARKER, PT_POISON};
	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
		assert_int_equal(pt_page_events(nothing, page(memory[i], 7, 0)), E(PT_BORN));
		assert_int_equal(pt_page_events(page(memory[i], 7, 0), nothing), E(PT_FREED));
		for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
			assert_int_equal(pt_page_events(page(none[k], 1, 0), page(memory[i], 7, 0)), E(PT_BORN));
			assert_int_equal(pt_page_events(page(memory[i], 7, 0), page(none[k], 1, 0)), E(PT_FREED));
		}
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_int_equal(pt_page_events(nothing, page(none[i], 1, 0)), 0);
		assert_int_equal(pt_page_events(page(none[i], 1, 0), nothing), 0);
	}
	/* a private copy of a file's page, given back: the file's page is there again */
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), page(PT_FILE, 8, 0)), E(PT_FREED) | E(PT_BORN));
	assert_int_equal(pt_page_events(swapped(3), page(PT_FILE, 8, 0)), E(PT_FREED) | E(PT_BORN));
}

static void swapped_out_and_in(void **state)
{
	(void)state;
	struct pt_page shmem = {.bits = PT_SWAP_SHMEM};
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), swapped(3)), E(PT_SWAPPED_OUT));
	assert_int_equal(pt_page_events(swapped(3), page(PT_ANON, 9, 0)), E(PT_SWAPPED_IN));
	assert_int_equal(pt_page_events(page(PT_SHMEM, 7, 0), shmem), E(PT_SWAPPED_OUT));
	assert_int_equal(pt_page_events(shmem, page(PT_SHMEM, 7, 0)), E(PT_SWAPPED_IN));
	assert_int_equal(pt_page_events(swapped(3), nothing), E(PT_FREED));
	assert_int_equal(pt_page_events(nothing, swapped(3)), E(PT_BORN) | E(PT_SWAPPED_OUT));
	assert_int_equal(pt_page_events(swapped(3), swapped(4)), 0);
	assert_int_equal(pt_page_events(page(PT_ANON, 7, PT_PMD | PT_LARGE), swapped(3)), E(PT_SWAPPED_OUT));
	assert_int_equal(pt_page_events(swapped(3), page(PT_ANON, 512, PT_PMD | PT_LARGE)),
			 E(PT_SWAPPED_IN) | E(PT_COLLAPSED));
	assert_int_equal(pt_page_events(hidden(PT_ANON, 0), seen(PT_SWAP, 0)), E(PT_SWAPPED_OUT));
}

static void copied_on_write(void **state)
{
	(void)state;
	const uint32_t own = E(PT_COW_BROKEN) | E(PT_PRIVATE_NOW);
	struct pt_page ksm = shared(PT_ANON, 7, PT_KSM);
	assert_int_equal(pt_page_events(shared(PT_ANON, 7, 0), page(PT_ANON, 8, 0)), own);
	assert_int_equal(pt_page_events(shared(PT_FILE, 7, 0), page(PT_ANON, 8, 0)), own);
	assert_int_equal(pt_page_events(page(PT_FILE, 7, 0), page(PT_ANON, 8, 0)), E(PT_COW_BROKEN));
	assert_int_equal(pt_page_events(page(PT_SHMEM, 7, 0), page(PT_ANON, 8, 0)), E(PT_COW_BROKEN));
	assert_int_equal(pt_page_events(ksm, page(PT_ANON, 8, 0)), own);
	assert_int_equal(pt_page_events(shared(PT_HUGETLB, 512, 0), page(PT_HUGETLB, 1024, 0)), own);
	/* the other one wrote: this one keeps the frame */
	assert_int_equal(pt_page_events(shared(PT_ANON, 7, 0), page(PT_ANON, 7, 0)), E(PT_PRIVATE_NOW));
	/* what was merged went to KSM's frame: that is no copy, nor a migration */
	assert_int_equal(pt_page_events(page(PT_ANON, 8, 0), ksm), E(PT_SHARED_NOW));
	/* a huge page that was shared is split by a write, and one page copied */
	assert_int_equal(pt_page_events(shared(PT_ANON, 7, PT_PMD | PT_LARGE), page(PT_ANON, 9, 0)), own | E(PT_SPLIT));
	/* pagemap alone tells that a file's page became anonymous, and no more */
	assert_int_equal(pt_page_events(hidden(PT_FILE, 0), hidden(PT_ANON, PT_EXCLUSIVE)), own);
	assert_int_equal(pt_page_events(hidden(PT_ANON, 0), hidden(PT_ANON, PT_EXCLUSIVE)), E(PT_PRIVATE_NOW));
}

static void huge_or_not(void **state)
{
	(void)state;
	const uint32_t huge = PT_PMD | PT_LARGE;
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), page(PT_ANON, 512, huge)), E(PT_COLLAPSED));
	assert_int_equal(pt_page_events(page(PT_FILE, 512, PT_LARGE), page(PT_FILE, 512, huge)), E(PT_COLLAPSED));
	assert_int_equal(pt_page_events(nothing, page(PT_ANON, 512, huge)), E(PT_BORN));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, huge), page(PT_ANON, 512, PT_LARGE)), E(PT_SPLIT));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, PT_LARGE), page(PT_ANON, 512, 0)), E(PT_SPLIT));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, huge), page(PT_ANON, 512, 0)), E(PT_SPLIT));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, huge), nothing), E(PT_FREED));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, PT_LARGE), page(PT_ANON, 9, 0)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(page(PT_HUGETLB, 512, PT_PMD), page(PT_HUGETLB, 1024, PT_PMD)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(nothing, page(PT_HUGETLB, 512, PT_PMD)), E(PT_BORN));
}

static void in_another_frame(void **state)
{
	(void)state;
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), page(PT_ANON, 8, 0)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(page(PT_FILE, 7, 0), page(PT_FILE, 8, 0)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(shared(PT_FILE, 7, 0), shared(PT_FILE, 8, 0)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(page(PT_ANON, 512, PT_PMD), page(PT_ANON, 1024, PT_PMD)), E(PT_MIGRATED));
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), page(PT_MIGRATING, 7, 0)), 0);
	assert_int_equal(pt_page_events(hidden(PT_ANON, 0), hidden(PT_ANON, 0)), 0);
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), hidden(PT_ANON, PT_EXCLUSIVE)), 0);
}

static void shared_or_private(void **state)
{
	(void)state;
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), shared(PT_ANON, 7, 0)), E(PT_SHARED_NOW));
	assert_int_equal(pt_page_events(hidden(PT_FILE, PT_EXCLUSIVE), hidden(PT_FILE, 0)), E(PT_SHARED_NOW));
	assert_int_equal(pt_page_events(seen(PT_FILE, 0), shared(PT_FILE, 7, 0)), 0);
	assert_int_equal(pt_page_events(shared(PT_FILE, 7, 0), seen(PT_FILE, 0)), 0);
	/* copied by another between the readings of its entry and its count: what came with the frame holds */
	struct pt_page raced = page(PT_ANON, 7, 0);
	raced.bits &= ~(uint32_t)PT_EXCLUSIVE;
	assert_int_equal(pt_page_events(raced, page(PT_ANON, 8, 0)), E(PT_COW_BROKEN) | E(PT_PRIVATE_NOW));
	struct pt_page many = shared(PT_FILE, 7, 0);
	many.count = 30;
	assert_int_equal(pt_page_events(shared(PT_FILE, 7, 0), many), 0);
}

static void lazily_freed_and_written(void **state)
{
	(void)state;
	struct pt_page plain = page(PT_ANON, 7, 0), lazy = page(PT_ANON, 7, PT_LAZYFREE);
	struct pt_page dirty = page(PT_ANON, 7, PT_SOFT_DIRTY);
	assert_int_equal(pt_page_events(plain, lazy), E(PT_LAZYFREED));
	assert_int_equal(pt_page_events(lazy, plain), 0);
	assert_int_equal(pt_page_events(lazy, lazy), 0);
	assert_int_equal(pt_page_events(nothing, lazy), E(PT_BORN) | E(PT_LAZYFREED));
	assert_int_equal(pt_page_events(hidden(PT_ANON, PT_EXCLUSIVE), lazy), 0);
	assert_int_equal(pt_page_events(plain, dirty), E(PT_WRITTEN));
	assert_int_equal(pt_page_events(dirty, plain), 0);
	assert_int_equal(pt_page_events(nothing, dirty), E(PT_BORN) | E(PT_WRITTEN));
	assert_int_equal(pt_page_events(hidden(PT_ANON, PT_EXCLUSIVE), hidden(PT_ANON, PT_EXCLUSIVE | PT_SOFT_DIRTY)),
			 E(PT_WRITTEN));
	assert_int_equal(pt_page_events(seen(PT_ANON, 0), dirty), 0);
}

/* A page that was only seen is what it then turns out to be: nothing happened to it. */
static void what_was_seen_and_then_read_has_no_events(void **state)
{
	(void)state;
	static const enum pt_kind in_sight[] = {PT_PRESENT, PT_ANON, PT_FILE, PT_SHMEM};
	const struct pt_page read[] = {
		page(PT_ANON, 7, 0),
		shared(PT_ANON, 7, PT_KSM),
		page(PT_ANON, 7, PT_LAZYFREE),
		page(PT_ANON, 7, PT_LARGE),
		page(PT_ANON, 7, PT_SOFT_DIRTY),
		page(PT_KERNEL, 7, 0),
		page(PT_DEVICE, 7, 0),
		page(PT_ZERO, 7, 0),
	};
	for (size_t i = 0; i < sizeof in_sight / sizeof *in_sight; i++)
		for (size_t k = 0; k < sizeof read / sizeof *read; k++)
			assert_int_equal(pt_page_events(seen(in_sight[i], 0), read[k]), 0);
	assert_int_equal(pt_page_events(seen(PT_PRESENT, 0), page(PT_FILE, 7, 0)), 0);
	assert_int_equal(pt_page_events(seen(PT_ANON, PT_PMD), page(PT_ZERO_HUGE, 7, PT_PMD)), 0);
	assert_int_equal(pt_page_events(page(PT_ZERO_HUGE, 7, PT_PMD), seen(PT_ANON, PT_PMD)), 0);
	assert_int_equal(pt_page_events(seen(PT_SWAP, 0), swapped(3)), 0);
	assert_int_equal(pt_page_events(seen(PT_SWAP, 0), page(PT_GUARD, 0, 0)), 0);
	assert_int_equal(pt_page_events(page(PT_UFFD_MARKER, 0, 0), seen(PT_SWAP, 0)), 0);
	assert_int_equal(pt_page_events(seen(PT_SWAP, 0), page(PT_MIGRATING, 7, 0)), 0);
	/* but what PAGEMAP_SCAN itself tells is so */
	assert_int_equal(pt_page_events(seen(PT_ZERO, 0), seen(PT_ANON, 0)), E(PT_BORN));
	assert_int_equal(pt_page_events(seen(PT_ANON, 0), seen(PT_ZERO, 0)), E(PT_FREED));
	assert_int_equal(pt_page_events(page(PT_ANON, 7, 0), seen(PT_ANON, PT_PMD)), E(PT_COLLAPSED));
}

static uint64_t random_u64(void)
{
	static uint64_t state = 3;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct pt_page random_page(void)
{
	struct pt_page p = {.bits = (uint32_t)random_u64() & 0x2ffffff};
	bool present = pt_kind_present(pt_page_kind(p));
	if (!present)
		p.bits &= PT_KIND_MASK | PT_SOFT_DIRTY;
	if (!(p.bits & PT_HAS_FLAGS))
		p.bits &= PT_KIND_MASK | PT_PMD | PT_EXCLUSIVE | PT_SOFT_DIRTY | PT_HAS_COUNT | PT_HAS_EXCLUSIVE;
	p.pfn = pt_page_kind(p) == PT_UNTOUCHED ? 0 : random_u64() % 3;
	p.count = p.bits & PT_HAS_COUNT ? (uint16_t)(random_u64() % 3) : 0;
	return pt_page_kind(p) == PT_UNTOUCHED ? nothing : p;
}

/* Laws that hold whatever the pages are. */
static void no_page_breaks_the_books(void **state)
{
	(void)state;
	for (int round = 0; round < 200000; round++) {
		struct pt_page a = random_page(), b = random_page();
		uint32_t events = pt_page_events(a, b);
		int held = pt_page_holds(a), holds = pt_page_holds(b);
		int born = events >> PT_BORN & 1, freed = events >> PT_FREED & 1;
		assert_int_equal(pt_page_events(a, a), 0);
		assert_false(events & E(PT_MOVED));
		if (born || freed)
			assert_int_equal(holds - held, born - freed);
		if (!a.pfn || !b.pfn)
			assert_false(events & E(PT_MIGRATED));
		if (!(a.bits & b.bits & PT_HAS_FLAGS) && pt_kind_present(pt_page_kind(a)))
			assert_false(events & E(PT_LAZYFREED) && held);
		if (events & E(PT_SHARED_NOW))
			assert_false(events & E(PT_PRIVATE_NOW));
		int other = (events >> PT_MIGRATED & 1) + (events >> PT_COW_BROKEN & 1) + (events >> PT_COLLAPSED & 1);
		assert_in_range(other, 0, 1);
	}
}

static void every_event_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < PT_EVENT_N; i++) {
		const char *name = pt_event_name((enum pt_event)i);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		assert_true(strlen(pt_event_words((enum pt_event)i)) > 3);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name, pt_event_name((enum pt_event)k));
	}
	for (int i = 0; i < PT_VMA_EVENT_N; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(pt_vma_event_name((enum pt_vma_event)i),
						pt_vma_event_name((enum pt_vma_event)k));
	assert_string_equal(pt_event_name(PT_COW_BROKEN), "cow-broken");
	assert_string_equal(pt_event_words(PT_COW_BROKEN), "copied on write");
	assert_string_equal(pt_event_name(PT_EVENT_N), "unknown");
	assert_string_equal(pt_event_words(PT_EVENT_N), "unknown");
	assert_string_equal(pt_vma_event_name(PT_VMA_EVENT_N), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(born_and_freed),           cmocka_unit_test(swapped_out_and_in),
		cmocka_unit_test(copied_on_write),          cmocka_unit_test(huge_or_not),
		cmocka_unit_test(in_another_frame),         cmocka_unit_test(shared_or_private),
		cmocka_unit_test(lazily_freed_and_written), cmocka_unit_test(what_was_seen_and_then_read_has_no_events),
		cmocka_unit_test(no_page_breaks_the_books), cmocka_unit_test(every_event_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
