/*
 * One table of pagetop leaks as a whole, with the columns that are asked for: leaks, groups, objects, pages, call sites, or
 * the sums of the heap.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

#define BAR       20 /* columns */
#define KIND_ROOM 2400

enum column {
	COL_BYTES,
	COL_OBJECTS,
	COL_SHARE,
	COL_BAR,
	COL_ROOT,
	COL_SIZE,
	COL_TIER,
	COL_CYCLE,
	COL_KIND,
	COL_MOST,
	COL_WORD,
	COL_WEAK,
	COL_HIDDEN,
	COL_EXAMPLE,
	COL_ADDRESS,
	COL_GROUP,
	COL_SITE,
	COL_PAGE_KIND,
	COL_USED,
	COL_FREE,
	COL_OWN,
	COL_LEAKED,
	COL_HUGE,
	COL_SEEN,
	COL_COMPLETE,
	COL_STACK,
	COL_WHAT,
	COL_N
};

static const struct ui_table_column columns[COL_N] = {
	[COL_BYTES] = {"BYTES", UI_TABLE_RIGHT},
	[COL_OBJECTS] = {"OBJECTS", UI_TABLE_RIGHT},
	[COL_SHARE] = {"SHARE", UI_TABLE_RIGHT},
	[COL_BAR] = {"BAR", UI_TABLE_PICTURE},
	[COL_ROOT] = {"ROOT", UI_TABLE_RIGHT},
	[COL_SIZE] = {"SIZE", UI_TABLE_RIGHT},
	[COL_TIER] = {"TIER", 0},
	[COL_CYCLE] = {"CYCLE", 0},
	[COL_KIND] = {"KIND", UI_TABLE_CUT},
	[COL_MOST] = {"MOST", UI_TABLE_CUT},
	[COL_WORD] = {"WORD", 0},
	[COL_WEAK] = {"WEAK", UI_TABLE_RIGHT},
	[COL_HIDDEN] = {"HIDDEN", UI_TABLE_RIGHT},
	[COL_EXAMPLE] = {"EXAMPLE", UI_TABLE_RIGHT},
	[COL_ADDRESS] = {"ADDRESS", UI_TABLE_RIGHT},
	[COL_GROUP] = {"GROUP", UI_TABLE_RIGHT},
	[COL_SITE] = {"SITE", UI_TABLE_RIGHT},
	[COL_PAGE_KIND] = {"KIND", 0},
	[COL_USED] = {"USED", UI_TABLE_RIGHT},
	[COL_FREE] = {"FREE", UI_TABLE_RIGHT},
	[COL_OWN] = {"OWN", UI_TABLE_RIGHT},
	[COL_LEAKED] = {"LEAKED", UI_TABLE_RIGHT},
	[COL_HUGE] = {"HUGE", 0},
	[COL_SEEN] = {"SEEN", UI_TABLE_RIGHT},
	[COL_COMPLETE] = {"COMPLETE", 0},
	[COL_STACK] = {"STACK", UI_TABLE_CUT},
	[COL_WHAT] = {"WHAT", 0},
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* A row of any table; what a table does not have its columns do not ask for. */
struct row {
	uint64_t bytes, objects, all; /* all: what a share is of */
	uint64_t size, address, root, weak, hidden, leaked, used, free, own, seen, number;
	bool cycle, huge, complete;
	enum pt_leak_tier tier;
	const struct pt_leak_group *group, *most;
	const struct pt_leak_site *site;
	const char *what;
};

static bool leak_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_hunt_view *v = l->view;
	const struct pt_leak *leak = &v->leaks[i];
	ret->bytes = leak->bytes;
	ret->objects = leak->count;
	ret->all = v->tiers[leak->tier].bytes;
	ret->root = v->objects[leak->root].address;
	ret->size = v->objects[leak->root].size;
	ret->tier = leak->tier;
	ret->cycle = leak->cycle;
	ret->group = &v->groups[leak->group];
	ret->most = &v->groups[leak->most];
	return ui_leak_wants(l, leak->tier) && ui_leak_matches(l, ret->group);
}

static bool group_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_hunt_view *v = l->view;
	const struct pt_leak_group *group = &v->groups[i];
	struct pt_leak_sum sum = l->options->tier ? ui_leak_sum(l, group) : group->tiers[PT_LEAK_LEAKED];
	ret->bytes = sum.bytes;
	ret->objects = sum.count;
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		ret->all += ui_leak_wants(l, (enum pt_leak_tier)tier) && (l->options->tier || tier == PT_LEAK_LEAKED)
				    ? v->tiers[tier].bytes
				    : 0;
	ret->weak = group->tiers[PT_LEAK_WEAK].bytes;
	ret->hidden = group->tiers[PT_LEAK_HIDDEN].bytes;
	ret->size = group->size;
	ret->group = group;
	ret->number = i;
	ret->address = v->objects[group->example].address;
	return ui_leak_sum(l, group).count && ui_leak_matches(l, group);
}

static bool object_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_hunt_view *v = l->view;
	const struct pt_leak_object *object = &v->objects[i];
	ret->address = object->address;
	ret->size = object->size;
	ret->tier = (enum pt_leak_tier)object->tier;
	ret->group = &v->groups[object->group];
	ret->number = object->group;
	ret->seen = object->site;
	ret->root = v->objects[object->root].address;
	return ui_leak_wants(l, ret->tier) && ui_leak_matches(l, ret->group);
}

static bool page_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_heap_page *page = &l->pages[i];
	ret->address = page->address;
	ret->what = pt_heap_page_name((enum pt_heap_page_kind)page->kind);
	ret->used = page->used;
	ret->free = page->free;
	ret->own = page->own;
	ret->leaked = page->lost;
	ret->huge = page->huge;
	return pt_filter_match(l->filter, ret->what, strlen(ret->what));
}

static bool site_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_leak_site *site = &l->view->sites[i];
	ret->bytes = site->bytes;
	ret->all = l->view->tiers[PT_LEAK_LEAKED].bytes;
	ret->leaked = site->leaked;
	ret->seen = site->samples;
	ret->size = site->size;
	ret->number = i + 1;
	ret->complete = site->complete;
	ret->site = site;
	return ui_leak_site_matches(l, site);
}

static bool heap_row(const struct ui_leaks *l, size_t i, struct row *ret)
{
	const struct pt_heap_sums *h = &l->view->heap;
	struct ui_leak_part rows[UI_LEAK_PARTS];
	ui_leak_heap_parts(h, rows);
	if (i >= UI_LEAK_PARTS)
		return false;
	ret->what = rows[i].name;
	ret->bytes = rows[i].bytes;
	ret->all = h->system;
	return pt_filter_match(l->filter, ret->what, strlen(ret->what));
}

/* ---- tables: the columns that each has, those it shows unless told otherwise first ------------------------------ */

static const unsigned char of_leaks[] = {COL_BYTES, COL_OBJECTS, COL_BAR,  COL_ROOT, COL_SIZE,
					 COL_TIER,  COL_CYCLE,   COL_KIND, COL_MOST, COL_SHARE};
static const unsigned char of_groups[] = {COL_BYTES,   COL_OBJECTS, COL_BAR,   COL_SIZE,  COL_WEAK, COL_HIDDEN,
					  COL_EXAMPLE, COL_KIND,    COL_SHARE, COL_GROUP, COL_WORD};
static const unsigned char of_objects[] = {COL_ADDRESS, COL_SIZE, COL_TIER, COL_ROOT, COL_KIND, COL_GROUP, COL_SITE};
static const unsigned char of_pages[] = {COL_ADDRESS, COL_PAGE_KIND, COL_USED, COL_FREE, COL_OWN, COL_LEAKED, COL_HUGE};
static const unsigned char of_sites[] = {COL_BYTES, COL_LEAKED, COL_SEEN, COL_SIZE,
					 COL_STACK, COL_SHARE,  COL_SITE, COL_COMPLETE};
static const unsigned char of_heap[] = {COL_BYTES, COL_SHARE, COL_BAR, COL_WHAT};

#define LIST(list) columns, list, sizeof(list)
static const struct table {
	struct ui_columns columns;
	bool (*row)(const struct ui_leaks *l, size_t i, struct row *ret); /* false: it is not to be shown */
} tables[UI_LEAKS_BY_N] = {
	[UI_LEAKS_BY_LEAKS] = {{LIST(of_leaks), 8}, leak_row},
	[UI_LEAKS_BY_GROUPS] = {{LIST(of_groups), 8}, group_row},
	[UI_LEAKS_BY_OBJECTS] = {{LIST(of_objects), 5}, object_row},
	[UI_LEAKS_BY_PAGES] = {{LIST(of_pages), 7}, page_row},
	[UI_LEAKS_BY_SITES] = {{LIST(of_sites), 5}, site_row},
	[UI_LEAKS_BY_HEAP] = {{LIST(of_heap), 4}, heap_row},
};

static size_t rows_of(const struct ui_leaks *l)
{
	switch (l->options->leaks_by) {
	case UI_LEAKS_BY_LEAKS: return l->view->n_leaks;
	case UI_LEAKS_BY_GROUPS: return l->view->n_groups;
	case UI_LEAKS_BY_OBJECTS: return l->view->n_objects;
	case UI_LEAKS_BY_PAGES: return l->n_pages;
	case UI_LEAKS_BY_SITES: return l->view->n_sites;
	default: return l->view->heap.system ? UI_LEAK_PARTS : 0;
	}
}

static int choose(const struct ui_options *options, struct ui_chosen *ret)
{
	return ui_columns_choose(options, &tables[options->leaks_by].columns, ui_leaks_by_name(options->leaks_by), ret);
}

int ui_leaks_table_check(const struct ui_options *options)
{
	struct ui_chosen chosen;
	return options->leaks_by ? choose(options, &chosen) : UI_OK;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static void bytes_cell(const struct ui_leaks *l, struct ui_table *table, uint64_t bytes)
{
	ui_table_bytes_cell(l->options, table, (struct pt_maybe){bytes, true});
}

static void plain_cell(struct ui_table *table, uint64_t n)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIu64, n);
	ui_table_cell(table, text);
}

static void stack_cell(const struct ui_leaks *l, struct ui_table *table, const struct pt_leak_site *site)
{
	char *chain = ui_leak_chain(l, site, SIZE_MAX);
	ui_table_cell(table, chain ? chain : "?");
	free(chain);
}

static void words_cell(const struct ui_leaks *l, struct ui_table *table, const struct row *row, enum column column)
{
	char text[KIND_ROOM];
	switch (column) {
	case COL_SHARE: ui_text_share(row->bytes, row->all, text, sizeof(text)); break;
	case COL_BAR: ui_text_bar(l->ascii, row->bytes, row->all, BAR, text, sizeof(text)); break;
	case COL_KIND: ui_leak_kind(row->group, text, sizeof(text)); break;
	case COL_MOST: ui_leak_kind(row->most, text, sizeof(text)); break;
	case COL_TIER: snprintf(text, sizeof(text), "%s", pt_leak_tier_name(row->tier)); break;
	case COL_WORD: snprintf(text, sizeof(text), "%s", ui_leak_word_name(row->group->word)); break;
	case COL_CYCLE: snprintf(text, sizeof(text), row->cycle ? "yes" : "no"); break;
	case COL_HUGE: snprintf(text, sizeof(text), row->huge ? "yes" : "no"); break;
	case COL_COMPLETE: snprintf(text, sizeof(text), row->complete ? "yes" : "no"); break;
	default: snprintf(text, sizeof(text), "%s", row->what); break; /* COL_WHAT, COL_PAGE_KIND */
	}
	ui_table_cell(table, text);
}

static void cell(const struct ui_leaks *l, struct ui_table *table, const struct row *row, enum column column)
{
	bool objects = l->options->leaks_by == UI_LEAKS_BY_OBJECTS;
	switch (column) {
	case COL_BYTES: bytes_cell(l, table, row->bytes); break;
	case COL_OBJECTS: ui_table_number_cell(l->options, table, row->objects); break;
	case COL_ROOT: ui_table_hex_cell(table, row->root); break;
	case COL_EXAMPLE:
	case COL_ADDRESS: ui_table_hex_cell(table, row->address); break;
	case COL_SIZE: bytes_cell(l, table, row->size); break;
	case COL_WEAK: bytes_cell(l, table, row->weak); break;
	case COL_HIDDEN: bytes_cell(l, table, row->hidden); break;
	case COL_USED: bytes_cell(l, table, row->used); break;
	case COL_FREE: bytes_cell(l, table, row->free); break;
	case COL_OWN: bytes_cell(l, table, row->own); break;
	case COL_LEAKED:
		if (row->site)
			ui_table_number_cell(l->options, table, row->leaked);
		else
			bytes_cell(l, table, row->leaked);
		break;
	case COL_SEEN: ui_table_number_cell(l->options, table, row->seen); break;
	case COL_GROUP: plain_cell(table, row->number); break;
	case COL_SITE:
		if (objects && !row->seen)
			ui_table_cell(table, "?");
		else
			plain_cell(table, objects ? row->seen : row->number);
		break;
	case COL_STACK: stack_cell(l, table, row->site); break;
	default: words_cell(l, table, row, column);
	}
}

static void add_row(const struct ui_leaks *l, struct ui_table *table, const struct ui_chosen *chosen, size_t i)
{
	const struct table *which = &tables[l->options->leaks_by];
	struct row row = {0};
	if (!which->row(l, i, &row))
		return;
	for (size_t k = 0; k < chosen->n; k++)
		cell(l, table, &row, (enum column)chosen->ids[k]);
}

int ui_leaks_table(const struct ui_leaks *l)
{
	const struct table *which = &tables[l->options->leaks_by];
	struct ui_chosen chosen;
	int status = choose(l->options, &chosen);
	if (status != UI_OK)
		return status;
	struct ui_table *table = ui_columns_table(l->options, &which->columns, &chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < rows_of(l); i++)
		add_row(l, table, &chosen, i);
	int error = ui_table_print(table);
	ui_table_free(table);
	if (!error && l->options->leaks_by == UI_LEAKS_BY_SITES && ui_leak_no_sites(l))
		ui_complain("there are no call sites: %s", ui_leak_no_sites(l));
	return error ? ui_out_of_memory() : UI_OK;
}
