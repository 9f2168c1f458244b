/*
 * See wrote.h. By names, which the C library exports; its own helpers have none, so that a few frames are looked at.
 */
#include "core/hunt/wrote.h"

#include <string.h>

#define INNER_MAX 6u          /* frames inside an allocator, until one has a name that is known */
#define NEAR      (64u << 10) /* malloc/malloc.c is not larger; memset() is elsewhere */

static const struct {
	const char *name;
	enum pt_wrote wrote;
} known[] = {
	{"malloc", PT_WROTE_MALLOC},
	{"calloc", PT_WROTE_CALLOC},
	{"realloc", PT_WROTE_REALLOC},
	{"reallocarray", PT_WROTE_REALLOC},
	{"memalign", PT_WROTE_MALLOC},
	{"aligned_alloc", PT_WROTE_MALLOC},
	{"posix_memalign", PT_WROTE_MALLOC},
	{"valloc", PT_WROTE_MALLOC},
	{"pvalloc", PT_WROTE_MALLOC},
	{"free", PT_WROTE_FREE},
	{"cfree", PT_WROTE_FREE},
};

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* PROGRAM: none of the allocator's. */
static enum pt_wrote by_name(const char *name)
{
	if (!name)
		return PT_WROTE_PROGRAM;
	if (begins(name, "operator new") || begins(name, "_Znw") || begins(name, "_Zna"))
		return PT_WROTE_MALLOC;
	if (begins(name, "operator delete") || begins(name, "_Zdl") || begins(name, "_Zda"))
		return PT_WROTE_FREE;
	if (begins(name, "__libc_"))
		name += strlen("__libc_");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].wrote;
	return PT_WROTE_PROGRAM;
}

/* The innermost of these tells; further out there may be more, as malloc is called by operator new. */
enum pt_wrote pt_wrote(struct pt_unwinder *unwinder, const struct pt_perf_record *hit, struct pt_calls *ret)
{
	const struct pt_user user = {hit->ip, hit->regs, hit->n_regs, hit->stack, hit->stack_size};
	enum pt_wrote wrote = PT_WROTE_PROGRAM;
	size_t inner = 0, first = 0;
	ret->n = pt_unwinder_calls(unwinder, &user, ret->ips, PT_STACK_MAX, &ret->complete);
	for (size_t i = 0; i < ret->n && i < inner + INNER_MAX; i++) {
		struct pt_symbol symbol;
		pt_unwinder_symbol(unwinder, ret->ips[i], false, &symbol);
		const enum pt_wrote one = by_name(symbol.name);
		if (one == PT_WROTE_PROGRAM && inner)
			break;
		if (one == PT_WROTE_PROGRAM)
			continue;
		if (!inner) {
			wrote = one;
			first = i;
		}
		inner = i + 1;
	}
	const uint64_t far = inner ? ret->ips[first] - ret->ips[0] + NEAR : 0;
	ret->inner = first > 0 && far < 2u * NEAR;
	ret->n -= inner;
	memmove(ret->ips, ret->ips + inner, ret->n * sizeof(*ret->ips));
	return wrote;
}
