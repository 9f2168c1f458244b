/*
 * Leaks out of a graph of lost objects; see leaks.h. Holds the graph, for as long as it takes.
 *
 * Components are found by Tarjan's algorithm in Pearce's form (one number for each node), with its two stacks as lists
 * through the nodes: a node is on one of them at most. They come out in the order of a topological sort, backwards; so
 * with sources first, each component's leak is known from all that point at it: the same leak, or none in common.
 */
#include "core/hunt/leaks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX INT32_MAX
#define NONE      UINT32_MAX       /* no leak yet */
#define SEVERAL   (UINT32_MAX - 1) /* of several leaks */
#define AHEAD     8u               /* nodes */
#define FIRST     64u              /* leaks there is room for */
#define LIST_END  ((uint32_t)INT32_MAX)

struct node {
	uint32_t edges; /* where its edges begin in graph.to; they end where those of the next node begin */
	uint32_t low; /* 0: not visited; on a stack: the earliest visited node it leads to; then its component, 1..n */
	union {
		uint32_t at;   /* the edge to look at next */
		uint32_t leak; /* once all have components: of the component with this index, see leak_of() */
	};
	uint32_t below : 31; /* what is below it on its stack */
	uint32_t inner : 1;  /* it leads to an earlier one */
};

struct graph {
	struct pt_leak_object *objects;
	uint32_t n;
	struct node *nodes; /* [n + 1] */
	uint8_t *tiers;     /* [n] while edges are read: they are asked in any order */
	uint32_t *to;       /* [n_edges] */
	uint32_t n_edges, room;
	uint32_t *order; /* [n] once components are known: nodes, a component's together, before those they point at */
	uint32_t lowest; /* number of the first component there */
	/* while edges are read */
	uint32_t from; /* all before it have their edges */
	bool failed;
};

/* ---- edges ------------------------------------------------------------------------------------------------------ */

/* From `from` on edges begin where there are none yet. */
static void begin_edges(struct graph *g, uint32_t from)
{
	for (; g->from <= from; g->from++)
		g->nodes[g->from].edges = g->nodes[g->from].at = g->n_edges;
}

static bool add_edge(void *arg, uint32_t from, uint32_t to)
{
	struct graph *g = arg;
	if (from >= g->n || from + 1 < g->from) /* out of order: not to be taken for another's */
		return true;
	if (to >= g->n || to == from || g->tiers[to] != g->tiers[from])
		return true;
	begin_edges(g, from);
	if (g->n_edges == g->room) {
		const uint32_t room = g->room + g->room / 2 + 1024;
		uint32_t *v = room > g->room ? realloc(g->to, room * sizeof(*v)) : NULL;
		if (!v) {
			g->failed = true;
			return false;
		}
		g->to = v;
		g->room = room;
	}
	g->to[g->n_edges++] = to;
	return true;
}

static int read_graph(struct graph *g, pt_leak_edges *edges, void *arg)
{
	g->nodes = calloc((size_t)g->n + 1, sizeof(*g->nodes));
	g->tiers = malloc((size_t)g->n + 1);
	if (!g->nodes || !g->tiers)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n; i++)
		g->tiers[i] = g->objects[i].tier;
	int error = edges(arg, add_edge, g);
	begin_edges(g, g->n);
	free(g->tiers);
	g->tiers = NULL;
	return g->failed ? -ENOMEM : error;
}

/* ---- components ------------------------------------------------------------------------------------------------- */

struct search {
	struct graph *g;
	uint32_t path;  /* the way to where it is; top of a stack */
	uint32_t open;  /* of components that are not complete; top of a stack */
	uint32_t index; /* of the next node that is visited */
	uint32_t next;  /* number of the next component, downwards: never below index */
	uint32_t left;  /* nodes that have no component yet */
};

/* What comes out first is pointed at by what comes later. */
static void set_component(struct search *s, uint32_t v)
{
	s->g->nodes[v].low = s->next;
	s->g->order[--s->left] = v;
	s->index--;
}

static void enter(struct search *s, uint32_t v)
{
	struct node *node = &s->g->nodes[v];
	node->low = s->index++;
	node->below = s->path;
	s->path = v;
}

/* All edges of the topmost node of the path have been followed. */
static void leave(struct search *s)
{
	struct node *nodes = s->g->nodes, *node = &nodes[s->path];
	const uint32_t v = s->path;
	s->path = node->below;
	if (s->path != LIST_END && node->low < nodes[s->path].low && node->inner) {
		nodes[s->path].low = node->low;
		nodes[s->path].inner = 1;
	}
	if (node->inner) {
		node->below = s->open;
		s->open = v;
		return;
	}
	while (s->open != LIST_END && node->low <= nodes[s->open].low) {
		const uint32_t member = s->open;
		s->open = nodes[member].below;
		set_component(s, member);
	}
	set_component(s, v);
	s->next--;
}

static int find_components(struct graph *g)
{
	struct search s = {.g = g, .path = LIST_END, .open = LIST_END, .index = 1, .next = g->n, .left = g->n};
	g->order = calloc((size_t)g->n + 1, sizeof(*g->order));
	if (!g->order)
		return -ENOMEM;
	for (uint32_t from = 0; from < g->n; from++) {
		if (!g->nodes[from].low)
			enter(&s, from);
		while (s.path != LIST_END) {
			struct node *node = &g->nodes[s.path];
			if (node->at == node[1].edges) {
				leave(&s);
				continue;
			}
			const uint32_t to = g->to[node->at++], low = g->nodes[to].low;
			if (!low) {
				enter(&s, to);
			} else if (low < node->low) {
				node->low = low;
				node->inner = 1;
			}
		}
	}
	g->lowest = s.next + 1;
	return 0;
}

/* ---- leaks ------------------------------------------------------------------------------------------------------ */

struct list {
	struct pt_leak *v; /* [n] */
	size_t n, room;
};

/* The size that more than half of a component's members have, which are [at, at + n) of the order; 0: none. */
static uint64_t common_size(const struct graph *g, uint32_t at, uint32_t n)
{
	uint64_t size = 0;
	size_t votes = 0, has = 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t other = g->objects[g->order[at + i]].size;
		if (!votes)
			size = other;
		votes = other == size ? votes + 1 : votes - 1;
	}
	for (uint32_t i = 0; i < n; i++)
		has += g->objects[g->order[at + i]].size == size;
	return 2 * has > n ? size : 0;
}

/* Of a circle none is the first; what holds it together is mostly unlike its other members: the largest of those. */
static uint32_t pick_root(const struct graph *g, uint32_t at, uint32_t n)
{
	const uint64_t common = common_size(g, at, n);
	uint32_t root = NONE;
	uint64_t most = 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t size = g->objects[g->order[at + i]].size == common ? 1
										  : g->objects[g->order[at + i]].size;
		if (size < most || (size == most && g->order[at + i] > root))
			continue;
		root = g->order[at + i];
		most = size;
	}
	return root;
}

static bool add_leak(struct list *list, const struct pt_leak *leak)
{
	if (list->n == list->room) {
		const size_t room = 2 * list->room;
		struct pt_leak *v = realloc(list->v, room * sizeof(*v));
		if (!v)
			return false;
		list->v = v;
		list->room = room;
	}
	list->v[list->n++] = *leak;
	return true;
}

/* Of the component that a node is of. */
static uint32_t *leak_of(const struct graph *g, uint32_t v)
{
	return &g->nodes[g->nodes[v].low - g->lowest].leak;
}

/* All members of a component are of that leak, and so is, as far as can be told yet, what they point at. */
static void take_members(struct graph *g, uint32_t at, uint32_t n, uint32_t number, struct pt_leak *leak)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t v = g->order[at + i];
		leak->count++;
		leak->bytes += g->objects[v].size;
		g->objects[v].root = leak->root;
		for (uint32_t e = g->nodes[v].edges; e < g->nodes[v + 1].edges; e++) {
			uint32_t *other = leak_of(g, g->to[e]);
			*other = *other == NONE || *other == number ? number : SEVERAL;
		}
	}
}

/* How many nodes of the order from `at` on are of one component. */
static uint32_t count_members(const struct graph *g, uint32_t at)
{
	uint32_t end = at + 1;
	if (at + AHEAD < g->n) { /* they lie anywhere in memory */
		__builtin_prefetch(&g->nodes[g->order[at + AHEAD]]);
		__builtin_prefetch(&g->objects[g->order[at + AHEAD]], 1);
	}
	while (end < g->n && g->nodes[g->order[end]].low == g->nodes[g->order[at]].low)
		end++;
	return end - at;
}

static int find_leaks(struct graph *g, struct list *list)
{
	*list = (struct list){.v = malloc(FIRST * sizeof(*list->v)), .room = FIRST};
	if (!list->v)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n; i++)
		g->nodes[i].leak = NONE;
	for (uint32_t at = 0, n; at < g->n; at += n) {
		uint32_t leak = *leak_of(g, g->order[at]);
		n = count_members(g, at);
		if (leak >= list->n) { /* NONE, SEVERAL */
			const uint32_t root = pick_root(g, at, n);
			const struct pt_leak new = {
				.root = root, .cycle = n > 1, .shared = leak == SEVERAL, .tier = g->objects[root].tier};
			leak = (uint32_t)list->n;
			if (!add_leak(list, &new))
				return -ENOMEM;
		}
		take_members(g, at, n, leak, &list->v[leak]);
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct pt_leak *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return (x->root > y->root) - (x->root < y->root);
}

int pt_leaks_of(struct pt_leak_object *objects, size_t n, pt_leak_edges *edges, void *arg, struct pt_leak **ret,
		size_t *ret_n)
{
	struct graph g = {.objects = objects, .n = (uint32_t)n};
	struct list list = {0};
	int error = n < NODES_MAX ? read_graph(&g, edges, arg) : -ENOMEM;
	if (!error)
		error = find_components(&g);
	if (!error)
		error = find_leaks(&g, &list);
	free(g.tiers);
	free(g.nodes);
	free(g.to);
	free(g.order);
	if (error) {
		free(list.v);
		return error;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_bytes);
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

/* The objects of all leaks, one leak after the other: begins[i] is where those of leaks[i] do. */
static void sort_objects(const struct pt_leak *leaks, size_t n_leaks, const struct pt_leak_object *objects, size_t n,
			 uint32_t *begins, uint32_t *number, uint32_t *sorted)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n_leaks; i++) {
		number[leaks[i].root] = (uint32_t)i;
		begins[i] = sum;
		sum += (uint32_t)leaks[i].count;
	}
	begins[n_leaks] = sum;
	for (size_t i = 0; i < n; i++)
		sorted[begins[number[objects[i].root]]++] = (uint32_t)i;
	for (size_t i = n_leaks; i > 0; i--)
		begins[i] = begins[i - 1];
	begins[0] = 0;
}

static uint32_t most_of(const struct pt_leak_object *objects, const uint32_t *members, size_t n, uint32_t *counts)
{
	uint32_t most = objects[members[0]].group;
	for (size_t i = 0; i < n; i++) {
		const uint32_t group = objects[members[i]].group;
		counts[group]++;
		if (counts[group] > counts[most])
			most = group;
	}
	for (size_t i = 0; i < n; i++)
		counts[objects[members[i]].group] = 0;
	return most;
}

int pt_leaks_set_groups(struct pt_leak *leaks, size_t n_leaks, const struct pt_leak_object *objects, size_t n,
			size_t n_groups)
{
	uint32_t *begins = calloc(n_leaks + 1, sizeof(*begins)), *number = calloc(n + 1, sizeof(*number));
	uint32_t *sorted = calloc(n + 1, sizeof(*sorted)), *counts = calloc(n_groups + 1, sizeof(*counts));
	const bool ok = begins && number && sorted && counts;
	if (ok)
		sort_objects(leaks, n_leaks, objects, n, begins, number, sorted);
	for (size_t i = 0; i < n_leaks && ok; i++) {
		leaks[i].group = objects[leaks[i].root].group;
		leaks[i].most = most_of(objects, sorted + begins[i], begins[i + 1] - begins[i], counts);
	}
	free(begins);
	free(number);
	free(sorted);
	free(counts);
	return ok ? 0 : -ENOMEM;
}
