/*
 * Todo: a set of numbers that is taken from in turns, one bit each (core/hunt only). One thread uses it.
 */
#ifndef PT_HUNT_TODO_H
#define PT_HUNT_TODO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_todo {
	size_t n;
	uint64_t *bits, *words; /* words: a bit for each word of bits that is not zero */
};

bool pt_todo_init(struct pt_todo *todo, size_t n); /* empty, of 0..n-1; false: out of memory */
void pt_todo_free(struct pt_todo *todo);           /* what it holds */
void pt_todo_add(struct pt_todo *todo, size_t i);
/* Takes the first from `at` on, or else the first of all; false: it is empty. */
bool pt_todo_take(struct pt_todo *todo, size_t at, size_t *ret);

#endif
