/*
 * Sweep: going over all addresses again and again, a part at a time, and knowing how long ago each was looked at.
 * Positions are chunk indices.
 */
#ifndef PT_SCAN_SWEEP_H
#define PT_SCAN_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_SWEEP_PARTS 128 /* of one round; more are told as one, as old as the oldest of them */
#define PT_SWEEP_END   UINT64_MAX

struct pt_sweep_part {
	uint64_t end; /* behind its last position */
	uint64_t ns;  /* CLOCK_MONOTONIC before it was looked at */
};

/* Zeroed: nothing was looked at yet. */
struct pt_sweep {
	uint64_t at; /* where the next part begins */
	size_t n_now, n_before;
	struct pt_sweep_part now[PT_SWEEP_PARTS],
		before[PT_SWEEP_PARTS]; /* this round's so far, and the round before */
};

/* Everything was looked at in one go. */
void pt_sweep_all(struct pt_sweep *sweep, uint64_t ns);
/* From `at` up to `end`; PT_SWEEP_END completes the round. */
void pt_sweep_reached(struct pt_sweep *sweep, uint64_t end, uint64_t ns);
/* Since when every position has been looked at; 0: some never. */
uint64_t pt_sweep_oldest(const struct pt_sweep *sweep);
/* When the last part was looked at; 0: never. */
uint64_t pt_sweep_newest(const struct pt_sweep *sweep);

#endif
