/*
 * See procrows.h.
 */
#include "tui/screens/procrows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ui_proc_rows_free(struct ui_proc_rows *r)
{
	ui_filter_free(&r->filter);
	free(r->v);
}

const struct pt_proc *ui_proc_row(const struct ui_proc_rows *r, size_t row)
{
	return &r->list->v[r->v[row].i];
}

/* ---- columns that sort ------------------------------------------------------------------------------------------ */

static const enum ui_proc_column sortable[] = {UI_PROC_RSS,    UI_PROC_PSS, UI_PROC_SWAP,
					       UI_PROC_GROWTH, UI_PROC_PID, UI_PROC_NAME};
#define SORTABLE (sizeof sortable / sizeof *sortable)

bool ui_proc_sorts(enum ui_proc_column column)
{
	for (size_t i = 0; i < SORTABLE; i++)
		if (sortable[i] == column)
			return true;
	return false;
}

enum ui_proc_column ui_proc_next_sort(enum ui_proc_column column)
{
	size_t i = 0;
	while (i < SORTABLE && sortable[i] != column)
		i++;
	return sortable[(i + 1) % SORTABLE];
}

bool ui_proc_ascends(enum ui_proc_column column)
{
	return column == UI_PROC_PID || column == UI_PROC_NAME;
}

void ui_proc_rows_sort(struct ui_proc_rows *r, enum ui_proc_column column, bool ascending)
{
	r->column = column;
	r->ascending = ascending;
	r->resort = true;
	if (r->list)
		ui_proc_rows_update(r, r->list);
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

struct order {
	const struct pt_proc *v;
	enum ui_proc_column column;
	bool ascending;
};

static int compare_maybe(struct pt_maybe a, struct pt_maybe b, bool is_signed)
{
	if (a.known != b.known) /* what is not known comes last in the usual, descending order */
		return a.known ? 1 : -1;
	if (is_signed)
		return ((int64_t)a.value > (int64_t)b.value) - ((int64_t)a.value < (int64_t)b.value);
	return (a.value > b.value) - (a.value < b.value);
}

static int compare_procs(const struct pt_proc *a, const struct pt_proc *b, enum ui_proc_column column)
{
	switch (column) {
	case UI_PROC_PID: return (a->pid > b->pid) - (a->pid < b->pid);
	case UI_PROC_NAME: return strcmp(a->name, b->name);
	case UI_PROC_PSS: return compare_maybe(a->pss, b->pss, false);
	case UI_PROC_SWAP: return compare_maybe(a->swap, b->swap, false);
	case UI_PROC_GROWTH: return compare_maybe(a->growth, b->growth, true);
	default: return compare_maybe(a->rss, b->rss, false);
	}
}

static int by_value(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	const struct ui_proc_row *x = a, *y = b;
	int c = compare_procs(&o->v[x->i], &o->v[y->i], o->column);
	if (!c)
		return (x->i > y->i) - (x->i < y->i);
	return o->ascending ? c : -c;
}

static int by_rank(const void *a, const void *b, void *arg)
{
	const struct ui_proc_row *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return by_value(a, b, arg);
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

struct place {
	pid_t pid;
	uint32_t rank;
};

/* Where each process stood before, for an order that keeps. */
static void give_ranks(struct ui_proc_rows *r, const struct place *places, size_t n)
{
	for (size_t i = 0; i < r->n; i++) {
		pid_t pid = ui_proc_row(r, i)->pid;
		const struct place *place = n ? bsearch(&pid, places, n, sizeof *places, by_pid) : NULL;
		r->v[i].rank = place ? place->rank : UINT32_MAX;
	}
}

/* The order of the rows now, by PID; NULL if there is none or no memory. */
static struct place *note_places(const struct ui_proc_rows *r)
{
	struct place *places = r->n ? malloc(r->n * sizeof *places) : NULL;
	if (!places)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		places[i] = (struct place){ui_proc_row(r, i)->pid, (uint32_t)i};
	qsort(places, r->n, sizeof *places, by_pid);
	return places;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool shown(const struct ui_proc_rows *r, const struct pt_proc *proc)
{
	char pid[16];
	if (proc->kernel_thread && !r->kernel_threads)
		return false;
	if (!r->filter.good)
		return true;
	snprintf(pid, sizeof pid, "%d", (int)proc->pid);
	return ui_filter_match(&r->filter, proc->name) || ui_filter_match(&r->filter, pid) ||
	       ui_filter_match(&r->filter, proc->command) || ui_filter_match(&r->filter, proc->user);
}

static void collect(struct ui_proc_rows *r)
{
	const struct pt_proc_list *list = r->list;
	struct ui_proc_row *rows = realloc(r->v, (list->n + 1) * sizeof *rows);
	r->n = 0;
	if (!rows)
		return;
	r->v = rows;
	for (size_t i = 0; i < list->n; i++)
		if (shown(r, &list->v[i]))
			rows[r->n++] = (struct ui_proc_row){.i = i};
}

static void find_selected(struct ui_proc_rows *r)
{
	for (size_t i = 0; r->selected && i < r->n; i++)
		if (ui_proc_row(r, i)->pid == r->selected) {
			r->at = i;
			return;
		}
	if (!r->selected)
		r->at = 0;
	if (r->at >= r->n)
		r->at = r->n ? r->n - 1 : 0;
}

void ui_proc_rows_update(struct ui_proc_rows *r, const struct pt_proc_list *list)
{
	bool keep = r->selected && !r->resort && r->list;
	struct place *places = keep ? note_places(r) : NULL;
	size_t n_places = places ? r->n : 0;
	r->list = list;
	collect(r);
	struct order order = {list->v, r->column, r->ascending};
	if (places)
		give_ranks(r, places, n_places);
	if (r->n)
		qsort_r(r->v, r->n, sizeof *r->v, places ? by_rank : by_value, &order);
	free(places);
	r->resort = false;
	r->filter_seen = r->filter.version;
	find_selected(r);
}

void ui_proc_rows_select(struct ui_proc_rows *r, int64_t row)
{
	if (!r->n)
		return;
	r->at = row < 0 ? 0 : row >= (int64_t)r->n ? r->n - 1 : (size_t)row;
	r->selected = ui_proc_row(r, r->at)->pid;
}
