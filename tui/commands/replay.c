/*
 * pagetop replay: the live screen on a recording.
 */
#include "tui/commands/commands.h"

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	(void)k;
	return ui_run(options);
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "The live screen on a recording: pagetop -i RECORDING is the same. It plays as it\n"
			   "was; ? shows the keys that pause, step and go to marks. A file that is still\n"
			   "being written is followed.\n"
			   "\n"
			   "      --at TIME|MARK     begin there, paused: +SECONDS, HH:MM:SS, a date\n"
			   "                         with a time (ISO 8601), or the label of a mark\n"
			   "  -p, --pid PID          of several processes this one; else choose from a list\n";

/* pagetop replay FILE is pagetop -i FILE. */
static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->input)
		return UI_OK;
	if (o->rest[0] && o->rest[1])
		return ui_usage(c, "replay takes one recording: '%s'", o->rest[1]);
	o->input = o->rest[0];
	return UI_OK;
}

const struct ui_command ui_replay_command = {
	.name = "replay",
	.operands = "RECORDING",
	.summary = "the screens on a recording, at any moment of it",
	.usage = "RECORDING [OPTION...]",
	.help = help,
	.takes_recording = true,
	.check = check,
	.run = run,
};
