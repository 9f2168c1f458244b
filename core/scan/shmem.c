/*
 * Finding swapped shmem pages; see shmem.h.
 *
 * The file is opened through /proc/PID/map_files, which needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, and only if it
 * is a regular file on tmpfs: opening a device could do anything. A range is halved until it holds nothing evicted, or
 * nothing else.
 */
#include "core/scan/shmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct range {
	uint64_t first, end; /* pages, numbered from address 0 */
};

struct search {
	struct pt_target *target;
	const struct pt_vma *vma;
	int fd;
	struct range *v;
	size_t n, room;
	uint64_t now_ns;
};

static int open_file(struct pt_target *t, const struct pt_vma *vma)
{
	char path[96];
	struct pt_file_stat stat;
	snprintf(path, sizeof(path), "proc/%d/map_files/%" PRIx64 "-%" PRIx64, t->task, vma->start, vma->end);
	int error = t->k->ops->stat(t->k, path, &stat);
	if (error)
		return error;
	if (!S_ISREG(stat.mode) || !stat.tmpfs)
		return -EINVAL;
	return t->k->ops->open(t->k, path, O_RDONLY | O_NONBLOCK);
}

/* What the cache has of the pages [first, first + n) of the VMA. */
static int ask(struct search *s, uint64_t first, uint64_t n, struct pt_cachestat *ret)
{
	unsigned shift = s->target->k->page_shift;
	return s->target->k->ops->cachestat(s->target->k, s->fd, s->vma->offset + (first << shift), n << shift, ret);
}

static int note(struct search *s, uint64_t first, uint64_t n)
{
	first += s->vma->start >> s->target->k->page_shift;
	if (s->n && s->v[s->n - 1].end == first) {
		s->v[s->n - 1].end += n;
		return 0;
	}
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct range *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = (struct range){.first = first, .end = first + n};
	return 0;
}

/* Halves until a range is all or nothing; as deep as a page number has bits. */
static int halve(struct search *s, uint64_t first, uint64_t n)
{
	struct pt_cachestat stat;
	int error = ask(s, first, n, &stat);
	if (error || !stat.evicted)
		return error;
	if (stat.evicted >= n)
		return note(s, first, n);
	error = halve(s, first, n / 2);
	return error ? error : halve(s, first + n / 2, n - n / 2);
}

/* The part of the VMA that lies in a stretch. */
static int search_part(struct search *s, const struct pt_stretch *stretch)
{
	unsigned shift = s->target->k->page_shift;
	uint64_t start = stretch->start > s->vma->start ? stretch->start : s->vma->start;
	uint64_t end = stretch->end < s->vma->end ? stretch->end : s->vma->end;
	return start < end ? halve(s, (start - s->vma->start) >> shift, (end - start) >> shift) : 0;
}

static bool is_met(const struct pt_vma *vma, const struct pt_stretch *stretches, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (stretches[i].start < vma->end && vma->start < stretches[i].end)
			return true;
	return false;
}

static int search_vma(struct search *s, const struct pt_stretch *stretches, size_t n)
{
	int error = 0;
	if (!is_met(s->vma, stretches, n))
		return 0;
	s->fd = open_file(s->target, s->vma);
	if (s->fd < 0)
		return s->fd;
	for (size_t i = 0; i < n && !error; i++)
		error = search_part(s, &stretches[i]);
	s->target->k->ops->close(s->target->k, s->fd);
	return error;
}

/* Fills pages of the chunk at `index` that are untouched in the page table and lie in one of the ranges. */
static bool patch(struct pt_page *pages, uint64_t index, const struct search *s, size_t i)
{
	uint64_t first = index * PT_CHUNK_PAGES, end = first + PT_CHUNK_PAGES;
	bool changed = false;
	for (; i < s->n && s->v[i].first < end; i++) {
		uint64_t low = s->v[i].first > first ? s->v[i].first : first;
		uint64_t high = s->v[i].end < end ? s->v[i].end : end;
		for (uint64_t p = low; p < high; p++)
			if (pt_page_kind(pages[p - first]) == PT_UNTOUCHED) {
				pages[p - first].bits = PT_SWAP_SHMEM;
				changed = true;
			}
	}
	return changed;
}

static int push_patched(struct pt_slots *to, struct pt_slot old, const struct search *s, size_t range)
{
	struct pt_page pages[PT_CHUNK_PAGES];
	pt_chunk_unpack(old.chunk, pages);
	if (patch(pages, old.index, s, range))
		return pt_slots_push(to, old.index, pt_chunk_new(pages, s->target->k->page_shift), old.read_ns);
	return old.chunk ? pt_slots_push(to, old.index, pt_chunk_ref(old.chunk), old.read_ns) : 0;
}

/* Walks slots and ranges side by side; chunks that no range meets are passed on as they are. */
static int merge(const struct pt_slots *from, const struct search *s, struct pt_slots *to)
{
	size_t slot = 0, range = 0;
	uint64_t next = 0; /* lowest index still to emit */
	int error = 0;
	while (!error && (slot < from->n || range < s->n)) {
		while (range < s->n && s->v[range].end <= next * PT_CHUNK_PAGES)
			range++;
		uint64_t a = slot < from->n ? from->v[slot].index : UINT64_MAX;
		uint64_t b = range < s->n ? s->v[range].first / PT_CHUNK_PAGES : UINT64_MAX;
		if (b < next)
			b = next;
		if (a == UINT64_MAX && range == s->n)
			break;
		if (a < b || range == s->n) {
			error = pt_slots_push(to, a, pt_chunk_ref(from->v[slot].chunk), from->v[slot].read_ns);
			slot++;
			next = a + 1;
			continue;
		}
		struct pt_slot old = {.index = b, .read_ns = s->now_ns};
		error = push_patched(to, a == b ? from->v[slot++] : old, s, range);
		next = b + 1;
	}
	return error;
}

int pt_shmem_swapped(struct pt_target *target, const struct pt_vma_table *vmas, const struct pt_stretch *stretches,
		     size_t n, struct pt_slots *slots, bool *ret_known)
{
	static const struct pt_stretch everywhere = {0, UINT64_MAX};
	struct search search = {.target = target, .now_ns = target->k->ops->now(target->k, PT_CLOCK_MONOTONIC)};
	bool known = true;
	int error = 0;
	for (size_t i = 0; i < vmas->n && error != -ENOMEM; i++) {
		if (!pt_vma_may_be_shmem(&vmas->v[i]))
			continue;
		search.vma = &vmas->v[i];
		error = stretches ? search_vma(&search, stretches, n) : search_vma(&search, &everywhere, 1);
		/* -EINVAL: a file of another file system, which has no swapped pages */
		known &= !error || error == -EINVAL;
	}
	struct pt_slots merged = {0};
	if (error != -ENOMEM)
		error = search.n ? merge(slots, &search, &merged) : 0;
	free(search.v);
	if (error) {
		pt_slots_free(&merged);
		return error;
	}
	if (merged.n) {
		pt_slots_free(slots);
		*slots = merged;
	}
	*ret_known = known;
	return 0;
}

enum pt_shmem_page pt_shmem_page_state(struct pt_target *target, const struct pt_vma *vma, uint64_t address)
{
	struct search search = {.target = target, .vma = vma};
	struct pt_cachestat stat;
	if (!pt_vma_may_be_shmem(vma) || (search.fd = open_file(target, vma)) < 0)
		return PT_SHMEM_UNKNOWN;
	int error = ask(&search, (address - vma->start) >> target->k->page_shift, 1, &stat);
	target->k->ops->close(target->k, search.fd);
	if (error)
		return PT_SHMEM_UNKNOWN;
	return stat.evicted ? PT_SHMEM_SWAPPED : stat.cache ? PT_SHMEM_CACHED : PT_SHMEM_HOLE;
}
