/*
 * Looking at what is there, by the walk of core/scan, and reading it; see memory.h.
 *
 * What PAGEMAP_SCAN calls swapped can be a marker or a page on its way to another frame, and kernels without it say nothing
 * at all: such stretches are asked of pagemap page by page. The kernel itself refuses to read memory of devices (VM_IO,
 * VM_PFNMAP), whose pages it does not show here either.
 */
#include "core/hunt/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/scan/walk.h"

#define SLICE 512u /* entries of pagemap at a time */

struct look {
	struct pt_memory *memory;
	size_t room; /* of pieces */
	struct pt_walk walk;
	uint64_t entries[SLICE];
};

/* ---- what is there ---------------------------------------------------------------------------------------------- */

static int add_piece(struct look *look, uint64_t start, uint64_t end, size_t vma)
{
	struct pt_memory *m = look->memory;
	struct pt_piece *last = m->n ? &m->pieces[m->n - 1] : NULL;
	m->present += end - start;
	if (last && last->end == start && last->vma == vma) {
		last->end = end;
		return 0;
	}
	if (!m->pieces || m->n == look->room) {
		size_t room = look->room ? look->room * 2 : 256;
		struct pt_piece *grown = realloc(m->pieces, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		m->pieces = grown;
		look->room = room;
	}
	m->pieces[m->n++] = (struct pt_piece){.start = start, .end = end, .vma = (uint32_t)vma};
	return 0;
}

/* Whether the page of this entry is to be read; what is swapped out is counted. */
static bool is_readable(struct look *look, uint64_t entry)
{
	struct pt_memory *m = look->memory;
	if (entry & PM_PRESENT)
		return true;
	if (entry & PM_GUARD || !(entry & PM_SWAP))
		return false;
	unsigned type = entry & 31; /* 0 where it is hidden */
	if (type == PM_SWAP_TYPE_MARKER)
		return false;
	if (type >= PM_SWAP_TYPE_SPECIAL) /* under migration: it is in memory, and reading waits for it */
		return true;
	m->swapped += 1ull << m->target->k->page_shift;
	return m->with_swapped;
}

static int ask_pages(struct look *look, const struct pt_region *region)
{
	struct pt_target *t = look->memory->target;
	unsigned shift = t->k->page_shift;
	int error = 0;
	for (uint64_t at = region->start; at < region->end && !error;) {
		uint64_t left = (region->end - at) >> shift;
		size_t n = left < SLICE ? (size_t)left : SLICE;
		ssize_t got = t->k->ops->pread(t->k, t->pagemap, look->entries, n * 8, (at >> shift) * 8);
		if (got < 8)
			return got < 0 ? (int)got : -ESRCH;
		n = (size_t)got / 8;
		for (size_t i = 0; i < n && !error; i++, at += 1ull << shift)
			if (is_readable(look, look->entries[i]))
				error = add_piece(look, at, at + (1ull << shift), region->vma);
	}
	return error;
}

/*
 * Rings of io_uring are shared with the kernel, and hold what the program gave it; other devices are not memory. What the
 * program has protected from itself it may open again.
 */
static bool is_memory(const struct pt_vma *vma)
{
	switch (vma->role) {
	case PT_ROLE_VVAR:
	case PT_ROLE_VSYSCALL: return false;
	case PT_ROLE_DEVICE: return vma->perms & PT_READ && !strncmp(vma->path, "anon_inode:", 11);
	default: return true;
	}
}

static int look_at(struct look *look, const struct pt_region *region)
{
	if (!is_memory(&look->memory->vmas->v[region->vma]))
		return 0;
	if (region->guess)
		return ask_pages(look, region);
	if (region->categories & (PS_PFNZERO | PS_GUARD))
		return 0;
	if (!(region->categories & PS_PRESENT))
		return ask_pages(look, region);
	int error = region->categories & PS_HUGE ? pt_stretches_push(&look->memory->huge, region->start, region->end)
						 : 0;
	return error ? error : add_piece(look, region->start, region->end, region->vma);
}

static int look_everywhere(struct look *look)
{
	struct pt_memory *m = look->memory;
	struct pt_region region;
	int more;
	pt_walk_init(&look->walk, m->target, m->vmas, (struct pt_stretch){0, UINT64_MAX}, false);
	while ((more = pt_walk_next(&look->walk, &region)) == 1) {
		int error = look_at(look, &region);
		if (error)
			return error;
	}
	return more;
}

int pt_memory_look(struct pt_memory *memory, struct pt_target *target, bool with_swapped)
{
	struct pt_process process;
	pt_memory_free(memory);
	*memory = (struct pt_memory){.target = target, .with_swapped = with_swapped};
	int error = pt_target_read(target, &process);
	if (!error)
		error = pt_read_maps(target->k, target->task, &memory->vmas);
	if (error)
		return error;
	struct look *look = malloc(sizeof(*look));
	if (!look)
		return -ENOMEM;
	look->memory = memory;
	look->room = 0;
	error = look_everywhere(look);
	free(look);
	if (!error && !pt_target_memory_alive(target, memory->vmas))
		error = -ESRCH; /* of a program that was exchanged for another in between */
	return error;
}

void pt_memory_free(struct pt_memory *memory)
{
	pt_vma_table_unref(memory->vmas);
	free(memory->pieces);
	pt_stretches_free(&memory->huge);
	*memory = (struct pt_memory){0};
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

size_t pt_memory_find(const struct pt_memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memory->pieces[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pt_memory_has(const struct pt_memory *memory, uint64_t address, size_t size)
{
	uint64_t end = address + size;
	if (end < address)
		return false;
	for (size_t i = pt_memory_find(memory, address); address < end; i++) {
		if (i == memory->n || memory->pieces[i].start > address)
			return false;
		address = memory->pieces[i].end;
	}
	return true;
}

/* [address, address + size) of one piece; pages that went away since are zeroes. */
static ssize_t read_piece(const struct pt_memory *memory, uint64_t address, unsigned char *ret, size_t size)
{
	const struct pt_target *t = memory->target;
	const size_t page = (size_t)1 << t->k->page_shift;
	size_t there = 0;
	for (size_t at = 0; at < size;) {
		ssize_t got = t->k->ops->read_memory(t->k, t->task, address + at, ret + at, size - at);
		if (got < 0 && got != -EFAULT && got != -EIO)
			return got;
		if (got > 0) {
			there += (size_t)got;
			at += (size_t)got;
			continue;
		}
		size_t skip = page - (address + at) % page;
		if (skip > size - at)
			skip = size - at;
		memset(ret + at, 0, skip);
		at += skip;
	}
	return (ssize_t)there;
}

ssize_t pt_memory_read(const struct pt_memory *memory, uint64_t address, void *ret, size_t size)
{
	unsigned char *bytes = ret;
	uint64_t end = address + size;
	size_t there = 0;
	if (end < address)
		return -EINVAL;
	size_t i = pt_memory_find(memory, address);
	for (uint64_t at = address; at < end; i++) {
		uint64_t start = i < memory->n && memory->pieces[i].start < end ? memory->pieces[i].start : end;
		if (start > at) {
			memset(bytes + (at - address), 0, start - at);
			at = start;
		}
		if (at == end)
			break;
		uint64_t stop = memory->pieces[i].end < end ? memory->pieces[i].end : end;
		ssize_t got = read_piece(memory, at, bytes + (at - address), stop - at);
		if (got < 0)
			return got;
		there += (size_t)got;
		at = stop;
	}
	return (ssize_t)there;
}

bool pt_memory_word(const struct pt_memory *memory, uint64_t address, uint64_t *ret)
{
	return pt_memory_read(memory, address, ret, sizeof(*ret)) == (ssize_t)sizeof(*ret);
}
