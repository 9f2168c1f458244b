/*
 * Merge: an incremental dump and its base as one whole dump, which is what a whole one at the time of the incremental
 * one would have been.
 */
#ifndef PT_DUMP_MERGE_H
#define PT_DUMP_MERGE_H

#include "core/dump/reader.h"
#include "core/dump/writer.h"

/* Whether `base` is the base of `core`. */
bool pt_core_is_base(const struct pt_core *core, const struct pt_core *base);

/*
 * Writes it. `step` (may be NULL) is told now and then how much was copied; nonzero ends the merge with it. -EINVAL: not its base;
 * -EBADMSG: one of them contradicts itself; -ENOMEM; or what sink and sources said.
 */
int pt_merge(const struct pt_core *base, const struct pt_core *increment, struct pt_sink sink,
	     int (*step)(void *arg, uint64_t done_bytes), void *arg, uint64_t *ret_size);

#endif
