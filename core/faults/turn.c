/*
 * A turn of the watch: faults off the stream, their stacks and pages, counted. What there is no time for is counted
 * without.
 */
#include "core/faults/watching.h"

/* ---- one fault -------------------------------------------------------------------------------------------------- */

static pt_stack_id stack_of(struct pt_fault_watch *w, const struct pt_fault *fault)
{
	uint64_t ips[PT_STACK_MAX];
	struct pt_stack stack = {.ips = ips, .image = w->image};
	const struct pt_user user = pt_fault_user(fault);
	pthread_mutex_lock(&w->naming);
	if (w->unwinder)
		stack.n = (uint32_t)pt_unwinder_calls(w->unwinder, &user, ips, PT_STACK_MAX, &stack.complete);
	pthread_mutex_unlock(&w->naming);
	if (!stack.n)
		return 0;
	pthread_mutex_lock(&w->tables);
	pt_stack_id id = pt_stacks_add(w->stacks, &stack);
	pthread_mutex_unlock(&w->tables);
	return id;
}

static void count_joined(void *arg, const struct pt_joined *fault)
{
	struct pt_fault_watch *w = arg;
	if (!fault->knows)
		w->unread += fault->weight;
	pthread_mutex_lock(&w->tables);
	pt_tally_add(w->tally, fault);
	pthread_mutex_unlock(&w->tables);
	if (w->steps)
		pt_fault_steps_add(w->steps, fault, pt_joined_born(fault, w->k->page_shift));
}

/* Of a process whose pages cannot be looked at. */
static void count_plain(struct pt_fault_watch *w, const struct pt_fault *fault, pt_stack_id stack)
{
	const struct pt_joined joined = {.time_ns = fault->time_ns,
					 .address = fault->address,
					 .ip = fault->ip,
					 .pid = fault->pid,
					 .tid = fault->tid,
					 .cpu = fault->cpu,
					 .weight = fault->weight,
					 .major = fault->major,
					 .kernel = fault->kernel,
					 .kind = PT_FAULT_UNKNOWN,
					 .stack = stack};
	count_joined(w, &joined);
}

static void on_fault(void *arg, const struct pt_fault *fault)
{
	struct pt_fault_watch *w = arg;
	w->records++;
	if (fault->pid != w->pid) {
		pthread_mutex_lock(&w->tables);
		pt_tally_child(w->tally, fault);
		pthread_mutex_unlock(&w->tables);
		if (w->steps)
			pt_fault_steps_child(w->steps, fault->weight);
		return;
	}
	pt_stack_id stack = 0;
	if (w->room) {
		w->room--;
		w->full++;
		stack = fault->regs ? stack_of(w, fault) : 0;
	}
	if (w->join && !w->execed)
		pt_join_add(w->join, fault, stack);
	else
		count_plain(w, fault, stack);
}

static void drain(void *arg);

static void flush(struct pt_fault_watch *w, size_t pages_max, bool with_news)
{
	w->flushing = true;
	if (w->join)
		pt_join_flush(w->join, pages_max, with_news ? drain : NULL, count_joined, w);
	w->flushing = false;
}

/* ---- news ------------------------------------------------------------------------------------------------------- */

/* Another program: its pages, modules and addresses have nothing to do with those before. */
static void follow_exec(struct pt_fault_watch *w, uint64_t time_ns)
{
	w->execed = false;
	flush(w, 0, false);
	pt_join_free(w->join);
	w->join = NULL;
	if (pt_join_new(&w->join, w->k, w->pid, w->options.memory / 4))
		w->join = NULL;
	else
		pt_join_born(w->join, time_ns);
	pthread_mutex_lock(&w->naming);
	w->image++;
	if (w->unwinder)
		pt_unwinder_execed(w->unwinder);
	pthread_mutex_unlock(&w->naming);
	pthread_mutex_lock(&w->tables);
	pt_tally_execed(w->tally);
	pthread_mutex_unlock(&w->tables);
}

static void follow_fork(struct pt_fault_watch *w, uint64_t time_ns)
{
	if (w->join && !w->execed)
		pt_join_forked(w->join, time_ns);
	pthread_mutex_lock(&w->tables);
	pt_tally_forked(w->tally, time_ns);
	pthread_mutex_unlock(&w->tables);
}

static void on_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	struct pt_fault_watch *w = arg;
	if (what == PT_FAULT_EXECED && pid == w->pid)
		w->execed_ns = time_ns;
	if (what == PT_FAULT_EXECED && pid == w->pid && w->flushing)
		w->execed = true; /* what comes now has no pages to be looked at until the join is done */
	else if (what == PT_FAULT_EXECED && pid == w->pid)
		follow_exec(w, time_ns);
	else if (what == PT_FAULT_FORKED && parent == w->pid)
		follow_fork(w, time_ns);
}

static void on_mapped(void *arg, pid_t pid, const struct pt_vma *vma)
{
	struct pt_fault_watch *w = arg;
	if (pid != w->pid || !w->unwinder || w->execed)
		return;
	pthread_mutex_lock(&w->naming);
	pt_unwinder_mapped(w->unwinder, vma);
	pthread_mutex_unlock(&w->naming);
}

static const struct pt_fault_sink *sink_of(struct pt_fault_watch *w, struct pt_fault_sink *sink)
{
	*sink = (struct pt_fault_sink){.fault = on_fault, .news = on_news, .mapped = on_mapped, .arg = w};
	return sink;
}

static void drain(void *arg)
{
	struct pt_fault_watch *w = arg;
	struct pt_fault_sink sink;
	pt_faults_take(w->stream, sink_of(w, &sink));
}

/* ---- a turn ----------------------------------------------------------------------------------------------------- */

void pt_watch_settle(struct pt_fault_watch *w)
{
	uint64_t cpu = pt_watch_now(w, PT_CLOCK_THREAD_CPU);
	pt_fault_pace_settle(&w->pace, pt_watch_now(w, PT_CLOCK_MONOTONIC), cpu - w->spent_ns, w->full);
	w->spent_ns = cpu;
	w->full = 0;
}

/* What was handed over is of use to the join, and to the sums of what is still there. Whether there is something. */
static bool use_snapshot(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	struct pt_snapshot *snapshot = w->snapshot;
	w->snapshot = NULL;
	pthread_mutex_unlock(&w->lock);
	if (!snapshot)
		return false;
	if (w->join)
		pt_join_snapshot(w->join, snapshot);
	pthread_mutex_lock(&w->tables);
	pt_tally_snapshot(w->tally, snapshot);
	pthread_mutex_unlock(&w->tables);
	pt_snapshot_unref(w->frame);
	w->frame = snapshot;
	return true;
}

void pt_watch_change_period(struct pt_fault_watch *w, uint64_t period)
{
	struct pt_fault_sink sink;
	uint64_t before = pt_watch_now(w, PT_CLOCK_THREAD_CPU);
	if (period == w->pace.period)
		return;
	bool other = pt_faults_set_period(w->stream, period, sink_of(w, &sink)) == 0;
	pthread_mutex_lock(&w->tables);
	pt_besides_set_period(&w->besides, period);
	pthread_mutex_unlock(&w->tables);
	w->lost = pt_faults_lost(w->stream); /* what the old period made be lost says nothing of this one */
	uint64_t cost = pt_watch_now(w, PT_CLOCK_THREAD_CPU) - before;
	pt_fault_pace_switched(&w->pace, other ? period : w->pace.period, pt_watch_now(w, PT_CLOCK_MONOTONIC), cost);
	if (other && period > w->period_most)
		w->period_most = period;
	if (other && w->steps)
		pt_fault_steps_period(w->steps, period);
}

void pt_watch_count(struct pt_fault_watch *w)
{
	if (w->stream)
		w->totals = pt_faults_totals(w->stream);
}

/* How many records came or were lost since the last turn. */
static uint64_t came(struct pt_fault_watch *w)
{
	uint64_t lost = pt_faults_lost(w->stream), fresh = lost - w->lost;
	w->lost = lost;
	return w->records + fresh;
}

/* A short command has no snapshot that could say what its VMAs are. */
static void name_by_join(struct pt_fault_watch *w)
{
	uint64_t ns;
	struct pt_vma_table *vmas = pt_join_vmas(w->join, &ns);
	pt_tally_vmas(w->tally, vmas, ns);
}

void pt_watch_turn(struct pt_fault_watch *w)
{
	struct pt_fault_sink sink;
	bool has_frame = use_snapshot(w);
	pt_watch_begin_steps(w);
	w->records = 0;
	w->room = pt_fault_pace_room(&w->pace);
	size_t pages_max = w->room;
	pt_faults_take(w->stream, sink_of(w, &sink));
	flush(w, pages_max, true);
	pthread_mutex_lock(&w->tables);
	if (w->join)
		name_by_join(w);
	pt_besides_take(&w->besides);
	pthread_mutex_unlock(&w->tables);
	if (w->execed)
		follow_exec(w, w->execed_ns);
	pt_watch_settle(w);
	if (has_frame)
		pt_watch_cut(w, w->frame, false);
	pt_watch_change_period(w, pt_fault_pace_told(&w->pace, pt_watch_now(w, PT_CLOCK_MONOTONIC), came(w)));
	pt_watch_settle(w);
}
