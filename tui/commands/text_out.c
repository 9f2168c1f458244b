/*
 * Wraps printable UTF-8. Every character counts as one column: our sentences are ASCII, and a wide name in one makes a
 * line too long at worst.
 */
#include "tui/commands/text_out.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DOTS          "..."
#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40
#define WIDTH_MOST    110 /* longer lines are hard to read */

int ui_text_columns(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);
	return fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int ui_text_width(void)
{
	int columns = ui_text_columns(stdout);

	if (columns == 0)
		return WIDTH_DEFAULT;
	if (columns < WIDTH_LEAST)
		return WIDTH_LEAST;
	return columns < WIDTH_MOST ? columns : WIDTH_MOST;
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

static size_t columns_of(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

char *ui_text_path(const char *path, size_t room, char *ret, size_t size)
{
	const size_t dots = strlen(DOTS);
	const char *from = path, *last = strrchr(path, '/');
	if (!room || columns_of(path) <= room) {
		snprintf(ret, size, "%s", path);
		return ret;
	}
	while (from && dots + columns_of(from) > room)
		from = *from ? strchr(from + 1, '/') : NULL;
	if (from) {
		snprintf(ret, size, DOTS "%s", from);
		return ret;
	}
	last = last ? last + 1 : path;
	if (columns_of(last) <= room) {
		snprintf(ret, size, "%s", last);
		return ret;
	}
	size_t bytes = 0;
	for (size_t n = 0; last[bytes] && (n + dots < room || (last[bytes] & 0xc0) == 0x80); bytes++)
		n += (last[bytes] & 0xc0) != 0x80;
	snprintf(ret, size, "%.*s" DOTS, (int)bytes, last);
	return ret;
}

char *ui_text_share(uint64_t part, uint64_t all, char *ret, size_t size)
{
	double share = all ? 100.0 * (double)part / (double)all : 0;
	if (part && share < 0.1)
		snprintf(ret, size, "<0.1%%");
	else if (!part)
		snprintf(ret, size, "0%%");
	else
		snprintf(ret, size, part < all && share > 99.9 ? "99.9%%" : "%.*f%%", share < 99.95 ? 1 : 0, share);
	return ret;
}

char *ui_text_bar(bool ascii, uint64_t part, uint64_t all, unsigned columns, char *ret, size_t size)
{
	static const char *const eighths[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
	double share = all ? (double)part / (double)all : 0;
	unsigned parts = ascii ? 1 : 8, n = (unsigned)lround((share > 1 ? 1 : share) * columns * parts);
	size_t at = 0;
	n = part && !n ? 1 : n;
	ret[0] = '\0';
	for (unsigned i = 0; i < n / parts && at + 8 < size; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s", ascii ? "#" : "\u2588");
	if (!ascii)
		snprintf(ret + at, size - at, "%s", eighths[n % parts]);
	return ret;
}
