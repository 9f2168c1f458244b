/*
 * Drawing who allocated frames: a line of sums, the table of groups, and the stack of the selected one. See
 * machineowners.h.
 */
#include <errno.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/machineowners.h"

static const struct wg_column columns[UI_OWNER_COLUMNS] = {
	[UI_OWNER_SIZE] = {"SIZE", 6, 0, WG_COL_RIGHT},
	[UI_OWNER_SHARE] = {"SHARE", 6, 3, WG_COL_RIGHT},
	[UI_OWNER_TIMES] = {"TIMES", 6, 0, WG_COL_RIGHT},
	[UI_OWNER_OLDEST] = {"OLDEST", 8, 4, WG_COL_RIGHT},
	[UI_OWNER_NEWEST] = {"NEWEST", 8, 2, WG_COL_RIGHT},
	[UI_OWNER_PID] = {"PID", 8, 1, WG_COL_RIGHT},
	[UI_OWNER_NAME] = {"NAME", 16, 1, 0},
	[UI_OWNER_ALLOCATOR] = {"ALLOCATOR", 9, 3, 0},
	[UI_OWNER_CALL] = {"CALLED BY", 16, 0, WG_COL_GROW},
};

int ui_owner_heading_at(const struct ui_machine_owners *o, int x)
{
	struct wg_table table = {.columns = columns, .n_columns = UI_OWNER_COLUMNS};
	return wg_table_column_at(&table, o->table_at.w, x - o->table_at.x);
}

/* ---- nothing to show -------------------------------------------------------------------------------------------- */

static const char *why_not_the_kernels(int error, struct ui_scratch *s)
{
	switch (error) {
	case -ENOENT: return "This kernel keeps no record of who allocated frames.";
	case -EACCES:
	case -EPERM: return "Who allocated frames only root may know.";
	case -EBADMSG: return "The kernel's record of who allocated frames is empty.";
	default: return ui_scratch_text(s, "The kernel's record of who allocated frames: %s.", strerror(-error));
	}
}

static void draw_error(const struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c,
		       struct wg_rect rect, const struct pt_debug_feature *feature)
{
	struct ui_scratch *s = &shell->scratch;
	int error = o->answer->error;
	const char *state = feature ? pt_debug_state_name(feature->state) : "unknown";
	struct wg_paragraph text[] = {
		{*o->path ? ui_scratch_text(s, "%s: %s.", ui_printable(s, o->path),
					    error == -EBADMSG ? "no record of page_owner is in it" : strerror(-error))
			  : why_not_the_kernels(error, s),
		 WG_STRONG, 0},
		{"", WG_TEXT, 0},
		{ui_scratch_text(s,
				 "page_owner keeps it, a stack and a process for each frame that is allocated: it is "
				 "there in a kernel with CONFIG_PAGE_OWNER that was booted with page_owner=on, while "
				 "debugfs is mounted. In this kernel it is %s.",
				 feature && feature->state == PT_DEBUG_ON ? "on" : state),
		 WG_TEXT, 0},
		{"", WG_TEXT, 0},
		{*o->path ? "o opens another one; an empty name is this kernel's own."
			  : "o opens a record that was saved elsewhere: cat /sys/kernel/debug/page_owner >FILE",
		 WG_DIM, 0},
	};
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	if (inside.w > 0)
		wg_draw_text(c, inside, text, sizeof text / sizeof *text, 0);
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static const char *progress(const struct ui_machine_owners *o, struct ui_scratch *s)
{
	const struct ui_owner_answer *a = o->answer;
	if (!o->reading)
		return a->stopped ? ui_scratch_text(s, "stopped at %s: R reads it anew",
						    a->total ? ui_share(s, a->done, a->total) : "?")
				  : NULL;
	return a->finished || !a->total ? "reading..."
					: ui_scratch_text(s, "reading: %s, Esc stops", ui_share(s, a->done, a->total));
}

static const char *shown_groups(const struct ui_machine_owners *o, struct ui_scratch *s)
{
	const struct pt_alloc_group *g = &o->within;
	char parts[64];
	if (!o->inside)
		return ui_scratch_text(s, "%s %s", ui_number(s, o->groups.n),
				       o->groups.n == 1 ? ui_owner_group_name(o->group)
							: ui_owner_group_plural(o->group));
	return ui_scratch_text(s, "%s %s of %s", ui_number(s, o->groups.n), o->groups.n == 1 ? "stack" : "stacks",
			       o->outer == UI_OWNERS_BY_ALLOCATOR
				       ? pt_alloc_parts_name(g->allocators, parts, sizeof parts)
			       : o->outer == UI_OWNERS_BY_NAME
				       ? ui_printable(s, g->name)
				       : ui_scratch_text(s, "%s %d", ui_printable(s, g->name),
							 (int)(o->outer == UI_OWNERS_BY_THREAD ? g->pid : g->tgid)));
}

static void draw_sums(const struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c,
		      struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_alloc_list *g = &o->groups;
	unsigned shift = o->answer->page_shift;
	struct wg_span spans[] = {
		{ui_scratch_text(s, "%s allocated", ui_size(s, g->pages << shift)), WG_STRONG, 0},
		{ui_scratch_text(s, "%s times", ui_number(s, g->records)), WG_TEXT, 2},
		{shown_groups(o, s), WG_TEXT, 1},
		{o->filter.text[0] ? ui_scratch_text(s, "found by /%s/", ui_printable(s, o->filter.text)) : NULL,
		 o->filter.error[0] ? WG_BAD : WG_ACCENT, 1},
		{*o->path ? ui_scratch_text(s, "saved in %s", ui_printable(s, o->path)) : NULL, WG_ACCENT, 1},
		{g->damaged ? ui_scratch_text(s, "%s records not understood", ui_number(s, g->damaged)) : NULL, WG_WARN,
		 3},
		{progress(o, s), WG_ACCENT, 1},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

/* Since boot; what the kernel does not say is unknown. */
static struct wg_table_cell time_cell(struct ui_scratch *s, uint64_t ns)
{
	char text[24];
	if (!ns)
		return (struct wg_table_cell){"?", WG_UNKNOWN};
	return (struct wg_table_cell){ui_scratch_text(s, "%s", pt_text_ns(ns, text, sizeof text)), WG_TEXT};
}

static struct wg_table_cell pid_cell(struct ui_scratch *s, const struct pt_alloc_group *g, bool thread)
{
	pid_t pid = thread || !g->tgid ? g->pid : g->tgid;
	unsigned key = thread || !g->tgid ? PT_ALLOC_PID : PT_ALLOC_TGID;
	if (!(g->alike & key))
		return (struct wg_table_cell){"several", WG_DIM};
	return (struct wg_table_cell){ui_scratch_text(s, "%d", (int)pid), WG_TEXT};
}

/* "sh": of all of them; "sh and more": of the newest. */
static struct wg_table_cell name_cell(struct ui_scratch *s, const struct pt_alloc_group *g)
{
	if (!g->name[0])
		return (struct wg_table_cell){"?", WG_UNKNOWN};
	return g->alike & PT_ALLOC_NAME
		       ? (struct wg_table_cell){ui_printable(s, g->name), WG_TEXT}
		       : (struct wg_table_cell){ui_scratch_text(s, "%s, ...", ui_printable(s, g->name)), WG_DIM};
}

#define CALLS 6 /* told in a row */

/* "do_anonymous_page < handle_mm_fault < ...": names alone; where in them is told below. */
static struct wg_table_cell call_cell(struct ui_scratch *s, const struct pt_alloc_group *g)
{
	size_t n;
	const char *call = pt_alloc_caller(g->stack, &n), *text = "";
	if (!(g->alike & PT_ALLOC_STACK))
		return (struct wg_table_cell){"several stacks", WG_DIM};
	for (int i = 0; i < CALLS && *call; i++) {
		size_t name = strcspn(call, "+\n"), line = strcspn(call, "\n");
		text = ui_scratch_text(s, "%s%s%.*s", text, i ? " < " : "", (int)name, call);
		call += line + (call[line] == '\n');
		call += strspn(call, " \t");
	}
	return (struct wg_table_cell){ui_printable(s, text), WG_STRONG};
}

static const struct wg_table_cell *row(const struct ui_machine_owners *o, struct ui_scratch *s,
				       const struct pt_alloc_group *g)
{
	struct wg_table_cell *cells = ui_scratch_array(s, UI_OWNER_COLUMNS, sizeof *cells);
	char parts[64];
	if (!cells)
		return NULL;
	cells[UI_OWNER_SIZE] = ui_cell_bytes(s, (struct pt_maybe){g->pages << o->answer->page_shift, true});
	cells[UI_OWNER_SHARE] = (struct wg_table_cell){ui_share(s, g->pages, o->groups.pages), WG_TEXT};
	cells[UI_OWNER_TIMES] = ui_cell_number(s, (struct pt_maybe){g->times, true});
	cells[UI_OWNER_OLDEST] = time_cell(s, g->first_ns);
	cells[UI_OWNER_NEWEST] = time_cell(s, g->last_ns);
	cells[UI_OWNER_PID] = pid_cell(s, g, o->group == UI_OWNERS_BY_THREAD);
	cells[UI_OWNER_NAME] = name_cell(s, g);
	cells[UI_OWNER_ALLOCATOR] =
		!(g->alike & PT_ALLOC_ALLOCATOR) ? (struct wg_table_cell){"several", WG_DIM}
		: g->allocators == PT_ALLOC_OTHERS
			? (struct wg_table_cell){UI_DOT, WG_DIM}
			: (struct wg_table_cell){
				  ui_scratch_text(s, "%s", pt_alloc_parts_name(g->allocators, parts, sizeof parts)),
				  WG_TEXT};
	cells[UI_OWNER_CALL] = call_cell(s, g);
	return cells;
}

static void draw_table(struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	size_t shown = rect.h > 1 ? (size_t)rect.h - 1 : 0, n = 0;
	struct wg_table_row *rows = ui_scratch_array(s, shown + 1, sizeof *rows);
	struct wg_column headed[UI_OWNER_COLUMNS];
	if (!rows)
		return;
	o->table_at = rect;
	o->top = o->at < o->top ? o->at : shown && o->at >= o->top + shown ? o->at - shown + 1 : o->top;
	for (; n < shown && o->top + n < o->groups.n; n++)
		rows[n].cells = row(o, s, &o->groups.v[o->top + n]);
	memcpy(headed, columns, sizeof headed);
	for (int i = UI_OWNER_COLUMNS - 1, done = 0; i >= 0 && !done; i--) /* of size and share the first */
		if ((i != UI_OWNER_SHARE) & (ui_owner_order((enum ui_owner_column)i) == o->sort)) {
			headed[i].flags |= WG_COL_SORTED | (o->falling ? WG_COL_DESCENDING : 0);
			done = 1;
		}
	struct wg_table table = {.columns = headed,
				 .n_columns = UI_OWNER_COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = o->groups.n,
				 .top = o->top,
				 .selected = o->groups.n ? (int)(o->at - o->top) : -1,
				 .empty = o->reading ? "reading..." : "nothing was found"};
	wg_draw_table(c, rect, &table);
}

/* ---- the stack -------------------------------------------------------------------------------------------------- */

static size_t count_lines(const char *stack)
{
	size_t n = 0;
	for (; (stack = strchr(stack, '\n')); stack++)
		n++;
	return n;
}

#define CALL_WIDTH 44

/* Down, then on to the right; the page allocator's own calls are dim, and left out first. */
static void draw_stack(const struct pt_alloc_group *g, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	int across = rect.w / CALL_WIDTH > 0 ? rect.w / CALL_WIDTH : 1, at = 0;
	size_t unused;
	const char *call = pt_alloc_caller(g->stack, &unused), *line = g->stack;
	const size_t room = (size_t)across * (size_t)rect.h;
	if (count_lines(line) > room) {
		line = call;
		while (line > g->stack && line[-1] != '\n')
			line--;
	}
	for (; *line && at < across * rect.h; at++) {
		size_t n = strcspn(line, "\n"), blanks = strspn(line, " \t");
		const char *text =
			ui_printable(s, blanks < n ? ui_scratch_text(s, "%.*s", (int)(n - blanks), line + blanks) : "");
		uint8_t role = line + n <= call ? WG_DIM : line <= call ? WG_STRONG : WG_TEXT;
		wg_text_cut(c, rect, 1 + at / rect.h * CALL_WIDTH, at % rect.h,
			    across == 1 ? rect.w - 2 : CALL_WIDTH - 2, text, WG_CUT_END, WG_STYLE(role, WG_BACK));
		line += n + (line[n] == '\n');
	}
}

static void draw_below(const struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c,
		       struct wg_rect rect)
{
	const struct pt_alloc_group *g = &o->groups.v[o->at];
	bool has_stack = g->alike & PT_ALLOC_STACK;
	struct wg_span title[] = {
		{has_stack ? "allocated by" : "several stacks", WG_STRONG, 0},
		{has_stack ? NULL : "Enter shows those of the selected row", WG_DIM, 1},
		{"times are since boot", WG_DIM, 2},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, sizeof title / sizeof *title);
	if (has_stack && rect.h > 0)
		draw_stack(g, shell, c, rect);
}

void ui_machine_owners_draw(struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c,
			    struct wg_rect rect, const struct pt_debug_feature *feature)
{
	o->table_at = (struct wg_rect){0};
	if (!o->answer) {
		struct wg_paragraph text = {
			o->reading ? "reading..." : "stopped before anything was read: R reads it anew", WG_TEXT, 0};
		if (rect.w > 2)
			wg_draw_text(c, (struct wg_rect){rect.x + 1, rect.y, rect.w - 2, rect.h}, &text, 1, 0);
		return;
	}
	if (o->answer->error) {
		draw_error(o, shell, c, rect, feature);
		return;
	}
	draw_sums(o, shell, c, wg_take_top(&rect, rect.h > 3));
	bool stacks = o->groups.n && ui_owner_keys(o->group) & PT_ALLOC_STACK;
	int below = !o->groups.n || rect.h < 10 ? 0 : stacks ? (rect.h < 24 ? rect.h / 2 : 12) : 1;
	struct wg_rect foot = wg_take_bottom(&rect, below);
	draw_table(o, shell, c, rect);
	if (foot.h)
		draw_below(o, shell, c, foot);
}
