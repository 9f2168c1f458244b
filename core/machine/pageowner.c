/*
 * Records of page_owner, parsed and added up; see pageowner.h. A record is some lines and an empty one:
 *
 *   Page allocated via order 2, mask 0x...(GFP_...), pid 1, tgid 1 (systemd), ts 12 ns, free_ts 0 ns
 *   PFN 4096 type Movable Block 8 type Movable Flags 0x...(...)
 *    function+0x12/0x34
 *    ...
 *   Charged to memcg ...           (not always)
 *
 * Pieces of the stream are put together up to the last empty line, and parsed record by record. Stacks are kept once
 * each, in a table by their hash; groups, which refer to them, in another.
 */
#include "core/machine/pageowner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"

#define RECORD_MAX (64u << 10) /* the kernel's are less than a page */

static const char head_words[] = "Page allocated via order ";

/* ---- one record ------------------------------------------------------------------------------------------------- */

static bool find_in(struct pt_cursor c, const char *word)
{
	return memmem(c.at, (size_t)(c.end - c.at), word, strlen(word)) != NULL;
}

/* What follows a word somewhere in the line; newer kernels have PFNs with 0x. */
static bool number_after(struct pt_cursor line, const char *word, uint64_t *ret)
{
	const char *at = memmem(line.at, (size_t)(line.end - line.at), word, strlen(word));
	if (!at)
		return false;
	line.at = at + strlen(word);
	return pt_skip_word(&line, "0x") ? pt_take_hex(&line, ret) : pt_take_decimal(&line, ret);
}

static pid_t pid_after(struct pt_cursor line, const char *word)
{
	uint64_t pid;
	return number_after(line, word, &pid) && pid <= INT32_MAX ? (pid_t)pid : 0;
}

/*
 * "tgid 12 (a (name)), ts 5 ns": up to the last bracket before a time, since a name may have anything; the line goes on
 * there. Kernels that tell no name leave "".
 */
static void take_name(struct pt_cursor *line, char ret[16])
{
	static const char after[] = "), ts ";
	const char *begin = memmem(line->at, (size_t)(line->end - line->at), "tgid ", 5), *end = NULL;

	begin = begin ? memchr(begin, '(', (size_t)(line->end - begin)) : NULL;
	for (const char *at = begin; at && at + sizeof(after) - 1 <= line->end; at++)
		if (!memcmp(at, after, sizeof(after) - 1))
			end = at;
	if (!end)
		return;
	line->at = end;
	if (end - begin > 16)
		return;
	memcpy(ret, begin + 1, (size_t)(end - begin - 1));
	ret[end - begin - 1] = '\0';
}

static bool take_head(struct pt_cursor line, struct pt_alloc_record *ret)
{
	uint64_t order;

	if (!pt_skip_word(&line, head_words) || !pt_take_decimal(&line, &order) || order > 40)
		return false;
	ret->pages = 1ull << order;
	ret->pid = pid_after(line, ", pid ");
	ret->tgid = pid_after(line, ", tgid ");
	take_name(&line, ret->name);
	if (!number_after(line, ", ts ", &ret->ts_ns))
		ret->ts_ns = 0;
	return true;
}

static void take_frame(struct pt_cursor line, struct pt_alloc_record *ret)
{
	static const char block[] = " Block ", type[] = " type ";

	ret->has_pfn = number_after(line, "PFN ", &ret->pfn);
	ret->allocators |= find_in(line, "CMA") ? PT_ALLOC_CMA : 0;
	ret->allocators |= find_in(line, "slab") ? PT_ALLOC_SLAB : 0;
	const char *at = memmem(line.at, (size_t)(line.end - line.at), block, sizeof(block) - 1);
	at = at ? memmem(at, (size_t)(line.end - at), type, sizeof(type) - 1) : NULL;
	if (!at)
		return;
	at += sizeof(type) - 1;
	const char *end = memchr(at, ' ', (size_t)(line.end - at));
	size_t n = (size_t)((end ? end : line.end) - at);
	if (n < sizeof(ret->migrate_type)) {
		memcpy(ret->migrate_type, at, n);
		ret->migrate_type[n] = '\0';
	}
}

/* By page_owner_sort's rule; and slabs by their function, since newer kernels have no flag of theirs to print. */
static void take_allocator(struct pt_alloc_record *r)
{
	struct pt_cursor stack = {r->stack, r->stack + r->size}, line, before = {NULL, NULL};

	while (r->size && pt_cut_line(&stack, &line)) {
		if (find_in(line, "allocate_slab"))
			r->allocators |= PT_ALLOC_SLAB;
		if (find_in(line, "__vmalloc_node_range")) {
			r->allocators |= before.at && find_in(before, "alloc_pages") ? PT_ALLOC_VMALLOC : 0;
			break;
		}
		before = line;
	}
	if (!r->allocators)
		r->allocators = PT_ALLOC_OTHERS;
}

static bool is_head(struct pt_cursor line)
{
	return pt_skip_word(&line, "Page allocated via");
}

static bool is_frame(struct pt_cursor line)
{
	return pt_skip_word(&line, "PFN ");
}

bool pt_page_owner_parse(const char *text, size_t size, struct pt_alloc_record *ret, size_t *ret_size)
{
	struct pt_cursor c = {text, text + size}, line;
	bool known = pt_cut_line(&c, &line);

	*ret = (struct pt_alloc_record){.stack = ""};
	known = known && take_head(line, ret);
	for (struct pt_cursor before = c; pt_cut_line(&c, &line); before = c) {
		if (is_head(line)) { /* the empty line is missing */
			c = before;
			break;
		}
		if (line.at == line.end)
			break;
		if (*line.at == ' ' || *line.at == '\t') {
			ret->stack = ret->size ? ret->stack : line.at;
			ret->size = (size_t)(line.end + 1 - ret->stack);
		} else if (is_frame(line)) {
			take_frame(line, ret);
		}
	}
	*ret_size = (size_t)(c.at - text);
	take_allocator(ret);
	return known;
}

/* ---- what is kept ----------------------------------------------------------------------------------------------- */

struct stack {
	char *text; /* owned */
	size_t size;
};

/* Indices into an array by hash; 0: free, else 1 + the index. */
struct index {
	struct {
		uint32_t hash, at;
	} * v; /* [room], a power of two */
	size_t room, n;
};

struct group {
	struct pt_alloc_group sums; /* its stack is NULL: */
	uint32_t stack;             /* index into stacks, if these are kept apart */
};

struct pt_page_owner {
	unsigned keys;
	pt_alloc_wanted *only;
	void *arg;
	char *text; /* [n] of [room]: of a record that is not whole yet */
	size_t n, room;
	struct stack *stacks; /* [n_stacks] */
	struct group *groups; /* [n_groups] */
	size_t n_stacks, n_groups, room_stacks, room_groups;
	struct index stack_index, group_index;
	uint64_t records, pages, damaged;
	bool any; /* there was a record, wanted or not */
};

/* 32 bits of FNV-1a. */
static uint32_t hash_of(const void *bytes, size_t n, uint32_t hash)
{
	for (const unsigned char *at = bytes; n--; at++)
		hash = (hash ^ *at) * 16777619u;
	return hash;
}

static size_t slot_of(const struct index *index, uint32_t hash)
{
	size_t at = hash & (index->room - 1);
	while (index->v[at].at)
		at = (at + 1) & (index->room - 1);
	return at;
}

/* Room for one more, half of it free. */
static bool widen(struct index *index)
{
	struct index wider = {.room = index->room ? 2 * index->room : 256, .n = index->n};
	if (2 * index->n + 2 <= index->room)
		return true;
	wider.v = calloc(wider.room, sizeof(*wider.v));
	if (!wider.v)
		return false;
	for (size_t i = 0; i < index->room; i++)
		if (index->v[i].at)
			wider.v[slot_of(&wider, index->v[i].hash)] = index->v[i];
	free(index->v);
	*index = wider;
	return true;
}

static void note(struct index *index, uint32_t hash, size_t at)
{
	size_t slot = slot_of(index, hash);
	index->v[slot].hash = hash;
	index->v[slot].at = (uint32_t)at + 1;
	index->n++;
}

/* An array of which one more is to be written. */
static bool grow(void *array, size_t n, size_t *room, size_t size)
{
	void **v = array;
	size_t more = *room ? 2 * *room : 64;
	if (n < *room)
		return true;
	void *grown = n < UINT32_MAX / 2 ? realloc(*v, more * size) : NULL;
	if (!grown)
		return false;
	*v = grown;
	*room = more;
	return true;
}

/* The index of a stack. */
static bool keep_stack(struct pt_page_owner *po, const struct pt_alloc_record *r, uint32_t *ret)
{
	uint32_t hash = hash_of(r->stack, r->size, 2166136261u);
	if (!widen(&po->stack_index))
		return false;
	for (size_t at = hash & (po->stack_index.room - 1); po->stack_index.v[at].at;
	     at = (at + 1) & (po->stack_index.room - 1)) {
		*ret = po->stack_index.v[at].at - 1;
		const struct stack *s = &po->stacks[*ret];
		if (po->stack_index.v[at].hash == hash && s->size == r->size && !memcmp(s->text, r->stack, r->size))
			return true;
	}
	if (!grow(&po->stacks, po->n_stacks, &po->room_stacks, sizeof(*po->stacks)))
		return false;
	struct stack *s = &po->stacks[po->n_stacks];
	*s = (struct stack){malloc(r->size + 1), r->size};
	if (!s->text)
		return false;
	memcpy(s->text, r->stack, r->size);
	s->text[r->size] = '\0';
	*ret = (uint32_t)po->n_stacks++;
	note(&po->stack_index, hash, *ret);
	return true;
}

/* What of a group tells it from others: the rest is zero. */
struct key {
	uint32_t stack;
	pid_t pid, tgid;
	unsigned allocators;
	char name[16];
};

static struct key key_of(unsigned keys, uint32_t stack, const struct pt_alloc_group *g)
{
	struct key key = {0};
	key.stack = keys & PT_ALLOC_STACK ? stack : 0;
	key.pid = keys & PT_ALLOC_PID ? g->pid : 0;
	key.tgid = keys & PT_ALLOC_TGID ? g->tgid : 0;
	key.allocators = keys & PT_ALLOC_ALLOCATOR ? g->allocators : 0;
	if (keys & PT_ALLOC_NAME)
		memcpy(key.name, g->name, strnlen(g->name, sizeof(key.name)));
	return key;
}

static struct group *find_group(struct pt_page_owner *po, const struct key *key, uint32_t hash)
{
	for (size_t at = hash & (po->group_index.room - 1); po->group_index.v[at].at;
	     at = (at + 1) & (po->group_index.room - 1)) {
		struct group *g = &po->groups[po->group_index.v[at].at - 1];
		struct key other = key_of(po->keys, g->stack, &g->sums);
		if (po->group_index.v[at].hash == hash && !memcmp(&other, key, sizeof(other)))
			return g;
	}
	return NULL;
}

/* As a group of one. */
static struct pt_alloc_group alone(const struct pt_alloc_record *r)
{
	struct pt_alloc_group g = {.stack = r->stack,
				   .times = 1,
				   .pages = r->pages,
				   .first_ns = r->ts_ns,
				   .last_ns = r->ts_ns,
				   .pid = r->pid,
				   .tgid = r->tgid,
				   .allocators = r->allocators,
				   .alike = PT_ALLOC_KEYS};
	memcpy(g.name, r->name, sizeof(g.name));
	return g;
}

static int keep(struct pt_page_owner *po, const struct pt_alloc_record *r)
{
	struct pt_alloc_group one = alone(r);
	uint32_t stack = 0;
	if (po->keys & PT_ALLOC_STACK && !keep_stack(po, r, &stack))
		return -ENOMEM;
	one.stack = NULL;
	struct key key = key_of(po->keys, stack, &one);
	uint32_t hash = hash_of(&key, sizeof(key), 2166136261u);
	if (!widen(&po->group_index))
		return -ENOMEM;
	struct group *g = find_group(po, &key, hash);
	if (g) {
		pt_alloc_group_add(&g->sums, &one);
		return 0;
	}
	if (!grow(&po->groups, po->n_groups, &po->room_groups, sizeof(*po->groups)))
		return -ENOMEM;
	one.alike &= po->keys & PT_ALLOC_STACK ? PT_ALLOC_KEYS : ~(unsigned)PT_ALLOC_STACK;
	po->groups[po->n_groups] = (struct group){one, stack};
	note(&po->group_index, hash, po->n_groups++);
	return 0;
}

/* ---- the stream ------------------------------------------------------------------------------------------------- */

static int take_record(struct pt_page_owner *po, const struct pt_alloc_record *r)
{
	po->any = true;
	if (po->only) {
		/* its stack has no end of its own in the text */
		char *stack = strndup(r->stack, r->size);
		struct pt_alloc_group one = alone(r);
		one.stack = stack;
		bool wanted = stack && po->only(po->arg, &one);
		free(stack);
		if (!wanted)
			return stack ? 0 : -ENOMEM;
	}
	po->records++;
	po->pages += r->pages;
	return keep(po, r);
}

/* All records of a text of whole ones. What is in front of the first is no record's. */
static int take_all(struct pt_page_owner *po, const char *text, size_t size)
{
	static const char begin[] = "Page allocated via";
	int error = 0;

	while (!error && size) {
		struct pt_cursor rest = {text, text + size}, line;
		struct pt_alloc_record r;
		size_t n = size;
		if (size < sizeof(begin) - 1 || memcmp(text, begin, sizeof(begin) - 1) != 0)
			n = pt_cut_line(&rest, &line) ? (size_t)(rest.at - text) : size;
		else if (pt_page_owner_parse(text, size, &r, &n))
			error = take_record(po, &r);
		else
			po->damaged += n > 0;
		n = n ? n : size; /* a head that is cut off */
		text += n;
		size -= n;
	}
	return error;
}

/* Up to and with the last empty line; 0: there is none. */
static size_t whole_records(const char *text, size_t size)
{
	for (; size > 1; size--)
		if (text[size - 1] == '\n' && text[size - 2] == '\n')
			return size;
	return 0;
}

int pt_page_owner_feed(struct pt_page_owner *po, const char *text, size_t size)
{
	if (po->n + size > po->room) {
		size_t room = po->n + size + RECORD_MAX;
		char *more = realloc(po->text, room);
		if (!more)
			return -ENOMEM;
		po->text = more;
		po->room = room;
	}
	if (size)
		memcpy(po->text + po->n, text, size);
	po->n += size;
	size_t whole = whole_records(po->text, po->n);
	if (!whole && po->n > RECORD_MAX) /* no record is that long */
		whole = po->n;
	int error = take_all(po, po->text, whole);
	po->n -= whole;
	if (whole)
		memmove(po->text, po->text + whole, po->n);
	return error;
}

int pt_page_owner_end(struct pt_page_owner *po)
{
	int error = take_all(po, po->text, po->n);
	po->n = 0;
	return error ? error : po->any ? 0 : -EBADMSG;
}

int pt_page_owner_new(struct pt_page_owner **ret, unsigned keys, pt_alloc_wanted *only, void *arg)
{
	struct pt_page_owner *po = calloc(1, sizeof(*po));
	if (!po)
		return -ENOMEM;
	po->keys = keys;
	po->only = only;
	po->arg = arg;
	*ret = po;
	return 0;
}

void pt_page_owner_free(struct pt_page_owner *po)
{
	if (!po)
		return;
	for (size_t i = 0; i < po->n_stacks; i++)
		free(po->stacks[i].text);
	free(po->stacks);
	free(po->groups);
	free(po->stack_index.v);
	free(po->group_index.v);
	free(po->text);
	free(po);
}

int pt_page_owner_list(const struct pt_page_owner *po, struct pt_alloc_list *ret)
{
	size_t bytes = 1, *at = calloc(po->n_stacks + 1, sizeof(*at));
	for (size_t i = 0; i < po->n_stacks; i++)
		bytes += po->stacks[i].size + 1;
	struct pt_alloc_list list = {.v = calloc(po->n_groups + 1, sizeof(*list.v)),
				     .n = po->n_groups,
				     .records = po->records,
				     .pages = po->pages,
				     .damaged = po->damaged,
				     .stacks = calloc(1, bytes)};
	if (!at || !list.v || !list.stacks) {
		free(at);
		pt_alloc_list_free(&list);
		return -ENOMEM;
	}
	size_t end = 1; /* the first byte is the stack of those without */
	for (size_t i = 0; i < po->n_stacks; i++) {
		memcpy(list.stacks + (at[i] = end), po->stacks[i].text, po->stacks[i].size + 1);
		end += po->stacks[i].size + 1;
	}
	for (size_t i = 0; i < po->n_groups; i++) {
		list.v[i] = po->groups[i].sums;
		list.v[i].stack = list.stacks + (po->keys & PT_ALLOC_STACK ? at[po->groups[i].stack] : 0);
	}
	free(at);
	*ret = list;
	return 0;
}
