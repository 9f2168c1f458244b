/*
 * Tables; see table_out.h. A struct ui_table owns the text of all its cells, one behind the other, each with its NUL:
 * of 60,000 VMAs that is 3 MiB. libsmartcols, which lays tables out alike, keeps a line and a string of its own for each
 * of them, 50 MiB, and took twice as long as the whole scan.
 */
#include "tui/commands/table_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text/text.h"
#include "widgets/canvas.h"

#define FIRST_ROOM 4096u

struct column {
	const char *name;
	int flags;
	size_t width; /* of the widest cell so far, and of the name even where that is not shown */
};

struct ui_table {
	bool headings, raw, failed;
	char *text;
	size_t used, room;      /* bytes of text */
	size_t n_columns, next; /* column of the next cell */
	struct column columns[];
};

struct ui_table *ui_table_new(const struct ui_options *options, const struct ui_table_column *columns, size_t n)
{
	struct ui_table *t = calloc(1, sizeof(*t) + n * sizeof(*t->columns));

	if (!t)
		return NULL;
	t->headings = !options->no_headings;
	t->raw = options->raw;
	t->n_columns = n;
	for (size_t i = 0; i < n; i++)
		t->columns[i] = (struct column){
			.name = columns[i].name, .flags = columns[i].flags, .width = strlen(columns[i].name)};
	return t;
}

void ui_table_free(struct ui_table *table)
{
	if (!table)
		return;
	free(table->text);
	free(table);
}

/* ---- cells in --------------------------------------------------------------------------------------------------- */

static bool make_room(struct ui_table *t, size_t size)
{
	size_t room = t->room ? t->room : FIRST_ROOM;

	while (room - t->used < size)
		room *= 2;
	if (room == t->room)
		return true;
	char *text = realloc(t->text, room);
	if (!text)
		return false;
	t->text = text;
	t->room = room;
	return true;
}

void ui_table_cell(struct ui_table *t, const char *text)
{
	struct column *column = &t->columns[t->next];
	size_t n = text ? strlen(text) : 0;

	t->failed = t->failed || !text || !make_room(t, n + 1);
	if (t->failed)
		return;
	memcpy(t->text + t->used, text, n + 1);
	t->used += n + 1;
	t->next = t->next + 1 < t->n_columns ? t->next + 1 : 0;
	if (n <= column->width) /* no character takes more cells than bytes */
		return;
	size_t width = (size_t)wg_text_width(text);
	column->width = width > column->width ? width : column->width;
}

/* ---- rows out --------------------------------------------------------------------------------------------------- */

/* Columns of the terminal; SIZE_MAX where the answer does not go to one. */
static size_t room_for_a_row(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return SIZE_MAX;
	return size.ws_col;
}

static void fit(struct ui_table *t)
{
	size_t all = t->n_columns - 1, room = room_for_a_row();

	for (size_t i = 0; i < t->n_columns; i++)
		all += t->columns[i].width;
	for (size_t i = 0; i < t->n_columns && all > room; i++) {
		struct column *column = &t->columns[i];
		size_t least = strlen(column->name), excess = all - room;

		if (!(column->flags & UI_TABLE_CUT) || column->width <= least)
			continue;
		size_t less = excess < column->width - least ? excess : column->width - least;
		column->width -= less;
		all -= less;
	}
}

/* The bytes of a text's beginning that takes at most so many cells, which it sets *ret_width to. */
static size_t head(const char *text, size_t most, size_t *ret_width)
{
	size_t n = 0;

	*ret_width = 0;
	while (text[n]) {
		char one[5] = {text[n]};
		size_t bytes = 1;

		for (; bytes < 4 && (text[n + bytes] & 0xc0) == 0x80; bytes++)
			one[bytes] = text[n + bytes];
		size_t width = (size_t)wg_text_width(one);
		if (*ret_width + width > most)
			break;
		*ret_width += width;
		n += bytes;
	}
	return n;
}

static bool is_ascii(const char *text, size_t n)
{
	unsigned char all = 0;

	for (size_t i = 0; i < n; i++)
		all |= (unsigned char)text[i];
	return all < 0x80;
}

static void pad(size_t n)
{
	static const char blanks[] = "                                ";

	for (; n >= sizeof(blanks); n -= sizeof(blanks) - 1)
		fwrite_unlocked(blanks, 1, sizeof(blanks) - 1, stdout);
	fwrite_unlocked(blanks, 1, n, stdout);
}

static void print_cell(const struct column *column, const char *text, size_t n, bool last)
{
	size_t width = n;

	if (n > column->width || !is_ascii(text, n))
		n = head(text, column->width, &width);
	if (column->flags & UI_TABLE_RIGHT)
		pad(column->width - width);
	fwrite_unlocked(text, 1, n, stdout);
	if (!(column->flags & UI_TABLE_RIGHT) && !last)
		pad(column->width - width);
}

/* For scripts: in a cell no blank, and nothing but ASCII. */
static void print_raw(const char *text)
{
	for (; *text; text++)
		if (*text > ' ' && *text <= '~' && *text != '\\')
			putc_unlocked(*text, stdout);
		else
			printf("\\x%02x", (unsigned char)*text);
}

static void print_in_row(const struct ui_table *t, size_t i, const char *text, size_t n)
{
	bool last = i + 1 == t->n_columns;

	if (t->raw)
		print_raw(text);
	else
		print_cell(&t->columns[i], text, n, last);
	putc_unlocked(last ? '\n' : ' ', stdout);
}

int ui_table_print(struct ui_table *t)
{
	if (t->failed)
		return -ENOMEM;
	if (!t->used)
		return 0;
	fit(t);
	for (size_t i = 0; t->headings && i < t->n_columns; i++)
		print_in_row(t, i, t->columns[i].name, strlen(t->columns[i].name));
	size_t column = 0;
	for (const char *text = t->text, *end = t->text + t->used; text < end;) {
		size_t n = strlen(text);

		print_in_row(t, column, text, n);
		column = column + 1 < t->n_columns ? column + 1 : 0;
		text += n + 1;
	}
	return 0;
}

char *ui_table_bytes(const struct ui_options *options, struct pt_maybe bytes, char *ret, size_t size)
{
	if (!bytes.known)
		snprintf(ret, size, "?");
	else if (options->bytes)
		snprintf(ret, size, "%" PRIu64, bytes.value);
	else
		pt_text_size(bytes.value, ret, size);
	return ret;
}

char *ui_table_number(const struct ui_options *options, uint64_t n, char *ret, size_t size)
{
	if (!options->bytes && !options->raw)
		return pt_text_number(n, ret, size);
	snprintf(ret, size, "%" PRIu64, n);
	return ret;
}

void ui_table_bytes_cell(const struct ui_options *options, struct ui_table *table, struct pt_maybe bytes)
{
	char text[32];
	ui_table_cell(table, ui_table_bytes(options, bytes, text, sizeof(text)));
}

void ui_table_number_cell(const struct ui_options *options, struct ui_table *table, uint64_t n)
{
	char text[32];
	ui_table_cell(table, ui_table_number(options, n, text, sizeof(text)));
}

void ui_table_hex_cell(struct ui_table *table, uint64_t address)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIx64, address);
	ui_table_cell(table, text);
}
