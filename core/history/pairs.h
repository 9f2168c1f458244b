/*
 * Which VMA of one snapshot is which of another. In one run of a program VMAs go by what was kept where: addresses, and
 * what moved. In two runs addresses say nothing (ASLR), and VMAs go by what they are for: role, permissions, file and
 * offset; of those that are alike in all of it, anonymous ones mostly, by size and then by their order, from the top of
 * the address space down, as mmap hands it out.
 */
#ifndef PT_HISTORY_PAIRS_H
#define PT_HISTORY_PAIRS_H

#include "core/history/ledger.h"
#include "core/history/vmas.h"

/* Indices into either table; PT_NO_VMA: it has no counterpart. One of them is one. */
struct pt_vma_pair {
	size_t was, is;
};

/* Each VMA of both is in one pair: those of `after` in its order, then those that are gone. */
struct pt_vma_pairs {
	struct pt_vma_pair *v; /* [n] */
	size_t n;
};

/* Of one run, given what moved. 0 or -ENOMEM. */
int pt_vma_pairs_by_place(const struct pt_vma_table *before, const struct pt_vma_table *after,
			  const struct pt_move *moves, size_t n_moves, struct pt_vma_pairs *ret);
/* Of two runs. 0 or -ENOMEM. */
int pt_vma_pairs_by_role(const struct pt_vma_table *before, const struct pt_vma_table *after, struct pt_vma_pairs *ret);
void pt_vma_pairs_free(struct pt_vma_pairs *pairs);

#endif
