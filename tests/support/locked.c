/*
 * The child with locked memory; see locked.h. Compaction moves pages from low frames to high ones: of much memory that
 * was touched, the pages in the lowest frames are kept, and the rest is given back before it is locked.
 */
#include "tests/support/locked.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/machine.h"

#define PAGE   4096u
#define ALL    (LOCKED_BYTES / PAGE)
#define ROUNDS 3

struct touching {
	char *memory;
	size_t pages[LOCKED_MOVING];
	bool ready, stop; /* atomic */
	long faults;
};

static uint64_t *frames;

static int by_frame(const void *a, const void *b)
{
	uint64_t x = frames[*(const size_t *)a], y = frames[*(const size_t *)b];
	return (x > y) - (x < y);
}

/* False: frames are hidden. */
static bool keep_lowest(char *memory, size_t *kept)
{
	size_t *order = malloc(ALL * sizeof(*order)), n = 0;
	bool *is_kept = calloc(ALL, sizeof(*is_kept));
	frames = malloc(ALL * sizeof(*frames));
	child_need(order && is_kept && frames, "malloc");
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)memory / PAGE * sizeof(*frames));
	child_need(pread(fd, frames, ALL * sizeof(*frames), at) == (ssize_t)(ALL * sizeof(*frames)), "pagemap");
	close(fd);
	bool seen = false;
	for (size_t i = LOCKED_PAGES; i < ALL; i++) {
		frames[i] &= (1ull << 55) - 1;
		seen |= frames[i] != 0;
		order[n++] = i;
	}
	qsort(order, n, sizeof(*order), by_frame);
	for (size_t i = 0; i < LOCKED_MOVING; i++) {
		kept[i] = order[i];
		is_kept[order[i]] = true;
	}
	for (size_t i = 0, end; i < ALL; i = end + 1) {
		for (end = i; end < ALL && !is_kept[end]; end++)
			;
		child_need(end == i || madvise(memory + i * PAGE, (end - i) * PAGE, MADV_DONTNEED) == 0, "dontneed");
	}
	free(order);
	free(is_kept);
	free(frames);
	return seen;
}

static void write_pages(char *memory)
{
	for (size_t i = 0; i < LOCKED_PAGES; i++)
		*(volatile char *)(memory + i * PAGE) = (char)i;
}

static void end_other(pid_t pid, int end)
{
	close(end);
	child_need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static long faults_of_thread(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void write_moving(struct touching *t)
{
	for (size_t i = 0; i < LOCKED_MOVING; i++)
		*(volatile char *)(t->memory + t->pages[i] * PAGE) = (char)i;
}

static void *touch(void *arg)
{
	struct touching *t = arg;
	write_moving(t);
	(void)faults_of_thread();
	t->faults = -faults_of_thread(); /* its stack and all code are there by now */
	__atomic_store_n(&t->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED))
		write_moving(t);
	t->faults += faults_of_thread();
	return NULL;
}

static bool compact(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, "1", 1) == 1;
	if (fd >= 0)
		close(fd);
	return written;
}

/* Returns what the step says. */
static uint64_t touch_while_compacting(struct touching *t)
{
	pthread_t thread;
	bool done = machine_number("/proc/sys/vm/compact_unevictable_allowed") == 1;
	child_need(pthread_create(&thread, NULL, touch, t) == 0, "thread");
	while (!__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	for (int i = 0; i < ROUNDS && done; i++)
		done = compact();
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return done ? 1 + (uint64_t)t->faults : 0;
}

void locked_run(struct child *self)
{
	static struct touching t;
	pid_t other;
	int hold;
	t.memory = child_map(LOCKED_BYTES, 0);
	madvise(t.memory, LOCKED_BYTES, MADV_NOHUGEPAGE);
	child_touch(t.memory + LOCKED_PAGES * PAGE, ALL - LOCKED_PAGES, 1);
	bool seen = keep_lowest(t.memory, t.pages);
	for (size_t i = 0; i < LOCKED_PAGES; i++)
		(void)*(volatile char *)(t.memory + i * PAGE);
	if (mlock2(t.memory, LOCKED_BYTES, MLOCK_ONFAULT) != 0) {
		child_say(self, CHILD_CANNOT);
		return;
	}
	child_say(self, (uintptr_t)t.memory);
	write_pages(t.memory);
	child_say(self, 1 + LOCKED_PAGES);
	other = child_fork_waiting(&hold);
	write_pages(t.memory);
	child_say(self, 1 + LOCKED_PAGES);
	end_other(other, hold);
	write_pages(t.memory);
	child_say(self, 1);
	other = child_fork_waiting(&hold);
	end_other(other, hold);
	write_pages(t.memory);
	write_moving(&t);
	child_say(self, 1 + LOCKED_PAGES + LOCKED_MOVING);
	child_say(self, seen ? touch_while_compacting(&t) : 0);
}
