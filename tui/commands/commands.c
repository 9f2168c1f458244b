/*
 * The list of commands, the help of all of them, and running one.
 */
#include "tui/commands/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"

const struct ui_command *const ui_commands[] = {
	&ui_vmas_command,  &ui_pages_command,  &ui_page_command,  &ui_doctor_command, &ui_verify_command,
	&ui_dump_command,  &ui_diff_command,   &ui_run_command,   &ui_record_command, &ui_replay_command,
	&ui_check_command, &ui_faults_command, &ui_leaks_command, &ui_mark_command,   &ui_types_command,
	&ui_frame_command, &ui_system_command, &ui_file_command,  &ui_family_command, NULL,
};

/* ---- help ------------------------------------------------------------------------------------------------------ */

static const char usage[] = "Usage: pagetop [-p PID] the live screen; pagetop COMMAND [OPTION...] one answer\n";
static const char options[] = "  -p PID process   -d SECS interval   --budget PCT of a core   -f REGEX names\n"
			      "  -o COLS columns, +COLS   -b bytes   -n no headings   -r for scripts   -J JSON\n"
			      "  --demo a target of its own   --history SIZE of the past   -V version  -h help\n"
			      "Exit: 0 done 1 finding 2 usage 3 no process 4 denied 5 lacking; man pagetop\n";

static void help_all(void)
{
	fputs(usage, stdout);
	for (size_t i = 0; ui_commands[i]; i++)
		printf("  %-7s %-9s  %s\n", ui_commands[i]->name,
		       ui_commands[i]->operands ? ui_commands[i]->operands : "", ui_commands[i]->summary);
	fputs(options, stdout);
}

void ui_help(const struct ui_command *command)
{
	if (!command)
		help_all();
	else
		printf("Usage: pagetop %s %s\n\n%s", command->name, command->usage, command->help);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

void ui_complain(const char *format, ...)
{
	char raw[1024], text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), text, sizeof(text));
	fflush(stdout); /* what was said before stands before */
	fprintf(stderr, "pagetop: %s\n", text);
}

int ui_out_of_memory(void)
{
	ui_complain("out of memory");
	return UI_LACKING;
}

int ui_commands_run(const struct ui_options *o)
{
	struct pt_kernel *k;
	int r = pt_kernel_linux_new(&k, "/", 0);

	if (r < 0) {
		ui_complain("cannot open /proc and /sys: %s", strerror(-r));
		return r == -EACCES || r == -EPERM ? UI_DENIED : UI_LACKING;
	}
	r = o->command->run(o, k);
	pt_kernel_free(k);
	return r;
}
