/*
 * What grows in a process in which pagetop leaks has no verdict: watched for a while, frame by frame, and told.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "core/scan/scan.h"
#include "core/text/text.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"
#include "tui/now.h"

#define ROWS       8
#define NAME_ROOM  1024
#define WATCHED_NS 5000000000u /* unless --for says otherwise */
#define STEP_MS    100
#define PAUSE      20 /* times what a frame took, at least, before the next */

/* ---- watching --------------------------------------------------------------------------------------------------- */

static int keep(struct ui_growth *g, struct pt_suspects *suspects, struct pt_snapshot *snapshot)
{
	if (!g->before)
		g->before = pt_snapshot_ref(snapshot);
	pt_snapshot_unref(g->after);
	g->after = snapshot;
	return pt_suspects_push(suspects, snapshot);
}

static int wait_until(struct ui_progress *progress, uint64_t at_ns, uint64_t end_ns)
{
	uint64_t now;
	while ((now = ui_now(CLOCK_MONOTONIC)) < at_ns) {
		char words[80], left[24];
		snprintf(words, sizeof(words), "no verdict; watching what grows, for %s more",
			 pt_text_ns(end_ns > now ? end_ns - now : 0, left, sizeof(left)));
		int error = ui_progress_tell(progress, words);
		if (error)
			return error;
		uint64_t most = (at_ns - now) / 1000000 + 1;
		poll(NULL, 0, most < STEP_MS ? (int)most : STEP_MS);
	}
	return 0;
}

/* Frames until the time has passed; the last one is at its end. */
static int watch(const struct ui_options *o, struct pt_scan *scan, struct ui_progress *progress,
		 struct pt_suspects *suspects, struct ui_growth *g)
{
	uint64_t end = ui_now(CLOCK_MONOTONIC) + (o->for_ns ? o->for_ns : WATCHED_NS);
	for (bool last = false;;) {
		struct pt_snapshot *snapshot;
		uint64_t began = ui_now(CLOCK_MONOTONIC);
		int error = pt_scan_frame(scan, NULL, NULL, &snapshot);
		if (!error)
			error = keep(g, suspects, snapshot);
		if (error || last)
			return error;
		uint64_t took = ui_now(CLOCK_MONOTONIC) - began;
		uint64_t next = began + (took * PAUSE > o->interval_ns ? took * PAUSE : o->interval_ns);
		last = next >= end;
		error = wait_until(progress, last ? end : next, end);
		if (error)
			return error;
	}
}

int ui_growth_watch(const struct ui_options *options, struct pt_kernel *k, struct ui_progress *progress,
		    struct ui_growth *ret)
{
	struct pt_suspects *suspects = NULL;
	struct pt_scan *scan = NULL;
	int error = pt_scan_open(&scan, k, options->pid);
	if (!error)
		error = pt_suspects_new(&suspects);
	if (!error)
		error = watch(options, scan, progress, suspects, ret);
	if (!error) {
		ret->growing = pt_suspects_latest(suspects);
		error = pt_growth_make(ret->before, ret->after, &ret->growth);
	}
	pt_suspects_unref(suspects);
	pt_scan_close(scan);
	return error;
}

void ui_growth_free(struct ui_growth *g)
{
	pt_growth_free(&g->growth);
	pt_growing_unref(g->growing);
	pt_snapshot_unref(g->before);
	pt_snapshot_unref(g->after);
	*g = (struct ui_growth){0};
}

const struct pt_suspect *ui_growth_suspect(const struct ui_growth *growth, const struct pt_vma *vma)
{
	return growth->growing ? pt_growing_in(growth->growing, vma->start, vma->end) : NULL;
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static const char *grew_words(const struct ui_leaks *l, struct pt_grew grew, char *ret, size_t size)
{
	if (!grew.known)
		snprintf(ret, size, "?");
	else if (l->options->bytes)
		snprintf(ret, size, "%+" PRId64, grew.value);
	else
		pt_text_delta(grew.value, ret, size);
	return ret;
}

/* "goes on growing, by 12K/s"; "" where that is not known or not so. */
static char *goes_on(const struct ui_leaks *l, const struct pt_vma *vma, char *ret, size_t size)
{
	const struct pt_suspect *suspect = ui_growth_suspect(l->growth, vma);
	char rate[24];
	ret[0] = '\0';
	if (suspect && suspect->grows && suspect->slope > 0)
		snprintf(ret, size, "goes on growing, by %s/s",
			 ui_leak_bytes(l, (uint64_t)suspect->slope, rate, sizeof(rate)));
	return ret;
}

/* Of pair i, which is there now. */
static void print_vma(const struct ui_leaks *l, size_t i)
{
	const struct pt_growth *g = &l->growth->growth;
	size_t is = g->pairs.v[i].is;
	const struct pt_vma *vma = &g->after->vmas->v[is];
	char grew[24], born[24], rss[24], name[NAME_ROOM], cut[NAME_ROOM], on[64];
	pt_text_printable(vma->path, strlen(vma->path), name, sizeof(name));
	printf("%8s %8s %8s  %-12" PRIx64 "  %s%s%s\n",
	       grew_words(l, pt_growth_of_pair(g, i, PT_SUM_RSS), grew, sizeof(grew)),
	       ui_table_bytes(l->options, pt_growth_born(g, i), born, sizeof(born)),
	       ui_table_bytes(l->options, pt_snapshot_bytes(g->after, is, PT_SUM_RSS), rss, sizeof(rss)), vma->start,
	       pt_role_name((enum pt_role)vma->role), name[0] ? "  " : "",
	       ui_text_path(name, (size_t)(l->width > 70 ? l->width - 58 : 12), cut, sizeof(cut)));
	if (goes_on(l, vma, on, sizeof(on))[0])
		printf("%42s%s\n", "", on);
}

static bool grew(const struct ui_leaks *l, size_t i)
{
	const struct pt_growth *g = &l->growth->growth;
	struct pt_grew by = pt_growth_of_pair(g, i, PT_SUM_RSS);
	const struct pt_vma_table *vmas = g->after->vmas;
	size_t is = g->pairs.v[i].is;
	const char *path = is < vmas->n ? vmas->v[is].path : "";
	return is < vmas->n && by.known && by.value > 0 && pt_filter_match(l->filter, path, strlen(path));
}

/* Whether it is told what goes on. */
static void print_known(const struct ui_leaks *l)
{
	const struct pt_growing *growing = l->growth->growing;
	const struct pt_suspect *first = growing ? pt_growing_first(growing) : NULL;
	char need[24];
	if (growing && (growing->known || (first && first->grows)))
		return;
	putchar('\n');
	if (growing && growing->need_ns)
		ui_leak_paragraph(l, "What of it goes on growing, and does not just warm up, takes %s more to tell.",
				  pt_text_ns(growing->need_ns, need, sizeof(need)));
	else
		ui_leak_paragraph(l, "What of it goes on growing, and does not just warm up, takes longer to tell.");
}

void ui_leaks_growth(const struct ui_leaks *l)
{
	const struct pt_growth *g = l->growth ? &l->growth->growth : NULL;
	size_t shown = 0;
	if (!g)
		return;
	char seconds[24], all[24];
	pt_text_ns(g->after->monotonic_ns - g->before->monotonic_ns, seconds, sizeof(seconds));
	putchar('\n');
	ui_leak_paragraph(l, "What can be told: in %s its RSS changed by %s.", seconds,
			  grew_words(l, pt_growth_of_role(g, PT_ROLE_N, PT_SUM_RSS), all, sizeof(all)));
	for (size_t i = 0; i < g->pairs.n && shown < ROWS; i++) {
		if (!grew(l, i))
			continue;
		if (!shown++)
			ui_leak_heading(l, "    GREW     BORN      RSS  WHERE");
		print_vma(l, i);
	}
	if (shown)
		print_known(l);
	printf("\n  pagetop leaks -p %d --for 60\n", (int)l->view->pid);
	ui_print_wrapped("looks longer: what grows all the time, not what warms up", printf("%6s", ""), 6, l->width);
	printf("  pagetop faults -p %d --for 60 --by growth\n", (int)l->view->pid);
	ui_print_wrapped("whose calls it grows by", printf("%6s", ""), 6, l->width);
}
