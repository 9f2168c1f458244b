/*
 * Budget: CPU time earned as time goes by and paid for what was read. Pure arithmetic; whoever uses it reads the clocks.
 *
 * A frame may begin when something is left and reads until nothing is. It may overdraw a little, since what a read
 * costs is known only afterwards; the next frame then begins later. What is not spent in an interval is lost: a quiet
 * hour does not buy a second of noise.
 */
#ifndef PT_SCAN_BUDGET_H
#define PT_SCAN_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct pt_budget {
	double share;            /* of one core: 0.05 */
	uint64_t interval_ns;    /* the most that can be saved up is its share of this */
	int64_t balance_ns;      /* of CPU time; negative: in debt */
	uint64_t wall_ns;        /* CLOCK_MONOTONIC of the last settling */
	uint64_t own_ns, all_ns; /* CPU time of the scan thread and of the whole process then */
};

/* Begins with one interval's share. */
void pt_budget_init(struct pt_budget *budget, double share, uint64_t interval_ns, uint64_t wall_ns, uint64_t own_ns,
		    uint64_t all_ns);

/*
 * Earns for the time since the last settling, and pays for the CPU time spent: all of the scan thread's, and of the
 * others' (the screen) as much as leaves the scan a quarter of what was earned, so that a held key does not stop it.
 */
void pt_budget_settle(struct pt_budget *budget, uint64_t wall_ns, uint64_t own_ns, uint64_t all_ns);

/* As settle, but what was spent is a present: for frames that a person asked for, and the first. */
void pt_budget_forgive(struct pt_budget *budget, uint64_t wall_ns, uint64_t own_ns, uint64_t all_ns);

/* How long after the last settling the debt is paid off; 0: there is none. */
uint64_t pt_budget_wait(const struct pt_budget *budget);

/*
 * Pace: a question that costs the same whatever the screen shows (the text of maps, of smaps_rollup) is asked so seldom
 * that it takes only a part of the budget. Zeroed: never asked.
 */
struct pt_pace {
	uint64_t asked_ns; /* CLOCK_MONOTONIC; 0: never */
	uint64_t cost_ns;  /* CPU time of the last time */
};

bool pt_pace_due(const struct pt_pace *pace, double share, uint64_t wall_ns);
void pt_pace_asked(struct pt_pace *pace, uint64_t cost_ns, uint64_t wall_ns);

#endif
