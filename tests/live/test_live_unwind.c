/*
 * Stacks and names of a program whose chains of calls are known (tests/live/calls/): with and without frame pointers,
 * through the C library, signals, threads, code of no file, a library that is gone, a program file that is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/unwind/unwind.h"
#include "tests/support/calls.h"
#include "tests/support/skip.h"

#define STACK_BYTES 8192u

static const char *beside(const char *name) /* this program; static storage, of two */
{
	static char paths[2][4096];
	static unsigned which;
	char *path = paths[which++ % 2];
	ssize_t n = readlink("/proc/self/exe", path, 4000);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "%s", name);
	return path;
}

/* ---- chains ----------------------------------------------------------------------------------------------------- */

struct chain {
	uint64_t ips[PT_STACK_MAX];
	struct pt_symbol symbols[PT_STACK_MAX];
	size_t n;
	bool complete;
};

static void resolve(struct pt_unwinder *u, struct chain *chain, bool lines)
{
	for (size_t i = 0; i < chain->n; i++)
		pt_unwinder_symbol(u, chain->ips[i], lines, &chain->symbols[i]);
}

static void follow(struct pt_unwinder *u, const struct pt_fault *fault, struct chain *chain)
{
	const struct pt_user user = pt_fault_user(fault);
	memset(chain, 0, sizeof(*chain));
	chain->n = pt_unwinder_calls(u, &user, chain->ips, PT_STACK_MAX, &chain->complete);
	assert_in_range(chain->n, 1, PT_STACK_MAX);
	resolve(u, chain, false);
}

static bool is_called(const struct chain *chain, size_t i, const char *name)
{
	const char *got = chain->symbols[i].name;
	return !strcmp(name, "?") ? !chain->symbols[i].module : got && !strcmp(got, name);
}

/* Names from the fault outwards; "..." is any number of calls of anyone, "?" code in no file. */
static void expect(const struct chain *chain, bool complete, const char *const *names)
{
	size_t at = 0;
	bool any = false, right = true;
	for (; *names && right; names++) {
		if (!strcmp(*names, "...")) {
			any = true;
			continue;
		}
		while (any && at < chain->n && !is_called(chain, at, *names))
			at++;
		right = at < chain->n && is_called(chain, at, *names);
		at++;
		any = false;
	}
	if (right && (any || at == chain->n) && chain->complete == complete)
		return;
	for (size_t i = 0; i < chain->n; i++)
		print_message("%2zu %s in %s\n", i, chain->symbols[i].name ? chain->symbols[i].name : "(none)",
			      chain->symbols[i].module ? chain->symbols[i].module : "(none)");
	fail_msg("%s: not %s", chain->complete ? "complete" : "not complete", right ? "so" : names[-1]);
}

struct scene {
	const char *name;
	bool complete;
	const char *const *names;
};
#define CALLS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void play(const char *program, const struct scene *scene)
{
	struct calls c;
	struct pt_unwinder *u;
	struct chain chain;
	const char *why;
	print_message("%s\n", scene->name);
	if (!calls_start(&c, program, scene->name, beside("libunwind-calls.so"), STACK_BYTES, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	calls_play(&c);
	follow(u, calls_fault(&c), &chain);
	expect(&chain, scene->complete, scene->names);
	pt_unwinder_free(u);
	calls_end(&c);
}

/* What a main() is called by differs between versions of the C library. */
static const struct scene everywhere[] = {
	{"plain", true, CALLS("touch", "inner", "middle", "outer", "scene_plain", "main", "...", "_start")},
	{"qsort", true, CALLS("touch", "compare", "...", "scene_qsort", "main", "...", "_start")},
	{"raise", true, CALLS("touch", "on_signal", "...", "scene_raise", "main", "...", "_start")},
	{"shapes", true, CALLS("touch", "inner", "aligned", "of_any_size", "scene_shapes", "main", "...", "_start")},
	{"last", true, CALLS("touch", "forever", "scene_last", "main", "...", "_start")},
	{"thread", true, CALLS("touch", "inner", "middle", "outer", "in_thread", "...")},
	{"large", false, CALLS("touch", "inner", "scene_large")},
};

static void chains_are_as_called(const char *target)
{
	for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		play(beside(target), &everywhere[i]);
}

static void without_frame_pointers(void **state)
{
	(void)state;
	chains_are_as_called("unwind-calls-omit");
}

static void with_frame_pointers(void **state)
{
	(void)state;
	chains_are_as_called("unwind-calls-frame");
}

static void in_one_file(void **state)
{
	(void)state;
	struct stat st;
	if (stat(beside("unwind-calls-static"), &st))
		skip_because("no static PIE can be linked here");
	chains_are_as_called("unwind-calls-static");
}

/* ---- what only one compilation is needed for --------------------------------------------------------------------- */

#define TARGET "unwind-calls-omit"

static void play_one(const char *scene, bool complete, const char *const *names)
{
	play(beside(TARGET), &(struct scene){scene, complete, names});
}

static void what_a_signal_interrupted(void **state)
{
	(void)state;
	play_one("interrupted", true,
		 CALLS("touch", "on_fault", "...", "interrupted", "scene_interrupted", "main", "...", "_start"));
	/* The stack that the signal came upon is not the one that comes with the fault. */
	play_one("alternate", false, CALLS("touch", "on_fault", "...", "interrupted"));
}

static void a_leaf_of_the_library(void **state)
{
	(void)state;
	play_one("memset", true, CALLS("...", "scene_memset", "main", "...", "_start"));
}

static void code_of_no_file(void **state)
{
	(void)state;
	play_one("made", true, CALLS("touch", "?", "scene_made", "main", "...", "_start"));
}

static void deep_ones_are_cut(void **state)
{
	(void)state;
	struct calls c;
	struct pt_unwinder *u;
	struct chain chain;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "deep", NULL, 1024, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	calls_play(&c);
	struct pt_fault fault = *calls_fault(&c);
	follow(u, &fault, &chain);
	expect(&chain, false, CALLS("touch", "deep", "deep", "..."));
	assert_in_range(chain.n, 20, 65); /* of 16 bytes or more each */
	fault.stack_size = 0;
	follow(u, &fault, &chain);
	expect(&chain, false, CALLS("touch"));
	fault.regs = NULL;
	follow(u, &fault, &chain);
	expect(&chain, false, CALLS("touch"));
	pt_unwinder_free(u);
	calls_end(&c);

	if (!calls_start(&c, beside(TARGET), "deep", NULL, 32768, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	calls_play(&c);
	follow(u, calls_fault(&c), &chain);
	expect(&chain, false, CALLS("touch", "deep", "deep", "..."));
	assert_int_equal(chain.n, PT_STACK_MAX);
	pt_unwinder_free(u);
	calls_end(&c);
}

/* ---- modules that come and go ----------------------------------------------------------------------------------- */

static void a_library_that_is_gone_is_named_still(void **state)
{
	(void)state;
	static const char *const names[] = {"touch", "library_visit", "scene_library", "main", "...", "_start", NULL};
	struct calls c;
	struct pt_unwinder *u;
	struct chain chain, later;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "library", beside("libunwind-calls.so"), STACK_BYTES, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0); /* before it has the library */
	assert_int_equal(calls_play(&c), 2);
	follow(u, calls_fault(&c), &chain);
	expect(&chain, true, names);
	assert_string_equal(chain.symbols[1].module, beside("libunwind-calls.so"));
	assert_int_equal(calls_play(&c), 1);
	resolve(u, &chain, false);
	expect(&chain, true, names);
	follow(u, calls_fault(&c), &later); /* now nothing is known of the library's code */
	expect(&later, false, CALLS("touch", "library_visit"));
	pt_unwinder_free(u);
	calls_end(&c);
}

static void another_program(void **state)
{
	(void)state;
	struct calls c;
	struct pt_unwinder *u;
	struct chain chain;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "exec", beside("unwind-calls-frame"), STACK_BYTES, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	c.memory = calls_play(&c);
	pt_unwinder_execed(u);
	calls_play(&c);
	follow(u, calls_fault(&c), &chain);
	expect(&chain, true, CALLS("touch", "inner", "middle", "outer", "scene_plain", "main", "...", "_start"));
	assert_string_equal(chain.symbols[0].module, beside("unwind-calls-frame"));
	pt_unwinder_free(u);
	calls_end(&c);
}

/* Mappings are told as they come, so nothing needs to be read of a process that has ended. */
static void a_process_that_is_gone(void **state)
{
	(void)state;
	struct calls c;
	struct chain chain;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "exec", beside("unwind-calls-frame"), STACK_BYTES, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&c.told, c.k, c.child.pid), 0);
	c.memory = calls_play(&c);
	calls_play(&c);
	kill(c.child.pid, SIGKILL);
	assert_int_equal(waitpid(c.child.pid, NULL, 0), c.child.pid);
	follow(c.told, calls_fault(&c), &chain);
	expect(&chain, true, CALLS("touch", "inner", "middle", "outer", "scene_plain", "main", "...", "_start"));
	pt_unwinder_free(c.told);
	calls_end(&c);
}

/* At the same moment by the clock: maps are not read again. */
static void a_library_as_it_is_mapped(void **state)
{
	(void)state;
	struct calls c;
	struct chain chain;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "library", beside("libunwind-calls.so"), STACK_BYTES, &why))
		skip_because(why);
	assert_int_equal(pt_unwinder_new(&c.told, c.k, c.child.pid), 0);
	assert_int_equal(calls_play(&c), 2);
	c.script->clock[PT_CLOCK_MONOTONIC] = 0;
	follow(c.told, calls_fault(&c), &chain);
	expect(&chain, true, CALLS("touch", "library_visit", "scene_library", "main", "...", "_start"));
	pt_unwinder_free(c.told);
	calls_end(&c);
}

static void copy_to(const char *from, const char *path)
{
	char command[9000];
	snprintf(command, sizeof(command), "cp '%s' '%s'", from, path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): of names this test has made */
}

/* Its file is gone, or another has its name: only the mapping itself leads to it. */
static void a_program_whose_file_is_gone(void **state)
{
	(void)state;
	char dir[] = "/tmp/pagetop-unwind-XXXXXX", path[64], impostor[80];
	struct calls c;
	struct pt_unwinder *u = NULL;
	struct chain chain;
	const char *why;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/gone", dir);
	snprintf(impostor, sizeof(impostor), "%s (deleted)", path);
	copy_to(beside(TARGET), path);
	copy_to(beside("unwind-calls-frame"), impostor);
	bool started = calls_start(&c, path, "plain", NULL, STACK_BYTES, &why);
	unlink(path);
	if (started) {
		assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
		calls_play(&c);
		follow(u, calls_fault(&c), &chain);
	}
	unlink(impostor);
	rmdir(dir);
	if (!started)
		skip_because(why);
	if (geteuid() == 0)
		expect(&chain, true,
		       CALLS("touch", "inner", "middle", "outer", "scene_plain", "main", "...", "_start"));
	else
		assert_null(chain.symbols[0].name); /* not the impostor's */
	pt_unwinder_free(u);
	calls_end(&c);
}

/* Its path means something else, or nothing, outside. */
static void a_program_in_a_mount_namespace_of_its_own(void **state)
{
	(void)state;
	char dir[] = "/tmp/pagetop-unwind-XXXXXX", script[64], text[9000];
	struct calls c;
	struct pt_unwinder *u = NULL;
	struct chain chain;
	const char *why;
	if (geteuid() != 0)
		skip_because("only root can mount");
	if (system("unshare -m true 2>/dev/null") != 0) /* in a chroot, whose root is no mount point */
		skip_because("mounts cannot be kept apart here");
	assert_non_null(mkdtemp(dir));
	snprintf(script, sizeof(script), "%s/start", dir);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\n"
		 "[ \"$APART\" ] || APART=yes exec unshare -m \"$0\" \"$@\"\n"
		 "mount -t tmpfs none '%s' && cp '%s' '%s/program' && exec '%s/program' \"$@\"\n",
		 dir, beside(TARGET), dir, dir);
	int fd = open(script, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	bool started = calls_start(&c, script, "plain", NULL, STACK_BYTES, &why);
	unlink(script);
	if (!started) {
		rmdir(dir);
		skip_because(why);
	}
	c.script->deny = "/map_files/"; /* by its own root */
	c.script->deny_error = -EPERM;
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	calls_play(&c);
	follow(u, calls_fault(&c), &chain);
	rmdir(dir); /* not before: what is mounted on it elsewhere goes with it */
	expect(&chain, true, CALLS("touch", "inner", "middle", "outer", "scene_plain", "main", "...", "_start"));
	pt_unwinder_free(u);
	calls_end(&c);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void lines_and_build_ids(void **state)
{
	(void)state;
	struct calls c;
	struct pt_unwinder *u;
	struct chain chain;
	const char *why;
	if (!calls_start(&c, beside(TARGET), "qsort", NULL, STACK_BYTES, &why))
		skip_because(why);
	const unsigned open_fds = c.script->open_fds;
	assert_int_equal(pt_unwinder_new(&u, c.k, c.child.pid), 0);
	calls_play(&c);
	follow(u, calls_fault(&c), &chain);
	assert_null(chain.symbols[0].file);                          /* not asked for */
	assert_in_range(c.script->open_fds, open_fds, open_fds + 1); /* of the program, for lines later */
	resolve(u, &chain, true);
	assert_int_equal(c.script->open_fds, open_fds);
	assert_string_equal(chain.symbols[1].name, "compare");
	assert_non_null(chain.symbols[1].file);
	assert_non_null(strstr(chain.symbols[1].file, "tests/live/calls/target.c"));
	assert_in_range(chain.symbols[1].line, 50, 400);
	assert_in_range(chain.symbols[1].offset, 1, 200);
	assert_string_equal(chain.symbols[1].module, beside(TARGET));
	assert_non_null(strstr(chain.symbols[2].module, "libc")); /* qsort's */
	assert_non_null(chain.symbols[2].build_id);
	assert_int_equal(strspn(chain.symbols[2].build_id, "0123456789abcdef"), strlen(chain.symbols[2].build_id));
	assert_in_range(strlen(chain.symbols[2].build_id), 16, 128);
	pt_unwinder_free(u);
	calls_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_frame_pointers),
		cmocka_unit_test(with_frame_pointers),
		cmocka_unit_test(in_one_file),
		cmocka_unit_test(what_a_signal_interrupted),
		cmocka_unit_test(a_leaf_of_the_library),
		cmocka_unit_test(code_of_no_file),
		cmocka_unit_test(deep_ones_are_cut),
		cmocka_unit_test(a_library_that_is_gone_is_named_still),
		cmocka_unit_test(another_program),
		cmocka_unit_test(a_process_that_is_gone),
		cmocka_unit_test(a_library_as_it_is_mapped),
		cmocka_unit_test(a_program_whose_file_is_gone),
		cmocka_unit_test(a_program_in_a_mount_namespace_of_its_own),
		cmocka_unit_test(lines_and_build_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
