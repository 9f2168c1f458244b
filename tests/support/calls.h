/*
 * The program of tests/live/calls/ as a target: its faults with their stacks, of which one is at the end of a chain of
 * calls that the scene's name says.
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include "core/faults/stream.h"
#include "core/unwind/unwind.h"
#include "tests/support/child.h"
#include "tests/support/scripted.h"

struct calls {
	struct child child;
	struct scripted *script; /* on the real kernel; ten seconds pass with each play, none else */
	struct pt_kernel *k;     /* of it */
	struct pt_kernel *real;  /* of the stream, which compares times of the kernel's */
	struct pt_faults *stream;
	struct pt_unwinder *told; /* of what is mapped and executed while it plays; NULL: none */
	uint64_t memory;          /* where the fault of the scene is */
	struct pt_fault *faults;  /* [n], copies */
	size_t n;
};

/*
 * Starts it, up to where it is about to play the scene. False, and nothing is to be ended: stacks can't be had here,
 * which *ret_why says; fails the test for anything else. extra: the program's fourth argument, or NULL.
 */
bool calls_start(struct calls *calls, const char *program, const char *scene, const char *extra, size_t stack_bytes,
		 const char **ret_why);
/* Lets it go on, until it waits again; what it says. */
uint64_t calls_play(struct calls *calls);
/* The latest fault at its memory. Fails the test if there is none. */
const struct pt_fault *calls_fault(const struct calls *calls);
void calls_end(struct calls *calls);

#endif
