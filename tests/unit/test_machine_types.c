/*
 * Frames counted by their flags, and told as runs: of a made-up machine and a made-up process, whose words are known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/machine/bulk.h"
#include "core/machine/types.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char memory[] =
	"process 100 S p\n"
	"vma 40000000-40100000 rw-p\n"
	"pages 40000000-40004000 anon pfn=1000 cgroup=77 +locked\n"
	"pages 40004000-40006000 anon pfn=500 cgroup=78 +locked\n"
	"swap 40006000-40009000 type=0 offset=5\n"
	"page 40009000 anon pfn=90000 +locked\n" /* beyond the end of kpageflags, which the test cuts */
	"marker 4000a000 guard\n"
	"vma 50000000-50010000 r--s inode=5 /a file\n"
	"pages 50008000-5000a000 file pfn=2000 count=2 +error\n"
	"frame 3000-3010 count=0 +buddy\n";

#define WORDS 4000u /* of the file of flags */

struct world {
	struct fixture *fixture;
	struct scripted *scripted;
};

/* kpageflags is cut to WORDS words, and has one more at its end that is half there. */
static struct world begin(void)
{
	struct world w = {.fixture = fixture_new(4096, memory)};
	struct pt_kernel *k = fixture_kernel(w.fixture);
	uint64_t *words = calloc(WORDS + 1, sizeof(*words));
	int fd = k->ops->open(k, "proc/kpageflags", 0);
	assert_int_equal(pt_bulk_read(k, fd, 0, WORDS, words), WORDS);
	k->ops->close(k, fd);
	words[0] = 0;
	fixture_write_bytes(w.fixture, "proc/kpageflags", words, WORDS * sizeof(*words) + 4);
	free(words);
	w.scripted = scripted_new(k);
	return w;
}

static void end(struct world w)
{
	scripted_free(w.scripted);
	fixture_free(w.fixture);
}

static struct pt_types count(struct world w, struct pt_types_request request)
{
	struct pt_types ret;
	const char *file = "";
	assert_int_equal(pt_types_count(&w.scripted->k, &request, &ret, &file), 0);
	assert_null(file);
	assert_int_equal(w.scripted->open_fds, 0);
	uint64_t pages = 0;
	for (size_t i = 0; i < ret.n; i++) {
		assert_true(i == 0 || ret.v[i].pages <= ret.v[i - 1].pages);
		pages += ret.v[i].pages;
	}
	assert_int_equal(pages, ret.pages);
	return ret;
}

/* Pages for which a spec holds. */
static uint64_t counted(struct world w, struct pt_types_request request, const char *spec)
{
	struct pt_bits_rule rule;
	char message[200];
	assert_int_equal(pt_bits_parse(spec, pt_bits_word, &rule, message, sizeof(message)), 0);
	request.rules = &rule;
	request.n_rules = 1;
	struct pt_types types = count(w, request);
	uint64_t ret = types.pages;
	pt_types_free(&types);
	return ret;
}

static void frames_of_the_machine_are_counted(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_types_request machine = {0},
				some = {.ranges = (struct pt_stretch[]){{1000, 1002}, {2001, 1ull << 62}},
					.n_ranges = 2};
	struct pt_types all = count(w, machine);
	assert_int_equal(all.pages, WORDS);
	pt_types_free(&all);
	assert_int_equal(counted(w, machine, "locked"), 6);
	assert_int_equal(counted(w, machine, "buddy"), 10);
	assert_int_equal(counted(w, machine, "error,locked"), 8);
	assert_int_equal(counted(w, some, "error,locked"), 3);
	assert_int_equal(counted(w, (struct pt_types_request){.cgroup = 77}, "locked"), 4);
	end(w);
}

static void pages_of_a_process_are_counted(void **state)
{
	(void)state;
	for (int no_scan = 0; no_scan < 2; no_scan++) {
		struct world w = begin();
		struct pt_types_request process = {.pid = 100}, raw = {.pid = 100, .raw = true};
		w.scripted->no_scan = no_scan;
		assert_int_equal(counted(w, process, "locked"), 6); /* the one that kpageflags does not have is none */
		assert_int_equal(counted(w, process, "error"), 2);
		assert_int_equal(counted(w, raw, "file"), 2);
		assert_int_equal(counted(w, raw, "swapped,~file"), 4); /* the marker is one of those */
		assert_int_equal(counted(w, process, "="), 4);         /* without -r there is nothing to see of them */
		assert_int_equal(counted(w, (struct pt_types_request){.pid = 100, .cgroup = 78}, "locked"), 2);
		assert_int_equal(counted(w, (struct pt_types_request){.pid = 100, .cgroup = 78}, "="), 0);
		process.ranges = (struct pt_stretch[]){{0x40002, 0x40005}, {0x50009, UINT64_MAX}};
		process.n_ranges = 2;
		assert_int_equal(counted(w, process, "locked,error"), 3 + 1);
		end(w);
	}
}

struct told {
	struct pt_frame_run v[32];
	size_t n;
	uint64_t stop_at;
};

static int tell(void *arg, const struct pt_frame_run *run)
{
	struct told *told = arg;
	assert_true(told->n < 32);
	told->v[told->n++] = *run;
	return told->n == told->stop_at ? 42 : 0;
}

static void alike_neighbours_are_one_run(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_types_request request = {.pid = 100, .counts = true, .cgroups = true};
	struct told told = {.n = 0};
	assert_int_equal(pt_types_walk(&w.scripted->k, &request, tell, &told, NULL), 0);
	const struct pt_frame_run expected[] = {
		{.page = 0x40000, .first = 1000, .pages = 4, .count = 1, .cgroup = 77, .present = true},
		{.page = 0x40004, .first = 500, .pages = 2, .count = 1, .cgroup = 78, .present = true},
		{.page = 0x40006, .first = 5, .pages = 3, .count = PT_BULK_NONE, .cgroup = PT_BULK_NONE},
		{.page = 0x4000a, .first = 4, .pages = 1, .count = PT_BULK_NONE, .cgroup = PT_BULK_NONE},
		{.page = 0x50008, .first = 2000, .pages = 2, .count = 2, .cgroup = 0, .present = true},
	};
	assert_int_equal(told.n, 5);
	for (size_t i = 0; i < told.n; i++) {
		const struct pt_frame_run *a = &told.v[i], *b = &expected[i];
		assert_int_equal(a->page, b->page);
		assert_int_equal(a->first, b->first);
		assert_int_equal(a->pages, b->pages);
		assert_int_equal(a->count, b->count);
		assert_int_equal(a->cgroup, b->cgroup);
		assert_int_equal(a->present, b->present);
	}
	end(w);
}

static void a_walk_can_be_ended(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_types_request request = {0};
	struct told told = {.stop_at = 2};
	assert_int_equal(pt_types_walk(&w.scripted->k, &request, tell, &told, NULL), 42);
	assert_int_equal(told.n, 2);
	assert_int_equal(w.scripted->open_fds, 0);
	end(w);
}

static void another_file_of_flags_will_do(void **state)
{
	(void)state;
	const uint64_t words[] = {KPF(LRU), KPF(LRU), KPF(BUDDY)};
	struct world w = begin();
	fixture_write_bytes(w.fixture, "saved", words, sizeof(words));
	assert_int_equal(counted(w, (struct pt_types_request){.kpageflags = "saved"}, "lru"), 2);
	end(w);
}

static void what_fails_is_said(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_types types;
	const char *file;
	struct pt_types_request request = {.cgroup = 1};
	w.scripted->deny = "kpagecgroup";
	w.scripted->deny_error = -EACCES;
	assert_int_equal(pt_types_count(&w.scripted->k, &request, &types, &file), -EACCES);
	assert_string_equal(file, "proc/kpagecgroup");
	assert_null(types.v);
	request = (struct pt_types_request){.pid = 101};
	assert_int_equal(pt_types_count(&w.scripted->k, &request, &types, &file), -ESRCH);
	assert_null(file);
	assert_int_equal(w.scripted->open_fds, 0);
	end(w);
}

/* Each call of the kernel fails once: nothing is lost, leaked or invented. */
static void any_call_may_fail(void **state)
{
	(void)state;
	for (pid_t pid = 0; pid <= 100; pid += 100) {
		unsigned long calls = 1;
		for (unsigned long call = 1; call <= calls; call++) {
			struct world w = begin();
			struct pt_types_request request = {.pid = pid, .counts = true};
			struct pt_types types;
			const char *file;
			w.scripted->fail_call = call;
			w.scripted->fail_error = -EIO;
			pt_types_count(&w.scripted->k, &request, &types, &file);
			calls = w.scripted->calls;
			assert_int_equal(w.scripted->open_fds, 0);
			pt_types_free(&types);
			end(w);
		}
	}
}

/* Frames in any order, some of them far, twice or past the end. */
static void words_are_gathered(void **state)
{
	(void)state;
	struct world w = begin();
	const uint64_t pfns[] = {3005, 1000, 90000, 2000, 1000, 3001};
	struct pt_bulk_item items[6];
	uint64_t words[6];
	for (uint32_t i = 0; i < 6; i++)
		items[i] = (struct pt_bulk_item){.pfn = pfns[i], .at = i};
	pt_bulk_order(items, 6);
	int fd = w.scripted->k.ops->open(&w.scripted->k, "proc/kpageflags", 0);
	unsigned long before = w.scripted->preads;
	assert_int_equal(pt_bulk_gather(&w.scripted->k, fd, items, 6, words), 0);
	assert_in_range(w.scripted->preads - before, 4, 5); /* 3001 to 3005 is one */
	assert_int_equal(words[2], PT_BULK_NONE);
	assert_true(words[0] & KPF(BUDDY) && words[5] & KPF(BUDDY) && !(words[1] & KPF(BUDDY)));
	assert_int_equal(words[1], words[4]);
	assert_true(words[3] & KPF(ERROR));
	w.scripted->k.ops->close(&w.scripted->k, fd);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_the_machine_are_counted),
		cmocka_unit_test(pages_of_a_process_are_counted),
		cmocka_unit_test(alike_neighbours_are_one_run),
		cmocka_unit_test(a_walk_can_be_ended),
		cmocka_unit_test(another_file_of_flags_will_do),
		cmocka_unit_test(what_fails_is_said),
		cmocka_unit_test(any_call_may_fail),
		cmocka_unit_test(words_are_gathered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
