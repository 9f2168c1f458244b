/*
 * Tables of commands: table_out.c is compiled into the test, and what it prints is kept in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pty.h>

#include "tui/commands/table_out.c" /* NOLINT(bugprone-suspicious-include) */

static const struct ui_table_column columns[] = {{"ID", UI_TABLE_RIGHT}, {"WORD", 0}, {"PATH", UI_TABLE_CUT}};
#define N (sizeof(columns) / sizeof(columns[0]))

static struct ui_table *table(const struct ui_options *options, const char *const *cells, size_t n)
{
	struct ui_table *t = ui_table_new(options, columns, N);

	assert_non_null(t);
	for (size_t i = 0; i < n; i++)
		ui_table_cell(t, cells[i]);
	return t;
}

/* Frees the table. The text is the caller's to free; *ret_status is what printing said. */
static char *printed(struct ui_table *t, int *ret_status)
{
	char *text = NULL;
	size_t size;
	FILE *real = stdout;

	stdout = open_memstream(&text, &size);
	assert_non_null(stdout);
	*ret_status = ui_table_print(t);
	fclose(stdout);
	stdout = real;
	ui_table_free(t);
	return text;
}

static void prints(const struct ui_options *options, const char *const *cells, size_t n, const char *wanted)
{
	int status;
	char *text = printed(table(options, cells, n), &status);

	assert_int_equal(status, 0);
	assert_string_equal(text, wanted);
	free(text);
}

static const char *const cells[] = {"7", "a", "/x", "1234", "word \xe6\xbc\xa2", "", "", "\xc3\xbc", "\\x1b y"};
#define CELLS (sizeof(cells) / sizeof(cells[0]))

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	(void)state;
	prints(&(struct ui_options){0}, cells, CELLS,
	       "  ID WORD    PATH\n"
	       "   7 a       /x\n"
	       "1234 word \xe6\xbc\xa2 \n"
	       "     \xc3\xbc       \\x1b y\n");
}

static void headings_can_be_left_out_and_keep_their_width(void **state)
{
	(void)state;
	prints(&(struct ui_options){.no_headings = true}, cells, 3, " 7 a    /x\n");
}

/* What a script splits at blanks has no others, and every byte of a cell can be told. */
static void raw_cells_have_no_blanks(void **state)
{
	(void)state;
	prints(&(struct ui_options){.raw = true}, cells, CELLS,
	       "ID WORD PATH\n"
	       "7 a /x\n"
	       "1234 word\\x20\\xe6\\xbc\\xa2 \n"
	       " \\xc3\\xbc \\x5cx1b\\x20y\n");
}

static void without_rows_there_is_no_table(void **state)
{
	(void)state;
	prints(&(struct ui_options){0}, NULL, 0, "");
}

static void many_rows_are_kept(void **state)
{
	(void)state;
	enum { ROWS = 3000 };
	struct ui_table *t = table(&(struct ui_options){.raw = true, .no_headings = true}, NULL, 0);
	int status;

	for (int i = 0; i < ROWS; i++) {
		char number[16];
		snprintf(number, sizeof(number), "%d", i);
		ui_table_cell(t, number);
		ui_table_cell(t, "-");
		ui_table_cell(t, "/a/path");
	}
	char *text = printed(t, &status), *at = text;
	assert_int_equal(status, 0);
	for (int i = 0; i < ROWS; i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "%d - /a/path\n", i);
		assert_memory_equal(at, line, (size_t)n);
		at += n;
	}
	assert_int_equal(*at, 0);
	free(text);
}

static void a_cell_without_memory_is_told(void **state)
{
	(void)state;
	struct ui_table *t = table(&(struct ui_options){0}, cells, 2);
	int status;

	ui_table_cell(t, NULL);
	free(printed(t, &status));
	assert_int_equal(status, -ENOMEM);
}

/* With stdout's descriptor on a terminal so wide. */
static void prints_on_terminal(unsigned short width, const char *const *v, size_t n, const char *wanted)
{
	struct winsize size = {.ws_row = 24, .ws_col = width};
	int master, slave, saved = dup(STDOUT_FILENO);

	assert_return_code(openpty(&master, &slave, NULL, NULL, &size), errno);
	fflush(stdout);
	dup2(slave, STDOUT_FILENO);
	int status;
	char *text = printed(table(&(struct ui_options){0}, v, n), &status);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(slave);
	close(master);
	assert_string_equal(text, wanted);
	free(text);
}

static void what_may_be_cut_gives_way_to_the_terminal(void **state)
{
	(void)state;
	static const char *const v[] = {"1", "abc",  "/a/long/path",
					"2", "defg", "/\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2"};

	prints_on_terminal(80, v, 6,
			   "ID WORD PATH\n 1 abc  /a/long/path\n 2 defg /\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\n");
	prints_on_terminal(14, v, 6, "ID WORD PATH\n 1 abc  /a/lon\n 2 defg /\xe6\xbc\xa2\xe6\xbc\xa2\n");
	/* no character is cut in two, and no column below its heading */
	prints_on_terminal(5, v, 6, "ID WORD PATH\n 1 abc  /a/l\n 2 defg /\xe6\xbc\xa2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(headings_can_be_left_out_and_keep_their_width),
		cmocka_unit_test(raw_cells_have_no_blanks),
		cmocka_unit_test(without_rows_there_is_no_table),
		cmocka_unit_test(many_rows_are_kept),
		cmocka_unit_test(a_cell_without_memory_is_told),
		cmocka_unit_test(what_may_be_cut_gives_way_to_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
