/*
 * The live screen on a command that runs: it has the terminal, so what the command prints goes to a file meanwhile.
 */
#ifndef UI_RUN_LIVE_H
#define UI_RUN_LIVE_H

#include "tui/commands/run_child.h"
#include "tui/options.h"

struct ui_run_live {
	int in, out;    /* for the command: nothing to read, and the file; -1: its own streams */
	char path[256]; /* of the file */
	bool temporary; /* it has a name of our choice */
	bool started;   /* the caller's to set: the command may print to it */
};

/* Before the command starts. UI_OK, or the status after what failed was said. */
int ui_run_live_open(struct ui_run_live *live, const struct ui_options *options);
/* In the place of whose streams; only those that are the terminal are replaced. */
void ui_run_live_streams(const struct ui_run_live *live, int streams[3]);
/* Until the person leaves the screen; `beside` takes what comes meanwhile. What failed is said. */
void ui_run_live_show(const struct ui_options *options, struct ui_child *child, const struct ui_beside *beside);
/* The file stays, but for one of our choice that nobody could print to. */
void ui_run_live_close(struct ui_run_live *live);

#endif
