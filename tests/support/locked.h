/*
 * A child that locks its memory (mlock2) and faults nevertheless: pages that were the zero page when they were locked, a
 * fork, compaction with vm.compact_unevictable_allowed. Each of its steps makes faults of one kind, and it says how many.
 */
#ifndef TESTS_LOCKED_H
#define TESTS_LOCKED_H

#include "tests/support/child.h"

#define LOCKED_BYTES  (512ull << 20) /* of its memory, most of which was given back */
#define LOCKED_PAGES  256u           /* of the first steps, at the start of the memory */
#define LOCKED_MOVING 2048u          /* other pages, anywhere in it */

/*
 * Says the address of its memory, which is locked by then, or CHILD_CANNOT. Then, each time it is let go, comes a step, and what it says
 * after it is 1 + the faults in its memory:
 *   1. writes to LOCKED_PAGES pages, one after the other, that were the zero page: zero-write
 *   2. forks, and writes to the same pages: cow
 *   3. writes to them once more when what it forked has ended: none, as each was copied
 *   4. forks, and writes to all pages when what it forked has ended: write-protect
 *   5. touches the other pages in a loop while the memory of the machine is compacted: migration, so many at most; 0:
 *      that needs root.
 */
void locked_run(struct child *self);

#endif
