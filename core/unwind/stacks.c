/*
 * Stacks, each kept once; see stacks.h. Owns all of them: addresses lie one after the other in blocks that never move,
 * and so do the stacks, which a hash table (open addressing) finds by their contents.
 */
#include "core/unwind/stacks.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_IPS    8192u /* addresses in a block of them: many times PT_STACK_MAX */
#define BLOCK_STACKS 1024u
#define TABLE_FIRST  1024u

struct ips {
	struct ips *before;
	size_t used;
	uint64_t ips[BLOCK_IPS];
};

struct slot { /* of the hash table; id 0: free */
	uint32_t hash;
	pt_stack_id id;
};

struct pt_stacks {
	struct ips *ips; /* the newest block */
	struct pt_stack **blocks;
	size_t n_blocks;
	size_t n; /* stacks */
	struct slot *slots;
	size_t room; /* of slots, a power of two */
	size_t bytes, bytes_max;
};

struct pt_stacks *pt_stacks_new(size_t bytes_max)
{
	struct pt_stacks *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->room = TABLE_FIRST;
	s->slots = calloc(s->room, sizeof(*s->slots));
	s->bytes = s->room * sizeof(*s->slots);
	s->bytes_max = bytes_max;
	if (!s->slots) {
		free(s);
		return NULL;
	}
	return s;
}

void pt_stacks_free(struct pt_stacks *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_blocks; i++)
		free(s->blocks[i]);
	while (s->ips) {
		struct ips *before = s->ips->before;
		free(s->ips);
		s->ips = before;
	}
	free(s->blocks);
	free(s->slots);
	free(s);
}

static uint32_t hash_of(const struct pt_stack *stack)
{
	uint64_t hash = stack->n + ((uint64_t)stack->image << 32) + ((uint64_t)stack->complete << 31);
	for (uint32_t i = 0; i < stack->n; i++) {
		hash = (hash ^ stack->ips[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

static bool same(const struct pt_stack *a, const struct pt_stack *b)
{
	return a->n == b->n && a->image == b->image && a->complete == b->complete &&
	       (!a->n || !memcmp(a->ips, b->ips, a->n * sizeof(*a->ips)));
}

/* Where a stack is in the table, or the free slot where it would be. */
static struct slot *find(const struct pt_stacks *s, const struct pt_stack *stack, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct slot *slot = &s->slots[i & (s->room - 1)];
		if (!slot->id || (slot->hash == hash && same(pt_stacks_get(s, slot->id), stack)))
			return slot;
	}
}

/* Counts memory before it is taken. */
static bool afford(struct pt_stacks *s, size_t bytes)
{
	if (bytes > s->bytes_max || s->bytes > s->bytes_max - bytes)
		return false;
	s->bytes += bytes;
	return true;
}

static bool grow_table(struct pt_stacks *s)
{
	if (s->n < s->room / 2)
		return true;
	size_t room = 2 * s->room;
	struct slot *slots = afford(s, room * sizeof(*slots)) ? calloc(room, sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	for (size_t i = 0; i < s->room; i++) {
		size_t at = s->slots[i].hash;
		while (s->slots[i].id && slots[at & (room - 1)].id)
			at++;
		if (s->slots[i].id)
			slots[at & (room - 1)] = s->slots[i];
	}
	s->bytes -= s->room * sizeof(*slots);
	free(s->slots);
	s->slots = slots;
	s->room = room;
	return true;
}

static struct pt_stack *new_stack(struct pt_stacks *s)
{
	if (s->n == s->n_blocks * BLOCK_STACKS) {
		struct pt_stack **blocks = realloc(s->blocks, (s->n_blocks + 1) * sizeof(struct pt_stack *));
		if (!blocks)
			return NULL;
		s->blocks = blocks;
		if (!afford(s, BLOCK_STACKS * sizeof(**blocks)))
			return NULL;
		blocks[s->n_blocks] = calloc(BLOCK_STACKS, sizeof(**blocks));
		if (!blocks[s->n_blocks])
			return NULL;
		s->n_blocks++;
	}
	return &s->blocks[s->n / BLOCK_STACKS][s->n % BLOCK_STACKS];
}

static const uint64_t *keep_ips(struct pt_stacks *s, const uint64_t *ips, uint32_t n)
{
	if (!s->ips || s->ips->used + n > BLOCK_IPS) {
		struct ips *block = afford(s, sizeof(*block)) ? malloc(sizeof(*block)) : NULL;
		if (!block)
			return NULL;
		block->before = s->ips;
		block->used = 0;
		s->ips = block;
	}
	uint64_t *kept = s->ips->ips + s->ips->used;
	if (n)
		memcpy(kept, ips, n * sizeof(*kept));
	s->ips->used += n;
	return kept;
}

pt_stack_id pt_stacks_add(struct pt_stacks *s, const struct pt_stack *stack)
{
	struct pt_stack cut = *stack;
	if (cut.n > PT_STACK_MAX) {
		cut.n = PT_STACK_MAX;
		cut.complete = false;
	}
	const uint32_t hash = hash_of(&cut);
	struct slot *slot = find(s, &cut, hash);
	if (slot->id)
		return slot->id;
	if (s->n >= UINT32_MAX - 1 || !grow_table(s))
		return 0;
	struct pt_stack *kept = new_stack(s);
	if (!kept)
		return 0;
	cut.ips = keep_ips(s, cut.ips, cut.n);
	if (!cut.ips)
		return 0;
	*kept = cut;
	s->n++;
	*find(s, kept, hash) = (struct slot){hash, (pt_stack_id)s->n};
	return (pt_stack_id)s->n;
}

const struct pt_stack *pt_stacks_get(const struct pt_stacks *s, pt_stack_id id)
{
	return &s->blocks[(id - 1) / BLOCK_STACKS][(id - 1) % BLOCK_STACKS];
}

size_t pt_stacks_n(const struct pt_stacks *s)
{
	return s->n;
}
