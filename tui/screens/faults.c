/*
 * The fault screen: who faults, where, how often and why. State and keys; what is drawn is in faulthead.c, faulttable.c
 * and faultpane.c. The watch is the shell's (tui/faults.h): it begins when this screen is first opened and goes on when
 * it is left.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/screens/faultview.h"
#include "tui/screens/screens.h"

#define LEAD 2 /* rows of the tree above what is selected at first */

struct faults {
	struct ui_screen screen;
	struct ui_fault_screen view;
};

static struct ui_fault_screen *self(struct ui_screen *screen)
{
	return &((struct faults *)screen)->view;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

size_t ui_fault_shown(const struct ui_fault_screen *f)
{
	return f->tab == UI_FAULT_STACKS ? f->stacks.n : f->rows[f->tab].n;
}

size_t ui_fault_at(const struct ui_fault_screen *f)
{
	return f->tab == UI_FAULT_STACKS ? f->stacks.at : f->rows[f->tab].at;
}

static const struct pt_vma_table *vmas_of(const struct ui_shell *shell)
{
	return shell->target.now ? shell->target.now->vmas : NULL;
}

/* The calls of the newest fault in a VMA, of those addresses that are known one by one. */
static pt_stack_id newest_in(const struct pt_fault_view *v, const struct pt_fault_vma_row *vma)
{
	const struct pt_fault_address_row *best = NULL;
	for (size_t i = 0; i < v->n_addresses; i++) {
		const struct pt_fault_address_row *row = &v->addresses[i];
		bool inside = row->address >= vma->start && row->address < vma->end;
		if (inside && row->stack && (!best || row->last_ns > best->last_ns))
			best = row;
	}
	return best ? best->stack : 0;
}

bool ui_fault_selected(const struct ui_fault_screen *f, const struct ui_shell *shell, struct ui_fault_line *ret)
{
	const struct ui_fault_rows *r = &f->rows[f->tab];
	if (f->tab == UI_FAULT_STACKS || !f->view || r->at >= r->n)
		return false;
	size_t row = r->v[r->at].i;
	ui_fault_line(f->view, vmas_of(shell), f->tab, row, ret);
	if (f->tab == UI_FAULT_VMAS)
		ret->stack = newest_in(f->view, &f->view->vmas[row]);
	return true;
}

const struct ui_fault_node *ui_fault_selected_node(const struct ui_fault_screen *f)
{
	const struct ui_fault_stacks *s = &f->stacks;
	return f->tab == UI_FAULT_STACKS && s->at < s->n ? &s->tree.v[s->rows[s->at]] : NULL;
}

/* ---- the tree --------------------------------------------------------------------------------------------------- */

static void select_node(struct ui_fault_stacks *s, int64_t row)
{
	if (!s->n)
		return;
	s->at = row < 0 ? 0 : row >= (int64_t)s->n ? s->n - 1 : (size_t)row;
	s->selected = s->tree.v[s->rows[s->at]].path;
	s->touched = true;
}

/* The first row where stacks part: what nearly all of them begin with says nothing. */
static size_t first_branch(const struct ui_fault_stacks *s)
{
	size_t at = 0;
	while (at + 1 < s->n) {
		const struct ui_fault_node *node = &s->tree.v[s->rows[at]], *next = &s->tree.v[s->rows[at + 1]];
		bool below = next->parent == s->rows[at];
		if (!below || (double)next->counts.events < 0.95 * (double)node->counts.events)
			break;
		at++;
	}
	return at;
}

/* The rows anew, once nodes were opened or closed. What was selected stays so, or its parent that shows. */
static void list_nodes(struct ui_fault_stacks *s)
{
	uint32_t *rows = realloc(s->rows, (s->tree.n + 1) * sizeof *rows);
	s->n = 0;
	if (!rows)
		return;
	s->rows = rows;
	s->n = ui_fault_tree_rows(&s->tree, &s->open, rows);
	uint32_t node = s->touched ? ui_fault_tree_find(&s->tree, s->selected) : 0;
	for (; node; node = s->tree.v[node].parent)
		for (size_t i = 0; i < s->n; i++)
			if (rows[i] == node) {
				s->at = i;
				s->selected = s->tree.v[node].path;
				return;
			}
	if (!s->touched)
		s->at = first_branch(s);
	if (s->at >= s->n)
		s->at = s->n ? s->n - 1 : 0;
}

static enum ui_fault_weight weight_of(enum ui_fault_column column)
{
	switch (column) {
	case UI_FAULT_RATE: return UI_FAULT_BY_RATE;
	case UI_FAULT_BORN: return UI_FAULT_BY_BORN;
	case UI_FAULT_STILL: return UI_FAULT_BY_STILL;
	case UI_FAULT_NAME: return UI_FAULT_BY_NAME;
	default: return UI_FAULT_BY_EVENTS;
	}
}

/* While nobody has moved in it, the stack that weighs most is open, all of it. */
static void update_tree(struct ui_fault_screen *f)
{
	struct ui_fault_stacks *s = &f->stacks;
	struct ui_fault_tree before = s->tree;
	s->tree = (struct ui_fault_tree){0};
	if (ui_fault_tree_build(&s->tree, f->view->stacks, f->view->n_stacks, s->way, ui_fault_stack_found,
				&f->filter) < 0) {
		ui_fault_tree_free(&before);
		s->n = 0;
		return;
	}
	ui_fault_tree_sort(&s->tree, weight_of(s->sort), s->ascending);
	if (s->touched && !s->resort)
		ui_fault_tree_sort_like(&s->tree, &before);
	if (!s->touched) {
		s->open.n = 0;
		ui_fault_open_first(&s->open, &s->tree, s->tree.v[0].child);
	}
	s->resort = false;
	ui_fault_tree_free(&before);
	list_nodes(s);
	if (!s->touched)
		f->top[UI_FAULT_STACKS] = s->at > LEAD ? s->at - LEAD : 0;
}

/* Opens or closes the selected node. */
static void set_open(struct ui_fault_stacks *s, bool opens, bool all)
{
	if (s->at >= s->n)
		return;
	uint32_t node = s->rows[s->at];
	select_node(s, (int64_t)s->at);
	if (opens && all)
		ui_fault_open_all(&s->open, &s->tree, node);
	else if (opens)
		ui_fault_open_node(&s->open, &s->tree, node);
	else
		ui_fault_close_all(&s->open, &s->tree, node);
	list_nodes(s);
}

static bool is_open(const struct ui_fault_stacks *s)
{
	return s->at < s->n && ui_fault_is_open(&s->open, s->tree.v[s->rows[s->at]].path);
}

/* To the right: opens it, then to its first child. To the left: closes it, then to its parent. */
static void go_right(struct ui_fault_stacks *s)
{
	if (s->at >= s->n || !s->tree.v[s->rows[s->at]].n_children)
		return;
	if (is_open(s))
		select_node(s, (int64_t)s->at + 1);
	else
		set_open(s, true, false);
}

static void go_left(struct ui_fault_stacks *s)
{
	if (s->at >= s->n)
		return;
	uint32_t parent = s->tree.v[s->rows[s->at]].parent;
	if (is_open(s)) {
		set_open(s, false, false);
		return;
	}
	for (size_t i = 0; parent && i < s->n; i++)
		if (s->rows[i] == parent)
			select_node(s, (int64_t)i);
}

/* ---- following the views ---------------------------------------------------------------------------------------- */

static void make_rows(struct ui_fault_screen *f, struct ui_shell *shell)
{
	if (!f->view) {
		ui_fault_tree_free(&f->stacks.tree); /* its calls are of the view that was */
		f->stacks.n = 0;
		for (int tab = 0; tab < UI_FAULT_TABS; tab++)
			f->rows[tab].n = 0;
		return;
	}
	for (int tab = 0; tab < UI_FAULT_TABS; tab++)
		if (tab != UI_FAULT_STACKS)
			ui_fault_rows_update(&f->rows[tab], f->view, vmas_of(shell), &f->filter);
	update_tree(f);
	f->filter_seen = f->filter.version;
	shell->dirty = true;
}

static struct ui_fault_want want_of(const struct ui_fault_screen *f, const struct ui_shell *shell)
{
	struct ui_fault_line line;
	return (struct ui_fault_want){.stack = ui_fault_selected(f, shell, &line) ? line.stack : 0};
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct ui_fault_screen *f = self(screen);
	struct pt_fault_view *newest = shell->faults.view;
	if (newest != f->view) {
		pt_fault_view_unref(f->view);
		f->view = newest ? pt_fault_view_ref(newest) : NULL;
		make_rows(f, shell);
	} else if (f->filter_seen != f->filter.version) {
		make_rows(f, shell);
	}
	f->want = want_of(f, shell);
	if (f->want.stack)
		ui_faults_ask(shell, &f->want);
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	if (!shell->faults.was_on)
		ui_faults_start(shell);
	update(screen, shell);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static void draw_nothing(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect, const char *why)
{
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	struct wg_paragraph text = {why, shell->faults.state == UI_FAULTS_FAILED ? WG_WARN : WG_TEXT, 0};
	if (inside.w > 0)
		wg_draw_text(c, inside, &text, 1, 0);
}

/* Lines of the table. A tree gets all there are: what is below it is to stand still while nodes open and close. */
static int rows_wanted(const struct ui_fault_screen *f, int h)
{
	size_t n = ui_fault_shown(f) + 1;
	return f->tab != UI_FAULT_STACKS && n < (size_t)h ? (int)n : h;
}

static struct wg_rect rect_below(struct wg_rect rect, int lines, int more)
{
	return (struct wg_rect){rect.x, rect.y + lines, rect.w, rect.h - lines + more};
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_fault_screen *f = self(screen);
	const char *why = ui_fault_why_nothing(f, shell);
	f->tabs_at = f->table_at = (struct wg_rect){0};
	if (why) {
		draw_nothing(shell, c, rect, why);
		return;
	}
	int pane = ui_fault_pane_lines(f, rect.w, rect.h);
	ui_fault_draw_head(f, shell, c, &rect);
	if (rect.h >= 4)
		ui_fault_draw_tabs(f, shell, c, wg_take_top(&rect, 1));
	struct wg_rect below = wg_take_bottom(&rect, rect.h > pane + 4 ? pane : 0);
	int rows = rows_wanted(f, rect.h);
	if (below.h > 0) { /* what rows leave free is the pane's */
		below = rect_below(rect, rows, below.h);
		rect.h = rows;
	}
	f->table_at = rect;
	ui_fault_draw_table(f, shell, c, rect);
	ui_fault_draw_pane(f, shell, c, below);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void select_row(struct ui_fault_screen *f, int64_t row)
{
	if (f->tab == UI_FAULT_STACKS)
		select_node(&f->stacks, row);
	else
		ui_fault_rows_select(&f->rows[f->tab], row);
}

static void sort_by(struct ui_fault_screen *f, struct ui_shell *shell, enum ui_fault_column column, bool flip)
{
	struct ui_fault_rows *r = &f->rows[f->tab];
	bool tree = f->tab == UI_FAULT_STACKS;
	enum ui_fault_column *sort = tree ? &f->stacks.sort : &r->sort;
	bool *ascending = tree ? &f->stacks.ascending : &r->ascending;
	*ascending = flip && *sort == column ? !*ascending : ui_fault_ascends(column);
	*sort = column;
	r->resort = f->stacks.resort = true;
	make_rows(f, shell);
}

static enum ui_fault_column sorted_by(const struct ui_fault_screen *f)
{
	return f->tab == UI_FAULT_STACKS ? f->stacks.sort : f->rows[f->tab].sort;
}

/* Deeper: to the map of a VMA, the page of an address; opens or closes a node. */
static void enter(struct ui_fault_screen *f, struct ui_shell *shell)
{
	struct ui_fault_line l;
	if (f->tab == UI_FAULT_STACKS) {
		set_open(&f->stacks, !is_open(&f->stacks), false);
		return;
	}
	if (!ui_fault_selected(f, shell, &l))
		return;
	if (f->tab == UI_FAULT_THREADS)
		ui_shell_say(shell, WG_DIM, "a thread leads no deeper; 4 shows by which calls memory is touched");
	else if (f->tab == UI_FAULT_ALLOCS)
		ui_shell_say(shell, WG_DIM, "an allocation leads no deeper");
	else if (f->tab != UI_FAULT_VMAS)
		ui_shell_push(shell, ui_page_new(shell, l.address));
	else if (l.vma)
		ui_shell_push(shell, ui_map_new(shell, l.vma->start, l.vma->end, l.vma->start, PT_LAYER_KIND));
	else
		ui_shell_say(shell, WG_WARN,
			     l.address ? "this VMA is not there any more" : "where these were is not known");
}

static void turn(struct ui_fault_screen *f, struct ui_shell *shell)
{
	struct ui_fault_stacks *s = &f->stacks;
	f->tab = UI_FAULT_STACKS;
	s->way = s->way == UI_FAULT_CALLEES ? UI_FAULT_CALLERS : UI_FAULT_CALLEES;
	s->touched = false;
	make_rows(f, shell);
}

/* Of a recording nothing can be; that is said. */
static bool can_watch(struct ui_shell *shell)
{
	if (shell->target.faults_source)
		ui_shell_say(shell, WG_DIM, "a recording: its faults are those that were watched then");
	return shell->target.faults && !shell->target.faults_source;
}

/* Anew, since what was counted would be of another length than what is counted from here on. */
static void allocations(struct ui_fault_screen *f, struct ui_shell *shell)
{
	if (!can_watch(shell))
		return;
	shell->faults.allocs = !shell->faults.allocs;
	f->tab = shell->faults.allocs ? UI_FAULT_ALLOCS : f->tab;
	ui_faults_stop(shell);
	ui_faults_start(shell);
}

static void watch_or_not(struct ui_shell *shell)
{
	enum ui_faults_state state = shell->faults.state;
	if (!can_watch(shell))
		return;
	if (state == UI_FAULTS_OFF || state == UI_FAULTS_FAILED) {
		ui_faults_start(shell);
		return;
	}
	ui_faults_stop(shell);
	ui_shell_say(shell, WG_TEXT, "faults are watched no more, which costs the program nothing now; o begins anew");
}

static bool move(struct ui_fault_screen *f, enum ui_action action)
{
	int64_t at = (int64_t)ui_fault_at(f), page = f->table_at.h > 2 ? f->table_at.h - 1 : 1;
	switch (action) {
	case UI_DO_UP: select_row(f, at - 1); return true;
	case UI_DO_DOWN: select_row(f, at + 1); return true;
	case UI_DO_PAGE_UP: select_row(f, at - page); return true;
	case UI_DO_PAGE_DOWN: select_row(f, at + page); return true;
	case UI_DO_FIRST: select_row(f, 0); return true;
	case UI_DO_LAST: select_row(f, (int64_t)ui_fault_shown(f) - 1); return true;
	default: return false;
	}
}

static bool act_on_tree(struct ui_fault_screen *f, enum ui_action action)
{
	if (f->tab != UI_FAULT_STACKS)
		return false;
	switch (action) {
	case UI_DO_LEFT: go_left(&f->stacks); return true;
	case UI_DO_RIGHT: go_right(&f->stacks); return true;
	case UI_DO_ZOOM_IN: set_open(&f->stacks, true, true); return true;
	case UI_DO_ZOOM_OUT: set_open(&f->stacks, false, true); return true;
	default: return false;
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct ui_fault_screen *f = self(screen);
	switch (action) {
	case UI_DO_ENTER: enter(f, shell); return true;
	case UI_DO_FOCUS: f->tab = (f->tab + 1) % UI_FAULT_TABS; return true;
	case UI_DO_LAYER_DIGIT:
		if (key - '1' < UI_FAULT_TABS)
			f->tab = (enum ui_fault_tab)(key - '1');
		return true;
	case UI_DO_CALLERS: turn(f, shell); return true;
	case UI_DO_ALLOCATIONS: allocations(f, shell); return true;
	case UI_DO_WATCH: watch_or_not(shell); return true;
	case UI_DO_SORT: sort_by(f, shell, ui_fault_next_sort(f->tab, sorted_by(f)), false); return true;
	case UI_DO_SORT_REVERSE: sort_by(f, shell, sorted_by(f), true); return true;
	case UI_DO_REFRESH:
		for (int tab = 0; tab < UI_FAULT_TABS; tab++)
			f->rows[tab].resort = true;
		f->stacks.resort = true;
		make_rows(f, shell);
		return true;
	default: return act_on_tree(f, action) || move(f, action);
	}
}

/* ---- mouse ------------------------------------------------------------------------------------------------------ */

static void click_table(struct ui_fault_screen *f, struct ui_shell *shell, const struct ui_event *event)
{
	int64_t row = (int64_t)f->top[f->tab] + event->y - f->table_at.y - 1;
	if (event->y == f->table_at.y) {
		enum ui_fault_column column = ui_fault_heading_at(f, event->x - f->table_at.x);
		if (ui_fault_sorts(column))
			sort_by(f, shell, column, true);
		return;
	}
	if (row >= (int64_t)ui_fault_shown(f))
		return;
	bool again = row == (int64_t)ui_fault_at(f) &&
		     (f->tab == UI_FAULT_STACKS ? f->stacks.touched : f->rows[f->tab].touched);
	select_row(f, row);
	if (again)
		enter(f, shell);
}

static bool inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_fault_screen *f = self(screen);
	int64_t at = (int64_t)ui_fault_at(f);
	if (event->mouse == UI_MOUSE_WHEEL_UP)
		select_row(f, at - 3);
	else if (event->mouse == UI_MOUSE_WHEEL_DOWN)
		select_row(f, at + 3);
	if (event->mouse != UI_MOUSE_PRESS)
		return;
	int tab = inside(f->tabs_at, event) ? ui_fault_tab_at(f, shell, event->x - f->tabs_at.x) : -1;
	if (tab >= 0)
		f->tab = (enum ui_fault_tab)tab;
	else if (inside(f->table_at, event))
		click_table(f, shell, event);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_FAULTS;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	(void)shell;
	return "page faults";
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	const struct ui_fault_screen *f = &((const struct faults *)screen)->view;
	struct ui_fault_line l;
	if (!ui_fault_selected(f, shell, &l) || !l.vma)
		return;
	ret->start = l.vma->start;
	ret->end = l.vma->end;
	ret->is_page = f->tab != UI_FAULT_VMAS;
	ret->page = l.address;
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	return &self(screen)->filter;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct ui_fault_screen *f = self(screen);
	(void)wait_ms;
	pt_fault_view_unref(f->view);
	for (int tab = 0; tab < UI_FAULT_TABS; tab++)
		ui_fault_rows_free(&f->rows[tab]);
	ui_fault_tree_free(&f->stacks.tree);
	ui_fault_open_free(&f->stacks.open);
	free(f->stacks.rows);
	ui_filter_free(&f->filter);
	free(screen);
}

struct ui_screen *ui_faults_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .filter = filter,
						 .free = free_screen};
	struct faults *faults = calloc(1, sizeof *faults);
	(void)shell;
	if (!faults)
		return NULL;
	faults->screen.ops = &ops;
	for (int tab = 0; tab < UI_FAULT_TABS; tab++) {
		faults->view.rows[tab].tab = (enum ui_fault_tab)tab;
		faults->view.rows[tab].sort = UI_FAULT_EVENTS;
	}
	faults->view.stacks.sort = UI_FAULT_EVENTS;
	return &faults->screen;
}
