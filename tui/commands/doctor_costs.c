/*
 * What looking costs, in words and JSON; see doctor_costs.h.
 */
#include "tui/commands/doctor_costs.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/text/text.h"
#include "tui/commands/text_out.h"

#define PARAGRAPH 512

void ui_costs_read(struct ui_costs *ret, struct pt_kernel *k, pid_t pid, const struct pt_signals *signals,
		   double budget)
{
	*ret = (struct ui_costs){
		.budget = budget,
		.has_scan = pt_signal_has(signals, PT_SIG_PAGEMAP_SCAN),
		.has_query = pt_signal_has(signals, PT_SIG_PROCMAP_QUERY),
	};
	pt_costs_fit(k, &ret->costs);
	ret->surveyed = pid != 0 && pt_survey(k, pid, signals, &ret->survey) == 0;
	if (!pt_signal_has(signals, PT_SIG_KPAGECOUNT))
		ret->survey.work.counted = 0;
}

static double frame_ns(const struct ui_costs *costs)
{
	return (double)pt_cost_frame(&costs->costs, &costs->survey.work);
}

/* Everything looked at once, within the budget, up to half of which the screen and looking for changes take. */
static double round_ns(const struct ui_costs *costs)
{
	return frame_ns(costs) / (costs->budget / 100 / 2);
}

static uint64_t working_bytes(const struct ui_costs *costs)
{
	return PT_BASE_BYTES + PT_PAGE_BYTES * costs->survey.pages;
}

/* The share of pages that are there below which PAGEMAP_SCAN pays, in percent; by trying, so by the same rule. */
static unsigned scan_percent(const struct pt_costs *costs)
{
	const uint64_t pages = 1 << 20;
	unsigned percent = 0;
	while (percent < 100 && pt_cost_scan_pays(costs, pages, pages / 100 * (percent + 1), 1, true))
		percent++;
	return percent;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void paragraph(int indent, int width, const char *format, ...)
{
	char text[PARAGRAPH];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ui_print_wrapped(text, indent, indent, width);
}

void ui_costs_print_header(const struct ui_costs *costs, int width)
{
	char base[16], all[16], pages[16], frame[16], round[16];
	pt_text_size(PT_BASE_BYTES, base, sizeof(base));
	if (!costs->surveyed) {
		paragraph(0, width,
			  "Working set: pagetop takes at most %sB, and %u bytes more for each page of the process it "
			  "looks at.",
			  base, PT_PAGE_BYTES);
		return;
	}
	pt_text_size(working_bytes(costs), all, sizeof(all));
	pt_text_number(costs->survey.pages, pages, sizeof(pages));
	pt_text_ns((uint64_t)frame_ns(costs), frame, sizeof(frame));
	paragraph(0, width,
		  "Working set: pagetop takes at most %sB for this process: %sB for itself, and %u bytes for each of "
		  "%s pages.",
		  all, base, PT_PAGE_BYTES, pages);
	if (round_ns(costs) <= 1e9) {
		paragraph(0, width,
			  "A complete look at it is estimated at %s of CPU, which a budget of %g%% allows every "
			  "second.",
			  frame, costs->budget);
		return;
	}
	pt_text_ns((uint64_t)round_ns(costs), round, sizeof(round));
	paragraph(0, width,
		  "A complete look at it is estimated at %s of CPU. With a budget of %g%% of one core the live screen "
		  "reads what it shows first, then what changed; what is neither can be about %s old.",
		  frame, costs->budget, round);
}

static double ns(const struct pt_costs *costs, enum pt_cost cost)
{
	return costs->ns[cost];
}

static const char *assumed(const struct pt_costs *costs, enum pt_cost cost)
{
	return costs->measured[cost] ? "" : " (assumed: it could not be measured)";
}

static void print_frames(const struct pt_costs *costs, const char *name, enum pt_cost_file file, enum pt_cost call,
			 enum pt_cost entry, int width)
{
	unsigned gap = pt_cost_gap(costs, file);
	paragraph(printf("  %-13s  ", name), width,
		  "%.3g ns a page%s; a call costs as much as %.1f: gaps up to %u page%s are read along",
		  ns(costs, entry), assumed(costs, entry), costs->ns[call] / costs->ns[entry], gap,
		  gap == 1 ? "" : "s");
}

static void print_presence(const struct ui_costs *c, int width)
{
	const struct pt_costs *costs = &c->costs;
	paragraph(
		printf("  %-13s  ", "pagemap"), width,
		"%.3g ns a page that is there, %.2g ns one that is not%s; a call costs as much as %.0f that are there",
		ns(costs, PT_COST_PAGEMAP_PRESENT), ns(costs, PT_COST_PAGEMAP_ABSENT),
		assumed(costs, PT_COST_PAGEMAP_PRESENT),
		costs->ns[PT_COST_PAGEMAP_CALL] / costs->ns[PT_COST_PAGEMAP_PRESENT]);
	if (c->has_scan)
		paragraph(printf("  %-13s  ", "pagemap-scan"), width,
			  "%.3g ns a page that is there, %.2g ns a region%s; a call %.0f ns: going there first pays "
			  "where fewer than %u of 100 pages are there",
			  ns(costs, PT_COST_SCAN_PAGE), ns(costs, PT_COST_SCAN_REGION),
			  assumed(costs, PT_COST_SCAN_PAGE), ns(costs, PT_COST_SCAN_CALL), scan_percent(costs));
}

static void print_vmas(const struct ui_costs *c, int width)
{
	const struct pt_costs *costs = &c->costs;
	int at = printf("  %-13s  ", "mappings");
	double text = ns(costs, PT_COST_MAPS_VMA), query = ns(costs, PT_COST_QUERY_VMA);
	if (c->has_query)
		paragraph(at, width, "%.0f ns each as text%s, %.0f ns by PROCMAP_QUERY%s: %s is cheaper", text,
			  assumed(costs, PT_COST_MAPS_VMA), query, assumed(costs, PT_COST_QUERY_VMA),
			  pt_cost_query_pays(costs) ? "PROCMAP_QUERY" : "text");
	else
		paragraph(at, width, "%.0f ns each as text%s", text, assumed(costs, PT_COST_MAPS_VMA));
}

void ui_costs_print(const struct ui_costs *c, int width)
{
	char took[16];
	pt_text_ns(c->costs.fit_ns, took, sizeof(took));
	if (c->costs.fit_ns)
		printf("\nWhat the kernel takes for an answer here (measured in %s)\n", took);
	else
		printf("\nWhat the kernel takes for an answer (assumed, not measured)\n");
	print_frames(&c->costs, "kpageflags", PT_COST_KPAGEFLAGS, PT_COST_FLAGS_CALL, PT_COST_FLAGS_ENTRY, width);
	print_frames(&c->costs, "kpagecount", PT_COST_KPAGECOUNT, PT_COST_COUNT_CALL, PT_COST_COUNT_ENTRY, width);
	print_presence(c, width);
	print_vmas(c, width);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *whole(double value, bool known)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *working_set_json(const struct ui_costs *c)
{
	json_t *object = json_object();
	bool known = c->surveyed;
	json_object_set_new(object, "base", json_integer(PT_BASE_BYTES));
	json_object_set_new(object, "per-page", json_integer(PT_PAGE_BYTES));
	json_object_set_new(object, "pages", whole((double)c->survey.pages, known));
	json_object_set_new(object, "bytes", whole((double)working_bytes(c), known));
	json_object_set_new(object, "frame-ns", whole(known ? frame_ns(c) : 0, known));
	json_object_set_new(object, "round-ns", whole(known ? round_ns(c) : 0, known));
	return object;
}

static json_t *costs_json(const struct ui_costs *c)
{
	json_t *object = json_object();
	for (int i = 0; i < PT_COST_N; i++) {
		json_t *cost = json_object();
		json_object_set_new(cost, "ns", json_real(c->costs.ns[i]));
		json_object_set_new(cost, "measured", json_boolean(c->costs.measured[i]));
		json_object_set_new(object, pt_cost_name((enum pt_cost)i), cost);
	}
	json_object_set_new(object, "fit-ns", json_integer((json_int_t)c->costs.fit_ns));
	json_object_set_new(object, "kpageflags-gap", json_integer(pt_cost_gap(&c->costs, PT_COST_KPAGEFLAGS)));
	json_object_set_new(object, "kpagecount-gap", json_integer(pt_cost_gap(&c->costs, PT_COST_KPAGECOUNT)));
	json_object_set_new(object, "scan-pays-below-percent",
			    c->has_scan ? json_integer(scan_percent(&c->costs)) : json_null());
	json_object_set_new(object, "query-pays",
			    c->has_query ? json_boolean(pt_cost_query_pays(&c->costs)) : json_null());
	return object;
}

void ui_costs_json(const struct ui_costs *c, struct ui_json *out)
{
	ui_json_member(out, "working-set", working_set_json(c));
	ui_json_member(out, "costs", costs_json(c));
}
