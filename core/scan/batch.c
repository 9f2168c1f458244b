/*
 * Many chunks at once; see batch.h.
 *
 * A small batch stays in the processor's caches; a large one finds more frames that lie side by side, which is what
 * counts where memory was touched in random order. It starts small and grows while reads would be short.
 *
 * Each thread has a lane: a range of addresses, and a stretch of the batch's arrays. All lanes do one thing at a time:
 * find, read frames (of all lanes), build.
 */
#include "core/scan/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "core/kernel/room.h"
#include "core/scan/team.h"

#ifndef PT_BATCH_FEWEST
#define PT_BATCH_FEWEST (1u << 15) /* entries of a lane */
#endif
#define MOST       (5u << 18) /* entries of all lanes: 20 MiB of buffers */
#define SHORT_READ 8u         /* frames of a read, on average, below which a larger batch is worth trying */
#define LONG_READ  128u       /* above which a smaller one will do */
#define LANES_MAX  8u

struct lane {
	struct pt_find find;
	struct pt_frames *frames; /* of lane 0: the order of all */
	struct pt_build *build;
	struct pt_build_job job;
	struct pt_slots slots; /* of all but lane 0, whose are the caller's */
	struct pt_step step;
	struct pt_frames_cost cost;
	uint64_t done_index, pages;
	int more;  /* 1: there is more to find */
	int error; /* of what the lane did last */
};

struct pt_batch {
	const struct pt_build_job *job;
	struct pt_team *team; /* NULL: there is one lane */
	unsigned n_lanes;
	struct lane *lanes;
	struct pt_frame_arrays arrays; /* of all lanes, one after the other */
	size_t limit;                  /* entries of a lane, for now */
	size_t most;                   /* that it may grow to */
	size_t room;                   /* and how many there is room for */
	bool settled;                  /* the limit is known to be good */
	bool stop;                     /* atomic: a lane failed */
};

/* ---- lanes ------------------------------------------------------------------------------------------------------ */

static bool lane_init(struct lane *lane, unsigned page_shift)
{
	lane->frames = pt_frames_new();
	lane->build = pt_build_new(page_shift);
	return lane->frames && lane->build;
}

/* All lanes but the caller's: whether to go on. */
static int stopped(void *arg)
{
	struct pt_batch *batch = arg;
	return __atomic_load_n(&batch->stop, __ATOMIC_RELAXED) ? -ECANCELED : 0;
}

static void end_of(struct pt_batch *batch, struct lane *lane, int error)
{
	lane->error = error;
	if (error)
		__atomic_store_n(&batch->stop, true, __ATOMIC_RELAXED);
}

/* The first lane's error counts, unless it only stopped since another one failed. */
static int error_of(const struct pt_batch *batch)
{
	for (unsigned i = 0; i < batch->n_lanes; i++)
		if (batch->lanes[i].error && (i == 0 || batch->lanes[i].error != -ECANCELED))
			return batch->lanes[i].error;
	return 0;
}

static int on_all_lanes(struct pt_batch *batch, void (*fn)(void *arg, unsigned i))
{
	pt_team_run(batch->team, fn, batch);
	return error_of(batch);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

/* Room for more entries in each lane; those that are there stay. */
static int make_room(struct pt_batch *batch, size_t limit)
{
	size_t room = limit + PT_FIND_OVER, all = room * batch->n_lanes;
	struct pt_frame_arrays old = batch->arrays, new = {0};
	if (room <= batch->room)
		return 0;
	if (!pt_room(&new.entries, 0, all * sizeof(*new.entries)) ||
	    !pt_room(&new.words, 0, all * sizeof(*new.words)) || !pt_room(&new.counts, 0, all * sizeof(*new.counts))) {
		free(new.entries);
		free(new.words);
		return -ENOMEM;
	}
	for (size_t i = 0; i < batch->n_lanes; i++) {
		size_t at = i * room;
		pt_parts_lend(&batch->lanes[i].find.parts,
			      (struct pt_frame_arrays){new.entries + at, new.words + at, new.counts + at}, room);
	}
	free(old.entries);
	free(old.words);
	free(old.counts);
	batch->arrays = new;
	batch->room = room;
	return 0;
}

struct pt_batch *pt_batch_new(unsigned page_shift, unsigned threads)
{
	struct pt_batch *batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->n_lanes = threads < 1 ? 1 : threads < LANES_MAX ? threads : LANES_MAX;
	batch->limit = PT_BATCH_FEWEST;
	batch->most = MOST / batch->n_lanes;
	batch->lanes = calloc(batch->n_lanes, sizeof(*batch->lanes));
	bool fine = batch->lanes != NULL;
	for (unsigned i = 0; fine && i < batch->n_lanes; i++)
		fine = lane_init(&batch->lanes[i], page_shift);
	if (fine && batch->n_lanes > 1)
		fine = (batch->team = pt_team_new(batch->n_lanes)) != NULL;
	if (fine && make_room(batch, batch->limit) == 0)
		return batch;
	pt_batch_free(batch);
	return NULL;
}

void pt_batch_free(struct pt_batch *batch)
{
	if (!batch)
		return;
	pt_team_free(batch->team);
	for (unsigned i = 0; batch->lanes && i < batch->n_lanes; i++) {
		pt_parts_free(&batch->lanes[i].find.parts);
		pt_frames_free(batch->lanes[i].frames);
		pt_build_free(batch->lanes[i].build);
		pt_slots_free(&batch->lanes[i].slots);
	}
	free(batch->arrays.entries);
	free(batch->arrays.words);
	free(batch->arrays.counts);
	free(batch->lanes);
	free(batch);
}

void pt_batch_begin(struct pt_batch *batch, const struct pt_build_job *job, struct pt_step step)
{
	batch->job = job;
	batch->stop = false;
	for (unsigned i = 0; i < batch->n_lanes; i++) {
		struct lane *lane = &batch->lanes[i];
		pt_slots_free(&lane->slots);
		lane->job = *job;
		lane->job.slots = i ? &lane->slots : job->slots;
		lane->step = i ? (struct pt_step){stopped, batch} : step;
		lane->done_index = lane->pages = 0;
		lane->more = lane->error = 0;
		pt_parts_clear(&lane->find.parts, job->target);
	}
}

uint64_t pt_batch_done_index(const struct pt_batch *batch)
{
	return batch->lanes[0].done_index;
}

uint64_t pt_batch_pages(const struct pt_batch *batch)
{
	uint64_t pages = batch->lanes[0].find.parts.pages;
	for (unsigned i = 0; i < batch->n_lanes; i++)
		pages += __atomic_load_n(&batch->lanes[i].pages, __ATOMIC_RELAXED);
	return pages;
}

/* ---- what lanes do ---------------------------------------------------------------------------------------------- */

static void find(void *arg, unsigned i)
{
	struct pt_batch *batch = arg;
	struct lane *lane = &batch->lanes[i];
	if (lane->more == 1)
		lane->more = pt_find_more(&lane->find, batch->limit, lane->step);
	end_of(batch, lane, lane->more == 1 ? 0 : lane->more);
}

static void read_frames(void *arg, unsigned i)
{
	struct pt_batch *batch = arg;
	struct lane *lane = &batch->lanes[i], *first = &batch->lanes[0];
	end_of(batch, lane, pt_frames_read(first->frames, lane->frames, &first->find.parts, lane->step, &lane->cost));
}

static void build(void *arg, unsigned i)
{
	struct pt_batch *batch = arg;
	struct lane *lane = &batch->lanes[i];
	struct pt_parts *parts = &lane->find.parts;
	if (!parts->n)
		return;
	int error = pt_build_chunks(lane->build, &lane->job, parts, lane->frames, lane->step, &lane->done_index);
	__atomic_store_n(&lane->pages, lane->pages + parts->pages, __ATOMIC_RELAXED);
	pt_parts_clear(parts, lane->job.target);
	end_of(batch, lane, error);
}

/* ---- batches ---------------------------------------------------------------------------------------------------- */

static bool any(const struct pt_batch *batch, bool (*is)(const struct lane *lane))
{
	for (unsigned i = 0; i < batch->n_lanes; i++)
		if (is(&batch->lanes[i]))
			return true;
	return false;
}

static bool has_more(const struct lane *lane)
{
	return lane->more == 1;
}

static bool has_parts(const struct lane *lane)
{
	return lane->find.parts.n > 0;
}

static int order(struct pt_batch *batch)
{
	struct pt_parts parts[LANES_MAX];
	for (unsigned i = 0; i < batch->n_lanes; i++) {
		parts[i] = batch->lanes[i].find.parts;
		parts[i].entries[parts[i].n_entries] = 0; /* no run of frames goes on from one lane into the next */
	}
	return pt_frames_order(batch->lanes[0].frames, parts, batch->n_lanes);
}

static bool may_grow(const struct pt_batch *batch, struct pt_frames_cost cost)
{
	return batch->limit < batch->most && cost.frames < cost.reads * SHORT_READ;
}

static int grow(struct pt_batch *batch)
{
	batch->limit = batch->most;
	return make_room(batch, batch->limit);
}

static void adapt(struct pt_batch *batch)
{
	struct pt_frames_cost cost = {0};
	for (unsigned i = 0; i < batch->n_lanes; i++) {
		cost.frames += batch->lanes[i].cost.frames;
		cost.reads += batch->lanes[i].cost.reads;
	}
	batch->settled = true;
	if (may_grow(batch, cost))
		batch->limit = batch->most;
	else if (cost.frames > cost.reads * LONG_READ)
		batch->limit = PT_BATCH_FEWEST;
}

/* Chunks of what was found, unless a larger batch would be better and there is more to come. */
static int flush(struct pt_batch *batch, bool more)
{
	if (!any(batch, has_parts))
		return 0;
	if (batch->job->depth == PT_DEPTH_PRESENCE)
		return on_all_lanes(batch, build);
	int error = order(batch);
	if (error)
		return error;
	/* before the first batch is read it pays to find out what that would take; after that it is known */
	if (more && !batch->settled &&
	    may_grow(batch, pt_frames_cost(batch->lanes[0].frames, &batch->lanes[0].find.parts)))
		return grow(batch);
	error = on_all_lanes(batch, read_frames);
	if (!error)
		error = on_all_lanes(batch, build);
	if (!error && more)
		adapt(batch);
	return error ? error : make_room(batch, batch->limit);
}

/* Where lanes begin: so much of the VMAs lies below, in parts of the whole, at the border of a chunk. */
static uint64_t border(const struct pt_batch *batch, struct pt_stretch stretch, unsigned i)
{
	const struct pt_vma_table *vmas = batch->job->vmas;
	uint64_t size = (uint64_t)PT_CHUNK_PAGES << batch->job->target->k->page_shift, all = 0, below = 0;
	if (i == 0 || i == batch->n_lanes)
		return i ? stretch.end : stretch.start;
	for (size_t v = 0; v < vmas->n; v++)
		all += vmas->v[v].end - vmas->v[v].start;
	uint64_t want = (uint64_t)((double)all / batch->n_lanes * i);
	for (size_t v = 0; v < vmas->n; v++) {
		uint64_t length = vmas->v[v].end - vmas->v[v].start;
		if (below + length >= want)
			return (vmas->v[v].start + (want - below)) / size * size;
		below += length;
	}
	return stretch.end;
}

int pt_batch_add(struct pt_batch *batch, struct pt_stretch stretch, bool alone)
{
	for (unsigned i = 0; i < batch->n_lanes && (i == 0 || !alone); i++) {
		struct lane *lane = &batch->lanes[i];
		struct pt_stretch part =
			alone ? stretch : (struct pt_stretch){border(batch, stretch, i), border(batch, stretch, i + 1)};
		pt_find_begin(&lane->find, batch->job->depth, batch->job->target, batch->job->vmas, part);
		lane->more = 1;
	}
	for (;;) {
		int error = on_all_lanes(batch, find);
		if (error || !any(batch, has_more))
			return error;
		error = flush(batch, true);
		if (error)
			return error;
	}
}

int pt_batch_end(struct pt_batch *batch)
{
	int error = flush(batch, false);
	for (unsigned i = 1; i < batch->n_lanes && !error; i++)
		error = pt_slots_push_from(batch->job->slots, &batch->lanes[i].slots, 0);
	for (unsigned i = 1; i < batch->n_lanes; i++)
		pt_slots_free(&batch->lanes[i].slots);
	return error;
}
