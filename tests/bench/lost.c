/*
 * A heap of a known size of which a hundredth is lost, for tests/bench/hunt: 65,536 lists, each through all of the heap, of
 * objects with a pointer to some other object and numbers that are no pointers.
 *
 *   lost MIB [THREADS [BYTES]]     BYTES: of an object, on average (192). Says "ready PID OBJECTS LOST", then for each line of its input:
 *
 *   watch      a thread begins to look at the clock without a break
 *   told       the longest gap that it saw since, in us
 *   check      LeakSanitizer's check, where it is linked in: how long it took, in ms, and how long the clock stood, in ms
 *
 * THREADS more hold still in a system call. Ends with its input.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

#define HEADS 65536

struct object {
	struct object *next, *other;
	uint64_t numbers[];
};

static struct object *heads[HEADS];
static uint64_t n_objects, n_lost;

static uint64_t chance(void)
{
	static uint64_t state = 42;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717u;
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static __attribute__((noinline)) void make(uint64_t bytes, uint64_t mean)
{
	for (uint64_t made = 0; made < bytes; n_objects++) {
		uint64_t r = chance();
		size_t size = 40 + r % (2 * (mean - 40)) / 16 * 16;
		struct object *object = malloc(size);
		if (!object)
			exit(1);
		made += size + 8;
		for (size_t i = 0; i < (size - sizeof(*object)) / 8; i++)
			object->numbers[i] = r >> 20;
		object->other = heads[(r >> 32) % HEADS];
		struct object **head = &heads[n_objects % HEADS];
		object->next = *head;
		if (n_objects % 100 == 99)
			n_lost++; /* NOLINT(clang-analyzer-unix.Malloc): it points at others, and nothing to it */
		else
			*head = object;
	}
}

static __attribute__((noinline)) void wipe(void)
{
	volatile char below[65536];
	for (size_t i = 0; i < sizeof(below); i++)
		below[i] = 0;
}

static void *hold_still(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static _Atomic uint64_t longest;
static atomic_bool watching;

static void *watch(void *arg)
{
	for (uint64_t last = now();;) {
		uint64_t at = now();
		if (!atomic_load_explicit(&watching, memory_order_relaxed))
			longest = 0;
		else if (at - last > longest)
			longest = at - last;
		last = at;
	}
	return arg;
}

static void start(void *(*run)(void *))
{
	pthread_t thread;
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	if (pthread_create(&thread, &small, run, NULL) != 0)
		exit(1);
}

static void obey(const char *word)
{
	static bool started;
	if (strcmp(word, "watch\n") == 0) {
		if (!started)
			start(watch);
		started = true;
		watching = true;
		puts("watching");
	} else if (strcmp(word, "told\n") == 0) {
		printf("%.1f\n", (double)longest / 1e3);
		watching = false;
	} else if (strcmp(word, "check\n") == 0 && __lsan_do_recoverable_leak_check) {
		uint64_t began = now();
		__lsan_do_recoverable_leak_check();
		printf("%.1f %.1f\n", (double)(now() - began) / 1e6, (double)longest / 1e6);
	} else {
		puts("?");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[64];
	if (argc < 2)
		return 2;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	make((uint64_t)atoi(argv[1]) << 20, argc > 3 ? (uint64_t)atoi(argv[3]) : 192);
	for (int i = argc > 2 ? atoi(argv[2]) : 0; i > 0; i--)
		start(hold_still);
	wipe();
	printf("ready %d %llu %llu\n", (int)getpid(), (unsigned long long)n_objects, (unsigned long long)n_lost);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
