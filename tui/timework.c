/*
 * See timework.h. Both have no state of their own.
 */
#include "tui/timework.h"

#include <errno.h>
#include <stdlib.h>

/* ---- moments to show -------------------------------------------------------------------------------------------- */

void ui_dive_free(void *dive)
{
	struct ui_dive *d = dive;
	if (!d)
		return;
	pt_snapshot_unref(d->now);
	pt_snapshot_unref(d->other);
	free(d);
}

/* The moment before; none before the first. */
static void find_before(struct pt_past *past, struct ui_dive *d)
{
	uint64_t seq = past->ops->step(past, d->at, -1);
	if (seq && seq != d->at && past->ops->at(past, seq, &d->other) < 0)
		d->other = NULL;
}

static void dive(const struct ui_dive_request *request, struct ui_dive *d)
{
	struct pt_past *past = request->past;
	uint64_t seq = past->ops->step(past, request->seq, request->steps);
	d->error = seq ? past->ops->at(past, seq, &d->now) : -ENOENT;
	if (d->error)
		return;
	d->at = d->now->seq;
	d->newest = past->ops->step(past, d->at, 1) == d->at;
	if (!request->other)
		find_before(past, d);
	else if (past->ops->at(past, past->ops->step(past, request->other, request->other_steps), &d->other) < 0)
		d->other = NULL;
}

static void work_dive(struct ui_worker *worker, void *state, const void *arg)
{
	const struct ui_dive_request *request = arg;
	struct ui_dive *d = calloc(1, sizeof *d);
	(void)state;
	if (!d)
		return;
	d->number = request->number;
	dive(request, d);
	ui_worker_publish(worker, d);
}

static void close_nothing(void *state)
{
	(void)state;
}

int ui_diver_new(struct ui_worker **ret)
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_dive_request), work_dive, ui_dive_free,
						 close_nothing};
	return ui_worker_new(ret, &ops, NULL);
}

/* ---- the plot --------------------------------------------------------------------------------------------------- */

void ui_chronicle_free(void *chronicle)
{
	struct ui_chronicle *c = chronicle;
	if (!c)
		return;
	free(c->moments);
	free(c->marks);
	free(c);
}

static uint64_t time_of(struct pt_past *past, uint64_t seq)
{
	struct pt_moment moment;
	return past->ops->plot(past, seq, seq, 0, 0, &moment, 1) == 1 ? moment.realtime_ns : 0;
}

/* A moment more at either side, so that lines run to the edges. */
static void read_moments(struct pt_past *past, struct ui_chronicle *c)
{
	const struct ui_plot_request *of = &c->of;
	uint64_t first = past->ops->step(past, 0, 0), last = past->ops->step(past, UINT64_MAX, 0);
	if (!first || !last)
		return;
	c->first_ns = time_of(past, first);
	c->last_ns = time_of(past, last);
	if (!of->max)
		return;
	if (of->to_ns) {
		first = past->ops->find(past, of->from_ns);
		last = past->ops->step(past, past->ops->find(past, of->to_ns), 1);
	}
	c->moments = calloc(of->max, sizeof *c->moments);
	ssize_t n = c->moments ? past->ops->plot(past, first, last, of->start, of->end, c->moments, of->max) : -ENOMEM;
	c->error = n < 0 ? (int)n : 0;
	c->n_moments = n < 0 ? 0 : (size_t)n;
}

static void read_marks(struct pt_past *past, struct ui_chronicle *c)
{
	size_t n = past->ops->marks(past, NULL, 0);
	c->marks = n ? calloc(n, sizeof *c->marks) : NULL;
	if (!c->marks)
		return;
	size_t got = past->ops->marks(past, c->marks, n);
	c->n_marks = got < n ? got : n;
	for (size_t i = 0; i < c->n_marks; i++)
		if (!c->marks[i].seq) /* newer than all moments */
			c->marks[i].seq = UINT64_MAX;
}

static void read_story(struct pt_past *past, struct ui_chronicle *c)
{
	ssize_t n = past->ops->story(past, c->of.address, c->of.seq, c->chapters, UI_CHAPTERS_MAX);
	c->has_story = n >= 0;
	c->n_chapters = n < 0 ? 0 : (size_t)n;
}

static void work_plot(struct ui_worker *worker, void *state, const void *arg)
{
	struct ui_chronicle *c = calloc(1, sizeof *c);
	(void)state;
	if (!c)
		return;
	c->of = *(const struct ui_plot_request *)arg;
	c->count = c->of.past->ops->count(c->of.past);
	read_moments(c->of.past, c);
	read_marks(c->of.past, c);
	if (c->of.story)
		read_story(c->of.past, c);
	ui_worker_publish(worker, c);
}

int ui_plotter_new(struct ui_worker **ret)
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_plot_request), work_plot, ui_chronicle_free,
						 close_nothing};
	return ui_worker_new(ret, &ops, NULL);
}
