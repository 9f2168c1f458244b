/*
 * Memory streamed: every page that is there in one batch, whatever the direction; and which of its words lie within bounds.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/stream.h"
#include "tests/support/fixture.h"

#define START 0x10000000ull
#define PAGES 1024u
#define PAGE  4096u

/* ---- streams ---------------------------------------------------------------------------------------------------- */

struct seen {
	atomic_uint pages[PAGES];
	atomic_uint wrong;
};

static void each(void *arg, const struct pt_stream_batch *batch)
{
	struct seen *seen = arg;
	for (size_t i = 0; i < batch->n; i++) {
		uint64_t address = batch->address + i * 8;
		seen->wrong += batch->words[i] != address;
		if (address % PAGE == 0)
			seen->pages[(address - START) / PAGE]++;
	}
}

static bool is_there(uint64_t page)
{
	return page < 16 || (page >= 20 && page < 600) || (page >= 601 && page < 1000);
}

static int fill_memory(struct fixture *fixture)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/proc/100/mem", fixture_root(fixture));
	int mem = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(mem >= 0);
	for (uint64_t page = 0; page < PAGES; page++) {
		uint64_t words[PAGE / 8];
		for (size_t i = 0; i < PAGE / 8; i++)
			words[i] = START + page * PAGE + i * 8;
		if (is_there(page))
			assert_int_equal(pwrite(mem, words, PAGE, (off_t)words[0]), PAGE);
	}
	return mem;
}

/* Two stretches, that begin and end within pieces. */
static void check_stream(const struct pt_memory *memory, bool backwards)
{
	const struct pt_stretch up[] = {{START + 2 * PAGE, START + 300 * PAGE},
					{START + 400 * PAGE, START + PAGES * PAGE}};
	const struct pt_stretch down[] = {up[1], up[0]};
	struct seen *seen = calloc(1, sizeof(*seen));
	const struct pt_stream stream = {.memory = memory,
					 .stretches = backwards ? down : up,
					 .n = 2,
					 .backwards = backwards,
					 .each = each,
					 .arg = seen};
	assert_int_equal(pt_stream_read(&stream), 0);
	assert_int_equal(seen->wrong, 0);
	for (uint64_t page = 0; page < PAGES; page++)
		assert_int_equal(seen->pages[page], is_there(page) && ((page >= 2 && page < 300) || page >= 400));
	free(seen);
}

static void every_page_once(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(PAGE, "process 100 S start=777 made up\n"
						    "vma 10000000-10400000 rw-p\n"
						    "pages 10000000-10010000 anon pfn=1000\n"
						    "pages 10014000-10258000 anon pfn=2000\n"
						    "pages 10259000-103e8000 anon pfn=3000\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_target target;
	struct pt_memory memory = {0};
	int mem = fill_memory(fixture);
	assert_int_equal(pt_target_open(&target, k, 100, NULL), 0);
	assert_int_equal(pt_memory_look(&memory, &target, false), 0);
	check_stream(&memory, false);
	check_stream(&memory, true);
	pt_memory_free(&memory);
	pt_target_close(&target);
	pt_kernel_free(k);
	close(mem);
	fixture_free(fixture);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void words_within_bounds(void **state)
{
	(void)state;
	const struct pt_heap_bounds bounds[] = {{0x1000, 0x2000}, {0x7f0000000000, 0x7f0000001000}};
	const uint64_t edges[] = {0,
				  1,
				  0xfff,
				  0x1000,
				  0x1fff,
				  0x2000,
				  0x7effffffffff,
				  0x7f0000000000,
				  0x7f0000000fff,
				  0x7f0000001000,
				  1ull << 63,
				  (1ull << 63) + 0x1000,
				  UINT64_MAX};
	const size_t n_edges = sizeof(edges) / sizeof(*edges);
	uint64_t words[200];
	uint16_t found[200];
	for (size_t i = 0; i < 200; i++)
		words[i] = edges[i * 7 % n_edges];
	for (size_t n_bounds = 0; n_bounds <= 2; n_bounds++)
		for (size_t n = 0; n <= 200; n++) {
			size_t n_found = pt_stream_filter(words, n, bounds, n_bounds, found), at = 0;
			for (size_t i = 0; i < n; i++) {
				bool within = false;
				for (size_t b = 0; b < n_bounds; b++)
					within |= words[i] >= bounds[b].low && words[i] < bounds[b].high;
				if (within)
					assert_int_equal(at < n_found ? found[at] : UINT16_MAX, i);
				at += within;
			}
			assert_int_equal(n_found, at);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_page_once), cmocka_unit_test(words_within_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
