/*
 * One table of pagetop faults as a whole, with the columns that are asked for. What all tables have in common are the
 * counts of a row; what a row is besides, each table says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/columns_out.h"
#include "tui/commands/commands.h"
#include "tui/commands/faults.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

#define BAR 20 /* columns */

enum column {
	/* of every row */
	COL_EVENTS,
	COL_SHARE,
	COL_BAR,
	COL_RATE,
	COL_MAJOR,
	COL_SYSCALL,
	COL_KINDS,
	/* of some */
	COL_KIND,
	COL_WORDS,
	COL_START,
	COL_END,
	COL_ROLE,
	COL_NAME,
	COL_ADDRESS,
	COL_LAST,
	COL_AGO,
	COL_PID,
	COL_TID,
	COL_CPU,
	COL_NODE,
	COL_BORN,
	COL_STILL,
	COL_COMPLETE,
	COL_LOCKED,
	COL_INTERVAL,
	COL_BACKS_OFF,
	COL_CAUSE,
	COL_TEXT,
	COL_ID,
	COL_STACK,
	COL_ORDER,
	COL_PAGES,
	COL_TYPE,
	COL_ZONE,
	COL_FLAGS,
	COL_N
};

static const struct ui_table_column columns[COL_N] = {
	[COL_EVENTS] = {"FAULTS", UI_TABLE_RIGHT},
	[COL_SHARE] = {"SHARE", UI_TABLE_RIGHT},
	[COL_BAR] = {"BAR", UI_TABLE_PICTURE},
	[COL_RATE] = {"RATE", UI_TABLE_RIGHT},
	[COL_MAJOR] = {"MAJOR", UI_TABLE_RIGHT},
	[COL_SYSCALL] = {"SYSCALL", UI_TABLE_RIGHT},
	[COL_KINDS] = {"KINDS", UI_TABLE_CUT},
	[COL_KIND] = {"KIND", 0},
	[COL_WORDS] = {"WORDS", 0},
	[COL_START] = {"START", UI_TABLE_RIGHT},
	[COL_END] = {"END", UI_TABLE_RIGHT},
	[COL_ROLE] = {"ROLE", 0},
	[COL_NAME] = {"NAME", UI_TABLE_CUT},
	[COL_ADDRESS] = {"ADDRESS", UI_TABLE_RIGHT},
	[COL_LAST] = {"LAST", 0},
	[COL_AGO] = {"AGO", UI_TABLE_RIGHT},
	[COL_PID] = {"PID", UI_TABLE_RIGHT},
	[COL_TID] = {"TID", UI_TABLE_RIGHT},
	[COL_CPU] = {"CPU", UI_TABLE_RIGHT},
	[COL_NODE] = {"NODE", UI_TABLE_RIGHT},
	[COL_BORN] = {"BORN", UI_TABLE_RIGHT},
	[COL_STILL] = {"STILL", UI_TABLE_RIGHT},
	[COL_COMPLETE] = {"COMPLETE", 0},
	[COL_LOCKED] = {"LOCKED", 0},
	[COL_INTERVAL] = {"INTERVAL", UI_TABLE_RIGHT},
	[COL_BACKS_OFF] = {"BACKS_OFF", 0},
	[COL_CAUSE] = {"CAUSE", 0},
	[COL_TEXT] = {"TEXT", UI_TABLE_CUT},
	[COL_ID] = {"ID", UI_TABLE_RIGHT},
	[COL_STACK] = {"STACK", UI_TABLE_CUT},
	[COL_ORDER] = {"ORDER", UI_TABLE_RIGHT},
	[COL_PAGES] = {"PAGES", UI_TABLE_RIGHT},
	[COL_TYPE] = {"TYPE", 0},
	[COL_ZONE] = {"ZONE", 0},
	[COL_FLAGS] = {"FLAGS", UI_TABLE_CUT},
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* A row of any table; what a table does not have its columns do not ask for. */
struct row {
	uint64_t events;
	const struct pt_fault_counts *counts; /* of most tables */
	enum pt_fault_kind kind;
	uint64_t start, end, address, last_ns, interval_ns, born, still, id;
	bool still_known, complete, locked, backs_off;
	const char *role, *name, *text; /* raw; name NULL: not known */
	enum pt_repeat_cause cause;
	pid_t pid, tid;
	uint32_t cpu;
	int node;
	const struct pt_fault_stack_row *stack;
	const struct pt_fault_alloc_row *alloc;
};

static bool kind_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	ret->kind = (enum pt_fault_kind)((i + 1) % PT_FAULT_KIND_N); /* unknown comes last */
	ret->events = f->view->all.kinds[ret->kind];
	return ui_fault_matches(f, pt_fault_kind_name(ret->kind));
}

static bool vma_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_vma_row *v = &f->view->vmas[i];
	ret->counts = &v->counts;
	ret->events = v->counts.events;
	ret->start = v->start;
	ret->end = v->end;
	ret->born = v->born;
	ret->role = pt_role_name(v->role);
	ret->name = v->name ? v->name : "";
	return ui_fault_matches(f, ret->name) || ui_fault_matches(f, ret->role);
}

static bool address_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_address_row *v = &f->view->addresses[i];
	const struct pt_fault_vma_row *vma = ui_fault_vma_at(f->view, v->address);
	ret->counts = &v->counts;
	ret->events = v->counts.events;
	ret->address = v->address;
	ret->kind = v->last;
	ret->last_ns = v->last_ns;
	ret->id = v->stack;
	ret->name = vma ? ui_fault_vma_name(vma) : NULL;
	return ui_fault_matches(f, ret->name);
}

static bool thread_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_thread_row *v = &f->view->threads[i];
	ret->counts = &v->counts;
	ret->events = v->counts.events;
	ret->pid = v->pid;
	ret->tid = v->tid;
	ret->cpu = v->cpu;
	ret->node = v->node;
	ret->name = v->name[0] ? v->name : NULL;
	return ui_fault_matches(f, v->name);
}

static bool cpu_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_cpu_row *v = &f->view->cpus[i];
	ret->counts = &v->counts;
	ret->events = v->counts.events;
	ret->cpu = v->cpu;
	ret->node = v->node;
	return true;
}

static bool stack_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_stack_row *v = &f->view->stacks[i];
	ret->counts = &v->counts;
	ret->events = v->counts.events;
	ret->born = v->born;
	ret->still = v->still;
	ret->still_known = v->still_known;
	ret->complete = v->complete;
	ret->id = v->id;
	ret->stack = v;
	return ui_fault_stack_matches(f, v);
}

/* Calls of a stack that is too far down to be in the view are not known. */
static bool growth_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_grower *v = &f->view->growers[i];
	ret->still = v->bytes;
	ret->still_known = true;
	ret->start = v->start;
	ret->role = pt_role_name(v->role);
	ret->name = v->name;
	ret->id = v->stack;
	ret->stack = ui_fault_stack(f->view, v->stack);
	return ui_fault_matches(f, ret->name) || ui_fault_matches(f, ret->role) ||
	       (ret->stack && ui_fault_stack_matches(f, ret->stack));
}

static bool repeater_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	const struct pt_fault_repeater *v = &f->view->repeaters[i];
	ret->events = v->events;
	ret->address = v->address;
	ret->name = v->name ? v->name : "";
	ret->locked = v->locked;
	ret->kind = v->kind;
	ret->interval_ns = v->interval_ns;
	ret->backs_off = v->backs_off;
	ret->last_ns = v->last_ns;
	ret->cause = v->cause;
	ret->text = v->text;
	ret->id = v->stack;
	return ui_fault_matches(f, ret->name);
}

static bool allocation_row(const struct ui_faults *f, size_t i, struct row *ret)
{
	ret->alloc = &f->view->allocs[i];
	ret->events = ret->alloc->events;
	ret->node = ret->alloc->node;
	return ui_fault_matches(f, ret->alloc->flags) || ui_fault_matches(f, ret->alloc->zone);
}

/* ---- tables: the columns that each has, those it shows unless told otherwise first ------------------------------ */

static const unsigned char of_kind[] = {COL_EVENTS, COL_SHARE, COL_KIND, COL_WORDS, COL_BAR};
static const unsigned char of_vma[] = {COL_EVENTS, COL_SHARE, COL_BORN, COL_START, COL_ROLE,    COL_KINDS,
				       COL_NAME,   COL_END,   COL_BAR,  COL_MAJOR, COL_SYSCALL, COL_RATE};
static const unsigned char of_address[] = {COL_EVENTS, COL_ADDRESS, COL_AGO,   COL_KINDS,   COL_NAME, COL_LAST,
					   COL_SHARE,  COL_BAR,     COL_MAJOR, COL_SYSCALL, COL_RATE, COL_ID};
static const unsigned char of_thread[] = {COL_EVENTS, COL_SHARE, COL_TID,   COL_CPU,     COL_NODE, COL_KINDS,
					  COL_NAME,   COL_BAR,   COL_MAJOR, COL_SYSCALL, COL_RATE, COL_PID};
static const unsigned char of_cpu[] = {COL_EVENTS, COL_SHARE, COL_CPU,     COL_NODE, COL_BAR,
				       COL_KINDS,  COL_MAJOR, COL_SYSCALL, COL_RATE};
static const unsigned char of_stack[] = {COL_EVENTS, COL_BORN,  COL_STILL,   COL_STACK, COL_SHARE, COL_BAR,
					 COL_KINDS,  COL_MAJOR, COL_SYSCALL, COL_RATE,  COL_ID,    COL_COMPLETE};
static const unsigned char of_repeater[] = {COL_EVENTS, COL_ADDRESS, COL_INTERVAL, COL_KIND,      COL_CAUSE, COL_NAME,
					    COL_TEXT,   COL_LOCKED,  COL_AGO,      COL_BACKS_OFF, COL_ID};

static const unsigned char of_allocation[] = {COL_EVENTS, COL_PAGES, COL_ORDER, COL_TYPE,
					      COL_ZONE,   COL_NODE,  COL_FLAGS};

static const unsigned char of_growth[] = {COL_STILL, COL_ROLE, COL_START, COL_NAME, COL_STACK, COL_ID};

#define LIST(list) columns, list, sizeof(list)
static const struct table {
	struct ui_columns columns;
	bool (*row)(const struct ui_faults *f, size_t i, struct row *ret); /* false: the filter keeps it back */
} tables[UI_BY_N] = {
	[UI_BY_KIND] = {{LIST(of_kind), 5}, kind_row},
	[UI_BY_VMA] = {{LIST(of_vma), 7}, vma_row},
	[UI_BY_ADDRESS] = {{LIST(of_address), 5}, address_row},
	[UI_BY_THREAD] = {{LIST(of_thread), 7}, thread_row},
	[UI_BY_CPU] = {{LIST(of_cpu), 6}, cpu_row},
	[UI_BY_STACK] = {{LIST(of_stack), 4}, stack_row},
	[UI_BY_REPEATER] = {{LIST(of_repeater), 7}, repeater_row},
	[UI_BY_ALLOCATION] = {{LIST(of_allocation), 7}, allocation_row},
	[UI_BY_GROWTH] = {{LIST(of_growth), 5}, growth_row},
};

static size_t rows_of(const struct pt_fault_view *v, enum ui_faults_by by)
{
	switch (by) {
	case UI_BY_KIND: return PT_FAULT_KIND_N;
	case UI_BY_VMA: return v->n_vmas;
	case UI_BY_ADDRESS: return v->n_addresses;
	case UI_BY_THREAD: return v->n_threads;
	case UI_BY_CPU: return v->n_cpus;
	case UI_BY_STACK: return v->n_stacks;
	case UI_BY_ALLOCATION: return v->n_allocs;
	case UI_BY_GROWTH: return v->n_growers;
	default: return v->n_repeaters;
	}
}

static int choose(const struct ui_options *options, struct ui_chosen *ret)
{
	return ui_columns_choose(options, &tables[options->by].columns, ui_faults_by_name(options->by), ret);
}

int ui_faults_table_check(const struct ui_options *options)
{
	struct ui_chosen chosen;
	return options->by ? choose(options, &chosen) : UI_OK;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

/* "?" where it is not known: < 0 */
static void plain_cell(struct ui_table *table, int64_t n)
{
	char text[32];
	snprintf(text, sizeof(text), n < 0 ? "?" : "%" PRId64, n);
	ui_table_cell(table, text);
}

static void time_cell(const struct ui_faults *f, struct ui_table *table, uint64_t ns, bool known)
{
	char text[32];
	if (!known)
		snprintf(text, sizeof(text), "?");
	else if (f->options->raw)
		snprintf(text, sizeof(text), "%.6f", (double)ns / 1e9);
	else
		pt_text_ns(ns, text, sizeof(text));
	ui_table_cell(table, text);
}

static void stack_cell(const struct ui_faults *f, struct ui_table *table, const struct pt_fault_stack_row *row)
{
	char *chain = row ? ui_fault_chain(f, row, SIZE_MAX) : NULL;
	ui_table_cell(table, chain ? chain : "?");
	free(chain);
}

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

static void counts_cell(const struct ui_faults *f, struct ui_table *table, const struct row *row, enum column column)
{
	const struct pt_fault_counts *c = row->counts;
	char text[512];
	switch (column) {
	case COL_EVENTS: ui_table_number_cell(f->options, table, row->events); return;
	case COL_SHARE: ui_text_share(row->events, f->view->all.events, text, sizeof(text)); break;
	case COL_BAR: ui_text_bar(f->ascii, row->events, f->view->all.events, BAR, text, sizeof(text)); break;
	case COL_RATE: snprintf(text, sizeof(text), "%.1f/s", c->per_s); break;
	case COL_MAJOR: ui_table_number_cell(f->options, table, c->major); return;
	case COL_SYSCALL: ui_table_number_cell(f->options, table, c->kernel); return;
	default: ui_fault_kinds(c, text, sizeof(text)); break;
	}
	ui_table_cell(table, text);
}

static void alloc_cell(const struct ui_faults *f, struct ui_table *table, const struct row *row, enum column column)
{
	char text[32];
	switch (column) {
	case COL_ORDER: plain_cell(table, row->alloc->order); break;
	case COL_PAGES: ui_table_number_cell(f->options, table, row->alloc->pages); break;
	case COL_TYPE: ui_table_cell(table, ui_fault_migrate_type(row->alloc, text, sizeof(text))); break;
	case COL_ZONE: ui_name_cell(table, row->alloc->zone[0] ? row->alloc->zone : "?"); break;
	default: ui_name_cell(table, row->alloc->flags ? row->alloc->flags : "?");
	}
}

static void cell(const struct ui_faults *f, struct ui_table *table, const struct row *row, enum column column)
{
	switch (column) {
	case COL_KIND:
	case COL_LAST: ui_table_cell(table, pt_fault_kind_name(row->kind)); break;
	case COL_WORDS: ui_table_cell(table, pt_fault_kind_words(row->kind)); break;
	case COL_START: ui_table_hex_cell(table, row->start); break;
	case COL_END: ui_table_hex_cell(table, row->end); break;
	case COL_ADDRESS: ui_table_hex_cell(table, row->address); break;
	case COL_ROLE: ui_table_cell(table, row->role); break;
	case COL_NAME: ui_name_cell(table, row->name ? row->name : "?"); break;
	case COL_AGO: time_cell(f, table, f->view->to_ns - row->last_ns, row->last_ns <= f->view->to_ns); break;
	case COL_INTERVAL: time_cell(f, table, row->interval_ns, row->interval_ns != 0); break;
	case COL_PID: plain_cell(table, row->pid); break;
	case COL_TID: plain_cell(table, row->tid); break;
	case COL_CPU: plain_cell(table, row->cpu); break;
	case COL_NODE: plain_cell(table, row->node); break;
	case COL_BORN: ui_table_bytes_cell(f->options, table, (struct pt_maybe){row->born, true}); break;
	case COL_STILL: ui_table_bytes_cell(f->options, table, (struct pt_maybe){row->still, row->still_known}); break;
	case COL_COMPLETE: ui_table_cell(table, yes(row->complete)); break;
	case COL_LOCKED: ui_table_cell(table, yes(row->locked)); break;
	case COL_BACKS_OFF: ui_table_cell(table, yes(row->backs_off)); break;
	case COL_CAUSE: ui_table_cell(table, pt_repeat_cause_name(row->cause)); break;
	case COL_TEXT: ui_name_cell(table, row->text ? row->text : ""); break;
	case COL_ID: plain_cell(table, row->id ? (int64_t)row->id : -1); break;
	case COL_STACK: stack_cell(f, table, row->stack); break;
	case COL_ORDER:
	case COL_PAGES:
	case COL_TYPE:
	case COL_ZONE:
	case COL_FLAGS: alloc_cell(f, table, row, column); break;
	default: counts_cell(f, table, row, column);
	}
}

static void add_row(const struct ui_faults *f, struct ui_table *table, const struct ui_chosen *chosen, size_t i)
{
	const struct table *which = &tables[f->options->by];
	static const struct pt_fault_counts none;
	struct row row = {.counts = &none, .node = -1};
	if (!which->row(f, i, &row))
		return;
	for (size_t k = 0; k < chosen->n; k++)
		cell(f, table, &row, (enum column)chosen->ids[k]);
}

int ui_faults_table(const struct ui_faults *f)
{
	const struct table *which = &tables[f->options->by];
	struct ui_chosen chosen;
	int status = choose(f->options, &chosen);
	if (status != UI_OK)
		return status;
	struct ui_table *table = ui_columns_table(f->options, &which->columns, &chosen);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < rows_of(f->view, f->options->by); i++)
		add_row(f, table, &chosen, i);
	int error = ui_table_print(table);
	ui_table_free(table);
	bool by_stack = f->options->by == UI_BY_STACK || f->options->by == UI_BY_GROWTH;
	if (!error && by_stack && ui_fault_no_stacks(f))
		ui_complain("there are no stacks: %s", ui_fault_no_stacks(f));
	if (!error && ui_fault_no_allocations(f))
		ui_complain("there are no allocations: %s", ui_fault_no_allocations(f));
	return error ? ui_out_of_memory() : UI_OK;
}
