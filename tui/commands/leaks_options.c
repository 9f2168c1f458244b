/*
 * The command line of pagetop leaks.
 */
#include <string.h>

#include "core/hunt/view.h"
#include "tui/commands/commands.h"

static const char help[] = "Which heap objects of a running process nothing points at any more. It goes on\n"
			   "meanwhile and is not changed; each thread is stopped for its registers alone,\n"
			   "well under a millisecond. Exact to the object with malloc of glibc; where the\n"
			   "allocator is another one, it says so, and shows what grows (--for SECONDS).\n"
			   "\n"
			   "  -p, --pid PID        the process\n"
			   "      --why ADDR       one object: what keeps it alive, who points at it\n"
			   "      --sites[=SECS]   which calls allocate what leaks, by watching for 10 s\n"
			   "      --snapshots      what came between two snapshots and is there at a third,\n"
			   "                       each at Enter, --every SECONDS, or a mark (--marks PATH)\n"
			   "      --by WHAT        one table, whole: leaks groups objects pages sites heap;\n"
			   "                       with -o COLUMNS, -n, -r\n"
			   "      --tier TIER      leaked, weak or hidden alone; -f REGEX: kinds, calls\n"
			   "      --passes N       at most so many, else until nothing changes\n"
			   "      --stop           stops the process meanwhile: one pass will do\n"
			   "      --swapped        reads what is swapped out, which brings it back in\n"
			   "      --check          exit status 1 if anything is leaked\n"
			   "  -i, --input FILE     a recording: pages alone, --from, --to and there --at\n"
			   "  -b, -J, --objects    sizes in bytes, JSON, every object in it\n"
			   "\n"
			   "Your own processes need no privilege. Exit status 4: a debugger has it.\n";

#define PASSES_MAX 100
#define SITES      10000000000u /* ns, of --sites where it has no value */

static int take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	int by = UI_LEAKS_BY_N - 1;
	while (by && strcmp(value, ui_leaks_by_name((enum ui_leaks_by)by)) != 0)
		by--;
	if (!by)
		return ui_usage(c, "--by takes leaks, groups, objects, pages, sites or heap, not '%s'", value);
	o->leaks_by = (enum ui_leaks_by)by;
	return UI_OK;
}

static int take_tier(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		if (strcmp(value, pt_leak_tier_name((enum pt_leak_tier)tier)) == 0) {
			o->tier = value;
			return UI_OK;
		}
	return ui_usage(c, "--tier takes leaked, weak or hidden, not '%s'", value);
}

static int take_why(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	o->why = value;
	return ui_parse_address(value, &o->why_address)
		       ? UI_OK
		       : ui_usage(c, "'%s' is no address: --why takes it in hexadecimal, as leaks has it", value);
}

static int take_passes(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	return ui_take_number(value, "passes", "passes", PASSES_MAX, &o->passes, c);
}

static int take_sites(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	o->sites_ns = SITES;
	return value ? ui_take_seconds(value, "sites", &o->sites_ns, c) : UI_OK;
}

static int take_every(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	return ui_take_seconds(value, "every", &o->every_ns, c);
}

static const struct ui_option options[] = {
	UI_TAKEN("why", UI_TAKES_VALUE, take_why),
	UI_TAKEN("sites", UI_TAKES_MAYBE, take_sites),
	UI_FLAG("snapshots", snapshots),
	UI_TAKEN("every", UI_TAKES_VALUE, take_every),
	UI_TEXT("marks", marks),
	UI_TAKEN("by", UI_TAKES_VALUE, take_by),
	UI_TAKEN("tier", UI_TAKES_VALUE, take_tier),
	UI_TAKEN("passes", UI_TAKES_VALUE, take_passes),
	UI_TAKEN("stop", UI_TAKES_MAYBE, ui_take_stop),
	UI_FLAG("swapped", swapped),
	UI_FLAG("check", check),
	UI_FLAG("objects", objects),
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for),
	UI_TEXT("from", from),
	UI_TEXT("to", to),
	{0},
};

/* What goes with another answer than the report, or needs a process that runs. */
static int check_answer(const struct ui_options *o, struct ui_complaint *c)
{
	bool hunts = o->check || o->objects || o->sites_ns || o->passes || o->stop || o->swapped || o->tier;

	if (o->input && (hunts || o->why || o->snapshots || o->for_ns || o->leaks_by))
		return ui_usage(c, "a recording has no contents: with -i there are --from, --to and --at alone");
	if (!o->input && (o->from || o->to))
		return ui_usage(c, "--from and --to are moments of a recording: pagetop leaks -i RECORDING");
	if (o->why && (hunts || o->snapshots || o->leaks_by))
		return ui_usage(c, "--why asks about one object: -p and -J alone go with it");
	if ((o->columns || o->raw || o->no_headings) && !o->leaks_by)
		return ui_usage(c, "-o, -r and -n are of one table: --by leaks, groups, objects, pages, sites or heap");
	if (o->json && o->leaks_by)
		return ui_usage(c, "-J and --by exclude each other");
	if ((o->every_ns || o->marks) && !o->snapshots)
		return ui_usage(c, "--every and --marks say when a snapshot is taken: pagetop leaks --snapshots");
	if (o->snapshots && (o->leaks_by || o->check))
		return ui_usage(c, "--snapshots has an answer of its own: no --by and no --check");
	return UI_OK;
}

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->stop == PT_STOP_REGISTERS)
		return ui_usage(c, "leaks stops each thread for its registers as it is: --stop alone stops all of it");
	if (o->objects && !o->json)
		return ui_usage(c, "--objects is of -J: --by objects lists them");
	return check_answer(o, c);
}

const struct ui_command ui_leaks_command = {
	.name = "leaks",
	.summary = "heap objects that nothing points at any more, and why",
	.usage = "-p PID|-i RECORDING [OPTION...]",
	.help = help,
	.options = options,
	.needs_process = true,
	.takes_recording = true,
	.check = check,
	.run = ui_leaks,
};
