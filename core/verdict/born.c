/*
 * Pages born in a range and still there at a moment: those there at its end that stayed until the moment, less those
 * there at its beginning that did. Which pages stayed is what core/history/life.h says of a life that begins there.
 *
 * Marks lie between frames: from the frames at either side of each the number lies between two bounds, which are the
 * same where there is a frame at the mark itself or nothing was born around it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/life.h"
#include "core/verdict/eval.h"

/* The frames at either side of the beginning and of the end of the range. */
enum side { FROM_BEFORE, FROM_AFTER, TO_BEFORE, TO_AFTER, SIDES };

struct walk {
	const struct pt_trace_process *process;
	struct pt_frame begins[SIDES]; /* seq 0: there was none of its pages yet */
	struct pt_frame last;          /* at the moment */
	struct pt_life *lives[SIDES];
	struct pt_snapshot *now;
};

static int find_sides(struct walk *w, const struct pt_born *born, uint64_t at_ns)
{
	struct pt_past *past = w->process->past;
	int error = pt_frame_before(past, at_ns, &w->last);
	if (!error)
		error = pt_frame_before(past, born->from_ns, &w->begins[FROM_BEFORE]);
	if (!error && w->process->began_ns <= born->from_ns)
		error = pt_frame_after(past, born->from_ns, &w->begins[FROM_AFTER]);
	if (!error)
		error = pt_frame_before(past, born->to_ns, &w->begins[TO_BEFORE]);
	if (!error)
		error = pt_frame_after(past, born->to_ns, &w->begins[TO_AFTER]);
	for (int side = 0; side < SIDES; side++)
		if (w->begins[side].seq > w->last.seq)
			w->begins[side] = w->last;
	if (!w->begins[TO_AFTER].seq)
		w->begins[TO_AFTER] = w->last;
	return error;
}

/* One frame on, with the lives that have begun. */
static int step(struct walk *w, struct pt_snapshot *next)
{
	int error = 0;
	for (int side = 0; side < SIDES && !error; side++) {
		if (w->lives[side])
			error = pt_life_step(w->lives[side], w->now, next);
		else if (w->begins[side].seq == next->seq)
			error = pt_life_new(next, &w->lives[side]);
	}
	pt_snapshot_unref(w->now);
	w->now = next;
	return error;
}

static int walk(struct walk *w)
{
	struct pt_past *past = w->process->past;
	uint64_t seq = UINT64_MAX;
	for (int side = 0; side < SIDES; side++)
		if (w->begins[side].seq && w->begins[side].seq < seq)
			seq = w->begins[side].seq;
	for (;;) {
		struct pt_snapshot *next;
		int error = past->ops->at(past, seq, &next);
		if (!error)
			error = step(w, next);
		if (error || seq >= w->last.seq)
			return error;
		uint64_t on = past->ops->step(past, seq, 1);
		if (on <= seq)
			return 0;
		seq = on;
	}
}

/* Pages of a VMA that were there on that side and stayed. After an exec none did. */
static uint64_t stayed(const struct walk *w, enum side side, const struct pt_vma *vma)
{
	struct pt_life_sum sum;
	const struct pt_life *life = w->lives[side];
	if (!life || pt_life_start_ns(life) != w->begins[side].ns)
		return 0;
	pt_life_sum(life, vma->start, vma->end, 0, &sum);
	return sum.from_start;
}

static void count(const struct walk *w, struct pt_born *born, size_t process)
{
	const struct pt_snapshot *s = w->now;
	for (size_t i = 0; i < s->vmas->n; i++) {
		const struct pt_vma *vma = &s->vmas->v[i];
		if (!(born->series->roles & 1u << vma->role))
			continue;
		uint64_t least = stayed(w, TO_BEFORE, vma), less = stayed(w, FROM_AFTER, vma);
		uint64_t pages = least > less ? least - less : 0;
		uint64_t most = stayed(w, TO_AFTER, vma) - stayed(w, FROM_BEFORE, vma);
		born->bytes.low += (double)(pages << s->page_shift);
		born->bytes.high += (double)((most > pages ? most : pages) << s->page_shift);
		if (!pages)
			continue;
		struct pt_grown_vma grown = {.process = (uint32_t)process, .start = vma->start, .end = vma->end};
		grown.role = vma->role;
		grown.perms = vma->perms;
		grown.pages = pages;
		grown.bytes = pages << s->page_shift;
		strncpy(grown.path, vma->path, sizeof(grown.path) - 1);
		pt_grown_add(&born->grown, &grown);
	}
}

static int count_process(const struct pt_trace *trace, struct pt_born *born, size_t process)
{
	struct walk w = {.process = &trace->processes[process]};
	uint64_t at_ns = pt_trace_within(trace, born->at_ns);
	if (w.process->began_ns > born->to_ns || (w.process->ended_ns && w.process->ended_ns < at_ns))
		return 0;
	int error = w.process->past ? find_sides(&w, born, at_ns) : 0;
	if (!error && !w.last.seq) {
		born->unread++;
		born->bytes.high = (double)INFINITY;
		return 0;
	}
	if (!error)
		error = walk(&w);
	if (!error)
		count(&w, born, process);
	for (int side = 0; side < SIDES; side++)
		pt_life_free(w.lives[side]);
	pt_snapshot_unref(w.now);
	return error;
}

int pt_born_count(const struct pt_trace *trace, struct pt_born *born)
{
	int error = 0;
	for (size_t i = 0; i < trace->n_processes && !error; i++)
		if (pt_who_is(trace, &born->series->who, i))
			error = count_process(trace, born, i);
	return error;
}
