/*
 * See names.h. Owns nothing: strings of the unwinder are copied.
 */
#include "core/faults/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL stays NULL, and so does what there is no memory for: a name that is not known. */
static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void name_call(struct pt_unwinder *u, uint64_t ip, bool with_line, struct pt_fault_call *ret)
{
	struct pt_symbol symbol;
	*ret = (struct pt_fault_call){.ip = ip};
	if (!u)
		return;
	pt_unwinder_symbol(u, ip, with_line, &symbol);
	ret->symbol = copy(symbol.name);
	ret->module = copy(symbol.module);
	ret->build_id = copy(symbol.build_id);
	ret->module_offset = symbol.module_offset;
	ret->offset = symbol.offset;
	ret->file = copy(symbol.file);
	ret->line = symbol.line;
}

int pt_fault_name_calls(struct pt_unwinder *u, const struct pt_stack *stack, bool with_line, struct pt_fault_call **ret)
{
	struct pt_fault_call *calls = calloc(stack->n ? stack->n : 1, sizeof(*calls));
	if (!calls)
		return -ENOMEM;
	for (uint32_t i = 0; i < stack->n; i++)
		name_call(u, stack->ips[i], with_line, &calls[i]);
	*ret = calls;
	return 0;
}

void pt_fault_name_threads(struct pt_kernel *k, struct pt_fault_view *view)
{
	for (size_t i = 0; i < view->n_threads; i++) {
		struct pt_fault_thread_row *row = &view->threads[i];
		char path[64], *text;
		size_t size;
		snprintf(path, sizeof(path), "proc/%d/task/%d/comm", (int)row->pid, (int)row->tid);
		row->name[0] = '\0';
		if (pt_kernel_slurp(k, path, &text, &size))
			continue;
		if (size && text[size - 1] == '\n')
			text[size - 1] = '\0';
		snprintf(row->name, sizeof(row->name), "%s", text);
		free(text);
	}
}

void pt_fault_name_nodes(const struct pt_cpu_nodes *nodes, struct pt_fault_view *view)
{
	for (size_t i = 0; i < view->n_threads; i++)
		view->threads[i].node = pt_cpu_node(nodes, view->threads[i].cpu);
	for (size_t i = 0; i < view->n_cpus; i++)
		view->cpus[i].node = pt_cpu_node(nodes, view->cpus[i].cpu);
}
