/*
 * What is printed and complained of; see said.h.
 */
#include "tests/support/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tui/commands/commands.h"
#include "widgets/canvas.h"

char said_complaint[512];

static FILE *real;
static char *said;
static size_t said_size;

void ui_complain(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(said_complaint, sizeof(said_complaint), format, args);
	va_end(args);
}

int ui_out_of_memory(void)
{
	ui_complain("out of memory");
	return UI_LACKING;
}

void said_begin(void)
{
	said_complaint[0] = '\0';
	real = stdout;
	stdout = open_memstream(&said, &said_size);
	assert_non_null(stdout);
}

char *said_end(void)
{
	fclose(stdout);
	stdout = real;
	return said;
}

void said_is_harmless(const char *text)
{
	for (; *text; text++)
		assert_true(*text == '\n' || ((unsigned char)*text >= ' ' && *text != 0x7f));
}

void said_fits(const char *text, int width)
{
	char line[4096];
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		assert_in_range(n, 0, sizeof(line) - 1);
		memcpy(line, text, n);
		line[n] = '\0';
		if (wg_text_width(line) > width)
			fail_msg("%d columns, not %d: %s", wg_text_width(line), width, line);
	}
}
