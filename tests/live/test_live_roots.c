/*
 * Roots of children: what is one and what is none, where threads live, end, stand still or sleep; and that nothing is left
 * of the look, however it ends.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/roots.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define MANY 1000u

/* What a child and the test both see. */
static struct shared {
	uint64_t object, frame, below, local, dead_local, dead_frame, result, watched, timed;
	volatile unsigned ready, signals;
	volatile pid_t tid;
} * shared;

static uint64_t in_bss;
static uint64_t in_data = 1;
static __thread uint64_t thread_local_word = 1;

struct world {
	struct child child;
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_roots roots;
};

/* ---- the test's side -------------------------------------------------------------------------------------------- */

static void look_at(struct world *w, void (*run)(struct child *self))
{
	memset(shared, 0, sizeof(*shared));
	w->child = child_start(run);
	child_wait(&w->child);
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	assert_int_equal(pt_target_open(&w->target, w->k, w->child.pid, NULL), 0);
	assert_int_equal(pt_memory_look(&w->memory, &w->target, false), 0);
	int error = pt_heap_read(&w->heap, &w->memory);
	assert_true(error == 0 || error == -ENOTSUP);
}

static void leave(struct world *w)
{
	pt_roots_free(&w->roots);
	pt_heap_free(w->heap);
	pt_memory_free(&w->memory);
	pt_target_close(&w->target);
	pt_kernel_free(w->k);
	child_end(&w->child);
}

#define need_heap(w)                                                                                                   \
	if (!(w).heap) {                                                                                               \
		leave(&(w));                                                                                           \
		skip_because("the child's malloc is not glibc's");                                                     \
	}

static int read_roots(struct world *w, struct pt_hold *held)
{
	const struct pt_roots_options options = {.held = held};
	pt_roots_free(&w->roots);
	return pt_roots_read(&w->roots, &w->memory, w->heap, &options);
}

static const struct pt_root_span *span_at(const struct world *w, uint64_t address)
{
	for (size_t i = 0; i < w->roots.n_spans; i++)
		if (w->roots.spans[i].start <= address && address < w->roots.spans[i].end)
			return &w->roots.spans[i];
	return NULL;
}

static void assert_kind(const struct world *w, uint64_t address, enum pt_root_kind kind)
{
	const struct pt_root_span *span = span_at(w, address);
	assert_non_null(span);
	assert_int_equal(span->kind, kind);
}

static const struct pt_root_word *word_of(const struct world *w, uint64_t value, enum pt_root_kind kind)
{
	for (size_t i = 0; i < w->roots.n_words; i++)
		if (w->roots.words[i].value == value && w->roots.words[i].kind == kind)
			return &w->roots.words[i];
	return NULL;
}

static bool is_traced(pid_t pid, pid_t tid)
{
	char path[64], text[4096] = "";
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	return n && (!strstr(text, "\nTracerPid:\t0\n") || strstr(text, "\nState:\tt"));
}

/* Whether a thread of it is traced, or stands still by a tracer. */
static bool is_held(struct world *w)
{
	pid_t *tids;
	size_t n;
	bool held = false;
	assert_int_equal(pt_read_threads(w->k, w->child.pid, &tids, &n), 0);
	for (size_t i = 0; i < n && !held; i++)
		held = is_traced(w->child.pid, tids[i]);
	free(tids);
	return held;
}

/* The kernel lets go when a thread of ours has ended, which is a little after it was waited for. */
static void assert_let_go(struct world *w)
{
	for (unsigned i = 0; i < 100000 && is_held(w); i++)
		sched_yield();
	assert_false(is_held(w));
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static void wait_for(volatile unsigned *counter, unsigned n)
{
	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < n)
		sched_yield();
}

static void *dies(void *arg)
{
	uint64_t local = 1;
	shared->dead_frame = (uint64_t)(uintptr_t)&local;
	shared->dead_local = (uint64_t)(uintptr_t)&thread_local_word;
	return arg;
}

static void *stays(void *arg)
{
	uint64_t local = 2;
	shared->frame = (uint64_t)(uintptr_t)&local;
	shared->below = shared->frame - 16384;
	shared->local = (uint64_t)(uintptr_t)&thread_local_word;
	shared->tid = gettid();
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return arg;
}

static void with_memory(struct child *self)
{
	pthread_t thread;
	child_need(!pthread_create(&thread, NULL, stays, NULL), "a thread");
	wait_for(&shared->ready, 1);
	child_need(!pthread_create(&thread, NULL, dies, NULL), "a thread");
	pthread_join(thread, NULL);
	in_bss = 1;
	in_data = 2;
	shared->object = (uint64_t)(uintptr_t)malloc(100);
	child_say(self, 1);
}

static void memory_of_each_kind(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_memory);
	need_heap(w);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_int_equal(w.roots.threads, 2);
	assert_int_equal(w.roots.refused, 0);
	assert_kind(&w, shared->frame, PT_ROOT_STACK);
	assert_int_equal(span_at(&w, shared->frame)->tid, shared->tid);
	assert_null(span_at(&w, shared->below));
	assert_kind(&w, shared->local, PT_ROOT_TLS);
	assert_int_equal(span_at(&w, shared->local)->tid, shared->tid);
	assert_null(span_at(&w, shared->dead_frame)); /* its stack is kept for the next thread */
	assert_null(span_at(&w, shared->dead_local));
	assert_kind(&w, (uint64_t)(uintptr_t)&in_bss, PT_ROOT_DATA);
	assert_kind(&w, (uint64_t)(uintptr_t)&in_data, PT_ROOT_DATA);
	assert_kind(&w, (uint64_t)(uintptr_t)shared, PT_ROOT_SHARED);
	assert_null(span_at(&w, shared->object));
	assert_null(span_at(&w, (uint64_t)(uintptr_t)&span_at)); /* code */
	for (size_t i = 1; i < w.roots.n_spans; i++)
		assert_true(w.roots.spans[i - 1].end <= w.roots.spans[i].start);
	leave(&w);
}

/* ---- a result that nobody has fetched --------------------------------------------------------------------------- */

static void with_result(struct child *self)
{
	pthread_t thread;
	struct pt_kernel *k;
	size_t n = 2;
	shared->result = (uint64_t)(uintptr_t)malloc(100);
	child_need(!pthread_create(&thread, NULL, dies, (void *)(uintptr_t)shared->result), "a thread");
	child_need(!pt_kernel_linux_new(&k, "/", 0), "the kernel");
	while (n > 1) { /* until it is gone */
		pid_t *tids;
		child_need(!pt_read_threads(k, self->pid, &tids, &n), "threads");
		free(tids);
	}
	child_say(self, 1);
	pthread_join(thread, NULL);
	child_say(self, 2);
}

static bool is_in_tls(struct world *w, uint64_t value)
{
	for (size_t i = 0; i < w->roots.n_spans; i++) {
		const struct pt_root_span *span = &w->roots.spans[i];
		uint64_t word;
		for (uint64_t at = span->start; span->kind == PT_ROOT_TLS && at < span->end; at += 8)
			if (pt_memory_word(&w->memory, at, &word) && word == value)
				return true;
	}
	return false;
}

static void result_that_nobody_fetched(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_result);
	need_heap(w);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_null(span_at(&w, shared->dead_frame));
	assert_true(is_in_tls(&w, shared->result));
	child_go(&w.child);
	child_wait(&w.child);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_false(is_in_tls(&w, shared->result)); /* it was */
	leave(&w);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

#if defined(__x86_64__)
static void *spins(void *arg)
{
	__asm__ volatile("mov %0, %%r12; movq %0, %%xmm11; xor %%eax, %%eax; lock incl %1\n"
			 "1: pause; jmp 1b\n"
			 :
			 : "a"(arg), "m"(shared->ready)
			 : "r12", "xmm11", "memory");
	return NULL;
}
#endif

static void with_words(struct child *self)
{
	shared->object = (uint64_t)(uintptr_t)malloc(100);
	shared->watched = (uint64_t)(uintptr_t)malloc(100);
	shared->timed = (uint64_t)(uintptr_t)malloc(100);
#if defined(__x86_64__)
	pthread_t thread;
	child_need(!pthread_create(&thread, NULL, spins, (void *)(uintptr_t)shared->object), "a thread");
	wait_for(&shared->ready, 1);
#endif
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)shared->watched};
	int fd = epoll_create1(0), pipes[2];
	child_need(fd >= 0 && !pipe(pipes) && !epoll_ctl(fd, EPOLL_CTL_ADD, pipes[0], &event), "epoll");
	struct sigevent at = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	at.sigev_value.sival_ptr = (void *)(uintptr_t)shared->timed;
	timer_t timer;
	child_need(!timer_create(CLOCK_MONOTONIC, &at, &timer), "a timer");
	child_say(self, (uint64_t)fd + 1);
}

static void words_of_each_kind(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_words);
	need_heap(w);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_non_null(word_of(&w, shared->watched, PT_ROOT_EPOLL));
	assert_true(word_of(&w, shared->watched, PT_ROOT_EPOLL)->fd > 2);
	if (access("/proc/self/timers", F_OK) == 0)
		assert_non_null(word_of(&w, shared->timed, PT_ROOT_TIMER));
#if defined(__x86_64__)
	bool general = false, vector = false;
	for (unsigned held = 0; held < 2; held++) {
		struct pt_hold *hold = NULL;
		if (held)
			assert_int_equal(pt_hold_new(&hold, w.k, w.child.pid), 0);
		assert_int_equal(read_roots(&w, hold), 0);
		for (size_t i = 0; i < w.roots.n_words; i++) {
			const struct pt_root_word *word = &w.roots.words[i];
			if (word->kind == PT_ROOT_REGISTER && word->value == shared->object) {
				general |= !strcmp(word->name, "r12");
				vector |= !strcmp(word->name, "xmm11");
			}
		}
		pt_hold_free(hold);
		assert_true(general && vector);
		general = vector = false;
	}
#endif
	leave(&w);
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static void with_many(struct child *self)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (unsigned i = 0; i < MANY; i++)
		child_need(!pthread_create(&thread, &small, stays, NULL), "a thread");
	wait_for(&shared->ready, MANY);
	child_say(self, 1);
}

static void many_threads(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_many);
	need_heap(w);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_int_equal(w.roots.threads, MANY + 1);
	assert_int_equal(w.roots.n_threads, MANY + 1);
	assert_true(w.roots.stopped_ns_max > 0 && w.roots.stopped_ns >= w.roots.stopped_ns_max);
	print_message("1,000 threads: each stopped %.0f us, one at most %.0f us\n",
		      (double)w.roots.stopped_ns / 1e3 / w.roots.threads, (double)w.roots.stopped_ns_max / 1e3);
	assert_let_go(&w);
	leave(&w);
}

static void count_signal(int signal)
{
	(void)signal;
	shared->signals++;
}

static void with_signals(struct child *self)
{
	const struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	sigaction(SIGRTMIN, &action, NULL);
	child_say(self, 1);
}

static void signals_arrive(void **state)
{
	(void)state;
	enum { SENT = 200 };
	struct world w = {0};
	look_at(&w, with_signals);
	need_heap(w);
	for (unsigned i = 0; i < SENT; i++) {
		assert_int_equal(sigqueue(w.child.pid, SIGRTMIN, (union sigval){0}), 0);
		assert_int_equal(read_roots(&w, NULL), 0);
	}
	while (shared->signals < SENT)
		sched_yield();
	assert_int_equal(shared->signals, SENT);
	leave(&w);
}

static char state_of(struct world *w)
{
	struct pt_process process;
	return pt_read_process(w->k, w->child.pid, &process) ? 0 : process.state;
}

static void who_stands_still_stays_so(void **state)
{
	(void)state;
	struct world w = {0};
	int status;
	look_at(&w, with_signals);
	need_heap(w);
	assert_int_equal(kill(w.child.pid, SIGSTOP), 0);
	assert_int_equal(waitpid(w.child.pid, &status, WUNTRACED), w.child.pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_int_equal(w.roots.threads, 1);
	assert_let_go(&w);
	assert_int_equal(state_of(&w), 'T');
	assert_int_equal(kill(w.child.pid, SIGCONT), 0);
	child_go(&w.child);
	leave(&w);
}

static void another_tracer_is_the_reason(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_signals);
	need_heap(w);
	assert_int_equal(ptrace(PTRACE_SEIZE, w.child.pid, NULL, NULL), 0);
	assert_int_equal(read_roots(&w, NULL), -EBUSY);
	leave(&w);
}

static void with_sleep(struct child *self)
{
	long pid = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0,
			   0); /* as vfork(): sleeps until the child is gone */
	if (pid == 0) {
		child_say(self, 1);
		_exit(0);
	}
	child_say(self, 2);
}

static void who_sleeps_in_the_kernel_is_left(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_sleep);
	need_heap(w);
	assert_int_equal(read_roots(&w, NULL), 0);
	assert_int_equal(w.roots.threads, 0);
	assert_int_equal(w.roots.refused, 1);
	assert_int_equal(w.roots.n_threads, 1);
	assert_let_go(&w);
	child_go(&w.child);
	assert_int_equal(child_wait(&w.child), 2); /* and was not stopped when it came back */
	leave(&w);
}

/* Looks for as long as it lives. */
static void looks_on(struct world *w)
{
	__atomic_store_n(&shared->ready, 0, __ATOMIC_SEQ_CST);
	for (;;) {
		struct pt_roots roots;
		if (pt_roots_read(&roots, &w->memory, w->heap, NULL))
			_exit(1);
		pt_roots_free(&roots);
		__atomic_fetch_add(&shared->ready, 1, __ATOMIC_SEQ_CST);
	}
}

static void killed_at_any_moment(void **state)
{
	(void)state;
	struct world w = {0};
	look_at(&w, with_many);
	need_heap(w);
	for (unsigned i = 0; i < 20; i++) {
		__atomic_store_n(&shared->ready, 0, __ATOMIC_SEQ_CST);
		pid_t looker = fork();
		assert_true(looker >= 0);
		if (!looker)
			looks_on(&w);
		if (i % 2)
			wait_for(&shared->ready, 1);
		for (unsigned k = 0; k < i * 50; k++)
			sched_yield();
		kill(looker, SIGKILL);
		assert_int_equal(waitpid(looker, NULL, 0), looker);
		assert_let_go(&w);
	}
	leave(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_each_kind),
		cmocka_unit_test(result_that_nobody_fetched),
		cmocka_unit_test(words_of_each_kind),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(signals_arrive),
		cmocka_unit_test(who_stands_still_stays_so),
		cmocka_unit_test(another_tracer_is_the_reason),
		cmocka_unit_test(who_sleeps_in_the_kernel_is_left),
		cmocka_unit_test(killed_at_any_moment),
	};
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
