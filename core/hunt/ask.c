/*
 * One object in full; see ask.h. Holds a look, a heap, roots and a pass for as long as it takes.
 */
#include "core/hunt/ask.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/naming.h"
#include "core/hunt/reaching.h"
#include "core/hunt/words.h"

#define BYTES_MAX 4096u
#define LINKS_MAX 256u
#define PIECE     ((size_t)64 << 10) /* bytes of an object at a time */

struct asking {
	struct pt_object *object;
	struct pt_ask_options options;
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_roots roots;
	struct pt_reach *reach;
	struct pt_naming *naming;
	struct pt_words *words;
	pt_chunk_id id;
	pthread_mutex_t lock; /* of the object's `in` while streams are read */
};

/* ---- links ------------------------------------------------------------------------------------------------------ */

/* Room for one more; NULL: there are as many as were asked for. */
static struct pt_link *add_link(const struct asking *a, struct pt_link **links, size_t *n, uint64_t *all)
{
	(*all)++;
	if (*n == a->options.links)
		return NULL;
	if (!*links)
		*links = calloc(a->options.links, sizeof(**links));
	return *links ? &(*links)[(*n)++] : NULL;
}

static void set_object(const struct asking *a, struct pt_link *link, pt_chunk_id id)
{
	struct pt_chunk chunk;
	pt_heap_chunk(a->heap, id, &chunk);
	link->object = chunk.address;
	link->size = chunk.size;
}

/* Malloc'ed; NULL: not known. */
static char *class_of(const struct asking *a, uint64_t object)
{
	uint64_t first;
	if (!object || !pt_memory_word(&a->memory, object, &first))
		return NULL;
	const struct pt_word word = pt_words_look(a->words, first);
	return word.kind == PT_LEAK_WORD_CLASS && word.name ? strdup(word.name) : NULL;
}

static const struct pt_root_span *span_at(const struct asking *a, uint64_t place)
{
	size_t low = 0, high = a->roots.n_spans;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (a->roots.spans[middle].end <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->roots.n_spans && a->roots.spans[low].start <= place ? &a->roots.spans[low] : NULL;
}

static bool is_used(const struct asking *a, pt_chunk_id id)
{
	return id != PT_NO_CHUNK && pt_heap_used(a->heap, id);
}

/* ---- what it points at ------------------------------------------------------------------------------------------ */

static void look_out(struct asking *a, uint64_t place, uint64_t value)
{
	const struct pt_aim aim = pt_reach_aim(a->heap, value);
	if (!is_used(a, aim.id) || aim.id == a->id)
		return;
	struct pt_link *link = add_link(a, &a->object->out, &a->object->n_out, &a->object->out_all);
	if (!link)
		return;
	*link = (struct pt_link){.place = place, .value = value, .weak = value & 7};
	set_object(a, link, aim.id);
	link->name = class_of(a, link->object);
}

static int read_contents(struct asking *a)
{
	struct pt_object *o = a->object;
	const size_t size = o->size < PIECE ? (size_t)o->size : PIECE;
	unsigned char *bytes = malloc(size + 1);
	o->n_bytes = o->size < a->options.bytes ? (size_t)o->size : a->options.bytes;
	o->bytes = malloc(o->n_bytes + 1);
	ssize_t got = bytes && o->bytes ? pt_memory_read(&a->memory, o->address, o->bytes, o->n_bytes) : -ENOMEM;
	for (uint64_t at = 0; at < o->size && got >= 0; at += size) {
		const size_t n = o->size - at < size ? (size_t)(o->size - at) : size;
		got = pt_memory_read(&a->memory, o->address + at, bytes, n);
		for (size_t i = 0; i + 8 <= n && got > 0; i += 8) {
			uint64_t value;
			memcpy(&value, bytes + i, sizeof(value));
			look_out(a, o->address + at + i, value);
		}
	}
	free(bytes);
	return got < 0 ? (int)got : 0;
}

/* ---- who points at it ------------------------------------------------------------------------------------------- */

static bool points_here(const struct asking *a, uint64_t value, bool headers)
{
	const struct pt_aim aim = pt_reach_aim(a->heap, value);
	return aim.id == a->id || (headers && aim.header == a->id);
}

static void look_at_word(struct asking *a, size_t i)
{
	const struct pt_root_word *word = &a->roots.words[i];
	if (!points_here(a, word->value, word->kind == PT_ROOT_REGISTER))
		return;
	struct pt_link *link = add_link(a, &a->object->in, &a->object->n_in, &a->object->in_all);
	if (link)
		*link = (struct pt_link){.value = word->value,
					 .is_root = true,
					 .kind = word->kind,
					 .weak = word->value & 7,
					 .name = pt_naming_word(word)};
}

/* A word in memory; names come later, as several threads do this. */
static void look_at_place(struct asking *a, uint64_t place, uint64_t value)
{
	struct pt_link link = {.place = place, .value = value, .weak = value & 7};
	const struct pt_root_span *span = span_at(a, place);
	const pt_chunk_id id = span ? PT_NO_CHUNK : pt_reach_aim(a->heap, place).id;
	if (!points_here(a, value, span && span->kind == PT_ROOT_STACK))
		return;
	if (span) {
		link.is_root = true;
		link.kind = span->kind;
		link.weak |= span->weak;
	} else if (is_used(a, id) && id != a->id) {
		set_object(a, &link, id);
	} else {
		return;
	}
	pthread_mutex_lock(&a->lock);
	struct pt_link *kept = add_link(a, &a->object->in, &a->object->n_in, &a->object->in_all);
	if (kept)
		*kept = link;
	pthread_mutex_unlock(&a->lock);
}

static void look_at_batch(void *arg, const struct pt_stream_batch *batch)
{
	struct asking *a = arg;
	const struct pt_heap_bounds bounds = {a->object->address - 16, a->object->address + a->object->size};
	uint16_t found[512];
	for (size_t i = 0; i < batch->n; i += sizeof(found) / sizeof(*found)) {
		const size_t left = batch->n - i, most = sizeof(found) / sizeof(*found);
		const size_t n = pt_stream_filter(batch->words + i, left < most ? left : most, &bounds, 1, found);
		for (size_t j = 0; j < n; j++)
			look_at_place(a, batch->address + 8 * (i + found[j]), batch->words[i + found[j]]);
	}
}

static bool cancelled(void *arg)
{
	struct asking *a = arg;
	return a->options.cancelled && a->options.cancelled(a->options.arg);
}

/* Roots first: where not all are kept they tell more. */
static int read_stretches(struct asking *a)
{
	size_t n_regions, n = 0;
	const struct pt_heap_region *regions = pt_heap_regions(a->heap, &n_regions);
	struct pt_stretch *stretches = calloc(a->roots.n_spans + n_regions + 1, sizeof(*stretches));
	if (!stretches)
		return -ENOMEM;
	for (size_t i = 0; i < a->roots.n_spans; i++)
		stretches[n++] = (struct pt_stretch){a->roots.spans[i].start, a->roots.spans[i].end};
	for (size_t i = 0; i < n_regions; i++)
		stretches[n++] = (struct pt_stretch){regions[i].start, regions[i].end};
	const struct pt_stream stream = {.memory = &a->memory,
					 .stretches = stretches,
					 .n = n,
					 .each = look_at_batch,
					 .cancelled = cancelled,
					 .arg = a};
	int error = pt_stream_read(&stream);
	free(stretches);
	return error;
}

static int by_place(const void *x, const void *y)
{
	const struct pt_link *a = x, *b = y;
	if (a->is_root != b->is_root)
		return a->is_root ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static void name_link(struct asking *a, struct pt_link *link)
{
	const struct pt_root_span *span = link->is_root && link->place ? span_at(a, link->place) : NULL;
	if (span)
		link->name = pt_naming_place(a->naming, span, link->place);
	else if (!link->is_root)
		link->name = class_of(a, link->object);
}

static int find_referrers(struct asking *a)
{
	struct pt_object *o = a->object;
	for (size_t i = 0; i < a->roots.n_words; i++)
		look_at_word(a, i);
	int error = read_stretches(a);
	if (o->n_in)
		qsort(o->in, o->n_in, sizeof(*o->in), by_place);
	for (size_t i = 0; i < o->n_in; i++)
		if (o->in[i].place)
			name_link(a, &o->in[i]);
	return error;
}

/* ---- why it is alive -------------------------------------------------------------------------------------------- */

/* The word that made a chunk reachable. */
static void set_path_link(struct asking *a, pt_chunk_id to, struct pt_link *link)
{
	struct pt_reach_from from;
	struct pt_chunk chunk;
	if (!pt_reach_parent(a->reach, to, &from))
		return;
	pt_heap_chunk(a->heap, to, &chunk);
	link->place = from.place;
	link->value = chunk.address;
	link->weak = pt_reach_of(a->reach, to) == PT_REACHED_WEAKLY;
	if (from.place)
		pt_memory_word(&a->memory, from.place, &link->value);
	if (from.chunk != PT_NO_CHUNK) {
		set_object(a, link, from.chunk);
	} else {
		link->is_root = true;
		if (from.word != SIZE_MAX) {
			link->kind = a->roots.words[from.word].kind;
			link->value = a->roots.words[from.word].value;
			link->name = pt_naming_word(&a->roots.words[from.word]);
			return;
		}
		const struct pt_root_span *span = span_at(a, from.place);
		link->kind = span ? span->kind : PT_ROOT_MEMORY;
	}
	name_link(a, link);
}

/* From the object up to the root: what is between the first and the last half of a long path is left out. */
static int find_path(struct asking *a)
{
	struct pt_object *o = a->object;
	const pt_chunk_id most = pt_heap_n(a->heap);
	pt_chunk_id above = 0;
	if (o->reached == PT_REACHED_NOT)
		return 0;
	for (pt_chunk_id id = a->id; (id = pt_reach_parent_chunk(a->reach, id)) != PT_NO_CHUNK && above < most;)
		above++;
	o->path_all = (uint64_t)above + 1;
	o->n_path = o->path_all < a->options.links ? (size_t)o->path_all : a->options.links;
	o->path = calloc(o->n_path, sizeof(*o->path));
	if (!o->path)
		return -ENOMEM;
	const uint64_t first = o->path_all == o->n_path ? o->n_path : o->n_path / 2; /* of these none is left out */
	uint64_t at = o->path_all;
	for (pt_chunk_id id = a->id; at > 0; id = pt_reach_parent_chunk(a->reach, id)) {
		at--;
		if (at < first)
			set_path_link(a, id, &o->path[at]);
		else if (at >= first + (o->path_all - o->n_path))
			set_path_link(a, id, &o->path[at - (o->path_all - o->n_path)]);
	}
	return 0;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static int describe(struct asking *a, uint64_t address, struct pt_unwinder *unwinder)
{
	struct pt_chunk chunk;
	struct pt_object *o = a->object;
	a->id = pt_heap_find(a->heap, address);
	o->asked = o->address = address;
	if (a->id == PT_NO_CHUNK)
		return 0;
	pt_heap_chunk(a->heap, a->id, &chunk);
	o->found = true;
	o->address = chunk.address;
	o->size = chunk.size;
	o->kind = chunk.kind;
	o->arena = chunk.arena;
	const struct pt_reach_options options = {
		.parents = true, .cancelled = a->options.cancelled, .arg = a->options.arg};
	int error = pt_roots_read(&a->roots, &a->memory, a->heap, NULL);
	if (!error)
		error = pt_reach_pass(&a->reach, &a->memory, a->heap, &a->roots, &options);
	if (error)
		return error;
	a->words = pt_words_new(&a->memory, unwinder);
	a->naming = pt_naming_new(&a->memory, &a->roots, unwinder);
	if (!a->words || !a->naming)
		return -ENOMEM;
	o->reached = chunk.kind == PT_CHUNK_USED ? pt_reach_of(a->reach, a->id) : PT_REACHED_NOT;
	o->class_name = class_of(a, o->address);
	error = read_contents(a);
	if (!error)
		error = find_referrers(a);
	return error ? error : find_path(a);
}

int pt_hunt_ask(struct pt_object **ret, struct pt_target *target, struct pt_unwinder *unwinder, uint64_t address,
		const struct pt_ask_options *options)
{
	struct asking a = {.options = *options, .lock = PTHREAD_MUTEX_INITIALIZER};
	a.options.bytes = options->bytes ? options->bytes : BYTES_MAX;
	a.options.links = options->links ? options->links : LINKS_MAX;
	a.object = calloc(1, sizeof(*a.object));
	int error = a.object ? pt_memory_look(&a.memory, target, false) : -ENOMEM;
	if (!error)
		error = pt_heap_read(&a.heap, &a.memory);
	if (!error)
		error = describe(&a, address, unwinder);
	pt_naming_free(a.naming);
	pt_words_free(a.words);
	pt_reach_free(a.reach);
	pt_roots_free(&a.roots);
	pt_heap_free(a.heap);
	pt_memory_free(&a.memory);
	if (error)
		pt_object_free(a.object);
	else
		*ret = a.object;
	return error;
}

static void free_links(struct pt_link *links, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(links[i].name);
	free(links);
}

void pt_object_free(struct pt_object *o)
{
	if (!o)
		return;
	free_links(o->in, o->n_in);
	free_links(o->out, o->n_out);
	free_links(o->path, o->n_path);
	free(o->class_name);
	free(o->bytes);
	free(o);
}
