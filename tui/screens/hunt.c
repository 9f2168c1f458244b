/*
 * The hunt screen: which objects of the heap nothing points to any more, what they are, what hangs on what, who allocated
 * them, and how the heap stands against the pages it takes. State and keys; what is drawn is in hunthead.c, hunttable.c and
 * huntpane.c. The hunt is the shell's (tui/hunt.h): it begins when this screen is first opened.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/screens/huntview.h"
#include "tui/screens/screens.h"

#define SITES_NS 10000000000u
#define FEWEST   5 /* lines of a table: with fewer it would seem lost */

struct hunt {
	struct ui_screen screen;
	struct ui_hunt_screen view;
};

static struct ui_hunt_screen *self(struct ui_screen *screen)
{
	return &((struct hunt *)screen)->view;
}

/* ---- following the views ---------------------------------------------------------------------------------------- */

static void make_rows(struct ui_hunt_screen *h, struct ui_shell *shell)
{
	ui_hunt_rows_make(h);
	shell->dirty = true;
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct ui_hunt_screen *h = self(screen);
	struct pt_hunt_view *newest = shell->hunt.view;
	if (newest != h->view) {
		pt_hunt_view_unref(h->view);
		h->view = newest ? pt_hunt_view_ref(newest) : NULL;
		h->only = UI_HUNT_ALL; /* its numbers are of the view that was */
		ui_hunt_kinds_make(h);
		make_rows(h, shell);
	} else if (h->filter_seen != h->filter.version) {
		make_rows(h, shell);
	}
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	if (!shell->hunt.was_on)
		ui_hunt_start(shell, &(struct pt_hunt_options){0});
	update(screen, shell);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static void draw_nothing(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect, const char *why)
{
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	struct wg_paragraph text = {why, shell->hunt.state == UI_HUNT_FAILED ? WG_WARN : WG_TEXT, 0};
	if (inside.w > 0)
		wg_draw_text(c, inside, &text, 1, 0);
}

static void draw_no_verdict(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect, const char *why)
{
	struct wg_paragraph text = {why, WG_TEXT, 0};
	struct wg_canvas none = {.can = c->can};
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	int lines = inside.w > 0 ? wg_draw_text(&none, (struct wg_rect){0, 0, inside.w, 0}, &text, 1, 0) : 0;
	if (inside.w > 0)
		wg_draw_text(c, (struct wg_rect){inside.x, inside.y, inside.w, lines < rect.h ? lines : rect.h}, &text,
			     1, 0);
	wg_take_top(&rect, lines + 1);
	ui_hunt_draw_growth(shell, c, rect);
}

static void draw_tables(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	int pane = ui_hunt_pane_lines(h, rect.h);
	if (rect.h >= 4)
		ui_hunt_draw_tabs(h, shell, c, wg_take_top(&rect, 1));
	if (h->tab == UI_HUNT_HEAP) {
		ui_hunt_draw_heap(shell, c, rect);
		return;
	}
	int rows = rect.h - pane, need = (int)(h->rows[h->tab].n < 1000 ? h->rows[h->tab].n : 1000) + 1;
	bool few = pane && need >= FEWEST && need < rows;
	ui_hunt_draw_table(h, shell, c, wg_take_top(&rect, few ? need : rows));
	ui_hunt_draw_pane(h, shell, c, rect); /* what rows leave free is the pane's */
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_hunt_screen *h = self(screen);
	const char *nothing = ui_hunt_why_nothing(shell), *no_verdict = ui_hunt_why_no_verdict(shell);
	h->tabs_at = h->table_at = (struct wg_rect){0};
	if (nothing) {
		draw_nothing(shell, c, rect, nothing);
		return;
	}
	ui_hunt_draw_progress(shell, c, wg_take_top(&rect, ui_hunt_progress_lines(shell)));
	if (!h->view)
		return;
	ui_hunt_draw_head(shell, c, &rect);
	if (no_verdict)
		draw_no_verdict(shell, c, rect, no_verdict);
	else
		draw_tables(h, shell, c, rect);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static bool can_hunt(struct ui_shell *shell)
{
	if (!shell->target.hunt)
		ui_shell_say(shell, WG_DIM, "a recording has no contents: nothing can be hunted in it");
	else if (shell->target.status.state == PT_FEED_ENDED)
		ui_shell_say(shell, WG_WARN, "the process has ended");
	return shell->target.hunt && shell->target.status.state != PT_FEED_ENDED;
}

static void hunt(struct ui_shell *shell, uint64_t sites_ns)
{
	if (can_hunt(shell))
		ui_hunt_start(shell, &(struct pt_hunt_options){.sites_ns = sites_ns});
}

static void sites(struct ui_hunt_screen *h, struct ui_shell *shell)
{
	h->tab = UI_HUNT_SITES;
	hunt(shell, SITES_NS);
}

static void show_objects(struct ui_hunt_screen *h, struct ui_shell *shell, enum ui_hunt_only only, size_t i)
{
	h->only = only;
	h->only_index = (uint32_t)i;
	h->tab = UI_HUNT_OBJECTS;
	h->rows[UI_HUNT_OBJECTS].at = h->rows[UI_HUNT_OBJECTS].top = 0;
	make_rows(h, shell);
}

/* The VMA with most leaked pages, else the heap's, in the layer of the heap. */
static void open_map(struct ui_shell *shell)
{
	const struct pt_snapshot *now = shell->target.now;
	const struct ui_hunt *h = &shell->hunt;
	uint64_t most = 0, pages = 0;
	size_t best = 0, last = SIZE_MAX;
	if (!now || !now->vmas->n)
		return;
	for (size_t i = 0; i < h->n_pages; i++) {
		size_t vma = pt_vma_find(now->vmas, h->pages[i].address);
		pages = vma == last ? pages : 0;
		last = vma;
		pages += h->pages[i].kind == PT_HEAP_PAGE_LEAKED || h->pages[i].kind == PT_HEAP_PAGE_MIXED ? 1000 : 1;
		if (vma < now->vmas->n && pages > most) {
			most = pages;
			best = vma;
		}
	}
	if (!most) {
		ui_shell_say(shell, WG_DIM, "which pages are the heap's is not known");
		return;
	}
	const struct pt_vma *v = &now->vmas->v[best];
	ui_shell_push(shell, ui_map_new(shell, v->start, v->end, v->start, PT_LAYER_HEAP));
}

static void enter(struct ui_hunt_screen *h, struct ui_shell *shell)
{
	size_t i;
	if (h->tab == UI_HUNT_HEAP) {
		open_map(shell);
		return;
	}
	if (!ui_hunt_selected(h, &i))
		return;
	switch (h->tab) {
	case UI_HUNT_LEAKS: show_objects(h, shell, UI_HUNT_OF_KIND, i); break;
	case UI_HUNT_GROUPS: show_objects(h, shell, UI_HUNT_OF_GROUP, i); break;
	case UI_HUNT_OBJECTS: ui_shell_push(shell, ui_object_new(shell, h->view->objects[i].address)); break;
	default: ui_shell_say(shell, WG_DIM, "a call site leads no deeper; its stack is below"); break;
	}
}

/* The object that a row is about. */
static bool object_of(const struct ui_hunt_screen *h, uint64_t *ret)
{
	const struct pt_hunt_view *v = h->view;
	size_t i, object;
	if (!ui_hunt_selected(h, &i))
		return false;
	switch (h->tab) {
	case UI_HUNT_LEAKS: object = v->leaks[h->kinds[i].leak].root; break;
	case UI_HUNT_GROUPS: object = v->groups[i].example; break;
	case UI_HUNT_OBJECTS: object = i; break;
	default: return false;
	}
	*ret = object < v->n_objects ? v->objects[object].address : 0;
	return object < v->n_objects;
}

static void open_page(const struct ui_hunt_screen *h, struct ui_shell *shell)
{
	uint64_t address;
	if (object_of(h, &address))
		ui_shell_push(shell, ui_page_new(shell, address));
}

/* Esc: no more hunting, then all objects again, then back. */
static bool back(struct ui_hunt_screen *h, struct ui_shell *shell)
{
	if (ui_hunt_busy(&shell->hunt)) {
		ui_hunt_cancel(shell);
		ui_shell_say(shell, WG_TEXT, "cancelled; no thread of the program is left stopped");
		return true;
	}
	if (h->tab != UI_HUNT_OBJECTS || !h->only)
		return false;
	h->tab = h->only == UI_HUNT_OF_KIND ? UI_HUNT_LEAKS : UI_HUNT_GROUPS;
	h->only = UI_HUNT_ALL;
	make_rows(h, shell);
	return true;
}

static void sort_by(struct ui_hunt_screen *h, struct ui_shell *shell, enum ui_hunt_column column, bool flip)
{
	struct ui_hunt_rows *r = &h->rows[h->tab];
	bool addresses = column == UI_HUNT_ADDRESS || column == UI_HUNT_ROOT || column == UI_HUNT_TIER;
	if (h->tab == UI_HUNT_HEAP)
		return;
	r->ascending = flip && r->sort == column ? !r->ascending : addresses;
	r->sort = column;
	r->at = r->top = 0;
	make_rows(h, shell);
}

static void select_row(struct ui_hunt_screen *h, int64_t row)
{
	struct ui_hunt_rows *r = &h->rows[h->tab];
	int64_t last = (int64_t)r->n - 1;
	row = row > last ? last : row;
	r->at = row < 0 ? 0 : (size_t)row;
}

static bool move(struct ui_hunt_screen *h, enum ui_action action)
{
	int64_t at = (int64_t)h->rows[h->tab].at, page = h->table_at.h > 2 ? h->table_at.h - 1 : 1;
	switch (action) {
	case UI_DO_UP: select_row(h, at - 1); return true;
	case UI_DO_DOWN: select_row(h, at + 1); return true;
	case UI_DO_PAGE_UP: select_row(h, at - page); return true;
	case UI_DO_PAGE_DOWN: select_row(h, at + page); return true;
	case UI_DO_FIRST: select_row(h, 0); return true;
	case UI_DO_LAST: select_row(h, (int64_t)h->rows[h->tab].n - 1); return true;
	default: return false;
	}
}

/* Another table: that of objects has all of them again. */
static void show_tab(struct ui_hunt_screen *h, struct ui_shell *shell, enum ui_hunt_tab tab)
{
	h->tab = tab;
	if (!h->only)
		return;
	h->only = UI_HUNT_ALL;
	make_rows(h, shell);
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct ui_hunt_screen *h = self(screen);
	switch (action) {
	case UI_DO_ENTER: enter(h, shell); return true;
	case UI_DO_FOCUS: show_tab(h, shell, (h->tab + 1) % UI_HUNT_TABS); return true;
	case UI_DO_LAYER_DIGIT:
		if (key - '1' < UI_HUNT_TABS)
			show_tab(h, shell, (enum ui_hunt_tab)(key - '1'));
		return true;
	case UI_DO_AGAIN: hunt(shell, 0); return true;
	case UI_DO_SITES: sites(h, shell); return true;
	case UI_DO_PAGE: open_page(h, shell); return true;
	case UI_DO_SORT: sort_by(h, shell, ui_hunt_next_sort(h->tab, h->rows[h->tab].sort), false); return true;
	case UI_DO_SORT_REVERSE: sort_by(h, shell, h->rows[h->tab].sort, true); return true;
	case UI_DO_BACK: return back(h, shell);
	default: return move(h, action);
	}
}

/* ---- mouse ------------------------------------------------------------------------------------------------------ */

static void click_table(struct ui_hunt_screen *h, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_hunt_rows *r = &h->rows[h->tab];
	int64_t row = (int64_t)r->top + event->y - h->table_at.y - 1;
	if (event->y == h->table_at.y) {
		enum ui_hunt_column column = ui_hunt_heading_at(h, event->x - h->table_at.x);
		if (ui_hunt_sorts(column))
			sort_by(h, shell, column, true);
		return;
	}
	if (row >= (int64_t)r->n)
		return;
	bool again = row == (int64_t)r->at;
	select_row(h, row);
	if (again)
		enter(h, shell);
}

static bool inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_hunt_screen *h = self(screen);
	int64_t at = (int64_t)h->rows[h->tab].at;
	if (event->mouse == UI_MOUSE_WHEEL_UP)
		select_row(h, at - 3);
	else if (event->mouse == UI_MOUSE_WHEEL_DOWN)
		select_row(h, at + 3);
	else if (event->mouse != UI_MOUSE_PRESS)
		return;
	else if (inside(h->tabs_at, event)) {
		int tab = ui_hunt_tab_at(h, shell, event->x - h->tabs_at.x);
		if (tab >= 0)
			show_tab(h, shell, (enum ui_hunt_tab)tab);
	} else if (inside(h->table_at, event)) {
		click_table(h, shell, event);
	}
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_HUNT;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	(void)shell;
	return "hunt";
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	return &self(screen)->filter;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct ui_hunt_screen *h = self(screen);
	(void)wait_ms;
	pt_hunt_view_unref(h->view);
	ui_hunt_rows_free(h);
	ui_filter_free(&h->filter);
	free(screen);
}

struct ui_screen *ui_hunt_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .act = act,
						 .mouse = mouse,
						 .filter = filter,
						 .free = free_screen};
	struct hunt *h = calloc(1, sizeof *h);
	(void)shell;
	if (!h)
		return NULL;
	h->screen.ops = &ops;
	h->view.rows[UI_HUNT_OBJECTS].sort = UI_HUNT_ADDRESS;
	h->view.rows[UI_HUNT_OBJECTS].ascending = true;
	return &h->screen;
}
