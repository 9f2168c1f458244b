/*
 * Joining faults with pages; see join.h. Owns the faults that wait for a flush, the table of pages last seen, the newest
 * snapshots and the VMA table.
 *
 * All faults at one page that one look has to answer for are a group: what was before the first is known, and what is
 * there after the last. In between only what follows from their order is told.
 */
#include "core/faults/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/chain.h"
#include "core/faults/drift.h"
#include "core/faults/seen.h"
#include "core/scan/glance.h"
#include "core/scan/layout.h"

#define SNAPSHOTS 3            /* the newest may be younger than a fault */
#define FORKS     64           /* moments of the last ones */
#define HUGE      (1ull << 62) /* numbers of huge pages in the table of pages last seen */
#define WINDOW    16u          /* pages: with a file's page the kernel maps so many around it (fault_around_bytes) */
#define WINDOWS   4096u        /* a power of two */
#define RACE_NS   1000000u     /* from a fault to when it is noted, and a CPU that was taken away in between */
/* How many times as long as reading the VMAs took it takes until they are read again; where an address is in none. */
#define LAYOUT_DUE    200u
#define LAYOUT_MISSED 20u
#define LAYOUT_QUICK  1000000u /* ns: at once, then */

struct waiting {
	struct pt_joined joined;
	uint64_t page; /* number */
};

struct group {           /* of faults at one page */
	size_t first, n; /* in order[] */
	uint64_t page;
	struct pt_seen before, after;
};

struct pt_join {
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_glance *glance;
	struct pt_seen_table *seen;
	struct pt_drift drift;
	struct pt_snapshot *snapshots[SNAPSHOTS]; /* newest first; NULL: none */
	struct pt_layout layout;
	struct pt_vma_table *vmas; /* the newest, a reference; NULL: none yet */
	uint64_t born_ns;          /* when its memory was made; 0: not known */
	uint64_t vmas_ns, layout_ns, layout_cost_ns;
	struct waiting *waiting; /* [n], in the order of time */
	size_t n, room;
	size_t *order; /* [n]: by page, then by time */
	struct group *groups;
	struct pt_glimpse *pages; /* of groups */
	size_t order_room;
	uint64_t forks[FORKS]; /* a ring of moments */
	size_t n_forks;
	uint64_t around_ns[WINDOWS]; /* when a file's page was last mapped there, by hash of the window */
	struct pt_join_totals totals;
};

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

int pt_join_new(struct pt_join **ret, struct pt_kernel *k, pid_t pid, size_t bytes_max)
{
	struct pt_signals signals;
	struct pt_join *join = calloc(1, sizeof(*join));
	if (!join)
		return -ENOMEM;
	join->k = k;
	pt_probe_signals(k, pid, &signals);
	int error = pt_target_open(&join->target, k, pid, &signals);
	if (error) {
		free(join);
		return error == -EPERM ? -EACCES : error == -ENODATA ? -ESRCH : error;
	}
	join->glance = pt_glance_new();
	join->seen = pt_seen_new(bytes_max);
	if (!join->glance || !join->seen) {
		pt_join_free(join);
		return -ENOMEM;
	}
	pt_drift_read(&join->drift, k);
	*ret = join;
	return 0;
}

void pt_join_free(struct pt_join *join)
{
	if (!join)
		return;
	for (int i = 0; i < SNAPSHOTS; i++)
		pt_snapshot_unref(join->snapshots[i]);
	pt_vma_table_unref(join->vmas);
	pt_layout_free(&join->layout);
	pt_glance_free(join->glance);
	pt_seen_free(join->seen);
	pt_target_close(&join->target);
	free(join->waiting);
	free(join->order);
	free(join->groups);
	free(join->pages);
	free(join);
}

struct pt_vma_table *pt_join_vmas(const struct pt_join *join, uint64_t *ret_ns)
{
	*ret_ns = join->vmas_ns;
	return join->vmas;
}

struct pt_join_totals pt_join_totals(const struct pt_join *join)
{
	return join->totals;
}

/* ---- what is told ----------------------------------------------------------------------------------------------- */

static void set_vmas(struct pt_join *join, struct pt_vma_table *vmas, uint64_t ns)
{
	if (!vmas || ns < join->vmas_ns)
		return;
	pt_vma_table_ref(vmas);
	pt_vma_table_unref(join->vmas);
	join->vmas = vmas;
	join->vmas_ns = ns;
}

/* One that is not complete has pages of which nothing was read. */
void pt_join_snapshot(struct pt_join *join, struct pt_snapshot *snapshot)
{
	if (snapshot->stage != PT_STAGE_COMPLETE || snapshot->presence_ns < join->born_ns ||
	    (join->snapshots[0] && snapshot->monotonic_ns <= join->snapshots[0]->monotonic_ns))
		return;
	pt_snapshot_unref(join->snapshots[SNAPSHOTS - 1]);
	for (size_t i = SNAPSHOTS - 1; i > 0; i--)
		join->snapshots[i] = join->snapshots[i - 1];
	join->snapshots[0] = pt_snapshot_ref(snapshot);
	set_vmas(join, snapshot->vmas, snapshot->presence_ns);
}

void pt_join_born(struct pt_join *join, uint64_t time_ns)
{
	join->born_ns = time_ns;
}

void pt_join_forked(struct pt_join *join, uint64_t time_ns)
{
	join->forks[join->n_forks++ % FORKS] = time_ns;
}

static bool forked_between(const struct pt_join *join, uint64_t from, uint64_t until)
{
	size_t n = join->n_forks < FORKS ? join->n_forks : FORKS;
	bool more = join->n_forks > FORKS; /* of which some were forgotten: perhaps one of those */
	for (size_t i = 0; i < n; i++) {
		if (join->forks[i] >= from && join->forks[i] <= until)
			return true;
		more &= join->forks[i] > from;
	}
	return more;
}

void pt_join_add(struct pt_join *join, const struct pt_fault *f, pt_stack_id stack)
{
	if (join->n == join->room) {
		size_t room = join->room ? join->room * 2 : 1024;
		struct waiting *waiting = realloc(join->waiting, room * sizeof(*waiting));
		if (!waiting) {
			join->totals.dropped += f->weight;
			return;
		}
		join->waiting = waiting;
		join->room = room;
	}
	join->waiting[join->n++] = (struct waiting){
		.page = f->address >> join->k->page_shift,
		.joined = {.time_ns = f->time_ns,
			   .address = f->address,
			   .ip = f->ip,
			   .pid = f->pid,
			   .tid = f->tid,
			   .cpu = f->cpu,
			   .weight = f->weight,
			   .major = f->major,
			   .kernel = f->kernel,
			   .has_code = f->has_code,
			   .code = f->code,
			   .stack = stack},
	};
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

static const struct pt_vma *vma_of(const struct pt_join *join, uint64_t address)
{
	size_t i = join->vmas ? pt_vma_find(join->vmas, address) : 0;
	return join->vmas && i < join->vmas->n && pt_vma_covers(&join->vmas->v[i], address) ? &join->vmas->v[i] : NULL;
}

/* Reading the VMAs takes its share of the time and no more, if that is much. */
static void refresh_vmas(struct pt_join *join)
{
	uint64_t now = join->k->ops->now(join->k, PT_CLOCK_MONOTONIC);
	bool missed = !join->vmas;
	for (size_t i = 0; i < join->n && !missed; i++)
		missed = !vma_of(join, join->waiting[i].joined.address);
	uint64_t share = !missed ? LAYOUT_DUE : join->layout_cost_ns < LAYOUT_QUICK ? 0 : LAYOUT_MISSED;
	if (join->layout_ns && now - join->layout_ns < share * join->layout_cost_ns)
		return;
	struct pt_process process;
	int error = pt_target_read(&join->target, &process);
	if (!error)
		error = pt_layout_read(&join->layout, &join->target, &process);
	join->layout_ns = now;
	join->layout_cost_ns = join->k->ops->now(join->k, PT_CLOCK_MONOTONIC) - now;
	if (!error)
		set_vmas(join, join->layout.vmas, now);
}

/* ---- before ----------------------------------------------------------------------------------------------------- */

/* The newest snapshot whose reading ended before that moment. */
static const struct pt_snapshot *snapshot_before(const struct pt_join *join, uint64_t ns)
{
	for (int i = 0; i < SNAPSHOTS && join->snapshots[i]; i++)
		if (join->snapshots[i]->monotonic_ns < ns)
			return join->snapshots[i];
	return NULL;
}

static struct pt_seen in_snapshot(const struct pt_snapshot *s, uint64_t address)
{
	uint64_t index = address / pt_snapshot_chunk_size(s);
	size_t i = pt_snapshot_lower(s, index);
	bool there = i < s->n_slots && s->slots[i].index == index;
	struct pt_seen seen = {.known = true, .ns = s->presence_ns};
	if (there && s->slots[i].read_ns)
		seen.ns = s->slots[i].read_ns;
	if (there)
		seen.page = pt_snapshot_page(s, address);
	return seen;
}

static struct pt_seen newer(struct pt_seen a, struct pt_seen b)
{
	return b.ns > a.ns ? b : a;
}

/* The part of a huge page that was seen. */
static struct pt_seen part_of(struct pt_seen huge, uint64_t page, unsigned pages)
{
	if (huge.page.pfn)
		huge.page.pfn += page % pages;
	return huge;
}

/* What was last seen of a page before that moment. */
static struct pt_seen before_of(const struct pt_join *join, uint64_t page, uint64_t ns)
{
	const struct pt_snapshot *s = snapshot_before(join, ns);
	struct pt_seen seen = {.known = join->born_ns != 0, .ns = join->born_ns}, found;
	uint64_t forgotten, forgotten_huge;
	if (s)
		seen = in_snapshot(s, page << join->k->page_shift);
	if (pt_seen_get(join->seen, page, &found, &forgotten))
		seen = newer(seen, found);
	if (pt_seen_get(join->seen, HUGE | page / PT_CHUNK_PAGES, &found, &forgotten_huge))
		seen = newer(seen, part_of(found, page, PT_CHUNK_PAGES));
	if (seen.ns >= ns || seen.ns < forgotten || seen.ns < forgotten_huge)
		seen.known = false;
	return seen;
}

/* ---- after ------------------------------------------------------------------------------------------------------ */

static int by_page(const void *a, const void *b, void *arg)
{
	const struct waiting *waiting = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	uint64_t x = waiting[i].page, y = waiting[k].page;
	return x != y ? (x > y) - (x < y) : (i > k) - (i < k);
}

static bool make_room(struct pt_join *join)
{
	if (join->n <= join->order_room)
		return true;
	size_t *order = realloc(join->order, join->room * sizeof(*order));
	join->order = order ? order : join->order;
	struct group *groups = realloc(join->groups, join->room * sizeof(*groups));
	join->groups = groups ? groups : join->groups;
	struct pt_glimpse *pages = realloc(join->pages, join->room * sizeof(*pages));
	join->pages = pages ? pages : join->pages;
	if (order && groups && pages)
		join->order_room = join->room;
	return join->n <= join->order_room;
}

/* Puts the first n faults that wait in groups by page. How many groups there are. */
static size_t make_groups(struct pt_join *join, size_t n)
{
	size_t groups = 0;
	for (size_t i = 0; i < n; i++)
		join->order[i] = i;
	qsort_r(join->order, n, sizeof(*join->order), by_page, join->waiting);
	for (size_t i = 0; i < n; i++) {
		uint64_t page = join->waiting[join->order[i]].page;
		if (!groups || join->groups[groups - 1].page != page)
			join->groups[groups++] = (struct group){.first = i, .page = page};
		join->groups[groups - 1].n++;
	}
	return groups;
}

static uint32_t hash_of(uint64_t number)
{
	return (uint32_t)(number * 0x9e3779b97f4a7c15u >> 32);
}

/* Which pages are looked at where there is no time for all: always the same ones, so that these are known throughout. */
static size_t choose_pages(struct pt_join *join, size_t groups, size_t max)
{
	uint64_t limit = groups <= max ? UINT32_MAX : (uint64_t)UINT32_MAX * max / groups;
	size_t n = 0;
	for (size_t i = 0; i < groups; i++)
		if (hash_of(join->groups[i].page) <= limit)
			join->pages[n++].address = join->groups[i].page << join->k->page_shift;
	return n;
}

/* So many of the faults that wait are no later than that. */
static size_t told_until(const struct pt_join *join, uint64_t ns)
{
	size_t n = join->n;
	while (n && join->waiting[n - 1].joined.time_ns > ns)
		n--;
	return n;
}

struct span {
	uint64_t from_ns, to_ns;
	uint64_t since_ns; /* what was seen may have changed since then, with or without a fault that is told later */
	bool whole;        /* there was time for all pages */
};

/* Looks at the pages of all that waits. A fault that came while that was under way may be in what was seen or not. */
static struct span look(struct pt_join *join, size_t pages_max, size_t *ret_pages)
{
	struct span span = {.from_ns = join->k->ops->now(join->k, PT_CLOCK_MONOTONIC)};
	const size_t groups = make_groups(join, join->n);
	*ret_pages = choose_pages(join, groups, pages_max);
	int error = join->vmas ? pt_glance_at(join->glance, &join->target, join->vmas, join->pages, *ret_pages)
			       : -ESRCH;
	if (error)
		*ret_pages = 0;
	span.whole = *ret_pages == groups;
	join->totals.pages_read += *ret_pages;
	span.to_ns = join->k->ops->now(join->k, PT_CLOCK_MONOTONIC);
	return span;
}

static bool is_looked_at(const struct pt_join *join, size_t pages, uint64_t address)
{
	size_t low = 0, high = pages;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (join->pages[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < pages && join->pages[low].address == address;
}

/*
 * Of the faults from `kept` on to n, which were told after the pages to look at were chosen, those at other pages are put
 * behind the rest, to wait for the next look. How many are left.
 */
static size_t put_off(struct pt_join *join, size_t kept, size_t n, size_t pages)
{
	struct waiting *off = kept < n ? malloc((n - kept) * sizeof(*off)) : NULL;
	size_t late = 0;
	if (!off)
		return n;
	for (size_t i = kept; i < n; i++) {
		if (is_looked_at(join, pages, join->waiting[i].page << join->k->page_shift))
			join->waiting[kept++] = join->waiting[i];
		else
			off[late++] = join->waiting[i];
	}
	memcpy(join->waiting + kept, off, late * sizeof(*off));
	free(off);
	return kept;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

static const struct pt_joined *fault_of(const struct pt_join *join, const struct group *group, size_t i)
{
	return &join->waiting[join->order[group->first + i]].joined;
}

static uint64_t *around(struct pt_join *join, uint64_t page)
{
	return &join->around_ns[hash_of(page / WINDOW) % WINDOWS];
}

/* Whether a fault at a page near this group's came before its own, since that moment. */
static bool is_prefaulted(struct pt_join *join, const struct group *group, size_t groups, uint64_t since)
{
	uint64_t window = group->page / WINDOW, own_ns = fault_of(join, group, 0)->time_ns;
	const struct group *end = join->groups + groups;
	if (*around(join, group->page) >= since)
		return true;
	for (const struct group *g = group; g-- > join->groups && g->page / WINDOW == window;)
		if (fault_of(join, g, 0)->time_ns < own_ns)
			return true;
	for (const struct group *g = group; ++g < end && g->page / WINDOW == window;)
		if (fault_of(join, g, 0)->time_ns < own_ns)
			return true;
	return false;
}

/* A huge page is as large as a chunk, or larger. */
static bool is_small(const struct pt_vma *vma, uint64_t address, unsigned page_shift)
{
	uint64_t size = (uint64_t)PT_CHUNK_PAGES << page_shift, start = address / size * size;
	return vma && (start < vma->start || start + size > vma->end);
}

static struct pt_fault_case case_of(const struct pt_join *join, const struct pt_joined *joined, uint64_t since)
{
	const struct pt_drift *drift = &join->drift;
	return (struct pt_fault_case){
		.before = joined->before,
		.after = joined->after,
		.knew = joined->knew,
		.knows = joined->knows,
		.age_ns = joined->time_ns - since,
		.vma = vma_of(join, joined->address),
		.major = joined->major,
		.forked = forked_between(join, since, joined->time_ns),
		.moved = pt_drift_may(&drift->moved, since),
		.merged = pt_drift_may_merge(drift, since),
		.swapped = pt_drift_may(&drift->swapped, since),
		.collapsed = pt_drift_may(&drift->collapsed, since),
		.small = is_small(vma_of(join, joined->address), joined->address, join->k->page_shift),
		.numa_balancing = drift->numa_balancing,
		.has_code = joined->has_code,
		.present = joined->code.present,
		.write = joined->code.write,
	};
}

static void set_vma(const struct pt_join *join, struct pt_joined *joined)
{
	const struct pt_vma *vma = vma_of(join, joined->address);
	joined->has_vma = vma != NULL;
	joined->vma_start = vma ? vma->start : 0;
	joined->vma_end = vma ? vma->end : 0;
}

/*
 * Without error codes: nothing was there before, so the first of several faults touched it first, if what came of it is
 * memory of its own in small pages.
 */
static enum pt_fault_kind kind_of_first(const struct pt_fault_case *c)
{
	bool nothing = c->knew && pt_page_kind(c->before) == PT_UNTOUCHED;
	bool memory = c->vma && !c->vma->inode && !(c->vma->perms & PT_SHARED);
	bool small = !(c->after.bits & (PT_PMD | PT_LARGE)) && c->after.bits & PT_HAS_FLAGS;
	return nothing && memory && small && !c->major ? pt_fault_kind_of(c) : PT_FAULT_UNKNOWN;
}

static enum pt_chain_order order_of(const struct pt_join *join, const struct group *group, size_t i)
{
	const struct pt_joined *joined = fault_of(join, group, i), *last = i ? fault_of(join, group, i - 1) : NULL;
	if (!last || last->tid == joined->tid || joined->code.began_ns > last->time_ns + RACE_NS)
		return PT_CHAIN_AFTER;
	return joined->code.began_ns > last->time_ns ? PT_CHAIN_PERHAPS : PT_CHAIN_OVERLAPS;
}

/* Of several faults at one page, the first has the page before, and the last has the one after. */
static void join_group(struct pt_join *join, const struct group *group, size_t groups)
{
	enum pt_chain_state state = PT_CHAIN_UNSURE;
	for (size_t i = 0; i < group->n; i++) {
		struct pt_joined *joined = &join->waiting[join->order[group->first + i]].joined;
		bool first = i == 0, last = i == group->n - 1;
		joined->knew = first && group->before.known;
		joined->knows = last && group->after.known;
		joined->before = joined->knew ? group->before.page : (struct pt_page){0};
		joined->after = joined->knows ? group->after.page : (struct pt_page){0};
		set_vma(join, joined);
		struct pt_fault_case c = case_of(join, joined,
						 first ? group->before.ns : fault_of(join, group, i - 1)->time_ns);
		c.prefaulted = first && is_prefaulted(join, group, groups, group->before.ns);
		joined->kind = pt_fault_kind_of(&c);
		c.after = group->after.page;
		c.knows = group->after.known;
		state = first ? pt_chain_begin(&c) : state;
		enum pt_fault_kind chained = pt_chain_next(&state, &c, order_of(join, group, i));
		bool seen = joined->knew && joined->knows && pt_kind_present(pt_page_kind(joined->after));
		if ((joined->kind == PT_FAULT_UNKNOWN && !seen) || !first)
			joined->kind = chained;
		if (first && !last && joined->kind == PT_FAULT_UNKNOWN && !joined->has_code)
			joined->kind = kind_of_first(&c);
	}
}

/* What was seen is the `before` of faults to come. */
static void keep(struct pt_join *join, const struct group *group)
{
	struct pt_seen seen = group->after;
	const struct pt_vma *vma = vma_of(join, group->page << join->k->page_shift);
	/* swapped shared memory looks as if nothing was there */
	if (pt_page_kind(seen.page) == PT_UNTOUCHED && (!vma || pt_vma_may_be_shmem(vma)))
		seen.known = false;
	if (vma && vma->inode)
		*around(join, group->page) = fault_of(join, group, group->n - 1)->time_ns;
	pt_seen_put(join->seen, group->page, seen);
	if (!seen.known || !(seen.page.bits & PT_PMD))
		return;
	unsigned at = group->page % PT_CHUNK_PAGES;
	if (seen.page.pfn)
		seen.page.pfn -= at;
	pt_seen_put(join->seen, HUGE | group->page / PT_CHUNK_PAGES, seen);
}

/* What the look gave is after the last fault of its group, unless that came while it was under way. */
static void set_after(struct pt_join *join, struct group *group, const struct pt_glimpse *looked, struct span span)
{
	bool raced = fault_of(join, group, group->n - 1)->time_ns >= span.from_ns;
	group->after = (struct pt_seen){.page = looked->page, .known = looked->known && !raced, .ns = span.since_ns};
}

/* Whether it matters for any of them what may have happened unseen: mostly there was nothing it could happen to. */
static bool needs_drift(const struct pt_join *join, size_t groups)
{
	for (size_t i = 0; i < groups; i++) {
		const struct group *group = &join->groups[i];
		if (group->n > 1 || !group->before.known || pt_page_kind(group->before.page) != PT_UNTOUCHED ||
		    group->after.page.bits & PT_PMD)
			return true;
	}
	return false;
}

/* Joins the first n faults that wait; pages are what the look gave. */
static void join_groups(struct pt_join *join, size_t n, size_t pages, struct span span)
{
	size_t groups = make_groups(join, n), at = 0;
	for (size_t i = 0; i < groups; i++) {
		struct group *group = &join->groups[i];
		uint64_t address = group->page << join->k->page_shift;
		while (at < pages && join->pages[at].address < address)
			at++;
		group->after.ns = span.since_ns;
		if (at < pages && join->pages[at].address == address)
			set_after(join, group, &join->pages[at], span);
		group->before = before_of(join, group->page, fault_of(join, group, 0)->time_ns);
	}
	if (needs_drift(join, groups))
		pt_drift_read(&join->drift, join->k);
	for (size_t i = 0; i < groups; i++)
		join_group(join, &join->groups[i], groups);
	for (size_t i = 0; i < groups; i++)
		keep(join, &join->groups[i]);
}

void pt_join_flush(struct pt_join *join, size_t pages_max, void (*drain)(void *arg),
		   void (*each)(void *arg, const struct pt_joined *fault), void *arg)
{
	size_t pages, n = join->n;
	if (!n)
		return;
	if (!make_room(join))
		pages_max = 0;
	refresh_vmas(join);
	struct span span = look(join, pages_max, &pages);
	span.since_ns = drain ? span.from_ns : span.to_ns; /* whose faults until the end are all here, or not */
	if (drain) {
		drain(arg);
		size_t told = told_until(join, span.to_ns);
		n = span.whole && n < told ? put_off(join, n, told, pages) : told;
	}
	if (make_room(join))
		join_groups(join, n, pages, span);
	for (size_t i = 0; i < n; i++) {
		const struct pt_joined *joined = &join->waiting[i].joined;
		join->totals.joined += joined->weight;
		join->totals.unknown += joined->kind == PT_FAULT_UNKNOWN ? joined->weight : 0;
		each(arg, joined);
	}
	memmove(join->waiting, join->waiting + n, (join->n - n) * sizeof(*join->waiting));
	join->n -= n;
}
