/*
 * See faults.h.
 */
#include "tui/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/shell.h"

/* ---- from view to view ------------------------------------------------------------------------------------------ */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What is of the process itself, told, and known by its kind, is divided; the rest is counted alone. */
static struct ui_fault_sample sample_of(const struct pt_fault_view *before, const struct pt_fault_view *now)
{
	static const struct pt_fault_view nothing;
	const struct pt_fault_view *b = before ? before : &nothing;
	struct ui_fault_sample s = {.from_ns = before ? before->to_ns : now->from_ns, .to_ns = now->to_ns};
	uint64_t told = 0;
	s.minor = less(now->totals.minor, b->totals.minor);
	s.major = less(now->totals.major, b->totals.major);
	for (int i = 0; i < PT_FAULT_KIND_N; i++) {
		s.kinds[i] = less(now->all.kinds[i], b->all.kinds[i]);
		told += s.kinds[i];
	}
	s.rest = less(s.minor + s.major, told);
	return s;
}

static void note_sample(struct ui_fault_watch *f, const struct pt_fault_view *now)
{
	struct ui_fault_sample s = sample_of(f->view, now);
	if (f->view && now->from_ns != f->view->from_ns) /* another stretch of a recording */
		f->n_samples = 0;
	if (s.to_ns <= s.from_ns) {
		f->n_samples = 0; /* back in it */
		return;
	}
	if (f->n_samples == UI_FAULT_SAMPLES)
		memmove(f->samples, f->samples + 1, --f->n_samples * sizeof *f->samples);
	f->samples[f->n_samples++] = s;
}

static void take_view(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	struct pt_fault_view *view = f->watch ? f->ops->take(f->watch) : NULL;
	if (!view)
		return;
	note_sample(f, view);
	pt_fault_view_unref(f->view);
	f->view = view;
	f->version++;
	shell->dirty = true;
}

bool ui_faults_rate(const struct ui_fault_watch *f, double *ret_all, double *ret_major)
{
	if (!f->n_samples || f->state != UI_FAULTS_ON)
		return false;
	const struct ui_fault_sample *s = &f->samples[f->n_samples - 1];
	double seconds = (double)(s->to_ns - s->from_ns) / 1e9;
	*ret_all = ((double)s->minor + (double)s->major) / seconds;
	*ret_major = (double)s->major / seconds;
	return true;
}

/* ---- the worker ------------------------------------------------------------------------------------------------- */

static void fail(struct ui_shell *shell, int error)
{
	struct ui_fault_watch *f = &shell->faults;
	ui_worker_free(f->worker, 0);
	f->worker = NULL;
	f->watch = NULL;
	f->state = UI_FAULTS_FAILED;
	f->error = error;
	shell->dirty = true;
}

static void take_answer(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	struct ui_fault_answer *answer = ui_worker_take(f->worker);
	if (!answer)
		return;
	ui_fault_answer_free(f->answer);
	f->answer = answer;
	f->watch = answer->watch;
	shell->dirty = true;
	if (answer->error)
		fail(shell, answer->error);
	else
		f->state = UI_FAULTS_ON;
}

/* Of a recording: up to the moment that is shown, from its beginning or the second cursor. */
static void show_moment(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	const struct pt_snapshot *now = shell->target.now, *before = shell->time.anchor ? shell->target.before : NULL;
	uint64_t from = before ? before->seq : 0;
	if (!now || (now->seq == f->snapshot_seq && from == f->from_seq))
		return;
	f->snapshot_seq = now->seq;
	f->from_seq = from;
	f->ops->between(f->watch, from, now->seq);
}

/* The newest complete frame of the process, also while a moment of the past is shown. */
static void give_snapshot(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	struct pt_snapshot *live = shell->target.live;
	if (!live || live->stage != PT_STAGE_COMPLETE || live->seq == f->snapshot_seq)
		return;
	f->snapshot_seq = live->seq;
	f->ops->snapshot(f->watch, live);
}

/* While the target is recorded, its faults are too. */
static void record(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	struct pt_recorder *to = shell->recording.stopping ? NULL : shell->recording.recorder;
	struct pt_fault_step *step;
	if (!f->watch || !f->ops->steps)
		return;
	if (to != f->steps_to)
		f->ops->steps(f->watch, to != NULL);
	f->steps_to = to;
	while (to && (step = f->ops->step(f->watch))) {
		pt_recorder_faults(to, step);
		pt_fault_step_unref(step);
	}
}

void ui_faults_update(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	if (!f->worker)
		return;
	take_answer(shell);
	if (f->watch && f->ops->between)
		show_moment(shell);
	else if (f->watch)
		give_snapshot(shell);
	record(shell);
	if (!shell->target.paused || f->ops->between) /* who stops time wants this to stand still as well */
		take_view(shell);
}

static bool same_want(const struct ui_fault_want *a, const struct ui_fault_want *b)
{
	return a->stack == b->stack && a->birth == b->birth &&
	       (!a->birth || (a->address == b->address && a->pfn == b->pfn));
}

void ui_faults_ask(struct ui_shell *shell, const struct ui_fault_want *want)
{
	struct ui_fault_watch *f = &shell->faults;
	bool again = want->birth || (f->answer && f->answer->calls_error == -EAGAIN);
	bool old = again && f->asked.version != f->version;
	if (!f->watch || (same_want(&f->asked.want, want) && !old))
		return;
	f->asked.want = *want;
	f->asked.version = f->version;
	ui_worker_ask(f->worker, &f->asked);
}

const struct ui_fault_answer *ui_faults_answer(const struct ui_fault_watch *f, const struct ui_fault_want *want)
{
	return f->answer && !f->answer->error && same_want(&f->answer->want, want) ? f->answer : NULL;
}

/* ---- begin and end ---------------------------------------------------------------------------------------------- */

static void forget(struct ui_fault_watch *f)
{
	pt_fault_view_unref(f->view);
	ui_fault_answer_free(f->answer);
	f->view = NULL;
	f->answer = NULL;
	f->n_samples = 0;
	f->snapshot_seq = 0;
	f->from_seq = 0;
	f->steps_to = NULL;
}

void ui_faults_start(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	if (f->worker || !shell->target.faults)
		return;
	forget(f);
	f->was_on = true;
	f->version++;
	f->ops = shell->target.faults;
	void *source = f->ops->source ? f->ops->source(shell->target.faults_source) : NULL;
	int error = f->ops->source && !source ? -ENOMEM : ui_faultwork_new(&f->worker, f->ops, source);
	if (error) {
		if (source)
			f->ops->let_go(source);
		f->worker = NULL;
		fail(shell, error);
		return;
	}
	f->state = UI_FAULTS_OPENING;
	f->asked = (struct ui_fault_request){
		.pid = shell->target.pid, .budget = shell->options->budget / 100, .allocs = f->allocs};
	ui_worker_ask(f->worker, &f->asked);
}

void ui_faults_stop(struct ui_shell *shell)
{
	struct ui_fault_watch *f = &shell->faults;
	if (!f->worker)
		return;
	take_view(shell);
	f->watch = NULL;
	ui_worker_free(f->worker, 0);
	f->worker = NULL;
	f->state = UI_FAULTS_OFF;
}

void ui_faults_free(struct ui_fault_watch *f, int wait_ms)
{
	ui_worker_free(f->worker, wait_ms);
	forget(f);
	*f = (struct ui_fault_watch){0};
}

size_t ui_faults_fds(const struct ui_fault_watch *f, int *fds, size_t n)
{
	size_t used = 0;
	if (f->worker && used < n)
		fds[used++] = ui_worker_fd(f->worker);
	if (f->watch && used < n && f->ops->fd(f->watch) >= 0)
		fds[used++] = f->ops->fd(f->watch);
	return used;
}

const char *ui_faults_caption(const struct ui_fault_watch *f)
{
	return f->state == UI_FAULTS_ON && !f->ops->between ? "faults watched" : NULL;
}
