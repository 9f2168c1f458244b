/*
 * A program on a terminal; see terminal.h. What it draws is kept by libvterm. One program at a time, so the state is
 * this file's.
 */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vterm.h>

#define PATIENCE_MS 60000.0
#define LEAVE_MS    5000.0 /* to end by itself */

static struct VTerm *terminal;
static pid_t program;
static int master;
static double began;

double bt_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void bt_give_up(const char *what)
{
	fprintf(stderr, "terminal: %s\n", what);
	if (program > 0)
		kill(program, SIGKILL);
	exit(1);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

void bt_row(int y, char *ret)
{
	VTermRect row = {.start_row = y, .end_row = y + 1, .start_col = 0, .end_col = BT_COLUMNS};
	ret[vterm_screen_get_text(vterm_obtain_screen(terminal), ret, BT_ROW_BYTES - 1, row)] = '\0';
}

bool bt_shows(const char *text)
{
	char line[BT_ROW_BYTES];
	for (int y = 0; y < BT_ROWS; y++) {
		bt_row(y, line);
		if (strstr(line, text))
			return true;
	}
	return false;
}

bool bt_take(double until, int other)
{
	char bytes[65536];
	struct pollfd fds[] = {{.fd = master, .events = POLLIN}, {.fd = other, .events = POLLIN}};
	double rest = until - bt_now();
	if (rest <= 0)
		return true;
	if (poll(fds, 2, (int)rest + 1) <= 0 || !fds[0].revents)
		return true;
	ssize_t got = read(master, bytes, sizeof(bytes));
	if (got > 0)
		vterm_input_write(terminal, bytes, (size_t)got);
	return got > 0 || errno == EINTR;
}

void bt_wait(const char *text, bool shown)
{
	double until = bt_now() + PATIENCE_MS;
	while (bt_shows(text) != shown) {
		if (!bt_take(until, -1))
			bt_give_up("the program ended too early");
		if (bt_now() >= until)
			bt_give_up(text);
	}
}

void bt_settle(double quiet)
{
	struct pollfd drawn = {.fd = master, .events = POLLIN};
	while (poll(&drawn, 1, (int)quiet) > 0)
		if (!bt_take(bt_now() + quiet, -1))
			bt_give_up("the program ended too early");
}

void bt_press(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		bt_give_up("cannot press a key");
}

pid_t bt_program(void)
{
	return program;
}

double bt_began(void)
{
	return began;
}

/* ---- the program ------------------------------------------------------------------------------------------------ */

void bt_start(char **argv)
{
	struct winsize size = {.ws_row = BT_ROWS, .ws_col = BT_COLUMNS};
	terminal = vterm_new(BT_ROWS, BT_COLUMNS);
	vterm_set_utf8(terminal, 1);
	vterm_screen_reset(vterm_obtain_screen(terminal), 1);
	began = bt_now();
	program = forkpty(&master, NULL, NULL, &size);
	if (program == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (program < 0)
		bt_give_up("no terminal");
}

void bt_run_until(double until, int other)
{
	struct pollfd stop = {.fd = other, .events = POLLIN};
	while (bt_now() < until && (other < 0 || poll(&stop, 1, 0) == 0))
		if (!bt_take(until, other))
			bt_give_up("the program ended too early");
}

void bt_end(const char *keys)
{
	int status, fd = pidfd_open(program, 0);
	double until = bt_now() + LEAVE_MS;
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	bt_press(keys);
	while (poll(&ended, 1, 0) == 0 && bt_now() < until)
		if (!bt_take(until, fd))
			poll(&ended, 1, (int)(until - bt_now()));
	kill(program, SIGKILL);
	waitpid(program, &status, 0);
}
