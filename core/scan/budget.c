/*
 * Earning and paying; see budget.h.
 */
#include "core/scan/budget.h"

static int64_t allowance(const struct pt_budget *b)
{
	return (int64_t)(b->share * (double)b->interval_ns);
}

/* Clocks of threads and processes are read at different moments, and scripted ones stand still. */
static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

void pt_budget_init(struct pt_budget *b, double share, uint64_t interval_ns, uint64_t wall_ns, uint64_t own_ns,
		    uint64_t all_ns)
{
	*b = (struct pt_budget){
		.share = share, .interval_ns = interval_ns, .wall_ns = wall_ns, .own_ns = own_ns, .all_ns = all_ns};
	b->balance_ns = allowance(b);
}

static void move_on(struct pt_budget *b, uint64_t wall_ns, uint64_t own_ns, uint64_t all_ns)
{
	b->wall_ns = wall_ns;
	b->own_ns = own_ns;
	b->all_ns = all_ns;
}

static int64_t earned(const struct pt_budget *b, uint64_t wall_ns)
{
	return (int64_t)(b->share * (double)since(wall_ns, b->wall_ns));
}

void pt_budget_settle(struct pt_budget *b, uint64_t wall_ns, uint64_t own_ns, uint64_t all_ns)
{
	int64_t earns = earned(b, wall_ns), most = allowance(b);
	int64_t own = (int64_t)since(own_ns, b->own_ns);
	int64_t others = (int64_t)since(since(all_ns, b->all_ns), (uint64_t)own), most_of_others = earns / 4 * 3;
	b->balance_ns += earns - own - (others < most_of_others ? others : most_of_others);
	if (b->balance_ns > most)
		b->balance_ns = most;
	move_on(b, wall_ns, own_ns, all_ns);
}

void pt_budget_forgive(struct pt_budget *b, uint64_t wall_ns, uint64_t own_ns, uint64_t all_ns)
{
	int64_t most = allowance(b);
	b->balance_ns += earned(b, wall_ns);
	if (b->balance_ns > most)
		b->balance_ns = most;
	move_on(b, wall_ns, own_ns, all_ns);
}

uint64_t pt_budget_wait(const struct pt_budget *b)
{
	if (b->balance_ns >= 0 || b->share <= 0)
		return 0;
	return (uint64_t)((double)-b->balance_ns / b->share) + 1;
}

bool pt_pace_due(const struct pt_pace *pace, double share, uint64_t wall_ns)
{
	if (!pace->asked_ns || share <= 0)
		return true;
	return (double)since(wall_ns, pace->asked_ns) * share >= (double)pace->cost_ns;
}

void pt_pace_asked(struct pt_pace *pace, uint64_t cost_ns, uint64_t wall_ns)
{
	pace->asked_ns = wall_ns ? wall_ns : 1;
	pace->cost_ns = cost_ns;
}
