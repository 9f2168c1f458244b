/*
 * A tracepoint as the kernel describes it below /sys/kernel/tracing/events: the number perf knows it by, where its
 * fields lie in a raw sample, and the names of the bits of its flags (Documentation/trace/events.rst). These differ from
 * kernel to kernel, so nothing of it is taken for granted.
 */
#ifndef PT_KERNEL_TRACEPOINT_H
#define PT_KERNEL_TRACEPOINT_H

#include "core/kernel/kernel.h"

#define PT_TRACE_FIELDS_MAX 16
#define PT_TRACE_FLAGS_MAX  64

struct pt_trace_field {
	char name[24];
	unsigned offset, size; /* bytes */
	bool is_signed;
};

struct pt_trace_flag {
	uint64_t bits; /* one, or several that have a name together; these come first */
	char name[32];
};

struct pt_tracepoint {
	uint64_t id;
	struct pt_trace_field fields[PT_TRACE_FIELDS_MAX];
	unsigned n_fields;
	struct pt_trace_flag flags[PT_TRACE_FLAGS_MAX];
	unsigned n_flags;
};

/* name: "kmem/mm_page_alloc". -ENOENT: there is none, or tracefs is not mounted; -EACCES; -EBADMSG. */
int pt_read_tracepoint(struct pt_kernel *k, const char *name, struct pt_tracepoint *ret);
/* Pure half: the text of its file `format`. */
bool pt_parse_tracepoint(const char *text, size_t size, struct pt_tracepoint *ret);

/* A field of a raw sample; false where there is no such field, or the sample is too short for it. */
bool pt_trace_value(const struct pt_tracepoint *tracepoint, const char *field, const void *raw, size_t size,
		    uint64_t *ret);
/* "GFP_HIGHUSER_MOVABLE|__GFP_ZERO" into ret, bits without a name in hexadecimal. Returns ret. */
char *pt_trace_flags(const struct pt_tracepoint *tracepoint, uint64_t value, char *ret, size_t size);

#endif
