/*
 * Drawing time: moments into the columns of a plot, round numbers along its edges, and the line above it that says what
 * is plotted and how much there was at the cursor. See time.h.
 */
#include <string.h>
#include <time.h>

#include "core/record/replay.h"
#include "core/text/text.h"
#include "tui/format.h"
#include "tui/heat.h"
#include "tui/shell.h"

#define SECOND       1000000000ull
#define FULL_BELOW   12 /* lines below which a strip would leave no room for the screen */
#define TABLE_FROM   18 /* lines from which the full view has a table as well */
#define TICK_COLUMNS 14
#define LEVELS_MAX   8
#define TICKS_MAX    40
#define MARKS_MAX    64
#define GAP_TIMES    4 /* a moment that is missing: so many times as far as on either side */

/* The layers of the stack, the lowest first. */
enum part { ANON, FILES, SHMEM, OTHER, UNTOLD, HUGETLB, SWAP, PARTS };

static const struct wg_plot_series series[PARTS] = {
	[ANON] = {.hue = WG_HUE_ANON},
	[FILES] = {.hue = WG_HUE_FILE},
	[SHMEM] = {.hue = WG_HUE_SHMEM},
	[OTHER] = {.hue = WG_HUE_KERNEL},
	[UNTOLD] = {.unknown = true},
	[HUGETLB] = {.hue = WG_HUE_HUGETLB, .hatched = true},
	[SWAP] = {.hue = WG_HUE_SWAP, .hatched = true},
};

static uint64_t known(struct pt_maybe m)
{
	return m.known ? m.value : 0;
}

/* What is in RSS but in no class that is known is of the kernel, or not told apart. */
static void divide(const struct pt_moment *m, uint64_t *v)
{
	bool told = m->anon.known && m->file.known && m->shmem.known;
	uint64_t sum = known(m->anon) + known(m->file) + known(m->shmem), rss = known(m->rss);
	memset(v, 0, PARTS * sizeof *v);
	v[ANON] = known(m->anon);
	v[FILES] = known(m->file);
	v[SHMEM] = known(m->shmem);
	v[told ? OTHER : UNTOLD] = rss > sum ? rss - sum : 0;
	v[HUGETLB] = known(m->hugetlb);
	v[SWAP] = known(m->swap);
}

static uint64_t height(const struct pt_moment *m)
{
	uint64_t v[PARTS], sum = 0;
	divide(m, v);
	for (int i = 0; i < PARTS; i++)
		sum += v[i];
	return sum;
}

/* ---- where ------------------------------------------------------------------------------------------------------ */

int ui_time_lines(const struct ui_time *t, int h)
{
	if (t->view == UI_TIME_AWAY || h <= 0)
		return 0;
	if (t->view == UI_TIME_FULL || (t->focus && h < FULL_BELOW))
		return h;
	if (h < FULL_BELOW)
		return 0;
	return h >= 48 ? 13 : h >= 36 ? 11 : h >= 28 ? 9 : h >= 18 ? 7 : 5;
}

/* The time that the plot shows: the newest moments at the right. */
static void set_window(struct ui_shell *shell)
{
	struct ui_time *t = &shell->time;
	const struct ui_chronicle *c = t->got;
	t->from_ns = c ? c->first_ns : 0;
	t->to_ns = c ? c->last_ns : 0;
	if (!c || !t->window_ns)
		return;
	t->to_ns = t->window_end_ns ? t->window_end_ns : c->last_ns;
	t->from_ns = t->to_ns > t->window_ns ? t->to_ns - t->window_ns : 0;
}

/* May lie outside; the only moment there is stands at the right. */
static int64_t column_of(const struct ui_time *t, uint64_t realtime_ns)
{
	if (t->to_ns <= t->from_ns)
		return t->area.w - 1;
	double share = ((double)realtime_ns - (double)t->from_ns) / (double)(t->to_ns - t->from_ns);
	return (int64_t)(share * (t->area.w - 1) + 0.5 + 1e6) - (int64_t)1e6;
}

/* -1: not on the plot. */
static int cursor_column(const struct ui_time *t, uint64_t realtime_ns)
{
	int64_t x = column_of(t, realtime_ns);
	return x >= 0 && x < t->area.w ? (int)x : -1;
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static uint64_t apart(const struct ui_chronicle *c, size_t i)
{
	return i + 1 < c->n_moments ? c->moments[i + 1].realtime_ns - c->moments[i].realtime_ns : 0;
}

/* Between moments i and i + 1 some are missing: they lie much farther apart than those around them. */
static bool has_gap(const struct ui_chronicle *c, size_t i, uint64_t interval_ns)
{
	uint64_t far = apart(c, i), left = i ? apart(c, i - 1) : 0, right = apart(c, i + 1);
	uint64_t usual = left > right ? left : right;
	return far > GAP_TIMES * usual && far > GAP_TIMES * interval_ns;
}

/* A moment stands until the next; where there are several in a column, that with most. */
static void fill_columns(struct ui_shell *shell, struct wg_plot_column *columns)
{
	struct ui_time *t = &shell->time;
	const struct ui_chronicle *c = t->got;
	uint64_t interval = shell->target.status.interval_ns, most = 0;
	int64_t filled = -1; /* the last column that has something */
	for (int x = 0; x < t->area.w; x++)
		columns[x].gap = true;
	for (size_t i = 0; i < c->n_moments; i++) {
		const struct pt_moment *m = &c->moments[i];
		int64_t x = column_of(t, m->realtime_ns);
		int64_t end = i + 1 < c->n_moments ? column_of(t, c->moments[i + 1].realtime_ns) : x + 1;
		if (has_gap(c, i, interval) || end <= x)
			end = x + 1;
		if (x == filled && height(m) < most)
			x++;
		else
			most = height(m);
		for (x = x < 0 ? 0 : x; x < end && x < t->area.w; x++) {
			columns[x].gap = !m->rss.known;
			divide(m, columns[x].v);
			filled = x;
		}
	}
}

static uint64_t highest(const struct wg_plot_column *columns, int n)
{
	uint64_t most = 0;
	for (int x = 0; x < n; x++) {
		uint64_t sum = 0;
		for (int i = 0; i < PARTS; i++)
			sum += columns[x].gap ? 0 : columns[x].v[i];
		most = sum > most ? sum : most;
	}
	return most;
}

/* ---- edges ------------------------------------------------------------------------------------------------------ */

/* Powers of two of a page or more: what sizes of memory are round by. */
static size_t set_levels(struct ui_scratch *s, uint64_t top, int rows, struct wg_plot_label *ret)
{
	uint64_t step = 4096;
	uint64_t n_max = rows >= 3 * LEVELS_MAX ? LEVELS_MAX : rows >= 6 ? (uint64_t)rows / 3 : 1;
	size_t n = 0;
	while (top / step > n_max && step < (uint64_t)1 << 62)
		step *= 2;
	for (uint64_t at = step; at <= top && n < LEVELS_MAX; at += step)
		ret[n++] = (struct wg_plot_label){at, ui_size(s, at)};
	return n;
}

/* Seconds between ticks: round on a clock. */
static uint64_t tick_step(uint64_t wide_ns, int columns)
{
	static const unsigned steps[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
					 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
	uint64_t most = columns / TICK_COLUMNS > 0 ? (uint64_t)(columns / TICK_COLUMNS) : 1;
	uint64_t wide = wide_ns / SECOND;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (wide / steps[i] <= most)
			return steps[i];
	return (wide / most / 86400 + 1) * 86400;
}

/* As exact as the step asks for. */
static const char *tick_text(struct ui_scratch *s, uint64_t seconds, uint64_t step)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	char text[32];
	if (!localtime_r(&at, &tm))
		return "?";
	strftime(text, sizeof text, step < 60 ? "%H:%M:%S" : step < 86400 ? "%H:%M" : "%e %b", &tm);
	return ui_scratch_text(s, "%s", text);
}

static long zone_of(uint64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0;
}

static size_t set_ticks(struct ui_shell *shell, struct wg_plot_label *ret)
{
	const struct ui_time *t = &shell->time;
	uint64_t step = tick_step(t->to_ns - t->from_ns, t->area.w), zone = (uint64_t)zone_of(t->to_ns / SECOND);
	uint64_t first = (t->from_ns / SECOND + zone + step - 1) / step * step - zone;
	size_t n = 0;
	for (uint64_t at = first; at * SECOND <= t->to_ns && n < TICKS_MAX; at += step) {
		int64_t x = column_of(t, at * SECOND);
		if (x >= 0 && x < t->area.w)
			ret[n++] = (struct wg_plot_label){(uint64_t)x, tick_text(&shell->scratch, at, step)};
	}
	return n;
}

static size_t set_marks(struct ui_shell *shell, struct wg_plot_label *ret)
{
	const struct ui_chronicle *c = shell->time.got;
	size_t n = 0;
	for (size_t i = 0; i < c->n_marks && n < MARKS_MAX; i++) {
		int x = cursor_column(&shell->time, c->marks[i].realtime_ns);
		if (x >= 0)
			ret[n++] = (struct wg_plot_label){(uint64_t)x,
							  ui_printable(&shell->scratch, c->marks[i].label)};
	}
	return n;
}

/* ---- what is said ----------------------------------------------------------------------------------------------- */

static const char *span_text(struct ui_scratch *s, uint64_t ns)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_ns(ns, text, sizeof text));
}

const char *ui_time_caption(struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	struct ui_scratch *s = &shell->scratch;
	if (!t->back || !t->now)
		return NULL;
	uint64_t last = t->live ? t->live->realtime_ns : 0, at = t->now->realtime_ns;
	if (pt_replay_of(t->feed))
		return ui_clock(s, at);
	const char *age = last > at ? span_text(s, last - at) : "0 s";
	return ui_scratch_text(s, "%s, %s %s", ui_clock(s, at), age,
			       t->status.state == PT_FEED_ENDED ? "before the end" : "ago");
}

const char *ui_time_range(struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	struct ui_scratch *s = &shell->scratch;
	if (!shell->time.anchor || !t->now || !t->before)
		return NULL;
	uint64_t from = t->before->realtime_ns, to = t->now->realtime_ns;
	return ui_scratch_text(s, "%s to %s (%s)", ui_clock(s, from), ui_clock(s, to),
			       span_text(s, to > from ? to - from : 0));
}

static struct wg_span class_span(struct ui_scratch *s, const char *name, struct pt_maybe bytes, uint8_t hue,
				 int priority)
{
	uint8_t role = !bytes.known ? WG_UNKNOWN : bytes.value ? WG_HEAT(hue, WG_LEVELS - 1) : WG_DIM;
	return (struct wg_span){ui_scratch_text(s, "%s %s", name, ui_bytes(s, bytes)), role, priority};
}

/* What the plot is of. */
static const char *plotted(struct ui_shell *shell)
{
	const struct ui_time *t = &shell->time;
	const struct pt_snapshot *now = shell->target.now;
	struct ui_scratch *s = &shell->scratch;
	const struct ui_chronicle *c = t->got;
	if (!c || !c->of.end || !now)
		return "RSS of the process";
	size_t i = pt_vma_find(now->vmas, c->of.start);
	bool there = i < now->vmas->n && now->vmas->v[i].start < c->of.end;
	return ui_scratch_text(s, "RSS of %s, %llx",
			       there ? ui_vma_name(s, &now->vmas->v[i]) : "what was not there yet",
			       (unsigned long long)c->of.start);
}

/* The moment at the cursor. */
static const struct pt_moment *at_cursor(const struct ui_shell *shell)
{
	const struct pt_snapshot *live = shell->target.live;
	return ui_chronicle_at(shell->time.got, shell->time.at ? shell->time.at : live ? live->seq : UINT64_MAX);
}

/* How RSS differs between the two cursors. */
static struct wg_span difference(struct ui_shell *shell)
{
	const struct ui_time *t = &shell->time;
	const struct pt_moment *a = ui_chronicle_at(t->got, t->anchor), *b = at_cursor(shell);
	char text[24];
	if (!t->anchor || !a || !b || !a->rss.known || !b->rss.known)
		return (struct wg_span){0};
	if (t->exec_between)
		return (struct wg_span){"exec between: nothing to compare", WG_WARN, 1};
	int64_t bytes = (int64_t)(b->rss.value - a->rss.value);
	bytes = a->seq > b->seq ? -bytes : bytes;
	return (struct wg_span){ui_scratch_text(&shell->scratch, "%s", pt_text_delta(bytes, text, sizeof text)),
				bytes > 0   ? WG_GREW
				: bytes < 0 ? WG_SHRANK
					    : WG_DIM,
				1};
}

static const char *extent(struct ui_shell *shell)
{
	const struct ui_chronicle *c = shell->time.got;
	struct ui_scratch *s = &shell->scratch;
	if (!c || !c->n_moments)
		return NULL;
	if (c->count == 1)
		return "one moment so far";
	return ui_scratch_text(s, "%s moments in %s", ui_number(s, c->count), span_text(s, c->last_ns - c->first_ns));
}

static void draw_title(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_time *t = &shell->time;
	const struct pt_moment *m = at_cursor(shell);
	struct pt_moment none = {0};
	const struct pt_moment *of = m ? m : &none;
	const char *range = ui_time_range(shell);
	struct wg_span spans[] = {
		{plotted(shell), t->focus ? WG_STRONG : WG_TEXT, 0},
		{range, WG_ACCENT, 1},
		difference(shell),
		m ? (struct wg_span){ui_scratch_text(s, "RSS %s", ui_bytes(s, of->rss)), WG_STRONG, 2}
		  : (struct wg_span){0},
		m ? class_span(s, "anon", of->anon, WG_HUE_ANON, 3) : (struct wg_span){0},
		m ? class_span(s, "file", of->file, WG_HUE_FILE, 4) : (struct wg_span){0},
		m ? class_span(s, "shmem", of->shmem, WG_HUE_SHMEM, 5) : (struct wg_span){0},
		m ? class_span(s, "swapped", of->swap, WG_HUE_SWAP, 4) : (struct wg_span){0},
		m && known(of->hugetlb) ? class_span(s, "hugetlb", of->hugetlb, WG_HUE_HUGETLB, 6)
					: (struct wg_span){0},
		{extent(shell), WG_DIM, 7},
	};
	wg_draw_rule(c, line, spans, sizeof spans / sizeof *spans);
}

/* ---- the plot --------------------------------------------------------------------------------------------------- */

static const char *why_empty(const struct ui_shell *shell)
{
	const struct ui_chronicle *c = shell->time.got;
	if (c && c->error)
		return "the past cannot be read";
	return c && !c->count ? "nothing to go back to yet: the first frame is being read" : "reading...";
}

static void draw_plot(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_time *t = &shell->time;
	struct wg_plot_label levels[LEVELS_MAX], ticks[TICKS_MAX], marks[MARKS_MAX];
	struct wg_plot plot = {.series = series, .n_series = PARTS, .cursor = -1, .anchor = -1};
	t->area = wg_plot_area(rect, t->got && t->got->n_marks);
	set_window(shell);
	struct wg_plot_column *columns = t->area.w > 0
						 ? ui_scratch_array(&shell->scratch, (size_t)t->area.w, sizeof *columns)
						 : NULL;
	if (!columns || !t->got || !t->got->n_moments) {
		plot.empty = why_empty(shell);
		wg_draw_plot(c, rect, &plot);
		return;
	}
	fill_columns(shell, columns);
	plot.columns = columns;
	plot.n = t->area.w;
	plot.top = highest(columns, plot.n) / 16 * 17 + 1;
	plot.levels = levels;
	plot.n_levels = set_levels(&shell->scratch, plot.top, t->area.h, levels);
	plot.ticks = ticks;
	plot.n_ticks = set_ticks(shell, ticks);
	plot.marks = marks;
	plot.n_marks = set_marks(shell, marks);
	const struct pt_moment *m = at_cursor(shell), *anchor = t->anchor ? ui_chronicle_at(t->got, t->anchor) : NULL;
	if (m && (t->focus || t->at || t->anchor || pt_replay_of(shell->target.feed))) {
		bool past = t->at || pt_replay_of(shell->target.feed);
		plot.cursor = cursor_column(t, past ? m->realtime_ns : t->to_ns);
		plot.cursor_text = past ? ui_scratch_text(&shell->scratch, " %s ",
							  ui_clock(&shell->scratch, m->realtime_ns))
				   : shell->target.status.state == PT_FEED_ENDED ? " the end "
										 : " now ";
	}
	plot.anchor = anchor ? cursor_column(t, anchor->realtime_ns) : -1;
	wg_draw_plot(c, rect, &plot);
}

/* ---- the table of the full view --------------------------------------------------------------------------------- */

#define ROWS          8
#define CLASSES_WIDTH 46
#define LEDGER_WIDTH  60
#define COLUMNS       4

static struct wg_table_cell change(struct ui_scratch *s, struct pt_maybe a, struct pt_maybe b)
{
	return ui_cell_delta(s, (int64_t)(b.value - a.value), a.known && b.known);
}

static void draw_rows(struct wg_canvas *c, struct wg_rect rect, const struct wg_column *columns, size_t n_columns,
		      const struct wg_table_row *rows, size_t n, const char *empty)
{
	struct wg_table table = {.columns = columns,
				 .n_columns = n_columns,
				 .rows = rows,
				 .n_rows = n,
				 .total = n,
				 .selected = -1,
				 .empty = empty};
	wg_draw_table(c, rect, &table);
}

static uint64_t count_vmas(const struct pt_ledger *ledger, enum pt_vma_event what)
{
	uint64_t n = 0;
	for (size_t i = 0; i < ledger->n_changes; i++)
		n += ledger->changes[i].what == what;
	return n;
}

/* The event that most pages have of those not taken yet; -1: there are no more. */
static int next_event(const struct pt_ledger *ledger, uint32_t *taken)
{
	int most = -1;
	for (int i = 0; ledger && i < PT_EVENT_N; i++)
		if (!(*taken >> i & 1) && ledger->known >> i & 1 && ledger->n[i] &&
		    (most < 0 || ledger->n[i] > ledger->n[most]))
			most = i;
	*taken |= most < 0 ? 0 : 1u << most;
	return most;
}

/* What became of pages, most of them first, and of VMAs; of nothing that cannot be told here. */
static void draw_ledger(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_ledger *ledger = ui_changes_ledger(&shell->target.changes);
	char span[64];
	const char *title = ui_changes_span(&shell->target.changes, span, sizeof span);
	const struct wg_column columns[2] = {{ui_scratch_text(s, "PAGES %s", title), 34, 0, WG_COL_GROW},
					     {"SIZE", 7, 0, WG_COL_RIGHT}};
	struct wg_table_cell cells[ROWS][2];
	struct wg_table_row rows[ROWS];
	size_t n = 0;
	uint32_t taken = 0;
	for (int event = next_event(ledger, &taken); event >= 0 && n < ROWS; event = next_event(ledger, &taken)) {
		struct pt_maybe bytes = {ledger->n[event] << shell->target.now->page_shift, true};
		cells[n][0] = (struct wg_table_cell){pt_event_words((enum pt_event)event), WG_TEXT};
		cells[n++][1] = ui_cell_bytes(s, bytes);
	}
	for (int what = 0; ledger && what < PT_VMA_EVENT_N && n < ROWS; what++) {
		uint64_t vmas = count_vmas(ledger, (enum pt_vma_event)what);
		if (!vmas)
			continue;
		cells[n][0] = (struct wg_table_cell){
			ui_scratch_text(s, "VMAs %s", pt_vma_event_name((enum pt_vma_event)what)), WG_DIM};
		cells[n++][1] = ui_cell_number(s, (struct pt_maybe){vmas, true});
	}
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct wg_table_row){cells[i], NULL, 0};
	draw_rows(c, rect, columns, 2, rows, n, ledger ? "no page changed" : "nothing to compare with");
}

/* The classes at the earlier of both cursors, or at the first moment, and at the later one. */
static void draw_classes(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_time *t = &shell->time;
	const struct pt_moment *b = at_cursor(shell), *a = ui_chronicle_at(t->got, t->anchor);
	struct wg_table_cell cells[ROWS][COLUMNS];
	struct wg_table_row rows[ROWS];
	if (!a || !b)
		return;
	if (a->seq > b->seq) {
		const struct pt_moment *swap = a;
		a = b;
		b = swap;
	}
	const struct {
		const char *name;
		struct pt_maybe a, b;
	} of[ROWS] = {{"RSS", a->rss, b->rss},       {"anon", a->anon, b->anon},         {"file", a->file, b->file},
		      {"shmem", a->shmem, b->shmem}, {"swapped", a->swap, b->swap},      {"huge (THP)", a->thp, b->thp},
		      {"PSS", a->pss, b->pss},       {"hugetlb", a->hugetlb, b->hugetlb}};
	const struct wg_column columns[COLUMNS] = {
		{"CLASS", 12, 0, 0},
		{ui_clock(s, a->realtime_ns), 9, 0, WG_COL_RIGHT},
		{ui_clock(s, b->realtime_ns), 9, 0, WG_COL_RIGHT},
		{"+/-", 8, 0, WG_COL_RIGHT},
	};
	for (size_t i = 0; i < ROWS; i++) {
		cells[i][0] = (struct wg_table_cell){of[i].name, i ? WG_TEXT : WG_STRONG};
		cells[i][1] = ui_cell_bytes(s, of[i].a);
		cells[i][2] = ui_cell_bytes(s, of[i].b);
		cells[i][3] = change(s, of[i].a, of[i].b);
		rows[i] = (struct wg_table_row){cells[i], NULL, 0};
	}
	draw_rows(c, rect, columns, COLUMNS, rows, ROWS, NULL);
}

static void draw_tables(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_rect left = wg_take_left(&rect, rect.w >= CLASSES_WIDTH + LEDGER_WIDTH ? CLASSES_WIDTH : rect.w);
	draw_classes(shell, c, left);
	wg_take_left(&rect, 2);
	if (rect.w > 0 && shell->target.now)
		draw_ledger(shell, c, wg_take_left(&rect, LEDGER_WIDTH));
}

void ui_time_draw(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_time *t = &shell->time;
	t->strip = rect;
	if (rect.h <= 0)
		return;
	draw_title(shell, c, wg_take_top(&rect, 1));
	if (t->view == UI_TIME_FULL && rect.h >= TABLE_FROM)
		draw_tables(shell, c, wg_take_bottom(&rect, ROWS + 1));
	draw_plot(shell, c, rect);
}
