/*
 * A bounded table of rows by key that keeps those which are hit most. It grows until its memory is used up; then a
 * newcomer takes the place of the row of the lowest rank among a few, by chance: the likelier the more it weighs beside
 * that row ("randomized admission", Ben-Basat, Einziger, Friedman, Kassner, INFOCOM 2017). So keys that come once rarely
 * displace those that come back, and a new one that comes often is let in soon. What a row counts is exact since it came
 * in; what it had before is in none. Ranks are halved from time to time, for what was hit long ago to give way.
 */
#ifndef PT_FAULTS_HEAVY_H
#define PT_FAULTS_HEAVY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_heavy;

/* Rows of row_bytes, a multiple of 8. NULL: out of memory. */
struct pt_heavy *pt_heavy_new(size_t row_bytes, size_t bytes_max);
void pt_heavy_free(struct pt_heavy *heavy); /* NULL is fine */

enum pt_heavy_hit {
	PT_HEAVY_KNOWN,    /* the row of this key */
	PT_HEAVY_NEW,      /* zeroed */
	PT_HEAVY_REPLACED, /* holds what it was for another key; the caller clears it */
	PT_HEAVY_REFUSED,  /* none: no room */
};
/* One more of a key: adds to its rank. *ret stays until the next hit. */
enum pt_heavy_hit pt_heavy_hit(struct pt_heavy *heavy, uint64_t key, uint64_t weight, void **ret);
/* Without a hit; NULL: not there. */
void *pt_heavy_find(const struct pt_heavy *heavy, uint64_t key);

/* Each row in some order: *at begins at 0. NULL: no more. */
void *pt_heavy_next(const struct pt_heavy *heavy, size_t *at, uint64_t *ret_key);
void pt_heavy_drop(struct pt_heavy *heavy, uint64_t key); /* if it is there */
void pt_heavy_clear(struct pt_heavy *heavy);              /* all rows, as if nothing had been there */
void pt_heavy_halve(struct pt_heavy *heavy);              /* all ranks */
size_t pt_heavy_n(const struct pt_heavy *heavy);          /* rows */
size_t pt_heavy_bytes(const struct pt_heavy *heavy);
bool pt_heavy_forgot(
	const struct pt_heavy *heavy); /* a row was replaced or refused: counts of rows may lack what came before */

#endif
