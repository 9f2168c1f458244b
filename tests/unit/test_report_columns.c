/*
 * The columns of commands: their names against the contract, which ones -o chooses, and where numbers come from.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/columns.h"

static const char *column_name(const void *arg, size_t i)
{
	(void)arg;
	return pt_column((enum pt_column_id)i)->name;
}

static void names_are_the_contract(void **state)
{
	(void)state;
	static const char contract[] = "START END PERMS OFFSET INODE PATH ROLE SIZE RSS PSS ANON FILE SHMEM DIRTY SWAP "
				       "THP HUGETLB SHARED PRIVATE ZERO KSM LAZYFREE LOCKED REFERENCED GUARD "
				       "PAGES_PRESENT ";
	char all[512] = "";

	for (size_t i = 0; i < PT_COL_N; i++) {
		strcat(strcat(all, column_name(NULL, i)), " ");
		assert_true(pt_column((enum pt_column_id)i)->what[0] != '\0');
	}
	assert_string_equal(all, contract);
}

/* ---- choosing --------------------------------------------------------------------------------------------------- */

static const size_t defaults[] = {PT_COL_START, PT_COL_RSS};

/* The chosen columns by name, or the complaint behind a "!". */
static const char *chosen(const char *spec)
{
	static char text[1024];
	char message[600];
	size_t ids[PT_COL_N], n = 99;

	if (pt_columns_select(spec, column_name, NULL, PT_COL_N, defaults, 2, ids, &n, message, sizeof(message)) < 0) {
		assert_int_equal(n, 99);
		strcat(strcpy(text, "!"), message);
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(strcat(text, i ? "," : ""), column_name(NULL, ids[i]));
	return text;
}

static void nothing_said_is_the_default(void **state)
{
	(void)state;
	assert_string_equal(chosen(NULL), "START,RSS");
}

static void named_ones_come_in_their_order(void **state)
{
	(void)state;
	assert_string_equal(chosen("RSS,END,START"), "RSS,END,START");
	assert_string_equal(chosen("pages_present"), "PAGES_PRESENT");
	assert_string_equal(chosen("Rss,rSS,RSS"), "RSS");
}

static void plus_adds_to_the_default(void **state)
{
	(void)state;
	assert_string_equal(chosen("+PSS,RSS,KSM"), "START,RSS,PSS,KSM");
}

static void all_at_once(void **state)
{
	(void)state;
	char every[512] = "";

	for (size_t i = 0; i < PT_COL_N; i++)
		strcat(strcat(every, i ? "," : ""), column_name(NULL, i));
	assert_string_equal(chosen(every), every);
}

static void unknown_names_are_told_with_the_known(void **state)
{
	(void)state;
	static const char *const bad[] = {"RS", "RSSS", "RSS,NOPE", "+NOPE", "RSS PSS", "*"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *said = chosen(bad[i]);
		assert_int_equal(said[0], '!');
		assert_non_null(strstr(said, "no column "));
		assert_non_null(strstr(said, "START,END,PERMS,"));
		assert_non_null(strstr(said, "PAGES_PRESENT"));
	}
}

static void empty_names_are_told(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "+", ",", "RSS,", ",RSS", "RSS,,PSS"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(strstr(chosen(bad[i]), "!an empty column name"));
}

static void a_small_buffer_is_not_overrun(void **state)
{
	(void)state;
	char message[20] = "";
	size_t ids[PT_COL_N], n;

	message[19] = 'x';
	assert_int_equal(pt_columns_select("NOPE", column_name, NULL, PT_COL_N, defaults, 2, ids, &n, message, 19),
			 -EINVAL);
	assert_int_equal(strlen(message), 18);
	assert_int_equal(message[19], 'x');
}

/* ---- numbers and text ------------------------------------------------------------------------------------------- */

static struct pt_snapshot *snapshot_of_one(void)
{
	struct pt_vma_table *vmas = pt_vma_table_new(1, 0);
	struct pt_slot *slot = calloc(1, sizeof(*slot));
	struct pt_page pages[PT_CHUNK_PAGES] = {0};

	vmas->n = 1;
	vmas->v[0] = (struct pt_vma){.start = 0x7f0000000000,
				     .end = 0x7f0000010000,
				     .offset = 0x3000,
				     .inode = 42,
				     .perms = PT_READ | PT_EXEC,
				     .role = PT_ROLE_TEXT,
				     .path = "/bin/x\n"};
	pages[0] = (struct pt_page){.pfn = 7, .bits = PT_FILE | PT_HAS_FLAGS | PT_HAS_COUNT, .count = 2};
	pages[1] = (struct pt_page){.pfn = 9, .bits = PT_ZERO | PT_HAS_FLAGS | PT_HAS_COUNT};
	*slot = (struct pt_slot){0x7f0000000 / PT_CHUNK_PAGES, pt_chunk_new(pages, 12), 0};
	struct pt_snapshot *s = pt_snapshot_new(vmas, 12);
	for (int i = 0; i < PT_SIG_N; i++)
		s->signals.of[i] = (struct pt_signal_state){PT_GIVEN, "there", NULL};
	assert_int_equal(pt_snapshot_set_slots(s, NULL, slot, 1), 0);
	return s;
}

static void numbers_come_from_the_snapshot(void **state)
{
	(void)state;
	static const struct {
		enum pt_column_id id;
		uint64_t value;
	} expected[] = {
		{PT_COL_START, 0x7f0000000000},
		{PT_COL_END, 0x7f0000010000},
		{PT_COL_OFFSET, 0x3000},
		{PT_COL_INODE, 42},
		{PT_COL_SIZE, 65536},
		{PT_COL_RSS, 4096},
		{PT_COL_PSS, 2048},
		{PT_COL_ZERO, 4096},
		{PT_COL_SHARED, 4096},
		{PT_COL_PRIVATE, 0},
		{PT_COL_PAGES_PRESENT, 2},
	};
	struct pt_snapshot *s = snapshot_of_one();
	struct pt_vma_row row = {&s->vmas->v[0], s, 0};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct pt_maybe got = pt_column_number(&row, expected[i].id);
		assert_true(got.known);
		assert_int_equal(got.value, expected[i].value);
	}
	pt_snapshot_unref(s);
}

static void without_a_snapshot_sums_are_unknown(void **state)
{
	(void)state;
	struct pt_snapshot *s = snapshot_of_one();
	struct pt_vma_row row = {.vma = &s->vmas->v[0]};

	for (int id = PT_COL_SIZE; id < PT_COL_N; id++)
		assert_int_equal(pt_column_number(&row, (enum pt_column_id)id).known, id == PT_COL_SIZE);
	assert_true(pt_column_number(&row, PT_COL_START).known);
	pt_snapshot_unref(s);
}

static void texts_are_raw(void **state)
{
	(void)state;
	struct pt_snapshot *s = snapshot_of_one();
	struct pt_vma_row row = {&s->vmas->v[0], s, 0};
	char buf[64];

	assert_string_equal(pt_column_text(&row, PT_COL_PERMS, buf), "r-xp");
	assert_string_equal(pt_column_text(&row, PT_COL_PATH, buf), "/bin/x\n");
	assert_string_equal(pt_column_text(&row, PT_COL_ROLE, buf), "text");
	s->vmas->v[0].path = "";
	assert_null(pt_column_text(&row, PT_COL_PATH, buf));
	assert_null(pt_column_text(&row, PT_COL_RSS, buf));
	pt_snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_contract),
		cmocka_unit_test(nothing_said_is_the_default),
		cmocka_unit_test(named_ones_come_in_their_order),
		cmocka_unit_test(plus_adds_to_the_default),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(unknown_names_are_told_with_the_known),
		cmocka_unit_test(empty_names_are_told),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
		cmocka_unit_test(numbers_come_from_the_snapshot),
		cmocka_unit_test(without_a_snapshot_sums_are_unknown),
		cmocka_unit_test(texts_are_raw),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
