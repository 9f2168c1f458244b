/*
 * Measuring what questions cost; see cost.h. Each is asked of one entry and of many, several times, and the least time
 * counts: what disturbs a measurement only makes it longer. The memory asked about is our own: pages in a row, then
 * every other page, then none.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "core/scan/cost.h"

#define TRIES    5
#define OF_ONE   15       /* tries of a question so short that anything disturbs it */
#define STRETCH  128u     /* pages of each of the three stretches */
#define SPARSE   64u      /* of which so many are there in the second */
#define MOST_NS  3000000u /* of CPU: what is not measured by then keeps its default */
#define TEXT     4096u    /* of maps; the kernel hands out no more at a time */
#define LEAST_NS 0.05     /* less than that no entry takes: the clock stands still, or goes astray */
#define HUGE_NS  1e6      /* and more than that neither */

struct fit {
	struct pt_kernel *k;
	struct pt_costs *costs;
	uint64_t started; /* CPU clock */
	double clock_ns;  /* of looking at the clock */
	char *dense, *sparse, *empty;
	char *memory; /* all of it, and what nothing may touch around it */
	size_t memory_size;
	int pagemap, kpageflags, kpagecount, maps;
};

static uint64_t now(struct fit *f)
{
	return f->k->ops->now(f->k, PT_CLOCK_MONOTONIC);
}

static bool late(struct fit *f)
{
	return f->k->ops->now(f->k, PT_CLOCK_THREAD_CPU) - f->started > MOST_NS;
}

/* One question; nonnegative when it was answered as expected. */
typedef int (*question)(struct fit *f, void *arg);

/* The least time it takes in ns; negative: it could not be asked. */
static double least(struct fit *f, question ask, void *arg, int tries)
{
	double best = -1;
	for (int i = 0; i < tries; i++) {
		if (late(f))
			return -1;
		uint64_t from = now(f);
		int error = ask(f, arg);
		double took = (double)(now(f) - from) - f->clock_ns;
		if (error < 0)
			return -1;
		if (i == 0 || took < best)
			best = took;
	}
	return best;
}

static bool sane(double entry)
{
	return entry >= LEAST_NS && entry <= HUGE_NS;
}

static void keep(struct fit *f, enum pt_cost cost, double ns)
{
	f->costs->ns[cost] = ns;
	f->costs->measured[cost] = true;
}

static int nothing(struct fit *f, void *arg)
{
	(void)f;
	(void)arg;
	return 0;
}

/* ---- files of entries ------------------------------------------------------------------------------------------- */

struct reading {
	int fd;
	uint64_t first;
	unsigned n;
	uint64_t entries[STRETCH];
};

static int read_entries(struct fit *f, void *arg)
{
	struct reading *r = arg;
	size_t size = r->n * sizeof(r->entries[0]);
	return f->k->ops->pread(f->k, r->fd, r->entries, size, r->first * 8) == (ssize_t)size ? 0 : -1;
}

/* The call and an entry; false: not to be known. */
static bool time_entries(struct fit *f, int fd, uint64_t first, double *call, double *entry)
{
	if (fd < 0)
		return false;
	struct reading one = {.fd = fd, .first = first, .n = 1}, many = {.fd = fd, .first = first, .n = STRETCH};
	double of_one = least(f, read_entries, &one, OF_ONE), of_many = least(f, read_entries, &many, TRIES);
	if (of_one < 0 || of_many < 0)
		return false;
	*entry = (of_many - of_one) / (STRETCH - 1);
	*call = of_one - *entry;
	return sane(*entry) && sane(*call);
}

static void fit_file(struct fit *f, int fd, uint64_t first, enum pt_cost call_cost, enum pt_cost entry_cost)
{
	double call, entry;
	if (!time_entries(f, fd, first, &call, &entry))
		return;
	keep(f, call_cost, call);
	keep(f, entry_cost, entry);
}

static uint64_t page_of(const struct fit *f, const char *at)
{
	return (uintptr_t)at >> f->k->page_shift;
}

static void fit_pagemap(struct fit *f)
{
	double call, entry;
	fit_file(f, f->pagemap, page_of(f, f->dense), PT_COST_PAGEMAP_CALL, PT_COST_PAGEMAP_PRESENT);
	if (f->costs->measured[PT_COST_PAGEMAP_CALL] &&
	    time_entries(f, f->pagemap, page_of(f, f->empty), &call, &entry))
		keep(f, PT_COST_PAGEMAP_ABSENT, entry);
}

/* Around a frame of our own: memory like any other. Where frames are hidden, their files are not asked at all. */
static void fit_frames(struct fit *f)
{
	struct reading own = {.fd = f->pagemap, .first = page_of(f, f->dense), .n = 1};
	if (f->pagemap < 0 || read_entries(f, &own) || !(own.entries[0] & PM_PRESENT))
		return;
	uint64_t pfn = own.entries[0] & PM_PFN_MASK, first = pfn - pfn % STRETCH;
	if (!pfn)
		return;
	fit_file(f, f->kpageflags, first, PT_COST_FLAGS_CALL, PT_COST_FLAGS_ENTRY);
	fit_file(f, f->kpagecount, first, PT_COST_COUNT_CALL, PT_COST_COUNT_ENTRY);
}

/* ---- PAGEMAP_SCAN ----------------------------------------------------------------------------------------------- */

struct scanning {
	const char *start;
	unsigned pages, regions; /* to go through, and to be found */
	struct ps_region found[STRETCH];
};

static int scan(struct fit *f, void *arg)
{
	struct scanning *s = arg;
	struct ps_arg ask = {
		.size = sizeof(ask),
		.start = (uintptr_t)s->start,
		.end = (uintptr_t)s->start + ((uint64_t)s->pages << f->k->page_shift),
		.vec = (uintptr_t)s->found,
		.vec_len = STRETCH,
		.category_anyof_mask = PS_PRESENT | PS_SWAPPED,
		.return_mask = PS_PRESENT | PS_SWAPPED | PS_HUGE | PS_PFNZERO,
	};
	int n = f->k->ops->ioctl(f->k, f->pagemap, PT_PAGEMAP_SCAN, &ask);
	return n == (int)s->regions ? 0 : -1;
}

static void fit_scan(struct fit *f)
{
	struct scanning one = {.start = f->dense, .pages = 1, .regions = 1};
	struct scanning dense = {.start = f->dense, .pages = STRETCH, .regions = 1};
	struct scanning sparse = {.start = f->sparse, .pages = STRETCH, .regions = SPARSE};
	if (f->pagemap < 0)
		return;
	double of_one = least(f, scan, &one, OF_ONE), of_dense = least(f, scan, &dense, TRIES);
	double of_sparse = least(f, scan, &sparse, TRIES);
	if (of_one < 0 || of_dense < 0 || of_sparse < 0)
		return;
	double page = (of_dense - of_one) / (STRETCH - 1);
	double region = (of_sparse - of_one) / (SPARSE - 1) - page;
	if (region < 0)
		region = 0; /* too little to be told from a page */
	double call = of_one - page - region;
	if (!sane(page) || !sane(call) || region > HUGE_NS)
		return;
	keep(f, PT_COST_SCAN_CALL, call);
	keep(f, PT_COST_SCAN_PAGE, page);
	keep(f, PT_COST_SCAN_REGION, region);
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

struct listing {
	size_t vmas;    /* in the text, or to be asked for */
	size_t queried; /* so many were there: [vsyscall] is in the text alone */
	char text[TEXT];
};

static int read_text(struct fit *f, void *arg)
{
	struct listing *l = arg;
	struct pt_vma_table *table;
	ssize_t n = f->k->ops->pread(f->k, f->maps, l->text, sizeof(l->text), 0);
	while (n > 0 && l->text[n - 1] != '\n')
		n--;
	if (n <= 0 || pt_parse_maps(l->text, (size_t)n, &table) != 0)
		return -1;
	l->vmas = table->n;
	pt_vma_table_unref(table);
	return 0;
}

static int query_vmas(struct fit *f, void *arg)
{
	struct listing *l = arg;
	char name[256];
	uint64_t at = 0;
	for (l->queried = 0; l->queried < l->vmas; l->queried++) {
		struct pq_arg ask = {
			.size = sizeof(ask),
			.query_flags = PQ_COVERING_OR_NEXT,
			.query_addr = at,
			.vma_name_size = sizeof(name),
			.vma_name_addr = (uintptr_t)name,
		};
		if (f->k->ops->ioctl(f->k, f->maps, PT_PROCMAP_QUERY, &ask) < 0 || ask.vma_end <= at)
			break;
		at = ask.vma_end;
	}
	return l->queried ? 0 : -1;
}

static void fit_vmas(struct fit *f)
{
	struct listing listing = {0};
	if (f->maps < 0)
		return;
	double text = least(f, read_text, &listing, TRIES);
	if (text < 0 || listing.vmas == 0 || !sane(text / (double)listing.vmas))
		return;
	keep(f, PT_COST_MAPS_VMA, text / (double)listing.vmas);
	if (query_vmas(f, &listing) < 0)
		return;
	listing.vmas = listing.queried; /* no question without an answer */
	double query = least(f, query_vmas, &listing, TRIES);
	if (query > 0 && sane(query / (double)listing.vmas))
		keep(f, PT_COST_QUERY_VMA, query / (double)listing.vmas);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* All of it below one page table: where it lies must not matter. Too short for a huge page, and what is around it permits
 * nothing, so that it cannot grow together with another mapping. */
static bool map_memory(struct fit *f)
{
	size_t page = (size_t)1 << f->k->page_shift, stretch = STRETCH * page, table = page / 8 * page;
	f->memory_size = 2 * table;
	f->memory = mmap(NULL, f->memory_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->memory == MAP_FAILED)
		return false;
	f->dense = f->memory + (-(uintptr_t)f->memory & (table - 1)) + page;
	f->sparse = f->dense + stretch;
	f->empty = f->sparse + stretch;
	if (mprotect(f->dense, 3 * stretch, PROT_READ | PROT_WRITE)) {
		munmap(f->memory, f->memory_size);
		return false;
	}
	for (unsigned i = 0; i < STRETCH; i++)
		*(volatile char *)(f->dense + i * page) = 'd';
	for (unsigned i = 0; i < STRETCH; i += STRETCH / SPARSE)
		*(volatile char *)(f->sparse + i * page) = 's';
	return true;
}

static void measure(struct fit *f)
{
	struct pt_kernel *k = f->k;
	int *const fds[] = {&f->pagemap, &f->kpageflags, &f->kpagecount, &f->maps};
	static const char *const paths[] = {"proc/self/pagemap", "proc/kpageflags", "proc/kpagecount",
					    "proc/self/maps"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		*fds[i] = k->ops->open(k, paths[i], O_RDONLY);
	double clock = least(f, nothing, NULL, OF_ONE);
	f->clock_ns = clock > 0 ? clock : 0;
	fit_pagemap(f);
	fit_frames(f);
	fit_scan(f);
	fit_vmas(f);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		k->ops->close(k, *fds[i]);
}

void pt_costs_fit(struct pt_kernel *k, struct pt_costs *ret)
{
	struct fit f = {.k = k, .costs = ret};
	pt_costs_default(ret);
	if (!k->real)
		return;
	f.started = k->ops->now(k, PT_CLOCK_THREAD_CPU);
	if (!map_memory(&f))
		return;
	measure(&f);
	munmap(f.memory, f.memory_size);
	ret->fit_ns = k->ops->now(k, PT_CLOCK_THREAD_CPU) - f.started;
}
