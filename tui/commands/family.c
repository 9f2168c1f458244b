/*
 * pagetop family: a process and what was forked from it: what they still share, what was copied and by whose writes; once,
 * or again and again for some time.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/commands/ends.h"
#include "tui/commands/family.h"
#include "tui/now.h"

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static int keep_samples(struct ui_family *f, uint64_t began_ns)
{
	const struct pt_forks_look *look = f->look;
	for (size_t i = 0; i < look->n; i++) {
		const struct pt_forks_member *m = &look->v[i];
		if (!m->compared)
			continue;
		if (f->n_samples == f->room) {
			size_t room = f->room ? 2 * f->room : 64;
			struct ui_family_sample *v = realloc(f->samples, room * sizeof(*v));
			if (!v)
				return -ENOMEM;
			f->samples = v;
			f->room = room;
		}
		struct ui_family_sample *s = &f->samples[f->n_samples++];
		*s = (struct ui_family_sample){.at_ns = look->at_ns - began_ns,
					       .pid = m->pid,
					       .parent = look->v[m->parent].pid,
					       .live_ns = m->live_ns,
					       .sums = m->table.sums};
		memcpy(s->name, m->name, sizeof(s->name));
	}
	return 0;
}

/* Waits for so long; false: it was asked to end. */
static bool wait_on(const struct ui_ends *ends, uint64_t ns)
{
	struct pollfd fd = {.fd = ends->fd, .events = POLLIN};
	return poll(&fd, 1, (int)((ns + 999999) / 1000000)) <= 0;
}

/* Until the next look: the interval, or as long as the budget asks for. */
static uint64_t pause_after(const struct ui_family *f)
{
	double rest = (double)f->look->cpu_ns * (100 / f->options->budget - 1);
	return rest > (double)f->options->interval_ns ? (uint64_t)rest : f->options->interval_ns;
}

static int look_once(struct ui_family *f, struct pt_forks *forks)
{
	struct pt_forks_look *look;
	int error = pt_forks_look(forks, NULL, NULL, &look);
	if (error)
		return error;
	pt_forks_look_free(f->look);
	f->look = look;
	return 0;
}

/* Looks for as long as was asked; the process may end meanwhile, and then the last look stands. */
static int watch(struct ui_family *f, struct pt_forks *forks)
{
	uint64_t began = ui_now(CLOCK_MONOTONIC), first = 0;
	struct ui_ends ends;
	bool more = f->options->for_ns && ui_ends_begin(&ends), began_ends = more;
	int error = 0;
	if (began_ends)
		ui_ends_threads_made(&ends);
	do {
		error = look_once(f, forks);
		if (error)
			break;
		first = first ? first : f->look->at_ns;
		error = keep_samples(f, first);
		uint64_t past = ui_now(CLOCK_MONOTONIC) - began;
		more = more && !error && past < f->options->for_ns;
		uint64_t left = more ? f->options->for_ns - past : 0, pause = pause_after(f);
		more = more && wait_on(&ends, pause < left ? pause : left);
	} while (more);
	if (began_ends)
		ui_ends_end(&ends);
	return error == -ESRCH && f->look ? 0 : error;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_family f = {.options = options};
	struct pt_forks *forks = pt_forks_new(k, options->pid);
	int error = forks ? watch(&f, forks) : -ENOMEM;
	int r = error ? ui_target_error(k, options->pid, error) : ui_family_print(&f);
	pt_forks_free(forks);
	pt_forks_look_free(f.look);
	free(f.samples);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static int take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	static const char *const names[UI_FAMILY_BY_N] = {"member", "vma", "sample"};
	for (unsigned i = 0; i < UI_FAMILY_BY_N; i++)
		if (strcmp(value, names[i]) == 0) {
			o->family_by = i;
			return UI_OK;
		}
	return ui_usage(c, "--by takes member, vma or sample, not '%s'", value);
}

static const char help[] = "A process and what was forked from it, at equal addresses: what each child still\n"
			   "shares with its parent, what was copied and by whose writes, what each has\n"
			   "alone, and what that comes to: what a snapshot of Redis costs, for one. PID may\n"
			   "be any of them. Files and shared memory are no part of it.\n"
			   "\n"
			   "  -p, --pid PID          the process\n"
			   "      --for SECONDS      look every -d SECONDS for so long; children come and go\n"
			   "      --by WHAT          rows: member, vma, or sample (each look)\n"
			   "  -o, --output COLUMNS   these columns; +COLUMNS: these as well\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -n, --noheadings       no first line\n"
			   "  -r, --raw              one blank between columns, for scripts\n"
			   "  -J, --json             JSON: members with their VMAs, samples, who ended\n"
			   "\n"
			   "Columns: TIME PID PARENT AGE RSS START END PERMS SHARED COPIED BY_PARENT\n"
			   "  BY_CHILD EITHER PARENT_ONLY CHILD_ONLY COMMON UNKNOWN RATE NAME.\n";

static const struct ui_option options_of[] = {
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for), UI_TAKEN("by", UI_TAKES_VALUE, take_by), {0}};

const struct ui_command ui_family_command = {
	.name = "family",
	.summary = "what forks share with their parent, what was copied",
	.usage = "-p PID [OPTION...]",
	.help = help,
	.options = options_of,
	.needs_process = true,
	.run = run,
};
