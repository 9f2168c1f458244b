/*
 * Drawing the page screen: the answer in words first, then why, then the evidence. Wide screens have the words at the
 * left and the facts at the right; narrow ones one below the other, scrolled as one.
 */
#include "tui/screens/pageview.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/frame.h"
#include "tui/heat.h"

#define TWO_COLUMNS_FROM 110
#define BIRTH_LINES      12
#define PARAGRAPHS       (PT_REASONS_MAX + BIRTH_LINES + 7)
#define FACT_ROWS        (PT_FACTS_MAX + 16)

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

static size_t add_paragraph(struct wg_paragraph *v, size_t n, const char *text, uint8_t role, int indent)
{
	v[n] = (struct wg_paragraph){text, role, indent};
	return n + 1;
}

static const char *read_error(struct ui_scratch *s, int error)
{
	switch (error) {
	case -ESRCH: return "The process has ended: nothing can be read of it any more.";
	case -EACCES:
	case -EPERM: return "Not permitted: reading another process needs the same user, or sudo.";
	default: return ui_scratch_text(s, "It cannot be read: %s.", strerror(-error));
	}
}

/* What the last frame knows, when the process can no longer be asked; it may have known that for a while. */
static const char *last_frame(const struct ui_page_view *v, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	struct ui_scratch *scratch = &shell->scratch;
	if (!s)
		return "";
	struct pt_page page = pt_snapshot_page(s, v->address);
	uint64_t read_ns = pt_snapshot_oldest(s, v->address, v->address + (1ull << s->page_shift));
	const char *when = read_ns < s->fresh_ns
				   ? ui_scratch_text(scratch, " (read %s before)", ui_age(scratch, s, read_ns))
				   : "";
	const char *kind = pt_kind_name(pt_page_kind(page));
	if (page.bits & PT_HAS_COUNT)
		return ui_scratch_text(scratch, "In its last frame%s it was: %s, PFN 0x%" PRIx64 ", mapped %u times.",
				       when, kind, page.pfn, page.count);
	return ui_scratch_text(scratch, "In its last frame%s it was: %s.", when, kind);
}

/* A moment's snapshot may have known of the page for a while. */
static const char *as_recalled(const struct ui_page_view *v, struct ui_shell *shell, const char *clock)
{
	const struct pt_snapshot *s = shell->target.now;
	uint64_t size = s ? 1ull << s->page_shift : 0,
		 read_ns = s ? pt_snapshot_oldest(s, v->address, v->address + size) : 0;
	if (!s || read_ns >= s->fresh_ns)
		return ui_scratch_text(&shell->scratch, "As it was at %s.", clock);
	return ui_scratch_text(&shell->scratch, "As it was at %s, read %s before that.", clock,
			       ui_age(&shell->scratch, s, read_ns));
}

/* When the page was read, if it is not read again and again; else NULL. */
static const char *as_of(const struct ui_page_view *v, struct ui_shell *shell)
{
	const char *clock = ui_clock(&shell->scratch, v->got->realtime_ns);
	if (v->got->facts.recalled)
		return as_recalled(v, shell, clock);
	switch (shell->target.status.state) {
	case PT_FEED_ENDED: return ui_scratch_text(&shell->scratch, "Read at %s; the process has ended since.", clock);
	case PT_FEED_PAUSED: return ui_scratch_text(&shell->scratch, "Read at %s, and not again while paused.", clock);
	default: return NULL;
	}
}

static size_t words(const struct ui_page_view *v, struct ui_shell *shell, struct wg_paragraph *ret)
{
	size_t n = 0;
	if (!v->got)
		return add_paragraph(ret, n, "reading...", WG_DIM, 0);
	if (v->got->error) {
		n = add_paragraph(ret, n, read_error(&shell->scratch, v->got->error), WG_WARN, 0);
		return add_paragraph(ret, n, last_frame(v, shell), WG_TEXT, 0);
	}
	n = add_paragraph(ret, n, v->words.headline, WG_STRONG, 0);
	if (as_of(v, shell))
		n = add_paragraph(ret, n, as_of(v, shell), WG_WARN, 0);
	n = add_paragraph(ret, n, "", WG_TEXT, 0);
	for (unsigned i = 0; i < v->words.n_reasons; i++)
		n = add_paragraph(ret, n, ui_scratch_text(&shell->scratch, UI_DOT " %s", v->words.reasons[i]), WG_TEXT,
				  2);
	size_t birth = ui_page_birth(v, shell, ret + n + 1, BIRTH_LINES);
	if (birth)
		n = add_paragraph(ret, n, "", WG_TEXT, 0) + birth;
	return n;
}

static size_t fact_rows(const struct ui_page_view *v, struct wg_fact *ret)
{
	size_t n = 0;
	const char *group = NULL;
	if (!v->got || v->got->error)
		return 0;
	for (size_t i = 0; i < v->facts.n && n + 3 < FACT_ROWS; i++) {
		const struct pt_fact *f = &v->facts.v[i];
		if (!group || strcmp(group, f->group) != 0) {
			if (group)
				ret[n++] = (struct wg_fact){0};
			ret[n++] = (struct wg_fact){.name = f->group, .role = WG_TITLE};
			group = f->group;
		}
		ret[n++] = (struct wg_fact){f->name[0] ? f->name : NULL, f->value, f->note[0] ? f->note : NULL,
					    WG_TEXT};
	}
	return n;
}

/* The causes are tokens of the commands' contract; one of them reads badly as a line of history. */
static const char *what_it_was(enum pt_cause cause)
{
	return cause == PT_CAUSE_PFN_HIDDEN ? "present, frame number hidden" : pt_cause_name(cause);
}

static const char *moment_text(struct ui_scratch *s, const struct ui_page_moment *m)
{
	const char *pfn = m->pfn ? ui_scratch_text(s, ", PFN 0x%" PRIx64, m->pfn) : "";
	const char *count = m->has_count ? ui_scratch_text(s, ", mapped %" PRIu64 "x", m->count) : "";
	return ui_scratch_text(s, "%s  %s%s%s", ui_clock(s, m->realtime_ns), what_it_was(m->cause), pfn, count);
}

/* "copied on write, private now: "; nothing where no event has a name. */
static const char *event_words(struct ui_scratch *s, uint32_t events)
{
	const char *text = NULL;
	for (int i = 0; i < PT_EVENT_N; i++)
		if (events >> i & 1)
			text = text ? ui_scratch_text(s, "%s, %s", text, pt_event_words((enum pt_event)i))
				    : pt_event_words((enum pt_event)i);
	return text ? text : "";
}

/* What the page became, and how near that is known. */
static const char *chapter_text(struct ui_scratch *s, const struct pt_chapter *chapter)
{
	const struct pt_page page = chapter->page;
	uint64_t within = chapter->from_ns ? chapter->to_ns - chapter->from_ns : 0;
	char text[24];
	const char *about = within > 2000000000u
				    ? ui_scratch_text(s, " (within %s before)", pt_text_ns(within, text, sizeof text))
				    : "";
	const char *kind = pt_page_kind(page) ? pt_kind_name(pt_page_kind(page)) : "nothing there";
	const char *pfn = pt_kind_present(pt_page_kind(page)) && page.pfn
				  ? ui_scratch_text(s, ", PFN 0x%" PRIx64, page.pfn)
				  : "";
	const char *count = page.bits & PT_HAS_COUNT ? ui_scratch_text(s, ", mapped %ux", page.count) : "";
	const char *clock = ui_clock(s, chapter->realtime_ns), *events = event_words(s, chapter->events);
	if (events[0] && !pt_kind_present(pt_page_kind(page))) /* that says it all */
		return ui_scratch_text(s, "%s  %s%s", clock, events, about);
	return ui_scratch_text(s, "%s  %s%s%s%s%s%s", clock, chapter->from_ns ? events : "at first",
			       chapter->from_ns && !events[0] ? "" : ": ", kind, pfn, count, about);
}

/* Of what was seen since the screen came here: changes that no frame has shown yet. */
static size_t newer_than_frames(const struct ui_page_view *v, const struct ui_shell *shell)
{
	const struct pt_snapshot *live = shell->target.live;
	size_t n = 0;
	if (shell->target.back || !live)
		return 0;
	while (n + 1 < v->n_history && v->history[v->n_history - 1 - n].realtime_ns > live->realtime_ns)
		n++;
	return n;
}

/* The page's story, as the past tells it. Newest first. */
static void draw_story(const struct ui_page_view *v, const struct ui_chronicle *story, struct ui_shell *shell,
		       struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	size_t n = story->n_chapters, newer = newer_than_frames(v, shell), changes = newer;
	for (size_t i = 0; i < n; i++)
		changes += story->chapters[i].from_ns != 0;
	struct wg_span title[] = {
		{"history of this address", WG_TEXT, 0},
		{changes              ? ui_scratch_text(s, "%zu change%s", changes, changes == 1 ? "" : "s")
		 : shell->target.back ? "no change"
				      : "no change so far",
		 changes ? WG_ACCENT : WG_DIM, 1},
		{story->first_ns ? ui_scratch_text(s, "since %s", ui_clock(s, story->first_ns)) : NULL, WG_DIM, 2},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, 3);
	for (size_t i = 0; i < newer + n && rect.h > 0; i++) {
		const char *text = i < newer ? moment_text(s, &v->history[v->n_history - 1 - i])
					     : chapter_text(s, &story->chapters[n - 1 - (i - newer)]);
		wg_text_cut(c, wg_take_top(&rect, 1), 1, 0, rect.w - 1, text, WG_CUT_END,
			    WG_STYLE(i ? WG_DIM : WG_TEXT, WG_BACK));
	}
}

/* Lines that the history takes where there is room; 0: there is none. */
static int history_lines(const struct ui_page_view *v, struct ui_shell *shell)
{
	const struct ui_chronicle *story = ui_time_story(shell, v->address);
	size_t n = story && story->n_chapters ? story->n_chapters + newer_than_frames(v, shell) : v->n_history;
	return !n ? 0 : n > 6 ? 7 : (int)n + 1;
}

/* What was seen since the screen came here, where no past is kept. Newest first. */
static void draw_history(const struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_chronicle *story = ui_time_story(shell, v->address);
	if (story && story->n_chapters) {
		draw_story(v, story, shell, c, rect);
		return;
	}
	size_t changes = v->n_history ? v->n_history - 1 : 0;
	struct wg_span title[] = {
		{"history of this address", WG_TEXT, 0},
		{changes ? ui_scratch_text(s, "%zu change%s", changes, changes == 1 ? "" : "s") : "no change so far",
		 changes ? WG_ACCENT : WG_DIM, 1},
		{ui_scratch_text(s, "%u reading%s", v->reads, v->reads == 1 ? "" : "s"), WG_DIM, 2},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, 3);
	for (size_t i = v->n_history; i-- > 0 && rect.h > 0;)
		wg_text_cut(c, wg_take_top(&rect, 1), 1, 0, rect.w - 1, moment_text(s, &v->history[i]), WG_CUT_END,
			    WG_STYLE(i + 1 == v->n_history ? WG_TEXT : WG_DIM, WG_BACK));
}

/* Lines that the map of frames takes, 0 if there is none. */
static int frames_lines(const struct ui_page_view *v, const struct wg_canvas *c, int w)
{
	return v->got && !v->got->error && v->got->facts.has_near ? ui_frames_lines(c, w) : 0;
}

/* Frames and history at the foot of a rectangle, if `least_words` lines stay for what is above. */
static void draw_foot(struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest,
		      int least_words)
{
	int frames = frames_lines(v, c, rest->w);
	int history = history_lines(v, shell);
	if (history && rest->h >= least_words + history)
		draw_history(v, shell, c, wg_take_bottom(rest, history));
	if (frames && rest->h >= least_words + frames)
		ui_frames_draw(&v->got->facts, shell, c, wg_take_bottom(rest, frames));
}

static struct wg_rect inset(struct wg_rect rect)
{
	if (rect.w > 20) {
		rect.x++;
		rect.w -= 2;
	}
	return rect;
}

static struct wg_rect no_lines(struct wg_rect rect)
{
	rect.h = 0;
	return rect;
}

/* ---- layouts ---------------------------------------------------------------------------------------------------- */

static void draw_wide(struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_paragraph paragraphs[PARAGRAPHS];
	struct wg_fact rows[FACT_ROWS];
	struct wg_rect left = wg_take_left(&rect, rect.w / 2), right = inset(rect);
	size_t n = words(v, shell, paragraphs);
	struct wg_facts facts = {rows, fact_rows(v, rows), 0};
	int frames = frames_lines(v, c, left.w);
	wg_draw_text(c, inset(left), paragraphs, n, 0);
	wg_take_top(&left, wg_draw_text(c, no_lines(inset(left)), paragraphs, n, 0) + 1);
	if (frames && left.h >= frames)
		ui_frames_draw(&v->got->facts, shell, c, wg_take_top(&left, frames));
	if (left.h > 2 && frames)
		wg_take_top(&left, 1);
	if (history_lines(v, shell) && left.h >= 2)
		draw_history(v, shell, c, left);
	v->lines = right.h;
	int fact_lines = wg_draw_facts(c, no_lines(right), &facts);
	facts.top = v->top = ui_scroll_bounded(v->top, fact_lines, right.h);
	wg_draw_facts(c, right, &facts);
	ui_scroll_mark(c, rect, v->top, fact_lines);
}

static void draw_narrow(struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_paragraph paragraphs[PARAGRAPHS];
	struct wg_fact rows[FACT_ROWS];
	draw_foot(v, shell, c, &rect, rect.h > 16 ? rect.h / 2 : 16);
	struct wg_rect whole = rect;
	rect = inset(rect);
	size_t n = words(v, shell, paragraphs);
	n = add_paragraph(paragraphs, n, "", WG_TEXT, 0);
	struct wg_facts facts = {rows, fact_rows(v, rows), 0};
	int text_lines = wg_draw_text(c, no_lines(rect), paragraphs, n, 0);
	int fact_lines = wg_draw_facts(c, no_lines(rect), &facts);
	v->lines = rect.h;
	v->top = ui_scroll_bounded(v->top, text_lines + fact_lines, rect.h);
	wg_draw_text(c, rect, paragraphs, n, v->top);
	int used = text_lines > v->top ? text_lines - v->top : 0;
	wg_take_top(&rect, used);
	facts.top = v->top > text_lines ? v->top - text_lines : 0;
	wg_draw_facts(c, rect, &facts);
	ui_scroll_mark(c, whole, v->top, text_lines + fact_lines);
}

void ui_page_draw(struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	if (rect.w >= TWO_COLUMNS_FROM)
		draw_wide(v, shell, c, rect);
	else
		draw_narrow(v, shell, c, rect);
}

/* ---- contents --------------------------------------------------------------------------------------------------- */

static const char *why_no_contents(const struct ui_page_view *v, struct ui_scratch *s)
{
	if (v->got && v->got->facts.recalled)
		return "What was in the page at that moment is not kept: history has what pages were, never their "
		       "contents.";
	if (!v->got || !v->got->asked_contents)
		return v->got && v->got->error ? read_error(s, v->got->error) : "reading...";
	switch (v->got->contents_error) {
	case -ENODATA:
		return "No page is present here, so there are no contents to show. Reading it all the same would make "
		       "the "
		       "kernel give the process a page: pagetop changes nothing.";
	case -EACCES:
	case -EPERM: return "Not permitted: contents need the right to trace the process; sudo pagetop has it.";
	default: return ui_scratch_text(s, "The contents cannot be read: %s.", strerror(-v->got->contents_error));
	}
}

void ui_page_draw_hex(struct ui_page_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	if (rect.h >= 4 && v->got && !v->got->error) {
		struct wg_span span = {v->words.headline, WG_STRONG, 0};
		wg_draw_line(c, wg_take_top(&rect, 1), &(struct wg_line){.spans = &span, .n = 1, .bg = WG_BACK});
	}
	if (!v->got || !v->got->contents) {
		struct wg_paragraph why = {why_no_contents(v, &shell->scratch), WG_TEXT, 0};
		wg_draw_text(c, inset(rect), &why, 1, 0);
		return;
	}
	struct wg_rect inside = inset(rect);
	size_t size = (size_t)1 << v->got->facts.page_shift, line = (size_t)wg_hex_line(inside.w);
	size_t shown = line * (size_t)(inside.h > 0 ? inside.h : 1);
	size_t last = size > shown ? (size - shown + line - 1) / line * line : 0;
	v->hex_top -= v->hex_top % line;
	v->hex_top = v->hex_top > last ? last : v->hex_top;
	v->lines = inside.h;
	wg_draw_hex(c, inside, &(struct wg_hex){v->got->contents, size, v->got->facts.address, v->hex_top});
}
