/*
 * A program on a terminal of its own: a pty whose output libvterm draws, so that a test sees what a person would.
 * Nothing here sleeps: every wait is for a state of the screen or of the program, with a deadline that fails the test
 * and prints the screen.
 *
 * Between the test and the program stands a session leader that does what a shell would: the program has a process
 * group of its own in the foreground, so it can be stopped and go on.
 */
#ifndef TESTS_PTY_H
#define TESTS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct pty {
	pid_t pid;     /* of the program; -1 once it has ended */
	pid_t leader;  /* of its session */
	int fd;        /* the terminal's other side */
	int status_fd; /* the leader says what waitpid said */
	int slave_fd;  /* kept open, to look at the terminal's modes */
	int w, h;
	int status; /* the last that waitpid said */
	bool has_status;
	struct termios before; /* modes when it began */
	/* what the program did to the terminal */
	bool alternate, cursor_hidden;
	int mouse;    /* mode of libvterm */
	size_t bytes; /* of output so far */
	bool high;    /* a byte above 127 was among them */
	struct VTerm *vt;
};

/*
 * Starts argv[0] (NULL: PT_BIN) with these arguments, on TERM, with `environment` ("NAME=VALUE" and NULL; NULL: none)
 * beside PATH and TERM. Locale variables are not set.
 */
struct pty *pty_start(int w, int h, const char *term, const char *const *environment, const char *const *argv);
/* Kills what still lives. */
void pty_free(struct pty *pty);

void pty_type(struct pty *pty, const char *bytes);
void pty_mouse(struct pty *pty, int button, int x, int y, bool press); /* SGR; cells from 0 */
void pty_resize(struct pty *pty, int w, int h);
void pty_signal(struct pty *pty, int signal_number);

/* Waits until the screen shows a text; until it does not. */
void pty_expect(struct pty *pty, const char *text);
void pty_expect_gone(struct pty *pty, const char *text);
/* Waits for the program to end or to stop; the status as waitpid has it. */
int pty_wait(struct pty *pty);
/* Waits until a condition of the screen holds. */
void pty_until(struct pty *pty, bool (*holds)(struct pty *pty), const char *what);

/* What is on the screen now. */
bool pty_shows(struct pty *pty, const char *text);
bool pty_find(struct pty *pty, const char *text, int *ret_x, int *ret_y);
/* The palette index of a cell's colours, -1: the default. */
void pty_colours(struct pty *pty, int x, int y, int *ret_fg, int *ret_bg);
/* The terminal is as it was before the program began. */
bool pty_restored(struct pty *pty);

#endif
