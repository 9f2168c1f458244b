/*
 * pagetop mark: gives the present moment a name, in the run or recording that PAGETOP_MARK leads to.
 */
#include "assets/pagetop-mark.h"

#include <string.h>

#include "tui/commands/commands.h"

int ui_mark(const struct ui_options *options, struct pt_kernel *k)
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
