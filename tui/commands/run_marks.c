/*
 * Marks of a run; see run_marks.h.
 */
#include "tui/commands/run_marks.h"

#include <stdlib.h>
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/now.h"

#define MARKS  32          /* taken at a time */
#define SECOND 1000000000u /* that a sender waits */

void ui_run_marks_open(struct ui_run_marks *marks, ui_mark_fn keep, void *arg)
{
	*marks = (struct ui_run_marks){.keep = keep, .arg = arg};
	int error = pt_marks_open(&marks->marks, getenv("TMPDIR"));
	if (!error)
		return;
	marks->marks = NULL;
	ui_complain("no marks can be taken: %s", strerror(-error));
}

/* Those that wait go on. A look that came when a sender had gone on by itself says nothing of its mark. */
static void let_go(struct ui_run_marks *m, uint64_t looked_ns)
{
	for (size_t i = 0; i < m->n_waiting; i++) {
		struct pt_trace_mark *mark = &m->waiting[i];
		if (looked_ns > mark->monotonic_ns && looked_ns - mark->monotonic_ns < SECOND) {
			mark->realtime_ns += looked_ns - mark->monotonic_ns;
			mark->monotonic_ns = looked_ns;
		}
		m->keep(m->arg, mark);
	}
	m->n_waiting = 0;
	pt_marks_release(m->marks);
}

void ui_run_marks_take(struct ui_run_marks *m, struct pt_tree *tree)
{
	struct pt_trace_mark v[MARKS];
	size_t n = MARKS;
	if (!m->marks)
		return;
	while (n == MARKS) {
		n = pt_marks_take(m->marks, ui_now(CLOCK_REALTIME), ui_now(CLOCK_MONOTONIC), v, MARKS);
		for (size_t i = 0; i < n; i++) {
			if (v[i].waits && m->n_waiting < sizeof(m->waiting) / sizeof(*m->waiting))
				m->waiting[m->n_waiting++] = v[i];
			else
				m->keep(m->arg, &v[i]);
		}
		if (n && tree)
			m->wish = pt_tree_look(tree, v[n - 1].pid);
	}
	if (tree)
		pt_tree_ack(tree);
	struct pt_tree_status status = tree ? pt_tree_status(tree) : (struct pt_tree_status){.granted = m->wish};
	if (status.granted >= m->wish)
		let_go(m, status.granted_ns);
}

void ui_run_marks_end(struct ui_run_marks *marks, struct pt_tree *tree)
{
	ui_run_marks_take(marks, tree);
	if (marks->marks)
		let_go(marks, tree ? pt_tree_status(tree).granted_ns : 0);
}

void ui_run_marks_close(struct ui_run_marks *marks)
{
	pt_marks_close(marks->marks);
	marks->marks = NULL;
}
