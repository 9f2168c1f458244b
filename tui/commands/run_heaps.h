/*
 * The heaps of the processes of a run at those of its marks that an assertion is about: which objects there are, and what
 * is leaked. Looked at while whoever set the mark stands still; kept until the end, when assertions are judged.
 */
#ifndef UI_RUN_HEAPS_H
#define UI_RUN_HEAPS_H

#include <pthread.h>

#include "core/hunt/marks.h"
#include "core/tree/tree.h"
#include "tui/commands/assertions.h"
#include "tui/commands/run_watch.h"

/* A process at a mark. */
struct ui_heap_look {
	size_t id; /* of the tree */
	uint64_t ns;
	struct pt_heap_mark *mark; /* NULL: its objects are not known */
	bool judged;               /* what is leaked is known: */
	uint64_t leaked;           /* bytes */
};

struct ui_run_heaps {
	const struct ui_options *options;
	const struct ui_assertions *assertions;
	const struct ui_watch *watch; /* whose processes these are; used at the end */
	struct pt_trace_heaps ops;
	pthread_mutex_t lock; /* of the processes that live, which the tree's thread tells: */
	struct {
		size_t id;
		pid_t pid;
	} * living;
	size_t n_living, room_living;
	bool lost;                  /* there was no memory for something */
	struct ui_heap_look *looks; /* [n_looks], of the thread that takes marks */
	size_t n_looks, room_looks;
};

void ui_run_heaps_init(struct ui_run_heaps *heaps, const struct ui_options *options,
		       const struct ui_assertions *assertions, const struct ui_watch *watch);
void ui_run_heaps_free(struct ui_run_heaps *heaps);
/* For the tree, to know who lives. */
struct pt_tree_sink ui_run_heaps_sink(struct ui_run_heaps *heaps);
/* A mark: looks, where an assertion is about it. */
void ui_run_heaps_mark(struct ui_run_heaps *heaps, const struct pt_trace_mark *mark);
/* The tree has stopped: what assertions ask; borrowed. */
const struct pt_trace_heaps *ui_run_heaps_of(struct ui_run_heaps *heaps);

#endif
