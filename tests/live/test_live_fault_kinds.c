/*
 * Faults of known kinds at known pages: a child makes them and keeps a list; what the stream and the join make of them
 * must be that list, page by page. Once with a look at the memory between the steps (every kind right), once as fast as
 * the child can (no kind wrong; what can't be known is unknown).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/drift.h"
#include "core/faults/join.h"
#include "core/scan/glance.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/locked.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define PAGE    4096u
#define TRUTHS  40000u
#define REGIONS 8u
#define MORE    PT_FAULT_KIND_N /* of a list: the fault may come or not, and is spurious then */

/* What the child did, in memory that both see. */
struct truth {
	struct entry {
		uint64_t page;
		enum pt_fault_kind kind;
		bool open;  /* only the processor's error code can tell */
		bool loose; /* not even that always */
		bool blind; /* the zero page was there once, and given back: taken for a write to it, without codes */
	} list[TRUTHS];
	unsigned n;
	uint64_t start[REGIONS], end[REGIONS]; /* of the memory that is looked at */
	unsigned n_regions;
	bool fast;  /* nobody waits for the child */
	bool codes; /* the processor's error codes are known */
};
static struct truth *truth;

/* ---- in the child ----------------------------------------------------------------------------------------------- */

static void watch_memory(char *memory, size_t size)
{
	truth->start[truth->n_regions] = (uintptr_t)memory;
	truth->end[truth->n_regions++] = (uintptr_t)memory + size;
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
	child_need(truth->n < TRUTHS, "list of faults is full");
	truth->list[truth->n++] = (struct entry){.page = (uintptr_t)at / PAGE, .kind = kind, .loose = kind == MORE};
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
	if (!truth->fast)
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
		truth->list[truth->n - 1].open = true;
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
			truth->list[truth->n - 1].loose = true;
			was[page] = 1;
			once[page] = true;
		} else if (act > 1 && was[page] < 2) {
			put(at, was[page] ? PT_FAULT_ZERO_WRITE : PT_FAULT_FIRST_TOUCH);
			truth->list[truth->n - 1].loose = true;
			truth->list[truth->n - 1].blind = !was[page] && once[page];
			was[page] = 2;
		}
		if (i % 1000 == 0)
			step(self);
	}
	child_say(self, 0);
}

/* A process that shares all memory, until the pipe is closed. */
static pid_t fork_waiting(int *ret)
{
	int ends[2];
	char byte;
	child_need(pipe(ends) == 0, "pipe");
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (!pid) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1);
	}
	close(ends[0]);
	*ret = ends[1];
	return pid;
}

static void run_forking(struct child *self)
{
	char *memory = memory_of(1500);
	int hold;
	child_say(self, 1);
	put_all(memory, 1500, 1, PT_FAULT_FIRST_TOUCH);
	step(self);
	pid_t other = fork_waiting(&hold);
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
		put(memory + i * PAGE, PT_FAULT_COW);
		note(memory + i * PAGE, MORE); /* KSM was just looking at it */
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

/* ---- in the test ------------------------------------------------------------------------------------------------ */

struct told {
	uint64_t page;
	enum pt_fault_kind kind;
	struct pt_joined joined;
};

struct bench {
	struct child child;
	struct pt_kernel *k;
	struct pt_faults *faults;
	struct pt_join *join;
	struct pt_scan *scan;
	struct told *told; /* [n] */
	size_t n, room;
	unsigned right[PT_FAULT_KIND_N], unknown[PT_FAULT_KIND_N], wrong, taken;
	uint64_t moves; /* of pages of the machine, before */
	bool hidden;    /* frames are, as for an ordinary user: whether it is another one is not known */
	bool busy;      /* somebody else had pages moved, swapped or joined meanwhile: some kinds can't be known */
};

static void take_fault(void *arg, const struct pt_fault *fault)
{
	struct bench *b = arg;
	if (fault->pid == b->child.pid)
		pt_join_add(b->join, fault, 0);
}

static void take_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	struct bench *b = arg;
	(void)pid;
	if (what == PT_FAULT_FORKED && parent == b->child.pid)
		pt_join_forked(b->join, time_ns);
}

static void drain(void *arg)
{
	struct bench *b = arg;
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = b};
	pt_faults_take(b->faults, &sink);
}

static bool is_watched(uint64_t address)
{
	for (unsigned i = 0; i < truth->n_regions; i++)
		if (address >= truth->start[i] && address < truth->end[i])
			return true;
	return false;
}

static void take_joined(void *arg, const struct pt_joined *joined)
{
	struct bench *b = arg;
	if (!is_watched(joined->address))
		return;
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 1024;
		b->told = realloc(b->told, b->room * sizeof *b->told);
		assert_non_null(b->told);
	}
	b->told[b->n++] = (struct told){joined->address / PAGE, joined->kind, *joined};
}

static void look(struct bench *b)
{
	struct pt_snapshot *snapshot;
	assert_int_equal(pt_scan_frame(b->scan, NULL, NULL, &snapshot), 0);
	pt_join_snapshot(b->join, snapshot);
	b->hidden = !pt_signal_has(&snapshot->signals, PT_SIG_PFN);
	pt_snapshot_unref(snapshot);
}

static void flush(struct bench *b)
{
	drain(b);
	pt_join_flush(b->join, SIZE_MAX, drain, take_joined, b);
}

static void end(struct bench *b)
{
	child_end(&b->child);
	pt_scan_close(b->scan);
	pt_join_free(b->join);
	pt_faults_close(b->faults);
	pt_kernel_free(b->k);
	free(b->told);
	machine_restore();
}

static uint64_t moves(struct pt_kernel *k)
{
	struct pt_drift drift = {0};
	pt_drift_read(&drift, k);
	return drift.moved.value + drift.collapsed.value;
}

static uint64_t begin(struct bench *b, void (*run)(struct child *self), bool fast, bool codes)
{
	memset(b, 0, sizeof *b);
	truth->n = truth->n_regions = 0;
	truth->fast = fast;
	truth->codes = codes;
	b->child = child_start(run);
	uint64_t said = child_wait(&b->child);
	if (said == CHILD_CANNOT) {
		end(b);
		skip_because("this machine has not what the child needs");
	}
	assert_int_equal(pt_kernel_linux_new(&b->k, "/", 0), 0);
	int error = pt_faults_open(&b->faults, b->k, b->child.pid,
				   &(struct pt_fault_options){.ring_bytes = 1u << 20, .codes = codes});
	if (error) {
		end(b);
		assert_true(error == -EACCES || error == -EPERM || error == -ENOSYS);
		skip_because("perf_event_open is not permitted here");
	}
	assert_int_equal(pt_join_new(&b->join, b->k, b->child.pid, 16u << 20), 0);
	assert_int_equal(pt_scan_open(&b->scan, b->k, b->child.pid), 0);
	b->moves = moves(b->k);
	return said;
}

static int by_page(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	return x->joined.time_ns < y->joined.time_ns ? -1 : x->joined.time_ns > y->joined.time_ns;
}

static struct entry *sorted_truth(void)
{
	struct entry *list = malloc(truth->n * sizeof *list);
	size_t n = 0;
	assert_non_null(list);
	memcpy(list, truth->list, truth->n * sizeof *list);
	/* by page, stable: insertion is quick where the list nearly ascends, merging is not needed elsewhere */
	for (size_t i = 0; i < truth->n; i++, n++) {
		struct entry one = list[i];
		size_t k = n;
		while (k && list[k - 1].page > one.page) {
			list[k] = list[k - 1];
			k--;
		}
		list[k] = one;
	}
	return list;
}

static void complain(const struct bench *b, const struct told *told, const char *wanted)
{
	const struct pt_joined *j = &told->joined;
	if (b->wrong > 10)
		return;
	print_message("page %llx: %s, not %s: before %d %s pfn %llx bits %x count %u, after %d %s pfn %llx bits %x "
		      "count %u%s\n",
		      (unsigned long long)told->page, pt_fault_kind_name(told->kind), wanted, j->knew,
		      pt_kind_name(pt_page_kind(j->before)), (unsigned long long)j->before.pfn, j->before.bits,
		      j->before.count, j->knows, pt_kind_name(pt_page_kind(j->after)), (unsigned long long)j->after.pfn,
		      j->after.bits, j->after.count, j->major ? ", major" : "");
}

static void compare_one(struct bench *b, const struct told *told, const struct entry *entry)
{
	enum pt_fault_kind wanted = entry->kind == MORE ? PT_FAULT_SPURIOUS : entry->kind;
	/* a page that waits to be put on a list of the kernel's has one user more than mappings, and is copied */
	if (wanted == PT_FAULT_WRITE_PROTECT && told->kind == PT_FAULT_COW &&
	    told->joined.before.pfn != told->joined.after.pfn)
		wanted = PT_FAULT_COW;
	bool hidden = b->hidden && pt_page_kind(told->joined.before) != PT_UNTOUCHED &&
		      (wanted == PT_FAULT_WRITE_PROTECT || wanted == PT_FAULT_COW);
	if (told->kind == wanted)
		b->right[wanted]++;
	else if (told->kind == PT_FAULT_UNKNOWN &&
		 (truth->fast || entry->loose || b->busy || hidden || (entry->open && !truth->codes)))
		b->unknown[wanted]++;
	else if (entry->blind && !truth->codes && told->kind == PT_FAULT_ZERO_WRITE)
		b->taken++;
	else {
		b->wrong++;
		complain(b, told, pt_fault_kind_name(wanted));
	}
}

/* What was told of each page is what the child did to it, in that order. */
static void compare(struct bench *b)
{
	struct entry *list = sorted_truth();
	size_t at = 0;
	qsort(b->told, b->n, sizeof *b->told, by_page);
	for (size_t i = 0; i < truth->n; i++) {
		bool there = at < b->n && b->told[at].page == list[i].page;
		if (list[i].kind == MORE) {
			if (there)
				compare_one(b, &b->told[at++], &list[i]);
			continue;
		}
		if (!there)
			fail_msg("page %llx: no %s was told (next is %llx)", (unsigned long long)list[i].page,
				 pt_fault_kind_name(list[i].kind),
				 at < b->n ? (unsigned long long)b->told[at].page : 0);
		bool surplus = i + 1 < truth->n && list[i + 1].kind == MORE && at + 1 < b->n &&
			       b->told[at + 1].page == list[i].page;
		list[i].loose |= surplus;                              /* which of the two did it is not always known */
		if (surplus && b->told[at + 1].kind == list[i].kind) { /* at first the kernel gave up */
			compare_one(b, &b->told[at++], &list[i + 1]);
			compare_one(b, &b->told[at++], &list[i++]);
			continue;
		}
		compare_one(b, &b->told[at++], &list[i]);
	}
	if (at < b->n) {
		complain(b, &b->told[at], "there at all");
		fail_msg("faults at page %llx nobody made", (unsigned long long)b->told[at].page);
	}
	free(list);
}

static void report(const struct bench *b, const char *name)
{
	print_message("%s:", name);
	for (int i = 1; i < PT_FAULT_KIND_N; i++)
		if (b->right[i] + b->unknown[i])
			print_message(" %s %u of %u", pt_fault_kind_name((enum pt_fault_kind)i), b->right[i],
				      b->right[i] + b->unknown[i]);
	if (b->taken)
		print_message(", %u first touches taken for zero-write", b->taken);
	print_message(", wrong %u%s\n", b->wrong, b->busy ? " (others had pages moved)" : "");
}

static const char *nothing_needed(void)
{
	return NULL;
}

static const char *needs_hugetlb(void)
{
	return machine_needs_hugetlb(4);
}

static const struct scene {
	const char *name;
	void (*run)(struct child *self);
	const char *(*needs)(void);
} scenes[] = {
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
#define SCENES (sizeof scenes / sizeof *scenes)

static void check_slow(struct bench *b)
{
	uint64_t more;
	do {
		look(b);
		child_go(&b->child);
		more = child_wait(&b->child);
		flush(b);
	} while (more);
}

static void check_fast(struct bench *b)
{
	look(b);
	child_go(&b->child);
	struct pollfd said = {.fd = b->child.from, .events = POLLIN};
	while (poll(&said, 1, 10) == 0)
		flush(b);
	assert_int_equal(child_wait(&b->child), 0);
	flush(b);
}

/* What a scene is looked at with. */
struct way {
	const struct scene *scene;
	bool fast, codes;
	char name[64];
};

static void check(void **state)
{
	const struct way *way = *state;
	const char *why = way->scene->needs();
	struct bench b;
	if (!why && way->codes)
		why = machine_needs_tracing();
	if (why)
		skip_because(why);
	begin(&b, way->scene->run, way->fast, way->codes);
	assert_int_equal(pt_faults_totals(b.faults).codes, way->codes);
	if (way->fast)
		check_fast(&b);
	else
		check_slow(&b);
	flush(&b);
	b.busy = moves(b.k) != b.moves;
	compare(&b);
	report(&b, way->name);
	unsigned wrong = b.wrong;
	end(&b);
	assert_int_equal(wrong, 0);
}

/* ---- error codes ------------------------------------------------------------------------------------------------ */

static size_t with_codes(struct bench *b)
{
	size_t n = 0;
	flush(b);
	for (size_t i = 0; i < b->n; i++)
		n += b->told[i].joined.has_code;
	return n;
}

static void codes_come_while_every_fault_is_told(void **state)
{
	(void)state;
	const char *why = machine_needs_tracing();
	struct bench b;
	if (why)
		skip_because(why);
	begin(&b, run_touching, false, true);
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &b};
	assert_int_equal(pt_faults_set_period(b.faults, 16, &sink), 0);
	child_go(&b.child); /* 1500 first touches */
	child_wait(&b.child);
	assert_int_equal(with_codes(&b), 0);
	assert_in_range(b.n, 1500 / 16 - 2, 1500 / 16 + 2);
	b.n = 0;
	assert_int_equal(pt_faults_set_period(b.faults, 1, &sink), 0);
	child_go(&b.child); /* 1000 zero pages are written to */
	child_wait(&b.child);
	assert_int_equal(with_codes(&b), 1000);
	for (size_t i = 0; i < b.n; i++)
		assert_true(b.told[i].joined.code.present && b.told[i].joined.code.write);
	end(&b);
}

/* ---- one decoder ------------------------------------------------------------------------------------------------ */

/* A look at single pages says what a scan says of them. */
static void a_glance_is_a_scan(void **state)
{
	(void)state;
	struct bench b;
	struct pt_snapshot *s;
	struct pt_target target;
	begin(&b, run_huge, false, false);
	child_go(&b.child);
	child_wait(&b.child);
	assert_int_equal(pt_scan_frame(b.scan, NULL, NULL, &s), 0);
	assert_int_equal(pt_target_open(&target, b.k, b.child.pid, &s->signals), 0);
	struct pt_glance *glance = pt_glance_new();
	struct pt_glimpse *pages = NULL;
	size_t n = 0, room = 0, there = 0;
	for (size_t i = 0; i < s->vmas->n; i++)
		for (uint64_t at = s->vmas->v[i].start; at < s->vmas->v[i].end; at += PAGE * (1 + n % 9)) {
			if (s->vmas->v[i].end - s->vmas->v[i].start > 64u << 20 ||
			    s->vmas->v[i].role == PT_ROLE_VSYSCALL)
				break;
			if (n == room)
				assert_non_null(pages = realloc(pages, (room = 2 * room + 64) * sizeof *pages));
			pages[n++].address = at;
		}
	assert_int_equal(pt_glance_at(glance, &target, s->vmas, pages, n), 0);
	for (size_t i = 0; i < n; i++) {
		struct pt_page page = pt_snapshot_page(s, pages[i].address);
		const uint32_t kept = PT_KIND_MASK | PT_PMD | PT_EXCLUSIVE | PT_HAS_EXCLUSIVE | PT_HAS_FLAGS | PT_OWN;
		bool shared = !is_watched(pages[i].address); /* with the test, or others that come and go */
		assert_true(pages[i].known);
		assert_int_equal(pages[i].page.pfn, page.pfn);
		if (!shared)
			assert_int_equal(pages[i].page.bits & kept, page.bits & kept);
		if (!shared && page.bits & pages[i].page.bits & PT_HAS_COUNT)
			assert_int_equal(pages[i].page.count, page.count);
		there += page.bits != 0;
	}
	assert_true(n > 500 && there > 100);
	free(pages);
	pt_glance_free(glance);
	pt_target_close(&target);
	pt_snapshot_unref(s);
	end(&b);
}

/* ---- memory that is locked --------------------------------------------------------------------------------------- */

/* What was told since the last step is so many faults of that kind. */
static void check_step(struct bench *b, size_t *seen, uint64_t faults, enum pt_fault_kind kind)
{
	flush(b);
	bool elsewhere = kind == PT_FAULT_MIGRATION; /* its stack and code are moved as well */
	if (elsewhere ? b->n - *seen > faults : b->n - *seen != faults)
		fail_msg("%zu faults told, not %llu, of %s", b->n - *seen, (unsigned long long)faults,
			 pt_fault_kind_name(kind));
	for (; *seen < b->n; ++*seen) {
		const struct pt_joined *j = &b->told[*seen].joined;
		bool gave_up = kind == PT_FAULT_MIGRATION && j->before.pfn == j->after.pfn; /* it was not moved */
		compare_one(b, &b->told[*seen], &(struct entry){.kind = kind, .loose = gave_up});
	}
	look(b);
}

static void locked_memory_faults(void **state)
{
	(void)state;
	const enum pt_fault_kind kinds[] = {PT_FAULT_ZERO_WRITE, PT_FAULT_COW, PT_FAULT_UNKNOWN, PT_FAULT_WRITE_PROTECT,
					    PT_FAULT_MIGRATION};
	struct bench b;
	size_t seen = 0;
	uint64_t address = begin(&b, locked_run, false, false);
	truth->start[0] = address;
	truth->end[0] = address + LOCKED_BYTES;
	truth->n_regions = 1;
	look(&b);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		child_go(&b.child);
		uint64_t said = child_wait(&b.child);
		if (said)
			check_step(&b, &seen, said - 1, kinds[i]);
		else
			print_message("compaction needs root, or may not move what is locked\n");
	}
	report(&b, "locked memory");
	unsigned wrong = b.wrong;
	end(&b);
	assert_int_equal(wrong, 0);
}

/* Each scene with looks at the memory between its steps, when every kind is right, and as fast as it can; with the
 * processor's error codes and without. */
int main(int argc, char **argv)
{
	static struct way ways[4 * SCENES];
	struct CMUnitTest tests[4 * SCENES + 3] = {
		[4 * SCENES] = cmocka_unit_test(locked_memory_faults),
		cmocka_unit_test(a_glance_is_a_scan),
		cmocka_unit_test(codes_come_while_every_fault_is_told),
	};
	truth = mmap(NULL, sizeof *truth, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < 4 * SCENES; i++) {
		struct way *way = &ways[i];
		*way = (struct way){.scene = &scenes[i % SCENES], .fast = i / SCENES % 2, .codes = i / SCENES / 2};
		snprintf(way->name, sizeof way->name, "%s%s%s", way->scene->name, way->fast ? ", fast" : "",
			 way->codes ? ", with codes" : "");
		tests[i] = (struct CMUnitTest){.name = way->name, .test_func = check, .initial_state = way};
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("kinds of faults", tests, NULL, NULL);
}
