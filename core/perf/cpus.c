/*
 * See cpus.h. Lists of CPUs are the kernel's, but a fixture may have anything in them: numbers are bounded.
 */
#include "core/perf/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 65536u

int pt_cpus_parse(const char *text, int (*each)(void *arg, unsigned cpu), void *arg)
{
	int error = 0;
	while (*text >= '0' && *text <= '9' && !error) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < CPUS_MAX && !error; i++)
			error = each(arg, (unsigned)i);
		text = *end == ',' ? end + 1 : end;
	}
	return error;
}

/* ---- online ----------------------------------------------------------------------------------------------------- */

struct list {
	unsigned *cpus;
	size_t n;
};

static int add_cpu(void *arg, unsigned cpu)
{
	struct list *list = arg;
	unsigned *cpus = realloc(list->cpus, (list->n + 1) * sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	list->cpus = cpus;
	cpus[list->n++] = cpu;
	return 0;
}

int pt_cpus_online(struct pt_kernel *k, unsigned **ret, size_t *ret_n)
{
	struct list list = {0};
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, "sys/devices/system/cpu/online", &text, &size);
	if (error)
		return error;
	error = pt_cpus_parse(text, add_cpu, &list);
	free(text);
	if (!error && !list.n)
		error = -EOPNOTSUPP;
	if (error) {
		free(list.cpus);
		return error;
	}
	*ret = list.cpus;
	*ret_n = list.n;
	return 0;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

struct reading {
	struct pt_kernel *k;
	struct pt_cpu_nodes *nodes;
	int node;
};

static int note_node(void *arg, unsigned cpu)
{
	struct reading *r = arg;
	if (cpu >= r->nodes->n) {
		int *nodes = realloc(r->nodes->nodes, (cpu + 1) * sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		for (size_t i = r->nodes->n; i <= cpu; i++)
			nodes[i] = -1;
		r->nodes->nodes = nodes;
		r->nodes->n = cpu + 1;
	}
	r->nodes->nodes[cpu] = r->node;
	return 0;
}

static int read_node(void *arg, const char *name)
{
	struct reading *r = arg;
	char path[96], *text;
	size_t size;
	char *end;
	if (strncmp(name, "node", 4) != 0)
		return 0;
	r->node = (int)strtol(name + 4, &end, 10);
	if (end == name + 4 || *end)
		return 0;
	snprintf(path, sizeof(path), "sys/devices/system/node/node%d/cpulist", r->node);
	if (pt_kernel_slurp(r->k, path, &text, &size))
		return 0;
	pt_cpus_parse(text, note_node, r);
	free(text);
	return 0;
}

void pt_cpu_nodes_read(struct pt_kernel *k, struct pt_cpu_nodes *ret)
{
	struct reading r = {.k = k, .nodes = ret};
	*ret = (struct pt_cpu_nodes){0};
	k->ops->list(k, "sys/devices/system/node", read_node, &r);
}

void pt_cpu_nodes_free(struct pt_cpu_nodes *nodes)
{
	free(nodes->nodes);
	*nodes = (struct pt_cpu_nodes){0};
}

int pt_cpu_node(const struct pt_cpu_nodes *nodes, unsigned cpu)
{
	return cpu < nodes->n ? nodes->nodes[cpu] : -1;
}
