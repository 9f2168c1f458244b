/*
 * Making and adding ledgers; see ledger.h. What differs is found by walk.c, what a difference means by events.c; here it
 * is summed by VMA. Rows are kept as they come, and put in order at the end.
 */
#include "core/history/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/walk.h"

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct pt_ledger_vma *x = a, *y = b;
	return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : (int)y->gone - (int)x->gone;
}

static void add_row(struct pt_ledger_vma *row, const struct pt_ledger_vma *more)
{
	row->end = more->end;
	row->unsure |= more->unsure;
	for (int e = 0; e < PT_EVENT_N; e++)
		row->n[e] += more->n[e];
}

/* In order, and one row for each VMA. */
static void put_in_order(struct pt_ledger *ledger)
{
	size_t n = 0;
	if (ledger->n_vmas)
		qsort(ledger->vmas, ledger->n_vmas, sizeof(*ledger->vmas), by_address);
	for (size_t i = 0; i < ledger->n_vmas; i++)
		if (n && by_address(&ledger->vmas[n - 1], &ledger->vmas[i]) == 0)
			add_row(&ledger->vmas[n - 1], &ledger->vmas[i]);
		else
			ledger->vmas[n++] = ledger->vmas[i];
	ledger->n_vmas = n;
}

/* ---- from differences ------------------------------------------------------------------------------------------- */

struct making {
	struct pt_ledger *ledger;
	const struct pt_snapshot *before, *after;
	size_t room; /* of ledger->vmas */
	bool no_shmem_swap;
	/* of the last chunk */
	uint64_t chunk;
	bool collapsed;
	uint64_t born_huge; /* pages of it that are not counted as collapsed yet */
};

/* Whose pages they are: of what is there after, if any of their VMA is. */
static const struct pt_vma *owner(const struct making *m, const struct pt_page_change *d, bool *gone)
{
	*gone = d->place == PT_PLACE_GONE && d->heir == PT_NO_VMA;
	if (*gone)
		return &m->before->vmas->v[d->vma];
	return &m->after->vmas->v[d->place == PT_PLACE_GONE ? d->heir : d->vma];
}

/* NULL: out of memory. */
static struct pt_ledger_vma *need_row(struct making *m, const struct pt_page_change *d)
{
	struct pt_ledger *ledger = m->ledger;
	bool gone;
	const struct pt_vma *vma = owner(m, d, &gone);
	struct pt_ledger_vma *last = ledger->n_vmas ? &ledger->vmas[ledger->n_vmas - 1] : NULL;
	if (last && last->gone == gone && last->start == vma->start)
		return last;
	if (!ledger->vmas || ledger->n_vmas == m->room) {
		size_t room = m->room ? 2 * m->room : 64;
		struct pt_ledger_vma *vmas = realloc(ledger->vmas, room * sizeof(*vmas));
		if (!vmas)
			return NULL;
		ledger->vmas = vmas;
		m->room = room;
	}
	last = &ledger->vmas[ledger->n_vmas++];
	*last = (struct pt_ledger_vma){.start = vma->start, .end = vma->end, .gone = gone};
	m->chunk = UINT64_MAX;
	return last;
}

static void count(struct pt_ledger *ledger, struct pt_ledger_vma *row, enum pt_event event, uint64_t n)
{
	ledger->n[event] += n;
	row->n[event] += n;
}

/* A huge page that was made of some pages is where there were none, too; one that was born huge was not collapsed. */
static void complete_collapse(struct making *m, struct pt_ledger_vma *row, const struct pt_page_change *d,
			      uint32_t events)
{
	if (d->place != PT_PLACE_KEPT)
		return;
	if (d->page / PT_CHUNK_PAGES != m->chunk) {
		m->chunk = d->page / PT_CHUNK_PAGES;
		m->collapsed = false;
		m->born_huge = 0;
	}
	m->collapsed |= events >> PT_COLLAPSED & 1;
	if (events >> PT_BORN & 1 && d->after.bits & PT_PMD && pt_page_kind(d->after) != PT_HUGETLB)
		m->born_huge += d->n;
	if (m->collapsed) {
		count(m->ledger, row, PT_COLLAPSED, m->born_huge);
		m->born_huge = 0;
	}
}

static void note_unsure(struct making *m, struct pt_ledger_vma *row, const struct pt_page_change *d, uint32_t events)
{
	if (!m->no_shmem_swap || d->place != PT_PLACE_KEPT || !pt_vma_may_be_shmem(&m->after->vmas->v[d->vma]))
		return;
	if (events >> PT_FREED & 1)
		row->unsure |= 1u << PT_FREED | 1u << PT_SWAPPED_OUT;
	if (events >> PT_BORN & 1)
		row->unsure |= 1u << PT_BORN | 1u << PT_SWAPPED_IN;
	m->ledger->unsure |= row->unsure;
}

static int note(void *arg, const struct pt_page_change *d)
{
	struct making *m = arg;
	uint32_t events = d->events;
	if (d->place == PT_PLACE_MOVED && pt_page_holds(d->before) && pt_page_holds(d->after))
		events |= 1u << PT_MOVED;
	if (!events)
		return 0;
	struct pt_ledger_vma *row = need_row(m, d);
	if (!row)
		return -ENOMEM;
	for (int e = 0; e < PT_EVENT_N; e++)
		if (events >> e & 1)
			count(m->ledger, row, (enum pt_event)e, d->n);
	complete_collapse(m, row, d, events);
	note_unsure(m, row, d, events);
	if (d->read_ns < m->ledger->from_ns)
		m->ledger->from_ns = d->read_ns;
	return 0;
}

/* ---- what can be known ------------------------------------------------------------------------------------------ */

static uint32_t known_of(const struct pt_signals *s)
{
	bool frames = pt_signal_has(s, PT_SIG_PFN), flags = frames && pt_signal_has(s, PT_SIG_KPAGEFLAGS);
	bool scan = pt_signal_has(s, PT_SIG_PAGEMAP_SCAN), zero_told = scan || flags;
	bool shared = pt_signal_has(s, PT_SIG_EXCLUSIVE) || (frames && pt_signal_has(s, PT_SIG_KPAGECOUNT));
	const struct {
		enum pt_event event;
		bool known;
	} all[] = {
		{PT_BORN, zero_told},
		{PT_FREED, zero_told},
		{PT_SWAPPED_OUT, true},
		{PT_SWAPPED_IN, true},
		{PT_COW_BROKEN, frames && shared},
		{PT_COLLAPSED, scan},
		{PT_SPLIT, scan && flags},
		{PT_MIGRATED, frames},
		{PT_SHARED_NOW, shared},
		{PT_PRIVATE_NOW, shared},
		{PT_LAZYFREED, flags && pt_signal_has(s, PT_SIG_LAZYFREE)},
		{PT_WRITTEN, pt_signal_has(s, PT_SIG_SOFT_DIRTY)},
		{PT_MOVED, frames},
	};
	uint32_t known = 0;
	for (size_t i = 0; pt_signal_has(s, PT_SIG_PAGEMAP) && i < sizeof(all) / sizeof(*all); i++)
		known |= (uint32_t)all[i].known << all[i].event;
	return known;
}

static bool no_shmem_swap(const struct pt_snapshot *s)
{
	return !pt_signal_has(&s->signals, PT_SIG_SHMEM_SWAP);
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

static int fill(struct pt_match *match, struct pt_ledger *ledger)
{
	const struct pt_snapshot *before = match->before, *after = match->after;
	struct making making = {.ledger = ledger,
				.before = before,
				.after = after,
				.no_shmem_swap = no_shmem_swap(before) || no_shmem_swap(after)};
	int error = pt_match_walk(match, note, &making);
	if (!error && match->parts)
		error = pt_vma_changes(before->vmas, after->vmas, match->parts, match->n_parts, match->moves,
				       match->n_moves, &ledger->changes, &ledger->n_changes);
	if (error)
		return error;
	put_in_order(ledger);
	ledger->moves = match->moves;
	ledger->n_moves = match->n_moves;
	match->moves = NULL;
	return 0;
}

int pt_ledger_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_ledger *ret)
{
	struct pt_match match;
	*ret = (struct pt_ledger){.from_ns = before->monotonic_ns - before->scan_ns, .to_ns = after->monotonic_ns};
	if (!pt_same_image(before, after)) {
		ret->other_image = true;
		return 0;
	}
	ret->known = known_of(&before->signals) & known_of(&after->signals);
	if (!after->cleared_ns) /* soft-dirty since nobody knows when */
		ret->known &= ~(1u << PT_WRITTEN);
	int error = pt_match_make(before, after, &match);
	if (error)
		return error;
	error = fill(&match, ret);
	pt_match_free(&match);
	if (error)
		pt_ledger_free(ret);
	return error;
}

void pt_ledger_free(struct pt_ledger *ledger)
{
	free(ledger->vmas);
	free(ledger->changes);
	free(ledger->moves);
	*ledger = (struct pt_ledger){0};
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

static int by_from(const void *a, const void *b)
{
	const struct pt_ledger_change *x = a, *y = b;
	return (x->from_start > y->from_start) - (x->from_start < y->from_start);
}

static bool came_from(const struct pt_ledger_change *change, const struct pt_ledger_vma *row)
{
	return change && change->from_start <= row->start && row->start < change->from_end;
}

/* Rows, which ascend, to where their VMAs are after what happened next. What was split counts as the first part. */
static int follow(struct pt_ledger_vma *rows, size_t n, const struct pt_ledger *more)
{
	const struct pt_ledger_change *last = NULL, *widest = NULL;
	struct pt_ledger_change *changes = malloc((more->n_changes + 1) * sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	if (more->n_changes) {
		memcpy(changes, more->changes, more->n_changes * sizeof(*changes));
		qsort(changes, more->n_changes, sizeof(*changes), by_from);
	}
	for (size_t i = 0, k = 0; i < n; i++) {
		for (; k < more->n_changes && changes[k].from_start <= rows[i].start; k++) {
			last = &changes[k];
			widest = widest && widest->from_end > last->from_end ? widest : last;
		}
		const struct pt_ledger_change *change = came_from(last, &rows[i]) ? last : widest;
		if (rows[i].gone || !came_from(change, &rows[i]))
			continue;
		rows[i].gone = change->what == PT_VMA_GONE;
		rows[i].start = rows[i].gone ? rows[i].start : change->start;
		rows[i].end = rows[i].gone ? rows[i].end : change->end;
	}
	free(changes);
	return 0;
}

/* A copy of both, one after the other. *ret_n may be 0, and *ret NULL. */
static int concat(const void *a, size_t n_a, const void *b, size_t n_b, size_t size, void **ret)
{
	char *both = malloc((n_a + n_b + 1) * size);
	if (!both)
		return -ENOMEM;
	if (n_a)
		memcpy(both, a, n_a * size);
	if (n_b)
		memcpy(both + n_a * size, b, n_b * size);
	*ret = both;
	return 0;
}

/* What both became: rows and changes of the two, the moves of the second. */
static int join(const struct pt_ledger *a, const struct pt_ledger *b, struct pt_ledger *ret)
{
	void *vmas = NULL, *changes = NULL, *moves = NULL;
	int error = concat(a->vmas, a->n_vmas, b->vmas, b->n_vmas, sizeof(*a->vmas), &vmas);
	if (!error)
		error = concat(a->changes, a->n_changes, b->changes, b->n_changes, sizeof(*a->changes), &changes);
	if (!error)
		error = concat(NULL, 0, b->moves, b->n_moves, sizeof(*b->moves), &moves);
	if (error) {
		free(vmas);
		free(changes);
		return error;
	}
	ret->vmas = vmas;
	ret->changes = changes;
	ret->moves = moves;
	ret->n_vmas = a->n_vmas + b->n_vmas;
	ret->n_changes = a->n_changes + b->n_changes;
	ret->n_moves = b->n_moves;
	return 0;
}

int pt_ledger_add(struct pt_ledger *ledger, const struct pt_ledger *more)
{
	static const struct pt_ledger nothing;
	const struct pt_ledger *first = more->other_image ? &nothing : ledger;
	struct pt_ledger sum = *more;
	int error = join(first, more, &sum);
	if (error)
		return error;
	error = follow(sum.vmas, first->n_vmas, more);
	if (error) {
		pt_ledger_free(&sum);
		return error;
	}
	put_in_order(&sum);
	if (!more->other_image) {
		for (int e = 0; e < PT_EVENT_N; e++)
			sum.n[e] += ledger->n[e];
		sum.from_ns = ledger->from_ns < more->from_ns ? ledger->from_ns : more->from_ns;
		sum.other_image = ledger->other_image;
		sum.known = ledger->other_image ? more->known : ledger->known & more->known;
		sum.unsure |= ledger->unsure;
	}
	pt_ledger_free(ledger);
	*ledger = sum;
	return 0;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

struct pt_maybe pt_ledger_pages(const struct pt_ledger *ledger, uint64_t start, uint64_t end, enum pt_event event)
{
	struct pt_maybe pages = {.known = ledger->known >> event & 1};
	if (!start && !end)
		return (struct pt_maybe){ledger->n[event], pages.known && !(ledger->unsure >> event & 1)};
	size_t low = 0, high = ledger->n_vmas;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ledger->vmas[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < ledger->n_vmas && ledger->vmas[low].start < end; low++) {
		const struct pt_ledger_vma *row = &ledger->vmas[low];
		if (row->gone)
			continue;
		pages.value += row->n[event];
		pages.known = pages.known && !(row->unsure >> event & 1);
	}
	return pages;
}
