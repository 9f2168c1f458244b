/*
 * The VMA table: draws the rows of a ui_vma_list that are on the screen.
 */
#ifndef UI_VMATABLE_H
#define UI_VMATABLE_H

#include "core/model/bins.h"
#include "tui/screens/vmalist.h"
#include "tui/shell.h"

/* Draws into rect (heading included), scrolled so that the selected row shows; *top is the first row, kept. */
void ui_vma_table_draw(struct ui_vma_list *list, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect,
		       enum pt_layer layer, size_t *top);
/* The column whose heading is at x in a table w wide; UI_VMA_COLUMNS if none. */
enum ui_vma_column ui_vma_heading_at(const struct ui_shell *shell, int w, int x);

#endif
