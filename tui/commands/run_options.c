/*
 * The command line of pagetop run: what goes with a command that is started.
 */
#include "tui/commands/commands.h"

static const char help[] = "Starts a command and watches it and all that come from it, from the start to the\n"
			   "end; then says on stderr what each process held, the classes over time, and what\n"
			   "the peak was made of. Streams, signals and terminal are the command's own.\n"
			   "\n"
			   "      --report FILE      the report into a file\n"
			   "      --wait-all         until all that come from it have ended, not it alone\n"
			   "      --live             the live screen meanwhile; --keep FILE: what it prints\n"
			   "  -o, --output FILE      a recording; --force, --sync, --anonymize: see record\n"
			   "  -d, --interval SECS    between samples, 0.1 unless given\n"
			   "      --budget PCT       of one core, 2 unless given\n"
			   "      --ascii            no block characters\n"
			   "  -J, --json             the report as JSON\n"
			   "      --assert EXPR      what is to hold of its memory, as 'peak(rss) < 200M';\n"
			   "                         --assertions FILE: many; --junit FILE: results as XML\n"
			   "      --baseline FILE    no worse than runs kept in it; --baseline-update: keep\n"
			   "\n"
			   "Exit status: the command's own; 128+N if signal N ended it; 126 or 127 if it\n"
			   "cannot be started, 125 if pagetop fails; 121: it succeeded, and an assertion\n"
			   "failed; with --strict 122: one stayed undecided.\n";

#define INTERVAL 100000000u /* ns: processes may be short-lived */
#define BUDGET   2          /* percent of a core: what is run is not to take longer */

static const struct ui_option options[] = {
	UI_TEXT("report", report),
	UI_FLAG("wait-all", wait_all),
	UI_FLAG("live", live),
	UI_TEXT("keep", keep),
	UI_TAKEN("sync", UI_TAKES_VALUE, ui_take_sync),
	UI_FLAG("anonymize", anonymize),
	UI_FLAG("force", force),
	UI_JUDGED_OPTIONS,
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->keep && !o->live)
		return ui_usage(c, "--keep is of pagetop run --live: else what the command prints is where it belongs");
	if (o->pid || o->demo)
		return ui_usage(c, "run starts what it looks at: no -p and no --demo");
	if (!o->columns && (o->force || o->sync_frames || o->anonymize))
		return ui_usage(c, "--force, --sync and --anonymize are of a recording: pagetop run -o FILE");
	if (!o->interval_ns)
		o->interval_ns = INTERVAL;
	if (o->budget <= 0 && !o->live)
		o->budget = BUDGET;
	return ui_check_judged(o, c);
}

const struct ui_command ui_run_command = {
	.name = "run",
	.operands = "COMMAND...",
	.summary = "a command and all that come from it, from start to end",
	.usage = "[OPTION...] -- COMMAND...",
	.help = help,
	.options = options,
	.starts_command = true,
	.check = check,
	.run = ui_run_watched,
};
