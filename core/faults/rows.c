/*
 * The tables of a tally as the rows of a view: the dearest of each, in order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/tally_parts.h"

#define REPEATS_LEAST 3u /* faults seen, for a page to be called a repeater */

/* ---- the dearest rows of a table -------------------------------------------------------------------------------- */

struct pick {
	uint64_t worth, key;
	const void *row;
};

static bool is_dearer(const struct pick *a, const struct pick *b)
{
	return a->worth != b->worth ? a->worth > b->worth : a->key < b->key;
}

static int by_worth(const void *a, const void *b)
{
	return is_dearer(a, b) ? -1 : is_dearer(b, a);
}

/* Restores the heap, whose top is the cheapest, below `at`. */
static void sink(struct pick *heap, size_t n, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && is_dearer(&heap[child], &heap[child + 1]))
			child++;
		if (!is_dearer(&heap[at], &heap[child]))
			return;
		struct pick swap = heap[at];
		heap[at] = heap[child];
		heap[child] = swap;
	}
}

/* At most max rows whose worth is not 0, dearest first, malloc'ed. 0 or -ENOMEM. */
static int pick(const struct pt_heavy *table, size_t max, uint64_t (*worth)(const void *row), struct pick **ret,
		size_t *ret_n)
{
	size_t room = pt_heavy_n(table) < max ? pt_heavy_n(table) : max, n = 0;
	struct pick *heap = malloc((room + 1) * sizeof(*heap)), next;
	if (!heap)
		return -ENOMEM;
	for (size_t at = 0; room && (next.row = pt_heavy_next(table, &at, &next.key));) {
		next.worth = worth(next.row);
		if (!next.worth)
			continue;
		if (n < room) {
			heap[n++] = next;
			if (n == room)
				for (size_t i = n / 2; i-- > 0;)
					sink(heap, n, i);
		} else if (is_dearer(&next, &heap[0])) {
			heap[0] = next;
			sink(heap, n, 0);
		}
	}
	qsort(heap, n, sizeof(*heap), by_worth);
	*ret = heap;
	*ret_n = n;
	return 0;
}

static uint64_t worth_of_sum(const void *row)
{
	return ((const struct pt_fault_sum *)row)->events;
}

/* Pages that fault again and again; of those locked each fault counts. */
static uint64_t worth_of_repeat(const void *row)
{
	const struct pt_repeat *r = row;
	bool pair = r->told == 2 && r->kinds[PT_FAULT_ZERO_WRITE];
	return r->told >= REPEATS_LEAST || pair || r->interrupted ? r->events : 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

struct making {
	struct pt_tally *tally;
	struct pt_fault_view *view;
	const struct pt_fault_system *system;
};

static int add_stack(struct making *m, size_t i, const struct pick *from)
{
	const struct pt_tally_stack *row = from->row;
	m->view->stacks[i] = (struct pt_fault_stack_row){
		.id = (pt_stack_id)from->key,
		.counts = pt_sum_counts(&row->sum, &m->tally->clock),
		.born = row->born,
		.still = row->still,
		.still_known = m->tally->snapshot && !row->partial,
	};
	return 0;
}

static int add_vma(struct making *m, size_t i, const struct pick *from)
{
	const struct pt_tally_vma *row = from->row;
	const struct pt_vma *vma = pt_tally_vma_at(m->tally, from->key);
	bool newer = vma && m->tally->vmas_ns > row->last_ns;
	char *name = strdup(row->name ? row->name : "");
	if (!name)
		return -ENOMEM;
	m->view->vmas[i] = (struct pt_fault_vma_row){
		.start = newer ? vma->start : from->key,
		.end = newer ? vma->end : row->end,
		.name = name,
		.role = (enum pt_role)row->role,
		.counts = pt_sum_counts(&row->sum, &m->tally->clock),
		.born = row->born,
	};
	return 0;
}

static int add_address(struct making *m, size_t i, const struct pick *from)
{
	const struct pt_tally_address *row = from->row;
	m->view->addresses[i] = (struct pt_fault_address_row){
		.address = from->key << m->tally->page_shift,
		.counts = pt_sum_counts(&row->sum, &m->tally->clock),
		.last = (enum pt_fault_kind)row->kind,
		.last_ns = row->last_ns,
		.stack = row->stack,
	};
	return 0;
}

static int add_thread(struct making *m, size_t i, const struct pick *from)
{
	const struct pt_tally_thread *row = from->row;
	m->view->threads[i] = (struct pt_fault_thread_row){
		.pid = row->pid,
		.tid = (pid_t)from->key,
		.cpu = row->cpu,
		.node = -1,
		.counts = pt_sum_counts(&row->sum, &m->tally->clock),
	};
	return 0;
}

static int add_cpu(struct making *m, size_t i, const struct pick *from)
{
	m->view->cpus[i] = (struct pt_fault_cpu_row){
		.cpu = (uint32_t)from->key,
		.node = -1,
		.counts = pt_sum_counts(from->row, &m->tally->clock),
	};
	return 0;
}

static int add_repeater(struct making *m, size_t i, const struct pick *from)
{
	const struct pt_repeat *r = from->row;
	uint64_t address = from->key << m->tally->page_shift;
	struct pt_repeat_case c = {.r = r, .vma = pt_tally_vma_at(m->tally, address), .system = m->system};
	char text[PT_REPEAT_TEXT];
	c.locked = r->locked || (c.vma && c.vma->has_vm_flags && c.vma->vm_flags & PT_VM_LOCKED);
	c.self_cleared = m->tally->snapshot && m->tally->snapshot->cleared_ns;
	enum pt_repeat_cause cause = pt_repeat_why(&c, text, sizeof(text));
	struct pt_fault_repeater row = {
		.address = address,
		.locked = c.locked,
		.events = r->events,
		.kind = pt_repeat_kind(r),
		.interval_ns = pt_repeat_interval(r),
		.backs_off = pt_repeat_backs_off(r),
		.last_ns = r->last_ns,
		.cause = cause,
		.stack = r->stack,
		.name = strdup(c.vma ? c.vma->path : ""),
		.text = strdup(text),
	};
	m->view->repeaters[i] = row;
	return row.name && row.text ? 0 : -ENOMEM;
}

/* Of a table: its rows as an array of `size` each at *array, and their number. */
static int add_rows(struct making *m, const struct pt_heavy *table, size_t max, uint64_t (*worth)(const void *row),
		    int (*add)(struct making *m, size_t i, const struct pick *from), void *array, size_t size,
		    size_t *ret_n)
{
	struct pick *picks;
	size_t n;
	int error = pick(table, max, worth, &picks, &n);
	if (error)
		return error;
	void *rows = calloc(n + 1, size);
	error = rows ? 0 : -ENOMEM;
	memcpy(array, &rows, sizeof(rows)); /* a pointer to rows of some type */
	for (size_t i = 0; i < n && !error; i++) {
		error = add(m, i, &picks[i]);
		*ret_n = i + 1;
	}
	free(picks);
	return error;
}

#define ADD_ROWS(table, worth, add, array, n)                                                                          \
	add_rows(&m, t->tables[table], rows, worth, add, &ret->array, sizeof(*ret->array), &ret->n)

int pt_tally_view(struct pt_tally *t, uint64_t now_ns, size_t rows, const struct pt_fault_system *system,
		  struct pt_fault_view *ret)
{
	struct making m = {t, ret, system};
	pt_sum_look(&t->clock, now_ns);
	ret->from_ns = t->from_ns;
	ret->to_ns = now_ns;
	ret->all = pt_sum_counts(&t->all, &t->clock);
	ret->children = pt_sum_counts(&t->children, &t->clock);
	ret->addresses_left_out = t->forgotten[PT_TALLY_ADDRESSES];
	for (unsigned i = PT_TALLY_ADDRESSES + 1; i < PT_TALLY_N; i++)
		if (t->forgotten[i] > ret->left_out)
			ret->left_out = t->forgotten[i];
	int error = pt_tally_merge_vmas(t);
	error = error ? error : ADD_ROWS(PT_TALLY_STACKS, worth_of_sum, add_stack, stacks, n_stacks);
	error = error ? error : ADD_ROWS(PT_TALLY_VMAS, worth_of_sum, add_vma, vmas, n_vmas);
	error = error ? error : ADD_ROWS(PT_TALLY_ADDRESSES, worth_of_sum, add_address, addresses, n_addresses);
	error = error ? error : ADD_ROWS(PT_TALLY_THREADS, worth_of_sum, add_thread, threads, n_threads);
	error = error ? error : ADD_ROWS(PT_TALLY_CPUS, worth_of_sum, add_cpu, cpus, n_cpus);
	error = error ? error : ADD_ROWS(PT_TALLY_REPEATS, worth_of_repeat, add_repeater, repeaters, n_repeaters);
	error = error ? error : pt_tally_growers(t, rows, ret);
	if (ret->n_stacks == 1 && !ret->stacks[0].id)
		ret->n_stacks = 0; /* no stack of any fault is known */
	return error;
}
