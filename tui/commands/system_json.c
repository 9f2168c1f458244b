/*
 * pagetop system as JSON: sizes in bytes, what is not known null.
 */
#include <stdio.h>
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"
#include "tui/commands/system.h"

static json_t *count(uint64_t value)
{
	return ui_json_maybe((struct pt_maybe){value, true});
}

static json_t *bytes(const struct ui_system *s, struct pt_maybe frames)
{
	return ui_json_maybe((struct pt_maybe){frames.value << s->page_shift, frames.known});
}

/* Where frames are unknown, none of a kind is no number. */
static struct pt_maybe frames_of(const struct ui_system *s, enum pt_frame kind)
{
	const uint64_t *n = s->picture->sums.n;
	bool always = kind == PT_FRAME_HOLE || kind == PT_FRAME_OFFLINE || kind == PT_FRAME_UNKNOWN;
	return (struct pt_maybe){n[kind], n[kind] || always || !n[PT_FRAME_UNKNOWN]};
}

static json_t *kinds_json(const struct ui_system *s)
{
	json_t *array = json_array();
	for (int i = 0; i < PT_FRAME_N; i++) {
		struct pt_maybe n = frames_of(s, (enum pt_frame)i);
		json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "kind", pt_frame_name((enum pt_frame)i),
						       "frames", ui_json_maybe(n), "bytes", bytes(s, n)));
	}
	return array;
}

static json_t *facts_json(const struct ui_system *s)
{
	json_t *object = json_object();
	for (int i = 0; i < PT_FRAME_FACTS; i++) {
		char key[32];
		ui_json_key(pt_frame_fact_name((enum pt_frame_fact)i), key);
		for (char *at = key; *at; at++)
			*at = (char)(*at == ' ' ? '-' : *at);
		json_object_set_new(object, key,
				    ui_json_maybe((struct pt_maybe){s->picture->sums.facts[i], !s->flags_error}));
	}
	return object;
}

/* ---- zones ------------------------------------------------------------------------------------------------------ */

static json_t *cpus_json(const struct pt_zone_state *z)
{
	json_t *array = json_array();
	for (size_t i = 0; i < z->n_cpus; i++)
		json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o}", "cpu", (int)z->cpus[i].cpu, "frames",
						       count(z->cpus[i].count), "high", count(z->cpus[i].high), "batch",
						       count(z->cpus[i].batch)));
	return array;
}

static json_t *types_json(const struct pt_zones *zones, const struct pt_zone_state *z, unsigned order)
{
	json_t *object = z->has_types ? json_object() : json_null();
	for (unsigned i = 0; z->has_types && i < zones->n_types; i++)
		json_object_set_new(object, zones->types[i], count(z->by_type[i][order]));
	return object;
}

static json_t *pageblocks_json(const struct pt_zones *zones, const struct pt_zone_state *z)
{
	json_t *object = z->has_types ? json_object() : json_null();
	for (unsigned i = 0; z->has_types && i < zones->n_types; i++)
		json_object_set_new(object, zones->types[i], count(z->pageblocks[i]));
	return object;
}

static json_t *orders_json(const struct pt_zones *zones, const struct pt_zone_state *z)
{
	json_t *array = z->has_blocks ? json_array() : json_null();
	for (unsigned order = 0; z->has_blocks && order < zones->orders; order++) {
		double unusable = 0, index = 0;
		bool has = pt_zone_unusable(z, order, &unusable), lacks = pt_zone_fragmentation(z, order, &index);
		json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o, s:o}", "order", (int)order, "free-blocks",
						       count(z->blocks[order]), "unusable",
						       has ? json_real(unusable) : json_null(), "fragmentation",
						       lacks ? json_real(index) : json_null(), "by-type",
						       types_json(zones, z, order)));
	}
	return array;
}

static json_t *zones_json(const struct ui_system *s)
{
	json_t *array = json_array();
	for (size_t i = 0; i < s->zones.n; i++) {
		const struct pt_zone_state *z = &s->zones.v[i];
		json_array_append_new(
			array,
			json_pack("{s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "zone",
				  ui_json_bytes(z->name), "node", z->node, "first-pfn", count(z->start), "spanned",
				  bytes(s, (struct pt_maybe){z->spanned, true}), "present", bytes(s, z->present),
				  "managed", bytes(s, z->managed), "free", bytes(s, z->free), "min", bytes(s, z->min),
				  "low", bytes(s, z->low), "high", bytes(s, z->high), "per-cpu", cpus_json(z), "orders",
				  orders_json(&s->zones, z), "pageblocks", pageblocks_json(&s->zones, z)));
	}
	return array;
}

/* ---- slabs and features ----------------------------------------------------------------------------------------- */

static json_t *slabs_json(const struct ui_system *s)
{
	json_t *array = s->slabs_error ? json_null() : json_array();
	for (size_t i = 0; i < s->slabs.n; i++) {
		const struct pt_slab *slab = &s->slabs.v[i];
		struct pt_maybe pages = {slab->slabs * slab->pages, true};
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cache",
						ui_json_bytes(slab->name), "bytes", bytes(s, pages), "objects",
						count(slab->objects), "active", count(slab->active), "object-size",
						count(slab->object_size), "slabs", count(slab->slabs), "growth",
						s->has_before ? json_integer((json_int_t)ui_system_slab_growth(s, slab))
							      : json_null()));
	}
	return array;
}

/* true, false, or null where it is not known. */
static json_t *state_json(enum pt_debug_state state)
{
	return state == PT_DEBUG_UNKNOWN ? json_null() : json_boolean(state == PT_DEBUG_ON);
}

static json_t *debugging_json(const struct ui_system *s)
{
	json_t *array = json_array();
	for (size_t i = 0; i < s->n_debugging; i++) {
		const struct pt_debug_feature *f = &s->debugging[i];
		json_array_append_new(array, json_pack("{s:s, s:o, s:s, s:s, s:s}", "feature", f->name, "on",
						       state_json(f->state), "state", pt_debug_state_name(f->state),
						       "detail", f->detail, "switched-on-by", f->switch_on));
	}
	return array;
}

int ui_system_json(const struct ui_system *s)
{
	json_t *all = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "frames", count(s->picture->sums.frames),
				"memory", bytes(s, (struct pt_maybe){s->ram.online, true}), "kinds", kinds_json(s),
				"kinds-known", !s->flags_error, "facts", facts_json(s), "zones", zones_json(s), "slabs",
				slabs_json(s), "debugging", debugging_json(s));
	return ui_json_whole("system", all);
}
