/*
 * The choices, and their defaults; see cost.h. Measuring is cost_fit.c's.
 */
#include "core/scan/cost.h"

#include "core/scan/walk.h"

#define GAP_MOST   256u /* a wrong cost must not make whole files be read */
#define READ_PAGES 512u /* entries of one read of pagemap: a chunk's */

/*
 * What the estimate of a frame needs beyond the costs, as seen on gigabytes of Linux 6.18 beside tests/bench/floor: how
 * much dearer a target's frames are than our own, which are in the processor's caches; looking at a slot of a page
 * table that maps nothing; frames side by side of memory that was touched in any order.
 */
#define COLD_SCAN    1.25
#define COLD_PAGEMAP 1.5
#define COLD_FRAMES  1.1
#define SLOT_NS      2.2
#define RUN_PAGES    16u
#define UPPER_NS     14.0  /* of a table above: the kernel calls back for each of them */
#define OWN_PAGE_NS  45.0  /* what we do with a page ourselves: sort, classify, put into its chunk; */
#define OWN_VMA_NS   900.0 /* with a VMA: what it is for, its sums */

static const struct {
	const char *name;
	double ns;
} about[PT_COST_N] = {
	[PT_COST_FLAGS_CALL] = {"kpageflags-call", 250},
	[PT_COST_FLAGS_ENTRY] = {"kpageflags-entry", 100},
	[PT_COST_COUNT_CALL] = {"kpagecount-call", 250},
	[PT_COST_COUNT_ENTRY] = {"kpagecount-entry", 90},
	[PT_COST_PAGEMAP_CALL] = {"pagemap-call", 900},
	[PT_COST_PAGEMAP_PRESENT] = {"pagemap-present", 23},
	[PT_COST_PAGEMAP_ABSENT] = {"pagemap-absent", 2.3},
	[PT_COST_SCAN_CALL] = {"scan-call", 1300},
	[PT_COST_SCAN_PAGE] = {"scan-page", 10},
	[PT_COST_SCAN_REGION] = {"scan-region", 1.5},
	[PT_COST_MAPS_VMA] = {"maps-vma", 800},
	[PT_COST_QUERY_VMA] = {"query-vma", 770},
};

const char *pt_cost_name(enum pt_cost cost)
{
	return about[cost].name;
}

void pt_costs_default(struct pt_costs *ret)
{
	*ret = (struct pt_costs){0};
	for (int i = 0; i < PT_COST_N; i++)
		ret->ns[i] = about[i].ns;
}

unsigned pt_cost_gap(const struct pt_costs *costs, enum pt_cost_file file)
{
	static const struct {
		enum pt_cost call, entry;
	} of[] = {
		[PT_COST_KPAGEFLAGS] = {PT_COST_FLAGS_CALL, PT_COST_FLAGS_ENTRY},
		[PT_COST_KPAGECOUNT] = {PT_COST_COUNT_CALL, PT_COST_COUNT_ENTRY},
		[PT_COST_PAGEMAP] = {PT_COST_PAGEMAP_CALL, PT_COST_PAGEMAP_PRESENT},
	};
	double gap = costs->ns[of[file].call] / costs->ns[of[file].entry];
	return gap < GAP_MOST ? (unsigned)gap : GAP_MOST;
}

bool pt_cost_query_pays(const struct pt_costs *costs)
{
	return costs->ns[PT_COST_QUERY_VMA] < costs->ns[PT_COST_MAPS_VMA];
}

static double calls(uint64_t n, unsigned of_each)
{
	uint64_t calls = n / of_each + (n % of_each != 0);
	return (double)calls;
}

double pt_cost_by_scan(const struct pt_costs *costs, uint64_t present, uint64_t regions)
{
	return (calls(regions, PT_WALK_REGIONS) + !regions) * costs->ns[PT_COST_SCAN_CALL] +
	       (double)present * costs->ns[PT_COST_SCAN_PAGE] + (double)regions * costs->ns[PT_COST_SCAN_REGION];
}

double pt_cost_by_pagemap(const struct pt_costs *costs, uint64_t pages, uint64_t present)
{
	uint64_t absent = pages > present ? pages - present : 0;
	return calls(pages, READ_PAGES) * costs->ns[PT_COST_PAGEMAP_CALL] +
	       (double)present * costs->ns[PT_COST_PAGEMAP_PRESENT] +
	       (double)absent * costs->ns[PT_COST_PAGEMAP_ABSENT];
}

/* Reads of pagemap after a scan: each of at most a chunk, and of what lies near in it. */
static double reads_after_scan(uint64_t pages, uint64_t present, uint64_t regions)
{
	double least = calls(present, READ_PAGES), most = calls(pages, READ_PAGES), reads = (double)regions;
	return reads < least ? least : reads < most ? reads : most;
}

bool pt_cost_scan_pays(const struct pt_costs *costs, uint64_t pages, uint64_t present, uint64_t regions, bool detail)
{
	double scan = pt_cost_by_scan(costs, present, regions);
	if (detail)
		scan += reads_after_scan(pages, present, regions) * costs->ns[PT_COST_PAGEMAP_CALL] +
			(double)present * costs->ns[PT_COST_PAGEMAP_PRESENT];
	return scan < pt_cost_by_pagemap(costs, pages, present);
}

static double fewer(uint64_t a, uint64_t b)
{
	return (double)(a < b ? a : b);
}

static double find_pages(const struct pt_costs *costs, const struct pt_work *work)
{
	const double *ns = costs->ns;
	uint64_t slots = work->tables * READ_PAGES, pages = work->present + work->huge * READ_PAGES;
	double unused = slots > pages ? (double)(slots - pages) * SLOT_NS : 0;
	if (work->upper * READ_PAGES > work->tables)
		unused += (double)(work->upper * READ_PAGES - work->tables) * UPPER_NS;
	double scan = COLD_SCAN * pt_cost_by_scan(costs, work->present + work->huge, work->regions) + unused +
		      COLD_PAGEMAP * (double)work->present * ns[PT_COST_PAGEMAP_PRESENT] +
		      reads_after_scan(work->pages, work->present, work->regions) * ns[PT_COST_PAGEMAP_CALL] +
		      2 * (double)work->huge * (ns[PT_COST_PAGEMAP_CALL] + ns[PT_COST_PAGEMAP_PRESENT]);
	double pagemap = COLD_PAGEMAP * pt_cost_by_pagemap(costs, work->pages, pages);
	return scan < pagemap ? scan : pagemap;
}

uint64_t pt_cost_frame(const struct pt_costs *costs, const struct pt_work *work)
{
	const double *ns = costs->ns;
	uint64_t flags = work->present + work->huge, runs = work->runs ? work->runs : flags / RUN_PAGES + 1;
	double sum = (double)work->vmas * (ns[PT_COST_MAPS_VMA] + OWN_VMA_NS) + find_pages(costs, work);
	sum += fewer(runs, flags) * ns[PT_COST_FLAGS_CALL];
	sum += COLD_FRAMES * (double)flags * ns[PT_COST_FLAGS_ENTRY];
	sum += fewer(runs, work->counted) * ns[PT_COST_COUNT_CALL];
	sum += COLD_FRAMES * (double)work->counted * ns[PT_COST_COUNT_ENTRY];
	sum += (double)flags * OWN_PAGE_NS;
	return sum < 1e18 ? (uint64_t)sum : (uint64_t)1e18;
}
