/*
 * Mappers: which processes have pages of a file in their page tables, and which pages. Where only one file is asked
 * about, its mappings are found in the maps of all processes, which is quicker than an index over all frames; that a
 * page is in a page table is held against its frame, so a private copy is no page of the file. What kpagecount counts
 * beyond what was found is told.
 */
#ifndef PT_CACHE_MAPPERS_H
#define PT_CACHE_MAPPERS_H

#include "core/cache/cached.h"

struct pt_mapper_vma {
	uint64_t start;    /* address of the page `first` of the file */
	uint64_t first, n; /* pages of the file */
	uint64_t *has;     /* bit i: page first + i is in the page table */
};

struct pt_mapper {
	pid_t pid;
	char name[PT_NAME_MAX]; /* comm, as the kernel has it */
	uint64_t pages;         /* pages of the file in its page tables; one that it maps twice is two */
	struct pt_mapper_vma *vma;
	size_t n_vma, room;
};

struct pt_mappers {
	struct pt_mapper *v; /* [n], the one with the most pages first; those without a page are left out */
	size_t n, room;
	uint64_t refused;       /* processes that could not be looked at */
	struct pt_maybe missed; /* mappings that the counts have and no process that was looked at */
};

/* Of a file that was read with its pages. 0, -ENOMEM, -EPERM: frames are hidden; or what step said. */
int pt_mappers_read(struct pt_kernel *k, const struct pt_cached *cached, struct pt_step step, struct pt_mappers *ret);
void pt_mappers_free(struct pt_mappers *mappers); /* zeroed is fine */

/* Pages of [first, first + n) of the file that the process has in its page tables. */
uint64_t pt_mapper_pages(const struct pt_mapper *mapper, uint64_t first, uint64_t n);
/* Where it has the page `index`; false: nowhere. The first place of several. */
bool pt_mapper_address(const struct pt_mapper *mapper, uint64_t index, unsigned page_shift, uint64_t *ret);

/* The path, in /proc, of the file behind the VMA [start, end), which leads there whatever became of its name. Returns ret. */
#define PT_MAPPED_FILE_MAX 80
char *pt_mapped_file(pid_t pid, uint64_t start, uint64_t end, char ret[PT_MAPPED_FILE_MAX]);

#endif
