/*
 * pagetop mark: gives the present moment a name, in the run or recording that PAGETOP_MARK leads to.
 */
#include "assets/pagetop-mark.h"

#include <string.h>

#include "tui/commands/commands.h"

static int run(const struct ui_options *options, struct pt_kernel *k)
{
	const char *label = options->rest[0];
	(void)k;
	if (options->rest[1]) {
		ui_complain("mark takes one label: quote it if it has blanks");
		return UI_USAGE;
	}
	if (!label[0] || strchr(label, '\n')) {
		ui_complain("a label is one line, and not empty");
		return UI_USAGE;
	}
	int error = pagetop_mark(label);
	if (!error)
		return UI_OK;
	if (error == ENXIO)
		ui_complain("nothing to mark: PAGETOP_MARK is not set, as it is for commands of pagetop run");
	else if (error == ENOENT || error == ECONNREFUSED)
		ui_complain("nothing to mark: the run or recording of PAGETOP_MARK=%s is over", getenv("PAGETOP_MARK"));
	else
		ui_complain("the mark did not reach PAGETOP_MARK=%s: %s", getenv("PAGETOP_MARK"), strerror(error));
	return UI_FINDING;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Gives the present moment a name, for assertions, replay and diff: inside of\n"
			   "pagetop run, in which PAGETOP_MARK is set, or in a recording that is made with\n"
			   "pagetop record --marks PATH, if PAGETOP_MARK=PATH. Returns when pagetop run has\n"
			   "looked at all processes. Of the label 63 bytes are kept. Other ways:\n"
			   "\n"
			   "  echo LABEL >&$PAGETOP_MARK_FD    in a script of a run; waits for no look\n"
			   "  pagetop_mark(\"LABEL\")            in C and C++: assets/pagetop-mark.h\n"
			   "  a datagram to PAGETOP_MARK       in any language: it is a unix socket\n"
			   "\n"
			   "Exit status 1: there is no run to mark.\n";

const struct ui_command ui_mark_command = {
	.name = "mark",
	.operands = "LABEL",
	.summary = "give the present moment a name, in a run or recording",
	.usage = "LABEL [OPTION...]",
	.help = help,
	.run = run,
};
