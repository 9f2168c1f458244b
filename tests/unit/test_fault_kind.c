/*
 * Kinds of faults, as a table of pages before and after; and that what is not known gives no kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/faults/kind.h"

#define READ (PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE)
#define OWN  (PT_ANON | READ | PT_EXCLUSIVE)
#define NONE                                                                                                           \
	{                                                                                                              \
		0, 0, 0                                                                                                \
	}
#define ANON                                                                                                           \
	{                                                                                                              \
		100, OWN | PT_OWN, 1                                                                                   \
	}
#define ANON2                                                                                                          \
	{                                                                                                              \
		200, OWN | PT_OWN, 1                                                                                   \
	}

static const struct pt_vma memory = {.perms = PT_READ | PT_WRITE}, of_file = {.perms = PT_READ | PT_WRITE, .inode = 7},
			   shared_file = {.perms = PT_READ | PT_WRITE | PT_SHARED, .inode = 7},
			   locked = {.perms = PT_READ | PT_WRITE, .has_vm_flags = true, .vm_flags = PT_VM_LOCKED},
			   handled = {.perms = PT_READ | PT_WRITE, .has_vm_flags = true, .vm_flags = PT_VM_UFFD_WP},
			   plain = {.perms = PT_READ | PT_WRITE, .has_vm_flags = true};

/* What may have come in between. */
enum { MAJOR = 1, FORKED = 2, MOVED = 4, MERGED = 8, SWAPPED = 16, COLLAPSED = 32, PREFAULTED = 64, OLD = 128 };

struct row {
	const char *what;
	struct pt_page before, after;
	const struct pt_vma *vma;
	enum pt_fault_kind kind;
	unsigned between;
};

static const struct row rows[] = {
	{"written first", NONE, ANON, &memory, PT_FAULT_FIRST_TOUCH, 0},
	{"read first", NONE, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_FIRST_TOUCH, 0},
	{"without frames", NONE, {0, PT_PRESENT, 0}, &memory, PT_FAULT_FIRST_TOUCH, 0},
	{"locked: mapped by mlock() perhaps", NONE, ANON, &locked, PT_FAULT_UNKNOWN, 0},
	{"nothing there, but waited for", NONE, ANON, &plain, PT_FAULT_SWAP_IN, MAJOR},
	{"waited for a handler perhaps", NONE, ANON, &handled, PT_FAULT_FIRST_TOUCH, MAJOR},
	{"huge at once", NONE, {512, OWN | PT_PMD, 1}, &memory, PT_FAULT_HUGE, 0},
	{"huge by khugepaged perhaps", NONE, {512, OWN | PT_PMD, 1}, &memory, PT_FAULT_UNKNOWN, COLLAPSED},
	{"huge zero page", NONE, {512, PT_ZERO_HUGE | READ | PT_PMD, 0}, &memory, PT_FAULT_HUGE, 0},
	{"zero page written to", {1, PT_ZERO | READ, 0}, ANON, &memory, PT_FAULT_ZERO_WRITE, 0},
	{"zero page twice", {1, PT_ZERO | READ, 0}, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_UNKNOWN, 0},
	{"zero page twice, locked", {1, PT_ZERO | READ, 0}, {1, PT_ZERO | READ, 0}, &locked, PT_FAULT_SPURIOUS, 0},
	{"given back and read", ANON, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_FIRST_TOUCH, MOVED},
	{"given back and read, or all zeros", ANON, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_UNKNOWN, MERGED},
	{"swapped in", {77, PT_SWAP, 0}, ANON, &memory, PT_FAULT_SWAP_IN, MAJOR},
	{"swapped in from the cache", {77, PT_SWAP, 0}, {100, OWN | PT_SWAPCACHE, 1}, &memory, PT_FAULT_SWAP_IN, 0},
	{"swapped out, then given back perhaps", {77, PT_SWAP, 0}, ANON, &memory, PT_FAULT_UNKNOWN, 0},
	{"swapped out since", ANON, ANON2, &memory, PT_FAULT_SWAP_IN, MAJOR},
	{"shared memory swapped in",
	 {0, PT_SWAP_SHMEM, 0},
	 {9, PT_SHMEM | READ, 1},
	 &shared_file,
	 PT_FAULT_SWAP_IN,
	 MAJOR},
	{"file mapped", NONE, {9, PT_FILE | READ, 3}, &of_file, PT_FAULT_FILE_MAP, 0},
	{"file read", NONE, {9, PT_FILE | READ, 3}, &of_file, PT_FAULT_FILE_MAP, MAJOR},
	{"file mapped along with another page, and written to perhaps",
	 NONE,
	 {9, PT_FILE | READ | PT_DIRTY, 1},
	 &shared_file,
	 PT_FAULT_UNKNOWN,
	 PREFAULTED},
	{"file mapped, only read", NONE, {9, PT_FILE | READ, 1}, &shared_file, PT_FAULT_FILE_MAP, PREFAULTED},
	{"written at once", NONE, ANON, &of_file, PT_FAULT_COW, 0},
	{"read, then written", {9, PT_FILE | READ, 3}, ANON, &of_file, PT_FAULT_COW, 0},
	{"another page of the file", {9, PT_FILE | READ, 3}, {8, PT_FILE | READ, 1}, &of_file, PT_FAULT_FILE_MAP, 0},
	{"after fork", {100, PT_ANON | READ, 2}, ANON2, &memory, PT_FAULT_COW, 0},
	{"after a fork since", ANON, ANON2, &memory, PT_FAULT_COW, FORKED},
	{"after a fork, or moved", ANON, ANON2, &memory, PT_FAULT_UNKNOWN, FORKED | MOVED},
	{"merged by KSM", {100, PT_ANON | READ | PT_KSM, 5}, ANON2, &memory, PT_FAULT_COW, MERGED | MOVED},
	{"merged by KSM, and again since",
	 {100, PT_ANON | READ | PT_KSM, 5},
	 {200, PT_ANON | READ | PT_KSM, 2},
	 &memory,
	 PT_FAULT_UNKNOWN,
	 0},
	{"after a fork long ago, or given back", {100, OWN, 1}, ANON2, &memory, PT_FAULT_UNKNOWN, 0},
	{"merged by KSM since, perhaps", ANON, ANON2, &memory, PT_FAULT_UNKNOWN, MERGED},
	{"after fork, alone again", {100, PT_ANON | READ, 2}, ANON, &memory, PT_FAULT_WRITE_PROTECT, 0},
	{"after fork, alone again for long", {100, OWN, 1}, {100, OWN | PT_OWN, 1}, &memory, PT_FAULT_WRITE_PROTECT, 0},
	{"after a fork since, alone again",
	 {100, OWN | PT_OWN, 1},
	 {100, OWN | PT_OWN, 1},
	 &memory,
	 PT_FAULT_WRITE_PROTECT,
	 FORKED},
	{"file gets dirty",
	 {9, PT_FILE | READ, 2},
	 {9, PT_FILE | READ | PT_DIRTY, 2},
	 &shared_file,
	 PT_FAULT_WRITE_PROTECT,
	 0},
	{"soft-dirty was cleared", ANON, {100, OWN | PT_SOFT_DIRTY, 1}, &memory, PT_FAULT_WRITE_PROTECT, 0},
	{"protected by userfaultfd", {100, OWN | PT_UFFD_WP, 1}, ANON, &handled, PT_FAULT_WRITE_PROTECT, 0},
	{"protected by userfaultfd, with a handler",
	 {100, OWN | PT_UFFD_WP, 1},
	 ANON,
	 &handled,
	 PT_FAULT_WRITE_PROTECT,
	 MAJOR},
	{"in the middle of a move", {0, PT_MIGRATING, 0}, ANON, &memory, PT_FAULT_MIGRATION, 0},
	{"in the middle of a move long ago", {0, PT_MIGRATING, 0}, ANON, &memory, PT_FAULT_UNKNOWN, OLD},
	{"locked and moved", ANON, ANON2, &locked, PT_FAULT_MIGRATION, MOVED},
	{"moved, or given back and touched again", ANON, ANON2, &memory, PT_FAULT_UNKNOWN, MOVED},
	{"given back and touched again", ANON, ANON2, &memory, PT_FAULT_FIRST_TOUCH, 0},
	{"given back or swapped out", ANON, ANON2, &memory, PT_FAULT_UNKNOWN, SWAPPED},
	{"nothing differs", ANON, ANON, &locked, PT_FAULT_SPURIOUS, 0},
	{"nothing differs, but a move may have failed", ANON, ANON, &locked, PT_FAULT_UNKNOWN, MOVED},
	{"given back and touched again in the same frame, perhaps", ANON, ANON, &memory, PT_FAULT_UNKNOWN, 0},
	{"gone again", ANON, NONE, &memory, PT_FAULT_UNKNOWN, 0},
	{"protected by userfaultfd, frames are hidden",
	 {0, PT_ANON | PT_UFFD_WP, 0},
	 {0, PT_ANON, 0},
	 &handled,
	 PT_FAULT_WRITE_PROTECT,
	 0},
	{"frames are hidden", {0, PT_ANON, 0}, {0, PT_ANON, 0}, &memory, PT_FAULT_UNKNOWN, 0},
};

static struct pt_fault_case case_of(const struct row *r)
{
	return (struct pt_fault_case){
		.before = r->before,
		.after = r->after,
		.knew = true,
		.knows = true,
		.vma = r->vma,
		.age_ns = r->between & OLD ? 1000000000 : 1000,
		.major = r->between & MAJOR,
		.forked = r->between & FORKED,
		.moved = r->between & MOVED,
		.merged = r->between & MERGED,
		.swapped = r->between & SWAPPED,
		.collapsed = r->between & COLLAPSED,
		.prefaulted = r->between & PREFAULTED,
	};
}

static void each_case_has_its_kind(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct pt_fault_case c = case_of(r);
		if (pt_fault_kind_of(&c) != r->kind)
			fail_msg("%s: %s, not %s", r->what, pt_fault_kind_name(pt_fault_kind_of(&c)),
				 pt_fault_kind_name(r->kind));
		c.knew = c.major = false;
		assert_int_equal(pt_fault_kind_of(&c), PT_FAULT_UNKNOWN);
		c.knew = true;
		c.knows = false;
		assert_int_equal(pt_fault_kind_of(&c), PT_FAULT_UNKNOWN);
	}
}

static void numa_is_told_where_it_is_on(void **arg)
{
	(void)arg;
	struct pt_fault_case c = {
		.before = ANON, .after = ANON, .knew = true, .knows = true, .vma = &memory, .numa_balancing = true};
	assert_int_equal(pt_fault_kind_of(&c), PT_FAULT_NUMA);
}

static void all_have_names(void **arg)
{
	(void)arg;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		for (int k = 0; k <= i; k++) {
			const char *a = pt_fault_kind_name((enum pt_fault_kind)i),
				   *b = pt_fault_kind_name((enum pt_fault_kind)k);
			assert_true((strcmp(a, b) == 0) == (i == k));
			assert_true(strlen(pt_fault_kind_words((enum pt_fault_kind)i)) > 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_has_its_kind),
		cmocka_unit_test(numa_is_told_where_it_is_on),
		cmocka_unit_test(all_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
