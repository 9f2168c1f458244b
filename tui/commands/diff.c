/*
 * pagetop diff: what is different in two of the same kind. Which kind, the options tell.
 */
#include "tui/commands/diff.h"
#include "tui/commands/commands.h"

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	(void)k;
	return options->content ? ui_diff_content(options) : ui_diff_growth(options);
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "What grew between two moments of a recording, or between the ends of two, by\n"
			   "role and by VMA. In one run BORN is what is there now and was not then; in two\n"
			   "runs VMAs go by role, file and offset, wherever they lie. Of recordings with\n"
			   "faults it says by which stacks memory came.\n"
			   "\n"
			   "      --from TIME|MARK   of the first recording; else its start, or the end of\n"
			   "                         it where there are two\n"
			   "      --to TIME|MARK     of the last one; else its end\n"
			   "  -p, --pid PID          of which process, where a recording has several\n"
			   "  -f, --filter REGEX     VMAs whose name or role matches\n"
			   "  -o, --output COLS      columns, +COLS adds to the default\n"
			   "  -b, -n, -r, -J         bytes, VMAs alone, for scripts, JSON\n"
			   "\n"
			   "diff --content FIRST SECOND lists the pages in which two dumps differ instead,\n"
			   "in how many bytes, the first of them at which offset; then a row for each VMA\n"
			   "where something differs. Its exit status is 1 if something does.\n";

static const struct ui_option options[] = {
	UI_FLAG("content", content),
	UI_TEXT("from", from),
	UI_TEXT("to", to),
	{0},
};

static int check(struct ui_options *o, struct ui_complaint *c)
{
	if (o->content && (o->from || o->to))
		return ui_usage(c, "--content compares dumps, which have one moment each: no --from, no --to");
	return UI_OK;
}

const struct ui_command ui_diff_command = {
	.name = "diff",
	.operands = "FILE...",
	.summary = "what grew: two moments or runs; what differs in dumps",
	.usage = "FILE... [OPTION...]",
	.help = help,
	.options = options,
	.check = check,
	.run = run,
};
