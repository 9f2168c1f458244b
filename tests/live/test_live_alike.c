/*
 * Objects sorted by size and first word, in memory of this process: classes by type_info and without symbols, functions,
 * variables, text, numbers that many have and that none has, pointers to the heap, what is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/alike.h"

#define STRIDE 64u
#define N_MAX  100000u

/* A class as compilers lay it out. */
static const char type_name[] = "N4test5ShapeE", star_name[] = "*6Hidden";
static const uintptr_t type_kind[3] = {0, 0, 1};
static const void *const type[2] = {&type_kind[2], type_name};
static const void *const star_type[2] = {&type_kind[2], star_name};
static const void *const vtable[5] = {NULL, type, (const void *)abort, (const void *)exit, NULL};
static const void *const second_vtable[3] = {(const void *)-16l, type, (const void *)abort};
static const void *const star_vtable[3] = {NULL, star_type, (const void *)abort};
static uint64_t variable[2] = {1, 2};

struct world {
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_memory memory;
	struct pt_unwinder *u;
	struct pt_words *words;
	struct pt_hunt_view *view;
	char *room;
};

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	w->view = pt_hunt_view_new();
	w->view->objects = calloc(N_MAX, sizeof(*w->view->objects));
	w->room = mmap(NULL, (size_t)N_MAX * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(w->room != MAP_FAILED);
}

static void end(struct world *w)
{
	pt_hunt_view_unref(w->view);
	pt_words_free(w->words);
	pt_unwinder_free(w->u);
	pt_memory_free(&w->memory);
	pt_target_close(&w->target);
	pt_kernel_free(w->k);
	munmap(w->room, (size_t)N_MAX * STRIDE);
}

static void add(struct world *w, uint64_t size, enum pt_leak_tier tier, const void *contents, size_t n)
{
	const size_t i = w->view->n_objects++;
	assert_true(i < N_MAX);
	if (contents)
		memcpy(w->room + i * STRIDE, contents, n);
	w->view->objects[i] = (struct pt_leak_object){
		.address = (uintptr_t)(w->room + i * STRIDE), .size = size, .tier = (uint8_t)tier};
}

static void add_word(struct world *w, uint64_t size, uint64_t word)
{
	add(w, size, PT_LEAK_LEAKED, &word, sizeof(word));
}

static void look(struct world *w)
{
	assert_int_equal(pt_target_open(&w->target, w->k, getpid(), NULL), 0);
	assert_int_equal(pt_memory_look(&w->memory, &w->target, false), 0);
	assert_int_equal(pt_unwinder_new(&w->u, w->k, getpid()), 0);
	w->words = pt_words_new(&w->memory, w->u);
	assert_non_null(w->words);
}

static void sort(struct world *w)
{
	look(w);
	assert_int_equal(pt_hunt_sort_alike(w->view, &w->memory, w->words, NULL), 0);
}

/* The group of that size and kind, which there is one of. */
static const struct pt_leak_group *group_of(const struct world *w, uint64_t size, enum pt_leak_word word,
					    const char *name)
{
	const struct pt_leak_group *found = NULL;
	for (size_t i = 0; i < w->view->n_groups; i++) {
		const struct pt_leak_group *g = &w->view->groups[i];
		if (g->size != size || g->word != word || (name && (!g->name || strcmp(g->name, name))))
			continue;
		assert_null(found);
		found = g;
	}
	assert_non_null(found);
	return found;
}

static void expect(const struct world *w, uint64_t size, enum pt_leak_word word, const char *name, uint64_t count)
{
	const struct pt_leak_group *g = group_of(w, size, word, name);
	assert_int_equal(g->tiers[PT_LEAK_LEAKED].count, count);
	assert_int_equal(g->tiers[PT_LEAK_LEAKED].bytes, count * size);
	assert_int_equal(w->view->objects[g->example].group, g - w->view->groups);
}

static void words_have_names(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	void *object = malloc(100);
	for (unsigned i = 0; i < 30; i++) {
		add_word(&w, 40, (uintptr_t)&vtable[2]);
		add_word(&w, 40, (uintptr_t)&star_vtable[2]);
		add_word(&w, 56, (uintptr_t)&second_vtable[2]);
		add_word(&w, 40, (uintptr_t)words_have_names);
		add_word(&w, 40, (uintptr_t)&variable[i % 2]);
		add_word(&w, 40, (uintptr_t)w.room);
		add_word(&w, 40, 0);
		add_word(&w, 40, 77);
	}
	sort(&w);
	free(object);
	assert_int_equal(w.view->n_groups, 8);
	for (size_t i = 0; i < w.view->n_groups; i++)
		assert_int_equal(w.view->groups[i].tiers[PT_LEAK_LEAKED].count, 30);
	expect(&w, 40, PT_LEAK_WORD_SYMBOL, "words_have_names", 30);
	expect(&w, 40, PT_LEAK_WORD_SYMBOL, "variable", 30);
	expect(&w, 40, PT_LEAK_WORD_NONE, NULL, 30);
	expect(&w, 40, PT_LEAK_WORD_VALUE, NULL, 30);
	assert_int_equal(group_of(&w, 40, PT_LEAK_WORD_VALUE, NULL)->value, 77);
	expect(&w, 40, PT_LEAK_WORD_ZERO, NULL, 30);
	char *plain = pt_unwinder_type(w.u, "6Hidden"); /* NULL where there is no C++ library */
	expect(&w, 40, PT_LEAK_WORD_CLASS, plain ? "Hidden" : "6Hidden", 30);
	expect(&w, 40, PT_LEAK_WORD_CLASS, plain ? "test::Shape" : "N4test5ShapeE", 30);
	expect(&w, 56, PT_LEAK_WORD_CLASS, plain ? "test::Shape" : "N4test5ShapeE", 30);
	free(plain);
	end(&w);
}

static void sizes_and_tiers_are_apart(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	const uint64_t zero = 0;
	add(&w, 24, PT_LEAK_WEAK, &zero, 8);
	add(&w, 24, PT_LEAK_LEAKED, &zero, 8);
	add(&w, 24, PT_LEAK_HIDDEN, &zero, 8);
	add(&w, 56, PT_LEAK_WEAK, &zero, 8);
	add(&w, 56, PT_LEAK_WEAK, &zero, 8);
	sort(&w);
	assert_int_equal(w.view->n_groups, 2);
	const struct pt_leak_group *g = &w.view->groups[0]; /* the one with leaked bytes */
	assert_int_equal(g->size, 24);
	assert_int_equal(g->example, 1);
	for (size_t tier = 0; tier < PT_LEAK_TIERS; tier++)
		assert_int_equal(g->tiers[tier].count, 1);
	assert_int_equal(w.view->groups[1].tiers[PT_LEAK_WEAK].bytes, 112);
	static const uint32_t groups[] = {0, 0, 0, 1, 1};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(w.view->objects[i].group, groups[i]);
	end(&w);
}

static void texts_are_shown(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	char text[32];
	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "session-%u", i);
		add(&w, 24, PT_LEAK_LEAKED, text, sizeof(text));
	}
	for (unsigned i = 0; i < 50; i++) { /* each begins differently */
		snprintf(text, sizeof(text), "%02u-und", i);
		add(&w, 24, PT_LEAK_LEAKED, text, sizeof(text));
	}
	add(&w, 40, PT_LEAK_LEAKED, "\xc3\xa4\xc3\xb6\xc3\xbc\x1b[31m", 12); /* text, then none */
	add(&w, 72, PT_LEAK_LEAKED, "\xc3\xa4\xc3\xb6\xc3\xbc", 7);
	add(&w, 104, PT_LEAK_LEAKED, "abc", 4); /* may be a number */
	sort(&w);
	assert_int_equal(w.view->n_groups, 5);
	expect(&w, 24, PT_LEAK_WORD_TEXT, "session-0", 300);
	expect(&w, 24, PT_LEAK_WORD_TEXT, "00-und", 50);
	expect(&w, 72, PT_LEAK_WORD_TEXT, "\xc3\xa4\xc3\xb6\xc3\xbc", 1);
	expect(&w, 40, PT_LEAK_WORD_NONE, NULL, 1);
	expect(&w, 104, PT_LEAK_WORD_NONE, NULL, 1);
	end(&w);
}

static void behind_links_the_next_word_tells(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	for (unsigned i = 0; i < 20; i++) {
		const uint64_t link = i ? (uintptr_t)w.room : 0; /* the last of a list has none */
		uint64_t words[4] = {link, link, (uintptr_t)&vtable[2], 0};
		add(&w, 40, PT_LEAK_LEAKED, words, sizeof(words));
		memcpy(&words[1], "behind a link", 14);
		add(&w, 56, PT_LEAK_LEAKED, words, sizeof(words));
		const uint64_t far[8] = {link, 0, 0, link, link, link, link, 500}; /* nothing tells */
		add(&w, 72, PT_LEAK_LEAKED, far, sizeof(far));
		const uint64_t number[2] = {7000, (uintptr_t)&vtable[2]}; /* tells already */
		add(&w, 104, PT_LEAK_LEAKED, number, sizeof(number));
		add(&w, 8, PT_LEAK_LEAKED, words, sizeof(words)); /* has but one word */
		const uint64_t counted[3] = {1, 1, (uintptr_t)behind_links_the_next_word_tells};
		add(&w, 120, PT_LEAK_LEAKED, counted, sizeof(counted));
	}
	sort(&w);
	assert_int_equal(w.view->n_groups, 8);
	expect(&w, 120, PT_LEAK_WORD_SYMBOL, "behind_links_the_next_word_tells", 20);
	expect(&w, 40, PT_LEAK_WORD_CLASS, NULL, 20);
	assert_int_equal(group_of(&w, 40, PT_LEAK_WORD_CLASS, NULL)->at, 16);
	assert_int_equal(group_of(&w, 40, PT_LEAK_WORD_CLASS, NULL)->value, (uintptr_t)&vtable[2]);
	expect(&w, 56, PT_LEAK_WORD_TEXT, "behind a link", 20);
	assert_int_equal(group_of(&w, 56, PT_LEAK_WORD_TEXT, NULL)->at, 8);
	expect(&w, 72, PT_LEAK_WORD_NONE, NULL, 19);
	expect(&w, 72, PT_LEAK_WORD_ZERO, NULL, 1);
	expect(&w, 104, PT_LEAK_WORD_VALUE, NULL, 20);
	expect(&w, 8, PT_LEAK_WORD_NONE, NULL, 19);
	expect(&w, 8, PT_LEAK_WORD_ZERO, NULL, 1);
	end(&w);
}

static void of_many_numbers_the_common_one_stays(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	for (uint64_t i = 0; i < N_MAX; i++) /* more than are kept */
		add_word(&w, 24, i % 4 ? 0x100000000001ull + (i << 8) : 0x42);
	sort(&w);
	assert_int_equal(w.view->n_groups, 2);
	expect(&w, 24, PT_LEAK_WORD_VALUE, NULL, N_MAX / 4);
	expect(&w, 24, PT_LEAK_WORD_NONE, NULL, N_MAX - N_MAX / 4);
	end(&w);
}

static void what_is_absent_is_no_zero(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	while (w.view->n_objects * STRIDE < 3 * page) /* the first and third page are there */
		add(&w, 24, PT_LEAK_LEAKED, w.view->n_objects * STRIDE / page == 1 ? NULL : &(uint64_t){0}, 8);
	sort(&w);
	assert_int_equal(w.view->n_groups, 2);
	expect(&w, 24, PT_LEAK_WORD_ZERO, NULL, 2 * page / STRIDE);
	expect(&w, 24, PT_LEAK_WORD_NONE, NULL, page / STRIDE);
	end(&w);
}

static void none_at_all(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	sort(&w);
	assert_int_equal(w.view->n_groups, 0);
	end(&w);
}

/* What only looks like a class is none, and nothing is read that is not there. */
static void broken_classes_are_none(void **state)
{
	(void)state;
	static const char no_name[] = "\x1b[31m";
	static const void *const bad_type[2] = {&type_kind[2], no_name};
	static const void *const bad[][3] = {
		{NULL, bad_type, NULL},          {(const void *)8, type, NULL},
		{NULL, (const void *)8, NULL},   {NULL, (const char *)type + 1, NULL},
		{NULL, (const void *)-8l, NULL},
	};
	struct world w;
	begin(&w);
	look(&w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(pt_words_look(w.words, (uintptr_t)&bad[i][2]).kind, PT_LEAK_WORD_SYMBOL);
	assert_int_equal(pt_words_look(w.words, (uintptr_t)&vtable[2] + 1).kind, PT_LEAK_WORD_SYMBOL);
	assert_int_equal(pt_words_look(w.words, UINT64_MAX).kind, PT_LEAK_WORD_VALUE);
	assert_int_equal(pt_words_look(w.words, 1).kind, PT_LEAK_WORD_VALUE);
	end(&w);
}

static void constants_without_names_are_shown(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	const char *volatile text = "a constant without a name";
	look(&w);
	const struct pt_word word = pt_words_look(w.words, (uintptr_t)text);
	assert_int_equal(word.kind, PT_LEAK_WORD_SYMBOL);
	assert_non_null(word.name);
	assert_non_null(strstr(word.name, "a constant without a name"));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_names),
		cmocka_unit_test(sizes_and_tiers_are_apart),
		cmocka_unit_test(texts_are_shown),
		cmocka_unit_test(of_many_numbers_the_common_one_stays),
		cmocka_unit_test(what_is_absent_is_no_zero),
		cmocka_unit_test(none_at_all),
		cmocka_unit_test(behind_links_the_next_word_tells),
		cmocka_unit_test(broken_classes_are_none),
		cmocka_unit_test(constants_without_names_are_shown),
	};
	return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
