/*
 * See faultrows.h.
 */
#include "tui/screens/faultrows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/allocs.h"

void ui_fault_rows_free(struct ui_fault_rows *r)
{
	free(r->v);
	r->v = NULL;
	r->n = 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

size_t ui_fault_total(const struct pt_fault_view *view, enum ui_fault_tab tab)
{
	switch (tab) {
	case UI_FAULT_VMAS: return view->n_vmas;
	case UI_FAULT_ADDRESSES: return view->n_addresses;
	case UI_FAULT_THREADS: return view->n_threads;
	case UI_FAULT_STACKS: return view->n_stacks;
	case UI_FAULT_REPEATERS: return view->n_repeaters;
	case UI_FAULT_ALLOCS: return view->n_allocs;
	default: return 0;
	}
}

static const struct pt_vma *find_vma(const struct pt_vma_table *vmas, uint64_t address)
{
	size_t i = vmas ? pt_vma_find(vmas, address) : 0;
	return vmas && i < vmas->n && pt_vma_covers(&vmas->v[i], address) ? &vmas->v[i] : NULL;
}

static void line_of_vma(const struct pt_fault_vma_row *row, struct ui_fault_line *l)
{
	l->key = l->address = row->start;
	l->counts = row->counts;
	l->born = row->born;
	l->name = row->name ? row->name : "";
	l->role = row->role;
}

static void line_of_address(const struct pt_fault_address_row *row, struct ui_fault_line *l)
{
	l->key = l->address = row->address;
	l->counts = row->counts;
	l->kind = row->last;
	l->last_ns = row->last_ns;
	l->stack = row->stack;
}

static void line_of_thread(const struct pt_fault_thread_row *row, struct ui_fault_line *l)
{
	l->key = (uint64_t)row->pid << 32 | (uint32_t)row->tid;
	l->counts = row->counts;
	l->pid = row->pid;
	l->tid = row->tid;
	l->cpu = row->cpu;
	l->node = row->node;
	l->name = row->name;
}

static void line_of_repeater(const struct pt_fault_repeater *row, struct ui_fault_line *l)
{
	l->key = l->address = row->address;
	l->counts.events = row->events;
	l->counts.kinds[row->kind] = row->events;
	l->kind = row->kind;
	l->last_ns = row->last_ns;
	l->interval_ns = row->interval_ns;
	l->backs_off = row->backs_off;
	l->locked = row->locked;
	l->cause = row->cause;
	l->text = row->text;
	l->stack = row->stack;
	l->name = row->name ? row->name : "";
}

static void line_of_alloc(const struct pt_fault_alloc_row *row, struct ui_fault_line *l)
{
	l->key = (uint64_t)row->order << 48 ^ (uint64_t)row->migrate_type << 40 ^ (uint64_t)row->node << 32;
	for (const char *c = row->zone; *c; c++)
		l->key = l->key * 31 + (unsigned char)*c;
	for (const char *c = row->flags ? row->flags : ""; *c; c++)
		l->key = l->key * 31 + (unsigned char)*c;
	l->counts.events = row->events;
	l->node = row->node;
	l->name = row->flags ? row->flags : "";
	l->alloc = row;
}

void ui_fault_line(const struct pt_fault_view *view, const struct pt_vma_table *vmas, enum ui_fault_tab tab, size_t i,
		   struct ui_fault_line *ret)
{
	*ret = (struct ui_fault_line){.name = "", .node = -1};
	switch (tab) {
	case UI_FAULT_VMAS: line_of_vma(&view->vmas[i], ret); break;
	case UI_FAULT_ADDRESSES: line_of_address(&view->addresses[i], ret); break;
	case UI_FAULT_THREADS: line_of_thread(&view->threads[i], ret); return;
	case UI_FAULT_REPEATERS: line_of_repeater(&view->repeaters[i], ret); break;
	case UI_FAULT_ALLOCS: line_of_alloc(&view->allocs[i], ret); return;
	default: return;
	}
	ret->vma = find_vma(vmas, ret->address);
	if (!ret->name[0] && ret->vma)
		ret->name = ret->vma->path;
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

size_t ui_fault_columns(enum ui_fault_tab tab, enum ui_fault_column *ret)
{
	static const enum ui_fault_column all[UI_FAULT_TABS][UI_FAULT_COLUMNS + 1] = {
		[UI_FAULT_VMAS] = {UI_FAULT_EVENTS, UI_FAULT_RATE, UI_FAULT_KINDS, UI_FAULT_MAJOR, UI_FAULT_SYSCALL,
				   UI_FAULT_BORN, UI_FAULT_ADDRESS, UI_FAULT_ROLE, UI_FAULT_NAME, UI_FAULT_COLUMNS},
		[UI_FAULT_ADDRESSES] = {UI_FAULT_EVENTS, UI_FAULT_RATE, UI_FAULT_KINDS, UI_FAULT_MAJOR,
					UI_FAULT_SYSCALL, UI_FAULT_KIND, UI_FAULT_AGO, UI_FAULT_ADDRESS, UI_FAULT_ROLE,
					UI_FAULT_NAME, UI_FAULT_COLUMNS},
		[UI_FAULT_THREADS] = {UI_FAULT_EVENTS, UI_FAULT_RATE, UI_FAULT_KINDS, UI_FAULT_MAJOR, UI_FAULT_SYSCALL,
				      UI_FAULT_TID, UI_FAULT_CPU, UI_FAULT_NODE, UI_FAULT_NAME, UI_FAULT_COLUMNS},
		[UI_FAULT_STACKS] = {UI_FAULT_EVENTS, UI_FAULT_RATE, UI_FAULT_KINDS, UI_FAULT_BORN, UI_FAULT_STILL,
				     UI_FAULT_NAME, UI_FAULT_MODULE, UI_FAULT_LINE, UI_FAULT_COLUMNS},
		[UI_FAULT_REPEATERS] = {UI_FAULT_EVENTS, UI_FAULT_EVERY, UI_FAULT_TREND, UI_FAULT_KIND, UI_FAULT_CAUSE,
					UI_FAULT_AGO, UI_FAULT_ADDRESS, UI_FAULT_ROLE, UI_FAULT_NAME, UI_FAULT_COLUMNS},
		[UI_FAULT_ALLOCS] = {UI_FAULT_EVENTS, UI_FAULT_PAGES, UI_FAULT_ORDER, UI_FAULT_TYPE, UI_FAULT_ZONE,
				     UI_FAULT_NODE, UI_FAULT_NAME, UI_FAULT_COLUMNS},
	};
	size_t n = 0;
	for (; all[tab][n] != UI_FAULT_COLUMNS; n++)
		ret[n] = all[tab][n];
	return n;
}

bool ui_fault_sorts(enum ui_fault_column column)
{
	return column != UI_FAULT_KINDS && column != UI_FAULT_TREND && column != UI_FAULT_ROLE &&
	       column != UI_FAULT_MODULE && column != UI_FAULT_TYPE && column != UI_FAULT_ZONE &&
	       column != UI_FAULT_LINE && column != UI_FAULT_COLUMNS;
}

bool ui_fault_ascends(enum ui_fault_column column)
{
	return column >= UI_FAULT_EVERY && column != UI_FAULT_COLUMNS;
}

enum ui_fault_column ui_fault_next_sort(enum ui_fault_tab tab, enum ui_fault_column column)
{
	enum ui_fault_column all[UI_FAULT_COLUMNS];
	size_t n = ui_fault_columns(tab, all), i = 0;
	while (i < n && all[i] != column)
		i++;
	for (size_t k = 1; k <= n; k++)
		if (ui_fault_sorts(all[(i + k) % n]))
			return all[(i + k) % n];
	return column;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

struct order {
	const struct pt_fault_view *view;
	const struct pt_vma_table *vmas;
	enum ui_fault_tab tab;
	enum ui_fault_column column;
	bool ascending;
};

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

static double number(const struct ui_fault_line *l, enum ui_fault_column column)
{
	switch (column) {
	case UI_FAULT_EVENTS: return (double)l->counts.events;
	case UI_FAULT_RATE: return l->counts.per_s;
	case UI_FAULT_MAJOR: return (double)l->counts.major;
	case UI_FAULT_SYSCALL: return (double)l->counts.kernel;
	case UI_FAULT_BORN: return (double)l->born;
	case UI_FAULT_EVERY: return (double)l->interval_ns;
	case UI_FAULT_KIND: return (double)l->kind;
	case UI_FAULT_CAUSE: return (double)l->cause;
	case UI_FAULT_AGO: return -(double)l->last_ns;
	case UI_FAULT_TID: return (double)l->tid;
	case UI_FAULT_CPU: return (double)l->cpu;
	case UI_FAULT_NODE: return (double)l->node;
	case UI_FAULT_PAGES: return l->alloc ? (double)l->alloc->pages : 0;
	case UI_FAULT_ORDER: return l->alloc ? (double)l->alloc->order : 0;
	case UI_FAULT_ADDRESS: return (double)l->address;
	default: return 0;
	}
}

static int by_value(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	const struct ui_fault_row *ra = a, *rb = b;
	struct ui_fault_line x, y;
	ui_fault_line(o->view, o->vmas, o->tab, ra->i, &x);
	ui_fault_line(o->view, o->vmas, o->tab, rb->i, &y);
	int c = o->column == UI_FAULT_NAME ? strcmp(x.name, y.name)
					   : compare_numbers(number(&x, o->column), number(&y, o->column));
	if (c)
		return o->ascending ? c : -c;
	return (ra->key > rb->key) - (ra->key < rb->key);
}

static int by_rank(const void *a, const void *b)
{
	const struct ui_fault_row *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

static int by_key(const void *a, const void *b)
{
	const struct ui_fault_row *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

/* The rows as they are now, by key, each with its place; NULL: there are none, or no memory. */
static struct ui_fault_row *note_places(const struct ui_fault_rows *r)
{
	struct ui_fault_row *places = r->n ? malloc(r->n * sizeof *places) : NULL;
	if (!places)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		places[i] = r->v[i];
		places[i].rank = (uint32_t)i;
	}
	qsort(places, r->n, sizeof *places, by_key);
	return places;
}

static void restore_places(struct ui_fault_rows *r, const struct ui_fault_row *places, size_t n)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct ui_fault_row *place = bsearch(&r->v[i], places, n, sizeof *places, by_key);
		r->v[i].rank = place ? place->rank : UINT32_MAX;
	}
	if (r->n)
		qsort(r->v, r->n, sizeof *r->v, by_rank);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

const char *ui_fault_type(const struct pt_fault_alloc_row *alloc)
{
	const char *name = pt_migrate_type_name(alloc->migrate_type);
	return name ? name : "?";
}

static bool matches(const struct ui_filter *filter, const struct ui_fault_line *l, enum ui_fault_tab tab)
{
	char words[96];
	if (!filter->good)
		return true;
	if (ui_filter_match(filter, l->name))
		return true;
	if (tab == UI_FAULT_THREADS) {
		snprintf(words, sizeof words, "%d", (int)l->tid);
		return ui_filter_match(filter, words);
	}
	if (l->alloc)
		return ui_filter_match(filter, l->alloc->zone) || ui_filter_match(filter, ui_fault_type(l->alloc));
	struct pt_vma made = {.role = l->role, .path = ""};
	if (ui_filter_match(filter, pt_role_words(l->vma ? l->vma : &made, words, sizeof words)))
		return true;
	snprintf(words, sizeof words, "%" PRIx64, l->address);
	if (ui_filter_match(filter, words))
		return true;
	if (tab != UI_FAULT_VMAS && ui_filter_match(filter, pt_fault_kind_name(l->kind)))
		return true;
	return tab == UI_FAULT_REPEATERS && ui_filter_match(filter, pt_repeat_cause_name(l->cause));
}

bool ui_fault_stack_found(const void *arg, const struct pt_fault_stack_row *row)
{
	const struct ui_filter *filter = arg;
	if (!filter->good)
		return true;
	for (size_t i = 0; i < row->n_calls; i++) {
		const struct pt_fault_call *c = &row->calls[i];
		if ((c->symbol && ui_filter_match(filter, c->symbol)) ||
		    (c->module && ui_filter_match(filter, c->module)) || (c->file && ui_filter_match(filter, c->file)))
			return true;
	}
	return false;
}

static void collect(struct ui_fault_rows *r, const struct pt_fault_view *view, const struct pt_vma_table *vmas,
		    const struct ui_filter *filter)
{
	size_t all = ui_fault_total(view, r->tab);
	struct ui_fault_row *v = realloc(r->v, (all + 1) * sizeof *v);
	r->n = 0;
	if (!v)
		return;
	r->v = v;
	for (size_t i = 0; i < all; i++) {
		struct ui_fault_line line;
		ui_fault_line(view, vmas, r->tab, i, &line);
		if (matches(filter, &line, r->tab))
			v[r->n++] = (struct ui_fault_row){.i = i, .key = line.key};
	}
}

static void find_selected(struct ui_fault_rows *r)
{
	for (size_t i = 0; r->touched && i < r->n; i++)
		if (r->v[i].key == r->selected) {
			r->at = i;
			return;
		}
	if (!r->touched)
		r->at = 0;
	if (r->at >= r->n)
		r->at = r->n ? r->n - 1 : 0;
}

void ui_fault_rows_update(struct ui_fault_rows *r, const struct pt_fault_view *view, const struct pt_vma_table *vmas,
			  const struct ui_filter *filter)
{
	struct ui_fault_row *places = r->touched && !r->resort ? note_places(r) : NULL;
	size_t n_places = r->n;
	struct order order = {view, vmas, r->tab, r->sort, r->ascending};
	collect(r, view, vmas, filter);
	if (r->n)
		qsort_r(r->v, r->n, sizeof *r->v, by_value, &order);
	if (places)
		restore_places(r, places, n_places);
	free(places);
	r->resort = false;
	find_selected(r);
}

void ui_fault_rows_select(struct ui_fault_rows *r, int64_t row)
{
	if (!r->n)
		return;
	r->at = row < 0 ? 0 : row >= (int64_t)r->n ? r->n - 1 : (size_t)row;
	r->selected = r->v[r->at].key;
	r->touched = true;
}
