/*
 * pagetop dump: the contents of a process as a core; of what changed since another one; or both as one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/dump/dump.h"
#include "core/dump/merge.h"
#include "core/kernel/readers.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/core_file.h"
#include "tui/commands/json_out.h"
#include "tui/commands/progress.h"
#include "tui/commands/table_out.h"
#include "tui/commands/text_out.h"

/* What one dump is about. */
struct job {
	const struct ui_options *options;
	const char *path;
	struct ui_core_in base;
	struct ui_core_out out;
	struct ui_progress progress;
	struct pt_dump_report report;
	uint64_t disk;
};

/* ---- what was done ---------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct job *job, int content)
{
	return job->report.pages[content] << job->report.info.page_shift;
}

/* How far what is in the file is of one moment. */
static void say_consistency(const struct job *job, int width)
{
	const struct pt_dump_report *r = &job->report;
	char text[512], stopped[16], took[16];

	pt_text_ns(r->info.stopped_ns, stopped, sizeof(stopped));
	pt_text_ns(r->info.took_ns, took, sizeof(took));
	if (r->info.stop == PT_STOP_ALL)
		snprintf(text, sizeof(text),
			 "Stopped for %s: all of it is of one moment, with the registers of %zu of %zu threads.",
			 stopped, r->with_registers, r->threads);
	else if (r->info.stop == PT_STOP_REGISTERS)
		snprintf(text, sizeof(text),
			 "Stopped for %s to read the registers of %zu of %zu threads; its pages were read within %s, "
			 "while it ran.",
			 stopped, r->with_registers, r->threads, took);
	else
		snprintf(text, sizeof(text),
			 "Not stopped: its pages were read within %s, while it ran, and there are no registers "
			 "(--stop, --stop=registers).",
			 took);
	ui_print_wrapped(text, 0, 0, width);
}

static void say_base(const struct job *job, int width)
{
	const struct pt_dump_report *r = &job->report;
	char text[2048], base[PT_DUMP_NAME * 4];

	if (r->info.cleared_soft_dirty)
		ui_print_wrapped("Its soft-dirty bits were cleared: other programs that rely on them miss what was "
				 "written before.",
				 0, 0, width);
	if (!r->info.base[0])
		return;
	pt_text_printable(r->info.base, strlen(r->info.base), base, sizeof(base));
	snprintf(text, sizeof(text), "%" PRIu64 " pages are not as in %s; found by %s.", r->pages[PT_CONTENT_STORED],
		 base,
		 r->info.by_soft_dirty ? "their soft-dirty bits, and comparing the contents of these"
				       : "comparing contents, since soft-dirty bits do not tell");
	ui_print_wrapped(text, 0, 0, width);
}

static int print_contents(const struct job *job)
{
	static const struct ui_table_column columns[] = {
		{"CONTENTS", 0}, {"PAGES", UI_TABLE_RIGHT}, {"SIZE", UI_TABLE_RIGHT}, {"WHAT", UI_TABLE_CUT}};
	struct ui_table *table = ui_table_new(job->options, columns, 4);
	char text[32];

	if (!table)
		return ui_out_of_memory();
	for (int i = 0; i < PT_CONTENT_N; i++) {
		if (!job->report.pages[i])
			continue;
		ui_table_cell(table, pt_content_name((enum pt_content)i));
		snprintf(text, sizeof(text), "%" PRIu64, job->report.pages[i]);
		ui_table_cell(table, text);
		ui_table_cell(table, ui_table_bytes(job->options, (struct pt_maybe){bytes_of(job, i), true}, text,
						    sizeof(text)));
		ui_table_cell(table, pt_content_words((enum pt_content)i));
	}
	int r = ui_table_print(table);
	ui_table_free(table);
	return r < 0 ? ui_out_of_memory() : UI_OK;
}

static int print_text(const struct job *job)
{
	char name[4 * PT_NAME_MAX], path[4096], disk[16];
	const struct pt_process *process = &job->report.process;
	int width = ui_text_width();

	if (!job->options->raw) {
		pt_text_printable(process->name, strlen(process->name), name, sizeof(name));
		pt_text_printable(job->path, strlen(job->path), path, sizeof(path));
		pt_text_size(job->disk, disk, sizeof(disk));
		printf("%s (%d) in %s, %sB on disk\n", name, (int)process->pid, path, disk);
		say_consistency(job, width);
		say_base(job, width);
		putchar('\n');
	}
	return print_contents(job);
}

/* ISO 8601 with milliseconds, UTC. */
static void print_time(uint64_t ns, char *ret, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[32];
	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		text[0] = '\0';
	snprintf(ret, size, "%s.%03uZ", text, (unsigned)(ns / 1000000u % 1000u));
}

static json_t *contents_json(const struct job *job)
{
	json_t *object = json_object();
	for (int i = 0; i < PT_CONTENT_N; i++)
		json_object_set_new(object, pt_content_name((enum pt_content)i),
				    json_integer((json_int_t)bytes_of(job, i)));
	return object;
}

static int print_json(const struct job *job)
{
	const struct pt_dump_report *r = &job->report;
	const struct pt_dump_info *info = &r->info;
	const char *by = !info->base[0] ? NULL : info->by_soft_dirty ? "soft-dirty" : "contents";
	struct ui_json out;
	char when[64];

	print_time(info->realtime_ns, when, sizeof(when));
	ui_json_begin(&out, "dump");
	ui_json_element(&out, json_pack("{s:o, s:i, s:o, s:s, s:o, s:o, s:s, s:s, s:I, s:I, s:i, s:i, s:I, s:I, s:o}",
					"file", ui_json_bytes(job->path), "pid", (int)r->process.pid, "name",
					ui_json_bytes(r->process.name), "id", info->id, "base",
					ui_json_bytes(info->base[0] ? info->base : NULL), "compared-by",
					ui_json_bytes(by), "time", when, "stop", pt_stop_name(info->stop), "stopped-ns",
					(json_int_t)info->stopped_ns, "took-ns", (json_int_t)info->took_ns, "threads",
					(int)r->threads, "with-registers", (int)r->with_registers, "file-size",
					(json_int_t)r->file_size, "disk", (json_int_t)job->disk, "contents",
					contents_json(job)));
	ui_json_end_array(&out);
	return ui_json_end(&out);
}

/* ---- what went wrong -------------------------------------------------------------------------------------------- */

/* What may be looked at can still be closed to reading and stopping, which is for the security module to say. */
static int denied(struct pt_kernel *k, pid_t pid, int error)
{
	struct pt_signals signals;
	pt_probe_signals(k, pid, &signals);
	if (!pt_signal_has(&signals, PT_SIG_PAGEMAP))
		return ui_target_error(k, pid, error);
	ui_complain("process %d may be looked at, but not be read or stopped, as Yama forbids (sysctl "
		    "kernel.yama.ptrace_scope): run pagetop with sudo, or grant it CAP_SYS_PTRACE",
		    (int)pid);
	return UI_DENIED;
}

static int target_error(const struct job *job, struct pt_kernel *k, int error)
{
	pid_t pid = job->options->pid;

	switch (error) {
	case -EACCES:
	case -EPERM: return denied(k, pid, error);
	case -EBUSY:
		ui_complain("process %d is being traced by another program (a debugger, strace): it cannot be stopped, "
			    "but dumped without --stop",
			    (int)pid);
		return UI_DENIED;
	case -EOPNOTSUPP:
		ui_complain("this kernel has no soft-dirty bits to clear (CONFIG_MEM_SOFT_DIRTY); --since compares "
			    "contents without them");
		return UI_LACKING;
	case -ENOENT:
		ui_complain("this kernel has no smaps of processes (CONFIG_PROC_PAGE_MONITOR), which tells what to "
			    "leave out");
		return UI_LACKING;
	default: return ui_target_error(k, pid, error);
	}
}

/* Nothing stays of a file that did not become whole. */
static int give_up(struct job *job, struct pt_kernel *k, int error)
{
	int status = ui_core_drop(&job->out);
	if (status != UI_OK)
		return status;
	if (error == -ECANCELED) {
		ui_complain("interrupted: there is no %s", job->path);
		ui_progress_obey();
		return UI_FINDING;
	}
	if (error == -EFBIG) {
		ui_complain("there is more to write than the tables of a core can hold");
		return UI_FINDING;
	}
	if (error == -EBADMSG) {
		ui_complain("the base contradicts itself: it was cut off or damaged");
		return UI_USAGE;
	}
	if (k)
		return target_error(job, k, error);
	if (error == -ENOMEM)
		return ui_out_of_memory();
	ui_complain("cannot read: %s", strerror(-error));
	return UI_USAGE;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int step(void *arg, uint64_t done, uint64_t all)
{
	struct job *job = arg;
	return ui_progress_step(&job->progress, done, all);
}

static int dump(struct job *job, struct pt_kernel *k)
{
	const struct ui_options *o = job->options;
	const struct pt_dump_wish wish = {
		.stop = o->stop,
		.all = o->all,
		.swapped = o->swapped,
		.clear_soft_dirty = o->clear_soft_dirty,
		.base = job->base.core,
		.base_name = o->since,
		.step = step,
		.arg = job,
	};
	int status = ui_core_create(&job->out, job->path, o->force, job->base.core ? &job->base : NULL);
	if (status != UI_OK)
		return status;
	ui_progress_begin(&job->progress, "dumping");
	int error = pt_dump(k, o->pid, &wish, ui_core_sink(&job->out), &job->report);
	ui_progress_end(&job->progress);
	if (error)
		return give_up(job, k, error);
	status = ui_core_keep(&job->out, &job->disk);
	if (status != UI_OK)
		return status;
	return o->json ? print_json(job) : print_text(job);
}

/* Both must be of pagetop's own; the base a whole one. */
static int open_base(struct job *job, const char *path)
{
	int status = ui_core_open(&job->base, path);
	if (status != UI_OK)
		return status;
	if (!job->base.core->ours)
		ui_complain("%s is no dump of pagetop: it does not tell what is known of each page", path);
	else if (job->base.core->info.base[0])
		ui_complain("%s is incremental: give its base, %s, or merge both first (pagetop dump --merge)", path,
			    job->base.core->info.base);
	else
		return UI_OK;
	ui_core_close(&job->base);
	return UI_USAGE;
}

static int merge_step(void *arg, uint64_t done)
{
	struct job *job = arg;
	return ui_progress_step(&job->progress, done, 0);
}

static int merge_with(struct job *job, const struct ui_core_in *increment)
{
	const char *const *files = (const char *const *)job->options->rest;
	uint64_t size;
	if (!pt_core_is_base(increment->core, job->base.core)) {
		ui_complain("%s is not incremental to %s", files[1], files[0]);
		return UI_USAGE;
	}
	int status = ui_core_create(&job->out, job->path, job->options->force, NULL);
	if (status != UI_OK)
		return status;
	ui_progress_begin(&job->progress, "merging");
	int error = pt_merge(job->base.core, increment->core, ui_core_sink(&job->out), merge_step, job, &size);
	ui_progress_end(&job->progress);
	return error ? give_up(job, NULL, error) : ui_core_keep(&job->out, &job->disk);
}

static int merge(struct job *job)
{
	struct ui_core_in increment;
	char *const *files = job->options->rest;
	if (!files[0] || !files[1] || files[2]) {
		ui_complain("--merge takes two files: pagetop dump --merge BASE INCREMENT -o FILE");
		return UI_USAGE;
	}
	int status = open_base(job, files[0]);
	if (status != UI_OK)
		return status;
	status = ui_core_open(&increment, files[1]);
	if (status == UI_OK) {
		status = merge_with(job, &increment);
		ui_core_close(&increment);
	}
	ui_core_close(&job->base);
	return status;
}

int ui_dump(const struct ui_options *options, struct pt_kernel *k)
{
	struct job job = {.options = options, .path = options->columns};
	int status = UI_OK;

	if (!job.path) {
		ui_complain("dump needs a file to write: -o FILE");
		return UI_USAGE;
	}
	if (options->merge)
		return merge(&job);
	if (options->rest[0]) {
		ui_complain("dump takes no operand without --merge: '%s'", options->rest[0]);
		return UI_USAGE;
	}
	if (options->since)
		status = open_base(&job, options->since);
	if (status == UI_OK)
		status = dump(&job, k);
	ui_core_close(&job.base);
	return status;
}
