/*
 * Page faults on demand, for tests/bench/faults: threads that read memory page by page, so that the zero page is mapped,
 * which is the cheapest fault there is, and give it back.
 *
 *   touch THREADS     for each line "MILLISECONDS" of its input: FAULTS WALL_MS CPU_MS ALL_FAULTS
 *
 * FAULTS and times are of what the line asked for, ALL_FAULTS those the process has had since it began, by getrusage.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAGES   2048
#define THREADS 64

static pthread_barrier_t begin, end;
static atomic_bool enough;
static size_t page;

static double milliseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static long faults(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void *work(void *memory)
{
	volatile char *bytes = memory;
	for (;;) {
		pthread_barrier_wait(&begin);
		while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
			for (size_t i = 0; i < PAGES; i++)
				(void)bytes[i * page];
			madvise(memory, PAGES * page, MADV_DONTNEED);
		}
		pthread_barrier_wait(&end);
	}
	return NULL;
}

static void start(void)
{
	pthread_t thread;
	void *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || pthread_create(&thread, NULL, work, memory)) {
		fputs("touch: no memory or threads\n", stderr);
		exit(1);
	}
	madvise(memory, PAGES * page, MADV_NOHUGEPAGE); /* kernels without huge pages refuse */
}

static void round_of(long ms)
{
	long before = faults();
	double wall = milliseconds(CLOCK_MONOTONIC), cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
	atomic_store(&enough, false);
	pthread_barrier_wait(&begin);
	poll(NULL, 0, (int)ms);
	atomic_store(&enough, true);
	pthread_barrier_wait(&end);
	cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = milliseconds(CLOCK_MONOTONIC) - wall;
	long all = faults();
	printf("%ld %.1f %.1f %ld\n", all - before, wall, cpu, all);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int threads = argc == 2 ? atoi(argv[1]) : 0;
	char line[32];
	if (threads < 1 || threads > THREADS) {
		fputs("usage: touch THREADS\n", stderr);
		return 2;
	}
	page = (size_t)sysconf(_SC_PAGESIZE);
	pthread_barrier_init(&begin, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&end, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++)
		start();
	while (fgets(line, sizeof line, stdin))
		round_of(atol(line));
	return 0;
}
