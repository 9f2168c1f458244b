/*
 * Idle: which frames were touched since they were marked, where the kernel tracks that (CONFIG_IDLE_PAGE_TRACKING). A
 * mark is a flag of the frame, which goes when the page is used: through a page table, by a system call, or because it
 * is freed. What went through a page table the kernel notices when it is asked for the marks, and not before: until then
 * the flag idle_page is out of date. Large folios are marked as one, by their first frame. Only pages that the kernel
 * ages (flag lru) can be marked.
 *
 * Marking, and asking for the marks, change what the kernel keeps about frames (that a page was accessed is noted down
 * elsewhere, so that reclaim does not forget it), and nothing of any program; other tools see the same marks.
 */
#ifndef PT_MACHINE_IDLE_H
#define PT_MACHINE_IDLE_H

#include "core/machine/types.h"

/* A set of frames; owns its bitmap. Zeroed, it is empty. */
struct pt_idle {
	uint64_t *bits; /* [words], a bit for each PFN from 0 on */
	size_t words;
	uint64_t frames; /* in it */
};

/* Whether marks can be had: 0; -EOPNOTSUPP: this kernel does not track them; -EACCES. */
int pt_idle_check(struct pt_kernel *k);

/*
 * The frames of a request, which are present, added to the set. Errors as pt_types_walk(). A request with a rule about
 * idle_page wants its frames asked for first.
 */
int pt_idle_add(struct pt_kernel *k, const struct pt_types_request *request, struct pt_idle *idle,
		const char **ret_file);
void pt_idle_free(struct pt_idle *idle);

/* Marks them. 0 or -errno. */
int pt_idle_mark(struct pt_kernel *k, const struct pt_idle *idle);
/* Asks for their marks, after which the flag idle_page of each is up to date. 0 or -errno. */
int pt_idle_ask(struct pt_kernel *k, const struct pt_idle *idle);
/* How many of them are marked, by their flags. 0 or -errno. */
int pt_idle_count(struct pt_kernel *k, const struct pt_idle *idle, uint64_t *ret);

#endif
