/*
 * Slab caches of the kernel, by libproc2: where it allocates objects of its own, and how much memory that takes.
 */
#ifndef PT_PROCS_SLABS_H
#define PT_PROCS_SLABS_H

#include <stddef.h>
#include <stdint.h>

struct pt_slab {
	char name[64];
	uint64_t objects, active; /* there is room for; in use */
	uint64_t object_size;     /* bytes */
	uint64_t slabs, pages;    /* slabs, and base pages of one */
};

struct pt_slab_list {
	struct pt_slab *v; /* [n] in the order of names; free with pt_slabs_free */
	size_t n;
};

/* -EACCES: only root may. */
int pt_slabs_read(struct pt_slab_list *ret);
void pt_slabs_free(struct pt_slab_list *list);
/* By name; NULL: none such. */
const struct pt_slab *pt_slab_named(const struct pt_slab_list *list, const char *name);

#endif
