/*
 * See proclist.h. All functions but the two public ones run in the worker's thread.
 */
#include "tui/screens/proclist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PSS_BATCH 8 /* between two looks whether something newer was asked for */

struct state {
	const struct ui_lister_ops *lister;
	void *self; /* of the lister */
	struct pt_proc_list last;
};

void ui_proclist_free(void *proclist)
{
	struct ui_proclist *p = proclist;
	if (!p)
		return;
	pt_proc_list_free(&p->list);
	free(p);
}

static void publish(struct ui_worker *worker, const struct state *s, int error)
{
	struct ui_proclist *p = calloc(1, sizeof *p);
	if (!p)
		return;
	p->error = error;
	if (!error) {
		p->list.v = malloc((s->last.n + 1) * sizeof *p->list.v);
		if (!p->list.v)
			p->error = -ENOMEM;
	}
	if (!p->error) {
		memcpy(p->list.v, s->last.v, s->last.n * sizeof *p->list.v);
		p->list.n = s->last.n;
	}
	ui_worker_publish(worker, p);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct pt_proc *)a)->pid, y = ((const struct pt_proc *)b)->pid;
	return (x > y) - (x < y);
}

static struct pt_proc *find(const struct pt_proc_list *list, pid_t pid)
{
	struct pt_proc key = {.pid = pid};
	return list->n ? bsearch(&key, list->v, list->n, sizeof *list->v, by_pid) : NULL;
}

/* What was read before stays until it is read again. */
static void keep_pss(const struct pt_proc_list *before, struct pt_proc_list *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct pt_proc *old = find(before, now->v[i].pid);
		if (old && old->start_time == now->v[i].start_time)
			now->v[i].pss = old->pss;
	}
}

static int read_list(struct state *s)
{
	struct pt_proc_list now;
	int error = s->lister->read(s->self, &now);
	if (error)
		return error;
	qsort(now.v, now.n, sizeof *now.v, by_pid);
	keep_pss(&s->last, &now);
	pt_proc_list_free(&s->last);
	s->last = now;
	return 0;
}

static void read_wanted(struct state *s, const struct ui_proclist_request *request)
{
	for (unsigned i = 0; i < request->n; i++) {
		struct pt_proc *proc = find(&s->last, request->want[i]);
		if (proc)
			s->lister->pss(s->self, proc, 1);
	}
}

static void read_all(struct ui_worker *worker, struct state *s)
{
	for (size_t i = 0; i < s->last.n && !ui_worker_interrupted(worker); i += PSS_BATCH) {
		size_t n = s->last.n - i < PSS_BATCH ? s->last.n - i : PSS_BATCH;
		s->lister->pss(s->self, s->last.v + i, n);
	}
}

static void work(struct ui_worker *worker, void *state, const void *arg)
{
	struct state *s = state;
	const struct ui_proclist_request *request = arg;
	int error = read_list(s);
	publish(worker, s, error);
	if (error)
		return;
	read_wanted(s, request);
	if (request->all_pss)
		read_all(worker, s);
	if (request->n || request->all_pss)
		publish(worker, s, 0);
}

static void close_state(void *state)
{
	struct state *s = state;
	pt_proc_list_free(&s->last);
	s->lister->close(s->self);
	free(s);
}

int ui_proclist_new(struct ui_worker **ret, const struct ui_lister_ops *lister, void *arg)
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_proclist_request), work, ui_proclist_free,
						 close_state};
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->lister = lister;
	int error = lister->open(arg, &s->self);
	if (error) {
		free(s);
		return error;
	}
	error = ui_worker_new(ret, &ops, s);
	if (error)
		close_state(s);
	return error;
}
