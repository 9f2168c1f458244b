/*
 * With whom a made-up process shares its pages: by process, by set, by stretch, and what nobody is found for; and random
 * processes against plain arrays.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/owners/sharing.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/*
 * 100 forked 101, which wrote a page since; 102 shares a file with both and has its segment at another address; 103 maps
 * one frame three times by itself (KSM); one more mapping of 0x500 is by nobody that can be seen.
 */
static const char world[] = "process 100 S start=5 parent\n"
			    "vma 10000-20000 rw-p\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n"
			    "page 13000 anon pfn=0x203\n"
			    "page 18000 zero pfn=0x1\n"
			    "vma 20000-21000 r-xp [vdso]\n"
			    "page 20000 kernel pfn=0x3f0 count=2\n"
			    "vma 200000-600000 rw-p\n"
			    "pages 200000-400000 anon pfn=0x400 huge large count=2\n"
			    "vma 700000-710000 r--p inode=9 /a\n"
			    "pages 700000-704000 file pfn=0x300 count=3\n"
			    "vma 800000-810000 rw-s inode=11 /dev/shm/segment\n"
			    "pages 800000-802000 shmem pfn=0x380 count=2\n"
			    "page 802000 shmem pfn=0x390 count=2\n"
			    "process 101 S start=6 child\n"
			    "vma 10000-20000 rw-p\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n"
			    "page 13000 anon pfn=0x213\n"
			    "vma 200000-600000 rw-p\n"
			    "pages 200000-400000 anon pfn=0x400 huge large count=2\n"
			    "vma 700000-710000 r--p inode=9 /a\n"
			    "pages 700000-704000 file pfn=0x300 count=3\n"
			    "process 102 S start=7 other\n"
			    "vma 90000-a0000 rw-s inode=11 /dev/shm/segment\n"
			    "pages 90000-92000 shmem pfn=0x380 count=2\n"
			    "vma a0000-b0000 r--s inode=9 /a\n"
			    "pages a0000-a4000 file pfn=0x300 count=3\n"
			    "process 103 S start=8 copies\n"
			    "vma 30000-60000 rw-p\n"
			    "page 30000 ksm pfn=0x240 count=3\n"
			    "page 38000 ksm pfn=0x240 count=3\n"
			    "page 55000 ksm pfn=0x240 count=3\n";

struct look {
	struct fixture *fixture;
	struct scripted *s;
	struct pt_snapshot *snapshot;
	struct pt_owners *owners;
};

static struct look look_at(const char *text, pid_t pid)
{
	struct look l = {.fixture = fixture_new(4096, text)};
	struct pt_signals signals;
	l.s = scripted_new(fixture_kernel(l.fixture));
	pt_probe_signals(&l.s->k, pid, &signals);
	struct pt_owners_request request = {.signals = &signals};
	assert_int_equal(pt_scan_once(&l.s->k, pid, 1, &l.snapshot), 0);
	assert_int_equal(pt_owners_build(&l.s->k, &request, &l.owners), 0);
	return l;
}

static void look_away(struct look *l)
{
	pt_owners_unref(l->owners);
	pt_snapshot_unref(l->snapshot);
	scripted_free(l->s);
	fixture_free(l->fixture);
}

static struct pt_sharing *share(const struct look *l)
{
	struct pt_sharing *sharing;
	assert_int_equal(pt_sharing_make(l->owners, l->snapshot, 0, UINT64_MAX, NULL, &sharing), 0);
	return sharing;
}

static void expect_sharer(const struct pt_sharers *sharers, size_t i, pid_t pid, const char *name, uint64_t pages,
			  uint64_t address)
{
	assert_true(i < sharers->n);
	assert_int_equal(sharers->v[i].pid, pid);
	assert_string_equal(sharers->v[i].name, name);
	assert_int_equal(sharers->v[i].pages, pages);
	assert_int_equal(sharers->v[i].address, address);
}

static void each_process_has_its_share(void **state)
{
	(void)state;
	struct look l = look_at(world, 100);
	struct pt_sharing *sharing = share(&l);
	struct pt_sharers all, file;
	assert_int_equal(pt_sharing_with(sharing, 0, UINT64_MAX, &all), 0);
	assert_int_equal(all.n, 2);
	expect_sharer(&all, 0, 101, "child", 3 + 512 + 4, 0x10000);
	expect_sharer(&all, 1, 102, "other", 4 + 2, 0x700000);
	assert_int_equal(all.v[0].anon, 3 + 512);
	assert_int_equal(all.v[0].file, 4);
	assert_int_equal(all.v[1].file, 4);
	assert_int_equal(all.v[1].shmem, 2);
	assert_int_equal(all.pages.others, 3 + 512 + 4 + 2);
	assert_int_equal(all.pages.nobody, 1); /* 802000 */
	assert_int_equal(all.pages.itself + all.pages.partly + all.pages.unasked, 0);
	free(all.v);
	assert_int_equal(pt_sharing_with(sharing, 0x701000, 0x703000, &file), 0);
	assert_int_equal(file.n, 2);
	expect_sharer(&file, 0, 101, "child", 2, 0x701000);
	expect_sharer(&file, 1, 102, "other", 2, 0x701000);
	free(file.v);
	pt_sharing_unref(sharing);
	look_away(&l);
}

struct told {
	uint32_t sets[8];
	uint64_t pages[8];
	size_t n;
};

static void tell(void *arg, uint32_t set, uint64_t pages)
{
	struct told *told = arg;
	if (told->n && told->sets[told->n - 1] == set) {
		told->pages[told->n - 1] += pages;
		return;
	}
	assert_true(told->n < 8);
	told->sets[told->n] = set;
	told->pages[told->n++] = pages;
}

static void pages_of_the_same_sharers_are_one_set(void **state)
{
	(void)state;
	struct look l = look_at(world, 100);
	struct pt_sharing *sharing = share(&l);
	struct pt_sharing_set sets[3], two[2];
	struct told told = {.n = 0};
	const char *name;
	assert_int_equal(pt_sharing_sets(sharing, 0, UINT64_MAX, sets, 3), 3);
	assert_int_equal(sets[0].pages, 3 + 512); /* the child alone */
	assert_int_equal(sets[0].n, 1);
	assert_int_equal(sets[1].pages, 4); /* both */
	assert_int_equal(sets[1].n, 2);
	assert_int_equal(sets[2].pages, 2);
	assert_int_equal(pt_sharing_member(sharing, sets[1].id, 0, &name), 101);
	assert_string_equal(name, "child");
	assert_int_equal(pt_sharing_member(sharing, sets[1].id, 1, &name), 102);
	assert_string_equal(name, "other");
	assert_int_equal(pt_sharing_sets(sharing, 0, UINT64_MAX, two, 2), 2);
	assert_int_equal(two[1].id, sets[1].id);
	pt_sharing_each(sharing, 0x11000, 0x801000, tell, &told);
	assert_int_equal(told.n, 3);
	assert_int_equal(told.sets[0], sets[0].id);
	assert_int_equal(told.pages[0], 2 + 512);
	assert_int_equal(told.pages[1], 4);
	assert_int_equal(told.pages[2], 1);
	pt_sharing_unref(sharing);
	look_away(&l);
}

static void a_process_may_share_with_itself(void **state)
{
	(void)state;
	struct look l = look_at(world, 103);
	struct pt_sharing *sharing = share(&l);
	struct pt_sharing_pages pages;
	struct pt_sharing_set sets[1];
	pt_sharing_count(sharing, 0, UINT64_MAX, &pages);
	assert_int_equal(pages.itself, 3);
	assert_int_equal(pages.others + pages.nobody + pages.unasked, 0);
	assert_int_equal(pt_sharing_sets(sharing, 0, UINT64_MAX, sets, 1), 0);
	pt_sharing_count(sharing, 0x31000, 0x40000, &pages);
	assert_int_equal(pages.itself, 1);
	pt_sharing_unref(sharing);
	look_away(&l);
}

static void who_may_not_be_looked_at_is_missing(void **state)
{
	(void)state;
	struct look l = {.fixture = fixture_new(4096, world)};
	l.s = scripted_new(fixture_kernel(l.fixture));
	l.s->deny = "proc/101/pagemap";
	l.s->deny_error = -EACCES;
	struct pt_owners_request request = {0};
	assert_int_equal(pt_scan_once(&l.s->k, 100, 1, &l.snapshot), 0);
	assert_int_equal(pt_owners_build(&l.s->k, &request, &l.owners), 0);
	struct pt_sharing *sharing = share(&l);
	struct pt_sharing_pages pages;
	pt_sharing_count(sharing, 0, UINT64_MAX, &pages);
	assert_int_equal(pages.nobody, 3 + 512 + 1);
	assert_int_equal(pages.others, 4 + 2);
	assert_int_equal(pages.partly, 4);
	assert_int_equal(pt_sharing_refused(sharing), 1);
	pt_sharing_unref(sharing);
	look_away(&l);
}

/* Without counts, what is found is told all the same; the rest is not known to be anybody's. */
static void unknown_counts_are_no_sharers(void **state)
{
	(void)state;
	struct look l = {.fixture = fixture_new(4096, world)};
	l.s = scripted_new(fixture_kernel(l.fixture));
	l.s->deny = "proc/kpagecount";
	l.s->deny_error = -EACCES;
	struct pt_owners_request request = {0};
	assert_int_equal(pt_scan_once(&l.s->k, 100, 1, &l.snapshot), 0);
	assert_int_equal(pt_owners_build(&l.s->k, &request, &l.owners), 0);
	struct pt_sharing *sharing = share(&l);
	struct pt_sharers all;
	assert_int_equal(pt_sharing_with(sharing, 0, UINT64_MAX, &all), 0);
	assert_int_equal(all.pages.others, 3 + 512 + 4 + 2);
	assert_int_equal(all.pages.partly, 0);
	assert_int_equal(all.n, 2);
	free(all.v);
	pt_sharing_unref(sharing);
	look_away(&l);
}

static void it_can_be_cancelled(void **state)
{
	(void)state;
	struct look l = look_at(world, 100);
	struct pt_sharing *sharing;
	volatile bool cancel = true;
	assert_int_equal(pt_sharing_make(l.owners, l.snapshot, 0, UINT64_MAX, &cancel, &sharing), -ECANCELED);
	look_away(&l);
}

/* ---- random processes ------------------------------------------------------------------------------------------- */

#define PROCESSES 12
#define PAGES     600
#define FRAMES    200

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

/* Which frame each page of each process has, 0: none; most pages have that of the process before. */
static void make_up(unsigned frames[PROCESSES][PAGES], unsigned counts[FRAMES + 1])
{
	memset(counts, 0, (FRAMES + 1) * sizeof *counts);
	for (int p = 0; p < PROCESSES; p++)
		for (int i = 0; i < PAGES; i++) {
			bool same = p && below(4);
			frames[p][i] = same ? frames[p - 1][i] : below(3) ? 0 : 1 + below(FRAMES);
			counts[frames[p][i]]++;
		}
}

static char *as_text(unsigned frames[PROCESSES][PAGES], const unsigned *counts)
{
	size_t size = 1u << 20, at = 0;
	char *text = malloc(size);
	assert_non_null(text);
	for (int p = 0; p < PROCESSES; p++) {
		at += (size_t)snprintf(text + at, size - at, "process %d S start=%d p\nvma 100000-%x rw-s inode=3 /f\n",
				       100 + p, 5 + p, 0x100000 + PAGES * 4096);
		for (int i = 0; i < PAGES; i++)
			if (frames[p][i])
				at += (size_t)snprintf(text + at, size - at, "page %x file pfn=0x%x count=%u\n",
						       0x100000 + i * 4096, 0x1000 + frames[p][i],
						       counts[frames[p][i]]);
	}
	assert_true(at < size - 100);
	return text;
}

static bool has_frame(const unsigned *pages, unsigned frame)
{
	for (int i = 0; i < PAGES; i++)
		if (pages[i] == frame)
			return true;
	return false;
}

static void expect_shares(const struct pt_sharing *sharing, unsigned frames[PROCESSES][PAGES], int from, int to)
{
	struct pt_sharers sharers;
	size_t n = 0;
	assert_int_equal(
		pt_sharing_with(sharing, 0x100000 + (uint64_t)from * 4096, 0x100000 + (uint64_t)to * 4096, &sharers),
		0);
	for (int p = 1; p < PROCESSES; p++) {
		uint64_t pages = 0;
		size_t at = 0;
		for (int i = from; i < to; i++)
			pages += frames[0][i] && has_frame(frames[p], frames[0][i]);
		while (at < sharers.n && sharers.v[at].pid != 100 + p)
			at++;
		assert_int_equal(at < sharers.n ? sharers.v[at].pages : 0, pages);
		n += pages > 0;
	}
	assert_int_equal(sharers.n, n);
	assert_int_equal(sharers.pages.nobody + sharers.pages.partly + sharers.pages.unasked, 0);
	free(sharers.v);
}

static void random_processes(void **state)
{
	(void)state;
	static unsigned frames[PROCESSES][PAGES], counts[FRAMES + 1];
	for (random_state = 1; random_state < 4; random_state++) {
		uint32_t seed = random_state;
		make_up(frames, counts);
		char *text = as_text(frames, counts);
		struct look l = look_at(text, 100);
		struct pt_sharing *sharing = share(&l);
		expect_shares(sharing, frames, 0, PAGES);
		for (int i = 0; i < 20; i++) {
			int from = (int)below(PAGES), to = from + (int)below((uint32_t)(PAGES - from + 1));
			expect_shares(sharing, frames, from, to);
		}
		pt_sharing_unref(sharing);
		look_away(&l);
		free(text);
		random_state = seed;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_its_share),
		cmocka_unit_test(pages_of_the_same_sharers_are_one_set),
		cmocka_unit_test(a_process_may_share_with_itself),
		cmocka_unit_test(who_may_not_be_looked_at_is_missing),
		cmocka_unit_test(unknown_counts_are_no_sharers),
		cmocka_unit_test(it_can_be_cancelled),
		cmocka_unit_test(random_processes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
