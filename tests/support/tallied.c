/*
 * Tallies of made-up faults; see tallied.h.
 */
#include "tests/support/tallied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct pt_joined tallied_touch(unsigned page, uint64_t time_ns)
{
	return (struct pt_joined){
		.time_ns = time_ns,
		.address = space_address(page) + 0x123,
		.pid = 7,
		.tid = 7,
		.weight = 1,
		.kind = PT_FAULT_FIRST_TOUCH,
		.knew = true,
		.knows = true,
		.after = own,
		.has_vma = true,
		.vma_start = space_address(0),
		.vma_end = space_address(SPACE_PAGES),
		.stack = 1,
	};
}

struct pt_joined tallied_change(unsigned page, uint64_t time_ns, enum pt_fault_kind kind, struct pt_page before,
				struct pt_page after)
{
	struct pt_joined f = tallied_touch(page, time_ns);
	f.kind = kind;
	f.before = before;
	f.after = after;
	return f;
}

struct pt_tally *tallied_new(void)
{
	struct pt_tally *tally = pt_tally_new(SPACE_SHIFT, TALLIED_ROOM, S);
	assert_non_null(tally);
	return tally;
}

struct pt_fault_view *tallied_look(struct pt_tally *tally, uint64_t now_ns)
{
	struct pt_fault_view *view = pt_fault_view_new();
	assert_non_null(view);
	assert_int_equal(pt_tally_view(tally, now_ns, 100, &no_system, view), 0);
	return view;
}

void tallied_give(struct pt_tally *tally, const struct space *space, uint64_t ns)
{
	struct pt_snapshot *snapshot = space_snapshot(space, NULL, ns);
	pt_tally_snapshot(tally, snapshot);
	pt_snapshot_unref(snapshot);
}
