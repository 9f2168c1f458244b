/*
 * Drawing the object screen: the answer first, then pointers as a table, contents beside or below. See objectview.h.
 */
#include "tui/screens/objectview.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"

#define BESIDE_FROM 150 /* columns from which contents are beside the pointers */

enum column { PART, PLACE, OBJECT, SIZE, WHAT, COLUMNS };

static const struct wg_column columns[COLUMNS] = {
	[PART] = {"", 13, 0, 0},
	[PLACE] = {"POINTER AT", 12, 1, WG_COL_RIGHT},
	[OBJECT] = {"OBJECT", 12, 0, WG_COL_RIGHT},
	[SIZE] = {"SIZE", 6, 2, WG_COL_RIGHT},
	[WHAT] = {"", 20, 0, WG_COL_GROW},
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

size_t ui_object_rows(const struct ui_object_view *v)
{
	return v->got ? v->got->n_path + v->got->n_in + v->got->n_out : 0;
}

bool ui_object_row(const struct ui_object_view *v, size_t i, struct ui_object_row *ret)
{
	const struct pt_object *o = v->got;
	if (i >= ui_object_rows(v))
		return false;
	if (i < o->n_path)
		*ret = (struct ui_object_row){UI_OBJECT_PATH, &o->path[i], i};
	else if (i < o->n_path + o->n_in)
		*ret = (struct ui_object_row){UI_OBJECT_IN, &o->in[i - o->n_path], i - o->n_path};
	else
		*ret = (struct ui_object_row){UI_OBJECT_OUT, &o->out[i - o->n_path - o->n_in], i - o->n_path - o->n_in};
	return true;
}

/* The part is named where it begins. */
static const char *part_name(const struct ui_object_row *row)
{
	static const char *const names[] = {"why alive", "points to it", "it points to"};
	return row->i ? "" : names[row->kind];
}

static const char *hex_text(struct ui_scratch *s, uint64_t n)
{
	return ui_scratch_text(s, "%" PRIx64, n);
}

static const char *what_of(struct ui_scratch *s, const struct ui_object_row *row, const struct pt_object *o)
{
	const struct pt_link *l = row->link;
	const char *name = l->name ? ui_printable(s, l->name) : NULL, *weak = l->weak ? " (may be stale, or odd)" : "";
	uint64_t inside = row->kind == UI_OBJECT_IN ? o->address : l->object;
	const char *offset = "";
	if (row->kind != UI_OBJECT_PATH && inside && l->value > inside)
		offset = ui_scratch_text(s, ", %" PRIu64 " bytes in", l->value - inside);
	if (l->is_root)
		return ui_scratch_text(s, "%s%s%s", name ? name : pt_root_name(l->kind), weak, offset);
	if (row->kind == UI_OBJECT_OUT)
		return ui_scratch_text(s, "%s%s%s", name ? name : l->object ? "an object" : "", weak, offset);
	return ui_scratch_text(
		s, "%s%s%s%s", name ? name : "",
		l->object && l->place >= l->object
			? ui_scratch_text(s, "%sat its byte %" PRIu64, name ? ", " : "", l->place - l->object)
			: "",
		weak, offset);
}

static void fill_row(struct ui_object_view *v, struct ui_scratch *s, size_t i, struct wg_table_cell *cells)
{
	struct ui_object_row row;
	if (!ui_object_row(v, i, &row))
		return;
	const struct pt_link *l = row.link;
	bool root = l->is_root && row.kind != UI_OBJECT_OUT;
	uint8_t role = root ? WG_GOOD : l->weak ? WG_UNKNOWN : WG_TEXT;
	cells[PART] = (struct wg_table_cell){part_name(&row), WG_ACCENT};
	cells[PLACE] = (struct wg_table_cell){l->place ? hex_text(s, l->place) : UI_DOT, WG_DIM};
	cells[OBJECT] = (struct wg_table_cell){root ? "root" : l->object ? hex_text(s, l->object) : UI_DOT, role};
	cells[SIZE] = l->size && !root ? ui_cell_bytes(s, (struct pt_maybe){l->size, true})
				       : (struct wg_table_cell){UI_DOT, WG_DIM};
	cells[WHAT] = (struct wg_table_cell){what_of(s, &row, v->got), role};
}

static void draw_table(struct ui_object_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	size_t height = rect.h > 1 ? (size_t)rect.h - 1 : 1, all = ui_object_rows(v);
	v->table_at = rect;
	v->lines = (int)height;
	v->at = all && v->at >= all ? all - 1 : v->at;
	v->top = v->at < v->top ? v->at : v->at >= v->top + height ? v->at - height + 1 : v->top;
	size_t n = all - v->top < height ? all - v->top : height;
	struct wg_table_row *rows = ui_scratch_array(s, n + 1, sizeof *rows);
	struct wg_table_cell *cells = ui_scratch_array(s, n * COLUMNS + 1, sizeof *cells);
	if (!rows || !cells)
		return;
	for (size_t i = 0; i < n; i++) {
		rows[i].cells = cells + i * COLUMNS;
		fill_row(v, s, v->top + i, cells + i * COLUMNS);
	}
	struct wg_table table = {.columns = columns,
				 .n_columns = COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = all,
				 .top = v->top,
				 .selected = n && !v->hex ? (int)(v->at - v->top) : -1,
				 .empty = "nothing points to it, and it points to nothing"};
	wg_draw_table(c, rect, &table);
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

const char *ui_object_title(const struct ui_object_view *v, struct ui_shell *shell)
{
	return ui_scratch_text(&shell->scratch, "object %" PRIx64, v->object);
}

static const char *why_not(struct ui_shell *shell, int error)
{
	struct ui_scratch *s = &shell->scratch;
	if (!shell->target.hunt)
		return "This is a recording: it has no contents of memory.";
	if (shell->target.back)
		return "A moment of the past is shown, and of that there are no contents. T goes back to now.";
	switch (error) {
	case 0:
		return ui_hunt_busy(&shell->hunt) ? "A hunt is under way; it is looked at when that is done..."
						  : "Looking at it: memory is read once, from the roots on...";
	case -ESRCH: return "The process has ended.";
	case -ENOTSUP:
		return "Whose allocator this program's memory is from is not known to pagetop: objects cannot be told "
		       "apart.";
	case -EACCES:
	case -EPERM: return "Not permitted: to read another program's memory needs its owner or root (sudo pagetop).";
	case -EBUSY: return "A debugger or another tracer has this process: its registers cannot be read beside it.";
	default: return ui_scratch_text(s, "It could not be looked at: %s. a tries again.", strerror(-error));
	}
}

static const char *kind_words(enum pt_chunk_kind kind)
{
	switch (kind) {
	case PT_CHUNK_FREE: return "Free: the program gave it back, and the allocator keeps it to hand out again.";
	case PT_CHUNK_CACHED: return "Free: the program gave it back, and a thread's cache (tcache) keeps it.";
	case PT_CHUNK_TOP: return "Never handed out: it is the end of a heap (top).";
	case PT_CHUNK_OWN: return "The allocator's own data, not an object of the program.";
	default: return NULL;
	}
}

/* Of an object in use: the answer, and its role. */
static struct wg_span verdict(struct ui_scratch *s, const struct pt_object *o)
{
	const char *free_words = kind_words(o->kind);
	if (free_words)
		return (struct wg_span){free_words, WG_STRONG, 0};
	if (o->reached == PT_REACHED_NOT)
		return (struct wg_span){o->in_all ? "Leaked: only what is leaked itself points to it."
						  : "Leaked: nothing points to it.",
					WG_HEAT(WG_HUE_LEAKED, WG_LEVELS - 1), 0};
	if (o->reached == PT_REACHED_WEAKLY)
		return (struct wg_span){"Weakly held: only by pointers to odd places, or words that may be stale.",
					WG_HEAT(WG_HUE_MIXED, WG_LEVELS - 1), 0};
	if (!o->n_path || !o->path[0].is_root)
		return (struct wg_span){"Alive.", WG_GOOD, 0};
	const char *root = o->path[0].name ? ui_printable(s, o->path[0].name) : pt_root_name(o->path[0].kind);
	if (o->n_path == 1)
		return (struct wg_span){ui_scratch_text(s, "Alive: %s points to it.", root), WG_GOOD, 0};
	return (struct wg_span){
		ui_scratch_text(s, "Alive: %s leads to it, by way of %s.", root,
				o->n_path == 2 ? "one object" : ui_scratch_text(s, "%zu objects", o->n_path - 1)),
		WG_GOOD, 0};
}

/* Where in the object it is that was asked about; NULL: at its beginning. */
static const char *asked_words(struct ui_scratch *s, uint64_t asked, uint64_t address)
{
	if (asked < address)
		return "asked by what the allocator keeps before it";
	return asked > address ? ui_scratch_text(s, "asked by its byte %" PRIu64, asked - address) : NULL;
}

static void draw_answer(struct ui_object_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_object *o = v->got;
	struct wg_span first = verdict(s, o);
	struct wg_span second[] = {
		{o->class_name ? ui_printable(s, o->class_name) : NULL, WG_STRONG, 1},
		{ui_scratch_text(s, "%s at %" PRIx64, ui_size(s, o->size), o->address), WG_TEXT, 0},
		{asked_words(s, o->asked, o->address), WG_DIM, 3},
		{ui_scratch_text(s, "%s to it",
				 !o->in_all       ? "no pointer"
				 : o->in_all == 1 ? "one pointer"
						  : ui_scratch_text(s, "%s pointers", ui_number(s, o->in_all))),
		 WG_TEXT, 2},
		{o->in_all > o->n_in || o->out_all > o->n_out ? "not all are listed" : NULL, WG_UNKNOWN, 3},
	};
	wg_draw_line(c, wg_take_top(rest, 1), &(struct wg_line){.spans = &first, .n = 1, .bg = WG_BACK});
	wg_draw_line(c, wg_take_top(rest, 1),
		     &(struct wg_line){.spans = second, .n = sizeof second / sizeof *second, .bg = WG_BACK});
}

/* ---- contents --------------------------------------------------------------------------------------------------- */

static void draw_contents(struct ui_object_view *v, struct wg_canvas *c, struct wg_rect rect, struct ui_scratch *s)
{
	const struct pt_object *o = v->got;
	struct wg_span title[] = {
		{"contents", WG_STRONG, 0},
		{o->n_bytes < o->size ? ui_scratch_text(s, "the first %s", ui_size(s, o->n_bytes)) : NULL, WG_DIM, 1},
	};
	if (rect.h < 2 || rect.w < 20)
		return;
	wg_draw_rule(c, wg_take_top(&rect, 1), title, 2);
	rect.x++;
	rect.w -= 2;
	v->hex_line = wg_hex_line(rect.w);
	if (v->hex)
		v->lines = rect.h;
	wg_draw_hex(c, rect, &(struct wg_hex){o->bytes, o->n_bytes, o->address, v->hex_top});
}

void ui_object_draw(struct ui_object_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	v->table_at = (struct wg_rect){0};
	if (!v->got || !v->got->found || shell->target.back) {
		const char *why = v->got && !shell->target.back
					  ? "No object of the heap is at this address: it is a root's "
					    "memory, a stack, a file's, or nothing at all."
					  : why_not(shell, v->error);
		struct wg_paragraph text = {why, v->error ? WG_WARN : WG_TEXT, 0};
		if (rect.w > 2)
			wg_draw_text(c, (struct wg_rect){rect.x + 1, rect.y, rect.w - 2, rect.h}, &text, 1, 0);
		return;
	}
	if (rect.h > 4)
		draw_answer(v, shell, c, &rect);
	if (v->hex) {
		draw_contents(v, c, rect, s);
		return;
	}
	if (rect.w >= BESIDE_FROM) {
		struct wg_rect left = wg_take_left(&rect, rect.w - 82);
		draw_table(v, shell, c, left);
		draw_contents(v, c, rect, s);
		return;
	}
	int rows = (int)ui_object_rows(v) + 1, half = rect.h - rect.h / 3;
	struct wg_rect table = wg_take_top(&rect, rows < half ? rows < 3 ? 3 : rows : half);
	draw_table(v, shell, c, table);
	draw_contents(v, c, rect, s);
}
