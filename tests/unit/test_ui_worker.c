/*
 * Workers: the newest request and the newest result count, and a worker that hangs is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "tui/worker.h"

/* What the worker shares with the test. */
struct desk {
	sem_t begun, go_on, closed;
	bool hold; /* work waits for go_on */
};

static struct desk desk;

static void work(struct ui_worker *worker, void *state, const void *request)
{
	struct desk *d = state;
	sem_post(&d->begun);
	if (d->hold)
		sem_wait(&d->go_on);
	int *result = malloc(sizeof *result);
	assert_non_null(result);
	*result = 10 * *(const int *)request;
	ui_worker_publish(worker, result);
}

static void close_desk(void *state)
{
	sem_post(&((struct desk *)state)->closed);
}

static const struct ui_worker_ops ops = {sizeof(int), work, free, close_desk};

static int set(void **arg)
{
	(void)arg;
	desk.hold = false;
	sem_init(&desk.begun, 0, 0);
	sem_init(&desk.go_on, 0, 0);
	sem_init(&desk.closed, 0, 0);
	return 0;
}

static struct ui_worker *start(bool hold)
{
	struct ui_worker *worker;
	desk.hold = hold;
	assert_int_equal(ui_worker_new(&worker, &ops, &desk), 0);
	return worker;
}

static bool readable(const struct ui_worker *worker, int ms)
{
	struct pollfd polled = {.fd = ui_worker_fd(worker), .events = POLLIN};
	return poll(&polled, 1, ms) > 0;
}

static int take(struct ui_worker *worker)
{
	assert_true(readable(worker, 10000));
	int *result = ui_worker_take(worker);
	assert_non_null(result);
	int value = *result;
	free(result);
	return value;
}

static void a_request_is_answered(void **arg)
{
	(void)arg;
	struct ui_worker *worker = start(false);
	assert_null(ui_worker_take(worker));
	ui_worker_ask(worker, &(int){4});
	assert_int_equal(take(worker), 40);
	assert_false(readable(worker, 0));
	assert_null(ui_worker_take(worker));
	ui_worker_free(worker, 10000);
	assert_int_equal(sem_trywait(&desk.closed), 0); /* it was waited for */
}

static void the_newest_request_replaces_one_that_waits(void **arg)
{
	(void)arg;
	struct ui_worker *worker = start(true);
	ui_worker_ask(worker, &(int){1});
	sem_wait(&desk.begun);
	assert_false(ui_worker_interrupted(worker));
	ui_worker_ask(worker, &(int){2});
	ui_worker_ask(worker, &(int){3});
	assert_true(ui_worker_interrupted(worker));
	assert_true(ui_worker_busy(worker));
	sem_post(&desk.go_on);
	assert_int_equal(take(worker), 10);
	sem_post(&desk.go_on);
	assert_int_equal(take(worker), 30);
	ui_worker_free(worker, 10000);
}

static void the_newest_result_replaces_one_that_nobody_took(void **arg)
{
	(void)arg;
	struct ui_worker *worker = start(false);
	ui_worker_ask(worker, &(int){1});
	assert_true(readable(worker, 10000));
	sem_wait(&desk.begun);
	desk.hold = true;
	ui_worker_ask(worker, &(int){2});
	sem_wait(&desk.begun);
	sem_post(&desk.go_on);
	ui_worker_free(worker, 10000); /* what nobody took is dropped: checked by the sanitizer */
	sem_wait(&desk.closed);
}

static void a_worker_that_hangs_is_left_behind(void **arg)
{
	struct timespec before, after;
	(void)arg;
	struct ui_worker *worker = start(true);
	ui_worker_ask(worker, &(int){1});
	sem_wait(&desk.begun);
	clock_gettime(CLOCK_MONOTONIC, &before);
	ui_worker_free(worker, 50);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 5);
	assert_int_not_equal(sem_trywait(&desk.closed), 0);
	sem_post(&desk.go_on); /* it comes back, and cleans up after itself */
	sem_wait(&desk.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_request_is_answered, set),
		cmocka_unit_test_setup(the_newest_request_replaces_one_that_waits, set),
		cmocka_unit_test_setup(the_newest_result_replaces_one_that_nobody_took, set),
		cmocka_unit_test_setup(a_worker_that_hangs_is_left_behind, set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
