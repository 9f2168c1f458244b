/*
 * The process list, live: this process and children of it in known states. Children are told what to do through a pipe
 * and answer through another, so nothing sleeps.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/procs/procs.h"

#define GROWTH (16u << 20)

struct child {
	pid_t pid;
	int ask, answer; /* ends of the pipes */
};

static void child_step(const struct child *child)
{
	char byte = 1;
	assert_int_equal(write(child->ask, &byte, 1), 1);
	assert_int_equal(read(child->answer, &byte, 1), 1);
}

/* Names itself, answers; then grows, answers; then waits for its end. */
static void child_run(const char *name, int asked, int answer)
{
	char byte;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (read(asked, &byte, 1) != 1 || write(answer, &byte, 1) != 1 || read(asked, &byte, 1) != 1)
		_exit(1);
	char *memory = mmap(NULL, GROWTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 1, GROWTH);
	if (write(answer, &byte, 1) != 1)
		_exit(1);
	while (read(asked, &byte, 1) == 1)
		;
	_exit(0);
}

static struct child child_new(const char *name)
{
	int ask[2], answer[2];
	assert_int_equal(pipe(ask), 0);
	assert_int_equal(pipe(answer), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		child_run(name, ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	const struct child child = {pid, ask[1], answer[0]};
	child_step(&child);
	return child;
}

static void child_end(const struct child *child)
{
	close(child->ask);
	close(child->answer);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

/* NULL if it is not listed. */
static struct pt_proc *look_up(const struct pt_proc_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].pid == pid)
			return list->v + i;
	return NULL;
}

static struct pt_proc *find(const struct pt_proc_list *list, pid_t pid)
{
	struct pt_proc *proc = look_up(list, pid);
	if (!proc) {
		fail_msg("process %d is not listed", (int)pid);
		abort(); /* fail_msg does not return, which the compiler cannot see */
	}
	return proc;
}

static uint64_t statm_rss(void)
{
	unsigned long size, rss;
	FILE *f = fopen("/proc/self/statm", "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &rss), 2);
	fclose(f);
	return (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void this_process_is_listed(void **state)
{
	struct pt_procs *procs = *state;
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(procs, &list), 0);
	const struct pt_proc *self = find(&list, getpid());
	assert_int_equal(self->uid, geteuid());
	assert_int_equal(self->state, 'R');
	assert_string_equal(self->name, "test_procs");
	assert_non_null(strstr(self->command, "test_procs"));
	assert_true(strlen(self->user) > 0);
	assert_true(self->start_time > 0);
	assert_false(self->kernel_thread);
	assert_true(self->swap.known);
	assert_false(self->pss.known); /* not asked for */
	const uint64_t rss = statm_rss();
	assert_true(self->rss.known);
	assert_true(self->rss.value > rss / 2 && self->rss.value < rss * 2);
	pt_proc_list_free(&list);
	assert_null(list.v);
}

static void the_list_is_in_order_of_pids(void **state)
{
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	assert_true(list.n >= 1);
	for (size_t i = 1; i < list.n; i++)
		assert_true(list.v[i - 1].pid < list.v[i].pid);
	pt_proc_list_free(&list);
}

static void kernel_threads_are_marked(void **state)
{
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	const struct pt_proc *kthreadd = look_up(&list, 2);
	if (!kthreadd || strcmp(kthreadd->name, "kthreadd")) {
		pt_proc_list_free(&list);
		print_message("SKIP: no kernel threads in this PID namespace\n");
		skip();
	}
	assert_true(kthreadd->kernel_thread);
	assert_string_equal(kthreadd->command, "[kthreadd]");
	assert_int_equal(kthreadd->rss.value, 0);
	pt_proc_list_free(&list);
}

static void growth_is_since_the_list_before(void **state)
{
	(void)state;
	struct pt_procs *procs;
	struct pt_proc_list list;
	assert_int_equal(pt_procs_new(&procs), 0);
	const struct child child = child_new("grower");
	assert_int_equal(pt_procs_read(procs, &list), 0);
	assert_false(find(&list, child.pid)->growth.known); /* no list before */
	pt_proc_list_free(&list);

	child_step(&child);
	assert_int_equal(pt_procs_read(procs, &list), 0);
	const struct pt_proc *grown = find(&list, child.pid);
	assert_true(grown->growth.known);
	/* 6.1 counts in batches per thread: a few pages may lag */
	assert_true(grown->growth.value > GROWTH - (1u << 20) && grown->growth.value < GROWTH + (4u << 20));
	pt_proc_list_free(&list);

	assert_int_equal(pt_procs_read(procs, &list), 0);
	assert_true(find(&list, child.pid)->growth.known);
	assert_true((int64_t)find(&list, child.pid)->growth.value < 1 << 20);
	pt_proc_list_free(&list);
	child_end(&child);
	pt_procs_free(procs);
}

static void one_born_since_has_no_growth(void **state)
{
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	pt_proc_list_free(&list);
	const struct child child = child_new("newborn");
	assert_int_equal(pt_procs_read(*state, &list), 0);
	assert_false(find(&list, child.pid)->growth.known);
	assert_true(find(&list, getpid())->growth.known);
	pt_proc_list_free(&list);
	child_end(&child);
	assert_int_equal(pt_procs_read(*state, &list), 0);
	assert_null(look_up(&list, child.pid));
	pt_proc_list_free(&list);
}

static void hostile_names_do_no_harm(void **state)
{
	const struct child child = child_new("a\033[2J) R (\n\377");
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	const struct pt_proc *hostile = find(&list, child.pid);
	assert_int_equal(hostile->name[0], 'a');
	assert_non_null(strstr(hostile->name, "[2J) R (")); /* not taken for fields of stat */
	assert_true(strchr("RSD", hostile->state) != NULL);
	assert_true(hostile->rss.value > 0);
	pt_proc_list_free(&list);
	child_end(&child);
}

static void a_zombie_has_a_name_and_no_memory(void **state)
{
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	const struct pt_proc *zombie = find(&list, pid);
	assert_int_equal(zombie->state, 'Z');
	assert_string_equal(zombie->command, "[test_procs]");
	assert_int_equal(zombie->rss.value, 0);
	assert_int_equal(pt_procs_read_pss(*state, list.v, list.n), 0);
	assert_false(zombie->pss.known);
	pt_proc_list_free(&list);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The arguments of this process are what it says they are: a long and hostile line here. */
static void long_arguments_are_cut_at_a_character(void **state)
{
	static char line[400];
	memset(line, 'x', sizeof line);
	line[0] = '\033';
	for (size_t i = 201; i + 1 < sizeof line; i += 2)
		memcpy(line + i, "\303\251", 2);
	line[sizeof line - 1] = '\0';
	int ready[2], done[2];
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char shell[] = "/bin/sh", option[] = "-c", script[] = "echo; read line";
		char *const arguments[] = {shell, option, script, line, NULL};
		dup2(ready[1], 1);
		dup2(done[0], 0);
		close(done[1]);
		execv(shell, arguments);
		_exit(127);
	}
	char byte;
	assert_int_equal(read(ready[0], &byte, 1), 1); /* it runs, so its exec is over */
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	const struct pt_proc *proc = find(&list, pid);
	static const char start[] = "/bin/sh -c echo; read line \033xx";
	assert_memory_equal(proc->command, start, sizeof start - 1);
	assert_true(strlen(proc->command) >= sizeof proc->command - 3);
	assert_int_equal((unsigned char)proc->command[strlen(proc->command) - 1], 0251);
	pt_proc_list_free(&list);
	close(done[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]), close(ready[1]), close(done[0]);
}

static void pss_is_given_where_asked_for(void **state)
{
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	struct pt_proc *self = find(&list, getpid());
	assert_int_equal(pt_procs_read_pss(*state, self, 1), 0);
	assert_true(self->pss.known);
	assert_true(self->pss.value > 0 && self->pss.value <= self->rss.value + (1u << 20));
	self->start_time++; /* the PID is another process's now */
	assert_int_equal(pt_procs_read_pss(*state, self, 1), 0);
	assert_false(self->pss.known);
	assert_int_equal(pt_procs_read_pss(*state, NULL, 0), 0);
	pt_proc_list_free(&list);
}

static void pss_of_more_than_one_batch(void **state)
{
	struct pt_proc v[150] = {0};
	struct pt_proc_list list;
	assert_int_equal(pt_procs_read(*state, &list), 0);
	for (size_t i = 0; i < 150; i++)
		v[i] = (struct pt_proc){.pid = 1 << 30}; /* nobody */
	v[3] = v[140] = *find(&list, getpid());
	assert_int_equal(pt_procs_read_pss(*state, v, 150), 0);
	for (size_t i = 0; i < 150; i++)
		assert_int_equal(v[i].pss.known, i == 3 || i == 140);
	pt_proc_list_free(&list);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	pt_procs_free(NULL);
	pt_proc_list_free(NULL);
}

static int set_up(void **state)
{
	prctl(PR_SET_NAME, "test_procs"); /* whatever the program file is called */
	return pt_procs_new((struct pt_procs **)state);
}

static int tear_down(void **state)
{
	pt_procs_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_process_is_listed),
		cmocka_unit_test(the_list_is_in_order_of_pids),
		cmocka_unit_test(kernel_threads_are_marked),
		cmocka_unit_test(growth_is_since_the_list_before),
		cmocka_unit_test(one_born_since_has_no_growth),
		cmocka_unit_test(hostile_names_do_no_harm),
		cmocka_unit_test(a_zombie_has_a_name_and_no_memory),
		cmocka_unit_test(long_arguments_are_cut_at_a_character),
		cmocka_unit_test(pss_is_given_where_asked_for),
		cmocka_unit_test(pss_of_more_than_one_batch),
		cmocka_unit_test(freeing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
