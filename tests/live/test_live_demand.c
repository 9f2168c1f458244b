/*
 * Demand paging on real children: the frames that the kernel took for the pages they touched, with order, flags and zone,
 * and the share of CPU time that their faults took.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/allocs.h"
#include "core/faults/spent.h"
#include "core/kernel/abi.h"
#include "tests/support/child.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define PAGES 1000u
#define ROOM  (1u << 24) /* bytes for single frames: so much that none gives way to another of its bucket */
#define ROWS  1000u      /* more than there are kinds, those of interrupts that came meanwhile included */

/* tracefs where pagetop looks for it, in a mount namespace of our own. */
static bool has_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", R_OK) == 0)
		return true;
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) == 0;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void touch_pages(struct child *self)
{
	size_t size = PAGES * page_size();
	volatile char *memory = child_map(size, page_size());
	madvise((void *)memory, size, MADV_NOHUGEPAGE);
	child_say(self, (uint64_t)memory);
	for (size_t i = 0; i < size; i += page_size())
		memory[i] = 1;
	child_say(self, 1);
}

static uint64_t frame_of(pid_t pid, uint64_t address)
{
	char path[64];
	uint64_t entry = 0;
	snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fseeko(file, (off_t)(address / page_size() * 8), SEEK_SET), 0);
	assert_int_equal(fread(&entry, 8, 1, file), 1);
	fclose(file);
	return entry & PM_PFN_MASK;
}

/*
 * Every touched page's frame is known by its allocation: one page, movable, for the user, zeroed, of its own thread. What
 * the kernel moves meanwhile lies in a frame that was not allocated for it.
 */
static void each_frame_has_its_allocation(void **state)
{
	(void)state;
	struct pt_kernel *k;
	struct pt_allocs *allocs;
	struct pt_fault_alloc_row *rows;
	char flags[256];
	size_t n;
	uint64_t left_out, pages = 0, unknown = 0;
	if (geteuid() != 0 || !has_tracefs())
		skip_because("tracepoints need root and tracefs");
	struct child child = child_start(touch_pages);
	uint64_t start = child_wait(&child);
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	int error = pt_allocs_open(&allocs, k, child.pid, 1, false, ROOM);
	if (error == -ENOENT || error == -EACCES)
		skip_because("this kernel has no kmem:mm_page_alloc, or hides it");
	assert_int_equal(error, 0);
	uint64_t moved = machine_moved();
	child_go(&child);
	child_wait(&child);
	pt_allocs_take(allocs);
	for (size_t i = 0; i < PAGES; i++) {
		struct pt_alloc alloc;
		if (!pt_allocs_find(allocs, frame_of(child.pid, start + i * page_size()), &alloc)) {
			unknown++;
			continue;
		}
		assert_int_equal(alloc.tid, child.pid);
		assert_string_equal(pt_migrate_type_name(alloc.migrate_type), "Movable");
		pt_allocs_flags(allocs, alloc.flags, flags, sizeof flags);
		assert_non_null(strstr(flags, "MOVABLE"));
	}
	assert_true(unknown == 0 || unknown <= machine_moved() - moved);
	assert_int_equal(pt_allocs_rows(allocs, ROWS, &rows, &n, &left_out), 0);
	assert_true(n > 0 && n <= ROWS);
	assert_int_equal(left_out, 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(rows[i].node >= 0 && rows[i].zone[0]);
		assert_int_equal(rows[i].pages, rows[i].events << rows[i].order);
		pages += rows[i].pages;
		free(rows[i].flags);
	}
	assert_true(pages >= PAGES);
	free(rows);
	pt_allocs_close(allocs);
	pt_kernel_free(k);
	child_end(&child);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

#define ROUNDS 40

static void touch_again_and_again(struct child *self)
{
	size_t size = 4 * PAGES * page_size();
	volatile char *memory = child_map(size, page_size());
	madvise((void *)memory, size, MADV_NOHUGEPAGE);
	child_say(self, 1);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < size; i += page_size())
			memory[i] = 1;
		madvise((void *)memory, size, MADV_DONTNEED);
	}
	child_say(self, 1);
}

static void spin(struct child *self)
{
	volatile uint64_t x = 0;
	child_say(self, 1);
	for (uint64_t i = 0; i < 200u * 1000 * 1000; i++)
		x += i;
	child_say(self, x);
}

static struct pt_spent_totals spent_of(void (*run)(struct child *self))
{
	struct pt_kernel *k;
	struct pt_spent *spent;
	struct child child = child_start(run);
	child_wait(&child);
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	int error = pt_spent_open(&spent, k, child.pid);
	if (error == -EACCES || error == -EPERM) {
		pt_kernel_free(k);
		child_end(&child);
		skip_because("call chains of the kernel are not permitted, or its functions are hidden");
	}
	assert_int_equal(error, 0);
	child_go(&child);
	child_wait(&child);
	pt_spent_take(spent);
	struct pt_spent_totals totals = pt_spent_totals(spent);
	pt_spent_close(spent);
	pt_kernel_free(k);
	child_end(&child);
	return totals;
}

/* A program that does nothing but fault spends most of its time there, one that only calculates none of it. */
static void time_in_faults_is_told_from_other_time(void **state)
{
	(void)state;
	struct pt_spent_totals faults = spent_of(touch_again_and_again), none = spent_of(spin);
	assert_true(faults.samples >= 10);
	assert_true(faults.faults_ns * 10 > faults.cpu_ns * 4);
	assert_true(none.samples >= 10);
	assert_true(none.faults_ns * 10 < none.cpu_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_frame_has_its_allocation),
		cmocka_unit_test(time_in_faults_is_told_from_other_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
