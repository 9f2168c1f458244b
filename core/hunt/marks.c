/*
 * Heaps kept, and held against each other; see marks.h.
 */
#include "core/hunt/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/alike.h"

#define TRIES 5 /* of walking a heap that changes */

struct pt_heap_mark {
	struct pt_heap *heap;
};

int pt_heap_mark_take(struct pt_heap_mark **ret, struct pt_target *target)
{
	struct pt_heap_mark *mark = calloc(1, sizeof(*mark));
	struct pt_memory memory = {0};
	int error = mark ? -EAGAIN : -ENOMEM;
	for (int i = 0; error == -EAGAIN && i < TRIES; i++) {
		error = pt_memory_look(&memory, target, false);
		if (!error)
			error = pt_heap_read(&mark->heap, &memory);
	}
	pt_memory_free(&memory);
	if (error) {
		free(mark);
		return error;
	}
	*ret = mark;
	return 0;
}

void pt_heap_mark_free(struct pt_heap_mark *mark)
{
	if (!mark)
		return;
	pt_heap_free(mark->heap);
	free(mark);
}

const char *pt_heap_mark_allocator(const struct pt_heap_mark *mark)
{
	return pt_heap_version(mark->heap);
}

uint64_t pt_heap_mark_objects(const struct pt_heap_mark *mark, uint64_t *ret_bytes)
{
	uint64_t n = 0;
	*ret_bytes = 0;
	for (pt_chunk_id id = 0; id < pt_heap_n(mark->heap); id++) {
		struct pt_chunk chunk;
		if (!pt_heap_used(mark->heap, id))
			continue;
		pt_heap_chunk(mark->heap, id, &chunk);
		if (chunk.kind != PT_CHUNK_USED)
			continue;
		n++;
		*ret_bytes += chunk.size;
	}
	return n;
}

/* ---- what came and stayed --------------------------------------------------------------------------------------- */

static bool holds(const struct pt_heap *heap, const struct pt_chunk *wanted)
{
	pt_chunk_id id = pt_heap_find(heap, wanted->address);
	struct pt_chunk chunk;
	if (id == PT_NO_CHUNK || !pt_heap_used(heap, id))
		return false;
	pt_heap_chunk(heap, id, &chunk);
	return chunk.address == wanted->address && chunk.size == wanted->size && chunk.kind == PT_CHUNK_USED;
}

void pt_heap_born(const struct pt_heap_mark *a, const struct pt_heap_mark *b, const struct pt_heap_mark *c,
		  void (*each)(void *arg, uint64_t address, uint64_t size), void *arg)
{
	for (pt_chunk_id id = 0; id < pt_heap_n(c->heap); id++) {
		struct pt_chunk chunk;
		if (!pt_heap_used(c->heap, id))
			continue;
		pt_heap_chunk(c->heap, id, &chunk);
		if (chunk.kind == PT_CHUNK_USED && (b == c || holds(b->heap, &chunk)) && !holds(a->heap, &chunk))
			each(arg, chunk.address, chunk.size);
	}
}

static void add(void *arg, uint64_t address, uint64_t size)
{
	struct pt_leak_sum *sum = arg;
	(void)address;
	sum->count++;
	sum->bytes += size;
}

struct list {
	struct pt_leak_object *v;
	size_t n;
};

static void keep(void *arg, uint64_t address, uint64_t size)
{
	struct list *list = arg;
	list->v[list->n] = (struct pt_leak_object){.address = address, .size = size, .root = (uint32_t)list->n};
	list->n++;
}

/* ---- which of them are lost -------------------------------------------------------------------------------------- */

static int judge(struct pt_born_objects *born, const struct pt_hunt_view *verdict)
{
	struct pt_hunt_view *view = born->view;
	born->groups = calloc(view->n_groups + 1, sizeof(*born->groups));
	if (!born->groups)
		return -ENOMEM;
	born->verdict = verdict && verdict->verdict;
	for (size_t i = 0; born->verdict && i < view->n_objects; i++) {
		const struct pt_leak_object *object = &view->objects[i];
		const struct pt_leak_object *lost = pt_hunt_view_at(verdict, object->address);
		if (!lost || lost->address != object->address)
			continue;
		add(&born->tiers[lost->tier], 0, object->size);
		add(&born->groups[object->group][lost->tier], 0, object->size);
	}
	return 0;
}

static int group(struct pt_hunt_view *view, struct pt_target *target, struct pt_unwinder *unwinder)
{
	struct pt_memory memory = {0};
	struct pt_words *words = NULL;
	int error = pt_memory_look(&memory, target, false);
	if (!error) {
		words = pt_words_new(&memory, unwinder);
		error = words ? pt_hunt_sort_alike(view, &memory, words, NULL) : -ENOMEM;
	}
	pt_words_free(words);
	pt_memory_free(&memory);
	return error;
}

int pt_heap_born_objects(struct pt_born_objects *ret, const struct pt_heap_mark *const marks[3],
			 struct pt_target *target, struct pt_unwinder *unwinder, const struct pt_hunt_view *verdict)
{
	struct list list = {0};
	*ret = (struct pt_born_objects){.view = pt_hunt_view_new()};
	if (!ret->view)
		return -ENOMEM;
	pt_heap_born(marks[0], marks[1], marks[1], add, &ret->came);
	pt_heap_born(marks[0], marks[1], marks[2], add, &ret->still);
	list.v = calloc(ret->still.count + 1, sizeof(*list.v));
	if (!list.v)
		return -ENOMEM;
	pt_heap_born(marks[0], marks[1], marks[2], keep, &list);
	ret->view->pid = target->pid;
	ret->view->objects = list.v;
	ret->view->n_objects = list.n;
	int error = group(ret->view, target, unwinder);
	return error ? error : judge(ret, verdict);
}

void pt_born_objects_free(struct pt_born_objects *born)
{
	pt_hunt_view_unref(born->view);
	free(born->groups);
	*born = (struct pt_born_objects){0};
}
