/*
 * Who maps a file; see mappers.h.
 */
#include "core/cache/mappers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"

#define PIECE 512u /* entries of one read */

/* ---- one mapping ------------------------------------------------------------------------------------------------ */

static bool is_of_file(const struct pt_vma *vma, const struct pt_cached *cached)
{
	const struct pt_file_stat *s = &cached->stat;
	/* of layered file systems maps has another device than stat does; that the frames are the same decides */
	return vma->inode && vma->inode == s->inode;
}

/* The pages of the file that are at these addresses now. */
static int read_vma(struct pt_kernel *k, int pagemap, const struct pt_cached *cached, const struct pt_vma *vma,
		    struct pt_mapper_vma *ret, uint64_t *ret_pages)
{
	uint64_t entries[PIECE], pages = 0;
	ret->start = vma->start;
	ret->first = vma->offset >> k->page_shift;
	ret->n = (vma->end - vma->start) >> k->page_shift;
	if (ret->first >= cached->sum.pages)
		ret->n = 0;
	else if (ret->n > cached->sum.pages - ret->first)
		ret->n = cached->sum.pages - ret->first;
	if (!(ret->has = calloc((size_t)(ret->n / 64 + 1), sizeof(*ret->has))))
		return -ENOMEM;
	for (uint64_t at = 0; at < ret->n; at += PIECE) {
		size_t n = ret->n - at < PIECE ? (size_t)(ret->n - at) : PIECE;
		uint64_t place = ((vma->start >> k->page_shift) + at) * sizeof(*entries);
		ssize_t got = k->ops->pread(k, pagemap, entries, n * sizeof(*entries), place);
		for (size_t i = 0; got > 0 && i < (size_t)got / sizeof(*entries); i++) {
			uint64_t pfn = entries[i] & PM_PRESENT ? entries[i] & PM_PFN_MASK : 0;
			if (!pfn || pfn != pt_cached_page(cached, ret->first + at + i).pfn)
				continue;
			ret->has[(at + i) / 64] |= 1ull << (at + i) % 64;
			pages++;
		}
	}
	*ret_pages = pages;
	return 0;
}

static int add_vma(struct pt_mapper *mapper, struct pt_mapper_vma vma)
{
	if (mapper->n_vma == mapper->room) {
		size_t room = mapper->room ? 2 * mapper->room : 4;
		struct pt_mapper_vma *v = realloc(mapper->vma, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		mapper->vma = v;
		mapper->room = room;
	}
	mapper->vma[mapper->n_vma++] = vma;
	return 0;
}

static void free_mapper(struct pt_mapper *mapper)
{
	for (size_t i = 0; i < mapper->n_vma; i++)
		free(mapper->vma[i].has);
	free(mapper->vma);
}

/* ---- one process ------------------------------------------------------------------------------------------------ */

static int read_vmas(struct pt_kernel *k, int pagemap, const struct pt_cached *cached, const struct pt_vma_table *vmas,
		     struct pt_mapper *ret)
{
	for (size_t i = 0; i < vmas->n; i++) {
		struct pt_mapper_vma vma = {0};
		uint64_t pages = 0;
		if (!is_of_file(&vmas->v[i], cached))
			continue;
		int error = read_vma(k, pagemap, cached, &vmas->v[i], &vma, &pages);
		if (!error && pages)
			error = add_vma(ret, vma);
		if (error || !pages)
			free(vma.has);
		if (error)
			return error;
		ret->pages += pages;
	}
	return 0;
}

/* What of it is in a process; it need not have any. A process that ended is nobody. */
static int read_process(struct pt_kernel *k, const struct pt_cached *cached, pid_t pid, struct pt_mapper *ret,
			uint64_t *refused)
{
	struct pt_vma_table *vmas;
	char path[32];
	*ret = (struct pt_mapper){.pid = pid};
	int error = pt_read_maps(k, pid, &vmas);
	if (error) {
		*refused += error == -EACCES || error == -EPERM;
		return error == -ENOMEM ? error : 0;
	}
	snprintf(path, sizeof(path), "proc/%d/pagemap", (int)pid);
	int pagemap = k->ops->open(k, path, O_RDONLY);
	if (pagemap >= 0)
		error = read_vmas(k, pagemap, cached, vmas, ret);
	else
		*refused += pagemap == -EACCES || pagemap == -EPERM;
	if (pagemap >= 0)
		k->ops->close(k, pagemap);
	pt_vma_table_unref(vmas);
	if (ret->pages)
		pt_read_comm(k, pid, ret->name, sizeof(ret->name));
	return error;
}

static int add_mapper(struct pt_mappers *mappers, struct pt_mapper mapper)
{
	if (mappers->n == mappers->room) {
		size_t room = mappers->room ? 2 * mappers->room : 16;
		struct pt_mapper *v = realloc(mappers->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		mappers->v = v;
		mappers->room = room;
	}
	mappers->v[mappers->n++] = mapper;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static int most_first(const void *a, const void *b)
{
	const struct pt_mapper *x = a, *y = b;
	if (x->pages != y->pages)
		return x->pages < y->pages ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* What the counts say beyond what was found. */
static void count_missed(const struct pt_cached *cached, struct pt_mappers *mappers)
{
	uint64_t counted = 0, found = 0;
	if (!cached->sum.mapped.known)
		return;
	for (uint64_t i = 0; i < cached->sum.pages; i++) {
		if (!cached->window[i / PT_CACHED_WINDOW])
			i += PT_CACHED_WINDOW - 1 - i % PT_CACHED_WINDOW;
		else
			counted += pt_cached_page(cached, i).count;
	}
	for (size_t i = 0; i < mappers->n; i++)
		found += mappers->v[i].pages;
	mappers->missed = (struct pt_maybe){counted > found ? counted - found : 0, true};
}

int pt_mappers_read(struct pt_kernel *k, const struct pt_cached *cached, struct pt_step step, struct pt_mappers *ret)
{
	pid_t *pids = NULL;
	size_t n = 0;
	*ret = (struct pt_mappers){0};
	if (cached->sum.cached.value && !cached->sum.mapped.known)
		return -EPERM;
	int error = pt_read_pids(k, &pids, &n);
	for (size_t i = 0; !error && cached->sum.mapped.value && i < n; i++) {
		struct pt_mapper mapper;
		error = read_process(k, cached, pids[i], &mapper, &ret->refused);
		if (!error && mapper.pages)
			error = add_mapper(ret, mapper);
		if (error || !mapper.pages)
			free_mapper(&mapper);
		if (!error)
			error = pt_step(step);
	}
	free(pids);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), most_first);
	if (error)
		pt_mappers_free(ret);
	else
		count_missed(cached, ret);
	return error;
}

void pt_mappers_free(struct pt_mappers *mappers)
{
	for (size_t i = 0; i < mappers->n; i++)
		free_mapper(&mappers->v[i]);
	free(mappers->v);
	*mappers = (struct pt_mappers){0};
}

static bool has(const struct pt_mapper_vma *vma, uint64_t index)
{
	uint64_t i = index - vma->first;
	return index >= vma->first && i < vma->n && vma->has[i / 64] >> i % 64 & 1;
}

uint64_t pt_mapper_pages(const struct pt_mapper *mapper, uint64_t first, uint64_t n)
{
	uint64_t pages = 0;
	for (size_t v = 0; v < mapper->n_vma; v++) {
		const struct pt_mapper_vma *vma = &mapper->vma[v];
		uint64_t from = first > vma->first ? first : vma->first, end = vma->first + vma->n;
		if (n < UINT64_MAX - first && first + n < end)
			end = first + n;
		for (uint64_t i = from; i < end; i++)
			pages += has(vma, i);
	}
	return pages;
}

bool pt_mapper_address(const struct pt_mapper *mapper, uint64_t index, unsigned page_shift, uint64_t *ret)
{
	for (size_t v = 0; v < mapper->n_vma; v++) {
		const struct pt_mapper_vma *vma = &mapper->vma[v];
		if (!has(vma, index))
			continue;
		*ret = vma->start + ((index - vma->first) << page_shift);
		return true;
	}
	return false;
}

char *pt_mapped_file(pid_t pid, uint64_t start, uint64_t end, char ret[PT_MAPPED_FILE_MAX])
{
	snprintf(ret, PT_MAPPED_FILE_MAX, "proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, start, end);
	return ret;
}
