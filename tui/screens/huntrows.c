/*
 * The rows of the hunt screen's tables, and what they are called. See huntview.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/screens/huntview.h"

/* ---- columns ---------------------------------------------------------------------------------------------------- */

size_t ui_hunt_columns(enum ui_hunt_tab tab, enum ui_hunt_column *ret)
{
	static const enum ui_hunt_column all[UI_HUNT_TABS][UI_HUNT_COLUMNS + 1] = {
		[UI_HUNT_LEAKS] = {UI_HUNT_BYTES, UI_HUNT_SHARE, UI_HUNT_LEAKS_N, UI_HUNT_COUNT, UI_HUNT_TIER,
				   UI_HUNT_EACH, UI_HUNT_ROOT, UI_HUNT_WHAT, UI_HUNT_COLUMNS},
		[UI_HUNT_GROUPS] = {UI_HUNT_BYTES, UI_HUNT_SHARE, UI_HUNT_COUNT, UI_HUNT_EACH, UI_HUNT_SUSPECTS,
				    UI_HUNT_WHAT, UI_HUNT_COLUMNS},
		[UI_HUNT_OBJECTS] = {UI_HUNT_ADDRESS, UI_HUNT_EACH, UI_HUNT_TIER, UI_HUNT_ROOT, UI_HUNT_WHAT,
				     UI_HUNT_COLUMNS},
		[UI_HUNT_SITES] = {UI_HUNT_BYTES, UI_HUNT_SHARE, UI_HUNT_COUNT, UI_HUNT_SAMPLES, UI_HUNT_EACH,
				   UI_HUNT_WHAT, UI_HUNT_WHERE, UI_HUNT_COLUMNS},
		[UI_HUNT_HEAP] = {UI_HUNT_COLUMNS},
	};
	size_t n = 0;
	for (; all[tab][n] != UI_HUNT_COLUMNS; n++)
		ret[n] = all[tab][n];
	return n;
}

bool ui_hunt_sorts(enum ui_hunt_column column)
{
	return column < UI_HUNT_WHAT && column != UI_HUNT_SHARE;
}

enum ui_hunt_column ui_hunt_next_sort(enum ui_hunt_tab tab, enum ui_hunt_column column)
{
	enum ui_hunt_column all[UI_HUNT_COLUMNS];
	size_t n = ui_hunt_columns(tab, all), at = 0;
	while (at < n && all[at] != column)
		at++;
	for (size_t i = 1; i <= n; i++)
		if (ui_hunt_sorts(all[(at + i) % n]))
			return all[(at + i) % n];
	return column;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

size_t ui_hunt_total(const struct ui_hunt_screen *h, enum ui_hunt_tab tab)
{
	const struct pt_hunt_view *v = h->view;
	switch (tab) {
	case UI_HUNT_LEAKS: return h->n_kinds;
	case UI_HUNT_GROUPS: return v->n_groups;
	case UI_HUNT_OBJECTS: return v->n_objects;
	case UI_HUNT_SITES: return v->n_sites;
	default: return 0;
	}
}

static uint64_t value_of_kind(const struct pt_hunt_view *v, const struct ui_hunt_kind *kind, enum ui_hunt_column column)
{
	const struct pt_leak *leak = &v->leaks[kind->leak];
	switch (column) {
	case UI_HUNT_LEAKS_N: return kind->n;
	case UI_HUNT_COUNT: return kind->count;
	case UI_HUNT_TIER: return leak->tier;
	case UI_HUNT_ROOT: return v->objects[leak->root].address;
	case UI_HUNT_EACH: return v->objects[leak->root].size;
	default: return kind->bytes;
	}
}

static uint64_t value_of_group(const struct pt_leak_group *g, enum ui_hunt_column column)
{
	switch (column) {
	case UI_HUNT_COUNT: return g->tiers[PT_LEAK_LEAKED].count;
	case UI_HUNT_SUSPECTS: return g->tiers[PT_LEAK_WEAK].count + g->tiers[PT_LEAK_HIDDEN].count;
	case UI_HUNT_EACH: return g->size;
	default: return g->tiers[PT_LEAK_LEAKED].bytes;
	}
}

static uint64_t value_of_object(const struct pt_hunt_view *v, const struct pt_leak_object *o,
				enum ui_hunt_column column)
{
	switch (column) {
	case UI_HUNT_ADDRESS: return o->address;
	case UI_HUNT_TIER: return o->tier;
	case UI_HUNT_ROOT: return o->root < v->n_objects ? v->objects[o->root].address : o->address;
	default: return o->size;
	}
}

static uint64_t value_of_site(const struct pt_leak_site *s, enum ui_hunt_column column)
{
	switch (column) {
	case UI_HUNT_COUNT: return s->leaked;
	case UI_HUNT_SAMPLES: return s->samples;
	case UI_HUNT_EACH: return s->size;
	default: return s->bytes;
	}
}

uint64_t ui_hunt_value(const struct ui_hunt_screen *h, enum ui_hunt_tab tab, size_t i, enum ui_hunt_column column)
{
	const struct pt_hunt_view *v = h->view;
	switch (tab) {
	case UI_HUNT_LEAKS: return value_of_kind(v, &h->kinds[i], column);
	case UI_HUNT_GROUPS: return value_of_group(&v->groups[i], column);
	case UI_HUNT_OBJECTS: return value_of_object(v, &v->objects[i], column);
	case UI_HUNT_SITES: return value_of_site(&v->sites[i], column);
	default: return 0;
	}
}

/* ---- kinds of leaks --------------------------------------------------------------------------------------------- */

/* Where any two are the same, so are their leaks' rows. */
static int compare_kinds(const struct pt_leak *a, const struct pt_leak *b)
{
	const uint64_t x[] = {a->tier, a->group, a->most, a->cycle}, y[] = {b->tier, b->group, b->most, b->cycle};
	for (size_t i = 0; i < sizeof x / sizeof *x; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static int by_kind(const void *a, const void *b, void *leaks)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int order = compare_kinds((const struct pt_leak *)leaks + i, (const struct pt_leak *)leaks + k);
	return order ? order : i < k ? -1 : i > k; /* the largest come first */
}

static void add_to_kind(struct ui_hunt_screen *h, uint32_t i)
{
	const struct pt_leak *leak = &h->view->leaks[i];
	struct ui_hunt_kind *last = h->n_kinds ? &h->kinds[h->n_kinds - 1] : NULL;
	if (!last || compare_kinds(&h->view->leaks[last->leak], leak)) {
		last = &h->kinds[h->n_kinds++];
		*last = (struct ui_hunt_kind){.leak = i};
	}
	last->n++;
	last->count += leak->count;
	last->bytes += leak->bytes;
	h->kind_of[leak->root] = (uint32_t)(h->n_kinds - 1);
}

void ui_hunt_kinds_make(struct ui_hunt_screen *h)
{
	const struct pt_hunt_view *v = h->view;
	free(h->kinds);
	free(h->kind_of);
	h->kinds = NULL;
	h->kind_of = NULL;
	h->n_kinds = 0;
	if (!v)
		return;
	uint32_t *order = malloc((v->n_leaks + 1) * sizeof *order);
	h->kinds = malloc((v->n_leaks + 1) * sizeof *h->kinds);
	h->kind_of = malloc((v->n_objects + 1) * sizeof *h->kind_of);
	if (order && h->kinds && h->kind_of) {
		memset(h->kind_of, 0xff, v->n_objects * sizeof *h->kind_of);
		for (size_t i = 0; i < v->n_leaks; i++)
			order[i] = (uint32_t)i;
		qsort_r(order, v->n_leaks, sizeof *order, by_kind, v->leaks);
		for (size_t i = 0; i < v->n_leaks; i++)
			add_to_kind(h, order[i]);
	}
	free(order);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static const char *text_of_group(const struct pt_hunt_view *v, uint32_t group)
{
	return group < v->n_groups && v->groups[group].name ? v->groups[group].name : "";
}

static bool site_found(const struct ui_filter *filter, const struct pt_leak_site *site)
{
	for (size_t i = 0; i < site->n_calls; i++)
		if ((site->calls[i].symbol && ui_filter_match(filter, site->calls[i].symbol)) ||
		    (site->calls[i].module && ui_filter_match(filter, site->calls[i].module)))
			return true;
	return false;
}

static bool found(struct ui_hunt_screen *h, enum ui_hunt_tab tab, size_t i)
{
	const struct pt_hunt_view *v = h->view;
	if (!h->filter.text[0])
		return true;
	switch (tab) {
	case UI_HUNT_LEAKS:
		return ui_filter_match(&h->filter, text_of_group(v, v->leaks[h->kinds[i].leak].group)) ||
		       ui_filter_match(&h->filter, text_of_group(v, v->leaks[h->kinds[i].leak].most));
	case UI_HUNT_GROUPS: return ui_filter_match(&h->filter, text_of_group(v, (uint32_t)i));
	case UI_HUNT_OBJECTS: return ui_filter_match(&h->filter, text_of_group(v, v->objects[i].group));
	default: return site_found(&h->filter, &v->sites[i]);
	}
}

/* An object of what is shown alone. */
static bool chosen(const struct ui_hunt_screen *h, const struct pt_leak_object *o)
{
	if (h->only == UI_HUNT_OF_KIND)
		return h->kind_of && o->root < h->view->n_objects && h->kind_of[o->root] == h->only_index;
	return h->only == UI_HUNT_ALL || o->group == h->only_index;
}

static bool wanted(struct ui_hunt_screen *h, enum ui_hunt_tab tab, size_t i)
{
	return (tab != UI_HUNT_OBJECTS || chosen(h, &h->view->objects[i])) && found(h, tab, i);
}

struct sorting {
	const struct ui_hunt_screen *h;
	enum ui_hunt_tab tab;
	enum ui_hunt_column column;
	bool ascending;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	uint64_t x = ui_hunt_value(s->h, s->tab, i, s->column), y = ui_hunt_value(s->h, s->tab, k, s->column);
	if (x != y)
		return (x < y) == s->ascending ? -1 : 1;
	return i < k ? -1 : i > k;
}

static void make(struct ui_hunt_screen *h, enum ui_hunt_tab tab)
{
	struct ui_hunt_rows *r = &h->rows[tab];
	size_t total = ui_hunt_total(h, tab);
	bool objects = tab == UI_HUNT_OBJECTS;
	uint32_t *v = realloc(r->v, (total + 1) * sizeof *v);
	r->n = 0;
	if (!v)
		return;
	r->v = v;
	for (size_t i = 0; i < total; i++)
		if (wanted(h, tab, i))
			v[r->n++] = (uint32_t)i;
	struct sorting sorting = {h, tab, r->sort, r->ascending};
	if (!objects || r->sort != UI_HUNT_ADDRESS || !r->ascending) /* as those are already */
		qsort_r(v, r->n, sizeof *v, compare, &sorting);
	r->at = r->at < r->n ? r->at : r->n ? r->n - 1 : 0;
}

void ui_hunt_rows_make(struct ui_hunt_screen *h)
{
	for (int tab = 0; tab < UI_HUNT_TABS; tab++) {
		if (h->view)
			make(h, (enum ui_hunt_tab)tab);
		else
			h->rows[tab].n = 0;
	}
	h->filter_seen = h->filter.version;
}

void ui_hunt_rows_free(struct ui_hunt_screen *h)
{
	for (int tab = 0; tab < UI_HUNT_TABS; tab++)
		free(h->rows[tab].v);
	free(h->kinds);
	free(h->kind_of);
}

bool ui_hunt_selected(const struct ui_hunt_screen *h, size_t *ret)
{
	const struct ui_hunt_rows *r = &h->rows[h->tab];
	if (!h->view || r->at >= r->n)
		return false;
	*ret = r->v[r->at];
	return true;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

uint8_t ui_hunt_tier_hue(unsigned tier)
{
	return tier == PT_LEAK_LEAKED ? WG_HUE_LEAKED : tier == PT_LEAK_WEAK ? WG_HUE_MIXED : WG_HUE_KERNEL;
}

const char *ui_hunt_objects(struct ui_scratch *s, uint64_t n)
{
	return ui_scratch_text(s, "%s object%s", ui_number(s, n), n == 1 ? "" : "s");
}

const char *ui_hunt_what(struct ui_scratch *s, const struct pt_leak_group *group)
{
	const char *name = group->name ? ui_printable(s, group->name) : "";
	switch (group->word) {
	case PT_LEAK_WORD_CLASS: return name;
	case PT_LEAK_WORD_SYMBOL: return ui_scratch_text(s, "first points to %s", name);
	case PT_LEAK_WORD_TEXT: return ui_scratch_text(s, "\"%s\"", name);
	case PT_LEAK_WORD_ZERO: return "begins with zeroes";
	case PT_LEAK_WORD_VALUE: return ui_scratch_text(s, "begins with 0x%" PRIx64, group->value);
	default: return "no telling first word";
	}
}

const char *ui_hunt_call(struct ui_scratch *s, const struct pt_leak_call *call)
{
	if (call->symbol)
		return ui_printable(s, call->symbol);
	if (call->module)
		return ui_scratch_text(s, "%s+0x%" PRIx64, ui_base_name(s, call->module), call->offset);
	return ui_scratch_text(s, "0x%" PRIx64, call->ip);
}

const char *ui_hunt_call_place(struct ui_scratch *s, const struct pt_leak_call *call)
{
	const char *module = call->module ? ui_base_name(s, call->module) : "no file: made at run time";
	if (!call->file)
		return module;
	const char *slash = strrchr(call->file, '/');
	const char *file = ui_printable(s, slash && slash[1] ? slash + 1 : call->file);
	return call->line > 0 ? ui_scratch_text(s, "%s:%d, %s", file, call->line, module)
			      : ui_scratch_text(s, "%s, %s", file, module);
}
