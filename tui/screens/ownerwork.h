/*
 * The worker that reads who allocated frames: the kernel's record of it, or a saved one, told as it comes since a real one
 * takes a while. A new request ends the one that is read.
 */
#ifndef UI_OWNERWORK_H
#define UI_OWNERWORK_H

#include "core/machine/pageowner.h"
#include "tui/filter.h"
#include "tui/worker.h"

#define UI_OWNER_PATH 4352 /* the folder we are in, and what was typed */

struct ui_owner_request {
	char path[UI_OWNER_PATH]; /* of a saved record, absolute; "": the kernel's own */
	unsigned keys;            /* enum pt_alloc_key: what to keep apart */
	bool stop;                /* read nothing, and no more of what is being read */
	unsigned serial;          /* of the one who asks: answers have it */
};

/* What was read so far. */
struct ui_owner_answer {
	int error; /* -errno: then nothing below counts */
	unsigned keys, serial;
	struct pt_alloc_list list; /* owned */
	uint64_t done, total;      /* total 0: not known */
	bool finished, stopped;    /* all of it is in; someone stopped it before */
	unsigned page_shift;
};

/* A worker of those two; `kernel` as in struct ui_sources. */
int ui_ownerwork_new(struct ui_worker **ret, int (*kernel)(struct pt_kernel **ret));
void ui_owner_answer_free(void *answer); /* NULL is fine */

#endif
