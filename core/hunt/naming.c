/*
 * Names of roots; see naming.h. Holds the calls of the threads that were asked for.
 */
#include "core/hunt/naming.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_MAX ((size_t)1 << 20) /* bytes of a stack that are unwound through */
#define SHOWN_MAX 700               /* bytes of a name */

struct calls { /* of a thread */
	pid_t tid;
	uint64_t ips[PT_STACK_MAX], sps[PT_STACK_MAX];
	size_t n; /* 0: not known */
};

struct pt_naming {
	const struct pt_memory *memory;
	const struct pt_roots *roots;
	struct pt_unwinder *unwinder;
	struct calls *calls; /* [n] */
	size_t n;
};

struct pt_naming *pt_naming_new(const struct pt_memory *memory, const struct pt_roots *roots,
				struct pt_unwinder *unwinder)
{
	struct pt_naming *naming = calloc(1, sizeof(*naming));
	if (naming)
		*naming = (struct pt_naming){.memory = memory, .roots = roots, .unwinder = unwinder};
	return naming;
}

void pt_naming_free(struct pt_naming *naming)
{
	if (!naming)
		return;
	free(naming->calls);
	free(naming);
}

char *pt_naming_word(const struct pt_root_word *word)
{
	char shown[96];
	if (word->kind == PT_ROOT_EPOLL || word->kind == PT_ROOT_TIMER)
		snprintf(shown, sizeof(shown), "%s %d", pt_root_name(word->kind), word->fd);
	else if (word->tid)
		snprintf(shown, sizeof(shown), "%s of thread %d", word->name[0] ? word->name : pt_root_name(word->kind),
			 (int)word->tid);
	else
		snprintf(shown, sizeof(shown), "%s", word->name[0] ? word->name : pt_root_name(word->kind));
	return strdup(shown);
}

/* ---- mappings and symbols --------------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* "name+0x20"; without an offset the name alone. */
static void name_at(char *ret, size_t size, const char *name, uint64_t offset)
{
	if (offset)
		snprintf(ret, size, "%.400s+0x%" PRIx64, name, offset);
	else
		snprintf(ret, size, "%.400s", name);
}

static char *by_mapping(const struct pt_naming *naming, uint64_t place)
{
	char words[96], shown[SHOWN_MAX];
	const struct pt_vma_table *vmas = naming->memory->vmas;
	const size_t i = pt_vma_find(vmas, place);
	if (i == vmas->n || !pt_vma_covers(&vmas->v[i], place))
		snprintf(shown, sizeof(shown), "0x%" PRIx64, place);
	else if (*vmas->v[i].path)
		name_at(shown, sizeof(shown), last_part(vmas->v[i].path), place - vmas->v[i].start);
	else
		snprintf(shown, sizeof(shown), "%s 0x%" PRIx64 "+0x%" PRIx64,
			 pt_role_words(&vmas->v[i], words, sizeof(words)), vmas->v[i].start, place - vmas->v[i].start);
	return strdup(shown);
}

static char *by_symbol(const struct pt_naming *naming, uint64_t place)
{
	struct pt_symbol symbol = {0};
	char name[SHOWN_MAX - 250], shown[SHOWN_MAX];
	if (naming->unwinder)
		pt_unwinder_data(naming->unwinder, place, &symbol);
	if (!symbol.name)
		return by_mapping(naming, place);
	name_at(name, sizeof(name), symbol.name, symbol.offset);
	snprintf(shown, sizeof(shown), "%s (%.200s)", name, last_part(symbol.module));
	return strdup(shown);
}

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

static const struct pt_root_thread *thread_of(const struct pt_roots *roots, pid_t tid)
{
	for (size_t i = 0; i < roots->n_threads; i++)
		if (roots->thread[i].tid == tid && roots->thread[i].n_regs)
			return &roots->thread[i];
	return NULL;
}

static void unwind(const struct pt_naming *naming, const struct pt_root_thread *thread, struct calls *calls)
{
	bool complete;
	const struct pt_vma_table *vmas = naming->memory->vmas;
	const size_t i = pt_vma_find(vmas, thread->sp);
	if (i == vmas->n || !pt_vma_covers(&vmas->v[i], thread->sp))
		return;
	const uint64_t left = vmas->v[i].end - thread->sp;
	const size_t size = left < STACK_MAX ? (size_t)left : STACK_MAX;
	uint8_t *stack = malloc(size);
	if (stack && pt_memory_read(naming->memory, thread->sp, stack, size) > 0) {
		const struct pt_user user = {.ip = thread->regs[8],
					     .regs = thread->regs,
					     .n_regs = thread->n_regs,
					     .stack = stack,
					     .stack_size = size};
		calls->n = pt_unwinder_frames(naming->unwinder, &user, calls->ips, calls->sps, PT_STACK_MAX, &complete);
	}
	free(stack);
}

/* NULL: not known. */
static const struct calls *calls_of(struct pt_naming *naming, pid_t tid)
{
	for (size_t i = 0; i < naming->n; i++)
		if (naming->calls[i].tid == tid)
			return &naming->calls[i];
	const struct pt_root_thread *thread = naming->unwinder ? thread_of(naming->roots, tid) : NULL;
	struct calls *calls = thread ? realloc(naming->calls, (naming->n + 1) * sizeof(*calls)) : NULL;
	if (!calls)
		return NULL;
	naming->calls = calls;
	calls += naming->n++;
	calls->tid = tid;
	calls->n = 0;
	unwind(naming, thread, calls);
	return calls;
}

/* The last call that began at or below the place; below all of them, in the red zone, it is the first's. */
static char *by_call(struct pt_naming *naming, pid_t tid, uint64_t place)
{
	struct pt_symbol symbol;
	char name[SHOWN_MAX - 250], shown[SHOWN_MAX];
	const struct calls *calls = calls_of(naming, tid);
	size_t i = 0;
	while (calls && i + 1 < calls->n && calls->sps[i + 1] <= place)
		i++;
	if (!calls || !calls->n) {
		snprintf(shown, sizeof(shown), "stack of thread %d", (int)tid);
		return strdup(shown);
	}
	pt_unwinder_symbol(naming->unwinder, calls->ips[i], false, &symbol);
	if (symbol.name)
		name_at(name, sizeof(name), symbol.name, symbol.offset);
	else if (symbol.module)
		name_at(name, sizeof(name), last_part(symbol.module), symbol.module_offset);
	else
		snprintf(name, sizeof(name), "0x%" PRIx64, calls->ips[i]);
	snprintf(shown, sizeof(shown), "%s, frame %zu of thread %d", name, i, (int)tid);
	return strdup(shown);
}

char *pt_naming_place(struct pt_naming *naming, const struct pt_root_span *span, uint64_t place)
{
	char shown[64];
	switch (span->kind) {
	case PT_ROOT_STACK:
		if (span->tid)
			return by_call(naming, span->tid, place);
		return strdup("stack of a thread that has ended");
	case PT_ROOT_TLS:
		snprintf(shown, sizeof(shown), span->tid ? "thread-local of thread %d" : "thread-local",
			 (int)span->tid);
		return strdup(shown);
	case PT_ROOT_DATA: return by_symbol(naming, place);
	default: return by_mapping(naming, place);
	}
}
