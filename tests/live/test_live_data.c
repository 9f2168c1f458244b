/*
 * Names of data of a running process, of this one: variables, constants, what is zero at first, the C library's; what no
 * program can change, out of its file; types by their mangled names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/unwind/unwind.h"

static const char written[] = "Nobody changes what stands here.";
static const char *const pointers[] = {written, written + 1}; /* relocated, then only to be read */
static uint64_t variables[4] = {1, 2, 3, 4};
static uint64_t zeroes[1000];

struct world {
	struct pt_kernel *k;
	struct pt_unwinder *u;
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	*state = w;
	return pt_kernel_linux_new(&w->k, "/", 0) || pt_unwinder_new(&w->u, w->k, getpid());
}

static int end(void **state)
{
	struct world *w = *state;
	pt_unwinder_free(w->u);
	pt_kernel_free(w->k);
	free(w);
	return 0;
}

static void expect(const struct world *w, const void *at, const char *name, uint64_t offset)
{
	struct pt_symbol symbol;
	pt_unwinder_data(w->u, (uintptr_t)at, &symbol);
	assert_non_null(symbol.name);
	assert_string_equal(symbol.name, name);
	assert_int_equal(symbol.offset, offset);
	assert_non_null(strstr(symbol.module, "test_live_data"));
}

static void variables_have_names(void **state)
{
	expect(*state, variables, "variables", 0);
	expect(*state, &variables[3], "variables", 24);
	expect(*state, zeroes, "zeroes", 0);
	expect(*state, (const char *)zeroes + 7999, "zeroes", 7999);
	expect(*state, written + 5, "written", 5);
	expect(*state, &pointers[1], "pointers", 8);
}

static void other_modules_have_them_too(void **state)
{
	struct pt_symbol symbol;
	const struct world *w = *state;
	pt_unwinder_data(w->u, (uintptr_t)stdout, &symbol);
	assert_string_equal(symbol.name, "_IO_2_1_stdout_");
	assert_int_equal(symbol.offset, 0);
	assert_non_null(strstr(symbol.module, "libc"));
	assert_non_null(symbol.build_id);
}

static void other_memory_has_none(void **state)
{
	const struct world *w = *state;
	struct pt_symbol symbol = {.name = "x", .module = "x"};
	void *object = malloc(100);
	const uint64_t none[] = {0, 1, (uintptr_t)&symbol, (uintptr_t)object, UINT64_MAX};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		pt_unwinder_data(w->u, none[i], &symbol);
		assert_null(symbol.name);
		assert_null(symbol.module);
	}
	free(object);
}

static void constants_come_out_of_the_file(void **state)
{
	const struct world *w = *state;
	char got[sizeof(written)] = "";
	assert_true(pt_unwinder_constant(w->u, (uintptr_t)written, got, sizeof(got)) == (ssize_t)sizeof(got));
	assert_string_equal(got, written);
	assert_int_equal(pt_unwinder_constant(w->u, (uintptr_t)variables, got, 8), -ENOENT); /* may have changed */
	assert_int_equal(pt_unwinder_constant(w->u, (uintptr_t)got, got, 8), -ENOENT);
}

static void types_are_shown_as_written(void **state)
{
	const struct world *w = *state;
	char *name = pt_unwinder_type(w->u, "N3foo3BarIiEE");
	if (!name) {
		puts("SKIP: no C++ library");
		skip();
	}
	assert_string_equal(name, "foo::Bar<int>");
	free(name);
	assert_null(pt_unwinder_type(w->u, "not a type"));
	assert_null(pt_unwinder_type(w->u, ""));
	assert_null(pt_unwinder_type(w->u, "\x1b[31m"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(variables_have_names, begin, end),
		cmocka_unit_test_setup_teardown(other_modules_have_them_too, begin, end),
		cmocka_unit_test_setup_teardown(other_memory_has_none, begin, end),
		cmocka_unit_test_setup_teardown(constants_come_out_of_the_file, begin, end),
		cmocka_unit_test_setup_teardown(types_are_shown_as_written, begin, end),
	};
	return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
