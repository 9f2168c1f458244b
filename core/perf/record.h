/*
 * Records of perf rings (perf_event_open(2), include/uapi/linux/perf_event.h of Linux 6.18): bytes as structs. Pure: what
 * does not fit is refused, so that a fuzzer can feed it anything.
 */
#ifndef PT_PERF_RECORD_H
#define PT_PERF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The fields that every event of pagetop asks for; what the layout names is asked for besides. Not PERF_SAMPLE_PERIOD: a
 * software event that has it is told each time, whatever its period (perf_swevent_event() in kernel/events/core.c).
 */
#define PT_PERF_SAMPLE_TYPE                                                                                            \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |             \
	 PERF_SAMPLE_CPU)

/* How samples were asked for. */
struct pt_perf_layout {
	uint64_t regs; /* mask of the user's registers; 0: none */
	bool stack;    /* a piece of the user's stack */
	bool calls;    /* the call chain, as the kernel walks it (PERF_SAMPLE_CALLCHAIN) */
	bool raw;      /* what a tracepoint has to tell (PERF_SAMPLE_RAW) */
};

enum pt_perf_what {
	PT_PERF_OTHER, /* nothing pagetop asks for */
	PT_PERF_SAMPLE,
	PT_PERF_LOST,
	PT_PERF_FORK, /* of a process, or of a thread where pid == parent */
	PT_PERF_EXIT, /* likewise */
	PT_PERF_EXEC,
	PT_PERF_MAPPED, /* memory that may be executed, or is made so */
};

struct pt_perf_record {
	enum pt_perf_what what;
	uint64_t id;      /* of the event */
	uint64_t time_ns; /* on the clock that was asked for */
	pid_t pid, tid;
	pid_t parent; /* process that forked */
	/* of a sample: */
	uint64_t ip, address;
	uint32_t cpu;
	bool kernel;          /* the instruction was the kernel's */
	bool regs_64;         /* of a 64-bit program */
	const uint64_t *regs; /* [n_regs], in the order of the mask's bits; NULL: none (a kernel thread) */
	unsigned n_regs;
	const uint8_t *stack; /* [stack_size] bytes from the stack pointer up; NULL: none */
	size_t stack_size;
	const uint64_t *calls; /* [n_calls], innermost first, with the PERF_CONTEXT_* marks among them; NULL: none */
	size_t n_calls;
	const uint8_t
		*raw; /* [raw_size], 4-byte aligned: fields as the tracepoint's format file has them; NULL: none */
	size_t raw_size;
	/* of what was mapped: */
	uint64_t start, size, offset, inode; /* offset in the file; inode 0: none */
	uint32_t dev_major, dev_minor;
	const char *path; /* raw, of the process's root; "//anon", "[vdso]" */
	/* of what was lost: */
	uint64_t lost; /* records */
};

/* One record of `size` bytes, 8-byte aligned, which the result borrows. 0 or -EBADMSG. */
int pt_perf_decode(const void *bytes, size_t size, const struct pt_perf_layout *layout, struct pt_perf_record *ret);

#endif
