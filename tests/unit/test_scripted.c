/*
 * The fixture builder and the scripted kernel, on which other tests stand: what their text says must be what readers of
 * /proc see, and the scripted PAGEMAP_SCAN must answer like the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char small[] = "process 100 S start=777 uid=1000 threads=2 a name\n"
			    "vma 7f0000000000-7f0000010000 rw-p\n"
			    "vma 7f0000010000-7f0000020000 rw-p [heap]\n"
			    "page 7f0000000000 anon pfn=1000\n"
			    "pages 7f0000001000-7f0000003000 anon pfn=1001 count=2\n"
			    "swap 7f0000004000 type=1 offset=5\n"
			    "marker 7f0000005000 guard\n"
			    "page 7f0000006000 zero pfn=3 \n"
			    "pages 7f000000e000-7f0000012000 file pfn=1010 +dirty\n";

struct world {
	struct fixture *fixture;
	struct scripted *scripted;
	struct pt_kernel *k;
};

static struct world make(unsigned page_size, const char *text)
{
	struct world w = {.fixture = fixture_new(page_size, text)};
	w.scripted = scripted_new(fixture_kernel(w.fixture));
	w.k = &w.scripted->k;
	return w;
}

static void drop(struct world *w)
{
	scripted_free(w->scripted);
	fixture_free(w->fixture);
}

static uint64_t word(struct world *w, const char *path, uint64_t index)
{
	uint64_t ret = 0;
	int fd = w->k->ops->open(w->k, path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(w->k->ops->pread(w->k, fd, &ret, 8, index * 8), 8);
	w->k->ops->close(w->k, fd);
	return ret;
}

static void text_becomes_entries(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	const char *pagemap = "proc/100/pagemap";
	const uint64_t base = 0x7f0000000000 >> 12;

	assert_int_equal(word(&w, pagemap, base), PM_PRESENT | PM_EXCLUSIVE | 1000);
	assert_int_equal(word(&w, pagemap, base + 2), PM_PRESENT | 1002);
	assert_int_equal(word(&w, pagemap, base + 3), 0);
	assert_int_equal(word(&w, pagemap, base + 4), PM_SWAP | 1 | 5 << 5);
	assert_int_equal(word(&w, pagemap, base + 5), PM_SWAP | PM_GUARD | 31 | 4 << 5);
	assert_int_equal(word(&w, "proc/kpagecount", 1002), 2);
	assert_int_equal(word(&w, "proc/kpageflags", 1002),
			 KPF(ANON) | KPF(SWAPBACKED) | KPF(MMAP) | KPF(LRU) | KPF(UPTODATE));
	drop(&w);
}

static void text_becomes_smaps(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct pt_smaps *smaps, rollup;
	size_t n;

	assert_int_equal(pt_read_smaps(w.k, 100, &smaps, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(smaps[0].rss.value, 5 * 4096);
	assert_int_equal(smaps[0].pss.value, 4 * 4096);
	assert_int_equal(smaps[0].shared_dirty.value, 2 * 4096);
	assert_int_equal(smaps[0].anonymous.value, 3 * 4096);
	assert_int_equal(smaps[0].swap.value, 4096);
	assert_int_equal(smaps[1].private_dirty.value, 2 * 4096);
	free(smaps);
	assert_int_equal(pt_read_rollup(w.k, 100, &rollup), 0);
	assert_int_equal(rollup.rss.value, 7 * 4096);
	drop(&w);
}

static void process_line_becomes_stat(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct pt_process process;

	assert_int_equal(pt_read_process(w.k, 100, &process), 0);
	assert_string_equal(process.name, "a name");
	assert_int_equal(process.start_time, 777);
	assert_int_equal(process.uid, 1000);
	assert_int_equal(process.threads, 2);
	assert_int_equal(process.rss_anon.value, 3 * 4096);
	drop(&w);
}

static void unmap_takes_pages_along(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct pt_vma_table *vmas;

	fixture_add(w.fixture, "in 100\nunmap 7f0000002000-7f0000011000\n");
	assert_int_equal(pt_read_maps(w.k, 100, &vmas), 0);
	assert_int_equal(vmas->n, 2);
	assert_int_equal(vmas->v[0].end, 0x7f0000002000);
	assert_int_equal(vmas->v[1].start, 0x7f0000011000);
	pt_vma_table_unref(vmas);
	assert_int_equal(word(&w, "proc/100/pagemap", (0x7f0000002000 >> 12)), 0);
	assert_int_equal(word(&w, "proc/100/pagemap", (0x7f0000001000 >> 12)) & PM_PFN_MASK, 1001);
	drop(&w);
}

/* ---- PAGEMAP_SCAN ----------------------------------------------------------------------------------------------- */

static int scan(struct world *w, int fd, uint64_t start, struct ps_region *vec, unsigned n, uint64_t *walk_end)
{
	struct ps_arg arg = {
		.size = sizeof(arg),
		.start = start,
		.end = 0x7f0000020000,
		.vec = (uintptr_t)vec,
		.vec_len = n,
		.category_anyof_mask = PS_PRESENT | PS_SWAPPED,
		.return_mask = PS_PRESENT | PS_SWAPPED | PS_GUARD | PS_PFNZERO,
	};
	int r = w->k->ops->ioctl(w->k, fd, PT_PAGEMAP_SCAN, &arg);
	*walk_end = arg.walk_end;
	return r;
}

static const struct ps_region expected[] = {
	{0x7f0000000000, 0x7f0000003000, PS_PRESENT},
	{0x7f0000004000, 0x7f0000005000, PS_SWAPPED},
	{0x7f0000005000, 0x7f0000006000, PS_SWAPPED | PS_GUARD},
	{0x7f0000006000, 0x7f0000007000, PS_PRESENT | PS_PFNZERO},
	{0x7f000000e000, 0x7f0000012000, PS_PRESENT}, /* over the border of two VMAs */
};

static void scan_merges_neighbours(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct ps_region vec[16];
	uint64_t end;

	int fd = w.k->ops->open(w.k, "proc/100/pagemap", O_RDONLY);
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 16, &end), 5);
	assert_memory_equal(vec, expected, sizeof(expected));
	w.k->ops->close(w.k, fd);
	drop(&w);
}

static void full_vector_is_resumed_at_walk_end(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct ps_region vec[1];
	uint64_t at = 0x7f0000000000;

	int fd = w.k->ops->open(w.k, "proc/100/pagemap", O_RDONLY);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(scan(&w, fd, at, vec, 1, &at), 1);
		assert_memory_equal(vec, &expected[i], sizeof(*vec));
	}
	assert_int_equal(scan(&w, fd, 0x7f0000012000, vec, 1, &at), 0);
	w.k->ops->close(w.k, fd);
	drop(&w);
}

static void walk_end_is_stale_after_the_last_round(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct ps_region vec[16];
	uint64_t end;

	int fd = w.k->ops->open(w.k, "proc/100/pagemap", O_RDONLY);
	w.scripted->scan_round = 2;
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 16, &end), 5);
	assert_memory_equal(vec, expected, sizeof(expected));
	assert_int_equal(end, 0x7f000000e000);
	w.scripted->scan_round = 5;
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 16, &end), 5);
	assert_int_equal(end, 0x7f0000020000);
	w.k->ops->close(w.k, fd);
	drop(&w);
}

static void older_kernels_refuse(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct ps_region vec[1];
	uint64_t end;

	int fd = w.k->ops->open(w.k, "proc/100/pagemap", O_RDONLY);
	w.scripted->no_guard = true;
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 1, &end), -EINVAL);
	w.scripted->no_scan = true;
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 1, &end), -ENOTTY);
	w.k->ops->close(w.k, fd);
	drop(&w);
}

static void memory_dies_with_exec(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct ps_region vec[1];
	uint64_t entry, end;

	int fd = w.k->ops->open(w.k, "proc/100/pagemap", O_RDONLY);
	int pidfd = w.k->ops->pidfd(w.k, 100);
	fixture_add(w.fixture, "process 100 S start=777 other image\nvma 7f0000000000-7f0000010000 rw-p\n");
	assert_int_equal(w.k->ops->ended(w.k, pidfd), 0);
	assert_int_equal(w.k->ops->pread(w.k, fd, &entry, 8, (0x7f0000000000 >> 12) * 8), 0);
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 1, &end), -ESRCH);
	w.scripted->dead_scan_is_done = true;
	assert_int_equal(scan(&w, fd, 0x7f0000000000, vec, 1, &end), 0);
	w.k->ops->close(w.k, fd);
	w.k->ops->close(w.k, pidfd);
	drop(&w);
}

static void pidfd_ends_with_its_process(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	int pidfd = w.k->ops->pidfd(w.k, 100);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 0), 0);
	fixture_add(w.fixture, "process 100 S start=778 the PID again\n");
	assert_int_equal(w.k->ops->ended(w.k, pidfd), 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	fixture_end(w.fixture, 100);
	assert_int_equal(w.k->ops->ended(w.k, pidfd), 1);
	assert_int_equal(w.k->ops->pidfd(w.k, 100), -ESRCH);
	w.k->ops->close(w.k, pidfd);
	drop(&w);
}

/* ---- the script ------------------------------------------------------------------------------------------------- */

static void calls_fail_as_told(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct pt_vma_table *vmas;

	for (unsigned long call = 1; call <= 2; call++) { /* open, pread */
		w.scripted->calls = 0;
		w.scripted->fail_call = call;
		w.scripted->fail_error = -EIO;
		assert_int_equal(pt_read_maps(w.k, 100, &vmas), -EIO);
	}
	w.scripted->calls = 0;
	w.scripted->fail_call = 0;
	w.scripted->short_call = 2;
	assert_int_equal(pt_read_maps(w.k, 100, &vmas), 0);
	assert_int_equal(vmas->n, 2);
	assert_int_equal(w.scripted->calls, 4); /* one read more, and the one that finds the end */
	pt_vma_table_unref(vmas);
	drop(&w);
}

static void end_it(void *arg)
{
	fixture_end(arg, 100);
}

static void world_changes_before_a_call(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	struct pt_process process;

	w.scripted->hook_call = 4; /* stat is open, read, read; then status */
	w.scripted->hook = end_it;
	w.scripted->hook_arg = w.fixture;
	assert_int_equal(pt_read_process(w.k, 100, &process), -ESRCH);
	drop(&w);
}

static void clock_is_the_tests(void **state)
{
	(void)state;
	struct world w = make(4096, small);
	w.scripted->clock[PT_CLOCK_MONOTONIC] = 1000;
	w.scripted->tick = 5;
	assert_int_equal(w.k->ops->now(w.k, PT_CLOCK_MONOTONIC), 1005);
	assert_int_equal(w.k->ops->now(w.k, PT_CLOCK_MONOTONIC), 1010);
	assert_int_equal(w.k->ops->now(w.k, PT_CLOCK_REALTIME), 5);
	drop(&w);
}

static void backing_files_answer_cachestat(void **state)
{
	(void)state;
	struct world w = make(65536, "process 7 S shared\n"
				     "vma 7f0000000000-7f0000100000 rw-s /memfd:x (deleted)\n"
				     "pages 7f0000000000-7f0000020000 shmem pfn=10\n"
				     "evicted 7f0000030000-7f0000060000\n");
	struct pt_cachestat got;
	struct pt_file_stat st;
	const char *path = "proc/7/map_files/7f0000000000-7f0000100000";

	assert_int_equal(w.k->ops->stat(w.k, path, &st), 0);
	assert_true(st.tmpfs);
	int fd = w.k->ops->open(w.k, path, O_RDONLY);
	assert_int_equal(w.k->ops->cachestat(w.k, fd, 0, 0, &got), 0);
	assert_int_equal(got.cache, 2);
	assert_int_equal(got.evicted, 3);
	assert_int_equal(w.k->ops->cachestat(w.k, fd, 65536, 3 * 65536, &got), 0);
	assert_int_equal(got.cache, 1);
	assert_int_equal(got.evicted, 1);
	w.k->ops->close(w.k, fd);
	drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_entries),
		cmocka_unit_test(text_becomes_smaps),
		cmocka_unit_test(process_line_becomes_stat),
		cmocka_unit_test(unmap_takes_pages_along),
		cmocka_unit_test(scan_merges_neighbours),
		cmocka_unit_test(full_vector_is_resumed_at_walk_end),
		cmocka_unit_test(walk_end_is_stale_after_the_last_round),
		cmocka_unit_test(older_kernels_refuse),
		cmocka_unit_test(memory_dies_with_exec),
		cmocka_unit_test(pidfd_ends_with_its_process),
		cmocka_unit_test(calls_fail_as_told),
		cmocka_unit_test(world_changes_before_a_call),
		cmocka_unit_test(clock_is_the_tests),
		cmocka_unit_test(backing_files_answer_cachestat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
