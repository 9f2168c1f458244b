/*
 * What pagetop faults says of a view, made up here: the report, tables, folded stacks and JSON, beside goldens in
 * tests/golden/faults (PT_REGENERATE=1 writes them). The code that is tested and the command line are linked in.
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
#include "tui/commands/faults.h"

/* ---- a view ----------------------------------------------------------------------------------------------------- */

#define PAGE 4096
#define S    1000000000ull

#define T(text) ((char[]){text})

static struct pt_fault_call redis[] = {
	{.ip = 0x7f0000100, .symbol = T("malloc"), .offset = 0x19, .module = T("/lib/libc.so.6")},
	{.ip = 0x5500100,
	 .symbol = T("zmalloc"),
	 .module = T("/usr/bin/redis"),
	 .file = T("/src/zmalloc.c"),
	 .line = 102},
	{.ip = 0x5500200, .symbol = T("std::map<int, a;b> operator new(unsigned long)"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500300, .symbol = T("createStringObject"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500400, .symbol = T("evil\033[31m\n"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500500, .symbol = T("processCommand"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500600, .symbol = T("readQueryFromClient"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500700, .symbol = T("connSocketEventHandler"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500800, .symbol = T("aeProcessEvents"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500900, .symbol = T("aeMain"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500a00, .symbol = T("main"), .module = T("/usr/bin/redis")},
	{.ip = 0x5500b00, .symbol = T("_start"), .module = T("/usr/bin/redis")},
};
static struct pt_fault_call jit[] = {{.ip = 0x7e0000000}, {.ip = 0x5500120, .module = T("/opt/lib/libv8.so")}};
static struct pt_fault_stack_row stacks[] = {
	{.id = 1,
	 .counts = {.events = 11000, .kinds = {[PT_FAULT_FIRST_TOUCH] = 11000}},
	 .born = 45056000,
	 .still = 44000000,
	 .still_known = true,
	 .complete = true,
	 .calls = redis,
	 .n_calls = sizeof(redis) / sizeof(*redis)},
	{.id = 2,
	 .counts = {.events = 1200, .kinds = {[PT_FAULT_FIRST_TOUCH] = 1200}},
	 .born = 4915200,
	 .calls = jit,
	 .n_calls = 2},
	{.counts = {.events = 9, .kinds = {[PT_FAULT_FILE_MAP] = 9}}, .still_known = true},
	/* other addresses of the same calls */
	{.id = 3,
	 .counts = {.events = 5, .kinds = {[PT_FAULT_COW] = 5}},
	 .still_known = true,
	 .complete = true,
	 .calls = redis,
	 .n_calls = sizeof(redis) / sizeof(*redis)},
};
static struct pt_fault_vma_row vmas[] = {
	{.start = 0x7f3a00000000,
	 .end = 0x7f3a40000000,
	 .name = T(""),
	 .role = PT_ROLE_ARENA,
	 .counts = {.events = 12000,
		    .per_s = 1200,
		    .kinds = {[PT_FAULT_FIRST_TOUCH] = 11900, [PT_FAULT_COW] = 90, [PT_FAULT_UNKNOWN] = 10}},
	 .born = 48742400},
	{.start = 0x7f3b1c200000,
	 .end = 0x7f3b1c400000,
	 .name = T("/usr/lib/x86_64-linux-gnu/a-folder-with-a-long-name/\033]0;evil\007/libjemalloc.so.2"),
	 .role = PT_ROLE_TEXT,
	 .counts = {.events = 345, .major = 12, .kernel = 40, .kinds = {[PT_FAULT_FILE_MAP] = 345}}},
};
static struct pt_fault_address_row addresses[] = {
	{.address = 0x7f3a00001000,
	 .counts = {.events = 17, .kinds = {[PT_FAULT_COW] = 17}},
	 .last = PT_FAULT_COW,
	 .last_ns = 9 * S,
	 .stack = 3},
	{.address = 0x1000, .counts = {.events = 1, .kinds = {[PT_FAULT_UNKNOWN] = 1}}, .last_ns = 99 * S},
};
static struct pt_fault_thread_row threads[] = {
	{.pid = 7391, .tid = 7391, .name = "redis-server", .cpu = 1, .counts = {.events = 12000}},
	{.pid = 7391, .tid = 7392, .name = "\033[2Jbio", .cpu = 0, .node = -1, .counts = {.events = 345, .kernel = 40}},
};
static struct pt_fault_cpu_row cpus[] = {
	{.cpu = 1, .counts = {.events = 12000, .kinds = {[PT_FAULT_FIRST_TOUCH] = 12000}}},
	{.cpu = 0, .node = -1, .counts = {.events = 345, .kinds = {[PT_FAULT_FILE_MAP] = 345}}},
};
static struct pt_fault_repeater repeaters[] = {
	{.address = 0x7f3a00001000,
	 .name = T("[heap]"),
	 .locked = true,
	 .events = 17,
	 .kind = PT_FAULT_COW,
	 .interval_ns = 500000000,
	 .backs_off = true,
	 .last_ns = 9 * S,
	 .cause = PT_REPEAT_FORK,
	 .text = T("The process forks again and again: each time this page is shared, and the first write to it after "
		   "that makes a copy."),
	 .stack = 3},
	{.address = 0x7f3a00002000, .name = T(""), .events = 3, .text = NULL},
	/* page by page one run, but for the last */
	{.address = 0x600000 + 2 * PAGE,
	 .name = T("/dev/shm/x"),
	 .events = 9,
	 .kind = PT_FAULT_WRITE_PROTECT,
	 .locked = true},
	{.address = 0x600000 + PAGE,
	 .name = T("/dev/shm/x"),
	 .events = 10,
	 .kind = PT_FAULT_WRITE_PROTECT,
	 .locked = true},
	{.address = 0x600000, .name = T("/dev/shm/x"), .events = 11, .kind = PT_FAULT_WRITE_PROTECT, .locked = true},
	{.address = 0x600000 + 3 * PAGE, .name = T("/dev/shm/x"), .events = 4, .kind = PT_FAULT_WRITE_PROTECT},
};

static struct pt_fault_alloc_row allocations[] = {
	{.migrate_type = 1,
	 .zone = "Normal",
	 .flags = T("GFP_HIGHUSER_MOVABLE|__GFP_ZERO"),
	 .events = 11900,
	 .pages = 11900},
	{.order = 9, .migrate_type = 77, .node = -1, .flags = T("GFP_TRANSHUGE|\033"), .events = 2, .pages = 1024},
};

/* The last has calls that are in no other table. */
static struct pt_fault_grower growers[] = {
	{.start = 0x7f3a00000000, .name = T(""), .role = PT_ROLE_ARENA, .stack = 1, .bytes = 40000000},
	{.start = 0x400000, .name = T("[heap]"), .role = PT_ROLE_HEAP, .stack = 2, .bytes = 90000},
	{.start = 0x7f0000000000, .name = T("/tmp/a\033b"), .role = PT_ROLE_FILE, .stack = 99, .bytes = 4096},
};

static struct pt_fault_view view_of_redis(void)
{
	return (struct pt_fault_view){
		.pid = 7391,
		.from_ns = 0,
		.to_ns = 10 * S,
		.totals = {.minor = 12333, .major = 12, .told = 12345, .kernel_mode = true},
		.period = 1,
		.period_most = 1,
		.cpu_share = 0.031,
		.cpu_ns = {8 * S, true},
		.faults_ns = {S, true},
		.fault_samples = 200,
		.allocs = allocations,
		.n_allocs = 2,
		.growers = growers,
		.n_growers = 3,
		.growers_known = true,
		.all = {.events = 12345,
			.major = 12,
			.kernel = 40,
			.per_s = 1200,
			.kinds = {[PT_FAULT_FIRST_TOUCH] = 11900,
				  [PT_FAULT_COW] = 90,
				  [PT_FAULT_FILE_MAP] = 345,
				  [PT_FAULT_UNKNOWN] = 10}},
		.stacks = stacks,
		.n_stacks = sizeof(stacks) / sizeof(*stacks),
		.vmas = vmas,
		.n_vmas = 2,
		.addresses = addresses,
		.n_addresses = 2,
		.threads = threads,
		.n_threads = 2,
		.cpus = cpus,
		.n_cpus = 2,
		.repeaters = repeaters,
		.n_repeaters = sizeof(repeaters) / sizeof(*repeaters),
	};
}

/* Little and badly known: without privilege, with losses and a period, nothing of the pages. */
static struct pt_fault_view view_of_little(void)
{
	return (struct pt_fault_view){
		.pid = 12,
		.to_ns = S / 2,
		.totals = {.minor = 6000000, .lost = 12, .damaged = 1, .told = 900},
		.period = 1,
		.period_most = 64,
		.unread = 800,
		.left_out = 3,
		.cpu_share = -1,
		.spent_error = -ENODATA,
		.stacks_error = -EOPNOTSUPP,
		.allocs_error = -ENOENT,
		.all = {.events = 5900000, .kinds = {[PT_FAULT_UNKNOWN] = 5900000}},
		.children = {.events = 77},
	};
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

static char *printed(int (*print)(const struct ui_faults *f), const struct ui_faults *f, int *ret_status)
{
	said_begin();
	*ret_status = print(f);
	return said_end();
}

static int report(const struct ui_faults *f)
{
	ui_faults_report(f);
	return UI_OK;
}

static struct ui_faults faults_of(const struct pt_fault_view *view, const struct ui_options *options)
{
	return (struct ui_faults){
		.options = options, .view = view, .name = "redis-server", .page_size = PAGE, .width = 80};
}

static void the_report_of(const struct ui_faults *f, const char *name)
{
	int status;
	char *text = printed(report, f, &status);
	said_fits(text, f->width);
	said_is_harmless(text);
	golden_check(text, "faults", name);
	free(text);
}

static void the_report_tells_it_in_words(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis(), little = view_of_little();
	struct ui_options options = {0};
	struct ui_faults f = faults_of(&view, &options);
	f.rss_from = (struct pt_maybe){20 << 20, true};
	f.rss_to = (struct pt_maybe){120 << 20, true};
	the_report_of(&f, "redis-80");
	f.width = 120;
	the_report_of(&f, "redis-120");
	f.width = 80;
	f.ascii = true;
	f.rss_to = (struct pt_maybe){50 << 20, true};
	options.bytes = true;
	the_report_of(&f, "redis-ascii-bytes");
	f = faults_of(&little, &options);
	options = (struct ui_options){.allocations = true};
	f.why = "interrupted";
	the_report_of(&f, "little");
	little = (struct pt_fault_view){.pid = 12, .to_ns = 3 * S, .totals.kernel_mode = true, .cpu_share = 0};
	options.allocations = false;
	the_report_of(&f, "nothing");
}

static void a_filter_chooses_rows_of_the_report(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis();
	struct ui_options options = {0};
	struct ui_faults f = faults_of(&view, &options);
	char message[128];
	assert_int_equal(pt_filter_new(&f.filter, "libv8|arena", message, sizeof(message)), 0);
	the_report_of(&f, "filtered");
	pt_filter_free(f.filter);
}

static void every_table_is_there_as_a_whole(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis();
	for (int by = UI_BY_NONE + 1; by < UI_BY_N; by++)
		for (int raw = 0; raw < 2; raw++) {
			struct ui_options options = {.by = (enum ui_faults_by)by, .raw = raw};
			struct ui_faults f = faults_of(&view, &options);
			int status;
			char *text = printed(ui_faults_table, &f, &status), name[64];
			assert_int_equal(status, UI_OK);
			said_is_harmless(text);
			snprintf(name, sizeof(name), "by-%s%s", ui_faults_by_name(options.by), raw ? "-raw" : "");
			golden_check(text, "faults", name);
			free(text);
		}
}

static void tables_have_the_columns_that_are_asked_for(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis();
	struct ui_options options = {.by = UI_BY_VMA, .columns = "end,major,syscall,rate,bar"};
	struct ui_faults f = faults_of(&view, &options);
	int status;
	f.ascii = true;
	char *text = printed(ui_faults_table, &f, &status);
	assert_string_equal(text, "         END MAJOR SYSCALL     RATE BAR\n"
				  "7f3a40000000     0       0 1200.0/s ###################\n"
				  "7f3b1c400000    12      40    0.0/s #\n");
	free(text);
	options.columns = "nonsense";
	assert_int_equal(ui_faults_table_check(&options), UI_USAGE);
	assert_non_null(strstr(said_complaint, "--by vma: "));
	options.by = UI_BY_NONE;
	assert_int_equal(ui_faults_table_check(&options), UI_OK);
}

/* ---- folded ----------------------------------------------------------------------------------------------------- */

#define REDIS                                                                                                          \
	"_start;main;aeMain;aeProcessEvents;connSocketEventHandler;readQueryFromClient;processCommand;evil\\x1b["      \
	"31m\\x0a;"                                                                                                    \
	"createStringObject;std::map<int,_a:b>_operator_new(unsigned_long);zmalloc;malloc"

static void folds(struct pt_fault_view *view, enum ui_folded what, const char *wanted, const char *said)
{
	struct ui_options options = {.folded = what};
	struct ui_faults f = faults_of(view, &options);
	int status;
	char *text = printed(ui_faults_folded, &f, &status);
	assert_int_equal(status, UI_OK);
	assert_string_equal(text, wanted);
	if (said)
		assert_non_null(strstr(said_complaint, said));
	else
		assert_string_equal(said_complaint, "");
	free(text);
}

static void folded_stacks_are_lines_of_calls_and_a_number(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis(), little = view_of_little();
	folds(&view, UI_FOLDED_FAULTS, "[incomplete];[libv8.so];[unknown] 1200\n[no-stack] 9\n" REDIS " 11005\n", NULL);
	folds(&view, UI_FOLDED_BORN, "[incomplete];[libv8.so];[unknown] 4915200\n" REDIS " 45056000\n", NULL);
	folds(&view, UI_FOLDED_BYTES, REDIS " 44000000\n", "of 1 stacks it is not known");
	folds(&little, UI_FOLDED_FAULTS, "", "there are no stacks: ");
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *json_of(const struct pt_fault_view *view, const struct ui_options *options)
{
	struct ui_faults f = faults_of(view, options);
	int status;
	char *text = printed(ui_faults_json, &f, &status);
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(status, UI_OK);
	assert_non_null(all);
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

/* design.md's, and of the types that it gives. */
static void json_keeps_the_contract(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis();
	struct ui_options options = {.json = true};
	json_t *all = json_of(&view, &options), *o = json_object_get(all, "faults"), *row;
	json_int_t sum = 0;
	const char *key;
	has_keys(o, "pid seconds events lost period kinds vmas repeaters stacks");
	assert_int_equal(json_integer_value(json_object_get(o, "pid")), 7391);
	assert_true(json_real_value(json_object_get(o, "seconds")) == 10.0);
	assert_int_equal(json_integer_value(json_object_get(o, "events")), 12345);
	assert_int_equal(json_integer_value(json_object_get(o, "lost")), 0);
	assert_int_equal(json_integer_value(json_object_get(o, "period")), 1);
	json_t *kinds = json_object_get(o, "kinds");
	has_keys(kinds,
		 "first-touch huge cow zero-write swap-in file-map write-protect numa migration spurious unknown");
	assert_int_equal(json_object_size(kinds), 11);
	json_object_foreach(kinds, key, row) sum += json_integer_value(row);
	assert_int_equal(sum, 12345);
	row = json_array_get(json_object_get(o, "vmas"), 0);
	has_keys(row, "start name events");
	assert_string_equal(json_string_value(json_object_get(row, "start")), "0x7f3a00000000");
	assert_true(json_is_null(json_object_get(row, "name")));
	row = json_array_get(json_object_get(o, "repeaters"), 0);
	has_keys(row, "address events interval-ms kind cause text");
	assert_string_equal(json_string_value(json_object_get(row, "address")), "0x7f3a00001000");
	assert_true(json_real_value(json_object_get(row, "interval-ms")) == 500.0);
	assert_string_equal(json_string_value(json_object_get(row, "kind")), "cow");
	assert_string_equal(json_string_value(json_object_get(row, "cause")), "fork");
	row = json_array_get(json_object_get(o, "stacks"), 0);
	has_keys(row, "events complete frames");
	assert_true(json_is_true(json_object_get(row, "complete")));
	row = json_array_get(json_object_get(row, "frames"), 1);
	has_keys(row, "ip symbol offset file line");
	assert_string_equal(json_string_value(json_object_get(row, "ip")), "0x5500100");
	assert_string_equal(json_string_value(json_object_get(row, "file")), "/src/zmalloc.c");
	assert_int_equal(json_integer_value(json_object_get(row, "line")), 102);
	json_decref(all);
}

/* What no recording has is not known, which is no empty list. */
static void json_of_a_recording(void **state)
{
	(void)state;
	static const char *const unknown[] = {"repeaters", "addresses", "threads", "cpus", "system-calls-seen"};
	struct pt_fault_view view = view_of_redis();
	struct ui_options options = {.json = true};
	struct ui_faults f = faults_of(&view, &options);
	int status;
	f.recorded = true;
	char *text = printed(ui_faults_json, &f, &status);
	json_t *all = json_loads(text, 0, NULL), *o = json_object_get(all, "faults");
	free(text);
	assert_int_equal(status, UI_OK);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		assert_true(json_is_null(json_object_get(o, unknown[i])));
	assert_int_equal(json_array_size(json_object_get(o, "vmas")), 2);
	json_decref(all);
}

static void json_has_null_for_what_is_not_known(void **state)
{
	(void)state;
	struct pt_fault_view view = view_of_redis(), little = view_of_little();
	struct ui_options options = {.json = true};
	json_t *all = json_of(&view, &options), *o = json_object_get(all, "faults"), *row;
	row = json_array_get(json_object_get(o, "repeaters"), 1);
	assert_true(json_is_null(json_object_get(row, "interval-ms")));
	assert_true(json_is_null(json_object_get(row, "text")));
	assert_true(json_is_null(json_object_get(row, "stack")));
	row = json_array_get(json_object_get(o, "stacks"), 1);
	assert_true(json_is_null(json_object_get(row, "still")));
	row = json_array_get(json_object_get(row, "frames"), 0);
	assert_true(json_is_null(json_object_get(row, "symbol")));
	assert_true(json_is_null(json_object_get(row, "offset")));
	assert_true(json_is_null(json_object_get(row, "line")));
	row = json_array_get(json_object_get(o, "threads"), 1);
	assert_true(json_is_null(json_object_get(row, "node")));
	assert_string_equal(json_string_value(json_object_get(row, "name")), "\\x1b[2Jbio");
	assert_true(json_is_null(json_object_get(o, "rss-from")));
	row = json_array_get(json_object_get(o, "allocations"), 1);
	assert_true(json_is_null(json_object_get(row, "migrate-type")));
	assert_true(json_is_null(json_object_get(row, "zone")));
	assert_true(json_is_null(json_object_get(row, "node")));
	row = json_array_get(json_object_get(o, "growth"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes")), 40000000);
	assert_int_equal(json_integer_value(json_object_get(row, "stack")), 1);
	assert_string_equal(json_string_value(json_object_get(row, "role")), "arena");
	json_decref(all);
	all = json_of(&little, &options);
	o = json_object_get(all, "faults");
	assert_int_equal(json_integer_value(json_object_get(o, "period")), 64); /* they are estimates */
	assert_true(json_is_null(json_object_get(o, "cpu")));
	assert_true(json_is_null(json_object_get(o, "fault-seconds")));
	assert_true(json_is_null(json_object_get(o, "allocations")));
	assert_true(json_is_null(json_object_get(o, "growth")));
	assert_true(json_is_string(json_object_get(o, "no-stacks")));
	assert_true(json_is_false(json_object_get(o, "system-calls-seen")));
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_tells_it_in_words),
		cmocka_unit_test(a_filter_chooses_rows_of_the_report),
		cmocka_unit_test(every_table_is_there_as_a_whole),
		cmocka_unit_test(tables_have_the_columns_that_are_asked_for),
		cmocka_unit_test(folded_stacks_are_lines_of_calls_and_a_number),
		cmocka_unit_test(json_keeps_the_contract),
		cmocka_unit_test(json_of_a_recording),
		cmocka_unit_test(json_has_null_for_what_is_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
