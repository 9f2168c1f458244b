/*
 * See shell.h. Events go to the prompt while it is open, then to the help, then through the key table to the shell
 * itself and at last to the screen on top.
 */
#include "tui/shell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/replay.h"
#include "core/text/text.h"
#include "tui/frame.h"
#include "tui/screens/screens.h"
#include "tui/when.h"

#define SAY_FOR_NS   6000000000u
#define INTERVAL_MIN 62500000u    /* 1/16 s */
#define INTERVAL_MAX 64000000000u /* 64 s */

/* ---- live sources ----------------------------------------------------------------------------------------------- */

/* Its place; the list itself is made where it is read. */
static int procs_open(void *arg, void **ret)
{
	(void)arg;
	*ret = calloc(1, sizeof(struct pt_procs *));
	return *ret ? 0 : -ENOMEM;
}

static int procs_read(void *self, struct pt_proc_list *ret)
{
	struct pt_procs **procs = self;
	int error = *procs ? 0 : pt_procs_new(procs);
	return error ? error : pt_procs_read(*procs, ret);
}

static int procs_pss(void *self, struct pt_proc *v, size_t n)
{
	return pt_procs_read_pss(*(struct pt_procs **)self, v, n);
}

static void procs_close(void *self)
{
	pt_procs_free(*(struct pt_procs **)self);
	free(self);
}

static int open_live(void *arg, struct ui_target *target, pid_t pid, uint64_t interval_ns,
		     const struct ui_options *options)
{
	(void)arg;
	return ui_target_open(target, pid, interval_ns, options);
}

static int live_kernel(struct pt_kernel **ret)
{
	return pt_kernel_linux_new(ret, "/", 0);
}

static const struct ui_lister_ops procs_live = {procs_open, procs_read, procs_pss, procs_close};
const struct ui_sources ui_sources_live = {.open_target = open_live, .lister = &procs_live, .kernel = live_kernel};

/* ---- the stack -------------------------------------------------------------------------------------------------- */

static struct ui_screen *top(struct ui_shell *shell)
{
	return shell->stack[shell->depth - 1];
}

static void show_top(struct ui_shell *shell)
{
	struct ui_screen *screen = top(shell);
	if (screen->ops->shown)
		screen->ops->shown(screen, shell);
	shell->dirty = true;
}

void ui_shell_push(struct ui_shell *shell, struct ui_screen *screen)
{
	if (!screen) {
		ui_shell_say(shell, WG_BAD, "out of memory");
		return;
	}
	if (shell->depth == UI_STACK_MAX) {
		ui_shell_say(shell, WG_DIM, "no deeper than this; Esc leads back");
		screen->ops->free(screen, 0);
		return;
	}
	shell->stack[shell->depth++] = screen;
	show_top(shell);
}

/* A past that is still being asked must stay, and the feed with it. */
static void leave_target(struct ui_shell *shell, int wait_ms)
{
	ui_recording_free(shell);
	ui_faults_free(&shell->faults, wait_ms);
	ui_hunt_free(&shell->hunt, wait_ms);
	if (!ui_time_free(&shell->time, wait_ms) && shell->target.feed) {
		ui_target_pause(&shell->target, true);
		shell->target.feed = NULL;
		shell->target.history = NULL;
	}
	ui_target_close(&shell->target);
}

/* Screens of the target stand on its overview. */
static bool stands_on_target(const struct ui_shell *shell)
{
	for (size_t i = 0; i < shell->depth; i++)
		if (shell->stack[i]->ops->where(shell->stack[i]) & (UI_IN_TABLE | UI_IN_PANE))
			return true;
	return false;
}

void ui_shell_pop(struct ui_shell *shell)
{
	if (shell->depth == 1) {
		ui_shell_say(shell, WG_DIM, "this is where it began; q quits");
		return;
	}
	struct ui_screen *screen = shell->stack[--shell->depth];
	screen->ops->free(screen, 0);
	if (!stands_on_target(shell))
		leave_target(shell, 0);
	show_top(shell);
}

static const char *open_error(const struct ui_shell *shell, int error)
{
	if (shell->sources->recording && error == -ENODATA)
		return "no frames of it were recorded, its counters alone";
	if (shell->sources->recording && error == -EBADMSG)
		return "the file is damaged";
	switch (error) {
	case -ESRCH: return "it has ended, or it is a zombie: there is no memory to look at";
	case -EACCES:
	case -EPERM: return "not permitted: it belongs to another user, or is protected; sudo pagetop may look";
	case -EOPNOTSUPP: return "this kernel has no soft-dirty bits to clear";
	case -ENODATA: return "a kernel thread: it has no memory of its own";
	default: return strerror(-error);
	}
}

/* What stands on the target there was goes away, but not before there is another. */
static int open_target(struct ui_shell *shell, pid_t pid)
{
	struct ui_target target = {0};
	int error = shell->sources->open_target(shell->sources->arg, &target, pid, shell->interval_ns, shell->options);
	if (error)
		return error;
	while (stands_on_target(shell))
		ui_shell_pop(shell);
	shell->target = target;
	ui_shell_push(shell, ui_overview_new(shell));
	return 0;
}

void ui_shell_open_process(struct ui_shell *shell, pid_t pid)
{
	int error = open_target(shell, pid);
	if (error)
		ui_shell_say(shell, WG_BAD, "%d: %s", (int)pid, open_error(shell, error));
}

void ui_shell_open_page(struct ui_shell *shell, pid_t pid, uint64_t address)
{
	if (!shell->target.feed || shell->target.pid != pid)
		ui_shell_open_process(shell, pid);
	if (shell->target.feed && shell->target.pid == pid)
		ui_shell_push(shell, ui_page_new(shell, address));
}

/* With the list of processes alone. */
static int begin(struct ui_shell *shell, const struct ui_options *options, const struct ui_sources *sources,
		 uint64_t now_ns)
{
	*shell = (struct ui_shell){.options = options,
				   .sources = sources,
				   .now_ns = now_ns,
				   .interval_ns = options->interval_ns,
				   .dirty = true};
	struct ui_screen *list = ui_processes_new(shell);
	if (!list)
		return -ENOMEM;
	shell->stack[shell->depth++] = list;
	return 0;
}

int ui_shell_replay(struct ui_shell *shell, const struct ui_options *options, const struct ui_sources *sources,
		    struct pt_reader *reader, uint64_t seq, uint64_t now_ns)
{
	int error = begin(shell, options, sources, now_ns);
	if (error) {
		pt_reader_close(reader);
		return error;
	}
	error = ui_target_replay(&shell->target, reader, seq);
	if (!error)
		ui_shell_push(shell, ui_overview_new(shell));
	if (error || shell->depth < 2)
		ui_shell_free(shell, 0);
	return error || shell->depth ? error : -ENOMEM;
}

int ui_shell_init(struct ui_shell *shell, const struct ui_options *options, const struct ui_sources *sources,
		  uint64_t now_ns)
{
	int error = begin(shell, options, sources, now_ns);
	if (error)
		return error;
	if (!options->pid) {
		show_top(shell);
		return 0;
	}
	error = open_target(shell, options->pid);
	if (error || shell->depth < 2)
		ui_shell_free(shell, 0);
	return error || shell->depth ? error : -ENOMEM;
}

void ui_shell_free(struct ui_shell *shell, int wait_ms)
{
	while (shell->depth) {
		struct ui_screen *screen = shell->stack[--shell->depth];
		screen->ops->free(screen, wait_ms / (UI_STACK_MAX + 1));
	}
	leave_target(shell, wait_ms);
	ui_owners_free(&shell->owners, wait_ms);
	ui_scratch_free(&shell->scratch);
}

void ui_shell_say(struct ui_shell *shell, uint8_t role, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(shell->message, sizeof shell->message, format, args);
	va_end(args);
	shell->message_role = role;
	shell->message_until_ns = shell->now_ns + SAY_FOR_NS;
	shell->dirty = true;
}

/* ---- the prompt ------------------------------------------------------------------------------------------------- */

static struct ui_filter *filter_of_top(struct ui_shell *shell)
{
	struct ui_screen *screen = top(shell);
	return screen->ops->filter ? screen->ops->filter(screen) : NULL;
}

static void set_filter(struct ui_shell *shell, const char *text)
{
	struct ui_filter *filter = filter_of_top(shell);
	if (!filter) /* a click went to where there is none */
		return;
	ui_filter_set(filter, text);
	snprintf(shell->prompt.error, sizeof shell->prompt.error, "%s", filter->error);
	top(shell)->ops->update(top(shell), shell);
}

/* An address as people write it: hexadecimal, with or without 0x. */
static bool parse_address(const char *text, uint64_t *ret)
{
	char padded[UI_LINE_MAX + 2];
	bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	snprintf(padded, sizeof padded, "0x%s", text + (prefixed ? 2 : 0));
	return pt_text_parse_u64(padded, ret);
}

static void accept(struct ui_shell *shell)
{
	uint64_t address, seq;
	enum ui_prompt_kind kind = shell->prompt.kind;
	if (kind == UI_PROMPT_ADDRESS) {
		if (!parse_address(shell->prompt.text, &address)) {
			snprintf(shell->prompt.error, sizeof shell->prompt.error, "not a hexadecimal address");
			return;
		}
		if (top(shell)->ops->where(top(shell)) == UI_IN_PAGE)
			ui_shell_pop(shell); /* from page to page, not ever deeper */
		ui_shell_push(shell, ui_page_new(shell, address));
	}
	if (kind == UI_PROMPT_RECORD &&
	    !ui_recording_begin(shell, shell->prompt.text, shell->prompt.error, sizeof shell->prompt.error))
		return;
	if (kind == UI_PROMPT_TIME) {
		if (!ui_when(shell->prompt.text, shell->target.past, &seq, shell->prompt.error,
			     sizeof shell->prompt.error))
			return;
		ui_time_go(shell, seq, 0);
	}
	if (kind == UI_PROMPT_MARK)
		ui_time_mark(shell, shell->prompt.text);
	if (kind == UI_PROMPT_OPEN && top(shell)->ops->take_line)
		top(shell)->ops->take_line(top(shell), shell, shell->prompt.text);
	shell->prompt.kind = UI_PROMPT_NONE;
}

static void prompt_key(struct ui_shell *shell, uint32_t key)
{
	bool filters = shell->prompt.kind == UI_PROMPT_FILTER;
	switch (ui_prompt_key(&shell->prompt, key)) {
	case UI_PROMPT_EDITED:
		shell->prompt.error[0] = '\0';
		if (filters)
			set_filter(shell, shell->prompt.text);
		break;
	case UI_PROMPT_CANCELLED:
		if (filters)
			set_filter(shell, shell->prompt.before);
		shell->prompt.kind = UI_PROMPT_NONE;
		break;
	case UI_PROMPT_ACCEPTED: accept(shell); break;
	case UI_PROMPT_SAME: break;
	}
}

static void open_filter(struct ui_shell *shell)
{
	const struct ui_filter *filter = filter_of_top(shell);
	if (filter)
		ui_prompt_open(&shell->prompt, UI_PROMPT_FILTER, filter->text);
}

/* ---- actions ---------------------------------------------------------------------------------------------------- */

static void set_interval(struct ui_shell *shell, uint64_t ns)
{
	char text[24];
	if (ns < INTERVAL_MIN || ns > INTERVAL_MAX)
		return;
	shell->interval_ns = ns;
	if (shell->target.feed)
		shell->target.feed->ops->interval(shell->target.feed, ns);
	ui_shell_say(shell, WG_TEXT, "a frame every %s", pt_text_ns(ns, text, sizeof text));
}

/* A replay goes half or twice as fast. */
static void set_speed(struct ui_shell *shell, struct pt_replay *replay, double factor)
{
	pt_replay_speed(replay, pt_replay_get_speed(replay) * factor);
	ui_shell_say(shell, WG_TEXT, "%g times as fast as it was", pt_replay_get_speed(replay));
}

static void change_pace(struct ui_shell *shell, bool faster)
{
	struct pt_replay *replay = pt_replay_of(shell->target.feed);
	if (replay)
		set_speed(shell, replay, faster ? 2 : 0.5);
	else
		set_interval(shell, faster ? shell->interval_ns / 2 : shell->interval_ns * 2);
}

static void pause_or_go_on(struct ui_shell *shell)
{
	if (pt_replay_of(shell->target.feed))
		ui_time_play(shell, shell->target.paused || shell->target.back);
	else
		ui_target_pause(&shell->target, !shell->target.paused);
}

/* To a screen that there is once, which is anywhere in `where`; from there back. */
static void go_to(struct ui_shell *shell, unsigned where, struct ui_screen *(*new_screen)(struct ui_shell *shell))
{
	size_t at = shell->depth;
	while (at > 0 && !(shell->stack[at - 1]->ops->where(shell->stack[at - 1]) & where))
		at--;
	if (!at)
		ui_shell_push(shell, new_screen(shell));
	else if (at == shell->depth)
		ui_shell_pop(shell);
	while (at && at < shell->depth)
		ui_shell_pop(shell);
}

/* What every screen of a target does the same way. */
static bool act_on_target(struct ui_shell *shell, enum ui_action action)
{
	if (!shell->target.feed)
		return false;
	switch (action) {
	case UI_DO_PAUSE: pause_or_go_on(shell); return true;
	case UI_DO_RECORD: ui_recording_key(shell); return true;
	case UI_DO_REFRESH: shell->target.feed->ops->refresh(shell->target.feed); return false;
	case UI_DO_FAULTS: go_to(shell, UI_IN_FAULTS, ui_faults_new); return true;
	case UI_DO_HUNT: go_to(shell, UI_IN_HUNT, ui_hunt_new); return true;
	case UI_DO_SHARERS: go_to(shell, UI_IN_SHARERS, ui_sharers_new); return true;
	case UI_DO_FAMILY: go_to(shell, UI_IN_FAMILY, ui_family_new); return true;
	case UI_DO_GOTO: ui_prompt_open(&shell->prompt, UI_PROMPT_ADDRESS, ""); return true;
	default: return ui_time_act(shell, action);
	}
}

static bool act(struct ui_shell *shell, enum ui_action action)
{
	switch (action) {
	case UI_DO_QUIT: shell->quit = true; return true;
	case UI_DO_HELP:
		shell->help = !shell->help;
		shell->help_top = 0;
		return true;
	case UI_DO_REDRAW: shell->forget = true; return true;
	case UI_DO_FILTER: open_filter(shell); return true;
	case UI_DO_FASTER: change_pace(shell, true); return true;
	case UI_DO_SLOWER: change_pace(shell, false); return true;
	case UI_DO_MACHINE: go_to(shell, UI_IN_MACHINE | UI_IN_ACCOUNTS, ui_machine_new); return true;
	default: return act_on_target(shell, action);
	}
}

static void help_act(struct ui_shell *shell, enum ui_action action)
{
	int page = shell->body.h > 1 ? shell->body.h - 1 : 1;
	switch (action) {
	case UI_DO_UP: shell->help_top--; break;
	case UI_DO_DOWN: shell->help_top++; break;
	case UI_DO_PAGE_UP: shell->help_top -= page; break;
	case UI_DO_PAGE_DOWN: shell->help_top += page; break;
	case UI_DO_FIRST: shell->help_top = 0; break;
	case UI_DO_LAST: shell->help_top = 10000; break; /* drawing keeps it in bounds */
	case UI_DO_BACK: shell->help = false; break;
	default: act(shell, action);
	}
}

static enum ui_where where(struct ui_shell *shell)
{
	const struct ui_screen *screen = top(shell);
	return shell->time.focus ? UI_IN_TIME : screen->ops->where(screen);
}

static void key_event(struct ui_shell *shell, uint32_t key)
{
	struct ui_screen *screen = top(shell);
	if (shell->prompt.kind) {
		prompt_key(shell, key);
		return;
	}
	if (shell->help) {
		help_act(shell, ui_key_action(UI_IN_HELP, key));
		return;
	}
	enum ui_action action = ui_key_action(where(shell), key);
	if (action == UI_DO_NONE || act(shell, action) || screen->ops->act(screen, shell, action, key))
		return;
	if (action == UI_DO_BACK)
		ui_shell_pop(shell);
}

static void mouse_event(struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_screen *screen = top(shell);
	bool wheel = event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN;
	if (shell->help) {
		if (wheel)
			shell->help_top += event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3;
		return;
	}
	if (ui_time_mouse(shell, event))
		return;
	if (shell->time.focus && event->mouse == UI_MOUSE_PRESS)
		shell->time.focus = false;
	if (screen->ops->mouse)
		screen->ops->mouse(screen, shell, event);
}

void ui_shell_event(struct ui_shell *shell, const struct ui_event *event, uint64_t now_ns)
{
	shell->now_ns = now_ns;
	shell->dirty = shell->acted = true;
	if (event->type == UI_EVENT_KEY)
		key_event(shell, event->key);
	else if (event->type == UI_EVENT_MOUSE)
		mouse_event(shell, event);
}

/* ---- time and descriptors --------------------------------------------------------------------------------------- */

static uint64_t due_of_top(struct ui_shell *shell)
{
	const struct ui_screen *screen = top(shell);
	return screen->ops->due ? screen->ops->due(screen) : UINT64_MAX;
}

void ui_shell_update(struct ui_shell *shell, uint64_t now_ns)
{
	shell->now_ns = now_ns;
	if (ui_target_update(&shell->target, now_ns))
		shell->dirty = true;
	ui_recording_update(shell);
	ui_faults_update(shell);
	ui_hunt_update(shell);
	ui_time_update(shell);
	top(shell)->ops->update(top(shell), shell);
	if (shell->message[0] && now_ns >= shell->message_until_ns) {
		shell->message[0] = '\0';
		shell->dirty = true;
	}
}

size_t ui_shell_fds(struct ui_shell *shell, int *fds, size_t n)
{
	const struct ui_screen *screen = top(shell);
	size_t used = 0;
	if (shell->target.feed && used < n)
		fds[used++] = shell->target.feed->ops->fd(shell->target.feed);
	if (screen->ops->fd && used < n)
		fds[used++] = screen->ops->fd(screen);
	used += ui_recording_fds(&shell->recording, fds + used, n - used);
	used += ui_faults_fds(&shell->faults, fds + used, n - used);
	used += ui_hunt_fds(&shell->hunt, fds + used, n - used);
	used += ui_owners_fds(&shell->owners, fds + used, n - used);
	return used + ui_time_fds(&shell->time, fds + used, n - used);
}

int ui_shell_timeout(struct ui_shell *shell, uint64_t now_ns)
{
	uint64_t next = due_of_top(shell), time = ui_time_due(shell);
	next = time < next ? time : next;
	if (shell->message[0] && shell->message_until_ns < next)
		next = shell->message_until_ns;
	if (next == UINT64_MAX)
		return -1;
	if (next <= now_ns)
		return 0;
	uint64_t ms = (next - now_ns) / 1000000 + 1;
	return ms < 60000 ? (int)ms : 60000;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* The feed reads first what is on the screen; what that is, only the drawing knows. */
static void watch_what_shows(struct ui_shell *shell)
{
	struct ui_screen *screen = top(shell);
	struct pt_stretch stretches[PT_WATCH_MAX];
	if (!shell->target.now || !screen->ops->watch)
		return;
	size_t n = screen->ops->watch(screen, shell, stretches, PT_WATCH_MAX);
	ui_target_watch(&shell->target, stretches, n, shell->acted);
}

void ui_shell_draw(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect)
{
	struct wg_rect rest = rect;
	ui_scratch_reset(&shell->scratch);
	wg_fill(canvas, rest, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	ui_frame_title(shell, canvas, &rest);
	ui_frame_foot(shell, canvas, &rest);
	ui_frame_banners(shell, canvas, &rest);
	bool covered = shell->help || (shell->time.view == UI_TIME_FULL && shell->target.feed);
	if (!shell->help && shell->target.feed)
		ui_time_draw(shell, canvas, wg_take_bottom(&rest, ui_time_lines(&shell->time, rest.h)));
	shell->body = rest;
	if (shell->help)
		ui_help_draw(shell, canvas, rest);
	else if (!covered)
		top(shell)->ops->draw(top(shell), shell, canvas, rest);
	watch_what_shows(shell);
	shell->acted = false;
	shell->dirty = false;
}
