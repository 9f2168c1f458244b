/*
 * Parts of the report of pagetop leaks (private).
 */
#ifndef UI_LEAKS_TEXT_H
#define UI_LEAKS_TEXT_H

#include "tui/commands/leaks.h"

/* Printable, wrapped. */
void ui_leak_paragraph(const struct ui_leaks *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ui_leak_heading(const struct ui_leaks *l, const char *columns);
/* The beginning of printable text that fits, "..." behind it where that is not all, and a newline. */
void ui_leak_cut(const char *text, int columns);
void ui_leak_bar(const struct ui_leaks *l, uint64_t part, uint64_t all); /* of ten columns */

/* The heap against residency. */
void ui_leaks_heap(const struct ui_leaks *l);
/* What grew while pagetop looked, where there is no verdict. */
void ui_leaks_growth(const struct ui_leaks *l);

#endif
