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
		100, OWN, 1                                                                                            \
	}
#define ANON2                                                                                                          \
	{                                                                                                              \
		200, OWN, 1                                                                                            \
	}

static const struct pt_vma memory = {.perms = PT_READ | PT_WRITE}, of_file = {.perms = PT_READ | PT_WRITE, .inode = 7},
			   shared_file = {.perms = PT_READ | PT_WRITE | PT_SHARED, .inode = 7};

struct row {
	const char *what;
	struct pt_page before, after;
	const struct pt_vma *vma;
	enum pt_fault_kind kind;
};

static const struct row rows[] = {
	{"written first", NONE, ANON, &memory, PT_FAULT_FIRST_TOUCH},
	{"read first", NONE, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_FIRST_TOUCH},
	{"without frames", NONE, {0, PT_PRESENT, 0}, &memory, PT_FAULT_FIRST_TOUCH},
	{"huge at once", NONE, {512, OWN | PT_PMD, 1}, &memory, PT_FAULT_HUGE},
	{"huge zero page", NONE, {512, PT_ZERO_HUGE | READ | PT_PMD, 0}, &memory, PT_FAULT_HUGE},
	{"zero page written to", {1, PT_ZERO | READ, 0}, ANON, &memory, PT_FAULT_ZERO_WRITE},
	{"zero page twice", {1, PT_ZERO | READ, 0}, {1, PT_ZERO | READ, 0}, &memory, PT_FAULT_SPURIOUS},
	{"swapped in", {77, PT_SWAP, 0}, ANON, &memory, PT_FAULT_SWAP_IN},
	{"shared memory swapped in", {0, PT_SWAP_SHMEM, 0}, {9, PT_SHMEM | READ, 1}, &shared_file, PT_FAULT_SWAP_IN},
	{"file mapped", NONE, {9, PT_FILE | READ, 3}, &of_file, PT_FAULT_FILE_MAP},
	{"written at once", NONE, ANON, &of_file, PT_FAULT_COW},
	{"read, then written", {9, PT_FILE | READ, 3}, ANON, &of_file, PT_FAULT_COW},
	{"after fork", {100, PT_ANON | READ, 2}, ANON2, &memory, PT_FAULT_COW},
	{"merged by KSM", {100, PT_ANON | READ | PT_KSM, 5}, ANON2, &memory, PT_FAULT_COW},
	{"after fork, alone again", {100, PT_ANON | READ, 2}, ANON, &memory, PT_FAULT_WRITE_PROTECT},
	{"file gets dirty",
	 {9, PT_FILE | READ, 2},
	 {9, PT_FILE | READ | PT_DIRTY, 2},
	 &shared_file,
	 PT_FAULT_WRITE_PROTECT},
	{"soft-dirty was cleared", ANON, {100, OWN | PT_SOFT_DIRTY, 1}, &memory, PT_FAULT_WRITE_PROTECT},
	{"in the middle of a move", {0, PT_MIGRATING, 0}, ANON, &memory, PT_FAULT_MIGRATION},
	{"moved", ANON, ANON2, &memory, PT_FAULT_MIGRATION},
	{"nothing differs", ANON, ANON, &memory, PT_FAULT_SPURIOUS},
	{"gone again", ANON, NONE, &memory, PT_FAULT_UNKNOWN},
	{"frames are hidden", {0, PT_ANON, 0}, {0, PT_ANON, 0}, &memory, PT_FAULT_UNKNOWN},
};

static void each_case_has_its_kind(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct pt_fault_case c = {
			.before = r->before, .after = r->after, .knew = true, .knows = true, .vma = r->vma};
		if (pt_fault_kind_of(&c) != r->kind)
			fail_msg("%s: %s, not %s", r->what, pt_fault_kind_name(pt_fault_kind_of(&c)),
				 pt_fault_kind_name(r->kind));
		c.knew = false;
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
