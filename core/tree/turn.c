/*
 * Frames of the members of a tree, in turns; see turn.h.
 */
#include "core/tree/turn.h"

#include <errno.h>

#define SCANS_MAX 48u /* open at a time: each has buffers, and the last frame of its process */

static uint64_t now(const struct pt_turns *turns)
{
	return turns->k->ops->now(turns->k, PT_CLOCK_MONOTONIC);
}

/* ---- whose turn it is ------------------------------------------------------------------------------------------- */

static uint64_t bytes(const struct pt_process *p)
{
	return (p->rss_anon.known ? p->rss_anon.value : 0) + (p->rss_file.known ? p->rss_file.value : 0) +
	       (p->rss_shmem.known ? p->rss_shmem.value : 0);
}

static size_t count_scans(const struct pt_look *look)
{
	size_t n = 0;
	for (size_t i = 0; i < look->n; i++)
		n += look->v[i]->scan != NULL;
	return n;
}

static bool may_have_one(const struct pt_member *m, bool room)
{
	return !m->dead && !m->gone && !m->process.refused && m->process.sampled_ns && (m->scan || room);
}

static uint64_t due(const struct pt_turns *turns, const struct pt_member *m)
{
	return m->framed_ns ? m->framed_ns + turns->frame_ns : m->process.seen_ns + turns->settle_ns;
}

struct pt_member *pt_turns_next(const struct pt_turns *turns, const struct pt_look *look, uint64_t now_ns,
				uint64_t *ret_at)
{
	struct pt_member *best = NULL;
	double most = -1;
	*ret_at = UINT64_MAX;
	if (!turns->frame_ns)
		return NULL;
	bool room = count_scans(look) < SCANS_MAX;
	for (size_t i = 0; i < look->n; i++) {
		struct pt_member *m = look->v[i];
		if (!may_have_one(m, room))
			continue;
		if (m->preferred)
			return m;
		uint64_t at = due(turns, m), since = m->framed_ns ? m->framed_ns : m->process.seen_ns;
		double worth = (double)bytes(&m->process.counters) * (double)(now_ns - since);
		if (at > now_ns)
			*ret_at = at < *ret_at ? at : *ret_at;
		else if (worth > most) {
			best = m;
			most = worth;
		}
	}
	return best;
}

void pt_turns_prefer(const struct pt_look *look, pid_t pid)
{
	struct pt_member *largest = NULL;
	for (size_t i = 0; i < look->n && pid; i++) {
		struct pt_member *m = look->v[i];
		m->preferred |= m->process.pid == pid;
		if (!largest || bytes(&m->process.counters) > bytes(&largest->process.counters))
			largest = m;
	}
	if (largest)
		largest->preferred = true;
}

/* ---- taking it -------------------------------------------------------------------------------------------------- */

static void open_scan(struct pt_turns *turns, struct pt_member *m)
{
	if (!turns->has_means)
		pt_scan_find_means(turns->k, m->process.pid, &turns->means);
	turns->has_means = true;
	int error = pt_scan_open_by(&m->scan, turns->k, m->process.pid, &turns->means);
	if (error)
		m->scan = NULL;
	m->process.refused = error == -EACCES || error == -EPERM || error == -ENODATA;
}

static void tell(const struct pt_turns *turns, const struct pt_member *m, struct pt_snapshot *snapshot)
{
	for (size_t i = 0; i < turns->n_sinks; i++)
		if (turns->sinks[i].frame)
			turns->sinks[i].frame(turns->sinks[i].arg, &m->process, snapshot);
}

void pt_turns_take(struct pt_turns *turns, struct pt_member *m, uint64_t budget_ns)
{
	struct pt_scan_wish wish = {.share = turns->share, .budget_ns = budget_ns, .interval_ns = turns->frame_ns};
	struct pt_snapshot *snapshot = NULL;
	m->preferred = false;
	if (!m->scan)
		open_scan(turns, m);
	if (m->scan) {
		pt_scan_number(m->scan, turns->seq);
		if (pt_scan_refresh(m->scan, &wish, NULL, NULL, &snapshot) == 0) {
			turns->seq = snapshot->seq;
			turns->frames++;
			m->process.frames++;
			tell(turns, m, snapshot);
		}
		pt_snapshot_unref(snapshot);
	}
	m->framed_ns = now(turns); /* what failed is tried again when its next turn comes */
}
