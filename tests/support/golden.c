/*
 * Goldens, compared or written anew; see golden.h. The folder of the tests is the environment's PT_TESTS, or where this
 * file was.
 */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The tests' folder is where this file's folder is. */
static void golden_path(const char *folder, const char *name, char *ret, size_t size)
{
	const char *tests = getenv("PT_TESTS");
	int here = (int)(strlen(__FILE__) - strlen("/support/golden.c"));
	if (tests)
		snprintf(ret, size, "%s/golden/%s/%s.txt", tests, folder, name);
	else
		snprintf(ret, size, "%.*s/golden/%s/%s.txt", here, __FILE__, folder, name);
}

static char *read_all(const char *path)
{
	static char text[1 << 20];
	FILE *in = fopen(path, "r");
	if (!in)
		fail_msg("%s: no such golden; PT_REGENERATE=1 writes it", path);
	text[fread(text, 1, sizeof text - 1, in)] = '\0';
	fclose(in);
	return text;
}

static void write_all(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

void golden_check(const char *text, const char *folder, const char *name)
{
	char path[4096];
	golden_path(folder, name, path, sizeof path);
	const char *regenerate = getenv("PT_REGENERATE");
	bool same = true;
	if (regenerate && strcmp(regenerate, "1") == 0)
		write_all(path, text);
	else
		same = strcmp(text, read_all(path)) == 0;
	if (!same)
		print_error("%s differs; now it is:\n%s", path, text);
	assert_true(same);
}
