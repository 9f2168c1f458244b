/*
 * Trees of made-up processes: who is found and how, what is told of whom, in which order, and that failures lose nothing.
 * The script of a test runs in the tree's own thread, after each look, so that nothing has to be waited for but its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <semaphore.h>

#include "core/tree/tree.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define ROOT   100
#define REAPER 50
#define TICK   20000u /* ns that each look at a clock takes, so that time passes by being looked at */

/* What was told, in order: "+100" began, "100:4096" sampled with so much anonymous memory, "#100" a frame, "-100=7" ended. */
static char told[8192];
static struct fixture *fixture;
static struct scripted *scripted;
static struct pt_tree *tree;
static unsigned looks, frames, last_look;
static uint64_t last_seq;
static void (*script)(unsigned look);
static sem_t done, started; /* started: `tree` is set */
static struct pt_kernel_ops kept_ops;
static bool count_vmas;
static struct pt_maybe vmas[8]; /* as samples of the root had them */
static size_t n_vmas;

static void keep(struct pt_kernel *k)
{
	(void)k; /* freed by the test, which looks at descriptors then */
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	size_t n = strlen(told);
	va_list args;
	va_start(args, format);
	vsnprintf(told + n, sizeof(told) - n, format, args);
	va_end(args);
}

static void began(void *arg, const struct pt_tree_process *p)
{
	(void)arg;
	tell("+%d ", (int)p->pid);
}

static void sampled(void *arg, const struct pt_tree_process *p, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	(void)arg;
	(void)realtime_ns;
	assert_int_equal(p->sampled_ns, monotonic_ns);
	if (p->pid == ROOT && n_vmas < sizeof(vmas) / sizeof(*vmas))
		vmas[n_vmas++] = p->vmas;
	if (p->counters.rss_anon.known)
		tell("%d:%d ", (int)p->pid, (int)p->counters.rss_anon.value);
	else
		tell("%d:? ", (int)p->pid);
}

static void ended(void *arg, const struct pt_tree_process *p)
{
	(void)arg;
	assert_int_not_equal(p->ended_ns, 0);
	if (p->exit_status.known)
		tell("-%d=%d,%d ", (int)p->pid, (int)p->exit_status.value, (int)p->max_rss.value);
	else
		tell("-%d ", (int)p->pid);
}

static void framed(void *arg, const struct pt_tree_process *p, struct pt_snapshot *snapshot)
{
	(void)arg;
	assert_int_equal(snapshot->stage, PT_STAGE_COMPLETE);
	assert_int_equal(snapshot->process.pid, p->pid);
	assert_true(snapshot->seq > last_seq);
	last_seq = snapshot->seq;
	frames++;
	tell("#%d ", (int)p->pid);
}

static void looked(void *arg, uint64_t monotonic_ns)
{
	(void)arg;
	(void)monotonic_ns;
	looks++;
	tell("| ");
	if (script)
		script(looks);
	if (looks == last_look)
		sem_post(&done);
}

static void start(const char *text, void (*with)(unsigned look))
{
	told[0] = '\0';
	looks = frames = n_vmas = 0;
	last_seq = 0;
	script = with;
	sem_init(&done, 0, 0);
	sem_init(&started, 0, 0);
	fixture = fixture_new(4096, text);
	scripted = scripted_new(fixture_kernel(fixture));
	scripted->tick = TICK;
	kept_ops = *scripted->k.ops;
	kept_ops.free = keep;
	scripted->k.ops = &kept_ops;
}

static void await(sem_t *sem)
{
	while (sem_wait(sem))
		assert_int_equal(errno, EINTR);
}

/* Until so many looks were had; `frame_ns` 0: without frames. */
static int watch(unsigned n, uint64_t frame_ns)
{
	struct pt_tree_options options = {.interval_ns = 1000000,
					  .frame_ns = frame_ns,
					  .settle_ns = frame_ns,
					  .share = 1,
					  .reaper = REAPER,
					  .count_vmas = count_vmas,
					  .sinks = {{began, sampled, looked, framed, ended, NULL}},
					  .n_sinks = 1};
	last_look = n;
	int error = pt_tree_new(&tree, &scripted->k, ROOT, &options);
	if (error)
		return error;
	sem_post(&started);
	await(&done);
	pt_tree_stop(tree);
	return 0;
}

static void stop(void)
{
	pt_tree_free(tree);
	tree = NULL;
	scripted_free(scripted);
	fixture_free(fixture);
	sem_destroy(&done);
	sem_destroy(&started);
}

static void children(pid_t pid, pid_t tid, const char *list)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/task/%d/children", (int)pid, (int)tid);
	fixture_write(fixture, path, list);
}

#define PROCESS(pid, start, page)                                                                                      \
	"process " #pid " S start=" #start " p" #pid "\nvma 10000-20000 rw-p\npage " page " anon pfn=" #pid "\n"

/* Looks for words in the order given, anywhere in what was told. */
static void assert_told(const char *const *words)
{
	const char *at = told;
	for (; *words; words++) {
		const char *found = strstr(at, *words);
		if (!found) {
			fail_msg("'%s' is missing, or not in its place, in: %s", *words, told);
			return;
		}
		at = found + strlen(*words);
	}
}

/* ---- who is found ----------------------------------------------------------------------------------------------- */

static void all_generations_in_one_look(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000") PROCESS(300, 3, "11000") PROCESS(400, 4, "10000")
		      PROCESS(50, 5, "10000"),
	      NULL);
	children(100, 100, "200 ");
	children(200, 200, "300 ");
	children(300, 300, "");
	children(400, 400, "");
	children(50, 50, "100 400 "); /* an orphan that came to the subreaper */
	assert_int_equal(watch(2, 0), 0);
	static const char *const words[] = {"+100", "+400",     "100:4096", "+200", "400:4096", "200:4096",
					    "+300", "300:4096", "|",        "100:", "|",        NULL};
	assert_told(words);
	struct pt_tree_status status = pt_tree_status(tree);
	assert_int_equal(status.seen, 4);
	assert_int_equal(status.living, 4);
	assert_true(status.over && !status.root_ended);
	assert_null(strstr(told, "+50"));
	assert_null(strstr(told, "-100")); /* it lives */
	stop();
}

static void children_of_other_threads(void **state)
{
	(void)state;
	start("process 100 S start=1 threads=2 many\nvma 10000-20000 rw-p\npage 10000 anon pfn=100\n" PROCESS(200, 2,
													      "10000"),
	      NULL);
	children(100, 100, "");
	children(100, 101, "200 ");
	assert_int_equal(watch(1, 0), 0);
	static const char *const words[] = {"+100", "+200", "200:4096", NULL};
	assert_told(words);
	stop();
}

static ssize_t (*whole_pread)(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset);

/* As the kernel hands out a list in /proc: at most a page at a time, less a byte. */
static ssize_t pread_by_pages(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset)
{
	return whole_pread(k, fd, buf, size < 4095 ? size : 4095, offset);
}

/* 2600 children, of whom the last one is there. Of a list that is cut after 8192 bytes the end would be "11". */
static void long_lists_are_read_whole(void **state)
{
	(void)state;
	char *list = calloc(2600, 8), *at = list;
	assert_non_null(list);
	start(PROCESS(100, 1, "10000") PROCESS(11, 2, "10000") PROCESS(12599, 3, "10000"), NULL);
	whole_pread = kept_ops.pread;
	kept_ops.pread = pread_by_pages;
	for (int pid = 10000; pid < 12600; pid++)
		at += sprintf(at, "%d ", pid);
	children(100, 100, list);
	children(12599, 12599, "");
	assert_int_equal(watch(1, 0), 0);
	assert_non_null(strstr(told, "+12599 "));
	assert_null(strstr(told, "+11 "));
	stop();
	free(list);
}

static void by_their_parents_where_there_is_no_list(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000") PROCESS(300, 3, "10000"), NULL);
	fixture_write(fixture, "proc/200/stat",
		      "200 (a) b) S 100 1 1 0 -1 0 99 0 7 0 30 12 0 0 20 0 1 0 2 3133440 418 1 1 1 0 0 0 0 0 0\n");
	assert_int_equal(watch(2, 0), 0);
	static const char *const words[] = {"+100", "+200", "|", "200:4096", NULL};
	assert_told(words);
	assert_null(strstr(told, "+300"));
	stop();
}

static void nobody_there(void **state)
{
	(void)state;
	start(PROCESS(200, 2, "10000"), NULL);
	assert_int_equal(watch(1, 0), -ESRCH);
	stop();
}

/* ---- ends ------------------------------------------------------------------------------------------------------- */

static void end_in_turn(unsigned look)
{
	if (look == 1) { /* it became a zombie; nobody has waited for it */
		children(200, 200, "");
		fixture_add(fixture, "process 200 Z start=2 p200\n");
	} else if (look == 3) {
		await(&started);
		pt_tree_waited(tree, 200, 0x700, 8192);
		children(100, 100, "");
		fixture_end(fixture, 200);
	} else if (look == 5) { /* its own parent waited for it */
		fixture_end(fixture, 100);
	}
}

static void ends_are_told_once_with_what_is_known(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000"), end_in_turn);
	fixture_write(fixture, "proc/stat", "cpu 1 2\nprocesses 40\n");
	children(100, 100, "200 ");
	children(200, 200, "");
	children(50, 50, "");
	assert_int_equal(watch(6, 0), 0);
	static const char *const words[] = {"200:4096", "|", "|", "|", "-200=1792,8192", "|", "|", "-100 ", NULL};
	assert_told(words);
	char *second = strstr(told, "200:4096");
	assert_null(strstr(second + 1, "200:4096")); /* no sample of a zombie */
	struct pt_tree_status status = pt_tree_status(tree);
	assert_true(status.over && status.root_ended);
	assert_int_equal(status.living, 0);
	assert_true(status.forks.known);
	assert_int_equal(status.forks.value, 0);
	stop();
}

static void reuse(unsigned look)
{
	if (look != 2)
		return;
	fixture_end(fixture, 200);
	fixture_add(fixture, PROCESS(200, 9, "12000") "page 13000 anon pfn=201\n");
	children(200, 200, "");
}

static void a_pid_that_is_used_again_is_another_process(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000"), reuse);
	children(100, 100, "200 ");
	children(200, 200, "");
	assert_int_equal(watch(4, 0), 0);
	static const char *const words[] = {"+200",   "200:4096", "|",        "200:4096", "|",
					    "-200 |", "+200",     "200:8192", NULL};
	assert_told(words);
	assert_int_equal(pt_tree_status(tree).seen, 3);
	stop();
}

/* ---- VMAs of those without frames -------------------------------------------------------------------------------- */

static void map_more(unsigned look)
{
	if (look == 2)
		fixture_add(fixture, PROCESS(100, 1, "10000") "vma 20000-24000 rw-p\n");
}

static void vmas_are_counted_where_that_is_asked_for(void **state)
{
	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		count_vmas = asked;
		start(PROCESS(100, 1, "10000"), map_more);
		assert_int_equal(watch(4, 0), 0);
		assert_true(n_vmas >= 4);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(vmas[i].known, asked);
		assert_int_equal(vmas[1].value, asked ? 1 : 0);
		assert_int_equal(vmas[3].value, asked ? 2 : 0); /* more is mapped */
		stop();
	}
	count_vmas = false;
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

/* The root is found before the other two, and has its turn while they are too young. */
static void the_largest_comes_first(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000")
		      PROCESS(300, 3, "10000") "pages 11000-15000 anon pfn=900\n",
	      NULL);
	children(100, 100, "200 300 ");
	children(200, 200, "");
	children(300, 300, "");
	assert_int_equal(watch(60, 1000000), 0);
	static const char *const words[] = {"#300", "#200", NULL};
	assert_told(words);
	assert_int_equal(pt_tree_status(tree).frames, frames);
	stop();
}

static void who_refuses_is_asked_once(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000"), NULL);
	children(100, 100, "200 ");
	children(200, 200, "");
	scripted->deny = "200/pagemap";
	scripted->deny_error = -EACCES;
	assert_int_equal(watch(60, 1000000), 0);
	assert_non_null(strstr(told, "#100"));
	assert_null(strstr(told, "#200"));
	assert_non_null(strstr(told, "200:4096")); /* counters are open to all */
	stop();
}

static void want(unsigned look)
{
	if (look != 3)
		return;
	await(&started);
	pt_tree_look(tree, 200);
}

static void a_wanted_frame_is_not_waited_for(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000"), want);
	children(100, 100, "200 ");
	children(200, 200, "");
	assert_int_equal(watch(30, UINT64_C(3600000000000)), 0); /* none would come by itself */
	assert_non_null(strstr(told, "#200"));
	stop();
}

static uint64_t wish;

/* A look that was under way already does not grant it. */
static void wish_for_a_look(unsigned look)
{
	uint64_t granted;
	if (look == 1)
		await(&started);
	granted = pt_tree_status(tree).granted;
	if (look == 3)
		wish = pt_tree_look(tree, 0);
	assert_int_equal(granted, look < 5 ? 0 : wish);
}

static void a_wish_is_granted_by_a_look_that_began_after_it(void **state)
{
	(void)state;
	start(PROCESS(100, 1, "10000"), wish_for_a_look);
	children(100, 100, "");
	assert_int_equal(watch(6, 0), 0);
	assert_int_equal(wish, 1);
	stop();
}

/* ---- failures --------------------------------------------------------------------------------------------------- */

static void any_call_may_fail(void **state)
{
	(void)state;
	for (unsigned long call = 1; call < 120; call++) {
		start(PROCESS(100, 1, "10000") PROCESS(200, 2, "10000"), NULL);
		children(100, 100, "200 ");
		children(200, 200, "");
		children(50, 50, "100 ");
		scripted->fail_call = call;
		scripted->fail_error = call % 2 ? -EIO : -ENOMEM;
		int error = watch(12, 1000000);
		if (!error)
			assert_non_null(strstr(told, "100:4096"));
		stop(); /* fails where a descriptor is still open */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_generations_in_one_look),
		cmocka_unit_test(children_of_other_threads),
		cmocka_unit_test(long_lists_are_read_whole),
		cmocka_unit_test(by_their_parents_where_there_is_no_list),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(ends_are_told_once_with_what_is_known),
		cmocka_unit_test(a_pid_that_is_used_again_is_another_process),
		cmocka_unit_test(vmas_are_counted_where_that_is_asked_for),
		cmocka_unit_test(the_largest_comes_first),
		cmocka_unit_test(who_refuses_is_asked_once),
		cmocka_unit_test(a_wanted_frame_is_not_waited_for),
		cmocka_unit_test(a_wish_is_granted_by_a_look_that_began_after_it),
		cmocka_unit_test(any_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
