/*
 * Growth: what grew between two snapshots, of one run or of two, by VMA and by role. Pure. Borrows both snapshots, which
 * must stay.
 */
#ifndef PT_HISTORY_GROWTH_H
#define PT_HISTORY_GROWTH_H

#include "core/history/ledger.h"
#include "core/history/pairs.h"
#include "core/model/snapshot.h"

/* A difference the kernel may not have given the parts of; bytes. */
struct pt_grew {
	int64_t value;
	bool known;
};

struct pt_growth {
	const struct pt_snapshot *before, *after;
	bool same_run;             /* one run of one program: pages can be told apart, and born is known */
	struct pt_vma_pairs pairs; /* those that grew or shrank most come first */
	struct pt_ledger ledger;   /* of the same run */
};

int pt_growth_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_growth *ret);
void pt_growth_free(struct pt_growth *growth);

/* How much pair i of VMAs grew; what is not there holds 0. */
struct pt_grew pt_growth_of_pair(const struct pt_growth *growth, size_t i, enum pt_sum what);
/* Of all VMAs of a role, as that is called in each snapshot; of all of them where role == PT_ROLE_N. */
struct pt_grew pt_growth_of_role(const struct pt_growth *growth, enum pt_role role, enum pt_sum what);
/* Bytes of a role (PT_ROLE_N: of all) in one snapshot. */
struct pt_maybe pt_growth_role_bytes(const struct pt_snapshot *snapshot, enum pt_role role, enum pt_sum what);
/* Bytes that are there after and were born in between, of pair i, or of all where i == pairs.n. */
struct pt_maybe pt_growth_born(const struct pt_growth *growth, size_t i);

#endif
