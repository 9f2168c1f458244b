/*
 * Compare: which pages have other contents in one dump than in another, VMA by VMA.
 */
#ifndef PT_DUMP_COMPARE_H
#define PT_DUMP_COMPARE_H

#include "core/dump/reader.h"

/* A page whose contents both dumps have, and that differs. */
struct pt_difference {
	uint64_t address;
	const struct pt_vma *vma; /* NULL: no table has one there */
	uint32_t bytes;           /* of it that differ */
	uint32_t first;           /* offset of the first one */
};

/* Pages of one VMA. */
struct pt_compared {
	const struct pt_vma *vma;         /* of the second dump, or of the first where that has none; NULL as above */
	bool gone;                        /* it is of the first */
	uint64_t equal, differ;           /* of those that both have the contents of */
	uint64_t bytes;                   /* that differ in these */
	uint64_t only_first, only_second; /* contents that only one dump has */
};

struct pt_comparison {
	struct pt_compared *v; /* [n], by address; VMAs without any page are left out */
	size_t n, room;
	struct pt_compared all; /* sums; no VMA */
};

struct pt_compare_job {
	const struct pt_core *first, *second;
	int (*each)(void *arg, const struct pt_difference *difference); /* by address; nonzero ends it. May be NULL */
	int (*step)(void *arg, uint64_t done_bytes);                    /* now and then; nonzero ends it. May be NULL */
	void *arg;
};

/*
 * -EINVAL: one is incremental and the other is not its base, or their pages have different sizes; -EBADMSG: a file
 * contradicts itself; -ENOMEM; or what sources and callbacks said. Rows borrow from both dumps.
 */
int pt_compare(const struct pt_compare_job *job, struct pt_comparison *ret);
void pt_comparison_free(struct pt_comparison *comparison);

#endif
