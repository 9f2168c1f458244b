/*
 * Signals that ask a command to end; see ends.h.
 */
#include "tui/commands/ends.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "tui/worker.h"

static void set_of_ends(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
}

bool ui_ends_begin(struct ui_ends *ends)
{
	sigset_t set;
	set_of_ends(&set);
	ui_block_signals(&ends->before);
	ends->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return ends->fd >= 0;
}

void ui_ends_threads_made(struct ui_ends *ends)
{
	sigset_t set, mask;
	set_of_ends(&set);
	sigaddset(&set, SIGPIPE); /* nobody may be left to tell how it goes */
	sigorset(&mask, &ends->before, &set);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void ui_ends_end(struct ui_ends *ends)
{
	struct signalfd_siginfo info;
	while (ends->fd >= 0 && read(ends->fd, &info, sizeof(info)) > 0)
		;
	if (ends->fd >= 0)
		close(ends->fd);
	ends->fd = -1;
	pthread_sigmask(SIG_SETMASK, &ends->before, NULL);
}
