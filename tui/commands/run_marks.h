/*
 * The marks of pagetop run: taken as they come, and kept. Who waits at its mark is let go when the tree was looked at, and
 * its mark is of the time of that look: it stood still since, so what was measured then is what was there at the mark.
 */
#ifndef UI_RUN_MARKS_H
#define UI_RUN_MARKS_H

#include "core/mark/mark.h"
#include "core/tree/tree.h"

/* Gets every mark, in the order in which they are certain. */
typedef void (*ui_mark_fn)(void *arg, const struct pt_trace_mark *mark);

struct ui_run_marks {
	struct pt_marks *marks; /* NULL: none can be taken */
	ui_mark_fn keep;
	void *arg;
	struct pt_trace_mark waiting[2 * PT_MARKS_HELD]; /* whose senders wait for a look */
	size_t n_waiting;
	uint64_t wish; /* for it */
};

/* Says it where none can be taken, which is no failure. */
void ui_run_marks_open(struct ui_run_marks *marks, ui_mark_fn keep, void *arg);
/* What came, and who can go on; called when pt_marks_fd() or pt_tree_fd() is readable. Tree NULL: there is none. */
void ui_run_marks_take(struct ui_run_marks *marks, struct pt_tree *tree);
/* What came last, when the tree has stopped. */
void ui_run_marks_end(struct ui_run_marks *marks, struct pt_tree *tree);
void ui_run_marks_close(struct ui_run_marks *marks);

#endif
