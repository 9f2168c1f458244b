/*
 * The headless commands: what each is, the list of them, and what they share.
 */
#ifndef UI_COMMANDS_H
#define UI_COMMANDS_H

#include "core/kernel/kernel.h"
#include "tui/option.h"

/*
 * A command, with its options and what must come together of them. It is written next to the command, in NAME.c or
 * NAME_options.c; the list in commands.c has a line for it.
 */
struct ui_command {
	const char *name;
	const char *operands;            /* "ADDR...": at least one; "[FILE...]": or none; NULL: takes none */
	const char *summary;             /* one line of pagetop --help */
	const char *usage;               /* what follows the name in the first line of pagetop NAME --help; */
	const char *help;                /* the rest of it, which fits a screen of 80x24: the manual says more */
	const struct ui_option *options; /* besides those that every command takes; NULL: none */
	bool needs_process;              /* -p (or --demo, or -i) must be given */
	bool takes_recording;            /* -i RECORDING instead of -p */
	bool raw_flags;                  /* -r is about flags there, and may stand with -J */
	bool starts_command;             /* its first operand and all that follows are a command, and not read here */
	/* Sets what follows from the options, or says what must not come together; NULL: nothing. UI_OK or UI_USAGE. */
	int (*check)(struct ui_options *o, struct ui_complaint *c);
	int (*run)(const struct ui_options *options, struct pt_kernel *k); /* an exit status */
};

extern const struct ui_command ui_vmas_command, ui_page_command, ui_doctor_command, ui_verify_command, ui_dump_command,
	ui_diff_command, ui_run_command, ui_record_command, ui_replay_command, ui_check_command, ui_faults_command,
	ui_leaks_command, ui_mark_command, ui_pages_command, ui_types_command, ui_frame_command, ui_system_command,
	ui_file_command, ui_family_command;
/* In the order of the help; the last is NULL. */
extern const struct ui_command *const ui_commands[];

/* Prints the help of a command, or of pagetop (NULL). */
void ui_help(const struct ui_command *command);
/* Runs options->command against this machine's kernel. Returns the exit status. */
int ui_commands_run(const struct ui_options *options);

/* --demo without a process: starts over with one. Returns only if that fails: the exit status. */
int ui_become_demo(int argc, char **argv);

/* "pagetop: ..." on stderr as one printable line. */
void ui_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says so, and returns the status for it. */
int ui_out_of_memory(void);

/*
 * Says in one line why a process cannot be read (error is -errno of a scan, inspect or verify) and returns the exit
 * status of the contract for it.
 */
int ui_target_error(struct pt_kernel *k, pid_t pid, int error);

/*
 * The snapshot that a command is about: of a scan of options->pid, or out of the recording options->input, whose reader
 * is in *ret_reader then (else NULL) and must be closed after the snapshot is gone. An exit status; what failed was said.
 */
struct pt_reader;
struct pt_snapshot;
int ui_subject(const struct ui_options *options, struct pt_kernel *k, struct pt_snapshot **ret,
	       struct pt_reader **ret_reader);
/*
 * Opens a recording for the process `pid` of it (0: any), that is called `name` (NULL: anything; only where pid is 0):
 * the first of those that have frames. Or says why not, and returns the exit status for it.
 */
int ui_recording_open(const char *path, pid_t pid, const char *name, struct pt_reader **ret);

/* What commands do whose command line is in a file of its own. */
int ui_dump(const struct ui_options *options, struct pt_kernel *k);
int ui_run_watched(const struct ui_options *options, struct pt_kernel *k);
int ui_record(const struct ui_options *options, struct pt_kernel *k);
int ui_faults(const struct ui_options *options, struct pt_kernel *k);
int ui_leaks(const struct ui_options *options, struct pt_kernel *k);

#endif
