/*
 * The ledger's truth: children that do exactly so many of each thing between two complete frames are reported to have
 * done exactly that, and nothing else, in the memory they did it to. What these privileges do not show is not known.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/history/ledger.h"
#include "core/history/life.h"
#include "core/kernel/abi.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define PATIENCE_S 20

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- watching --------------------------------------------------------------------------------------------------- */

/* A child and its frames; the ledger is of the last two. */
struct watch {
	struct child child;
	struct pt_kernel *k;
	struct pt_scan *scan;
	struct pt_snapshot *before, *now;
	struct pt_ledger ledger;
	struct pt_life *life;
	uint64_t start;  /* of the memory that is looked at */
	uint64_t *truth; /* what the child counted itself; shared with it */
};

static uint64_t *truth; /* for the child */

static void look(struct watch *w)
{
	pt_snapshot_unref(w->before);
	w->before = w->now;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &w->now), 0);
	pt_ledger_free(&w->ledger);
	if (!w->before) {
		assert_int_equal(pt_life_new(w->now, &w->life), 0);
		return;
	}
	assert_int_equal(pt_ledger_make(w->before, w->now, &w->ledger), 0);
	assert_int_equal(pt_life_step(w->life, w->before, w->now), 0);
}

static void open_process(struct watch *w, pid_t pid)
{
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	assert_int_equal(pt_scan_open(&w->scan, w->k, pid), 0);
	look(w);
}

/* A child that says CHILD_CANNOT makes the test skip. */
static struct watch watch(void (*run)(struct child *self), const char *why_not)
{
	struct watch w = {0};
	truth = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(truth != MAP_FAILED);
	w.truth = truth;
	w.child = child_start(run);
	w.start = child_wait(&w.child);
	if (w.start == CHILD_CANNOT) {
		child_end(&w.child);
		munmap(truth, page_size());
		skip_because(why_not);
	}
	open_process(&w, w.child.pid);
	return w;
}

/* The child goes on to the next thing it says. */
static void next(struct watch *w)
{
	child_go(&w->child);
	w->start = child_wait(&w->child);
	look(w);
}

static void close_process(struct watch *w)
{
	pt_ledger_free(&w->ledger);
	pt_life_free(w->life);
	pt_snapshot_unref(w->before);
	pt_snapshot_unref(w->now);
	pt_scan_close(w->scan);
	pt_kernel_free(w->k);
}

static void leave(struct watch *w)
{
	child_end(&w->child);
	close_process(w);
	munmap(w->truth, page_size());
}

/* ---- expecting -------------------------------------------------------------------------------------------------- */

struct expected {
	enum pt_event event;
	uint64_t pages;
};

static bool has_frames(const struct watch *w)
{
	return pt_signal_has(&w->now->signals, PT_SIG_PFN) && pt_signal_has(&w->now->signals, PT_SIG_KPAGEFLAGS) &&
	       pt_signal_has(&w->now->signals, PT_SIG_KPAGECOUNT);
}

static bool must_know(const struct watch *w, enum pt_event event)
{
	if (event == PT_COLLAPSED || event == PT_SPLIT) /* what is mapped huge is told by PAGEMAP_SCAN: since 6.7 */
		return has_frames(w) && pt_signal_has(&w->now->signals, PT_SIG_PAGEMAP_SCAN);
	return event == PT_WRITTEN ? w->now->cleared_ns != 0 : has_frames(w);
}

static uint64_t wanted(const struct expected *all, size_t n, enum pt_event event)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].event == event)
			return all[i].pages;
	return 0;
}

/* Of the VMA where the memory starts: these, and none of any other event. */
static void expect_all(const struct watch *w, const struct expected *all, size_t n)
{
	const struct pt_vma *vma = &w->now->vmas->v[pt_vma_find(w->now->vmas, w->start)];
	assert_in_range(w->start, vma->start, vma->end - 1);
	for (int e = 0; e < PT_EVENT_N; e++) {
		enum pt_event event = (enum pt_event)e;
		struct pt_maybe pages = pt_ledger_pages(&w->ledger, vma->start, vma->end, event);
		if (must_know(w, event) && !pages.known)
			fail_msg("%s: not known", pt_event_name(event));
		if (pages.known && pages.value != wanted(all, n, event))
			fail_msg("%s: %lu, not %lu", pt_event_name(event), (unsigned long)pages.value,
				 (unsigned long)wanted(all, n, event));
	}
}

#define expect(w, ...)                                                                                                 \
	expect_all(w, (const struct expected[]){__VA_ARGS__},                                                          \
		   sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

/* ---- born, freed ------------------------------------------------------------------------------------------------ */

static char *plain_memory(size_t pages)
{
	char *memory = child_map(pages * page_size(), 0);
	child_need(!madvise(memory, pages * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	return memory;
}

static void read_pages(const char *memory, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)*(const volatile char *)(memory + i * page_size());
}

static void run_born_and_freed(struct child *self)
{
	char *memory = plain_memory(64);
	read_pages(memory, 10);
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 40, 1);
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, 13 * page_size(), MADV_DONTNEED), "MADV_DONTNEED");
	child_touch(memory + 50 * page_size(), 7, 2);
	read_pages(memory, 3);
	child_say(self, (uintptr_t)memory);
}

static void born_and_freed(void **state)
{
	(void)state;
	struct watch w = watch(run_born_and_freed, NULL);
	next(&w);
	expect(&w, {PT_BORN, 40}); /* zero pages that are written to are born then */
	next(&w);
	expect(&w, {PT_BORN, 7}, {PT_FREED, 13});
	struct pt_life_sum sum;
	pt_life_sum(w.life, w.start, w.start + 64 * page_size(), w.now->monotonic_ns, &sum);
	assert_int_equal(sum.pages, 34);
	assert_int_equal(sum.from_start, 0);
	assert_in_range(sum.changed, 20, 60); /* frames may lie within one tick */
	look(&w);
	expect(&w, {PT_BORN, 0}); /* nothing happens, nothing is told */
	leave(&w);
}

/* ---- swap ------------------------------------------------------------------------------------------------------- */

static int patient(void)
{
	static struct timespec began;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!began.tv_sec)
		began = now;
	return now.tv_sec - began.tv_sec < PATIENCE_S;
}

/* Reads the child's own pagemap. */
static void own_entries(const char *memory, size_t n, uint64_t *ret)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)memory / page_size() * 8);
	child_need(fd >= 0 && pread(fd, ret, n * 8, at) == (ssize_t)(n * 8), "pagemap");
	close(fd);
}

static size_t present(const char *memory, size_t n)
{
	uint64_t entries[64];
	size_t count = 0;
	own_entries(memory, n, entries);
	for (size_t i = 0; i < n; i++)
		count += (entries[i] & PM_PRESENT) != 0;
	return count;
}

static void page_out(char *memory, size_t n)
{
	while (present(memory, n) && patient())
		if (madvise(memory, n * page_size(), MADV_PAGEOUT))
			child_need(errno == EAGAIN, "MADV_PAGEOUT");
	child_need(!present(memory, n), "not all pages could be swapped out");
}

static void swap_out_and_in(struct child *self, char *memory)
{
	child_touch(memory, 64, 1);
	child_say(self, (uintptr_t)memory);
	page_out(memory, 48);
	child_say(self, (uintptr_t)memory);
	read_pages(memory, 16);
	*truth = present(memory, 48); /* what the kernel read along may be mapped along */
	child_say(self, (uintptr_t)memory);
}

static void run_swap(struct child *self)
{
	swap_out_and_in(self, plain_memory(64));
}

static void run_swap_shared(struct child *self)
{
	int fd = memfd_create("pagetop test", MFD_CLOEXEC);
	child_need(fd >= 0 && !ftruncate(fd, (off_t)(64 * page_size())), "memfd");
	swap_out_and_in(self, child_map_file(fd, 64 * page_size(), MAP_SHARED));
}

static void check_swap(void (*run)(struct child *self))
{
	const char *why_not = machine_needs_swap();
	if (why_not)
		skip_because(why_not);
	struct watch w = watch(run, NULL);
	next(&w);
	expect(&w, {PT_SWAPPED_OUT, 48});
	next(&w);
	assert_in_range(*w.truth, 16, 48);
	expect(&w, {PT_SWAPPED_IN, *w.truth});
	leave(&w);
}

static void swapped_out_and_in(void **state)
{
	(void)state;
	check_swap(run_swap);
}

static void shared_memory_swapped_out_and_in(void **state)
{
	(void)state;
	check_swap(run_swap_shared);
}

/* ---- copied on write -------------------------------------------------------------------------------------------- */

static int other[2], back[2]; /* pipes between the child and what it forks */

static void tell(int fd)
{
	child_need(write(fd, "w", 1) == 1, "write");
}

static void hear(int fd)
{
	char byte;
	if (read(fd, &byte, 1) != 1)
		_exit(0);
}

static void run_fork(struct child *self)
{
	char *memory = plain_memory(64);
	child_touch(memory, 64, 1);
	child_need(!pipe(other) && !pipe(back), "pipe");
	child_say(self, (uintptr_t)memory);
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (pid == 0) {
		hear(other[0]);
		child_touch(memory, 16, 1);
		tell(back[1]);
		hear(other[0]); /* until it is killed */
	}
	*truth = (uint64_t)pid;
	child_say(self, (uintptr_t)memory);
	tell(other[1]);
	hear(back[0]);
	child_say(self, (uintptr_t)memory);
	child_touch(memory + 32 * page_size(), 8, 1);
	child_say(self, (uintptr_t)memory);
}

static void forked_memory_is_copied_by_who_writes(void **state)
{
	(void)state;
	struct watch parent = watch(run_fork, NULL), forked = {0};
	next(&parent);
	expect(&parent, {PT_SHARED_NOW, 64});
	forked.start = parent.start;
	open_process(&forked, (pid_t)*parent.truth);
	next(&parent);
	look(&forked);
	expect(&parent, {PT_PRIVATE_NOW, 16});
	expect(&forked, {PT_COW_BROKEN, 16}, {PT_PRIVATE_NOW, 16});
	next(&parent);
	look(&forked);
	expect(&parent, {PT_COW_BROKEN, 8}, {PT_PRIVATE_NOW, 8});
	expect(&forked, {PT_PRIVATE_NOW, 8});
	close_process(&forked);
	leave(&parent);
}

static void run_file(struct child *self)
{
	char path[] = "/var/tmp/pagetop-XXXXXX";
	static char bytes[1 << 16];
	int fd = mkstemp(path);
	child_need(fd >= 0 && !unlink(path), path);
	for (size_t i = 0; i < 64; i += sizeof bytes / page_size())
		child_need(write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes, "write");
	char *memory = child_map_file(fd, 64 * page_size(), MAP_PRIVATE);
	read_pages(memory, 64);
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 9, 3);
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, page_size(), MADV_DONTNEED), "MADV_DONTNEED");
	read_pages(memory, 1);
	child_say(self, (uintptr_t)memory);
}

static void pages_of_files_are_copied_when_written(void **state)
{
	(void)state;
	struct watch w = watch(run_file, NULL);
	next(&w);
	expect(&w, {PT_COW_BROKEN, 9});
	next(&w);
	expect(&w, {PT_FREED, 1}, {PT_BORN, 1});
	leave(&w);
}

static void run_merged(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	for (size_t i = 0; i < 64; i++)
		memset(memory + i * page_size(), 'k', page_size());
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, 64 * page_size(), MADV_MERGEABLE), "MADV_MERGEABLE");
	while (machine_number("/proc/self/ksm_merging_pages") < 64 && patient())
		;
	child_say(self, machine_number("/proc/self/ksm_merging_pages") < 64 ? CHILD_CANNOT : (uintptr_t)memory);
	child_touch(memory, 16, 1);
	child_say(self, (uintptr_t)memory);
}

static void merged_pages_are_copied_when_written(void **state)
{
	(void)state;
	const char *why_not = machine_needs_ksm();
	if (why_not)
		skip_because(why_not);
	struct watch w = watch(run_merged, NULL);
	child_go(&w.child);
	if (child_wait(&w.child) == CHILD_CANNOT) {
		leave(&w);
		skip_because("KSM did not merge, or does not say so");
	}
	look(&w);
	expect(&w, {PT_SHARED_NOW, 64});
	next(&w);
	expect(&w, {PT_COW_BROKEN, 16}, {PT_PRIVATE_NOW, 16});
	leave(&w);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

static size_t huge_size(void)
{
	return machine_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
}

static void run_huge(struct child *self)
{
	size_t huge = huge_size();
	char *memory = huge ? child_map(2 * huge, huge) : NULL;
	if (!memory || madvise(memory, 2 * huge, MADV_NOHUGEPAGE))
		child_say(self, CHILD_CANNOT);
	child_touch(memory, 100, 1);
	child_say(self, (uintptr_t)memory);
	madvise(memory, 2 * huge, MADV_HUGEPAGE);
	child_say(self, madvise(memory, huge, PT_MADV_COLLAPSE) ? CHILD_CANNOT : (uintptr_t)memory);
	child_touch(memory + huge, 1, 1); /* one fault for a whole huge page, where there is one to be had */
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory + 10 * page_size(), 30 * page_size(), MADV_DONTNEED), "MADV_DONTNEED");
	child_say(self, (uintptr_t)memory);
}

static void collapsed_and_split(void **state)
{
	(void)state;
	size_t huge = huge_size();
	if (!huge || huge / page_size() != PT_CHUNK_PAGES)
		skip_because("no huge pages of a chunk's size here");
	struct watch w = watch(run_huge, "no transparent huge pages here");
	child_go(&w.child);
	if (child_wait(&w.child) == CHILD_CANNOT) {
		leave(&w);
		skip_because("MADV_COLLAPSE makes no huge page here");
	}
	look(&w);
	expect(&w, {PT_COLLAPSED, 512}, {PT_BORN, 412});
	next(&w);
	bool whole = pt_snapshot_page(w.now, w.start + huge).bits & PT_PMD;
	expect(&w, {PT_BORN, whole ? 512 : 1}); /* born huge is not collapsed */
	next(&w);
	expect(&w, {PT_SPLIT, 482}, {PT_FREED, 30});
	leave(&w);
}

/* ---- migrated --------------------------------------------------------------------------------------------------- */

#define MANY 16384u /* pages, of which every eighth stays */

static void run_migrated(struct child *self)
{
	static uint64_t was[MANY], is[MANY];
	char *memory = plain_memory(MANY);
	child_touch(memory, MANY, 1);
	for (size_t i = 0; i < MANY; i += 8)
		child_need(!madvise(memory + (i + 1) * page_size(), 7 * page_size(), MADV_DONTNEED), "madvise");
	own_entries(memory, MANY, was);
	child_say(self, (uintptr_t)memory);
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	child_need(fd >= 0 && write(fd, "1", 1) == 1, "compact_memory");
	close(fd);
	own_entries(memory, MANY, is);
	for (size_t i = 0; i < MANY; i += 8)
		*truth += (was[i] & PM_PFN_MASK) != (is[i] & PM_PFN_MASK);
	child_say(self, (uintptr_t)memory);
}

/* Nothing moves a given number of pages on a machine with one node; compaction moves some, and pagemap says how many. */
static void migrated_by_compaction(void **state)
{
	(void)state;
	if (access("/proc/sys/vm/compact_memory", W_OK))
		skip_because("compaction needs root and CONFIG_COMPACTION");
	struct watch w = watch(run_migrated, NULL);
	next(&w);
	uint64_t moved = *w.truth;
	if (has_frames(&w))
		expect(&w, {PT_MIGRATED, moved});
	bool seen = has_frames(&w);
	leave(&w);
	if (!seen || !moved)
		skip_because(seen ? "compaction moved nothing" : "frames are hidden");
	print_message("%lu pages migrated\n", (unsigned long)moved);
}

/* ---- lazily freed ----------------------------------------------------------------------------------------------- */

/* MADV_COLLAPSE empties the kernel's batches of pages on their way to its lists, also where it makes nothing. */
static void drain(void)
{
	size_t huge = huge_size() ? huge_size() : page_size();
	char *memory = child_map(huge, huge);
	*memory = 1;
	madvise(memory, huge, PT_MADV_COLLAPSE);
	munmap(memory, huge);
}

static void run_lazyfree(struct child *self)
{
	char *memory = plain_memory(1024);
	child_touch(memory, 1024, 1);
	drain(); /* pages that are not on a list yet cannot be given up */
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, 1000 * page_size(), MADV_FREE), "MADV_FREE");
	drain();
	child_say(self, (uintptr_t)memory);
}

static void freed_lazily(void **state)
{
	(void)state;
	if (!huge_size())
		skip_because("without MADV_COLLAPSE the kernel's batches stay as they are");
	struct watch w = watch(run_lazyfree, NULL);
	next(&w);
	expect(&w, {PT_LAZYFREED, 1000});
	leave(&w);
}

/* ---- written ---------------------------------------------------------------------------------------------------- */

static void run_written(struct child *self)
{
	char *memory = plain_memory(64);
	child_touch(memory, 40, 1);
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 5, 2);
	child_say(self, (uintptr_t)memory);
	child_touch(memory + 2 * page_size(), 8, 3); /* three of these for the second time */
	child_say(self, (uintptr_t)memory);
}

static void written(void **state)
{
	(void)state;
	struct watch w = watch(run_written, NULL);
	int error = pt_scan_clear_soft_dirty(w.scan);
	if (error == -EOPNOTSUPP) {
		leave(&w);
		skip_because("this kernel has no soft-dirty bits");
	}
	assert_int_equal(error, 0);
	next(&w);
	expect(&w, {PT_WRITTEN, 5});
	assert_int_equal(pt_scan_clear_soft_dirty(w.scan), 0);
	next(&w);
	expect(&w, {PT_WRITTEN, 8});
	look(&w);
	expect(&w, {PT_WRITTEN, 0}); /* the bits are still set, but of what was told */
	leave(&w);
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

static void run_moved(struct child *self)
{
	char *memory = plain_memory(64);
	child_touch(memory, 50, 1);
	child_say(self, (uintptr_t)memory);
	memory = mremap(memory, 64 * page_size(), 100 * page_size(), MREMAP_MAYMOVE); /* what follows is in its way */
	child_need(memory != MAP_FAILED, "mremap");
	child_touch(memory + 64 * page_size(), 3, 1);
	child_say(self, (uintptr_t)memory);
}

static const struct pt_ledger_change *find_change(const struct watch *w, enum pt_vma_event what, uint64_t start)
{
	for (size_t i = 0; i < w->ledger.n_changes; i++) {
		const struct pt_ledger_change *change = &w->ledger.changes[i];
		if (change->what == what && (what == PT_VMA_GONE ? change->from_start : change->start) == start)
			return change;
	}
	return NULL;
}

static void moved_by_mremap(void **state)
{
	(void)state;
	struct watch w = watch(run_moved, NULL);
	uint64_t from = w.start;
	next(&w);
	if (has_frames(&w)) {
		expect(&w, {PT_MOVED, 50}, {PT_BORN, 3});
		assert_int_equal(pt_ledger_pages(&w.ledger, 0, 0, PT_FREED).value, 0);
		const struct pt_ledger_change *change = find_change(&w, PT_VMA_MOVED, w.start);
		assert_non_null(change);
		assert_int_equal(change->from_start, from);
		assert_true(pt_life_page(w.life, w.start).from_start);
		assert_false(pt_life_page(w.life, w.start + 64 * page_size()).from_start);
	} else {
		expect(&w, {PT_BORN, 53});
		assert_int_equal(pt_ledger_pages(&w.ledger, 0, 0, PT_FREED).value, 50);
		assert_non_null(find_change(&w, PT_VMA_GONE, from));
	}
	leave(&w);
}

static void run_vmas(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	child_touch(memory, 64, 1);
	child_say(self, (uintptr_t)memory);
	child_need(!mprotect(memory + 20 * page_size(), 10 * page_size(), PROT_READ), "mprotect"); /* split */
	child_say(self, (uintptr_t)memory);
	child_need(!mprotect(memory, 64 * page_size(), PROT_READ), "mprotect"); /* merged */
	child_say(self, (uintptr_t)memory);
	child_need(!munmap(memory + 60 * page_size(), 4 * page_size()), "munmap"); /* shrunk */
	child_say(self, (uintptr_t)memory);
	char *more = mmap(memory + 60 * page_size(), 2 * page_size(), PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0); /* grown */
	child_need(more == memory + 60 * page_size(), "mmap");
	child_say(self, (uintptr_t)memory);
	child_need(mmap(memory, 62 * page_size(), PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory,
		   "mmap over it"); /* gone, and another created */
	child_say(self, (uintptr_t)memory);
}

static void expect_change(const struct watch *w, enum pt_vma_event what, uint64_t pages_before, uint64_t pages_after)
{
	const struct pt_ledger_change *change = find_change(w, what, w->start);
	if (!change)
		fail_msg("nothing %s here", pt_vma_event_name(what));
	assert_int_equal((change->from_end - change->from_start) / page_size(), pages_before);
	assert_int_equal((change->end - change->start) / page_size(), pages_after);
}

static void what_becomes_of_vmas(void **state)
{
	(void)state;
	struct watch w = watch(run_vmas, NULL);
	next(&w);
	assert_int_equal(w.ledger.n_changes, 1);
	expect_change(&w, PT_VMA_SPLIT, 64, 64);
	next(&w);
	assert_int_equal(w.ledger.n_changes, 1);
	expect_change(&w, PT_VMA_MERGED, 64, 64);
	next(&w);
	assert_int_equal(w.ledger.n_changes, 1);
	expect_change(&w, PT_VMA_SHRUNK, 64, 60);
	expect(&w, {PT_FREED, 4});
	next(&w);
	assert_int_equal(w.ledger.n_changes, 1);
	expect_change(&w, PT_VMA_GROWN, 60, 62);
	next(&w);
	expect_change(&w, PT_VMA_GONE, 62, 0);
	expect_change(&w, PT_VMA_CREATED, 0, 62);
	expect(&w, {PT_BORN, 0});
	assert_int_equal(pt_ledger_pages(&w.ledger, 0, 0, PT_FREED).value, 60);
	leave(&w);
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
		cmocka_unit_test(born_and_freed),
		cmocka_unit_test_teardown(swapped_out_and_in, undo),
		cmocka_unit_test_teardown(shared_memory_swapped_out_and_in, undo),
		cmocka_unit_test(forked_memory_is_copied_by_who_writes),
		cmocka_unit_test(pages_of_files_are_copied_when_written),
		cmocka_unit_test_teardown(merged_pages_are_copied_when_written, undo),
		cmocka_unit_test(collapsed_and_split),
		cmocka_unit_test(migrated_by_compaction),
		cmocka_unit_test(freed_lazily),
		cmocka_unit_test(written),
		cmocka_unit_test(moved_by_mremap),
		cmocka_unit_test(what_becomes_of_vmas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
