/*
 * The tally: each fault goes into the sums, a row of every table, and where it brought memory into the births; see
 * tally.h. What repeats is kept in a table of its own, which pages enter with their second fault: so a storm of pages
 * that come once drives none of it out.
 */
#include "core/faults/tally_parts.h"

#include <stdlib.h>
#include <string.h>

#define HALVE_WINDOWS 32u /* ranks are halved every so many: half a minute or so */

static const struct {
	size_t row_bytes;
	unsigned share; /* of all memory, in sixteenths */
} layout[PT_TALLY_N] = {
	[PT_TALLY_ADDRESSES] = {sizeof(struct pt_tally_address), 4},
	[PT_TALLY_REPEATS] = {sizeof(struct pt_repeat), 2},
	[PT_TALLY_VMAS] = {sizeof(struct pt_tally_vma), 1},
	[PT_TALLY_STACKS] = {sizeof(struct pt_tally_stack), 2},
	[PT_TALLY_THREADS] = {sizeof(struct pt_tally_thread), 1},
	[PT_TALLY_CPUS] = {sizeof(struct pt_tally_thread), 0},
};
#define BIRTHS_SHARE 6u
#define CPUS_BYTES   65536u

/* Pages that a stack touched are there no more. */
static void births_ended(void *arg, pt_stack_id stack, uint64_t pages)
{
	struct pt_tally *t = arg;
	struct pt_tally_stack *row = pt_heavy_find(t->tables[PT_TALLY_STACKS], stack);
	uint64_t bytes = pages << t->page_shift;
	if (row)
		row->still -= bytes < row->still ? bytes : row->still;
}

struct pt_tally *pt_tally_new(unsigned page_shift, size_t bytes_max, uint64_t from_ns)
{
	struct pt_tally *t = calloc(1, sizeof(*t));
	bool made = t != NULL;
	if (!t)
		return NULL;
	t->page_shift = page_shift;
	t->from_ns = from_ns;
	t->clock = (struct pt_sum_clock){.window = 1, .begin_ns = from_ns};
	for (unsigned i = 0; i < PT_TALLY_N; i++) {
		size_t bytes = i == PT_TALLY_CPUS ? CPUS_BYTES : bytes_max / 16 * layout[i].share;
		t->tables[i] = pt_heavy_new(layout[i].row_bytes, bytes);
		made = made && t->tables[i];
	}
	t->births = pt_births_new(page_shift, bytes_max / 16 * BIRTHS_SHARE, from_ns, births_ended, t);
	if (made && t->births)
		return t;
	pt_tally_free(t);
	return NULL;
}

static void free_names(struct pt_tally *t)
{
	struct pt_tally_vma *row;
	uint64_t key;
	for (size_t at = 0; t->tables[PT_TALLY_VMAS] && (row = pt_heavy_next(t->tables[PT_TALLY_VMAS], &at, &key));)
		free(row->name);
}

void pt_tally_free(struct pt_tally *t)
{
	if (!t)
		return;
	free_names(t);
	for (unsigned i = 0; i < PT_TALLY_N; i++)
		pt_heavy_free(t->tables[i]);
	pt_births_free(t->births);
	pt_snapshot_unref(t->snapshot);
	pt_vma_table_unref(t->vmas);
	free(t);
}

const struct pt_vma *pt_tally_vma_at(const struct pt_tally *t, uint64_t address)
{
	if (!t->vmas)
		return NULL;
	size_t i = pt_vma_find(t->vmas, address);
	const struct pt_vma *vma = i < t->vmas->n ? &t->vmas->v[i] : NULL;
	return vma && pt_vma_covers(vma, address) ? vma : NULL;
}

/* ---- one fault -------------------------------------------------------------------------------------------------- */

/* The row of a key with one more fault in its sum; NULL: no room. *ret_new: it knows nothing of the time before. */
static void *count(struct pt_tally *t, enum pt_tally_table table, uint64_t key, const struct pt_joined *f,
		   bool *ret_new)
{
	void *row;
	enum pt_heavy_hit hit = pt_heavy_hit(t->tables[table], key, f->weight, &row);
	*ret_new = hit != PT_HEAVY_KNOWN;
	if (hit == PT_HEAVY_REFUSED) {
		t->forgotten[table] += f->weight;
		return NULL;
	}
	if (hit == PT_HEAVY_REPLACED) {
		t->forgotten[table] += ((struct pt_fault_sum *)row)->events;
		if (table == PT_TALLY_VMAS)
			free(((struct pt_tally_vma *)row)->name);
		memset(row, 0, layout[table].row_bytes);
	}
	pt_sum_add(row, &t->clock, f->kind, f->weight, f->major, f->kernel);
	return row;
}

static void name_vma(const struct pt_tally *t, struct pt_tally_vma *row, uint64_t start)
{
	const struct pt_vma *vma = pt_tally_vma_at(t, start);
	if (!vma || (row->name && !strcmp(row->name, vma->path) && row->role == vma->role))
		return;
	char *name = strdup(vma->path);
	if (!name)
		return;
	free(row->name);
	row->name = name;
	row->role = vma->role;
}

static void count_vma(struct pt_tally *t, const struct pt_joined *f, uint64_t born)
{
	bool fresh;
	struct pt_tally_vma *row = f->has_vma ? count(t, PT_TALLY_VMAS, f->vma_start, f, &fresh) : NULL;
	if (!row)
		return;
	t->vmas_moved |= fresh || row->end != f->vma_end;
	row->end = f->vma_end;
	row->last_ns = f->time_ns;
	row->born += born;
	if (fresh)
		name_vma(t, row, f->vma_start);
}

static void count_thread(struct pt_tally *t, enum pt_tally_table table, uint64_t key, const struct pt_joined *f)
{
	bool fresh;
	struct pt_tally_thread *row = count(t, table, key, f, &fresh);
	if (!row)
		return;
	row->pid = f->pid;
	row->cpu = f->cpu;
}

static void count_stack(struct pt_tally *t, const struct pt_joined *f, uint64_t born)
{
	bool fresh, chunk = f->kind == PT_FAULT_HUGE;
	struct pt_tally_stack *row = count(t, PT_TALLY_STACKS, f->stack, f, &fresh);
	if (row && fresh)
		row->partial = pt_heavy_forgot(t->tables[PT_TALLY_STACKS]);
	if (row)
		row->born += born;
	if (!born)
		return;
	if (!pt_births_add(t->births, f->address, chunk, f->stack, f->time_ns, f->weight)) {
		if (row)
			row->partial = true;
	} else if (row) {
		row->still += born;
	}
}

/* News of forks are told at once, faults once their pages were looked at: so a fork may be known before its time. */
static uint32_t forks_before(const struct pt_tally *t, uint64_t time_ns)
{
	uint32_t n = t->forks;
	while (n && t->forks - n < PT_TALLY_FORKS && t->fork_ns[(n - 1) % PT_TALLY_FORKS] > time_ns)
		n--;
	return n;
}

/* A page that is locked, yet faults though it was there. */
static bool is_interrupted(const struct pt_tally *t, const struct pt_joined *f)
{
	if (!f->knew || !pt_kind_present(pt_page_kind(f->before)))
		return false;
	if (f->before.bits & PT_HAS_FLAGS && f->before.bits & PT_MLOCKED)
		return true;
	const struct pt_vma *vma = pt_tally_vma_at(t, f->address);
	return vma && vma->has_vm_flags && vma->vm_flags & PT_VM_LOCKED;
}

/* What its row knew of a page before this fault. */
static struct pt_repeat past_of(const struct pt_tally_address *row)
{
	struct pt_repeat r = {
		.events = row->sum.events,
		.major = row->sum.major,
		.last_ns = row->last_ns,
		.last = (enum pt_fault_kind)row->kind,
		.told = row->told,
		.stack = row->stack,
		.forks = row->forks,
	};
	memcpy(r.kinds, row->sum.kinds, sizeof(r.kinds));
	return r;
}

static void count_repeat(struct pt_tally *t, const struct pt_joined *f, const struct pt_tally_address *row)
{
	struct pt_heavy *repeats = t->tables[PT_TALLY_REPEATS];
	uint64_t key = f->address >> t->page_shift;
	void *place = pt_heavy_find(repeats, key);
	bool interrupted = is_interrupted(t, f);
	if (!place && !row && !interrupted)
		return;
	enum pt_heavy_hit hit = pt_heavy_hit(repeats, key, f->weight, &place);
	if (hit == PT_HEAVY_REFUSED)
		return;
	struct pt_repeat *r = place;
	if (hit != PT_HEAVY_KNOWN)
		*r = row ? past_of(row) : (struct pt_repeat){0};
	r->interrupted |= interrupted;
	pt_repeat_add(r, f, forks_before(t, f->time_ns));
}

static void count_address(struct pt_tally *t, const struct pt_joined *f)
{
	bool fresh;
	uint64_t key = f->address >> t->page_shift;
	count_repeat(t, f, pt_heavy_find(t->tables[PT_TALLY_ADDRESSES], key));
	struct pt_tally_address *row = count(t, PT_TALLY_ADDRESSES, key, f, &fresh);
	if (!row)
		return;
	row->last_ns = f->time_ns;
	row->told++;
	row->forks = forks_before(t, f->time_ns);
	row->stack = f->stack;
	row->kind = f->kind;
}

void pt_tally_add(struct pt_tally *t, const struct pt_joined *f)
{
	uint64_t born = pt_joined_born(f, t->page_shift);
	pt_sum_add(&t->all, &t->clock, f->kind, f->weight, f->major, f->kernel);
	count_address(t, f);
	count_vma(t, f, born);
	count_stack(t, f, born);
	count_thread(t, PT_TALLY_THREADS, (uint64_t)f->tid, f);
	count_thread(t, PT_TALLY_CPUS, f->cpu, f);
}

uint64_t pt_joined_born(const struct pt_joined *f, unsigned page_shift)
{
	bool again = f->kind == PT_FAULT_FIRST_TOUCH || f->kind == PT_FAULT_ZERO_WRITE;
	if (!f->knew || !f->knows || !pt_kind_in_rss(pt_page_kind(f->after)))
		return 0;
	if (!again && pt_births_holds(f->before))
		return 0;
	uint64_t pages = f->kind == PT_FAULT_HUGE ? PT_CHUNK_PAGES : 1;
	return (pages << page_shift) * f->weight;
}

void pt_tally_child(struct pt_tally *t, const struct pt_fault *f)
{
	pt_sum_add(&t->children, &t->clock, PT_FAULT_UNKNOWN, f->weight, f->major, f->kernel);
}

void pt_tally_forked(struct pt_tally *t, uint64_t time_ns)
{
	t->fork_ns[t->forks++ % PT_TALLY_FORKS] = time_ns;
}

pt_stack_id pt_tally_birth(const struct pt_tally *t, uint64_t address, uint64_t *ret_time_ns)
{
	pt_stack_id stack = 0;
	return pt_births_find(t->births, address, &stack, ret_time_ns) ? stack : 0;
}

void pt_tally_execed(struct pt_tally *t)
{
	free_names(t);
	pt_births_clear(t->births);
	pt_heavy_clear(t->tables[PT_TALLY_ADDRESSES]);
	pt_heavy_clear(t->tables[PT_TALLY_REPEATS]);
	pt_heavy_clear(t->tables[PT_TALLY_VMAS]);
	pt_snapshot_unref(t->snapshot);
	t->snapshot = NULL;
	pt_vma_table_unref(t->vmas);
	t->vmas = NULL;
	t->vmas_ns = 0;
}

/* ---- snapshots -------------------------------------------------------------------------------------------------- */

static void look_at_repeats(struct pt_tally *t)
{
	const struct pt_snapshot *s = t->snapshot;
	struct pt_repeat *r;
	uint64_t page;
	for (size_t at = 0; (r = pt_heavy_next(t->tables[PT_TALLY_REPEATS], &at, &page));) {
		size_t i = pt_snapshot_lower(s, page / PT_CHUNK_PAGES);
		bool there = i < s->n_slots && s->slots[i].index == page / PT_CHUNK_PAGES;
		uint64_t read_ns = there && s->slots[i].read_ns ? s->slots[i].read_ns : s->presence_ns;
		if (read_ns > r->last_ns)
			pt_repeat_look(r, pt_chunk_page(there ? s->slots[i].chunk : NULL, page % PT_CHUNK_PAGES));
	}
}

static void name_vmas(struct pt_tally *t)
{
	struct pt_tally_vma *row;
	uint64_t start;
	for (size_t at = 0; (row = pt_heavy_next(t->tables[PT_TALLY_VMAS], &at, &start));)
		name_vma(t, row, start);
}

void pt_tally_vmas(struct pt_tally *t, struct pt_vma_table *vmas, uint64_t ns)
{
	if (!vmas || vmas == t->vmas || ns < t->vmas_ns)
		return;
	pt_vma_table_ref(vmas);
	pt_vma_table_unref(t->vmas);
	t->vmas = vmas;
	t->vmas_ns = ns;
	t->vmas_moved = true;
	name_vmas(t);
}

void pt_tally_snapshot(struct pt_tally *t, struct pt_snapshot *snapshot)
{
	pt_snapshot_ref(snapshot);
	pt_snapshot_unref(t->snapshot);
	t->snapshot = snapshot;
	pt_births_snapshot(t->births, snapshot);
	look_at_repeats(t);
	pt_tally_vmas(t, snapshot->vmas, snapshot->presence_ns);
	if (t->clock.window - t->halved < HALVE_WINDOWS)
		return;
	t->halved = t->clock.window;
	for (unsigned i = 0; i < PT_TALLY_N; i++)
		pt_heavy_halve(t->tables[i]);
}
