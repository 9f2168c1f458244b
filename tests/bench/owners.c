/*
 * The index of owners against plainly reading the pagemaps of the same processes: N processes that map memory of one
 * file, touched in order or at random, and one page of it all of them. Prints words SUBJECT.METRIC=VALUE: a line for
 * each round with CPU times in ms of reading pagemap over all VMAs (pagemaps), the index built anew (index) and built
 * with an older one that is still good (refresh), in turns; then wall times of queries: of frames here and there, and of
 * the frame that all processes map.
 *
 *   bench-owners [PROCESSES [MIB_EACH [order|random [ROUNDS]]]]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "core/owners/owners.h"

#define PROCESSES_MAX 1000
#define QUERIES       200

static pid_t pids[PROCESSES_MAX];
static size_t n_pids;

static double ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Fills all of the memory, in one order or the other, so that its frames follow each other or do not. */
static void fill(char *memory, size_t pages, int random)
{
	size_t *order = malloc(pages * sizeof *order);
	if (!order)
		exit(1);
	for (size_t i = 0; i < pages; i++)
		order[i] = i;
	srand(1);
	for (size_t i = pages; random && i > 1; i--) {
		size_t other = ((size_t)rand() << 16 ^ (size_t)rand()) % i, at = order[i - 1];
		order[i - 1] = order[other];
		order[other] = at;
	}
	for (size_t i = 0; i < pages; i++)
		memory[order[i] * 4096] = 1;
	free(order);
}

static void start(int fd, size_t size, size_t each, size_t i, int ready)
{
	pid_t pid = fork();
	if (pid) {
		pids[n_pids++] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	off_t at = (off_t)((i * 131 % ((size - each) / 4096 + 1)) * 4096);
	char *memory = mmap(NULL, each, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, at);
	char *common = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	char byte = memory != MAP_FAILED && common != MAP_FAILED;
	if (write(ready, &byte, 1) != 1 || !byte)
		_exit(1);
	for (;;)
		pause();
}

static void read_plainly(struct pt_kernel *k)
{
	static uint64_t entries[8192];
	for (size_t i = 0; i < n_pids; i++) {
		struct pt_vma_table *vmas;
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pids[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || pt_read_maps(k, pids[i], &vmas))
			exit(1);
		for (size_t v = 0; v < vmas->n; v++)
			for (uint64_t at = vmas->v[v].start, end = vmas->v[v].end; at < end;) {
				size_t n = (end - at) / 4096 < 8192 ? (size_t)(end - at) / 4096 : 8192;
				ssize_t got = pread(fd, entries, n * 8, (off_t)(at / 4096 * 8));
				if (got <= 0)
					break;
				at += (uint64_t)got / 8 * 4096;
			}
		pt_vma_table_unref(vmas);
		close(fd);
	}
}

static bool is_ours(void *arg, pid_t pid)
{
	(void)arg;
	for (size_t i = 0; i < n_pids; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static struct pt_owners *build(struct pt_kernel *k, struct pt_owners *before)
{
	struct pt_owners *owners;
	struct pt_owners_request request = {.only = is_ours, .before = before};
	if (pt_owners_build(k, &request, &owners))
		exit(1);
	return owners;
}

static void measure_queries(struct pt_owners *owners, struct pt_kernel *k, const char *subject, const uint64_t *pfns)
{
	double query[QUERIES];
	uint64_t found = 0;
	for (int i = 0; i < QUERIES; i++) {
		struct pt_owners_answer answer;
		double before = ms(CLOCK_MONOTONIC);
		if (pt_owners_of(owners, k, pfns[i], &answer))
			exit(1);
		query[i] = ms(CLOCK_MONOTONIC) - before;
		found += answer.n;
		free(answer.v);
	}
	qsort(query, QUERIES, sizeof *query, by_value);
	printf("%s.ms=%.2f %s.worst_ms=%.2f %s.owners=%.1f\n", subject, query[QUERIES / 2], subject, query[QUERIES - 1],
	       subject, (double)found / QUERIES);
}

static void measure(struct pt_kernel *k, const uint64_t *pfns, int rounds)
{
	struct pt_owners *owners = build(k, NULL);
	uint64_t common[QUERIES];
	for (int i = 0; i < rounds; i++) {
		double at[4] = {ms(CLOCK_PROCESS_CPUTIME_ID)};
		read_plainly(k);
		at[1] = ms(CLOCK_PROCESS_CPUTIME_ID);
		pt_owners_unref(owners);
		owners = build(k, NULL);
		at[2] = ms(CLOCK_PROCESS_CPUTIME_ID);
		struct pt_owners *next = build(k, owners);
		at[3] = ms(CLOCK_PROCESS_CPUTIME_ID);
		pt_owners_unref(owners);
		owners = next;
		printf("pagemaps.cpu_ms=%.1f index.cpu_ms=%.1f refresh.cpu_ms=%.1f\n", at[1] - at[0], at[2] - at[1],
		       at[3] - at[2]);
	}
	struct pt_owners_size size = pt_owners_size(owners);
	printf("index.pages=%" PRIu64 " index.processes=%zu index.kib=%.0f\n", size.pages, size.processes,
	       (double)size.bytes / 1024);
	for (int i = 0; i < QUERIES; i++)
		common[i] = pfns[0];
	measure_queries(owners, k, "query", pfns);
	measure_queries(owners, k, "query-common", common);
	pt_owners_unref(owners);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200, each = (argc > 2 ? strtoul(argv[2], NULL, 10) : 41)
								       << 20;
	int random = argc > 3 && !strcmp(argv[3], "random"), rounds = argc > 4 ? atoi(argv[4]) : 7;
	size_t size = each * 8 < (size_t)1 << 30 ? each * 8 : (size_t)1 << 30;
	uint64_t pfns[QUERIES];
	int ready[2], fd = memfd_create("pagetop owners", MFD_CLOEXEC);
	struct pt_kernel *k;
	if (n > PROCESSES_MAX || rounds < 1 || fd < 0 || ftruncate(fd, (off_t)size) || pipe(ready) ||
	    pt_kernel_linux_new(&k, "/", 0))
		return 1;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 1;
	fill(memory, size / 4096, random);
	int own = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < QUERIES; i++) {
		uint64_t entry, at = (uintptr_t)memory + size / QUERIES / 4096 * 4096 * (uint64_t)i;
		if (pread(own, &entry, 8, (off_t)(at / 4096 * 8)) != 8)
			return 1;
		pfns[i] = entry & (((uint64_t)1 << 55) - 1);
	}
	munmap(memory, size);
	for (size_t i = 0; i < n; i++)
		start(fd, size, each, i, ready[1]);
	for (size_t i = 0; i < n; i++) {
		char byte;
		if (read(ready[0], &byte, 1) != 1 || !byte)
			return 1;
	}
	measure(k, pfns, rounds);
	for (size_t i = 0; i < n_pids; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	pt_kernel_free(k);
	return 0;
}
