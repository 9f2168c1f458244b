/*
 * Team: a few threads that do the same work together, one piece each, now and then. The caller is one of them. Owns the
 * threads; used by one thread.
 */
#ifndef PT_SCAN_TEAM_H
#define PT_SCAN_TEAM_H

struct pt_team;

/* So many threads, the caller's included. NULL: out of memory, or no threads to be had. */
struct pt_team *pt_team_new(unsigned threads);
void pt_team_free(struct pt_team *team); /* NULL is fine */

/* fn(arg, i) for each i below the number of threads, in a thread each; i = 0 in the caller's. Returns when all have. A
 * NULL team is the caller alone. */
void pt_team_run(struct pt_team *team, void (*fn)(void *arg, unsigned i), void *arg);

#endif
