/*
 * pagetop leaks: hunts for leaked objects in a running process, says on stderr how far it is, and then what there is. Where
 * there can be no verdict, it watches for a while what grows.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hunt/hunt.h"
#include "core/kernel/readers.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"
#include "tui/commands/leaks_born.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"
#include "tui/now.h"

#define STEP_MS 100

/* What the command is at. */
struct session {
	const struct ui_options *options;
	struct pt_kernel *k;
	struct ui_progress progress;
	struct ui_hunted found;
	struct ui_growth growth;
};

/* ---- what can fail ---------------------------------------------------------------------------------------------- */

int ui_leaks_error(struct pt_kernel *k, pid_t pid, int error)
{
	struct pt_process process = {0};
	switch (error) {
	case -EBUSY:
		pt_read_process(k, pid, &process);
		ui_complain("process %d (%s) is being traced already, by a debugger most likely: its registers are not "
			    "to be had, without which there is no verdict",
			    (int)pid, process.name);
		return UI_DENIED;
	case -EAGAIN:
		ui_complain("the heap of process %d changed too much while it was read: try again, or with --stop",
			    (int)pid);
		return UI_LACKING;
	case -ECANCELED: return UI_LACKING; /* by a signal, which ends us */
	default: return ui_target_error(k, pid, error);
	}
}

/* ---- while it goes on ------------------------------------------------------------------------------------------- */

static const char *stage_words(const struct pt_hunt_progress *p, char *ret, size_t size)
{
	char suspects[32], n[48] = "", part[24] = "";
	if (p->done >= 0 && p->done <= 1)
		snprintf(part, sizeof(part), " %.0f %%", p->done * 100);
	if (p->suspects != UINT64_MAX)
		snprintf(n, sizeof(n), ", %s suspects", ui_leak_exact(p->suspects, suspects, sizeof(suspects)));
	switch (p->stage) {
	case PT_HUNT_LOOKING: snprintf(ret, size, "looking for the heap%s", part); break;
	case PT_HUNT_PASS: snprintf(ret, size, "pass %u%s%s", p->pass, part, n); break;
	case PT_HUNT_HIDDEN: snprintf(ret, size, "looking for encoded pointers%s%s", part, n); break;
	case PT_HUNT_GROUPING: snprintf(ret, size, "sorting%s%s", part, n); break;
	case PT_HUNT_SITES: snprintf(ret, size, "watching who allocates%s%s", part, n); break;
	default: snprintf(ret, size, "done"); break;
	}
	return ret;
}

/* Until there is a view. 0 or -errno. */
static int wait_for_view(struct pt_hunt *hunt, struct ui_progress *told, struct pt_hunt_view **ret)
{
	int error = 0;
	while (!error && !(*ret = pt_hunt_take(hunt, &error)) && !error) {
		struct pollfd fd = {pt_hunt_fd(hunt), POLLIN, 0};
		char words[160];
		poll(&fd, 1, STEP_MS);
		struct pt_hunt_progress progress = pt_hunt_progress(hunt);
		if (told)
			error = ui_progress_tell(told, stage_words(&progress, words, sizeof(words)));
	}
	return error;
}

int ui_leaks_hunt(const struct ui_options *o, struct ui_progress *progress, struct ui_hunted *ret)
{
	struct pt_hunt_options options = {.stop = o->stop != PT_STOP_NONE,
					  .swapped = o->swapped,
					  .sites_ns = o->sites_ns,
					  .passes_max = o->passes,
					  .pages = o->leaks_by == UI_LEAKS_BY_PAGES};
	struct pt_hunt *hunt = NULL;
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		error = pt_hunt_new(&hunt, k, o->pid, &options);
	if (!error)
		error = wait_for_view(hunt, progress, &ret->view);
	if (!error && options.pages && ret->view->verdict)
		error = pt_hunt_pages(hunt, &ret->pages, &ret->n_pages);
	pt_hunt_free(hunt);
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

struct ui_leaks ui_leaks_on_stdout(const struct ui_options *options, const struct pt_hunt_view *view)
{
	bool terminal = isatty(STDOUT_FILENO);
	return (struct ui_leaks){.options = options,
				 .view = view,
				 .name = "",
				 .width = ui_text_width(),
				 .colours = terminal && options->colours != UI_COLOURS_MONO,
				 .ascii = options->ascii || !terminal};
}

/* What a table has no place for. */
static void warn(const struct ui_leaks *l)
{
	if (!l->view->verdict)
		ui_complain("no verdict on leaks: %s", l->view->why ? l->view->why : "the allocator is not known");
	else if (!l->view->converged && !l->view->stopped_all_ns)
		ui_complain("the last pass still changed something: what is leaked may be less");
}

int ui_leaks_say(const struct ui_leaks *l)
{
	if (l->options->json)
		return ui_leaks_json(l);
	if (!l->options->leaks_by) {
		ui_leaks_report(l);
		return UI_OK;
	}
	int status = ui_leaks_table(l);
	if (status == UI_OK)
		warn(l);
	return status;
}

static int tell(struct session *s, struct pt_filter *filter)
{
	struct pt_process process = {0};
	struct ui_leaks l = ui_leaks_on_stdout(s->options, s->found.view);
	char time[24];
	pt_read_process(s->k, s->options->pid, &process); /* it may have ended: then it has no name */
	l.name = process.name;
	l.filter = filter;
	l.pages = s->found.pages;
	l.n_pages = s->found.n_pages;
	l.growth = s->growth.after ? &s->growth : NULL;
	if (s->options->stop)
		ui_complain("process %d was stopped for %s", (int)s->options->pid,
			    pt_text_ns(s->found.view->stopped_all_ns, time, sizeof(time)));
	int status = ui_leaks_say(&l);
	bool found = s->found.view->verdict && s->found.view->tiers[PT_LEAK_LEAKED].count;
	return status == UI_OK && s->options->check && found ? UI_FINDING : status;
}

static int go(struct session *s, struct pt_filter *filter)
{
	struct pt_process process;
	if (s->options->stop && pt_read_process(s->k, s->options->pid, &process) == 0)
		ui_complain("process %d (%s) is stopped now, while its heap is read", (int)s->options->pid,
			    process.name);
	ui_progress_begin(&s->progress, NULL);
	int error = ui_leaks_hunt(s->options, &s->progress, &s->found);
	if (!error && !s->found.view->verdict && !s->options->leaks_by)
		error = ui_growth_watch(s->options, s->k, &s->progress, &s->growth);
	ui_progress_end(&s->progress);
	if (error)
		return ui_leaks_error(s->k, s->options->pid, error);
	if (s->options->check && !s->found.view->verdict) { /* what cannot be told does not pass */
		int status = tell(s, filter);
		return status == UI_OK ? UI_LACKING : status;
	}
	return tell(s, filter);
}

static void close_all(struct session *s)
{
	pt_hunt_view_unref(s->found.view);
	ui_growth_free(&s->growth);
	free(s->found.pages);
}

int ui_leaks(const struct ui_options *options, struct pt_kernel *k)
{
	struct session s = {.options = options, .k = k};
	struct pt_filter *filter = NULL;
	int status = ui_leaks_table_check(options);
	if (status == UI_OK && options->input)
		return ui_leaks_recorded(options, k);
	if (status == UI_OK && options->why)
		return ui_leaks_why(options, k);
	if (status == UI_OK && options->snapshots)
		return ui_leaks_snapshots(options, k);
	if (status == UI_OK)
		status = ui_filter_open(options, &filter);
	if (status != UI_OK)
		return status;
	status = go(&s, filter);
	ui_filter_close(filter);
	close_all(&s);
	ui_progress_obey();
	return status;
}
