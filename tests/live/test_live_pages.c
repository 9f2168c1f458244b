/*
 * Pages of a real child, put into known states by the means a program has. What the scan sees of them is what was done,
 * and agrees with smaps.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "core/scan/inspect.h"
#include "core/scan/scan.h"
#include "tests/support/machine.h"
#include "tests/support/scene.h"
#include "tests/support/skip.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- anonymous memory ------------------------------------------------------------------------------------------- */

static void run_written(struct child *self)
{
	char *memory = child_map(256 * page_size(), 0);
	child_touch(memory, 128, 2);
	child_say(self, (uintptr_t)memory);
}

static void written_pages_are_anonymous(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_written, 256, NULL);
	scene_expect(&scene, PT_N_PRESENT, 128);
	scene_expect(&scene, PT_N_RSS, 128);
	scene_expect(&scene, PT_N_PRIVATE, 128);
	scene_expect(&scene, PT_N_ANON, 128);
	assert_int_equal(scene.sum.pss >> PT_PSS_SHIFT, 128 * page_size());
	for (unsigned i = 0; i < 256; i++) {
		struct pt_page page = pt_snapshot_page(scene.snapshot, scene.start + i * page_size());
		assert_int_equal(pt_page_kind(page), i % 2 ? PT_UNTOUCHED : PT_ANON);
	}
	scene_verify(&scene);
	scene_leave(&scene);
}

/* Zero pages are no memory; where nothing shows that a page is one, what is RSS is not known. */
static void expect_zero(const struct scene *scene, uint64_t pages)
{
	size_t vma = pt_vma_find(scene->snapshot->vmas, scene->start);
	bool shows_zero = scene_has(scene, PT_SIG_PAGEMAP_SCAN) || scene_sees_frames(scene);
	scene_expect(scene, PT_N_ZERO, shows_zero ? pages : 0);
	scene_expect(scene, PT_N_RSS, shows_zero ? 0 : pages);
	assert_int_equal(pt_snapshot_bytes(scene->snapshot, vma, PT_SUM_RSS).known, shows_zero);
}

static void run_read(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	for (size_t i = 0; i < 32; i++)
		(void)*(volatile char *)(memory + i * page_size());
	child_say(self, (uintptr_t)memory);
}

static void read_pages_are_the_zero_page(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_read, 64, NULL);
	scene_expect(&scene, PT_N_PRESENT, 32);
	expect_zero(&scene, 32);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_given_back(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	child_touch(memory, 64, 1);
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory + 16 * page_size(), 16 * page_size(), MADV_DONTNEED), "madvise");
	child_need(!mprotect(memory, 64 * page_size(), PROT_NONE), "mprotect");
	child_say(self, (uintptr_t)memory);
}

static void dontneed_gives_back_and_prot_none_does_not(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_given_back, 64, NULL);
	scene_expect(&scene, PT_N_RSS, 64);
	scene_next(&scene);
	scene_expect(&scene, PT_N_RSS, 48);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_lazyfree(struct child *self)
{
	char *memory = child_map(1024 * page_size(), 0);
	child_need(!madvise(memory, 1024 * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, 1024, 1);
	child_need(!madvise(memory, 1024 * page_size(), MADV_FREE), "MADV_FREE");
	child_say(self, (uintptr_t)memory);
}

static void freed_lazily_until_needed(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_lazyfree, 1024, NULL);
	scene_expect(&scene, PT_N_RSS, 1024);
	if (scene_sees_frames(&scene))
		assert_in_range(scene.sum.n[PT_N_LAZYFREE], 1024 - 512, 1024); /* the last ones wait for a drain */
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_locked(struct child *self)
{
	char *memory = child_map(8 * page_size(), 0);
	if (syscall(SYS_mlock, memory, 8 * page_size())) /* sanitizers make mlock() do nothing */
		child_say(self, CHILD_CANNOT);
	child_say(self, (uintptr_t)memory);
}

static void locked_pages(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_locked, 8, "mlock is not permitted here (RLIMIT_MEMLOCK)");
	size_t vma = pt_vma_find(scene.snapshot->vmas, scene.start);
	struct pt_maybe locked = pt_snapshot_bytes(scene.snapshot, vma, PT_SUM_LOCKED);

	scene_expect(&scene, PT_N_RSS, 8);
	assert_true(locked.known);
	assert_int_equal(locked.value, 8 * page_size());
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_guarded(struct child *self)
{
	char *memory = child_map(32 * page_size(), 0);
	child_touch(memory, 32, 1);
	if (madvise(memory + 8 * page_size(), 4 * page_size(), PT_MADV_GUARD_INSTALL))
		child_say(self, CHILD_CANNOT);
	child_say(self, (uintptr_t)memory);
}

static void guard_markers_are_not_swap(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_guarded, 32, "this kernel has no guard markers");
	scene_expect(&scene, PT_N_RSS, 28);
	scene_expect(&scene, PT_N_SWAP, 0);
	if (scene_has(&scene, PT_SIG_GUARD))
		scene_expect(&scene, PT_N_GUARD, 4);
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- shared by fork ---------------------------------------------------------------------------------------------- */

static void run_forked(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0), byte;
	int written[2], end[2];

	child_touch(memory, 64, 1);
	child_need(!pipe(written) && !pipe(end), "pipe");
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (pid == 0) {
		close(end[1]);
		child_touch(memory, 16, 1);
		child_need(write(written[1], "w", 1) == 1, "write");
		_exit((int)read(end[0], &byte, 1)); /* until its parent is gone */
	}
	child_need(read(written[0], &byte, 1) == 1, "read");
	child_say(self, (uintptr_t)memory);
}

static void forked_pages_are_shared_until_written(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_forked, 64, NULL);
	scene_expect(&scene, PT_N_RSS, 64);
	scene_expect(&scene, PT_N_SHARED, 48);
	scene_expect(&scene, PT_N_PRIVATE, 16);
	if (scene_sees_frames(&scene)) {
		struct pt_page shared = pt_snapshot_page(scene.snapshot, scene.start + 16 * page_size());
		assert_int_equal(shared.count, 2);
		assert_int_equal(scene.sum.pss >> PT_PSS_SHIFT, (16 + 24) * page_size());
	}
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_shared(struct child *self)
{
	int fd = memfd_create("pagetop test", MFD_CLOEXEC), end[2], ready[2];
	char byte;

	child_need(fd >= 0 && !ftruncate(fd, (off_t)(64 * page_size())), "memfd");
	char *memory = child_map_file(fd, 64 * page_size(), MAP_SHARED);
	child_touch(memory, 32, 1);
	child_need(!pipe(ready) && !pipe(end), "pipe");
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (pid == 0) {
		close(end[1]);
		child_touch(memory, 8,
			    1); /* fork does not copy page tables of shared memory: it is mapped as it is used */
		child_need(write(ready[1], "r", 1) == 1, "write");
		_exit((int)read(end[0], &byte, 1));
	}
	child_need(read(ready[0], &byte, 1) == 1, "read");
	child_say(self, (uintptr_t)memory);
}

static void shared_memory_is_shmem(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_shared, 64, NULL);
	size_t vma = pt_vma_find(scene.snapshot->vmas, scene.start);

	assert_int_equal(scene.snapshot->vmas->v[vma].role, PT_ROLE_SHMEM);
	scene_expect(&scene, PT_N_RSS, 32);
	scene_expect(&scene, PT_N_ANON, 0);
	if (scene_sees_frames(&scene)) {
		scene_expect(&scene, PT_N_SHMEM, 32);
		assert_in_range(scene.sum.n[PT_N_SHARED], 8, 31); /* faults map neighbours along */
	}
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* A file of its own on a disk file system, gone when it is closed. */
static int temporary_file(size_t pages)
{
	char path[] = "/var/tmp/pagetop-XXXXXX";
	char *bytes = calloc(pages, page_size());
	int fd = mkstemp(path);
	child_need(fd >= 0 && bytes, path);
	unlink(path);
	child_need(write(fd, bytes, pages * page_size()) == (ssize_t)(pages * page_size()), "write");
	free(bytes);
	return fd;
}

static void run_file(struct child *self)
{
	char *memory = child_map_file(temporary_file(64), 64 * page_size(), MAP_PRIVATE);
	for (size_t i = 0; i < 64; i++)
		(void)*(volatile char *)(memory + i * page_size());
	child_touch(memory, 8, 1);
	child_say(self, (uintptr_t)memory);
}

static void private_file_pages_turn_anonymous_when_written(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_file, 64, NULL);
	scene_expect(&scene, PT_N_RSS, 64);
	scene_expect(&scene, PT_N_ANON, 8);
	scene_expect(&scene, PT_N_PRIVATE, 64);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_dirty_file(struct child *self)
{
	int fd = temporary_file(64);
	char *memory = child_map_file(fd, 64 * page_size(), MAP_SHARED);
	child_need(!fdatasync(fd), "fdatasync");
	child_touch(memory, 16, 1);
	child_say(self, (uintptr_t)memory);
}

static void shared_file_pages_are_file(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_dirty_file, 64, NULL);
	assert_in_range(scene.sum.n[PT_N_RSS], 16, 64);
	scene_expect(&scene, PT_N_ANON, 0);
	if (scene_sees_frames(&scene))
		scene_expect(&scene, PT_N_RSS,
			     scene.sum.n[PT_N_FILE] + scene.sum.n[PT_N_SHMEM]); /* /var/tmp on tmpfs */
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

/* Bytes of a huge page, 0 if there are none. */
static size_t huge_size(void)
{
	char text[32] = "";
	int fd = open("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoul(text, NULL, 10);
}

/* Two huge pages, or CHILD_CANNOT. */
static char *map_huge(struct child *self)
{
	size_t huge = huge_size();
	if (!huge)
		child_say(self, CHILD_CANNOT);
	char *memory = child_map(2 * huge, huge);
	madvise(memory, 2 * huge, MADV_HUGEPAGE);
	child_touch(memory, 2 * huge / page_size(), 1);
	if (madvise(memory, 2 * huge, PT_MADV_COLLAPSE))
		child_say(self, CHILD_CANNOT);
	return memory;
}

static void run_huge(struct child *self)
{
	char *memory = map_huge(self);
	size_t huge = huge_size();

	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, page_size(), MADV_DONTNEED), "madvise");
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, huge, MADV_DONTNEED), "madvise");
	child_say(self, (uintptr_t)memory);
}

static void huge_mapping_against_large_folio(void **state)
{
	(void)state;
	uint64_t half = huge_size() / page_size();
	struct scene scene = scene_set(run_huge, 2 * half, "no huge page could be had");

	bool shows_huge = scene_has(&scene, PT_SIG_PAGEMAP_SCAN);
	scene_expect(&scene, PT_N_RSS, 2 * half);
	scene_expect(&scene, PT_N_PMD, shows_huge ? 2 * half : 0);
	scene_verify(&scene);
	scene_next(&scene); /* one page of the first is given up: still a large folio, mapped by pages */
	scene_expect(&scene, PT_N_RSS, 2 * half - 1);
	scene_expect(&scene, PT_N_PMD, shows_huge ? half : 0);
	scene_verify(&scene);
	scene_next(&scene);
	scene_expect(&scene, PT_N_RSS, half);
	if (scene_sees_frames(&scene))
		scene_expect(&scene, PT_N_LARGE, half);
	scene_verify(&scene);
	scene_leave(&scene);
}

static void run_huge_zero(struct child *self)
{
	size_t huge = huge_size();
	if (!huge)
		child_say(self, CHILD_CANNOT);
	char *memory = child_map(huge, huge);
	if (madvise(memory, huge, MADV_HUGEPAGE))
		child_say(self, CHILD_CANNOT);
	(void)*(volatile char *)memory;
	child_say(self, (uintptr_t)memory);
}

static void huge_zero_page_is_no_memory(void **state)
{
	(void)state;
	uint64_t pages = huge_size() / page_size();
	struct scene scene = scene_set(run_huge_zero, pages, "this kernel has no huge pages");
	if (scene.sum.n[PT_N_PRESENT] == pages) /* else use_zero_page is off, or no huge page was to be had */
		expect_zero(&scene, pages);
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- one page --------------------------------------------------------------------------------------------------- */

static void looking_does_not_touch(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_written, 256, NULL);
	struct pt_facts facts;
	uint8_t *contents = malloc(page_size());

	assert_non_null(contents);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t address = scene.start + i * page_size();
		assert_int_equal(pt_inspect_page(scene.k, scene.child.pid, address, &scene.snapshot->signals, &facts),
				 0);
		assert_int_equal(!!(facts.pagemap.value & PM_PRESENT), i % 2 == 0);
		assert_int_equal(pt_inspect_contents(scene.k, scene.child.pid, address, contents),
				 i % 2 ? -ENODATA : 0);
		if (i % 2 == 0)
			assert_int_equal(contents[0], i / 2 + 1);
	}
	free(contents);
	scene_look(&scene);
	scene_expect(&scene, PT_N_PRESENT, 128);
	scene_leave(&scene);
}

/* ---- several threads -------------------------------------------------------------------------------------------- */

/* Dense, with holes, and single pages far apart. */
static void run_of_all_shapes(struct child *self)
{
	char *dense = child_map(24000 * page_size(), 0), *holes = child_map(9000 * page_size(), 0);
	char *sparse = child_map((size_t)1 << 36, 0);
	child_touch(dense, 24000, 1);
	child_touch(holes, 3000, 3);
	child_touch(sparse, 200, ((size_t)1 << 36) / 256 / page_size());
	child_say(self, (uintptr_t)dense);
}

/* But for what changes while nobody touches the page: its age, and who else maps it if others do. */
static bool is_same(struct pt_page now, struct pt_page before)
{
	const uint32_t restless = PT_REFERENCED | PT_ACTIVE | PT_LRU;
	if (now.pfn != before.pfn || pt_page_kind(now) != pt_page_kind(before))
		return false;
	return !(before.bits & PT_EXCLUSIVE) || (now.count == before.count && !((now.bits ^ before.bits) & ~restless));
}

/* Whether so many threads see what one saw. */
static bool threads_see(struct scene *scene, unsigned threads)
{
	struct pt_snapshot *s, *one = scene->snapshot;
	bool same = true;
	assert_int_equal(pt_scan_once(scene->k, scene->child.pid, threads, &s), 0);
	assert_int_equal(s->n_slots, one->n_slots);
	assert_int_equal(s->done_pages, one->done_pages);
	for (size_t i = 0; i < s->n_slots; i++) {
		assert_int_equal(s->slots[i].index, one->slots[i].index);
		for (unsigned p = 0; p < PT_CHUNK_PAGES; p++)
			same = same &&
			       is_same(pt_chunk_page(s->slots[i].chunk, p), pt_chunk_page(one->slots[i].chunk, p));
	}
	pt_snapshot_unref(s);
	return same;
}

/* What differs because the kernel moved pages meanwhile is looked at again. */
static void threads_see_what_one_sees(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_of_all_shapes, 24000, NULL);
	scene_expect(&scene, PT_N_ANON, 24000);
	for (unsigned threads = 2; threads <= 5; threads += 3) {
		uint64_t moved = machine_moved();
		while (!threads_see(&scene, threads)) {
			assert_int_not_equal(machine_moved(), moved);
			moved = machine_moved();
			scene_look(&scene);
		}
	}
	scene_leave(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_pages_are_anonymous),
		cmocka_unit_test(read_pages_are_the_zero_page),
		cmocka_unit_test(dontneed_gives_back_and_prot_none_does_not),
		cmocka_unit_test(freed_lazily_until_needed),
		cmocka_unit_test(locked_pages),
		cmocka_unit_test(guard_markers_are_not_swap),
		cmocka_unit_test(forked_pages_are_shared_until_written),
		cmocka_unit_test(shared_memory_is_shmem),
		cmocka_unit_test(private_file_pages_turn_anonymous_when_written),
		cmocka_unit_test(shared_file_pages_are_file),
		cmocka_unit_test(huge_mapping_against_large_folio),
		cmocka_unit_test(huge_zero_page_is_no_memory),
		cmocka_unit_test(looking_does_not_touch),
		cmocka_unit_test(threads_see_what_one_sees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
