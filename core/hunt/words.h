/*
 * What one of the first words of an object says of it: the vtable of a class, something that has a name, text, a number (private).
 * One thread uses it.
 */
#ifndef PT_HUNT_WORDS_H
#define PT_HUNT_WORDS_H

#include "core/hunt/memory.h"
#include "core/hunt/view.h"
#include "core/unwind/unwind.h"

struct pt_word {
	enum pt_leak_word kind; /* of a pointer to the heap or a stack, which differ in all objects: none */
	uint64_t key;           /* objects of one kind and key are alike: vtable, symbol, four letters, number */
	const char *name;       /* class or symbol; raw; stays as long as words do. NULL: none, or it has none */
	uint8_t at;             /* bytes into the object, of pt_words_choose() */
	bool many; /* keys of that kind can be as many as objects: text, numbers, constants without a name */
};

struct pt_words;

/* Borrows both for as long as it lives; the unwinder may be NULL: no symbols, and of classes the mangled name. NULL: no memory. */
struct pt_words *pt_words_new(const struct pt_memory *memory, struct pt_unwinder *unwinder);
void pt_words_free(struct pt_words *words); /* NULL is fine */
/* What is in modules is looked up once. */
struct pt_word pt_words_look(struct pt_words *words, uint64_t word);
/* The first of an object's words that says what it is: behind pointers to the heap, zeroes and small numbers. */
struct pt_word pt_words_choose(struct pt_words *words, const uint64_t *first, size_t n);
/* How many of the bytes are text: printable up to a NUL or the end, UTF-8 as well. */
size_t pt_words_text(const void *bytes, size_t n);

#endif
