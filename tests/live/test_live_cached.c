/*
 * The cache of real files: what is there and who has it mapped; and that looking leaves every page as it was: cached or
 * not, its frame, its flags, its map count; and the file's time of access.
 *
 * The kernel may age or move pages of its own accord meanwhile, so what must not change is held against a few attempts:
 * what looking changes it changes in each.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cache/cached.h"
#include "core/cache/mappers.h"
#include "core/kernel/abi.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define PAGES    300u
#define ABSENT   250u /* from here on */
#define ATTEMPTS 8

static char name[64];
static int file = -1;
static size_t page;

/* A file of PAGES pages of which the first ABSENT are cached: some only read ahead, some read once, some often. */
static int make_file(void **state)
{
	(void)state;
	char byte;
	page = (size_t)sysconf(_SC_PAGESIZE);
	strcpy(name, "/var/tmp/pagetop-cached-XXXXXX");
	file = mkostemp(name, O_CLOEXEC);
	if (file < 0)
		return -1;
	char *zero = calloc(PAGES, page);
	bool written = zero && pwrite(file, zero, PAGES * page, 0) == (ssize_t)(PAGES * page) && fsync(file) == 0;
	free(zero);
	if (!written || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) || posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM))
		return -1;
	readahead(file, 0, 100 * page);
	for (unsigned i = 100; i < ABSENT; i++)
		for (unsigned n = 0; n < (i < 150 ? 1 : 4); n++)
			if (pread(file, &byte, 1, (off_t)(i * page)) != 1)
				return -1;
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	close(file);
	unlink(name);
	return 0;
}

/* What the kernel says of the file's pages. */
struct seen {
	unsigned char there[PAGES];
	uint64_t pfn[PAGES], flags[PAGES], count[PAGES];
	struct timespec accessed;
};

static uint64_t word(const char *path, uint64_t index)
{
	uint64_t value = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &value, 8, (off_t)(index * 8)) != 8)
		value = 0;
	close(fd);
	return value;
}

/* By a mapping that stays, so that it is the same mapping before and after. */
static void see(const char *memory, struct seen *ret)
{
	const uint64_t shown = KPF(REFERENCED) | KPF(ACTIVE) | KPF(MMAP) | KPF(UNEVICTABLE);
	struct stat st;
	memset(ret, 0, sizeof(*ret));
	assert_int_equal(fstat(file, &st), 0);
	ret->accessed = st.st_atim;
	assert_int_equal(mincore((void *)(uintptr_t)memory, PAGES * page, ret->there), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		ret->there[i] &= 1;
		uint64_t entry = word("/proc/self/pagemap", (uintptr_t)memory / page + i);
		ret->pfn[i] = entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
		ret->flags[i] = ret->pfn[i] ? word("/proc/kpageflags", ret->pfn[i]) & shown : 0;
		ret->count[i] = ret->pfn[i] ? word("/proc/kpagecount", ret->pfn[i]) : 0;
	}
}

static struct pt_cached *look(struct pt_kernel *k)
{
	struct pt_cached_reader *reader;
	struct pt_cached *ret = NULL;
	assert_int_equal(pt_cached_reader_new(k, &reader), 0);
	assert_int_equal(pt_cached_read(reader, name, true, (struct pt_step){0}, &ret), 0);
	pt_cached_reader_free(reader);
	return ret;
}

static struct pt_kernel *real(void)
{
	struct pt_kernel *k = NULL;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return k;
}

/* Our own mapping, with what is there in its page tables. */
static char *hold(void)
{
	unsigned char there[PAGES];
	char *memory = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, file, 0);
	assert_true(memory != MAP_FAILED);
	assert_int_equal(madvise(memory, PAGES * page, MADV_RANDOM), 0);
	assert_int_equal(mincore(memory, PAGES * page, there), 0);
	for (unsigned i = 0; i < PAGES; i++)
		if (there[i] & 1)
			(void)*(volatile char *)(memory + i * page);
	return memory;
}

/* Whether nothing of it is another after three looks. */
static bool is_left_alone(struct pt_kernel *k)
{
	static struct seen before, after;
	char *memory = hold();
	see(memory, &before);
	for (int i = 0; i < 3; i++)
		pt_cached_free(look(k));
	see(memory, &after);
	munmap(memory, PAGES * page);
	return !memcmp(before.there, after.there, sizeof(before.there)) &&
	       !memcmp(before.pfn, after.pfn, sizeof(before.pfn)) &&
	       !memcmp(before.flags, after.flags, sizeof(before.flags)) &&
	       !memcmp(before.count, after.count, sizeof(before.count)) &&
	       before.accessed.tv_sec == after.accessed.tv_sec && before.accessed.tv_nsec == after.accessed.tv_nsec;
}

static void looking_changes_nothing(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	const struct timespec past[2] = {{.tv_sec = 1000000000},
					 {.tv_sec = 1000000001}}; /* relatime would move it on */
	bool alone = false;
	assert_int_equal(futimens(file, past), 0);
	for (int i = 0; i < ATTEMPTS && !alone; i++) {
		if (i > 0) { /* a new file: what was looked at often enough would not change any more */
			drop_file(NULL);
			assert_int_equal(make_file(NULL), 0);
			assert_int_equal(futimens(file, past), 0);
		}
		alone = is_left_alone(k);
	}
	assert_true(alone);
	pt_kernel_free(k);
}

/* As mincore and the kernel's files have it, page by page. */
static void what_is_told_is_so(void **state)
{
	(void)state;
	static struct seen seen;
	struct pt_kernel *k = real();
	bool equal = false;
	char *memory = hold();
	for (int attempt = 0; attempt < ATTEMPTS && !equal; attempt++) {
		see(memory, &seen);
		struct pt_cached *c = look(k);
		equal = true;
		for (unsigned i = 0; i < PAGES; i++) {
			struct pt_cached_page p = pt_cached_page(c, i);
			equal = equal && (p.bits & PT_CACHED_THERE) == seen.there[i] && p.pfn == seen.pfn[i];
			if (!p.pfn)
				continue;
			equal = equal && !(p.bits & PT_CACHED_ACTIVE) == !(seen.flags[i] & KPF(ACTIVE));
			equal = equal && !(p.bits & PT_CACHED_REFERENCED) == !(seen.flags[i] & KPF(REFERENCED));
			equal = equal && (!(p.bits & PT_CACHED_HAS_COUNT) || p.count == seen.count[i]);
		}
		pt_cached_free(c);
	}
	munmap(memory, PAGES * page);
	assert_true(equal);
	pt_kernel_free(k);
}

static void map_some(struct child *self)
{
	char *memory = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, file, 0);
	child_need(memory != MAP_FAILED, "mmap");
	/* each fault brings the aligned 16 pages around it along: these are wholly cached */
	child_need(!madvise(memory, PAGES * page, MADV_RANDOM), "madvise");
	for (unsigned i = 0; i < 64; i++)
		(void)*(volatile char *)(memory + i * page);
	child_say(self, (uintptr_t)memory);
}

static void mapped_pages_are_counted(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_cached *c = look(k);
	if (!c->sum.mapped.known) {
		pt_cached_free(c);
		pt_kernel_free(k);
		skip_because("frames are hidden here, or counts are averages");
	}
	assert_int_equal(c->sum.mapped.value, 0);
	pt_cached_free(c);
	struct child child = child_start(map_some);
	uint64_t where = child_wait(&child);
	c = look(k);
	assert_true(c->sum.mapped.value >= 64 && c->sum.mapped.value < ABSENT);
	assert_int_equal(pt_cached_share(c, PT_CACHED_MAPPED, 0, 64).hits, 64);
	assert_int_equal(pt_cached_page(c, 0).count, 1);
	assert_int_equal(pt_cached_share(c, PT_CACHED_MAPPED, ABSENT, PAGES).hits, 0);
	struct pt_mappers mappers;
	uint64_t address = 0;
	assert_int_equal(pt_mappers_read(k, c, (struct pt_step){0}, &mappers), 0);
	assert_int_equal(mappers.n, 1);
	assert_int_equal(mappers.v[0].pid, child.pid);
	assert_int_equal(mappers.v[0].pages, c->sum.mapped.value);
	assert_int_equal(pt_mapper_pages(&mappers.v[0], 10, 20), 20);
	assert_true(pt_mapper_address(&mappers.v[0], 63, k->page_shift, &address));
	assert_int_equal(address, where + 63 * page);
	assert_false(pt_mapper_address(&mappers.v[0], ABSENT, k->page_shift, &address));
	assert_true(mappers.missed.known);
	assert_int_equal(mappers.missed.value, 0);
	pt_mappers_free(&mappers);
	pt_cached_free(c);
	child_end(&child);
	c = look(k);
	assert_int_equal(c->sum.mapped.value, 0);
	pt_cached_free(c);
	pt_kernel_free(k);
}

static void evicted_pages_are_remembered(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	char *memory = hold();
	madvise(memory, 64 * page, MADV_PAGEOUT);
	munmap(memory, PAGES * page);
	struct pt_cached *c = look(k);
	uint64_t evicted = c->sum.evicted.known ? c->sum.evicted.value : 0;
	if (evicted)
		assert_int_equal(pt_cached_share(c, PT_CACHED_EVICTED, 0, PAGES).hits, evicted);
	assert_int_equal(pt_cached_share(c, PT_CACHED_EVICTED, 64, PAGES).hits, 0);
	pt_cached_free(c);
	pt_kernel_free(k);
	if (!evicted)
		skip_because("the kernel has no cachestat, or kept the pages");
}

/* Without a right to it nothing of the cache is told, or it is counted: never a made-up zero. */
static void what_is_hidden_is_unknown(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_cached_reader *reader;
	struct pt_cached *c = NULL;
	assert_int_equal(pt_cached_reader_new(k, &reader), 0);
	int r = pt_cached_read(reader, "/etc/passwd", true, (struct pt_step){0}, &c);
	assert_true(r == 0 || r == -EPERM);
	if (r == 0 && geteuid() != 0) {
		assert_true(c->counted);
		assert_false(c->sum.mapped.known);
	}
	pt_cached_free(c);
	assert_int_equal(pt_cached_read(reader, "/dev/null", true, (struct pt_step){0}, &c), -ENODEV);
	pt_cached_reader_free(reader);
	pt_kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(looking_changes_nothing, make_file, drop_file),
		cmocka_unit_test_setup_teardown(what_is_told_is_so, make_file, drop_file),
		cmocka_unit_test_setup_teardown(mapped_pages_are_counted, make_file, drop_file),
		cmocka_unit_test_setup_teardown(evicted_pages_are_remembered, make_file, drop_file),
		cmocka_unit_test(what_is_hidden_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
