/*
 * See spent.h. The CPUs' clocks are sampled, and samples of others left out: a clock of each thread would be started and
 * stopped with every switch between threads, which costs a server that waits often up to a tenth of its time.
 */
#include "core/faults/spent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"
#include "core/perf/events.h"

#define PERIOD_NS (5u * 1000 * 1000)

/* Whoever has one of these among its callers handles a fault: of x86, of arm64, of both (also one a system call asks for). */
static const char *const handlers[] = {"asm_exc_page_fault", "exc_page_fault", "do_mem_abort", "handle_mm_fault"};
#define HANDLERS (sizeof(handlers) / sizeof(*handlers))

struct pt_spent {
	struct pt_events *events;
	pid_t pid;
	struct pt_code code[HANDLERS];
	struct pt_spent_totals totals;
};

static bool in_handler(const struct pt_spent *spent, const struct pt_perf_record *record)
{
	for (size_t i = 0; i < record->n_calls; i++)
		for (size_t h = 0; h < HANDLERS; h++)
			if (record->calls[i] >= spent->code[h].start && record->calls[i] < spent->code[h].end)
				return true;
	return false;
}

static void take_record(void *arg, const struct pt_perf_record *record, unsigned which, uint64_t period)
{
	struct pt_spent *spent = arg;
	(void)which;
	if (record->what != PT_PERF_SAMPLE || record->pid != spent->pid)
		return;
	bool in = in_handler(spent, record);
	spent->totals.samples++;
	spent->totals.cpu_ns += period;
	spent->totals.in_faults += in;
	spent->totals.faults_ns += in ? period : 0;
}

int pt_spent_open(struct pt_spent **ret, struct pt_kernel *k, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = PERIOD_NS,
		.exclude_callchain_user = 1,
		.exclude_idle = 1,
	};
	struct pt_events_options options = {.attrs = &attr, .n = 1, .layout = {.calls = true}, .machine = true};
	struct pt_spent *spent = calloc(1, sizeof(*spent));
	if (!spent)
		return -ENOMEM;
	spent->pid = pid;
	int error = pt_read_kernel_code(k, handlers, HANDLERS, spent->code);
	if (!error)
		error = pt_events_open(&spent->events, k, pid, &options);
	if (error) {
		free(spent);
		return error;
	}
	*ret = spent;
	return 0;
}

void pt_spent_close(struct pt_spent *spent)
{
	if (!spent)
		return;
	pt_events_close(spent->events);
	free(spent);
}

void pt_spent_take(struct pt_spent *spent)
{
	pt_events_take(spent->events, &(struct pt_events_sink){take_record, spent});
}

struct pt_spent_totals pt_spent_totals(const struct pt_spent *spent)
{
	struct pt_spent_totals totals = spent->totals;
	totals.lost = pt_events_totals(spent->events).lost;
	return totals;
}
