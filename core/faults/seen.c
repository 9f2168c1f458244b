/*
 * Sets of eight; see seen.h.
 */
#include "core/faults/seen.h"

#include <stdlib.h>

#define WAYS    8u
#define UNKNOWN (1u << 31) /* in bits: no page has it */

struct entry {
	uint64_t number; /* + 1; 0: free */
	uint64_t ns;
	struct pt_page page;
};

struct set {
	struct entry entries[WAYS];
	uint64_t forgotten_ns;
};

struct pt_seen_table {
	size_t n; /* sets, a power of two */
	struct set *sets;
};

struct pt_seen_table *pt_seen_new(size_t bytes_max)
{
	struct pt_seen_table *table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	for (table->n = 1; table->n * 2 * sizeof(*table->sets) <= bytes_max; table->n *= 2)
		;
	table->sets = calloc(table->n, sizeof(*table->sets)); /* untouched sets take no memory */
	if (table->sets)
		return table;
	free(table);
	return NULL;
}

void pt_seen_free(struct pt_seen_table *table)
{
	if (table)
		free(table->sets);
	free(table);
}

/* Neighbouring pages fault one after the other: eight of them share a set. */
static struct set *set_of(const struct pt_seen_table *table, uint64_t number)
{
	uint64_t hash = number / WAYS * 0x9e3779b97f4a7c15u;
	return &table->sets[(hash >> 32 ^ hash) & (table->n - 1)];
}

void pt_seen_put(struct pt_seen_table *table, uint64_t number, struct pt_seen seen)
{
	struct set *set = set_of(table, number);
	struct entry *place = &set->entries[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct entry *entry = &set->entries[i];
		if (entry->number == number + 1) {
			place = entry;
			break;
		}
		if (entry->ns < place->ns) /* a free one's is 0 */
			place = entry;
	}
	if (place->number && place->number != number + 1 && place->ns > set->forgotten_ns)
		set->forgotten_ns = place->ns;
	if (!seen.known)
		seen.page = (struct pt_page){.bits = UNKNOWN};
	*place = (struct entry){.number = number + 1, .ns = seen.ns, .page = seen.page};
}

bool pt_seen_get(const struct pt_seen_table *table, uint64_t number, struct pt_seen *ret, uint64_t *ret_forgotten)
{
	const struct set *set = set_of(table, number);
	*ret_forgotten = set->forgotten_ns;
	for (unsigned i = 0; i < WAYS; i++) {
		const struct entry *entry = &set->entries[i];
		if (entry->number != number + 1)
			continue;
		*ret = (struct pt_seen){.page = entry->page, .ns = entry->ns, .known = !(entry->page.bits & UNKNOWN)};
		return true;
	}
	return false;
}
