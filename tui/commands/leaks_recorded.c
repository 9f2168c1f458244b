/*
 * pagetop leaks -i: a recording has no contents, so there is no verdict; but which pages were born between two moments and
 * are still there at a third it does tell.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/record/record.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks_born.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/vma_out.h"
#include "tui/when.h"

#define WHY "a recording has no contents, so that of single objects nothing can be told"

enum { FROM, TO, AT, MOMENTS };

/* The seqs of the three moments: its start, its end and its end again unless told otherwise. */
static int find_moments(const struct ui_options *o, struct pt_past *past, uint64_t *ret)
{
	const char *given[MOMENTS] = {o->from, o->to, o->at};
	char message[512];
	for (int i = 0; i < MOMENTS; i++) {
		ret[i] = past->ops->step(past, i == FROM ? 0 : UINT64_MAX, 0);
		if (given[i] && !ui_when(given[i], past, &ret[i], message, sizeof(message))) {
			ui_complain("%s: %s", o->input, message);
			return UI_USAGE;
		}
	}
	if (ret[FROM] <= ret[TO] && ret[TO] <= ret[AT])
		return UI_OK;
	ui_complain("%s: --from, --to and --at are to come one after the other", o->input);
	return UI_USAGE;
}

/* From frame to frame, as pages that went and came again are others. 0 or -errno. */
static int walk(struct pt_past *past, const uint64_t *seqs, struct ui_born_pages *pages)
{
	uint64_t seq = seqs[FROM];
	for (;;) {
		struct pt_snapshot *next;
		int error = past->ops->at(past, seq, &next);
		if (!error)
			error = ui_born_step(pages, next, seq >= seqs[TO]);
		if (error || seq >= seqs[AT])
			return error;
		uint64_t on = past->ops->step(past, seq, 1);
		if (on <= seq)
			return 0;
		seq = on;
	}
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static void report(const struct ui_leaks *l, const struct ui_born_pages *pages)
{
	const struct ui_options *o = l->options;
	uint64_t bytes = ui_born_bytes(pages, pages->now->vmas->n);
	char count[32], size[24];
	ui_leak_paragraph(l, "%s (%d), %s: no verdict on leaks: " WHY ".", l->name, (int)l->view->pid, o->input);
	ui_leak_paragraph(l, "%s pages, %s, that came between %s and %s are still there at %s.",
			  ui_leak_exact(bytes >> pages->now->page_shift, count, sizeof(count)),
			  ui_leak_bytes(l, bytes, size, sizeof(size)), o->from ? o->from : "its start",
			  o->to ? o->to : "its end", o->at ? o->at : "its end");
	ui_born_print(l, pages);
}

static json_t *nothing(void)
{
	return json_pack("{s:n, s:n, s:n}", "count", "bytes", "pages");
}

static int print_json(const struct ui_leaks *l, const struct ui_born_pages *pages)
{
	uint64_t bytes = ui_born_bytes(pages, pages->now->vmas->n);
	json_t *leaks =
		json_pack("{s:i, s:o, s:n, s:b, s:s, s:n, s:n, s:n, s:o, s:o, s:o, s:{s:n}, s:[], s:{s:o, s:o}, s:o}",
			  "pid", (int)l->view->pid, "name", ui_json_bytes(l->name), "allocator", "verdict", false,
			  "why", WHY, "passes", "converged", "stopped-ns-max", "leaked", nothing(), "weak", nothing(),
			  "hidden", nothing(), "free-resident", "bytes", "groups", "born", "pages",
			  json_integer((json_int_t)(bytes >> pages->now->page_shift)), "bytes",
			  json_integer((json_int_t)bytes), "vmas", ui_born_json(l, pages));
	return ui_json_whole("leaks", leaks);
}

static int tell(const struct ui_options *o, struct pt_filter *filter, const struct ui_born_pages *pages)
{
	struct pt_hunt_view view = {.pid = pages->now->process.pid};
	struct ui_leaks l = ui_leaks_on_stdout(o, &view);
	l.name = pages->now->process.name;
	l.filter = filter;
	if (o->json)
		return print_json(&l, pages);
	report(&l, pages);
	return UI_OK;
}

static int look(const struct ui_options *o, struct pt_filter *filter, struct pt_past *past)
{
	struct ui_born_pages pages = {0};
	uint64_t seqs[MOMENTS];
	int status = find_moments(o, past, seqs);
	int error = status == UI_OK ? walk(past, seqs, &pages) : 0;
	if (error == -ENOMEM)
		status = ui_out_of_memory();
	else if (error) {
		ui_complain("%s: %s", o->input,
			    error == -ENODATA   ? "no frame has been recorded yet"
			    : error == -EBADMSG ? "the file is damaged"
						: strerror(-error));
		status = UI_USAGE;
	}
	if (status == UI_OK && !error)
		status = tell(o, filter, &pages);
	ui_born_free(&pages);
	return status;
}

int ui_leaks_recorded(const struct ui_options *options, struct pt_kernel *k)
{
	struct pt_filter *filter = NULL;
	struct pt_reader *reader = NULL;
	(void)k;
	int status = ui_filter_open(options, &filter);
	if (status == UI_OK)
		status = ui_recording_open(options->input, options->pid, NULL, &reader);
	if (status == UI_OK)
		status = look(options, filter, pt_reader_past(reader));
	pt_reader_close(reader);
	ui_filter_close(filter);
	return status;
}
