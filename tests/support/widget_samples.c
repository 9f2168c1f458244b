/*
 * The sample views: see widget_samples.h. All are constants but the heat cells, which are made for each drawing.
 */
#include <stddef.h>

#include "tests/support/widget_samples.h"
#include "widgets/views.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void draw_line(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_span SPANS[] = {
		{"redis-server 7391 > heap", WG_STRONG, 0},
		{"1.0 s", WG_DIM, 2},
		{NULL, WG_TEXT, 0},
		{"cost 2.1 %", WG_DIM, 3},
		{"", WG_TEXT, 0},
		{"日本", WG_ACCENT, 3},
		{"root: all signals", WG_GOOD, 1},
	};
	wg_draw_line(c, rect, &(struct wg_line){SPANS, COUNT(SPANS), WG_BAR, .spread = true});
}

static void draw_hints(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_hint HINTS[] = {{"Enter", "in"}, {"l", "layer"}, {"+/-", "zoom"}, {"q", "quit"}};
	wg_draw_hints(c, rect, HINTS, COUNT(HINTS));
}

static void draw_rule(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_span SPANS[] = {
		{"map of heap", WG_TITLE, 0}, {"layer: kind", WG_TEXT, 1}, {"one cell 1.1 MiB", WG_DIM, 2}};
	wg_draw_rule(c, rect, SPANS, COUNT(SPANS));
}

static void draw_prompt(struct wg_canvas *c, struct wg_rect rect)
{
	wg_draw_prompt(c, rect, "/", "lib(c|日本", "missing closing parenthesis");
}

static void draw_spark(struct wg_canvas *c, struct wg_rect rect)
{
	static const uint64_t VALUES[] = {0, 0, 10, 40, 40, 41, 90, 60, 61, 62, 100, 0, 100, 55, 20, 1};
	wg_draw_spark(c, rect, VALUES, COUNT(VALUES), WG_HEAT(WG_HUE_ANON, 4), WG_BACK);
}

/* All hues of kinds and levels, each flag, and what follows the end of the axis. */
static struct wg_heat_cell sample_cell(int i, int n)
{
	static const uint8_t FLAGS[] = {WG_HEAT_UNKNOWN,
					WG_HEAT_CHANGED,
					WG_HEAT_MARKED,
					WG_HEAT_VMA_ODD,
					WG_HEAT_OLD,
					WG_HEAT_OLD | WG_HEAT_CHANGED,
					WG_HEAT_UNKNOWN | WG_HEAT_MARKED};
	if (i < WG_HUE_CAME * WG_LEVELS)
		return (struct wg_heat_cell){(uint8_t)(i / WG_LEVELS), (uint8_t)(i % WG_LEVELS), 0};
	if (i > n - 4)
		return (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	int k = i - WG_HUE_CAME * WG_LEVELS;
	return (struct wg_heat_cell){(uint8_t)(i / 3 % 2), (uint8_t)(i % 3 * 5 / 2), FLAGS[k / 3 % COUNT(FLAGS)]};
}

static void draw_heat_of(struct wg_canvas *c, struct wg_rect rect, int w, int rows, int cursor)
{
	struct wg_heat_cell cells[24 * 9];
	for (int i = 0; i < w * rows; i++)
		cells[i] = sample_cell(i, w * rows);
	wg_draw_heat(c, rect, &(struct wg_heat_view){cells, w, rows, cursor});
}

static void draw_heat(struct wg_canvas *c, struct wg_rect rect)
{
	draw_heat_of(c, rect, 18, 5, 22);
}
static void draw_heat_wide(struct wg_canvas *c, struct wg_rect rect)
{
	draw_heat_of(c, rect, 24, 9, -1);
}

static void draw_strip(struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_heat_cell cells[72];
	for (int i = 0; i < 72; i++)
		cells[i] = sample_cell(i, 72);
	wg_draw_strip(c, rect, cells, 72, WG_SELECT);
}

static void draw_legend(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_legend_item ITEMS[] = {
		{.hue = WG_HUE_ANON, .level = 5, .label = "anon"},
		{.hue = WG_HUE_FILE, .level = 3, .label = "file"},
		{.hue = WG_HUE_LAYER, .level = 5, .label = "dirty"},
		{.hue = WG_HUE_ANON, .level = 0, .label = "untouched"},
		{.hue = WG_HUE_ANON, .level = 5, .old = true, .label = "older"},
		{.hue = WG_HUE_ANON, .level = 5, .changed = true, .label = "changed"},
		{.hue = WG_HUE_ANON, .unknown = true, .label = "unknown"},
	};
	wg_draw_legend(c, rect, ITEMS, COUNT(ITEMS));
}

static const struct wg_plot_series SERIES[] = {
	{.hue = WG_HUE_ANON},
	{.hue = WG_HUE_FILE},
	{.hue = WG_HUE_SHMEM},
	{.unknown = true},
	{.hue = WG_HUE_SWAP, .hatched = true},
};

/* A rise, a gap, a time when the classes were not known, then swap. */
static struct wg_plot_column plot_column(int x)
{
	uint64_t ramp = (uint64_t)(x < 60 ? x : 60);
	if (x % 23 == 17)
		return (struct wg_plot_column){.gap = true};
	if (x > 30 && x < 36)
		return (struct wg_plot_column){.v = {0, 0, 0, 40 + ramp}};
	return (struct wg_plot_column){.v = {20 + ramp, 9, x < 30 ? 0 : 14, 0, x > 40 ? ramp / 2 : 0}};
}

static void draw_plot_of(struct wg_canvas *c, struct wg_rect rect, struct wg_plot plot)
{
	static const struct wg_plot_label LEVELS[] = {{64, "64M"}, {128, "128M"}},
					  TICKS[] = {{4, "14:03"}, {24, "14:04"}, {26, "x"}, {44, "14:05"}};
	struct wg_plot_column columns[64];
	for (int x = 0; x < 64; x++)
		columns[x] = plot_column(x);
	plot.series = SERIES;
	plot.n_series = COUNT(SERIES);
	plot.columns = columns;
	plot.top = 144;
	plot.levels = LEVELS;
	plot.n_levels = COUNT(LEVELS);
	plot.ticks = TICKS;
	plot.n_ticks = COUNT(TICKS);
	wg_draw_plot(c, rect, &plot);
}

static void draw_plot(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_plot_label MARKS[] = {{2, "load begins"}, {9, "日本"}, {50, "a mark at the end"}};
	draw_plot_of(c, rect,
		     (struct wg_plot){.n = 60,
				      .marks = MARKS,
				      .n_marks = COUNT(MARKS),
				      .cursor = 22,
				      .anchor = 45,
				      .cursor_text = " 14:03:55 "});
}

static void draw_plot_plain(struct wg_canvas *c, struct wg_rect rect)
{
	draw_plot_of(c, rect, (struct wg_plot){.n = 32, .cursor = 31, .anchor = -1});
}

static void draw_plot_empty(struct wg_canvas *c, struct wg_rect rect)
{
	wg_draw_plot(c, rect, &(struct wg_plot){.cursor = -1, .anchor = -1, .empty = "nothing yet"});
}

static const struct wg_column COLUMNS[] = {
	{"ADDRESS", 12, 0, 0},       {"SIZE", 5, 1, WG_COL_RIGHT},
	{"PERM", 4, 4, 0},           {"RSS", 5, 0, WG_COL_RIGHT | WG_COL_SORTED | WG_COL_DESCENDING},
	{"+/-", 5, 2, WG_COL_RIGHT}, {"NAME", 8, 1, WG_COL_GROW | WG_COL_CUT_MIDDLE},
	{"MAP", 6, 3, WG_COL_STRIP},
};
static const struct wg_heat_cell STRIP[] = {{WG_HUE_ANON, 5, 0},
					    {WG_HUE_FILE, 3, 0},
					    {0, 0, 0},
					    {0, 0, WG_HEAT_UNKNOWN},
					    {WG_HUE_ANON, 2, WG_HEAT_CHANGED}};
static const struct wg_table_cell CELLS[][COUNT(COLUMNS)] = {
	{{"55d0c8a00000", WG_TEXT},
	 {"1.3M", WG_TEXT},
	 {"r-xp", WG_DIM},
	 {"1.2M", WG_TEXT},
	 {"·", WG_DIM},
	 {"/usr/lib/x86_64-linux-gnu/libc.so.6", WG_TEXT},
	 {NULL, 0}},
	{{"7f3a00000000", WG_TEXT},
	 {"1.90G", WG_TEXT},
	 {"rw-p", WG_DIM},
	 {"1.19G", WG_STRONG},
	 {"+1.2M", WG_GREW},
	 {"日本語のファイル.so", WG_TEXT},
	 {NULL, 0}},
	{{"7ffd00021000", WG_TEXT},
	 {"132K", WG_TEXT},
	 {"rw-p", WG_DIM},
	 {"?", WG_UNKNOWN},
	 {NULL, 0},
	 {"[stack]", WG_TEXT},
	 {"none", WG_DIM}},
};
static const struct wg_table_row ROWS[] = {{CELLS[0], STRIP, 5}, {CELLS[1], STRIP, 5}, {CELLS[2], NULL, 0}};

static void draw_table(struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_table table = {COLUMNS, COUNT(COLUMNS), ROWS, COUNT(ROWS), .total = 30, .top = 12, .selected = 1};
	wg_draw_table(c, rect, &table);
}

static void draw_table_empty(struct wg_canvas *c, struct wg_rect rect)
{
	wg_draw_table(
		c, rect,
		&(struct wg_table){COLUMNS, COUNT(COLUMNS), .selected = -1, .empty = "no VMA matches the filter"});
}

static void draw_facts(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_fact FACTS[] = {
		{"Address", NULL, NULL, 0},
		{"virtual", "7f3a1b400000", NULL, WG_STRONG},
		{NULL, NULL, NULL, 0},
		{"Frame", NULL, NULL, 0},
		{"count", "0", "as kpagecount says", WG_WARN},
		{"flags", "mmap", "mapped by a process", 0},
		{NULL, "anonymous", "no file is behind it: it goes to swap if memory runs short", 0},
		{NULL, "thp", NULL, 0},
		{NULL, NULL, NULL, 0},
		{"cgroup", "/system.slice/redis-server.service/日本", NULL, 0},
	};
	wg_draw_facts(c, rect, &(struct wg_facts){FACTS, COUNT(FACTS), .top = 0});
}

static void draw_text(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_paragraph PARAGRAPHS[] = {
		{"Private anonymous page, part of a huge page, mapped once: by this process alone.", WG_STRONG, 0},
		{"", 0, 0},
		{"  Its map count is 0, as      the kernel counts averylongwordthatfitsnowhereatall on "
		 "日本語のテキスト.",
		 WG_TEXT, 2},
	};
	wg_draw_text(c, rect, PARAGRAPHS, COUNT(PARAGRAPHS), 0);
}

static void draw_hex(struct wg_canvas *c, struct wg_rect rect)
{
	static const uint8_t BYTES[] = "REDIS0011\xfa\x09redis-ver\x05"
				       "7.0.15\0\0\0\0\0\0\0\0\x1b[31m\x7f\x80~ ";
	wg_draw_hex(c, rect, &(struct wg_hex){BYTES, sizeof BYTES, 0x7f3a1b400000, .top = 0});
}

static void draw_box(struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_paragraph TEXT = {"q ends it. 日本語のテキスト", WG_TEXT, 0};
	wg_draw_text(c, wg_draw_box(c, rect, "Help by task"), &TEXT, 1, 0);
}

const struct widget_sample WIDGET_SAMPLES[] = {
	{"line", draw_line, 75, 1, true, false},
	{"line-narrow", draw_line, 44, 1, true, false},
	{"hints", draw_hints, 30, 1, true, false},
	{"rule", draw_rule, 50, 1, true, false},
	{"prompt", draw_prompt, 50, 1, true, false},
	{"prompt-narrow", draw_prompt, 20, 1, true, false},
	{"spark", draw_spark, 16, 1, false, false},
	{"spark-tall", draw_spark, 18, 3, false, false},
	{"heat", draw_heat, 20, 6, false, true},
	{"heat-wide", draw_heat_wide, 22, 4, false, true},
	{"strip", draw_strip, 74, 1, true, true},
	{"legend", draw_legend, 74, 1, false, true},
	{"legend-narrow", draw_legend, 24, 3, false, false},
	{"plot", draw_plot, 70, 12, false, true},
	{"plot-small", draw_plot_plain, 34, 4, false, false},
	{"plot-empty", draw_plot_empty, 44, 6, false, false},
	{"table", draw_table, 72, 5, false, true},
	{"table-narrow", draw_table, 36, 4, false, false},
	{"table-empty", draw_table_empty, 40, 5, false, false},
	{"facts", draw_facts, 60, 12, false, false},
	{"facts-narrow", draw_facts, 26, 20, false, false},
	{"text", draw_text, 30, 10, false, false},
	{"hex", draw_hex, 72, 4, false, false},
	{"box", draw_box, 24, 5, false, false},
};
const size_t WIDGET_SAMPLES_N = COUNT(WIDGET_SAMPLES);
