/*
 * The help: the key table by task, then what the colours mean. Generated while drawing, from the tables that the keys
 * and the map themselves use.
 */
#include <stdio.h>
#include <string.h>

#include "tui/frame.h"
#include "tui/heat.h"

#define ROWS_MAX 160

struct rows {
	struct wg_fact v[ROWS_MAX];
	size_t n;
};

static void add(struct rows *rows, const char *name, const char *value, uint8_t role)
{
	if (rows->n < ROWS_MAX)
		rows->v[rows->n++] = (struct wg_fact){.name = name, .value = value, .role = role};
}

static void add_heading(struct rows *rows, const char *text)
{
	if (rows->n)
		add(rows, NULL, NULL, WG_TEXT);
	add(rows, text, NULL, WG_TITLE);
}

static const char *places(struct ui_scratch *s, unsigned where)
{
	static const char *const names[UI_WHERE_N] = {"processes", "table", "map", "map", "page", "help"};
	if ((where & UI_IN_SCREENS) == UI_IN_SCREENS || (where & UI_IN_TARGET) == UI_IN_TARGET)
		return NULL;
	if ((where & UI_IN_ANY_MAP) == UI_IN_ANY_MAP)
		where &= ~(unsigned)UI_IN_MAP;
	const char *text = NULL;
	for (unsigned i = 0; i < UI_WHERE_N; i++)
		if (where >> i & 1)
			text = text ? ui_scratch_text(s, "%s, %s", text, names[i]) : names[i];
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
			add(rows, ui_scratch_text(&shell->scratch, "  %s", keys), all[i].help, WG_TEXT);
			if (rows->n)
				rows->v[rows->n - 1].note = places(&shell->scratch, all[i].where);
		}
	}
	add_heading(rows, "With the mouse");
	add(rows, "  click", "selects; on what is selected, goes deeper; on a heading, sorts", WG_TEXT);
	add(rows, "  wheel", "scrolls a list; zooms a map in and out around the pointer", WG_TEXT);
	add(rows, "  drag", "on a map, zooms to the range", WG_TEXT);
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
	};
	add_heading(rows, "What the colours mean");
	for (uint8_t hue = 0; hue < WG_HUE_N; hue++)
		add(rows, ui_scratch_text(&shell->scratch, "  %c %s", wg_hue_letter(hue), ui_hue_name(hue)), what[hue],
		    WG_HEAT(hue, WG_LEVELS - 1));
	add(rows, "  unknown", "not read yet, or hidden from this user: the banner says what shows it", WG_UNKNOWN);
	add(rows, "  changed", "since the frame before, for one frame", WG_CHANGED);
}

static void add_layers(struct ui_shell *shell, struct rows *rows)
{
	add_heading(rows, "Layers of the map");
	for (int i = 0; i < PT_LAYER_N; i++) {
		enum pt_layer layer = (enum pt_layer)i;
		const char *name = pt_layer_name(layer);
		add(rows, ui_scratch_text(&shell->scratch, "  %c %s", i < 9 ? '1' + i : ' ', name),
		    pt_layer_what(layer), WG_TEXT);
	}
}

void ui_help_draw(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct rows rows = {.n = 0};
	add_keys(shell, &rows, c->can.unicode);
	add_layers(shell, &rows);
	add_colours(shell, &rows);
	struct wg_facts view = {rows.v, rows.n, 0};
	struct wg_rect nothing = {rect.x, rect.y, rect.w, 0};
	int all = wg_draw_facts(c, nothing, &view);
	int last = all > rect.h ? all - rect.h : 0;
	shell->help_top = shell->help_top > last ? last : shell->help_top < 0 ? 0 : shell->help_top;
	view.top = shell->help_top;
	wg_draw_facts(c, rect, &view);
}
