/*
 * A step of a hunt that may take long: whether it should go on, and how far it is (core/hunt only).
 */
#ifndef PT_HUNT_STEP_H
#define PT_HUNT_STEP_H

#include <stdbool.h>
#include <stddef.h>

struct pt_hunt_step {
	bool (*cancelled)(void *arg);             /* any thread; NULL: never */
	void (*progress)(void *arg, double done); /* 0..1, in the thread that began it; NULL: nobody wants to know */
	void *arg;
};

/* step may be NULL. */
static inline bool pt_hunt_step_cancelled(const struct pt_hunt_step *step)
{
	return step && step->cancelled && step->cancelled(step->arg);
}

static inline void pt_hunt_step_tell(const struct pt_hunt_step *step, double done)
{
	if (step && step->progress)
		step->progress(step->arg, done < 1 ? done : 1);
}

#endif
