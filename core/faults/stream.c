/*
 * The fault stream; see stream.h. Two kinds of events, minor and major, in events.h; and tracepoints for codes.h.
 */
#include "core/faults/stream.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>

#include "core/kernel/readers.h"
#include "core/perf/events.h"

enum { MINOR, MAJOR, EVENTS, CODES = EVENTS, ALL = CODES + PT_CODES_EVENTS };

#define STACK_LEAST 8 /* bytes: every event has the fields of all */

struct pt_faults {
	struct pt_kernel *k;
	struct pt_events *events;
	struct pt_codes *codes; /* NULL: none */
	pid_t pid;
	bool kernel_mode;
	uint64_t told;
	struct pt_process began, last; /* where events are of CPUs alone: the process's own counters */
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int open_events(struct pt_faults *f, const struct pt_fault_options *options)
{
	struct perf_event_attr attrs[ALL] = {0};
	bool stacks = options->stack_bytes && pt_user_regs();
	for (unsigned i = 0; i < EVENTS; i++)
		attrs[i] = (struct perf_event_attr){
			.type = PERF_TYPE_SOFTWARE,
			.config = i == MAJOR ? PERF_COUNT_SW_PAGE_FAULTS_MAJ : PERF_COUNT_SW_PAGE_FAULTS_MIN,
			.sample_period = options->period ? options->period : 1,
			.sample_regs_user = stacks ? pt_user_regs() : 0,
			.sample_stack_user = stacks ? (uint32_t)options->stack_bytes : 0,
			.exclude_kernel = !f->kernel_mode,
		};
	for (unsigned i = CODES; i < ALL && f->codes; i++)
		attrs[i] = (struct perf_event_attr){
			.type = PERF_TYPE_TRACEPOINT,
			.config = pt_codes_config(f->codes, i - CODES),
			.sample_period = options->period <= 1 ? 1 : PT_EVENTS_OFF,
			.sample_regs_user = attrs[MINOR].sample_regs_user,
			.sample_stack_user = stacks ? STACK_LEAST : 0,
		};
	const struct pt_events_options wish = {
		.attrs = attrs,
		.n = f->codes ? ALL : EVENTS,
		.layout = {.regs = stacks ? pt_user_regs() : 0, .stack = stacks, .raw = f->codes != NULL},
		.ring_bytes = options->ring_bytes,
		.from_exec = options->from_exec,
		.machine = options->machine,
	};
	return pt_events_open(&f->events, f->k, f->pid, &wish);
}

int pt_faults_open(struct pt_faults **ret, struct pt_kernel *k, pid_t pid, const struct pt_fault_options *options)
{
	struct pt_faults *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->k = k;
	f->pid = pid;
	f->kernel_mode = true;
	if (options->codes && pt_codes_new(&f->codes, k) != 0)
		f->codes = NULL;
	int error = open_events(f, options);
	if (error && f->codes) { /* faults alone, then */
		pt_codes_free(f->codes);
		f->codes = NULL;
		error = open_events(f, options);
	}
	if (error == -EACCES || error == -EPERM) { /* faults in system calls are not for every user to see */
		f->kernel_mode = false;
		error = open_events(f, options);
	}
	if (!error && pt_events_totals(f->events).machine)
		error = pt_read_process(k, pid, &f->began);
	f->last = f->began;
	if (error) {
		pt_faults_close(f);
		return error;
	}
	*ret = f;
	return 0;
}

void pt_faults_close(struct pt_faults *f)
{
	if (!f)
		return;
	pt_events_close(f->events);
	pt_codes_free(f->codes);
	free(f);
}

int pt_faults_fd(const struct pt_faults *f)
{
	return pt_events_fd(f->events);
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

struct taking {
	struct pt_faults *f;
	const struct pt_fault_sink *sink;
};

static void deliver_fault(const struct taking *t, const struct pt_perf_record *r, unsigned which, uint64_t weight)
{
	struct pt_fault fault = {.time_ns = r->time_ns,
				 .address = r->address,
				 .ip = r->ip,
				 .pid = r->pid,
				 .tid = r->tid,
				 .cpu = r->cpu,
				 .weight = weight,
				 .major = which == MAJOR,
				 .kernel = r->kernel,
				 .regs = r->regs,
				 .n_regs = r->n_regs,
				 .stack = r->stack,
				 .stack_size = r->stack_size};
	fault.has_code = t->f->codes && pt_codes_take(t->f->codes, r, &fault.code);
	t->f->told += weight;
	t->sink->fault(t->sink->arg, &fault);
}

/* Threads are no news. */
static void deliver_news(const struct pt_perf_record *r, const struct pt_fault_sink *sink)
{
	bool process = r->pid == r->tid;
	if (!sink->news || !process)
		return;
	if (r->what == PT_PERF_FORK && r->pid != r->parent)
		sink->news(sink->arg, PT_FAULT_FORKED, r->pid, r->parent, r->time_ns);
	else if (r->what == PT_PERF_EXIT)
		sink->news(sink->arg, PT_FAULT_EXITED, r->pid, 0, r->time_ns);
	else if (r->what == PT_PERF_EXEC)
		sink->news(sink->arg, PT_FAULT_EXECED, r->pid, 0, r->time_ns);
}

static void deliver_mapping(const struct pt_perf_record *r, const struct pt_fault_sink *sink)
{
	const struct pt_vma vma = {.start = r->start,
				   .end = r->start + r->size,
				   .offset = r->offset,
				   .inode = r->inode,
				   .dev_major = r->dev_major,
				   .dev_minor = r->dev_minor,
				   .path = r->path};
	if (sink->mapped && vma.end > vma.start)
		sink->mapped(sink->arg, r->pid, &vma);
}

static void deliver(void *arg, const struct pt_perf_record *r, unsigned which, uint64_t period)
{
	const struct taking *t = arg;
	if (r->what == PT_PERF_SAMPLE && which >= CODES)
		pt_codes_note(t->f->codes, which - CODES, r);
	else if (r->what == PT_PERF_SAMPLE)
		deliver_fault(t, r, which, period);
	else if (r->what == PT_PERF_MAPPED)
		deliver_mapping(r, t->sink);
	else
		deliver_news(r, t->sink);
}

void pt_faults_take(struct pt_faults *f, const struct pt_fault_sink *sink)
{
	struct taking t = {f, sink};
	pt_events_take(f->events, &(struct pt_events_sink){deliver, &t});
}

int pt_faults_set_period(struct pt_faults *f, uint64_t period, const struct pt_fault_sink *sink)
{
	/* a code belongs to one fault, and with some of the faults come others' codes: all of both, or no codes */
	const uint64_t codes = period == 1 ? 1 : PT_EVENTS_OFF;
	const uint64_t periods[ALL] = {period, period, codes, codes};
	struct taking t = {f, sink};
	return pt_events_set_periods(f->events, periods, &(struct pt_events_sink){deliver, &t});
}

/* ---- totals ----------------------------------------------------------------------------------------------------- */

/* Events of CPUs alone count everybody's; the process's own counters do not know of its children. */
static void count_by_process(struct pt_faults *f, struct pt_fault_totals *t)
{
	struct pt_process p;
	if (pt_read_process(f->k, f->pid, &p) == 0)
		f->last = p;
	t->minor = f->last.minor_faults.value - f->began.minor_faults.value;
	t->major = f->last.major_faults.value - f->began.major_faults.value;
}

struct pt_fault_totals pt_faults_totals(struct pt_faults *f)
{
	struct pt_events_totals events = pt_events_totals(f->events);
	struct pt_fault_totals t = {.told = f->told,
				    .lost = events.lost,
				    .damaged = events.damaged,
				    .unsure = events.unsure,
				    .threads = events.threads,
				    .cpus = events.cpus,
				    .kernel_mode = f->kernel_mode,
				    .codes = f->codes != NULL,
				    .machine = events.machine};
	if (!pt_events_count(f->events, MINOR, &t.minor) || !pt_events_count(f->events, MAJOR, &t.major))
		count_by_process(f, &t);
	return t;
}

uint64_t pt_faults_lost(const struct pt_faults *f)
{
	return pt_events_totals(f->events).lost;
}
