/*
 * The command line of pagetop faults: of a process, of a command that is started, or of a recording.
 */
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/commands/faults.h"

static const char help[] = "Follows the page faults of a process until Ctrl-C, its end or --for; then says\n"
			   "how many of which kind there were, where, who had them, which pages fault again\n"
			   "and again and why, and which stacks RSS grew by. With a command: from its start\n"
			   "to its end; the report goes to stderr, the exit status is as that of run.\n"
			   "\n"
			   "  -p, --pid PID          the process; --for SECONDS: how long\n"
			   "  -i, --input RECORDING  what was recorded of them; --from, --to TIME|MARK\n"
			   "      --by WHAT          one table, whole: kind vma address thread cpu stack\n"
			   "                         growth repeater allocation; with -o COLUMNS, -n, -r\n"
			   "      --folded[=WHAT]    stacks for flame graphs, with numbers of faults; bytes\n"
			   "                         that came and are there; born: all bytes that came\n"
			   "  -f, --filter REGEX     names, roles, calls\n"
			   "      --stacks=no        no stacks, which are most of the cost\n"
			   "      --period N         every Nth is told; else as the budget allows\n"
			   "      --budget PCT       of one core; --report FILE: all that into a file\n"
			   "      --allocations      also what the kernel allocates for it (as root)\n"
			   "  -b, -J                 sizes in bytes, JSON\n"
			   "\n"
			   "Your own processes need no privilege; faults in system calls take CAP_PERFMON.\n";

static int take_folded(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	static const char *const names[UI_FOLDED_N] = {NULL, "faults", "bytes", "born"};
	int folded = value ? UI_FOLDED_N - 1 : UI_FOLDED_FAULTS;
	while (value && folded && strcmp(value, names[folded]) != 0)
		folded--;
	if (!folded)
		return ui_usage(c, "--folded takes faults (which it means without a value), bytes or born, not '%s'",
				value);
	o->folded = (enum ui_folded)folded;
	return UI_OK;
}

static int take_by(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	int by = UI_BY_N - 1;
	while (by && strcmp(value, ui_faults_by_name((enum ui_faults_by)by)) != 0)
		by--;
	if (!by)
		return ui_usage(c,
				"--by takes kind, vma, address, thread, cpu, stack, repeater, allocation or growth, "
				"not '%s'",
				value);
	o->by = (enum ui_faults_by)by;
	return UI_OK;
}

static const struct ui_option options[] = {
	UI_TAKEN("for", UI_TAKES_VALUE, ui_take_for),
	UI_TAKEN("by", UI_TAKES_VALUE, take_by),
	UI_TAKEN("folded", UI_TAKES_MAYBE, take_folded),
	UI_TAKEN("stacks", UI_TAKES_VALUE, ui_take_stacks),
	UI_TAKEN("period", UI_TAKES_VALUE, ui_take_period),
	UI_FLAG("allocations", allocations),
	UI_TEXT("report", report),
	UI_TEXT("from", from),
	UI_TEXT("to", to),
	{0},
};

/* Of whom. */
static int check_subject(const struct ui_options *o, struct ui_complaint *c)
{
	const char *first = o->rest[0];
	pid_t pid;

	if (o->input && (first || o->for_ns || o->period || o->allocations))
		return ui_usage(c,
				"what was recorded is as it is: -i with no command, --for, --period and --allocations");
	if (o->input && o->by && o->by != UI_BY_KIND && o->by != UI_BY_VMA && o->by != UI_BY_STACK)
		return ui_usage(c, "recorded are faults by kind, vma and stack, not by %s", ui_faults_by_name(o->by));
	if (!o->input && (o->from || o->to))
		return ui_usage(c, "--from and --to are moments of a recording: pagetop faults -i RECORDING");
	if (!first && !o->pid && !o->demo && !o->input)
		return ui_usage(c, "faults needs a process, or a command: -p PID, or -- COMMAND");
	if (first && (o->pid || o->demo))
		return ui_usage(c, "-p and a command ('%s') exclude each other", first);
	if (first && ui_parse_pid(first, &pid))
		return ui_usage(c, "'%s' is no command: a process is given with -p %s", first, first);
	if (first && o->for_ns)
		return ui_usage(c, "--for is of a process that runs: a command is followed until it ends");
	return UI_OK;
}

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (check_subject(o, c) != UI_OK)
		return UI_USAGE;
	if ((o->columns || o->raw || o->no_headings) && !o->by)
		return ui_usage(c, "-o, -r and -n are of one table: --by kind, vma, address, thread, cpu, stack, "
				   "repeater or allocation");
	if ((o->json + (o->by != UI_BY_NONE) + (o->folded != UI_FOLDED_NONE)) > 1)
		return ui_usage(c, "-J, --by and --folded exclude each other");
	if (o->no_stacks && (o->folded || o->by == UI_BY_STACK))
		return ui_usage(c, "stacks need --stacks=yes, which it is unless it is said");
	return UI_OK;
}

const struct ui_command ui_faults_command = {
	.name = "faults",
	.operands = "[COMMAND]",
	.summary = "page faults by kind, place and stack; who grew RSS",
	.usage = "-p PID | -i RECORDING | -- [COMMAND] [OPTION...]",
	.help = help,
	.options = options,
	.takes_recording = true,
	.starts_command = true,
	.check = check,
	.run = ui_faults,
};
