/*
 * Reading one process's piece of an index of owners (private to core/machine).
 */
#ifndef PT_OWNERS_OWNERS_PIECE_H
#define PT_OWNERS_OWNERS_PIECE_H

#include "core/owners/owners_parts.h"

struct pt_piece_request {
	const struct pt_signals *signals;
	const volatile bool *cancel; /* may be NULL */
	struct pt_piece *before;     /* of the same PID, taken over if nothing changed; may be NULL */
};
/* -ESRCH: it has ended; -ENODATA: it has no memory; -EACCES, -EPERM; -ECANCELED; -ENOMEM. */
int pt_piece_read(struct pt_kernel *k, pid_t pid, const struct pt_piece_request *request, struct pt_piece **ret);

#endif
