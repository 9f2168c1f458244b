/*
 * See faulttree.h. Nodes are appended as stacks come, so a child always comes after its parent.
 */
#include "tui/screens/faulttree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_PATH 0xcbf29ce484222325u /* FNV-1a */

/* ---- what makes two calls one node ------------------------------------------------------------------------------ */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1) : hash_bytes(hash, "\xff", 1);
}

/* A function is one node, wherever in it a call is; code without a name is as many as there are addresses. */
static uint64_t path_of(uint64_t parent, enum ui_fault_what what, const struct pt_fault_call *call)
{
	uint64_t hash = hash_bytes(parent, &what, sizeof what);
	if (!call)
		return hash;
	hash = hash_text(hash_text(hash, call->symbol), call->module);
	return call->symbol ? hash : hash_bytes(hash, &call->ip, sizeof call->ip);
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void add_counts(struct pt_fault_counts *sum, const struct pt_fault_counts *c)
{
	sum->events = plus(sum->events, c->events);
	sum->major = plus(sum->major, c->major);
	sum->kernel = plus(sum->kernel, c->kernel);
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		sum->kinds[i] = plus(sum->kinds[i], c->kinds[i]);
	sum->per_s += c->per_s;
}

static void add_row(struct ui_fault_node *node, const struct pt_fault_stack_row *row)
{
	add_counts(&node->counts, &row->counts);
	node->born = plus(node->born, row->born);
	node->still = plus(node->still, row->still);
	node->still_known = node->still_known && row->still_known;
}

static uint32_t append(struct ui_fault_tree *tree)
{
	if (tree->n == tree->room) {
		uint32_t room = tree->room ? tree->room * 2 : 256;
		struct ui_fault_node *v = room > tree->room ? realloc(tree->v, room * sizeof *v) : NULL;
		if (!v)
			return 0;
		tree->v = v;
		tree->room = room;
	}
	tree->v[tree->n] = (struct ui_fault_node){.still_known = true};
	return tree->n++;
}

/* The child of a node that a call leads to, made if it is not there; 0: out of memory. */
static uint32_t child_of(struct ui_fault_tree *tree, uint32_t parent, enum ui_fault_what what,
			 const struct pt_fault_call *call)
{
	uint64_t path = path_of(tree->v[parent].path, what, call);
	for (uint32_t i = tree->v[parent].child; i; i = tree->v[i].next)
		if (tree->v[i].path == path)
			return i;
	uint32_t i = append(tree);
	if (!i)
		return 0;
	struct ui_fault_node *node = &tree->v[i], *above = &tree->v[parent];
	node->what = what;
	node->call = call;
	node->path = path;
	node->parent = parent;
	node->next = above->child;
	above->child = i;
	above->n_children++;
	return i;
}

/* Call number i of a row on the way from the root; one more than it has stands for what was cut. */
static const struct pt_fault_call *call_at(const struct pt_fault_stack_row *row, enum ui_fault_way way, size_t i,
					   enum ui_fault_what *ret_what)
{
	bool cut = !row->complete, outward = way == UI_FAULT_CALLERS;
	*ret_what = row->n_calls ? UI_FAULT_CUT : UI_FAULT_NO_STACK;
	if (!row->n_calls)
		return NULL;
	if (cut && i == (outward ? row->n_calls : 0))
		return NULL;
	*ret_what = UI_FAULT_CALL;
	return outward ? &row->calls[i] : &row->calls[row->n_calls - 1 - (i - cut)];
}

static int add_stack(struct ui_fault_tree *tree, const struct pt_fault_stack_row *row, enum ui_fault_way way)
{
	size_t n = row->n_calls ? row->n_calls + !row->complete : 1;
	uint32_t at = 0;
	add_row(&tree->v[0], row);
	for (size_t i = 0; i < n; i++) {
		enum ui_fault_what what;
		const struct pt_fault_call *call = call_at(row, way, i, &what);
		at = child_of(tree, at, what, call);
		if (!at)
			return -ENOMEM;
		add_row(&tree->v[at], row);
		tree->v[at].stack = row->id;
	}
	tree->v[at].own = plus(tree->v[at].own, row->counts.events);
	return 0;
}

static void set_levels(struct ui_fault_tree *tree)
{
	for (uint32_t i = 1; i < tree->n; i++) {
		const struct ui_fault_node *parent = &tree->v[tree->v[i].parent];
		bool branch = tree->v[i].parent && parent->n_children > 1;
		tree->v[i].level = parent->level + branch;
	}
}

void ui_fault_tree_free(struct ui_fault_tree *tree)
{
	free(tree->v);
	*tree = (struct ui_fault_tree){0};
}

int ui_fault_tree_build(struct ui_fault_tree *tree, const struct pt_fault_stack_row *rows, size_t n,
			enum ui_fault_way way, bool (*keep)(const void *arg, const struct pt_fault_stack_row *row),
			const void *arg)
{
	int error = 0;
	tree->n = 0;
	tree->stacks = 0;
	append(tree); /* the root */
	if (!tree->n)
		return -ENOMEM;
	tree->v[0].path = ROOT_PATH;
	for (size_t i = 0; i < n && !error; i++)
		if (!keep || keep(arg, &rows[i])) {
			error = add_stack(tree, &rows[i], way);
			tree->stacks++;
		}
	if (error)
		ui_fault_tree_free(tree);
	else
		set_levels(tree);
	return error;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

struct order {
	const struct ui_fault_node *v;
	enum ui_fault_weight weight;
	bool ascending;
};

static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

static double weight_of(const struct ui_fault_node *node, enum ui_fault_weight weight)
{
	switch (weight) {
	case UI_FAULT_BY_RATE: return node->counts.per_s;
	case UI_FAULT_BY_BORN: return (double)node->born;
	case UI_FAULT_BY_STILL: return node->still_known ? (double)node->still : -1;
	default: return (double)node->counts.events;
	}
}

static int compare_names(const struct ui_fault_node *a, const struct ui_fault_node *b)
{
	const char *x = a->call && a->call->symbol ? a->call->symbol : "\xff";
	const char *y = b->call && b->call->symbol ? b->call->symbol : "\xff";
	return strcmp(x, y);
}

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct ui_fault_node *x = &order->v[*(const uint32_t *)a], *y = &order->v[*(const uint32_t *)b];
	int c = order->weight == UI_FAULT_BY_NAME ? compare_names(x, y)
						  : compare(weight_of(x, order->weight), weight_of(y, order->weight));
	if (c)
		return order->ascending ? c : -c;
	return (x->path > y->path) - (x->path < y->path);
}

static int by_rank(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct ui_fault_node *x = &order->v[*(const uint32_t *)a], *y = &order->v[*(const uint32_t *)b];
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Links the children of a node in the order of `children`. */
static void link_children(struct ui_fault_tree *tree, uint32_t parent, const uint32_t *children, uint32_t n)
{
	tree->v[parent].child = n ? children[0] : 0;
	for (uint32_t i = 0; i < n; i++)
		tree->v[children[i]].next = i + 1 < n ? children[i + 1] : 0;
}

static int sort_all(struct ui_fault_tree *tree, const struct order *order,
		    int (*by)(const void *a, const void *b, void *arg))
{
	uint32_t *children = malloc((tree->n + 1) * sizeof *children);
	if (!children)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t n = 0;
		for (uint32_t k = tree->v[i].child; k; k = tree->v[k].next)
			children[n++] = k;
		if (n > 1)
			qsort_r(children, n, sizeof *children, by, (void *)order);
		link_children(tree, i, children, n);
	}
	free(children);
	return 0;
}

void ui_fault_tree_sort(struct ui_fault_tree *tree, enum ui_fault_weight weight, bool ascending)
{
	struct order order = {tree->v, weight, ascending};
	sort_all(tree, &order, by_weight); /* without memory they stay as they are */
}

struct place {
	uint64_t path;
	uint32_t rank;
};

static int by_path(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return (x->path > y->path) - (x->path < y->path);
}

int ui_fault_tree_sort_like(struct ui_fault_tree *tree, const struct ui_fault_tree *before)
{
	struct place *places = malloc((before->n + 1) * sizeof *places);
	struct order order = {tree->v, UI_FAULT_BY_EVENTS, false};
	uint32_t n = 0, rank = 0;
	if (!places)
		return -ENOMEM;
	for (uint32_t i = 0; i < before->n; i++)
		for (uint32_t k = before->v[i].child; k; k = before->v[k].next)
			places[n++] = (struct place){before->v[k].path, rank++};
	qsort(places, n, sizeof *places, by_path);
	for (uint32_t i = 0; i < tree->n; i++)
		for (uint32_t k = tree->v[i].child; k; k = tree->v[k].next) {
			struct place wanted = {.path = tree->v[k].path};
			const struct place *place = bsearch(&wanted, places, n, sizeof *places, by_path);
			tree->v[k].rank = place ? place->rank : rank++;
		}
	free(places);
	return sort_all(tree, &order, by_rank);
}

uint32_t ui_fault_tree_find(const struct ui_fault_tree *tree, uint64_t path)
{
	for (uint32_t i = 1; i < tree->n; i++)
		if (tree->v[i].path == path)
			return i;
	return 0;
}

/* ---- open and closed -------------------------------------------------------------------------------------------- */

void ui_fault_open_free(struct ui_fault_open *open)
{
	free(open->v);
	*open = (struct ui_fault_open){0};
}

/* Where a path is, or belongs. */
static size_t place_of(const struct ui_fault_open *open, uint64_t path)
{
	size_t low = 0, high = open->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (open->v[middle] < path)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ui_fault_is_open(const struct ui_fault_open *open, uint64_t path)
{
	size_t at = place_of(open, path);
	return at < open->n && open->v[at] == path;
}

static void open_one(struct ui_fault_open *open, uint64_t path)
{
	size_t at = place_of(open, path);
	if (at < open->n && open->v[at] == path)
		return;
	if (open->n == open->room) {
		size_t room = open->room ? open->room * 2 : 64;
		uint64_t *v = realloc(open->v, room * sizeof *v);
		if (!v)
			return;
		open->v = v;
		open->room = room;
	}
	memmove(open->v + at + 1, open->v + at, (open->n - at) * sizeof *open->v);
	open->v[at] = path;
	open->n++;
}

static void close_one(struct ui_fault_open *open, uint64_t path)
{
	size_t at = place_of(open, path);
	if (at == open->n || open->v[at] != path)
		return;
	open->n--;
	memmove(open->v + at, open->v + at + 1, (open->n - at) * sizeof *open->v);
}

void ui_fault_open_node(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node)
{
	for (; tree->v[node].n_children == 1; node = tree->v[node].child)
		open_one(open, tree->v[node].path);
	if (tree->v[node].n_children)
		open_one(open, tree->v[node].path);
}

void ui_fault_open_first(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node)
{
	for (; node && tree->v[node].n_children; node = tree->v[node].child)
		open_one(open, tree->v[node].path);
}

/* The node after this one, from parents to children; 0: it was the last below `top`. */
static uint32_t after(const struct ui_fault_tree *tree, uint32_t node, uint32_t top, bool into)
{
	if (into && tree->v[node].child)
		return tree->v[node].child;
	while (node != top && !tree->v[node].next)
		node = tree->v[node].parent;
	return node == top ? 0 : tree->v[node].next;
}

void ui_fault_open_all(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node)
{
	for (uint32_t i = node; i; i = after(tree, i, node, true))
		if (tree->v[i].n_children)
			open_one(open, tree->v[i].path);
}

void ui_fault_close_all(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node)
{
	for (uint32_t i = node; i; i = after(tree, i, node, true))
		close_one(open, tree->v[i].path);
}

size_t ui_fault_tree_rows(const struct ui_fault_tree *tree, const struct ui_fault_open *open, uint32_t *ret)
{
	size_t n = 0;
	for (uint32_t i = tree->n ? tree->v[0].child : 0; i;
	     i = after(tree, i, 0, ui_fault_is_open(open, tree->v[i].path)))
		ret[n++] = i;
	return n;
}
