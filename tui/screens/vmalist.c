/*
 * See vmalist.h.
 */
#include "tui/screens/vmalist.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ui_vma_list_free(struct ui_vma_list *l)
{
	free(l->rows);
	pt_vma_table_unref(l->table);
	ui_filter_free(&l->filter);
}

/* ---- growth ----------------------------------------------------------------------------------------------------- */

static int64_t rss_of(const struct pt_snapshot *s, size_t i)
{
	return (int64_t)pt_snapshot_bytes(s, i, PT_SUM_RSS).value;
}

/*
 * Of VMA i of `now`. One that was split, merged or moved at its end is compared with the pages that were at its
 * addresses before.
 */
static int64_t growth_of(const struct pt_snapshot *now, const struct pt_snapshot *before, size_t i)
{
	const struct pt_vma_table *a = now->vmas, *b = before->vmas;
	const struct pt_vma *vma = &a->v[i];
	size_t k = a == b ? i : pt_vma_find(b, vma->start);
	if (k < b->n && b->v[k].start == vma->start && b->v[k].end == vma->end)
		return rss_of(now, i) - rss_of(before, k);
	struct pt_counts sum = {0};
	pt_snapshot_sum(before, vma->start, vma->end, &sum);
	return rss_of(now, i) - (int64_t)(sum.n[PT_N_RSS] << now->page_shift);
}

int64_t ui_vma_row_growth(const struct ui_target *t, const struct ui_vma_row *row, bool *ret_known)
{
	int64_t sum = 0;
	*ret_known = t->before != NULL;
	for (size_t i = row->first; t->before && i < row->first + row->n; i++)
		sum += growth_of(t->now, t->before, i);
	return sum;
}

struct pt_maybe ui_vma_row_bytes(const struct pt_snapshot *s, const struct ui_vma_row *row, enum pt_sum sum)
{
	struct pt_maybe all = {0, true};
	for (size_t i = row->first; i < row->first + row->n; i++) {
		struct pt_maybe one = pt_snapshot_bytes(s, i, sum);
		all.value += one.value;
		all.known = all.known && one.known;
	}
	return all;
}

enum pt_event ui_vma_event(enum ui_vma_column column)
{
	switch (column) {
	case UI_VMA_WRITTEN: return PT_WRITTEN;
	case UI_VMA_BORN: return PT_BORN;
	case UI_VMA_FREED: return PT_FREED;
	case UI_VMA_COPIED: return PT_COW_BROKEN;
	case UI_VMA_OUT: return PT_SWAPPED_OUT;
	case UI_VMA_IN: return PT_SWAPPED_IN;
	case UI_VMA_MIGRATED: return PT_MIGRATED;
	default: return PT_EVENT_N;
	}
}

struct pt_maybe ui_vma_row_event(const struct ui_target *t, const struct ui_vma_row *row, enum pt_event event)
{
	const struct pt_vma *v = t->now->vmas->v;
	return ui_changes_bytes(&t->changes, t->now, v[row->first].start, v[row->first + row->n - 1].end, event);
}

/* ---- which rows ------------------------------------------------------------------------------------------------- */

static bool matches(const struct ui_vma_list *l, const struct pt_vma *vma)
{
	char words[96];
	if (!l->filter.good)
		return true;
	if (ui_filter_match(&l->filter, vma->path))
		return true;
	if (ui_filter_match(&l->filter, pt_role_words(vma, words, sizeof words)))
		return true;
	pt_vma_perms(vma, words);
	if (ui_filter_match(&l->filter, words))
		return true;
	snprintf(words, sizeof words, "%" PRIx64 "-%" PRIx64, vma->start, vma->end);
	return ui_filter_match(&l->filter, words);
}

/* What folds into one row: neighbours of the same file; without a file, of the same role. */
static bool alike(const struct pt_vma *a, const struct pt_vma *b)
{
	if (a->inode || b->inode)
		return a->inode == b->inode && strcmp(a->path, b->path) == 0;
	return a->role == b->role && strcmp(a->path, b->path) == 0;
}

static bool collect(struct ui_vma_list *l, const struct pt_vma_table *table)
{
	struct ui_vma_row *rows = realloc(l->rows, (table->n + 1) * sizeof *rows);
	if (!rows)
		return false;
	l->rows = rows;
	l->n = 0;
	for (size_t i = 0; i < table->n; i++) {
		struct ui_vma_row *last = l->n ? &rows[l->n - 1] : NULL;
		if (!matches(l, &table->v[i]))
			continue;
		if (l->fold && last && last->first + last->n == i && alike(&table->v[i - 1], &table->v[i]))
			last->n++;
		else
			rows[l->n++] = (struct ui_vma_row){.first = i, .n = 1};
	}
	return true;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

bool ui_vma_sorts(enum ui_vma_column column)
{
	return column != UI_VMA_PERMS && column != UI_VMA_MAP;
}

bool ui_vma_has(const struct ui_target *t, enum ui_vma_column column)
{
	return column != UI_VMA_WRITTEN || (t->now && t->now->cleared_ns);
}

enum ui_vma_column ui_vma_next_sort(const struct ui_target *t, enum ui_vma_column column)
{
	do
		column = (column + 1) % UI_VMA_COLUMNS;
	while (!ui_vma_sorts(column) || !ui_vma_has(t, column));
	return column;
}

static bool is_text(enum ui_vma_column column)
{
	return column == UI_VMA_ADDRESS || column == UI_VMA_ROLE || column == UI_VMA_NAME;
}

void ui_vma_list_sort(struct ui_vma_list *l, enum ui_vma_column column, bool flip)
{
	l->descending = column == l->sort && flip ? !l->descending : !is_text(column);
	l->sort = column;
	l->resort = true;
}

/* One key per row, looked up before sorting; unknown ones lie below all known ones. */
struct key {
	struct ui_vma_row row;
	int64_t value;
	const char *text;
};

static enum pt_sum sum_of_column(enum ui_vma_column column)
{
	switch (column) {
	case UI_VMA_RSS: return PT_SUM_RSS;
	case UI_VMA_PSS: return PT_SUM_PSS;
	case UI_VMA_DIRTY: return PT_SUM_DIRTY;
	case UI_VMA_SWAP: return PT_SUM_SWAP;
	case UI_VMA_THP: return PT_SUM_THP;
	case UI_VMA_SHARED: return PT_SUM_SHARED;
	default: return PT_SUM_SIZE;
	}
}

static void set_key(const struct ui_vma_list *l, const struct ui_target *t, struct key *key)
{
	const struct pt_snapshot *s = t->now;
	const struct pt_vma *vma = &s->vmas->v[key->row.first];
	bool known = true;
	key->text = "";
	if (l->sort == UI_VMA_ADDRESS) {
		key->value = (int64_t)key->row.first;
	} else if (l->sort == UI_VMA_NAME) {
		key->text = vma->path;
	} else if (l->sort == UI_VMA_ROLE) {
		key->value = vma->role;
	} else if (l->sort == UI_VMA_GROWTH) {
		key->value = ui_vma_row_growth(t, &key->row, &known);
	} else {
		enum pt_event event = ui_vma_event(l->sort);
		struct pt_maybe sum = event < PT_EVENT_N ? ui_vma_row_event(t, &key->row, event)
							 : ui_vma_row_bytes(s, &key->row, sum_of_column(l->sort));
		key->value = sum.known ? (int64_t)sum.value : -1;
	}
}

static int by_key(const void *a, const void *b, void *descending)
{
	const struct key *x = a, *y = b;
	int c = (x->value > y->value) - (x->value < y->value);
	if (!c)
		c = strcmp(x->text, y->text);
	if (!c)
		return (x->row.first > y->row.first) - (x->row.first < y->row.first);
	return *(bool *)descending ? -c : c;
}

static void sort_rows(struct ui_vma_list *l, const struct ui_target *t)
{
	struct key *keys = malloc((l->n + 1) * sizeof *keys);
	if (!keys)
		return;
	for (size_t i = 0; i < l->n; i++) {
		keys[i].row = l->rows[i];
		set_key(l, t, &keys[i]);
	}
	qsort_r(keys, l->n, sizeof *keys, by_key, &l->descending);
	for (size_t i = 0; i < l->n; i++)
		l->rows[i] = keys[i].row;
	free(keys);
}

/* ---- keeping an order ------------------------------------------------------------------------------------------- */

struct place {
	uint64_t start;
	uint32_t rank;
};

static int by_start(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static struct place *note_places(const struct ui_vma_list *l)
{
	struct place *places = malloc((l->n + 1) * sizeof *places);
	for (size_t i = 0; places && i < l->n; i++)
		places[i] = (struct place){l->table->v[l->rows[i].first].start, (uint32_t)i};
	if (places)
		qsort(places, l->n, sizeof *places, by_start);
	return places;
}

static int by_rank(const void *a, const void *b)
{
	const struct ui_vma_row *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static void restore_places(struct ui_vma_list *l, const struct pt_vma_table *table, const struct place *places,
			   size_t n)
{
	for (size_t i = 0; i < l->n; i++) {
		uint64_t start = table->v[l->rows[i].first].start;
		const struct place *place = n ? bsearch(&start, places, n, sizeof *places, by_start) : NULL;
		l->rows[i].rank = place ? place->rank : UINT32_MAX;
	}
	qsort(l->rows, l->n, sizeof *l->rows, by_rank);
}

/* ---- selection -------------------------------------------------------------------------------------------------- */

const struct ui_vma_row *ui_vma_list_selected(const struct ui_vma_list *l)
{
	return l->at < l->n ? &l->rows[l->at] : NULL;
}

void ui_vma_list_select(struct ui_vma_list *l, int64_t row)
{
	if (!l->n)
		return;
	l->at = row < 0 ? 0 : row >= (int64_t)l->n ? l->n - 1 : (size_t)row;
	l->selected = l->table->v[l->rows[l->at].first].start;
}

static bool holds(const struct ui_vma_list *l, size_t row, uint64_t address)
{
	const struct ui_vma_row *r = &l->rows[row];
	return l->table->v[r->first].start <= address && address < l->table->v[r->first + r->n - 1].end;
}

static bool find_row(struct ui_vma_list *l, uint64_t address)
{
	if (l->at < l->n && holds(l, l->at, address))
		return true;
	for (size_t i = 0; i < l->n; i++)
		if (holds(l, i, address)) {
			l->at = i;
			return true;
		}
	return false;
}

static uint64_t distance(const struct ui_vma_list *l, size_t row, uint64_t address)
{
	const struct pt_vma *v = &l->table->v[l->rows[row].first];
	return v->start > address ? v->start - address : address - v->start;
}

static size_t nearest(const struct ui_vma_list *l, uint64_t address)
{
	size_t best = 0;
	for (size_t i = 1; i < l->n; i++)
		if (distance(l, i, address) < distance(l, best, address))
			best = i;
	return best;
}

/*
 * The row of the selected address. If that is gone: in time that goes on, what is in its place on the screen; at another
 * moment the nearest, and the address is remembered for moments that have it.
 */
static void find_selected(struct ui_vma_list *l, bool back)
{
	if (l->astray && l->selected == l->astray_at && find_row(l, l->astray_from)) {
		l->selected = l->astray_from;
		l->astray = false;
	}
	if (find_row(l, l->selected))
		return;
	uint64_t wanted = l->astray ? l->astray_from : l->selected;
	ui_vma_list_select(l, (int64_t)(back ? nearest(l, wanted) : l->at));
	l->astray = back && l->n;
	l->astray_from = wanted;
	l->astray_at = l->selected;
}

void ui_vma_list_select_address(struct ui_vma_list *l, uint64_t address)
{
	l->selected = address;
	find_selected(l, false);
}

static void follow(struct ui_vma_list *l, const struct ui_target *t)
{
	int64_t most = 0;
	size_t best = l->n;
	bool known;
	for (size_t i = 0; i < l->n; i++) {
		int64_t growth = ui_vma_row_growth(t, &l->rows[i], &known);
		if (known && growth > most) {
			most = growth;
			best = i;
		}
	}
	if (best < l->n)
		ui_vma_list_select(l, (int64_t)best);
}

/* ---- all together ----------------------------------------------------------------------------------------------- */

static void rebuild(struct ui_vma_list *l, const struct ui_target *t)
{
	struct pt_vma_table *vmas = t->now->vmas;
	bool keep = l->rows && !l->resort && l->sort != UI_VMA_ADDRESS;
	struct place *places = keep ? note_places(l) : NULL;
	size_t n_places = places ? l->n : 0;
	if (!collect(l, vmas)) {
		free(places);
		return;
	}
	pt_vma_table_unref(l->table);
	l->table = pt_vma_table_ref(vmas);
	l->filter_seen = l->filter.version;
	l->fold_seen = l->fold;
	if (places)
		restore_places(l, vmas, places, n_places);
	else if (l->sort != UI_VMA_ADDRESS || l->descending)
		sort_rows(l, t);
	free(places);
	l->resort = false;
	find_selected(l, t->back);
}

void ui_vma_list_update(struct ui_vma_list *l, const struct ui_target *t)
{
	bool new_frame = l->version != t->version;
	l->version = t->version;
	if (l->resort || l->table != t->now->vmas || l->filter_seen != l->filter.version || l->fold_seen != l->fold)
		rebuild(l, t);
	if (l->follow && new_frame)
		follow(l, t);
}
