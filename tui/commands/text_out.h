/*
 * Text for people on stdout, wrapped at words.
 */
#ifndef UI_TEXT_OUT_H
#define UI_TEXT_OUT_H

/* Columns that text may take: those of the terminal, within reason; 80 where stdout is none. */
int ui_text_width(void);

/*
 * Prints text as one paragraph that starts at column `at`, where something may stand already, and continues at column
 * `indent`; ends the line.
 */
void ui_print_wrapped(const char *text, int at, int indent, int width);

#endif
