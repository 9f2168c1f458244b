/*
 * A bitmap, and one of its words; see agenda.h.
 */
#include "core/hunt/agenda.h"

#include <stdlib.h>
#include <string.h>

bool pt_agenda_init(struct pt_agenda *agenda, size_t n)
{
	size_t words = n / 64 + 1;
	*agenda = (struct pt_agenda){.n = n};
	agenda->bits = calloc(words, sizeof(*agenda->bits));
	agenda->words = calloc(words / 64 + 1, sizeof(*agenda->words));
	return agenda->bits && agenda->words;
}

void pt_agenda_free(struct pt_agenda *agenda)
{
	free(agenda->bits);
	free(agenda->words);
	*agenda = (struct pt_agenda){0};
}

void pt_agenda_add(struct pt_agenda *agenda, size_t i)
{
	agenda->bits[i / 64] |= 1ull << i % 64;
	agenda->words[i / 4096] |= 1ull << i / 64 % 64;
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

static bool find_from(const struct pt_agenda *agenda, size_t at, size_t *ret)
{
	size_t words = agenda->n / 64 + 1, word = at / 64;
	uint64_t rest = agenda->bits[word] & ~0ull << at % 64;
	if (!rest) {
		if (!find(agenda->words, word + 1, words, &word))
			return false;
		rest = agenda->bits[word];
	}
	*ret = word * 64 + (size_t)__builtin_ctzll(rest);
	return true;
}

bool pt_agenda_empty(const struct pt_agenda *agenda)
{
	size_t at;
	return !find_from(agenda, 0, &at);
}

size_t pt_agenda_count(const struct pt_agenda *agenda)
{
	size_t n = 0;
	for (size_t i = 0; i <= agenda->n / 64; i++)
		n += (size_t)__builtin_popcountll(agenda->bits[i]);
	return n;
}

void pt_agenda_clear(struct pt_agenda *agenda)
{
	size_t words = agenda->n / 64 + 1;
	memset(agenda->bits, 0, words * sizeof(*agenda->bits));
	memset(agenda->words, 0, (words / 64 + 1) * sizeof(*agenda->words));
}

bool pt_agenda_take(struct pt_agenda *agenda, size_t at, size_t *ret)
{
	if (!(at < agenda->n && find_from(agenda, at, ret)) && !find_from(agenda, 0, ret))
		return false;
	agenda->bits[*ret / 64] &= ~(1ull << *ret % 64);
	if (!agenda->bits[*ret / 64])
		agenda->words[*ret / 4096] &= ~(1ull << *ret / 64 % 64);
	return true;
}
