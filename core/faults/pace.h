/*
 * Pace: how much there is time for, and so which period faults are told with. Pure arithmetic; whoever uses it reads the
 * clocks.
 *
 * Two things bound it: pagetop's own budget of CPU time, and how many faults a second the target is to pay for being told
 * of. CPU time is earned as time goes by and paid when something was done; who is in debt waits, and the kernel counts
 * what full rings lost meanwhile. The period grows at once when faults come too fast for it, and shrinks only after it
 * was too large for a while: each change costs something, and counts between two periods are harder to compare.
 */
#ifndef PT_FAULTS_PACE_H
#define PT_FAULTS_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_PERIOD_MAX (1u << 20)

struct pt_fault_pace {
	double budget;   /* share of one core */
	double told_max; /* faults that are told in a second, about; 0: any number */
	bool fixed;      /* the period */
	uint64_t period;
	double each_ns;     /* CPU time that a fault costs which is looked at in full, smoothed */
	double turn_ns;     /* and a look at all, whatever it finds */
	double balance_ns;  /* of CPU time; negative: in debt */
	uint64_t wall_ns;   /* CLOCK_MONOTONIC of the last settling */
	uint64_t window_ns; /* since when `told` were told */
	uint64_t told;
	uint64_t counted_ns, counted; /* the kernel's count of faults then */
	uint64_t calm_ns;             /* since when a smaller period would do; 0: it would not */
	uint64_t switched_ns;         /* when the period changed last */
	double switch_ns;             /* CPU time that took */
};

/* Begins with one second's share. each_ns: a guess. */
void pt_fault_pace_init(struct pt_fault_pace *pace, double budget, uint64_t period, double each_ns, uint64_t wall_ns);
/* CPU time that was spent since the last settling, and on how many faults that were looked at in full; 0: on other things. */
void pt_fault_pace_settle(struct pt_fault_pace *pace, uint64_t wall_ns, uint64_t spent_ns, uint64_t full);
/* How many faults there is time to look at in full. */
size_t pt_fault_pace_room(const struct pt_fault_pace *pace);
/* How long there is to be between two looks: as short as it can be without costing much by itself. */
uint64_t pt_fault_pace_interval(const struct pt_fault_pace *pace);
/* How long after the last settling the debt is paid off; 0: there is none. */
uint64_t pt_fault_pace_wait(const struct pt_fault_pace *pace);

/* So many records came, or were lost. The period there should be from now on. */
uint64_t pt_fault_pace_told(struct pt_fault_pace *pace, uint64_t wall_ns, uint64_t records);
/* So many faults there were so far, told or not; the same. */
uint64_t pt_fault_pace_counted(struct pt_fault_pace *pace, uint64_t wall_ns, uint64_t faults);
/* It is another period now, and that took so much CPU time. */
void pt_fault_pace_switched(struct pt_fault_pace *pace, uint64_t period, uint64_t wall_ns, uint64_t spent_ns);

#endif
