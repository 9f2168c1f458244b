/*
 * Scenes of the live tests; see scene.h.
 */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/verify.h"
#include "core/scan/scan.h"
#include "tests/support/machine.h"
#include "tests/support/skip.h"

#define LOOKS 20

static void look_once(struct scene *scene)
{
	pt_snapshot_unref(scene->snapshot);
	scene->snapshot = NULL;
	assert_int_equal(pt_scan_once(scene->k, scene->child.pid, 1, &scene->snapshot), 0);
	assert_int_equal(scene->snapshot->stage, PT_STAGE_COMPLETE);
	scene->sum = (struct pt_counts){0};
	pt_snapshot_sum(scene->snapshot, scene->start, scene->start + (scene->pages << scene->k->page_shift),
			&scene->sum);
}

/* Again if the kernel moved pages meanwhile. */
void scene_look(struct scene *scene)
{
	uint64_t moved;
	unsigned looks = 0;
	do {
		moved = machine_moved();
		look_once(scene);
	} while (machine_moved() != moved && ++looks < LOOKS);
}

struct scene scene_set(void (*run)(struct child *self), uint64_t pages, const char *why_not)
{
	struct scene scene = {.pages = pages, .child = child_start(run)};

	scene.start = child_wait(&scene.child);
	if (scene.start == CHILD_CANNOT) {
		child_end(&scene.child);
		skip_because(why_not);
	}
	assert_int_equal(pt_kernel_linux_new(&scene.k, "/", 0), 0);
	scene_look(&scene);
	return scene;
}

void scene_next(struct scene *scene)
{
	child_go(&scene->child);
	scene->start = child_wait(&scene->child);
	scene_look(scene);
}

bool scene_has(const struct scene *scene, enum pt_signal signal)
{
	return pt_signal_has(&scene->snapshot->signals, signal);
}

bool scene_sees_frames(const struct scene *scene)
{
	return scene_has(scene, PT_SIG_KPAGEFLAGS) && scene_has(scene, PT_SIG_KPAGECOUNT);
}

static void fail_cell(const struct pt_vma *vma, enum pt_verify_sum sum, const struct pt_verify_cell *cell)
{
	fail_msg("%lx-%lx %s: %s is %lu here and %lu in smaps: %s (%s)", (unsigned long)vma->start,
		 (unsigned long)vma->end, vma->path, pt_verify_sum_name(sum), (unsigned long)cell->ours.value,
		 (unsigned long)cell->smaps.value, pt_verdict_name(cell->verdict), cell->why ? cell->why : "no reason");
}

/* Whether this kernel and these privileges give what a sum is made of. */
static bool can_know(const struct scene *scene, enum pt_verify_sum sum)
{
	switch (sum) {
	case PT_VERIFY_THP: return scene_has(scene, PT_SIG_PAGEMAP_SCAN);
	case PT_VERIFY_SWAP: return scene_has(scene, PT_SIG_SHMEM_SWAP);
	case PT_VERIFY_KSM: return scene_has(scene, PT_SIG_KSM);
	default: return scene_sees_frames(scene);
	}
}

/* In the range every sum that can be known must be equal; elsewhere none may differ. */
static void check_row(const struct scene *scene, const struct pt_vma *vma, const struct pt_verify_row *row)
{
	bool ours = vma->start <= scene->start && scene->start < vma->end;

	for (int sum = 0; sum < PT_VERIFY_EXACT; sum++) {
		const struct pt_verify_cell *cell = &row->cells[sum];
		bool fine = cell->verdict != PT_VERDICT_DIFFERS;
		if (ours && cell->smaps.known && can_know(scene, (enum pt_verify_sum)sum))
			fine = cell->verdict == PT_VERDICT_EQUAL;
		if (!fine)
			fail_cell(vma, (enum pt_verify_sum)sum, cell);
	}
}

void scene_verify(const struct scene *scene)
{
	struct pt_verify verify;

	assert_int_equal(pt_verify_process(scene->k, scene->child.pid, &verify), 0);
	for (size_t i = 0; i < verify.n; i++)
		check_row(scene, &verify.snapshot->vmas->v[verify.rows[i].vma], &verify.rows[i]);
	assert_false(pt_verify_failed(&verify));
	pt_verify_free(&verify);
}

void scene_leave(struct scene *scene)
{
	child_end(&scene->child);
	pt_snapshot_unref(scene->snapshot);
	pt_kernel_free(scene->k);
}
