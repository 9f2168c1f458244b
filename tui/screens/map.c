/*
 * The map screen: one map over the full screen, of one VMA, of neighbours, or of the whole process.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tui/format.h"
#include "tui/screens/mapview.h"
#include "tui/screens/screens.h"

struct map {
	struct ui_screen screen;
	struct ui_map_view view;
};

static struct map *self(struct ui_screen *screen)
{
	return (struct map *)screen;
}

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_MAP;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	const struct ui_map_view *m = &((const struct map *)screen)->view;
	if (!m->end)
		return "whole process";
	return ui_scratch_text(&shell->scratch, "map of %" PRIx64, m->start);
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	if (shell->target.now)
		ui_map_update(&self(screen)->view, &shell->target);
	ui_map_ask(&self(screen)->view, shell);
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	ui_map_draw(&self(screen)->view, shell, c, rect, true);
}

static size_t watch(struct ui_screen *screen, struct ui_shell *shell, struct pt_stretch *ret, size_t max)
{
	return ui_map_watch(&self(screen)->view, shell->target.now, ret, max);
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	const struct ui_map_view *m = &((const struct map *)screen)->view;
	const struct pt_vma_table *vmas = shell->target.now->vmas;
	size_t i = pt_vma_find(vmas, m->cursor);
	ret->start = m->start;
	ret->end = m->end;
	if (m->end || i >= vmas->n || !pt_vma_covers(&vmas->v[i], m->cursor))
		return;
	ret->start = vmas->v[i].start; /* of the whole process: the VMA under the cursor */
	ret->end = vmas->v[i].end;
}

/* The whole process, or back to the VMA under the cursor. */
static void toggle_whole(struct ui_map_view *m, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	size_t i = s ? pt_vma_find(s->vmas, m->cursor) : 0;
	if (!s || i >= s->vmas->n)
		return;
	if (m->end)
		ui_map_show(m, 0, 0);
	else
		ui_map_show(m, s->vmas->v[i].start, s->vmas->v[i].end);
	ui_map_update(m, &shell->target);
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct ui_map_view *m = &self(screen)->view;
	if (action == UI_DO_WHOLE) {
		toggle_whole(m, shell);
		return true;
	}
	return ui_map_act(m, shell, action, key);
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	ui_map_mouse(&self(screen)->view, shell, event);
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	(void)wait_ms;
	ui_map_free(&self(screen)->view);
	free(screen);
}

struct ui_screen *ui_map_new(struct ui_shell *shell, uint64_t start, uint64_t end, uint64_t cursor, unsigned layer)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = update,
						 .update = update,
						 .draw = draw,
						 .watch = watch,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .free = free_screen};
	struct map *map = calloc(1, sizeof *map);
	if (!map)
		return NULL;
	map->screen.ops = &ops;
	ui_map_init(&map->view);
	map->view.cursor = cursor;
	map->view.layer = (enum pt_layer)layer;
	ui_map_show(&map->view, start, end);
	if (shell->target.now)
		ui_map_update(&map->view, &shell->target);
	return &map->screen;
}
