/*
 * State and keys of time; see time.h.
 *
 * A key says "so many moments from there", never which moment that is: only the past knows. Steps that come while a
 * moment is being looked up are added to it, so that holding a key down loses none.
 */
#include "tui/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/record/replay.h"
#include "tui/shell.h"

#define WAIT_MS     15 /* for a moment, so that going from one to the next does not lag a drawing behind */
#define JUMP        10 /* a longer step is a tenth of the plot */
#define WINDOW_MIN  2000000000u
#define MOMENTS_MAX 1024
#define FREE_MS     5000       /* a past always answers, if slowly */
#define PLOT_NS     500000000u /* between plots that differ by what came since, at least */

static const char no_history[] =
	"no history is kept of this process, so there is nothing to go back to: --history SIZE keeps one";

/* ---- workers ---------------------------------------------------------------------------------------------------- */

bool ui_time_free(struct ui_time *t, int wait_ms)
{
	bool ended = ui_worker_free(t->diver, wait_ms > FREE_MS ? wait_ms : FREE_MS);
	ended = ui_worker_free(t->plotter, wait_ms > FREE_MS ? wait_ms : FREE_MS) && ended;
	ui_chronicle_free(t->got);
	*t = (struct ui_time){0};
	return ended;
}

size_t ui_time_fds(const struct ui_time *t, int *fds, size_t n)
{
	size_t used = 0;
	if (t->diver && used < n)
		fds[used++] = ui_worker_fd(t->diver);
	if (t->plotter && used < n)
		fds[used++] = ui_worker_fd(t->plotter);
	return used;
}

static bool make_worker(struct ui_shell *shell, struct ui_worker **worker, int (*make)(struct ui_worker **ret))
{
	if (*worker || make(worker) == 0)
		return true;
	*worker = NULL;
	ui_shell_say(shell, WG_BAD, "the past cannot be read: out of memory or threads");
	return false;
}

/* ---- moments ---------------------------------------------------------------------------------------------------- */

static struct pt_replay *replay_of(const struct ui_shell *shell)
{
	return pt_replay_of(shell->target.feed);
}

/* Where steps go from: the moment shown. The newest frame of a live target may be newer than its past. */
static uint64_t origin(const struct ui_shell *shell)
{
	if (shell->time.at)
		return shell->time.at;
	return replay_of(shell) && shell->target.live ? shell->target.live->seq : UINT64_MAX;
}

/* Asks for the moment wanted once the last answer was taken. */
static void ask_moment(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (!t->wanted || !make_worker(shell, &t->diver, ui_diver_new) || t->asked != t->answered)
		return;
	struct ui_dive_request request = {.past = shell->target.past,
					  .number = ++t->asked,
					  .seq = t->base,
					  .steps = t->steps,
					  .other = t->anchor,
					  .other_steps = t->anchor_steps};
	t->wanted = false;
	ui_worker_ask(t->diver, &request);
	ui_worker_wait(t->diver, WAIT_MS);
}

static bool same_image(const struct ui_dive *d)
{
	return !d->other || d->other->process.image == d->now->process.image;
}

/* A second cursor that is ahead of the first is what the first is the past of. */
static void show_moment(struct ui_shell *shell, struct ui_dive *d)
{
	struct ui_time *t = &shell->time;
	struct pt_snapshot *now = d->now, *other = d->other;
	if (t->anchor && other && other->seq > now->seq) {
		now = d->other;
		other = d->now;
	}
	d->now = d->other = NULL;
	ui_target_go_back(&shell->target, now, other);
}

/* The newest frames; compared with the second cursor's, if there is one. */
static void show_newest(struct ui_shell *shell, struct ui_dive *d)
{
	struct ui_time *t = &shell->time;
	t->at = 0;
	ui_target_go_live(&shell->target, t->anchor ? d->other : NULL);
	if (t->anchor)
		d->other = NULL;
}

static void apply(struct ui_shell *shell, struct ui_dive *d)
{
	struct ui_time *t = &shell->time;
	if (d->error) {
		ui_shell_say(shell, d->error == -ENOENT ? WG_DIM : WG_BAD, "%s",
			     d->error == -ENOENT ? "there is no past yet: the first frame is being read"
						 : strerror(-d->error));
		return;
	}
	t->exec_between = !same_image(d);
	if (t->anchor && d->other && !t->wanted) {
		t->anchor = d->other->seq;
		t->anchor_steps = 0;
	}
	bool newest = shell->target.live && (replay_of(shell) ? shell->target.live->seq == d->at : d->newest);
	if (newest) { /* also where keys lead on from there: it is no past even for a moment */
		show_newest(shell, d);
		return;
	}
	t->at = d->at;
	if (!t->wanted) {
		t->base = d->at;
		t->steps = 0;
	}
	show_moment(shell, d);
}

static void take_moment(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	struct ui_dive *d = t->diver ? ui_worker_take(t->diver) : NULL;
	if (!d)
		return;
	if (d->number == t->asked) { /* else nobody wants it any more */
		t->answered = d->number;
		apply(shell, d);
	}
	ui_dive_free(d);
	shell->dirty = true;
}

static bool is_under_way(const struct ui_time *t)
{
	return t->wanted || t->asked != t->answered;
}

/* The moment that steps go from: the one shown, or still being looked up. */
void ui_time_go(struct ui_shell *shell, uint64_t seq, int64_t steps)
{
	struct ui_time *t = &shell->time;
	if (!shell->target.past) {
		ui_shell_say(shell, WG_WARN, "%s", no_history);
		return;
	}
	if (replay_of(shell))
		ui_target_pause(&shell->target, true);
	t->base = seq;
	t->steps = steps;
	t->wanted = true;
	ask_moment(shell);
	take_moment(shell);
}

void ui_time_step(struct ui_shell *shell, int64_t steps)
{
	struct ui_time *t = &shell->time;
	if (is_under_way(t))
		ui_time_go(shell, t->base, t->steps + steps);
	else
		ui_time_go(shell, origin(shell), steps);
}

void ui_time_go_live(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (!shell->target.live)
		return;
	if (t->anchor || replay_of(shell)) { /* the newest of a replay is not what it shows */
		ui_time_go(shell, UINT64_MAX, 0);
		return;
	}
	t->wanted = false;
	t->answered = ++t->asked; /* what is still being looked up is not shown */
	t->at = 0;
	ui_target_go_live(&shell->target, NULL);
}

/* ---- the second cursor ------------------------------------------------------------------------------------------ */

/* The moment shown, whether it is of the past or the newest; 0: the past does not have it. */
static uint64_t here(const struct ui_shell *shell)
{
	const struct ui_time *t = &shell->time;
	return t->at ? t->at : shell->target.live ? shell->target.live->seq : 0;
}

static void go_again(struct ui_shell *shell)
{
	ui_time_go(shell, origin(shell), 0);
}

void ui_time_play(struct ui_shell *shell, bool plays)
{
	struct ui_time *t = &shell->time;
	struct pt_replay *replay = replay_of(shell);
	if (plays && t->at) {
		pt_replay_seek(replay, t->at);
		t->wanted = false;
		t->answered = ++t->asked; /* what is still being looked up is not shown */
		t->at = 0;
		ui_target_go_live(&shell->target, NULL);
	}
	ui_target_pause(&shell->target, !plays);
}

static void set_anchor(struct ui_shell *shell, uint64_t seq)
{
	shell->time.anchor = seq;
	shell->time.anchor_steps = 0;
	go_again(shell);
}

/* To where the keys lead, also if that moment is still being looked up. */
static void anchor_here(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (!is_under_way(t)) {
		set_anchor(shell, here(shell));
		return;
	}
	t->anchor = t->base;
	t->anchor_steps = t->steps;
	ui_time_step(shell, 0);
}

static void toggle_anchor(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (!shell->target.past)
		ui_shell_say(shell, WG_WARN, "%s", no_history);
	else if (t->anchor)
		set_anchor(shell, 0);
	else if (here(shell)) {
		anchor_here(shell);
		ui_shell_say(
			shell, WG_TEXT,
			"second cursor set: go to another moment to see what changed between them; v takes it away");
	}
	if (t->view == UI_TIME_AWAY && t->anchor)
		t->view = UI_TIME_STRIP;
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

void ui_time_mark(struct ui_shell *shell, const char *label)
{
	struct pt_past *past = shell->target.past;
	if (!past || !shell->target.now)
		return;
	int error = past->ops->mark(past, shell->target.now->realtime_ns, label);
	ui_recording_mark(&shell->recording, shell->target.now->realtime_ns, label);
	shell->time.plot.past = NULL; /* to be seen at once */
	if (error == -EROFS)
		ui_shell_say(shell, WG_WARN, "a recording that is only read takes no marks");
	else if (error)
		ui_shell_say(shell, WG_BAD, "the mark could not be set: %s", strerror(-error));
	else
		ui_shell_say(shell, WG_GOOD, "marked; { and } lead from mark to mark");
}

static void open_mark(struct ui_shell *shell)
{
	if (!shell->target.past)
		ui_shell_say(shell, WG_WARN, "%s", no_history);
	else if (shell->target.now)
		ui_prompt_open(&shell->prompt, UI_PROMPT_MARK, "");
}

static void open_time(struct ui_shell *shell)
{
	if (!shell->target.past)
		ui_shell_say(shell, WG_WARN, "%s", no_history);
	else
		ui_prompt_open(&shell->prompt, UI_PROMPT_TIME, "");
}

/* The marks are those the plot shows: where there is no plot yet there are none to go to. */
static void go_to_mark(struct ui_shell *shell, int direction)
{
	const struct ui_time *t = &shell->time;
	const struct ui_chronicle *c = t->got;
	uint64_t at = here(shell);
	size_t i = 0, n = c ? c->n_marks : 0;
	while (direction > 0 ? i < n && c->marks[i].seq <= at : i < n && c->marks[i].seq < at)
		i++;
	if (direction > 0 ? i < n : i > 0)
		ui_time_go(shell, c->marks[direction > 0 ? i : i - 1].seq, 0);
	else
		ui_shell_say(shell, WG_DIM, "no mark %s; m sets one",
			     direction > 0 ? "after this moment" : "before it");
}

/* ---- the plot --------------------------------------------------------------------------------------------------- */

static struct ui_subject subject_of_top(struct ui_shell *shell)
{
	struct ui_subject subject = {0};
	struct ui_screen *screen = shell->stack[shell->depth - 1];
	if (screen->ops->subject && shell->target.now)
		screen->ops->subject(screen, shell, &subject);
	return subject;
}

static bool same_plot(const struct ui_plot_request *a, const struct ui_plot_request *b)
{
	return a->past == b->past && a->max == b->max && a->from_ns == b->from_ns && a->to_ns == b->to_ns &&
	       a->start == b->start && a->end == b->end && a->story == b->story && a->address == b->address &&
	       a->seq == b->seq;
}

/* What the screen as it is needs to know of the past. */
static struct ui_plot_request plot_wanted(struct ui_shell *shell)
{
	const struct ui_time *t = &shell->time;
	struct ui_subject subject = subject_of_top(shell);
	struct ui_plot_request r = {.past = shell->target.past};
	r.story = subject.is_page;
	r.address = subject.is_page ? subject.page : 0;
	r.seq = r.story ? (t->at && shell->target.now ? shell->target.now->seq : UINT64_MAX) : 0;
	if (t->view == UI_TIME_AWAY)
		return r;
	int w = t->area.w > 0 ? 2 * t->area.w : 160;
	r.max = w < MOMENTS_MAX ? (size_t)w : MOMENTS_MAX;
	if (t->of_subject) {
		r.start = subject.start;
		r.end = subject.end;
	}
	uint64_t last = t->got ? t->got->last_ns : 0;
	if (t->window_ns && last) {
		r.to_ns = t->window_end_ns ? t->window_end_ns : last;
		r.from_ns = r.to_ns > t->window_ns ? r.to_ns - t->window_ns : 0;
	}
	return r;
}

static bool wants_plot(struct ui_shell *shell, const struct ui_plot_request *r)
{
	const struct ui_time *t = &shell->time;
	bool first = !t->plot.past; /* marks are known from the start */
	if (!shell->target.past || !shell->target.live || (!r->max && !r->story && !first))
		return false;
	return !same_plot(r, &t->plot) || t->plot_seq != shell->target.live->seq;
}

/* What was asked for a moment ago can wait for the next frame or the next half second. */
static bool is_soon(const struct ui_shell *shell, const struct ui_plot_request *r)
{
	const struct ui_time *t = &shell->time;
	return same_plot(r, &t->plot) && shell->now_ns < t->plot_ns + PLOT_NS;
}

uint64_t ui_time_due(const struct ui_shell *shell)
{
	return shell->time.plot_waits ? shell->time.plot_ns + PLOT_NS : UINT64_MAX;
}

static void ask_plot(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	struct ui_plot_request r = plot_wanted(shell);
	bool wanted = wants_plot(shell, &r);
	t->plot_waits = wanted && is_soon(shell, &r);
	if (!wanted || t->plot_waits || !make_worker(shell, &t->plotter, ui_plotter_new) || ui_worker_busy(t->plotter))
		return;
	t->plot = r;
	t->plot_seq = shell->target.live->seq;
	t->plot_ns = shell->now_ns;
	ui_worker_ask(t->plotter, &r);
}

static void take_plot(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	struct ui_chronicle *c = t->plotter ? ui_worker_take(t->plotter) : NULL;
	if (!c)
		return;
	ui_chronicle_free(t->got);
	t->got = c;
	shell->dirty = true;
}

void ui_time_update(struct ui_shell *shell)
{
	take_moment(shell);
	if (shell->target.past)
		ask_moment(shell);
	take_plot(shell);
	ask_plot(shell);
}

const struct ui_chronicle *ui_time_story(const struct ui_shell *shell, uint64_t address)
{
	const struct ui_chronicle *c = shell->time.got;
	return c && c->of.story && c->has_story && c->of.address == address ? c : NULL;
}

const struct pt_moment *ui_chronicle_at(const struct ui_chronicle *c, uint64_t seq)
{
	const struct pt_moment *found = NULL;
	for (size_t i = 0; c && i < c->n_moments && (!found || c->moments[i].seq <= seq); i++)
		found = &c->moments[i];
	return found;
}

const struct pt_moment *ui_chronicle_near(const struct ui_chronicle *c, uint64_t realtime_ns)
{
	const struct pt_moment *found = NULL;
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; c && i < c->n_moments; i++) {
		uint64_t at = c->moments[i].realtime_ns;
		uint64_t far = at > realtime_ns ? at - realtime_ns : realtime_ns - at;
		if (far < least) {
			least = far;
			found = &c->moments[i];
		}
	}
	return found;
}

/* ---- longer steps, and zoom ------------------------------------------------------------------------------------- */

static uint64_t time_shown(const struct ui_shell *shell)
{
	const struct ui_time *t = &shell->time;
	const struct pt_snapshot *s = t->at ? shell->target.now : shell->target.live;
	return s ? s->realtime_ns : 0;
}

/* Jumps by a part of the time that the plot shows, but by a moment at least. */
static void jump(struct ui_shell *shell, int direction)
{
	const struct ui_time *t = &shell->time;
	uint64_t at = time_shown(shell), far = (t->to_ns - t->from_ns) / JUMP;
	const struct pt_moment *to = ui_chronicle_near(t->got, direction < 0 ? (at > far ? at - far : 0) : at + far);
	bool onward = to && (direction < 0 ? to->seq < here(shell) : to->seq > here(shell));
	if (onward && direction > 0) /* the plot may have moments that cannot be gone to: the first from there on */
		ui_time_go(shell, to->seq - 1, 1);
	else if (onward)
		ui_time_go(shell, to->seq, 0);
	else
		ui_time_step(shell, direction);
}

/* The cursor stays where it is on the screen, as far as there is a past around it. */
static void zoom(struct ui_shell *shell, bool in)
{
	struct ui_time *t = &shell->time;
	const struct ui_chronicle *c = t->got;
	if (!c || c->last_ns <= c->first_ns)
		return;
	uint64_t all = c->last_ns - c->first_ns, was = t->window_ns ? t->window_ns : all;
	uint64_t window = in ? was / 2 : was * 2, at = time_shown(shell);
	if (window >= all || window < WINDOW_MIN) {
		t->window_ns = window >= all ? 0 : t->window_ns;
		t->window_end_ns = window >= all ? 0 : t->window_end_ns;
		return;
	}
	uint64_t end = at + window / 2;
	if (end < c->first_ns + window)
		end = c->first_ns + window;
	t->window_ns = window;
	t->window_end_ns = !t->at || end >= c->last_ns ? 0 : end;
}

/* The window follows the cursor. */
static void keep_in_sight(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	uint64_t at = time_shown(shell);
	if (!t->window_ns || !t->got)
		return;
	uint64_t end = t->window_end_ns ? t->window_end_ns : t->got->last_ns;
	if (at + t->window_ns >= end && at <= end)
		return;
	end = at + t->window_ns / 2;
	t->window_end_ns = end >= t->got->last_ns ? 0 : end;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

/* Away, strip in focus, full, away. */
static void change_view(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (!shell->target.past) {
		ui_shell_say(shell, WG_WARN, "%s", no_history);
		return;
	}
	if (t->view == UI_TIME_STRIP && !t->focus)
		t->focus = true;
	else
		t->view = (t->view + 1) % (UI_TIME_FULL + 1);
	t->focus = t->view != UI_TIME_AWAY;
}

static void leave(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	if (t->anchor)
		set_anchor(shell, 0);
	else if (t->view == UI_TIME_FULL)
		t->view = UI_TIME_STRIP;
	else
		t->focus = false;
}

/* Keys that are the strip's own. */
static bool act_in_focus(struct ui_shell *shell, enum ui_action action)
{
	struct ui_time *t = &shell->time;
	switch (action) {
	case UI_DO_LEFT: ui_time_step(shell, -1); return true;
	case UI_DO_RIGHT: ui_time_step(shell, 1); return true;
	case UI_DO_PAGE_UP: jump(shell, -1); return true;
	case UI_DO_PAGE_DOWN: jump(shell, 1); return true;
	case UI_DO_FIRST: ui_time_go(shell, 0, 0); return true;
	case UI_DO_LAST: ui_time_go_live(shell); return true;
	case UI_DO_ZOOM_IN: zoom(shell, true); return true;
	case UI_DO_ZOOM_OUT: zoom(shell, false); return true;
	case UI_DO_ZOOM_FIT: t->window_ns = t->window_end_ns = 0; return true;
	case UI_DO_WHOLE: t->of_subject = !t->of_subject; return true;
	case UI_DO_FOCUS:
		t->focus = false;
		if (t->view == UI_TIME_FULL)
			t->view = UI_TIME_STRIP;
		return true;
	case UI_DO_BACK: leave(shell); return true;
	default: return false;
	}
}

static bool act_anywhere(struct ui_shell *shell, enum ui_action action)
{
	switch (action) {
	case UI_DO_TIME: change_view(shell); return true;
	case UI_DO_STEP_BACK: ui_time_step(shell, -1); return true;
	case UI_DO_STEP: ui_time_step(shell, 1); return true;
	case UI_DO_NOW: ui_time_go_live(shell); return true;
	case UI_DO_ANCHOR: toggle_anchor(shell); return true;
	case UI_DO_MARK: open_mark(shell); return true;
	case UI_DO_GOTO_TIME: open_time(shell); return true;
	case UI_DO_MARK_BACK: go_to_mark(shell, -1); return true;
	case UI_DO_MARK_NEXT: go_to_mark(shell, 1); return true;
	default: return false;
	}
}

bool ui_time_act(struct ui_shell *shell, enum ui_action action)
{
	bool done = (shell->time.focus && act_in_focus(shell, action)) || act_anywhere(shell, action);
	if (done)
		keep_in_sight(shell);
	return done;
}

/* ---- the mouse -------------------------------------------------------------------------------------------------- */

static bool inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

/* The moment at a column; NULL: none is known. */
static const struct pt_moment *moment_at(const struct ui_time *t, int x)
{
	int at = x - t->area.x, last = t->area.w - 1;
	at = at < 0 ? 0 : at > last ? last : at;
	uint64_t wide = t->to_ns - t->from_ns;
	return ui_chronicle_near(t->got, t->from_ns + (last > 0 ? (uint64_t)((double)wide * at / last) : 0));
}

static void press(struct ui_shell *shell, const struct pt_moment *m)
{
	struct ui_time *t = &shell->time;
	t->focus = true;
	t->dragging = true;
	t->drag_from = m->seq;
	ui_time_go(shell, m->seq, 0);
}

/* Dragging sets the second cursor where it began. */
static void drag(struct ui_shell *shell, const struct pt_moment *m)
{
	struct ui_time *t = &shell->time;
	if (m->seq != t->drag_from)
		t->anchor = t->drag_from;
	ui_time_go(shell, m->seq, 0);
}

bool ui_time_mouse(struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_time *t = &shell->time;
	const struct pt_moment *m = t->area.w > 0 ? moment_at(t, event->x) : NULL;
	if (event->mouse == UI_MOUSE_RELEASE && t->dragging) {
		t->dragging = false;
		return true;
	}
	if (event->mouse == UI_MOUSE_DRAG && t->dragging && m) {
		drag(shell, m);
		return true;
	}
	if (t->view == UI_TIME_AWAY || !inside(t->strip, event))
		return false;
	switch (event->mouse) {
	case UI_MOUSE_PRESS:
		if (m)
			press(shell, m);
		break;
	case UI_MOUSE_WHEEL_UP: zoom(shell, true); break;
	case UI_MOUSE_WHEEL_DOWN: zoom(shell, false); break;
	default: break;
	}
	return true;
}
