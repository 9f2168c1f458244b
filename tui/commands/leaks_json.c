/*
 * What a hunt found as JSON: the contract, and what is known besides. What is not known is null: where there is no
 * verdict, all sums are, and nothing is listed. Objects, of which there may be millions, are written one by one.
 */
#include <errno.h>
#include <inttypes.h>

#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"

#define LEAKS_MOST 10000 /* that are listed: the largest. Objects have their root besides */

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value); /* what had no memory makes the whole fail: see ui_leaks_json */
}

static json_t *hex(uint64_t address)
{
	return ui_json_hex((struct pt_maybe){address, true});
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static json_t *sum_json(const struct ui_leaks *l, enum pt_leak_tier tier)
{
	const struct pt_leak_sum *sum = &l->view->tiers[tier];
	bool known = l->view->verdict;
	return json_pack("{s:o, s:o, s:o}", "count", ui_json_maybe((struct pt_maybe){sum->count, known}), "bytes",
			 ui_json_maybe((struct pt_maybe){sum->bytes, known}), "pages",
			 ui_json_maybe((struct pt_maybe){sum->pages, known}));
}

static json_t *heap_json(const struct ui_leaks *l)
{
	const struct pt_heap_sums *h = &l->view->heap;
	struct ui_leak_part parts[UI_LEAK_PARTS];
	if (!h->system)
		return json_null();
	json_t *heap = json_object();
	ui_leak_heap_parts(h, parts);
	for (size_t i = 0; i < UI_LEAK_PARTS; i++)
		set(heap, parts[i].name, number(parts[i].bytes));
	set(heap, "mmapped-count", number(h->n_mmapped));
	return heap;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static json_t *part_json(const struct pt_leak_sum *sum)
{
	return json_pack("{s:o, s:o}", "count", number(sum->count), "bytes", number(sum->bytes));
}

static bool has_tier(const struct ui_leaks *l, const struct pt_leak_group *group)
{
	return ui_leak_sum(l, group).count != 0;
}

static json_t *group_json(const struct ui_leaks *l, size_t i)
{
	const struct pt_leak_group *group = &l->view->groups[i];
	bool value = group->word == PT_LEAK_WORD_VALUE || group->word == PT_LEAK_WORD_CLASS ||
		     group->word == PT_LEAK_WORD_SYMBOL;
	if (!has_tier(l, group) || !ui_leak_matches(l, group))
		return NULL;
	json_t *object = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "group", number(i), "size",
				   number(group->size), "kind", ui_leak_word_name(group->word), "name",
				   ui_json_bytes(group->name), "value", value ? hex(group->value) : json_null(), "at",
				   number(group->at), "example", hex(l->view->objects[group->example].address));
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		set(object, pt_leak_tier_name((enum pt_leak_tier)tier), part_json(&group->tiers[tier]));
	return object;
}

static json_t *leak_json(const struct ui_leaks *l, size_t i)
{
	const struct pt_leak *leak = &l->view->leaks[i];
	const struct pt_leak_object *root = &l->view->objects[leak->root];
	if (!ui_leak_wants(l, leak->tier) || !ui_leak_matches(l, &l->view->groups[leak->group]))
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:o, s:o}", "root", hex(root->address), "size",
			 number(root->size), "count", number(leak->count), "bytes", number(leak->bytes), "tier",
			 pt_leak_tier_name(leak->tier), "cycle", leak->cycle, "shared", leak->shared, "group",
			 number(leak->group), "most", number(leak->most));
}

static json_t *call_json(const struct pt_leak_call *call)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "ip", hex(call->ip), "symbol", ui_json_bytes(call->symbol),
			 "offset", call->symbol ? number(call->offset) : json_null(), "module",
			 ui_json_bytes(call->module), "file", ui_json_bytes(call->file), "line",
			 call->line ? number((uint64_t)call->line) : json_null());
}

static json_t *site_json(const struct ui_leaks *l, size_t i)
{
	const struct pt_leak_site *site = &l->view->sites[i];
	if (!ui_leak_site_matches(l, site))
		return NULL;
	json_t *frames = json_array();
	for (size_t k = 0; k < site->n_calls; k++)
		json_array_append_new(frames, call_json(&site->calls[k]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "site", number(i + 1), "size", number(site->size),
			 "samples", number(site->samples), "leaked", number(site->leaked), "bytes", number(site->bytes),
			 "complete", site->complete, "frames", frames);
}

static json_t *rows_json(const struct ui_leaks *l, size_t n, json_t *(*row)(const struct ui_leaks *l, size_t i))
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *object = row(l, i);
		if (object)
			json_array_append_new(array, object);
	}
	return array;
}

/* ---- growth, where there is no verdict --------------------------------------------------------------------------- */

static json_t *grew_json(struct pt_grew grew)
{
	return grew.known ? json_integer(grew.value) : json_null();
}

/* Whether it goes on growing, and by how many bytes a second: null where it was watched for too short a time. */
static json_t *grown_json(const struct ui_leaks *l, const struct pt_vma *vma, struct pt_grew grew, size_t i)
{
	const struct pt_growth *g = &l->growth->growth;
	const struct pt_suspect *suspect = ui_growth_suspect(l->growth, vma);
	bool known = l->growth->growing && (suspect ? suspect->grows : l->growth->growing->known);
	bool grows = suspect && suspect->grows;
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "start", hex(vma->start), "role",
			 pt_role_name((enum pt_role)vma->role), "name", ui_json_bytes(vma->path[0] ? vma->path : NULL),
			 "grew", grew_json(grew), "born", ui_json_maybe(pt_growth_born(g, i)), "rss",
			 ui_json_maybe(pt_snapshot_bytes(g->after, g->pairs.v[i].is, PT_SUM_RSS)), "goes-on",
			 known ? json_boolean(grows) : json_null(), "rate",
			 grows ? json_real(suspect->slope) : json_null());
}

static json_t *growth_json(const struct ui_leaks *l)
{
	const struct pt_growth *g = l->growth ? &l->growth->growth : NULL;
	json_t *vmas = json_array();
	if (!g) {
		json_decref(vmas);
		return json_null();
	}
	for (size_t i = 0; i < g->pairs.n; i++) {
		size_t is = g->pairs.v[i].is;
		struct pt_grew grew = pt_growth_of_pair(g, i, PT_SUM_RSS);
		if (is >= g->after->vmas->n || !grew.known || grew.value <= 0)
			continue;
		const struct pt_vma *vma = &g->after->vmas->v[is];
		json_array_append_new(vmas, grown_json(l, vma, grew, i));
	}
	return json_pack("{s:f, s:o, s:o}", "seconds", (double)(g->after->monotonic_ns - g->before->monotonic_ns) / 1e9,
			 "rss", grew_json(pt_growth_of_role(g, PT_ROLE_N, PT_SUM_RSS)), "vmas", vmas);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static json_t *sites_json(const struct ui_leaks *l)
{
	if (!l->options->sites_ns || ui_leak_no_sites(l))
		return json_null();
	return rows_json(l, l->view->n_sites, site_json);
}

static json_t *leaks_json(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	bool known = v->verdict;
	json_t *o = json_pack("{s:i, s:o, s:o, s:b, s:o, s:o}", "pid", (int)v->pid, "name", ui_json_bytes(l->name),
			      "allocator", ui_json_bytes(v->allocator), "verdict", v->verdict, "why",
			      ui_json_bytes(v->why), "passes", number(v->passes));
	set(o, "converged", json_boolean(v->converged));
	set(o, "stopped-ns-max", number(v->stopped_ns_max));
	set(o, "stopped-all-ns", number(v->stopped_all_ns));
	set(o, "ns", number(v->ns));
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		set(o, pt_leak_tier_name((enum pt_leak_tier)tier), sum_json(l, (enum pt_leak_tier)tier));
	set(o, "free-resident",
	    json_pack("{s:o}", "bytes", ui_json_maybe((struct pt_maybe){v->heap.free_resident, v->heap.system != 0})));
	set(o, "objects-used", ui_json_maybe((struct pt_maybe){v->objects_used, known}));
	set(o, "swapped-unread", number(v->swapped_unread));
	set(o, "broken", number(v->broken));
	set(o, "heap", heap_json(l));
	set(o, "leaks", rows_json(l, v->n_leaks < LEAKS_MOST ? v->n_leaks : LEAKS_MOST, leak_json));
	set(o, "leaks-left-out", number(v->n_leaks > LEAKS_MOST ? v->n_leaks - LEAKS_MOST : 0));
	set(o, "groups", rows_json(l, v->n_groups, group_json));
	set(o, "sites", sites_json(l));
	set(o, "growth", growth_json(l));
	return o;
}

/* Nothing in it needs to be escaped. */
static void print_objects(const struct ui_leaks *l)
{
	const struct pt_hunt_view *v = l->view;
	const char *between = "\n";
	printf(",\n \"objects\": [");
	for (size_t i = 0; i < v->n_objects; i++) {
		const struct pt_leak_object *object = &v->objects[i];
		enum pt_leak_tier tier = (enum pt_leak_tier)object->tier;
		if (!ui_leak_wants(l, tier) || !ui_leak_matches(l, &v->groups[object->group]))
			continue;
		printf("%s  {\"address\": \"0x%" PRIx64 "\", \"size\": %" PRIu64
		       ", \"tier\": \"%s\", \"group\": %" PRIu32 ", \"root\": \"0x%" PRIx64 "\", ",
		       between, object->address, object->size, pt_leak_tier_name(tier), object->group,
		       v->objects[object->root].address);
		if (object->site)
			printf("\"site\": %" PRIu32 "}", object->site);
		else
			printf("\"site\": null}");
		between = ",\n";
	}
	printf("\n ]");
}

int ui_leaks_json(const struct ui_leaks *l)
{
	json_t *all = leaks_json(l);
	char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_EMBED | UI_JSON_REALS) : NULL;
	json_decref(all);
	if (!text)
		return ui_out_of_memory();
	printf("{\"leaks\": {%s", text);
	free(text);
	if (l->options->objects)
		print_objects(l);
	printf("}}\n");
	return UI_OK;
}
