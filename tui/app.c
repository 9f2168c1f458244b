/*
 * The live screen: opens what is to be seen, takes the terminal over, and goes round: wait, read events, take what
 * feed and workers have, draw if anything changed. All else is the shell's (shell.h) and the terminal's (term.h).
 */
#include <errno.h>
#include <string.h>

#include "core/record/record.h"
#include "tui/commands/commands.h"
#include "tui/now.h"
#include "tui/recorded.h"
#include "tui/shell.h"
#include "tui/term.h"
#include "tui/when.h"

#define QUIT_WAIT_MS 200 /* for threads that may hang in the kernel */

/* Why the process cannot be looked at, on stderr; before the terminal was touched. */
static int complain(pid_t pid, int error)
{
	struct pt_kernel *k;
	if (pt_kernel_linux_new(&k, "/", 0) < 0) {
		ui_complain("out of memory");
		return UI_LACKING;
	}
	int status = ui_target_error(k, pid, error);
	pt_kernel_free(k);
	return status;
}

static void fit_canvas(struct ui_shell *shell, struct wg_canvas *canvas)
{
	int w, h;
	ui_term_size(&w, &h);
	if ((canvas->w != w || canvas->h != h) && wg_canvas_resize(canvas, w, h))
		shell->dirty = true;
}

static void show(struct ui_shell *shell, struct wg_canvas *canvas)
{
	fit_canvas(shell, canvas);
	if (shell->forget) {
		ui_term_forget();
		shell->forget = false;
		shell->dirty = true;
	}
	if (!shell->dirty)
		return;
	ui_shell_draw(shell, canvas, (struct wg_rect){0, 0, canvas->w, canvas->h});
	ui_term_show(canvas);
}

static void run(struct ui_shell *shell, struct wg_canvas *canvas, const struct ui_beside *beside)
{
	struct ui_event event;
	int fds[UI_BESIDE_FDS + 12];
	memcpy(fds, beside->fds, sizeof beside->fds);
	while (!shell->quit && !ui_term_gone()) {
		show(shell, canvas);
		size_t n = ui_shell_fds(shell, fds + UI_BESIDE_FDS, 12);
		ui_term_wait(fds, n + UI_BESIDE_FDS, ui_shell_timeout(shell, ui_now(CLOCK_MONOTONIC)));
		if (beside->take)
			beside->take(beside->arg);
		while (!shell->quit && ui_term_read(&event))
			ui_shell_event(shell, &event, ui_now(CLOCK_MONOTONIC));
		ui_shell_update(shell, ui_now(CLOCK_MONOTONIC));
	}
}

/* Of several processes one is to be chosen first. */
static int open_list(struct ui_shell *shell, const struct ui_options *options, struct pt_reader *reader,
		     struct ui_recorded **ret)
{
	int error = ui_recorded_new(ret, reader, options->input);
	if (!error)
		error = ui_shell_init(shell, options, ui_recorded_sources(*ret), ui_now(CLOCK_MONOTONIC));
	if (error)
		ui_complain("%s: %s", options->input, strerror(-error));
	return error ? UI_LACKING : UI_OK;
}

/* An exit status; what failed was said. */
static int open_recording(struct ui_shell *shell, const struct ui_options *options, struct ui_recorded **ret)
{
	struct pt_reader *reader;
	char message[200];
	uint64_t seq = 0;
	int status = ui_recording_open(options->input, options->pid, NULL, &reader);
	if (status != UI_OK)
		return status;
	if (!options->pid && pt_reader_has_several(reader))
		return open_list(shell, options, reader, ret);
	if (options->at && !ui_when(options->at, pt_reader_past(reader), &seq, message, sizeof message)) {
		ui_complain("%s: %s", options->input, message);
		pt_reader_close(reader);
		return UI_USAGE;
	}
	int error = ui_shell_replay(shell, options, &ui_sources_live, reader, seq, ui_now(CLOCK_MONOTONIC));
	if (error)
		ui_complain("%s: %s", options->input, strerror(-error));
	return error ? UI_LACKING : UI_OK;
}

static int open_shell(struct ui_shell *shell, const struct ui_options *options, struct ui_recorded **ret)
{
	if (options->input)
		return open_recording(shell, options, ret);
	int error = ui_shell_init(shell, options, &ui_sources_live, ui_now(CLOCK_MONOTONIC));
	return error ? complain(options->pid, error) : UI_OK;
}

int ui_run(const struct ui_options *options)
{
	return ui_run_beside(options, &(struct ui_beside){.fds = {-1, -1, -1}});
}

int ui_run_beside(const struct ui_options *options, const struct ui_beside *beside)
{
	struct ui_shell shell;
	struct ui_recorded *recorded = NULL; /* what a recording of several processes has */
	char message[160];
	int status = open_shell(&shell, options, &recorded);
	if (status != UI_OK) {
		ui_recorded_free(recorded);
		return status;
	}
	if (!ui_term_open(options, message, sizeof message)) {
		ui_shell_free(&shell, QUIT_WAIT_MS);
		ui_recorded_free(recorded);
		ui_complain("%s", message);
		return UI_USAGE;
	}
	struct wg_canvas canvas = {.can = ui_term_ability()};
	run(&shell, &canvas, beside);
	ui_term_close();
	wg_canvas_free(&canvas);
	ui_shell_free(&shell, QUIT_WAIT_MS);
	ui_recorded_free(recorded);
	return shell.status;
}
