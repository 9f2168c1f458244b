/*
 * Looking at a family; see forks.h.
 */
#include "core/forks/forks.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/forks/relatives.h"
#include "core/kernel/readers.h"
#include "core/scan/scan.h"

/* A member between looks. */
struct kept {
	pid_t pid;
	uint64_t start_time, start_stack;
	char name[PT_NAME_MAX];
	struct pt_maybe live_ns;
	struct pt_scan *scan; /* NULL: not open */
	bool seen;            /* in the look under way */
	size_t n_points;
	struct pt_forks_point points[PT_FORKS_POINTS];
};

struct pt_forks {
	struct pt_kernel *k; /* borrowed */
	pid_t pid;           /* that was asked about */
	bool has_means;
	struct pt_scan_means means; /* of whom was looked at first */
	struct kept *kept[PT_FORKS_MOST];
	size_t n_kept;
	struct pt_forks_ended ended[PT_FORKS_ENDED];
	size_t n_ended;
};

struct pt_forks *pt_forks_new(struct pt_kernel *k, pid_t pid)
{
	struct pt_forks *f = calloc(1, sizeof *f);
	if (f) {
		f->k = k;
		f->pid = pid;
	}
	return f;
}

static void drop(struct kept *kept)
{
	pt_scan_close(kept->scan);
	free(kept);
}

void pt_forks_free(struct pt_forks *f)
{
	for (size_t i = 0; f && i < f->n_kept; i++)
		drop(f->kept[i]);
	free(f);
}

void pt_forks_look_free(struct pt_forks_look *look)
{
	for (size_t i = 0; look && i < look->n; i++) {
		pt_snapshot_unref(look->v[i].snapshot);
		pt_kin_table_free(&look->v[i].table);
		free(look->v[i].points);
	}
	if (look)
		free(look->v);
	free(look);
}

/* ---- what is kept of each --------------------------------------------------------------------------------------- */

static struct kept *keep(struct pt_forks *f, const struct pt_relation *r)
{
	for (size_t i = 0; i < f->n_kept; i++)
		if (f->kept[i]->pid == r->process.pid && f->kept[i]->start_time == r->process.start_time)
			return f->kept[i];
	if (f->n_kept == PT_FORKS_MOST)
		return NULL;
	struct kept *kept = calloc(1, sizeof *kept);
	if (!kept)
		return NULL;
	kept->pid = r->process.pid;
	kept->start_time = r->process.start_time;
	kept->start_stack = r->process.start_stack;
	f->kept[f->n_kept++] = kept;
	return kept;
}

const char *pt_forks_end_name(enum pt_forks_end end)
{
	static const char *const names[] = {"ended", "became-other", "orphan"};
	return (unsigned)end < sizeof names / sizeof *names ? names[end] : "";
}

/* One that is about to end has given up its memory, and shows no stack any more. */
static enum pt_forks_end how_it_ended(struct pt_forks *f, const struct kept *kept)
{
	struct pt_process now;
	if (pt_read_process(f->k, kept->pid, &now) < 0 || now.start_time != kept->start_time || !now.start_stack)
		return PT_FORKS_GONE;
	return now.start_stack == kept->start_stack ? PT_FORKS_ORPHAN : PT_FORKS_OTHER;
}

static void note_end(struct pt_forks *f, const struct kept *kept)
{
	if (!kept->n_points)
		return; /* never looked at, or nobody's fork */
	if (f->n_ended == PT_FORKS_ENDED)
		memmove(f->ended, f->ended + 1, --f->n_ended * sizeof *f->ended);
	struct pt_forks_ended *ended = &f->ended[f->n_ended++];
	*ended = (struct pt_forks_ended){.pid = kept->pid,
					 .how = how_it_ended(f, kept),
					 .live_ns = kept->live_ns,
					 .last = kept->points[kept->n_points - 1]};
	memcpy(ended->name, kept->name, sizeof ended->name);
}

/* Who is no member any more. */
static void drop_unseen(struct pt_forks *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n_kept; i++) {
		if (f->kept[i]->seen) {
			f->kept[n++] = f->kept[i];
			continue;
		}
		note_end(f, f->kept[i]);
		drop(f->kept[i]);
	}
	f->n_kept = n;
}

static void add_point(struct kept *kept, uint64_t at_ns, const struct pt_kin_sums *sums)
{
	if (kept->n_points == PT_FORKS_POINTS) {
		for (size_t i = 0; i < PT_FORKS_POINTS / 2; i++)
			kept->points[i] = kept->points[2 * i];
		kept->n_points = PT_FORKS_POINTS / 2;
	}
	kept->points[kept->n_points++] = (struct pt_forks_point){at_ns, *sums};
}

/* ---- one look --------------------------------------------------------------------------------------------------- */

static int open_scan(struct pt_forks *f, struct kept *kept)
{
	if (kept->scan)
		return 0;
	if (!f->has_means)
		pt_scan_find_means(f->k, kept->pid, &f->means);
	f->has_means = true;
	return pt_scan_open_by(&kept->scan, f->k, kept->pid, &f->means);
}

static void read_member(struct pt_forks *f, struct kept *kept, struct pt_forks_member *m)
{
	m->error = open_scan(f, kept);
	if (!m->error)
		m->error = pt_scan_frame(kept->scan, NULL, NULL, &m->snapshot);
	if (m->error) {
		pt_scan_close(kept->scan);
		kept->scan = NULL;
	}
}

/* An exec while it was looked at makes it no fork any more: the next look will see that. */
static bool is_fork_still(const struct pt_snapshot *parent, const struct pt_snapshot *child)
{
	return parent->process.start_stack == child->process.start_stack;
}

static int compare(struct pt_forks_look *look, struct pt_forks_member *m, struct kept *kept)
{
	const struct pt_snapshot *parent = m->parent == PT_FORKS_NONE ? NULL : look->v[m->parent].snapshot;
	if (!parent || !m->snapshot || !is_fork_still(parent, m->snapshot))
		return 0;
	int error = pt_kin_table_make(parent, m->snapshot, &m->table);
	if (error)
		return error;
	m->compared = true;
	add_point(kept, look->at_ns, &m->table.sums);
	m->points = malloc(kept->n_points * sizeof *m->points);
	if (!m->points)
		return -ENOMEM;
	memcpy(m->points, kept->points, kept->n_points * sizeof *m->points);
	m->n_points = kept->n_points;
	return 0;
}

static int look_at(struct pt_forks *f, struct pt_forks_look *look, const struct pt_relation *r)
{
	struct kept *kept = keep(f, r);
	struct pt_forks_member *m = &look->v[look->n];
	if (!kept)
		return -ENOMEM;
	*m = (struct pt_forks_member){
		.pid = r->process.pid, .parent = r->parent, .start_time = r->process.start_time, .live_ns = r->live_ns};
	memcpy(m->name, r->process.name, sizeof m->name);
	memcpy(kept->name, r->process.name, sizeof kept->name);
	kept->live_ns = r->live_ns;
	kept->seen = true;
	read_member(f, kept, m);
	look->n++;
	return compare(look, m, kept);
}

static int look_at_all(struct pt_forks *f, struct pt_forks_look *look, const struct pt_relatives *r,
		       bool (*stop)(void *arg), void *arg)
{
	size_t n = r->n < PT_FORKS_MOST ? r->n : PT_FORKS_MOST;
	look->left_out = r->n - n;
	look->v = calloc(n, sizeof *look->v);
	if (!look->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int error = stop && stop(arg) ? -ECANCELED : look_at(f, look, &r->v[i]);
		if (error)
			return error;
		if (look->v[i].error && (!i || look->v[i].pid == f->pid))
			return look->v[i].error;
	}
	return 0;
}

/* Who ended while the others were read is no member: its end is told by the next look. */
static int look_now(struct pt_forks *f, struct pt_forks_look *look, bool (*stop)(void *arg), void *arg)
{
	struct pt_relatives relatives;
	int error = pt_relatives_read(f->k, f->pid, &relatives);
	if (error)
		return error;
	for (size_t i = 0; i < f->n_kept; i++) {
		f->kept[i]->seen = false;
		for (size_t j = 0; j < relatives.n && j < PT_FORKS_MOST; j++)
			f->kept[i]->seen |= f->kept[i]->pid == relatives.v[j].process.pid &&
					    f->kept[i]->start_time == relatives.v[j].process.start_time;
	}
	drop_unseen(f);
	error = look_at_all(f, look, &relatives, stop, arg);
	pt_relatives_free(&relatives);
	memcpy(look->ended, f->ended, sizeof look->ended);
	look->n_ended = f->n_ended;
	return error;
}

int pt_forks_look(struct pt_forks *f, bool (*stop)(void *arg), void *arg, struct pt_forks_look **ret)
{
	struct pt_forks_look *look = calloc(1, sizeof *look);
	uint64_t cpu = f->k->ops->now(f->k, PT_CLOCK_THREAD_CPU);
	if (!look)
		return -ENOMEM;
	look->page_shift = f->k->page_shift;
	look->at_ns = f->k->ops->now(f->k, PT_CLOCK_MONOTONIC);
	int error = look_now(f, look, stop, arg);
	look->cpu_ns = f->k->ops->now(f->k, PT_CLOCK_THREAD_CPU) - cpu;
	if (error)
		pt_forks_look_free(look);
	else
		*ret = look;
	return error;
}

/* ---- what follows from looks ------------------------------------------------------------------------------------ */

size_t pt_forks_find(const struct pt_forks_look *look, pid_t pid)
{
	for (size_t i = 0; i < look->n; i++)
		if (look->v[i].pid == pid)
			return i;
	return PT_FORKS_NONE;
}

bool pt_forks_rate(const struct pt_forks_member *m, uint64_t window_ns, double *ret)
{
	if (m->n_points < 2)
		return false;
	const struct pt_forks_point *last = &m->points[m->n_points - 1], *from = last - 1;
	while (from > m->points && last->at_ns - from->at_ns < window_ns)
		from--;
	if (last->at_ns <= from->at_ns)
		return false;
	*ret = ((double)pt_kin_copied(&last->sums) - (double)pt_kin_copied(&from->sums)) /
	       ((double)(last->at_ns - from->at_ns) / 1e9);
	return true;
}

double pt_forks_expect(const struct pt_kin_sums *sums, double pages_per_s, uint64_t after_ns)
{
	double shared = (double)sums->n[PT_KIN_SHARED], copied = (double)pt_kin_copied(sums);
	if (shared <= 0 || pages_per_s <= 0)
		return copied;
	return copied + shared * (1 - exp(-pages_per_s * ((double)after_ns / 1e9) / shared));
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

struct pt_maybe pt_forks_life(const struct pt_forks_look *look)
{
	uint64_t lives[PT_FORKS_ENDED];
	size_t n = 0;
	for (size_t i = 0; i < look->n_ended; i++)
		if (look->ended[i].how == PT_FORKS_GONE && look->ended[i].live_ns.known)
			lives[n++] = look->ended[i].live_ns.value;
	qsort(lives, n, sizeof *lives, by_size);
	return (struct pt_maybe){n ? lives[n / 2] : 0, n > 0};
}
