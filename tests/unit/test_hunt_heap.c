/*
 * The heap of a made-up process whose memory is written here word by word: glibc's malloc as versions from 2.26 on lay it
 * out, and headers that make no sense.
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

#include "core/hunt/heap.h"
#include "tests/support/fixture.h"

#define DATA  0x10010000ull
#define MAIN  (DATA + 0x100)
#define KEY   (DATA + 0x3000) /* the word that cached chunks are marked with */
#define HEAP  0x20000000ull
#define END   0x20040000ull
#define NONE  0xa5c3f0961e2d7b48ull
#define FIRST (HEAP + 0x290) /* behind the first thread's cache */

struct layout {
	const char *name;
	unsigned bins;  /* offset in malloc_state */
	bool fast;      /* there are fast bins */
	bool hidden;    /* links are XORed with where they lie */
	bool marked;    /* cached chunks are */
	uint64_t cache; /* bytes of the chunk that is a tcache */
	unsigned heads; /* offset of its entries */
};

static const struct layout layouts[] = {
	{"2.26", 104, true, false, false, 0x250, 64},  {"2.28", 112, true, false, false, 0x250, 64},
	{"2.31", 112, true, false, false, 0x290, 128}, {"2.33", 112, true, true, false, 0x290, 128},
	{"2.36", 112, true, true, true, 0x290, 128},   {"2.42", 112, true, true, true, 0x300, 152},
	{"2.43", 24, false, true, true, 0x300, 152},
};
static const struct layout *const usual = &layouts[4];

static struct {
	struct fixture *fixture;
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_memory memory;
	struct pt_heap *heap;
	int mem;
	const struct layout *layout;
	uint64_t at, last; /* where the next chunk begins, and bytes of the one before it if that is free */
} it;

/* ---- writing memory --------------------------------------------------------------------------------------------- */

static void put(uint64_t address, uint64_t word)
{
	assert_int_equal(pwrite(it.mem, &word, 8, (off_t)address), 8);
}

/* A chunk behind the last one; its address. `freed`: the next one says that it is. */
static uint64_t chunk(uint64_t size, bool freed)
{
	uint64_t header = it.at;
	put(header + 8, size | !it.last);
	if (it.last)
		put(header, it.last);
	it.at += size;
	it.last = freed ? size : 0;
	return header;
}

static uint64_t link_to(uint64_t to, uint64_t place)
{
	return it.layout->hidden ? to ^ place >> 12 : to;
}

static void set_top(void)
{
	put(MAIN + it.layout->bins - 16, it.at);
	put(it.at + 8, (END - it.at) | 1);
}

static uint64_t bin(unsigned i)
{
	return MAIN + it.layout->bins + 16 * i;
}

static void put_arena(void)
{
	for (unsigned i = 0; i < 127; i++) {
		put(bin(i), bin(i) - 16);
		put(bin(i) + 8, bin(i) - 16);
	}
	put(bin(127) + 16, MAIN);       /* next, */
	put(bin(127) + 40, END - HEAP); /* system_mem, */
	put(bin(127) + 48, END - HEAP); /* max_system_mem */
	put(KEY, NONE);
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

static void begin(const struct layout *layout)
{
	char path[4200];
	it.layout = layout;
	it.fixture = fixture_new(4096, "process 100 S start=777 made up\n"
				       "vma 10000000-10010000 r-xp inode=5 /lib/libc.so.6\n"
				       "vma 10010000-10014000 rw-p offset=10000 inode=5 /lib/libc.so.6\n"
				       "vma 20000000-20040000 rw-p [heap]\n"
				       "pages 10010000-10014000 anon pfn=1000\n"
				       "pages 20000000-20040000 anon pfn=2000\n");
	snprintf(path, sizeof(path), "%s/proc/100/mem", fixture_root(it.fixture));
	it.mem = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(it.mem >= 0);
	assert_int_equal(ftruncate(it.mem, END), 0);
	it.at = HEAP;
	it.last = 0;
	put_arena();
}

static int read_heap(void)
{
	it.k = fixture_kernel(it.fixture);
	assert_int_equal(pt_target_open(&it.target, it.k, 100, NULL), 0);
	assert_int_equal(pt_memory_look(&it.memory, &it.target, false), 0);
	return pt_heap_read(&it.heap, &it.memory);
}

static void end(void)
{
	pt_heap_free(it.heap);
	pt_memory_free(&it.memory);
	pt_target_close(&it.target);
	pt_kernel_free(it.k);
	close(it.mem);
	fixture_free(it.fixture);
	memset(&it, 0, sizeof(it));
}

static void check(uint64_t header, uint64_t size, enum pt_chunk_kind kind)
{
	struct pt_chunk found;
	pt_chunk_id id = pt_heap_find(it.heap, header + 16);
	assert_int_not_equal(id, PT_NO_CHUNK);
	pt_heap_chunk(it.heap, id, &found);
	assert_int_equal(found.address, header + 16);
	assert_int_equal(found.size, kind == PT_CHUNK_TOP ? size - 16 : size - 8);
	assert_int_equal(found.kind, kind);
	assert_int_equal(pt_heap_kind(it.heap, id), kind);
	assert_int_equal(pt_heap_used(it.heap, id), kind == PT_CHUNK_USED);
	assert_int_equal(pt_heap_find(it.heap, header), id);
	assert_int_equal(pt_heap_find(it.heap, header + size - 1), id);
}

/* ---- layouts ---------------------------------------------------------------------------------------------------- */

static void put_in_cache(uint64_t cache, unsigned i, uint64_t first, uint64_t second)
{
	put(cache + 16 + it.layout->heads + 8 * i, first + 16);
	put(first + 16, link_to(second + 16, first + 16));
	put(second + 16, link_to(0, second + 16));
	uint64_t mark = it.layout->marked ? NONE : cache + 16;
	put(first + 24, mark);
	put(second + 24, mark);
}

static void a_heap_of(const struct layout *layout)
{
	print_message("glibc %s\n", layout->name);
	begin(layout);
	uint64_t cache = chunk(layout->cache, false), used = chunk(0x20, false);
	uint64_t cached = chunk(0x50, false), cached_too = chunk(0x50, false);
	uint64_t freed = chunk(0x1000, true), used_too = chunk(0x90, false);
	uint64_t fast = chunk(0x40, false), fast_too = chunk(0x40, false), last = chunk(0x30, false);
	put_in_cache(cache, (0x50 - 0x20) / 16, cached, cached_too);
	put(freed + 16, bin(0) - 16);
	put(freed + 24, bin(0) - 16);
	put(bin(0), freed);
	put(bin(0) + 8, freed);
	if (layout->fast) {
		put(bin(0) - 96 + 8 * 2, fast);
		put(fast + 16, link_to(fast_too, fast + 16));
		put(fast_too + 16, link_to(0, fast_too + 16));
	}
	set_top();
	assert_int_equal(read_heap(), 0);
	check(cache, layout->cache, PT_CHUNK_OWN);
	check(used, 0x20, PT_CHUNK_USED);
	check(cached, 0x50, PT_CHUNK_CACHED);
	check(cached_too, 0x50, PT_CHUNK_CACHED);
	check(freed, 0x1000, PT_CHUNK_FREE);
	check(used_too, 0x90, PT_CHUNK_USED);
	check(fast, 0x40, layout->fast ? PT_CHUNK_FREE : PT_CHUNK_USED);
	check(fast_too, 0x40, layout->fast ? PT_CHUNK_FREE : PT_CHUNK_USED);
	check(last, 0x30, PT_CHUNK_USED);
	check(it.at, END - it.at, PT_CHUNK_TOP);
	assert_int_equal(pt_heap_n(it.heap), 10);
	assert_int_equal(pt_heap_broken(it.heap), 0);
	assert_int_equal(pt_heap_tcache_key(it.heap), layout->marked ? NONE : 0);
	size_t n;
	const struct pt_tcache *caches = pt_heap_tcaches(it.heap, &n);
	assert_int_equal(n, 1);
	assert_int_equal(caches->entries, cache + 16 + layout->heads);
	end();
}

static void every_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		a_heap_of(&layouts[i]);
}

/* A chunk that was a fast one, and whose first word still is a link: it is in no list any more. */
static void a_stale_link(void **state)
{
	(void)state;
	begin(usual);
	uint64_t first = chunk(0x40, false), second = chunk(0x40, false);
	put(first + 16, link_to(second, first + 16));
	set_top();
	assert_int_equal(read_heap(), 0);
	check(first, 0x40, PT_CHUNK_USED);
	check(second, 0x40, PT_CHUNK_USED);
	end();
}

/* In a heap this low the hidden link leads to another chunk of the list's size as it stands, too. */
static void a_link_of_two_meanings(void **state)
{
	(void)state;
	begin(usual);
	uint64_t cache = chunk(usual->cache, false), cached = chunk(0x50, false), cached_too = chunk(0x50, false);
	uint64_t first = chunk(0x40, false), second = chunk(0x40, false);
	chunk(0x20000 - 0x40, false);
	uint64_t other = chunk(0x40, false);
	put_in_cache(cache, (0x50 - 0x20) / 16, cached, cached_too);
	put(bin(0) - 96 + 8 * 2, first);
	put(first + 16, link_to(second, first + 16));
	put(second + 16, link_to(0, second + 16));
	assert_int_equal(link_to(second, first + 16), other);
	set_top();
	assert_int_equal(read_heap(), 0);
	check(first, 0x40, PT_CHUNK_FREE);
	check(second, 0x40, PT_CHUNK_FREE);
	check(other, 0x40, PT_CHUNK_USED);
	end();
}

/* ---- what makes no sense ---------------------------------------------------------------------------------------- */

static void put_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		chunk(i % 3 ? 0x40 : 0x70, i % 4 == 0);
	chunk(0x20, false);
}

/* The program wrote over one header: that chunk is lost, no other. */
static void a_header_written_over(void **state)
{
	(void)state;
	for (uint64_t with = 0; with < 4; with++) {
		begin(usual);
		put_many(200);
		uint64_t before = chunk(0x50, false), hit = chunk(0x60, false), behind = chunk(0x30, false);
		put_many(300);
		set_top();
		put(hit + 8, with == 0 ? 0 : with == 1 ? 0x4141414141414141 : with == 2 ? 0x71 + 8 : 0x100001);
		assert_int_equal(read_heap(), 0);
		check(before, 0x50, PT_CHUNK_USED);
		check(behind, 0x30, PT_CHUNK_USED);
		check(it.at, END - it.at, PT_CHUNK_TOP);
		assert_int_equal(pt_heap_find(it.heap, hit + 16), PT_NO_CHUNK);
		assert_int_equal(pt_heap_broken(it.heap), 0x60);
		assert_int_equal(pt_heap_n(it.heap), 201 + 2 + 301 + 1);
		end();
	}
}

/* Behind a lost header lies a free chunk that is full of headers of chunks that it was once: they are not believed. */
static void headers_of_old(void **state)
{
	(void)state;
	begin(usual);
	put_many(50);
	uint64_t hit = chunk(0x60, false), hollow = it.at;
	for (uint64_t at = 0x20; at < 0x2000; at += 0x40)
		put(hollow + at + 8, 0x41);
	it.at = hollow;
	chunk(0x2000 + 0x20, true);
	uint64_t behind = chunk(0x30, false);
	put_many(100);
	set_top();
	put(hit + 8, 0);
	put(hollow + 8, 0);
	assert_int_equal(read_heap(), 0);
	check(behind, 0x30, PT_CHUNK_USED);
	for (uint64_t at = hit; at < behind; at += 16)
		assert_int_equal(pt_heap_find(it.heap, at), PT_NO_CHUNK);
	assert_int_equal(pt_heap_broken(it.heap), behind - hit);
	end();
}

/* Two pages are swapped out, and not read: what begins on them is not known, what is behind them is. */
static void swapped_headers(void **state)
{
	(void)state;
	begin(usual);
	put_many(400);
	set_top();
	fixture_add(it.fixture, "in 100\nswap 20003000-20005000 type=0 offset=5\n");
	char zero[0x2000] = {0};
	assert_int_equal(pwrite(it.mem, zero, sizeof(zero), 0x20003000), sizeof(zero));
	assert_int_equal(read_heap(), 0);
	assert_int_equal(it.memory.swapped, 0x2000);
	assert_in_range(pt_heap_broken(it.heap), 0x1f00, 0x2100);
	check(it.at, END - it.at, PT_CHUNK_TOP);
	size_t n;
	const struct pt_heap_region *regions = pt_heap_regions(it.heap, &n);
	assert_int_equal(n, 2);
	assert_in_range(regions[0].end, 0x20003000, 0x20003070);
	assert_in_range(regions[1].start, 0x20005000, 0x20005070);
	end();
}

/* A malloc that nobody has used yet, or none at all. */
static void no_heap(void **state)
{
	(void)state;
	begin(usual);
	fixture_add(it.fixture, "in 100\nunmap 20000000-20010000\n");
	assert_int_equal(read_heap(), -ENOTSUP);
	end();
	begin(usual);
	char zero[0x4000] = {0};
	assert_int_equal(pwrite(it.mem, zero, sizeof(zero), DATA), sizeof(zero));
	assert_int_equal(read_heap(), -ENOTSUP);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version),          cmocka_unit_test(a_stale_link),
		cmocka_unit_test(a_header_written_over),  cmocka_unit_test(headers_of_old),
		cmocka_unit_test(swapped_headers),        cmocka_unit_test(no_heap),
		cmocka_unit_test(a_link_of_two_meanings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
