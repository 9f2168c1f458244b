/*
 * See record_faults.h. The watch has a thread of its own; its views are of no use here.
 */
#include "tui/commands/record_faults.h"

#include "core/faults/step.h"
#include "tui/commands/commands.h"
#include "tui/commands/faults.h"

int ui_record_faults_open(struct ui_record_faults *faults, const struct ui_options *o, struct pt_kernel *k)
{
	const struct pt_fault_watch_options options = {.budget = o->budget / 100 * UI_RECORD_FAULTS_PART,
						       .interval_ns = o->interval_ns,
						       .period = o->period,
						       .stacks = !o->no_stacks,
						       .rows = 1};
	struct pt_kernel *own;
	if (!o->faults)
		return UI_OK;
	int error = pt_kernel_linux_new(&own, "/", 0);
	if (!error)
		error = pt_fault_watch_new(&faults->watch, own, o->pid, &options);
	return error ? ui_fault_error(k, o->pid, error) : UI_OK;
}

int ui_record_faults_fd(const struct ui_record_faults *faults)
{
	return faults->watch ? pt_fault_watch_fd(faults->watch) : -1;
}

void ui_record_faults_frame(struct ui_record_faults *faults, struct pt_snapshot *frame)
{
	if (!faults->watch)
		return;
	if (!faults->begun)
		pt_fault_watch_steps(faults->watch, true);
	faults->begun = true;
	pt_fault_watch_snapshot(faults->watch, frame);
}

void ui_record_faults_take(struct ui_record_faults *faults, struct pt_recorder *recorder)
{
	struct pt_fault_step *step;
	if (!faults->watch)
		return;
	pt_fault_view_unref(pt_fault_watch_take(faults->watch));
	while ((step = pt_fault_watch_step(faults->watch))) {
		pt_recorder_faults(recorder, step);
		pt_fault_step_unref(step);
	}
}

void ui_record_faults_finish(struct ui_record_faults *faults, struct pt_recorder *recorder)
{
	if (!faults->watch)
		return;
	pt_fault_view_unref(pt_fault_watch_finish(faults->watch));
	ui_record_faults_take(faults, recorder);
}

void ui_record_faults_close(struct ui_record_faults *faults)
{
	pt_fault_watch_free(faults->watch);
	*faults = (struct ui_record_faults){0};
}
