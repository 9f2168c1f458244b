/*
 * A scene: a child holding still, and what the scan sees in one range of its memory. The live tests set scenes and say
 * what must be seen; besides that, everything in the child's memory must agree with the kernel's own sums.
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "core/model/snapshot.h"
#include "tests/support/child.h"

struct scene {
	struct child child;
	struct pt_kernel *k;
	struct pt_snapshot *snapshot;
	uint64_t start, pages; /* the range */
	struct pt_counts sum;  /* over it */
};

/*
 * Starts the child, which says where its range begins, and looks. A child that says CHILD_CANNOT makes the test skip
 * for the reason given.
 */
struct scene scene_set(void (*run)(struct child *self), uint64_t pages, const char *why_not);
/* The child goes on to the next thing it says; looks again. */
void scene_next(struct scene *scene);
void scene_look(struct scene *scene);
/* No sum of any VMA differs from smaps; those of the range's VMA that can be known here are known and equal. */
void scene_verify(const struct scene *scene);
/* Ends the child. */
void scene_leave(struct scene *scene);

/* Whether frames can be looked up, so that kinds, counts and flags are known. */
bool scene_sees_frames(const struct scene *scene);
bool scene_has(const struct scene *scene, enum pt_signal signal);
/* The number of pages of a class; fails the test if it is another. */
#define scene_expect(scene, stat, expected) assert_int_equal((scene)->sum.n[stat], (expected))

#endif
