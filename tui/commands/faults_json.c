/*
 * The faults of a process as JSON: the contract, and what is known besides. What is not known is null.
 */
#include <inttypes.h>

#include "core/faults/allocs.h"
#include "tui/commands/commands.h"
#include "tui/commands/faults.h"
#include "tui/commands/json_out.h"

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value); /* what had no memory makes the whole fail: see complete */
}

static json_t *hex(uint64_t address)
{
	return ui_json_hex((struct pt_maybe){address, true});
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *or_null(json_int_t n, bool known)
{
	return known ? json_integer(n) : json_null();
}

static json_t *milliseconds(uint64_t ns)
{
	return ns ? json_real((double)ns / 1e6) : json_null();
}

json_t *ui_fault_kinds_json(const struct pt_fault_counts *counts)
{
	json_t *kinds = json_object();
	for (int i = 0; i < PT_FAULT_KIND_N; i++) {
		int kind = (i + 1) % PT_FAULT_KIND_N; /* unknown last */
		set(kinds, pt_fault_kind_name((enum pt_fault_kind)kind), number(counts->kinds[kind]));
	}
	return kinds;
}

static void set_counts(json_t *object, const struct pt_fault_counts *counts)
{
	set(object, "events", number(counts->events));
	set(object, "major", number(counts->major));
	set(object, "in-system-calls", number(counts->kernel));
	set(object, "rate", json_real(counts->per_s));
	set(object, "kinds", ui_fault_kinds_json(counts));
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static json_t *vma_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_vma_row *row = &f->view->vmas[i];
	if (!ui_fault_matches(f, row->name) && !ui_fault_matches(f, pt_role_name(row->role)))
		return NULL;
	json_t *object = json_pack("{s:o, s:o, s:o, s:s}", "start", hex(row->start), "end", hex(row->end), "name",
				   ui_json_bytes(row->name && row->name[0] ? row->name : NULL), "role",
				   pt_role_name(row->role));
	set_counts(object, &row->counts);
	set(object, "born", number(row->born));
	return object;
}

static json_t *grower_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_grower *row = &f->view->growers[i];
	if (!ui_fault_matches(f, row->name) && !ui_fault_matches(f, pt_role_name(row->role)))
		return NULL;
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "start", hex(row->start), "name",
			 ui_json_bytes(row->name[0] ? row->name : NULL), "role", pt_role_name(row->role), "stack",
			 number(row->stack), "bytes", number(row->bytes));
}

static json_t *repeater_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_repeater *r = &f->view->repeaters[i];
	if (!ui_fault_matches(f, r->name))
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:b, s:b, s:o}", "address", hex(r->address), "name",
			 ui_json_bytes(r->name && r->name[0] ? r->name : NULL), "events", number(r->events),
			 "interval-ms", milliseconds(r->interval_ns), "kind", pt_fault_kind_name(r->kind), "cause",
			 pt_repeat_cause_name(r->cause), "text", ui_json_bytes(r->text), "backs-off", r->backs_off,
			 "locked", r->locked, "stack", or_null(r->stack, r->stack != 0));
}

static json_t *call_json(const struct pt_fault_call *call)
{
	struct pt_maybe module = {call->module_offset, call->module != NULL};
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ip", hex(call->ip), "symbol",
			 ui_json_bytes(call->symbol), "offset", or_null((json_int_t)call->offset, call->symbol != NULL),
			 "file", ui_json_bytes(call->file), "line", or_null(call->line, call->line > 0), "module",
			 ui_json_bytes(call->module), "module-offset", ui_json_hex(module), "build-id",
			 ui_json_bytes(call->build_id));
}

json_t *ui_fault_calls_json(const struct pt_fault_call *calls, size_t n)
{
	json_t *frames = json_array();
	for (size_t i = 0; frames && i < n; i++)
		json_array_append_new(frames, call_json(&calls[i]));
	return frames;
}

static json_t *frames_json(const struct ui_faults *f, const struct pt_fault_stack_row *row)
{
	struct pt_fault_call *calls = NULL;
	size_t n = 0;
	bool better = row->id && f->calls && f->calls(f->arg, row->id, &calls, &n) == 0;
	json_t *frames = better ? ui_fault_calls_json(calls, n) : ui_fault_calls_json(row->calls, row->n_calls);
	pt_fault_calls_free(calls, n);
	return frames;
}

static json_t *stack_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_stack_row *row = &f->view->stacks[i];
	if (!ui_fault_stack_matches(f, row))
		return NULL;
	json_t *object = json_pack("{s:o, s:b, s:o}", "id", or_null(row->id, row->id != 0), "complete", row->complete,
				   "frames", frames_json(f, row));
	set_counts(object, &row->counts);
	set(object, "born", number(row->born));
	set(object, "still", or_null((json_int_t)row->still, row->still_known));
	return object;
}

static json_t *address_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_address_row *row = &f->view->addresses[i];
	const struct pt_fault_vma_row *vma = ui_fault_vma_at(f->view, row->address);
	if (!ui_fault_matches(f, vma ? ui_fault_vma_name(vma) : NULL))
		return NULL;
	json_t *object = json_pack("{s:o, s:o, s:s, s:o}", "address", hex(row->address), "vma",
				   vma ? hex(vma->start) : json_null(), "last", pt_fault_kind_name(row->last), "stack",
				   or_null(row->stack, row->stack != 0));
	set_counts(object, &row->counts);
	return object;
}

static json_t *thread_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_thread_row *row = &f->view->threads[i];
	if (!ui_fault_matches(f, row->name))
		return NULL;
	json_t *object = json_pack("{s:i, s:i, s:o, s:o, s:o}", "pid", (int)row->pid, "tid", (int)row->tid, "name",
				   ui_json_bytes(row->name[0] ? row->name : NULL), "cpu", number(row->cpu), "node",
				   or_null(row->node, row->node >= 0));
	set_counts(object, &row->counts);
	return object;
}

static json_t *cpu_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_cpu_row *row = &f->view->cpus[i];
	json_t *object = json_pack("{s:o, s:o}", "cpu", number(row->cpu), "node", or_null(row->node, row->node >= 0));
	set_counts(object, &row->counts);
	return object;
}

static json_t *alloc_json(const struct ui_faults *f, size_t i)
{
	const struct pt_fault_alloc_row *row = &f->view->allocs[i];
	const char *type = pt_migrate_type_name(row->migrate_type);
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "order", (int)row->order, "migrate-type",
			 type ? json_string(type) : json_null(), "flags", ui_json_bytes(row->flags), "zone",
			 ui_json_bytes(row->zone[0] ? row->zone : NULL), "node", or_null(row->node, row->node >= 0),
			 "events", number(row->events), "pages", number(row->pages));
}

static json_t *rows_json(const struct ui_faults *f, size_t n, json_t *(*row)(const struct ui_faults *f, size_t i))
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *object = row(f, i);
		if (object)
			json_array_append_new(array, object);
	}
	return array;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static json_t *error_json(const struct ui_faults *f)
{
	const char *why = ui_fault_no_stacks(f);
	return why ? json_string(why) : json_null();
}

static json_t *seconds_json(struct pt_maybe ns)
{
	return ns.known ? json_real((double)ns.value / 1e9) : json_null();
}

static json_t *children_json(const struct pt_fault_counts *counts)
{
	return json_pack("{s:o, s:o, s:o}", "events", number(counts->events), "major", number(counts->major),
			 "in-system-calls", number(counts->kernel));
}

static json_t *faults_json(const struct ui_faults *f)
{
	const struct pt_fault_view *v = f->view;
	const struct pt_fault_totals *t = &v->totals;
	json_t *o = json_pack("{s:i, s:o, s:f}", "pid", (int)v->pid, "name", ui_json_bytes(f->name), "seconds",
			      v->to_ns > v->from_ns ? (double)(v->to_ns - v->from_ns) / 1e9 : 0.0);
	uint64_t period = v->period_most > v->period ? v->period_most : v->period;
	set(o, "lost", number(t->lost));
	set(o, "period", number(period ? period : 1));
	set_counts(o, &v->all);
	set(o, "counted", json_pack("{s:o, s:o}", "minor", number(t->minor), "major", number(t->major)));
	set(o, "children", children_json(&v->children));
	set(o, "unread", number(v->unread));
	set(o, "left-out", number(v->left_out));
	set(o, "addresses-left-out", number(v->addresses_left_out));
	set(o, "damaged", number(t->damaged));
	set(o, "system-calls-seen", f->recorded ? json_null() : json_boolean(t->kernel_mode));
	set(o, "cpu", v->cpu_share < 0 ? json_null() : json_real(v->cpu_share));
	set(o, "ended", json_boolean(v->ended || f->ended));
	set(o, "rss-from", ui_json_maybe(f->rss_from));
	set(o, "rss-to", ui_json_maybe(f->rss_to));
	set(o, "cpu-seconds", seconds_json(v->cpu_ns));
	set(o, "fault-seconds", seconds_json(v->faults_ns));
	set(o, "fault-samples", or_null((json_int_t)v->fault_samples, v->faults_ns.known));
	set(o, "no-stacks", error_json(f));
	set(o, "allocations", v->allocs_error ? json_null() : rows_json(f, v->n_allocs, alloc_json));
	set(o, "allocations-left-out", or_null((json_int_t)v->allocs_left_out, !v->allocs_error));
	set(o, "vmas", rows_json(f, v->n_vmas, vma_json));
	set(o, "growth", v->growers_known ? rows_json(f, v->n_growers, grower_json) : json_null());
	set(o, "repeaters", f->recorded ? json_null() : rows_json(f, v->n_repeaters, repeater_json));
	set(o, "stacks", rows_json(f, v->n_stacks, stack_json));
	set(o, "addresses", f->recorded ? json_null() : rows_json(f, v->n_addresses, address_json));
	set(o, "threads", f->recorded ? json_null() : rows_json(f, v->n_threads, thread_json));
	set(o, "cpus", f->recorded ? json_null() : rows_json(f, v->n_cpus, cpu_json));
	return o;
}

int ui_faults_json(const struct ui_faults *f)
{
	return ui_json_whole("faults", faults_json(f));
}
