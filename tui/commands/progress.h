/*
 * Work that can take long: after a second a line on stderr says how far it is, if that is a terminal; and a signal that
 * asks to end (SIGINT, SIGTERM, SIGHUP) is noted rather than obeyed, so that nothing stays half done.
 */
#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct ui_progress {
	const char *what; /* "dumping"; NULL: of ui_progress_tell */
	uint64_t began_ns, shown_ns;
	bool shown;
};

void ui_progress_begin(struct ui_progress *progress, const char *what);
/* Bytes done, of all there are as far as that is known (0: it is not). -ECANCELED once a signal came, else 0. */
int ui_progress_step(struct ui_progress *progress, uint64_t done, uint64_t all);
/* The same of work that is not counted in bytes: `words` say how far it is (NULL: nothing is to be said). */
int ui_progress_tell(struct ui_progress *progress, const char *words);
/* Takes the line away; signals are obeyed again. */
void ui_progress_end(struct ui_progress *progress);
/* Ends this program by the signal that came, as if it had been obeyed at once. Returns where none came. */
void ui_progress_obey(void);

#endif
