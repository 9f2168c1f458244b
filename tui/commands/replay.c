/*
 * pagetop replay: the live screen on a recording. The options say which (options.c).
 */
#include "tui/commands/commands.h"

int ui_replay(const struct ui_options *options, struct pt_kernel *k)
{
	(void)k;
	return ui_run(options);
}
