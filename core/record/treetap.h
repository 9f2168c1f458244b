/*
 * A sink of a tree (core/tree/tree.h) that writes all of it to a recorder: each process, its samples and its frames.
 */
#ifndef PT_RECORD_TREETAP_H
#define PT_RECORD_TREETAP_H

#include "core/record/recorder.h"
#include "core/tree/tree.h"

/* The recorder is borrowed: it must live as long as the tree. */
struct pt_tree_sink pt_treetap_sink(struct pt_recorder *recorder);

#endif
