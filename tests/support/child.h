/*
 * A child of the test that gets its memory into a known state, says so, and holds still until it is let go. Both sides
 * wait on pipes; nobody sleeps. It dies with the test.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int to, from; /* pipes */
};

/* ---- in the test ------------------------------------------------------------------------------------------------ */

/* Forks a child that runs the function and ends. */
struct child child_start(void (*run)(struct child *self));
/* What the child says next; fails the test if it ends instead. */
uint64_t child_wait(struct child *child);
/* Lets it go on from where it said that. */
void child_go(struct child *child);
/* Kills it and what it forked, if need be, and waits for their end. May be called again. */
void child_end(struct child *child);

/* ---- in the child ----------------------------------------------------------------------------------------------- */

/* Says something and waits to be let go. */
void child_say(struct child *self, uint64_t what);
/* Ends with a message when what it needs failed. */
void child_need(int condition, const char *what);
/* What child_say says where this machine does not have what the scene needs. */
#define CHILD_CANNOT 0
/* Untouched private memory, in a VMA of its own: what is around it is not accessible. */
char *child_map(size_t size, size_t alignment);
/* The same of a file from its start, shared or private. */
char *child_map_file(int fd, size_t size, int flags);
/* Writes to `n` pages, every `step`-th from the start. */
void child_touch(char *memory, size_t n, size_t step);
/* A process of a child's own that shares all of its memory, until the pipe *ret is closed. */
pid_t child_fork_waiting(int *ret);

#endif
