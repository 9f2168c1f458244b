/*
 * The command line of pagetop record.
 */
#include "tui/commands/commands.h"

static const char help[] = "Writes every frame of a process to a recording: an SQLite file that pagetop -i\n"
			   "and pagetop replay show, and that the sqlite3 shell reads too. Contents of pages\n"
			   "and the environment are never in it; its command line and names of files are.\n"
			   "Ends with the process, by Ctrl-C, or when the time has passed; what was written\n"
			   "until then can be read however it ends. Or keeps metrics, or does both.\n"
			   "\n"
			   "  -p, --pid PID          the process\n"
			   "  -o, --output FILE      the recording; --force: also if there is such a file\n"
			   "  -d, --interval SECS    between frames\n"
			   "      --for SECONDS      how long\n"
			   "      --budget PCT       of one core, writing included\n"
			   "      --sync FRAMES      wait for the disk every so many frames, for the case\n"
			   "                         that the machine fails; else as the system does\n"
			   "      --anonymize        numbers instead of names, and no command line\n"
			   "      --faults           page faults too, by VMA, kind and stack: pagetop diff then\n"
			   "                         says who grew it; --period, --stacks: see faults\n"
			   "      --marks PATH       take marks there: PAGETOP_MARK=PATH pagetop mark LABEL\n"
			   "      --metrics FILE     what it holds, for node_exporter's textfile collector\n"
			   "      --clear-soft-dirty    so that it tells which pages are written\n"
			   "\n"
			   "Exit status 1: the file cannot be written.\n";

static const struct ui_option options[] = {
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for),
	UI_TAKEN("sync", UI_TAKES_VALUE, ui_take_sync),
	UI_FLAG("anonymize", anonymize),
	UI_FLAG("faults", faults),
	UI_TAKEN("stacks", UI_TAKES_VALUE, ui_take_stacks),
	UI_TAKEN("period", UI_TAKES_VALUE, ui_take_period),
	UI_TEXT("marks", marks),
	UI_TEXT("metrics", metrics),
	UI_FLAG("force", force),
	UI_FLAG("clear-soft-dirty", clear_soft_dirty),
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if ((o->no_stacks || o->period) && !o->faults)
		return ui_usage(c, "--stacks and --period are of faults: pagetop record --faults");
	return UI_OK;
}

const struct ui_command ui_record_command = {
	.name = "record",
	.summary = "every frame of a process into a file",
	.usage = "-p PID [OPTION...]",
	.help = help,
	.options = options,
	.needs_process = true,
	.check = check,
	.run = ui_record,
};
