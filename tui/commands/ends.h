/*
 * Being asked to end (SIGINT, SIGTERM, SIGHUP) as something to poll for, while threads are made that are to get no signal.
 */
#ifndef UI_ENDS_H
#define UI_ENDS_H

#include <signal.h>
#include <stdbool.h>

struct ui_ends {
	int fd; /* polls readable once it was asked for; -1: none */
	sigset_t before;
};

/* Blocks every signal, for threads that are made from here on. False: no descriptor; to be ended all the same. */
bool ui_ends_begin(struct ui_ends *ends);
/* They are made: other signals come again. At once: what came meanwhile must not end this program. */
void ui_ends_threads_made(struct ui_ends *ends);
/* What came has been obeyed; all is as before. */
void ui_ends_end(struct ui_ends *ends);

#endif
