/*
 * Cost: what this machine's kernel takes for each question, in nanoseconds, and the choices that follow from it. Fitted
 * once, when a target is opened, by a few questions about memory of our own; what cannot be measured keeps a default.
 *
 * Our own memory is in the processor's caches and a target's is not, so these are floors: entries of pagemap, of which
 * the kernel looks at the frame, cost half as much again on gigabytes, those of kpageflags a tenth.
 */
#ifndef PT_SCAN_COST_H
#define PT_SCAN_COST_H

#include "core/kernel/kernel.h"

enum pt_cost {
	PT_COST_FLAGS_CALL,      /* a pread of kpageflags, without its entries */
	PT_COST_FLAGS_ENTRY,     /* an entry of it */
	PT_COST_COUNT_CALL,      /* the same of kpagecount */
	PT_COST_COUNT_ENTRY,     /* */
	PT_COST_PAGEMAP_CALL,    /* and of pagemap, */
	PT_COST_PAGEMAP_PRESENT, /* an entry of which may be that of a present page */
	PT_COST_PAGEMAP_ABSENT,  /* or of none */
	PT_COST_SCAN_CALL,       /* PAGEMAP_SCAN, without what it finds */
	PT_COST_SCAN_PAGE,       /* a present page it goes through */
	PT_COST_SCAN_REGION,     /* a region it hands out */
	PT_COST_MAPS_VMA,        /* a line of maps, read and parsed */
	PT_COST_QUERY_VMA,       /* a VMA by PROCMAP_QUERY */
	PT_COST_N
};

struct pt_costs {
	double ns[PT_COST_N];
	bool measured[PT_COST_N]; /* false: a default */
	uint64_t fit_ns;          /* CPU that the fit took; 0: nothing was fitted */
};

const char *pt_cost_name(enum pt_cost cost); /* "kpageflags-entry": a key of JSON */

/* Those of the machine pagetop was written on. */
void pt_costs_default(struct pt_costs *ret);
/* Measures, in about a millisecond of CPU. What fails or makes no sense keeps its default, as all does where k is not
 * this machine's own kernel. */
void pt_costs_fit(struct pt_kernel *k, struct pt_costs *ret);

/* ---- choices ---------------------------------------------------------------------------------------------------- */

enum pt_cost_file { PT_COST_KPAGEFLAGS, PT_COST_KPAGECOUNT, PT_COST_PAGEMAP };

/* So many unwanted (present) entries between two wanted ones are cheaper to read along than to skip by another call. */
unsigned pt_cost_gap(const struct pt_costs *costs, enum pt_cost_file file);

/* Whether VMAs are listed cheaper by PROCMAP_QUERY than from the text; asks not whether the kernel has it. */
bool pt_cost_query_pays(const struct pt_costs *costs);

/* What finding the present pages of a stretch costs, in ns; `regions` are those PAGEMAP_SCAN would hand out. */
double pt_cost_by_scan(const struct pt_costs *costs, uint64_t present, uint64_t regions);
/* `pages`: all of the stretch. */
double pt_cost_by_pagemap(const struct pt_costs *costs, uint64_t pages, uint64_t present);

/*
 * Whether PAGEMAP_SCAN pays for a stretch; asks not whether the kernel has it. Where detail follows, pagemap's entries
 * of the pages found are read anyway, which is what is left to do after a scan.
 */
bool pt_cost_scan_pays(const struct pt_costs *costs, uint64_t pages, uint64_t present, uint64_t regions, bool detail);

/* What an exact frame has to read. */
struct pt_work {
	uint64_t vmas;
	uint64_t pages;   /* of all VMAs, there or not */
	uint64_t tables;  /* stretches of 512 with something in them: the kernel looks at every slot, */
	uint64_t upper;   /* and at those of the tables above, each of 512 tables */
	uint64_t regions; /* stretches of pages alike */
	uint64_t present; /* pages mapped one by one: an entry of pagemap and one of kpageflags each */
	uint64_t huge;    /* stretches mapped by one entry of a higher table: two entries, one of kpageflags */
	uint64_t counted; /* pages whose map count pagemap does not tell: an entry of kpagecount each */
	uint64_t runs;    /* stretches of frames side by side: a call each; 0: not known */
};

/* CPU of such a frame in ns, found the cheaper way, our own bookkeeping included. An estimate. */
uint64_t pt_cost_frame(const struct pt_costs *costs, const struct pt_work *work);

#endif
