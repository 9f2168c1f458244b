/*
 * Faults at one page that no look came between, as rows of error codes; pages last seen, in bounded memory; and what the
 * counters of the machine rule out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/chain.h"
#include "core/faults/drift.h"
#include "core/faults/seen.h"

/* ---- chains ----------------------------------------------------------------------------------------------------- */

#define OWN  (PT_ANON | PT_HAS_FLAGS | PT_HAS_EXCLUSIVE | PT_EXCLUSIVE)
#define LINK 5 /* faults of a chain at most */

static const struct pt_vma memory = {.perms = PT_READ | PT_WRITE, .has_vm_flags = true},
			   copied = {.perms = PT_READ | PT_WRITE, .inode = 7},
			   shared = {.perms = PT_READ | PT_WRITE | PT_SHARED, .inode = 7, .role = PT_ROLE_FILE};

/*
 * Each fault: r or w, of what was not there; R or W, of what was mapped; M: waited for, to be read; then ! for one that
 * overlaps, ? for perhaps, and ~ for one with moves of pages since the one before.
 */
struct row {
	const char *what, *faults;
	const struct pt_vma *vma;
	struct pt_page before, after;
	bool knew;
	enum pt_fault_kind kinds[LINK];
};

#define NOTHING                                                                                                        \
	{                                                                                                              \
		0, 0, 0                                                                                                \
	}
#define A                                                                                                              \
	{                                                                                                              \
		100, OWN, 1                                                                                            \
	}
#define HUGE_A                                                                                                         \
	{                                                                                                              \
		512, OWN | PT_PMD, 1                                                                                   \
	}
#define ZERO                                                                                                           \
	{                                                                                                              \
		1, PT_ZERO | PT_HAS_FLAGS, 0                                                                           \
	}
#define FILE_PAGE                                                                                                      \
	{                                                                                                              \
		9, PT_FILE | PT_HAS_FLAGS, 1                                                                           \
	}
#define TOUCH  PT_FAULT_FIRST_TOUCH
#define WRITE  PT_FAULT_ZERO_WRITE
#define NONE   PT_FAULT_UNKNOWN
#define COW    PT_FAULT_COW
#define MAP    PT_FAULT_FILE_MAP
#define RACED  PT_FAULT_SPURIOUS
#define UNLOCK PT_FAULT_WRITE_PROTECT

static const struct row rows[] = {
	{"read, then written", "rW", &memory, NOTHING, A, true, {TOUCH, WRITE}},
	{"the same, from an unknown page", "rW", &memory, NOTHING, A, false, {TOUCH, WRITE}},
	{"written, given back, written", "ww", &memory, NOTHING, A, true, {TOUCH, TOUCH}},
	{"written, then moved or given back", "ww~", &memory, NOTHING, A, true, {TOUCH, NONE}},
	{"the zero page is not moved", "rr~", &memory, NOTHING, ZERO, true, {TOUCH, TOUCH}},
	{"two threads at once", "ww!", &memory, NOTHING, A, true, {TOUCH, RACED}},
	{"two threads nearly at once", "ww?", &memory, NOTHING, A, true, {TOUCH, NONE}},
	{"one reads, the other writes at once", "rw!W", &memory, NOTHING, A, true, {TOUCH, NONE, NONE}},
	{"written, then protected by who knows", "wW", &memory, NOTHING, A, true, {TOUCH, NONE}},
	{"huge, read and written", "rW", &memory, NOTHING, HUGE_A, true, {PT_FAULT_HUGE, WRITE}},
	{"large, of what size at first", "wW", &memory, NOTHING, {9, OWN | PT_LARGE, 1}, true, {NONE, NONE}},
	{"zero page, written, read again", "WR", &memory, ZERO, A, true, {WRITE, RACED}},
	{"waited for: swapped out in between", "wM", &memory, NOTHING, A, true, {TOUCH, PT_FAULT_SWAP_IN}},
	{"file read, then written", "rW", &copied, NOTHING, A, true, {MAP, COW}},
	{"file mapped along, then written", "WW", &copied, NOTHING, A, true, {COW, NONE}},
	{"file written at once", "w", &copied, NOTHING, A, true, {COW}},
	{"shared file read, written, written back, written",
	 "rWW",
	 &shared,
	 NOTHING,
	 FILE_PAGE,
	 true,
	 {MAP, UNLOCK, UNLOCK}},
	{"merged by KSM", "W", &memory, {9, OWN | PT_KSM, 2}, A, true, {COW}},
};

static struct pt_fault_case case_of(const struct row *row, char what)
{
	return (struct pt_fault_case){
		.before = row->before,
		.after = row->after,
		.knew = row->knew,
		.knows = true,
		.vma = row->vma,
		.major = what == 'M',
		.has_code = true,
		.present = what == 'R' || what == 'W',
		.write = what == 'w' || what == 'W',
	};
}

static void each_chain_has_its_kinds(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct pt_fault_case c = case_of(row, row->faults[0]);
		enum pt_chain_state state = pt_chain_begin(&c), blind = state;
		const char *at = row->faults;
		for (size_t n = 0; *at; n++) {
			enum pt_chain_order order = PT_CHAIN_AFTER;
			c = case_of(row, *at++);
			for (; *at && strchr("!?~", *at); at++) {
				c.moved |= *at == '~';
				order = *at == '!' ? PT_CHAIN_OVERLAPS : *at == '?' ? PT_CHAIN_PERHAPS : order;
			}
			enum pt_fault_kind kind = pt_chain_next(&state, &c, order);
			if (kind != row->kinds[n])
				fail_msg("%s: fault %zu is %s, not %s", row->what, n, pt_fault_kind_name(kind),
					 pt_fault_kind_name(row->kinds[n]));
			c.has_code = false;
			assert_int_equal(pt_chain_next(&blind, &c, order), PT_FAULT_UNKNOWN);
		}
	}
}

/* ---- pages last seen -------------------------------------------------------------------------------------------- */

static struct pt_seen seen_at(uint64_t pfn, uint64_t ns)
{
	return (struct pt_seen){.page = {pfn, OWN, 1}, .ns = ns, .known = true};
}

static void what_was_seen_stays_or_is_known_to_be_gone(void **arg)
{
	(void)arg;
	enum { N = 5000 };
	struct pt_seen_table *table = pt_seen_new(64u << 10); /* a few hundred pages */
	struct pt_seen got;
	uint64_t forgotten;
	size_t kept = 0;
	assert_non_null(table);
	for (uint64_t i = 0; i < N; i++)
		pt_seen_put(table, i * i, seen_at(i + 1, i + 1));
	for (uint64_t i = 0; i < N; i++) {
		bool there = pt_seen_get(table, i * i, &got, &forgotten);
		if (there) {
			assert_int_equal(got.page.pfn, i + 1);
			assert_int_equal(got.ns, i + 1);
			assert_true(got.known);
		} else
			assert_true(forgotten >= i + 1); /* an older picture of it does not count */
		kept += there;
	}
	assert_in_range(kept, 200, 64u * 1024 / 32);
	pt_seen_free(table);
}

static void the_newest_counts(void **arg)
{
	(void)arg;
	struct pt_seen_table *table = pt_seen_new(4096);
	struct pt_seen got;
	uint64_t forgotten;
	pt_seen_put(table, 7, seen_at(1, 10));
	pt_seen_put(table, 7, seen_at(2, 20));
	assert_true(pt_seen_get(table, 7, &got, &forgotten));
	assert_int_equal(got.page.pfn, 2);
	pt_seen_put(table, 7, (struct pt_seen){.ns = 30});
	assert_true(pt_seen_get(table, 7, &got, &forgotten));
	assert_false(got.known);
	assert_int_equal(got.ns, 30);
	assert_false(pt_seen_get(table, 8, &got, &forgotten));
	assert_int_equal(forgotten, 0);
	pt_seen_free(table);
}

/* ---- counters --------------------------------------------------------------------------------------------------- */

static void write_file(const char *root, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", root, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void counters_rule_out_what_did_not_happen(void **arg)
{
	(void)arg;
	char root[] = "/tmp/pagetop-drift-XXXXXX", path[256];
	struct pt_kernel *k;
	struct pt_drift drift = {0};
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof path, "%s/proc", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(pt_kernel_linux_new(&k, root, 12), 0);
	pt_drift_read(&drift, k);
	assert_true(pt_drift_may(&drift.moved, UINT64_MAX)); /* it can't be read: it may */
	write_file(root, "proc/vmstat", "pgmigrate_success 5\npgmigrate_fail 1\npswpout 7\nthp_collapse_alloc 0\n");
	pt_drift_read(&drift, k);
	uint64_t then = k->ops->now(k, PT_CLOCK_MONOTONIC);
	assert_true(pt_drift_may(&drift.moved, 0));
	assert_false(pt_drift_may(&drift.moved, then));
	write_file(root, "proc/vmstat", "pgmigrate_success 5\npgmigrate_fail 2\npswpout 7\nthp_collapse_alloc 0\n");
	pt_drift_read(&drift, k);
	assert_true(pt_drift_may(&drift.moved, then));
	assert_false(pt_drift_may(&drift.swapped, then));
	assert_false(pt_drift_may(&drift.collapsed, then));
	pt_kernel_free(k);
	snprintf(path, sizeof path, "%s/proc/vmstat", root);
	unlink(path);
	snprintf(path, sizeof path, "%s/proc", root);
	rmdir(path);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_chain_has_its_kinds),
		cmocka_unit_test(what_was_seen_stays_or_is_known_to_be_gone),
		cmocka_unit_test(the_newest_counts),
		cmocka_unit_test(counters_rule_out_what_did_not_happen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
