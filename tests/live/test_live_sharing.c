/*
 * With whom children share their pages: forked ones that wrote some since, a file that two map, pages that KSM merged in
 * one process; and on which nodes the kernel says they are. Where frames move meanwhile it is tried again.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/machine/nodes.h"
#include "core/owners/sharing.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define TRIES   20
#define PAGES   200u
#define WRITTEN 50u

static struct pt_kernel *k;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Of a process and all that are there now; NULL: frame numbers are hidden. */
static struct pt_sharing *look(pid_t pid, struct pt_snapshot **ret)
{
	struct pt_owners_request request = {0};
	struct pt_owners *owners;
	struct pt_sharing *sharing;
	assert_int_equal(pt_scan_once(k, pid, 1, ret), 0);
	int error = pt_owners_build(k, &request, &owners);
	if (error == -EPERM) {
		pt_snapshot_unref(*ret);
		skip_because("frame numbers are hidden from this user");
	}
	assert_int_equal(error, 0);
	assert_int_equal(pt_sharing_make(owners, *ret, 0, UINT64_MAX, NULL, &sharing), 0);
	pt_owners_unref(owners);
	return sharing;
}

/* Who shares the pages from `start` on, as soon as that is right: frames move, and then nobody is found for a moment. */
static struct pt_sharers sharers_of(pid_t pid, uint64_t start, bool (*is_right)(const struct pt_sharers *sharers))
{
	struct pt_sharers sharers;
	for (int i = 0;; i++) {
		struct pt_snapshot *snapshot;
		struct pt_sharing *sharing = look(pid, &snapshot);
		assert_int_equal(pt_sharing_with(sharing, start, start + PAGES * page_size(), &sharers), 0);
		pt_sharing_unref(sharing);
		pt_snapshot_unref(snapshot);
		if (is_right(&sharers))
			return sharers;
		free(sharers.v);
		assert_true(i < TRIES);
	}
}

static uint64_t pages_of(const struct pt_sharers *sharers, pid_t pid)
{
	for (size_t i = 0; i < sharers->n; i++)
		if (sharers->v[i].pid == pid)
			return sharers->v[i].pages;
	return 0;
}

static bool all_are_found(const struct pt_sharers *sharers)
{
	return !sharers->pages.nobody && !sharers->pages.partly && !sharers->pages.unasked;
}

/* ---- forked ones ------------------------------------------------------------------------------------------------ */

/* Two children; after that it writes to some of its pages. */
static void run_family(struct child *self)
{
	int unused;
	char *memory = child_map(PAGES * page_size(), 0);
	madvise(memory, PAGES * page_size(), MADV_NOHUGEPAGE);
	child_touch(memory, PAGES, 1);
	pid_t first = child_fork_waiting(&unused), second = child_fork_waiting(&unused);
	child_touch(memory, WRITTEN, 1);
	child_say(self, (uintptr_t)memory);
	child_say(self, (uint64_t)first);
	child_say(self, (uint64_t)second);
}

static void forked_children_share_what_was_not_written(void **state)
{
	(void)state;
	struct child child = child_start(run_family);
	uint64_t memory = child_wait(&child);
	child_go(&child);
	pid_t first = (pid_t)child_wait(&child);
	child_go(&child);
	pid_t second = (pid_t)child_wait(&child);
	struct pt_sharers of_parent = sharers_of(child.pid, memory, all_are_found);
	struct pt_sharers of_child = sharers_of(first, memory, all_are_found);
	assert_int_equal(of_parent.n, 2);
	assert_int_equal(pages_of(&of_parent, first), PAGES - WRITTEN);
	assert_int_equal(pages_of(&of_parent, second), PAGES - WRITTEN);
	assert_int_equal(of_parent.v[0].anon, PAGES - WRITTEN);
	assert_int_equal(of_parent.v[0].address, memory + WRITTEN * page_size());
	assert_int_equal(of_parent.pages.others, PAGES - WRITTEN);
	assert_int_equal(of_parent.pages.itself, 0);
	assert_int_equal(of_child.n, 2);
	assert_int_equal(pages_of(&of_child, second), PAGES);
	assert_int_equal(pages_of(&of_child, child.pid), PAGES - WRITTEN);
	free(of_parent.v);
	free(of_child.v);
	child_end(&child);
}

/* ---- alone ------------------------------------------------------------------------------------------------------ */

/* The same memory at two places. */
static void run_twice(struct child *self)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	size_t size = PAGES * page_size();
	child_need(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "memfd_create");
	char *memory = child_map_file(fd, size, MAP_SHARED), *again = child_map_file(fd, size, MAP_SHARED);
	child_touch(memory, PAGES, 1);
	child_touch(again, WRITTEN, 1);
	child_say(self, (uintptr_t)memory);
}

static void a_process_that_maps_pages_twice_shares_with_nobody(void **state)
{
	(void)state;
	struct child child = child_start(run_twice);
	struct pt_sharers sharers = sharers_of(child.pid, child_wait(&child), all_are_found);
	assert_int_equal(sharers.n, 0);
	assert_int_equal(sharers.pages.itself, WRITTEN);
	free(sharers.v);
	child_end(&child);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

/* Pages of the VMA at `start` by node, as numa_maps has them; false: it has none such. */
static bool by_numa_maps(pid_t pid, uint64_t start, const struct pt_nodes *nodes, uint64_t *pages)
{
	char path[64], line[4096];
	snprintf(path, sizeof path, "/proc/%d/numa_maps", (int)pid);
	FILE *file = fopen(path, "re");
	bool found = false;
	while (file && !found && fgets(line, sizeof line, file))
		found = strtoull(line, NULL, 16) == start;
	for (size_t i = 0; found && i < nodes->n; i++) {
		char word[16];
		snprintf(word, sizeof word, " N%d=", nodes->ids[i]);
		const char *at = strstr(line, word);
		pages[i] = at ? strtoull(at + strlen(word), NULL, 10) : 0;
	}
	if (file)
		fclose(file);
	return found;
}

static void nodes_are_those_of_numa_maps(void **state)
{
	(void)state;
	struct child child = child_start(run_family);
	uint64_t memory = child_wait(&child), ours[64] = {0}, kernels[64] = {0};
	struct pt_nodes nodes;
	int error = pt_nodes_read(k, &nodes);
	if (error == -ENODATA || nodes.n > 63 || !by_numa_maps(child.pid, memory, &nodes, kernels)) {
		child_end(&child);
		skip_because("this kernel says nothing of nodes");
	}
	for (int i = 0; i < TRIES && (!i || memcmp(ours, kernels, sizeof ours) != 0); i++) {
		struct pt_snapshot *snapshot;
		assert_int_equal(pt_scan_once(k, child.pid, 1, &snapshot), 0);
		memset(ours, 0, sizeof ours);
		memset(kernels, 0, sizeof kernels);
		pt_nodes_count(&nodes, snapshot, memory, memory + PAGES * page_size(), ours);
		assert_true(by_numa_maps(child.pid, memory, &nodes, kernels));
		bool hidden = !pt_signal_has(&snapshot->signals, PT_SIG_PFN);
		pt_snapshot_unref(snapshot);
		if (hidden) {
			child_end(&child);
			skip_because("frame numbers are hidden from this user");
		}
	}
	assert_memory_equal(ours, kernels, sizeof ours);
	pt_nodes_free(&nodes);
	child_end(&child);
}

static int open_kernel(void **state)
{
	(void)state;
	return pt_kernel_linux_new(&k, "/", 0);
}

static int close_kernel(void **state)
{
	(void)state;
	pt_kernel_free(k);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forked_children_share_what_was_not_written),
		cmocka_unit_test(a_process_that_maps_pages_twice_shares_with_nobody),
		cmocka_unit_test(nodes_are_those_of_numa_maps),
	};
	return cmocka_run_group_tests(tests, open_kernel, close_kernel);
}
