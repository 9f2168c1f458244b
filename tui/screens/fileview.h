/*
 * What the file screen shows: the cache of one file as a map of its pages, layer by layer, and who has it mapped. The
 * screen (file.c) owns the reading; drawing is in filedraw.c.
 */
#ifndef UI_FILEVIEW_H
#define UI_FILEVIEW_H

#include "core/cache/cached.h"
#include "core/cache/mappers.h"
#include "tui/grid.h"
#include "tui/shell.h"

#define UI_FILE_MAPPERS 8u /* that have a layer of their own */

/* What the worker found. */
struct ui_file_reading {
	int error; /* of looking at the file, -errno; then there is nothing else */
	unsigned page_shift;
	struct pt_cached *cached;
	int mappers_error; /* who maps it is not known */
	struct pt_mappers mappers;
	uint64_t realtime_ns;
};
void ui_file_reading_free(void *reading);

/* A layer is a bit of pages, or one of the processes that map the file. */
struct ui_file_layer {
	const char *name, *what;
	enum pt_cached_bit bit;
	const struct pt_mapper *mapper; /* NULL: it is the bit */
};

struct ui_file_view {
	char *path; /* as it is known; owned by the screen */
	struct ui_grid grid;
	unsigned layer;
	pid_t layer_pid;                   /* of a layer of a process, so that it stays the same process's */
	const struct ui_file_reading *got; /* NULL: not yet */
	unsigned page_shift;
};

/* How many layers there are, and one of them. */
unsigned ui_file_layers(const struct ui_file_view *view);
struct ui_file_layer ui_file_layer(const struct ui_file_view *view, unsigned layer, struct ui_scratch *scratch);
/* Pages of the file from `first` on that a layer is about. */
struct pt_cached_share ui_file_share(const struct ui_file_view *view, const struct ui_file_layer *layer, uint64_t first,
				     uint64_t n);

void ui_file_draw(struct ui_file_view *view, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);

#endif
