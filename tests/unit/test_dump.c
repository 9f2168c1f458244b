/*
 * Dumps of made-up processes: what is read and what is left out, what an incremental one holds, merging and comparing.
 * Then the process that ends meanwhile, and every call failing once.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dump/compare.h"
#include "core/dump/dump.h"
#include "core/dump/merge.h"
#include "tests/support/fixture.h"
#include "tests/support/memory_file.h"
#include "tests/support/scripted.h"

#define PAGE 4096ull
#define HEAP 0x10000000ull

static const char everything[] = "process 100 S start=777 threads=1 every kind\n"
				 "vma 10000000-10040000 rw-p [heap]\n"
				 "pages 10000000-10010000 anon pfn=0x1000\n"
				 "swap 10012000 type=0 offset=77\n"
				 "marker 10013000 guard\n"
				 "marker 10014000 poison\n"
				 "migrating 10015000 pfn=0x1100\n"
				 "page 10016000 zero pfn=0x4000\n"
				 "page 10030000 anon pfn=0x1101\n"
				 "vma 10100000-10108000 r--p inode=5 /usr/lib/libx.so\n"
				 "pages 10101000-10103000 file pfn=0x5000 count=4\n"
				 "vma 10200000-10204000 rw-p flags=dd\n"
				 "pages 10200000-10202000 anon pfn=0x1200\n"
				 "vma 10300000-10304000 rw-p flags=um\n"
				 "pages 10300000-10302000 anon pfn=0x1300\n"
				 "vma 10400000-10404000 rw-s inode=7 flags=io,pf,dd /dev/thing\n"
				 "vma 20000000-20008000 rw-s inode=9 /dev/shm/segment (deleted)\n"
				 "pages 20000000-20002000 shmem pfn=0x6000 count=2\n"
				 "vma ffffffffff600000-ffffffffff601000 --xp [vsyscall]\n";

struct scene {
	struct fixture *fixture;
	struct scripted *kernel;
	int mem;
	struct memory_file file; /* of the last dump */
	struct pt_dump_report report;
};

/* A byte of the process's memory. */
static void poke(const struct scene *s, uint64_t addr, unsigned char byte)
{
	assert_int_equal(pwrite(s->mem, &byte, 1, (off_t)addr), 1);
}

static void fill(const struct scene *s, uint64_t addr, unsigned n)
{
	unsigned char page[PAGE];
	for (unsigned i = 0; i < n; i++) {
		memset(page, (int)(addr / PAGE + i) | 1, sizeof(page));
		assert_int_equal(pwrite(s->mem, page, sizeof(page), (off_t)(addr + i * PAGE)), sizeof(page));
	}
}

static struct scene scene_new(const char *text)
{
	struct scene s = {.fixture = fixture_new(4096, text)};
	char path[512];
	fixture_write(s.fixture, "proc/100/cmdline", "every\0kind");
	fixture_write(s.fixture, "proc/100/auxv", "0123456789abcdef");
	fixture_write(s.fixture, "proc/sys/kernel/random/boot_id", "b007-1d\n");
	fixture_write(s.fixture, "proc/100/mem", "");
	snprintf(path, sizeof(path), "%s/proc/100/mem", fixture_root(s.fixture));
	s.mem = open(path, O_RDWR | O_CLOEXEC);
	assert_true(s.mem >= 0);
	fill(&s, HEAP, 0x40); /* also where no page is, so that reading there is found out */
	fill(&s, 0x10100000, 8);
	fill(&s, 0x10200000, 4);
	fill(&s, 0x10300000, 4);
	fill(&s, 0x10400000, 4);
	fill(&s, 0x20000000, 8);
	s.kernel = scripted_new(fixture_kernel(s.fixture));
	s.kernel->tick = 1000;
	s.file.fd = -1;
	return s;
}

static void scene_end(struct scene *s)
{
	close(s->mem);
	scripted_free(s->kernel);
	fixture_free(s->fixture);
	if (s->file.fd >= 0)
		memory_file_free(&s->file);
}

static int dump(struct scene *s, const struct pt_dump_wish *wish)
{
	if (s->file.fd >= 0)
		memory_file_free(&s->file);
	s->file = memory_file_new();
	return pt_dump(&s->kernel->k, 100, wish, memory_sink(&s->file), &s->report);
}

static enum pt_content content_at(const struct pt_core *core, uint64_t addr)
{
	size_t run = pt_core_find(core, addr);
	if (run == core->n_runs || core->runs[run].start > addr)
		return PT_CONTENT_N;
	return (enum pt_content)core->runs[run].content;
}

static unsigned char byte_at(const struct pt_core *core, uint64_t addr)
{
	unsigned char byte;
	assert_int_equal(pt_core_read(core, addr, &byte, 1), 0);
	return byte;
}

/* ---- what is in it ----------------------------------------------------------------------------------------------- */

static const struct {
	uint64_t addr;
	enum pt_content plain, all, swapped;
} expected[] = {
	{HEAP, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{HEAP + 0xf000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{HEAP + 0x10000, PT_CONTENT_ZERO, PT_CONTENT_ZERO, PT_CONTENT_ZERO},
	{HEAP + 0x12000, PT_CONTENT_SWAPPED, PT_CONTENT_SWAPPED, PT_CONTENT_STORED},
	{HEAP + 0x13000, PT_CONTENT_MARKER, PT_CONTENT_MARKER, PT_CONTENT_MARKER},
	{HEAP + 0x14000, PT_CONTENT_MARKER, PT_CONTENT_MARKER, PT_CONTENT_MARKER},
	{HEAP + 0x15000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{HEAP + 0x16000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{HEAP + 0x17000, PT_CONTENT_ZERO, PT_CONTENT_ZERO, PT_CONTENT_ZERO},
	{HEAP + 0x30000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{HEAP + 0x3f000, PT_CONTENT_ZERO, PT_CONTENT_ZERO, PT_CONTENT_ZERO},
	{HEAP + 0x40000, PT_CONTENT_N, PT_CONTENT_N, PT_CONTENT_N},
	{0x10100000, PT_CONTENT_FILE, PT_CONTENT_FILE, PT_CONTENT_FILE},
	{0x10101000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{0x10103000, PT_CONTENT_FILE, PT_CONTENT_FILE, PT_CONTENT_FILE},
	{0x10200000, PT_CONTENT_DONTDUMP, PT_CONTENT_STORED, PT_CONTENT_DONTDUMP},
	{0x10203000, PT_CONTENT_DONTDUMP, PT_CONTENT_ZERO, PT_CONTENT_DONTDUMP},
	{0x10300000, PT_CONTENT_USERFAULT, PT_CONTENT_USERFAULT, PT_CONTENT_USERFAULT},
	{0x10400000, PT_CONTENT_DEVICE, PT_CONTENT_DEVICE, PT_CONTENT_DEVICE},
	{0x20000000, PT_CONTENT_STORED, PT_CONTENT_STORED, PT_CONTENT_STORED},
	{0x20002000, PT_CONTENT_ELSEWHERE, PT_CONTENT_ELSEWHERE, PT_CONTENT_ELSEWHERE},
	{0xffffffffff600000, PT_CONTENT_DEVICE, PT_CONTENT_DEVICE, PT_CONTENT_DEVICE},
};

static void expect_all(struct scene *s, const struct pt_dump_wish *wish)
{
	assert_int_equal(dump(s, wish), 0);
	struct pt_core *core = memory_core(&s->file);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		enum pt_content want = wish->all       ? expected[i].all
				       : wish->swapped ? expected[i].swapped
						       : expected[i].plain;
		if (content_at(core, expected[i].addr) != want)
			fail_msg("%llx is %d, not %d", (unsigned long long)expected[i].addr,
				 content_at(core, expected[i].addr), want);
		if (want == PT_CONTENT_STORED)
			assert_int_equal(byte_at(core, expected[i].addr + 5),
					 (unsigned char)(expected[i].addr / PAGE) | 1);
		if (want == PT_CONTENT_ZERO)
			assert_int_equal(byte_at(core, expected[i].addr + 5), 0);
	}
	uint64_t pages = 0, mapped = 0;
	for (int i = 0; i < PT_CONTENT_N; i++)
		pages += s->report.pages[i];
	for (size_t i = 0; i < core->vmas->n; i++)
		mapped += (core->vmas->v[i].end - core->vmas->v[i].start) / PAGE;
	assert_int_equal(pages, mapped);
	pt_core_close(core);
}

static void every_page_is_what_it_should_be(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	expect_all(&s, &(struct pt_dump_wish){0});
	expect_all(&s, &(struct pt_dump_wish){.all = true});
	expect_all(&s, &(struct pt_dump_wish){.swapped = true});
	s.kernel->no_guard = true;
	expect_all(&s, &(struct pt_dump_wish){0});
	s.kernel->no_scan = true;
	expect_all(&s, &(struct pt_dump_wish){.all = true});
	scene_end(&s);
}

static int find_note(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size)
{
	(void)name;
	(void)name_size;
	(void)desc;
	(void)size;
	*(unsigned *)arg |= type == 3 ? 1u : type == 6 ? 2u : type == 0x46494c45 ? 4u : type == 1 ? 8u : 0u;
	return 0;
}

static void debuggers_find_their_notes(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	unsigned found = 0;

	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), 0);
	struct pt_core *core = memory_core(&s.file);
	pt_core_notes(core, find_note, &found);
	assert_int_equal(found, 7); /* process, auxv, files; no registers: nothing was stopped */
	assert_string_equal(core->info.boot, "b007-1d");
	assert_int_equal(core->info.pid, 100);
	assert_int_equal(core->info.start_time, 777);
	assert_int_equal(core->info.stop, PT_STOP_NONE);
	assert_non_null(strstr(core->info.id, "b007-1d.100."));
	pt_core_close(core);
	scene_end(&s);
}

/* A folder has no threads to stop. */
static void stopping_is_refused_where_it_cannot_be(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){.stop = PT_STOP_ALL}), -ENOSYS);
	scene_end(&s);
}

/* ---- what changed ------------------------------------------------------------------------------------------------ */

/* The base in a file of its own. */
static struct pt_core *dump_base(struct scene *s, struct memory_file *file)
{
	assert_int_equal(dump(s, &(struct pt_dump_wish){0}), 0);
	*file = s->file;
	s->file.fd = -1;
	return memory_core(file);
}

static void only_what_changed_is_stored(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	struct memory_file file;
	struct pt_core *base = dump_base(&s, &file);
	const struct pt_dump_wish wish = {.base = base, .base_name = "/some/where/base"};

	assert_int_equal(dump(&s, &wish), 0);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 0);
	assert_true(s.report.pages[PT_CONTENT_SAME] > 16);

	poke(&s, HEAP + 0x3123, 77);
	poke(&s, 0x20001fff, 78);
	fixture_add(s.fixture, "in 100\npage 10020000 anon pfn=0x1500\n"); /* zeros before, 0x21 now */
	fixture_add(s.fixture, "in 100\nvma 10500000-10502000 rw-p\npage 10501000 anon pfn=0x1501\n");
	fill(&s, 0x10501000, 1);
	assert_int_equal(dump(&s, &wish), 0);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 4);
	struct pt_core *core = memory_core(&s.file);
	assert_int_equal(content_at(core, HEAP), PT_CONTENT_SAME);
	assert_int_equal(content_at(core, HEAP + 0x3000), PT_CONTENT_STORED);
	assert_int_equal(byte_at(core, HEAP + 0x3123), 77);
	assert_int_equal(content_at(core, 0x20001000), PT_CONTENT_STORED);
	assert_int_equal(content_at(core, HEAP + 0x20000), PT_CONTENT_STORED);
	assert_int_equal(content_at(core, 0x10501000), PT_CONTENT_STORED);
	assert_string_equal(core->info.base, "base");
	assert_string_equal(core->info.base_id, base->info.id);
	assert_false(core->info.by_soft_dirty);
	assert_true(pt_core_is_base(core, base));
	assert_false(pt_core_is_base(base, base));
	pt_core_close(core);
	pt_core_close(base);
	memory_file_free(&file);
	scene_end(&s);
}

static int count(void *arg, const struct pt_difference *difference)
{
	(void)difference;
	++*(unsigned *)arg;
	return 0;
}

static void a_merged_dump_is_as_a_whole_one(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	struct memory_file files[2], merged_file = memory_file_new();
	struct pt_core *base = dump_base(&s, &files[0]);
	uint64_t size;

	poke(&s, HEAP + 0x3123, 77);
	fixture_add(s.fixture, "in 100\npage 10020000 anon pfn=0x1500\nunmap 10100000-10108000\n");
	assert_int_equal(dump(&s, &(struct pt_dump_wish){.base = base, .base_name = "b"}), 0);
	files[1] = s.file;
	s.file.fd = -1;
	struct pt_core *increment = memory_core(&files[1]);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), 0);
	struct pt_core *whole = memory_core(&s.file);
	assert_int_equal(pt_merge(base, increment, memory_sink(&merged_file), NULL, NULL, &size), 0);
	struct pt_core *merged = memory_core(&merged_file);

	assert_int_equal(merged->n_runs, whole->n_runs);
	assert_memory_equal(merged->runs, whole->runs, whole->n_runs * sizeof(*whole->runs));
	assert_int_equal(merged->vmas->n, whole->vmas->n);
	assert_string_equal(merged->info.base, "");
	assert_string_equal(merged->info.id, increment->info.id);
	struct pt_comparison result;
	unsigned differences = 0;
	const struct pt_compare_job job = {.first = merged, .second = whole, .each = count, .arg = &differences};
	assert_int_equal(pt_compare(&job, &result), 0);
	assert_int_equal(differences, 0);
	assert_int_equal(result.all.differ + result.all.only_first + result.all.only_second, 0);
	assert_true(result.all.equal > 50);
	pt_comparison_free(&result);
	assert_int_equal(pt_merge(whole, increment, memory_sink(&merged_file), NULL, NULL, &size), -EINVAL);
	assert_int_equal(pt_merge(base, whole, memory_sink(&merged_file), NULL, NULL, &size), -EINVAL);
	pt_core_close(merged);
	pt_core_close(whole);
	pt_core_close(increment);
	pt_core_close(base);
	memory_file_free(&merged_file);
	memory_file_free(&files[0]);
	memory_file_free(&files[1]);
	scene_end(&s);
}

/* Bits that were cleared at the base spare reading: a change behind their back is not seen, which shows that. */
static void soft_dirty_bits_spare_reading(void **state)
{
	(void)state;
	struct scene s = scene_new("process 100 S start=777 threads=1 a\n"
				   "vma 10000000-10040000 rw-p [heap]\n"
				   "pages 10000000-10008000 anon pfn=0x1000\n"
				   "pages 10008000-10010000 anon pfn=0x1008 soft-dirty\n"
				   "vma 20000000-20008000 rw-s inode=9 /dev/shm/segment (deleted)\n"
				   "pages 20000000-20002000 shmem pfn=0x6000 count=2\n");
	struct memory_file file;
	struct pt_core *base = dump_base(&s, &file);
	const struct pt_dump_wish wish = {.base = base, .base_name = "b"};

	fixture_write(s.fixture, "proc/100/clear_refs", "");
	poke(&s, HEAP + 1, 201);
	poke(&s, HEAP + 0x9001, 202);
	poke(&s, 0x20000001, 203); /* shared: others can write it without these bits */
	assert_int_equal(dump(&s, &wish), 0);
	assert_false(s.report.info.by_soft_dirty);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 3);

	base->info.cleared_soft_dirty = true;
	assert_int_equal(dump(&s, &wish), 0);
	assert_true(s.report.info.by_soft_dirty);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 2);
	struct pt_core *core = memory_core(&s.file);
	assert_int_equal(content_at(core, HEAP), PT_CONTENT_SAME);
	assert_int_equal(content_at(core, HEAP + 0x9000), PT_CONTENT_STORED);
	assert_int_equal(content_at(core, 0x20000000), PT_CONTENT_STORED);
	assert_true(core->info.by_soft_dirty);
	pt_core_close(core);

	/* clearing them again makes them useless for this dump, and useful for the next */
	assert_int_equal(dump(&s, &(struct pt_dump_wish){.base = base, .base_name = "b", .clear_soft_dirty = true}), 0);
	assert_false(s.report.info.by_soft_dirty);
	assert_true(s.report.info.cleared_soft_dirty);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 3);
	fixture_remove(s.fixture, "proc/100/clear_refs");
	assert_int_equal(dump(&s, &(struct pt_dump_wish){.clear_soft_dirty = true}), -EOPNOTSUPP);
	fixture_write(s.fixture, "proc/100/clear_refs", "");

	base->info.start_time++; /* of another process: its bits say nothing of this one */
	assert_int_equal(dump(&s, &wish), 0);
	assert_false(s.report.info.by_soft_dirty);
	assert_int_equal(s.report.pages[PT_CONTENT_STORED], 3);
	pt_core_close(base);
	memory_file_free(&file);
	scene_end(&s);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

struct seen {
	unsigned n;
	struct pt_difference v[8];
};

static int keep(void *arg, const struct pt_difference *difference)
{
	struct seen *seen = arg;
	assert_true(seen->n < 8);
	seen->v[seen->n++] = *difference;
	return 0;
}

static const struct pt_compared *row_at(const struct pt_comparison *result, uint64_t start)
{
	for (size_t i = 0; i < result->n; i++)
		if (result->v[i].vma && result->v[i].vma->start == start)
			return &result->v[i];
	fail_msg("no row of %llx", (unsigned long long)start);
	return NULL;
}

static void change_some(struct scene *s)
{
	poke(s, HEAP + 0x3123, 0);
	poke(s, HEAP + 0x3fff, 0);
	poke(s, HEAP + 0x4000, 0);
	fixture_add(s->fixture, "in 100\npage 10020000 anon pfn=0x1500\n" /* 21 where zeros were */
				"unmap 10100000-10108000\n"               /* two stored pages gone */
				"swap 10030000 type=0 offset=78\n"        /* one is out */
				"vma 10500000-10502000 rw-p\npage 10501000 anon pfn=0x1501\n");
}

static void differences_are_told_to_the_byte(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	struct memory_file file;
	struct pt_core *first = dump_base(&s, &file);
	struct pt_comparison result;
	struct seen seen = {0};

	change_some(&s);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), 0);
	struct pt_core *second = memory_core(&s.file);
	const struct pt_compare_job job = {.first = first, .second = second, .each = keep, .arg = &seen};
	assert_int_equal(pt_compare(&job, &result), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.v[0].address, HEAP + 0x3000);
	assert_int_equal(seen.v[0].bytes, 2);
	assert_int_equal(seen.v[0].first, 0x123);
	assert_int_equal(seen.v[1].address, HEAP + 0x4000);
	assert_int_equal(seen.v[1].bytes, 1);
	assert_int_equal(seen.v[1].first, 0);
	assert_int_equal(seen.v[2].address, HEAP + 0x20000);
	assert_int_equal(seen.v[2].bytes, PAGE);
	assert_string_equal(seen.v[2].vma->path, "[heap]");
	const struct pt_compared *heap = row_at(&result, HEAP);
	assert_int_equal(heap->differ, 3);
	assert_int_equal(heap->bytes, 3 + PAGE);
	assert_int_equal(heap->only_first, 1);
	assert_int_equal(heap->only_second, 0);
	assert_false(heap->gone);
	assert_int_equal(row_at(&result, 0x10100000)->only_first, 2);
	assert_true(row_at(&result, 0x10100000)->gone);
	assert_int_equal(row_at(&result, 0x10500000)->only_second, 2);
	assert_int_equal(result.all.differ, 3);
	assert_int_equal(result.all.only_first, 3);
	pt_comparison_free(&result);
	pt_core_close(second);
	pt_core_close(first);
	memory_file_free(&file);
	scene_end(&s);
}

/* To its base an increment compares as the whole one would; to anything else not at all. */
static void increments_compare_with_their_base(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	struct memory_file file;
	struct pt_core *base = dump_base(&s, &file);
	struct pt_comparison result;
	struct seen seen = {0};

	change_some(&s);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){.base = base, .base_name = "b"}), 0);
	struct pt_core *increment = memory_core(&s.file);
	struct pt_compare_job job = {.first = base, .second = increment, .each = keep, .arg = &seen};
	assert_int_equal(pt_compare(&job, &result), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(result.all.differ, 3);
	assert_int_equal(result.all.only_first, 3);
	pt_comparison_free(&result);
	job.first = increment;
	job.second = base;
	assert_int_equal(pt_compare(&job, &result), -EINVAL);
	pt_core_close(increment);
	pt_core_close(base);
	memory_file_free(&file);
	scene_end(&s);
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

static int cancel(void *arg, uint64_t done, uint64_t all)
{
	(void)done;
	(void)all;
	return --*(int *)arg > 0 ? 0 : -ECANCELED;
}

static void it_can_be_called_off(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	for (int n = 1; n < 4; n++) {
		int left = n;
		assert_int_equal(dump(&s, &(struct pt_dump_wish){.step = cancel, .arg = &left}), -ECANCELED);
	}
	scene_end(&s);
}

static void end_process(void *arg)
{
	fixture_end(arg, 100);
}

static void a_process_that_ends_gives_no_dump(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), 0);
	unsigned long calls = s.kernel->calls;
	scene_end(&s);
	for (unsigned long n = 1; n < calls; n += 3) {
		s = scene_new(everything);
		s.kernel->hook_call = n;
		s.kernel->hook = end_process;
		s.kernel->hook_arg = s.fixture;
		int error = dump(&s, &(struct pt_dump_wish){0});
		/* at its very end it has read all it needs */
		if (error != -ESRCH && !(error == 0 && n + 8 > calls))
			fail_msg("ended before call %lu of %lu: %d", n, calls, error);
		scene_end(&s);
	}
}

static void every_call_that_fails_leaves_nothing_behind(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), 0);
	unsigned long calls = s.kernel->calls;
	s.kernel->fail_error = -EIO;
	for (unsigned long n = 1; n <= calls; n++) {
		s.kernel->calls = 0;
		s.kernel->fail_call = n;
		int error = dump(&s, &(struct pt_dump_wish){0});
		assert_int_equal(s.kernel->open_fds, 0);
		if (error == 0)
			pt_core_close(memory_core(&s.file));
	}
	scene_end(&s);
}

static void what_may_not_be_opened_is_told(void **state)
{
	(void)state;
	struct scene s = scene_new(everything);
	s.kernel->deny = "/mem";
	s.kernel->deny_error = -EACCES;
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), -EACCES);
	s.kernel->deny = "/smaps";
	s.kernel->deny_error = -ENOENT;
	assert_int_equal(dump(&s, &(struct pt_dump_wish){0}), -ENOENT);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_is_what_it_should_be),
		cmocka_unit_test(debuggers_find_their_notes),
		cmocka_unit_test(stopping_is_refused_where_it_cannot_be),
		cmocka_unit_test(only_what_changed_is_stored),
		cmocka_unit_test(a_merged_dump_is_as_a_whole_one),
		cmocka_unit_test(soft_dirty_bits_spare_reading),
		cmocka_unit_test(differences_are_told_to_the_byte),
		cmocka_unit_test(increments_compare_with_their_base),
		cmocka_unit_test(it_can_be_called_off),
		cmocka_unit_test(a_process_that_ends_gives_no_dump),
		cmocka_unit_test(every_call_that_fails_leaves_nothing_behind),
		cmocka_unit_test(what_may_not_be_opened_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
