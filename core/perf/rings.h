/*
 * Rings: for each CPU, one for each kind of event, that events of any number write into. Each belongs to an event of
 * pagetop's own that never happens, so that those of a process may come and go.
 *
 * The ring says what kind of event a record is of. Its id does not always: where two events are told of the same fault,
 * Linux since 6.3 writes the first one's id into both (data->sample_flags in kernel/events/core.c), also where the other
 * is of another program that watches this process.
 */
#ifndef PT_PERF_RINGS_H
#define PT_PERF_RINGS_H

#include "core/kernel/kernel.h"
#include "core/perf/record.h"

struct pt_rings;

/*
 * bytes: of those of the first kind, a power of two, the others have half as much; 0: as much as is
 * useful and may be locked. 0; -EPERM: more memory than this user may lock; -EACCES: perf events are not permitted;
 * -ENOMEM. k must outlive it.
 */
int pt_rings_open(struct pt_rings **ret, struct pt_kernel *k, const struct pt_perf_layout *layout, unsigned kinds,
		  size_t bytes);
void pt_rings_close(struct pt_rings *rings); /* NULL is fine */

size_t pt_rings_cpus(const struct pt_rings *rings); /* that were online */
unsigned pt_rings_cpu(const struct pt_rings *rings, size_t i);
/* An event of this CPU and kind writes into its ring. 0 or -errno; -ENODEV: the CPU went away. */
int pt_rings_attach(struct pt_rings *rings, size_t i, unsigned kind, int fd);

/* Polls readable when one fills up. */
int pt_rings_fd(const struct pt_rings *rings);
typedef void (*pt_rings_fn)(void *arg, const struct pt_perf_record *record, unsigned kind);
/* Gives all that was written before this call, in the order of time; each record is borrowed until `each` returns. */
void pt_rings_take(struct pt_rings *rings, pt_rings_fn each, void *arg);
uint64_t pt_rings_damaged(const struct pt_rings *rings); /* records that made no sense, so far */

#endif
