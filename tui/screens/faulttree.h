/*
 * Stacks as a tree: what a fault's calls have in common is one node, with the sums over all stacks that lead through it.
 * From where threads begin to what faulted, or from what faulted to who called it. Pure: made of the rows of a view, whose
 * strings nodes borrow; knows no screen.
 *
 * A node is known by the calls that lead to it, so that it is found again in the tree of the next view.
 */
#ifndef UI_FAULTTREE_H
#define UI_FAULTTREE_H

#include "core/faults/view.h"

enum ui_fault_way {
	UI_FAULT_CALLEES, /* roots are where threads begin, leaves what faulted */
	UI_FAULT_CALLERS, /* roots are what faulted, below each who called it */
};

enum ui_fault_weight {
	UI_FAULT_BY_EVENTS,
	UI_FAULT_BY_RATE,
	UI_FAULT_BY_BORN,
	UI_FAULT_BY_STILL,
	UI_FAULT_BY_NAME,
	UI_FAULT_WEIGHTS
};

enum ui_fault_what {
	UI_FAULT_CALL,
	UI_FAULT_CUT,     /* the stack goes on, but was not seen farther */
	UI_FAULT_NO_STACK /* nothing of it is known */
};

struct ui_fault_node {
	enum ui_fault_what what;
	const struct pt_fault_call *call; /* one of those it stands for, borrowed; NULL: it is none */
	uint64_t path;                    /* what it is known by */
	uint32_t parent, child, next;     /* indices; 0: none (0 is the root, which is no call) */
	uint32_t n_children;
	unsigned level; /* how far it is set in: an only child stands below its parent */
	struct pt_fault_counts counts;
	uint64_t born, still; /* bytes */
	bool still_known;
	pt_stack_id stack; /* one that leads through it */
	uint64_t own;      /* faults of which it is the last node */
	uint32_t rank;     /* private to sorting */
};

struct ui_fault_tree {
	struct ui_fault_node *v; /* owned; v[0] is the root, which has all sums */
	uint32_t n, room;
	size_t stacks; /* that it was made of */
};

/* The nodes that are open, by their paths. */
struct ui_fault_open {
	uint64_t *v; /* owned; sorted */
	size_t n, room;
};

void ui_fault_tree_free(struct ui_fault_tree *tree);
/*
 * Of all rows for which keep says so (NULL: of all). The tree that was there before is replaced. 0 or -ENOMEM, then it
 * is empty.
 */
int ui_fault_tree_build(struct ui_fault_tree *tree, const struct pt_fault_stack_row *rows, size_t n,
			enum ui_fault_way way, bool (*keep)(const void *arg, const struct pt_fault_stack_row *row),
			const void *arg);
/* Children in order of a weight, the heaviest first unless ascending. Those of equal weight in that of their paths. */
void ui_fault_tree_sort(struct ui_fault_tree *tree, enum ui_fault_weight weight, bool ascending);
/* Children in the order that they had in another tree, new ones last, in the order they are in. */
int ui_fault_tree_sort_like(struct ui_fault_tree *tree, const struct ui_fault_tree *before);
/* The node with this path; 0: there is none. */
uint32_t ui_fault_tree_find(const struct ui_fault_tree *tree, uint64_t path);

/* The nodes that show: those whose parents are all open, in order, into ret[tree->n]; returns how many. */
size_t ui_fault_tree_rows(const struct ui_fault_tree *tree, const struct ui_fault_open *open, uint32_t *ret);

void ui_fault_open_free(struct ui_fault_open *open);
bool ui_fault_is_open(const struct ui_fault_open *open, uint64_t path);
/* Opens a node, and only children below it; all below it. Running out of memory leaves nodes closed. */
void ui_fault_open_node(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node);
void ui_fault_open_all(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node);
/* From a node down to the leaf, always by the first child: what weighs most, of a tree that is sorted. */
void ui_fault_open_first(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node);
/* Closes a node, and all below it. */
void ui_fault_close_all(struct ui_fault_open *open, const struct ui_fault_tree *tree, uint32_t node);

#endif
