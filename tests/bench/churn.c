/*
 * A program whose memory is steady: threads that allocate and free pieces of random sizes at random times, in as many
 * arenas as malloc makes of them. For tests/bench/growth, with glibc's malloc or with another one by LD_PRELOAD.
 *
 *   churn SEED [LEAK]     until it is killed; LEAK: bytes a second that it never frees, in small pieces
 *
 * From the seed come the number of threads, of pieces, their sizes and how restless they are.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MS 20 /* between two rounds of a thread */

static struct plan {
	size_t pieces, ops; /* of a thread; of a round */
	unsigned bits;      /* sizes are below 1 << bits */
} plan;

static uint64_t next(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void *filled(size_t size)
{
	void *piece = malloc(size);
	if (!piece)
		abort();
	return memset(piece, 1, size);
}

/* Small pieces are as frequent as large ones, by the power of two. */
static size_t some_size(uint64_t *state)
{
	unsigned bits = 5 + (unsigned)(next(state) % (plan.bits - 5));
	return ((size_t)1 << bits) + next(state) % ((size_t)1 << bits);
}

static void *churn(void *seed)
{
	uint64_t state = (uintptr_t)seed;
	void **pieces = calloc(plan.pieces, sizeof(*pieces));
	if (!pieces)
		abort();
	for (;;) {
		for (size_t i = 0; i < plan.ops; i++) {
			void **piece = &pieces[next(&state) % plan.pieces];
			free(*piece);
			*piece = *piece ? NULL : filled(some_size(&state));
		}
		poll(NULL, 0, PERIOD_MS);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	uint64_t state = strtoull(argv[1], NULL, 10);
	double leak = argc > 2 ? strtod(argv[2], NULL) : 0, due = 0;
	size_t threads = 2 + next(&state) % 5;
	plan.pieces = 500 + next(&state) % 3000;
	plan.ops = 100 + next(&state) % 300;
	plan.bits = 10 + (unsigned)(next(&state) % 7);
	for (size_t i = 0; i < threads; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, churn, (void *)(uintptr_t)next(&state)))
			return 1;
	}
	static void *volatile kept; /* a list that nobody walks */
	for (;; poll(NULL, 0, PERIOD_MS)) {
		for (due += leak * PERIOD_MS / 1000; due > 0;) {
			size_t size = 64 + next(&state) % 900;
			void **piece = filled(size);
			*piece = kept;
			kept = piece;
			due -= (double)size;
		}
	}
}
