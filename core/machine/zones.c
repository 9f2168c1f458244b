/*
 * See zones.h. Every file names a zone by node and name at the beginning of its lines.
 */
#include "core/machine/zones.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"

/* "Node 0, zone   Normal" or "Node    0, zone   Normal"; what follows stays in *line. */
static bool take_zone_name(struct pt_cursor *line, int *ret_node, char *ret_name, size_t size)
{
	uint64_t node;
	size_t n = 0;

	if (!pt_skip_word(line, "Node"))
		return false;
	pt_skip_blanks(line);
	if (!pt_take_decimal(line, &node) || node > INT32_MAX || !pt_skip_word(line, ", zone"))
		return false;
	pt_skip_blanks(line);
	for (; line->at < line->end && *line->at != ' ' && *line->at != ',' && *line->at; line->at++) {
		if (n + 1 == size)
			return false;
		ret_name[n++] = *line->at;
	}
	ret_name[n] = '\0';
	*ret_node = (int)node;
	return n > 0;
}

static struct pt_zone_state *zone_of_line(struct pt_zones *zones, struct pt_cursor *line)
{
	char name[16];
	int node;

	if (!take_zone_name(line, &node, name, sizeof(name)))
		return NULL;
	for (size_t i = 0; i < zones->n; i++)
		if (zones->v[i].node == node && !strcmp(zones->v[i].name, name))
			return &zones->v[i];
	return NULL;
}

/* ---- zoneinfo --------------------------------------------------------------------------------------------------- */

static bool take_number(struct pt_cursor line, const char *key, uint64_t *ret)
{
	if (!pt_skip_word(&line, key))
		return false;
	pt_skip_blanks(&line);
	return pt_take_decimal(&line, ret) && line.at == line.end;
}

static int take_cpu(struct pt_zone_state *zone, uint64_t cpu)
{
	struct pt_zone_cpu *more = realloc(zone->cpus, (zone->n_cpus + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	zone->cpus = more;
	zone->cpus[zone->n_cpus++] = (struct pt_zone_cpu){.cpu = (unsigned)cpu};
	return 0;
}

static void take_cpu_field(struct pt_zone_state *zone, struct pt_cursor line)
{
	struct pt_zone_cpu *cpu = zone->n_cpus ? &zone->cpus[zone->n_cpus - 1] : NULL;

	if (!cpu || take_number(line, "count:", &cpu->count) || take_number(line, "high:", &cpu->high))
		return;
	take_number(line, "batch:", &cpu->batch);
}

static int take_zone_line(struct pt_zone_state *zone, struct pt_cursor line)
{
	struct {
		const char *key;
		struct pt_maybe *field;
	} const fields[] = {{"pages free ", &zone->free}, {"boost ", &zone->boost}, {"min ", &zone->min},
			    {"low ", &zone->low},         {"high ", &zone->high},   {"present ", &zone->present},
			    {"managed ", &zone->managed}, {"cma ", &zone->cma}};
	uint64_t value;

	pt_skip_blanks(&line);
	if (take_number(line, "cpu:", &value) && value <= UINT32_MAX)
		return take_cpu(zone, value);
	if (take_number(line, "start_pfn:", &zone->start) || take_number(line, "spanned ", &zone->spanned))
		return 0;
	take_cpu_field(zone, line);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (take_number(line, fields[i].key, &value))
			*fields[i].field = (struct pt_maybe){value, true};
	return 0;
}

static int add_zone(struct pt_zones *zones, const char *name, int node)
{
	struct pt_zone_state *more = realloc(zones->v, (zones->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	zones->v = more;
	zones->v[zones->n] = (struct pt_zone_state){.node = node};
	memcpy(zones->v[zones->n++].name, name, sizeof(zones->v->name));
	return 0;
}

/* Zones that this machine has no memory for. */
static void drop_empty(struct pt_zones *zones)
{
	size_t kept = 0;

	for (size_t i = 0; i < zones->n; i++) {
		if (zones->v[i].spanned)
			zones->v[kept++] = zones->v[i];
		else
			free(zones->v[i].cpus);
	}
	zones->n = kept;
}

int pt_parse_zones(const char *text, size_t size, struct pt_zones *ret)
{
	struct pt_cursor all = {text, text + size}, line;
	struct pt_zones zones = {0};
	int error = 0, node;

	while (!error && pt_cut_line(&all, &line)) {
		struct pt_cursor head = line;
		char name[16] = "";
		if (take_zone_name(&head, &node, name, sizeof(name)))
			error = add_zone(&zones, name, node);
		else if (zones.n)
			error = take_zone_line(&zones.v[zones.n - 1], line);
	}
	drop_empty(&zones);
	if (!error && !zones.n)
		error = -EBADMSG;
	if (error)
		pt_zones_free(&zones);
	else
		*ret = zones;
	return error;
}

/* ---- free lists ------------------------------------------------------------------------------------------------- */

/* Numbers to the end of the line; newer kernels stop counting at ">100000". */
static unsigned take_numbers(struct pt_cursor line, uint64_t *ret, unsigned most)
{
	unsigned n = 0;

	for (; n < most; n++) {
		pt_skip_blanks(&line);
		pt_skip(&line, '>');
		if (!pt_take_decimal(&line, &ret[n]))
			break;
	}
	return n;
}

void pt_parse_buddyinfo(const char *text, size_t size, struct pt_zones *zones)
{
	struct pt_cursor all = {text, text + size}, line;

	while (pt_cut_line(&all, &line)) {
		struct pt_zone_state *zone = zone_of_line(zones, &line);
		unsigned n = zone ? take_numbers(line, zone->blocks, PT_ORDERS) : 0;
		if (!n)
			continue;
		zone->has_blocks = true;
		zones->orders = n > zones->orders ? n : zones->orders;
	}
}

/* The type of that name, a new one where it is none of those that are known; -1: too many. */
static int type_named(struct pt_zones *zones, struct pt_cursor *line)
{
	char name[16] = "";
	size_t n = 0;

	pt_skip_blanks(line);
	for (; line->at < line->end && *line->at != ' ' && n + 1 < sizeof(name); line->at++)
		name[n++] = *line->at;
	for (unsigned i = 0; i < zones->n_types; i++)
		if (!strcmp(zones->types[i], name))
			return (int)i;
	if (!n || zones->n_types == PT_MIGRATE_TYPES)
		return -1;
	memcpy(zones->types[zones->n_types], name, sizeof(name));
	return (int)zones->n_types++;
}

/* "Number of blocks type     Unmovable      Movable": which types the columns below are of. */
static unsigned take_columns(struct pt_zones *zones, struct pt_cursor line, int *ret)
{
	unsigned n = 0;

	for (pt_skip_blanks(&line); line.at < line.end && n < PT_MIGRATE_TYPES; pt_skip_blanks(&line))
		ret[n++] = type_named(zones, &line);
	return n;
}

static void take_type_line(struct pt_zones *zones, struct pt_zone_state *zone, struct pt_cursor line)
{
	int type = type_named(zones, &line);

	if (type >= 0 && take_numbers(line, zone->by_type[type], PT_ORDERS))
		zone->has_types = true;
}

void pt_parse_pagetypeinfo(const char *text, size_t size, struct pt_zones *zones)
{
	struct pt_cursor all = {text, text + size}, line;
	int columns[PT_MIGRATE_TYPES];
	unsigned n_columns = 0;
	uint64_t order, counts[PT_MIGRATE_TYPES];

	while (pt_cut_line(&all, &line)) {
		struct pt_zone_state *zone;
		if (take_number(line, "Page block order:", &order))
			zones->pageblock_order = (struct pt_maybe){order, true};
		if (pt_skip_word(&line, "Number of blocks type"))
			n_columns = take_columns(zones, line, columns);
		zone = zone_of_line(zones, &line);
		if (zone && pt_skip_word(&line, ", type"))
			take_type_line(zones, zone, line);
		else if (zone && take_numbers(line, counts, n_columns) == n_columns)
			for (unsigned i = 0; i < n_columns; i++)
				if (columns[i] >= 0)
					zone->pageblocks[columns[i]] = counts[i];
	}
}

int pt_zones_read(struct pt_kernel *k, struct pt_zones *ret)
{
	struct pt_zones zones = {0};
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, "proc/zoneinfo", &text, &size);

	if (error)
		return error;
	error = pt_parse_zones(text, size, &zones);
	free(text);
	if (error)
		return error;
	if (!pt_kernel_slurp(k, "proc/buddyinfo", &text, &size)) {
		pt_parse_buddyinfo(text, size, &zones);
		free(text);
	}
	zones.types_error = pt_kernel_slurp(k, "proc/pagetypeinfo", &text, &size);
	if (!zones.types_error) {
		pt_parse_pagetypeinfo(text, size, &zones);
		free(text);
	}
	*ret = zones;
	return 0;
}

void pt_zones_free(struct pt_zones *zones)
{
	for (size_t i = 0; i < zones->n; i++)
		free(zones->v[i].cpus);
	free(zones->v);
	*zones = (struct pt_zones){0};
}

/* ---- what follows ----------------------------------------------------------------------------------------------- */

uint64_t pt_zone_per_cpu(const struct pt_zone_state *zone)
{
	uint64_t all = 0;

	for (size_t i = 0; i < zone->n_cpus; i++)
		all += zone->cpus[i].count;
	return all;
}

struct lists {
	uint64_t frames, blocks,
		suitable; /* free frames, free blocks, and blocks of the order as which they could be had */
};

static struct lists lists_of(const struct pt_zone_state *zone, unsigned order)
{
	struct lists l = {0};

	for (unsigned i = 0; i < PT_ORDERS; i++) {
		l.frames += zone->blocks[i] << i;
		l.blocks += zone->blocks[i];
		if (i >= order)
			l.suitable += zone->blocks[i] << (i - order);
	}
	return l;
}

bool pt_zone_unusable(const struct pt_zone_state *zone, unsigned order, double *ret)
{
	struct lists l = lists_of(zone, order);

	if (!zone->has_blocks || order >= PT_ORDERS)
		return false;
	*ret = l.frames ? (double)(l.frames - (l.suitable << order)) / (double)l.frames : 1;
	return true;
}

bool pt_zone_fragmentation(const struct pt_zone_state *zone, unsigned order, double *ret)
{
	struct lists l = lists_of(zone, order);

	if (!zone->has_blocks || order >= PT_ORDERS || l.suitable)
		return false;
	*ret = l.blocks ? 1 - (1 + (double)l.frames / (double)(1ull << order)) / (double)l.blocks : 0;
	return true;
}
