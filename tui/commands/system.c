/*
 * pagetop system: the machine in numbers: all frames by kind, zones with watermarks and free lists, slabs, and the
 * kernel's debugging features. What only root may know is said to be unknown.
 */
#include "tui/commands/system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/commands/commands.h"

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static int read_picture(struct pt_kernel *k, struct ui_system *s)
{
	int error = pt_picture_new(&s->ram, &s->picture);
	if (error)
		return error;
	int fd = pt_picture_open(k);
	s->flags_error = fd < 0 ? fd : pt_picture_read(s->picture, k, fd, &s->ram, 0, s->ram.frames);
	if (fd >= 0)
		k->ops->close(k, fd);
	return s->flags_error == -ENOMEM ? -ENOMEM : 0;
}

uint64_t ui_system_slab_bytes(const struct ui_system *s, const struct pt_slab *slab)
{
	return (slab->slabs * slab->pages) << s->page_shift;
}

int64_t ui_system_slab_growth(const struct ui_system *s, const struct pt_slab *slab)
{
	const struct pt_slab *before = pt_slab_named(&s->before, slab->name);
	return (int64_t)(ui_system_slab_bytes(s, slab) - (before ? ui_system_slab_bytes(s, before) : 0));
}

/* Slabs now and after so long: what they grew by. */
static void watch_slabs(struct ui_system *s, uint64_t for_ns)
{
	struct timespec left = {(time_t)(for_ns / 1000000000), (long)(for_ns % 1000000000)};
	s->has_before = for_ns && pt_slabs_read(&s->before) == 0;
	while (s->has_before && nanosleep(&left, &left) && errno == EINTR)
		continue;
}

static int ask(struct pt_kernel *k, struct ui_system *s, uint64_t for_ns)
{
	s->page_shift = k->page_shift;
	watch_slabs(s, for_ns);
	int error = pt_ram_read(k, &s->ram);
	if (!error)
		error = read_picture(k, s);
	if (!error)
		error = pt_zones_read(k, &s->zones);
	if (error)
		return error;
	s->slabs_error = pt_slabs_read(&s->slabs);
	s->n_debugging = pt_debugging_read(k, s->debugging);
	return 0;
}

static void forget(struct ui_system *s)
{
	pt_picture_free(s->picture);
	pt_ram_free(&s->ram);
	pt_zones_free(&s->zones);
	pt_slabs_free(&s->slabs);
	pt_slabs_free(&s->before);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int say_error(int error)
{
	if (error == -ENOMEM)
		return ui_out_of_memory();
	ui_complain("where this machine's memory is cannot be read: %s", strerror(-error));
	return error == -EACCES || error == -EPERM ? UI_DENIED : UI_LACKING;
}

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_system s = {0};
	if (options->page_owner)
		return ui_system_owners(options, k);
	int error = ask(k, &s, options->for_ns), r;
	if (error)
		r = say_error(error);
	else
		r = options->json ? ui_system_json(&s) : ui_system_text(options, &s);
	forget(&s);
	return r;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "The machine in numbers: all frames of memory by what they are used for; zones\n"
			   "with watermarks, free lists by order and migrate type, and how scattered what is\n"
			   "free is; the kernel's slabs; and which of its debugging features are on.\n"
			   "\n"
			   "  -J, --json             JSON\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -n, --noheadings       no headings\n"
			   "  -r, --raw              columns apart by one blank\n"
			   "      --all              all slabs or stacks, not the largest alone\n"
			   "      --for SECONDS      what slabs grow by in so long, the most first\n"
			   "      --page-owner[=FILE]  instead: who allocated frames, by stack; of a saved\n"
			   "                         file or of this kernel, where it keeps record\n"
			   "      --group KEYS       with it: of stack, tgid, pid, name, allocator\n"
			   "      --by ORDER         of these and size, times, age, last; - falls, + rises\n"
			   "      --only KEY=VALUES  of pid, tgid, name, allocator\n"
			   "  -f, --filter REGEX     of processes or functions found by it\n"
			   "  -p, --pid PID          of this process\n"
			   "\n"
			   "What frames are used for, migrate types and slabs are root's to know: without\n"
			   "it they are unknown, and said to be. The live screen shows the same by M.\n";

static const struct ui_option options_of_system[] = {
	UI_FLAG("all", all),
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for),
	UI_TAKEN("page-owner", UI_TAKES_MAYBE, ui_system_take_owner),
	UI_TAKEN("by", UI_TAKES_VALUE, ui_system_take_by),
	UI_TAKEN("group", UI_TAKES_VALUE, ui_system_take_group),
	UI_TAKEN("only", UI_TAKES_VALUE, ui_system_take_only),
	{0},
};

const struct ui_command ui_system_command = {
	.name = "system",
	.summary = "all frames by kind, zones, free lists, slabs",
	.usage = "[OPTION...]",
	.help = help,
	.options = options_of_system,
	.run = run,
};
