/*
 * The live screen on a real terminal, looking at a real process: a child of the test with known memory.
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/pty.h"

#define PAGES 4096

static struct child child;
static uint64_t memory;
static struct pty *pty;

/* Every other page of 16 MiB, then all of it, then another program. */
static void run_child(struct child *self)
{
	prctl(PR_SET_NAME, "looked-at");
	char *m = child_map(PAGES * 4096, 4096);
	madvise(m, PAGES * 4096, MADV_NOHUGEPAGE);
	child_touch(m, PAGES / 2, 2);
	memcpy(m, "known contents", sizeof "known contents");
	child_say(self, (uint64_t)(uintptr_t)m);
	child_touch(m, PAGES, 1);
	child_say(self, 1);
	execl("/bin/sleep", "sleep", "1000", (char *)NULL);
}

static int begin(void **arg)
{
	(void)arg;
	child = child_start(run_child);
	memory = child_wait(&child);
	return 0;
}

static int end(void **arg)
{
	(void)arg;
	pty_free(pty);
	pty = NULL;
	child_end(&child);
	return 0;
}

/* pagetop -p CHILD, and two more words. */
static void look(int w, int h, const char *term, const char *const *environment, const char *option)
{
	static char pid[16];
	snprintf(pid, sizeof pid, "%d", (int)child.pid);
	const char *argv[] = {NULL, "-p", pid, option, NULL};
	pty = pty_start(w, h, term, environment, argv);
}

static void look_plainly(void)
{
	look(120, 40, "xterm-256color", NULL, NULL);
	pty_expect(pty, "looked-at");
	pty_expect(pty, "layer: kind");
}

static const char *hex(uint64_t address)
{
	static char text[24];
	snprintf(text, sizeof text, "%lx", (unsigned long)address);
	return text;
}

static void expect_exit(int status)
{
	int got = pty_wait(pty);
	assert_true(WIFEXITED(got));
	assert_int_equal(WEXITSTATUS(got), status);
	assert_true(pty_restored(pty));
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static void the_first_screen_shows_the_memory(void **arg)
{
	int x, y, fg, bg;
	(void)arg;
	look_plainly();
	pty_expect(pty, hex(memory));
	pty_expect(pty, "8M"); /* half of it is there */
	pty_expect(pty, "(50 %)");
	assert_true(pty->alternate && pty->cursor_hidden);
	assert_true(pty_find(pty, "\u2580\u2580\u2580\u2580", &x, &y));
	pty_colours(pty, x, y, &fg, &bg);
	assert_true(fg >= 16 && bg >= 16); /* every cell has its own background */
	pty_type(pty, "q");
	expect_exit(0);
}

static void growth_shows_by_itself(void **arg)
{
	(void)arg;
	look_plainly();
	pty_expect(pty, "(50 %)");
	child_go(&child);
	child_wait(&child);
	pty_expect(pty, "(100 %)");
}

static void time_leads_back_to_what_was(void **arg)
{
	(void)arg;
	look(120, 50, "xterm-256color", NULL, NULL); /* high enough for what an ordinary user is told as well */
	pty_expect(pty, "(50 %)");
	child_go(&child);
	child_wait(&child);
	pty_expect(pty, "(100 %)");
	pty_type(pty, "t");
	pty_expect(pty, "RSS of the process");
	pty_expect(pty, " now ");
	pty_type(pty, "\033[H"); /* Home: the first moment */
	pty_expect(pty, "PAST");
	pty_expect(pty, "(50 %)");
	pty_type(pty, "v\033[F"); /* compared with the newest: the other half came */
	pty_expect(pty, "what changed");
	pty_expect(pty, "2.05k came");
	pty_expect_gone(pty, "PAST");
	child_end(&child);
	pty_expect(pty, "The process ended");
	pty_type(pty, "v\033[H"); /* its history stays */
	pty_expect(pty, "before the end");
	pty_expect(pty, "(50 %)");
	pty_type(pty, "q");
	expect_exit(0);
}

static void from_the_table_to_one_page_and_back(void **arg)
{
	char where[32];
	(void)arg;
	look_plainly();
	pty_type(pty, "\r");
	pty_expect(pty, "map of");
	pty_type(pty, "3");
	pty_expect(pty, "layer: dirty");
	snprintf(where, sizeof where, ":%s\r", hex(memory));
	pty_type(pty, where);
	pty_expect(pty, "history of this address");
	pty_expect(pty, "nonymous");
	pty_type(pty, "x");
	pty_expect(pty, "known contents");
	pty_type(pty, "\033"); /* contents, page, map */
	pty_expect(pty, "history of this address");
	pty_type(pty, "\033[C");
	pty_expect(pty, hex(memory + 4096));
	pty_type(pty, "x");
	pty_expect(pty, "No page is present here"); /* every other page */
	pty_type(pty, "\033");
	pty_expect_gone(pty, "No page is present here");
	pty_type(pty, "\033");
	pty_expect(pty, "layer: dirty");
	pty_type(pty, "q");
	expect_exit(0);
}

static bool watches_or_may_not(struct pty *p)
{
	return pty_shows(p, "Not permitted") || pty_shows(p, "watched read-only");
}

static void faults_are_told_with_those_who_made_them(void **arg)
{
	(void)arg;
	look_plainly();
	pty_type(pty, "P");
	pty_until(pty, watches_or_may_not, "faults are watched");
	if (pty_shows(pty, "Not permitted")) { /* kernel.perf_event_paranoid is above 2 */
		pty_expect(pty, "CAP_PERFMON");
		return;
	}
	child_go(&child);
	child_wait(&child);
	pty_expect(pty, "first touch");
	pty_expect(pty, hex(memory));
	pty_type(pty, "4");
	pty_expect(pty, "child_touch");
	pty_type(pty, "2");
	pty_expect(pty, "LAST WAS");
	pty_expect(pty, "child_touch"); /* of the selected page */
	pty_type(pty, "\r");
	pty_expect(pty, "First touched");
	pty_expect(pty, "run_child");
	pty_type(pty, "P"); /* back to the faults */
	pty_expect(pty, "LAST WAS");
	pty_type(pty, "o");
	pty_expect(pty, "watched no more");
	pty_resize(pty, 80, 24);
	pty_expect(pty, "watched no more");
	pty_type(pty, "\033");
	pty_expect(pty, "ADDRESS");
	pty_type(pty, "q");
	expect_exit(0);
}

static void a_process_is_chosen(void **arg)
{
	const char *const argv[] = {NULL, NULL};
	char line[32];
	(void)arg;
	pty = pty_start(100, 30, "xterm-256color", NULL, argv);
	pty_expect(pty, "choose a process");
	snprintf(line, sizeof line, "/^%d$\r", (int)child.pid);
	pty_type(pty, line);
	pty_expect(pty, " 1 of ");
	pty_type(pty, "\r");
	pty_expect(pty, "ADDRESS");
	pty_type(pty, "\033");
	pty_expect(pty, " 1 of ");
	pty_type(pty, "q");
	expect_exit(0);
}

static void the_mouse_selects_and_zooms(void **arg)
{
	int x, y;
	(void)arg;
	look_plainly();
	assert_true(pty->mouse != 0);
	assert_true(pty_find(pty, "RSS", &x, &y));
	pty_resize(pty, 130, 14);
	pty_type(pty, "\r");
	pty_expect(pty, "map of");
	pty_expect(pty, "a cell is ");
	pty_expect_gone(pty, "a cell is one page");
	pty_mouse(pty, 0, 30, 5, true);
	pty_mouse(pty, 32, 32, 5, true);
	pty_mouse(pty, 0, 34, 5, false);
	pty_expect(pty, "a cell is one page");
	pty_mouse(pty, 65, 30, 5, true); /* the wheel, out */
	pty_mouse(pty, 65, 30, 5, true);
	pty_expect_gone(pty, "a cell is one page");
}

static void the_end_of_the_target_is_said(void **arg)
{
	(void)arg;
	look_plainly();
	child_end(&child);
	pty_expect(pty, "The process ended");
	pty_expect(pty, hex(memory)); /* its last frame stays */
	pty_type(pty, "q");
	expect_exit(0);
}

static void an_exec_is_followed(void **arg)
{
	(void)arg;
	look_plainly();
	child_go(&child);
	child_wait(&child);
	child_go(&child);
	pty_expect(pty, "called exec");
	pty_expect(pty, "sleep");
	pty_expect_gone(pty, hex(memory));
}

/* ---- the terminal ----------------------------------------------------------------------------------------------- */

static void any_size_is_drawn(void **arg)
{
	static const int sizes[][2] = {{1, 1}, {200, 60}, {2, 50}, {79, 2}, {10, 10}, {300, 100}, {33, 7}};
	(void)arg;
	look_plainly();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		pty_resize(pty, sizes[i][0], sizes[i][1]);
		pty_type(pty, "jw\033k\t");
	}
	pty_resize(pty, 120, 40);
	pty_expect(pty, "looked-at");
	pty_expect(pty, "RSS");
	pty_type(pty, "q");
	expect_exit(0);
}

static void a_stop_gives_the_terminal_back(void **arg)
{
	(void)arg;
	look_plainly();
	pty_type(pty, "\032"); /* Ctrl-Z */
	assert_true(WIFSTOPPED(pty_wait(pty)));
	assert_false(pty->alternate);
	assert_false(pty->cursor_hidden);
	pty_signal(pty, SIGCONT);
	pty_expect(pty, "layer: kind");
	assert_true(pty->alternate);
	pty_type(pty, "q");
	expect_exit(0);
}

static void every_signal_gives_the_terminal_back(void **arg)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS};
	(void)arg;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		look_plainly();
		pty_signal(pty, signals[i]);
		int status = pty_wait(pty);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_true(pty_restored(pty));
		pty_free(pty);
	}
	pty = NULL;
}

static void without_colours_letters_say_it(void **arg)
{
	int x, y, fg, bg;
	const char *const no_color[] = {"NO_COLOR=1", NULL};
	(void)arg;
	look(120, 40, "xterm-256color", no_color, NULL);
	pty_expect(pty, "(50 %)");
	pty_expect(pty, "AAAAAAAA"); /* the stack, or another VMA that is all there */
	for (y = 0; y < 40; y++)
		for (x = 0; x < 120; x++) {
			pty_colours(pty, x, y, &fg, &bg);
			assert_int_equal(fg, -1);
			assert_int_equal(bg, -1);
		}
	pty_free(pty);
	look(120, 40, "vt100", NULL, NULL);
	pty_expect(pty, "AAAAAAAA");
}

static void few_colours_are_enough(void **arg)
{
	(void)arg;
	look(120, 40, "linux", NULL, NULL);
	pty_expect(pty, "(50 %)");
	pty_type(pty, "q");
	expect_exit(0);
	pty_free(pty);
	look(120, 40, "xterm-256color", NULL, "--color=16");
	pty_expect(pty, "(50 %)");
}

static void ascii_is_ascii(void **arg)
{
	(void)arg;
	look(120, 40, "xterm-256color", NULL, "--ascii");
	pty_expect(pty, "(50 %)");
	pty_type(pty, "?");
	pty_expect(pty, "Get around");
	pty_type(pty, "?\r");
	pty_expect(pty, "map of");
	assert_false(pty->high);
}

static void another_charset_gets_ascii(void **arg)
{
	const char *const latin[] = {"LC_ALL=en_US.ISO-8859-1", NULL};
	(void)arg;
	look(120, 40, "xterm-256color", latin, NULL); /* not installed, most likely: then it is the C locale */
	pty_expect(pty, "(50 %)");
	pty_type(pty, "q");
	expect_exit(0);
}

/* ---- what cannot be --------------------------------------------------------------------------------------------- */

static bool has_ended(struct pty *p)
{
	return p->pid < 0;
}

/* One line that has this text, and nothing done to the terminal. */
static void expect_refusal(int status, const char *text)
{
	pty_until(pty, has_ended, "its end");
	pty_expect(pty, text);
	assert_true(WIFEXITED(pty->status));
	assert_int_equal(WEXITSTATUS(pty->status), status);
	assert_true(pty_restored(pty));
	assert_true(pty->bytes < 300);
	pty_free(pty);
	pty = NULL;
}

static void an_unknown_terminal_is_refused(void **arg)
{
	(void)arg;
	look(200, 40, "no-such-terminal", NULL, NULL);
	expect_refusal(2, "no-such-terminal");
	look(200, 40, NULL, NULL, NULL);
	expect_refusal(2, "TERM");
	look(200, 40, "dumb", NULL, NULL);
	expect_refusal(2, "dumb");
}

static void processes_that_are_not_there_are_refused(void **arg)
{
	const char *const none[] = {NULL, "-p", "999999999", NULL};
	(void)arg;
	pty = pty_start(200, 40, "xterm-256color", NULL, none);
	pty_until(pty, has_ended, "its end");
	assert_true(WIFEXITED(pty->status));
	assert_in_range(WEXITSTATUS(pty->status), 2, 3);
	pty_free(pty);
	const char *const kernel_thread[] = {NULL, "-p", "2", NULL};
	pty = pty_start(200, 40, "xterm-256color", NULL, kernel_thread);
	pty_until(pty, has_ended, "its end");
	assert_in_range(WEXITSTATUS(pty->status), 3, 4);
	assert_true(pty_restored(pty));
}

static void no_terminal_is_refused(void **arg)
{
	static char line[4200];
	char text[512] = "";
	(void)arg;
	snprintf(line, sizeof line, "exec '%s' -p %d </dev/null 2>&1", getenv("PT_BIN"), (int)child.pid);
	FILE *out = popen(line, "r");
	assert_non_null(out);
	size_t n = fread(text, 1, sizeof text - 1, out);
	int status = pclose(out);
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_non_null(strstr(text, "terminal"));
	assert_ptr_equal(strchr(text, '\n'), text + n - 1); /* one line */
	assert_null(strchr(text, '\033'));
}

#define LOOKED_AT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOKED_AT(the_first_screen_shows_the_memory),
		LOOKED_AT(growth_shows_by_itself),
		LOOKED_AT(time_leads_back_to_what_was),
		LOOKED_AT(from_the_table_to_one_page_and_back),
		LOOKED_AT(faults_are_told_with_those_who_made_them),
		LOOKED_AT(a_process_is_chosen),
		LOOKED_AT(the_mouse_selects_and_zooms),
		LOOKED_AT(the_end_of_the_target_is_said),
		LOOKED_AT(an_exec_is_followed),
		LOOKED_AT(any_size_is_drawn),
		LOOKED_AT(a_stop_gives_the_terminal_back),
		LOOKED_AT(every_signal_gives_the_terminal_back),
		LOOKED_AT(without_colours_letters_say_it),
		LOOKED_AT(few_colours_are_enough),
		LOOKED_AT(ascii_is_ascii),
		LOOKED_AT(another_charset_gets_ascii),
		LOOKED_AT(an_unknown_terminal_is_refused),
		LOOKED_AT(processes_that_are_not_there_are_refused),
		LOOKED_AT(no_terminal_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
