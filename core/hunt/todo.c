/*
 * A bitmap, and one of its words; see todo.h.
 */
#include "core/hunt/todo.h"

#include <stdlib.h>

bool pt_todo_init(struct pt_todo *todo, size_t n)
{
	size_t words = n / 64 + 1;
	*todo = (struct pt_todo){.n = n};
	todo->bits = calloc(words, sizeof(*todo->bits));
	todo->words = calloc(words / 64 + 1, sizeof(*todo->words));
	return todo->bits && todo->words;
}

void pt_todo_free(struct pt_todo *todo)
{
	free(todo->bits);
	free(todo->words);
	*todo = (struct pt_todo){0};
}

void pt_todo_add(struct pt_todo *todo, size_t i)
{
	todo->bits[i / 64] |= 1ull << i % 64;
	todo->words[i / 4096] |= 1ull << i / 64 % 64;
}

/* The first bit of an array from `at` on, below n. */
static bool find(const uint64_t *array, size_t at, size_t n, size_t *ret)
{
	for (size_t i = at / 64; i * 64 < n; i++, at = 0) {
		uint64_t word = array[i] & ~0ull << at % 64;
		if (!word)
			continue;
		*ret = i * 64 + (size_t)__builtin_ctzll(word);
		return true;
	}
	return false;
}

static bool find_from(const struct pt_todo *todo, size_t at, size_t *ret)
{
	size_t words = todo->n / 64 + 1, word = at / 64;
	uint64_t rest = todo->bits[word] & ~0ull << at % 64;
	if (!rest) {
		if (!find(todo->words, word + 1, words, &word))
			return false;
		rest = todo->bits[word];
	}
	*ret = word * 64 + (size_t)__builtin_ctzll(rest);
	return true;
}

bool pt_todo_take(struct pt_todo *todo, size_t at, size_t *ret)
{
	if (!(at < todo->n && find_from(todo, at, ret)) && !find_from(todo, 0, ret))
		return false;
	todo->bits[*ret / 64] &= ~(1ull << *ret % 64);
	if (!todo->bits[*ret / 64])
		todo->words[*ret / 4096] &= ~(1ull << *ret / 64 % 64);
	return true;
}
