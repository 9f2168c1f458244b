/*
 * Words that everything pagetop faults says has in common; see faults.h. Holds nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/allocs.h"
#include "core/text/text.h"
#include "tui/commands/faults.h"
#include "tui/commands/text_out.h"
#include "widgets/canvas.h"

#define NAME_ROOM   512 /* bytes of a printable name of a call */
#define OUTER       2   /* calls at the outer end that a chain keeps */
#define INNER_LEAST 3
#define GAP         "..."

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = path[0] == '[' ? NULL : strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

char *ui_fault_call_name(const struct pt_fault_call *call, char *ret, size_t size)
{
	if (call->symbol && call->symbol[0]) {
		pt_text_printable(call->symbol, strlen(call->symbol), ret, size);
		return ret;
	}
	const char *module = call->module && call->module[0] ? base_name(call->module) : "unknown";
	bool bare = module[0] != '['; /* [vdso] has its brackets */
	size_t at = (size_t)snprintf(ret, size, bare ? "[" : "");
	at += pt_text_printable(module, strlen(module), ret + at, size - at - 1);
	if (bare)
		snprintf(ret + at, size - at, "]");
	return ret;
}

static const char *arrow(const struct ui_faults *f)
{
	return f->options->raw ? "<-" : f->ascii ? " <- " : " \u2190 ";
}

/* Columns that these calls take, with an arrow before each but that of the stack's first. */
static size_t columns_of(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t from, size_t until)
{
	char name[NAME_ROOM];
	size_t columns = 0;
	for (size_t i = from; i < until; i++)
		columns += (size_t)wg_text_width(ui_fault_call_name(&row->calls[i], name, sizeof(name))) +
			   (i ? (size_t)wg_text_width(arrow(f)) : 0);
	return columns;
}

static void put_calls(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t from, size_t until,
		      FILE *out)
{
	char name[NAME_ROOM];
	for (size_t i = from; i < until; i++)
		fprintf(out, "%s%s", i ? arrow(f) : "", ui_fault_call_name(&row->calls[i], name, sizeof(name)));
}

/* How many inner calls there is room for beside those from `tail` on. */
static size_t inner_of(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t tail, size_t columns)
{
	size_t head = 1, used = columns_of(f, row, 0, 1) + columns_of(f, row, tail, row->n_calls) + strlen(GAP) +
				(size_t)wg_text_width(arrow(f));
	while (head < tail && (used += columns_of(f, row, head, head + 1)) <= columns)
		head++;
	return head;
}

/* All, or as many inner ones as there is room for beside the outer ones. */
static void put_chain(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t columns, FILE *out)
{
	size_t n = row->n_calls, tail = n > OUTER ? n - OUTER : 0, head;
	if (columns == SIZE_MAX || columns_of(f, row, 0, n) <= columns) {
		put_calls(f, row, 0, n, out);
		return;
	}
	head = inner_of(f, row, tail, columns);
	if (head < INNER_LEAST) { /* who called tells more than where the thread began */
		tail = n;
		head = inner_of(f, row, tail, columns);
	}
	put_calls(f, row, 0, head, out);
	if (head < tail)
		fprintf(out, "%s%s", arrow(f), GAP);
	put_calls(f, row, head < tail ? tail : head, n, out);
}

char *ui_fault_chain(const struct ui_faults *f, const struct pt_fault_stack_row *row, size_t columns)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	if (!row->n_calls)
		fputs(f->options->raw ? "no-stack" : "stack not known", out);
	else
		put_chain(f, row, columns, out);
	if (!row->complete && row->n_calls)
		fprintf(out, "%s?", arrow(f));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

const struct pt_fault_stack_row *ui_fault_stack(const struct pt_fault_view *view, pt_stack_id id)
{
	for (size_t i = 0; id && i < view->n_stacks; i++)
		if (view->stacks[i].id == id)
			return &view->stacks[i];
	return NULL;
}

const char *ui_fault_no_stacks(const struct ui_faults *f)
{
	if (f->options->no_stacks)
		return "--stacks=no";
	if (f->view->stacks_error == -EOPNOTSUPP)
		return "pagetop does not know the registers of this processor";
	return f->view->stacks_error ? strerror(-f->view->stacks_error) : NULL;
}

/* ---- allocations ------------------------------------------------------------------------------------------------ */

bool ui_fault_wants_allocations(const struct ui_options *options)
{
	return options->allocations || options->by == UI_BY_ALLOCATION;
}

const char *ui_fault_no_allocations(const struct ui_faults *f)
{
	if (!ui_fault_wants_allocations(f->options))
		return NULL;
	switch (f->view->allocs_error) {
	case 0: return NULL;
	case -ENOENT:
		return "tracefs is not mounted (mount -t tracefs none /sys/kernel/tracing), or lacks "
		       "kmem:mm_page_alloc";
	case -EACCES:
	case -EPERM: return "tracepoints take root";
	default: return strerror(-f->view->allocs_error);
	}
}

char *ui_fault_migrate_type(const struct pt_fault_alloc_row *row, char *ret, size_t size)
{
	const char *name = pt_migrate_type_name(row->migrate_type);
	if (name)
		snprintf(ret, size, "%s", name);
	else
		snprintf(ret, size, "type %d", row->migrate_type);
	return ret;
}

/* ---- counts ----------------------------------------------------------------------------------------------------- */

static int most_left(const uint64_t *kinds, const bool *done)
{
	int best = -1;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		if (!done[i] && kinds[i] && (best < 0 || kinds[i] > kinds[best]))
			best = i;
	return best;
}

char *ui_fault_kinds(const struct pt_fault_counts *counts, char *ret, size_t size)
{
	enum { MOST = 3 };
	bool done[PT_FAULT_KIND_N] = {false};
	char share[16];
	size_t at = 0;
	snprintf(ret, size, "-");
	for (int named = 0, best; named < MOST && (best = most_left(counts->kinds, done)) >= 0; named++) {
		done[best] = true;
		ui_text_share(counts->kinds[best], counts->events, share, sizeof(share));
		at += (size_t)snprintf(ret + at, size - at, "%s%s", named ? ", " : "",
				       pt_fault_kind_name((enum pt_fault_kind)best));
		if (counts->kinds[best] < counts->events)
			at += (size_t)snprintf(ret + at, size - at, " %s", share);
	}
	return ret;
}

/* ---- places, and what is asked for ------------------------------------------------------------------------------ */

const char *ui_fault_vma_name(const struct pt_fault_vma_row *row)
{
	return row->name && row->name[0] ? row->name : pt_role_name(row->role);
}

const struct pt_fault_vma_row *ui_fault_vma_at(const struct pt_fault_view *view, uint64_t address)
{
	for (size_t i = 0; i < view->n_vmas; i++)
		if (address >= view->vmas[i].start && address < view->vmas[i].end)
			return &view->vmas[i];
	return NULL;
}

bool ui_fault_matches(const struct ui_faults *f, const char *text)
{
	return text ? pt_filter_match(f->filter, text, strlen(text)) : !f->filter;
}

bool ui_fault_stack_matches(const struct ui_faults *f, const struct pt_fault_stack_row *row)
{
	bool found = !f->filter;
	for (size_t i = 0; !found && i < row->n_calls; i++) {
		const struct pt_fault_call *call = &row->calls[i];
		found = ui_fault_matches(f, call->symbol) || ui_fault_matches(f, call->module) ||
			ui_fault_matches(f, call->file);
	}
	return found;
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

const char *ui_faults_by_name(enum ui_faults_by by)
{
	static const char *const names[UI_BY_N] = {
		[UI_BY_NONE] = "report",     [UI_BY_KIND] = "kind",         [UI_BY_VMA] = "vma",
		[UI_BY_ADDRESS] = "address", [UI_BY_THREAD] = "thread",     [UI_BY_CPU] = "cpu",
		[UI_BY_STACK] = "stack",     [UI_BY_REPEATER] = "repeater", [UI_BY_ALLOCATION] = "allocation",
		[UI_BY_GROWTH] = "growth"};
	return names[by];
}
