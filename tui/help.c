/*
 * The help: the key table by task, then what layers and colours mean. Generated while drawing, from the tables that
 * the keys and the map themselves use.
 */
#include <string.h>

#include "tui/frame.h"
#include "tui/heat.h"

#define ROWS_MAX   256
#define KEYS_WIDTH 18 /* "PgUp Ctrl-B Ctrl-U" */
#define WIDE_FROM  70 /* columns from which the place has a column of its own */

struct row {
	const char *keys;  /* NULL: a heading, or a gap if text is NULL too */
	const char *place; /* where it works; NULL: everywhere */
	const char *text;
	uint8_t role; /* of keys */
};

struct rows {
	struct row v[ROWS_MAX];
	size_t n;
};

static void add(struct rows *rows, const char *keys, const char *place, const char *text, uint8_t role)
{
	if (rows->n < ROWS_MAX)
		rows->v[rows->n++] = (struct row){keys, place, text, role};
}

static void add_heading(struct rows *rows, const char *text)
{
	if (rows->n)
		add(rows, NULL, NULL, NULL, WG_TEXT);
	add(rows, NULL, NULL, text, WG_TITLE);
}

/* "table, map", each name once; NULL for what works on all screens of a process. */
static const char *places(struct ui_scratch *s, unsigned where)
{
	static const char *const names[UI_WHERE_N] = {"processes", "table",   "map",     "map",    "page",  "help",
						      "time",      "faults",  "hunt",    "object", "frame", "machine",
						      "file",      "machine", "sharers", "forks"};
	if ((where & UI_IN_VIEWS) == UI_IN_VIEWS)
		return NULL;
	const char *text = NULL, *last = "";
	for (unsigned i = 0; i < UI_WHERE_N; i++) {
		if (!(where >> i & 1) || strcmp(names[i], last) == 0)
			continue;
		text = text ? ui_scratch_text(s, "%s, %s", text, names[i]) : names[i];
		last = names[i];
	}
	return text;
}

static void add_keys(struct ui_shell *shell, struct rows *rows, bool unicode)
{
	size_t n;
	const struct ui_binding *all = ui_bindings(&n);
	for (enum ui_task task = 0; task < UI_TASK_N; task++) {
		add_heading(rows, ui_task_name(task));
		for (size_t i = 0; i < n; i++) {
			char keys[64];
			if (all[i].task != task)
				continue;
			ui_binding_keys(&all[i], unicode, keys, sizeof keys);
			add(rows, ui_scratch_text(&shell->scratch, "%s", keys), places(&shell->scratch, all[i].where),
			    all[i].help, WG_KEY);
		}
	}
	add_heading(rows, "With the mouse");
	add(rows, "click", NULL, "selects; on what is selected, goes deeper; on a heading, sorts", WG_KEY);
	add(rows, "wheel", NULL, "scrolls a list; zooms a map in and out around the pointer", WG_KEY);
	add(rows, "drag", "map", "zooms to the range", WG_KEY);
	add(rows, "click", "time", "goes to that moment", WG_KEY);
	add(rows, "drag", "time", "compares the moment where it begins with that where it ends", WG_KEY);
}

static void add_columns(struct rows *rows)
{
	add_heading(rows, "Columns of the table that tell what changed");
	add(rows, "+/-", NULL, "what RSS gained or lost since the frame before, or from one moment to the other",
	    WG_TEXT);
	add(rows, "BORN FREED", NULL,
	    "memory that came and went, summed over the last 10 frames, or from one moment to the other", WG_TEXT);
	add(rows, "COW OUT IN", NULL, "so of what was copied on write, swapped out, swapped in", WG_TEXT);
	add(rows, "WRIT", NULL, "what was written, where soft-dirty bits were cleared: --clear-soft-dirty", WG_TEXT);
	add(rows, "MIGR", NULL, "and of what is in another page frame: migrated, or freed and touched again", WG_TEXT);
}

static void add_layers(struct ui_shell *shell, struct rows *rows)
{
	add_heading(rows, "Layers of the map");
	for (int i = 0; i < PT_LAYER_N; i++) {
		enum pt_layer layer = (enum pt_layer)i;
		const char *digit = i < 9 ? ui_scratch_text(&shell->scratch, "%d", i + 1) : "L";
		add(rows, ui_scratch_text(&shell->scratch, "%s %s", digit, pt_layer_name(layer)), NULL,
		    pt_layer_what(layer), WG_TEXT);
	}
}

static void add_colours(struct ui_shell *shell, struct rows *rows)
{
	static const char *const what[WG_HUE_N] = {
		[WG_HUE_ANON] = "anonymous memory: heap, stack, what malloc and mmap gave",
		[WG_HUE_FILE] = "page cache of a file",
		[WG_HUE_SHMEM] = "shared memory: tmpfs, memfd, SysV, shared anonymous",
		[WG_HUE_SWAP] = "swapped out",
		[WG_HUE_KERNEL] = "the kernel's own memory, mapped here",
		[WG_HUE_ZERO] = "the shared zero page: read, but never written; no part of RSS",
		[WG_HUE_HUGETLB] = "huge pages of hugetlbfs; no part of RSS",
		[WG_HUE_GUARD] = "guard and other markers: no page, touching it has consequences",
		[WG_HUE_LAYER] = "whatever the layer asks for; the brighter, the more of the cell",
		[WG_HUE_CAME] = "came between the two moments that are compared",
		[WG_HUE_WENT] = "went between them",
		[WG_HUE_OTHER] = "is there both times, but not the same",
		[WG_HUE_LEAKED] = "layer heap: a page that holds leaked objects and no live one",
		[WG_HUE_MIXED] = "layer heap: leaked and live objects on one page",
		[WG_HUE_FREE] = "layer heap: resident, and free inside the allocator",
		[WG_HUE_SLAB] = "machine: slabs, where the kernel allocates its objects",
		[WG_HUE_TABLE] = "machine: page tables",
	};
	add_heading(rows, "What the colours mean (letters where there are none)");
	for (unsigned hue = 0; hue < WG_HUE_N; hue++)
		add(rows, ui_scratch_text(&shell->scratch, "%c %s", wg_hue_letter(hue), ui_hue_name((uint8_t)hue)),
		    NULL, what[hue], WG_HEAT(hue, WG_LEVELS - 1));
	add(rows, "? unknown", NULL, "not read yet, or hidden from this user: a banner says what shows it", WG_UNKNOWN);
	add(rows, "  changed", NULL, "what this frame found changed, once", WG_CHANGED);
	add(rows, "  by whom", NULL,
	    "layer shared: each of the largest sets of sharers has a colour that the legend names",
	    WG_HEAT(ui_shared_hue(0), WG_LEVELS - 1));
	add(rows, "  node", NULL, "layer node: each memory node has a colour that the legend names",
	    WG_HEAT(ui_node_hue(0), WG_LEVELS - 1));
	add(rows, "  older", NULL, "faded: read longer ago than the interval", WG_FADED(WG_HUE_ANON, WG_LEVELS - 1));
}

/* Draws one row into the top of *rest, the first `skip` lines of it left out. Returns its lines. */
static int draw_row(struct wg_canvas *c, struct wg_rect rect, const struct row *row, int skip)
{
	bool wide = rect.w >= WIDE_FROM;
	if (!row->keys) {
		if (row->text && !skip)
			wg_text_cut(c, rect, 1, 0, rect.w, row->text, WG_CUT_END, WG_STYLE(row->role, WG_BACK));
		return 1;
	}
	struct wg_rect left = wg_take_left(&rect, rect.w > 2 * KEYS_WIDTH ? KEYS_WIDTH + 3 : rect.w / 3);
	struct wg_rect place = wg_take_left(&rect, wide ? 17 : 0);
	struct wg_paragraph text = {row->text, WG_TEXT, 0};
	if (!skip) {
		wg_text_cut(c, left, 2, 0, left.w - 3, row->keys, WG_CUT_END, WG_STYLE(row->role, WG_BACK));
		wg_text_cut(c, place, 0, 0, place.w - 1, row->place ? row->place : "", WG_CUT_END,
			    WG_STYLE(WG_DIM, WG_BACK));
	}
	int lines = wg_draw_text(c, rect, &text, 1, skip);
	return lines ? lines : 1;
}

/* Draws from line `top` on; returns the lines there are. */
static int draw_rows(struct wg_canvas *c, struct wg_rect rect, const struct rows *rows, int top)
{
	int y = -top;
	for (size_t i = 0; i < rows->n; i++) {
		int skip = y < 0 ? -y : 0, at = y + skip < rect.h ? y + skip : rect.h;
		struct wg_rect rest = {rect.x, rect.y + at, rect.w, rect.h - at};
		y += draw_row(c, rest, &rows->v[i], skip);
	}
	return y + top;
}

void ui_help_draw(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct rows rows = {.n = 0};
	add_keys(shell, &rows, c->can.unicode);
	add_columns(&rows);
	add_layers(shell, &rows);
	add_colours(shell, &rows);
	int all = draw_rows(c, (struct wg_rect){rect.x, rect.y, rect.w, 0}, &rows, 0);
	shell->help_top = ui_scroll_bounded(shell->help_top, all, rect.h);
	draw_rows(c, rect, &rows, shell->help_top);
	ui_scroll_mark(c, rect, shell->help_top, all);
}
