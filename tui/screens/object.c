/*
 * The object screen: one object of the heap, asked of the running process: whether it is alive and why (the path from a
 * root), who points to it, what it points to, and its contents. Enter follows a pointer; Esc goes back the same way. The
 * asking is the shell's hunt's (tui/hunt.h); what is drawn is in objectview.c.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/screens/objectview.h"
#include "tui/screens/screens.h"

#define WAY 64 /* steps that Esc goes back */

struct object {
	struct ui_screen screen;
	struct ui_object_view view;
	uint64_t way[WAY]; /* addresses that one came by, [n_way] */
	size_t n_way;
};

static struct object *self(struct ui_screen *screen)
{
	return (struct object *)screen;
}

static void look_up(struct object *o, struct ui_shell *shell)
{
	if (!shell->target.back && shell->target.hunt)
		ui_hunt_ask(shell, o->view.address, false);
	o->view.got = ui_hunt_answer(&shell->hunt, o->view.address, &o->view.error);
	o->view.object = o->view.got ? o->view.got->address : o->view.address;
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	look_up(self(screen), shell);
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct object *o = self(screen);
	look_up(o, shell); /* an answer lives until the next */
	ui_object_draw(&o->view, shell, c, rect);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void go(struct object *o, struct ui_shell *shell, uint64_t address)
{
	struct ui_object_view *v = &o->view;
	v->address = address;
	v->at = v->top = v->hex_top = 0;
	look_up(o, shell);
}

static void follow(struct object *o, struct ui_shell *shell)
{
	struct ui_object_row row;
	if (!ui_object_row(&o->view, o->view.at, &row))
		return;
	const struct pt_link *link = row.link;
	bool outside = !link->object || (row.kind != UI_OBJECT_OUT && link->is_root);
	if (outside) {
		ui_shell_say(shell, WG_DIM,
			     row.kind == UI_OBJECT_OUT ? "it points to no object of the heap"
						       : "a root: the program gets at it by itself");
		return;
	}
	if (link->object == o->view.got->address)
		return;
	if (o->n_way == WAY)
		memmove(o->way, o->way + 1, --o->n_way * sizeof *o->way);
	o->way[o->n_way++] = o->view.address;
	go(o, shell, link->object);
}

static bool move(struct object *o, enum ui_action action)
{
	struct ui_object_view *v = &o->view;
	int64_t at = (int64_t)v->at, page = v->lines > 1 ? v->lines : 1, last = (int64_t)ui_object_rows(v) - 1;
	switch (action) {
	case UI_DO_UP: at--; break;
	case UI_DO_DOWN: at++; break;
	case UI_DO_PAGE_UP: at -= page; break;
	case UI_DO_PAGE_DOWN: at += page; break;
	case UI_DO_FIRST: at = 0; break;
	case UI_DO_LAST: at = last; break;
	default: return false;
	}
	at = at > last ? last : at;
	v->at = at < 0 ? 0 : (size_t)at;
	return true;
}

static bool move_hex(struct object *o, enum ui_action action)
{
	struct ui_object_view *v = &o->view;
	int64_t line = v->hex_line > 0 ? v->hex_line : 16, page = line * (v->lines > 1 ? v->lines : 1);
	int64_t at = (int64_t)v->hex_top, n = v->got ? ((int64_t)v->got->n_bytes + line - 1) / line * line : 0;
	switch (action) {
	case UI_DO_UP: at -= line; break;
	case UI_DO_DOWN: at += line; break;
	case UI_DO_PAGE_UP: at -= page; break;
	case UI_DO_PAGE_DOWN: at += page; break;
	case UI_DO_FIRST: at = 0; break;
	case UI_DO_LAST: at = n - page; break;
	default: return false;
	}
	at = at > n - line ? n - line : at;
	v->hex_top = at < 0 ? 0 : (size_t)(at / line * line);
	return true;
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct object *o = self(screen);
	(void)key;
	switch (action) {
	case UI_DO_ENTER: follow(o, shell); return true;
	case UI_DO_AGAIN: ui_hunt_ask(shell, o->view.address, true); return true;
	case UI_DO_HEX: o->view.hex = !o->view.hex; return true;
	case UI_DO_PAGE: ui_shell_push(shell, ui_page_new(shell, o->view.object)); return true;
	case UI_DO_BACK:
		if (!o->n_way)
			return false;
		go(o, shell, o->way[--o->n_way]);
		return true;
	default: return o->view.hex ? move_hex(o, action) : move(o, action);
	}
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct object *o = self(screen);
	bool up = event->mouse == UI_MOUSE_WHEEL_UP, down = event->mouse == UI_MOUSE_WHEEL_DOWN;
	(void)shell;
	for (int i = 0; (up || down) && i < 3; i++)
		act(screen, shell, up ? UI_DO_UP : UI_DO_DOWN, 0);
	int row = event->y - o->view.table_at.y - 1;
	if (event->mouse != UI_MOUSE_PRESS || row < 0 || row >= o->view.table_at.h - 1 ||
	    event->x >= o->view.table_at.w)
		return;
	if (o->view.top + (size_t)row >= ui_object_rows(&o->view))
		return;
	bool again = o->view.at == o->view.top + (size_t)row;
	o->view.at = o->view.top + (size_t)row;
	if (again)
		follow(o, shell);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_OBJECT;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	return ui_object_title(&((const struct object *)screen)->view, shell);
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	(void)shell;
	ret->is_page = true;
	ret->page = ((const struct object *)screen)->view.address;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	(void)wait_ms;
	free(screen);
}

struct ui_screen *ui_object_new(struct ui_shell *shell, uint64_t address)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = update,
						 .update = update,
						 .draw = draw,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .free = free_screen};
	struct object *o = calloc(1, sizeof *o);
	(void)shell;
	if (!o)
		return NULL;
	o->screen.ops = &ops;
	o->view.address = o->view.object = address;
	return &o->screen;
}
