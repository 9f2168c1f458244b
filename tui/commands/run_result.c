/*
 * What the reports of pagetop run are made of: orders, sums and differences; see run_report.h. Prints nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tui/commands/run_report.h"

/* ---- processes -------------------------------------------------------------------------------------------------- */

struct ranked {
	size_t id;
	uint64_t peak;
};

static int by_peak(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->peak != y->peak)
		return x->peak > y->peak ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

size_t *ui_run_order(const struct ui_watch *watch)
{
	struct ranked *ranked = calloc(watch->n + 1, sizeof(*ranked));
	size_t *order = calloc(watch->n + 1, sizeof(*order));
	for (size_t i = 0; ranked && order && i < watch->n; i++)
		ranked[i] = (struct ranked){i, ui_watched_peak(&watch->v[i]).value};
	if (ranked && order) {
		qsort(ranked, watch->n, sizeof(*ranked), by_peak);
		for (size_t i = 0; i < watch->n; i++)
			order[i] = ranked[i].id;
	}
	if (!ranked) {
		free(order);
		order = NULL;
	}
	free(ranked);
	return order;
}

char *ui_run_exit(const struct ui_watched *w, char *ret, size_t size)
{
	int status = (int)w->process.exit_status.value;
	if (!w->process.exit_status.known)
		snprintf(ret, size, w->process.ended_ns ? "?" : "lives");
	else if (!WIFSIGNALED(status))
		snprintf(ret, size, "%d", WEXITSTATUS(status));
	else if (sigabbrev_np(WTERMSIG(status)))
		snprintf(ret, size, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(ret, size, "signal %d", WTERMSIG(status));
	return ret;
}

struct pt_maybe ui_run_missed(const struct ui_run_result *r)
{
	uint64_t seen = r->tree.seen ? r->tree.seen - 1 : 0; /* the root began before the count */
	if (!r->tree.forks.known)
		return (struct pt_maybe){0};
	return (struct pt_maybe){r->tree.forks.value > seen ? r->tree.forks.value - seen : 0, true};
}

/* ---- the peak --------------------------------------------------------------------------------------------------- */

static void add_roles(const struct pt_snapshot *frame, struct ui_peak_sums *ret)
{
	for (size_t i = 0; i < frame->vmas->n; i++) {
		struct pt_maybe rss = pt_snapshot_bytes(frame, i, PT_SUM_RSS);
		if (rss.known)
			ret->roles[frame->vmas->v[i].role] += rss.value;
		else
			ret->partial = true;
	}
}

void ui_run_peak_sums(const struct ui_watch *watch, struct ui_peak_sums *ret)
{
	const struct ui_parts *peak = &watch->peak;
	*ret = (struct ui_peak_sums){0};
	for (size_t i = 0; i < peak->n; i++) {
		const struct pt_snapshot *frame = peak->v[i].frame;
		if (!frame) {
			ret->unseen += ui_held_rss(&peak->v[i].held);
			continue;
		}
		uint64_t before = peak->ns > frame->monotonic_ns ? peak->ns - frame->monotonic_ns : 0;
		uint64_t after = frame->monotonic_ns > peak->ns ? frame->monotonic_ns - peak->ns : 0;
		struct pt_maybe rss = pt_snapshot_bytes(frame, frame->vmas->n, PT_SUM_RSS);
		ret->frames++;
		ret->held += ui_held_rss(&peak->v[i].held);
		ret->framed += rss.known ? rss.value : 0;
		ret->partial |= !rss.known;
		ret->before = before > ret->before ? before : ret->before;
		ret->after = after > ret->after ? after : ret->after;
		add_roles(frame, ret);
	}
}

/* Into its place among the largest so far. */
static size_t insert(struct ui_peak_vma *v, size_t n, size_t max, struct ui_peak_vma vma)
{
	size_t at = n < max ? n : max;
	while (at > 0 && v[at - 1].rss < vma.rss) {
		if (at < max)
			v[at] = v[at - 1];
		at--;
	}
	if (at < max)
		v[at] = vma;
	return n < max ? n + 1 : max;
}

size_t ui_run_peak_vmas(const struct ui_watch *watch, struct ui_peak_vma *ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < watch->peak.n; i++) {
		const struct ui_part *part = &watch->peak.v[i];
		for (size_t j = 0; part->frame && j < part->frame->vmas->n; j++) {
			struct pt_maybe rss = pt_snapshot_bytes(part->frame, j, PT_SUM_RSS);
			if (rss.known && rss.value)
				n = insert(ret, n, max, (struct ui_peak_vma){part, j, rss.value});
		}
	}
	return n;
}
