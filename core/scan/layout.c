/*
 * Keeping the VMA table; see layout.h.
 *
 * A table is immutable, so a change makes a new one. Thread stacks are found by each thread's stack pointer, which the
 * kernel shows only while the thread sleeps: threads that ran are asked again with the next frames, a few times.
 */
#include "core/scan/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"

#define RETRIES     5
#define THREADS_MAX 4096 /* a file each: asking more would cost more than their names are worth */

static bool same_vma(const struct pt_vma *a, const struct pt_vma *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset && a->inode == b->inode &&
	       a->perms == b->perms && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       strcmp(a->path, b->path) == 0;
}

static bool same_table(const struct pt_vma_table *a, const struct pt_vma_table *b)
{
	if (!a || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_vma(&a->v[i], &b->v[i]))
			return false;
	return true;
}

static bool is_stack_like(const struct pt_vma *vma)
{
	return !vma->inode && (vma->perms & (PT_READ | PT_WRITE | PT_SHARED)) == (PT_READ | PT_WRITE) &&
	       vma->role != PT_ROLE_STACK && vma->role != PT_ROLE_HEAP;
}

/* Returns how many threads ran and could not be asked. */
static unsigned mark_stacks(struct pt_target *t, struct pt_vma_table *vmas)
{
	pid_t *tids;
	size_t n;
	unsigned ran = 0;
	if (pt_read_threads(t->k, t->pid, &tids, &n) != 0)
		return 0;
	for (size_t i = 0; i < n && i < THREADS_MAX; i++) {
		uint64_t sp;
		if (tids[i] == t->pid)
			continue;
		int error = pt_read_thread_sp(t->k, t->pid, tids[i], &sp);
		ran += error == -EAGAIN;
		size_t at = error ? vmas->n : pt_vma_find(vmas, sp);
		if (at < vmas->n && pt_vma_covers(&vmas->v[at], sp) && is_stack_like(&vmas->v[at]))
			vmas->v[at].tid = tids[i];
	}
	free(tids);
	return ran;
}

/* VmFlags come with smaps alone, which costs as much as a scan; they are asked for only where mlock is at work. */
static void mark_locked(struct pt_target *t, struct pt_vma_table *vmas)
{
	struct pt_smaps *smaps;
	size_t n;
	if (pt_read_smaps(t->k, t->task, &smaps, &n) != 0)
		return;
	for (size_t i = 0, k = 0; i < vmas->n && k < n; i++) {
		while (k < n && smaps[k].start < vmas->v[i].start)
			k++;
		if (k < n && smaps[k].start == vmas->v[i].start && smaps[k].end == vmas->v[i].end) {
			vmas->v[i].has_vm_flags = smaps[k].has_vm_flags;
			vmas->v[i].vm_flags = smaps[k].vm_flags;
		}
	}
	free(smaps);
}

/* Flags that were read before, of a table that is the same but for threads. */
static void copy_locked(const struct pt_vma_table *from, struct pt_vma_table *to)
{
	for (size_t i = 0; i < to->n; i++) {
		to->v[i].has_vm_flags = from->v[i].has_vm_flags;
		to->v[i].vm_flags = from->v[i].vm_flags;
	}
}

/* Files of tmpfs are shared memory wherever they lie. Their device has no driver, as others' have none: mountinfo tells
 * them apart, as far as the target sees the mount. */
static void mark_file_systems(struct pt_target *t, struct pt_vma_table *vmas)
{
	struct pt_mount *mounts = NULL;
	size_t n = 0;
	bool asked = false;
	for (size_t i = 0; i < vmas->n; i++) {
		struct pt_vma *vma = &vmas->v[i];
		if (!vma->inode || !pt_vma_may_be_shmem(vma))
			continue;
		if (!asked && pt_read_mounts(t->k, t->task, &mounts, &n) != 0)
			return;
		asked = true;
		for (size_t k = 0; k < n && vma->fs == PT_FS_UNKNOWN; k++)
			if (mounts[k].dev_major == vma->dev_major && mounts[k].dev_minor == vma->dev_minor)
				vma->fs = (uint8_t)mounts[k].fs;
	}
	free(mounts);
}

/* memfd and SysV memory can be of huge pages, on a mount of hugetlbfs that nobody sees; the size of their pages tells. */
static void mark_hugetlb(struct pt_target *t, struct pt_vma_table *vmas)
{
	char path[64];
	int fd = -1;
	snprintf(path, sizeof(path), "proc/%d/maps", t->task);
	for (size_t i = 0; i < vmas->n && pt_signal_has(&t->signals, PT_SIG_PROCMAP_QUERY); i++) {
		struct pt_vma *vma = &vmas->v[i];
		struct pq_arg arg = {.size = sizeof(arg), .query_addr = vma->start};
		if (vma->fs != PT_FS_UNKNOWN || !pt_vma_may_be_shmem(vma))
			continue;
		if (fd < 0 && (fd = t->k->ops->open(t->k, path, O_RDONLY)) < 0)
			return;
		if (t->k->ops->ioctl(t->k, fd, PT_PROCMAP_QUERY, &arg) >= 0 && arg.vma_start == vma->start &&
		    arg.vma_page_size > 1ull << t->k->page_shift)
			vma->fs = PT_FS_HUGETLBFS;
	}
	if (fd >= 0)
		t->k->ops->close(t->k, fd);
}

static bool is_current(const struct pt_layout *layout, const struct pt_vma_table *fresh,
		       const struct pt_process *process)
{
	return same_table(layout->vmas, fresh) && layout->locked == process->locked.value &&
	       layout->threads == process->threads && !layout->retries;
}

int pt_layout_read(struct pt_layout *layout, struct pt_target *t, const struct pt_process *process)
{
	struct pt_vma_table *fresh;
	int error = pt_read_maps(t->k, t->task, &fresh);
	if (error)
		return error;
	if (is_current(layout, fresh, process)) {
		pt_vma_table_unref(fresh);
		return 0;
	}
	bool same = same_table(layout->vmas, fresh);
	bool again = layout->retries && same && layout->threads == process->threads;
	unsigned ran = process->threads > 1 ? mark_stacks(t, fresh) : 0;
	if (same && layout->locked == process->locked.value)
		copy_locked(layout->vmas, fresh);
	else if (process->locked.value || !process->locked.known)
		mark_locked(t, fresh);
	mark_file_systems(t, fresh);
	mark_hugetlb(t, fresh);
	pt_vma_table_set_roles(fresh);
	layout->retries = !ran ? 0 : again ? layout->retries - 1 : RETRIES;
	layout->locked = process->locked.value;
	layout->threads = process->threads;
	pt_vma_table_unref(layout->vmas);
	layout->vmas = fresh;
	return 0;
}

/* ---- what was replaced ------------------------------------------------------------------------------------------ */

/* Roles by which pages of a VMA are told from others (core/scan/classify.c); the rest are alike. */
static unsigned telling_role(const struct pt_vma *vma)
{
	switch (vma->role) {
	case PT_ROLE_HUGETLB:
	case PT_ROLE_VDSO:
	case PT_ROLE_VVAR:
	case PT_ROLE_VSYSCALL:
	case PT_ROLE_DEVICE:
	case PT_ROLE_SHMEM: return vma->role;
	default: return PT_ROLE_ANON;
	}
}

static bool same_backing(const struct pt_vma *a, const struct pt_vma *b)
{
	bool same_file = a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
	bool same_place = !a->inode || a->offset - a->start == b->offset - b->start;
	return same_file && same_place && !((a->perms ^ b->perms) & PT_SHARED) && telling_role(a) == telling_role(b) &&
	       a->fs == b->fs;
}

/* The VMA at or behind an address, and where it next begins or ends. */
static const struct pt_vma *look_at(const struct pt_vma_table *table, size_t *i, uint64_t at, uint64_t *border)
{
	while (*i < table->n && table->v[*i].end <= at)
		++*i;
	if (*i == table->n)
		return NULL;
	const struct pt_vma *vma = &table->v[*i];
	uint64_t next = vma->start > at ? vma->start : vma->end;
	*border = next < *border ? next : *border;
	return vma->start <= at ? vma : NULL;
}

int pt_layout_replaced(const struct pt_vma_table *before, const struct pt_vma_table *now, struct pt_stretches *ret)
{
	size_t i = 0, k = 0;
	int error = 0;
	for (uint64_t at = 0, border; !error; at = border) {
		border = UINT64_MAX;
		const struct pt_vma *was = look_at(before, &i, at, &border), *is = look_at(now, &k, at, &border);
		if (border == UINT64_MAX)
			break;
		if ((was || is) && !(was && is && same_backing(was, is)))
			error = pt_stretches_push(ret, at, border);
	}
	return error;
}

void pt_layout_free(struct pt_layout *layout)
{
	pt_vma_table_unref(layout->vmas);
	*layout = (struct pt_layout){0};
}
