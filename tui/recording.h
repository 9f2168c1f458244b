/*
 * The recording that the live screen makes of its target: begun and ended by a key, written by a thread of its own
 * (core/record/recorder.h). What goes wrong with it is said once; the screen goes on.
 */
#ifndef UI_RECORDING_H
#define UI_RECORDING_H

#include "core/record/tap.h"
#include "tui/filter.h"

struct ui_shell;

struct ui_recording {
	struct pt_recorder *recorder; /* NULL: none is made */
	char path[UI_LINE_MAX];
	uint64_t began_ns;
	bool stopping; /* what is in its queue is still written */
	bool ended;    /* the end of the target is in it */
};

/* The key: asks for a file name, or ends the recording. */
void ui_recording_key(struct ui_shell *shell);
/* Begins one. False, with one line in message: why not. */
bool ui_recording_begin(struct ui_shell *shell, const char *path, char *message, size_t size);
/* Takes note of how it goes. */
void ui_recording_update(struct ui_shell *shell);
/* Its descriptor into fds if there is one and room; how many. */
size_t ui_recording_fds(const struct ui_recording *recording, int *fds, size_t n);
/* A mark into it, if there is one. */
void ui_recording_mark(struct ui_recording *recording, uint64_t realtime_ns, const char *label);
/* Ends it and waits until all of it is in the file. */
void ui_recording_free(struct ui_shell *shell);
/* "REC 12 s"; NULL: none is made. Scratch memory. */
const char *ui_recording_caption(struct ui_shell *shell);

#endif
