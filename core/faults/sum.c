/*
 * See sum.h. A rate is over the window that ended last, which is at least half a second long; before the first one
 * ended, over the time since the beginning.
 */
#include "core/faults/sum.h"

#define WINDOW_NS 500000000u

/* Moves a sum's windows to the open one. */
static void turn(struct pt_fault_sum *sum, const struct pt_sum_clock *clock)
{
	if (sum->window == clock->window)
		return;
	sum->last = sum->window + 1 == clock->window ? sum->now : 0;
	sum->now = 0;
	sum->window = clock->window;
}

void pt_sum_add(struct pt_fault_sum *sum, const struct pt_sum_clock *clock, enum pt_fault_kind kind, uint64_t weight,
		bool major, bool kernel)
{
	turn(sum, clock);
	sum->events += weight;
	sum->major += major ? weight : 0;
	sum->kernel += kernel ? weight : 0;
	sum->kinds[(unsigned)kind < PT_FAULT_KIND_N ? kind : PT_FAULT_UNKNOWN] += weight;
	sum->now += weight;
}

void pt_sum_join(struct pt_fault_sum *sum, const struct pt_sum_clock *clock, const struct pt_fault_sum *more)
{
	struct pt_fault_sum other = *more;
	turn(sum, clock);
	turn(&other, clock);
	sum->events += other.events;
	sum->major += other.major;
	sum->kernel += other.kernel;
	for (unsigned i = 0; i < PT_FAULT_KIND_N; i++)
		sum->kinds[i] += other.kinds[i];
	sum->now += other.now;
	sum->last += other.last;
}

void pt_sum_look(struct pt_sum_clock *clock, uint64_t now_ns)
{
	clock->elapsed_ns = now_ns > clock->begin_ns ? now_ns - clock->begin_ns : 0;
	if (clock->elapsed_ns < WINDOW_NS)
		return;
	clock->length_ns = clock->elapsed_ns;
	clock->elapsed_ns = 0;
	clock->begin_ns = now_ns;
	clock->window++;
}

struct pt_fault_counts pt_sum_counts(const struct pt_fault_sum *sum, const struct pt_sum_clock *clock)
{
	struct pt_fault_sum s = *sum;
	struct pt_fault_counts ret = {.events = s.events, .major = s.major, .kernel = s.kernel};
	turn(&s, clock);
	for (unsigned i = 0; i < PT_FAULT_KIND_N; i++)
		ret.kinds[i] = s.kinds[i];
	uint64_t n = clock->length_ns ? s.last : s.now, ns = clock->length_ns ? clock->length_ns : clock->elapsed_ns;
	ret.per_s = ns ? (double)n * 1e9 / (double)ns : 0;
	return ret;
}
