/*
 * See treetap.h.
 */
#include "core/record/treetap.h"

#include <stdio.h>

static struct pt_recorded recorded(const struct pt_tree_process *p)
{
	struct pt_recorded ret = {.pid = p->pid,
				  .parent = p->parent,
				  .start_time = p->start_time,
				  .began_ns = {p->seen_ns, true},
				  .ended_ns = {p->ended_ns, p->ended_ns != 0},
				  .exit_status = p->exit_status,
				  .peak_rss = p->counters.peak_rss};
	if (p->max_rss.known && p->max_rss.value > ret.peak_rss.value) /* it grew after its last sample */
		ret.peak_rss = p->max_rss;
	snprintf(ret.name, sizeof(ret.name), "%s", p->counters.name);
	return ret;
}

static void put_process(void *arg, const struct pt_tree_process *process)
{
	struct pt_recorded p = recorded(process);
	pt_recorder_process(arg, &p);
}

static void put_sample(void *arg, const struct pt_tree_process *process, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	struct pt_recorded p = recorded(process);
	struct pt_recorded_sample sample = pt_recorded_sample_of(&process->counters, realtime_ns, monotonic_ns);
	if (sample.size.known || sample.rss.known) /* a zombie holds nothing, and says nothing */
		pt_recorder_sample(arg, &p, &sample);
}

static void put_frame(void *arg, const struct pt_tree_process *process, struct pt_snapshot *snapshot)
{
	(void)process;
	pt_recorder_push(arg, snapshot);
}

struct pt_tree_sink pt_treetap_sink(struct pt_recorder *recorder)
{
	return (struct pt_tree_sink){
		.began = put_process, .sampled = put_sample, .frame = put_frame, .ended = put_process, .arg = recorder};
}
