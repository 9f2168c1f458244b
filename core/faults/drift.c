/*
 * Counters of /proc/vmstat, which are of the whole machine and since boot; see drift.h.
 */
#include "core/faults/drift.h"

#include <stdlib.h>
#include <string.h>

#include "core/faults/system.h"
#include "core/kernel/readers.h"

#define SETTINGS_NS 200000000u

/* What a kernel was built without does not happen on it. */
static uint64_t count(const char *text, size_t size, const char *key)
{
	uint64_t value;
	return pt_parse_counter(text, size, key, &value) ? value : 0;
}

static void note(struct pt_drift_counter *counter, uint64_t value, uint64_t now)
{
	if (counter->since_ns && counter->value == value)
		return;
	*counter = (struct pt_drift_counter){.value = value, .since_ns = now};
}

static void read_settings(struct pt_drift *drift, struct pt_kernel *k, uint64_t now)
{
	struct pt_fault_system system;
	if (drift->settings_ns && now - drift->settings_ns < SETTINGS_NS)
		return;
	pt_fault_system_read(k, &system);
	drift->settings_ns = now;
	drift->numa_balancing = system.numa_balancing.known && system.numa_balancing.value;
	bool merging = system.ksm_run.known && system.ksm_run.value == 1;
	drift->still_ns = merging ? 0 : drift->still_ns ? drift->still_ns : now;
}

void pt_drift_read(struct pt_drift *drift, struct pt_kernel *k)
{
	char *text;
	size_t size;
	bool read = pt_kernel_slurp(k, "proc/vmstat", &text, &size) == 0;
	uint64_t now = k->ops->now(k, PT_CLOCK_MONOTONIC); /* what was counted later is later than this */
	read_settings(drift, k, now);
	if (!read) {
		drift->moved = drift->swapped = drift->collapsed = (struct pt_drift_counter){0};
		return;
	}
	note(&drift->moved, count(text, size, "pgmigrate_success") + count(text, size, "pgmigrate_fail"), now);
	note(&drift->swapped, count(text, size, "pswpout"), now);
	note(&drift->collapsed, count(text, size, "thp_collapse_alloc"), now);
	free(text);
}
