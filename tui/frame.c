/*
 * The lines around a screen. Everything they say comes from the shell, the target and the key table.
 */
#include "tui/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/record/replay.h"
#include "core/text/text.h"
#include "tui/format.h"

#define EXEC_BANNER_NS 10000000000u
#define WIDE_FROM      100 /* columns from which the age of what is shown is told in full */
#define PAST_WIDE_FROM 60  /* columns from which it is told how long ago a moment was */
#define CRUMB_GAP(c)   ((c)->can.unicode ? " \u203a " : " > ")

/* ---- title ------------------------------------------------------------------------------------------------------ */

/* The title stands out while a moment of the past is shown. */
static uint8_t bar_of(const struct ui_shell *shell)
{
	return shell->target.back ? WG_PAST : WG_BAR;
}

/* " processes › redis-server 7391 › page 7f3a1b400000", its first parts left out until it fits into w. */
static void draw_breadcrumb(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	const char *parts[UI_STACK_MAX];
	int widths[UI_STACK_MAX], all = 0;
	size_t first = 0;
	for (size_t i = 0; i < shell->depth; i++) {
		parts[i] = shell->stack[i]->ops->title(shell->stack[i], shell);
		widths[i] = wg_text_width(parts[i]) + 3;
		all += widths[i];
	}
	while (first + 1 < shell->depth && all > line.w)
		all -= widths[first++];
	int x = line.w > 20;
	for (size_t i = first; i < shell->depth; i++) {
		bool last = i + 1 == shell->depth;
		struct wg_style style = WG_STYLE(last ? WG_TITLE : WG_DIM, bar_of(shell));
		x = wg_text_cut(c, line, x, 0, line.w - x, parts[i], WG_CUT_MIDDLE, style);
		if (!last)
			x = wg_text(c, line, x, 0, CRUMB_GAP(c), WG_STYLE(WG_DIM, bar_of(shell)));
	}
}

/* How old what is shown is; nothing where all of it is as new as was asked for. */
static struct wg_span how_old(struct ui_shell *shell, bool wide)
{
	const struct pt_ages *ages = &shell->target.ages;
	struct ui_scratch *s = &shell->scratch;
	if (ages->fresh == ages->pages)
		return (struct wg_span){0};
	if (ages->oldest_ns == PT_NO_AGE)
		return (struct wg_span){"not read yet", WG_ACCENT, 1};
	const char *age = ui_age(s, shell->target.now, ages->oldest_ns);
	const char *text = ui_scratch_text(s, "up to %s old", age);
	if (wide && ages->fresh)
		text = ui_scratch_text(s, "%s fresh, the rest %s", ui_share(s, ages->fresh, ages->pages), text);
	return (struct wg_span){text, ages->older ? WG_WARN : WG_ACCENT, 1};
}

/* How much of what there is to know the picture shows. */
static struct wg_span seen(struct ui_shell *shell, bool wide)
{
	const struct pt_snapshot *s = shell->target.now;
	struct wg_span span = {NULL, WG_ACCENT, 1};
	if (!s)
		return span;
	if (s->stage == PT_STAGE_COMPLETE)
		return how_old(shell, wide);
	if (s->stage == PT_STAGE_PRESENCE)
		span.text = "looking what the pages are" /* nothing else is known yet */;
	else if (s->stage == PT_STAGE_DETAIL && s->all_pages)
		span.text = ui_scratch_text(&shell->scratch, "%u %% seen",
					    (unsigned)((double)s->done_pages * 100 / (double)s->all_pages));
	return span;
}

/* "replay x2, 12:03:05" */
static struct wg_span replay_pace(struct ui_shell *shell, struct pt_replay *replay)
{
	const struct ui_target *t = &shell->target;
	const char *when = t->now ? ui_clock(&shell->scratch, t->now->realtime_ns) : "";
	const char *end = t->status.state == PT_FEED_ENDED ? " ended" : t->paused ? " paused" : "";
	if (t->back)
		return (struct wg_span){"replay", WG_WARN, 2};
	return (struct wg_span){
		ui_scratch_text(&shell->scratch, "replay x%g%s %s", pt_replay_get_speed(replay), end, when), WG_WARN,
		0};
}

static struct wg_span pace(struct ui_shell *shell)
{
	struct pt_replay *replay = pt_replay_of(shell->target.feed);
	if (replay)
		return replay_pace(shell, replay);
	const struct pt_feed_status *status = &shell->target.status;
	char text[24];
	if (!shell->target.feed)
		return (struct wg_span){0};
	if (status->state == PT_FEED_ENDED)
		return (struct wg_span){"ended", WG_WARN, 0};
	if (status->state == PT_FEED_PAUSED)
		return (struct wg_span){"paused", WG_WARN, 0};
	const char *asked = ui_scratch_text(&shell->scratch, "%s", pt_text_ns(status->interval_ns, text, sizeof text));
	uint64_t period = shell->target.period_ns;
	if (period <= status->interval_ns + status->interval_ns / 2)
		return (struct wg_span){ui_scratch_text(&shell->scratch, "every %s", asked), WG_DIM, 2};
	pt_text_ns(period, text, sizeof text);
	return (struct wg_span){ui_scratch_text(&shell->scratch, "every %s, not %s", text, asked), WG_WARN, 2};
}

/* Where pages are is looked at more often than what they are. */
static struct wg_span presence(struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s || s->stage != PT_STAGE_COMPLETE || s->presence_ns >= s->fresh_ns)
		return (struct wg_span){0};
	return (struct wg_span){ui_scratch_text(&shell->scratch, "new pages seen within %s",
						ui_age(&shell->scratch, s, s->presence_ns)),
				WG_DIM, 6};
}

static struct wg_span cost(struct ui_shell *shell)
{
	bool costs = shell->target.status.state != PT_FEED_ENDED && !pt_replay_of(shell->target.feed);
	if (!shell->target.now || !costs)
		return (struct wg_span){0};
	return (struct wg_span){ui_scratch_text(&shell->scratch, "CPU %.1f of %g %%", shell->target.status.cost * 100,
						shell->options->budget),
				WG_DIM, 3};
}

/* Their own screens say so themselves. */
static struct wg_span watching(struct ui_shell *shell)
{
	const struct ui_screen *top = shell->stack[shell->depth - 1];
	enum ui_where where = top->ops->where(top);
	const char *hunting = where == UI_IN_HUNT ? NULL : ui_hunt_caption(shell);
	const char *faults = where == UI_IN_FAULTS ? NULL : ui_faults_caption(&shell->faults);
	return (struct wg_span){hunting ? hunting : faults, WG_ACCENT, 3};
}

static struct wg_span frame_time(struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	char text[24];
	if (!s)
		return (struct wg_span){0};
	return (struct wg_span){
		ui_scratch_text(&shell->scratch, "frame in %s", pt_text_ns(s->scan_ns, text, sizeof text)), WG_DIM, 5};
}

/* The signals without which something on the screens is unknown. */
static unsigned count_missing(const struct pt_signals *signals)
{
	static const enum pt_signal needed[] = {PT_SIG_PAGEMAP,    PT_SIG_PFN,         PT_SIG_KPAGEFLAGS,
						PT_SIG_KPAGECOUNT, PT_SIG_KPAGECGROUP, PT_SIG_PAGEMAP_SCAN,
						PT_SIG_EXCLUSIVE,  PT_SIG_SMAPS,       PT_SIG_CONTENTS};
	unsigned n = 0;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		n += !pt_signal_has(signals, needed[i]);
	return n;
}

static struct wg_span privilege(struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	const char *who = geteuid() == 0 ? "root" : "no root";
	if (!s || pt_replay_of(shell->target.feed))
		return (struct wg_span){0};
	unsigned missing = count_missing(&s->signals);
	if (!missing)
		return (struct wg_span){ui_scratch_text(&shell->scratch, "%s: sees all", who), WG_DIM, 4};
	return (struct wg_span){
		ui_scratch_text(&shell->scratch, "%s: %u source%s missing", who, missing, missing == 1 ? "" : "s"),
		WG_WARN, 1};
}

/* Which moment it is; nothing if it is the newest. */
static struct wg_span moment(struct ui_shell *shell, bool wide)
{
	const char *caption = ui_time_caption(shell), *range = ui_time_range(shell);
	if (range)
		return (struct wg_span){range, WG_STRONG, 0};
	if (caption && !wide)
		caption = ui_clock(&shell->scratch, shell->target.now->realtime_ns);
	return (struct wg_span){caption ? ui_scratch_text(&shell->scratch, "PAST: %s", caption) : NULL, WG_STRONG, 0};
}

static struct wg_span way_back(struct ui_shell *shell)
{
	const char *where = shell->target.status.state == PT_FEED_ENDED ? "T: the end" : "T: now";
	return (struct wg_span){shell->target.back ? where : NULL, WG_KEY, 1};
}

/* What the picture is worth, flush right; parts leave by priority. Returns the cells taken. */
static int draw_worth(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line, int room)
{
	struct wg_span parts[] = {{ui_recording_caption(shell), WG_BAD, 0},
				  seen(shell, line.w >= WIDE_FROM),
				  presence(shell),
				  pace(shell),
				  cost(shell),
				  watching(shell),
				  frame_time(shell),
				  privilege(shell),
				  moment(shell, line.w >= PAST_WIDE_FROM),
				  way_back(shell)};
	size_t n = sizeof parts / sizeof *parts;
	for (int limit = 6; limit >= 0; limit--) {
		int w = 1;
		for (size_t i = 0; i < n; i++)
			if (parts[i].text && parts[i].priority <= limit)
				w += wg_text_width(parts[i].text) + 2;
		if (w > room || w == 1)
			continue;
		int x = line.w - w;
		for (size_t i = 0; i < n; i++)
			if (parts[i].text && parts[i].priority <= limit)
				x = wg_text(c, line, x + 2, 0, parts[i].text, WG_STYLE(parts[i].role, bar_of(shell)));
		return w;
	}
	return 0;
}

/* The breadcrumb is worth more than most of what stands at the right: as many of its last parts as take no more than half. */
static int least_breadcrumb(struct ui_shell *shell, int w)
{
	int least = 0;
	for (size_t i = shell->depth; i-- > 0;) {
		int part = wg_text_width(shell->stack[i]->ops->title(shell->stack[i], shell));
		if (least == 0)
			least = part + 2;
		else if (least + part + 3 <= w / 2)
			least += part + 3;
		else
			break;
	}
	return shell->target.back && least > w / 3 ? w / 3 : least; /* the moment is worth more */
}

void ui_frame_title(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	struct wg_rect line = wg_take_top(rest, 1);
	wg_fill(c, line, ' ', WG_STYLE(WG_TEXT, bar_of(shell)));
	line.w -= draw_worth(shell, c, line, line.w - least_breadcrumb(shell, line.w));
	draw_breadcrumb(shell, c, line);
}

/* ---- banners ---------------------------------------------------------------------------------------------------- */

static struct wg_span state_banner(struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	switch (t->status.state) {
	case PT_FEED_ENDED:
		return (struct wg_span){
			ui_scratch_text(
				&shell->scratch, "The process ended at %s. %s",
				ui_clock(&shell->scratch, t->status.ended_ns),
				t->back ? "T leads to its last frame."
					: "This is its last frame: explore it; Esc leads back to the processes."),
			WG_WARN, 0};
	case PT_FEED_FAILED: {
		bool denied = t->status.error == -EACCES || t->status.error == -EPERM;
		return (struct wg_span){
			ui_scratch_text(&shell->scratch, "Reading failed: %s.%s Trying again.",
					strerror(-t->status.error),
					denied ? " It may have changed user; sudo pagetop may look." : ""),
			WG_BAD, 0};
	}
	default: return (struct wg_span){0};
	}
}

static struct wg_span exec_banner(struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	if (!t->exec_ns || shell->now_ns - t->exec_ns > EXEC_BANNER_NS)
		return (struct wg_span){0};
	return (struct wg_span){
		ui_scratch_text(&shell->scratch, "The process called exec: this is its new image (number %u), %s.",
				t->image + 1, t->now ? ui_printable(&shell->scratch, t->now->process.name) : ""),
		WG_ACCENT, 0};
}

/* One line that says what is hidden and what grants it. */
static struct wg_span privilege_banner(struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s || pt_signal_has(&s->signals, PT_SIG_PFN))
		return (struct wg_span){0};
	const struct pt_signal_state *pfn = &s->signals.of[PT_SIG_PFN];
	const char *remedy = pfn->remedy ? pfn->remedy : pfn->reason;
	return (struct wg_span){
		pt_replay_of(shell->target.feed)
			? "? was hidden from the user who recorded this."
			: ui_scratch_text(&shell->scratch, "? is hidden from this user. To see it: %s.", remedy),
		WG_UNKNOWN, 0};
}

void ui_frame_banners(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	struct wg_span banners[] = {
		{shell->message[0] ? shell->message : NULL, shell->message_role, 0},
		state_banner(shell),
		exec_banner(shell),
		privilege_banner(shell),
	};
	int room = rest->h >= 20 ? 4 : rest->h >= 16 ? 3 : rest->h >= 6 ? 1 : 0;
	for (size_t i = 0; i < sizeof banners / sizeof *banners && room > 0; i++) {
		struct wg_paragraph text = {banners[i].text, banners[i].role, 0};
		if (!text.text)
			continue;
		struct wg_rect inside = {rest->x + 1, rest->y, rest->w - 2, 0};
		int lines = wg_draw_text(c, inside, &text, 1, 0);
		lines = lines < 1 ? 1 : lines > room ? room : lines;
		inside.y = (i == 0 ? wg_take_bottom(rest, lines) : wg_take_top(rest, lines)).y;
		inside.h = lines;
		wg_draw_text(c, inside, &text, 1, 0);
		room -= lines;
	}
}

/* ---- footer ----------------------------------------------------------------------------------------------------- */

#define HINTS_MAX 24

static int hint_width(const struct wg_hint *hint)
{
	return wg_text_width(hint->key) + 1 + wg_text_width(hint->label) + 3;
}

/* A key that could only say why it does nothing is no hint. */
static bool of_use(const struct ui_shell *shell, unsigned where, enum ui_action action)
{
	const struct ui_screen *top = shell->stack[shell->depth - 1];
	bool of_target = action == UI_DO_HUNT || action == UI_DO_TIME || action == UI_DO_MARK || action == UI_DO_ANCHOR;
	if (of_target && !shell->target.feed)
		return false;
	if (top->ops->of_use && !shell->time.focus && !top->ops->of_use(top, shell, action))
		return false;
	if ((action == UI_DO_MACHINE || action == UI_DO_SHARERS) && !shell->sources->kernel)
		return false;
	if (action == UI_DO_SHARERS && !shell->target.inspect)
		return false;
	if (action == UI_DO_FAMILY && !(shell->sources->kernel && shell->target.feed))
		return false;
	if (action == UI_DO_FAULTS)
		return shell->target.faults && where != UI_IN_FAULTS;
	if (action == UI_DO_WATCH || action == UI_DO_ALLOCATIONS)
		return shell->target.faults && !shell->target.faults_source;
	return action != UI_DO_RECORD || shell->target.tap;
}

/* The labelled bindings of a place, in the order of their rank; help and quit (rank 0) come last but never leave. */
static size_t collect_hints(struct ui_shell *shell, unsigned where, bool unicode, int w, struct wg_hint *ret)
{
	size_t n_all, n = 0;
	const struct ui_binding *all = ui_bindings(&n_all);
	int room = w - 2;
	for (int pass = 0; pass <= 9; pass++)
		for (size_t i = 0; i < n_all && n < HINTS_MAX; i++) {
			char name[16];
			const struct ui_binding *b = &all[i];
			if (!(b->where & where) || !b->label || b->rank != pass || !of_use(shell, where, b->action))
				continue;
			const char *key = b->shown ? b->shown : ui_key_name(b->keys[0], unicode, name, sizeof name);
			struct wg_hint hint = {ui_scratch_text(&shell->scratch, "%s", key), b->label};
			if (hint_width(&hint) > room + 3)
				continue;
			room -= hint_width(&hint);
			ret[n++] = hint;
		}
	return n;
}

/* Help and quit were taken first, so that there is room for them, and stand last. */
static void put_last(struct wg_hint *hints, size_t n, size_t first)
{
	struct wg_hint sorted[HINTS_MAX];
	for (size_t i = 0; i < n; i++)
		sorted[i] = hints[(i + first) % n];
	memcpy(hints, sorted, n * sizeof *hints);
}

void ui_frame_foot(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	if (rest->h < 2 && !shell->prompt.kind)
		return;
	struct wg_rect line = wg_take_bottom(rest, 1);
	if (shell->prompt.kind) {
		static const char *const labels[] = {[UI_PROMPT_FILTER] = "/",
						     [UI_PROMPT_ADDRESS] = "address: ",
						     [UI_PROMPT_MARK] = "mark this moment as: ",
						     [UI_PROMPT_TIME] = "time or mark: ",
						     [UI_PROMPT_RECORD] = "record to file: ",
						     [UI_PROMPT_OPEN] = "saved record: "};
		wg_draw_prompt(c, line, labels[shell->prompt.kind], shell->prompt.text,
			       shell->prompt.error[0] ? shell->prompt.error : NULL);
		return;
	}
	const struct ui_screen *top = shell->stack[shell->depth - 1];
	unsigned where = shell->help ? UI_IN_HELP : shell->time.focus ? UI_IN_TIME : top->ops->where(top);
	struct wg_hint hints[HINTS_MAX];
	size_t n = collect_hints(shell, where, c->can.unicode, line.w, hints);
	put_last(hints, n, 2);
	wg_draw_hints(c, line, hints, n);
}

/* ---- scrolled text ---------------------------------------------------------------------------------------------- */

int ui_scroll_bounded(int top, int all, int lines)
{
	int last = all > lines ? all - lines : 0;
	return top > last ? last : top < 0 ? 0 : top;
}

void ui_scroll_mark(struct wg_canvas *c, struct wg_rect rect, int top, int all)
{
	if (rect.h < 2 || all <= rect.h)
		return;
	int size = rect.h * rect.h / all, way = rect.h - (size ? size : 1);
	int at = (int)((int64_t)top * way / (all - rect.h));
	for (int y = 0; y < (size ? size : 1); y++)
		wg_put(c, rect, rect.w - 1, at + y, 0x2590, WG_STYLE(WG_DIM, WG_BACK));
}
