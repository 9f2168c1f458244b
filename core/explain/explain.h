/*
 * Explain: one page in words. Pure: raw facts in, a cause token, a headline, reasons and named bits out. The wording is
 * for a systems programmer who never read mm/: what it is first, then why, then the evidence.
 */
#ifndef PT_EXPLAIN_EXPLAIN_H
#define PT_EXPLAIN_EXPLAIN_H

#include "core/scan/inspect.h"

/* What the page is; the names (pt_cause_name) are the contract's tokens. */
enum pt_cause {
	PT_CAUSE_UNMAPPED,
	PT_CAUSE_UNTOUCHED,
	PT_CAUSE_ANONYMOUS,
	PT_CAUSE_ANONYMOUS_SHARED_COW,
	PT_CAUSE_FILE,
	PT_CAUSE_SHMEM,
	PT_CAUSE_SHMEM_SWAPPED,
	PT_CAUSE_SWAPPED,
	PT_CAUSE_MIGRATING,
	PT_CAUSE_GUARD,
	PT_CAUSE_UFFD_WP_MARKER,
	PT_CAUSE_POISONED,
	PT_CAUSE_ZERO_PAGE,
	PT_CAUSE_HUGE_ZERO_PAGE,
	PT_CAUSE_KSM,
	PT_CAUSE_HUGETLB,
	PT_CAUSE_LAZYFREE,
	PT_CAUSE_KERNEL_MAPPED,
	PT_CAUSE_DEVICE,
	PT_CAUSE_RACED,
	PT_CAUSE_PFN_HIDDEN,
	PT_CAUSE_UNKNOWN,
	PT_CAUSE_N
};
const char *pt_cause_name(enum pt_cause cause); /* "anonymous-shared-cow" */

#define PT_REASONS_MAX 8
struct pt_explanation {
	enum pt_cause cause;
	char headline[256]; /* one or two sentences: the answer */
	unsigned n_reasons;
	char reasons[PT_REASONS_MAX][320]; /* why the count is what it is first, then whatever else explains it */
};
void pt_explain_page(const struct pt_facts *facts, struct pt_explanation *ret);

/* A named bit of pagemap or kpageflags. */
struct pt_bit_name {
	int bit;
	const char *name; /* long name, as page-types has it: "compound_head" */
	char letter;      /* page-types' letter */
	const char *what; /* half a sentence */
};
const struct pt_bit_name *pt_pagemap_bits(unsigned *ret_n);
const struct pt_bit_name *pt_kpageflags_bits(unsigned *ret_n); /* bits of the kernel and derived ones */

/*
 * kpageflags as page-types -r reads them: bits the kernel overloads are told apart (derived bits 47..51) and those of
 * pagemap are added (40, 61, 62, 63). pagemap may be 0. SLAB's bogus ANON and KSM are cleared.
 */
uint64_t pt_flags_expand(uint64_t kpageflags, uint64_t pagemap);
/* Name of a bit into ret ("bit 43" where it has none). Returns ret. */
const char *pt_flag_name(int bit, char *ret, size_t size);

#endif
