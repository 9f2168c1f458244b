/*
 * Births: which stack first touched each page since pagetop came, and when. A page that was freed and touched again is
 * born anew. Where all pages of a chunk were born at once (a huge page) that costs as much as one page. Bounded: what
 * there is no room for is refused.
 */
#ifndef PT_FAULTS_BIRTH_H
#define PT_FAULTS_BIRTH_H

#include "core/model/snapshot.h"
#include "core/unwind/stacks.h"

struct pt_births;

/* `ended` is told of pages, with their weight, that are no longer what that stack touched. NULL: out of memory. */
struct pt_births *pt_births_new(unsigned page_shift, size_t bytes_max, uint64_t from_ns,
				void (*ended)(void *arg, pt_stack_id stack, uint64_t pages), void *arg);
void pt_births_free(struct pt_births *births); /* NULL is fine */
/* Of the page at an address, or of all pages of its chunk. False: no room; then it is as if nothing was born there. */
bool pt_births_add(struct pt_births *births, uint64_t address, bool chunk, pt_stack_id stack, uint64_t time_ns,
		   uint64_t weight);
/* Forgets births of pages that were looked at later and hold neither memory nor swap any more. A reference is taken. */
void pt_births_snapshot(struct pt_births *births, struct pt_snapshot *snapshot);
bool pt_births_find(const struct pt_births *births, uint64_t address, pt_stack_id *ret_stack, uint64_t *ret_time_ns);
void pt_births_clear(struct pt_births *births); /* all of them ended */
/*
 * Every birth: the first page's address, and pages. Of more than about `most` only those of every so many chunks, whose
 * pages are told so many times over.
 */
void pt_births_each(const struct pt_births *births, size_t most,
		    void (*each)(void *arg, uint64_t address, uint64_t pages, pt_stack_id stack), void *arg);
size_t pt_births_bytes(const struct pt_births *births);

/* Whether a page takes memory, or swap instead of it. */
bool pt_births_holds(struct pt_page page);

#endif
