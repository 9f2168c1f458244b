/*
 * Marks: the receiving end of labels that programs under observation give to moments ("warm", "end of test 3"). A unix
 * datagram socket, so that a mark is with us by the time its sender goes on: in the order of what the program does, with
 * the kernel's time of sending and the sender's process id. One datagram is one mark, or one for each line of it.
 *
 * Programs find it in their environment, in two ways that lead to the same socket:
 *   PAGETOP_MARK     its path: send a datagram there (pagetop mark LABEL, assets/pagetop-mark.h);
 *   PAGETOP_MARK_FD  an inherited descriptor, connected to it, of one digit since dash takes no others: write a line
 *                    there (echo LABEL >&$PAGETOP_MARK_FD).
 *
 * A sender can wait until it was looked at: it sends one end of a socket pair along (SCM_RIGHTS) and waits, for two seconds
 * at most (one to send, one for the look), until that is closed, by pt_marks_release() here. So what is measured at a mark is what was there at the mark.
 *
 * Senders are hostile: labels are cut and keep their raw bytes, of the descriptors that come along at most one is kept of
 * a datagram and PT_MARKS_HELD of all, and beyond PT_MARKS_MAX marks are counted and dropped. The kernel's queue is short
 * (net.unix.max_dgram_qlen, 10): who sends faster than marks are taken waits, for a second at most, so poll the descriptor
 * and take them at once.
 *
 * To start a command with it:
 *   pt_marks_open(&marks, getenv("TMPDIR"))     early: the descriptor to inherit wants a low number
 *   env = pt_marks_environment(marks, environ)  before the fork
 *   pt_marks_inherit(marks)                     in the child, before execvpe(..., env)
 *   poll pt_marks_fd(), pt_marks_take()         and once more after the command has ended
 *   pt_marks_release()                          when the processes were looked at
 *   pt_marks_close(marks)                       which removes socket and folder
 */
#ifndef PT_MARK_MARK_H
#define PT_MARK_MARK_H

#include "core/verdict/trace.h"

#define PT_MARK_ENV    "PAGETOP_MARK"
#define PT_MARK_FD_ENV "PAGETOP_MARK_FD"
#define PT_MARKS_MAX   10000 /* that are kept of one run */
#define PT_MARKS_HELD  32    /* senders that wait; more do not wait */

struct pt_marks;

/* A socket in a new folder of ours alone (0700), in `folder`, or in /tmp where that is NULL or cannot be used. 0 or -errno. */
int pt_marks_open(struct pt_marks **ret, const char *folder);
/* A socket at this path, for its owner alone (0600), in the place of one that nobody listens at any more. 0 or -errno;
 * -EADDRINUSE: there is something; -ENAMETOOLONG. */
int pt_marks_open_at(struct pt_marks **ret, const char *path);
/* Removes what was made. NULL is fine. */
void pt_marks_close(struct pt_marks *marks);

int pt_marks_fd(const struct pt_marks *marks);           /* readable when there are marks to take */
const char *pt_marks_path(const struct pt_marks *marks); /* of the socket; borrowed */

/*
 * Environment `base` with both names in it: a NULL-terminated array for free(), whose strings belong to `base` and to
 * `marks`. NULL: out of memory.
 */
char **pt_marks_environment(const struct pt_marks *marks, char *const *base);
/* In the child between fork and exec: the descriptor stays open across exec. Async-signal-safe. */
void pt_marks_inherit(const struct pt_marks *marks);

/*
 * Takes at most max marks, in the order in which they were sent; returns how many, 0: there are none now. The times are
 * those of now, to tell the time of CLOCK_MONOTONIC at which a mark was sent. Labels are raw bytes without newline, at most
 * 63, cut between characters if they are UTF-8; what is empty is no mark. Pid 0: the sender is in a PID namespace of which we see nothing.
 */
size_t pt_marks_take(struct pt_marks *marks, uint64_t realtime_ns, uint64_t monotonic_ns, struct pt_trace_mark *ret,
		     size_t max);
/* All that were taken have been looked at: their senders go on. */
void pt_marks_release(struct pt_marks *marks);
uint64_t pt_marks_lost(const struct pt_marks *marks); /* those beyond PT_MARKS_MAX */

#endif
