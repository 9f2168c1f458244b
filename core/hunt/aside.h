/*
 * Work that may take its time: done at a low priority. For what a hunt calculates, so that a server on a busy machine
 * hardly notices; never for what somebody stands still for.
 */
#ifndef PT_HUNT_ASIDE_H
#define PT_HUNT_ASIDE_H

/* What fn(arg) returns, on a thread of low priority (nice 10), as are those it starts. */
int pt_aside(int (*fn)(void *arg), void *arg);

#endif
