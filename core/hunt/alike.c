/*
 * Sorting lost objects into groups; see alike.h. Holds the word that each object goes by, and a table of what was seen.
 *
 * What can be as many as there are objects is counted as in lossy counting: when the table is full, what was seen least is
 * forgotten, so whatever many objects have in common stays.
 */
#include "core/hunt/alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024u               /* a power of two */
#define MANY_MAX    65536u              /* entries of many kinds; then some are forgotten */
#define SHARE       64u                 /* one in so many of a size makes a group of its own */
#define WINDOW      ((size_t)256 << 10) /* bytes that are read at once, */
#define GAP         4096u               /* if not more than so many lie between two objects */
#define TEXT_BYTES  64u
#define NONE        UINT32_MAX
#define WORDS       8u    /* first ones that are looked at */
#define SEEING      0.7   /* of the time that it takes; the rest goes to sorting */
#define OFTEN       4096u /* objects between two looks whether to go on */

struct entry {
	uint64_t size, key;
	enum pt_leak_word word;
	uint8_t at;
	bool many;
	uint64_t seen;  /* objects; of the entry of a whole size (nothing in common): all of that size */
	uint32_t group; /* NONE: not yet */
};

struct table {
	struct entry *entries; /* [n] */
	size_t n, room, n_many;
	uint32_t *slots; /* [n_slots], index + 1; 0: empty */
	size_t n_slots;
	uint64_t floor; /* what was seen less may have been forgotten */
	bool failed;
};

/* ---- the table -------------------------------------------------------------------------------------------------- */

static uint32_t *slot_of(const struct table *t, uint64_t size, enum pt_leak_word word, uint8_t at, uint64_t key)
{
	const uint64_t mixed = (key ^ (size << 32) ^ (uint64_t)word << 24 ^ (uint64_t)at << 16) * 0x9e3779b97f4a7c15ull;
	size_t i = (size_t)(mixed >> 32) & (t->n_slots - 1);
	for (; t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
		const struct entry *e = &t->entries[t->slots[i] - 1];
		if (e->size == size && e->word == word && e->at == at && e->key == key)
			break;
	}
	return &t->slots[i];
}

static bool index_anew(struct table *t, size_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = &t->entries[i];
		*slot_of(t, e->size, e->word, e->at, e->key) = (uint32_t)i + 1;
	}
	return true;
}

static bool forget_rare(struct table *t)
{
	while (t->n_many >= MANY_MAX / 2) {
		size_t n = 0;
		t->floor++;
		t->n_many = 0;
		for (size_t i = 0; i < t->n; i++) {
			if (t->entries[i].many && t->entries[i].seen <= t->floor)
				continue;
			t->n_many += t->entries[i].many;
			t->entries[n++] = t->entries[i];
		}
		t->n = n;
	}
	return index_anew(t, t->n_slots);
}

static bool make_room(struct table *t)
{
	if (t->n_many >= MANY_MAX && !forget_rare(t))
		return false;
	if (t->n == t->room) {
		const size_t room = t->room ? 2 * t->room : SLOTS_FIRST / 2;
		struct entry *entries = realloc(t->entries, room * sizeof(*entries));
		if (!entries)
			return false;
		t->entries = entries;
		t->room = room;
	}
	return 2 * (t->n + 1) <= t->n_slots || index_anew(t, t->n_slots ? 2 * t->n_slots : SLOTS_FIRST);
}

static struct entry *find(const struct table *t, uint64_t size, const struct pt_word *word)
{
	const uint32_t slot = t->n_slots ? *slot_of(t, size, word->kind, word->at, word->key) : 0;
	return slot ? &t->entries[slot - 1] : NULL;
}

static void see(struct table *t, uint64_t size, const struct pt_word *word)
{
	struct entry *e = find(t, size, word);
	if (!e) {
		if (!make_room(t)) {
			t->failed = true;
			return;
		}
		e = &t->entries[t->n++];
		*e = (struct entry){.size = size,
				    .key = word->key,
				    .word = word->kind,
				    .at = word->at,
				    .many = word->many,
				    .seen = word->many ? t->floor : 0, /* as often as it may have been forgotten */
				    .group = NONE};
		t->n_many += word->many;
		*slot_of(t, size, word->kind, word->at, word->key) = (uint32_t)t->n;
	}
	e->seen++;
}

/* ---- first words ------------------------------------------------------------------------------------------------ */

struct sorting {
	struct pt_hunt_view *view;
	const struct pt_memory *memory;
	struct pt_words *words;
	const struct pt_hunt_step *step;
	struct table table;
	uint64_t *word; /* of each object, the one it goes by, */
	uint8_t *at;    /* and where that is */
	size_t room;    /* of groups */
};

static const struct pt_word nothing, any_text = {.kind = PT_LEAK_WORD_TEXT};

static size_t bytes_of(const struct pt_leak_object *object)
{
	return object->size < WORDS * 8 ? (size_t)object->size / 8 * 8 : WORDS * 8;
}

/* How many objects from `from` on lie so close that they are read at once; *ret_bytes up to the first words of the last. */
static size_t window(const struct pt_hunt_view *view, size_t from, size_t *ret_bytes)
{
	const struct pt_leak_object *v = view->objects + from;
	size_t n = 1;
	while (from + n < view->n_objects && v[n].address - v[n - 1].address <= GAP &&
	       v[n].address + bytes_of(&v[n]) - v->address <= WINDOW)
		n++;
	*ret_bytes = v[n - 1].address + bytes_of(&v[n - 1]) - v->address;
	return n;
}

/* What is not there is no zero: taken for a pointer to the object itself, which says nothing. */
static uint64_t word_at(const struct sorting *s, uint64_t address, const char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word || pt_memory_has(s->memory, address, sizeof(word)) ? word : address;
}

static void see_object(struct sorting *s, size_t i, const char *bytes)
{
	uint64_t words[WORDS] = {0};
	const struct pt_leak_object *object = &s->view->objects[i];
	const size_t n = bytes_of(object) / 8;
	for (size_t w = 0; w < n; w++)
		words[w] = word_at(s, object->address + 8 * w, bytes + 8 * w);
	const struct pt_word word = n ? pt_words_choose(s->words, words, n) : nothing;
	s->word[i] = words[word.at / 8];
	s->at[i] = word.at;
	see(&s->table, object->size, &nothing);
	if (word.kind == PT_LEAK_WORD_TEXT)
		see(&s->table, object->size, &any_text);
	if (word.kind != PT_LEAK_WORD_NONE)
		see(&s->table, object->size, &word);
}

static int see_all(struct sorting *s)
{
	const struct pt_hunt_view *view = s->view;
	char *bytes = malloc(WINDOW);
	ssize_t got = bytes ? 0 : -ENOMEM;
	for (size_t i = 0, n, size; i < view->n_objects && got >= 0; i += n) {
		const uint64_t start = view->objects[i].address;
		n = window(view, i, &size);
		pt_hunt_step_tell(s->step, SEEING * (double)i / (double)view->n_objects);
		got = pt_hunt_step_cancelled(s->step) ? -ECANCELED : pt_memory_read(s->memory, start, bytes, size);
		for (size_t j = i; j < i + n && got >= 0; j++)
			see_object(s, j, bytes + (view->objects[j].address - start));
	}
	free(bytes);
	if (got < 0)
		return (int)got;
	return s->table.failed ? -ENOMEM : 0;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

/* The entry whose group an object is of. */
static struct entry *entry_of(const struct table *t, uint64_t size, const struct pt_word *word)
{
	struct entry *all = find(t, size, &nothing);
	struct entry *own = word->kind == PT_LEAK_WORD_NONE ? NULL : find(t, size, word);
	if (own && (!own->many || (own->seen > 1 && own->seen >= all->seen / SHARE)))
		return own;
	return word->kind == PT_LEAK_WORD_TEXT ? find(t, size, &any_text) : all;
}

static int add_group(struct sorting *s, struct entry *entry, const struct pt_word *word, uint64_t first)
{
	struct pt_hunt_view *view = s->view;
	if (view->n_groups == s->room) {
		const size_t room = s->room ? 2 * s->room : 64;
		struct pt_leak_group *groups = realloc(view->groups, room * sizeof(*groups));
		if (!groups)
			return -ENOMEM;
		view->groups = groups;
		s->room = room;
	}
	entry->group = (uint32_t)view->n_groups++;
	struct pt_leak_group *group = &view->groups[entry->group];
	*group = (struct pt_leak_group){.size = entry->size,
					.word = entry->word,
					.at = entry->word == PT_LEAK_WORD_NONE ? 0 : word->at,
					.example = NONE};
	if (entry->word == PT_LEAK_WORD_NONE)
		return 0;
	group->value = first;
	group->name = word->name ? strdup(word->name) : NULL;
	return word->name && !group->name ? -ENOMEM : 0;
}

/* The example is leaked, if any of them is. */
static void add_object(struct pt_hunt_view *view, size_t i, uint32_t number)
{
	struct pt_leak_object *object = &view->objects[i];
	struct pt_leak_group *group = &view->groups[number];
	object->group = number;
	group->tiers[object->tier].count++;
	group->tiers[object->tier].bytes += object->size;
	if (group->example == NONE || object->tier < view->objects[group->example].tier)
		group->example = (uint32_t)i;
}

static int sort_all(struct sorting *s)
{
	for (size_t i = 0; i < s->view->n_objects; i++) {
		if (i % OFTEN == 0) {
			pt_hunt_step_tell(s->step, SEEING + (1 - SEEING) * (double)i / (double)s->view->n_objects);
			if (pt_hunt_step_cancelled(s->step))
				return -ECANCELED;
		}
		struct pt_word word = pt_words_look(s->words, s->word[i]);
		word.at = s->at[i];
		struct entry *entry = entry_of(&s->table, s->view->objects[i].size, &word);
		int error = entry->group == NONE ? add_group(s, entry, &word, s->word[i]) : 0;
		if (error)
			return error;
		add_object(s->view, i, entry->group);
	}
	return 0;
}

/* The text that an example begins with. */
static int read_texts(struct sorting *s)
{
	struct pt_hunt_view *view = s->view;
	for (size_t i = 0; i < view->n_groups; i++) {
		struct pt_leak_group *group = &view->groups[i];
		const struct pt_leak_object *object = &view->objects[group->example];
		const uint8_t at = s->at[group->example];
		char bytes[TEXT_BYTES];
		if (group->word != PT_LEAK_WORD_TEXT)
			continue;
		const uint64_t left = object->size - at;
		const size_t size = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		const ssize_t got = pt_memory_read(s->memory, object->address + at, bytes, size);
		if (got < 0)
			return (int)got;
		group->name = strndup(bytes, pt_words_text(bytes, size));
		if (!group->name)
			return -ENOMEM;
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct pt_leak_group *x = a, *y = b;
	for (size_t tier = 0; tier < PT_LEAK_TIERS; tier++)
		if (x->tiers[tier].bytes != y->tiers[tier].bytes)
			return x->tiers[tier].bytes > y->tiers[tier].bytes ? -1 : 1;
	return (x->example > y->example) - (x->example < y->example);
}

static int order_groups(struct pt_hunt_view *view)
{
	uint32_t *now = malloc((view->n_groups + 1) * sizeof(*now));
	if (!now)
		return -ENOMEM;
	if (view->n_groups)
		qsort(view->groups, view->n_groups, sizeof(*view->groups), by_bytes);
	for (size_t i = 0; i < view->n_groups; i++) /* the example still says which one it was */
		now[view->objects[view->groups[i].example].group] = (uint32_t)i;
	for (size_t i = 0; i < view->n_objects; i++)
		view->objects[i].group = now[view->objects[i].group];
	free(now);
	return 0;
}

int pt_hunt_sort_alike(struct pt_hunt_view *view, const struct pt_memory *memory, struct pt_words *words,
		       const struct pt_hunt_step *step)
{
	struct sorting s = {.view = view, .memory = memory, .words = words, .step = step};
	s.word = calloc(view->n_objects + 1, sizeof(*s.word));
	s.at = calloc(view->n_objects + 1, sizeof(*s.at));
	int error = s.word && s.at ? see_all(&s) : -ENOMEM;
	if (!error)
		error = sort_all(&s);
	if (!error)
		error = read_texts(&s);
	free(s.word);
	free(s.at);
	free(s.table.entries);
	free(s.table.slots);
	return error ? error : order_groups(view);
}
