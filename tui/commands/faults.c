/*
 * pagetop faults: follows the page faults of a process, or of a command that it starts, until it is told to end, the time
 * has passed or the process ends; then says what there was. The watch and the scan have a thread each; this one hands
 * frames over and says how it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/faults/watch.h"
#include "core/kernel/readers.h"
#include "core/scan/live.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/ends.h"
#include "tui/commands/faults.h"
#include "tui/commands/run_child.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"
#include "tui/worker.h"

#define SECOND         1000000000ull
#define SHOW_MS        1000 /* between two progress lines */
#define NEVER          UINT64_MAX
#define WATCH_PART     0.6 /* of the budget is the watch's, the rest of the scan */
#define ROWS           1000
#define ROWS_FOLDED    100000
#define FIRST_FRAME_NS SECOND
#define LAST_FRAME_NS  300000000u

/* What the command is at. */
struct session {
	const struct ui_options *options;
	struct pt_kernel *k;
	pid_t pid;
	bool started; /* it is a command: */
	struct ui_child child;
	struct ui_ends ends; /* where it is none */
	int report;          /* -1: none */
	struct pt_fault_watch *watch;
	struct pt_feed *feed; /* NULL: the command ended before its pages could be looked at, or they may not be */
	struct pt_snapshot *newest;
	struct pt_fault_view *view;
	char name[PT_NAME_MAX]; /* raw */
	uint64_t began_ns, last_seq;
	struct pt_maybe rss_from, rss_to;
	bool ended;      /* the process */
	const char *why; /* it came to an end otherwise */
	bool shown;      /* a progress line */
};

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- what can fail ---------------------------------------------------------------------------------------------- */

static int denied(struct pt_kernel *k, pid_t pid)
{
	struct pt_process process = {0};
	if (pt_read_process(k, pid, &process) < 0)
		return ui_target_error(k, pid, -ESRCH);
	if (process.uid != geteuid() && geteuid() != 0)
		ui_complain("process %d (%s) belongs to user %u: run pagetop with sudo, or grant it CAP_PERFMON and "
			    "CAP_SYS_PTRACE",
			    (int)pid, process.name, (unsigned)process.uid);
	else
		ui_complain("page faults of process %d (%s) are not for you to see: grant pagetop CAP_PERFMON, or set "
			    "kernel.perf_event_paranoid to 2 or below, which lets you see those of your own processes",
			    (int)pid, process.name);
	return UI_DENIED;
}

int ui_fault_error(struct pt_kernel *k, pid_t pid, int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM: return denied(k, pid);
	case -EMFILE:
		ui_complain("process %d has too many threads, on so many CPUs, for the descriptors that pagetop may "
			    "have: raise that limit (ulimit -n), or grant it CAP_PERFMON",
			    (int)pid);
		return UI_LACKING;
	case -EOPNOTSUPP:
	case -ENOENT:
	case -ENOSYS: ui_complain("this kernel does not tell of page faults (CONFIG_PERF_EVENTS)"); return UI_LACKING;
	default: return ui_target_error(k, pid, error);
	}
}

static void read_name(struct session *s)
{
	struct pt_process process;
	if (pt_read_process(s->k, s->pid, &process) == 0)
		snprintf(s->name, sizeof(s->name), "%s", process.name);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static void take_frame(struct session *s)
{
	if (!s->feed)
		return;
	s->feed->ops->ack(s->feed);
	struct pt_snapshot *snapshot = s->feed->ops->latest(s->feed);
	if (snapshot && snapshot->stage == PT_STAGE_COMPLETE && snapshot->seq > s->last_seq) {
		s->last_seq = snapshot->seq;
		s->rss_to = pt_snapshot_bytes(snapshot, snapshot->vmas->n, PT_SUM_RSS);
		if (!s->rss_from.known)
			s->rss_from = s->rss_to;
		if (s->watch)
			pt_fault_watch_snapshot(s->watch, snapshot);
		pt_snapshot_unref(s->newest);
		s->newest = pt_snapshot_ref(snapshot);
	}
	pt_snapshot_unref(snapshot);
	s->ended |= s->feed->ops->status(s->feed).state == PT_FEED_ENDED;
}

/* The next one, for which nobody waits longer than that. */
static void wait_for_frame(struct session *s, uint64_t most_ns)
{
	uint64_t seq = s->last_seq, until = now() + most_ns, at;
	take_frame(s);
	while (s->feed && !s->ended && s->last_seq <= seq && (at = now()) < until) {
		struct pollfd fd = {s->feed->ops->fd(s->feed), POLLIN, 0};
		poll(&fd, 1, (int)((until - at) / 1000000) + 1);
		take_frame(s);
	}
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static size_t rows_of(const struct ui_options *o)
{
	return o->folded ? ROWS_FOLDED : o->json || o->by ? ROWS : 0;
}

static int open_watch(struct session *s)
{
	const struct ui_options *o = s->options;
	struct pt_fault_watch_options options = {.budget = o->budget / 100 * WATCH_PART,
						 .interval_ns = o->interval_ns,
						 .period = o->period,
						 .stacks = !o->no_stacks,
						 .spent = true,
						 .allocs = ui_fault_wants_allocations(o),
						 .from_exec = s->started,
						 .rows = rows_of(o)};
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		error = pt_fault_watch_new(&s->watch, k, s->pid, &options);
	s->began_ns = now();
	if (!error && s->newest)
		pt_fault_watch_snapshot(s->watch, s->newest);
	return error ? ui_fault_error(s->k, s->pid, error) : UI_OK;
}

static int open_feed(struct session *s)
{
	const struct ui_options *o = s->options;
	struct pt_live_options options = {.interval_ns = o->interval_ns, .share = o->budget / 100 * (1 - WATCH_PART)};
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		error = pt_live_feed_new(&s->feed, k, s->pid, &options);
	if (s->started) /* it may have ended already, or be a program that is not to be looked into */
		return UI_OK;
	return error ? ui_target_error(s->k, s->pid, error) : UI_OK;
}

static int open_process(struct session *s)
{
	bool asked = ui_ends_begin(&s->ends);
	s->pid = s->options->pid;
	read_name(s);
	int status = asked ? open_feed(s) : ui_out_of_memory();
	if (status == UI_OK) {
		wait_for_frame(s, FIRST_FRAME_NS); /* what pages were before tells what kind a fault was */
		status = open_watch(s);
	}
	ui_ends_threads_made(&s->ends);
	return status;
}

static int watch_child(void *arg, pid_t pid)
{
	struct session *s = arg;
	s->pid = pid;
	return open_watch(s) == UI_OK ? UI_OK : UI_RUN_FAILED;
}

static int open_command(struct session *s)
{
	struct ui_child_setup setup = {
		.argv = s->options->rest, .streams = {-1, -1, -1}, .beside = watch_child, .arg = s};
	int error = ui_child_prepare(&s->child, s->k);
	s->started = true;
	snprintf(s->name, sizeof(s->name), "%s", s->options->rest[0]);
	if (error) {
		ui_complain("cannot watch a command: %s", strerror(-error));
		return UI_RUN_FAILED;
	}
	fflush(stderr);
	int status = ui_child_start(&s->child, &setup, &error);
	if (status != UI_OK && error)
		ui_complain("cannot start %s: %s", s->options->rest[0], strerror(error));
	s->rss_from = (struct pt_maybe){0, true}; /* another program begins with nothing */
	return status == UI_OK && open_feed(s) != UI_OK ? UI_RUN_FAILED : status;
}

/* ---- while it goes on ------------------------------------------------------------------------------------------- */

static void show_progress(struct session *s)
{
	const struct pt_fault_view *v = s->view;
	char all[24], rate[24];
	uint64_t seconds = (now() - s->began_ns) / SECOND;
	if (!isatty(STDERR_FILENO) || s->started || !v)
		return;
	fprintf(stderr, "\r\033[K%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "  %s faults, %s a second", seconds / 3600,
		seconds / 60 % 60, seconds % 60, pt_text_number(v->all.events, all, sizeof(all)),
		pt_text_number((uint64_t)v->all.per_s, rate, sizeof(rate)));
	if (v->period > 1)
		fprintf(stderr, ", one in %s is told", pt_text_number(v->period, all, sizeof(all)));
	if (v->totals.lost)
		fprintf(stderr, ", %s lost", pt_text_number(v->totals.lost, all, sizeof(all)));
	fprintf(stderr, "  (Ctrl-C ends it)");
	fflush(stderr);
	s->shown = true;
}

static void clear_progress(struct session *s)
{
	if (s->shown)
		fprintf(stderr, "\r\033[K");
	s->shown = false;
}

static void take_view(struct session *s)
{
	struct pt_fault_view *view = pt_fault_watch_take(s->watch);
	if (!view)
		return;
	pt_fault_view_unref(s->view);
	s->view = view;
	s->ended |= view->ended;
	show_progress(s);
}

/* Before it is waited for, what it was called at last can still be read. */
static void note_end(void *arg, pid_t pid, int status, uint64_t most)
{
	struct session *s = arg;
	(void)status;
	(void)most;
	if (pid == s->pid)
		read_name(s);
}

static int wait_ms(uint64_t end_ns)
{
	uint64_t at = now(), left = end_ns > at ? (end_ns - at) / 1000000 + 1 : 0;
	return left < SHOW_MS ? (int)left : SHOW_MS;
}

static void go_round(struct session *s)
{
	uint64_t end_ns = s->options->for_ns ? s->began_ns + s->options->for_ns : NEVER;
	bool over = false;
	while (!over) {
		struct pollfd fds[] = {{s->started ? ui_child_fd(&s->child) : s->ends.fd, POLLIN, 0},
				       {pt_fault_watch_fd(s->watch), POLLIN, 0},
				       {s->feed ? s->feed->ops->fd(s->feed) : -1, POLLIN, 0}};
		poll(fds, sizeof(fds) / sizeof(*fds), end_ns == NEVER ? -1 : wait_ms(end_ns));
		take_frame(s);
		take_view(s);
		if (s->started)
			ui_child_take(&s->child, note_end, s);
		else if (fds[0].revents)
			s->why = "interrupted";
		over = s->started ? s->child.ended_ns != 0 : s->why || s->ended || now() >= end_ns;
	}
	clear_progress(s);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

/* --report, before anything is started; *ret -1: there is none. */
static int open_report(const struct ui_options *o, int *ret)
{
	*ret = o->report ? open(o->report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (!o->report || *ret >= 0)
		return UI_OK;
	ui_complain("%s: %s", o->report, strerror(errno));
	return o->rest[0] ? UI_RUN_FAILED : UI_FINDING;
}

/* What is said goes there; the standard output stream is the command's, where there is one. */
static void redirect(const struct ui_options *o, int report)
{
	int fd = report >= 0 ? report : o->rest[0] ? STDERR_FILENO : -1;
	fflush(stdout);
	if (fd >= 0)
		dup2(fd, STDOUT_FILENO); /* of what is open there is no failure */
	if (report >= 0)
		close(report);
}

static int name_calls(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	return pt_fault_watch_calls(arg, id, ret, ret_n);
}

struct ui_faults ui_faults_on_stdout(const struct ui_options *options, const struct pt_fault_view *view,
				     struct pt_filter *filter)
{
	bool terminal = isatty(STDOUT_FILENO);
	return (struct ui_faults){.options = options,
				  .view = view,
				  .filter = filter,
				  .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
				  .width = ui_text_width(),
				  .colours = terminal && options->colours != UI_COLOURS_MONO,
				  .ascii = options->ascii || !terminal};
}

/* What is no report or JSON has no place to say that it estimates. */
static void warn(const struct ui_faults *f)
{
	uint64_t period = f->view->period_most > f->view->period ? f->view->period_most : f->view->period;
	bool together = f->options->rest[0] && !f->options->report; /* it would stand among the answer */
	if (period > 1 && !f->options->raw && !f->options->no_headings && !together)
		ui_complain("these are estimates: at worst one fault in %" PRIu64 " was told", period);
}

int ui_faults_say(const struct ui_faults *f)
{
	const struct ui_options *o = f->options;
	if (o->json)
		return ui_faults_json(f);
	if (!o->folded && !o->by) {
		ui_faults_report(f);
		return UI_OK;
	}
	warn(f);
	return o->folded ? ui_faults_folded(f) : ui_faults_table(f);
}

static int tell(struct session *s, struct pt_filter *filter)
{
	struct ui_faults f = ui_faults_on_stdout(s->options, s->view, filter);
	f.name = s->name;
	f.ended = s->ended;
	f.why = s->why ? s->why : s->ended ? "then it ended" : NULL;
	f.rss_from = s->rss_from;
	f.rss_to = s->rss_to;
	f.calls = name_calls;
	f.arg = s->watch;
	return ui_faults_say(&f);
}

static int finish(struct session *s, struct pt_filter *filter)
{
	if (s->feed && !s->ended) { /* so that what is told of pages is about the end as well */
		s->feed->ops->refresh(s->feed);
		wait_for_frame(s, LAST_FRAME_NS);
	}
	struct pt_fault_view *view = pt_fault_watch_finish(s->watch);
	if (view) {
		pt_fault_view_unref(s->view);
		s->view = view;
		s->ended |= view->ended || s->started;
	}
	return s->view ? tell(s, filter) : ui_out_of_memory();
}

static void close_all(struct session *s)
{
	pt_fault_view_unref(s->view);
	pt_fault_watch_free(s->watch);
	pt_snapshot_unref(s->newest);
	if (s->feed)
		s->feed->ops->free(s->feed);
	ui_child_close(&s->child);
}

/* Of a command its own status, as pagetop run has it. */
static int follow(struct session *s, struct pt_filter *filter)
{
	bool command = s->options->rest[0];
	int status = command ? open_command(s) : open_process(s);
	if (status == UI_OK) {
		go_round(s);
		redirect(s->options, s->report);
		s->report = -1;
		if (!command)
			read_name(s);
		status = finish(s, filter);
		if (command)
			status = ui_child_exit(&s->child) ? ui_child_exit(&s->child) : status ? UI_RUN_FAILED : UI_OK;
	}
	close_all(s);
	if (!command)
		ui_ends_end(&s->ends);
	return status;
}

static int recorded(struct session *s, struct pt_filter *filter)
{
	redirect(s->options, s->report);
	return ui_faults_recorded(s->options, filter);
}

int ui_faults(const struct ui_options *options, struct pt_kernel *k)
{
	struct session s = {.options = options, .k = k, .child = {.signals = -1}, .ends.fd = -1};
	struct pt_filter *filter;
	int status = ui_faults_table_check(options);
	if (status == UI_OK)
		status = ui_filter_open(options, &filter);
	if (status != UI_OK)
		return status;
	status = open_report(options, &s.report);
	if (status == UI_OK)
		status = options->input ? recorded(&s, filter) : follow(&s, filter);
	ui_filter_close(filter);
	return status;
}
