/*
 * What is remembered of a tree; see run_watch.h.
 */
#include "tui/commands/run_watch.h"

#include <stdlib.h>
#include <string.h>

#define POINTS_MAX  8192u /* of the series over all processes; then two become one */
#define STRIDE_MAX  65536u
#define SAMPLES_MAX 300000u     /* of the trace, some 75 MB; then every second one goes */
#define NEAR_NS     1000000000u /* frames that far from the peak may show it */

const char *ui_class_name(enum ui_class class)
{
	static const char *const names[UI_CLASS_N] = {"anon", "file", "shmem", "swap"};
	return names[class];
}

uint64_t ui_held_rss(const struct ui_held *held)
{
	return held->v[UI_CLASS_ANON] + held->v[UI_CLASS_FILE] + held->v[UI_CLASS_SHMEM];
}

static struct ui_held held_by(const struct pt_process *p)
{
	const struct pt_maybe amounts[UI_CLASS_N] = {p->rss_anon, p->rss_file, p->rss_shmem, p->swap};
	struct ui_held held = {0};
	for (int i = 0; i < UI_CLASS_N; i++)
		held.v[i] = amounts[i].known ? amounts[i].value : 0;
	return held;
}

static void add_held(struct ui_held *to, const struct ui_held *held)
{
	for (int i = 0; i < UI_CLASS_N; i++)
		to->v[i] += held->v[i];
}

struct pt_maybe ui_watched_peak(const struct ui_watched *w)
{
	struct pt_maybe said = w->process.counters.peak_rss, waited = w->process.max_rss;
	uint64_t most = w->marked > w->most ? w->marked : w->most;
	most = said.known && said.value > most ? said.value : most;
	most = waited.known && waited.value > most ? waited.value : most;
	return (struct pt_maybe){most, most > 0};
}

/* Room for one more of n; NULL: there is none, and what was there stays. */
static void *room_for(void *v, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return v;
	size_t more = *room ? *room * 2 : 64;
	void *grown = reallocarray(v, more, size);
	if (grown)
		*room = more;
	return grown;
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static struct ui_watched *find(struct ui_watch *watch, const struct pt_tree_process *p)
{
	if (p->id >= watch->n)
		return NULL;
	watch->v[p->id].process = *p;
	return &watch->v[p->id];
}

static void update_trace(struct ui_watch *watch, const struct ui_watched *w)
{
	if (!watch->trace || w->trace < 0)
		return;
	struct pt_trace_process *to = &watch->trace->processes[w->trace];
	const struct pt_tree_process *p = &w->process;
	memcpy(to->name, p->counters.name, sizeof(to->name));
	to->ended_ns = p->ended_ns;
	to->exit_status = p->exit_status;
	to->peak_rss = ui_watched_peak(w);
}

static void began(void *arg, const struct pt_tree_process *p)
{
	struct ui_watch *watch = arg;
	struct ui_watched *v = room_for(watch->v, watch->n, &watch->room, sizeof(*v));
	if (!v || p->id != watch->n) {
		watch->lost = true;
		return;
	}
	watch->v = v;
	v = &v[watch->n++];
	*v = (struct ui_watched){.process = *p, .trace = -1};
	if (!watch->trace)
		return;
	struct pt_trace_process of = {
		.pid = p->pid, .parent = p->parent, .start_time = p->start_time, .began_ns = p->seen_ns};
	memcpy(of.name, p->counters.name, sizeof(of.name));
	v->trace = pt_trace_add_process(watch->trace, &of);
	watch->lost |= v->trace < 0;
}

static void ended(void *arg, const struct pt_tree_process *p)
{
	struct ui_watched *w = find(arg, p);
	if (!w)
		return;
	pt_snapshot_unref(w->latest);
	w->latest = NULL;
	update_trace(arg, w);
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static void add_part(struct ui_watch *watch, size_t id, const struct ui_held *held)
{
	struct ui_parts *now = &watch->now;
	struct ui_part *v = room_for(now->v, now->n, &now->room, sizeof(*v));
	watch->lost |= !v;
	add_held(&now->held, held);
	if (!v)
		return;
	now->v = v;
	v[now->n++] = (struct ui_part){.id = id, .held = *held};
}

static void sampled(void *arg, const struct pt_tree_process *p, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	struct ui_watch *watch = arg;
	struct ui_watched *w = find(watch, p);
	struct ui_held held = held_by(&p->counters);
	uint64_t rss = ui_held_rss(&held);
	add_part(watch, p->id, &held);
	if (!w)
		return;
	if (rss > w->most) {
		w->most = rss;
		w->most_ns = monotonic_ns;
	}
	if (w->trace < 0 || watch->looks % watch->stride)
		return;
	struct pt_sample sample = {
		.process = (uint32_t)w->trace, .realtime_ns = realtime_ns, .monotonic_ns = monotonic_ns};
	pt_amounts_of_process(&p->counters, &sample.all);
	if (!p->frames)
		sample.all.v[PT_QUANTITY_VMAS] = p->vmas;
	watch->lost |= pt_trace_add(watch->trace, &sample) != 0;
}

/* ---- the peak --------------------------------------------------------------------------------------------------- */

static void drop_frames(struct ui_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		pt_snapshot_unref(parts->v[i].frame);
	parts->n = 0;
}

static void take_peak(struct ui_watch *watch)
{
	struct ui_parts before = watch->peak;
	drop_frames(&before);
	watch->peak = watch->now;
	watch->now = before;
	for (size_t i = 0; i < watch->peak.n; i++) {
		struct ui_part *part = &watch->peak.v[i];
		struct pt_snapshot *latest = part->id < watch->n ? watch->v[part->id].latest : NULL;
		part->frame = latest ? pt_snapshot_ref(latest) : NULL;
	}
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* How far a frame is from what its process held at the peak: in bytes where it is near in time, else too far in any case. */
static uint64_t distance(const struct ui_watch *watch, const struct ui_part *part, const struct pt_snapshot *frame)
{
	struct ui_held held = held_by(&frame->process);
	uint64_t ns = apart(frame->monotonic_ns, watch->peak.ns);
	return ns <= NEAR_NS ? apart(ui_held_rss(&held), ui_held_rss(&part->held)) : UINT64_MAX / 2 + ns;
}

/* A frame after the peak may tell more of it than the one before. */
static void improve_peak(struct ui_watch *watch, size_t id, struct pt_snapshot *frame)
{
	for (size_t i = 0; i < watch->peak.n; i++) {
		struct ui_part *part = &watch->peak.v[i];
		if (part->id != id ||
		    (part->frame && distance(watch, part, part->frame) <= distance(watch, part, frame)))
			continue;
		pt_snapshot_unref(part->frame);
		part->frame = pt_snapshot_ref(frame);
	}
}

/* ---- the series over all processes ------------------------------------------------------------------------------ */

/* The larger of both, by class. */
static void join(struct ui_point *to, const struct ui_point *p)
{
	for (int i = 0; i < UI_CLASS_N; i++)
		if (p->held.v[i] > to->held.v[i])
			to->held.v[i] = p->held.v[i];
}

static void halve(struct ui_watch *watch)
{
	size_t n = watch->n_points / 2;
	for (size_t i = 0; i < n; i++) {
		watch->points[i] = watch->points[2 * i];
		join(&watch->points[i], &watch->points[2 * i + 1]);
	}
	watch->n_points = n;
	watch->each *= 2;
}

static void add_point(struct ui_watch *watch)
{
	struct ui_point point = {.ns = watch->now.ns, .held = watch->now.held};
	if (watch->n_points && ++watch->skipped < watch->each) {
		join(&watch->points[watch->n_points - 1], &point);
		return;
	}
	watch->skipped = 0;
	if (watch->n_points == POINTS_MAX)
		halve(watch);
	struct ui_point *v = room_for(watch->points, watch->n_points, &watch->room_points, sizeof(*v));
	watch->lost |= !v;
	if (!v)
		return;
	watch->points = v;
	v[watch->n_points++] = point;
}

static void looked(void *arg, uint64_t monotonic_ns)
{
	struct ui_watch *watch = arg;
	watch->now.ns = monotonic_ns;
	add_point(watch);
	if (!watch->peak.ns || ui_held_rss(&watch->now.held) > ui_held_rss(&watch->peak.held))
		take_peak(watch);
	watch->looks++;
	if (watch->trace->n_samples >= SAMPLES_MAX) {
		pt_trace_thin(watch->trace);
		if (watch->stride < STRIDE_MAX)
			watch->stride *= 2;
	}
	watch->now.n = 0; /* these have no frames */
	watch->now.held = (struct ui_held){0};
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

/* Where in `kept` there is room: at its end, or at an ended process, of those the one that held least. */
static size_t place_of_history(const struct ui_watch *watch)
{
	size_t place = UI_WATCH_HISTORIES;
	uint64_t least = UINT64_MAX;
	if (watch->histories < UI_WATCH_HISTORIES)
		return watch->histories;
	for (size_t i = 0; i < UI_WATCH_HISTORIES; i++) {
		const struct ui_watched *w = &watch->v[watch->kept[i]];
		if (w->process.ended_ns && w->most < least) {
			place = i;
			least = w->most;
		}
	}
	return place;
}

static void begin_history(struct ui_watch *watch, struct ui_watched *w)
{
	size_t place = place_of_history(watch);
	if (place == UI_WATCH_HISTORIES)
		return;
	if (pt_history_new(watch->history_bytes / UI_WATCH_HISTORIES, &w->history)) {
		w->history = NULL;
		watch->lost = true;
		return;
	}
	if (place < watch->histories) {
		struct ui_watched *ended = &watch->v[watch->kept[place]];
		pt_history_unref(ended->history);
		ended->history = NULL;
	} else {
		watch->histories++;
	}
	watch->kept[place] = w->process.id;
}

static void keep_history(struct ui_watch *watch, struct ui_watched *w, struct pt_snapshot *snapshot)
{
	if (!w->history && watch->history_bytes)
		begin_history(watch, w);
	if (w->history)
		watch->lost |= pt_history_push(w->history, snapshot) != 0;
}

static void frame(void *arg, const struct pt_tree_process *p, struct pt_snapshot *snapshot)
{
	struct ui_watch *watch = arg;
	struct ui_watched *w = find(watch, p);
	struct pt_amounts roles[PT_ROLE_N];
	if (!w)
		return;
	pt_snapshot_unref(w->latest);
	w->latest = pt_snapshot_ref(snapshot);
	if (snapshot->process.peak_rss.known && snapshot->process.peak_rss.value > w->marked)
		w->marked = snapshot->process.peak_rss.value;
	improve_peak(watch, p->id, snapshot);
	keep_history(watch, w, snapshot);
	if (w->trace < 0)
		return;
	struct pt_sample sample = {.process = (uint32_t)w->trace,
				   .realtime_ns = snapshot->realtime_ns,
				   .monotonic_ns = snapshot->monotonic_ns,
				   .roles = roles};
	pt_amounts_of(snapshot, &sample.all, roles);
	watch->lost |= pt_trace_add(watch->trace, &sample) != 0;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

int ui_watch_init(struct ui_watch *watch, uint64_t interval_ns, size_t history_bytes)
{
	*watch = (struct ui_watch){.each = 1, .stride = 1, .history_bytes = history_bytes};
	int error = pt_trace_new(&watch->trace);
	if (!error)
		watch->trace->interval_ns = interval_ns;
	return error;
}

struct pt_tree_sink ui_watch_sink(struct ui_watch *watch)
{
	return (struct pt_tree_sink){
		.began = began, .sampled = sampled, .looked = looked, .frame = frame, .ended = ended, .arg = watch};
}

void ui_watch_mark(struct ui_watch *watch, const struct pt_trace_mark *mark)
{
	struct pt_trace_mark *v = room_for(watch->marks, watch->n_marks, &watch->room_marks, sizeof(*v));
	watch->marks_lost |= !v;
	if (!v)
		return;
	watch->marks = v;
	v[watch->n_marks++] = *mark;
}

void ui_watch_finish(struct ui_watch *watch, uint64_t began_ns, uint64_t ended_ns)
{
	for (size_t i = 0; i < watch->n_marks; i++)
		watch->marks_lost |= pt_trace_mark(watch->trace, &watch->marks[i]) != 0;
	watch->lost |= watch->marks_lost;
	watch->trace->began_ns = began_ns;
	watch->trace->ended_ns = ended_ns;
	for (size_t i = 0; i < watch->n; i++) {
		update_trace(watch, &watch->v[i]);
		if (watch->v[i].history && watch->v[i].trace >= 0)
			watch->trace->processes[watch->v[i].trace].past = pt_history_past(watch->v[i].history);
	}
}

void ui_watch_free(struct ui_watch *watch)
{
	drop_frames(&watch->peak);
	for (size_t i = 0; i < watch->n; i++) {
		pt_snapshot_unref(watch->v[i].latest);
		pt_history_unref(watch->v[i].history);
	}
	free(watch->v);
	free(watch->points);
	free(watch->marks);
	free(watch->peak.v);
	free(watch->now.v);
	pt_trace_free(watch->trace);
}
