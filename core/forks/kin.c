/*
 * See kin.h. Two passes over sorted tables: VMAs of both become stretches in which neither changes, and the chunks below
 * such a stretch are gone through run by run, side by side.
 */
#include "core/forks/kin.h"

#include <errno.h>
#include <stdlib.h>

const char *pt_kin_name(enum pt_kin kin)
{
	static const char *const names[PT_KIN_N] = {"none",        "shared",     "by-parent", "by-child", "by-either",
						    "parent-only", "child-only", "common",    "unknown"};
	return (unsigned)kin < PT_KIN_N ? names[kin] : "";
}

const char *pt_kin_what(enum pt_kin kin)
{
	static const char *const words[PT_KIN_N] = {
		[PT_KIN_NONE] = "no memory",
		[PT_KIN_SHARED] = "still shared: a write makes a copy",
		[PT_KIN_BY_PARENT] = "copied by the parent's write",
		[PT_KIN_BY_CHILD] = "copied by the child's write",
		[PT_KIN_EITHER] = "each has its own: both wrote",
		[PT_KIN_PARENT] = "of the parent alone",
		[PT_KIN_CHILD] = "of the child alone",
		[PT_KIN_COMMON] = "files and shared memory",
		[PT_KIN_UNKNOWN] = "unknown",
	};
	return (unsigned)kin < PT_KIN_N ? words[kin] : "";
}

/* ---- one page --------------------------------------------------------------------------------------------------- */

/* Whose memory a page is. */
enum ownership { NOTHING, PRIVATE, COMMON, UNCLEAR };

static enum ownership ownership_of(struct pt_page page)
{
	switch (pt_page_kind(page)) {
	case PT_ANON:
	case PT_HUGETLB:
	case PT_SWAP: return PRIVATE;
	case PT_FILE:
	case PT_SHMEM:
	case PT_SWAP_SHMEM:
	case PT_KERNEL:
	case PT_DEVICE: return COMMON;
	case PT_MIGRATING:
	case PT_PRESENT: return UNCLEAR;
	default: return NOTHING; /* zero pages and markers are no memory */
	}
}

static bool is_in_a_frame(struct pt_page page)
{
	return pt_kind_present(pt_page_kind(page)) || pt_page_kind(page) == PT_MIGRATING;
}

/* The kernel's mark of a page that needs no copy is known: of a part of a large folio it is not. */
static bool tells_own(struct pt_page page)
{
	return page.bits & PT_HAS_FLAGS && (!(page.bits & PT_LARGE) || page.bits & PT_PMD);
}

/* Copies are small pages, or huge ones, and are marked; what is left behind is not, until its last owner writes to it. */
static enum pt_kin by_whom(struct pt_page parent, struct pt_page child)
{
	bool parent_own = tells_own(parent) && parent.bits & PT_OWN;
	bool child_own = tells_own(child) && child.bits & PT_OWN;
	if (parent_own && !child_own)
		return PT_KIN_BY_PARENT;
	if (child_own && !parent_own)
		return PT_KIN_BY_CHILD;
	return PT_KIN_EITHER;
}

static bool is_mapped_once(struct pt_page page)
{
	return page.bits & PT_HAS_EXCLUSIVE && page.bits & PT_EXCLUSIVE;
}

/* Both have private memory there: the same? */
static enum pt_kin compare_private(struct pt_page parent, struct pt_page child)
{
	if (is_in_a_frame(parent) != is_in_a_frame(child))
		return PT_KIN_UNKNOWN; /* what is swapped out may be what the other has in memory */
	if (parent.pfn && child.pfn && parent.pfn == child.pfn)
		return PT_KIN_SHARED;
	if (parent.pfn && child.pfn)
		return is_in_a_frame(parent) ? by_whom(parent, child) : PT_KIN_EITHER;
	/* frame numbers are hidden; a page that is mapped once is nobody else's */
	return is_mapped_once(parent) || is_mapped_once(child) ? PT_KIN_EITHER : PT_KIN_UNKNOWN;
}

enum pt_kin pt_kin_of(struct pt_page parent, struct pt_page child)
{
	enum ownership p = ownership_of(parent), c = ownership_of(child);
	if (p == UNCLEAR || c == UNCLEAR) {
		bool same = is_in_a_frame(parent) && is_in_a_frame(child) && parent.pfn && parent.pfn == child.pfn;
		return same && (p == PRIVATE || c == PRIVATE) ? PT_KIN_SHARED
		       : same && (p == COMMON || c == COMMON) ? PT_KIN_COMMON
							      : PT_KIN_UNKNOWN;
	}
	if (p == PRIVATE && c == PRIVATE)
		return compare_private(parent, child);
	if (p == PRIVATE)
		return PT_KIN_PARENT;
	if (c == PRIVATE)
		return PT_KIN_CHILD;
	return p == COMMON || c == COMMON ? PT_KIN_COMMON : PT_KIN_NONE;
}

/* ---- stretches of pages ----------------------------------------------------------------------------------------- */

/* Two snapshots of which pages are held against each other; without a `child` or a `parent` there is nothing on that side. */
struct pair {
	const struct pt_snapshot *parent, *child;
	bool shared; /* MAP_SHARED: nothing is ever copied there */
};

static void add_run(const struct pair *of, struct pt_page parent, struct pt_page child, uint64_t n,
		    struct pt_kin_sums *sums)
{
	enum pt_kin kin = pt_kin_of(parent, child);
	if (of->shared && kin != PT_KIN_NONE)
		kin = PT_KIN_COMMON;
	sums->n[kin] += n;
	if (kin == PT_KIN_SHARED && is_mapped_once(parent) && is_mapped_once(child))
		sums->once += n;
}

static void add_chunks(const struct pair *of, const struct pt_chunk *parent, const struct pt_chunk *child,
		       unsigned first, unsigned end, struct pt_kin_sums *sums)
{
	while (first < end) {
		struct pt_page p, c;
		unsigned n = pt_chunk_run(parent, first, &p), m = pt_chunk_run(child, first, &c);
		n = n < m ? n : m;
		n = n < end - first ? n : end - first;
		add_run(of, p, c, n, sums);
		first += n;
	}
}

static uint64_t index_at(const struct pt_snapshot *s, size_t slot)
{
	return s && slot < s->n_slots ? s->slots[slot].index : UINT64_MAX;
}

static size_t lower(const struct pt_snapshot *s, uint64_t index)
{
	return s ? pt_snapshot_lower(s, index) : 0;
}

/* Adds the pages of [start, end); those in no chunk of either count as PT_KIN_NONE. */
static void add_stretch(struct pair of, uint64_t start, uint64_t end, struct pt_kin_sums *sums)
{
	unsigned shift = of.parent ? of.parent->page_shift : of.child->page_shift;
	uint64_t first = start >> shift, last = end >> shift, counted = 0;
	size_t i = lower(of.parent, first / PT_CHUNK_PAGES), k = lower(of.child, first / PT_CHUNK_PAGES);
	for (;;) {
		uint64_t a = index_at(of.parent, i), b = index_at(of.child, k), index = a < b ? a : b;
		if (index == UINT64_MAX || index * PT_CHUNK_PAGES >= last)
			break;
		uint64_t page = index * PT_CHUNK_PAGES;
		unsigned from = first > page ? (unsigned)(first - page) : 0;
		unsigned to = last < page + PT_CHUNK_PAGES ? (unsigned)(last - page) : PT_CHUNK_PAGES;
		add_chunks(&of, a == index ? of.parent->slots[i].chunk : NULL,
			   b == index ? of.child->slots[k].chunk : NULL, from, to, sums);
		counted += to - from;
		i += a == index;
		k += b == index;
	}
	sums->n[PT_KIN_NONE] += last - first - counted;
}

/* ---- stretches of VMAs ------------------------------------------------------------------------------------------ */

/* From where on which VMA of each is there: goes through both tables. */
struct walk {
	const struct pt_vma_table *parent, *child;
	size_t p, c; /* the next that ends behind `at` */
	uint64_t at;
};

/* Addresses with the same VMA of each throughout, at least one of them. */
struct piece {
	uint64_t start, end;
	size_t parent, child; /* PT_KIN_NO_VMA: none */
};

static void walk_from(struct walk *walk, const struct pt_snapshot *parent, const struct pt_snapshot *child, uint64_t at)
{
	*walk = (struct walk){parent->vmas, child->vmas, pt_vma_find(parent->vmas, at), pt_vma_find(child->vmas, at),
			      at};
}

/* Which VMA of a table is at an address; *end falls to where that is another one. */
static size_t vma_at(const struct pt_vma_table *table, size_t *next, uint64_t at, uint64_t *end)
{
	while (*next < table->n && table->v[*next].end <= at)
		++*next;
	if (*next == table->n)
		return PT_KIN_NO_VMA;
	const struct pt_vma *vma = &table->v[*next];
	uint64_t changes = at < vma->start ? vma->start : vma->end;
	*end = changes < *end ? changes : *end;
	return at < vma->start ? PT_KIN_NO_VMA : *next;
}

static bool next_piece(struct walk *walk, uint64_t before, struct piece *ret)
{
	while (walk->at < before) {
		ret->start = walk->at;
		ret->end = before;
		ret->parent = vma_at(walk->parent, &walk->p, walk->at, &ret->end);
		ret->child = vma_at(walk->child, &walk->c, walk->at, &ret->end);
		walk->at = ret->end;
		if (ret->parent != PT_KIN_NO_VMA || ret->child != PT_KIN_NO_VMA)
			return true;
	}
	return false;
}

/* Whether what both have at an address can stem from one mapping. */
static bool is_same_mapping(const struct pt_vma *a, const struct pt_vma *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       (a->perms & PT_SHARED) == (b->perms & PT_SHARED) &&
	       (!a->inode || a->offset - a->start == b->offset - b->start);
}

static void add_piece(const struct pt_snapshot *parent, const struct pt_snapshot *child, const struct piece *at,
		      struct pt_kin_sums *sums)
{
	const struct pt_vma *p = at->parent != PT_KIN_NO_VMA ? &parent->vmas->v[at->parent] : NULL;
	const struct pt_vma *c = at->child != PT_KIN_NO_VMA ? &child->vmas->v[at->child] : NULL;
	if (p && c && is_same_mapping(p, c)) {
		add_stretch((struct pair){parent, child, p->perms & PT_SHARED}, at->start, at->end, sums);
		return;
	}
	if (p)
		add_stretch((struct pair){parent, NULL, p->perms & PT_SHARED}, at->start, at->end, sums);
	if (c)
		add_stretch((struct pair){NULL, child, c->perms & PT_SHARED}, at->start, at->end, sums);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static void add_sums(struct pt_kin_sums *sums, const struct pt_kin_sums *more)
{
	for (unsigned i = 0; i < PT_KIN_N; i++)
		sums->n[i] += more->n[i];
	sums->once += more->once;
	sums->hidden |= more->hidden;
	sums->unmarked |= more->unmarked;
}

/* Nothing yet, of these two. */
static struct pt_kin_sums no_sums(const struct pt_snapshot *parent, const struct pt_snapshot *child)
{
	bool frames = pt_signal_has(&parent->signals, PT_SIG_PFN) && pt_signal_has(&child->signals, PT_SIG_PFN);
	bool flags = pt_signal_has(&parent->signals, PT_SIG_KPAGEFLAGS) &&
		     pt_signal_has(&child->signals, PT_SIG_KPAGEFLAGS);
	return (struct pt_kin_sums){.hidden = !frames, .unmarked = !frames || !flags};
}

/* It goes on in a VMA that the last row has already. */
static bool continues(const struct pt_kin_row *row, const struct piece *last, const struct piece *piece)
{
	return piece->start == row->end && ((piece->parent != PT_KIN_NO_VMA && piece->parent == last->parent) ||
					    (piece->child != PT_KIN_NO_VMA && piece->child == last->child));
}

static void extend(struct pt_kin_row *row, const struct piece *piece)
{
	row->end = piece->end;
	row->parent = row->parent == PT_KIN_NO_VMA ? piece->parent : row->parent;
	row->child = row->child == PT_KIN_NO_VMA ? piece->child : row->child;
}

int pt_kin_table_make(const struct pt_snapshot *parent, const struct pt_snapshot *child, struct pt_kin_table *ret)
{
	struct pt_kin_row *v = calloc(parent->vmas->n + child->vmas->n + 1, sizeof(*v));
	const struct pt_kin_sums none = no_sums(parent, child);
	struct piece piece, last = {0};
	struct walk walk;
	if (!v)
		return -ENOMEM;
	*ret = (struct pt_kin_table){.v = v, .sums = none};
	walk_from(&walk, parent, child, 0);
	while (next_piece(&walk, UINT64_MAX, &piece)) {
		if (ret->n && continues(&v[ret->n - 1], &last, &piece))
			extend(&v[ret->n - 1], &piece);
		else
			v[ret->n++] = (struct pt_kin_row){piece.start, piece.end, piece.parent, piece.child, none};
		add_piece(parent, child, &piece, &v[ret->n - 1].sums);
		last = piece;
	}
	for (size_t i = 0; i < ret->n; i++)
		add_sums(&ret->sums, &v[i].sums);
	return 0;
}

void pt_kin_table_free(struct pt_kin_table *table)
{
	free(table->v);
	*table = (struct pt_kin_table){0};
}

void pt_kin_cells(const struct pt_snapshot *parent, const struct pt_snapshot *child, uint64_t start, uint64_t end,
		  uint64_t pages_per_cell, struct pt_kin_sums *ret, size_t n)
{
	uint64_t step = pages_per_cell << parent->page_shift;
	for (size_t i = 0; i < n; i++) {
		uint64_t to = start < end && end - start > step ? start + step : end;
		struct walk walk;
		struct piece piece;
		ret[i] = no_sums(parent, child);
		walk_from(&walk, parent, child, start);
		while (next_piece(&walk, to, &piece))
			add_piece(parent, child, &piece, &ret[i]);
		start = to;
	}
}
