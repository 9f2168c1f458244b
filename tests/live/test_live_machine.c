/*
 * Pages that only a changed machine has: swapped out, merged by KSM, of hugetlb. Each change is undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "tests/support/machine.h"
#include "tests/support/scene.h"
#include "tests/support/skip.h"

#define PATIENCE_S 20

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Whether the state may still come, or has been waited for too long. */
static int patient(void)
{
	static struct timespec began;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!began.tv_sec)
		began = now;
	return now.tv_sec - began.tv_sec < PATIENCE_S;
}

/* How many of the pages are present. */
static size_t present(const char *memory, size_t n)
{
	size_t count = 0;
	uint64_t entry;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	child_need(fd >= 0, "pagemap");
	for (size_t i = 0; i < n; i++) {
		off_t at = (off_t)(((uintptr_t)memory / page_size() + i) * 8);
		child_need(pread(fd, &entry, 8, at) == 8, "pagemap");
		count += (entry & PM_PRESENT) != 0;
	}
	close(fd);
	return count;
}

/* Asks until all are out: pages on their way through the kernel's lists cannot be taken at once. */
static void page_out(char *memory, size_t n)
{
	while (present(memory, n) && patient())
		if (madvise(memory, n * page_size(), MADV_PAGEOUT))
			child_need(errno == EAGAIN, "MADV_PAGEOUT");
	child_need(!present(memory, n), "not all pages could be swapped out");
}

/* ---- swap ------------------------------------------------------------------------------------------------------- */

static void run_swapped(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	child_need(!madvise(memory, 64 * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, 64, 1);
	page_out(memory, 48);
	child_say(self, (uintptr_t)memory);
	for (size_t i = 0; i < 16; i++) /* back in by reading: the copy on the device stays good */
		(void)*(volatile char *)(memory + i * page_size());
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 8, 1);
	child_say(self, (uintptr_t)memory);
}

static void swapped_pages(void **state)
{
	(void)state;
	const char *why_not = machine_needs_swap();
	if (why_not)
		skip_because(why_not);
	struct scene scene = scene_set(run_swapped, 64, NULL);

	scene_expect(&scene, PT_N_SWAP, 48);
	scene_expect(&scene, PT_N_RSS, 16);
	scene_verify(&scene);
	scene_next(&scene);
	assert_in_range(scene.sum.n[PT_N_SWAP], 0, 32); /* readahead may bring in more */
	scene_expect(&scene, PT_N_RSS, 64 - scene.sum.n[PT_N_SWAP]);
	scene_verify(&scene);
	scene_next(&scene);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_swapped_shared(struct child *self)
{
	int fd = memfd_create("pagetop test", MFD_CLOEXEC);
	child_need(fd >= 0 && !ftruncate(fd, (off_t)(64 * page_size())), "memfd");
	char *memory = child_map_file(fd, 64 * page_size(), MAP_SHARED);
	child_touch(memory, 32, 2); /* the odd ones are holes */
	page_out(memory, 64);
	child_say(self, (uintptr_t)memory);
}

static void swapped_shared_memory_is_not_untouched(void **state)
{
	(void)state;
	const char *why_not = machine_needs_swap();
	if (why_not)
		skip_because(why_not);
	struct scene scene = scene_set(run_swapped_shared, 64, NULL);
	size_t vma = pt_vma_find(scene.snapshot->vmas, scene.start);
	struct pt_maybe swap = pt_snapshot_bytes(scene.snapshot, vma, PT_SUM_SWAP);

	scene_expect(&scene, PT_N_RSS, 0);
	if (scene_has(&scene, PT_SIG_SHMEM_SWAP)) {
		assert_true(swap.known);
		scene_expect(&scene, PT_N_SWAP, 32);
		scene_expect(&scene, PT_N_SWAP_SHMEM, 32);
	} else {
		assert_false(swap.known); /* pagemap shows nothing: that is no zero */
	}
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- KSM -------------------------------------------------------------------------------------------------------- */

static void run_merged(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);

	for (size_t i = 0; i < 64; i++)
		memset(memory + i * page_size(), 'k', page_size());
	child_need(!madvise(memory, 64 * page_size(), MADV_MERGEABLE), "MADV_MERGEABLE");
	while (machine_number("/proc/self/ksm_merging_pages") < 64 && patient())
		;
	if (machine_number("/proc/self/ksm_merging_pages") < 64)
		child_say(self, CHILD_CANNOT);
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 16, 1);
	child_say(self, (uintptr_t)memory);
}

static void merged_pages(void **state)
{
	(void)state;
	const char *why_not = machine_needs_ksm();
	if (why_not)
		skip_because(why_not);
	struct scene scene = scene_set(run_merged, 64, "KSM did not merge, or does not say so");

	size_t vma = pt_vma_find(scene.snapshot->vmas, scene.start);
	bool shows_merged = scene_has(&scene, PT_SIG_KSM);
	assert_int_equal(pt_snapshot_bytes(scene.snapshot, vma, PT_SUM_KSM).known, shows_merged);
	scene_expect(&scene, PT_N_KSM, shows_merged ? 64 : 0);
	scene_expect(&scene, PT_N_RSS, 64);
	scene_expect(&scene, PT_N_SHARED, 64);
	struct pt_page page = pt_snapshot_page(scene.snapshot, scene.start);
	assert_int_equal(page.count, 64);
	scene_verify(&scene);
	scene_next(&scene); /* written pages are their own again */
	scene_expect(&scene, PT_N_KSM, shows_merged ? 48 : 0);
	scene_expect(&scene, PT_N_PRIVATE, 16);
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- hugetlb ---------------------------------------------------------------------------------------------------- */

static size_t hugetlb_size; /* of the default size */

static void run_hugetlb(struct child *self)
{
	char *memory = mmap(NULL, 3 * hugetlb_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
			    -1, 0);
	child_need(memory != MAP_FAILED, "mmap of hugetlb");
	child_touch(memory, 2, hugetlb_size / page_size());
	child_say(self, (uintptr_t)memory);
}

/* Its name is that of any memfd, and its file system is mounted nowhere. */
static void run_hugetlb_memfd(struct child *self)
{
	int fd = memfd_create("huge", MFD_HUGETLB);
	if (fd < 0 || ftruncate(fd, (off_t)hugetlb_size))
		child_say(self, CHILD_CANNOT);
	char *memory = mmap(NULL, hugetlb_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		child_say(self, CHILD_CANNOT);
	*memory = 1;
	child_say(self, (uintptr_t)memory);
}

static size_t default_hugetlb_size(void)
{
	char text[4096] = "";
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *line = n > 0 ? strstr(text, "Hugepagesize:") : NULL;
	close(fd);
	return line ? strtoul(line + strlen("Hugepagesize:"), NULL, 10) * 1024 : 0;
}

static void hugetlb_is_not_rss(void **state)
{
	(void)state;
	hugetlb_size = default_hugetlb_size();
	const char *why_not = hugetlb_size > 64u << 20 ? "hugetlb pages are too large here" : machine_needs_hugetlb(3);
	if (why_not)
		skip_because(why_not);
	uint64_t pages = hugetlb_size / page_size();
	struct scene scene = scene_set(run_hugetlb, 3 * pages, NULL);

	scene_expect(&scene, PT_N_HUGETLB, 2 * pages);
	scene_expect(&scene, PT_N_RSS, 0);
	scene_expect(&scene, PT_N_PMD, 0);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void hugetlb_is_told_by_the_size_of_its_pages(void **state)
{
	(void)state;
	hugetlb_size = default_hugetlb_size();
	const char *why_not = hugetlb_size > 64u << 20 ? "hugetlb pages are too large here" : machine_needs_hugetlb(1);
	if (why_not)
		skip_because(why_not);
	uint64_t pages = hugetlb_size / page_size();
	struct scene scene = scene_set(run_hugetlb_memfd, pages, "no memfd of huge pages here");
	size_t vma = pt_vma_find(scene.snapshot->vmas, scene.start);

	scene_expect(&scene, PT_N_HUGETLB, pages);
	scene_expect(&scene, PT_N_RSS, 0);
	if (scene_has(&scene, PT_SIG_PROCMAP_QUERY))
		assert_int_equal(scene.snapshot->vmas->v[vma].role, PT_ROLE_HUGETLB);
	scene_verify(&scene);
	scene_leave(&scene);
}

static int undo(void **state)
{
	(void)state;
	machine_restore();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(swapped_pages, undo),
		cmocka_unit_test_teardown(swapped_shared_memory_is_not_untouched, undo),
		cmocka_unit_test_teardown(merged_pages, undo),
		cmocka_unit_test_teardown(hugetlb_is_not_rss, undo),
		cmocka_unit_test_teardown(hugetlb_is_told_by_the_size_of_its_pages, undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
