/*
 * Names of roots: the variable, the call of a thread, the register that a word lies in (private). One thread uses it.
 */
#ifndef PT_HUNT_NAMING_H
#define PT_HUNT_NAMING_H

#include "core/hunt/roots.h"
#include "core/unwind/unwind.h"

struct pt_naming;

/* Borrows all for as long as it lives; unwinder may be NULL: then what needs symbols goes by its mapping. NULL: no memory. */
struct pt_naming *pt_naming_new(const struct pt_memory *memory, const struct pt_roots *roots,
				struct pt_unwinder *unwinder);
void pt_naming_free(struct pt_naming *naming); /* NULL is fine */
/* "rbx of thread 4711", "epoll 5". Malloc'ed, as that below: NULL: out of memory. */
char *pt_naming_word(const struct pt_root_word *word);
/*
 * "server+0x88 (redis-server)", "main+0x20, frame 3 of thread 4711": of a word in a span. A thread's calls are those it was
 * in when its registers were read, out of its stack as it is now. Raw.
 */
char *pt_naming_place(struct pt_naming *naming, const struct pt_root_span *span, uint64_t place);

#endif
