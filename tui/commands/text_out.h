/*
 * Text for people on stdout, wrapped at words.
 */
#ifndef UI_TEXT_OUT_H
#define UI_TEXT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Columns that text may take: those of the terminal, within reason; 80 where stdout is none. */
int ui_text_width(void);

/*
 * Prints text as one paragraph that starts at column `at`, where something may stand already, and continues at column
 * `indent`; ends the line.
 */
void ui_print_wrapped(const char *text, int at, int indent, int width);

/* Columns of the terminal that a stream goes to; 0: to none. */
int ui_text_columns(FILE *out);
/*
 * A printable path in so many columns (0: all of it): from the first folder on that fits, with "..." before it; or where
 * there is room for its last name alone, that, or the beginning of it with "..." behind it. Returns ret.
 */
char *ui_text_path(const char *path, size_t room, char *ret, size_t size);

/* "96.7%"; "0%" of nothing alone, "100%" of all. Returns ret, as those below do. */
char *ui_text_share(uint64_t part, uint64_t all, char *ret, size_t size);
/* A share of `columns`, in eighths of a column; at least something for what is not 0. */
char *ui_text_bar(bool ascii, uint64_t part, uint64_t all, unsigned columns, char *ret, size_t size);

#endif
