/*
 * page_owner's records: grouped by stack, sorted and filtered as page_owner_sort does, out of the kernel or a saved file.
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

#define HEAD(order, pid, name, ts)                                                                                     \
	"Page allocated via order " order ", mask 0x1100cca(GFP_HIGHUSER_MOVABLE), pid " pid ", tgid " pid " (" name   \
	"), ts " ts " ns, free_ts 5 ns\n"                                                                              \
	"PFN 4096 type Movable Block 8 type Movable Flags 0xfffffc0080034(uptodate|lru)\n"
#define FAULT " get_page_from_freelist+0x1/0x2\n do_anonymous_page+0x3/0x4\n"
#define CACHE " get_page_from_freelist+0x1/0x2\n filemap_add_folio+0x5/0x6\n"

static const char text[] = HEAD("0", "7", "sh", "300") FAULT "\n"                                  /* */
	HEAD("3", "8", "a (b), ts 9", "200") CACHE "Charged to memcg x\n\n"                        /* */
	HEAD("0", "9", "sh", "100") FAULT "\n"                                                     /* */
					  "Page allocated via order x, mask 0\nPFN 1\n" FAULT "\n" /* damaged */
	HEAD("1", "7", "sh", "400") FAULT;                                                         /* cut off */

static struct pt_alloc_list parse(const struct pt_alloc_request *q)
{
	struct pt_alloc_list list;
	assert_int_equal(pt_parse_page_owner(text, sizeof text - 1, q, &list), 0);
	return list;
}

static void allocations_of_one_stack_are_one_group(void **state)
{
	(void)state;
	struct pt_alloc_list list = parse(&(struct pt_alloc_request){.sort = PT_ALLOC_BY_TIMES});
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
	assert_int_equal(fault->pid, 7);
	assert_true(fault->others);
	assert_string_equal(cache->stack, CACHE);
	assert_int_equal(cache->times, 1);
	assert_string_equal(cache->name, "a (b), ts 9"); /* names are hostile */
	assert_false(cache->others);
	pt_alloc_list_free(&list);
}

static void groups_are_sorted_as_asked_for(void **state)
{
	(void)state;
	static const struct {
		enum pt_alloc_sort sort;
		const char *first;
	} cases[] = {{PT_ALLOC_BY_PAGES, CACHE},
		     {PT_ALLOC_BY_TIMES, FAULT},
		     {PT_ALLOC_BY_AGE, FAULT},
		     {PT_ALLOC_BY_STACK, FAULT}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pt_alloc_list list = parse(&(struct pt_alloc_request){.sort = cases[i].sort});
		assert_string_equal(list.v[0].stack, cases[i].first);
		pt_alloc_list_free(&list);
	}
}

static bool in_cache(void *arg, const char *name, const char *stack, size_t size)
{
	(void)arg;
	(void)name;
	return memmem(stack, size, "filemap", 7) != NULL;
}

static void records_are_filtered(void **state)
{
	(void)state;
	struct pt_alloc_list list = parse(&(struct pt_alloc_request){.pid = 7});
	assert_int_equal(list.records, 2);
	assert_int_equal(list.pages, 3);
	pt_alloc_list_free(&list);
	list = parse(&(struct pt_alloc_request){.only = in_cache});
	assert_int_equal(list.n, 1);
	assert_int_equal(list.pages, 8);
	pt_alloc_list_free(&list);
	list = parse(&(struct pt_alloc_request){.pid = 12345}); /* none is an answer */
	assert_int_equal(list.n, 0);
	pt_alloc_list_free(&list);
}

static void what_is_no_such_file_is_refused(void **state)
{
	(void)state;
	struct pt_alloc_request all = {0};
	struct pt_alloc_list list;
	struct fixture *f = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(f);
	assert_int_equal(pt_parse_page_owner("", 0, &all, &list), -EBADMSG);
	assert_int_equal(pt_parse_page_owner("PFN 1\n stack\n", 13, &all, &list), -EBADMSG);
	assert_int_equal(pt_page_owner_read(k, &all, &list), -ENOENT);
	fixture_write(f, "sys/kernel/debug/page_owner", text);
	assert_int_equal(pt_page_owner_read(k, &all, &list), 0);
	assert_int_equal(list.records, 4);
	pt_alloc_list_free(&list);
	for (size_t n = 0; n < sizeof text; n++) /* cut off anywhere */
		if (pt_parse_page_owner(text, n, &all, &list) == 0)
			pt_alloc_list_free(&list);
	pt_kernel_free(k);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_of_one_stack_are_one_group),
		cmocka_unit_test(groups_are_sorted_as_asked_for),
		cmocka_unit_test(records_are_filtered),
		cmocka_unit_test(what_is_no_such_file_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
