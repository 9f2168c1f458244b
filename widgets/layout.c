/*
 * Layout: slices off a rectangle, and which items of a row stay when it is too short for all. Pure arithmetic.
 */
#include "widgets/views.h"

#include <limits.h>

#include "widgets/measure.h"

/* How much of `have` a slice of n takes. */
static int slice(int have, int n)
{
	have = have > 0 ? have : 0;
	n = n > 0 ? n : 0;
	return n < have ? n : have;
}

struct wg_rect wg_take_top(struct wg_rect *rest, int n)
{
	struct wg_rect taken = *rest;
	taken.h = slice(rest->h, n);
	rest->y += taken.h;
	rest->h -= taken.h;
	return taken;
}

struct wg_rect wg_take_bottom(struct wg_rect *rest, int n)
{
	struct wg_rect taken = *rest;
	taken.h = slice(rest->h, n);
	rest->h -= taken.h;
	taken.y = rest->y + rest->h;
	return taken;
}

struct wg_rect wg_take_left(struct wg_rect *rest, int n)
{
	struct wg_rect taken = *rest;
	taken.w = slice(rest->w, n);
	rest->x += taken.w;
	rest->w -= taken.w;
	return taken;
}

struct wg_rect wg_rect_padded(struct wg_rect rect)
{
	if (rect.w < 12)
		return rect;
	return (struct wg_rect){rect.x + 1, rect.y, rect.w - 2, rect.h};
}

bool wg_fit_keeps(const struct wg_fit *fit, int priority, size_t i)
{
	return priority <= 0 || priority < fit->priority || (priority == fit->priority && i < fit->end);
}

/* Measures what fit keeps, and finds the one that is to leave next: at fit's own threshold or below. */
static bool measure(struct wg_fit *fit, wg_fit_item_fn *item, const void *items, size_t n, int gap,
		    struct wg_fit *ret_next)
{
	struct wg_fit next = {.priority = 0};
	fit->width = 0;
	fit->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct wg_fit_item one = item(items, i);
		if (one.width < 0 || !wg_fit_keeps(fit, one.priority, i))
			continue;
		fit->width += one.width + (fit->n++ > 0 ? gap : 0);
		if (one.priority > 0 && one.priority >= next.priority)
			next = (struct wg_fit){.priority = one.priority, .end = i};
	}
	*ret_next = next;
	return next.priority > 0;
}

struct wg_fit wg_fit(wg_fit_item_fn *item, const void *items, size_t n, int gap, int w)
{
	struct wg_fit fit = {.priority = INT_MAX, .end = n}, next;
	while (measure(&fit, item, items, n, gap, &next) && fit.width > w)
		fit = next;
	return fit;
}
