/*
 * The picture of this machine's frames against what the kernel counts by itself: every frame with memory once, and sums
 * by kind that agree with meminfo within what moves meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/machine/picture.h"
#include "core/machine/zones.h"
#include "tests/support/skip.h"

#define TRIES 3
/* What may differ besides what moved while it was read: pages on their way between lists. */
#define SLACK_PARTS 32

static struct pt_kernel *k;

static int open_kernel(void **state)
{
	(void)state;
	return pt_kernel_linux_new(&k, "/", 0);
}

static int close_kernel(void **state)
{
	(void)state;
	pt_kernel_free(k);
	return 0;
}

/* Kinds that meminfo counts too, in frames. */
struct counted {
	uint64_t free, anon, file, shmem, slab, tables;
};

/* "\nMemFree:" of meminfo, which is in KiB. */
static uint64_t of_meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	assert_non_null(at);
	return strtoull(at + strlen(key), NULL, 10) * 1024 >> k->page_shift;
}

static struct counted by_the_kernel(void)
{
	char *text;
	size_t n;
	assert_int_equal(pt_kernel_slurp(k, "proc/meminfo", &text, &n), 0);
	struct counted c = {
		.free = of_meminfo(text, "\nMemFree:"),
		.anon = of_meminfo(text, "\nAnonPages:"),
		.shmem = of_meminfo(text, "\nShmem:"),
		.file = of_meminfo(text, "\nCached:") + of_meminfo(text, "\nBuffers:") - of_meminfo(text, "\nShmem:"),
		.slab = of_meminfo(text, "\nSlab:"),
		.tables = of_meminfo(text, "\nPageTables:"),
	};
	free(text);
	return c;
}

static bool near(const char *what, uint64_t got, uint64_t before, uint64_t after, uint64_t slack)
{
	uint64_t low = before < after ? before : after, high = before < after ? after : before;
	bool fine = got + slack >= low && got <= high + slack;
	if (!fine)
		print_message("%s: %llu frames, meminfo has %llu to %llu\n", what, (unsigned long long)got,
			      (unsigned long long)low, (unsigned long long)high);
	return fine;
}

/* Before anything that would have to be undone. */
static void need_flags(void)
{
	int fd = pt_picture_open(k);
	if (fd < 0)
		skip_because("kpageflags cannot be opened");
	k->ops->close(k, fd);
}

static struct pt_picture *picture_of(const struct pt_ram *ram)
{
	struct pt_picture *p;
	int fd = pt_picture_open(k);
	assert_true(fd >= 0);
	assert_int_equal(pt_picture_new(ram, &p), 0);
	assert_int_equal(pt_picture_read(p, k, fd, ram, 0, ram->frames), 0);
	k->ops->close(k, fd);
	return p;
}

static bool agrees(const struct pt_ram *ram)
{
	uint64_t slack = ram->online / SLACK_PARTS;
	struct counted before = by_the_kernel();
	struct pt_picture *p = picture_of(ram);
	struct counted after = by_the_kernel();
	const uint64_t *n = p->sums.n;
	bool fine = near("free", n[PT_FRAME_FREE], before.free, after.free, slack);
	fine = near("anonymous", n[PT_FRAME_ANON], before.anon, after.anon, slack) && fine;
	fine = near("file", n[PT_FRAME_FILE], before.file, after.file, slack) && fine;
	fine = near("shmem", n[PT_FRAME_SHMEM], before.shmem, after.shmem, slack) && fine;
	fine = near("slab", n[PT_FRAME_SLAB], before.slab, after.slab, slack) && fine;
	fine = near("page tables", n[PT_FRAME_PGTABLE], before.tables, after.tables, slack) && fine;
	pt_picture_free(p);
	return fine;
}

static void every_frame_is_there_once(void **state)
{
	(void)state;
	struct pt_ram ram;
	struct pt_zones zones;
	struct pt_picture_sums again = {0};
	uint64_t present = 0, all = 0;
	need_flags();
	assert_int_equal(pt_ram_read(k, &ram), 0);
	struct pt_picture *p = picture_of(&ram);
	for (int i = 0; i < PT_FRAME_N; i++)
		all += p->sums.n[i];
	assert_int_equal(all, ram.frames);
	assert_int_equal(p->sums.n[PT_FRAME_UNKNOWN], 0);
	pt_picture_add(p, 0, ram.frames, &again);
	assert_memory_equal(&again, &p->sums, sizeof again);
	assert_int_equal(pt_zones_read(k, &zones), 0);
	for (size_t i = 0; i < zones.n; i++)
		present += zones.v[i].present.value;
	if (ram.exact) /* else firmware's holes count as memory */
		assert_int_equal(ram.online, present);
	else
		assert_true(ram.online >= present);
	pt_zones_free(&zones);
	pt_picture_free(p);
	pt_ram_free(&ram);
}

static void sums_are_those_of_meminfo(void **state)
{
	(void)state;
	struct pt_ram ram;
	bool fine = false;
	need_flags();
	assert_int_equal(pt_ram_read(k, &ram), 0);
	for (int i = 0; i < TRIES && !fine; i++) /* of a busy machine much may have moved there and back */
		fine = agrees(&ram);
	assert_true(fine);
	pt_ram_free(&ram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_frame_is_there_once, open_kernel, close_kernel),
		cmocka_unit_test_setup_teardown(sums_are_those_of_meminfo, open_kernel, close_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
