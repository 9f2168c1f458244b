/*
 * pagetop run at a terminal: what the terminal sends to the foreground group reaches the command once; a command that is
 * stopped stops pagetop as well, and both go on together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "tests/support/pty.h"

static struct pty *pty;

static int end(void **state)
{
	(void)state;
	pty_free(pty);
	pty = NULL;
	return 0;
}

/* `sh -c script` under pagetop run; the script says "ready" when it is. */
static void start(const char *script)
{
	const char *const argv[] = {getenv("PT_BIN"), "run", "--report", "/dev/null", "--", "sh", "-c", script, NULL};
	if (!argv[0])
		skip();
	pty = pty_start(80, 24, "xterm-256color", NULL, argv);
	pty_expect(pty, "ready");
}

static int status_at_the_end(void)
{
	int status = pty_wait(pty);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What comes after the line is typed was counted by then: signals come first, and pagetop would have passed one on. */
static void ctrl_c_comes_once(void **state)
{
	(void)state;
	start("n=0; trap 'n=$((n + 1)); echo interrupted $n' INT; echo ready; "
	      "while ! read -r word; do :; done; echo times $n; exit 4");
	pty_type(pty, "\003");
	pty_expect(pty, "interrupted 1");
	pty_type(pty, "on\r");
	pty_expect(pty, "times 1");
	assert_int_equal(status_at_the_end(), 4);
	assert_false(pty_shows(pty, "interrupted 2"));
}

static void ctrl_c_ends_what_does_not_catch_it(void **state)
{
	(void)state;
	start("echo ready; while :; do read -r word; done");
	pty_type(pty, "\003");
	assert_int_equal(status_at_the_end(), 128 + SIGINT);
}

static void ctrl_z_stops_both(void **state)
{
	(void)state;
	start("echo ready; read -r word; echo read $word; exit 6");
	pty_type(pty, "\032");
	int status = pty_wait(pty); /* of pagetop, as a shell sees its job */
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), SIGTSTP);
	pty_signal(pty, SIGCONT); /* to pagetop alone */
	pty_type(pty, "again\r");
	pty_expect(pty, "read again");
	assert_int_equal(status_at_the_end(), 6);
}

static void a_new_size_comes_once(void **state)
{
	(void)state;
	start("n=0; trap 'n=$((n + 1)); echo size $(stty size) $n' WINCH; echo ready; "
	      "while ! read -r word; do :; done; echo times $n; exit 0");
	pty_resize(pty, 100, 30);
	pty_expect(pty, "size 30 100 1");
	pty_type(pty, "on\r");
	pty_expect(pty, "times 1");
	assert_int_equal(status_at_the_end(), 0);
}

/* The screen shows the command; it goes on when that is left, and what is sent to pagetop then reaches it. */
static void the_live_screen_leaves_the_command_alone(void **state)
{
	(void)state;
	const char *const argv[] = {getenv("PT_BIN"), "run",  "--keep", "/dev/null", "--live", "--",
				    "sleep",          "1000", NULL};
	if (!argv[0])
		skip();
	pty = pty_start(80, 24, "xterm-256color", NULL, argv);
	pty_expect(pty, "sleep");
	pty_expect(pty, "VMAs");
	pty_type(pty, "q");
	pty_expect(pty, "sleep goes on; its output goes to /dev/null");
	pty_signal(pty, SIGTERM);
	pty_expect(pty, "sleep was killed by SIGTERM");
	assert_int_equal(status_at_the_end(), 128 + SIGTERM);
	assert_true(pty_restored(pty));
}

/* Ctrl-C is for the command; the screen stays until it is left. */
static void the_live_screen_outlives_the_command(void **state)
{
	(void)state;
	const char *const argv[] = {getenv("PT_BIN"), "run",  "--keep", "/dev/null", "--live", "--",
				    "sleep",          "1000", NULL};
	if (!argv[0])
		skip();
	pty = pty_start(80, 24, "xterm-256color", NULL, argv);
	pty_expect(pty, "VMAs");
	pty_type(pty, "\003");
	pty_expect(pty, "ended");
	pty_type(pty, "q");
	pty_expect(pty, "sleep was killed by SIGINT");
	assert_int_equal(status_at_the_end(), 128 + SIGINT);
}

/* The file that was to have its output goes with what could not be started. */
static void nothing_is_left_of_what_cannot_start(void **state)
{
	(void)state;
	char folder[] = "/tmp/pagetop-test-XXXXXX", tmpdir[40];
	assert_non_null(mkdtemp(folder));
	snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s", folder);
	const char *const environment[] = {tmpdir, NULL};
	const char *const argv[] = {getenv("PT_BIN"), "run", "--live", "--", "/nowhere/at/all", NULL};
	if (!argv[0])
		skip();
	pty = pty_start(80, 24, "xterm-256color", environment, argv);
	pty_expect(pty, "cannot start /nowhere/at/all");
	assert_int_equal(status_at_the_end(), 127);
	assert_int_equal(rmdir(folder), 0); /* empty */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ctrl_c_comes_once, end),
		cmocka_unit_test_teardown(ctrl_c_ends_what_does_not_catch_it, end),
		cmocka_unit_test_teardown(ctrl_z_stops_both, end),
		cmocka_unit_test_teardown(a_new_size_comes_once, end),
		cmocka_unit_test_teardown(the_live_screen_leaves_the_command_alone, end),
		cmocka_unit_test_teardown(the_live_screen_outlives_the_command, end),
		cmocka_unit_test_teardown(nothing_is_left_of_what_cannot_start, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
