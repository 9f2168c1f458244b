/*
 * Call sites of leaks, measured: runs the program of tests/live/sites, hunts it with call sites, and says how many of those
 * given are right, and what that took of the program and of pagetop.
 *
 *   bench-sites PROGRAM SECONDS RATE LEAKED SCALE THREADS KEPT SAME
 *
 * Prints: right wrong named leaking accused; CPU of the program per operation in microseconds, undisturbed and while its
 * sites are sampled, in turns of a second; traps a second; pagetop's CPU in percent of a core.
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/hunt/hunt.h"
#include "core/hunt/sites.h"
#include "tests/support/sited.h"

#define SECOND 1000000000ull
#define TURNS  10
#define LEAKS  1000u

static double cpu_of(pid_t pid)
{
	uint64_t ns = 0;
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
		ns = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
	return (double)ns / 1000;
}

static struct pt_kernel *kernel(void)
{
	struct pt_kernel *k;
	if (pt_kernel_linux_new(&k, "/", 0))
		exit(1);
	return k;
}

static struct pt_hunt_view *hunt(pid_t pid, uint64_t ns)
{
	const struct pt_hunt_options options = {.sites_ns = ns};
	struct pt_hunt *hunt;
	struct pt_hunt_view *view = NULL;
	int error = pt_hunt_new(&hunt, kernel(), pid, &options);
	while (!view && !error) {
		struct pollfd p = {.fd = pt_hunt_fd(hunt), .events = POLLIN};
		poll(&p, 1, -1);
		pt_hunt_progress(hunt);
		view = pt_hunt_take(hunt, &error);
	}
	if (error)
		exit(1);
	pt_hunt_free(hunt);
	return view;
}

struct cost {
	double us[2]; /* per operation: off, on */
	double traps, own;
};

/* The sizes do not matter here as long as they are those that are allocated. */
static bool measure(struct sited *s, unsigned long scale, struct cost *ret)
{
	static const uint64_t bytes[] = {24, 40, 56, 100, 200, 500};
	uint64_t sizes[6];
	struct pt_kernel *k = kernel();
	struct pt_target target;
	struct pt_memory memory = {0};
	struct pt_heap *heap;
	struct pt_sites *sites;
	double cpu[2] = {0, 0}, operations[2] = {0, 0};
	for (unsigned i = 0; i < 6; i++)
		sizes[i] = (bytes[i] * scale + 8 + 15) / 16 * 16 - 8;
	if (pt_target_open(&target, k, s->pid, NULL) || pt_memory_look(&memory, &target, false) ||
	    pt_heap_read(&heap, &memory))
		return false;
	if (pt_sites_new(&sites, &target, &(struct pt_sites_options){.heap = heap, .sizes = sizes, .n = 6}))
		return false;
	const double own = cpu_of(getpid());
	for (unsigned turn = 0; turn < 2 * TURNS; turn++) {
		const double before = cpu_of(s->pid), done = (double)s->truth->operations;
		if (turn % 2)
			pt_sites_sample(sites, SECOND, NULL, NULL);
		else
			poll(NULL, 0, 1000);
		cpu[turn % 2] += cpu_of(s->pid) - before;
		operations[turn % 2] += (double)s->truth->operations - done;
	}
	for (unsigned on = 0; on < 2; on++)
		ret->us[on] = cpu[on] / operations[on];
	ret->traps = (double)pt_sites_totals(sites).hits / TURNS;
	ret->own = (cpu_of(getpid()) - own) / TURNS / 1e4;
	pt_sites_free(sites);
	pt_heap_free(heap);
	pt_memory_free(&memory);
	pt_target_close(&target);
	pt_kernel_free(k);
	return true;
}

int main(int argc, char **argv)
{
	struct sited s;
	struct cost cost = {0};
	if (argc != 9 || !sited_start(&s, argv[1], (const char *const *)(uintptr_t)&argv[3]))
		return 2;
	while (s.truth->n < LEAKS) /* that a hunt may find */
		sched_yield();
	struct pt_hunt_view *view = hunt(s.pid, strtoull(argv[2], NULL, 10) * SECOND);
	const struct sited_result r = sited_judge(&s, view);
	if (!measure(&s, strtoul(argv[5], NULL, 10), &cost))
		return 1;
	printf("%u %u %u %u %u %.3f %.3f %.0f %.1f\n", r.right, r.wrong, r.named, r.leaking, r.accused, cost.us[0],
	       cost.us[1], cost.traps, cost.own);
	sited_end(&s);
	pt_hunt_view_unref(view);
	return 0;
}
