/*
 * pagetop: reads the command line and starts the live screen or a command.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/commands/commands.h"

/* Characters as the locale has them; without one, or in the C locale, UTF-8 all the same. */
static void set_locale(void)
{
	const char *name = setlocale(LC_CTYPE, "");

	if (!name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* The file that runs now, or one beside it, into ret. */
static int beside_ourselves(const char *name, char *ret, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);
	char *slash;

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	if (!name)
		return 0;
	slash = strrchr(ret, '/') + 1;
	if ((size_t)snprintf(slash, size - (size_t)(slash - ret), "%s", name) >= size - (size_t)(slash - ret))
		return -ENAMETOOLONG;
	return 0;
}

/* --demo: becomes pagetop-demo, which starts a target and becomes this program again with -p on it. */
static int become_demo(int argc, char **argv)
{
	char self[4096], demo[4096];
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	int r = words ? 0 : -ENOMEM;

	if (r == 0)
		r = beside_ourselves(NULL, self, sizeof(self));
	if (r == 0)
		r = beside_ourselves("pagetop-demo", demo, sizeof(demo));
	if (r == 0) {
		words[0] = demo;
		words[1] = self;
		for (int i = 1; i < argc; i++)
			words[i + 1] = argv[i];
		execv(demo, words);
		r = -errno;
	}
	free(words);
	ui_complain("cannot start pagetop-demo, which --demo looks for beside pagetop: %s", strerror(-r));
	return UI_LACKING;
}

static int run(const struct ui_options *options, int argc, char **argv)
{
	if (options->help) {
		ui_help(options->command);
		return UI_OK;
	}
	if (options->version) {
		puts("pagetop " PAGETOP_VERSION);
		return UI_OK;
	}
	if (options->demo && options->pid == 0)
		return become_demo(argc, argv);
	return options->command ? ui_command_run(options) : ui_run(options);
}

int main(int argc, char **argv)
{
	struct ui_options options;
	char message[1024];
	int status;

	set_locale();
	status = ui_options_parse(argc, argv, &options, message, sizeof(message));
	if (status != UI_OK) {
		ui_complain("%s", message);
		return status;
	}
	status = run(&options, argc, argv);
	ui_options_free(&options);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		ui_complain("cannot write the answer: %s", strerror(errno));
		return status == UI_OK ? UI_FINDING : status;
	}
	return status;
}
