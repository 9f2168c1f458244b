/*
 * pagetop diff: what is different in two of the same kind. Which kind, the options tell.
 */
#include "tui/commands/diff.h"
#include "tui/commands/commands.h"

int ui_diff(const struct ui_options *options, struct pt_kernel *k)
{
	(void)k;
	return options->content ? ui_diff_content(options) : ui_diff_growth(options);
}
