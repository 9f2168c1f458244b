/*
 * The report of pagetop run as JSON: {"run": [process, ...], "command": ..., "peak": {...}, "series": {...}, ...}. Sizes
 * are bytes, times seconds since the start, what is unknown is null.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "core/model/vma.h"
#include "tui/commands/json_out.h"
#include "tui/commands/run_report.h"
#include "tui/options.h"

/* Seconds since the start. */
static json_t *at(const struct ui_run_result *r, uint64_t ns)
{
	return json_real(ns > r->child->monotonic_ns ? (double)(ns - r->child->monotonic_ns) / 1e9 : 0.0);
}

static json_t *span(uint64_t ns)
{
	return json_real((double)ns / 1e9);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *exit_code(struct pt_maybe status)
{
	return status.known && WIFEXITED((int)status.value) ? json_integer(WEXITSTATUS((int)status.value))
							    : json_null();
}

static json_t *killed_by(struct pt_maybe status)
{
	return status.known && WIFSIGNALED((int)status.value) ? json_integer(WTERMSIG((int)status.value)) : json_null();
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value); /* what failed is NULL, and then the key is missing */
}

static json_t *process(const struct ui_run_result *r, const struct ui_watched *w)
{
	const struct pt_tree_process *p = &w->process;
	json_t *o = json_object();
	put(o, "pid", json_integer(p->pid));
	put(o, "parent", json_integer(p->parent));
	put(o, "name", ui_json_bytes(p->counters.name));
	put(o, "peak", ui_json_maybe(ui_watched_peak(w)));
	put(o, "sampled", p->sampled_ns ? number(w->most) : json_null());
	put(o, "sampled-at", p->sampled_ns ? at(r, w->most_ns) : json_null());
	put(o, "began", at(r, p->id ? p->seen_ns : r->child->monotonic_ns));
	put(o, "ended", p->ended_ns ? at(r, p->ended_ns) : json_null());
	put(o, "exit", exit_code(p->exit_status));
	put(o, "signal", killed_by(p->exit_status));
	put(o, "frames", number(p->frames));
	return o;
}

static json_t *processes(const struct ui_run_result *r)
{
	size_t *order = ui_run_order(r->watch);
	json_t *array = order ? json_array() : NULL;
	for (size_t i = 0; array && i < r->watch->n; i++)
		json_array_append_new(array, process(r, &r->watch->v[order[i]]));
	free(order);
	return array;
}

static void put_held(json_t *o, const struct ui_held *held)
{
	for (int i = 0; i < UI_CLASS_N; i++)
		put(o, ui_class_name((enum ui_class)i), number(held->v[i]));
}

static json_t *peak_vmas(const struct ui_run_result *r)
{
	struct ui_peak_vma v[UI_RUN_ROWS];
	size_t n = ui_run_peak_vmas(r->watch, v, UI_RUN_ROWS);
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct pt_vma *vma = &v[i].part->frame->vmas->v[v[i].index];
		json_t *o = json_object();
		put(o, "pid", json_integer(v[i].part->frame->process.pid));
		put(o, "start", ui_json_hex((struct pt_maybe){vma->start, true}));
		put(o, "end", ui_json_hex((struct pt_maybe){vma->end, true}));
		put(o, "role", json_string(pt_role_name((enum pt_role)vma->role)));
		put(o, "path", ui_json_bytes(vma->path));
		put(o, "rss", number(v[i].rss));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *peak(const struct ui_run_result *r)
{
	const struct ui_parts *peak = &r->watch->peak;
	struct ui_peak_sums sums;
	json_t *o = json_object(), *roles = json_object();
	ui_run_peak_sums(r->watch, &sums);
	for (int i = 0; i < PT_ROLE_N; i++)
		if (sums.roles[i])
			put(roles, pt_role_name((enum pt_role)i), number(sums.roles[i]));
	put(o, "at", at(r, peak->ns));
	put(o, "rss", number(ui_held_rss(&peak->held)));
	put_held(o, &peak->held);
	put(o, "processes", number(peak->n));
	put(o, "framed", number(sums.frames));
	put(o, "framed-rss", number(sums.framed));
	put(o, "framed-rss-at-peak", number(sums.held));
	put(o, "frames-before", span(sums.before));
	put(o, "frames-after", span(sums.after));
	put(o, "roles", roles);
	put(o, "unframed", number(sums.unseen));
	put(o, "vmas", peak_vmas(r));
	return o;
}

static json_t *series(const struct ui_run_result *r)
{
	json_t *o = json_object(), *times = json_array(), *classes[UI_CLASS_N];
	put(o, "at", times);
	for (int i = 0; i < UI_CLASS_N; i++) {
		classes[i] = json_array();
		put(o, ui_class_name((enum ui_class)i), classes[i]);
	}
	for (size_t i = 0; i < r->watch->n_points; i++) {
		const struct ui_point *p = &r->watch->points[i];
		json_array_append_new(times, at(r, p->ns));
		for (int j = 0; j < UI_CLASS_N; j++)
			json_array_append_new(classes[j], number(p->held.v[j]));
	}
	return o;
}

static json_t *marks(const struct ui_run_result *r)
{
	json_t *array = json_array();
	for (size_t i = 0; i < r->watch->trace->n_marks; i++) {
		const struct pt_trace_mark *mark = &r->watch->trace->marks[i];
		json_t *o = json_object();
		put(o, "at", at(r, mark->monotonic_ns));
		put(o, "label", ui_json_bytes(mark->label));
		put(o, "pid", mark->pid ? json_integer(mark->pid) : json_null());
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *looks(const struct ui_run_result *r)
{
	json_t *o = json_object();
	put(o, "number", number(r->tree.looks));
	put(o, "interval", span(r->options->interval_ns));
	put(o, "longest", span(r->tree.longest_ns));
	put(o, "late", number(r->tree.late));
	put(o, "frames", number(r->tree.frames));
	put(o, "cpu", span(r->cpu_ns));
	put(o, "seen", number(r->tree.seen));
	put(o, "missed-at-most", ui_json_maybe(ui_run_missed(r)));
	put(o, "living", number(r->tree.living));
	put(o, "complete", json_boolean(!r->watch->lost));
	return o;
}

json_t *ui_run_report_json(const struct ui_run_result *r)
{
	struct pt_maybe status = {(uint64_t)(unsigned)r->child->status, true};
	json_t *o = json_object(), *command = json_array();
	for (char **word = r->options->rest; *word; word++)
		json_array_append_new(command, ui_json_bytes(*word));
	put(o, "run", processes(r));
	put(o, "command", command);
	put(o, "exit", exit_code(status));
	put(o, "signal", killed_by(status));
	put(o, "seconds", at(r, r->child->ended_ns));
	put(o, "cpu", span(r->child->cpu_ns));
	put(o, "max-rss", r->child->max_rss > r->child->floor ? number(r->child->max_rss) : json_null());
	put(o, "oom-kills", ui_json_maybe(r->oom_kills));
	put(o, "peak", r->watch->peak.n ? peak(r) : json_null());
	put(o, "series", series(r));
	put(o, "marks", marks(r));
	put(o, "marks-lost", number(r->marks_lost));
	put(o, "assertions", ui_verdicts_json(r->verdicts));
	put(o, "summary", ui_verdicts_summary_json(r->verdicts));
	put(o, "looks", looks(r));
	return o;
}
