/*
 * The headless commands: one row of the table each, the help that is made of it, and what they share.
 */
#ifndef UI_COMMANDS_H
#define UI_COMMANDS_H

#include "core/kernel/kernel.h"
#include "tui/options.h"

struct ui_command {
	const char *name;
	const char *operands; /* "ADDR...": at least one; "[FILE...]": or none; NULL: takes none */
	const char *summary;  /* one line of pagetop --help */
	const char *help;     /* the rest of pagetop NAME --help */
	bool needs_process;   /* -p (or --demo, or -i) must be given */
	bool takes_recording; /* -i RECORDING instead of -p */
	int (*run)(const struct ui_options *options, struct pt_kernel *k); /* an exit status */
};

/* In the order of the help; the last has no name. */
extern const struct ui_command ui_commands[];
/* Names of the contract that this version does not have yet, NULL-terminated. */
extern const char *const ui_commands_later[];

/* Prints the help of a command, or of pagetop (NULL). */
void ui_help(const struct ui_command *command);
/* Runs options->command against this machine's kernel. Returns the exit status. */
int ui_command_run(const struct ui_options *options);

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

int ui_vmas(const struct ui_options *options, struct pt_kernel *k);
int ui_page(const struct ui_options *options, struct pt_kernel *k);
int ui_doctor(const struct ui_options *options, struct pt_kernel *k);
int ui_verify(const struct ui_options *options, struct pt_kernel *k);
int ui_dump(const struct ui_options *options, struct pt_kernel *k);
int ui_diff(const struct ui_options *options, struct pt_kernel *k);
int ui_check(const struct ui_options *options, struct pt_kernel *k);
int ui_replay(const struct ui_options *options, struct pt_kernel *k);
int ui_run_command(const struct ui_options *options, struct pt_kernel *k);
int ui_record(const struct ui_options *options, struct pt_kernel *k);
int ui_faults(const struct ui_options *options, struct pt_kernel *k);
int ui_leaks(const struct ui_options *options, struct pt_kernel *k);
int ui_mark(const struct ui_options *options, struct pt_kernel *k);

#endif
