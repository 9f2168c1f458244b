/*
 * A look at a tree; see look.h. It goes through the members in the order in which they were found, and whom it finds on
 * the way comes at the end of that order, so that one pass sees all generations.
 *
 * A process stays a member as a zombie until it was waited for, so that its end can be told with its exit status.
 */
#include "core/tree/look.h"

#include <errno.h>
#include <stdlib.h>

#include "core/kernel/readers.h"

#define SECOND 1000000000u
#define KEEP   400u /* processes whose files stay open: two of some thousand descriptors each */

static uint64_t now(struct pt_look *look, enum pt_clock clock)
{
	return look->k->ops->now(look->k, clock);
}

/* ---- who is there ----------------------------------------------------------------------------------------------- */

static int make_room(struct pt_look *look)
{
	size_t room = look->room ? look->room * 2 : 64;
	if (look->n < look->room)
		return 0;
	struct pt_member **v = realloc(look->v, room * sizeof(void *));
	if (!v)
		return -ENOMEM;
	look->v = v;
	pid_t *pids = realloc(look->pids, room * sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	look->pids = pids;
	look->room = room;
	return 0;
}

static bool is_member(const struct pt_look *look, pid_t pid)
{
	for (size_t i = 0; i < look->n; i++)
		if (look->pids[i] == pid)
			return true;
	return false;
}

static int add(struct pt_look *look, pid_t pid)
{
	struct pt_member *m;
	int error = make_room(look);
	if (!error)
		error = pt_member_new(&m, look->k, pid, look->n < KEEP, &look->text);
	if (error)
		return error;
	m->process.id = look->seen++;
	m->process.seen_ns = now(look, PT_CLOCK_MONOTONIC);
	look->pids[look->n] = pid;
	look->v[look->n++] = m;
	for (size_t i = 0; i < look->n_sinks; i++)
		if (look->sinks[i].began)
			look->sinks[i].began(look->sinks[i].arg, &m->process);
	return 0;
}

int pt_look_begin(struct pt_look *look, pid_t root)
{
	return add(look, root);
}

/* ---- who came --------------------------------------------------------------------------------------------------- */

/* Children of one process as they are read: first all of them, since to look at one needs the same buffer. */
struct found {
	pid_t *v;
	size_t n, room;
	bool short_of_memory;
};

static void note_child(void *arg, pid_t pid)
{
	struct found *found = arg;
	if (found->n == found->room) {
		size_t room = found->room ? found->room * 2 : 32;
		pid_t *more = realloc(found->v, room * sizeof(*more));
		found->short_of_memory |= !more;
		if (!more)
			return;
		found->v = more;
		found->room = room;
	}
	found->v[found->n++] = pid;
}

static int add_found(struct pt_look *look, const struct found *found)
{
	int error = found->short_of_memory ? -ENOMEM : 0;
	for (size_t i = 0; i < found->n && error != -ENOMEM; i++)
		if (!is_member(look, found->v[i]))
			error = add(look, found->v[i]);
	return error == -ENOMEM ? error : 0; /* who is gone already was missed, as others were */
}

/* All threads of it: at a pace, since there may be thousands and most have no children. */
static void ask_threads(struct pt_look *look, struct pt_member *m, struct found *found)
{
	uint64_t wall = now(look, PT_CLOCK_MONOTONIC), cpu = now(look, PT_CLOCK_THREAD_CPU);
	if (m->process.counters.threads < 2 || !pt_pace_due(&m->siblings, look->share, wall))
		return;
	pt_member_children_of_threads(m, look->k, &look->text, note_child, found);
	pt_pace_asked(&m->siblings, now(look, PT_CLOCK_THREAD_CPU) - cpu, wall);
}

static int find_children(struct pt_look *look, struct pt_member *m)
{
	struct found found = {0};
	if (look->no_listing)
		return 0;
	int error = pt_member_children(m, look->k, &look->text, note_child, &found);
	look->no_listing = error == -ENOENT && m->process.id == 0;
	ask_threads(look, m, &found);
	error = add_found(look, &found);
	free(found.v);
	return error;
}

static int find_orphans(struct pt_look *look)
{
	struct found found = {0};
	if (!look->reaper || look->no_listing)
		return 0;
	pt_children_of(look->k, look->reaper, look->reaper, &look->text, note_child, &found);
	int error = add_found(look, &found);
	free(found.v);
	return error;
}

/* ---- who came, without a list of children: by the parents of all ------------------------------------------------- */

static bool is_child(struct pt_look *look, pid_t pid)
{
	pid_t parent;
	return pt_read_parent(look->k, pid, &parent) == 0 && parent > 0 &&
	       (parent == look->reaper || is_member(look, parent));
}

static int find_by_parents(struct pt_look *look)
{
	pid_t *pids = NULL;
	size_t n = 0;
	int error = pt_read_pids(look->k, &pids, &n);
	for (size_t i = 0; i < n && error != -ENOMEM; i++)
		if (!is_member(look, pids[i]) && is_child(look, pids[i]))
			error = add(look, pids[i]);
	free(pids);
	return error == -ENOMEM ? error : 0;
}

/* ---- counters, and who is gone ---------------------------------------------------------------------------------- */

/* VMAs have no counter: the lines of maps are counted, as far as the budget goes, whenever the mapped size is another one.
 * Short-lived processes get no frame that would say how many there were. */
static void count_vmas(struct pt_look *look, struct pt_member *m, uint64_t monotonic_ns)
{
	struct pt_process *counters = &m->process.counters;
	if (!look->counting.interval_ns)
		pt_budget_init(&look->counting, look->share, SECOND, monotonic_ns, 0, 0);
	if (m->process.frames ||
	    (m->process.vmas.known && counters->mapped.known && m->counted_at == counters->mapped.value))
		return;
	m->process.vmas = (struct pt_maybe){0};
	m->counted_at = counters->mapped.value;
	pt_budget_settle(&look->counting, monotonic_ns, look->counting_ns, look->counting_ns);
	if (look->counting.balance_ns <= 0)
		return;
	uint64_t cpu = now(look, PT_CLOCK_THREAD_CPU);
	m->process.vmas = pt_member_count_vmas(m, look->k, &look->text);
	look->counting_ns += now(look, PT_CLOCK_THREAD_CPU) - cpu;
}

static void sample(struct pt_look *look, struct pt_member *m, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	bool was_dead = m->dead;
	int error = pt_member_sample(m, look->k, &look->text);
	if ((m->dead || m->gone) && !m->process.ended_ns)
		m->process.ended_ns = monotonic_ns;
	if (m->dead && !was_dead) {
		pt_scan_close(m->scan);
		m->scan = NULL;
	}
	if (error || m->dead || m->gone)
		return;
	m->process.sampled_ns = monotonic_ns;
	if (look->count_vmas)
		count_vmas(look, m, monotonic_ns);
	for (size_t i = 0; i < look->n_sinks; i++)
		if (look->sinks[i].sampled)
			look->sinks[i].sampled(look->sinks[i].arg, &m->process, realtime_ns, monotonic_ns);
}

static void tell_end(struct pt_look *look, const struct pt_member *m)
{
	for (size_t i = 0; i < look->n_sinks; i++)
		if (look->sinks[i].ended)
			look->sinks[i].ended(look->sinks[i].arg, &m->process);
}

static void drop_gone(struct pt_look *look, bool last, pt_waited_fn waited, void *arg)
{
	size_t kept = 0;
	for (size_t i = 0; i < look->n; i++) {
		struct pt_member *m = look->v[i];
		if (m->gone || (last && m->dead)) {
			waited(arg, &m->process);
			tell_end(look, m);
			pt_member_free(m, look->k);
			continue;
		}
		look->v[kept] = m;
		look->pids[kept++] = m->process.pid;
	}
	look->n = kept;
}

int pt_look_run(struct pt_look *look, bool last, pt_waited_fn waited, void *arg)
{
	uint64_t realtime = now(look, PT_CLOCK_REALTIME), monotonic = now(look, PT_CLOCK_MONOTONIC);
	look->at_ns = monotonic;
	int error = find_orphans(look);
	for (size_t i = 0; i < look->n && !error; i++) {
		sample(look, look->v[i], realtime, monotonic);
		if (look->v[i]->gone)
			look->pids[i] = 0; /* another may have its PID */
		else if (!look->v[i]->dead)
			error = find_children(look, look->v[i]);
	}
	if (!error && look->no_listing)
		error = find_by_parents(look);
	drop_gone(look, last, waited, arg);
	for (size_t i = 0; i < look->n_sinks; i++)
		if (look->sinks[i].looked)
			look->sinks[i].looked(look->sinks[i].arg, monotonic);
	return error;
}

size_t pt_look_living(const struct pt_look *look)
{
	size_t n = 0;
	for (size_t i = 0; i < look->n; i++)
		n += !look->v[i]->dead;
	return n;
}

bool pt_look_root(const struct pt_look *look)
{
	return look->n && look->v[0]->process.id == 0 && !look->v[0]->dead;
}

void pt_look_free(struct pt_look *look)
{
	for (size_t i = 0; i < look->n; i++)
		pt_member_free(look->v[i], look->k);
	free(look->v);
	free(look->pids);
	free(look->text.v);
}
