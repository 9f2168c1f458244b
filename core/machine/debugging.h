/*
 * Debugging: which features that watch the kernel's memory are on in this kernel, and what switches them on. What cannot
 * be told from here is unknown.
 */
#ifndef PT_MACHINE_DEBUGGING_H
#define PT_MACHINE_DEBUGGING_H

#include <stddef.h>

#include "core/kernel/kernel.h"

enum pt_debug_state {
	PT_DEBUG_UNKNOWN,
	PT_DEBUG_ABSENT, /* this kernel was built without it */
	PT_DEBUG_OFF,
	PT_DEBUG_ON,
};

struct pt_debug_feature {
	const char *name, *what; /* "page_owner"; what it is good for */
	const char *switch_on;   /* what a person does to have it */
	enum pt_debug_state state;
	char detail[96]; /* what is known besides, or "" */
};

#define PT_DEBUG_FEATURES 12

/* All of them, in an order of their own; never fails. Returns how many. */
size_t pt_debugging_read(struct pt_kernel *k, struct pt_debug_feature ret[PT_DEBUG_FEATURES]);
const char *pt_debug_state_name(enum pt_debug_state state); /* "unknown", "not built in", "off", "on" */

#endif
