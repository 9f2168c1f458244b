/*
 * Known leaks: ways in which a pointer leads to an object, and in which it does not: into its middle, by a neighbour of a
 * neighbour, past its end, in code; alignment, realloc, what is mmapped by itself.
 */
#include "truth.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *volatile alive[64];

NEVER_INLINED static void *pointers(size_t n)
{
	return made("live", n * sizeof(void *));
}

/* ---- into the middle -------------------------------------------------------------------------------------------- */

NEVER_INLINED static void interior(void)
{
	size_t n = scaled(6000);
	char **into = pointers(n), **odd = pointers(n);
	alive[0] = into;
	alive[1] = odd;
	for (size_t i = 0; i < n; i++) {
		size_t size = 40 + i % 2000;
		into[i] = (char *)made("live", size) + (i * 8) % (size - 8) / 8 * 8;
		odd[i] = (char *)made("weak", size) + 1 + i % (size - 1) / 8 * 8; /* as strings are walked */
		made("leaked", size);
	}
}

/* The last word of an object, where the header of the next one begins; and a pointer to exactly there. */
NEVER_INLINED static void edges(void)
{
	size_t n = scaled(6000);
	uint64_t **last = pointers(n), ***holder = pointers(n);
	alive[0] = last;
	alive[1] = holder;
	for (size_t i = 0; i < n; i++) {
		size_t words = 3 + i % 40 * 2;
		last[i] = (uint64_t *)made("live", words * 8) + words - 1;
		uint64_t **hold = made("live", words * 8);
		hold[words - 1] = made("live", 24);
		holder[i] = hold;
		uint64_t **lost = made("leaked", words * 8);
		lost[words - 1] = made("leaked", 24);
	}
}

/* ---- in code ---------------------------------------------------------------------------------------------------- */

struct coded {
	uint64_t other, number;
};

NEVER_INLINED static void encoded(void)
{
	size_t n = scaled(1000);
	uint64_t *words = pointers(8 * n);
	alive[0] = words;
	for (size_t i = 0; i < n; i++) {
		words[i] = (uint64_t)made("hidden", 48) ^ 0x5deece66d5deece6;
		words[n + i] = ~(uint64_t)made("hidden", 64);
		words[2 * n + i] = (uint64_t)made("hidden", 80) | (uint64_t)0xfff8
									  << 48; /* as numbers that are no numbers */
		words[3 * n + i] = __builtin_bswap64((uint64_t)made("hidden", 96));
		words[4 * n + i] = (uint64_t)made("weak", 112) | 1; /* a bit at its low end */
		words[5 * n + i] = (uint64_t)made("weak", 128) | (1 + i % 7);
		words[6 * n + i] = (uint64_t)made("hidden", 144) << 16 | (i & 0xffff); /* a count above it */
		made("leaked", 48 + i % 7 * 16);
	}
}

/* Offsets of 32 bits from the start of a pool that has objects of its own around it. */
NEVER_INLINED static void compressed(void)
{
	size_t n = scaled(2000);
	char **base = made("live", 2 * sizeof(*base));
	*base = made("live", 64);
	uint32_t *offsets = made("live", n * sizeof(*offsets));
	alive[0] = base;
	alive[1] = offsets;
	for (size_t i = 0; i < n; i++) {
		offsets[i] = (uint32_t)((char *)made("hidden", 72) - *base);
		made("leaked", 72);
	}
}

/* A list of one word for both neighbours: no constant decodes it. */
NEVER_INLINED static void xor_list(void)
{
	size_t n = scaled(2000);
	struct coded *head = made("live", sizeof(*head)), *last = head, *before = NULL;
	for (size_t i = 1; i < n; i++) {
		struct coded *next = made(i == 1 ? "live" : "hidden", sizeof(*next));
		last->other = (uint64_t)before ^ (uint64_t)next;
		before = last;
		last = next;
	}
	last->other = (uint64_t)before; /* so that from the last one on it is a pointer */
	alive[0] = head;
	truth("any", before);
	truth("any", last);
	for (size_t i = 0; i < n; i++)
		made("leaked", sizeof(*head));
}

/* ---- where malloc puts it --------------------------------------------------------------------------------------- */

NEVER_INLINED static void *aligned(const char *tier, size_t alignment, size_t size)
{
	void *object = NULL;
	if (posix_memalign(&object, alignment, size) != 0)
		fail("posix_memalign");
	memset(object, 0, size);
	truth(tier, object);
	return object;
}

NEVER_INLINED static void alignment(void)
{
	size_t n = scaled(2000);
	void **all = pointers(n);
	alive[0] = all;
	for (size_t i = 0; i < n; i++) {
		size_t by = (size_t)16 << i % 9; /* to 4096 */
		aligned("leaked", by, 24 + i % 500);
		all[i] = aligned("live", by, 24 + i % 500);
		if (i % 50 == 0) {
			void *lost = valloc(100);
			memset(lost, 0, 100);
			truth("leaked", lost);
			aligned("leaked", 65536, 4000);
		}
	}
	void *lost = aligned_alloc(1024, 8192);
	memset(lost, 0, 8192);
	truth("leaked", lost);
}

NEVER_INLINED static void *grown(const char *tier, size_t from, size_t to)
{
	void *object = malloc(from);
	memset(object, 0, from);
	object = realloc(object, to);
	if (!object)
		fail("realloc");
	memset(object, 0, to);
	truth(tier, object);
	return object;
}

NEVER_INLINED static void realloced(void)
{
	size_t n = scaled(2000);
	void **all = pointers(3 * n);
	alive[0] = all;
	for (size_t i = 0; i < n; i++) {
		grown("leaked", 100 + i % 300, 800 + i % 300); /* moved, or grown in place */
		all[i] = grown("live", 2000, 24 + i % 100);    /* shrunk */
		grown("leaked", 2000, 24 + i % 100);
		all[n + i] = grown("live", 16, 1000 + i % 500);
		if (i % 100 == 0) {
			grown("leaked", 200 << 10, 400 << 10); /* mremap */
			all[2 * n + i] = grown("live", 200 << 10, 1 << 20);
			grown("leaked", 1 << 20, 3000); /* out of its mapping */
		}
	}
}

/* Chunks of their own mappings: leaked, live, aligned, and lists through them. */
NEVER_INLINED static void mmapped(void)
{
	size_t n = scaled(200);
	void **all = pointers(4 * n), **lost = NULL, **found = NULL;
	alive[0] = all;
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* and does not move */
	for (size_t i = 0; i < n; i++) {
		size_t size = (128 << 10) + i * 3000;
		made("leaked", size);
		all[i] = made("live", size);
		all[n + i] = (char *)made("live", size) + size / 16 * 8;
		aligned("leaked", (size_t)64 << i % 15, size); /* its header is not where the mapping begins */
		all[2 * n + i] = aligned("live", (size_t)64 << i % 15, size);
		void **next = made("leaked", size);
		next[size / 8 - 1] = lost;
		lost = next;
		next = made("live", size);
		next[size / 8 - 1] = found;
		found = next;
	}
	all[3 * n] = found;
	made("leaked", 96 << 20);
	all[3 * n + 1] = made("live", 96 << 20);
}

/* Large and hardly touched: most of their pages are not there, and what is far inside points on. */
NEVER_INLINED static void *untouched(const char *tier, size_t size)
{
	void *object = calloc(1, size);
	if (!object)
		fail("calloc");
	truth(tier, object);
	return object;
}

NEVER_INLINED static void sparse(void)
{
	size_t n = scaled(300);
	void **all = pointers(n);
	alive[0] = all;
	for (size_t i = 0; i < n; i++) {
		size_t words = 5000 + i * 37;
		all[i] = untouched("live", words * 8);
		((void **)all[i])[words / 2] = untouched("live", 30000);
		((void **)all[i])[words - 1] = made("live", 100);
		void **lost = untouched("leaked", words * 8);
		lost[words / 2] = untouched("leaked", 30000);
		lost[words - 1] = made("leaked", 100);
		if (i % 4 == 0)
			free(calloc(1, 60000));
	}
	malloc_trim(0);
}

/* ---- where the pointer is --------------------------------------------------------------------------------------- */

/* Constant after the start: the pointer is in memory that nobody writes to any more. */
NEVER_INLINED static void mappings(void)
{
	size_t n = scaled(2000);
	int flags[] = {MAP_PRIVATE, MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE};
	int protections[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE};
	for (unsigned kind = 0; kind < 4; kind++) {
		size_t size = (n * 8 + 4095) & ~(size_t)4095;
		void **map = mmap(NULL, size, PROT_READ | PROT_WRITE, flags[kind] | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED)
			fail("mmap");
		for (size_t i = 0; i < n; i++) {
			map[i] = made("live", 40 + kind * 16);
			made("leaked", 40 + kind * 16);
		}
		if (mprotect(map, size, protections[kind]) != 0)
			fail("mprotect");
	}
	int file = memfd_create("roots", 0);
	if (file < 0 || ftruncate(file, 1 << 20) != 0)
		fail("memfd_create");
	void **shared = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	void **private = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	for (size_t i = 0; i < n; i++) {
		shared[i] = made("live", 104);
		private[4096 + i] = made("live", 120);
		made("leaked", 120);
	}
}

const struct scene scenes[] = {{"interior", interior},
			       {"edges", edges},
			       {"encoded", encoded},
			       {"compressed", compressed},
			       {"xor-list", xor_list},
			       {"alignment", alignment},
			       {"realloced", realloced},
			       {"mmapped", mmapped},
			       {"mappings", mappings},
			       {"sparse", sparse},
			       {NULL, NULL}};
