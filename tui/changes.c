/*
 * See changes.h. Where memory runs out, what is not known any more is forgotten, and begins anew with the next frame.
 */
#include "tui/changes.h"

#include <stdio.h>
#include <string.h>

/* ---- the live target -------------------------------------------------------------------------------------------- */

static void forget(struct ui_changes *c)
{
	while (c->n_last)
		pt_ledger_free(&c->last[--c->n_last]);
	pt_ledger_free(&c->sum);
	pt_life_free(c->live);
	c->live = NULL;
}

static int add_ledger(struct ui_changes *c, const struct pt_snapshot *before, const struct pt_snapshot *now)
{
	if (c->n_last == UI_CHANGES_FRAMES) {
		pt_ledger_free(&c->last[0]);
		memmove(c->last, c->last + 1, --c->n_last * sizeof *c->last);
	}
	int error = pt_ledger_make(before, now, &c->last[c->n_last]);
	if (error)
		return error;
	c->n_last++;
	pt_ledger_free(&c->sum);
	c->sum = (struct pt_ledger){.from_ns = c->last[0].from_ns, .known = c->last[0].known};
	for (unsigned i = 0; i < c->n_last && !error; i++)
		error = pt_ledger_add(&c->sum, &c->last[i]);
	return error;
}

static int next_frame(struct ui_changes *c, const struct pt_snapshot *before, const struct pt_snapshot *now)
{
	int error = add_ledger(c, before, now);
	return error ? error : pt_life_step(c->live, before, now);
}

void ui_changes_frame(struct ui_changes *c, const struct pt_snapshot *before, const struct pt_snapshot *now)
{
	bool goes_on = before && c->live && before->monotonic_ns <= now->monotonic_ns;
	if (goes_on && next_frame(c, before, now) == 0)
		return;
	forget(c);
	if (pt_life_new(now, &c->live) < 0)
		c->live = NULL;
}

/* ---- two moments ------------------------------------------------------------------------------------------------ */

static struct pt_snapshot *share(struct pt_snapshot *s)
{
	return s ? pt_snapshot_ref(s) : NULL;
}

void ui_changes_between(struct ui_changes *c, struct pt_snapshot *before, struct pt_snapshot *now)
{
	if (before == c->before && now == c->now)
		return;
	pt_life_free(c->between_life);
	c->between_life = NULL;
	pt_ledger_free(&c->between);
	struct pt_snapshot *old_before = c->before, *old_now = c->now;
	c->before = share(before);
	c->now = share(now);
	pt_snapshot_unref(old_before);
	pt_snapshot_unref(old_now);
	if (!before)
		return;
	if (pt_ledger_make(before, now, &c->between) < 0)
		c->between = (struct pt_ledger){0}; /* nothing is known */
}

void ui_changes_free(struct ui_changes *c)
{
	forget(c);
	ui_changes_between(c, NULL, NULL);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

const struct pt_ledger *ui_changes_ledger(const struct ui_changes *c)
{
	if (c->now)
		return c->before ? &c->between : NULL;
	return c->n_last ? &c->sum : NULL;
}

const char *ui_changes_span(const struct ui_changes *c, char *ret, size_t size)
{
	if (c->now)
		return "between the two moments";
	if (c->n_last < 2)
		return "since the frame before";
	snprintf(ret, size, "over the last %u frames", c->n_last);
	return ret;
}

struct pt_maybe ui_changes_bytes(const struct ui_changes *c, const struct pt_snapshot *now, uint64_t start,
				 uint64_t end, enum pt_event event)
{
	const struct pt_ledger *ledger = ui_changes_ledger(c);
	struct pt_maybe pages = {0};
	if (ledger)
		pages = pt_ledger_pages(ledger, start, end, event);
	pages.value <<= now->page_shift;
	return pages;
}

static void make_between_life(struct ui_changes *c)
{
	if (pt_life_new(c->before, &c->between_life) < 0)
		c->between_life = NULL;
	else if (pt_life_step(c->between_life, c->before, c->now) < 0) {
		pt_life_free(c->between_life);
		c->between_life = NULL;
	}
}

const struct pt_life *ui_changes_life(struct ui_changes *c, uint64_t *ret_since_ns)
{
	if (!c->now) {
		*ret_since_ns = c->n_last ? c->last[0].to_ns : UINT64_MAX;
		return c->live;
	}
	if (c->before && !c->between_life)
		make_between_life(c);
	*ret_since_ns = 0;
	return c->between_life;
}

bool ui_layer_is_life(enum pt_layer layer)
{
	return layer == PT_LAYER_CHANGED || layer == PT_LAYER_AGE;
}

void ui_changes_bins(struct ui_changes *c, enum pt_layer layer, const struct pt_axis *axis,
		     const struct pt_snapshot *now, uint64_t first, struct pt_bin *bins, size_t n)
{
	uint64_t since_ns;
	const struct pt_life *life = ui_layer_is_life(layer) ? ui_changes_life(c, &since_ns) : NULL;
	if (life)
		pt_life_bins(life, axis, now, since_ns, first, bins, n);
}
