/*
 * Known leaks: programs that go on while one looks. What is leaked was lost before; all else is alive all the time, though
 * its pointer may at any moment be nowhere but in a register, or be moved from where one will look to where one has been.
 */
#include "truth.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, run, arg) != 0)
		fail("pthread_create");
	pthread_attr_destroy(&attributes);
	return thread;
}

NEVER_INLINED static void lose(size_t n)
{
	for (size_t i = 0; i < n; i++)
		made("leaked", 16 + i % 400);
}

/* ---- pointers that change places -------------------------------------------------------------------------------- */

static void **slots;
static size_t n_slots;

/* Every eleventh object is leaked. Those alive are not written down: what is not named is alive. */
NEVER_INLINED static void fill_slots(size_t n, size_t size)
{
	n_slots = n;
	slots = malloc(n * sizeof(*slots));
	for (size_t i = 0; i < n; i++) {
		slots[i] = malloc(size);
		memset(slots[i], 0, size);
		if (i % 10 == 0)
			made("leaked", size);
	}
	wipe();
}

/* One object in the hand of each thread, exchanged for one in a random slot, again and again. */
static void *exchange(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	void *in_hand = calloc(1, 48);
	for (;;)
		in_hand = __atomic_exchange_n(&slots[random_of(&seed) % n_slots], in_hand, __ATOMIC_RELAXED);
	return NULL;
}

NEVER_INLINED static void exchanged(void)
{
	fill_slots(scaled(200000), 48);
	start(exchange, (void *)7);
	start(exchange, (void *)8);
}

/* The same with the 2,000,000 objects of the bar. */
NEVER_INLINED static void exchanged_large(void)
{
	fill_slots(scaled(2000000), 48);
	start(exchange, (void *)7);
	start(exchange, (void *)8);
}

/* Two words of one half are swapped by each of two threads: what optimizers make of such a loop. */
static void *swap(void *arg)
{
	uint64_t seed = 9 + (uintptr_t)arg;
	void **half = slots + (uintptr_t)arg * (n_slots / 2);
	for (;;) {
		void **a = &half[random_of(&seed) % (n_slots / 2)], **b = &half[random_of(&seed) % (n_slots / 2)];
		void *kept = *a;
		*a = *b;
		*(void *volatile *)b = kept;
	}
	return NULL;
}

NEVER_INLINED static void swapped_large(void)
{
	fill_slots(scaled(2000000), 48);
	start(swap, (void *)0);
	start(swap, (void *)1);
}

/* Tails of lists change places: with one word a thousand objects go to where one may have been already. */
struct node {
	struct node *next;
	uint64_t number;
};
enum { LIST = 1000 };

static void *swap_tails(void *arg)
{
	size_t n = n_slots / 2;
	uint64_t seed = 21 + (uintptr_t)arg;
	struct node **half = (struct node **)slots + (uintptr_t)arg * n;
	for (;;) {
		struct node *a = half[random_of(&seed) % n], *b = half[random_of(&seed) % n];
		for (uint64_t steps = random_of(&seed) % 20; steps > 0 && a->next && b->next; steps--)
			a = a->next, b = b->next;
		struct node *tail = a->next;
		a->next = b->next;
		*(struct node *volatile *)&b->next = tail;
	}
	return NULL;
}

NEVER_INLINED static void lists_swapped(void)
{
	size_t n = scaled(400) + 1;
	n_slots = n;
	slots = calloc(n, sizeof(*slots));
	for (size_t l = 0; l < n; l++)
		for (size_t i = 0; i < LIST; i++) {
			struct node *node = malloc(sizeof(*node));
			*node = (struct node){slots[l], i};
			slots[l] = node;
			if (i % 10 == 0)
				made("leaked", sizeof(*node));
		}
	wipe();
	start(swap_tails, (void *)0);
	start(swap_tails, (void *)1);
}

/* ---- allocating and freeing ------------------------------------------------------------------------------------- */

static void *handed_over[4096];

/* Into slots that all threads share: what one allocated another frees. */
static void *allocate(void *arg)
{
	uint64_t seed = 31 + (uintptr_t)arg;
	for (;;) {
		uint64_t r = random_of(&seed);
		size_t size = r % 64 == 0 ? 1000 + r % 200000 : 16 + r % 600;
		void *object = r % 5 == 0 ? calloc(1, size) : r % 7 == 0 ? memalign(256, size) : malloc(size);
		if (r % 11 == 0)
			object = realloc(object, size * 2);
		free(__atomic_exchange_n(&handed_over[(r >> 32) % 4096], object, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

NEVER_INLINED static void allocating(void)
{
	lose(scaled(10000));
	for (uintptr_t t = 0; t < 4; t++)
		start(allocate, (void *)t);
}

/* ---- threads that come and go ----------------------------------------------------------------------------------- */

static struct {
	void *objects[8];
} kept[64];

static void *visit(void *arg)
{
	void *volatile local[8];
	for (unsigned i = 0; i < 8; i++) {
		local[i] = malloc(100 + i * 50);
		memset(local[i], 0, 100 + i * 50);
	}
	for (unsigned i = 0; i < 8; i++)
		free(__atomic_exchange_n(&kept[(uintptr_t)arg].objects[i], local[i], __ATOMIC_ACQ_REL));
	return NULL;
}

static void *invite(void *arg)
{
	for (uintptr_t n = (uintptr_t)arg;; n += 2) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, visit, (void *)(n % 64)) == 0)
			pthread_join(thread, NULL);
	}
	return NULL;
}

NEVER_INLINED static void visitors(void)
{
	lose(scaled(10000));
	start(invite, (void *)0);
	start(invite, (void *)1);
}

/* ---- mappings that come and go ---------------------------------------------------------------------------------- */

static void *mapped[16];

static void *map(void *arg)
{
	uint64_t seed = 41 + (uintptr_t)arg;
	for (;;) {
		uint64_t r = random_of(&seed);
		size_t size = (size_t)4096 << r % 10;
		void **memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			continue;
		memory[0] = calloc(1, 64);
		memory[1] = (void *)size;
		void *chunk = malloc(200000 + r % 3000000); /* a mapping too */
		memset(chunk, 0, 9000);
		memory[2] = chunk;
		memory = __atomic_exchange_n(&mapped[(r >> 32) % 16], memory, __ATOMIC_ACQ_REL);
		if (memory) {
			free(memory[0]);
			free(memory[2]);
			munmap(memory, (size_t)memory[1]);
		}
	}
	return NULL;
}

NEVER_INLINED static void mapping(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	lose(scaled(10000));
	start(map, (void *)0);
	start(map, (void *)1);
}

/* ---- arrays that grow -------------------------------------------------------------------------------------------- */

static void *queue[1024];

static void *produce(void *arg)
{
	for (uintptr_t n = (uintptr_t)arg;; n++) {
		char *object = malloc(64);
		memset(object, 0, 64);
		free(__atomic_exchange_n(&queue[n % 1024], object, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

/* Grows by realloc, so that all of it moves from time to time. */
static void **volatile growing;

static void *grow(void *arg)
{
	(void)arg;
	for (;;) {
		size_t n = 1;
		growing = calloc(1, sizeof(void *));
		for (; n < 3000; n++) {
			growing = realloc(growing, (n + 1) * sizeof(void *));
			growing[n] = calloc(1, 40);
		}
		for (size_t i = 1; i < n; i++)
			free(growing[i]);
		free(growing);
	}
	return NULL;
}

NEVER_INLINED static void moving(void)
{
	lose(scaled(10000));
	start(produce, NULL);
	start(grow, NULL);
}

const struct scene scenes[] = {{"exchanged", exchanged},
			       {"exchanged-large", exchanged_large},
			       {"swapped-large", swapped_large},
			       {"lists-swapped", lists_swapped},
			       {"allocating", allocating},
			       {"visitors", visitors},
			       {"mapping", mapping},
			       {"moving", moving},
			       {NULL, NULL}};
