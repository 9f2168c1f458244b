/*
 * The VMA tables of two snapshots of one process, matched: which addresses kept what was mapped there, and what became
 * of each VMA. Pure: it reads tables and makes lists.
 *
 * What is mapped at an address is the same if it is the same place of the same file, or anonymous memory, and private
 * or shared as before. Memory that was unmapped and mapped anew alike at the same place cannot be told from memory
 * that stayed.
 */
#ifndef PT_HISTORY_VMAS_H
#define PT_HISTORY_VMAS_H

#include "core/history/ledger.h"

#define PT_NO_VMA SIZE_MAX

/* Addresses that lie in one VMA, or in none, before as well as after. */
struct pt_vma_part {
	uint64_t start, end;
	size_t was, is; /* index in either table; PT_NO_VMA: in none. One of them is one */
	size_t heir;    /* the first VMA after in which something of `was` was kept; PT_NO_VMA: none */
	bool kept;      /* the same is mapped there */
};

/* All of them, ascending; free(*ret) is the caller's. 0 or -ENOMEM. */
int pt_vma_parts(const struct pt_vma_table *before, const struct pt_vma_table *after, struct pt_vma_part **ret,
		 size_t *ret_n);
/* Whether one can be the other, after mremap: it keeps file, place in the file, and being shared or private. */
bool pt_vma_can_move(const struct pt_vma *was, const struct pt_vma *is);

/*
 * What became of the VMAs, ascending, given those parts and what moved. A VMA goes on in the one that has its
 * permissions: where mprotect shifts the border between two neighbours, one grew and one shrank. 0 or -ENOMEM;
 * free(*ret) is the caller's.
 */
int pt_vma_changes(const struct pt_vma_table *before, const struct pt_vma_table *after, const struct pt_vma_part *parts,
		   size_t n_parts, const struct pt_move *moves, size_t n_moves, struct pt_ledger_change **ret,
		   size_t *ret_n);

#endif
