/*
 * Known leaks: what a program of this folder shares. It makes its objects, says of each what the truth about it is, and
 * then holds still (or goes on churning) until its stdin ends:
 *
 *   PROGRAM                          lists its scenes
 *   PROGRAM SCENE TRUTH [DIVISOR]    DIVISOR makes everything so many times smaller
 *
 * The file TRUTH gets lines "TIER 0xADDRESS USABLE-BYTES" in the order of events:
 *
 *   leaked   nothing points to it
 *   live     a native pointer leads to it from a root: never to be reported as leaked
 *   weak     the same, by an unaligned interior pointer alone: not to be reported as leaked, but as weak
 *   hidden   live, but its pointer is in code: a suspect
 *   any      may be either: nothing is asked of it
 *   freed    no longer there
 *
 * What is not named counts as live. Then it says "ready PID" on stdout. Nothing keeps a pointer to what it leaks: the
 * truth is text, and before it is ready the stack below main and the registers are wiped.
 */
#ifndef LEAKS_TRUTH_H
#define LEAKS_TRUTH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NEVER_INLINED __attribute__((noinline, noclone))

struct scene {
	const char *name;
	void (*make)(void);
};
extern const struct scene scenes[]; /* ends with a NULL name */

/* n, made smaller by the divisor; at least 1. */
size_t scaled(size_t n);
void truth(const char *tier, const void *object);
/* malloc, zeroed, with its truth. */
void *made(const char *tier, size_t size);
/* How many threads are in the state that the scene needs them in; assembler counts by itself. */
extern unsigned threads_ready;
void thread_is_ready(void);
void wait_for_threads(unsigned n);
/* Clears what is left of pointers below this frame, and in registers that a call may change. */
void wipe(void);
/* Says that all is made, has the peers that are in this process look, and returns when stdin ends. */
void ready(int pid);
/* Random numbers from a fixed seed of the caller's. */
uint64_t random_of(uint64_t *state);
void fail(const char *what);

#ifdef __cplusplus
}
#endif

#endif
