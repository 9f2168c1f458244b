/*
 * The tables of the hunt screen and the line of their names. Only rows on the screen are looked at. See huntview.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tui/format.h"
#include "tui/screens/huntview.h"

#define BAR     10 /* cells */
#define CALLERS 6  /* of a call site, in its row */

static const struct wg_column columns[UI_HUNT_COLUMNS] = {
	[UI_HUNT_BYTES] = {"BYTES", 6, 0, WG_COL_RIGHT},      [UI_HUNT_SHARE] = {"SHARE", BAR, 2, WG_COL_STRIP},
	[UI_HUNT_LEAKS_N] = {"LEAKS", 6, 1, WG_COL_RIGHT},    [UI_HUNT_COUNT] = {"COUNT", 6, 0, WG_COL_RIGHT},
	[UI_HUNT_EACH] = {"SIZE", 6, 1, WG_COL_RIGHT},        [UI_HUNT_TIER] = {"TIER", 6, 2, 0},
	[UI_HUNT_SUSPECTS] = {"SUSPECT", 7, 2, WG_COL_RIGHT}, [UI_HUNT_ADDRESS] = {"ADDRESS", 12, 0, WG_COL_RIGHT},
	[UI_HUNT_ROOT] = {"HANGS ON", 12, 4, WG_COL_RIGHT},   [UI_HUNT_SAMPLES] = {"SEEN", 6, 1, WG_COL_RIGHT},
	[UI_HUNT_WHAT] = {"WHAT IT IS", 20, 0, WG_COL_GROW},  [UI_HUNT_WHERE] = {"WHERE", 28, 3, WG_COL_CUT_MIDDLE},
};

/* ---- the line of names ------------------------------------------------------------------------------------------ */

static const char *tab_text(const struct ui_hunt_screen *h, struct ui_scratch *s, enum ui_hunt_tab tab)
{
	static const char *const names[UI_HUNT_TABS] = {"leaks", "groups", "objects", "call sites", "heap"};
	size_t total = h->view ? ui_hunt_total(h, tab) : 0;
	bool counts = tab < UI_HUNT_SITES && h->tabs_at.w >= 72;
	if (counts && total)
		return ui_scratch_text(s, " %d %s: %s ", (int)tab + 1, names[tab], ui_number(s, total));
	return ui_scratch_text(s, " %d %s ", (int)tab + 1, names[tab]);
}

int ui_hunt_tab_at(const struct ui_hunt_screen *h, struct ui_shell *shell, int x)
{
	int at = 0;
	for (int tab = 0; tab < UI_HUNT_TABS; tab++) {
		at += wg_text_width(tab_text(h, &shell->scratch, (enum ui_hunt_tab)tab));
		if (x < at)
			return tab;
	}
	return -1;
}

static const char *about(const struct ui_hunt_screen *h, struct ui_scratch *s)
{
	if (h->filter.error[0])
		return "bad pattern: the last good one holds ";
	if (h->filter.text[0] && h->tab != UI_HUNT_HEAP)
		return ui_scratch_text(s, "%s found by /%s/ ", ui_number(s, h->rows[h->tab].n),
				       ui_printable(s, h->filter.text));
	if (h->tab == UI_HUNT_OBJECTS && h->only)
		return ui_scratch_text(s, "%s of this %s; Esc: all ", ui_number(s, h->rows[h->tab].n),
				       h->only == UI_HUNT_OF_KIND ? "leak" : "group");
	return "";
}

void ui_hunt_draw_tabs(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	int x = 0;
	h->tabs_at = line;
	wg_fill(c, line, ' ', WG_STYLE(WG_TEXT, WG_BAR));
	for (int tab = 0; tab < UI_HUNT_TABS && x < line.w; tab++) {
		bool here = (enum ui_hunt_tab)tab == h->tab;
		struct wg_style style = WG_STYLE(here ? WG_STRONG : WG_DIM, here ? WG_SELECT : WG_BAR);
		style.attrs = here && !c->can.colour ? WG_UNDERLINE : 0;
		x = wg_text_cut(c, line, x, 0, line.w - x, tab_text(h, &shell->scratch, (enum ui_hunt_tab)tab),
				WG_CUT_END, style);
	}
	const char *text = about(h, &shell->scratch);
	int w = wg_text_width(text);
	if (w && x + 2 + w <= line.w)
		wg_text(c, line, line.w - w, 0, text, WG_STYLE(h->filter.error[0] ? WG_BAD : WG_ACCENT, WG_BAR));
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static const char *what_of(const struct pt_hunt_view *v, struct ui_scratch *s, uint32_t group)
{
	return group < v->n_groups ? ui_hunt_what(s, &v->groups[group]) : "";
}

/* "a list: mostly Node": the root's, and what most of it is if that is something else. */
static const char *leak_words(const struct pt_hunt_view *v, struct ui_scratch *s, const struct pt_leak *leak)
{
	const char *root = what_of(v, s, leak->group), *most = what_of(v, s, leak->most);
	const char *cycle = leak->cycle ? ", in a cycle" : "";
	if (leak->most == leak->group || leak->count <= 1)
		return ui_scratch_text(s, "%s%s", root, cycle);
	return ui_scratch_text(s, "%s%s; mostly %s", root, cycle, most);
}

/* "make_node ← parse ← main": the call, and those it came by. */
static const char *calls_words(struct ui_scratch *s, const struct pt_leak_site *site)
{
	const char *text = ui_hunt_call(s, &site->calls[0]);
	for (size_t i = 1; i < site->n_calls && i < CALLERS; i++)
		text = ui_scratch_text(s, "%s \u2190 %s", text, ui_hunt_call(s, &site->calls[i]));
	return text;
}

static struct wg_table_cell what_cell(const struct ui_hunt_screen *h, struct ui_scratch *s, size_t i)
{
	const struct pt_hunt_view *v = h->view;
	switch (h->tab) {
	case UI_HUNT_LEAKS: return (struct wg_table_cell){leak_words(v, s, &v->leaks[h->kinds[i].leak]), WG_TEXT};
	case UI_HUNT_GROUPS: return (struct wg_table_cell){ui_hunt_what(s, &v->groups[i]), WG_TEXT};
	case UI_HUNT_OBJECTS: return (struct wg_table_cell){what_of(v, s, v->objects[i].group), WG_TEXT};
	default:
		if (!v->sites[i].n_calls)
			return (struct wg_table_cell){"(its calls are not known)", WG_UNKNOWN};
		return (struct wg_table_cell){calls_words(s, &v->sites[i]), WG_TEXT};
	}
}

static struct wg_table_cell cell_of(const struct ui_hunt_screen *h, struct ui_scratch *s, size_t i,
				    enum ui_hunt_column column)
{
	const struct pt_hunt_view *v = h->view;
	uint64_t value = ui_hunt_value(h, h->tab, i, column);
	switch (column) {
	case UI_HUNT_BYTES: return ui_cell_bytes(s, (struct pt_maybe){value, true});
	case UI_HUNT_EACH: return ui_cell_bytes(s, (struct pt_maybe){value, true});
	case UI_HUNT_SHARE: return (struct wg_table_cell){NULL, WG_TEXT};
	case UI_HUNT_TIER:
		return (struct wg_table_cell){pt_leak_tier_name((enum pt_leak_tier)value),
					      WG_HEAT(ui_hunt_tier_hue((unsigned)value), WG_LEVELS - 1)};
	case UI_HUNT_ROOT:
		if (h->tab == UI_HUNT_OBJECTS && value == v->objects[i].address)
			return (struct wg_table_cell){"itself", WG_DIM};
		return (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, value), WG_DIM};
	case UI_HUNT_ADDRESS: return (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, value), WG_TEXT};
	case UI_HUNT_WHAT: return what_cell(h, s, i);
	case UI_HUNT_WHERE:
		return (struct wg_table_cell){v->sites[i].n_calls ? ui_hunt_call_place(s, &v->sites[i].calls[0]) : "",
					      WG_DIM};
	default: return ui_cell_number(s, (struct pt_maybe){value, true});
	}
}

/* What share of all that is leaked, or of the estimate of sites. */
static void share_strip(const struct ui_hunt_screen *h, struct ui_scratch *s, size_t i, int w, struct wg_table_row *row)
{
	const struct pt_hunt_view *v = h->view;
	uint64_t all = 0, part = ui_hunt_value(h, h->tab, i, UI_HUNT_BYTES);
	unsigned tier = h->tab == UI_HUNT_LEAKS ? v->leaks[h->kinds[i].leak].tier : PT_LEAK_LEAKED;
	for (unsigned t = 0; t < PT_LEAK_TIERS; t++)
		all += v->tiers[t].bytes;
	for (size_t k = 0; h->tab == UI_HUNT_SITES && k < v->n_sites; k++)
		all = k ? all + v->sites[k].bytes : v->sites[k].bytes;
	struct wg_heat_cell *cells = w > 0 && all ? ui_scratch_array(s, (size_t)w, sizeof *cells) : NULL;
	if (!cells)
		return;
	int filled = (int)((double)part / (double)all * w + 0.5);
	filled = filled > w ? w : filled == 0 && part ? 1 : filled;
	for (int k = 0; k < w; k++)
		cells[k] = k < filled ? (struct wg_heat_cell){.hue = ui_hunt_tier_hue(tier), .level = WG_LEVELS - 1}
				      : (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	row->strip = cells;
	row->strip_n = w;
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static const char *why_no_sites(struct ui_scratch *s, int error)
{
	switch (error) {
	case 0:
		return "no allocation of what leaks was seen meanwhile; c samples again (large objects, mapped alone, "
		       "are never seen)";
	case -ENODATA: return "not sampled: c does so for 10 s, with hardware watchpoints";
	case -EOPNOTSUPP: return "this machine has no hardware watchpoints";
	case -ENOSPC: return "somebody else has the debug registers of this process";
	case -EACCES:
	case -EPERM: return "not permitted: watchpoints need the owner or root (kernel.perf_event_paranoid)";
	default: return ui_scratch_text(s, "call sites cannot be sampled: %s", strerror(-error));
	}
}

static const char *why_empty(const struct ui_hunt_screen *h, struct ui_shell *shell)
{
	const struct pt_hunt_view *v = h->view;
	struct ui_scratch *s = &shell->scratch;
	if (h->filter.text[0] && ui_hunt_total(h, h->tab))
		return "nothing is found by the filter; / changes it";
	if (h->tab == UI_HUNT_SITES && ui_hunt_busy(&shell->hunt) && shell->hunt.options.sites_ns)
		return "being sampled: they are here when this hunt ends";
	if (h->tab == UI_HUNT_SITES)
		return why_no_sites(s, v->sites_error);
	return ui_scratch_text(s, "nothing is lost: every one of %" PRIu64 " objects is reachable", v->objects_used);
}

static size_t set_columns(const struct ui_hunt_screen *h, struct wg_column *ret, enum ui_hunt_column *which)
{
	const struct ui_hunt_rows *r = &h->rows[h->tab];
	size_t n = ui_hunt_columns(h->tab, which);
	for (size_t i = 0; i < n; i++) {
		ret[i] = columns[which[i]];
		if (which[i] == r->sort)
			ret[i].flags |= WG_COL_SORTED | (r->ascending ? 0 : WG_COL_DESCENDING);
		if (which[i] == UI_HUNT_WHAT && h->tab == UI_HUNT_SITES)
			ret[i].title = "ALLOCATED BY";
		if (which[i] == UI_HUNT_WHAT && h->tab == UI_HUNT_LEAKS)
			ret[i].title = "WHAT THEY HANG ON";
		if (which[i] == UI_HUNT_ROOT && h->tab == UI_HUNT_LEAKS)
			ret[i].title = "EXAMPLE";
	}
	return n;
}

enum ui_hunt_column ui_hunt_heading_at(const struct ui_hunt_screen *h, int x)
{
	struct wg_column cols[UI_HUNT_COLUMNS];
	enum ui_hunt_column which[UI_HUNT_COLUMNS];
	struct wg_table table = {.columns = cols, .n_columns = set_columns(h, cols, which)};
	int column = wg_table_column_at(&table, h->table_at.w, x);
	return column < 0 ? UI_HUNT_COLUMNS : which[column];
}

static void scroll(struct ui_hunt_rows *r, size_t height)
{
	if (r->at < r->top)
		r->top = r->at;
	if (r->at >= r->top + height)
		r->top = r->at - height + 1;
	if (r->top + height > r->n)
		r->top = r->n > height ? r->n - height : 0;
}

void ui_hunt_draw_table(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_column cols[UI_HUNT_COLUMNS];
	enum ui_hunt_column which[UI_HUNT_COLUMNS];
	int widths[UI_HUNT_COLUMNS] = {0};
	struct ui_hunt_rows *r = &h->rows[h->tab];
	struct ui_scratch *s = &shell->scratch;
	size_t height = rect.h > 1 ? (size_t)rect.h - 1 : 1, n_cols = set_columns(h, cols, which);
	h->table_at = rect;
	scroll(r, height);
	size_t n = r->n - r->top < height ? r->n - r->top : height;
	struct wg_table_row *rows = ui_scratch_array(s, n + 1, sizeof *rows);
	struct wg_table_cell *cells = ui_scratch_array(s, n * n_cols + 1, sizeof *cells);
	if (!rows || !cells)
		return;
	struct wg_table table = {.columns = cols,
				 .n_columns = n_cols,
				 .rows = rows,
				 .n_rows = n,
				 .total = r->n,
				 .top = r->top,
				 .selected = n ? (int)(r->at - r->top) : -1,
				 .empty = why_empty(h, shell)};
	wg_table_layout(&table, rect.w, widths);
	for (size_t k = 0; k < n; k++) {
		rows[k].cells = cells + k * n_cols;
		for (size_t i = 0; i < n_cols; i++) {
			cells[k * n_cols + i] = cell_of(h, s, r->v[r->top + k], which[i]);
			if (which[i] == UI_HUNT_SHARE)
				share_strip(h, s, r->v[r->top + k], widths[i], &rows[k]);
		}
	}
	wg_draw_table(c, rect, &table);
}
