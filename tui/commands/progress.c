/*
 * How far work is, and whether to end it; see progress.h. The signal that came is the only state.
 */
#include "tui/commands/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/text/text.h"
#include "tui/now.h"

#define PATIENCE 1000000000ull /* ns before the line is shown, */
#define INTERVAL 100000000ull  /* and until it is shown anew */

static volatile sig_atomic_t came;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void note(int signal)
{
	came = signal;
}

static void set_handlers(void (*handler)(int signal))
{
	struct sigaction action = {.sa_handler = handler};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

void ui_progress_begin(struct ui_progress *p, const char *what)
{
	*p = (struct ui_progress){.what = what, .began_ns = ui_now(CLOCK_MONOTONIC)};
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
	set_handlers(note);
}

/* Whether it is time for a line. */
static bool is_due(struct ui_progress *p)
{
	uint64_t now = ui_now(CLOCK_MONOTONIC);
	if (now - p->began_ns < PATIENCE || now - p->shown_ns < INTERVAL || !isatty(STDERR_FILENO))
		return false;
	p->shown_ns = now;
	p->shown = true;
	return true;
}

int ui_progress_step(struct ui_progress *p, uint64_t done, uint64_t all)
{
	char size[16], of[16];
	if (came)
		return -ECANCELED;
	if (!is_due(p))
		return 0;
	pt_text_size(done, size, sizeof(size));
	pt_text_size(all > done ? all : done, of, sizeof(of));
	fprintf(stderr, all ? "\r%s: %s of about %s \033[K" : "\r%s: %s \033[K", p->what, size, of);
	return 0;
}

int ui_progress_tell(struct ui_progress *p, const char *words)
{
	if (came)
		return -ECANCELED;
	if (words && is_due(p))
		fprintf(stderr, "\r%s \033[K", words);
	return 0;
}

void ui_progress_end(struct ui_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	set_handlers(SIG_DFL);
}

void ui_progress_obey(void)
{
	if (came)
		raise(came);
}
