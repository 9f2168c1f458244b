/*
 * Frames within a budget on a real child that keeps changing its memory: when it holds still, they come to what a full
 * scan finds, page by page.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <inttypes.h>

#include "core/scan/scan.h"
#include "tests/support/child.h"

#define MIB      (1024ul * 1024)
#define STEPS    40
#define SECOND   1000000000ull
#define NOTHING  1 /* ns of CPU time */
#define CATCH_UP 5000

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* One random thing that programs do to memory. What a child of its own shares stays shared until the next fork. */
static void stir(char *memory, size_t size, unsigned *random, pid_t *sharer)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), at = next_random(random) % (size / page / 2) * page;
	size_t length = (1 + next_random(random) % 200) * page;
	switch (next_random(random) % 8) {
	case 0: madvise(memory + at, length, MADV_DONTNEED); break;
	case 1: madvise(memory + at, length, MADV_FREE); break;
	case 2: mprotect(memory + at, length, PROT_READ); break;
	case 3: child_need(mprotect(memory, size, PROT_READ | PROT_WRITE) == 0, "mprotect"); break;
	case 4:
		child_need(mmap(memory + at, length, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED,
			   "mmap");
		break;
	case 5:
		if (*sharer)
			break;
		*sharer = fork();
		if (*sharer == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		break;
	default:
		child_need(mprotect(memory, size, PROT_READ | PROT_WRITE) == 0, "mprotect");
		memset(memory + at, 1, length);
		break;
	}
}

static void run_restless(struct child *self)
{
	size_t size = 32 * MIB;
	char *memory = child_map(size, 2 * MIB);
	unsigned random = 7;
	pid_t sharer = 0;
	madvise(memory, size / 2, MADV_HUGEPAGE);
	memset(memory, 1, size);
	child_say(self, (uintptr_t)memory);
	for (int i = 0; i < STEPS; i++) {
		stir(memory, size, &random, &sharer);
		child_say(self, 1);
	}
}

/* Frames follow each other at once, but for the scan a second passes between them. */
static uint64_t ahead_ns;
static const struct pt_kernel_ops *inner;
static struct pt_kernel_ops hurried;

static uint64_t hurried_now(struct pt_kernel *k, enum pt_clock clock)
{
	return inner->now(k, clock) + (clock == PT_CLOCK_MONOTONIC ? ahead_ns : 0);
}

static void hurry(struct pt_kernel *k)
{
	inner = k->ops;
	hurried = *inner;
	hurried.now = hurried_now;
	k->ops = &hurried;
}

static struct pt_snapshot *refresh(struct pt_scan *scan, uint64_t budget)
{
	struct pt_scan_wish wish = {.share = 1, .budget_ns = budget, .interval_ns = SECOND};
	struct pt_snapshot *s = NULL;
	ahead_ns += SECOND;
	assert_int_equal(pt_scan_refresh(scan, &wish, NULL, NULL, &s), 0);
	return s;
}

static uint64_t oldest(const struct pt_snapshot *s)
{
	uint64_t oldest = s->presence_ns;
	for (size_t i = 0; i < s->n_slots; i++)
		oldest = s->slots[i].read_ns < oldest ? s->slots[i].read_ns : oldest;
	return oldest;
}

static struct pt_snapshot *catch_up(struct pt_scan *scan, struct pt_kernel *k)
{
	uint64_t since = k->ops->now(k, PT_CLOCK_MONOTONIC);
	for (int i = 0; i < CATCH_UP; i++) {
		struct pt_snapshot *s = refresh(scan, i < CATCH_UP / 2 ? NOTHING : 1000000);
		if (oldest(s) >= since)
			return s;
		pt_snapshot_unref(s);
	}
	fail_msg("some page never had its turn");
	return NULL;
}

/* What the kernel does in its own time is left out: ageing, moving, and that MADV_FREE takes effect when the LRU batch of a CPU is drained. */
static const uint32_t told = PT_KIND_MASK | PT_PMD | PT_EXCLUSIVE | PT_HAS_FLAGS | PT_HAS_COUNT | PT_LARGE | PT_MLOCKED;

static void assert_same(const struct pt_snapshot *got, const struct pt_snapshot *want, uint64_t start)
{
	assert_int_equal(got->vmas->n, want->vmas->n);
	for (uint64_t at = start; at < start + 32 * MIB; at += 1ull << got->page_shift) {
		struct pt_page a = pt_snapshot_page(got, at), b = pt_snapshot_page(want, at);
		if (((a.bits ^ b.bits) & told) || a.count != b.count)
			print_error("page %" PRIx64 ": %x %u, not %x %u\n", at, a.bits, a.count, b.bits, b.count);
		assert_int_equal(a.bits & told, b.bits & told);
		assert_int_equal(a.count, b.count);
	}
}

static void a_restless_child_is_caught_up_with(void **state)
{
	(void)state;
	struct child child = child_start(run_restless);
	uint64_t start = child_wait(&child);
	struct pt_kernel *k;
	struct pt_scan *scan;
	struct pt_snapshot *s, *want;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	hurry(k);
	assert_int_equal(pt_scan_open(&scan, k, child.pid), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &s), 0);
	pt_snapshot_unref(s);
	for (int step = 0; step < STEPS; step++) {
		child_go(&child);
		child_wait(&child);
		pt_snapshot_unref(refresh(scan, step % 2 ? NOTHING : 200000));
		if (step % 8 != 7)
			continue;
		s = catch_up(scan, k);
		assert_int_equal(pt_scan_once(k, child.pid, 1, &want), 0);
		assert_same(s, want, start);
		pt_snapshot_unref(s);
		pt_snapshot_unref(want);
	}
	pt_scan_close(scan);
	pt_kernel_free(k);
	child_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_restless_child_is_caught_up_with)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
