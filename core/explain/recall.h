/*
 * Recall: the facts of a page out of a snapshot instead of out of the kernel, for moments that are past. What a snapshot
 * does not keep (neighbours, cgroup, zone, a few flags) is unknown; facts->recalled says that this is why.
 */
#ifndef PT_EXPLAIN_RECALL_H
#define PT_EXPLAIN_RECALL_H

#include "core/scan/inspect.h"

/*
 * Raw entries are put together again so that pt_facts_page of them is the page of the snapshot. An address that no VMA
 * of then covers is no error (mapped is false). Pure.
 */
void pt_recall_page(const struct pt_snapshot *snapshot, uint64_t address, struct pt_facts *ret);

#endif
