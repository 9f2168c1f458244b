/*
 * The live screen on a command; see run_live.h.
 */
#include "tui/commands/run_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/commands/commands.h"

#define INTERVAL 1000000000u /* of the screen, which is for people */

static int open_output(struct ui_run_live *live, const char *path)
{
	const char *folder = getenv("TMPDIR");
	if (path) {
		snprintf(live->path, sizeof(live->path), "%s", path);
		return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	snprintf(live->path, sizeof(live->path), "%s/pagetop-run-XXXXXX", folder && *folder ? folder : "/tmp");
	return mkostemp(live->path, O_CLOEXEC);
}

int ui_run_live_open(struct ui_run_live *live, const struct ui_options *options)
{
	live->in = live->out = -1;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		ui_complain("--live needs a terminal: without it pagetop run reports at the end");
		return UI_USAGE;
	}
	live->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	live->out = open_output(live, options->keep);
	live->temporary = live->out >= 0 && !options->keep;
	if (live->in >= 0 && live->out >= 0)
		return UI_OK;
	ui_complain("%s: %s", live->in < 0 ? "/dev/null" : live->path, strerror(errno));
	return UI_RUN_FAILED;
}

void ui_run_live_streams(const struct ui_run_live *live, int streams[3])
{
	streams[STDIN_FILENO] = live->in;
	streams[STDOUT_FILENO] = live->out;
	streams[STDERR_FILENO] = live->out >= 0 && isatty(STDERR_FILENO) ? live->out : -1;
}

void ui_run_live_show(const struct ui_options *options, struct ui_child *child, const struct ui_beside *beside)
{
	struct ui_options of = *options;
	sigset_t ours, before;
	of.pid = child->pid;
	of.command = NULL;
	of.interval_ns = of.interval_ns > INTERVAL ? of.interval_ns : INTERVAL;
	sigemptyset(&ours); /* what the screen heeds itself; the rest is passed on as ever */
	sigaddset(&ours, SIGWINCH);
	sigaddset(&ours, SIGTSTP);
	sigaddset(&ours, SIGCONT);
	child->stays = true; /* the terminal stops both, and the screen has to tidy up first */
	pthread_sigmask(SIG_UNBLOCK, &ours, &before);
	ui_run_beside(&of, beside);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	child->stays = false;
}

void ui_run_live_close(struct ui_run_live *live)
{
	if (live->in >= 0)
		close(live->in);
	if (live->out >= 0)
		close(live->out);
	if (live->temporary && !live->started)
		unlink(live->path);
}
