/*
 * Making it: the pages that may be shared are collected and sorted by frame, the index tells who maps each frame, and
 * they are put back into the order of addresses as runs. Memory for the while: 40 bytes for each such page.
 */
#include "core/owners/sharing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/owners/owners_parts.h"
#include "core/owners/sharing_parts.h"

struct item {
	uint64_t pfn, page;
	uint32_t set;
	uint32_t found; /* mappings, of whomever */
	uint32_t own;   /* those of them that are the process's */
	uint32_t bits;  /* of struct pt_page */
	uint16_t count;
};

struct making {
	const struct pt_owners *owners;
	const volatile bool *cancel;
	bool counts_are_true; /* and no averages over folios */
	struct item *v;       /* [n] */
	size_t n, room;
	struct pt_sets sets;
	pid_t self, pid; /* pid: whose mappings are being told, at owners->v[at] */
	uint32_t at;
	int error;
};

/* ---- pages that may be shared ----------------------------------------------------------------------------------- */

static bool may_be_shared(const struct making *m, struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	const unsigned nobodys = 1u << PT_ZERO | 1u << PT_ZERO_HUGE | 1u << PT_KERNEL | 1u << PT_DEVICE;
	if (!pt_kind_present(kind) || nobodys >> kind & 1 || !page.pfn)
		return false;
	if (page.bits & PT_HAS_COUNT && m->counts_are_true)
		return page.count > 1;
	return !(page.bits & PT_EXCLUSIVE);
}

static int add_pages(struct making *m, uint64_t number, struct pt_page page, unsigned n)
{
	if (m->n + n > m->room) {
		size_t room = m->room * 2 > m->n + n ? m->room * 2 : m->n + n;
		struct item *more = realloc(m->v, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		m->v = more;
		m->room = room;
	}
	for (unsigned i = 0; i < n; i++)
		m->v[m->n++] =
			(struct item){.pfn = page.pfn + i, .page = number + i, .bits = page.bits, .count = page.count};
	return 0;
}

static int collect_slot(struct making *m, const struct pt_slot *slot, uint64_t first, uint64_t last)
{
	uint64_t base = slot->index * PT_CHUNK_PAGES;
	unsigned at = first > base ? (unsigned)(first - base) : 0;
	unsigned end = last - base < PT_CHUNK_PAGES ? (unsigned)(last - base) : PT_CHUNK_PAGES;
	while (at < end) {
		struct pt_page page;
		unsigned n = pt_chunk_run(slot->chunk, at, &page);
		n = n < end - at ? n : end - at;
		if (may_be_shared(m, page) && add_pages(m, base + at, page, n))
			return -ENOMEM;
		at += n;
	}
	return 0;
}

static int collect(struct making *m, const struct pt_snapshot *s, uint64_t start, uint64_t end)
{
	uint64_t first = start >> s->page_shift, last = end >> s->page_shift;
	for (size_t i = pt_snapshot_lower(s, first / PT_CHUNK_PAGES); i < s->n_slots; i++) {
		const struct pt_slot *slot = &s->slots[i];
		if (slot->index * PT_CHUNK_PAGES >= last)
			break;
		if (collect_slot(m, slot, first, last))
			return -ENOMEM;
		if (m->cancel && *m->cancel)
			return -ECANCELED;
	}
	return 0;
}

static int by_pfn(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

static int by_page(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	return (x->page > y->page) - (x->page < y->page);
}

/* ---- who has them ----------------------------------------------------------------------------------------------- */

/* The index tells all mappings of one process, then those of the next. */
static void note_mapping(void *arg, size_t i, pid_t pid, uint64_t address)
{
	struct making *m = arg;
	struct item *item = &m->v[i];
	(void)address;
	if (pid != m->pid)
		while (m->owners->v[m->at].piece->pid != pid)
			m->at++;
	m->pid = pid;
	item->found++;
	if (pid == m->self)
		item->own++;
	else if (!m->error)
		m->error = pt_sets_add(&m->sets, &item->set, m->at);
}

static int find_owners(struct making *m)
{
	uint64_t *pfns = malloc((m->n + 1) * sizeof(*pfns));
	if (!pfns || pt_sets_init(&m->sets)) {
		free(pfns);
		return -ENOMEM;
	}
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_pfn);
	for (size_t i = 0; i < m->n; i++)
		pfns[i] = m->v[i].pfn;
	pt_owners_each(m->owners, pfns, m->n, note_mapping, m);
	free(pfns);
	return m->error;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

/* False: it turns out to be this process's alone. */
static bool judge(const struct making *m, const struct item *item, struct pt_shared_run *ret)
{
	uint32_t found = item->found + (item->own ? 0 : 1); /* it came since the index was read */
	bool counted = item->bits & PT_HAS_COUNT && m->counts_are_true;
	bool more = counted && item->count > found;
	*ret = (struct pt_shared_run){item->page, 1, item->set, (uint8_t)(item->bits & PT_KIND_MASK), 0, more};
	if (item->set)
		ret->by = PT_SHARED_OTHERS;
	else if (more || (!counted && item->own < 2 && item->bits & PT_HAS_EXCLUSIVE))
		ret->by = PT_SHARED_NOBODY;
	else if (item->own > 1)
		ret->by = PT_SHARED_ITSELF;
	else if (!(item->bits & PT_HAS_COUNT))
		ret->by = PT_SHARED_UNASKED;
	else
		return false;
	return true;
}

static bool continues(const struct pt_shared_run *run, const struct pt_shared_run *next)
{
	return run->page + run->n == next->page && run->set == next->set && run->kind == next->kind &&
	       run->by == next->by && run->partly == next->partly && run->n < UINT32_MAX;
}

static int make_runs(struct making *m, struct pt_sharing *sharing)
{
	struct pt_shared_run run;
	size_t n = 0, at = 0;
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_page);
	for (int writing = 0; writing < 2; writing++) { /* counted, then made */
		struct pt_shared_run last = {0};
		for (size_t i = 0; i < m->n; i++) {
			if (!judge(m, &m->v[i], &run))
				continue;
			if (last.n && continues(&last, &run)) {
				last.n++;
				continue;
			}
			if (last.n && writing)
				sharing->runs[at++] = last;
			n += !writing;
			last = run;
		}
		if (writing && last.n)
			sharing->runs[at++] = last;
		if (!writing && !(sharing->runs = malloc((n + 1) * sizeof(*sharing->runs))))
			return -ENOMEM;
	}
	sharing->n = at;
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int name_processes(const struct pt_owners *owners, struct pt_sharing *sharing)
{
	sharing->processes = calloc(owners->n + 1, sizeof(*sharing->processes));
	if (!sharing->processes)
		return -ENOMEM;
	sharing->n_processes = owners->n;
	sharing->refused = owners->refused;
	sharing->read_ns = owners->n ? UINT64_MAX : 0;
	for (size_t i = 0; i < owners->n; i++) {
		const struct pt_piece *piece = owners->v[i].piece;
		sharing->processes[i].pid = piece->pid;
		memcpy(sharing->processes[i].name, piece->name, sizeof(piece->name));
		sharing->read_ns = piece->read_ns < sharing->read_ns ? piece->read_ns : sharing->read_ns;
	}
	return 0;
}

static int make(struct making *m, const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
		struct pt_sharing *sharing)
{
	int error = collect(m, snapshot, start, end);
	if (!error)
		error = find_owners(m);
	if (!error && m->cancel && *m->cancel)
		error = -ECANCELED;
	if (!error)
		error = make_runs(m, sharing);
	if (!error)
		error = name_processes(m->owners, sharing);
	sharing->sets = m->sets.v;
	sharing->n_sets = m->sets.n;
	m->sets.v = NULL;
	return error;
}

int pt_sharing_make(const struct pt_owners *owners, const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
		    const volatile bool *cancel, struct pt_sharing **ret)
{
	struct pt_sharing *sharing = calloc(1, sizeof(*sharing));
	struct making m = {.owners = owners, .cancel = cancel, .self = snapshot->process.pid};
	if (!sharing)
		return -ENOMEM;
	sharing->refs = 1;
	sharing->page_shift = snapshot->page_shift;
	m.counts_are_true = snapshot->signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
	int error = pt_signal_has(&snapshot->signals, PT_SIG_PFN) ? make(&m, snapshot, start, end, sharing) : -EPERM;
	free(m.v);
	pt_sets_free(&m.sets);
	if (error)
		pt_sharing_unref(sharing);
	else
		*ret = sharing;
	return error;
}

struct pt_sharing *pt_sharing_ref(struct pt_sharing *sharing)
{
	__atomic_add_fetch(&sharing->refs, 1, __ATOMIC_RELAXED);
	return sharing;
}

void pt_sharing_unref(struct pt_sharing *sharing)
{
	if (!sharing || __atomic_sub_fetch(&sharing->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(sharing->processes);
	free(sharing->sets);
	free(sharing->runs);
	free(sharing);
}
