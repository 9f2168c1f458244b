/*
 * The terminal: the only file that knows curses. It shows a canvas and reads events; what is drawn and what a key
 * means is decided elsewhere. There is at most one terminal, so its state is the module's own.
 *
 * Whatever ends the program, the terminal is as before: ui_term_close, exit(), or a signal (which then ends the
 * program as it would have anyway).
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include "tui/keys.h"
#include "tui/options.h"
#include "widgets/canvas.h"

/*
 * Takes the terminal over. False if there is none, or TERM is not known: then nothing was drawn, and message has a
 * line for stderr.
 */
bool ui_term_open(const struct ui_options *options, char *message, size_t size);
void ui_term_close(void);

/* The size now, and what can be shown. */
void ui_term_size(int *ret_w, int *ret_h);
struct wg_ability ui_term_ability(void);

/* Shows the canvas; cells that did not change cost nothing. */
void ui_term_show(const struct wg_canvas *canvas);
/* Paints everything anew at the next show, whatever the terminal is believed to show. */
void ui_term_forget(void);

/*
 * Waits until there is an event, one of n descriptors is readable, or timeout_ms passed (-1: for ever). Descriptors
 * of -1 are ignored.
 */
void ui_term_wait(const int *fds, size_t n, int timeout_ms);
/* The next event; false if there is none now. */
bool ui_term_read(struct ui_event *ret);
/* The terminal went away (hangup): there is nobody to draw for. */
bool ui_term_gone(void);

#endif
