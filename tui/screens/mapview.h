/*
 * The map: a stretch of the address space as a grid of cells, zoomed from all of it down to one page a cell. The
 * overview shows it below its table and the map screen alone; both hold one of these.
 *
 * The cursor is an address and survives new frames and zooming; a cell is what it lies in. Moving and zooming are the
 * grid's (tui/grid.h), whose positions are pages of the axis. What a frame drew (geometry, bins) is kept for the keys
 * and the mouse.
 */
#ifndef UI_MAPVIEW_H
#define UI_MAPVIEW_H

#include "core/model/difference.h"
#include "tui/grid.h"
#include "tui/shell.h"

struct ui_map_view {
	/* what is shown */
	uint64_t start, end; /* addresses; end 0: the whole process */
	enum pt_layer layer;
	uint64_t shared_ns; /* since when it is that of what is shared; 0: it is not */
	uint64_t cursor;    /* address */
	bool astray;        /* it is at astray_at since astray_from is not mapped */
	uint64_t astray_from, astray_at;
	struct ui_grid grid;             /* over the axis; follows the cursor when it is drawn or acted on */
	uint64_t back_to[UI_GRID_ZOOMS]; /* addresses of the cursor, of the zooms that Esc returns to */
	/* the axis, made from `table` */
	struct pt_axis axis;
	struct pt_vma_table *table; /* a reference */
	size_t first, n;            /* VMAs between start and end */
	size_t left_out;            /* of those: reservations without a page, in a map of the whole process */
	unsigned version;           /* of the target */
	/* of the last drawing */
	struct pt_bin *bins;      /* of the cells, owned */
	struct ui_map_filled {    /* what is in the bins */
		unsigned version; /* of the target */
		uint64_t top, per_cell;
		size_t n;       /* 0: nothing that could be kept */
		bool life;      /* what layers of ages ask for */
		unsigned heap;  /* version of the hunt that the layer of the heap is of, and 1; 0: another layer */
		unsigned share; /* likewise: of the answer that the layer of sharing is of */
		bool nodes;     /* what the layer of nodes asks for */
	} filled;
	struct pt_difference *differences; /* of the cells, owned; of two moments that are compared */
	struct ui_map_filled compared;     /* what is in them */
	struct wg_heat_cell *cells;
	size_t room;
};

void ui_map_init(struct ui_map_view *map);
void ui_map_free(struct ui_map_view *map);

/* Shows another stretch; forgets the zoom. The cursor is kept if it lies inside. */
void ui_map_show(struct ui_map_view *map, uint64_t start, uint64_t end);
/* Follows the VMAs of target->now. */
void ui_map_update(struct ui_map_view *map, const struct ui_target *target);
/*
 * Asks with whom the target shares its pages once that layer has been shown for a moment: it means to read the page
 * tables of all processes. To be called when there is something new.
 */
void ui_map_ask(struct ui_map_view *map, struct ui_shell *shell);

/* Draws all of it into rect: rule, grid, status and legend lines as there is room. */
void ui_map_draw(struct ui_map_view *map, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect,
		 bool focus);

/* The addresses of the cells on the screen; at most max stretches, those nearest to the cursor. */
size_t ui_map_watch(const struct ui_map_view *map, const struct pt_snapshot *snapshot, struct pt_stretch *ret,
		    size_t max);

/* False: not an action of maps, or nothing to go back to. Opens pages by itself. */
bool ui_map_act(struct ui_map_view *map, struct ui_shell *shell, enum ui_action action, uint32_t key);
void ui_map_mouse(struct ui_map_view *map, struct ui_shell *shell, const struct ui_event *event);
/* Next layer, layer before, or the layer of a digit key; false if it is none of these. */
bool ui_map_layer(enum pt_layer *layer, enum ui_action action, uint32_t key);

/* ---- for drawing ------------------------------------------------------------------------------------------------ */

/* The grid at the cursor's address, on the axis as it is. */
void ui_map_to_grid(struct ui_map_view *map, const struct pt_snapshot *snapshot);

#endif
