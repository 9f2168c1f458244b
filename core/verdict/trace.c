/*
 * Traces: see trace.h. Arrays that grow; each sample owns its roles. Samples come nearly in the order of time, so one
 * that is late is put where it belongs by stepping back from the end.
 */
#include "core/verdict/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PT_TRACE_ROLES
#define PT_TRACE_ROLES 16384u /* samples with roles, which take 57 MB then */
#endif

static const struct {
	const char *name;
	enum pt_sum sum; /* PT_SUM_N: none */
} quantities[PT_QUANTITY_N] = {
	[PT_QUANTITY_RSS] = {"rss", PT_SUM_RSS},
	[PT_QUANTITY_ANON] = {"anon", PT_SUM_ANON},
	[PT_QUANTITY_FILE] = {"file", PT_SUM_FILE},
	[PT_QUANTITY_SHMEM] = {"shmem", PT_SUM_SHMEM},
	[PT_QUANTITY_SWAP] = {"swap", PT_SUM_SWAP},
	[PT_QUANTITY_PSS] = {"pss", PT_SUM_PSS},
	[PT_QUANTITY_THP] = {"thp", PT_SUM_THP},
	[PT_QUANTITY_HUGETLB] = {"hugetlb", PT_SUM_HUGETLB},
	[PT_QUANTITY_DIRTY] = {"dirty", PT_SUM_DIRTY},
	[PT_QUANTITY_SHARED] = {"shared", PT_SUM_SHARED},
	[PT_QUANTITY_PRIVATE] = {"private", PT_SUM_PRIVATE},
	[PT_QUANTITY_SIZE] = {"size", PT_SUM_SIZE},
	[PT_QUANTITY_VMAS] = {"vmas", PT_SUM_N},
};

const char *pt_quantity_name(enum pt_quantity quantity)
{
	return quantities[quantity].name;
}

enum pt_sum pt_quantity_sum(enum pt_quantity quantity)
{
	return quantities[quantity].sum;
}

enum pt_quantity pt_quantity_of(const char *name, size_t size)
{
	int q = 0;
	while (q < PT_QUANTITY_N && (strlen(quantities[q].name) != size || memcmp(quantities[q].name, name, size) != 0))
		q++;
	return (enum pt_quantity)q;
}

/* ---- amounts ---------------------------------------------------------------------------------------------------- */

static void add(struct pt_maybe *sum, struct pt_maybe more)
{
	sum->value += more.value;
	sum->known &= more.known;
}

void pt_amounts_of(const struct pt_snapshot *snapshot, struct pt_amounts *all, struct pt_amounts *roles)
{
	const struct pt_vma_table *vmas = snapshot->vmas;
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		enum pt_sum sum = quantities[q].sum;
		all->v[q] = sum == PT_SUM_N ? (struct pt_maybe){vmas->n, true}
					    : pt_snapshot_bytes(snapshot, vmas->n, sum);
		for (int role = 0; role < PT_ROLE_N; role++)
			roles[role].v[q] = (struct pt_maybe){.known = true};
		for (size_t i = 0; i < vmas->n; i++)
			add(&roles[vmas->v[i].role].v[q],
			    sum == PT_SUM_N ? (struct pt_maybe){1, true} : pt_snapshot_bytes(snapshot, i, sum));
	}
}

void pt_amounts_of_process(const struct pt_process *process, struct pt_amounts *all)
{
	*all = (struct pt_amounts){0};
	all->v[PT_QUANTITY_ANON] = process->rss_anon;
	all->v[PT_QUANTITY_FILE] = process->rss_file;
	all->v[PT_QUANTITY_SHMEM] = process->rss_shmem;
	all->v[PT_QUANTITY_RSS] = process->rss_anon;
	add(&all->v[PT_QUANTITY_RSS], process->rss_file);
	add(&all->v[PT_QUANTITY_RSS], process->rss_shmem);
	all->v[PT_QUANTITY_SWAP] = process->swap;
	all->v[PT_QUANTITY_PSS] = process->rollup_pss;
	all->v[PT_QUANTITY_SIZE] = process->mapped;
	all->v[PT_QUANTITY_HUGETLB] = process->hugetlb;
}

/* ---- growing ---------------------------------------------------------------------------------------------------- */

/* Room for one more. 0 or -ENOMEM. */
static int make_room(void **array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return 0;
	size_t more = *room ? *room * 2 : 16;
	void *grown = reallocarray(*array, more, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

int pt_trace_new(struct pt_trace **ret)
{
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	(*ret)->stride = 1;
	(*ret)->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

void pt_trace_free(struct pt_trace *trace)
{
	if (!trace)
		return;
	for (size_t i = 0; i < trace->n_samples; i++)
		free(trace->samples[i].roles);
	free(trace->samples);
	free(trace->processes);
	free(trace->marks);
	free(trace);
}

ssize_t pt_trace_add_process(struct pt_trace *trace, const struct pt_trace_process *process)
{
	void *array = trace->processes;
	int error = make_room(&array, trace->n_processes, &trace->room_processes, sizeof(*trace->processes));
	trace->processes = array;
	if (error)
		return error;
	trace->processes[trace->n_processes] = *process;
	return (ssize_t)trace->n_processes++;
}

/* Every second one of each process loses its roles, and so will those that come. */
static void thin_out(struct pt_trace *trace)
{
	bool *drop = calloc(trace->n_processes + 1, sizeof(*drop)); /* the next one of each process */
	if (!drop)
		return;
	for (size_t i = 0; i < trace->n_samples; i++) {
		struct pt_sample *sample = &trace->samples[i];
		if (!sample->roles || sample->process >= trace->n_processes)
			continue;
		if (drop[sample->process]) {
			free(sample->roles);
			sample->roles = NULL;
			trace->n_roles--;
		}
		drop[sample->process] = !drop[sample->process];
	}
	free(drop);
	trace->stride *= 2;
}

/* 0 or -ENOMEM. */
static int copy_roles(struct pt_trace *trace, struct pt_sample *copy)
{
	const struct pt_amounts *roles = copy->roles;
	bool known = copy->process < trace->n_processes;
	copy->roles = NULL;
	if (!roles || (known && trace->processes[copy->process].n_roles++ % trace->stride))
		return 0;
	if (trace->n_roles >= PT_TRACE_ROLES)
		thin_out(trace);
	copy->roles = malloc(PT_ROLE_N * sizeof(*copy->roles));
	if (!copy->roles)
		return -ENOMEM;
	memcpy(copy->roles, roles, PT_ROLE_N * sizeof(*copy->roles));
	trace->n_roles++;
	return 0;
}

int pt_trace_add(struct pt_trace *trace, const struct pt_sample *sample)
{
	struct pt_sample copy = *sample;
	copy.frame = sample->roles != NULL;
	void *array = trace->samples;
	int error = make_room(&array, trace->n_samples, &trace->room_samples, sizeof(*trace->samples));
	trace->samples = array;
	if (error)
		return error;
	error = copy_roles(trace, &copy);
	if (error)
		return error;
	size_t at = trace->n_samples++;
	for (; at && trace->samples[at - 1].monotonic_ns > copy.monotonic_ns; at--)
		trace->samples[at] = trace->samples[at - 1];
	trace->samples[at] = copy;
	return 0;
}

void pt_trace_thin(struct pt_trace *trace)
{
	/* the next one of each process: of counters, of frames */
	bool(*drop)[2] = calloc(trace->n_processes + 1, sizeof(*drop));
	size_t kept = 0;
	for (size_t i = 0; drop && i < trace->n_samples; i++) {
		const struct pt_sample *sample = &trace->samples[i];
		bool thins = !sample->roles && sample->process < trace->n_processes, *next = NULL;
		if (thins) {
			next = &drop[sample->process][sample->frame];
			*next = !*next;
		}
		if (!thins || *next)
			trace->samples[kept++] = *sample;
	}
	if (drop)
		trace->n_samples = kept;
	free(drop);
}

void pt_trace_take(struct pt_trace *trace, struct pt_sample *samples, size_t n)
{
	free(trace->samples);
	for (size_t i = 0; i < n; i++)
		samples[i].frame = samples[i].roles != NULL;
	trace->samples = samples;
	trace->n_samples = trace->room_samples = n;
}

int pt_trace_mark(struct pt_trace *trace, const struct pt_trace_mark *mark)
{
	void *array = trace->marks;
	int error = make_room(&array, trace->n_marks, &trace->room_marks, sizeof(*trace->marks));
	trace->marks = array;
	if (error)
		return error;
	size_t at = trace->n_marks++;
	for (; at && trace->marks[at - 1].monotonic_ns > mark->monotonic_ns; at--)
		trace->marks[at] = trace->marks[at - 1];
	trace->marks[at] = *mark;
	return 0;
}
