/*
 * What pagetop leaks says of a view, made up here: the report, tables and JSON, and one object in full, beside goldens in
 * tests/golden/leaks (PT_REGENERATE=1 writes them). The code that is tested and the command line are linked in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/golden.h"
#include "tests/support/said.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"

/* Of leaks.c, which is not here: it needs a process. */
int ui_leaks_error(struct pt_kernel *k, pid_t pid, int error)
{
	(void)k;
	(void)pid;
	(void)error;
	return UI_LACKING;
}

struct ui_leaks ui_leaks_on_stdout(const struct ui_options *options, const struct pt_hunt_view *view)
{
	return (struct ui_leaks){.options = options, .view = view, .name = "server", .width = 80};
}

/* ---- a view ----------------------------------------------------------------------------------------------------- */

#define MS   1000000ull
#define T(t) ((char[]){t})

static struct pt_leak_object objects[] = {
	{.address = 0x55d0c8a012a0, .size = 24, .group = 0, .root = 0, .site = 1},
	{.address = 0x55d0c8a012c0, .size = 24, .group = 0, .root = 0, .site = 1},
	{.address = 0x55d0c8a01300, .size = 104, .group = 1, .root = 2},
	{.address = 0x55d0c8a01500, .size = 24, .group = 2, .root = 3, .tier = PT_LEAK_WEAK},
	{.address = 0x7f3a00000010, .size = 133136, .group = 3, .root = 4},
	{.address = 0x7f3a40000010, .size = 40, .group = 4, .root = 5, .tier = PT_LEAK_HIDDEN},
	{.address = 0x7f3a40000050, .size = 40, .group = 5, .root = 5, .tier = PT_LEAK_HIDDEN},
};

static struct pt_leak_group groups[] = {
	{.size = 24,
	 .tiers = {{20000, 480000, 0}},
	 .word = PT_LEAK_WORD_CLASS,
	 .value = 0x5555000,
	 .name = T("Node<int>")},
	{.size = 104,
	 .tiers = {{17, 1768, 0}, {2, 208, 0}},
	 .word = PT_LEAK_WORD_TEXT,
	 .name = T("GET /index.html\033[31m with a long, long line that no terminal of eighty columns has room for"),
	 .example = 2},
	{.size = 24,
	 .tiers = {{0}, {12, 288, 0}},
	 .word = PT_LEAK_WORD_SYMBOL,
	 .value = 0x401000,
	 .at = 16,
	 .name = T("table"),
	 .example = 3},
	{.size = 133136, .tiers = {{1, 133136, 0}}, .word = PT_LEAK_WORD_ZERO, .example = 4},
	{.size = 40, .tiers = {{0}, {0}, {3, 120, 0}}, .word = PT_LEAK_WORD_NONE, .example = 5},
	{.size = 40, .tiers = {{0}, {0}, {3, 120, 0}}, .word = PT_LEAK_WORD_VALUE, .value = 0xdead, .example = 6},
};

static struct pt_leak leaks[] = {
	{.root = 0, .count = 20000, .bytes = 480000, .group = 0, .most = 0, .cycle = true},
	{.root = 4, .count = 1, .bytes = 133136, .group = 3, .most = 3},
	{.root = 4, .count = 1, .bytes = 133136, .group = 3, .most = 3}, /* alike: one row for people */
	{.root = 2, .count = 17, .bytes = 1768, .group = 1, .most = 0, .shared = true},
	{.root = 3, .count = 14, .bytes = 496, .group = 2, .most = 1, .tier = PT_LEAK_WEAK},
	{.root = 5, .count = 6, .bytes = 240, .group = 4, .most = 5, .tier = PT_LEAK_HIDDEN},
};

static struct pt_leak_call calls[] = {
	{.ip = 0x401100,
	 .symbol = T("Node<int>::make(int)"),
	 .offset = 16,
	 .module = T("/usr/bin/server"),
	 .file = T("/src/node.cc"),
	 .line = 12},
	{.ip = 0x401200, .symbol = T("handle\033[2J"), .module = T("/usr/bin/server")},
	{.ip = 0x401300, .symbol = T("main"), .module = T("/usr/bin/server")},
	{.ip = 0x7f0000000100, .module = T("/lib/libc.so.6")},
};
static struct pt_leak_site sites[] = {
	{.calls = calls, .n_calls = 4, .complete = true, .samples = 312, .leaked = 310, .size = 24, .bytes = 470000},
	{.calls = calls + 1, .n_calls = 1, .samples = 5, .leaked = 1, .size = 104, .bytes = 1768},
};

static struct pt_heap_page pages[] = {
	{.address = 0x55d0c8a01000, .used = 4000, .own = 96, .lost = 4000, .kind = PT_HEAP_PAGE_LEAKED},
	{.address = 0x55d0c8a02000, .used = 96, .free = 4000, .kind = PT_HEAP_PAGE_LIVE, .huge = true},
	{.address = 0x55d0c8a03000, .free = 4096, .kind = PT_HEAP_PAGE_FREE},
};

#define N(list) (sizeof(list) / sizeof(*(list)))

static char glibc[] = "glibc 2.36", jemalloc[] = "jemalloc", by_jemalloc[] = "memory here is handed out by jemalloc",
	    not_known[] = "Its allocator is not known.",
	    limit[] = "2 threads ended while they were looked at\033]0;evil\007";

static struct pt_hunt_view view_of_server(void)
{
	return (struct pt_hunt_view){
		.pid = 4711,
		.allocator = glibc,
		.verdict = true,
		.passes = 3,
		.converged = true,
		.stopped_ns_max = MS / 8,
		.ns = 1234 * MS,
		.objects_used = 512345,
		.tiers = {{20018, 614904, 150}, {14, 496, 0}, {6, 240, 0}},
		.heap = {.system = 50 << 20,
			 .used = 30 << 20,
			 .free = 12 << 20,
			 .cached = 1 << 20,
			 .own = 64 << 10,
			 .top = (7 << 20) - (64 << 10),
			 .resident = 44 << 20,
			 .free_resident = 9 << 20,
			 .free_bytes_resident = 11 << 20,
			 .used_resident = 30 << 20,
			 .pinned_huge = 3 << 20,
			 .mmapped = 140 << 10,
			 .n_mmapped = 1},
		.objects = objects,
		.n_objects = N(objects),
		.groups = groups,
		.n_groups = N(groups),
		.leaks = leaks,
		.n_leaks = N(leaks),
		.sites = sites,
		.n_sites = N(sites),
	};
}

/* Stopped, interrupted in the middle of things, and not all of it could be read. */
static struct pt_hunt_view view_of_little(void)
{
	return (struct pt_hunt_view){
		.pid = 12,
		.allocator = glibc,
		.verdict = true,
		.why = limit,
		.passes = 1,
		.stopped_ns_max = 20 * MS,
		.ns = 90 * MS,
		.objects_used = 10,
		.swapped_unread = 1 << 20,
		.broken = 4096,
		.tiers = {{1, 24, 0}},
		.heap = {.system = 132 << 10, .used = 1024, .top = 131 << 10, .resident = 8192},
		.objects = objects,
		.n_objects = 1,
		.groups = groups,
		.n_groups = 1,
		.leaks = leaks,
		.n_leaks = 1,
		.sites_error = -ENOSPC,
	};
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

static char *printed(int (*print)(const struct ui_leaks *l), const struct ui_leaks *l, int *ret_status)
{
	said_begin();
	*ret_status = print(l);
	return said_end();
}

static int report(const struct ui_leaks *l)
{
	ui_leaks_report(l);
	return UI_OK;
}

static void the_report_of(const struct ui_leaks *l, const char *name)
{
	int status;
	char *text = printed(report, l, &status);
	said_is_harmless(text);
	golden_check(text, "leaks", name);
	said_fits(text, l->width);
	free(text);
}

static void the_report_tells_it_in_words(void **state)
{
	(void)state;
	struct pt_hunt_view view = view_of_server(), little = view_of_little();
	struct ui_options options = {.sites_ns = 10};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	the_report_of(&l, "server-80");
	l.width = 120;
	the_report_of(&l, "server-120");
	l.width = 80;
	l.ascii = true;
	options = (struct ui_options){.bytes = true};
	the_report_of(&l, "server-ascii-bytes");
	l = ui_leaks_on_stdout(&options, &little);
	options = (struct ui_options){.sites_ns = 10};
	the_report_of(&l, "little");
	little = (struct pt_hunt_view){.pid = 12,
				       .allocator = glibc,
				       .verdict = true,
				       .passes = 2,
				       .stopped_all_ns = 40 * MS,
				       .heap = {.system = 132 << 10, .used = 1024, .top = 131 << 10}};
	the_report_of(&l, "nothing");
}

static void where_there_is_no_verdict_it_says_so(void **state)
{
	(void)state;
	struct pt_hunt_view view = {.pid = 12, .allocator = jemalloc, .why = by_jemalloc};
	struct ui_options options = {0};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	the_report_of(&l, "no-verdict");
}

static void tier_and_filter_choose_rows(void **state)
{
	(void)state;
	struct pt_hunt_view view = view_of_server();
	struct ui_options options = {.tier = "weak"};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	char message[128];
	the_report_of(&l, "weak");
	options.tier = NULL;
	assert_int_equal(pt_filter_new(&l.filter, "get /|zeroes", message, sizeof(message)), 0);
	the_report_of(&l, "filtered");
	pt_filter_free(l.filter);
}

static void every_table_is_there_as_a_whole(void **state)
{
	(void)state;
	struct pt_hunt_view view = view_of_server();
	for (int by = UI_LEAKS_BY_NONE + 1; by < UI_LEAKS_BY_N; by++)
		for (int raw = 0; raw < 2; raw++) {
			struct ui_options options = {.leaks_by = (enum ui_leaks_by)by, .raw = raw};
			struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
			int status;
			l.pages = pages;
			l.n_pages = N(pages);
			char *text = printed(ui_leaks_table, &l, &status), name[64];
			assert_int_equal(status, UI_OK);
			said_is_harmless(text);
			snprintf(name, sizeof(name), "by-%s%s", ui_leaks_by_name(options.leaks_by), raw ? "-raw" : "");
			golden_check(text, "leaks", name);
			free(text);
		}
}

static void tables_have_the_columns_that_are_asked_for(void **state)
{
	(void)state;
	struct pt_hunt_view view = view_of_server();
	struct ui_options options = {.leaks_by = UI_LEAKS_BY_OBJECTS, .columns = "group,site,tier", .tier = "leaked"};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	int status;
	char *text = printed(ui_leaks_table, &l, &status);
	assert_string_equal(text, "GROUP SITE TIER\n"
				  "    0    1 leaked\n"
				  "    0    1 leaked\n"
				  "    1    ? leaked\n"
				  "    3    ? leaked\n");
	free(text);
	options.columns = "nonsense";
	assert_int_equal(ui_leaks_table_check(&options), UI_USAGE);
	assert_non_null(strstr(said_complaint, "--by objects: "));
	options.leaks_by = UI_LEAKS_BY_NONE;
	assert_int_equal(ui_leaks_table_check(&options), UI_OK);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *json_of(const struct pt_hunt_view *view, const struct ui_options *options)
{
	struct ui_leaks l = ui_leaks_on_stdout(options, view);
	int status;
	char *text = printed(ui_leaks_json, &l, &status);
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(status, UI_OK);
	if (!all)
		fail_msg("no JSON: %s", text);
	said_is_harmless(text);
	free(text);
	return all;
}

static void has_keys(const json_t *object, const char *keys)
{
	char list[512], *at = list;
	snprintf(list, sizeof(list), "%s", keys);
	for (char *key; (key = strsep(&at, " "));)
		if (!json_object_get(object, key))
			fail_msg("no key '%s'", key);
}

static json_int_t number(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* design.md's, and of the types that it gives. */
static void json_keeps_the_contract(void **state)
{
	(void)state;
	struct pt_hunt_view view = view_of_server();
	struct ui_options options = {.json = true, .objects = true, .sites_ns = 1};
	json_t *all = json_of(&view, &options), *o = json_object_get(all, "leaks"), *row;
	has_keys(o, "pid allocator verdict passes converged stopped-ns-max leaked weak hidden free-resident groups "
		    "objects");
	assert_int_equal(number(o, "pid"), 4711);
	assert_string_equal(json_string_value(json_object_get(o, "allocator")), "glibc 2.36");
	assert_true(json_is_true(json_object_get(o, "verdict")));
	assert_true(json_is_true(json_object_get(o, "converged")));
	assert_int_equal(number(o, "passes"), 3);
	assert_int_equal(number(o, "stopped-ns-max"), MS / 8);
	row = json_object_get(o, "leaked");
	assert_int_equal(number(row, "count"), 20018);
	assert_int_equal(number(row, "bytes"), 614904);
	assert_int_equal(number(row, "pages"), 150);
	assert_int_equal(number(json_object_get(o, "weak"), "count"), 14);
	assert_int_equal(number(json_object_get(o, "hidden"), "bytes"), 240);
	assert_int_equal(number(json_object_get(o, "free-resident"), "bytes"), 9 << 20);
	assert_int_equal(json_array_size(json_object_get(o, "groups")), N(groups));
	assert_int_equal(json_array_size(json_object_get(o, "leaks")), N(leaks));
	assert_int_equal(json_array_size(json_object_get(o, "sites")), N(sites));
	json_t *list = json_object_get(o, "objects");
	assert_int_equal(json_array_size(list), N(objects));
	row = json_array_get(list, 3);
	assert_string_equal(json_string_value(json_object_get(row, "address")), "0x55d0c8a01500");
	assert_int_equal(number(row, "size"), 24);
	assert_string_equal(json_string_value(json_object_get(row, "tier")), "weak");
	json_decref(all);
	options = (struct ui_options){.json = true};
	all = json_of(&view, &options);
	o = json_object_get(all, "leaks");
	assert_null(json_object_get(o, "objects"));
	assert_true(json_is_null(json_object_get(o, "sites")));
	json_decref(all);
}

/* Missing is not zero. */
static void json_without_a_verdict_has_no_sums(void **state)
{
	(void)state;
	struct pt_hunt_view view = {.pid = 12, .why = not_known};
	struct ui_options options = {.json = true, .objects = true};
	json_t *all = json_of(&view, &options), *o = json_object_get(all, "leaks");
	static const char *const tiers[] = {"leaked", "weak", "hidden"};
	assert_true(json_is_false(json_object_get(o, "verdict")));
	assert_true(json_is_null(json_object_get(o, "allocator")));
	assert_string_equal(json_string_value(json_object_get(o, "why")), "Its allocator is not known.");
	for (size_t i = 0; i < N(tiers); i++) {
		assert_true(json_is_null(json_object_get(json_object_get(o, tiers[i]), "count")));
		assert_true(json_is_null(json_object_get(json_object_get(o, tiers[i]), "bytes")));
		assert_true(json_is_null(json_object_get(json_object_get(o, tiers[i]), "pages")));
	}
	assert_true(json_is_null(json_object_get(json_object_get(o, "free-resident"), "bytes")));
	assert_int_equal(json_array_size(json_object_get(o, "objects")), 0);
	json_decref(all);
}

/* ---- one object ------------------------------------------------------------------------------------------------- */

static struct pt_link in[] = {
	{.place = 0x55d0c8a01500, .value = 0x55d0c8a012a0, .object = 0x55d0c8a014f0, .size = 56, .name = T("Server")},
	{.value = 0x55d0c8a012a0, .is_root = true, .kind = PT_ROOT_REGISTER, .name = T("rbx of thread 4711")},
	{.place = 0x7ffe0010, .value = 0x55d0c8a012a3, .is_root = true, .kind = PT_ROOT_STACK, .weak = true},
};
static struct pt_link out[] = {
	{.place = 0x55d0c8a012a8, .value = 0x55d0c8a012c0, .object = 0x55d0c8a012c0, .size = 24},
};
static struct pt_link path[] = {
	{.place = 0x404040,
	 .value = 0x55d0c8a014f0,
	 .is_root = true,
	 .kind = PT_ROOT_DATA,
	 .name = T("server+0x88 (/usr/bin/\033[31mserver)")},
	{.place = 0x55d0c8a01500, .value = 0x55d0c8a012a0, .object = 0x55d0c8a014f0, .size = 56},
};

static struct pt_object object_of_server(void)
{
	static char class_name[] = "Node<int>";
	static unsigned char bytes[] = "\0\x50\x55\x05\0\0\0\0\xc0\x12\xa0\xc8\xd0\x55\0\0hello\033\n";
	return (struct pt_object){.address = 0x55d0c8a012a0,
				  .size = 24,
				  .kind = PT_CHUNK_USED,
				  .found = true,
				  .reached = PT_REACHED,
				  .class_name = class_name,
				  .bytes = bytes,
				  .n_bytes = 24,
				  .in = in,
				  .out = out,
				  .path = path,
				  .n_in = N(in),
				  .n_out = N(out),
				  .n_path = N(path),
				  .in_all = N(in),
				  .out_all = N(out)};
}

static const struct pt_object *asked;

static int object_report(const struct ui_leaks *l)
{
	ui_leaks_object(l, asked);
	return UI_OK;
}

static int object_json(const struct ui_leaks *l)
{
	return ui_leaks_object_json(l, asked);
}

static void an_object_says_why_it_is_alive(void **state)
{
	(void)state;
	struct pt_hunt_view view = {.pid = 4711};
	struct ui_options options = {.why = "55d0c8a012a8", .why_address = 0x55d0c8a012a8};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	struct pt_object object = object_of_server(), none = {0};
	int status;
	asked = &object;
	char *text = printed(object_report, &l, &status);
	said_is_harmless(text);
	said_fits(text, 80);
	golden_check(text, "leaks", "why");
	free(text);
	object.reached = PT_REACHED_NOT;
	object.n_path = object.n_in = 0;
	object.arena = PT_NO_ARENA;
	text = printed(object_report, &l, &status);
	golden_check(text, "leaks", "why-lost");
	free(text);
	asked = &none;
	text = printed(object_report, &l, &status);
	assert_non_null(strstr(text, "is in no chunk of malloc"));
	free(text);
}

static void an_object_as_json(void **state)
{
	(void)state;
	struct pt_hunt_view view = {.pid = 4711};
	struct ui_options options = {.why = "55d0c8a012a8", .why_address = 0x55d0c8a012a8, .json = true};
	struct ui_leaks l = ui_leaks_on_stdout(&options, &view);
	struct pt_object object = object_of_server();
	int status;
	asked = &object;
	char *text = printed(object_json, &l, &status);
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *o = json_object_get(all, "why");
	said_is_harmless(text);
	has_keys(o, "pid asked found address size kind arena class reached path in in-all out out-all contents");
	assert_string_equal(json_string_value(json_object_get(o, "address")), "0x55d0c8a012a0");
	assert_int_equal(json_array_size(json_object_get(o, "path")), 2);
	assert_string_equal(json_string_value(json_object_get(o, "contents")),
			    "0050550500000000c012a0c8d055000068656c6c6f1b0a00");
	json_decref(all);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_tells_it_in_words),
		cmocka_unit_test(where_there_is_no_verdict_it_says_so),
		cmocka_unit_test(tier_and_filter_choose_rows),
		cmocka_unit_test(every_table_is_there_as_a_whole),
		cmocka_unit_test(tables_have_the_columns_that_are_asked_for),
		cmocka_unit_test(json_keeps_the_contract),
		cmocka_unit_test(json_without_a_verdict_has_no_sums),
		cmocka_unit_test(an_object_says_why_it_is_alive),
		cmocka_unit_test(an_object_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
