/* See traits.h. One table: a name, and by what it is known. */
#include "core/machine/traits.h"

#include <string.h>

#include "core/history/runs.h"
#include "core/text/near.h"

/* How it is told whether a page has a trait. */
enum source {
	BY_KIND,  /* by the kind of page, of which it means some */
	BY_FLAG,  /* by a bit of the page that comes of kpageflags; what has no frame has none */
	BY_ENTRY, /* by a bit of the page that comes of its page table entry */
	BY_SHARE, /* by its map count, or by whether it is mapped exactly once */
};

#define IS(kind) (1u << PT_##kind)
#define PRESENT                                                                                                        \
	(IS(ANON) | IS(FILE) | IS(SHMEM) | IS(ZERO) | IS(ZERO_HUGE) | IS(HUGETLB) | IS(KERNEL) | IS(DEVICE) |          \
	 IS(PRESENT))

static const struct trait {
	const char *name, *also; /* `also` may be NULL */
	enum source source;
	uint32_t bits; /* kinds, or bits of the page */
} traits[] = {
	{"present", NULL, BY_KIND, PRESENT},
	{"swapped", NULL, BY_KIND, IS(SWAP) | IS(SWAP_SHMEM)},
	{"anon", "anonymous", BY_KIND, IS(ANON)},
	{"file", NULL, BY_KIND, IS(FILE)},
	{"shmem", NULL, BY_KIND, IS(SHMEM) | IS(SWAP_SHMEM)},
	{"zero", "zero_page", BY_KIND, IS(ZERO) | IS(ZERO_HUGE)},
	{"hugetlb", NULL, BY_KIND, IS(HUGETLB)},
	{"kernel", NULL, BY_KIND, IS(KERNEL)},
	{"device", NULL, BY_KIND, IS(DEVICE)},
	{"guard", NULL, BY_KIND, IS(GUARD)},
	{"marker", NULL, BY_KIND, IS(UFFD_MARKER) | IS(POISON)},
	{"migrating", NULL, BY_KIND, IS(MIGRATING)},
	{"huge", "pmd", BY_ENTRY, PT_PMD},
	{"shared", NULL, BY_SHARE, 0},
	{"private", "mmap_exclusive", BY_SHARE, 1},
	{"softdirty", NULL, BY_ENTRY, PT_SOFT_DIRTY},
	{"uffd_wp", NULL, BY_ENTRY, PT_UFFD_WP},
	{"referenced", NULL, BY_FLAG, PT_REFERENCED},
	{"uptodate", NULL, BY_FLAG, PT_UPTODATE},
	{"dirty", NULL, BY_FLAG, PT_DIRTY},
	{"lru", NULL, BY_FLAG, PT_LRU},
	{"active", NULL, BY_FLAG, PT_ACTIVE},
	{"writeback", NULL, BY_FLAG, PT_WRITEBACK},
	{"swapcache", NULL, BY_FLAG, PT_SWAPCACHE},
	{"lazyfree", NULL, BY_FLAG, PT_LAZYFREE},
	{"compound_head", NULL, BY_FLAG, PT_HEAD},
	{"unevictable", NULL, BY_FLAG, PT_UNEVICTABLE},
	{"hwpoison", NULL, BY_FLAG, PT_HWPOISON},
	{"ksm", NULL, BY_FLAG, PT_KSM},
	{"thp", "large", BY_FLAG, PT_LARGE},
	{"mlocked", "locked", BY_FLAG, PT_MLOCKED},
	{"anon_exclusive", NULL, BY_FLAG, PT_OWN},
};
#define N (sizeof(traits) / sizeof(traits[0]))

const char *pt_trait_name(unsigned trait)
{
	return trait < N ? traits[trait].name : NULL;
}

bool pt_trait_is_kind(unsigned trait)
{
	return traits[trait].source == BY_KIND;
}

static bool begins(const char *name, const char *word, size_t n)
{
	return name && strncmp(name, word, n) == 0;
}

static bool is(const char *name, const char *word, size_t n)
{
	return begins(name, word, n) && !name[n];
}

uint64_t pt_traits_word(const char *word, size_t n, struct pt_near *near)
{
	for (size_t i = 0; i < N; i++)
		if (is(traits[i].name, word, n) || is(traits[i].also, word, n))
			return 1ull << i;
	for (size_t i = 0; i < N; i++) {
		if (begins(traits[i].name, word, n) || begins(traits[i].also, word, n))
			return 1ull << i;
		pt_near_try(near, traits[i].name);
	}
	return 0;
}

/* ---- of a page -------------------------------------------------------------------------------------------------- */

struct answer {
	bool yes, known;
};

/* That it is present is known of a page of which nothing else is. */
static struct answer by_kind(struct pt_page page, uint32_t kinds)
{
	enum pt_kind kind = pt_page_kind(page);
	bool yes = kinds >> kind & 1;
	return (struct answer){yes, yes || kind != PT_PRESENT || kinds == (IS(SWAP) | IS(SWAP_SHMEM))};
}

static struct answer by_share(struct pt_page page, bool alone)
{
	if (!pt_kind_present(pt_page_kind(page)))
		return (struct answer){false, true};
	if (page.bits & PT_HAS_COUNT) /* a zero page has none, and is everybody's */
		return (struct answer){page.count && (page.count == 1) == alone, true};
	if (page.bits & PT_EXCLUSIVE)
		return (struct answer){alone, true};
	return (struct answer){!alone, page.bits & PT_HAS_EXCLUSIVE};
}

/* A bit of the page, which can be told where there is a signal for it. */
static struct answer by_signal(struct pt_page page, uint32_t bit, const struct pt_signals *signals)
{
	enum pt_signal signal = PT_SIG_PAGEMAP;
	if (bit == PT_PMD && pt_kind_present(pt_page_kind(page)))
		signal = PT_SIG_PAGEMAP_SCAN;
	else if (bit == PT_SOFT_DIRTY)
		signal = PT_SIG_SOFT_DIRTY;
	else if (bit == PT_KSM)
		signal = PT_SIG_KSM;
	return (struct answer){page.bits & bit, page.bits & bit || pt_signal_has(signals, signal)};
}

struct pt_traits pt_traits_of(struct pt_page page, const struct pt_signals *signals)
{
	struct pt_traits ret = {0};
	bool has_flags = page.bits & PT_HAS_FLAGS || !pt_kind_present(pt_page_kind(page));

	for (size_t i = 0; i < N; i++) {
		struct answer a = by_signal(page, traits[i].bits, signals);
		if (traits[i].source == BY_KIND)
			a = by_kind(page, traits[i].bits);
		else if (traits[i].source == BY_SHARE)
			a = by_share(page, traits[i].bits);
		else if (traits[i].source == BY_FLAG)
			a.known &= has_flags;
		ret.bits |= (uint64_t)(a.yes && a.known) << i;
		ret.known |= (uint64_t)a.known << i;
	}
	return ret;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

struct walk {
	const struct pt_snapshot *snapshot;
	const struct pt_pages_request *request;
	int (*each)(void *arg, const struct pt_page_run *run);
	void *arg;
	struct pt_page_run run; /* the one that still grows; of no pages: none */
	uint64_t unknown;
};

static bool goes_on(const struct walk *w, const struct pt_page_run *next)
{
	const struct pt_page_run *last = &w->run;
	const struct pt_pages_request *q = w->request;
	const struct pt_page *a = &last->first, *b = &next->first;

	if (!last->pages || last->vma != next->vma || last->page + last->pages != next->page)
		return false;
	if (pt_page_kind(*a) != pt_page_kind(*b) || last->traits.bits != next->traits.bits ||
	    last->traits.known != next->traits.known)
		return false;
	if (q->frames && b->pfn != (a->pfn ? a->pfn + last->pages : 0))
		return false;
	return !q->counts || (a->count == b->count && !((a->bits ^ b->bits) & PT_HAS_COUNT));
}

static int give(struct walk *w)
{
	int stop = 0;
	if (!w->request->each)
		return w->run.pages ? w->each(w->arg, &w->run) : 0;
	struct pt_page_run one = w->run;
	one.pages = 1;
	for (uint64_t i = 0; i < w->run.pages && !stop; i++) {
		stop = w->each(w->arg, &one);
		one.page++;
		one.first.pfn += one.first.pfn ? 1 : 0;
	}
	return stop;
}

static int add(struct walk *w, struct pt_page_run run)
{
	const struct pt_pages_request *q = w->request;
	run.traits = pt_traits_of(run.first, &w->snapshot->signals);
	enum pt_bits_match match = pt_bits_match(q->rules, q->n_rules, run.traits.bits, run.traits.known);
	if (match != PT_BITS_YES) {
		w->unknown += match == PT_BITS_UNKNOWN ? run.pages : 0;
		return 0;
	}
	if (goes_on(w, &run)) {
		w->run.pages += run.pages;
		return 0;
	}
	int stop = give(w);
	w->run = run;
	return stop;
}

static int walk_vma(struct walk *w, struct pt_runs *runs, size_t i)
{
	const struct pt_vma *vma = &w->snapshot->vmas->v[i];
	const unsigned shift = w->snapshot->page_shift;
	const struct pt_pages_request *q = w->request;
	uint64_t at = vma->start >> shift, end = vma->end >> shift;
	int stop = 0;

	at = at > q->pages.start ? at : q->pages.start;
	end = end < q->pages.end ? end : q->pages.end;
	while (at < end && !stop) {
		struct pt_page_run run = {.vma = i, .page = at};
		run.pages = pt_runs_at(runs, at, end, &run.first);
		if (pt_page_kind(run.first) != PT_UNTOUCHED)
			stop = add(w, run);
		at += run.pages;
	}
	return stop;
}

int pt_pages_walk(const struct pt_snapshot *snapshot, const struct pt_pages_request *request,
		  int (*each)(void *arg, const struct pt_page_run *run), void *arg, uint64_t *ret_unknown)
{
	struct walk w = {.snapshot = snapshot, .request = request, .each = each, .arg = arg};
	struct pt_pages_request q = *request;
	struct pt_runs runs = {.snapshot = snapshot};
	int stop = 0;

	q.frames |= q.each; /* so that the frame of each page is known */
	q.counts |= q.each;
	w.request = &q;
	for (size_t i = 0; i < snapshot->vmas->n && !stop; i++)
		if (snapshot->vmas->v[i].role != PT_ROLE_VSYSCALL)
			stop = walk_vma(&w, &runs, i);
	stop = stop ? stop : give(&w);
	*ret_unknown = w.unknown;
	return stop;
}
