/*
 * See owners.h. The index is the worker's alone; what screens see of it are answers and its progress.
 */
#include "tui/owners.h"

#include <errno.h>
#include <stdlib.h>

#include "tui/now.h"
#include "tui/shell.h"

#define FRESH_NS 5000000000u /* an index that old is brought up to date before it is asked */

struct request {
	uint64_t pfn;
	bool again; /* however fresh the index is */
};

struct ui_owners_state {
	int (*kernel)(struct pt_kernel **ret);
	struct pt_kernel *k;      /* NULL until the first request */
	struct pt_owners *owners; /* NULL: not built yet */
	struct pt_signals signals;
	uint64_t built_ns;
	struct pt_owners_progress progress;
	bool building; /* atomic */
	volatile bool cancel;
};

/* ---- in the worker's thread ------------------------------------------------------------------------------------- */

static int open_kernel(struct ui_owners_state *s)
{
	if (s->k)
		return 0;
	int error = s->kernel(&s->k);
	if (!error)
		pt_probe_signals(s->k, 0, &s->signals);
	return error;
}

static int build(struct ui_owners_state *s)
{
	struct pt_owners_request request = {
		.progress = &s->progress, .cancel = &s->cancel, .before = s->owners, .signals = &s->signals};
	struct pt_owners *owners;
	s->progress = (struct pt_owners_progress){0};
	__atomic_store_n(&s->building, !s->owners, __ATOMIC_RELEASE);
	int error = pt_owners_build(s->k, &request, &owners);
	__atomic_store_n(&s->building, false, __ATOMIC_RELEASE);
	if (error)
		return error;
	pt_owners_unref(s->owners);
	s->owners = owners;
	s->built_ns = ui_now(CLOCK_MONOTONIC);
	return 0;
}

static int find(struct ui_owners_state *s, const struct request *request, struct ui_owners_answer *a)
{
	bool stale = !s->owners || request->again || ui_now(CLOCK_MONOTONIC) - s->built_ns > FRESH_NS;
	int error = open_kernel(s);
	if (!error && stale)
		error = build(s);
	if (!error)
		error = pt_owners_of(s->owners, s->k, request->pfn, &a->owners);
	if (error || stale || a->owners.missing != PT_OWNERS_CHANGED)
		return error;
	free(a->owners.v); /* some came since it was built */
	a->owners = (struct pt_owners_answer){0};
	error = build(s);
	return error ? error : pt_owners_of(s->owners, s->k, request->pfn, &a->owners);
}

/* What is mapped where. */
static void name_mappings(struct ui_owners_state *s, struct ui_owners_answer *a)
{
	struct pt_frame_info *info = calloc(1, sizeof *info);
	size_t n = a->owners.n < UI_OWNERS_NAMED ? a->owners.n : UI_OWNERS_NAMED;
	a->mappings = calloc(n + 1, sizeof *a->mappings);
	for (size_t i = 0; a->mappings && i < n; i++)
		pt_frame_mapping(s->k, a->owners.v[i].pid, a->owners.v[i].address, &a->mappings[i]);
	a->n_mappings = a->mappings ? n : 0;
	if (info) {
		pt_frame_read(s->k, a->pfn, &s->signals, info);
		a->has_file = pt_frame_file(s->k, info, &a->owners, &a->file);
	}
	free(info);
}

static void work(struct ui_worker *worker, void *state, const void *request)
{
	struct ui_owners_state *s = state;
	struct ui_owners_answer *a = calloc(1, sizeof *a);
	if (!a)
		return;
	a->pfn = ((const struct request *)request)->pfn;
	a->error = find(s, request, a);
	if (!a->error) {
		name_mappings(s, a);
		a->size = pt_owners_size(s->owners);
	}
	ui_worker_publish(worker, a);
}

static void free_answer(void *answer)
{
	struct ui_owners_answer *a = answer;
	if (!a)
		return;
	free(a->owners.v);
	free(a->mappings);
	free(a);
}

static void end(void *state)
{
	struct ui_owners_state *s = state;
	pt_owners_unref(s->owners);
	pt_kernel_free(s->k);
	free(s);
}

/* ---- in the main thread ----------------------------------------------------------------------------------------- */

static bool start(struct ui_owners *o, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(struct request), work, free_answer, end};
	if (o->worker || o->failed)
		return o->worker;
	struct ui_owners_state *s = calloc(1, sizeof *s);
	o->failed = !s || !kernel;
	if (!o->failed) {
		s->kernel = kernel;
		o->failed = ui_worker_new(&o->worker, &ops, s) < 0;
	}
	if (o->failed)
		free(s);
	else
		o->state = s;
	return !o->failed;
}

static void ask(struct ui_shell *shell, uint64_t pfn, bool again)
{
	struct ui_owners *o = &shell->owners;
	struct request request = {pfn, again};
	ui_worker_ask(o->worker, &request);
	o->asked = pfn;
	o->due_ns = shell->now_ns + FRESH_NS;
}

void ui_owners_ask(struct ui_shell *shell, uint64_t pfn)
{
	struct ui_owners *o = &shell->owners;
	bool first = !o->worker;
	if (!start(o, shell->sources->kernel))
		return;
	struct ui_owners_answer *answer = ui_worker_take(o->worker);
	if (answer) {
		free_answer(o->answer);
		o->answer = answer;
		shell->dirty = true;
	}
	if (ui_owners_building(o, NULL))
		shell->dirty = true;
	bool due = shell->now_ns >= o->due_ns && !ui_worker_busy(o->worker);
	if (first || o->asked != pfn || due)
		ask(shell, pfn, false);
}

void ui_owners_again(struct ui_shell *shell)
{
	if (shell->owners.worker)
		ask(shell, shell->owners.asked, true);
}

const struct ui_owners_answer *ui_owners_of(const struct ui_owners *o, uint64_t pfn)
{
	return o->answer && o->answer->pfn == pfn ? o->answer : NULL;
}

bool ui_owners_building(const struct ui_owners *o, struct pt_owners_progress *ret)
{
	if (!o->worker || !__atomic_load_n(&o->state->building, __ATOMIC_ACQUIRE))
		return false;
	if (ret)
		*ret = (struct pt_owners_progress){__atomic_load_n(&o->state->progress.processes, __ATOMIC_RELAXED),
						   __atomic_load_n(&o->state->progress.of_processes, __ATOMIC_RELAXED),
						   __atomic_load_n(&o->state->progress.pages, __ATOMIC_RELAXED)};
	return true;
}

size_t ui_owners_fds(const struct ui_owners *o, int *fds, size_t n)
{
	if (!o->worker || !n)
		return 0;
	fds[0] = ui_worker_fd(o->worker);
	return 1;
}

void ui_owners_free(struct ui_owners *o, int wait_ms)
{
	if (o->worker)
		o->state->cancel = true;
	ui_worker_free(o->worker, wait_ms);
	free_answer(o->answer);
	*o = (struct ui_owners){0};
}
