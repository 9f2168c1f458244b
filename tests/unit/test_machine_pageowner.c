/*
 * page_owner's records: read as a stream in pieces of any size, grouped, sorted and filtered as page_owner_sort does, out of
 * the kernel or a saved file.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/pageowner.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define HEAD(order, pid, tgid, name, ts)                                                                               \
	"Page allocated via order " order ", mask 0x1100cca(GFP_HIGHUSER_MOVABLE), pid " pid ", tgid " tgid " (" name  \
	"), ts " ts " ns, free_ts 5 ns\n"                                                                              \
	"PFN 4096 type Movable Block 8 type Reclaimable Flags 0xfffffc0080034(uptodate|lru)\n"
#define FAULT " get_page_from_freelist+0x1/0x2\n do_anonymous_page+0x3/0x4\n"
#define CACHE " get_page_from_freelist+0x1/0x2\n filemap_add_folio+0x5/0x6\n"

static const char text[] = HEAD("0", "7", "7", "sh", "300") FAULT "\n"                                  /* */
	HEAD("3", "8", "8", "a (b), ts 9", "200") CACHE "Charged to memcg x\n\n"                        /* */
	HEAD("0", "9", "9", "sh", "100") FAULT "\n"                                                     /* */
					       "Page allocated via order x, mask 0\nPFN 1\n" FAULT "\n" /* damaged */
	HEAD("1", "17", "7", "sh", "400") FAULT;                                                        /* cut off */

static struct pt_alloc_list all;

/* Read in pieces of so many bytes. */
static int read_in_pieces(const char *from, size_t size, size_t piece, unsigned keys, pt_alloc_wanted *only, void *arg,
			  struct pt_alloc_list *ret)
{
	struct pt_page_owner *po;
	int error = 0;

	assert_int_equal(pt_page_owner_new(&po, keys, only, arg), 0);
	for (size_t at = 0; at < size && !error; at += piece) {
		char *part = malloc(piece); /* so that valgrind sees who reads on */
		size_t n = size - at < piece ? size - at : piece;
		assert_non_null(part);
		memcpy(part, from + at, n);
		error = pt_page_owner_feed(po, part, n);
		free(part);
	}
	error = error ? error : pt_page_owner_end(po);
	if (!error)
		assert_int_equal(pt_page_owner_list(po, ret), 0);
	pt_page_owner_free(po);
	return error;
}

static struct pt_alloc_list grouped(unsigned keys, const char *sort, pt_alloc_wanted *only, void *arg)
{
	struct pt_alloc_request q = {.keys = keys, .only = only, .arg = arg};
	struct pt_alloc_list list;

	if (*sort)
		assert_true(pt_alloc_parse_sort(sort, &q.sort));
	assert_int_equal(pt_alloc_list_group(&all, &q, &list), 0);
	return list;
}

static int read_text(void **state)
{
	(void)state;
	return read_in_pieces(text, sizeof text - 1, 1000, PT_ALLOC_KEYS, NULL, NULL, &all);
}

static int forget_text(void **state)
{
	(void)state;
	pt_alloc_list_free(&all);
	return 0;
}

static void allocations_of_one_stack_are_one_group(void **state)
{
	(void)state;
	struct pt_alloc_list list = grouped(PT_ALLOC_STACK, "times", NULL, NULL);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.records, 4);
	assert_int_equal(list.pages, 1 + 8 + 1 + 2);
	assert_int_equal(list.damaged, 1);
	const struct pt_alloc_group *fault = &list.v[0], *cache = &list.v[1];
	assert_string_equal(fault->stack, FAULT);
	assert_int_equal(fault->times, 3);
	assert_int_equal(fault->pages, 4);
	assert_int_equal(fault->first_ns, 100);
	assert_int_equal(fault->last_ns, 400);
	assert_int_equal(fault->pid, 17); /* the newest's */
	assert_int_equal(fault->tgid, 7);
	assert_int_equal(fault->alike, PT_ALLOC_STACK | PT_ALLOC_NAME | PT_ALLOC_ALLOCATOR);
	assert_string_equal(cache->stack, CACHE);
	assert_int_equal(cache->times, 1);
	assert_string_equal(cache->name, "a (b), ts 9"); /* names are hostile */
	assert_int_equal(cache->alike, PT_ALLOC_KEYS);
	pt_alloc_list_free(&list);
}

/* A table kept for one kind of group has what groups made later have. */
static void what_is_kept_apart_is_what_was_asked_for(void **state)
{
	static const struct {
		unsigned keys;
		size_t n;
	} cases[] = {{PT_ALLOC_STACK, 2}, {PT_ALLOC_NAME, 2},      {PT_ALLOC_TGID, 3},
		     {PT_ALLOC_PID, 4},   {PT_ALLOC_ALLOCATOR, 1}, {PT_ALLOC_STACK | PT_ALLOC_TGID, 3}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pt_alloc_list list, later = grouped(cases[i].keys, "", NULL, NULL);
		assert_int_equal(read_in_pieces(text, sizeof text - 1, 1, cases[i].keys, NULL, NULL, &list), 0);
		assert_int_equal(list.n, cases[i].n);
		assert_int_equal(later.n, cases[i].n);
		assert_int_equal(list.records, 4);
		assert_int_equal(later.records, 4);
		assert_int_equal(later.pages, list.pages);
		for (size_t g = 0; g < list.n && !(cases[i].keys & PT_ALLOC_STACK); g++) {
			assert_string_equal(list.v[g].stack, ""); /* takes no memory */
			assert_false(list.v[g].alike & PT_ALLOC_STACK);
		}
		pt_alloc_list_free(&list);
		pt_alloc_list_free(&later);
	}
}

static void pieces_of_any_size_give_the_same(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof text; piece += piece < 100 ? 1 : 37) {
		struct pt_alloc_list list;
		assert_int_equal(read_in_pieces(text, sizeof text - 1, piece, PT_ALLOC_KEYS, NULL, NULL, &list), 0);
		assert_int_equal(list.n, all.n);
		assert_int_equal(list.records, all.records);
		assert_int_equal(list.pages, all.pages);
		assert_int_equal(list.damaged, all.damaged);
		pt_alloc_list_free(&list);
	}
}

/* Ten thousand records of three stacks. */
static void memory_is_bounded_by_stacks(void **state)
{
	struct pt_alloc_list list;
	struct pt_page_owner *po;
	char record[600];

	(void)state;
	assert_int_equal(pt_page_owner_new(&po, PT_ALLOC_STACK, NULL, NULL), 0);
	for (int i = 0; i < 10000; i++) {
		int n = snprintf(record, sizeof record,
				 "Page allocated via order 0, mask 0, pid %d, tgid %d (p%d), ts %d ns\nPFN %d type\n"
				 " one+0x1\n two+0x%d\n\n",
				 i, i, i, i + 1, i, i % 3);
		assert_int_equal(pt_page_owner_feed(po, record, (size_t)n), 0);
	}
	assert_int_equal(pt_page_owner_end(po), 0);
	assert_int_equal(pt_page_owner_list(po, &list), 0);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.records, 10000);
	pt_alloc_list_free(&list);
	pt_page_owner_free(po);
}

/* Thousands of stacks, and groups: tables grow. */
static void many_stacks(void **state)
{
	struct pt_alloc_list list, groups;
	struct pt_page_owner *po;
	char record[600];

	(void)state;
	assert_int_equal(pt_page_owner_new(&po, PT_ALLOC_STACK | PT_ALLOC_PID, NULL, NULL), 0);
	for (int i = 0; i < 20000; i++) {
		int n = snprintf(record, sizeof record,
				 "Page allocated via order 1, mask 0, pid %d\n one+0x1\n two+0x%d\n\n", i % 4,
				 i % 5000);
		assert_int_equal(pt_page_owner_feed(po, record, (size_t)n), 0);
	}
	assert_int_equal(pt_page_owner_list(po, &list), 0);
	assert_int_equal(list.n, 5000); /* 4 divides 5000 */
	assert_int_equal(pt_alloc_list_group(&list, &(struct pt_alloc_request){.keys = PT_ALLOC_PID}, &groups), 0);
	assert_int_equal(groups.n, 4);
	for (size_t i = 0; i < groups.n; i++) {
		assert_int_equal(groups.v[i].times, 5000);
		assert_int_equal(groups.v[i].pages, 10000);
	}
	pt_alloc_list_free(&groups);
	pt_alloc_list_free(&list);
	pt_page_owner_free(po);
}

static void groups_are_sorted_as_asked_for(void **state)
{
	static const struct {
		const char *sort, *first;
	} cases[] = {{"size", CACHE},      {"+size", FAULT},          {"times", FAULT}, {"age", FAULT},
		     {"-age", CACHE},      {"last", FAULT},           {"stack", FAULT}, {"-stack", CACHE},
		     {"tgid", FAULT},      {"-tgid", CACHE},          {"name", CACHE},  {"-name", FAULT},
		     {"allocator", CACHE}, {"allocator,times", FAULT}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pt_alloc_list list = grouped(PT_ALLOC_STACK, cases[i].sort, NULL, NULL);
		assert_string_equal(list.v[0].stack, cases[i].first);
		pt_alloc_list_free(&list);
	}
}

static void what_was_typed(void **state)
{
	static const char *const bad_sorts[] = {
		"", "colour", "size,", ",size", "size,,pid", "-", "size,size,size,size,size"};
	static const char *const bad_keys[] = {"", "size", "stack,", "stack stack"};
	static const char *const bad_only[] = {"",
					       "pid",
					       "pid=",
					       "pid=x",
					       "pid=1,",
					       "pid=-1",
					       "size=1",
					       "allocator=all",
					       "stack=a",
					       "name=1234567890123456",
					       "pid=4294967296"};
	struct pt_alloc_sort sort;
	struct pt_alloc_only only = {0};
	unsigned keys;

	(void)state;
	assert_true(pt_alloc_parse_sort("-name,+size,tgid", &sort));
	assert_int_equal(sort.n, 3);
	assert_int_equal(sort.v[0].by, PT_ALLOC_BY_NAME);
	assert_true(sort.v[0].falling);
	assert_false(sort.v[1].falling);
	assert_false(sort.v[2].falling);
	assert_true(pt_alloc_parse_keys("stack,allocator", &keys));
	assert_int_equal(keys, PT_ALLOC_STACK | PT_ALLOC_ALLOCATOR);
	for (size_t i = 0; i < sizeof bad_sorts / sizeof *bad_sorts; i++)
		assert_false(pt_alloc_parse_sort(bad_sorts[i], &sort));
	for (size_t i = 0; i < sizeof bad_keys / sizeof *bad_keys; i++)
		assert_false(pt_alloc_parse_keys(bad_keys[i], &keys));
	for (size_t i = 0; i < sizeof bad_only / sizeof *bad_only; i++)
		assert_false(pt_alloc_parse_only(bad_only[i], &only));
	only.n = 0;
	for (int i = 0; i < PT_ALLOC_ONLY_MAX; i++)
		assert_true(pt_alloc_parse_only("pid=1", &only));
	assert_false(pt_alloc_parse_only("pid=1", &only));
}

static bool in_cache(void *arg, const struct pt_alloc_group *g)
{
	(void)arg;
	return strstr(g->stack, "filemap") != NULL;
}

static void records_are_filtered(void **state)
{
	static const struct {
		const char *only[2];
		uint64_t records, pages;
	} cases[] = {{{"pid=7"}, 1, 1},
		     {{"tgid=7"}, 2, 3},
		     {{"pid=7,9"}, 2, 2},
		     {{"name=sh"}, 3, 4},
		     {{"name=sh,a (b)"}, 3, 4},
		     {{"tgid=7", "pid=17"}, 1, 2},
		     {{"allocator=slab"}, 0, 0},
		     {{"allocator=others"}, 4, 12},
		     {{"pid=7", "name=cat"}, 0, 0}};
	struct pt_alloc_list list;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pt_alloc_only only = {0};
		for (size_t j = 0; j < 2 && cases[i].only[j]; j++)
			assert_true(pt_alloc_parse_only(cases[i].only[j], &only));
		/* while it is read, and out of a list */
		assert_int_equal(
			read_in_pieces(text, sizeof text - 1, 500, PT_ALLOC_STACK, pt_alloc_only_match, &only, &list),
			0);
		assert_int_equal(list.records, cases[i].records);
		assert_int_equal(list.pages, cases[i].pages);
		pt_alloc_list_free(&list);
		list = grouped(PT_ALLOC_STACK, "", pt_alloc_only_match, &only);
		assert_int_equal(list.records, cases[i].records);
		assert_int_equal(list.pages, cases[i].pages);
		pt_alloc_list_free(&list);
	}
	assert_int_equal(read_in_pieces(text, sizeof text - 1, 500, PT_ALLOC_STACK, in_cache, NULL, &list), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.pages, 8);
	pt_alloc_list_free(&list);
}

static void who_allocated_it(void **state)
{
	static const struct {
		const char *flags, *stack, *name;
	} cases[] = {
		{"(slab|head)", " one+1\n", "slab"},
		{"(lru)", " alloc_slab_page+1\n allocate_slab+0x4\n", "slab"}, /* newer kernels have no such flag */
		{"(lru)", " __alloc_pages+1\n __vmalloc_node_range+0x4\n", "vmalloc"},
		{"(lru)", " another+1\n __vmalloc_node_range+0x4\n", "others"},
		{"(lru)", " __vmalloc_node_range+0x4\n", "others"},
		{"(lru)", " do_anonymous_page+1\n", "others"},
	};
	char record[600], name[32];
	struct pt_alloc_record r;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(record, sizeof record,
			 "Page allocated via order 0, mask 0\nPFN 0x10 type Movable Block 0 type "
			 "Unmovable Flags 0x1%s\n%s\n",
			 cases[i].flags, cases[i].stack);
		assert_true(pt_page_owner_parse(record, strlen(record), &r, &n));
		assert_int_equal(n, strlen(record));
		assert_int_equal(r.pfn, 0x10);
		assert_string_equal(r.migrate_type, "Unmovable");
		assert_string_equal(pt_alloc_parts_name(r.allocators, name, sizeof name), cases[i].name);
	}
	assert_string_equal(pt_alloc_parts_name(PT_ALLOC_CMA | PT_ALLOC_SLAB, name, sizeof name), "CMA slab");
	assert_string_equal(pt_alloc_parts_name(PT_ALLOC_CMA | PT_ALLOC_SLAB, name, 4), "CMA");
}

static void the_call_that_tells_most(void **state)
{
	size_t n;

	(void)state;
	const char *call = pt_alloc_caller(FAULT, &n);
	assert_int_equal(n, strlen("do_anonymous_page+0x3/0x4"));
	assert_memory_equal(call, "do_anonymous_page", 17);
	call = pt_alloc_caller(" __alloc_pages+0x1\n", &n); /* nothing else is there */
	assert_memory_equal(call, "__alloc_pages+0x1", n);
	pt_alloc_caller("", &n);
	assert_int_equal(n, 0);
}

static int read_file(struct pt_kernel *k, const char *path, struct pt_alloc_list *ret)
{
	struct pt_page_owner_file file;
	struct pt_page_owner *po;
	int error = pt_page_owner_open(k, path, &file);

	if (error)
		return error;
	assert_int_equal(pt_page_owner_new(&po, PT_ALLOC_STACK, NULL, NULL), 0);
	do
		error = pt_page_owner_read(k, &file, po);
	while (error > 0);
	if (!error && path && file.total) /* where it could be asked for */
		assert_int_equal(file.done, file.total);
	if (!error)
		assert_int_equal(pt_page_owner_list(po, ret), 0);
	pt_page_owner_close(k, &file);
	pt_page_owner_free(po);
	return error;
}

static void files_of_the_kernel_and_saved_ones(void **state)
{
	static const char *const paths[] = {NULL, "saved"};
	struct pt_alloc_list list;
	struct fixture *f = fixture_new(4096, "");
	struct scripted *s = scripted_new(fixture_kernel(f));

	(void)state;
	assert_int_equal(read_file(&s->k, NULL, &list), -ENOENT);
	fixture_write(f, "sys/kernel/debug/page_owner", text); /* read record by record */
	fixture_write(f, "saved", text);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_file(&s->k, paths[i], &list), 0);
		assert_int_equal(list.records, 4);
		assert_int_equal(list.damaged, 1);
		pt_alloc_list_free(&list);
		unsigned long calls = s->calls;
		for (unsigned long call = 1; call <= calls; call++) { /* each call may fail */
			s->calls = 0;
			s->fail_call = call;
			s->fail_error = -EIO;
			if (read_file(&s->k, paths[i], &list) == 0)
				pt_alloc_list_free(&list);
		}
		s->calls = s->fail_call = 0;
	}
	s->deny = "page_owner";
	s->deny_error = -EACCES;
	assert_int_equal(read_file(&s->k, NULL, &list), -EACCES);
	scripted_free(s);
	fixture_free(f);
}

static void what_is_no_such_file_is_refused(void **state)
{
	struct pt_alloc_list list;
	char *long_text = malloc(300000);

	(void)state;
	assert_non_null(long_text);
	assert_int_equal(read_in_pieces("", 0, 1, PT_ALLOC_STACK, NULL, NULL, &list), -EBADMSG);
	assert_int_equal(read_in_pieces("PFN 1\n stack\n", 13, 5, PT_ALLOC_STACK, NULL, NULL, &list), -EBADMSG);
	memset(long_text, 'x', 300000);
	assert_int_equal(read_in_pieces(long_text, 300000, 4096, PT_ALLOC_STACK, NULL, NULL, &list), -EBADMSG);
	free(long_text);
	for (size_t n = 0; n < sizeof text; n++) /* cut off anywhere */
		if (read_in_pieces(text, n, 100, PT_ALLOC_KEYS, NULL, NULL, &list) == 0)
			pt_alloc_list_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_of_one_stack_are_one_group),
		cmocka_unit_test(what_is_kept_apart_is_what_was_asked_for),
		cmocka_unit_test(pieces_of_any_size_give_the_same),
		cmocka_unit_test(memory_is_bounded_by_stacks),
		cmocka_unit_test(many_stacks),
		cmocka_unit_test(groups_are_sorted_as_asked_for),
		cmocka_unit_test(what_was_typed),
		cmocka_unit_test(records_are_filtered),
		cmocka_unit_test(who_allocated_it),
		cmocka_unit_test(the_call_that_tells_most),
		cmocka_unit_test(files_of_the_kernel_and_saved_ones),
		cmocka_unit_test(what_is_no_such_file_is_refused),
	};
	return cmocka_run_group_tests(tests, read_text, forget_text);
}
