/*
 * What the machine screen shows, for its drawing: the newest answer of its worker, which table is on, the map over all
 * frames, and where all of that was drawn last.
 */
#ifndef UI_MACHINEVIEW_H
#define UI_MACHINEVIEW_H

#include "tui/filter.h"
#include "tui/grid.h"
#include "tui/screens/machineowners.h"
#include "tui/screens/machinework.h"
#include "tui/shell.h"

enum ui_machine_tab {
	UI_MACHINE_MAP,
	UI_MACHINE_ZONES,
	UI_MACHINE_SLABS,
	UI_MACHINE_DEBUGGING,
	UI_MACHINE_OWNERS,
	UI_MACHINE_TABS
};

enum ui_slab_column {
	UI_SLAB_NAME,
	UI_SLAB_BYTES,
	UI_SLAB_GROWTH,
	UI_SLAB_OBJECTS,
	UI_SLAB_ACTIVE,
	UI_SLAB_USED,
	UI_SLAB_SIZE,
	UI_SLAB_SLABS,
	UI_SLAB_COLUMNS
};

/* Kinds of frames in the order of bar and legend: what is in use first. */
#define UI_MACHINE_KINDS 13
extern const enum pt_frame ui_machine_kinds[UI_MACHINE_KINDS];

/* Layers of the map: all kinds at once, then each fact, then each kind alone. */
#define UI_MACHINE_LAYER_KINDS (1u + PT_FRAME_FACTS) /* the first of one kind */
#define UI_MACHINE_LAYERS      (UI_MACHINE_LAYER_KINDS + UI_MACHINE_KINDS)

/* What of the machine the map shows. */
enum ui_machine_scope { UI_MACHINE_ALL, UI_MACHINE_NODE, UI_MACHINE_ZONE, UI_MACHINE_BLOCK, UI_MACHINE_SCOPES };

struct ui_machine_map {
	unsigned layer;
	enum ui_machine_scope scope;
	uint64_t first, n;                 /* frames it shows; n 0: all */
	uint64_t cursor;                   /* a frame: stays what it is when the axis changes */
	struct pt_ram_axis axis;           /* owned */
	uint64_t axis_frames, axis_online; /* of the memory that it was made of */
	struct ui_grid grid;
	struct pt_picture_sums *sums; /* [room], of the cells of the last drawing; owned */
	struct wg_heat_cell *cells;
	size_t room;
};

struct ui_machine_screen {
	enum ui_machine_tab tab;
	struct ui_machine *got;    /* owned; NULL: nothing yet */
	struct pt_picture *before; /* of the answer before it: what changed flashes; owned, NULL: none */
	struct ui_machine_map map;
	struct ui_machine_facts *facts,
		*first;  /* the newest, and the first: what slabs grew since; owned, NULL: none yet */
	size_t zone;     /* that is selected */
	uint32_t *slabs; /* [n_slabs] those that are shown: indices into facts->slabs, owned */
	size_t n_slabs, slab_at, slab_top;
	enum ui_slab_column slab_sort;
	bool slab_ascending;
	struct ui_filter filter; /* of names of slabs */
	unsigned filter_seen;
	int debugging_top;
	struct ui_machine_owners owners;
	struct wg_rect tabs_at, table_at; /* of the last drawing */
};

/* ---- layers of the map ------------------------------------------------------------------------------------------ */

const char *ui_machine_layer_name(unsigned layer);
const char *ui_machine_layer_what(unsigned layer);
uint8_t ui_machine_layer_hue(unsigned layer); /* of a layer of one thing */
/* The layer after this one, or before it, of a machine with these sums: kinds that it has no frames of are passed over. */
unsigned ui_machine_layer_next(unsigned layer, bool back, const struct pt_picture_sums *sums);
/* Which bits of pt_picture_changed are a change of what the layer shows. */
unsigned ui_machine_layer_changes(unsigned layer);
unsigned ui_machine_layer_of(enum pt_frame kind);
/* Frames that a layer shows; in that of all kinds those in use. */
uint64_t ui_machine_hits(const struct pt_picture_sums *sums, unsigned layer);
/* What a cell is shown as: most of what is used of it. Of damaged frames one is worth to be seen. */
enum pt_frame ui_machine_kind_of(const struct pt_picture_sums *sums);
struct wg_heat_cell ui_machine_cell(const struct pt_picture_sums *sums, unsigned layer, bool colour);

/* ---- the map ---------------------------------------------------------------------------------------------------- */

void ui_machine_map_init(struct ui_machine_map *map);
void ui_machine_map_free(struct ui_machine_map *map);
/* Follows the memory of a new answer. */
void ui_machine_map_update(struct ui_machine_map *map, const struct pt_ram *ram);
/* All, the node under the cursor where there are several, its zone, its memory block. */
void ui_machine_map_scope(struct ui_machine_map *map, const struct pt_ram *ram);
/* The zone of a frame alone. */
void ui_machine_map_show_zone(struct ui_machine_map *map, const struct pt_ram *ram, uint64_t pfn);
void ui_machine_map_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
bool ui_machine_map_act(struct ui_machine_screen *m, struct ui_shell *shell, enum ui_action action);
void ui_machine_map_mouse(struct ui_machine_screen *m, struct ui_shell *shell, const struct ui_event *event);
/* Frames that are looked at closely enough to be read at once; false: there are too many. */
bool ui_machine_map_window(const struct ui_machine_map *map, uint64_t *ret_first, uint64_t *ret_n);

/* ---- the tables ------------------------------------------------------------------------------------------------- */

/* Puts the slabs in order, those that the filter finds. Without memory there are none. */
void ui_machine_slabs_make(struct ui_machine_screen *m);
void ui_machine_slabs_sort(struct ui_machine_screen *m, enum ui_slab_column column, bool flip);
int ui_machine_slab_heading_at(const struct ui_machine_screen *m, int x); /* a column, -1: none */
void ui_machine_zones_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			   struct wg_rect rect);
void ui_machine_slabs_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			   struct wg_rect rect);
void ui_machine_debugging_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			       struct wg_rect rect);

#endif
