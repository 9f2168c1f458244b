/*
 * A program that allocates in 24 functions, of which the first 8 leak a part of what they get; what the others get lives for
 * a few operations, or, of 8 to 15, until as many others have come as there are places for them.
 *
 *   target FD RATE LEAKED SCALE THREADS KEPT SAME
 *
 *   FD       truth.h goes there, a file that can be mapped
 *   RATE     operations a second of all threads: each is an allocation and, but for leaks, a free; 0: as many as it can
 *   LEAKED   of a million operations
 *   SCALE    sizes are 24 to 500 bytes times so much
 *   KEPT     places for those that live longer; 0: none do
 *   SAME     1: all objects hold the same
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/sites/truth.h"

#define LEAKING   8
#define KEPT_MAX  4000
#define BRIEF     8
#define BATCH     50 /* operations between two looks at the clock */
#define MILLION   1000000u
#define SECOND_NS 1000000000ull

static struct truth *truth;
static unsigned long rate, leaked, scale, threads, kept;
static int same;

/* Every third clears what it gets. */
#define SITE(n)                                                                                                        \
	__attribute__((noinline)) static char *site_##n(size_t size, int clear)                                        \
	{                                                                                                              \
		char *p = clear ? calloc(1, size) : malloc(size);                                                      \
		__asm__ volatile("" : : : "memory");                                                                   \
		return p;                                                                                              \
	}
SITE(00)
SITE(01)
SITE(02)
SITE(03)
SITE(04)
SITE(05)
SITE(06)
SITE(07)
SITE(08)
SITE(09)
SITE(10)
SITE(11)
SITE(12)
SITE(13)
SITE(14)
SITE(15)
SITE(16)
SITE(17)
SITE(18)
SITE(19)
SITE(20)
SITE(21)
SITE(22)
SITE(23)
static char *(*const sites[TRUTH_SITES])(size_t, int) = {
	site_00, site_01, site_02, site_03, site_04, site_05, site_06, site_07, site_08, site_09, site_10, site_11,
	site_12, site_13, site_14, site_15, site_16, site_17, site_18, site_19, site_20, site_21, site_22, site_23};
static const size_t sizes[TRUTH_SITES] = {24,  24,  24,  40,  40,  40,  56, 56, 56, 100, 100, 100,
					  200, 200, 200, 500, 500, 500, 24, 24, 40, 100, 200, 500};

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static void fill(char *p, size_t size, uint64_t number)
{
	memset(p, same ? 0x5a : (int)number, size);
	if (!same)
		memcpy(p, &number, sizeof(number));
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void operate(uint64_t *random, char **brief, char **longer)
{
	const unsigned site = (unsigned)(next(random) % TRUTH_SITES);
	const size_t size = sizes[site] * scale;
	char *p = sites[site](size, site % 6 == 5);
	fill(p, size, next(random));
	if (site < LEAKING && next(random) % MILLION < leaked * (TRUTH_SITES / LEAKING)) {
		uint64_t at = truth->n++;
		if (at >= TRUTH_LEAKED)
			_exit(0);
		truth->leaked[at].address = (uintptr_t)p * TRUTH_FACTOR;
		truth->leaked[at].site = (int)site;
		return;
	}
	char **place = kept && site >= LEAKING && site < 2 * LEAKING ? &longer[next(random) % kept]
								     : &brief[next(random) % BRIEF];
	free(*place);
	*place = p;
}

static void *work(void *arg)
{
	static _Thread_local char *brief[BRIEF], *longer[KEPT_MAX];
	uint64_t random = 88172645463325252ull + (uintptr_t)arg * 7919, operations = 0;
	const uint64_t began = now_ns();
	while (!truth->held) {
		for (unsigned i = 0; i < BATCH; i++)
			operate(&random, brief, longer);
		operations += BATCH;
		truth->operations += BATCH;
		const uint64_t due = rate ? began + operations * threads * SECOND_NS / rate : 0, now = now_ns();
		const struct timespec rest = {0, (long)(due - now)};
		if (due > now && due - now < SECOND_NS)
			ppoll(NULL, 0, &rest, NULL);
	}
	while (truth->held)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	if (argc != 8)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	truth = mmap(NULL, sizeof(*truth), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
	if (truth == MAP_FAILED)
		return 2;
	rate = strtoul(argv[2], NULL, 10);
	leaked = strtoul(argv[3], NULL, 10);
	scale = strtoul(argv[4], NULL, 10);
	threads = strtoul(argv[5], NULL, 10);
	kept = strtoul(argv[6], NULL, 10);
	same = atoi(argv[7]);
	if (kept > KEPT_MAX)
		return 2;
	for (uintptr_t i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, work, (void *)i) != 0)
			return 2;
	work(NULL);
	return 0;
}
