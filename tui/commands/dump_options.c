/*
 * The command line of pagetop dump.
 */
#include "tui/commands/commands.h"

static const char help[] = "Writes the contents of a process as an ELF core that gdb opens: present pages,\n"
			   "and nothing that reading would put into the process. Only you can read it.\n"
			   "\n"
			   "  -p, --pid PID          the process\n"
			   "  -o, --output FILE      where to; --force: also if there is such a file\n"
			   "      --stop[=all]       stop it meanwhile: all is of one moment\n"
			   "      --stop=registers   stop it for its registers alone; else there are none\n"
			   "      --since BASE       only pages that are not as in that dump\n"
			   "      --clear-soft-dirty    clear these bits, for a quicker --since later\n"
			   "      --all              also what MADV_DONTDUMP covers\n"
			   "      --swapped          also what is swapped out, which brings it back in\n"
			   "  -J, --json             JSON\n"
			   "\n"
			   "pagetop dump --merge BASE INCREMENT -o FILE makes a whole one of two.\n"
			   "gdb PROGRAM FILE opens it. Exit status 1: the file cannot be written.\n";

static const struct ui_option options[] = {
	UI_TAKEN("stop", UI_TAKES_MAYBE, ui_take_stop),
	UI_TEXT("since", since),
	UI_FLAG("clear-soft-dirty", clear_soft_dirty),
	UI_FLAG("all", all),
	UI_FLAG("swapped", swapped),
	UI_FLAG("force", force),
	UI_FLAG("merge", merge),
	{0},
};

const struct ui_command ui_dump_command = {
	.name = "dump",
	.operands = "[FILE...]",
	.summary = "contents of a process, as a core that gdb opens",
	.usage = "-p PID [FILE...] [OPTION...]",
	.help = help,
	.options = options,
	.needs_process = true,
	.run = ui_dump,
};
