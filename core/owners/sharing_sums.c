/*
 * Asking it: sums over the runs of a stretch of addresses, by process and by set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/owners/sharing_parts.h"

/* ---- runs of a stretch ------------------------------------------------------------------------------------------ */

struct stretch {
	uint64_t first, end; /* pages */
	size_t at;           /* the run to look at next */
};

static struct stretch stretch_of(const struct pt_sharing *sharing, uint64_t start, uint64_t end)
{
	struct stretch s = {start >> sharing->page_shift, end >> sharing->page_shift, 0};
	size_t high = sharing->n;
	while (s.at < high) {
		size_t middle = s.at + (high - s.at) / 2;
		const struct pt_shared_run *run = &sharing->runs[middle];
		if (run->page + run->n <= s.first)
			s.at = middle + 1;
		else
			high = middle;
	}
	return s;
}

/* The next run that has pages there, cut to it. */
static bool next_run(const struct pt_sharing *sharing, struct stretch *s, struct pt_shared_run *ret)
{
	if (s->at >= sharing->n || sharing->runs[s->at].page >= s->end)
		return false;
	*ret = sharing->runs[s->at++];
	uint64_t first = ret->page > s->first ? ret->page : s->first;
	uint64_t end = ret->page + ret->n < s->end ? ret->page + ret->n : s->end;
	ret->page = first;
	ret->n = (uint32_t)(end - first);
	return true;
}

static void count_run(const struct pt_shared_run *run, struct pt_sharing_pages *ret)
{
	switch ((enum pt_shared_by)run->by) {
	case PT_SHARED_OTHERS: ret->others += run->n; break;
	case PT_SHARED_ITSELF: ret->itself += run->n; break;
	case PT_SHARED_NOBODY: ret->nobody += run->n; break;
	case PT_SHARED_UNASKED: ret->unasked += run->n; break;
	}
	if (run->partly && run->by == PT_SHARED_OTHERS)
		ret->partly += run->n;
}

void pt_sharing_count(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharing_pages *ret)
{
	struct stretch s = stretch_of(sharing, start, end);
	struct pt_shared_run run;
	*ret = (struct pt_sharing_pages){0};
	while (next_run(sharing, &s, &run))
		count_run(&run, ret);
}

void pt_sharing_each(const struct pt_sharing *sharing, uint64_t start, uint64_t end,
		     void (*each)(void *arg, uint32_t set, uint64_t pages), void *arg)
{
	struct stretch s = stretch_of(sharing, start, end);
	struct pt_shared_run run;
	while (next_run(sharing, &s, &run))
		if (run.set)
			each(arg, run.set, run.n);
}

/* ---- by process ------------------------------------------------------------------------------------------------- */

/* What a set has, until it is told to its processes. */
struct share {
	uint64_t pages, anon, file, shmem, first; /* first: page */
};

static void add_share(struct share *to, const struct share *more)
{
	if (!to->pages || more->first < to->first)
		to->first = more->first;
	to->pages += more->pages;
	to->anon += more->anon;
	to->file += more->file;
	to->shmem += more->shmem;
}

static struct share share_of(const struct pt_shared_run *run)
{
	struct share share = {.pages = run->n, .first = run->page};
	share.anon = run->kind == PT_ANON ? run->n : 0;
	share.file = run->kind == PT_FILE ? run->n : 0;
	share.shmem = run->kind == PT_SHMEM ? run->n : 0;
	return share;
}

/* Each set's share goes to its last process and to the set without that, which comes before it. */
static void tell_processes(const struct pt_sharing *sharing, struct share *of_sets, struct share *of_processes)
{
	for (size_t i = sharing->n_sets; i-- > 1;) {
		const struct pt_set *set = &sharing->sets[i];
		if (!of_sets[i].pages)
			continue;
		add_share(&of_processes[set->process], &of_sets[i]);
		add_share(&of_sets[set->without], &of_sets[i]);
	}
}

static int by_pages(const void *a, const void *b)
{
	const struct pt_sharer *x = a, *y = b;
	if (x->pages != y->pages)
		return x->pages < y->pages ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void list_sharers(const struct pt_sharing *sharing, const struct share *shares, struct pt_sharers *ret)
{
	for (size_t i = 0; i < sharing->n_processes; i++) {
		const struct share *share = &shares[i];
		if (!share->pages)
			continue;
		struct pt_sharer *to = &ret->v[ret->n++];
		*to = (struct pt_sharer){.pid = sharing->processes[i].pid,
					 .pages = share->pages,
					 .anon = share->anon,
					 .file = share->file,
					 .shmem = share->shmem,
					 .address = share->first << sharing->page_shift};
		memcpy(to->name, sharing->processes[i].name, sizeof(to->name));
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_pages);
}

int pt_sharing_with(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharers *ret)
{
	struct share *of_sets = calloc(sharing->n_sets, sizeof(*of_sets));
	struct share *of_processes = calloc(sharing->n_processes + 1, sizeof(*of_processes));
	struct pt_sharers sharers = {.v = calloc(sharing->n_processes + 1, sizeof(*sharers.v))};
	struct stretch s = stretch_of(sharing, start, end);
	struct pt_shared_run run;
	bool no_memory = !of_sets || !of_processes || !sharers.v;
	while (!no_memory && next_run(sharing, &s, &run)) {
		struct share share = share_of(&run);
		count_run(&run, &sharers.pages);
		if (run.set)
			add_share(&of_sets[run.set], &share);
	}
	if (!no_memory) {
		tell_processes(sharing, of_sets, of_processes);
		list_sharers(sharing, of_processes, &sharers);
	}
	free(of_sets);
	free(of_processes);
	if (no_memory) {
		free(sharers.v);
		return -ENOMEM;
	}
	*ret = sharers;
	return 0;
}

/* ---- by set ----------------------------------------------------------------------------------------------------- */

/* Into a list that has the largest first. */
static size_t insert(struct pt_sharing_set *list, size_t n, size_t max, struct pt_sharing_set set)
{
	size_t at = n < max ? n : max;
	while (at && list[at - 1].pages < set.pages) {
		if (at < max)
			list[at] = list[at - 1];
		at--;
	}
	if (at < max)
		list[at] = set;
	return n < max ? n + 1 : max;
}

size_t pt_sharing_sets(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharing_set *ret,
		       size_t max)
{
	uint64_t *pages = calloc(sharing->n_sets, sizeof(*pages));
	struct stretch s = stretch_of(sharing, start, end);
	struct pt_shared_run run;
	size_t n = 0;
	while (pages && next_run(sharing, &s, &run))
		pages[run.set] += run.set ? run.n : 0;
	for (size_t i = 1; pages && i < sharing->n_sets; i++)
		if (pages[i])
			n = insert(ret, n, max, (struct pt_sharing_set){(uint32_t)i, pages[i], sharing->sets[i].n});
	free(pages);
	return n;
}

/* They are in the order of PIDs: the last has the highest. */
bool pt_sharing_has(const struct pt_sharing *sharing, uint32_t set, pid_t pid)
{
	for (; set; set = sharing->sets[set].without) {
		pid_t last = sharing->processes[sharing->sets[set].process].pid;
		if (last <= pid)
			return last == pid;
	}
	return false;
}

size_t pt_sharing_members(const struct pt_sharing *sharing, uint32_t set)
{
	return sharing->sets[set].n;
}

pid_t pt_sharing_member(const struct pt_sharing *sharing, uint32_t set, size_t i, const char **ret_name)
{
	while (sharing->sets[set].n > i + 1)
		set = sharing->sets[set].without;
	const struct pt_sharing_process *process = &sharing->processes[sharing->sets[set].process];
	*ret_name = process->name;
	return process->pid;
}

size_t pt_sharing_refused(const struct pt_sharing *sharing)
{
	return sharing->refused;
}

uint64_t pt_sharing_read_ns(const struct pt_sharing *sharing)
{
	return sharing->read_ns;
}
