/*
 * See pty.h.
 */
#include "tests/support/pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

#define DEADLINE_MS 20000
#define ROW_MAX     4096

/* ---- the program's side ----------------------------------------------------------------------------------------- */

static void run_program(const char *const *argv, char *const *environment)
{
	const char *program = argv[0] ? argv[0] : getenv("PT_BIN");
	if (!program)
		_exit(127);
	const char *words[16] = {program};
	for (int i = 1; argv[i]; i++)
		words[i] = argv[i];
	execve(program, (char *const *)(uintptr_t)words, environment);
	_exit(127);
}

/* What a shell does: a group in the foreground, and an eye on its end. */
static void lead(int slave, int status_fd, const char *const *argv, char *const *environment)
{
	int status;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(slave, getpid());
		signal(SIGTTOU, SIG_DFL);
		for (int i = 0; i < 3; i++)
			dup2(slave, i);
		run_program(argv, environment);
	}
	setpgid(pid, pid);
	int first = (int)pid;
	if (write(status_fd, &first, sizeof first) < 0)
		_exit(1);
	while (waitpid(pid, &status, WUNTRACED) == pid) {
		if (write(status_fd, &status, sizeof status) < 0)
			_exit(1);
		if (!WIFSTOPPED(status))
			break;
	}
	_exit(0);
}

/* ---- the terminal ----------------------------------------------------------------------------------------------- */

static int on_property(VTermProp prop, VTermValue *value, void *user)
{
	struct pty *p = user;
	if (prop == VTERM_PROP_ALTSCREEN)
		p->alternate = value->boolean;
	else if (prop == VTERM_PROP_CURSORVISIBLE)
		p->cursor_hidden = !value->boolean;
	else if (prop == VTERM_PROP_MOUSE)
		p->mouse = value->number;
	return 1;
}

static void make_terminal(struct pty *p)
{
	static const VTermScreenCallbacks callbacks = {.settermprop = on_property};
	p->vt = vterm_new(p->h, p->w);
	vterm_set_utf8(p->vt, 1);
	VTermScreen *screen = vterm_obtain_screen(p->vt);
	vterm_screen_set_callbacks(screen, &callbacks, p);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_reset(screen, 1);
}

static char **make_environment(const char *term, const char *const *environment)
{
	static char term_line[64], path_line[4096];
	/* On a loaded machine a worker may still be in the kernel when the program quits, and is left behind on purpose:
	 * its memory is no leak. Nor is that of libgpm, which curses loads on TERM=linux. The unit tests of the screens
	 * look for leaks. */
	static char leaks_line[] = "ASAN_OPTIONS=detect_leaks=0";
	static char *lines[32];
	int n = 0;
	const char *path = getenv("PATH");
	snprintf(path_line, sizeof path_line, "PATH=%s", path ? path : "/usr/bin:/bin");
	lines[n++] = path_line;
	lines[n++] = leaks_line;
	if (term) {
		snprintf(term_line, sizeof term_line, "TERM=%s", term);
		lines[n++] = term_line;
	}
	for (int i = 0; environment && environment[i]; i++)
		lines[n++] = (char *)(uintptr_t)environment[i];
	lines[n] = NULL;
	return lines;
}

struct pty *pty_start(int w, int h, const char *term, const char *const *environment, const char *const *argv)
{
	struct pty *p = calloc(1, sizeof *p);
	struct winsize size = {.ws_col = (unsigned short)w, .ws_row = (unsigned short)h};
	int pipes[2], pid;
	assert_non_null(p);
	p->w = w;
	p->h = h;
	make_terminal(p);
	assert_int_equal(openpty(&p->fd, &p->slave_fd, NULL, NULL, &size), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fcntl(p->fd, F_SETFD, FD_CLOEXEC);
	fcntl(p->slave_fd, F_SETFD, FD_CLOEXEC);
	tcgetattr(p->slave_fd, &p->before);
	char **made = make_environment(term, environment);
	p->leader = fork();
	assert_true(p->leader >= 0);
	if (p->leader == 0)
		lead(p->slave_fd, pipes[1], argv, made);
	close(pipes[1]);
	p->status_fd = pipes[0];
	assert_int_equal(read(p->status_fd, &pid, sizeof pid), sizeof pid);
	p->pid = pid;
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	return p;
}

void pty_free(struct pty *p)
{
	if (!p)
		return;
	if (p->pid > 0)
		kill(p->pid, SIGKILL);
	kill(p->leader, SIGKILL);
	waitpid(p->leader, NULL, 0);
	vterm_free(p->vt);
	close(p->fd);
	close(p->slave_fd);
	close(p->status_fd);
	free(p);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static int put_char(char *at, uint32_t ch)
{
	if (ch < 0x80) {
		at[0] = (char)(ch ? ch : ' ');
		return 1;
	}
	int n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
	static const unsigned char lead_byte[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (int i = n; i-- > 1; ch >>= 6)
		at[i] = (char)(0x80 | (ch & 0x3f));
	at[0] = (char)(lead_byte[n] | ch);
	return n;
}

static const char *row_text(struct pty *p, int y)
{
	static char text[ROW_MAX];
	VTermScreen *screen = vterm_obtain_screen(p->vt);
	size_t at = 0;
	for (int x = 0; x < p->w && at + 8 < sizeof text; x++) {
		VTermScreenCell cell;
		vterm_screen_get_cell(screen, (VTermPos){.row = y, .col = x}, &cell);
		if (cell.chars[0] != (uint32_t)-1)
			at += (size_t)put_char(text + at, cell.chars[0]);
	}
	text[at] = '\0';
	return text;
}

bool pty_find(struct pty *p, const char *text, int *ret_x, int *ret_y)
{
	for (int y = 0; y < p->h; y++) {
		const char *row = row_text(p, y), *at = strstr(row, text);
		if (!at)
			continue;
		*ret_x = 0;
		*ret_y = y;
		for (; row < at; row++)
			*ret_x += ((unsigned char)*row & 0xc0) != 0x80;
		return true;
	}
	return false;
}

bool pty_shows(struct pty *p, const char *text)
{
	int x, y;
	return pty_find(p, text, &x, &y);
}

static int palette_index(const VTermColor *colour, bool is_default)
{
	return is_default ? -1 : VTERM_COLOR_IS_INDEXED(colour) ? colour->indexed.idx : -2;
}

void pty_colours(struct pty *p, int x, int y, int *ret_fg, int *ret_bg)
{
	VTermScreenCell cell;
	vterm_screen_get_cell(vterm_obtain_screen(p->vt), (VTermPos){.row = y, .col = x}, &cell);
	*ret_fg = palette_index(&cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
	*ret_bg = palette_index(&cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg));
}

bool pty_restored(struct pty *p)
{
	struct termios now;
	tcgetattr(p->slave_fd, &now);
	return !p->alternate && !p->cursor_hidden && !p->mouse && now.c_lflag == p->before.c_lflag &&
	       now.c_iflag == p->before.c_iflag && now.c_oflag == p->before.c_oflag;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static void fail_with_screen(struct pty *p, const char *why, const char *what)
{
	print_error("%s: \"%s\". The screen:\n", why, what);
	for (int y = 0; y < p->h; y++)
		print_error("%s\n", row_text(p, y));
	fail();
}

static void take_output(struct pty *p)
{
	char bytes[8192];
	ssize_t n;
	while ((n = read(p->fd, bytes, sizeof bytes)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			p->high = p->high || (unsigned char)bytes[i] > 127;
		p->bytes += (size_t)n;
		vterm_input_write(p->vt, bytes, (size_t)n);
	}
	char answer[256];
	size_t size = vterm_output_read(p->vt, answer, sizeof answer); /* to questions of the program */
	if (size && write(p->fd, answer, size) < 0)
		return;
}

static void take_status(struct pty *p)
{
	int status;
	if (read(p->status_fd, &status, sizeof status) != sizeof status)
		return;
	p->status = status;
	p->has_status = true;
	if (!WIFSTOPPED(status))
		p->pid = -1;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for news from terminal or leader; false after the deadline. */
static bool step(struct pty *p, int64_t deadline)
{
	struct pollfd polled[2] = {{.fd = p->fd, .events = POLLIN}, {.fd = p->status_fd, .events = POLLIN}};
	int64_t left = p->pid > 0 ? deadline - now_ms() : 1; /* who has ended says no more */
	if (left <= 0 || poll(polled, p->pid > 0 ? 2 : 1, (int)left) <= 0)
		return false;
	if (polled[0].revents & POLLIN)
		take_output(p);
	if (p->pid > 0 && polled[1].revents & POLLIN)
		take_status(p);
	take_output(p);
	return true;
}

void pty_until(struct pty *p, bool (*holds)(struct pty *p), const char *what)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	while (!holds(p))
		if (!step(p, deadline))
			fail_with_screen(p, "waited in vain for", what);
}

void pty_expect(struct pty *p, const char *text)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	while (!pty_shows(p, text))
		if (!step(p, deadline))
			fail_with_screen(p, "does not show", text);
}

void pty_expect_gone(struct pty *p, const char *text)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	while (pty_shows(p, text))
		if (!step(p, deadline))
			fail_with_screen(p, "still shows", text);
}

int pty_wait(struct pty *p)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	while (!p->has_status) /* it may have come with what was last waited for */
		if (!step(p, deadline))
			fail_with_screen(p, "waited in vain for", "its end");
	p->has_status = false;
	take_output(p);
	return p->status;
}

/* ---- the person's side ------------------------------------------------------------------------------------------ */

void pty_type(struct pty *p, const char *bytes)
{
	size_t n = strlen(bytes);
	while (n) {
		ssize_t done = write(p->fd, bytes, n);
		if (done < 0 && errno == EAGAIN) {
			step(p, now_ms() + DEADLINE_MS);
			continue;
		}
		assert_true(done > 0);
		bytes += done;
		n -= (size_t)done;
	}
}

void pty_mouse(struct pty *p, int button, int x, int y, bool press)
{
	char bytes[48];
	snprintf(bytes, sizeof bytes, "\033[<%d;%d;%d%c", button, x + 1, y + 1, press ? 'M' : 'm');
	pty_type(p, bytes);
}

void pty_resize(struct pty *p, int w, int h)
{
	struct winsize size = {.ws_col = (unsigned short)w, .ws_row = (unsigned short)h};
	take_output(p);
	p->w = w;
	p->h = h;
	vterm_set_size(p->vt, h, w);
	assert_int_equal(ioctl(p->fd, TIOCSWINSZ, &size), 0);
}

void pty_signal(struct pty *p, int signal_number)
{
	assert_int_equal(kill(p->pid, signal_number), 0);
}
