/*
 * Error codes: how the processor says memory was used when it faulted. The page fault events have none; the tracepoints
 * exceptions/page_fault_user and _kernel do, which come first, when a fault begins. Here the two are put together: by
 * thread and page. For who may read tracepoints, where the machine's codes are known (x86).
 */
#ifndef PT_FAULTS_CODES_H
#define PT_FAULTS_CODES_H

#include "core/kernel/kernel.h"
#include "core/perf/record.h"

#define PT_CODES_EVENTS 2 /* tracepoints */

struct pt_fault_code {
	uint64_t began_ns; /* when the fault began */
	bool present;      /* something was mapped, which may not be used like that */
	bool write;
};

struct pt_codes;

/* -ENOENT: tracefs is not mounted; -EACCES; -EOPNOTSUPP: another machine; -ENOMEM. */
int pt_codes_new(struct pt_codes **ret, struct pt_kernel *k);
void pt_codes_free(struct pt_codes *codes);                             /* NULL is fine */
uint64_t pt_codes_config(const struct pt_codes *codes, unsigned which); /* of perf_event_attr, for [PT_CODES_EVENTS] */
/* A sample of one of these. */
void pt_codes_note(struct pt_codes *codes, unsigned which, const struct pt_perf_record *record);
/* That of a fault which was told after it; false: it was not noted, or was lost. */
bool pt_codes_take(struct pt_codes *codes, const struct pt_perf_record *fault, struct pt_fault_code *ret);

#endif
