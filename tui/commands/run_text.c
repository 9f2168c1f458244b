/*
 * The report of pagetop run as text, within 80 columns.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/vma.h"
#include "core/text/text.h"
#include "tui/commands/run_report.h"
#include "tui/commands/text_out.h"
#include "tui/options.h"

#define SPARK 60 /* columns of a sparkline */

static const char *size_of(uint64_t bytes, char *ret, size_t size)
{
	return pt_text_size(bytes, ret, size);
}

static const char *maybe_size(struct pt_maybe bytes, char *ret, size_t size)
{
	return bytes.known ? pt_text_size(bytes.value, ret, size) : "?";
}

static const char *name_of(const char *raw, char *ret, size_t size)
{
	pt_text_printable(raw, strlen(raw), ret, size);
	return ret;
}

static uint64_t since(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* ---- how it ended ----------------------------------------------------------------------------------------------- */

static void print_end(const struct ui_run_result *r, FILE *out)
{
	char name[160], lasted[24], cpu[24];
	int status = r->child->status;
	fprintf(out, "pagetop: %s ", name_of(r->options->rest[0], name, sizeof(name)));
	if (WIFSIGNALED(status))
		fprintf(out, "was killed by SIG%s%s",
			sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?",
			WCOREDUMP(status) ? " (core dumped)" : "");
	else
		fprintf(out, "ended with status %d", WEXITSTATUS(status));
	fprintf(out, " after %s, %s of CPU time\n",
		pt_text_ns(since(r->child->monotonic_ns, r->child->ended_ns), lasted, sizeof(lasted)),
		pt_text_ns(r->child->cpu_ns, cpu, sizeof(cpu)));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && r->oom_kills.known && r->oom_kills.value)
		fprintf(out, "The kernel killed %" PRIu64 " process%s on this machine meanwhile for want of memory.\n",
			r->oom_kills.value, r->oom_kills.value == 1 ? "" : "es");
}

static void print_peak(const struct ui_run_result *r, FILE *out)
{
	const struct ui_parts *peak = &r->watch->peak;
	char rss[16], at[24], largest[16];
	if (peak->n)
		fprintf(out, "Peak: %s RSS in %zu process%s, %s after the start.\n",
			size_of(ui_held_rss(&peak->held), rss, sizeof(rss)), peak->n, peak->n == 1 ? "" : "es together",
			pt_text_ns(since(r->child->monotonic_ns, peak->ns), at, sizeof(at)));
	else
		fprintf(out, "It ended before the first look.\n");
	fprintf(out, "By the kernel's own count %s%s.\n",
		r->child->max_rss > r->child->floor ? "the largest process held " : "no process held more than ",
		size_of(r->child->max_rss, largest, sizeof(largest)));
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static void print_process(const struct ui_run_result *r, const struct ui_watched *w, FILE *out)
{
	const struct pt_tree_process *p = &w->process;
	char peak[16], most[16], began[24], lasted[24], exit[24], name[80];
	uint64_t end = p->ended_ns ? p->ended_ns : r->watch->trace->ended_ns;
	uint64_t start = p->id ? p->seen_ns : r->child->monotonic_ns;
	fprintf(out, "%8s %8s %8s %8s  %-8s %8d %8d  %.20s\n", maybe_size(ui_watched_peak(w), peak, sizeof(peak)),
		p->sampled_ns ? size_of(w->most, most, sizeof(most)) : "?",
		pt_text_ns(since(r->child->monotonic_ns, start), began, sizeof(began)),
		pt_text_ns(since(start, end), lasted, sizeof(lasted)), ui_run_exit(w, exit, sizeof(exit)), (int)p->pid,
		(int)p->parent, name_of(p->counters.name, name, sizeof(name)));
}

static void print_processes(const struct ui_run_result *r, FILE *out)
{
	char size[16];
	size_t *order = ui_run_order(r->watch);
	if (!order)
		return;
	fprintf(out, "\n%8s %8s %8s %8s  %-8s %8s %8s  %s\n", "PEAK", "SAMPLED", "BEGAN", "LASTED", "EXIT", "PID",
		"PARENT", "NAME");
	for (size_t i = 0; i < r->watch->n && i < UI_RUN_ROWS; i++)
		print_process(r, &r->watch->v[order[i]], out);
	if (r->watch->n > UI_RUN_ROWS)
		fprintf(out, "%8s %zu more, none seen above %s\n", "", r->watch->n - UI_RUN_ROWS,
			size_of(ui_watched_peak(&r->watch->v[order[UI_RUN_ROWS]]).value, size, sizeof(size)));
	free(order);
}

/* ---- classes over time ------------------------------------------------------------------------------------------ */

/* Most of each stretch of time; what was held at its start is what the last look before it saw. */
static uint64_t spread(const struct ui_run_result *r, enum ui_class class, uint64_t *ret)
{
	const struct ui_watch *watch = r->watch;
	uint64_t began = watch->trace->began_ns, span = since(began, watch->trace->ended_ns) + 1, most = 0, before = 0;
	size_t i = 0;
	for (unsigned column = 0; column < SPARK; column++) {
		uint64_t until = began + (uint64_t)((double)span * (column + 1) / SPARK);
		ret[column] = before;
		for (; i < watch->n_points && watch->points[i].ns < until; i++) {
			before = watch->points[i].held.v[class];
			ret[column] = before > ret[column] ? before : ret[column];
		}
		most = ret[column] > most ? ret[column] : most;
	}
	return most;
}

/* From nothing to the most of all classes, so that their heights compare. */
static void print_spark(const uint64_t *values, uint64_t top, bool ascii, FILE *out)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char steps[] = " .:-=+*#";
	unsigned highest = ascii ? sizeof(steps) - 2 : 8;
	for (int i = 0; i < SPARK; i++) {
		unsigned step = values[i] ? 1 + (unsigned)((double)values[i] / (double)top * (highest - 1) + 0.5) : 0;
		if (ascii)
			putc(steps[step], out);
		else
			fputs(blocks[step], out);
	}
}

static void print_series(const struct ui_run_result *r, FILE *out)
{
	uint64_t values[UI_CLASS_N][SPARK], most[UI_CLASS_N], top = 0;
	bool ascii = r->options->ascii || !isatty(fileno(out));
	char size[16];
	for (int i = 0; i < UI_CLASS_N; i++) {
		most[i] = spread(r, (enum ui_class)i, values[i]);
		top = most[i] > top ? most[i] : top;
	}
	if (!top)
		return;
	fputc('\n', out);
	for (int i = 0; i < UI_CLASS_N; i++) {
		if (!most[i])
			continue;
		fprintf(out, "%-6s |", ui_class_name((enum ui_class)i));
		print_spark(values[i], top, ascii, out);
		fprintf(out, "| %s\n", size_of(most[i], size, sizeof(size)));
	}
}

/* ---- the peak, by role and VMA ---------------------------------------------------------------------------------- */

static void print_roles(const struct ui_peak_sums *sums, FILE *out)
{
	bool done[PT_ROLE_N] = {false};
	char size[16];
	int in_line = 0;
	for (;;) {
		int best = -1;
		for (int i = 0; i < PT_ROLE_N; i++)
			if (!done[i] && sums->roles[i] && (best < 0 || sums->roles[i] > sums->roles[best]))
				best = i;
		if (best < 0)
			break;
		done[best] = true;
		fprintf(out, "%s%8s %-12s", in_line ? "" : "  ", size_of(sums->roles[best], size, sizeof(size)),
			pt_role_name((enum pt_role)best));
		in_line = (in_line + 1) % 3;
		if (!in_line)
			fputc('\n', out);
	}
	if (in_line)
		fputc('\n', out);
}

static void print_vmas(const struct ui_run_result *r, FILE *out)
{
	struct ui_peak_vma v[UI_RUN_ROWS];
	char size[16], path[1024], shown[sizeof(path)];
	int columns = ui_text_columns(out);
	size_t n = ui_run_peak_vmas(r->watch, v, UI_RUN_ROWS);
	if (n)
		fprintf(out, "\n%10s  %-12s %8s  %-12s  %s\n", "RSS", "ROLE", "PID", "START", "PATH");
	for (size_t i = 0; i < n; i++) {
		const struct pt_vma *vma = &v[i].part->frame->vmas->v[v[i].index];
		int used = fprintf(out, "%10s  %-12s %8d  %-12" PRIx64, size_of(v[i].rss, size, sizeof(size)),
				   pt_role_name((enum pt_role)vma->role), (int)v[i].part->frame->process.pid,
				   vma->start);
		name_of(vma->path, path, sizeof(path));
		ui_text_path(path, columns > used + 2 ? (size_t)(columns - used - 2) : 0, shown, sizeof(shown));
		fprintf(out, "%s%s\n", shown[0] ? "  " : "", shown);
	}
}

static void print_breakdown(const struct ui_run_result *r, FILE *out)
{
	struct ui_peak_sums sums;
	char before[24], after[24], size[16], held[16];
	if (!r->watch->peak.n)
		return;
	ui_run_peak_sums(r->watch, &sums);
	fputc('\n', out);
	if (!sums.frames) {
		fprintf(out, "No process at the peak lived long enough to have its pages looked at.\n");
		return;
	}
	fprintf(out, "At the peak by role: frames of %zu of %zu process%s hold %s of their %s", sums.frames,
		r->watch->peak.n, r->watch->peak.n == 1 ? "" : "es", size_of(sums.framed, size, sizeof(size)),
		size_of(sums.held, held, sizeof(held)));
	if (sums.before)
		fprintf(out, ",\n  up to %s before", pt_text_ns(sums.before, before, sizeof(before)));
	if (sums.after)
		fprintf(out, "%s up to %s after", sums.before ? " and" : ",\n ",
			pt_text_ns(sums.after, after, sizeof(after)));
	fprintf(out, "%s:\n", sums.before || sums.after ? " it" : "");
	print_roles(&sums, out);
	if (sums.unseen)
		fprintf(out, "  %8s of processes too young to have a frame\n",
			size_of(sums.unseen, size, sizeof(size)));
	if (sums.partial)
		fprintf(out, "  pages of some VMAs could not be read\n");
	print_vmas(r, out);
}

/* ---- how closely it was looked at ------------------------------------------------------------------------------- */

static void print_looks(const struct ui_run_result *r, FILE *out)
{
	char interval[24], longest[24];
	uint64_t lasted = since(r->watch->trace->began_ns, r->watch->trace->ended_ns);
	struct pt_maybe missed = ui_run_missed(r);
	fprintf(out,
		"\nLooked at %" PRIu64 " times, every %s (%s at most), %" PRIu64
		" frames of pages;\npagetop took %.1f %% of a core.\n",
		r->tree.looks, pt_text_ns(r->options->interval_ns, interval, sizeof(interval)),
		pt_text_ns(r->tree.longest_ns, longest, sizeof(longest)), r->tree.frames,
		lasted ? 100.0 * (double)r->cpu_ns / (double)lasted : 0.0);
	if (missed.known)
		fprintf(out, "%zu process%s seen; at most %" PRIu64 " came and went between two looks.\n", r->tree.seen,
			r->tree.seen == 1 ? " was" : "es were", missed.value);
	if (r->tree.living)
		fprintf(out, "%zu of them still run%s.\n", r->tree.living, r->tree.living == 1 ? "s" : "");
	if (r->marks_lost)
		fprintf(out, "%" PRIu64 " marks were too many and are lost.\n", r->marks_lost);
	if (r->watch->lost)
		fprintf(out, "Memory ran out: parts of this are missing.\n");
}

void ui_run_report_text(const struct ui_run_result *r, FILE *out)
{
	print_end(r, out);
	print_peak(r, out);
	print_processes(r, out);
	print_series(r, out);
	print_breakdown(r, out);
	print_looks(r, out);
}
