/*
 * One walk over what is present; see survey.h.
 */
#include "core/scan/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "core/scan/walk.h"

/* Aligned stretches of `size` pages that a region touches, but for those below *next. */
static uint64_t count_stretches(uint64_t first, uint64_t end, uint64_t size, uint64_t *next)
{
	uint64_t from = first / size, behind = (end - 1) / size + 1;
	if (from < *next)
		from = *next;
	*next = behind;
	return behind - from;
}

static void count_region(struct pt_survey *s, const struct pt_region *region, unsigned page_shift, uint64_t next[2])
{
	const uint64_t table = PT_CHUNK_PAGES, upper = table * PT_CHUNK_PAGES;
	uint64_t first = region->start >> page_shift, end = region->end >> page_shift;
	s->work.regions++;
	s->work.tables += count_stretches(first, end, table, &next[0]);
	s->work.upper += count_stretches(first, end, upper, &next[1]);
	s->pages += end - first;
	if (region->categories & PS_HUGE)
		s->work.huge += (end - first + PT_CHUNK_PAGES - 1) / PT_CHUNK_PAGES;
	else if (region->categories & PS_PRESENT)
		s->work.present += end - first;
}

static int count_regions(struct pt_target *target, const struct pt_vma_table *vmas, struct pt_survey *s)
{
	struct pt_walk *walk = malloc(sizeof(*walk));
	struct pt_region region;
	uint64_t next[2] = {0};
	int more;
	if (!walk)
		return -ENOMEM;
	pt_walk_init(walk, target, vmas, (struct pt_stretch){0, UINT64_MAX}, false);
	while ((more = pt_walk_next(walk, &region)) == 1)
		count_region(s, &region, target->k->page_shift, next);
	free(walk);
	return more;
}

/* Bytes, 0 where it is not known. */
static uint64_t value(struct pt_maybe maybe)
{
	return maybe.known ? maybe.value : 0;
}

static int survey_target(struct pt_target *target, struct pt_survey *s)
{
	unsigned shift = target->k->page_shift;
	struct pt_process process;
	struct pt_vma_table *vmas;
	int error = pt_target_read(target, &process);
	if (!error)
		error = pt_read_maps(target->k, target->task, &vmas);
	if (error)
		return error;
	s->work.vmas = vmas->n;
	for (size_t i = 0; i < vmas->n; i++)
		if (vmas->v[i].role != PT_ROLE_VSYSCALL)
			s->work.pages += (vmas->v[i].end - vmas->v[i].start) >> shift;
	/* memory that others can have mapped as well */
	s->work.counted = (value(process.rss_file) + value(process.rss_shmem)) >> shift;
	if (pt_signal_has(&target->signals, PT_SIG_PAGEMAP_SCAN)) {
		error = count_regions(target, vmas, s);
	} else {
		s->work.present = s->work.counted + (value(process.rss_anon) >> shift);
		s->pages = s->work.present + (value(process.swap) >> shift);
		s->work.regions = vmas->n;
	}
	pt_vma_table_unref(vmas);
	return error;
}

int pt_survey(struct pt_kernel *k, pid_t pid, const struct pt_signals *signals, struct pt_survey *ret)
{
	struct pt_target target;
	struct pt_survey survey = {0};
	int error = pt_target_open(&target, k, pid, signals);
	if (error)
		return error;
	error = survey_target(&target, &survey);
	pt_target_close(&target);
	*ret = survey;
	return error;
}
