/*
 * A hash table of names; see tokens.h.
 */
#include "core/record/tokens.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_kernels(const char *name)
{
	static const char *const kernels[] = {"",       "[heap]",        "[stack]",    "[vdso]",
					      "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]"};
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
		if (strcmp(name, kernels[i]) == 0)
			return true;
	return false;
}

static struct pt_named *place_of(struct pt_named *v, size_t room, const char *name)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	size_t i = (size_t)hash & (room - 1);
	while (v[i].name && strcmp(v[i].name, name) != 0)
		i = (i + 1) & (room - 1);
	return &v[i];
}

static bool grow(struct pt_tokens *t)
{
	size_t room = t->room ? t->room * 2 : 64;
	struct pt_named *v = calloc(room, sizeof(*v));
	if (!v)
		return false;
	for (size_t i = 0; i < t->room; i++)
		if (t->v[i].name)
			*place_of(v, room, t->v[i].name) = t->v[i];
	free(t->v);
	t->v = v;
	t->room = room;
	return true;
}

const char *pt_token(struct pt_tokens *t, const char *name, char *ret, size_t size)
{
	if (is_kernels(name))
		return name;
	if (t->n * 2 >= t->room && !grow(t))
		return NULL;
	struct pt_named *named = place_of(t->v, t->room, name);
	if (!named->name) {
		named->name = strdup(name);
		if (!named->name)
			return NULL;
		named->number = ++t->n;
	}
	snprintf(ret, size, "name-%" PRIu64, named->number);
	return ret;
}

void pt_tokens_free(struct pt_tokens *t)
{
	for (size_t i = 0; i < t->room; i++)
		free(t->v[i].name);
	free(t->v);
	*t = (struct pt_tokens){0};
}
