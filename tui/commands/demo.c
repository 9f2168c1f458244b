/*
 * pagetop --demo: becomes pagetop-demo, which starts a target and becomes this program again with -p on it. So the target
 * is the parent's business, and ends with it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "tui/commands/commands.h"

/* self: the file that runs now. Returns only -errno. */
static int exec_demo(int argc, char **argv, char *self)
{
	char demo[PATH_MAX];
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	int r;

	if (!words)
		return -ENOMEM;
	r = snprintf(demo, sizeof(demo), "%.*s/pagetop-demo", (int)(strrchr(self, '/') - self), self);
	if (r < (int)sizeof(demo)) {
		words[0] = demo;
		words[1] = self;
		for (int i = 1; i < argc; i++)
			words[i + 1] = argv[i];
		execv(demo, words);
		r = -errno;
	} else {
		r = -ENAMETOOLONG;
	}
	free(words);
	return r;
}

int ui_become_demo(int argc, char **argv)
{
	char self[PATH_MAX];
	const char *started = (const char *)getauxval(AT_EXECFN);
	int r = started && realpath(started, self) ? exec_demo(argc, argv, self) : -errno;

	ui_complain("cannot start pagetop-demo, which --demo looks for beside pagetop: %s", strerror(-r));
	return UI_LACKING;
}
