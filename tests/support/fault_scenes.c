/*
 * See fault_scenes.h. Every access to the memory that is looked at is put down before it is made.
 */
#include "tests/support/fault_scenes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/machine.h"

#define PAGE FAULT_PAGE
#define MORE FAULT_MORE

struct fault_truth *fault_truth;

void fault_truth_map(void)
{
	fault_truth = mmap(NULL, sizeof(*fault_truth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child_need(fault_truth != MAP_FAILED, "mmap");
}

static void watch_memory(char *memory, size_t size)
{
	fault_truth->start[fault_truth->n_regions] = (uintptr_t)memory;
	fault_truth->end[fault_truth->n_regions++] = (uintptr_t)memory + size;
}

static char *memory_of(size_t pages)
{
	char *memory = child_map(pages * PAGE, 0);
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	watch_memory(memory, pages * PAGE);
	return memory;
}

static void note(const char *at, enum pt_fault_kind kind)
{
	child_need(fault_truth->n < FAULT_TRUTHS, "list of faults is full");
	fault_truth->list[fault_truth->n++] =
		(struct fault_entry){.page = (uintptr_t)at / PAGE, .kind = kind, .loose = kind == MORE};
}

static void put(char *at, enum pt_fault_kind kind)
{
	note(at, kind);
	*(volatile char *)at = 7;
}

static void get(char *at, enum pt_fault_kind kind)
{
	note(at, kind);
	(void)*(volatile char *)at;
}

static void put_all(char *memory, size_t n, size_t step, enum pt_fault_kind kind)
{
	for (size_t i = 0; i < n; i++)
		put(memory + i * step * PAGE, kind);
}

static void get_all(char *memory, size_t n, size_t step, enum pt_fault_kind kind)
{
	for (size_t i = 0; i < n; i++)
		get(memory + i * step * PAGE, kind);
}

/* The test looks at the memory now. */
static void step(struct child *self)
{
	if (!fault_truth->fast)
		child_say(self, 1);
}

static void run_touching(struct child *self)
{
	char *memory = memory_of(1500);
	child_say(self, 1);
	put_all(memory, 500, 1, PT_FAULT_FIRST_TOUCH);
	get_all(memory + 500 * PAGE, 1000, 1, PT_FAULT_FIRST_TOUCH);
	step(self);
	put_all(memory + 500 * PAGE, 1000, 1, PT_FAULT_ZERO_WRITE);
	step(self);
	madvise(memory, 300 * PAGE, MADV_DONTNEED);
	for (size_t i = 0; i < 300; i++) { /* some get the frame that they had */
		put(memory + i * PAGE, PT_FAULT_FIRST_TOUCH);
		fault_truth->list[fault_truth->n - 1].open = true;
	}
	child_say(self, 0);
}

static void run_huge(struct child *self)
{
	const size_t huge = 2u << 20;
	char *memory = child_map(8 * huge, huge);
	madvise(memory, 8 * huge, MADV_HUGEPAGE);
	watch_memory(memory, 8 * huge);
	child_say(self, 1);
	put_all(memory, 4, 512, PT_FAULT_HUGE);
	get_all(memory + 4 * huge, 4, 512, PT_FAULT_HUGE);
	step(self);
	put_all(memory + 4 * huge, 2, 512, PT_FAULT_ZERO_WRITE);
	child_say(self, 0);
}

/* Pages read, written and given back as chance has it. */
static void run_mixed(struct child *self)
{
	enum { PAGES = 400, ACTS = 12000 };
	static char was[PAGES];  /* 0: nothing, 1: the zero page, 2: its own */
	static bool once[PAGES]; /* the zero page was there */
	uint32_t random = 1;
	char *memory = memory_of(PAGES);
	child_say(self, 1);
	for (unsigned i = 0; i < ACTS; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned page = random >> 8 & 0xffff, act = random >> 24 & 3;
		char *at = memory + (size_t)(page %= PAGES) * PAGE;
		if (act == 0) {
			madvise(at, PAGE, MADV_DONTNEED);
			was[page] = 0;
		} else if (act == 1 && !was[page]) {
			get(at, PT_FAULT_FIRST_TOUCH);
			fault_truth->list[fault_truth->n - 1].loose = true;
			was[page] = 1;
			once[page] = true;
		} else if (act > 1 && was[page] < 2) {
			put(at, was[page] ? PT_FAULT_ZERO_WRITE : PT_FAULT_FIRST_TOUCH);
			fault_truth->list[fault_truth->n - 1].loose = true;
			fault_truth->list[fault_truth->n - 1].blind = !was[page] && once[page];
			was[page] = 2;
		}
		if (i % 1000 == 0)
			step(self);
	}
	child_say(self, 0);
}

static void run_forking(struct child *self)
{
	char *memory = memory_of(1500);
	int hold;
	child_say(self, 1);
	put_all(memory, 1500, 1, PT_FAULT_FIRST_TOUCH);
	step(self);
	pid_t other = child_fork_waiting(&hold);
	put_all(memory, 500, 1, PT_FAULT_COW);
	step(self);
	put_all(memory + 500 * PAGE, 500, 1, PT_FAULT_COW);
	close(hold);
	waitpid(other, NULL, 0);
	put_all(memory + 1000 * PAGE, 300, 1, PT_FAULT_WRITE_PROTECT);
	step(self);
	put_all(memory + 1300 * PAGE, 200, 1, PT_FAULT_WRITE_PROTECT);
	child_say(self, 0);
}

static int file_of(size_t pages, const char *folder)
{
	char name[64], bytes[PAGE];
	snprintf(name, sizeof name, "%s/pagetop-kinds-XXXXXX", folder);
	int fd = mkstemp(name);
	child_need(fd >= 0 && unlink(name) == 0, "file");
	memset(bytes, 3, sizeof bytes);
	for (size_t i = 0; i < pages; i++)
		child_need(write(fd, bytes, PAGE) == PAGE, "write");
	child_need(fsync(fd) == 0, "fsync");
	return fd;
}

/* Each 64 KiB are mapped at once when one page of them is read. */
static void run_private_file(struct child *self)
{
	int fd = file_of(4800, "/var/tmp");
	char *memory = child_map_file(fd, 4800 * PAGE, MAP_PRIVATE);
	memory += -(uintptr_t)memory & 0xffff;
	watch_memory(memory, 4784 * PAGE);
	child_say(self, 1);
	get_all(memory, 200, 16, PT_FAULT_FILE_MAP);
	step(self);
	put_all(memory, 200, 16, PT_FAULT_COW);
	put_all(memory + 5 * PAGE, 200, 16, PT_FAULT_COW); /* mapped along with it */
	step(self);
	put_all(memory + 3200 * PAGE, 99, 16, PT_FAULT_COW);
	step(self);
	child_need(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
	child_say(self, 0);
}

static void run_shared_file(struct child *self)
{
	int fd = file_of(1700, "/var/tmp");
	char *memory = child_map_file(fd, 1700 * PAGE, MAP_SHARED);
	memory += -(uintptr_t)memory & 0xffff;
	watch_memory(memory, 1680 * PAGE);
	child_say(self, 1);
	get_all(memory, 50, 16, PT_FAULT_FILE_MAP);
	put_all(memory + 800 * PAGE, 50, 16, PT_FAULT_FILE_MAP);
	step(self);
	put_all(memory, 50, 16, PT_FAULT_WRITE_PROTECT);
	step(self);
	child_need(msync(memory, 1600 * PAGE, MS_SYNC) == 0, "msync");
	step(self);
	put_all(memory, 100, 16, PT_FAULT_WRITE_PROTECT);
	step(self);
	madvise(memory, 1600 * PAGE, MADV_DONTNEED);
	child_need(fsync(fd) == 0, "fsync");
	child_need(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
	step(self);
	get_all(memory, 100, 16, PT_FAULT_FILE_MAP); /* from the disk, the first of them at least */
	child_say(self, 0);
}

static void run_shmem(struct child *self)
{
	int fd = memfd_create("pagetop-kinds", 0);
	child_need(fd >= 0 && ftruncate(fd, 1600 * PAGE) == 0, "memfd");
	char *memory = child_map_file(fd, 1600 * PAGE, MAP_SHARED);
	watch_memory(memory, 1600 * PAGE);
	char *copied = child_map_file(fd, 1600 * PAGE, MAP_PRIVATE);
	copied += -(uintptr_t)copied & 0xffff;
	watch_memory(copied, 1584 * PAGE);
	child_say(self, 1);
	put_all(memory, 1600, 1, PT_FAULT_FILE_MAP);
	step(self);
	get_all(copied, 99, 16, PT_FAULT_FILE_MAP);
	step(self);
	put_all(copied, 99, 16, PT_FAULT_COW);
	child_say(self, 0);
}

static uint64_t entry_of(const char *at)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	child_need(fd >= 0 && pread(fd, &entry, 8, (off_t)((uintptr_t)at / PAGE * 8)) == 8, "pagemap");
	close(fd);
	return entry;
}

static bool is_swapped(const char *at)
{
	return entry_of(at) >> 62 == 1;
}

static void run_swap(struct child *self)
{
	char *memory = memory_of(1000);
	child_say(self, 1);
	put_all(memory, 1000, 1, PT_FAULT_FIRST_TOUCH);
	step(self);
	child_need(madvise(memory, 1000 * PAGE, MADV_PAGEOUT) == 0, "pageout");
	step(self);
	for (size_t i = 0; i < 1000; i++)
		if (is_swapped(memory + i * PAGE))
			i % 2 ? get(memory + i * PAGE, PT_FAULT_SWAP_IN) : put(memory + i * PAGE, PT_FAULT_SWAP_IN);
	child_say(self, 0);
}

static void run_userfaultfd(struct child *self)
{
	char *memory = memory_of(500);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | 1ull << 15};
	struct uffdio_register range = {.range = {(uintptr_t)memory, 500 * PAGE}, .mode = UFFDIO_REGISTER_MODE_WP};
	struct uffdio_writeprotect protect = {.range = {(uintptr_t)memory, 500 * PAGE},
					      .mode = UFFDIO_WRITEPROTECT_MODE_WP};
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range)) {
		child_say(self, CHILD_CANNOT);
		return;
	}
	child_say(self, 1);
	put_all(memory, 500, 1, PT_FAULT_FIRST_TOUCH);
	step(self);
	child_need(ioctl(fd, UFFDIO_WRITEPROTECT, &protect) == 0, "write-protect");
	step(self);
	put_all(memory, 500, 1, PT_FAULT_WRITE_PROTECT);
	child_say(self, 0);
}

static void run_ksm(struct child *self)
{
	char *memory = memory_of(400);
	child_say(self, 1);
	for (size_t i = 0; i < 400; i++) {
		put(memory + i * PAGE, PT_FAULT_FIRST_TOUCH);
		memset(memory + i * PAGE, 0x55, PAGE);
	}
	child_need(madvise(memory, 400 * PAGE, MADV_MERGEABLE) == 0, "mergeable");
	for (size_t i = 0; i < 400; i++) /* until one is mapped more than once */
		while (entry_of(memory + i * PAGE) >> 56 & 1)
			sched_yield();
	step(self);
	for (size_t i = 0; i < 400; i++) {
		note(memory + i * PAGE, PT_FAULT_COW);
		*(volatile int *)(memory + i * PAGE) = 1000 + (int)i; /* unlike the others: not merged again */
		note(memory + i * PAGE, MORE);                        /* KSM was just looking at it */
	}
	child_say(self, 0);
}

static void run_hugetlb(struct child *self)
{
	const size_t huge = 2u << 20;
	char *memory = mmap(NULL, 4 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	child_need(memory != MAP_FAILED, "hugetlb");
	watch_memory(memory, 4 * huge);
	child_say(self, 1);
	put_all(memory, 4, 512, PT_FAULT_FIRST_TOUCH);
	child_say(self, 0);
}

/* ---- two threads at once ---------------------------------------------------------------------------------------- */

static char *raced;
static unsigned at_start[2];

static void race(unsigned own)
{
	for (unsigned i = 0; i < 500; i++) {
		__atomic_store_n(&at_start[own], i + 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&at_start[!own], __ATOMIC_SEQ_CST) < i + 1)
			;
		*(volatile char *)(raced + (size_t)i * PAGE) = 1;
	}
}

static void *race_second(void *arg)
{
	race(1);
	return arg;
}

static void run_race(struct child *self)
{
	pthread_t thread;
	raced = memory_of(500);
	child_say(self, 1);
	for (size_t i = 0; i < 500; i++) {
		note(raced + i * PAGE, PT_FAULT_FIRST_TOUCH);
		note(raced + i * PAGE, MORE);
	}
	child_need(pthread_create(&thread, NULL, race_second, NULL) == 0, "thread");
	race(0);
	pthread_join(thread, NULL);
	child_say(self, 0);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static const char *nothing_needed(void)
{
	return NULL;
}

static const char *needs_hugetlb(void)
{
	return machine_needs_hugetlb(4);
}

const struct fault_scene fault_scenes[FAULT_SCENES] = {
	{"touching", run_touching, nothing_needed},
	{"mixed", run_mixed, nothing_needed},
	{"huge", run_huge, nothing_needed},
	{"forking", run_forking, nothing_needed},
	{"private file", run_private_file, nothing_needed},
	{"shared file", run_shared_file, nothing_needed},
	{"shared memory", run_shmem, nothing_needed},
	{"swap", run_swap, machine_needs_swap},
	{"userfaultfd", run_userfaultfd, nothing_needed},
	{"ksm", run_ksm, machine_needs_ksm},
	{"hugetlb", run_hugetlb, needs_hugetlb},
	{"race", run_race, nothing_needed},
};
