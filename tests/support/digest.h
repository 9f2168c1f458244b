/*
 * A digest of a snapshot: every field, VMA, page and sum of it, by value. Two snapshots with the same one are equal,
 * wherever they were made; so a test can hold what one process wrote against what another reads.
 */
#ifndef TESTS_DIGEST_H
#define TESTS_DIGEST_H

#include "core/model/snapshot.h"

uint64_t snapshot_digest(const struct pt_snapshot *snapshot);

#endif
