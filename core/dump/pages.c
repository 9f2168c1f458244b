/*
 * Reading pages for a dump; see pages.h.
 *
 * The walk finds where anything is; a slice of it is then asked of pagemap once more right before it is read, since a page
 * that went away in between would be put into the target by reading it. Between the two lie microseconds, in which this
 * can still happen to a target that is not stopped.
 */
#include "core/dump/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/room.h"
#include "core/scan/walk.h"

#ifndef PT_DUMP_SLICE
#define PT_DUMP_SLICE 512u /* pages at a time */
#endif

struct pages {
	const struct pt_pages_job *job;
	struct pt_walk walk;
	struct pt_region region; /* the next one of the walk; */
	bool more;               /* there is one */
	unsigned shift;
	uint64_t done_bytes;
	uint64_t entries[PT_DUMP_SLICE];
	uint8_t contents[PT_DUMP_SLICE]; /* of the slice: enum pt_content */
	unsigned char *bytes, *base;     /* of the slice, and as the base has it */
};

/* ---- what is to be read ----------------------------------------------------------------------------------------- */

/* Why a VMA is left out as a whole; PT_CONTENT_STORED: it is not. */
static enum pt_content left_out(const struct pt_vma *vma, const struct pt_dump_wish *wish)
{
	if (vma->role == PT_ROLE_VSYSCALL || vma->role == PT_ROLE_VVAR || vma->role == PT_ROLE_DEVICE)
		return PT_CONTENT_DEVICE;
	if (!vma->has_vm_flags)
		return PT_CONTENT_UNREADABLE; /* what may be read of it is not known */
	if (vma->vm_flags & (PT_VM_IO | PT_VM_PFNMAP))
		return PT_CONTENT_DEVICE;
	if (vma->vm_flags & PT_VM_UFFD_MISSING)
		return PT_CONTENT_USERFAULT;
	return vma->vm_flags & PT_VM_DONTDUMP && !wish->all ? PT_CONTENT_DONTDUMP : PT_CONTENT_STORED;
}

/* What is known of a page that is not there. */
static enum pt_content absent(const struct pt_vma *vma)
{
	if (vma->role == PT_ROLE_SHMEM || vma->role == PT_ROLE_HUGETLB || vma->role == PT_ROLE_VDSO)
		return PT_CONTENT_ELSEWHERE;
	if (vma->inode)
		return PT_CONTENT_FILE;
	return vma->perms & PT_SHARED ? PT_CONTENT_ELSEWHERE : PT_CONTENT_ZERO;
}

/* STORED stands for: to be read. */
static enum pt_content classify(const struct pages *p, const struct pt_vma *vma, uint64_t entry)
{
	const struct pt_pages_job *job = p->job;
	if (entry & PM_PRESENT) {
		bool unchanged = job->by_soft_dirty && !(entry & (PM_SOFT_DIRTY | PM_FILE));
		return unchanged ? PT_CONTENT_SAME : PT_CONTENT_STORED;
	}
	if (entry & PM_GUARD)
		return PT_CONTENT_MARKER;
	if (!(entry & PM_SWAP))
		return absent(vma);
	unsigned type = entry & 31; /* 0 where it is hidden */
	if (type == PM_SWAP_TYPE_MARKER)
		return PT_CONTENT_MARKER;
	if (type >= PM_SWAP_TYPE_SPECIAL) /* under migration: it is in memory, and reading waits for it */
		return PT_CONTENT_STORED;
	return job->wish->swapped ? PT_CONTENT_STORED : PT_CONTENT_SWAPPED;
}

/* Pages i and on of the slice of which the same is known. */
static size_t alike(const struct pages *p, size_t i, size_t n)
{
	size_t end = i + 1;
	while (end < n && p->contents[end] == p->contents[i])
		end++;
	return end;
}

static int look(struct pages *p, const struct pt_vma *vma, uint64_t start, size_t n)
{
	struct pt_target *t = p->job->target;
	ssize_t got = t->k->ops->pread(t->k, t->pagemap, p->entries, n * sizeof(*p->entries),
				       (start >> p->shift) * sizeof(*p->entries));
	if (got != (ssize_t)(n * sizeof(*p->entries)))
		return got < 0 ? (int)got : -ESRCH;
	for (size_t i = 0; i < n; i++)
		p->contents[i] = (uint8_t)classify(p, vma, p->entries[i]);
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Pages [first, end) of the slice; those that cannot be read become unreadable. */
static int read_pages(struct pages *p, uint64_t start, size_t first, size_t end)
{
	struct pt_target *t = p->job->target;
	for (size_t i = first; i < end;) {
		ssize_t got = t->k->ops->pread(t->k, p->job->mem, p->bytes + (i << p->shift), (end - i) << p->shift,
					       start + (i << p->shift));
		if (got == 0 || got == -ESRCH)
			return -ESRCH;
		if (got >= (ssize_t)1 << p->shift)
			i += (size_t)got >> p->shift; /* where it ended early, the next read says why */
		else
			p->contents[i++] = PT_CONTENT_UNREADABLE;
	}
	return 0;
}

static bool equal_zero(const unsigned char *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* Pages [first, end) of the slice that were read, beside what one run of the base has there. */
static int compare_with(struct pages *p, const struct pt_run *run, uint64_t start, size_t first, size_t end)
{
	const size_t size = (size_t)1 << p->shift;
	bool zero = run->content == PT_CONTENT_ZERO;
	if (!pt_content_here(run->content))
		return 0;
	int error = zero ? 0
			 : pt_core_read(p->job->wish->base, start + first * size, p->base + first * size,
					(end - first) * size);
	for (size_t i = first; i < end && !error; i++) {
		const unsigned char *page = p->bytes + i * size;
		if (p->contents[i] != PT_CONTENT_STORED)
			continue;
		if (zero ? equal_zero(page, size) : !memcmp(page, p->base + i * size, size))
			p->contents[i] = PT_CONTENT_SAME;
	}
	return error;
}

static int compare_with_base(struct pages *p, uint64_t start, size_t first, size_t end)
{
	const struct pt_core *base = p->job->wish->base;
	int error = 0;
	for (size_t run = pt_core_find(base, start + (first << p->shift)); first < end && !error; run++) {
		if (run == base->n_runs || base->runs[run].start >= start + (end << p->shift))
			break;
		uint64_t from = start + (first << p->shift), to = base->runs[run].end;
		if (base->runs[run].start > from)
			first = (base->runs[run].start - start) >> p->shift;
		size_t last = to < start + (end << p->shift) ? (to - start) >> p->shift : end;
		error = compare_with(p, &base->runs[run], start, first, last);
		first = last;
	}
	return error;
}

/* What soft-dirty calls unchanged is so only where the base has it; else it is read after all. */
static void check_unchanged(struct pages *p, uint64_t start, size_t n)
{
	const struct pt_core *base = p->job->wish->base;
	for (size_t i = 0; i < n; i++) {
		uint64_t addr = start + (i << p->shift);
		if (p->contents[i] != PT_CONTENT_SAME)
			continue;
		size_t run = pt_core_find(base, addr);
		if (run == base->n_runs || base->runs[run].start > addr || !pt_content_here(base->runs[run].content))
			p->contents[i] = PT_CONTENT_STORED;
	}
}

static int dump_slice(struct pages *p, const struct pt_vma *vma, uint64_t start, size_t n)
{
	const struct pt_dump_wish *wish = p->job->wish;
	size_t end;
	int error = wish->step ? wish->step(wish->arg, p->done_bytes, p->job->all_bytes) : 0;
	if (!error)
		error = look(p, vma, start, n);
	if (p->job->by_soft_dirty && !error)
		check_unchanged(p, start, n);
	for (size_t i = 0; i < n && !error; i = end) {
		end = alike(p, i, n);
		if (p->contents[i] != PT_CONTENT_STORED)
			continue;
		error = read_pages(p, start, i, end);
		if (wish->base && !error)
			error = compare_with_base(p, start, i, end);
		p->done_bytes += (end - i) << p->shift;
	}
	for (size_t i = 0; i < n && !error; i = end) {
		end = alike(p, i, n);
		error = pt_writer_put(p->job->writer, start + (i << p->shift), start + (end << p->shift),
				      (enum pt_content)p->contents[i], p->bytes + (i << p->shift));
	}
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int next_region(struct pages *p)
{
	int r = pt_walk_next(&p->walk, &p->region);
	p->more = r == 1;
	return r < 0 ? r : 0;
}

static int dump_vma(struct pages *p, size_t index)
{
	const struct pt_vma *vma = &p->job->vmas->v[index];
	struct pt_writer *writer = p->job->writer;
	enum pt_content why = left_out(vma, p->job->wish);
	uint64_t at = vma->start;
	int error = pt_writer_vma(writer, vma->perms);

	if (!error && why != PT_CONTENT_STORED)
		error = pt_writer_put(writer, vma->start, vma->end, why, NULL);
	for (; !error && p->more && p->region.vma <= index; error = error ? error : next_region(p)) {
		if (why != PT_CONTENT_STORED || p->region.vma != index)
			continue;
		error = pt_writer_put(writer, at, p->region.start, absent(vma), NULL);
		for (at = p->region.start; at < p->region.end && !error;) {
			uint64_t left = (p->region.end - at) >> p->shift;
			size_t n = left < PT_DUMP_SLICE ? (size_t)left : PT_DUMP_SLICE;
			error = dump_slice(p, vma, at, n);
			at += (uint64_t)n << p->shift;
		}
	}
	if (!error && why == PT_CONTENT_STORED)
		error = pt_writer_put(writer, at, vma->end, absent(vma), NULL);
	return error;
}

int pt_pages_dump(const struct pt_pages_job *job)
{
	struct pages *p = malloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pages){.job = job, .shift = job->target->k->page_shift};
	size_t size = (size_t)PT_DUMP_SLICE << p->shift;
	int error = pt_room(&p->bytes, 0, size) && (!job->wish->base || pt_room(&p->base, 0, size)) ? 0 : -ENOMEM;
	if (!error) {
		pt_walk_init(&p->walk, job->target, job->vmas, (struct pt_stretch){0, UINT64_MAX}, false);
		error = next_region(p);
	}
	for (size_t i = 0; i < job->vmas->n && !error; i++)
		error = dump_vma(p, i);
	free(p->bytes);
	free(p->base);
	free(p);
	return error;
}
