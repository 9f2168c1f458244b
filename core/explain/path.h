/*
 * The path from an address to its frame: which entry of which page table the CPU follows, and what the last one holds.
 * Counted from the address, as the kernel gives nobody its page tables; the levels are those of Linux on every machine
 * (Documentation/mm/page_tables.rst), each of as many entries as fit into a page.
 */
#ifndef PT_EXPLAIN_PATH_H
#define PT_EXPLAIN_PATH_H

#include "core/scan/inspect.h"

#define PT_PATH_LEVELS 4 /* PGD, PUD, PMD, PTE; with tables of five levels the first of these is called P4D */

struct pt_path_step {
	const char *name;  /* "PMD", static */
	uint64_t entry;    /* index in its table */
	uint64_t bytes;    /* that such an entry maps */
	const char *holds; /* what is there, in words; static; NULL: the next table, or not known */
};

struct pt_path {
	unsigned n; /* steps; the last is the one that ends it, as far as is known */
	struct pt_path_step steps[PT_PATH_LEVELS];
};

/* n is 0 where no VMA covers the address, its entry is not known, or pages are of no size that Linux has. */
void pt_explain_path(const struct pt_facts *facts, struct pt_path *ret);

#endif
