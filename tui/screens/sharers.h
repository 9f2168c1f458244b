/*
 * What the screen of sharers shows and keeps between frames (private to its two files). Sums are made anew when there is
 * a new answer of the worker's, not when it is drawn.
 */
#ifndef UI_SHARERS_H
#define UI_SHARERS_H

#include "tui/sharing.h"
#include "tui/shell.h"

struct ui_node_row {
	int node; /* the kernel's number */
	uint64_t pages;
	size_t threads;   /* that ran there last */
	double cpu_share; /* of the process's CPU time */
};
#define UI_NODE_ROWS 8

struct ui_sharers_view {
	uint64_t start, end;                    /* addresses it is about; both 0: the whole process */
	uint64_t vma_start, vma_end;            /* where it came from; w goes between the two */
	struct pt_sharers list;                 /* owned */
	bool known;                             /* list and what follows are */
	uint64_t rss, pages;                    /* of the stretch: resident, mapped */
	size_t n_nodes;                         /* of the machine; 0: it says nothing of them */
	struct ui_node_row nodes[UI_NODE_ROWS]; /* the first of them */
	struct pt_maybe remote;                 /* pages */
	uint64_t unplaced;                      /* pages whose node is not known */
	size_t at, top;                         /* rows of the list */
	struct wg_rect table;                   /* of its rows, as drawn last */
};

void ui_sharers_draw(struct ui_sharers_view *view, struct ui_shell *shell, struct wg_canvas *canvas,
		     struct wg_rect rect);

#endif
