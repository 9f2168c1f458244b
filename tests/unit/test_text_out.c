/*
 * Paths where there is little room. The printer is compiled into the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/commands/text_out.c" /* NOLINT(bugprone-suspicious-include) */

static void expect(const char *path, size_t room, const char *shown)
{
	char text[200];
	assert_string_equal(ui_text_path(path, room, text, sizeof(text)), shown);
	assert_true(!room || columns_of(text) <= room);
}

static void the_last_name_stays_for_as_long_as_it_fits(void **state)
{
	(void)state;
	const char *path = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	expect(path, 0, path);
	expect(path, strlen(path), path);
	expect(path, strlen(path) - 1, ".../lib/x86_64-linux-gnu/libc.so.6");
	expect(path, 29, ".../libc.so.6");
	expect(path, 13, ".../libc.so.6");
	expect(path, 12, "libc.so.6");
	expect(path, 9, "libc.so.6");
	expect(path, 8, "libc....");
	expect("", 8, "");
	expect("[anon:a long name]", 10, "[anon:a...");
	expect("/\u00e4\u00f6/\u00fc\u00fc\u00fc\u00fc", 8, "/\u00e4\u00f6/\u00fc\u00fc\u00fc\u00fc");
	expect("/\u00e4\u00f6/\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc", 6, "\u00fc\u00fc\u00fc...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_name_stays_for_as_long_as_it_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
