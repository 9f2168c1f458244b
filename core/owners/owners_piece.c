/*
 * One process's piece of an index of owners: what is present is found by a walk, and where regions lie close to each
 * other their pagemap entries are read together, over what lies between. Mappings of the zero page are left out: there
 * may be millions, the kernel counts none of them, and it is nobody's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/owners/owners_piece.h"
#include "core/scan/walk.h"

#define ENTRIES 8192u /* of one read of pagemap */
#define GAP     64u   /* pages: cheaper read than stepped over */

struct reading {
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	const volatile bool *cancel;
	struct pt_runs runs;
	uint64_t page, end; /* found and not yet read */
	uint64_t entries[ENTRIES];
};

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static int note_entries(struct reading *r, uint64_t page, size_t n)
{
	int error = 0;
	for (size_t i = 0, next; i < n && !error; i = next) {
		uint64_t entry = r->entries[i];
		for (next = i + 1; next < n && r->entries[next] == entry + (next - i); next++)
			;
		if (!(entry & PM_PRESENT))
			next = i + 1;
		else if (entry & PM_PFN_MASK)
			error = pt_runs_add(&r->runs, page + i, entry & PM_PFN_MASK, next - i);
	}
	return error;
}

/* 0 entries read: that memory is gone. */
static int read_entries(struct reading *r, uint64_t page, size_t n, size_t *ret_n)
{
	struct pt_kernel *k = r->target->k;
	ssize_t got = k->ops->pread(k, r->target->pagemap, r->entries, n * 8, page * 8);
	if (got < 0)
		return (int)got;
	*ret_n = (size_t)got / 8;
	return *ret_n ? 0 : -ESRCH;
}

static int flush(struct reading *r)
{
	int error = 0;
	while (r->page < r->end && !error) {
		size_t n = r->end - r->page < ENTRIES ? (size_t)(r->end - r->page) : ENTRIES;
		error = r->cancel && *r->cancel ? -ECANCELED : read_entries(r, r->page, n, &n);
		if (!error)
			error = note_entries(r, r->page, n);
		r->page += error ? 0 : n;
	}
	return error;
}

/* Of what one entry of a higher table maps, the first page tells the others. */
static int note_huge(struct reading *r, uint64_t page, uint64_t end)
{
	uint64_t step = 1ull << (r->target->k->page_shift - 3);
	for (; page < end; page += step) {
		size_t n = 1;
		int error = r->cancel && *r->cancel ? -ECANCELED : read_entries(r, page, n, &n);
		if (!error && r->entries[0] & PM_PRESENT && r->entries[0] & PM_PFN_MASK)
			error = pt_runs_add(&r->runs, page, r->entries[0] & PM_PFN_MASK, step);
		if (error)
			return error;
	}
	return 0;
}

static bool is_huge(const struct reading *r, const struct pt_region *region)
{
	uint64_t mask = (1ull << (2 * r->target->k->page_shift - 3)) - 1;
	return !region->guess && region->categories & PS_HUGE && !((region->start | region->end) & mask) &&
	       r->vmas->v[region->vma].role != PT_ROLE_HUGETLB;
}

static int note_region(struct reading *r, const struct pt_region *region)
{
	unsigned shift = r->target->k->page_shift;
	uint64_t page = region->start >> shift, end = region->end >> shift;
	bool huge = is_huge(r, region), zero = !region->guess && region->categories & PS_PFNZERO;
	if (!region->guess && !(region->categories & PS_PRESENT))
		return 0;
	if (huge || zero || page < r->end || page - r->end > GAP || r->end - r->page >= ENTRIES) {
		int error = flush(r);
		if (error || huge)
			return error ? error : note_huge(r, page, end);
		r->page = r->end = zero ? end : page;
	}
	r->end = end;
	return 0;
}

static int note_all(struct reading *r)
{
	struct pt_walk *walk = malloc(sizeof(*walk));
	struct pt_region region;
	int more;
	if (!walk)
		return -ENOMEM;
	pt_walk_init(walk, r->target, r->vmas, (struct pt_stretch){0, UINT64_MAX}, false);
	while ((more = pt_walk_next(walk, &region)) == 1) {
		more = note_region(r, &region);
		if (more)
			break;
	}
	free(walk);
	return more ? more : flush(r);
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

static uint64_t hash(uint64_t h, uint64_t value)
{
	h = (h ^ value) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint64_t hash_vmas(const struct pt_vma_table *vmas)
{
	uint64_t h = vmas->n;
	for (size_t i = 0; i < vmas->n; i++) {
		const struct pt_vma *v = &vmas->v[i];
		h = hash(hash(hash(hash(h, v->start), v->end), v->offset), v->inode ^ (uint64_t)v->perms << 56);
	}
	return h;
}

static struct pt_piece_mark mark_of(const struct pt_process *p, const struct pt_vma_table *vmas)
{
	return (struct pt_piece_mark){
		.start_time = p->start_time,
		.start_stack = p->start_stack,
		.minor_faults = p->minor_faults.value,
		.major_faults = p->major_faults.value,
		.resident = p->rss_anon.value + p->rss_file.value + p->rss_shmem.value,
		.swap = p->swap.value,
		.hugetlb = p->hugetlb.value,
		.vmas = hash_vmas(vmas),
	};
}

static bool same_mark(const struct pt_piece_mark *a, const struct pt_piece_mark *b)
{
	return a->start_time == b->start_time && a->start_stack == b->start_stack &&
	       a->minor_faults == b->minor_faults && a->major_faults == b->major_faults && a->resident == b->resident &&
	       a->swap == b->swap && a->hugetlb == b->hugetlb && a->vmas == b->vmas;
}

static int read_piece(struct pt_target *target, const struct pt_vma_table *vmas, const struct pt_piece_request *request,
		      struct pt_piece *piece)
{
	struct reading *r = malloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->target = target;
	r->vmas = vmas;
	r->cancel = request->cancel;
	r->runs = (struct pt_runs){0};
	r->page = r->end = 0;
	int error = note_all(r);
	if (!error)
		error = pt_runs_finish(&r->runs);
	if (error)
		free(r->runs.v);
	else {
		piece->runs = r->runs.v;
		piece->n = r->runs.n;
		piece->pages = r->runs.pages;
		piece->task = target->task;
	}
	free(r);
	return error;
}

/* Where the main thread has ended, its files show nothing any more, and those of another thread do. */
static int read_of_task(struct pt_target *target, const struct pt_vma_table *vmas,
			const struct pt_piece_request *request, struct pt_piece *piece)
{
	struct pt_vma_table *of_task;
	if (target->task == target->pid)
		return read_piece(target, vmas, request, piece);
	int error = pt_read_maps(target->k, target->task, &of_task);
	if (error)
		return error;
	error = read_piece(target, of_task, request, piece);
	pt_vma_table_unref(of_task);
	return error;
}

static int new_piece(struct pt_kernel *k, const struct pt_process *process, const struct pt_piece_request *request,
		     const struct pt_vma_table *vmas, const struct pt_piece_mark *mark, struct pt_piece **ret)
{
	struct pt_target target;
	struct pt_piece *piece = calloc(1, sizeof(*piece));
	if (!piece)
		return -ENOMEM;
	piece->refs = 1;
	piece->pid = process->pid;
	snprintf(piece->name, sizeof(piece->name), "%.15s", process->name);
	piece->mark = *mark;
	piece->read_ns = k->ops->now(k, PT_CLOCK_MONOTONIC);
	int error = pt_target_open(&target, k, process->pid, request->signals);
	if (!error) {
		error = read_of_task(&target, vmas, request, piece);
		pt_target_close(&target);
	}
	if (error)
		pt_piece_unref(piece);
	else
		*ret = piece;
	return error;
}

int pt_piece_read(struct pt_kernel *k, pid_t pid, const struct pt_piece_request *request, struct pt_piece **ret)
{
	struct pt_process process;
	struct pt_vma_table *vmas;
	int error = pt_read_process(k, pid, &process);
	bool left = process.state == 'Z' && process.threads > 1; /* the main thread has ended, others have the memory */
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	if (!process.rss_anon.known && !process.mapped.known && !left)
		return -ENODATA; /* a kernel thread, or a zombie */
	error = pt_read_maps(k, pid, &vmas);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	struct pt_piece_mark mark = mark_of(&process, vmas);
	struct pt_piece *before = request->before;
	if (before && !left && same_mark(&before->mark, &mark)) {
		__atomic_add_fetch(&before->refs, 1, __ATOMIC_RELAXED);
		*ret = before;
	} else
		error = new_piece(k, &process, request, vmas, &mark, ret);
	pt_vma_table_unref(vmas);
	return error;
}
