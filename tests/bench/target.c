/*
 * A target of the benchmark: gets its memory into one shape, says "ready" and holds still until its input ends.
 *
 *   target dense BYTES               pages of 4 KiB, touched in the order of addresses
 *   target random BYTES              the same pages, touched in random order: neighbours have far frames
 *   target thp BYTES                 huge pages
 *   target clusters RESERVE BYTES    a reservation with clusters of 1 MiB, spread evenly
 *   target scattered RESERVE PAGES   a reservation with single pages, each in a random place of its stretch
 *   target vmas N                    N VMAs of one page
 *   target storm                     nothing yet
 *
 * Then it does what each line of its input says, and answers with a line:
 *
 *   storm MS               maps, touches and unmaps 64 MiB for so many milliseconds: rounds per second
 *   where                  where its memory begins, hexadecimal, and its size in bytes (of dense)
 *   drop|touch|free OFFSET BYTES [drop|...]...
 *                          gives a part of it back (MADV_DONTNEED), writes to it, or lets the kernel have it when it
 *                          needs it (MADV_FREE): done
 *
 * Whether the sizes were met is checked from outside, by tests/bench/run.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE    4096ul
#define HUGE    (2ul << 20)
#define CLUSTER (1ul << 20)
#define STORM   (64ul << 20)

static void need(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "target: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *reserve(size_t size, size_t alignment, int advice)
{
	char *area = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	need(area != MAP_FAILED, "mmap");
	area += -(uintptr_t)area & (alignment - 1);
	need(madvise(area, size, advice) == 0, "madvise");
	return area;
}

static void touch(char *memory, size_t size, size_t step)
{
	for (size_t at = 0; at < size; at += step)
		*(volatile char *)(memory + at) = 1;
}

/* xorshift64*: the same places in every run. */
static uint64_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

static void touch_in_random_order(char *memory, size_t pages)
{
	uint32_t *order = malloc(pages * sizeof(*order));
	need(order != NULL, "malloc");
	for (size_t i = 0; i < pages; i++)
		order[i] = (uint32_t)i;
	for (size_t i = pages; i > 1; i--) {
		size_t other = next_random() % i;
		uint32_t page = order[i - 1];
		order[i - 1] = order[other];
		order[other] = page;
	}
	for (size_t i = 0; i < pages; i++)
		touch(memory + order[i] * PAGE, 1, 1);
	free(order);
}

static void make_clusters(size_t space, size_t size)
{
	char *memory = reserve(space, HUGE, MADV_NOHUGEPAGE);
	size_t n = size / CLUSTER;
	for (size_t i = 0; i < n; i++)
		touch(memory + space / n * i, CLUSTER, PAGE);
}

static void make_scattered(size_t space, size_t n)
{
	char *memory = reserve(space, HUGE, MADV_NOHUGEPAGE);
	size_t stretch = space / n;
	for (size_t i = 0; i < n; i++)
		touch(memory + i * stretch + next_random() % (stretch / PAGE) * PAGE, 1, 1);
}

/* Neighbours that differ in what they permit stay apart. */
static void make_vmas(size_t n)
{
	char *memory = reserve(n * PAGE, HUGE, MADV_NOHUGEPAGE);
	touch(memory, n * PAGE, PAGE);
	for (size_t i = 0; i < n; i += 2)
		need(mprotect(memory + i * PAGE, PAGE, PROT_READ) == 0, "mprotect");
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double storm(double duration)
{
	double began = seconds(), now = began;
	long rounds = 0;
	for (; now - began < duration; now = seconds(), rounds++) {
		char *memory = mmap(NULL, STORM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(memory != MAP_FAILED && madvise(memory, STORM, MADV_NOHUGEPAGE) == 0, "mmap");
		touch(memory, STORM, PAGE);
		munmap(memory, STORM);
	}
	return (double)rounds / (now - began);
}

/* What it may be told to change. */
static char *whole;
static size_t whole_size;

static size_t number(const char *text)
{
	char *end = NULL;
	unsigned long long n = text ? strtoull(text, &end, 0) : 0;
	if (n == 0 || *end) {
		fprintf(stderr, "target: '%s' is no number\n", text ? text : "");
		exit(2);
	}
	return n;
}

static void make(const char *shape, char **sizes)
{
	size_t size = strcmp(shape, "storm") == 0 ? 0 : number(sizes[0]);
	if (strcmp(shape, "dense") == 0)
		touch(whole = reserve(whole_size = size, HUGE, MADV_NOHUGEPAGE), size, PAGE);
	else if (strcmp(shape, "random") == 0)
		touch_in_random_order(reserve(size, HUGE, MADV_NOHUGEPAGE), size / PAGE);
	else if (strcmp(shape, "thp") == 0)
		touch(reserve(size, HUGE, MADV_HUGEPAGE), size, HUGE);
	else if (strcmp(shape, "clusters") == 0)
		make_clusters(size, number(sizes[1]));
	else if (strcmp(shape, "scattered") == 0)
		make_scattered(size, number(sizes[1]));
	else if (strcmp(shape, "vmas") == 0)
		make_vmas(size);
	else if (size)
		need((errno = EINVAL, 0), shape);
}

static void change(const char *how, size_t offset, size_t size)
{
	need(offset <= whole_size && size <= whole_size - offset, how);
	if (strcmp(how, "touch") == 0)
		touch(whole + offset, size, PAGE);
	else
		need(madvise(whole + offset, size, strcmp(how, "free") == 0 ? MADV_FREE : MADV_DONTNEED) == 0, how);
}

static void obey(char *line)
{
	char how[16];
	size_t offset, size;
	int taken = 0;
	if (sscanf(line, "storm %zu", &size) == 1)
		printf("%.3f\n", storm((double)size / 1000));
	else if (strncmp(line, "where", 5) == 0)
		printf("%zx %zu\n", (size_t)(uintptr_t)whole, whole_size);
	else {
		for (; sscanf(line, "%15s %zu %zu%n", how, &offset, &size, &taken) == 3; line += taken)
			change(how, offset, size);
		puts("done");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	if (argc < 2)
		return 2;
	make(argv[1], argv + 2);
	puts("ready");
	fflush(stdout);
	while (getline(&line, &room, stdin) > 0)
		obey(line);
	free(line);
	return 0;
}
