/*
 * Memory that is a root, by its VMA: whatever the program could have put a pointer into. Pages of a file that is mapped
 * private and read-only hold none, unless they were written before, as those that are relocated and then protected are:
 * such pages are the process's own, not the file's.
 */
#include <errno.h>

#include "core/hunt/roots_parts.h"
#include "core/kernel/abi.h"

#define SLICE 512u /* entries of pagemap at a time */

/* PT_ROOT_NONE: none of it is a root, or its pages have to be asked. */
static enum pt_root_kind kind_of(const struct pt_vma *vma)
{
	bool shared = vma->perms & PT_SHARED, writable = vma->perms & PT_WRITE;
	switch (vma->role) {
	case PT_ROLE_STACK:
	case PT_ROLE_THREAD_STACK: return PT_ROOT_STACK;
	case PT_ROLE_DATA:
	case PT_ROLE_BSS: return PT_ROOT_DATA;
	case PT_ROLE_TEXT:
	case PT_ROLE_RODATA:
	case PT_ROLE_FILE: return !writable ? PT_ROOT_NONE : shared ? PT_ROOT_SHARED : PT_ROOT_DATA;
	case PT_ROLE_VDSO:
	case PT_ROLE_VVAR:
	case PT_ROLE_VSYSCALL: return PT_ROOT_NONE;
	case PT_ROLE_DEVICE: return PT_ROOT_SHARED; /* rings of io_uring: only what is memory is among the pieces */
	default: return shared ? PT_ROOT_SHARED : PT_ROOT_MEMORY;
	}
}

static bool may_be_relocated(const struct pt_vma *vma)
{
	return vma->inode && !(vma->perms & (PT_WRITE | PT_SHARED));
}

/* Those pages of a piece that are not the file's any more. */
static int add_own_pages(struct pt_gather *g, const struct pt_piece *piece, struct pt_root_list *ret)
{
	const struct pt_target *t = g->memory->target;
	uint64_t entries[SLICE];
	unsigned shift = t->k->page_shift;
	int error = 0;
	for (uint64_t at = piece->start; at < piece->end && !error;) {
		uint64_t left = (piece->end - at) >> shift;
		ssize_t got = t->k->ops->pread(t->k, t->pagemap, entries, (left < SLICE ? left : SLICE) * 8,
					       (at >> shift) * 8);
		if (got < 8)
			return got < 0 ? (int)got : -ESRCH;
		for (size_t i = 0; i < (size_t)got / 8 && !error; i++, at += 1ull << shift)
			if (!(entries[i] & PM_FILE))
				error = pt_root_add(ret, (struct pt_root_span){.start = at,
									       .end = at + (1ull << shift),
									       .kind = PT_ROOT_DATA,
									       .vma = piece->vma});
	}
	return error;
}

int pt_gather_memory(struct pt_gather *g, struct pt_root_list *ret)
{
	const struct pt_vma_table *vmas = g->memory->vmas;
	int error = 0;
	for (size_t i = 0; i < vmas->n && !error; i++) {
		const struct pt_vma *vma = &vmas->v[i];
		enum pt_root_kind kind = kind_of(vma);
		if (kind != PT_ROOT_NONE)
			error = pt_root_add(ret, (struct pt_root_span){
							 .start = vma->start,
							 .end = vma->end,
							 .kind = kind,
							 .vma = (uint32_t)i,
							 .tid = vma->role == PT_ROLE_STACK ? g->memory->target->pid : 0,
						 });
		if (!may_be_relocated(vma))
			continue;
		for (size_t p = pt_memory_find(g->memory, vma->start); p < g->memory->n && !error; p++) {
			if (g->memory->pieces[p].vma != i)
				break;
			error = add_own_pages(g, &g->memory->pieces[p], ret);
		}
	}
	pt_root_sort(ret);
	return error;
}
