/*
 * Agenda: a set of numbers that is taken from in turns, one bit each (core/hunt only). One thread uses it.
 */
#ifndef PT_HUNT_AGENDA_H
#define PT_HUNT_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_agenda {
	size_t n;
	uint64_t *bits, *words; /* words: a bit for each word of bits that is not zero */
};

bool pt_agenda_init(struct pt_agenda *agenda, size_t n); /* empty, of 0..n-1; false: out of memory */
void pt_agenda_free(struct pt_agenda *agenda);           /* what it holds */
void pt_agenda_add(struct pt_agenda *agenda, size_t i);
bool pt_agenda_empty(const struct pt_agenda *agenda);
size_t pt_agenda_count(const struct pt_agenda *agenda);
void pt_agenda_clear(struct pt_agenda *agenda);
/* Takes the first from `at` on, or else the first of all; false: it is empty. */
bool pt_agenda_take(struct pt_agenda *agenda, size_t at, size_t *ret);

#endif
