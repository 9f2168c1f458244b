/*
 * A tally that is fed made-up faults of a small address space (space.h).
 */
#ifndef TESTS_TALLIED_H
#define TESTS_TALLIED_H

#include "core/faults/tally.h"
#include "tests/support/space.h"

#define S            1000000000ull
#define TALLIED_ROOM (8u << 20) /* bytes that its tables may take */

#define READ (PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE)
#define OWN  (PT_ANON | READ | PT_EXCLUSIVE)

/* Pages: nothing, memory of its own in two frames, the zero page. */
static const struct pt_page none = {0}, own = {.pfn = 100, .bits = OWN, .count = 1},
			    own2 = {.pfn = 200, .bits = OWN, .count = 1}, zero = {.pfn = 1, .bits = PT_ZERO | READ};
static const struct pt_fault_system no_system;

/* A first touch by thread 7 on CPU 0 with stack 1; what a test is about is changed. */
struct pt_joined tallied_touch(unsigned page, uint64_t time_ns);
struct pt_joined tallied_change(unsigned page, uint64_t time_ns, enum pt_fault_kind kind, struct pt_page before,
				struct pt_page after);

struct pt_tally *tallied_new(void); /* from second 1 on */
/* A view of at most 100 rows of each. */
struct pt_fault_view *tallied_look(struct pt_tally *tally, uint64_t now_ns);
/* A snapshot of the space that was read then. */
void tallied_give(struct pt_tally *tally, const struct space *space, uint64_t ns);

#endif
