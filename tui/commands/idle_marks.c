/*
 * See idle_marks.h. Without --for, pages are marked once they were counted: so a command that is given again and again
 * counts each time what was touched since the last. With it they are marked, left alone for so long, and counted.
 */
#include "tui/commands/idle_marks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/machine/idle.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/frames_asked.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"
#include "tui/now.h"

#define NAP_NS 50000000u /* between looks at whether a signal came */

/* ---- whether it may --------------------------------------------------------------------------------------------- */

static int say_error(int error)
{
	switch (error) {
	case -ENOMEM: return ui_out_of_memory();
	case -EOPNOTSUPP:
		ui_complain("this kernel does not track idle pages: it is built without CONFIG_IDLE_PAGE_TRACKING");
		return UI_LACKING;
	case -EACCES:
	case -EPERM: ui_complain("the bitmap of idle pages is root's: sudo pagetop types"); return UI_DENIED;
	default: ui_complain("the bitmap of idle pages: %s", strerror(-error)); return UI_LACKING;
	}
}

static int ask_person(const struct ui_options *options)
{
	char answer[16];
	if (options->yes)
		return UI_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		ui_complain("--mark-idle changes what the kernel keeps about pages: without a terminal to ask at, "
			    "--yes says that it may");
		return UI_USAGE;
	}
	fputs("This marks the pages that are counted as idle, in the kernel: of each it looks\n"
	      "up whether it was accessed, notes that down for reclaim, and begins anew.\n"
	      "Programs go on as they are. Whoever else looks at idle marks sees these; they\n"
	      "cannot be taken back, but go from each page when it is used.\n"
	      "Mark them? [y/N] ",
	      stderr);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return UI_OK;
	ui_complain("nothing was marked");
	return UI_USAGE;
}

/* ---- marking ---------------------------------------------------------------------------------------------------- */

static int add(struct pt_kernel *k, pid_t pid, const struct pt_types_request *request, struct pt_idle *idle)
{
	const char *file;
	int error = pt_idle_add(k, request, idle, &file);
	return error ? ui_frames_error(k, pid, error, file) : UI_OK;
}

static int mark(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		struct pt_idle *idle, struct ui_idle_marks *marks)
{
	int r = add(k, options->pid, request, idle);
	int error = r == UI_OK ? pt_idle_mark(k, idle) : 0;
	if (r == UI_OK && !error)
		error = pt_idle_count(k, idle, &marks->marked);
	marks->frames = idle->frames;
	return error ? say_error(error) : r;
}

/* Whatever the specs say of idle_page, it is all frames that have to be asked for. */
static int bring_up_to_date(const struct ui_options *options, struct pt_kernel *k,
			    const struct pt_types_request *request)
{
	struct pt_types_request all = *request;
	struct pt_idle idle = {0};
	all.n_rules = 0;
	int r = add(k, options->pid, &all, &idle);
	int error = r == UI_OK ? pt_idle_ask(k, &idle) : 0;
	pt_idle_free(&idle);
	return error ? say_error(error) : r;
}

static void wait_for(uint64_t ns)
{
	struct ui_progress progress;
	char words[64];
	const uint64_t began = ui_now(CLOCK_MONOTONIC);
	int stop = 0;

	ui_progress_begin(&progress, NULL);
	for (uint64_t gone = 0; gone < ns && !stop; gone = ui_now(CLOCK_MONOTONIC) - began) {
		snprintf(words, sizeof(words), "marked; %.0f s more", (double)(ns - gone) / 1e9);
		stop = ui_progress_tell(&progress, words);
		uint64_t nap = ns - gone < NAP_NS ? ns - gone : NAP_NS;
		nanosleep(&(struct timespec){.tv_nsec = (long)nap}, NULL);
	}
	ui_progress_end(&progress);
	ui_progress_obey();
}

/* Marks, waits, and sees which are idle still. */
static int watch(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		 struct ui_idle_marks *marks)
{
	struct pt_idle idle = {0};
	const uint64_t began = ui_now(CLOCK_MONOTONIC);
	int error = 0, r = mark(options, k, request, &idle, marks);

	if (r == UI_OK) {
		wait_for(options->for_ns);
		marks->seconds = (double)(ui_now(CLOCK_MONOTONIC) - began) / 1e9;
		error = pt_idle_ask(k, &idle);
	}
	if (r == UI_OK && !error)
		error = pt_idle_count(k, &idle, &marks->idle.value);
	marks->idle.known = r == UI_OK && !error;
	pt_idle_free(&idle);
	return error ? say_error(error) : r;
}

/* ---- before and after counting ---------------------------------------------------------------------------------- */

int ui_idle_before(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		   struct ui_idle_marks *marks)
{
	*marks = (struct ui_idle_marks){0};
	if (!options->mark_idle && !options->idle)
		return UI_OK;
	int error = pt_idle_check(k);
	if (error)
		return say_error(error);
	int r = options->mark_idle ? ask_person(options) : UI_OK;
	if (r == UI_OK && options->mark_idle && options->for_ns)
		r = watch(options, k, request, marks);
	return r == UI_OK ? bring_up_to_date(options, k, request) : r;
}

int ui_idle_after(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		  struct ui_idle_marks *marks)
{
	struct pt_idle idle = {0};
	if (!options->mark_idle || options->for_ns)
		return UI_OK;
	int r = mark(options, k, request, &idle, marks);
	pt_idle_free(&idle);
	return r;
}

/* ---- what is said ----------------------------------------------------------------------------------------------- */

void ui_idle_print(const struct ui_idle_marks *marks, unsigned page_shift)
{
	char text[400], size[16], touched[16];
	const uint64_t others = marks->frames - marks->marked;

	pt_text_size(marks->marked << page_shift, size, sizeof(size));
	int n = snprintf(text, sizeof(text), "Marked %llu of %llu frames idle (%s).", (unsigned long long)marks->marked,
			 (unsigned long long)marks->frames, size);
	if (others)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      " The kernel does not age the other %llu: only pages with the flag lru can be marked.",
			      (unsigned long long)others);
	if (marks->idle.known) {
		uint64_t gone = marks->marked > marks->idle.value ? marks->marked - marks->idle.value : 0;
		pt_text_size(gone << page_shift, touched, sizeof(touched));
		snprintf(text + n, sizeof(text) - (size_t)n, " Within %.1f s %llu of them (%s) were touched or freed.",
			 marks->seconds, (unsigned long long)gone, touched);
	} else if (marks->marked) {
		snprintf(text + n, sizeof(text) - (size_t)n,
			 " Later --idle instead of --mark-idle shows which were not touched since: those have "
			 "idle_page.");
	}
	putchar('\n');
	ui_print_wrapped(text, 0, 0, ui_text_width());
}

int ui_idle_check(const struct ui_options *o, struct ui_complaint *c)
{
	if (!o->mark_idle && (o->yes || o->for_ns))
		return ui_usage(c, "--%s goes with --mark-idle", o->yes ? "yes" : "for");
	if ((o->mark_idle || o->idle) && o->kpageflags)
		return ui_usage(c, "--%s is about the kernel's frames: without -F", o->idle ? "idle" : "mark-idle");
	return UI_OK;
}
