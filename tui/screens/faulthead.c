/*
 * The top of the fault screen: how much, what that number is worth, how it was over time and of which kinds, as pictures;
 * and why there is nothing to show. See faultview.h.
 */
#include "tui/screens/faultview.h"

#include <errno.h>
#include <string.h>

#include "core/record/replay.h"
#include "core/text/text.h"
#include "tui/format.h"
#include "tui/heat.h"

#define SECOND      1000000000u
#define LEVELS_MAX  4
#define TICKS       30 /* columns between two */
#define FEW_SAMPLES 10 /* from which a share of time means something */
#define WIDEST      8  /* columns that a second takes, at most */

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

static const struct {
	uint8_t hue;
	const char *label;
} kinds[PT_FAULT_KIND_N] = {
	[PT_FAULT_UNKNOWN] = {WG_HUE_LAYER, "unknown"},
	[PT_FAULT_FIRST_TOUCH] = {WG_HUE_ANON, "first touch"},
	[PT_FAULT_HUGE] = {WG_HUE_HUGETLB, "huge page"},
	[PT_FAULT_COW] = {WG_HUE_OTHER, "copied"},
	[PT_FAULT_ZERO_WRITE] = {WG_HUE_ZERO, "zero page written"},
	[PT_FAULT_SWAP_IN] = {WG_HUE_SWAP, "swapped in"},
	[PT_FAULT_FILE_MAP] = {WG_HUE_FILE, "file mapped"},
	[PT_FAULT_WRITE_PROTECT] = {WG_HUE_LAYER, "made writable"},
	[PT_FAULT_NUMA] = {WG_HUE_KERNEL, "NUMA hint"},
	[PT_FAULT_MIGRATION] = {WG_HUE_WENT, "migrated"},
	[PT_FAULT_SPURIOUS] = {WG_HUE_GUARD, "spurious"},
};

/* From the foot of a plot up: what makes a process grow first, what is not known last. */
static const enum pt_fault_kind order[PT_FAULT_KIND_N] = {PT_FAULT_FIRST_TOUCH,   PT_FAULT_HUGE,    PT_FAULT_COW,
							  PT_FAULT_FILE_MAP,      PT_FAULT_SWAP_IN, PT_FAULT_ZERO_WRITE,
							  PT_FAULT_WRITE_PROTECT, PT_FAULT_NUMA,    PT_FAULT_MIGRATION,
							  PT_FAULT_SPURIOUS,      PT_FAULT_UNKNOWN};

struct wg_heat_cell ui_fault_cell(enum pt_fault_kind kind)
{
	return (struct wg_heat_cell){.hue = kinds[kind].hue,
				     .level = WG_LEVELS - 1,
				     .flags = kind == PT_FAULT_UNKNOWN ? WG_HEAT_UNKNOWN : 0};
}

const char *ui_fault_label(enum pt_fault_kind kind)
{
	return kinds[kind].label;
}

#define EACH 4 /* a bar with so many cells for each kind has one at least for every kind */

static int largest(const double *v)
{
	int best = 0;
	for (int i = 1; i < PT_FAULT_KIND_N; i++)
		best = v[i] > v[best] ? i : best;
	return best;
}

/* Cells for each kind: as many as its share asks for, what is left to those that miss most. */
static void divide(const struct pt_fault_counts *counts, int n, int *ret)
{
	double all = 0, missing[PT_FAULT_KIND_N];
	int used = 0, present = 0;
	for (int i = 0; i < PT_FAULT_KIND_N; i++) {
		all += (double)counts->kinds[i];
		present += counts->kinds[i] > 0;
	}
	for (int i = 0; i < PT_FAULT_KIND_N; i++) {
		double share = all > 0 ? (double)counts->kinds[i] / all * n : i == PT_FAULT_UNKNOWN ? n : 0;
		ret[i] = (int)share;
		if (!ret[i] && counts->kinds[i] && n >= EACH * present)
			ret[i] = 1;
		missing[i] = share - ret[i];
		used += ret[i];
	}
	for (; used != n; used += used < n ? 1 : -1) {
		double more[PT_FAULT_KIND_N];
		for (int i = 0; i < PT_FAULT_KIND_N; i++)
			more[i] = used < n ? missing[i] : ret[i];
		int at = largest(more);
		ret[at] += used < n ? 1 : -1;
		missing[at] -= 1;
	}
}

void ui_fault_strip(const struct pt_fault_counts *counts, uint64_t most, struct wg_heat_cell *cells, int n)
{
	int of_kind[PT_FAULT_KIND_N], at = 0;
	int filled = most ? (int)((double)counts->events / (double)most * n + 0.5) : 0;
	filled = filled > n ? n : filled == 0 && counts->events ? 1 : filled;
	divide(counts, filled, of_kind);
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		for (int k = 0; k < of_kind[order[i]]; k++)
			cells[at++] = ui_fault_cell(order[i]);
	for (; at < n; at++)
		cells[at] = (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
}

/* ---- why there is nothing --------------------------------------------------------------------------------------- */

static const char *why_failed(int error, struct ui_scratch *s)
{
	switch (error) {
	case -ESRCH: return "The process has ended: it faults no more.";
	case -EACCES:
	case -EPERM:
		return "Not permitted: to be told of faults needs root or CAP_PERFMON (sudo pagetop), or "
		       "kernel.perf_event_paranoid at 2 or below for processes of one's own. o tries again.";
	case -EMFILE:
	case -ENFILE:
		return "Too many threads and CPUs for the files that pagetop may open: raise that (ulimit -n), or run "
		       "as "
		       "root. o tries again.";
	case -ENOENT:
	case -ENOSYS:
	case -EOPNOTSUPP:
		return "This kernel has no events of page faults (CONFIG_PERF_EVENTS): nothing can be watched.";
	default: return ui_scratch_text(s, "Faults cannot be watched: %s. o tries again.", strerror(-error));
	}
}

const char *ui_fault_why_nothing(const struct ui_fault_screen *f, struct ui_shell *shell)
{
	if (f->view)
		return NULL;
	if (!shell->target.faults)
		return "This is a recording, and page faults are not in it.";
	switch (shell->faults.state) {
	case UI_FAULTS_OPENING: return "opening events for each thread and CPU...";
	case UI_FAULTS_ON: return "watching: the first second is being counted...";
	case UI_FAULTS_FAILED: return why_failed(shell->faults.error, &shell->scratch);
	default:
		return "Faults are not watched. o begins: it is read-only, and costs the program some 3 us with each "
		       "fault that is told.";
	}
}

/* ---- how much --------------------------------------------------------------------------------------------------- */

static const char *duration(struct ui_scratch *s, uint64_t ns)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_ns(ns, text, sizeof text));
}

static struct wg_span rate_now(struct ui_shell *shell)
{
	double all, major;
	if (!ui_faults_rate(&shell->faults, &all, &major))
		return (struct wg_span){shell->faults.state == UI_FAULTS_ON ? "faults ?/s" : "not watched now",
					WG_STRONG, 0};
	if (all < 0.5)
		return (struct wg_span){"no faults now", WG_DIM, 0};
	return (struct wg_span){
		ui_scratch_text(&shell->scratch, "%s faults/s", ui_number(&shell->scratch, (uint64_t)(all + 0.5))),
		WG_STRONG, 0};
}

static struct wg_span of_disk(struct ui_shell *shell, const struct pt_fault_view *v)
{
	double all, major;
	struct ui_scratch *s = &shell->scratch;
	if (!v->totals.major)
		return (struct wg_span){"major " UI_DOT, WG_DIM, 4};
	if (!ui_faults_rate(&shell->faults, &all, &major) || major < 0.5)
		return (struct wg_span){ui_scratch_text(s, "%s major in all", ui_number(s, v->totals.major)), WG_TEXT,
					3};
	return (struct wg_span){
		ui_scratch_text(s, "major %s/s (read from disk)", ui_number(s, (uint64_t)(major + 0.5))),
		WG_HEAT(WG_HUE_SWAP, WG_LEVELS - 1), 1};
}

static struct wg_span in_all(struct ui_scratch *s, const struct pt_fault_view *v)
{
	uint64_t ns = v->to_ns > v->from_ns ? v->to_ns - v->from_ns : 0;
	return (struct wg_span){
		ui_scratch_text(s, "%s in %s", ui_number(s, v->totals.minor + v->totals.major), duration(s, ns)),
		WG_TEXT, 2};
}

/* Whether counts are counts. */
static struct wg_span told(struct ui_scratch *s, const struct pt_fault_view *v)
{
	if (v->period > 1)
		return (struct wg_span){ui_scratch_text(s, "estimates: 1 in %s told", ui_number(s, v->period)), WG_WARN,
					1};
	if (v->period_most > 1)
		return (struct wg_span){
			ui_scratch_text(s, "estimates: down to 1 in %s told", ui_number(s, v->period_most)), WG_WARN,
			1};
	return (struct wg_span){"every one told", WG_DIM, 5};
}

static struct wg_span lost(struct ui_scratch *s, const struct pt_fault_view *v)
{
	if (!v->totals.lost)
		return (struct wg_span){"none lost", WG_DIM, 7};
	return (struct wg_span){ui_scratch_text(s, "%s lost", ui_number(s, v->totals.lost)), WG_WARN, 1};
}

/* Of the time that its threads run. */
static struct wg_span share_of_time(struct ui_scratch *s, const struct pt_fault_view *v)
{
	bool enough = v->fault_samples >= FEW_SAMPLES || v->cpu_ns.value >= SECOND / 2;
	if (!v->cpu_ns.known || !v->faults_ns.known || !v->cpu_ns.value || !enough)
		return (struct wg_span){0};
	return (struct wg_span){
		ui_scratch_text(s, "%s of its CPU time in faults", ui_share(s, v->faults_ns.value, v->cpu_ns.value)),
		WG_TEXT, 3};
}

static struct wg_span cost(struct ui_scratch *s, const struct pt_fault_view *v)
{
	if (v->cpu_share < 0)
		return (struct wg_span){0};
	return (struct wg_span){ui_scratch_text(s, "pagetop takes %.1f %% of a core", v->cpu_share * 100), WG_DIM, 6};
}

static void draw_numbers(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_fault_view *v = f->view;
	struct wg_span spans[] = {
		rate_now(shell),
		of_disk(shell, v),
		in_all(s, v),
		share_of_time(s, v),
		told(s, v),
		lost(s, v),
		{v->children.events ? ui_scratch_text(s, "%s of children", ui_number(s, v->children.events)) : NULL,
		 WG_TEXT, 4},
		cost(s, v),
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* ---- what it is worth ------------------------------------------------------------------------------------------- */

static struct wg_span state(struct ui_shell *shell, const struct pt_fault_view *v)
{
	if (shell->target.faults_source)
		return (struct wg_span){shell->time.anchor ? "recorded: what came between the two cursors"
							   : "recorded: what came up to this moment",
					WG_DIM, 0};
	if (v->ended)
		return (struct wg_span){"The process has ended: this is what it did.", WG_WARN, 0};
	switch (shell->faults.state) {
	case UI_FAULTS_ON: return (struct wg_span){"watched read-only, ~3 us a fault told", WG_DIM, 2};
	case UI_FAULTS_OPENING: return (struct wg_span){"opening events...", WG_ACCENT, 0};
	case UI_FAULTS_FAILED: return (struct wg_span){why_failed(shell->faults.error, &shell->scratch), WG_BAD, 0};
	default: return (struct wg_span){"watched no more: this is how it was; o watches anew", WG_WARN, 0};
	}
}

static void draw_worth(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_fault_view *v = f->view;
	bool replay = pt_replay_of(shell->target.feed) != NULL;
	struct wg_span spans[] = {
		state(shell, v),
		{shell->target.back && !replay ? "up to now: other moments are not kept" : NULL, WG_WARN, 0},
		{v->totals.kernel_mode || v->ended ? NULL : "not those in system calls: CAP_PERFMON", WG_UNKNOWN, 1},
		{v->unread ? ui_scratch_text(s, "%s not looked at in time: of unknown kind", ui_number(s, v->unread))
			   : NULL,
		 WG_UNKNOWN, 3},
		{v->left_out ? ui_scratch_text(s, "%s in no table: too many", ui_number(s, v->left_out)) : NULL,
		 WG_UNKNOWN, 3},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* ---- over time -------------------------------------------------------------------------------------------------- */

static uint64_t per_second(uint64_t n, const struct ui_fault_sample *s)
{
	return (uint64_t)((double)n * 1e9 / (double)(s->to_ns - s->from_ns) + 0.5);
}

/* Columns that a second takes: one, or a power of two while that makes the picture larger. */
static int scale_of(const struct ui_fault_watch *f, int w)
{
	uint64_t all = f->n_samples ? f->samples[f->n_samples - 1].to_ns - f->samples[0].from_ns : 0;
	int scale = WIDEST;
	while (scale > 1 && (all / SECOND + 1) * (uint64_t)scale > (uint64_t)w)
		scale /= 2;
	return scale;
}

/* That at the right ends with the newest view. */
static void fill_columns(const struct ui_fault_watch *f, struct wg_plot_column *columns, int w)
{
	uint64_t newest = f->n_samples ? f->samples[f->n_samples - 1].to_ns : 0,
		 each = SECOND / (uint64_t)scale_of(f, w);
	size_t i = f->n_samples;
	for (int x = w - 1; x >= 0; x--) {
		uint64_t back = (uint64_t)(w - 1 - x) * each + each / 2, at = newest > back ? newest - back : 0;
		while (i && f->samples[i - 1].from_ns > at)
			i--;
		columns[x].gap = !i || at > f->samples[i - 1].to_ns;
		for (int k = 0; k < PT_FAULT_KIND_N && !columns[x].gap; k++) {
			const struct ui_fault_sample *s = &f->samples[i - 1];
			columns[x].v[k] = per_second(s->kinds[order[k]] + (order[k] ? 0 : s->rest), s);
		}
	}
}

static uint64_t highest(const struct wg_plot_column *columns, int w)
{
	uint64_t most = 0;
	for (int x = 0; x < w; x++) {
		uint64_t sum = 0;
		for (int k = 0; k < PT_FAULT_KIND_N; k++)
			sum += columns[x].v[k];
		most = sum > most ? sum : most;
	}
	return most;
}

/* Round numbers: 1, 2 or 5 times a power of ten. */
static size_t set_levels(struct ui_scratch *s, uint64_t top, int rows, struct wg_plot_label *ret)
{
	static const unsigned factors[] = {2, 5, 10};
	uint64_t most = rows >= 8 ? LEVELS_MAX : rows >= 5 ? 2 : 1, base = 1, step = 1;
	size_t n = 0;
	for (int i = 0; top / step > most && base < (uint64_t)1 << 58; i++) {
		step = base * factors[i % 3];
		base = i % 3 == 2 ? base * 10 : base;
	}
	for (uint64_t at = step; at <= top && n < LEVELS_MAX; at += step)
		ret[n++] = (struct wg_plot_label){at, ui_scratch_text(s, "%s/s", ui_number(s, at))};
	return n;
}

static size_t set_ticks(struct ui_scratch *s, int w, int scale, struct wg_plot_label *ret, size_t max)
{
	int step = TICKS / scale * scale; /* whole seconds */
	size_t n = 0;
	for (int x = w - 1; x >= 0 && n < max; x -= step)
		n++;
	for (size_t i = 0; i < n; i++) { /* from left to right */
		int back = (int)(n - 1 - i) * step;
		ret[i] = (struct wg_plot_label){(uint64_t)(w - 1 - back),
						back ? ui_scratch_text(s, "-%d s", back / scale) : "now"};
	}
	return n;
}

static void draw_plot(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	enum { TICKS_MAX = 12 };
	struct ui_scratch *s = &shell->scratch;
	struct wg_plot_series series[PT_FAULT_KIND_N] = {{0}};
	struct wg_plot_label levels[LEVELS_MAX], ticks[TICKS_MAX];
	rect.w -= rect.w > 1;
	struct wg_rect area = wg_plot_area(rect, false);
	struct wg_plot_column *columns = ui_scratch_array(s, (size_t)(area.w > 0 ? area.w : 1), sizeof *columns);
	if (!columns || area.w <= 0)
		return;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		series[i] = (struct wg_plot_series){.hue = kinds[order[i]].hue,
						    .unknown = order[i] == PT_FAULT_UNKNOWN};
	fill_columns(&shell->faults, columns, area.w);
	uint64_t top = highest(columns, area.w);
	struct wg_plot plot = {.series = series,
			       .n_series = PT_FAULT_KIND_N,
			       .columns = columns,
			       .n = area.w,
			       .top = top,
			       .levels = levels,
			       .n_levels = set_levels(s, top, area.h, levels),
			       .ticks = ticks,
			       .n_ticks = set_ticks(s, area.w, scale_of(&shell->faults, area.w), ticks, TICKS_MAX),
			       .cursor = -1,
			       .anchor = -1};
	wg_draw_plot(c, rect, &plot);
}

/* ---- kinds in all ----------------------------------------------------------------------------------------------- */

static void draw_bar(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	line.x++;
	line.w -= 2;
	struct wg_heat_cell *cells = line.w > 0 ? ui_scratch_array(&shell->scratch, (size_t)line.w, sizeof *cells)
						: NULL;
	if (!cells)
		return;
	ui_fault_strip(&f->view->all, f->view->all.events, cells, line.w);
	wg_draw_strip(c, line, cells, line.w, WG_BACK);
}

/* Those that there were, the most frequent first. */
static void draw_legend(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_legend_item items[PT_FAULT_KIND_N];
	struct ui_scratch *s = &shell->scratch;
	const struct pt_fault_counts *all = &f->view->all;
	bool used[PT_FAULT_KIND_N] = {false};
	size_t n = 0;
	for (;;) {
		int best = -1;
		for (int i = 0; i < PT_FAULT_KIND_N; i++)
			if (!used[i] && all->kinds[i] && (best < 0 || all->kinds[i] > all->kinds[best]))
				best = i;
		if (best < 0)
			break;
		used[best] = true;
		items[n++] =
			(struct wg_legend_item){.hue = kinds[best].hue,
						.level = WG_LEVELS - 1,
						.unknown = best == PT_FAULT_UNKNOWN,
						.label = ui_scratch_text(s, "%s %s", kinds[best].label,
									 ui_share(s, all->kinds[best], all->events))};
	}
	wg_draw_legend(c, rect, items, n);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int plot_lines(int h)
{
	return h >= 50 ? 12 : h >= 40 ? 10 : h >= 32 ? 7 : h >= 26 ? 5 : h >= 18 ? 4 : 0;
}

void ui_fault_draw_head(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	int h = rest->h;
	if (h >= 5)
		draw_numbers(f, shell, c, wg_take_top(rest, 1));
	if (h >= 12)
		draw_worth(f, shell, c, wg_take_top(rest, 1));
	draw_plot(shell, c, wg_take_top(rest, plot_lines(h)));
	if (h >= 28)
		draw_bar(f, shell, c, wg_take_top(rest, 1));
	if (h >= 10)
		draw_legend(f, shell, c, wg_take_top(rest, h >= 32 && rest->w < 100 ? 2 : 1));
}
