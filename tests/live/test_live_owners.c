/*
 * Who maps a frame, on this machine: memory shared by forked processes, copies that KSM merged, a page of libc, a file's
 * page mapped by two, a huge page. All are found and none is invented; where frames moved meanwhile it is tried again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/owners/owners.h"
#include "tests/support/child.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define TRIES      20
#define PATIENCE_S 20
#define FAMILY     6
#define COPIES     64

static struct pt_kernel *k;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The frame behind an address, 0: none is seen. */
static uint64_t pfn_of(pid_t pid, uint64_t address)
{
	char path[64];
	uint64_t entry = 0;
	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (pread(fd, &entry, 8, (off_t)(address / page_size() * 8)) != 8)
		entry = 0;
	close(fd);
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

static struct pt_owners *build(struct pt_owners *before)
{
	struct pt_owners *owners = NULL;
	struct pt_owners_request request = {.before = before};
	int error = pt_owners_build(k, &request, &owners);
	if (error == -EPERM)
		skip_because("frame numbers are hidden from this user");
	assert_int_equal(error, 0);
	return owners;
}

static bool has(const struct pt_owners_answer *answer, pid_t pid, uint64_t address)
{
	for (size_t i = 0; i < answer->n; i++)
		if (answer->v[i].pid == pid && answer->v[i].address == address)
			return true;
	return false;
}

/* Asks an index made now; again while the page of a process moves to another frame. */
static struct pt_owners_answer owners_of_page(pid_t pid, uint64_t address)
{
	struct pt_owners_answer answer;
	for (int i = 0;; i++) {
		uint64_t pfn = pfn_of(pid, address);
		struct pt_owners *owners = build(NULL);
		assert_true(pfn != 0);
		assert_int_equal(pt_owners_of(owners, k, pfn, &answer), 0);
		pt_owners_unref(owners);
		if (pfn == pfn_of(pid, address) && answer.missing != PT_OWNERS_CHANGED)
			return answer;
		free(answer.v);
		assert_true(i < TRIES);
	}
}

/* ---- forked processes ------------------------------------------------------------------------------------------- */

static void run_family(struct child *self)
{
	int unused;
	uint64_t *memory = (uint64_t *)child_map(page_size() * 2, 0);
	child_touch((char *)memory, 1, 1);
	pid_t *pids = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child_need(pids != MAP_FAILED, "mmap");
	for (int i = 1; i < FAMILY; i++)
		pids[i] = child_fork_waiting(&unused);
	child_say(self, (uintptr_t)memory);
	for (int i = 1; i < FAMILY; i++)
		child_say(self, (uint64_t)pids[i]);
}

static void a_frame_shared_by_forked_processes(void **state)
{
	(void)state;
	struct child child = child_start(run_family);
	uint64_t address = child_wait(&child);
	struct pt_owners_answer answer = owners_of_page(child.pid, address);

	assert_int_equal(answer.n, FAMILY);
	assert_true(answer.has_count);
	assert_int_equal(answer.count, FAMILY);
	assert_int_equal(answer.missing, PT_OWNERS_ALL_FOUND);
	assert_true(has(&answer, child.pid, address));
	for (int i = 1; i < FAMILY; i++) {
		child_go(&child);
		assert_true(has(&answer, (pid_t)child_wait(&child), address));
	}
	free(answer.v);
	child_end(&child);
}

/* ---- copies in one process -------------------------------------------------------------------------------------- */

/* Whether the state may still come, or has been waited for too long. */
static bool patient(void)
{
	static struct timespec began;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!began.tv_sec)
		began = now;
	return now.tv_sec - began.tv_sec < PATIENCE_S;
}

static void run_merged(struct child *self)
{
	char *memory = child_map(COPIES * page_size(), 0);
	memset(memory, 'k', COPIES * page_size());
	child_need(!madvise(memory, COPIES * page_size(), MADV_MERGEABLE), "MADV_MERGEABLE");
	while (machine_number("/proc/self/ksm_merging_pages") < COPIES && patient())
		;
	child_say(self, machine_number("/proc/self/ksm_merging_pages") < COPIES ? CHILD_CANNOT : (uintptr_t)memory);
}

static void copies_that_ksm_merged(void **state)
{
	(void)state;
	const char *why_not = machine_needs_ksm();
	if (why_not)
		skip_because(why_not);
	struct child child = child_start(run_merged);
	uint64_t address = child_wait(&child);
	if (address == CHILD_CANNOT) {
		child_end(&child);
		skip_because("KSM does not merge these pages in time");
	}
	struct pt_owners_answer answer = owners_of_page(child.pid, address);

	/* pages of that content in other processes would be merged as well */
	assert_true(answer.n >= COPIES);
	assert_int_equal(answer.count, answer.n);
	for (size_t i = 0; i < COPIES; i++)
		assert_true(has(&answer, child.pid, address + i * page_size()));
	free(answer.v);
	child_end(&child);
}

/* ---- libc ------------------------------------------------------------------------------------------------------- */

struct mapping {
	pid_t pid;
	uint64_t address;
};
struct mappings {
	struct mapping v[4096];
	size_t n;
};

/* Where one process maps the frame in VMAs of the file; read plainly. */
static void add_mappings(pid_t pid, const char *file, uint64_t pfn, struct mappings *ret)
{
	char path[64], line[4096 + 128];
	uint64_t start, end;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2 || !strchr(line, '/') ||
		    strcmp(strchr(line, '/'), file) != 0)
			continue;
		for (uint64_t at = start; at < end; at += page_size())
			if (pfn_of(pid, at) == pfn && ret->n < sizeof ret->v / sizeof *ret->v)
				ret->v[ret->n++] = (struct mapping){pid, at};
	}
	if (maps)
		fclose(maps);
}

static void read_mappings(const char *file, uint64_t pfn, struct mappings *ret)
{
	DIR *proc = opendir("/proc");
	ret->n = 0;
	assert_non_null(proc);
	for (const struct dirent *d; (d = readdir(proc)) != NULL;)
		if (atoi(d->d_name) > 0)
			add_mappings(atoi(d->d_name), file, pfn, ret);
	closedir(proc);
}

static bool among(const struct mappings *m, pid_t pid, uint64_t address)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].pid == pid && m->v[i].address == address)
			return true;
	return false;
}

struct libc {
	char file[4096];
	uint64_t address; /* of its first page, which every program reads that loads it */
};

static int find_libc(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct libc *libc = arg;
	(void)size;
	if (!strstr(info->dlpi_name, "/libc.so") && !strstr(info->dlpi_name, "/libc-"))
		return 0;
	libc->address = info->dlpi_addr;
	return realpath(info->dlpi_name, libc->file) != NULL;
}

/* What was there before and after is found, and nothing is found that was there neither before nor after. */
static bool holds_between(const struct pt_owners_answer *answer, const struct mappings *before,
			  const struct mappings *after)
{
	for (size_t i = 0; i < before->n; i++)
		if (among(after, before->v[i].pid, before->v[i].address) &&
		    !has(answer, before->v[i].pid, before->v[i].address))
			return false;
	for (size_t i = 0; i < answer->n; i++)
		if (!among(before, answer->v[i].pid, answer->v[i].address) &&
		    !among(after, answer->v[i].pid, answer->v[i].address))
			return false;
	return true;
}

static void a_page_of_libc(void **state)
{
	(void)state;
	static struct mappings before, after;
	static struct libc libc;
	if (!dl_iterate_phdr(find_libc, &libc))
		skip_because("this program has no shared libc");
	uint64_t pfn = pfn_of(getpid(), libc.address);
	bool right = false;
	for (int i = 0; i < TRIES && !right; i++) {
		struct pt_owners *owners = build(NULL);
		struct pt_owners_answer answer;
		read_mappings(libc.file, pfn, &before);
		assert_int_equal(pt_owners_of(owners, k, pfn, &answer), 0);
		read_mappings(libc.file, pfn, &after);
		right = answer.n && holds_between(&answer, &before, &after);
		free(answer.v);
		pt_owners_unref(owners);
		pfn = pfn_of(getpid(), libc.address);
	}
	assert_true(right);
}

/* ---- a file ----------------------------------------------------------------------------------------------------- */

#define FILE_PAGES 8
static int file_fd = -1;

static void run_with_file(struct child *self)
{
	char *memory = child_map_file(file_fd, FILE_PAGES * page_size(), MAP_SHARED);
	child_touch(memory, FILE_PAGES, 1);
	child_say(self, (uintptr_t)memory);
}

static void a_page_of_a_file_mapped_by_two(void **state)
{
	(void)state;
	char path[] = "/tmp/pagetop-owners-XXXXXX";
	file_fd = mkostemp(path, O_CLOEXEC);
	assert_true(file_fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(file_fd, (off_t)(FILE_PAGES * page_size())), 0);
	char *own = mmap(NULL, FILE_PAGES * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, file_fd, 0);
	assert_true(own != MAP_FAILED);
	own[3 * page_size()] = 1;
	struct child child = child_start(run_with_file);
	uint64_t address = child_wait(&child) + 3 * page_size(), here = (uintptr_t)own + 3 * page_size();
	struct pt_owners_answer answer = owners_of_page(child.pid, address);

	/* the child has it twice: its own mapping and the inherited one, if that is in its page tables */
	size_t inherited = pfn_of(child.pid, here) != 0;
	assert_int_equal(answer.n, 2 + inherited);
	assert_int_equal(answer.count, answer.n);
	assert_true(has(&answer, child.pid, address));
	assert_true(has(&answer, getpid(), here));
	free(answer.v);
	child_end(&child);
	munmap(own, FILE_PAGES * page_size());
	close(file_fd);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

#define HUGE_SIZE ((size_t)2 << 20)

static void run_huge(struct child *self)
{
	char *memory = child_map(HUGE_SIZE, HUGE_SIZE);
	child_touch(memory, HUGE_SIZE / page_size(), 1);
	bool huge = !madvise(memory, HUGE_SIZE, PT_MADV_COLLAPSE);
	child_say(self, huge ? (uintptr_t)memory : CHILD_CANNOT);
}

static void a_page_in_a_huge_page(void **state)
{
	(void)state;
	struct child child = child_start(run_huge);
	uint64_t address = child_wait(&child);
	if (address == CHILD_CANNOT) {
		child_end(&child);
		skip_because("no huge page to be had (MADV_COLLAPSE)");
	}
	struct pt_owners_answer answer = owners_of_page(child.pid, address + 77 * page_size());
	assert_int_equal(answer.n, 1);
	assert_true(has(&answer, child.pid, address + 77 * page_size()));
	assert_true(answer.v[0].huge);
	free(answer.v);
	child_end(&child);
}

/* ---- kept fresh ------------------------------------------------------------------------------------------------- */

static void run_changing(struct child *self)
{
	char *memory = child_map(4 * page_size(), 0);
	child_touch(memory, 1, 1);
	child_say(self, (uintptr_t)memory);
	child_touch(memory + page_size(), 1, 1);
	child_say(self, (uintptr_t)memory);
	child_need(!madvise(memory, 4 * page_size(), MADV_DONTNEED), "madvise");
	child_say(self, (uintptr_t)memory);
}

static void an_index_is_kept_fresh(void **state)
{
	(void)state;
	struct child child = child_start(run_changing);
	uint64_t address = child_wait(&child), pfn;
	struct pt_owners_answer answer;
	struct pt_owners *first = build(NULL), *next;
	child_go(&child);
	child_wait(&child);
	for (int i = 0;; i++) {
		pfn = pfn_of(child.pid, address + page_size());
		next = build(first);
		assert_int_equal(pt_owners_of(next, k, pfn, &answer), 0);
		if (pfn == pfn_of(child.pid, address + page_size()))
			break;
		free(answer.v);
		pt_owners_unref(next);
		assert_true(i < TRIES);
	}
	assert_int_equal(answer.n, 1);
	assert_true(has(&answer, child.pid, address + page_size()));
	free(answer.v);
	child_go(&child);
	child_wait(&child);
	assert_int_equal(pt_owners_of(next, k, pfn, &answer), 0); /* what the index says is there no more */
	assert_false(has(&answer, child.pid, address + page_size()));
	free(answer.v);
	pt_owners_unref(next);
	pt_owners_unref(first);
	child_end(&child);
}

static int undo(void **state)
{
	(void)state;
	machine_restore();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_shared_by_forked_processes),
		cmocka_unit_test_teardown(copies_that_ksm_merged, undo),
		cmocka_unit_test(a_page_of_libc),
		cmocka_unit_test(a_page_of_a_file_mapped_by_two),
		cmocka_unit_test(a_page_in_a_huge_page),
		cmocka_unit_test(an_index_is_kept_fresh),
	};
	if (pt_kernel_linux_new(&k, "/", 0))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pt_kernel_free(k);
	return failed;
}
