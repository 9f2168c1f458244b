/*
 * A thread of its own for each piece of work, since a priority that was lowered cannot be raised again without privilege.
 * Nice 10 is a tenth of the processor where others want all of it: enough for passes to end. Lower still, or SCHED_IDLE,
 * disturbs a little less, and ends in no verdict on a machine that is always busy (tests/bench/RESULTS.md, "The hunt").
 */
#include "core/hunt/aside.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#define LOW 10

struct aside {
	int (*fn)(void *arg);
	void *arg;
	int result;
};

static void *work(void *arg)
{
	struct aside *aside = arg;
	setpriority(PRIO_PROCESS, 0, LOW); /* Linux: of this thread alone */
	aside->result = aside->fn(aside->arg);
	return NULL;
}

int pt_aside(int (*fn)(void *arg), void *arg)
{
	struct aside aside = {.fn = fn, .arg = arg};
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all); /* signals are for the threads of the caller */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, work, &aside);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return fn(arg);
	pthread_join(thread, NULL);
	return aside.result;
}
