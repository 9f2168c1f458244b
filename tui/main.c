/*
 * pagetop: reads the command line and starts the live screen or a command.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/commands/vma_out.h"

/* Characters as the locale has them; without one, or in the C locale, UTF-8 all the same. */
static void set_locale(void)
{
	const char *name = setlocale(LC_CTYPE, "");

	if (!name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* A pattern that is wrong on the command line is told there, not on the screen. */
static int run_screen(const struct ui_options *options)
{
	struct pt_filter *filter;
	int status = ui_filter_open(options, &filter);

	pt_filter_free(filter);
	return status == UI_OK ? ui_run(options) : status;
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
		return ui_become_demo(argc, argv);
	return options->command ? ui_commands_run(options) : run_screen(options);
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
