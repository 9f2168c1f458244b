/*
 * See owners.h. The index is the worker's alone; what screens see of it are answers and its progress.
 */
#include "tui/owners.h"

#include <errno.h>
#include <stdlib.h>

#include "tui/now.h"
#include "tui/shell.h"

#define FRESH_NS 5000000000u /* an index that old is brought up to date before it is asked */

#define SHARING_PAUSE 20 /* times what an answer took, until the next is asked for */
#define NO_PFN        UINT64_MAX

enum question {
	OF_FRAME,
	OF_SHARING, /* of the snapshot in the state */
	OF_NODES,
};

struct request {
	enum question question;
	uint64_t pfn;
	bool again; /* however fresh the index is */
};

struct result {
	struct ui_owners_answer *answer; /* one of these */
	struct ui_sharing *sharing;
	struct ui_nodes *nodes;
};

struct ui_owners_state {
	int (*kernel)(struct pt_kernel **ret);
	struct pt_kernel *k;      /* NULL until the first request */
	struct pt_owners *owners; /* NULL: not built yet */
	struct pt_signals signals;
	uint64_t built_ns;
	struct pt_snapshot *snapshot; /* atomic: to be asked about next, a reference; NULL: none */
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

static struct ui_owners_answer *answer(struct ui_owners_state *s, const struct request *request)
{
	struct ui_owners_answer *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->pfn = request->pfn;
	a->error = find(s, request, a);
	if (!a->error) {
		name_mappings(s, a);
		a->size = pt_owners_size(s->owners);
	}
	return a;
}

static int find_sharers(struct ui_owners_state *s, const struct pt_snapshot *snapshot, struct ui_sharing *ret)
{
	int error = open_kernel(s);
	if (!error && (!s->owners || ui_now(CLOCK_MONOTONIC) - s->built_ns > FRESH_NS))
		error = build(s);
	if (!error)
		error = pt_sharing_make(s->owners, snapshot, 0, UINT64_MAX, &s->cancel, &ret->sharing);
	if (error)
		return error;
	ret->n_groups = pt_sharing_sets(ret->sharing, 0, UINT64_MAX, ret->groups, UI_SHARING_GROUPS);
	if (!pt_nodes_read(s->k, &ret->nodes))
		pt_node_threads_read(s->k, ret->pid, &ret->nodes, &ret->threads); /* it may end meanwhile */
	return 0;
}

/* With whom the process of the newest snapshot shares. */
static struct ui_sharing *share(struct ui_owners_state *s)
{
	uint64_t began_ns = ui_now(CLOCK_MONOTONIC);
	struct pt_snapshot *snapshot = __atomic_exchange_n(&s->snapshot, NULL, __ATOMIC_ACQ_REL);
	struct ui_sharing *a = snapshot ? calloc(1, sizeof *a) : NULL;
	if (a) {
		a->pid = snapshot->process.pid;
		a->start_time = snapshot->process.start_time;
		a->error = find_sharers(s, snapshot, a);
		a->took_ns = ui_now(CLOCK_MONOTONIC) - began_ns;
	}
	pt_snapshot_unref(snapshot);
	return a;
}

static void free_answer(struct ui_owners_answer *a)
{
	if (!a)
		return;
	free(a->owners.v);
	free(a->mappings);
	free(a);
}

static void free_sharing(struct ui_sharing *a)
{
	if (!a)
		return;
	pt_sharing_unref(a->sharing);
	pt_nodes_free(&a->nodes);
	free(a->threads.v);
	free(a);
}

static struct ui_nodes *read_nodes(struct ui_owners_state *s)
{
	struct ui_nodes *nodes = calloc(1, sizeof *nodes);
	if (!nodes)
		return NULL;
	nodes->error = open_kernel(s);
	if (!nodes->error)
		nodes->error = pt_nodes_read(s->k, &nodes->nodes);
	return nodes;
}

static void free_nodes(struct ui_nodes *nodes)
{
	if (nodes)
		pt_nodes_free(&nodes->nodes);
	free(nodes);
}

static void free_result(void *result)
{
	struct result *r = result;
	free_answer(r->answer);
	free_sharing(r->sharing);
	free_nodes(r->nodes);
	free(r);
}

static void work(struct ui_worker *worker, void *state, const void *asked)
{
	const struct request *request = asked;
	struct result *r = calloc(1, sizeof *r);
	if (!r)
		return;
	switch (request->question) {
	case OF_FRAME: r->answer = answer(state, request); break;
	case OF_SHARING: r->sharing = share(state); break;
	case OF_NODES: r->nodes = read_nodes(state); break;
	}
	ui_worker_publish(worker, r);
}

static void end(void *state)
{
	struct ui_owners_state *s = state;
	pt_snapshot_unref(s->snapshot);
	pt_owners_unref(s->owners);
	pt_kernel_free(s->k);
	free(s);
}

/* ---- in the main thread ----------------------------------------------------------------------------------------- */

static bool start(struct ui_owners *o, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(struct request), work, free_result, end};
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

/* Keeps what the worker has. */
static void take(struct ui_shell *shell)
{
	struct ui_owners *o = &shell->owners;
	struct result *r = ui_worker_take(o->worker);
	if (r && r->answer) {
		free_answer(o->answer);
		o->answer = r->answer;
	}
	if (r && r->sharing) {
		uint64_t pause = r->sharing->took_ns * SHARING_PAUSE;
		free_sharing(o->sharing);
		o->sharing = r->sharing;
		o->sharing_version++;
		o->sharing_due_ns = shell->now_ns + (pause > FRESH_NS ? pause : FRESH_NS);
	}
	if (r && r->nodes) {
		free_nodes(o->nodes);
		o->nodes = r->nodes;
	}
	if (r || ui_owners_building(o, NULL))
		shell->dirty = true;
	free(r);
}

/* A new question takes the place of one that waits: what that was about is to be asked again. */
static void ask(struct ui_shell *shell, uint64_t pfn, bool again)
{
	struct ui_owners *o = &shell->owners;
	struct request request = {OF_FRAME, pfn, again};
	ui_worker_ask(o->worker, &request);
	o->asked = pfn;
	o->due_ns = shell->now_ns + FRESH_NS;
	if (!o->sharing || o->sharing->pid != o->sharing_asked)
		o->sharing_asked = 0;
}

void ui_owners_ask(struct ui_shell *shell, uint64_t pfn)
{
	struct ui_owners *o = &shell->owners;
	bool first = !o->worker;
	if (!start(o, shell->sources->kernel))
		return;
	take(shell);
	bool due = shell->now_ns >= o->due_ns && !ui_worker_busy(o->worker);
	if (first || o->asked != pfn || due)
		ask(shell, pfn, false);
}

void ui_owners_ask_sharing(struct ui_shell *shell)
{
	struct ui_owners *o = &shell->owners;
	const struct pt_snapshot *now = shell->target.now;
	bool of_this_machine = shell->target.inspect; /* and not of a recording */
	if (!now || shell->target.back || !of_this_machine || !start(o, shell->sources->kernel))
		return;
	take(shell);
	bool due = shell->now_ns >= o->sharing_due_ns && !ui_worker_busy(o->worker);
	if (o->sharing_asked == now->process.pid && !due)
		return;
	struct request request = {OF_SHARING, NO_PFN, false};
	struct pt_snapshot *snapshot = pt_snapshot_ref(shell->target.now);
	pt_snapshot_unref(__atomic_exchange_n(&o->state->snapshot, snapshot, __ATOMIC_ACQ_REL));
	ui_worker_ask(o->worker, &request);
	o->sharing_asked = now->process.pid;
	o->sharing_due_ns = shell->now_ns + FRESH_NS;
	if (!o->answer || o->answer->pfn != o->asked)
		o->asked = NO_PFN;
}

void ui_owners_ask_nodes(struct ui_shell *shell)
{
	struct ui_owners *o = &shell->owners;
	const struct request request = {OF_NODES, NO_PFN, false};
	if (o->nodes || !shell->target.inspect || !start(o, shell->sources->kernel))
		return;
	take(shell);
	if (!o->nodes && !ui_worker_busy(o->worker))
		ui_worker_ask(o->worker, &request);
	if (!o->asked)
		o->asked = NO_PFN;
}

void ui_owners_again(struct ui_shell *shell)
{
	if (shell->owners.worker && shell->owners.asked != NO_PFN)
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
	free_sharing(o->sharing);
	free_nodes(o->nodes);
	*o = (struct ui_owners){0};
}
