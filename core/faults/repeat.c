/*
 * See repeat.h: counts of a page that faults again, and what its intervals say.
 */
#include "core/faults/repeat.h"

#include "core/faults/birth.h"

/* ---- counting --------------------------------------------------------------------------------------------------- */

static void add_interval(struct pt_repeat *r, uint64_t time_ns)
{
	uint64_t us = time_ns > r->last_ns ? (time_ns - r->last_ns) / 1000 : 0;
	r->intervals[r->n_intervals++ % PT_REPEAT_INTERVALS] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static bool is_shared(struct pt_page page)
{
	if (page.bits & PT_HAS_EXCLUSIVE)
		return !(page.bits & PT_EXCLUSIVE);
	return page.bits & PT_HAS_COUNT && page.count > 1;
}

static bool is_locked(struct pt_page page)
{
	return page.bits & PT_HAS_FLAGS && page.bits & PT_MLOCKED;
}

static void add_evidence(struct pt_repeat *r, struct pt_page before, struct pt_page after)
{
	bool present = pt_kind_present(pt_page_kind(before));
	r->of_ksm += present && before.bits & PT_KSM;
	r->of_shared += present && is_shared(before);
	r->of_present += present;
	if (present && before.pfn && after.pfn) {
		r->same_frame += before.pfn == after.pfn;
		r->new_frame += before.pfn != after.pfn;
	}
	r->of_absent += pt_page_kind(before) == PT_UNTOUCHED && pt_kind_present(pt_page_kind(after));
	r->in_transit += pt_page_kind(before) == PT_MIGRATING;
	r->collapsed += present && after.bits & PT_PMD && !(before.bits & PT_PMD);
	r->soft_dirty += present && after.bits & PT_SOFT_DIRTY && !(before.bits & PT_SOFT_DIRTY);
	r->uffd += !!(before.bits & PT_UFFD_WP) || pt_page_kind(before) == PT_UFFD_MARKER;
}

/* What a fork can be the reason of. */
static bool may_follow_fork(enum pt_fault_kind kind)
{
	return kind == PT_FAULT_COW || kind == PT_FAULT_WRITE_PROTECT || kind == PT_FAULT_SPURIOUS ||
	       kind == PT_FAULT_UNKNOWN;
}

void pt_repeat_add(struct pt_repeat *r, const struct pt_joined *fault, uint32_t forks)
{
	if (r->last_ns)
		add_interval(r, fault->time_ns);
	if (may_follow_fork(fault->kind)) {
		bool held = fault->knew && pt_births_holds(fault->before);
		r->forkable++;
		r->after_fork += r->last_ns ? forks != r->forks : forks && held;
	}
	r->forks = forks;
	r->last_ns = fault->time_ns;
	r->last = fault->kind;
	r->stack = fault->stack;
	r->told++;
	r->events += fault->weight;
	r->major += fault->major ? fault->weight : 0;
	r->kinds[fault->kind] += fault->weight;
	r->locked |= (fault->knows && is_locked(fault->after)) || (fault->knew && is_locked(fault->before));
	if (fault->knew && fault->knows)
		add_evidence(r, fault->before, fault->after);
}

void pt_repeat_look(struct pt_repeat *r, struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	r->looks++;
	r->seen_absent += kind == PT_UNTOUCHED;
	r->seen_swapped += kind == PT_SWAP || kind == PT_SWAP_SHMEM;
	r->seen_ksm += pt_kind_present(kind) && page.bits & PT_KSM;
}

/* ---- intervals -------------------------------------------------------------------------------------------------- */

/* The last intervals, oldest first; returns how many. */
static unsigned recent(const struct pt_repeat *r, uint32_t ret[PT_REPEAT_INTERVALS])
{
	unsigned n = r->n_intervals < PT_REPEAT_INTERVALS ? r->n_intervals : PT_REPEAT_INTERVALS;
	for (unsigned i = 0; i < n; i++)
		ret[i] = r->intervals[(r->n_intervals - n + i) % PT_REPEAT_INTERVALS];
	return n;
}

static uint64_t median(const uint32_t *v, unsigned n)
{
	uint32_t sorted[PT_REPEAT_INTERVALS];
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i;
		for (; k && sorted[k - 1] > v[i]; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = v[i];
	}
	return n ? ((uint64_t)sorted[(n - 1) / 2] + sorted[n / 2]) / 2 : 0;
}

uint64_t pt_repeat_interval(const struct pt_repeat *r)
{
	uint32_t v[PT_REPEAT_INTERVALS];
	unsigned n = recent(r, v);
	double told = r->events ? (double)r->told / (double)r->events : 1; /* the share of its faults that were */
	return n ? (uint64_t)((double)median(v, n) * 1000 * told) : 0;
}

bool pt_repeat_backs_off(const struct pt_repeat *r)
{
	uint32_t v[PT_REPEAT_INTERVALS];
	unsigned n = recent(r, v);
	int score = 0;
	if (n < 5)
		return false;
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++)
			score += (v[k] > v[i]) - (v[k] < v[i]);
	int variance_18 = (int)(n * (n - 1) * (2 * n + 5)); /* 18 times that of the score of intervals without order */
	bool rises = score > 0 && score * score * 18 >= 4 * variance_18;
	return rises && median(v + n - n / 2, n / 2) * 2 >= median(v, n / 2) * 3;
}

enum pt_fault_kind pt_repeat_kind(const struct pt_repeat *r)
{
	enum pt_fault_kind most = PT_FAULT_UNKNOWN;
	uint64_t n = 0;
	for (unsigned i = PT_FAULT_UNKNOWN + 1; i < PT_FAULT_KIND_N; i++)
		if (r->kinds[i] > n || (r->kinds[i] == n && n && i == r->last)) {
			most = (enum pt_fault_kind)i;
			n = r->kinds[i];
		}
	return most;
}
