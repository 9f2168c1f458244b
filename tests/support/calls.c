/*
 * Starts the program of tests/live/calls/, keeps its faults; see calls.h.
 */
#include "tests/support/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What run_target() is to start: a child knows no more than its pipes. */
static struct {
	const char *program, *scene, *extra;
} wanted;

static void run_target(struct child *self)
{
	char to[16], from[16];
	snprintf(to, sizeof(to), "%d", self->to);
	snprintf(from, sizeof(from), "%d", self->from);
	fcntl(self->to, F_SETFD, 0);
	fcntl(self->from, F_SETFD, 0);
	execl(wanted.program, wanted.program, to, from, wanted.scene, wanted.extra, (char *)NULL);
	child_need(0, wanted.program);
}

bool calls_start(struct calls *c, const char *program, const char *scene, const char *extra, size_t stack_bytes,
		 const char **ret_why)
{
	struct pt_kernel *real;
	memset(c, 0, sizeof(*c));
	if (!pt_user_regs()) {
		*ret_why = "the registers of this machine are not known";
		return false;
	}
	wanted.program = program;
	wanted.scene = scene;
	wanted.extra = extra;
	c->child = child_start(run_target);
	c->memory = child_wait(&c->child);
	assert_int_equal(pt_kernel_linux_new(&real, "/", 0), 0);
	assert_int_equal(pt_kernel_linux_new(&c->real, "/", 0), 0);
	c->script = scripted_new(real);
	c->k = &c->script->k;
	const struct pt_fault_options options = {.stack_bytes = stack_bytes};
	int error = pt_faults_open(&c->stream, c->real, c->child.pid, &options);
	if (!error)
		return true;
	calls_end(c);
	if (error != -EACCES && error != -EPERM && error != -ENOSYS)
		fail_msg("pt_faults_open: %s", strerror(-error));
	*ret_why = "perf_event_open is not permitted here";
	return false;
}

static void *copied(const void *bytes, size_t size)
{
	char *copy = malloc(size + 1);
	assert_non_null(copy);
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static void take(void *arg, const struct pt_fault *fault)
{
	struct calls *c = arg;
	c->faults = realloc(c->faults, (c->n + 1) * sizeof(*c->faults));
	assert_non_null(c->faults);
	struct pt_fault *kept = &c->faults[c->n++];
	*kept = *fault;
	kept->regs = copied(fault->regs, fault->n_regs * sizeof(*fault->regs));
	kept->stack = copied(fault->stack, fault->stack_size);
}

static void take_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	const struct calls *c = arg;
	(void)parent, (void)time_ns;
	if (c->told && what == PT_FAULT_EXECED && pid == c->child.pid)
		pt_unwinder_execed(c->told);
}

static void take_mapping(void *arg, pid_t pid, const struct pt_vma *vma)
{
	const struct calls *c = arg;
	if (c->told && pid == c->child.pid)
		pt_unwinder_mapped(c->told, vma);
}

uint64_t calls_play(struct calls *c)
{
	const struct pt_fault_sink sink = {.fault = take, .news = take_news, .mapped = take_mapping, .arg = c};
	child_go(&c->child);
	const uint64_t said = child_wait(&c->child);
	pt_faults_take(c->stream, &sink);
	c->script->clock[PT_CLOCK_MONOTONIC] += 10000000000u;
	return said;
}

const struct pt_fault *calls_fault(const struct calls *c)
{
	for (size_t i = c->n; i > 0; i--)
		if (c->faults[i - 1].address == c->memory)
			return &c->faults[i - 1];
	fail_msg("no fault at the scene's memory, of %zu", c->n);
	return NULL;
}

void calls_end(struct calls *c)
{
	child_end(&c->child);
	pt_faults_close(c->stream);
	scripted_free(c->script);
	pt_kernel_free(c->real);
	for (size_t i = 0; i < c->n; i++) {
		free((void *)(uintptr_t)c->faults[i].regs);
		free((void *)(uintptr_t)c->faults[i].stack);
	}
	free(c->faults);
}
