/*
 * The tables of the fault screen and the line of their names above them. Only rows on the screen are looked at. See
 * faultview.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/faultview.h"

#define BAR 12 /* cells */

static const struct wg_column columns[UI_FAULT_COLUMNS] = {
	[UI_FAULT_EVENTS] = {"FAULTS", 6, 0, WG_COL_RIGHT},
	[UI_FAULT_RATE] = {"/S", 5, 2, WG_COL_RIGHT},
	[UI_FAULT_KINDS] = {"KINDS", BAR, 1, WG_COL_STRIP},
	[UI_FAULT_MAJOR] = {"MAJOR", 5, 5, WG_COL_RIGHT},
	[UI_FAULT_SYSCALL] = {"SYSC", 5, 6, WG_COL_RIGHT},
	[UI_FAULT_BORN] = {"BORN", 5, 2, WG_COL_RIGHT},
	[UI_FAULT_STILL] = {"STILL", 5, 3, WG_COL_RIGHT},
	[UI_FAULT_PAGES] = {"PAGES", 6, 1, WG_COL_RIGHT},
	[UI_FAULT_EVERY] = {"EVERY", 7, 0, WG_COL_RIGHT},
	[UI_FAULT_TREND] = {"TREND", 9, 3, 0},
	[UI_FAULT_KIND] = {"KIND", 17, 1, 0},
	[UI_FAULT_CAUSE] = {"CAUSE", 14, 0, 0},
	[UI_FAULT_AGO] = {"AGO", 6, 4, WG_COL_RIGHT},
	[UI_FAULT_TID] = {"TID", 7, 0, WG_COL_RIGHT},
	[UI_FAULT_CPU] = {"CPU", 4, 1, WG_COL_RIGHT},
	[UI_FAULT_NODE] = {"NODE", 4, 4, WG_COL_RIGHT},
	[UI_FAULT_ORDER] = {"ORDER", 6, 0, WG_COL_RIGHT},
	[UI_FAULT_TYPE] = {"TYPE", 11, 1, 0},
	[UI_FAULT_ZONE] = {"ZONE", 8, 2, 0},
	[UI_FAULT_ADDRESS] = {"ADDRESS", 12, 0, WG_COL_RIGHT},
	[UI_FAULT_ROLE] = {"ROLE", 17, 7, 0},
	[UI_FAULT_NAME] = {"NAME", 12, 0, WG_COL_GROW | WG_COL_CUT_MIDDLE},
	[UI_FAULT_MODULE] = {"MODULE", 16, 5, WG_COL_CUT_MIDDLE},
	[UI_FAULT_LINE] = {"LINE", 22, 8, WG_COL_CUT_MIDDLE},
};

/* ---- the line of names ------------------------------------------------------------------------------------------ */

const char *ui_fault_tab_name(enum ui_fault_tab tab)
{
	static const char *const names[UI_FAULT_TABS] = {
		[UI_FAULT_VMAS] = "VMAs",     [UI_FAULT_ADDRESSES] = "addresses", [UI_FAULT_THREADS] = "threads",
		[UI_FAULT_STACKS] = "stacks", [UI_FAULT_REPEATERS] = "repeaters", [UI_FAULT_ALLOCS] = "allocations",
	};
	return names[tab];
}

#define NAMES_FROM  110 /* columns from which there is room for names and a filter */
#define NAMES_ALONE 72
#define COUNTS_FROM 150 /* and for how many rows each has */

/* " 3 threads ", with how many there are where a line is long; the number alone where there is no room. */
static const char *tab_text(const struct ui_fault_screen *f, struct ui_scratch *s, enum ui_fault_tab tab, int w)
{
	const char *name = ui_fault_tab_name(tab);
	bool room = w >= (f->filter.text[0] ? NAMES_FROM : NAMES_ALONE);
	if (!room && tab != f->tab)
		return ui_scratch_text(s, " %d ", (int)tab + 1);
	if (w < COUNTS_FROM || !f->view)
		return ui_scratch_text(s, " %d %s ", (int)tab + 1, name);
	return ui_scratch_text(s, " %d %s: %s ", (int)tab + 1, name, ui_number(s, ui_fault_total(f->view, tab)));
}

int ui_fault_tab_at(const struct ui_fault_screen *f, const struct ui_shell *shell, int x)
{
	int at = 0;
	for (int tab = 0; tab < UI_FAULT_TABS; tab++) {
		struct ui_scratch *s = &((struct ui_shell *)shell)->scratch;
		at += wg_text_width(tab_text(f, s, (enum ui_fault_tab)tab, f->tabs_at.w));
		if (x < at)
			return tab;
	}
	return -1;
}

/* What there is to know of the table that is shown, flush right. */
static const char *about(const struct ui_fault_screen *f, struct ui_scratch *s)
{
	if (f->filter.error[0])
		return "bad pattern: the last good one holds ";
	if (f->filter.text[0])
		return ui_scratch_text(s, "%zu found by /%s/ ",
				       f->tab == UI_FAULT_STACKS ? f->stacks.tree.stacks : ui_fault_shown(f),
				       ui_printable(s, f->filter.text));
	if (f->tab == UI_FAULT_ADDRESSES && f->view && f->view->addresses_left_out)
		return ui_scratch_text(s, "and %s faults at pages forgotten ",
				       ui_number(s, f->view->addresses_left_out));
	if (f->tab == UI_FAULT_STACKS)
		return f->stacks.way == UI_FAULT_CALLEES ? "who grew RSS, not who leaked "
							 : "from what faulted to who called it ";
	return "";
}

void ui_fault_draw_tabs(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	int x = 0;
	f->tabs_at = line;
	wg_fill(c, line, ' ', WG_STYLE(WG_TEXT, WG_BAR));
	for (int tab = 0; tab < UI_FAULT_TABS && x < line.w; tab++) {
		bool here = (enum ui_fault_tab)tab == f->tab;
		const char *text = tab_text(f, &shell->scratch, (enum ui_fault_tab)tab, line.w);
		struct wg_style style = WG_STYLE(here ? WG_STRONG : WG_DIM, here ? WG_SELECT : WG_BAR);
		style.attrs = here && !c->can.colour ? WG_UNDERLINE : 0;
		x = wg_text_cut(c, line, x, 0, line.w - x, text, WG_CUT_END, style);
	}
	const char *text = about(f, &shell->scratch);
	int w = wg_text_width(text);
	if (w && x + 2 + w <= line.w)
		wg_text(c, line, line.w - w, 0, text, WG_STYLE(f->filter.error[0] ? WG_BAD : WG_ACCENT, WG_BAR));
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static struct wg_table_cell number_cell(struct ui_scratch *s, uint64_t n)
{
	return ui_cell_number(s, (struct pt_maybe){n, true});
}

static struct wg_table_cell rate_cell(struct ui_scratch *s, double per_s)
{
	if (per_s <= 0)
		return (struct wg_table_cell){UI_DOT, WG_DIM};
	if (per_s < 0.95)
		return (struct wg_table_cell){ui_scratch_text(s, "%.1f", per_s), WG_TEXT};
	return number_cell(s, (uint64_t)(per_s + 0.5));
}

static struct wg_table_cell time_cell(struct ui_scratch *s, uint64_t ns)
{
	char text[24];
	return (struct wg_table_cell){ui_scratch_text(s, "%s", pt_text_ns(ns, text, sizeof text)), WG_TEXT};
}

/* The row of faults whose VMA was not known. */
static bool nowhere(const struct ui_fault_line *l, enum ui_fault_tab tab)
{
	return tab == UI_FAULT_VMAS && !l->address;
}

/* Of an address that no VMA holds any more nothing is known. */
static struct wg_table_cell role_cell(struct ui_scratch *s, const struct ui_fault_line *l, enum ui_fault_tab tab)
{
	struct pt_vma made = {.role = l->role, .path = ""};
	char words[96];
	if (nowhere(l, tab))
		return (struct wg_table_cell){"", WG_DIM};
	if (!l->vma && tab != UI_FAULT_VMAS)
		return (struct wg_table_cell){"not mapped now", WG_DIM};
	return (struct wg_table_cell){
		ui_scratch_text(s, "%s", pt_role_words(l->vma ? l->vma : &made, words, sizeof words)), WG_DIM};
}

static const char *thread_name(struct ui_scratch *s, const struct ui_fault_line *l, pid_t of)
{
	const char *name = l->name[0] ? ui_printable(s, l->name) : "(ended)";
	return l->pid == of ? name : ui_scratch_text(s, "%s, of child %d", name, (int)l->pid);
}

/* Of a cell that all tables have. */
static struct wg_table_cell count_cell(struct ui_scratch *s, const struct pt_fault_counts *counts, uint64_t born,
				       enum ui_fault_column column)
{
	switch (column) {
	case UI_FAULT_EVENTS: return number_cell(s, counts->events);
	case UI_FAULT_RATE: return rate_cell(s, counts->per_s);
	case UI_FAULT_MAJOR: return number_cell(s, counts->major);
	case UI_FAULT_SYSCALL: return number_cell(s, counts->kernel);
	case UI_FAULT_BORN: return ui_cell_bytes(s, (struct pt_maybe){born, true});
	default: return (struct wg_table_cell){NULL, WG_TEXT};
	}
}

static struct wg_table_cell line_cell(struct ui_scratch *s, const struct ui_fault_screen *f,
				      const struct ui_fault_line *l, enum ui_fault_column column)
{
	uint64_t ago = f->view->to_ns > l->last_ns ? f->view->to_ns - l->last_ns : 0;
	switch (column) {
	case UI_FAULT_EVERY: return time_cell(s, l->interval_ns);
	case UI_FAULT_TREND: return (struct wg_table_cell){l->backs_off ? "backs off" : "steady", WG_DIM};
	case UI_FAULT_KIND: return (struct wg_table_cell){ui_fault_label(l->kind), WG_TEXT};
	case UI_FAULT_CAUSE:
		return (struct wg_table_cell){pt_repeat_cause_name(l->cause), l->cause ? WG_ACCENT : WG_UNKNOWN};
	case UI_FAULT_AGO: return ago < 50000000 ? (struct wg_table_cell){"now", WG_TEXT} : time_cell(s, ago);
	case UI_FAULT_TID: return (struct wg_table_cell){ui_scratch_text(s, "%d", (int)l->tid), WG_TEXT};
	case UI_FAULT_CPU: return (struct wg_table_cell){ui_scratch_text(s, "%" PRIu32, l->cpu), WG_TEXT};
	case UI_FAULT_NODE:
		return l->node < 0 ? (struct wg_table_cell){"?", WG_UNKNOWN}
				   : (struct wg_table_cell){ui_scratch_text(s, "%d", l->node), WG_TEXT};
	case UI_FAULT_PAGES: return number_cell(s, l->alloc->pages);
	case UI_FAULT_ORDER: return (struct wg_table_cell){ui_scratch_text(s, "%u", l->alloc->order), WG_TEXT};
	case UI_FAULT_TYPE: return (struct wg_table_cell){ui_fault_type(l->alloc), WG_TEXT};
	case UI_FAULT_ZONE:
		return (struct wg_table_cell){l->alloc->zone[0] ? ui_printable(s, l->alloc->zone) : "?", WG_TEXT};
	case UI_FAULT_ADDRESS:
		if (nowhere(l, f->tab))
			return (struct wg_table_cell){"?", WG_UNKNOWN};
		return (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, l->address), WG_TEXT};
	case UI_FAULT_ROLE: return role_cell(s, l, f->tab);
	case UI_FAULT_NAME:
		if (nowhere(l, f->tab))
			return (struct wg_table_cell){"(not known where)", WG_UNKNOWN};
		return (struct wg_table_cell){f->tab == UI_FAULT_THREADS ? thread_name(s, l, f->view->pid)
									 : ui_base_name(s, l->name),
					      WG_TEXT};
	default: return count_cell(s, &l->counts, l->born, column);
	}
}

/* ---- nodes of the tree ------------------------------------------------------------------------------------------ */

const char *ui_fault_name_of(struct ui_scratch *s, const struct pt_fault_call *call)
{
	if (call->symbol)
		return ui_printable(s, call->symbol);
	if (call->module && call->module_offset)
		return ui_scratch_text(s, "%s+0x%" PRIx64, ui_base_name(s, call->module), call->module_offset);
	return ui_scratch_text(s, "0x%" PRIx64, call->ip);
}

/* Paths of debug files may be relative. */
static const char *file_of(struct ui_scratch *s, const struct pt_fault_call *call)
{
	const char *slash = strrchr(call->file, '/');
	const char *file = ui_printable(s, slash && slash[1] ? slash + 1 : call->file);
	return call->line > 0 ? ui_scratch_text(s, "%s:%d", file, call->line) : file;
}

const char *ui_fault_place_of(struct ui_scratch *s, const struct pt_fault_call *call)
{
	const char *module = call->module ? ui_base_name(s, call->module) : "no file: made at run time";
	if (call->file)
		return ui_scratch_text(s, "%s, %s", file_of(s, call), module);
	return call->symbol || !call->module ? module : ""; /* else it is in the name */
}

/* "  ▼ main": an arrow leads down to an only child, which stands below its parent. */
static const char *node_text(const struct ui_fault_stacks *t, struct ui_scratch *s, const struct ui_fault_node *node)
{
	static const char *const others[] = {
		[UI_FAULT_CUT] = "(the stack goes on: cut)", [UI_FAULT_NO_STACK] = "(no stack)"};
	bool open = ui_fault_is_open(&t->open, node->path);
	const char *mark = !node->n_children ? " " : !open ? "\u25b6" : node->n_children == 1 ? "\u2193" : "\u25bc";
	unsigned level = node->level < 40 ? node->level : 40;
	return ui_scratch_text(s, "%*s%s %s", (int)level * 2, "", mark,
			       node->call ? ui_fault_name_of(s, node->call) : others[node->what]);
}

static struct wg_table_cell node_cell(struct ui_scratch *s, const struct ui_fault_screen *f,
				      const struct ui_fault_node *node, enum ui_fault_column column)
{
	const struct pt_fault_call *call = node->call;
	switch (column) {
	case UI_FAULT_STILL: return ui_cell_bytes(s, (struct pt_maybe){node->still, node->still_known});
	case UI_FAULT_NAME:
		return (struct wg_table_cell){node_text(&f->stacks, s, node), node->call ? WG_TEXT : WG_UNKNOWN};
	case UI_FAULT_MODULE:
		return (struct wg_table_cell){call && call->module ? ui_base_name(s, call->module) : "", WG_DIM};
	case UI_FAULT_LINE: return (struct wg_table_cell){call && call->file ? file_of(s, call) : "", WG_DIM};
	default: return count_cell(s, &node->counts, node->born, column);
	}
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static const char *why_no_allocs(struct ui_scratch *s, int error)
{
	switch (error) {
	case -ENODATA: return "not watched: a does so, from here on; it costs the program as much again";
	case -ENOENT: return "no tracepoints here; mount -t tracefs none /sys/kernel/tracing may bring them";
	case -EACCES:
	case -EPERM: return "not permitted: tracepoints need root";
	default: return ui_scratch_text(s, "allocations cannot be watched: %s", strerror(-error));
	}
}

static const char *why_empty(const struct ui_fault_screen *f, struct ui_shell *shell)
{
	const struct pt_fault_view *v = f->view;
	struct ui_scratch *s = &shell->scratch;
	uint64_t ns = v->to_ns > v->from_ns ? v->to_ns - v->from_ns : 0;
	char text[24];
	if (shell->target.faults_source && f->tab != UI_FAULT_VMAS && f->tab != UI_FAULT_STACKS)
		return "a recording keeps faults by VMA, kind and stack alone";
	if (f->tab == UI_FAULT_ALLOCS && v->allocs_error)
		return why_no_allocs(s, v->allocs_error);
	if (f->filter.text[0] && ui_fault_total(v, f->tab))
		return "nothing is found by the filter; / changes it";
	if (f->tab == UI_FAULT_STACKS && v->stacks_error)
		return ui_scratch_text(s, "no stacks: %s", strerror(-v->stacks_error));
	if (!v->all.events && !v->children.events)
		return ui_scratch_text(s, "no faults in %s: the program touches no new memory",
				       pt_text_ns(ns, text, sizeof text));
	if (f->tab == UI_FAULT_ALLOCS)
		return "nothing was allocated for it";
	if (f->tab == UI_FAULT_REPEATERS)
		return "no page has faulted again and again";
	return "nothing of this process itself yet";
}

/* The columns of the table as they are set; how many. Which column is which goes into ids[UI_FAULT_COLUMNS]. */
static size_t set_columns(const struct ui_fault_screen *f, int w, struct wg_column *ret, enum ui_fault_column *ids)
{
	bool tree = f->tab == UI_FAULT_STACKS;
	enum ui_fault_column sort = tree ? f->stacks.sort : f->rows[f->tab].sort;
	bool ascending = tree ? f->stacks.ascending : f->rows[f->tab].ascending;
	size_t n = ui_fault_columns(f->tab, ids);
	for (size_t i = 0; i < n; i++) {
		ret[i] = columns[ids[i]];
		if (ids[i] == sort)
			ret[i].flags |= WG_COL_SORTED | (ascending ? 0 : WG_COL_DESCENDING);
		if (ids[i] == UI_FAULT_KINDS && w > 120)
			ret[i].width += (w - 120) / 4;
		if (ids[i] == UI_FAULT_KIND && f->tab == UI_FAULT_ADDRESSES)
			ret[i].title = "LAST WAS";
		if (f->tab == UI_FAULT_ALLOCS && ids[i] == UI_FAULT_EVENTS)
			ret[i].title = "ALLOCS";
		if (f->tab == UI_FAULT_ALLOCS && ids[i] == UI_FAULT_NAME)
			ret[i].title = "FLAGS";
		if (ids[i] == UI_FAULT_NAME && tree) {
			ret[i].title = f->stacks.way == UI_FAULT_CALLEES ? "CALLS, OUTERMOST FIRST" : "CALLERS";
			ret[i].width = 24;
		}
		if (ids[i] == UI_FAULT_MODULE && w > 150)
			ret[i].width += 12;
	}
	return n;
}

static uint64_t most_of(const struct ui_fault_screen *f)
{
	uint64_t most = 0;
	if (f->tab == UI_FAULT_STACKS)
		return f->stacks.tree.n ? f->stacks.tree.v[0].counts.events : 0;
	for (size_t i = 0; i < f->rows[f->tab].n; i++) {
		struct ui_fault_line l;
		ui_fault_line(f->view, NULL, f->tab, f->rows[f->tab].v[i].i, &l);
		most = l.counts.events > most ? l.counts.events : most;
	}
	return most;
}

struct fill {
	const struct ui_fault_screen *f;
	struct ui_shell *shell;
	const enum ui_fault_column *ids;
	size_t n;
	uint64_t most;
	int bar; /* cells */
};

static void set_strip(const struct fill *fill, const struct pt_fault_counts *counts, struct wg_table_row *ret)
{
	size_t n = fill->bar > 0 ? (size_t)fill->bar : 0;
	struct wg_heat_cell *strip = n ? ui_scratch_array(&fill->shell->scratch, n, sizeof *strip) : NULL;
	if (!strip)
		return;
	ui_fault_strip(counts, fill->most, strip, fill->bar);
	ret->strip = strip;
	ret->strip_n = fill->bar;
}

static void fill_row(const struct fill *fill, size_t row, struct wg_table_row *ret)
{
	const struct ui_fault_screen *f = fill->f;
	struct ui_scratch *s = &fill->shell->scratch;
	const struct pt_snapshot *now = fill->shell->target.now;
	struct wg_table_cell *cells = ui_scratch_array(s, UI_FAULT_COLUMNS, sizeof *cells);
	bool tree = f->tab == UI_FAULT_STACKS;
	const struct ui_fault_node *node = tree ? &f->stacks.tree.v[f->stacks.rows[row]] : NULL;
	struct ui_fault_line line;
	if (!cells)
		return;
	if (!tree)
		ui_fault_line(f->view, now ? now->vmas : NULL, f->tab, f->rows[f->tab].v[row].i, &line);
	for (size_t i = 0; i < fill->n; i++)
		cells[i] = tree ? node_cell(s, f, node, fill->ids[i]) : line_cell(s, f, &line, fill->ids[i]);
	ret->cells = cells;
	set_strip(fill, tree ? &node->counts : &line.counts, ret);
}

static void scroll(size_t at, size_t all, size_t height, size_t *top)
{
	if (at < *top)
		*top = at;
	if (at >= *top + height)
		*top = at - height + 1;
	if (*top + height > all)
		*top = all > height ? all - height : 0;
}

void ui_fault_draw_table(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_column cols[UI_FAULT_COLUMNS];
	enum ui_fault_column ids[UI_FAULT_COLUMNS];
	int widths[UI_FAULT_COLUMNS] = {0};
	size_t height = rect.h > 1 ? (size_t)rect.h - 1 : 1, all = ui_fault_shown(f), at = ui_fault_at(f);
	size_t *top = &f->top[f->tab];
	scroll(at, all, height, top);
	size_t n = all - *top < height ? all - *top : height;
	struct wg_table_row *rows = ui_scratch_array(&shell->scratch, n + 1, sizeof *rows);
	if (!rows)
		return;
	struct wg_table table = {.columns = cols,
				 .n_columns = set_columns(f, rect.w, cols, ids),
				 .rows = rows,
				 .n_rows = n,
				 .total = all,
				 .top = *top,
				 .selected = n ? (int)(at - *top) : -1,
				 .empty = why_empty(f, shell)};
	struct fill fill = {f, shell, ids, table.n_columns, most_of(f), 0};
	wg_table_layout(&table, rect.w, widths);
	for (size_t i = 0; i < table.n_columns; i++)
		if (ids[i] == UI_FAULT_KINDS)
			fill.bar = widths[i];
	for (size_t i = 0; i < n; i++)
		fill_row(&fill, *top + i, &rows[i]);
	wg_draw_table(c, rect, &table);
}

enum ui_fault_column ui_fault_heading_at(const struct ui_fault_screen *f, int x)
{
	struct wg_column cols[UI_FAULT_COLUMNS];
	enum ui_fault_column ids[UI_FAULT_COLUMNS];
	struct wg_table table = {.columns = cols, .n_columns = set_columns(f, f->table_at.w, cols, ids)};
	int i = wg_table_column_at(&table, f->table_at.w, x);
	return i < 0 ? UI_FAULT_COLUMNS : ids[i];
}
