/*
 * Children that fault in known ways at known pages of 4 KiB, and keep a list of what they do: each scene is a function for
 * child_start. The list lies in memory that the test sees as well; it is of one child at a time.
 */
#ifndef TESTS_FAULT_SCENES_H
#define TESTS_FAULT_SCENES_H

#include "core/faults/kind.h"
#include "tests/support/child.h"

#define FAULT_PAGE    4096u
#define FAULT_TRUTHS  40000u
#define FAULT_REGIONS 8u
#define FAULT_MORE    PT_FAULT_KIND_N /* of a list: the fault may come or not, and is spurious then */

/* What the child did, in memory that both see. */
struct fault_truth {
	struct fault_entry {
		uint64_t page;
		enum pt_fault_kind kind;
		bool open;  /* only the processor's error code can tell */
		bool loose; /* not even that always */
		bool blind; /* the zero page was there once, and given back: taken for a write to it, without codes */
	} list[FAULT_TRUTHS];
	unsigned n;
	uint64_t start[FAULT_REGIONS], end[FAULT_REGIONS]; /* of the memory that is looked at */
	unsigned n_regions;
	bool fast;  /* nobody waits for the child */
	bool codes; /* the processor's error codes are known */
};
extern struct fault_truth *fault_truth; /* mapped by fault_truth_map */

void fault_truth_map(void);

/*
 * Says 1 once its memory is mapped, or CHILD_CANNOT; then 1 after each step but the last, if nobody told it to be fast,
 * and 0 at the end.
 */
struct fault_scene {
	const char *name;
	void (*run)(struct child *self);
	const char *(*needs)(void); /* NULL: it can be; else why not */
};
#define FAULT_SCENES 12u
extern const struct fault_scene fault_scenes[FAULT_SCENES];

#endif
