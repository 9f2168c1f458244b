/*
 * See codes.h. A thread has one fault at a time, so of each thread the last one that began is kept.
 */
#include "core/faults/codes.h"

#include <errno.h>
#include <stdlib.h>

#include "core/kernel/tracepoint.h"

#define THREADS 1024u /* a power of two; threads that share a place lose codes to each other */

/* arch/x86/include/asm/trap_pf.h */
#define CODE_PRESENT 1u
#define CODE_WRITE   2u

struct begun {
	pid_t tid; /* 0: none */
	uint64_t page, began_ns, code;
};

struct pt_codes {
	struct pt_tracepoint tracepoints[PT_CODES_EVENTS];
	unsigned page_shift;
	struct begun begun[THREADS];
};

int pt_codes_new(struct pt_codes **ret, struct pt_kernel *k)
{
#if defined(__x86_64__) || defined(__i386__)
	static const char *const names[PT_CODES_EVENTS] = {"exceptions/page_fault_user",
							   "exceptions/page_fault_kernel"};
	struct pt_codes *codes = calloc(1, sizeof(*codes));
	int error = codes ? 0 : -ENOMEM;
	for (unsigned i = 0; i < PT_CODES_EVENTS && !error; i++)
		error = pt_read_tracepoint(k, names[i], &codes->tracepoints[i]);
	if (error) {
		free(codes);
		return error;
	}
	codes->page_shift = k->page_shift;
	*ret = codes;
	return 0;
#else
	(void)ret;
	(void)k;
	return -EOPNOTSUPP;
#endif
}

void pt_codes_free(struct pt_codes *codes)
{
	free(codes);
}

uint64_t pt_codes_config(const struct pt_codes *codes, unsigned which)
{
	return codes->tracepoints[which].id;
}

static struct begun *begun_of(struct pt_codes *codes, pid_t tid)
{
	return &codes->begun[(unsigned)tid % THREADS];
}

void pt_codes_note(struct pt_codes *codes, unsigned which, const struct pt_perf_record *r)
{
	const struct pt_tracepoint *tracepoint = &codes->tracepoints[which];
	uint64_t address, code;
	if (!r->raw || !pt_trace_value(tracepoint, "address", r->raw, r->raw_size, &address) ||
	    !pt_trace_value(tracepoint, "error_code", r->raw, r->raw_size, &code))
		return;
	*begun_of(codes, r->tid) = (struct begun){
		.tid = r->tid, .page = address >> codes->page_shift, .began_ns = r->time_ns, .code = code};
}

bool pt_codes_take(struct pt_codes *codes, const struct pt_perf_record *fault, struct pt_fault_code *ret)
{
	struct begun *begun = begun_of(codes, fault->tid);
	if (begun->tid != fault->tid || begun->page != fault->address >> codes->page_shift ||
	    begun->began_ns > fault->time_ns)
		return false;
	*ret = (struct pt_fault_code){
		.began_ns = begun->began_ns, .present = begun->code & CODE_PRESENT, .write = begun->code & CODE_WRITE};
	begun->tid = 0;
	return true;
}
