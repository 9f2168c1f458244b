/*
 * The worker behind the machine screen. A picture of all frames is read slice by slice, so that whoever asks for
 * something else waits for milliseconds: each request reads the frames that are looked at closely and the next slice,
 * and is answered with a copy of the picture as it is then. How often that is asked decides what it costs.
 */
#ifndef UI_MACHINEWORK_H
#define UI_MACHINEWORK_H

#include "core/machine/debugging.h"
#include "core/machine/picture.h"
#include "core/machine/zones.h"
#include "core/procs/slabs.h"
#include "tui/worker.h"

struct ui_machine_request {
	uint64_t first, n; /* frames to read first: those that are looked at; n 0: none */
	bool slice;        /* then go on with the picture */
	bool facts;        /* and read what the kernel keeps account of */
};

/* What the kernel keeps account of. */
struct ui_machine_facts {
	int zones_error, slabs_error; /* -errno: then there are none */
	struct pt_zones zones;
	struct pt_slab_list slabs;
	struct pt_debug_feature debugging[PT_DEBUG_FEATURES];
	size_t n_debugging;
};

/* What is known of the machine. */
struct ui_machine {
	int error;       /* -errno: it is not known where memory is; then all below is empty */
	int flags_error; /* -errno: kpageflags cannot be read, so frames are unknown */
	unsigned page_shift;
	struct pt_ram ram;              /* owned */
	struct pt_picture *picture;     /* owned; NULL: no memory */
	struct ui_machine_facts *facts; /* owned; NULL: not asked for */
	uint64_t done;                  /* frames of the pass over all of it that is under way */
	unsigned passes;                /* that were completed */
	uint64_t pass_ns;               /* CPU time of the last of them */
	uint64_t cpu_ns;                /* of this answer */
};

/* A worker of struct ui_machine_request and struct ui_machine; `kernel` as in struct ui_sources. */
int ui_machinework_new(struct ui_worker **ret, int (*kernel)(struct pt_kernel **ret));
void ui_machine_free(void *machine); /* NULL is fine */
void ui_machine_facts_free(struct ui_machine_facts *facts);

#endif
