/*
 * Frames within a budget, on made-up processes: whatever changes, in whatever order it is read, the picture comes to be
 * that of a full scan; what the screen watches comes first; ages are what they say; failures lose nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>

#include "core/kernel/abi.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/rounds.h"
#include "tests/support/scripted.h"

#define PAGE     UINT64_C(4096)
#define SECOND   UINT64_C(1000000000)
#define SHARE    0.05
#define NOTHING  1ull /* ns of CPU time: a little of everything is read all the same */
#define CATCH_UP 1000 /* frames within which everything has had its turn */

/* ---- a world that changes --------------------------------------------------------------------------------------- */

#define REGIONS      6
#define REGION_PAGES 96u

enum shape { UNMAPPED, ANON, FILE_, SHARED_ };

struct world {
	struct fixture *fixture;
	struct scripted *scripted;
	struct pt_scan *scan;
	uint64_t random, pfn;
	enum shape shape[REGIONS];
};

static uint64_t dice(struct world *w, uint64_t sides)
{
	w->random = w->random * 6364136223846793005ull + 1442695040888963407ull;
	return (w->random >> 33) % sides;
}

static uint64_t region_start(unsigned region)
{
	return UINT64_C(0x10000000) + region * UINT64_C(0x100000);
}

static void say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct world *w, const char *format, ...)
{
	char text[300] = "in 100\n";
	size_t at = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text + at, sizeof(text) - at, format, arguments);
	va_end(arguments);
	fixture_add(w->fixture, text);
}

static void map_region(struct world *w, unsigned region, enum shape shape)
{
	uint64_t start = region_start(region), end = start + REGION_PAGES * PAGE;
	if (w->shape[region] != UNMAPPED)
		say(w, "unmap %" PRIx64 "-%" PRIx64 "\n", start, end);
	w->shape[region] = shape;
	if (shape == ANON)
		say(w, "vma %" PRIx64 "-%" PRIx64 " rw-p\n", start, end);
	else if (shape == FILE_)
		say(w, "vma %" PRIx64 "-%" PRIx64 " r--p inode=%u /lib/%u\n", start, end, region + 5, region);
	else if (shape == SHARED_)
		say(w, "vma %" PRIx64 "-%" PRIx64 " rw-s inode=%u /dev/shm/%u (deleted)\n", start, end, region + 50,
		    region);
}

/* Pages that are there, of a random kind and frame. */
static void touch(struct world *w, unsigned region)
{
	static const char *const anon[] = {"anon", "anon", "lazyfree", "zero", "ksm"};
	unsigned n = 1 + (unsigned)dice(w, 12), first = (unsigned)dice(w, REGION_PAGES - n);
	uint64_t start = region_start(region) + first * PAGE;
	const char *kind = w->shape[region] == ANON ? anon[dice(w, 5)] : w->shape[region] == FILE_ ? "file" : "shmem";
	say(w, "pages %" PRIx64 "-%" PRIx64 " %s pfn=0x%" PRIx64 " count=%u%s\n", start, start + n * PAGE, kind, w->pfn,
	    strcmp(kind, "zero") ? 1 + (unsigned)dice(w, 3) : 1, dice(w, 2) ? " +dirty" : "");
	w->pfn += n + dice(w, 3);
}

static void swap_out(struct world *w, unsigned region)
{
	uint64_t start = region_start(region) + dice(w, REGION_PAGES - 8) * PAGE;
	if (w->shape[region] == ANON)
		say(w, "swap %" PRIx64 "-%" PRIx64 " type=0 offset=%u\n", start, start + 5 * PAGE,
		    (unsigned)dice(w, 1000));
	else if (w->shape[region] == SHARED_)
		say(w, "evicted %" PRIx64 "-%" PRIx64 "\n", start, start + 5 * PAGE);
}

static void change(struct world *w)
{
	unsigned region = (unsigned)dice(w, REGIONS);
	uint64_t what = dice(w, 20);
	if (w->shape[region] == UNMAPPED || what == 0)
		map_region(w, region, (enum shape)dice(w, 4)); /* anew, from somewhere else, or away */
	else if (what < 4)
		swap_out(w, region);
	else if (what == 4 && w->shape[region] == ANON)
		say(w, "marker %" PRIx64 " guard\n", region_start(region) + dice(w, REGION_PAGES) * PAGE);
	else
		touch(w, region);
}

static struct world *world_new(uint64_t seed, bool no_scan)
{
	struct world *w = calloc(1, sizeof(*w));
	w->random = seed;
	w->pfn = 0x1000;
	w->fixture = fixture_new(PAGE, "process 100 S start=777 threads=1 restless\n"
				       "vma 8000000-8010000 r-xp inode=3 /bin/restless\n"
				       "page 8000000 file pfn=0x100\n");
	w->scripted = scripted_new(fixture_kernel(w->fixture));
	w->scripted->tick = 1000;
	w->scripted->no_scan = no_scan;
	for (unsigned r = 0; r < REGIONS; r++)
		map_region(w, r, (enum shape)(r % 4));
	for (int i = 0; i < 40; i++)
		change(w);
	assert_int_equal(pt_scan_open(&w->scan, &w->scripted->k, 100), 0);
	return w;
}

static void world_free(struct world *w)
{
	pt_scan_close(w->scan);
	scripted_free(w->scripted);
	fixture_free(w->fixture);
	free(w);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static int try_refresh(struct world *w, uint64_t budget, const struct pt_stretch *watched, size_t n,
		       struct pt_snapshot **ret)
{
	struct pt_scan_wish wish = {
		.share = SHARE, .budget_ns = budget, .interval_ns = SECOND, .watched = watched, .n_watched = n};
	w->scripted->clock[PT_CLOCK_MONOTONIC] += SECOND;
	return pt_scan_refresh(w->scan, &wish, NULL, NULL, ret);
}

static struct pt_snapshot *refresh(struct world *w, uint64_t budget, const struct pt_stretch *watched, size_t n)
{
	struct pt_snapshot *s = NULL;
	assert_int_equal(try_refresh(w, budget, watched, n, &s), 0);
	assert_int_equal(s->stage, PT_STAGE_COMPLETE);
	assert_int_equal(s->done_pages, s->all_pages);
	return s;
}

static struct pt_snapshot *full(struct world *w)
{
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_once(&w->scripted->k, 100, 1, &s), 0);
	return s;
}

static void assert_same_chunk(uint64_t index, const struct pt_chunk *got, const struct pt_chunk *want)
{
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		struct pt_page a = pt_chunk_page(got, i), b = pt_chunk_page(want, i);
		if (a.bits != b.bits || a.pfn != b.pfn || a.count != b.count)
			print_error("page %" PRIx64 ": %x %" PRIx64 " %u, not %x %" PRIx64 " %u\n",
				    (index * PT_CHUNK_PAGES + i) * PAGE, a.bits, a.pfn, a.count, b.bits, b.pfn,
				    b.count);
		assert_int_equal(a.bits, b.bits);
		assert_int_equal(a.pfn, b.pfn);
		assert_int_equal(a.count, b.count);
	}
}

static void assert_same(const struct pt_snapshot *got, const struct pt_snapshot *want)
{
	assert_int_equal(got->vmas->n, want->vmas->n);
	assert_int_equal(got->n_slots, want->n_slots);
	for (size_t i = 0; i < got->n_slots; i++) {
		assert_int_equal(got->slots[i].index, want->slots[i].index);
		assert_same_chunk(got->slots[i].index, got->slots[i].chunk, want->slots[i].chunk);
	}
	assert_memory_equal(&got->total, &want->total, sizeof(got->total));
}

/* What claims to be of this frame is what a full scan sees, and nothing lies outside of the VMAs. */
static void assert_honest(struct world *w, const struct pt_snapshot *s, uint64_t began)
{
	struct pt_snapshot *want = full(w);
	for (size_t i = 0; i < s->n_slots; i++) {
		uint64_t start = s->slots[i].index * PT_CHUNK_PAGES * PAGE;
		if (s->slots[i].read_ns >= began)
			assert_same_chunk(s->slots[i].index, s->slots[i].chunk, pt_snapshot_chunk(want, start));
		for (unsigned p = 0; p < PT_CHUNK_PAGES; p++) {
			size_t vma = pt_vma_find(s->vmas, start + p * PAGE);
			bool inside = vma < s->vmas->n && pt_vma_covers(&s->vmas->v[vma], start + p * PAGE);
			enum pt_kind kind = pt_page_kind(pt_chunk_page(s->slots[i].chunk, p));
			assert_true(inside || kind == PT_UNTOUCHED);
		}
	}
	pt_snapshot_unref(want);
}

static uint64_t oldest(const struct pt_snapshot *s)
{
	uint64_t oldest = s->presence_ns;
	for (size_t i = 0; i < s->n_slots; i++)
		oldest = s->slots[i].read_ns < oldest ? s->slots[i].read_ns : oldest;
	return oldest;
}

/* Nothing changes any more: frames go on until they say that all was read since. */
static struct pt_snapshot *catch_up(struct world *w, uint64_t budget)
{
	uint64_t since = w->scripted->clock[PT_CLOCK_MONOTONIC];
	for (int i = 0; i < CATCH_UP; i++) {
		struct pt_snapshot *s = refresh(w, budget, NULL, 0);
		if (oldest(s) >= since)
			return s;
		pt_snapshot_unref(s);
	}
	fail_msg("some page never had its turn");
	return NULL;
}

static void live_through(uint64_t seed, bool no_scan)
{
	struct world *w = world_new(seed, no_scan);
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &s), 0);
	pt_snapshot_unref(s);
	for (int frame = 0; frame < 60; frame++) {
		uint64_t at = region_start((unsigned)dice(w, REGIONS));
		struct pt_stretch watched[] = {{at, at + dice(w, 40) * PAGE}, {at - 0x200000, at - 0x1f0000}};
		for (uint64_t n = dice(w, 4); n; n--)
			change(w);
		uint64_t began = w->scripted->clock[PT_CLOCK_MONOTONIC];
		s = refresh(w, dice(w, 3) ? dice(w, 60000) : NOTHING, watched, dice(w, 3));
		assert_honest(w, s, began + SECOND);
		pt_snapshot_unref(s);
		if (frame % 20 != 19)
			continue;
		s = catch_up(w, frame < 30 ? NOTHING : 30000);
		struct pt_snapshot *want = full(w);
		assert_same(s, want);
		pt_snapshot_unref(want);
		pt_snapshot_unref(s);
	}
	world_free(w);
}

static void every_picture_comes_to_be_that_of_a_full_scan(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(12); seed++)
		live_through(seed, false);
}

static void also_without_pagemap_scan(void **arg)
{
	(void)arg;
	for (uint64_t seed = 100; seed < 100 + rounds(4); seed++)
		live_through(seed, true);
}

/* ---- a large process that holds still --------------------------------------------------------------------------- */

#define LARGE_START UINT64_C(0x10000000)
#define LARGE_PAGES (400u * PT_CHUNK_PAGES)
#define ADDRESS(n)  (LARGE_START + (n)*PAGE)

/* What reading takes of the thread's CPU time: so much for an entry of pagemap, and for one file more. */
#define ENTRY_NS 100u

static struct {
	struct scripted *scripted;
	const char *name; /* how its path ends; NULL: none */
	uint64_t cpu_ns;
	unsigned reads; /* of it */
	char threads;   /* the digit that stat shows; 0: as it is */
} slow;

static bool ends_with(const char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name);
	return n >= m && !strcmp(path + n - m, name);
}

static void take_time(const char *path, void *buf, size_t size)
{
	char *threads = slow.threads && ends_with(path, "/stat") ? memmem(buf, size, " 1 0 777 ", 9) : NULL;
	if (threads)
		threads[1] = slow.threads;
	if (ends_with(path, "/pagemap"))
		slow.scripted->clock[PT_CLOCK_THREAD_CPU] += size / 8 * ENTRY_NS;
	if (!slow.name || !ends_with(path, slow.name))
		return;
	slow.scripted->clock[PT_CLOCK_THREAD_CPU] += slow.cpu_ns;
	slow.reads++;
}

static struct world *large_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	char text[300];
	snprintf(text, sizeof(text),
		 "process 100 S start=777 threads=1 large\n"
		 "vma %" PRIx64 "-%" PRIx64 " rw-p\n"
		 "pages %" PRIx64 "-%" PRIx64 " anon pfn=0x100000\n",
		 ADDRESS(0), ADDRESS(2u * LARGE_PAGES), ADDRESS(0), ADDRESS(LARGE_PAGES));
	w->fixture = fixture_new(PAGE, text);
	w->scripted = scripted_new(fixture_kernel(w->fixture));
	w->scripted->tick = 1000;
	w->scripted->edit = take_time;
	slow.scripted = w->scripted;
	slow.name = NULL;
	slow.threads = 0;
	assert_int_equal(pt_scan_open(&w->scan, &w->scripted->k, 100), 0);
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &s), 0);
	pt_snapshot_unref(s);
	return w;
}

static bool is_dirty(const struct pt_snapshot *s, unsigned page)
{
	return pt_snapshot_page(s, ADDRESS(page)).bits & PT_DIRTY;
}

/* Flags change and presence does not: only reading tells. */
static void what_the_screen_shows_is_read_first(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	const unsigned here = 300 * PT_CHUNK_PAGES, there = 350 * PT_CHUNK_PAGES;
	say(w, "page %" PRIx64 " anon pfn=0x900000 +dirty\npage %" PRIx64 " anon pfn=0x900100 +dirty\n", ADDRESS(here),
	    ADDRESS(there));
	struct pt_stretch watched = {ADDRESS(here - 1), ADDRESS(here + 1)};
	struct pt_snapshot *s = refresh(w, NOTHING, &watched, 1);
	for (int frames = 0; !is_dirty(s, here) && frames < 3; frames++) { /* two chunks, one at a time when poor */
		pt_snapshot_unref(s);
		s = refresh(w, NOTHING, &watched, 1);
	}
	assert_true(is_dirty(s, here));
	assert_false(is_dirty(s, there));
	pt_snapshot_unref(s);
	s = catch_up(w, NOTHING);
	assert_true(is_dirty(s, there));
	pt_snapshot_unref(s);
	world_free(w);
}

static void new_pages_on_the_screen_are_seen_at_once(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	const unsigned page = LARGE_PAGES + 100 * PT_CHUNK_PAGES;
	struct pt_stretch watched = {ADDRESS(page - 4), ADDRESS(page + 4)};
	pt_snapshot_unref(refresh(w, NOTHING, &watched, 1));
	say(w, "page %" PRIx64 " anon pfn=0x900000 count=7\n", ADDRESS(page));
	struct pt_snapshot *s = refresh(w, 40000, &watched, 1);
	assert_int_equal(pt_snapshot_page(s, ADDRESS(page)).count, 7);
	pt_snapshot_unref(s);
	world_free(w);
}

static void presence_is_never_older_than_five_seconds(void **arg)
{
	(void)arg;
	const unsigned came = LARGE_PAGES + 77 * PT_CHUNK_PAGES, left = 200 * PT_CHUNK_PAGES + 3,
		       zeroed = 201 * PT_CHUNK_PAGES;
	struct world *w = large_new();
	struct pt_snapshot *s;
	for (int frame = 0; frame < 20; frame++) {
		s = refresh(w, 200000, NULL, 0);
		assert_true(s->monotonic_ns - s->presence_ns <= 5 * SECOND);
		pt_snapshot_unref(s);
	}
	say(w,
	    "page %" PRIx64 " anon pfn=0x900000\nswap %" PRIx64 " type=0 offset=5\npage %" PRIx64
	    " zero pfn=0x900100\n",
	    ADDRESS(came), ADDRESS(left), ADDRESS(zeroed));
	for (int frame = 0; frame < 5; frame++)
		pt_snapshot_unref(refresh(w, 20000, NULL, 0));
	s = refresh(w, NOTHING, NULL, 0);
	assert_true(pt_kind_present(pt_page_kind(pt_snapshot_page(s, ADDRESS(came)))));
	assert_int_equal(pt_page_kind(pt_snapshot_page(s, ADDRESS(left))), PT_SWAP);
	assert_int_equal(pt_page_kind(pt_snapshot_page(s, ADDRESS(zeroed))), PT_ZERO);
	assert_int_equal(pt_page_kind(pt_snapshot_page(s, ADDRESS(zeroed + 1))), PT_ANON); /* what stayed is known */
	pt_snapshot_unref(s);
	world_free(w);
}

static size_t chunks_read_since(const struct pt_snapshot *s, uint64_t ns)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_slots; i++)
		n += s->slots[i].read_ns >= ns;
	return n;
}

static void a_small_budget_reads_little_and_a_large_one_everything(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	uint64_t before = w->scripted->clock[PT_CLOCK_MONOTONIC] += 60 * SECOND; /* all of it is stale */
	struct pt_snapshot *s = refresh(w, NOTHING, NULL, 0);
	assert_in_range(chunks_read_since(s, before), 1, s->n_slots / 5);
	pt_snapshot_unref(s);
	s = refresh(w, SECOND, NULL, 0);
	assert_true(oldest(s) >= s->fresh_ns);
	pt_snapshot_unref(s);
	world_free(w);
}

static struct scripted *charged;

/* A ns of CPU time for each byte that is read. */
static void charge(const char *path, void *buf, size_t size)
{
	(void)path;
	(void)buf;
	charged->clock[PT_CLOCK_THREAD_CPU] += size;
}

/* Not with every frame what a third of the budget does not buy; but before it is half a minute old. */
static void what_can_wait_goes_round(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	charged = w->scripted;
	w->scripted->edit = charge;
	w->scripted->tick = 1;
	size_t partly = 0;
	for (int frame = 0; frame < 100; frame++) {
		uint64_t before = w->scripted->clock[PT_CLOCK_MONOTONIC];
		struct pt_snapshot *s = refresh(w, LARGE_PAGES * 2 * 8, NULL, 0); /* pagemap and flags */
		assert_true(s->monotonic_ns - oldest(s) <= 31 * SECOND);
		partly += chunks_read_since(s, before) < s->n_slots / 10;
		pt_snapshot_unref(s);
	}
	assert_true(partly > 90);
	world_free(w);
}

static void little_things_on_the_screen_are_read_each_time(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	const unsigned row = 399 * PT_CHUNK_PAGES, map = 390 * PT_CHUNK_PAGES;
	struct pt_stretch watched[] = {{ADDRESS(0), ADDRESS(map)}, {ADDRESS(row), ADDRESS(row + 2)}};
	charged = w->scripted;
	w->scripted->edit = charge;
	w->scripted->tick = 1;
	for (int frame = 0; frame < 20; frame++) {
		uint64_t before = w->scripted->clock[PT_CLOCK_MONOTONIC];
		struct pt_snapshot *s = refresh(w, LARGE_PAGES * 2 * 8, watched, 2);
		size_t i = pt_snapshot_lower(s, ADDRESS(row) / pt_snapshot_chunk_size(s));
		assert_true(s->slots[i].read_ns >= before);
		assert_true(chunks_read_since(s, before) < s->n_slots / 2);
		pt_snapshot_unref(s);
	}
	world_free(w);
}

static void chunks_that_were_not_read_are_shared(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	struct pt_snapshot *a = refresh(w, NOTHING, NULL, 0), *b = refresh(w, NOTHING, NULL, 0);
	assert_int_equal(a->n_slots, b->n_slots);
	for (size_t i = 0; i < a->n_slots; i++)
		assert_ptr_equal(a->slots[i].chunk, b->slots[i].chunk);
	assert_ptr_equal(a->vmas, b->vmas);
	pt_snapshot_unref(a);
	pt_snapshot_unref(b);
	world_free(w);
}

/* ---- claims ----------------------------------------------------------------------------------------------------- */

/* A page comes right after PAGEMAP_SCAN went by, in a hole of a chunk that has others. */
#define ARRIVAL (3 * PT_CHUNK_PAGES + 2)

static struct {
	struct world *w;
	struct pt_kernel_ops ops;
	const struct pt_kernel_ops *inner;
	unsigned scans; /* still to come before that one */
	uint64_t at_ns;
} arrival;

static int scan_and_arrive(struct pt_kernel *k, int fd, unsigned long request, void *arg)
{
	int got = arrival.inner->ioctl(k, fd, request, arg);
	if (request != PT_PAGEMAP_SCAN || arrival.at_ns || arrival.scans--)
		return got;
	arrival.at_ns = arrival.w->scripted->clock[PT_CLOCK_MONOTONIC] += SECOND;
	say(arrival.w, "page %" PRIx64 " anon pfn=0x900000\n", ADDRESS(ARRIVAL));
	arrival.w->scripted->clock[PT_CLOCK_MONOTONIC] += SECOND;
	return got;
}

static struct world *sparse_new(unsigned scans)
{
	struct world *w = calloc(1, sizeof(*w));
	char text[300];
	snprintf(text, sizeof(text),
		 "process 100 S start=777 threads=1 sparse\n"
		 "vma %" PRIx64 "-%" PRIx64 " rw-p\n"
		 "page %" PRIx64 " anon pfn=0x100\npage %" PRIx64 " anon pfn=0x107\n",
		 ADDRESS(0), ADDRESS(8 * PT_CHUNK_PAGES), ADDRESS(ARRIVAL - 2), ADDRESS(ARRIVAL + 1));
	w->fixture = fixture_new(PAGE, text);
	w->scripted = scripted_new(fixture_kernel(w->fixture));
	w->scripted->tick = 1000;
	assert_int_equal(pt_scan_open(&w->scan, &w->scripted->k, 100), 0);
	arrival.w = w;
	arrival.inner = w->scripted->k.ops;
	arrival.ops = *arrival.inner;
	arrival.ops.ioctl = scan_and_arrive;
	arrival.scans = scans;
	arrival.at_ns = 0;
	w->scripted->k.ops = &arrival.ops;
	return w;
}

static void what_was_read_since_misses_no_page_that_came_before(void **arg)
{
	(void)arg;
	for (unsigned scans = 0; scans < 3; scans++) {
		struct world *w = sparse_new(scans);
		for (int frame = 0; frame < 4; frame++) {
			struct pt_snapshot *s = refresh(w, frame % 2 ? NOTHING : SECOND, NULL, 0);
			if (arrival.at_ns && pt_page_kind(pt_snapshot_page(s, ADDRESS(ARRIVAL))) != PT_ANON) {
				assert_true(s->slots[0].read_ns <= arrival.at_ns);
				assert_true(s->presence_ns <= arrival.at_ns);
			}
			pt_snapshot_unref(s);
		}
		assert_true(arrival.at_ns);
		world_free(w);
	}
}

static struct world *slow_new(const char *name, uint64_t cpu_ns)
{
	struct world *w = large_new();
	slow.name = name;
	slow.cpu_ns = cpu_ns;
	pt_scan_close(w->scan);
	assert_int_equal(pt_scan_open(&w->scan, &w->scripted->k, 100), 0);
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &s), 0);
	pt_snapshot_unref(s);
	return w;
}

/* maps is asked for seldom then, and nobody looked where it does not say that there is something. */
static void presence_is_no_younger_than_maps(void **arg)
{
	(void)arg;
	struct world *w = slow_new("/maps", SECOND / 10);
	uint64_t mapped_ns = w->scripted->clock[PT_CLOCK_MONOTONIC];
	say(w, "vma 90000000-90010000 rw-p\npage 90000000 anon pfn=0x900000\n");
	bool there = false;
	for (int frame = 0; frame < 20 && !there; frame++) {
		struct pt_snapshot *s = refresh(w, SECOND, NULL, 0);
		there = pt_page_kind(pt_snapshot_page(s, 0x90000000)) == PT_ANON;
		assert_true(there || s->presence_ns <= mapped_ns);
		pt_snapshot_unref(s);
	}
	assert_true(there);
	world_free(w);
}

static void what_a_frame_costs_anyway_does_not_stop_the_reading(void **arg)
{
	(void)arg;
	struct world *w = slow_new("/status", SECOND / 100);
	uint64_t since = w->scripted->clock[PT_CLOCK_MONOTONIC];
	bool caught_up = false;
	for (int frame = 0; frame < 20 && !caught_up; frame++) {
		struct pt_snapshot *s = refresh(w, SECOND / 1000, NULL, 0);
		caught_up = oldest(s) >= since;
		pt_snapshot_unref(s);
	}
	assert_true(caught_up);
	world_free(w);
}

static void what_grew_since_is_not_read_at_once(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	pt_snapshot_unref(refresh(w, SECOND, NULL, 0));
	say(w, "unmap %" PRIx64 "-%" PRIx64 "\nvma %" PRIx64 "-%" PRIx64 " rw-p\n", ADDRESS(0),
	    ADDRESS(2u * LARGE_PAGES), ADDRESS(0), ADDRESS(2u * LARGE_PAGES));
	struct pt_snapshot *s = refresh(w, SECOND, NULL, 0);
	assert_int_equal(s->n_slots, 0);
	pt_snapshot_unref(s);
	say(w, "pages %" PRIx64 "-%" PRIx64 " anon pfn=0x100000\n", ADDRESS(0), ADDRESS(LARGE_PAGES));
	struct pt_stretch watched = {ADDRESS(0), ADDRESS(2u * LARGE_PAGES)};
	s = refresh(w, 30000, &watched, 1);
	assert_in_range(chunks_read_since(s, s->fresh_ns), 0, LARGE_PAGES / PT_CHUNK_PAGES / 2);
	pt_snapshot_unref(s);
	s = catch_up(w, 30000);
	struct pt_snapshot *want = full(w);
	assert_same(s, want);
	pt_snapshot_unref(want);
	pt_snapshot_unref(s);
	world_free(w);
}

/* Kernels before 6.7 tell the zero page by its flags alone, which a look at presence does not read. */
static void zero_pages_stay_known_without_pagemap_scan(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	for (unsigned chunk = 0; chunk < 100; chunk++)
		say(w, "page %" PRIx64 " zero pfn=0x50\n", ADDRESS(chunk * PT_CHUNK_PAGES + 1));
	pt_scan_close(w->scan);
	w->scripted->no_scan = true;
	assert_int_equal(pt_scan_open(&w->scan, &w->scripted->k, 100), 0);
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &s), 0);
	for (int frame = 0; frame < 30; frame++) {
		for (unsigned chunk = 0; chunk < 100; chunk++)
			assert_int_equal(pt_page_kind(pt_snapshot_page(s, ADDRESS(chunk * PT_CHUNK_PAGES + 1))),
					 PT_ZERO);
		pt_snapshot_unref(s);
		s = refresh(w, NOTHING, NULL, 0);
	}
	pt_snapshot_unref(s);
	world_free(w);
}

/* ---- what goes wrong -------------------------------------------------------------------------------------------- */

static void a_failure_loses_nothing(void **arg)
{
	(void)arg;
	struct world *w = world_new(42, false);
	struct pt_snapshot *s = NULL;
	assert_int_equal(pt_scan_frame(w->scan, NULL, NULL, &s), 0);
	pt_snapshot_unref(s);
	for (unsigned long n = 1; n < 60; n++) {
		change(w);
		w->scripted->fail_call = w->scripted->calls + n;
		w->scripted->fail_error = -EIO;
		s = NULL;
		if (try_refresh(w, 40000, NULL, 0, &s) == 0)
			pt_snapshot_unref(s);
		w->scripted->fail_call = 0;
	}
	s = catch_up(w, 40000);
	struct pt_snapshot *want = full(w);
	assert_same(s, want);
	pt_snapshot_unref(want);
	pt_snapshot_unref(s);
	world_free(w);
}

/* smaps walks all page tables, under the lock that mmap waits for: threads that come and go are no reason for that. */
static void smaps_is_asked_for_other_vmas_alone(void **arg)
{
	(void)arg;
	struct world *w = slow_new("/smaps", 0);
	say(w, "vma 90000000-90010000 rw-p flags=lo\npage 90000000 anon pfn=0x900000\n");
	pt_snapshot_unref(refresh(w, SECOND, NULL, 0));
	unsigned reads = slow.reads;
	assert_true(reads > 0);
	slow.threads = '2';
	struct pt_snapshot *s = refresh(w, SECOND, NULL, 0);
	assert_int_equal(s->process.threads, 2);
	assert_int_equal(slow.reads, reads);
	assert_true(pt_snapshot_bytes(s, s->vmas->n, PT_SUM_LOCKED).known);
	assert_int_equal(pt_snapshot_bytes(s, s->vmas->n, PT_SUM_LOCKED).value, PAGE);
	pt_snapshot_unref(s);
	world_free(w);
}

/* A file that could not be asked once, since its VMA went away or whatever, is no reason never to know again. */
static void swapped_shared_memory_is_known_again(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	say(w, "vma 90000000-90010000 rw-s inode=50 /dev/shm/50 (deleted)\nevicted 90000000-90002000\n");
	struct pt_snapshot *s = catch_up(w, SECOND);
	assert_true(pt_signal_has(&s->signals, PT_SIG_SHMEM_SWAP));
	pt_snapshot_unref(s);
	w->scripted->deny = "map_files";
	w->scripted->deny_error = -ENOENT;
	s = catch_up(w, SECOND / 20000);
	assert_false(pt_signal_has(&s->signals, PT_SIG_SHMEM_SWAP));
	pt_snapshot_unref(s);
	w->scripted->deny = NULL;
	s = catch_up(w, SECOND / 20000);
	pt_snapshot_unref(s);
	s = catch_up(w, SECOND / 20000);
	assert_true(pt_signal_has(&s->signals, PT_SIG_SHMEM_SWAP));
	assert_int_equal(pt_page_kind(pt_snapshot_page(s, 0x90000000)), PT_SWAP_SHMEM);
	pt_snapshot_unref(s);
	world_free(w);
}

static void an_exec_gives_a_complete_frame_of_the_new_image(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	pt_snapshot_unref(refresh(w, NOTHING, NULL, 0));
	fixture_add(w->fixture, "process 100 S start=777 threads=1 other\n"
				"vma 40000000-40010000 rw-p\n"
				"page 40000000 anon pfn=0x100\n");
	struct pt_snapshot *s = refresh(w, NOTHING, NULL, 0);
	assert_int_equal(s->process.image, 1);
	assert_int_equal(s->total.n[PT_N_PRESENT], 1);
	assert_true(oldest(s) >= s->fresh_ns);
	pt_snapshot_unref(s);
	world_free(w);
}

static void the_end_of_the_target_is_told(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	struct pt_snapshot *s = NULL;
	fixture_end(w->fixture, 100);
	assert_int_equal(try_refresh(w, NOTHING, NULL, 0, &s), -ESRCH);
	assert_null(s);
	world_free(w);
}

static void a_frame_can_be_called_off(void **arg)
{
	(void)arg;
	struct world *w = large_new();
	struct pt_snapshot *s = NULL;
	pt_scan_cancel(w->scan);
	assert_int_equal(try_refresh(w, SECOND, NULL, 0, &s), -ECANCELED);
	assert_null(s);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_picture_comes_to_be_that_of_a_full_scan),
		cmocka_unit_test(also_without_pagemap_scan),
		cmocka_unit_test(what_the_screen_shows_is_read_first),
		cmocka_unit_test(new_pages_on_the_screen_are_seen_at_once),
		cmocka_unit_test(presence_is_never_older_than_five_seconds),
		cmocka_unit_test(a_small_budget_reads_little_and_a_large_one_everything),
		cmocka_unit_test(what_can_wait_goes_round),
		cmocka_unit_test(little_things_on_the_screen_are_read_each_time),
		cmocka_unit_test(chunks_that_were_not_read_are_shared),
		cmocka_unit_test(what_was_read_since_misses_no_page_that_came_before),
		cmocka_unit_test(presence_is_no_younger_than_maps),
		cmocka_unit_test(what_a_frame_costs_anyway_does_not_stop_the_reading),
		cmocka_unit_test(what_grew_since_is_not_read_at_once),
		cmocka_unit_test(zero_pages_stay_known_without_pagemap_scan),
		cmocka_unit_test(a_failure_loses_nothing),
		cmocka_unit_test(smaps_is_asked_for_other_vmas_alone),
		cmocka_unit_test(swapped_shared_memory_is_known_again),
		cmocka_unit_test(an_exec_gives_a_complete_frame_of_the_new_image),
		cmocka_unit_test(the_end_of_the_target_is_told),
		cmocka_unit_test(a_frame_can_be_called_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
