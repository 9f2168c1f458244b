/*
 * Words about a verdict; see why.h.
 */
#include "core/hunt/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/allocator.h"
#include "core/text/text.h"

/* These stand in for malloc; others manage memory of their own beside it. */
#define MALLOCS (PT_ALLOCATOR_JEMALLOC | PT_ALLOCATOR_TCMALLOC | PT_ALLOCATOR_MIMALLOC | PT_ALLOCATOR_SANITIZER)
#define SHARE   10 /* of so many parts one is glibc's at least, where its malloc is the one in use */

struct words {
	char text[512];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (words->n && words->n + 2 < sizeof(words->text)) {
		memcpy(words->text + words->n, "; ", 3);
		words->n += 2;
	}
	int n = vsnprintf(words->text + words->n, sizeof(words->text) - words->n, format, args);
	va_end(args);
	words->n += n > 0 ? (size_t)n : 0;
	if (words->n >= sizeof(words->text))
		words->n = sizeof(words->text) - 1;
}

/* The names of a set, "jemalloc, Go". */
static void name_all(unsigned allocators, char *ret, size_t size)
{
	size_t n = 0;
	ret[0] = '\0';
	for (unsigned one = 1; one <= allocators && n < size; one <<= 1)
		if (allocators & one)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "",
					      pt_allocator_name((enum pt_allocator)one));
}

/* Where malloc is not glibc's. */
static bool is_another(const struct pt_hunt_facts *facts)
{
	return facts->allocators & MALLOCS && (!facts->version || facts->used * SHARE < facts->other);
}

static void say_no(struct words *words, const struct pt_hunt_facts *facts, const char *others)
{
	char size[32];
	if (is_another(facts))
		say(words, "memory here is handed out by %s, whose objects cannot be told apart from outside", others);
	else if (facts->heap_error == -ENOTSUP && *others)
		say(words, "there is no malloc of glibc's, and objects of %s cannot be told apart from outside",
		    others);
	else if (facts->heap_error == -ENOTSUP)
		say(words, "no malloc of glibc's was recognised here, and no other allocator is known to the object");
	else if (facts->heap_error == -EAGAIN)
		say(words, "the heap changed too much while it was walked, each time it was tried");
	else if (facts->heap_error == -EOVERFLOW)
		say(words, "the heap has more objects than can be numbered");
	else if (!facts->swapped)
		say(words,
		    "pointers are on the move so fast that %u passes still found some of them; --stop looks at a "
		    "process that stands still",
		    facts->passes);
	else
		say(words,
		    "%s of its memory are swapped out and were not read, and pointers may lie there: --swapped reads "
		    "them, "
		    "which brings them into memory",
		    pt_text_size(facts->swapped, size, sizeof(size)));
}

static void say_limits(struct words *words, const struct pt_hunt_facts *facts, const char *others)
{
	char size[32];
	if (!facts->converged)
		say(words, "pointers were still on the move after %u passes, so some of these may be alive",
		    facts->passes);
	if (facts->refused)
		say(words, "the registers of %u threads could not be read", facts->refused);
	if (facts->broken)
		say(words, "%s of the heap could not be walked and were not judged",
		    pt_text_size(facts->broken, size, sizeof(size)));
	if (*others)
		say(words, "only what glibc's malloc handed out is judged, not the objects of %s", others);
}

int pt_hunt_judge(struct pt_hunt_view *view, const struct pt_hunt_facts *facts)
{
	struct words words = {.n = 0};
	unsigned others = facts->allocators & ~(unsigned)PT_ALLOCATOR_GLIBC;
	char names[160];
	name_all(others, names, sizeof(names));
	bool another = is_another(facts);
	view->verdict = !another && !facts->heap_error && facts->version && !facts->swapped && facts->converged;
	const char *allocator = another || !facts->version ? (others ? names : NULL) : facts->version;
	if (view->verdict)
		say_limits(&words, facts, names);
	else
		say_no(&words, facts, names);
	view->allocator = allocator ? strdup(allocator) : NULL;
	view->why = words.n ? strdup(words.text) : NULL;
	return (allocator && !view->allocator) || (words.n && !view->why) ? -ENOMEM : 0;
}
