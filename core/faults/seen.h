/*
 * Pages last seen: what each was and when, in bounded memory. Open addressing in sets of eight: faults are scattered as
 * often as dense, and a set needs no memory for neighbours that never fault, no tombstones and no growing. The oldest of
 * a set gives way; that something newer than a moment was forgotten is kept, so that an older picture of the page is not
 * taken for what is known of it. Owned and used by one thread.
 */
#ifndef PT_FAULTS_SEEN_H
#define PT_FAULTS_SEEN_H

#include <stddef.h>

#include "core/model/page.h"

struct pt_seen {
	struct pt_page page;
	uint64_t ns; /* CLOCK_MONOTONIC after it was looked at */
	bool known;  /* else it changed at that time, and was not looked at */
};

struct pt_seen_table;

struct pt_seen_table *pt_seen_new(size_t bytes_max); /* NULL: out of memory */
void pt_seen_free(struct pt_seen_table *table);      /* NULL is fine */
/* `number` is of a page, or any other number below 2^63 the caller tells apart. Replaces what was seen before. */
void pt_seen_put(struct pt_seen_table *table, uint64_t number, struct pt_seen seen);
/*
 * What was last seen of it, true; else *ret_forgotten is when something that may have been this was last seen and
 * forgotten: a picture older than that does not count. 0: never.
 */
bool pt_seen_get(const struct pt_seen_table *table, uint64_t number, struct pt_seen *ret, uint64_t *ret_forgotten);

#endif
