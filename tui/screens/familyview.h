/*
 * What the family screen shows: a process and its forks, the bill of the one that is chosen, its past, and the memory of
 * both at equal addresses, as strips and as a map. The screen (family.c) owns the looking; drawing is in familydraw.c
 * and familymap.c.
 */
#ifndef UI_FAMILYVIEW_H
#define UI_FAMILYVIEW_H

#include "core/forks/bill.h"
#include "tui/grid.h"
#include "tui/shell.h"

#define UI_FAMILY_STRIPS 64u /* rows whose strips are kept */

/* Cells that were summed, and what of. */
struct ui_family_cells {
	unsigned version; /* of the view's; 0: none */
	uint64_t start, end, per_cell;
	struct pt_kin_sums *sums; /* [n], owned */
	size_t n;
};

/* What the worker found. */
struct ui_family_reading {
	int error; /* -errno; then there is no look */
	struct pt_forks_look *look;
};
void ui_family_reading_free(void *reading);

struct ui_family_view {
	pid_t pid;                           /* whose family it is */
	const struct ui_family_reading *got; /* that is shown; NULL: nothing yet */
	int error;                           /* of the newest look, -errno */
	bool over;                           /* its forks have ended: this is how it was */
	unsigned version;                    /* grows with every look that is shown, and every choice */
	size_t child;                        /* of its members; PT_FORKS_NONE: there is none */
	pid_t child_pid;
	uint32_t *rows; /* [n_rows] those of the child's table that hold private memory, owned */
	size_t n_rows, row, top;
	uint64_t row_start; /* of the row chosen, which stays it */
	bool row_chosen;    /* by hand; else it is the largest */
	bool in_map;        /* the keyboard is there */
	struct ui_grid grid;
	struct ui_family_cells strips[UI_FAMILY_STRIPS], map;
	struct wg_rect table_at, members_at; /* of the last drawing */
};

/* Both sides of what is shown; only where there is a child. */
const struct pt_forks_member *ui_family_child(const struct ui_family_view *view);
const struct pt_forks_member *ui_family_parent(const struct ui_family_view *view);
const struct pt_kin_row *ui_family_row(const struct ui_family_view *view); /* NULL: there is none */

/* Cells of a stretch, out of what is kept where it is the same; NULL: out of memory. */
const struct pt_kin_sums *ui_family_cells(struct ui_family_view *view, struct ui_family_cells *kept, uint64_t start,
					  uint64_t end, uint64_t per_cell, size_t n);
void ui_family_cells_free(struct ui_family_cells *cells);

/* How a cell looks on the side of the parent, or of the child. */
struct wg_heat_cell ui_family_look(const struct pt_kin_sums *sums, bool child);
uint8_t ui_family_hue(enum pt_kin kin);

void ui_family_draw(struct ui_family_view *view, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);
/* The map of the chosen row and what is below it. */
void ui_family_map_draw(struct ui_family_view *view, struct ui_shell *shell, struct wg_canvas *canvas,
			struct wg_rect rect);

#endif
