/*
 * Known leaks: data structures. Of each there is one that is leaked and its twin that is alive.
 */
#include "truth.h"

#include <stdbool.h>
#include <stdlib.h>

/* What the twins hang on. */
static void *volatile alive[64];

/* ---- lists, rings, trees ---------------------------------------------------------------------------------------- */

struct node {
	struct node *next, *previous;
	uint64_t number;
	char rest[24];
};

NEVER_INLINED static struct node *list_of(const char *tier, size_t n)
{
	struct node *head = NULL;
	for (size_t i = 0; i < n; i++) {
		struct node *node = made(tier, sizeof(*node));
		node->number = i;
		node->next = head;
		head = node;
	}
	return head;
}

NEVER_INLINED static void list(void)
{
	list_of("leaked", scaled(20000));
	alive[0] = list_of("live", scaled(20000));
}

/* Both ways: each node has two pointers to it, and still all are lost. */
NEVER_INLINED static struct node *ring_of(const char *tier, size_t n)
{
	struct node *head = list_of(tier, n), *last = head;
	for (; last->next; last = last->next)
		last->next->previous = last;
	last->next = head;
	head->previous = last;
	return head;
}

NEVER_INLINED static void rings(void)
{
	for (size_t i = 0; i < scaled(1000); i++)
		ring_of("leaked", 1 + i % 20);
	for (size_t i = 0; i < 64; i++)
		alive[i] = ring_of("live", 1 + i * 7);
}

struct branch {
	struct branch *left, *right;
	char *name;
	uint32_t depth;
};

NEVER_INLINED static struct branch *tree_of(const char *tier, unsigned depth)
{
	if (depth == 0)
		return NULL;
	struct branch *branch = made(tier, sizeof(*branch));
	branch->depth = depth;
	branch->name = made(tier, 8 + depth * 5);
	branch->left = tree_of(tier, depth - 1);
	branch->right = tree_of(tier, depth - 1);
	return branch;
}

NEVER_INLINED static void tree(void)
{
	unsigned depth = scaled(1000) > 100 ? 13 : 8;
	tree_of("leaked", depth);
	alive[0] = tree_of("live", depth);
}

/* ---- graphs ----------------------------------------------------------------------------------------------------- */

struct vertex {
	struct vertex **edges;
	size_t n_edges;
};

/* Each vertex in many cycles; edges in arrays of their own. */
NEVER_INLINED static struct vertex *graph_of(const char *tier, size_t n, uint64_t seed)
{
	struct vertex **all = calloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = made(tier, sizeof(**all));
	for (size_t i = 0; i < n; i++) {
		all[i]->n_edges = 1 + random_of(&seed) % 6;
		all[i]->edges = made(tier, all[i]->n_edges * sizeof(*all[i]->edges));
		all[i]->edges[0] = all[(i + 1) % n];
		for (size_t e = 1; e < all[i]->n_edges; e++)
			all[i]->edges[e] = all[random_of(&seed) % n];
	}
	struct vertex *first = all[0];
	for (size_t i = 0; i < n; i++)
		all[i] = NULL;
	free(all);
	return first;
}

NEVER_INLINED static void graph(void)
{
	graph_of("leaked", scaled(8000), 11);
	alive[0] = graph_of("live", scaled(8000), 12);
	struct vertex *into = graph_of("leaked", scaled(500), 13); /* lost objects that point at live ones */
	into->edges[0] = alive[0];
	struct vertex *shared = graph_of("live", scaled(500), 14);
	alive[1] = shared;
	struct vertex *lost = graph_of("leaked", scaled(500), 15);
	lost->edges[0] = shared;
}

/* A hash table whose chains are lists; removed from it without being freed: each third. */
struct entry {
	struct entry *next;
	uint64_t key;
	void *value;
};

NEVER_INLINED static void table(void)
{
	size_t n = scaled(30000), width = 1024;
	struct entry **buckets = made("live", width * sizeof(*buckets));
	for (size_t i = 0; i < n; i++) {
		const char *tier = i % 3 == 0 ? "leaked" : "live";
		struct entry *entry = made(tier, sizeof(*entry));
		entry->key = i;
		entry->value = made(tier, 16 + i % 100);
		entry->next = buckets[i % width];
		buckets[i % width] = entry;
	}
	for (size_t b = 0; b < width; b++)
		for (struct entry **at = &buckets[b]; *at;)
			if ((*at)->key % 3 == 0)
				*at = (*at)->next; /* the removed one still points at its follower */
			else
				at = &(*at)->next;
	alive[0] = buckets;
}

/* One object of each size there is a class for, and beyond: leaked, live, leaked again. */
NEVER_INLINED static void sizes(void)
{
	void **all = made("live", 3000 * sizeof(*all));
	for (size_t size = 0; size < 3000; size++) {
		made("leaked", size);
		all[size] = made("live", size);
		made("leaked", size * 11);
	}
	alive[0] = all;
}

/* A chain so long that walking it by recursion would run out of stack, through pointers in its last usable bytes. */
NEVER_INLINED static void **chain_of(const char *tier, size_t n)
{
	void **head = NULL;
	for (size_t i = 0; i < n; i++) {
		void **link = made(tier, 24); /* its third word lies in the header of the chunk after it */
		link[2] = head;
		head = link;
	}
	return head;
}

NEVER_INLINED static void chain(void)
{
	chain_of("leaked", scaled(300000));
	alive[0] = chain_of("live", scaled(300000));
}

const struct scene scenes[] = {{"list", list},   {"rings", rings}, {"tree", tree},   {"graph", graph},
			       {"table", table}, {"sizes", sizes}, {"chain", chain}, {NULL, NULL}};
