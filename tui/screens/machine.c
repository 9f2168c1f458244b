/*
 * The machine screen: every frame of memory as one map, and what the kernel keeps account of. State and keys; drawing is
 * in machinemap.c and machinetables.c. It needs no target: it asks the machine, by a worker of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/machineview.h"
#include "tui/screens/screens.h"

#define BUSY_NS 20000000u /* look again whether the worker is done */

struct machine {
	struct ui_screen screen;
	struct ui_machine_screen view;
	struct ui_worker *worker; /* NULL until first shown, and of recordings */
	uint64_t due_ns;
	uint64_t window_ns; /* when what is looked at was read last */
	uint64_t facts_ns;  /* when the kernel's accounts were asked for last */
	bool paused, hurry; /* hurry: R was pressed, a whole pass at once */
	unsigned hurry_passes;
};

static struct machine *self(struct ui_screen *screen)
{
	return (struct machine *)screen;
}

/* ---- the worker ------------------------------------------------------------------------------------------------- */

static bool first_pass(const struct machine *m)
{
	return !m->view.got || (!m->view.got->passes && !m->view.got->flags_error);
}

/*
 * The first pass at full speed; later ones so that all of it stays within the budget. What is looked at closely is read
 * every interval.
 */
static uint64_t pause_after(const struct machine *m, const struct ui_shell *shell)
{
	const struct ui_machine *got = m->view.got;
	double budget = shell->options->budget / 100;
	if (first_pass(m) || m->hurry)
		return 0;
	if (got->flags_error || budget <= 0)
		return shell->interval_ns;
	uint64_t pause = (uint64_t)((double)got->cpu_ns / budget);
	return pause < shell->interval_ns ? pause : shell->interval_ns;
}

static void ask(struct machine *m, struct ui_shell *shell)
{
	struct ui_machine_request request = {.slice = !m->paused || m->hurry || first_pass(m)};
	if (!ui_machine_map_window(&m->view.map, &request.first, &request.n) ||
	    (shell->now_ns - m->window_ns < shell->interval_ns && m->window_ns))
		request.n = 0;
	if (request.n)
		m->window_ns = shell->now_ns;
	request.facts = !m->facts_ns || (!m->paused && shell->now_ns - m->facts_ns >= shell->interval_ns);
	if (request.facts)
		m->facts_ns = shell->now_ns;
	ui_worker_ask(m->worker, &request);
	m->due_ns = shell->now_ns + BUSY_NS;
}

static size_t largest_zone(const struct pt_zones *zones)
{
	size_t best = 0;
	for (size_t i = 1; i < zones->n; i++)
		best = zones->v[i].spanned > zones->v[best].spanned ? i : best;
	return best;
}

/* New accounts, where an answer has them. */
static void take_facts(struct machine *m, struct ui_machine *got)
{
	struct ui_machine_screen *v = &m->view;
	if (!got->facts)
		return;
	if (!v->first) {
		v->first = got->facts;
		v->zone = largest_zone(&got->facts->zones);
	} else if (v->facts != v->first) {
		ui_machine_facts_free(v->facts);
	}
	v->facts = got->facts;
	got->facts = NULL;
}

/* What flashes is what the newest answer found changed. */
static void keep_before(struct ui_machine_screen *v, const struct ui_machine *got)
{
	pt_picture_free(v->before);
	v->before = NULL;
	if (!v->got || !v->got->picture || !got->picture || v->got->picture->frames != got->picture->frames)
		return;
	v->before = v->got->picture;
	v->got->picture = NULL;
}

static bool take(struct machine *m, struct ui_shell *shell)
{
	struct ui_machine *got = ui_worker_take(m->worker);
	if (!got)
		return false;
	keep_before(&m->view, got);
	ui_machine_free(m->view.got);
	m->view.got = got;
	take_facts(m, got);
	if (!got->error)
		ui_machine_map_update(&m->view.map, &got->ram);
	ui_machine_slabs_make(&m->view);
	if (got->passes != m->hurry_passes)
		m->hurry = false;
	m->due_ns = shell->now_ns + pause_after(m, shell);
	shell->dirty = true;
	return true;
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct machine *m = self(screen);
	if (!m->worker)
		return;
	take(m, shell);
	if (m->view.tab == UI_MACHINE_OWNERS)
		ui_machine_owners_show(&m->view.owners, shell);
	ui_machine_owners_update(&m->view.owners, shell);
	if (m->view.filter_seen != m->view.filter.version && m->view.got) {
		ui_machine_slabs_make(&m->view);
		shell->dirty = true;
	}
	if (shell->now_ns < m->due_ns)
		return;
	if (ui_worker_busy(m->worker))
		m->due_ns = shell->now_ns + BUSY_NS;
	else
		ask(m, shell);
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	struct machine *m = self(screen);
	if (!m->worker && shell->sources->kernel && ui_machinework_new(&m->worker, shell->sources->kernel) < 0)
		ui_shell_say(shell, WG_BAD, "the machine cannot be read: out of memory or threads");
	if (m->worker)
		ask(m, shell);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static const char *why_nothing(const struct machine *m, struct ui_shell *shell)
{
	if (!shell->sources->kernel)
		return "A recording has the memory of processes; that of the machine was not recorded.";
	if (!m->view.got)
		return "reading...";
	return m->view.got->error
		       ? ui_scratch_text(&shell->scratch, "Where this machine's memory is cannot be read: %s.",
					 strerror(-m->view.got->error))
		       : NULL;
}

static struct wg_span reading(const struct ui_machine *got, struct ui_shell *shell)
{
	struct ui_scratch *s = &shell->scratch;
	char text[24];
	if (got->flags_error == -EACCES || got->flags_error == -EPERM)
		return (struct wg_span){"what frames are used for only root may read (kpageflags)", WG_WARN, 0};
	if (got->flags_error)
		return (struct wg_span){ui_scratch_text(s, "kpageflags: %s", strerror(-got->flags_error)), WG_WARN, 0};
	if (!got->passes)
		return (struct wg_span){ui_scratch_text(s, "reading: %s", ui_share(s, got->done, got->ram.frames)),
					WG_ACCENT, 1};
	return (struct wg_span){
		ui_scratch_text(s, "read in %s of CPU time", pt_text_ns(got->pass_ns, text, sizeof text)), WG_DIM, 4};
}

static void draw_summary(const struct ui_machine *got, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_picture_sums *sums = &got->picture->sums;
	uint64_t unknown = sums->n[PT_FRAME_UNKNOWN], free = sums->n[PT_FRAME_FREE], holes = sums->n[PT_FRAME_HOLE];
	struct wg_span spans[] = {
		{ui_scratch_text(s, "%s of memory", ui_size(s, got->ram.online << got->page_shift)), WG_STRONG, 0},
		{unknown ? NULL
			 : ui_scratch_text(s, "%s in use", ui_size(s, (got->ram.online - free) << got->page_shift)),
		 WG_TEXT, 2},
		{unknown ? NULL : ui_scratch_text(s, "%s free", ui_size(s, free << got->page_shift)), WG_TEXT, 1},
		{holes ? ui_scratch_text(s, "%s of holes", ui_size(s, holes << got->page_shift)) : NULL, WG_DIM, 6},
		{ui_scratch_text(s, "%zu zones", got->ram.n_zones), WG_DIM, 5},
		reading(got, shell),
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* Parts of all memory by kind, in the order of the legend; every kind that is there gets a cell. */
static void draw_bar(const struct ui_machine *got, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	const uint64_t *n = got->picture->sums.n;
	int w = line.w > 2 ? line.w - 2 : 0, at = 0;
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, (size_t)w + PT_FRAME_N, sizeof *cells);
	uint64_t all = got->picture->sums.frames - n[PT_FRAME_HOLE], before = 0;
	if (!cells || !all)
		return;
	for (size_t i = 0; i < UI_MACHINE_KINDS; i++) {
		enum pt_frame kind = ui_machine_kinds[i];
		if (kind == PT_FRAME_HOLE || !n[kind])
			continue;
		before += n[kind];
		int end = (int)((double)before * w / (double)all);
		for (end = end > at ? end : at + 1; at < end && at < w; at++)
			cells[at] = ui_frame_look(kind, c->can.colour);
	}
	wg_take_left(&line, 1);
	wg_draw_strip(c, line, cells, at, WG_BACK);
}

static void draw_head(const struct ui_machine *got, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	bool bar = rest->h >= 14;
	if (rest->h < 8)
		return;
	draw_summary(got, shell, c, wg_take_top(rest, 1));
	if (bar)
		draw_bar(got, shell, c, wg_take_top(rest, 1));
}

static const char *tab_text(const struct ui_machine_screen *v, struct ui_scratch *s, int tab)
{
	static const char *const names[UI_MACHINE_TABS] = {"map", "zones", "slabs", "debugging", "page_owner"};
	size_t n = !v->facts                 ? 0
		   : tab == UI_MACHINE_ZONES ? v->facts->zones.n
		   : tab == UI_MACHINE_SLABS ? v->n_slabs
					     : 0;
	if (n && v->tabs_at.w >= 72)
		return ui_scratch_text(s, " %d %s: %s ", tab + 1, names[tab], ui_number(s, n));
	return ui_scratch_text(s, " %d %s ", tab + 1, names[tab]);
}

static void draw_tabs(struct ui_machine_screen *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	int x = 0;
	v->tabs_at = line;
	wg_fill(c, line, ' ', WG_STYLE(WG_TEXT, WG_BAR));
	for (int tab = 0; tab < UI_MACHINE_TABS && x < line.w; tab++) {
		bool here = (enum ui_machine_tab)tab == v->tab;
		struct wg_style style = WG_STYLE(here ? WG_STRONG : WG_DIM, here ? WG_SELECT : WG_BAR);
		style.attrs = here && !c->can.colour ? WG_UNDERLINE : 0;
		x = wg_text_cut(c, line, x, 0, line.w - x, tab_text(v, &shell->scratch, tab), WG_CUT_END, style);
	}
	const char *about = v->tab != UI_MACHINE_SLABS || !v->facts || !v->facts->slabs.n ? ""
			    : v->filter.error[0] ? "bad pattern: the last good one holds "
			    : v->filter.text[0]  ? ui_scratch_text(&shell->scratch, "found by /%s/ ",
								   ui_printable(&shell->scratch, v->filter.text))
						 : "+/- since this screen was opened ";
	int w = wg_text_width(about);
	if (w && x + 2 + w <= line.w)
		wg_text(c, line, line.w - w, 0, about, WG_STYLE(v->filter.error[0] ? WG_BAD : WG_DIM, WG_BAR));
}

static int tab_at(const struct ui_machine_screen *v, struct ui_shell *shell, int x)
{
	int at = 0;
	for (int tab = 0; tab < UI_MACHINE_TABS; tab++) {
		at += wg_text_width(tab_text(v, &shell->scratch, tab));
		if (x < at)
			return tab;
	}
	return -1;
}

static const struct pt_debug_feature *page_owner_of(const struct ui_machine_facts *facts)
{
	for (size_t i = 0; facts && i < facts->n_debugging; i++)
		if (!strcmp(facts->debugging[i].name, "page_owner"))
			return &facts->debugging[i];
	return NULL;
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct machine *m = self(screen);
	const char *nothing = why_nothing(m, shell);
	m->view.tabs_at = m->view.table_at = (struct wg_rect){0};
	if (nothing) {
		struct wg_paragraph text = {nothing, WG_TEXT, 0};
		struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
		if (inside.w > 0)
			wg_draw_text(c, inside, &text, 1, 0);
		return;
	}
	draw_head(m->view.got, shell, c, &rect);
	if (rect.h >= 4)
		draw_tabs(&m->view, shell, c, wg_take_top(&rect, 1));
	switch (m->view.tab) {
	case UI_MACHINE_ZONES: ui_machine_zones_draw(&m->view, shell, c, rect); break;
	case UI_MACHINE_SLABS: ui_machine_slabs_draw(&m->view, shell, c, rect); break;
	case UI_MACHINE_DEBUGGING: ui_machine_debugging_draw(&m->view, shell, c, rect); break;
	case UI_MACHINE_OWNERS:
		ui_machine_owners_draw(&m->view.owners, shell, c, rect, page_owner_of(m->view.facts));
		break;
	default: ui_machine_map_draw(&m->view, shell, c, rect); break;
	}
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void refresh(struct machine *m, struct ui_shell *shell)
{
	if (!m->worker || !m->view.got)
		return;
	m->hurry = true;
	m->hurry_passes = m->view.got->passes;
	m->due_ns = shell->now_ns;
}

static bool move_to(struct ui_machine_screen *v, int64_t row)
{
	int64_t n = v->tab == UI_MACHINE_ZONES ? (v->facts ? (int64_t)v->facts->zones.n : 0) : (int64_t)v->n_slabs;
	row = row >= n ? n - 1 : row;
	row = row < 0 ? 0 : row;
	if (v->tab == UI_MACHINE_ZONES)
		v->zone = (size_t)row;
	else if (v->tab == UI_MACHINE_SLABS)
		v->slab_at = (size_t)row;
	return true;
}

static bool move(struct ui_machine_screen *v, struct ui_shell *shell, enum ui_action action)
{
	int64_t page = shell->body.h > 4 ? shell->body.h - 4 : 1, by = 0;
	int64_t at = v->tab == UI_MACHINE_ZONES ? (int64_t)v->zone : (int64_t)v->slab_at;
	switch (action) {
	case UI_DO_UP: by = -1; break;
	case UI_DO_DOWN: by = 1; break;
	case UI_DO_PAGE_UP: by = -page; break;
	case UI_DO_PAGE_DOWN: by = page; break;
	case UI_DO_FIRST: by = INT32_MIN; break;
	case UI_DO_LAST: by = INT32_MAX; break;
	default: return false;
	}
	if (v->tab != UI_MACHINE_DEBUGGING)
		return move_to(v, at + by);
	int64_t top = v->debugging_top + by; /* drawing keeps it in bounds */
	v->debugging_top = top < 0 ? 0 : top > 10000 ? 10000 : (int)top;
	return true;
}

/* From a zone to the map of it. */
static void enter_zone(struct ui_machine_screen *v)
{
	if (v->tab != UI_MACHINE_ZONES || !v->facts || v->zone >= v->facts->zones.n)
		return;
	ui_machine_map_show_zone(&v->map, &v->got->ram, v->facts->zones.v[v->zone].start);
	v->tab = UI_MACHINE_MAP;
}

static void sort(struct ui_machine_screen *v, bool reverse)
{
	if (v->tab == UI_MACHINE_SLABS)
		ui_machine_slabs_sort(v, reverse ? v->slab_sort : (v->slab_sort + 1) % UI_SLAB_COLUMNS, reverse);
}

static bool act_on_tab(struct ui_machine_screen *v, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	switch (action) {
	case UI_DO_FOCUS: v->tab = (v->tab + 1) % UI_MACHINE_TABS; return true;
	case UI_DO_LAYER_DIGIT:
		if (key - '1' < UI_MACHINE_TABS)
			v->tab = (enum ui_machine_tab)(key - '1');
		return true;
	case UI_DO_SORT: sort(v, false); return true;
	case UI_DO_SORT_REVERSE: sort(v, true); return true;
	default: break;
	}
	if (v->tab == UI_MACHINE_MAP)
		return ui_machine_map_act(v, shell, action);
	if (v->tab == UI_MACHINE_OWNERS)
		return false;
	if (action == UI_DO_ENTER)
		enter_zone(v);
	return move(v, shell, action);
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct machine *m = self(screen);
	bool owners = m->view.got && !m->view.got->error && m->view.tab == UI_MACHINE_OWNERS;
	if (owners && ui_machine_owners_act(&m->view.owners, shell, action))
		return true;
	switch (action) {
	case UI_DO_REFRESH: refresh(m, shell); return true;
	case UI_DO_PAUSE:
		m->paused = !m->paused;
		ui_shell_say(shell, WG_TEXT, m->paused ? "paused: R reads once more" : "going on");
		return true;
	default: return m->view.got && !m->view.got->error && act_on_tab(&m->view, shell, action, key);
	}
}

/* ---- mouse ------------------------------------------------------------------------------------------------------ */

static bool inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

static void click_table(struct ui_machine_screen *v, const struct ui_event *event)
{
	int64_t line = event->y - v->table_at.y - 1, top = v->tab == UI_MACHINE_SLABS ? (int64_t)v->slab_top : 0;
	int column = v->tab == UI_MACHINE_SLABS && line < 0 ? ui_machine_slab_heading_at(v, event->x) : -1;
	if (column >= 0)
		ui_machine_slabs_sort(v, (enum ui_slab_column)column, true);
	if (line >= 0)
		move_to(v, top + line);
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_machine_screen *v = &self(screen)->view;
	bool wheel = event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN;
	if (!v->got || v->got->error)
		return;
	if (event->mouse == UI_MOUSE_PRESS && inside(v->tabs_at, event)) {
		int tab = tab_at(v, shell, event->x - v->tabs_at.x);
		v->tab = tab >= 0 ? (enum ui_machine_tab)tab : v->tab;
	} else if (v->tab == UI_MACHINE_MAP) {
		ui_machine_map_mouse(v, shell, event);
	} else if (wheel) {
		for (int i = 0; i < 3; i++)
			act(screen, shell, event->mouse == UI_MOUSE_WHEEL_UP ? UI_DO_UP : UI_DO_DOWN, 0);
	} else if (v->tab == UI_MACHINE_OWNERS) {
		if (event->mouse == UI_MOUSE_PRESS && inside(v->owners.table_at, event))
			ui_machine_owners_click(&v->owners, event);
	} else if (event->mouse == UI_MOUSE_PRESS && inside(v->table_at, event)) {
		click_table(v, event);
	}
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	return ((const struct machine *)screen)->view.tab == UI_MACHINE_MAP ? UI_IN_MACHINE : UI_IN_ACCOUNTS;
}

/* Each table has some of the keys of tables; without what they are about none is of use. */
static bool of_use(const struct ui_screen *screen, const struct ui_shell *shell, enum ui_action action)
{
	const struct ui_machine_screen *v = &((const struct machine *)screen)->view;
	const struct ui_machine_owners *o = &v->owners;
	bool there = v->got && !v->got->error, owners = there && v->tab == UI_MACHINE_OWNERS;
	(void)shell;
	switch (action) {
	case UI_DO_SORT:
	case UI_DO_FILTER:
		return owners ? o->answer && !o->answer->error
			      : v->tab == UI_MACHINE_SLABS && v->facts && v->facts->slabs.n;
	case UI_DO_GROUP: return owners && o->answer && !o->answer->error;
	case UI_DO_OPEN: return owners;
	case UI_DO_ENTER:
		return owners ? o->groups.n && !(ui_owner_keys(o->group) & PT_ALLOC_STACK)
			      : there && (v->tab == UI_MACHINE_MAP || v->tab == UI_MACHINE_ZONES);
	case UI_DO_FOCUS:
	case UI_DO_LAYER:
	case UI_DO_NEXT_HIT:
	case UI_DO_ZOOM_IN:
	case UI_DO_ZOOM_OUT:
	case UI_DO_FRAME:
	case UI_DO_WHOLE: return there;
	default: return true;
	}
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	(void)shell;
	return "machine";
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	struct ui_machine_screen *v = &self(screen)->view;
	return v->tab == UI_MACHINE_SLABS ? &v->filter : v->tab == UI_MACHINE_OWNERS ? &v->owners.filter : NULL;
}

static void take_line(struct ui_screen *screen, struct ui_shell *shell, const char *text)
{
	ui_machine_owners_open(&self(screen)->view.owners, shell, text);
}

static int fd(const struct ui_screen *screen)
{
	const struct machine *m = (const struct machine *)screen;
	if (m->view.tab == UI_MACHINE_OWNERS && m->view.owners.worker) /* the other one is looked at in time */
		return ui_worker_fd(m->view.owners.worker);
	return m->worker ? ui_worker_fd(m->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct machine *m = (const struct machine *)screen;
	return m->worker ? m->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct machine *m = self(screen);
	ui_worker_free(m->worker, wait_ms);
	ui_machine_free(m->view.got);
	pt_picture_free(m->view.before);
	if (m->view.first != m->view.facts)
		ui_machine_facts_free(m->view.first);
	ui_machine_facts_free(m->view.facts);
	free(m->view.slabs);
	ui_filter_free(&m->view.filter);
	ui_machine_owners_free(&m->view.owners, wait_ms);
	ui_machine_map_free(&m->view.map);
	free(m);
}

struct ui_screen *ui_machine_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .of_use = of_use,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .act = act,
						 .mouse = mouse,
						 .filter = filter,
						 .take_line = take_line,
						 .fd = fd,
						 .due = due,
						 .free = free_screen};
	struct machine *m = calloc(1, sizeof *m);
	(void)shell;
	if (!m)
		return NULL;
	m->screen.ops = &ops;
	m->view.slab_sort = UI_SLAB_BYTES;
	ui_machine_map_init(&m->view.map);
	ui_machine_owners_init(&m->view.owners);
	return &m->screen;
}
