/*
 * What pages of a process are, by name: of a made-up process as a scan sees it, with and without its flags.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/traits.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char text[] = "process 100 S p\n"
			   "vma 10000000-10200000 rw-p\n"
			   "page 10000000 anon pfn=0x1003 count=2 +mlocked\n"
			   "pages 10001000-10005000 anon pfn=0x1010\n"
			   "pages 10008000-10010000 anon pfn=0x1200 huge large\n" /* a chunk of this build */
			   "swap 10020000-10022000 type=2 offset=77\n"
			   "pages 10040000-10042000 lazyfree pfn=0x1310\n"
			   "page 10051000 zero pfn=0x1\n"
			   "marker 10052000 guard\n"
			   "vma 18000000-18004000 r-xp inode=7 /usr/bin/program\n"
			   "pages 18000000-18003000 file pfn=0x2000 count=3 +active +dirty\n"
			   "vma 18004000-18006000 r-xp inode=7 offset=4000 /usr/bin/program\n"
			   "pages 18004000-18006000 file pfn=0x2100 count=3 +active +dirty\n"
			   "vma 20000000-20010000 rw-s inode=9 /dev/shm/segment\n"
			   "pages 20000000-20001000 shmem pfn=0x3000 count=2\n"
			   "pages 20001000-20002000 shmem pfn=0x3009 count=3\n"
			   "evicted 20002000-20003000\n";

struct world {
	struct fixture *fixture;
	struct scripted *k;
	struct pt_snapshot *snapshot;
};

static struct world begin(const char *deny)
{
	struct world w = {.fixture = fixture_new(4096, text)};
	w.k = scripted_new(fixture_kernel(w.fixture));
	w.k->deny = deny;
	w.k->deny_error = -EACCES;
	assert_int_equal(pt_scan_once(&w.k->k, 100, 1, &w.snapshot), 0);
	return w;
}

static void end(struct world w)
{
	pt_snapshot_unref(w.snapshot);
	scripted_free(w.k);
	fixture_free(w.fixture);
}

struct told {
	struct pt_page_run v[64];
	size_t n;
	uint64_t pages;
};

static int tell(void *arg, const struct pt_page_run *run)
{
	struct told *told = arg;
	assert_true(told->n < 64);
	told->v[told->n++] = *run;
	told->pages += run->pages;
	return 0;
}

/* What is told of those for which the spec holds (NULL: of all); how many pages are unknown in *ret. */
static struct told walk(struct world w, struct pt_pages_request request, const char *spec, uint64_t *ret)
{
	struct told told = {.n = 0};
	struct pt_bits_rule rule;
	char message[200];
	if (spec)
		assert_int_equal(pt_bits_parse(spec, pt_traits_word, &rule, message, sizeof(message)), 0);
	if (!request.pages.end)
		request.pages.end = UINT64_MAX;
	request.rules = &rule;
	request.n_rules = spec != NULL;
	assert_int_equal(pt_pages_walk(w.snapshot, &request, tell, &told, ret), 0);
	return told;
}

static uint64_t pages(struct world w, const char *spec)
{
	uint64_t unknown;
	struct told told = walk(w, (struct pt_pages_request){0}, spec, &unknown);
	return told.pages;
}

static void pages_are_chosen_by_what_they_are(void **state)
{
	(void)state;
	struct world w = begin(NULL);
	static const struct {
		const char *spec;
		uint64_t pages;
	} cases[] = {
		{"present", 1 + 4 + 8 + 2 + 1 + 5 + 2},
		{"~present", 2 + 1 + 1},
		{"anon", 1 + 4 + 8 + 2},
		{"anonymous,~shared", 4 + 8 + 2},
		{"anon,~huge,~lazyfree", 1 + 4},
		{"huge", 8},
		{"thp", 8},
		{"large", 8},
		{"compound_head", 1},
		{"swapped", 2 + 1},
		{"swapped,~shmem", 2},
		{"shmem", 2 + 1},
		{"lazyfree", 2},
		{"zero", 1},
		{"guard", 1},
		{"file,dirty=file", 0},
		{"file,dirty=file,dirty", 5},
		{"shared,mlocked=shared,locked", 1},
		{"shared", 1 + 5 + 2},
		{"private", 4 + 8 + 2},
		{"referenced", 0},
		{"marker,kernel,device,migrating,hugetlb,ksm,hwpoison", 0},
		{"sw", 2 + 1}, /* the first that begins so */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (pages(w, cases[i].spec) != cases[i].pages)
			fail_msg("'%s': %d pages", cases[i].spec, (int)pages(w, cases[i].spec));
	struct pt_bits_rule rule;
	char message[200];
	assert_int_equal(pt_bits_parse("anno", pt_traits_word, &rule, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "anon?"));
	end(w);
}

static void runs_are_alike_in_what_is_asked(void **state)
{
	(void)state;
	struct world w = begin(NULL);
	uint64_t unknown;
	struct told told = walk(w, (struct pt_pages_request){.pages = {0x18000, 0x18006}}, NULL, &unknown);
	assert_int_equal(told.n, 2); /* of two VMAs */
	assert_int_equal(told.v[0].pages, 3);
	assert_int_equal(told.v[1].page, 0x18004);
	told = walk(w, (struct pt_pages_request){.pages = {0x20000, 0x20002}}, NULL, &unknown);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.v[0].pages, 2);
	told = walk(w, (struct pt_pages_request){.pages = {0x20000, 0x20002}, .counts = true}, NULL, &unknown);
	assert_int_equal(told.n, 2);
	told = walk(w, (struct pt_pages_request){.pages = {0x20000, 0x20002}, .frames = true}, NULL, &unknown);
	assert_int_equal(told.n, 2);
	told = walk(w, (struct pt_pages_request){.pages = {0x10002, 0x10004}, .frames = true}, NULL, &unknown);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.v[0].first.pfn, 0x1011);
	told = walk(w, (struct pt_pages_request){.pages = {0x10002, 0x10004}, .each = true}, NULL, &unknown);
	assert_int_equal(told.n, 2);
	assert_int_equal(told.v[1].first.pfn, 0x1012);
	assert_int_equal(told.v[1].page, 0x10003);
	told = walk(w, (struct pt_pages_request){.pages = {0x40000, 0x50000}}, NULL, &unknown);
	assert_int_equal(told.n, 0);
	end(w);
}

static void what_was_not_read_is_not_guessed(void **state)
{
	(void)state;
	struct world w = begin("kpage");
	uint64_t unknown;
	struct told told = walk(w, (struct pt_pages_request){0}, "dirty", &unknown);
	assert_int_equal(told.pages, 0);
	assert_int_equal(unknown, 23); /* all that is present */
	told = walk(w, (struct pt_pages_request){0}, "swapped,dirty", &unknown);
	assert_int_equal(told.pages, 3);
	told = walk(w, (struct pt_pages_request){0}, "present", &unknown);
	assert_int_equal(told.pages, 23);
	assert_int_equal(unknown, 0);
	walk(w, (struct pt_pages_request){0}, "present,~softdirty", &unknown);
	assert_int_equal(unknown, pt_signal_has(&w.snapshot->signals, PT_SIG_SOFT_DIRTY) ? 0 : 23);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_chosen_by_what_they_are),
		cmocka_unit_test(runs_are_alike_in_what_is_asked),
		cmocka_unit_test(what_was_not_read_is_not_guessed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
