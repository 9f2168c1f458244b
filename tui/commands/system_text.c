/*
 * What pagetop system says to people: a table for each of its parts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/system.h"
#include "tui/commands/table_out.h"
#include "tui/commands/vma_out.h"

#define SLABS 20 /* the largest, unless all are wanted */

struct out {
	const struct ui_options *options;
	const struct ui_system *s;
	bool failed; /* memory gave out */
	bool begun;  /* a part stands above */
};

static struct pt_maybe known(uint64_t value)
{
	return (struct pt_maybe){value, true};
}

static struct ui_table *begin(struct out *out, const char *title, const struct ui_table_column *columns, size_t n)
{
	struct ui_table *table = ui_table_new(out->options, columns, n);
	if (!out->options->no_headings)
		printf("%s%s\n", out->begun ? "\n" : "", title);
	out->begun = true;
	out->failed = out->failed || !table;
	return table;
}

static void end(struct out *out, struct ui_table *table)
{
	if (!table)
		return;
	fflush(stdout);
	out->failed = ui_table_print(table) != 0 || out->failed;
	fflush(stdout);
	ui_table_free(table);
}

static void bytes_cell(const struct out *out, struct ui_table *table, struct pt_maybe bytes)
{
	char text[32];
	ui_table_cell(table, ui_table_bytes(out->options, bytes, text, sizeof(text)));
}

static void frames_cell(const struct out *out, struct ui_table *table, struct pt_maybe frames)
{
	bytes_cell(out, table, (struct pt_maybe){frames.value << out->s->page_shift, frames.known});
}

static void number_cell(struct ui_table *table, struct pt_maybe number)
{
	char text[32];
	snprintf(text, sizeof(text), number.known ? "%" PRIu64 : "?", number.value);
	ui_table_cell(table, text);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static const char *why_unknown(int error)
{
	return error == -EACCES || error == -EPERM ? "only root may know: sudo pagetop system" : strerror(-error);
}

static void print_kinds(struct out *out)
{
	static const struct ui_table_column columns[] = {
		{"KIND", 0}, {"FRAMES", UI_TABLE_RIGHT}, {"SIZE", UI_TABLE_RIGHT}, {"SHARE", UI_TABLE_RIGHT}};
	const struct pt_picture_sums *sums = &out->s->picture->sums;
	uint64_t memory = sums->frames - sums->n[PT_FRAME_HOLE];
	struct ui_table *table = begin(out, "Frames", columns, sizeof(columns) / sizeof(*columns));
	for (int i = 0; table && i < PT_FRAME_N; i++) {
		char text[32];
		if (!sums->n[i])
			continue;
		ui_table_cell(table, pt_frame_name((enum pt_frame)i));
		number_cell(table, known(sums->n[i]));
		frames_cell(out, table, known(sums->n[i]));
		snprintf(text, sizeof(text), "%.1f%%", (double)sums->n[i] * 100 / (double)(memory ? memory : 1));
		ui_table_cell(table, i == PT_FRAME_HOLE ? "-" : text);
	}
	end(out, table);
	if (out->s->flags_error)
		printf("What frames are used for is unknown: %s\n", why_unknown(out->s->flags_error));
}

/* ---- zones ------------------------------------------------------------------------------------------------------ */

static void print_zones(struct out *out)
{
	static const struct ui_table_column columns[] = {
		{"ZONE", 0},
		{"NODE", UI_TABLE_RIGHT},
		{"MANAGED", UI_TABLE_RIGHT},
		{"FREE", UI_TABLE_RIGHT},
		{"MIN", UI_TABLE_RIGHT},
		{"LOW", UI_TABLE_RIGHT},
		{"HIGH", UI_TABLE_RIGHT},
		{"PER_CPU", UI_TABLE_RIGHT},
		{"FIRST_PFN", UI_TABLE_RIGHT},
	};
	const struct pt_zones *zones = &out->s->zones;
	struct ui_table *table = begin(out, "Zones", columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; table && i < zones->n; i++) {
		const struct pt_zone_state *z = &zones->v[i];
		char first[24];
		ui_name_cell(table, z->name);
		number_cell(table, known((uint64_t)z->node));
		frames_cell(out, table, z->managed);
		frames_cell(out, table, z->free);
		frames_cell(out, table, z->min);
		frames_cell(out, table, z->low);
		frames_cell(out, table, z->high);
		frames_cell(out, table, known(pt_zone_per_cpu(z)));
		snprintf(first, sizeof(first), "0x%" PRIx64, z->start);
		ui_table_cell(table, first);
	}
	end(out, table);
}

/* What CPUs keep of zones for themselves: those that may keep some. */
static void print_cpus(struct out *out)
{
	static const struct ui_table_column columns[] = {
		{"ZONE", 0},
		{"NODE", UI_TABLE_RIGHT},
		{"CPU", UI_TABLE_RIGHT},
		{"FREE", UI_TABLE_RIGHT},
		{"HIGH", UI_TABLE_RIGHT},
		{"BATCH", UI_TABLE_RIGHT},
	};
	const struct pt_zones *zones = &out->s->zones;
	struct ui_table *table = begin(out, "Free lists of CPUs", columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; table && i < zones->n; i++)
		for (size_t j = 0; j < zones->v[i].n_cpus; j++) {
			const struct pt_zone_cpu *cpu = &zones->v[i].cpus[j];
			if (!cpu->high)
				continue;
			ui_name_cell(table, zones->v[i].name);
			number_cell(table, known((uint64_t)zones->v[i].node));
			number_cell(table, known(cpu->cpu));
			frames_cell(out, table, known(cpu->count));
			frames_cell(out, table, known(cpu->high));
			frames_cell(out, table, known(cpu->batch));
		}
	end(out, table);
}

/* A row for each order of a zone; types are columns. */
static void order_row(const struct out *out, struct ui_table *table, const struct pt_zone_state *z, unsigned order)
{
	const struct pt_zones *zones = &out->s->zones;
	char text[32];
	double part;
	ui_name_cell(table, z->name);
	number_cell(table, known((uint64_t)z->node));
	number_cell(table, known(order));
	frames_cell(out, table, known(1ull << order));
	number_cell(table, (struct pt_maybe){z->blocks[order], z->has_blocks});
	snprintf(text, sizeof(text), "?");
	if (pt_zone_unusable(z, order, &part))
		snprintf(text, sizeof(text), "%.1f%%", part * 100);
	ui_table_cell(table, text);
	snprintf(text, sizeof(text), z->has_blocks ? "-" : "?");
	if (pt_zone_fragmentation(z, order, &part))
		snprintf(text, sizeof(text), "%.3f", part);
	ui_table_cell(table, text);
	for (unsigned i = 0; i < zones->n_types; i++)
		number_cell(table, (struct pt_maybe){z->by_type[i][order], z->has_types});
}

static void print_free_lists(struct out *out)
{
	enum { FIXED = 7 };
	const struct pt_zones *zones = &out->s->zones;
	struct ui_table_column columns[FIXED + PT_MIGRATE_TYPES] = {
		{"ZONE", 0},
		{"NODE", UI_TABLE_RIGHT},
		{"ORDER", UI_TABLE_RIGHT},
		{"BLOCK", UI_TABLE_RIGHT},
		{"FREE_BLOCKS", UI_TABLE_RIGHT},
		{"UNUSABLE", UI_TABLE_RIGHT},
		{"FRAGMENTATION", UI_TABLE_RIGHT},
	};
	char names[PT_MIGRATE_TYPES][4 * sizeof(zones->types[0])];
	for (unsigned i = 0; i < zones->n_types; i++) {
		pt_text_printable(zones->types[i], strlen(zones->types[i]), names[i], sizeof(names[i]));
		columns[FIXED + i] = (struct ui_table_column){names[i], UI_TABLE_RIGHT};
	}
	struct ui_table *table = begin(out, "Free lists", columns, FIXED + zones->n_types);
	for (size_t i = 0; table && i < zones->n; i++)
		for (unsigned order = zones->orders; order-- > 0;)
			order_row(out, table, &zones->v[i], order);
	end(out, table);
	if (zones->types_error)
		printf("Free lists by migrate type are unknown: %s\n", why_unknown(zones->types_error));
}

/* ---- slabs ------------------------------------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b, void *arg)
{
	const struct pt_slab *x = *(const struct pt_slab *const *)a, *y = *(const struct pt_slab *const *)b;
	const struct ui_system *s = arg;
	uint64_t u = ui_system_slab_bytes(s, x), v = ui_system_slab_bytes(s, y);
	int64_t grew = s->has_before ? ui_system_slab_growth(s, x) : 0,
		other = s->has_before ? ui_system_slab_growth(s, y) : 0;
	return grew != other ? (grew < other) - (grew > other) : u != v ? (u < v) - (u > v) : strcmp(x->name, y->name);
}

static void slab_row(const struct out *out, struct ui_table *table, const struct pt_slab *slab)
{
	char text[32];
	ui_name_cell(table, slab->name);
	frames_cell(out, table, known(slab->slabs * slab->pages));
	number_cell(table, known(slab->objects));
	number_cell(table, known(slab->active));
	bytes_cell(out, table, known(slab->object_size));
	number_cell(table, known(slab->slabs));
	if (!out->s->has_before)
		return;
	int64_t grew = ui_system_slab_growth(out->s, slab);
	if (out->options->bytes)
		snprintf(text, sizeof(text), "%" PRId64, grew);
	else
		pt_text_delta(grew, text, sizeof(text));
	ui_table_cell(table, grew ? text : "0");
}

static void print_slabs(struct out *out)
{
	static const struct ui_table_column columns[] = {
		{"CACHE", 0},
		{"SIZE", UI_TABLE_RIGHT},
		{"OBJECTS", UI_TABLE_RIGHT},
		{"ACTIVE", UI_TABLE_RIGHT},
		{"OBJECT_SIZE", UI_TABLE_RIGHT},
		{"SLABS", UI_TABLE_RIGHT},
		{"GROWTH", UI_TABLE_RIGHT}, /* where it was watched */
	};
	const struct pt_slab_list *slabs = &out->s->slabs;
	const struct pt_slab **v = malloc((slabs->n + 1) * sizeof(void *));
	if (!v) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < slabs->n; i++)
		v[i] = &slabs->v[i];
	struct ui_system s = *out->s; /* qsort_r hands on no const */
	qsort_r(v, slabs->n, sizeof(void *), by_size, &s);
	struct ui_table *table = begin(out, "Slabs", columns,
				       sizeof(columns) / sizeof(*columns) - (out->s->has_before ? 0 : 1));
	size_t n = out->options->all || slabs->n < SLABS ? slabs->n : SLABS;
	for (size_t i = 0; table && i < n; i++)
		slab_row(out, table, v[i]);
	end(out, table);
	free(v);
	if (out->s->slabs_error)
		printf("Slabs are unknown: %s\n", why_unknown(out->s->slabs_error));
	else if (n < slabs->n && !out->options->no_headings)
		printf("and %zu more (--all)\n", slabs->n - n);
}

/* ---- debugging -------------------------------------------------------------------------------------------------- */

static void print_debugging(struct out *out)
{
	static const struct ui_table_column columns[] = {
		{"FEATURE", 0}, {"STATE", 0}, {"DETAIL", 0}, {"SWITCHED_ON_BY", UI_TABLE_CUT}};
	struct ui_table *table = begin(out, "Debugging features of the kernel", columns,
				       sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; table && i < out->s->n_debugging; i++) {
		const struct pt_debug_feature *f = &out->s->debugging[i];
		ui_table_cell(table, f->name);
		ui_table_cell(table, pt_debug_state_name(f->state));
		ui_table_cell(table, f->detail);
		ui_table_cell(table, f->switch_on);
	}
	end(out, table);
}

int ui_system_text(const struct ui_options *options, const struct ui_system *s)
{
	struct out out = {.options = options, .s = s};
	print_kinds(&out);
	print_zones(&out);
	print_cpus(&out);
	print_free_lists(&out);
	print_slabs(&out);
	print_debugging(&out);
	return out.failed ? ui_out_of_memory() : UI_OK;
}
