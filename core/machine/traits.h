/*
 * Traits: what a page of a process is, as bits with names: the vocabulary of pagetop pages --where, and what it lists.
 * Made from the model, so of recordings too. Names of flags are page-types'; those of kinds are the model's, and mean
 * what the columns of pagetop vmas mean by them: "file" is page cache of a file and not shared memory. Pure.
 */
#ifndef PT_MACHINE_TRAITS_H
#define PT_MACHINE_TRAITS_H

#include "core/machine/bits.h"
#include "core/model/snapshot.h"

struct pt_traits {
	uint64_t bits;
	uint64_t known; /* of which bits it is known whether they are set */
};

struct pt_traits pt_traits_of(struct pt_page page, const struct pt_signals *signals);

/* The name of a trait, 0, 1, ...; NULL past the last. */
const char *pt_trait_name(unsigned trait);
/* Whether the name says what kind of page it is (present, anon), and not which flags it has. */
bool pt_trait_is_kind(unsigned trait);
/* A vocabulary for pt_bits_parse(): names of traits, whole or as they begin, and some other words for them. */
uint64_t pt_traits_word(const char *word, size_t n, struct pt_near *near);

/* A stretch of pages of one VMA that are alike in what is compared. */
struct pt_page_run {
	size_t vma;
	uint64_t page, pages; /* number of the first: address / page size */
	struct pt_page first; /* where `frames` are told apart, the PFNs of the others follow its own */
	struct pt_traits traits;
};

struct pt_pages_request {
	struct pt_stretch pages; /* page numbers */
	const struct pt_bits_rule *rules;
	size_t n_rules;
	bool frames; /* runs are of neighbouring frames */
	bool counts; /* and of pages that are mapped as often */
	bool each;   /* a run for each page */
};

/*
 * Calls each for every run of pages that hold anything, in the order of addresses; nonzero ends it with that, else 0.
 * *ret_unknown counts pages of which it is not known whether the rules hold: they are left out.
 */
int pt_pages_walk(const struct pt_snapshot *snapshot, const struct pt_pages_request *request,
		  int (*each)(void *arg, const struct pt_page_run *run), void *arg, uint64_t *ret_unknown);

#endif
