/*
 * What a command's code prints and complains of, for tests that link it without the command line: ui_complain and
 * ui_out_of_memory are here.
 */
#ifndef SAID_H
#define SAID_H

extern char said_complaint[512]; /* the newest; "" since the last said_begin */

/* Between these two stdout is a text, to be freed. */
void said_begin(void);
char *said_end(void);

/* It is UTF-8 that does nothing to a terminal. */
void said_is_harmless(const char *text);
/* No line of it is wider. */
void said_fits(const char *text, int width);

#endif
