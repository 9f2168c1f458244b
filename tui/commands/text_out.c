/*
 * Wraps printable UTF-8. Every character counts as one column: our sentences are ASCII, and a wide name in one makes a
 * line too long at worst.
 */
#include "tui/commands/text_out.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40
#define WIDTH_MOST    110 /* longer lines are hard to read */

int ui_text_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_DEFAULT;
	if (size.ws_col < WIDTH_LEAST)
		return WIDTH_LEAST;
	return size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST;
}

void ui_print_wrapped(const char *text, int at, int indent, int width)
{
	int column = at;
	bool first = true;

	while (*text) {
		size_t bytes = strcspn(text, " ");
		int columns = 0;

		for (size_t i = 0; i < bytes; i++)
			columns += (text[i] & 0xc0) != 0x80; /* not a continuation byte */
		if (!first && column + 1 + columns > width) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			column += printf(" ");
		}
		fwrite(text, 1, bytes, stdout);
		column += columns;
		first = false;
		text += bytes + strspn(text + bytes, " ");
	}
	putchar('\n');
}
