/*
 * Passes of a hunt over a running process, part by part, for tests/bench/hunt:
 *
 *   hunt PID N          N passes, one after the other
 *   hunt PID N MS       one each MS milliseconds
 *
 * A line for each: LOOK_MS HEAP_MS ROOTS_MS REACH_MS PASS_MS CPU_MS STOPPED_US THREADS CHUNKS LOST PEAK_KIB
 */
#include "core/hunt/reach.h"
#include "core/kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void count(void *arg, pt_chunk_id id, enum pt_reached how)
{
	(void)id;
	if (how == PT_REACHED_NOT)
		++*(unsigned long *)arg;
}

static int pass(struct pt_target *target)
{
	struct pt_memory memory = {0};
	struct pt_heap *heap = NULL;
	struct pt_roots roots = {0};
	struct pt_reach *reach = NULL;
	struct pt_roots_options roots_options = {0};
	struct pt_reach_options reach_options = {0};
	unsigned long lost = 0, chunks = 0;
	struct rusage usage;
	double cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID), t[5] = {milliseconds(CLOCK_MONOTONIC)};
	int r = pt_memory_look(&memory, target, false);
	t[1] = milliseconds(CLOCK_MONOTONIC);
	if (r == 0)
		r = pt_heap_read(&heap, &memory);
	t[2] = milliseconds(CLOCK_MONOTONIC);
	if (r == 0)
		r = pt_roots_read(&roots, &memory, heap, &roots_options);
	t[3] = milliseconds(CLOCK_MONOTONIC);
	if (r == 0)
		r = pt_reach_pass(&reach, &memory, heap, &roots, &reach_options);
	if (r == 0) {
		pt_reach_lost(reach, count, &lost);
		chunks = pt_heap_n(heap);
	}
	t[4] = milliseconds(CLOCK_MONOTONIC);
	pt_reach_free(reach);
	getrusage(RUSAGE_SELF, &usage);
	if (r == 0)
		printf("%.3f %.3f %.3f %.3f %.3f %.3f %.1f %u %lu %lu %ld\n", t[1] - t[0], t[2] - t[1], t[3] - t[2],
		       t[4] - t[3], t[4] - t[0], milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
		       (double)roots.stopped_ns_max / 1e3, roots.threads, chunks, lost, usage.ru_maxrss);
	fflush(stdout);
	pt_roots_free(&roots);
	pt_heap_free(heap);
	pt_memory_free(&memory);
	return r;
}

int main(int argc, char **argv)
{
	struct pt_kernel *k = NULL;
	struct pt_target target;
	if (argc < 3) {
		fprintf(stderr, "usage: hunt PID N [MS]\n");
		return 2;
	}
	int r = pt_kernel_linux_new(&k, "/", 0);
	if (r == 0)
		r = pt_target_open(&target, k, atoi(argv[1]), NULL);
	long every = argc > 3 ? atol(argv[3]) : 0;
	struct timespec period = {every / 1000, every % 1000 * 1000000};
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(timer, 0, &(struct itimerspec){period, period}, NULL);
	uint64_t ticks;
	for (int i = 0; r == 0 && i < atoi(argv[2]); i++) {
		r = pass(&target);
		if (every > 0 && read(timer, &ticks, sizeof(ticks)) < 0)
			r = -1;
	}
	if (r < 0)
		fprintf(stderr, "hunt: %s\n", strerror(-r));
	return r < 0;
}
