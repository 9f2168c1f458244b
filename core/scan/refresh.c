/*
 * What to read next; see refresh.h.
 *
 * Costs are learnt from what was read before: CPU time per unit of weight, where a page that is there weighs one and
 * a chunk as much as CHUNK_WEIGHT pages.
 *
 * The budget is a limit, not a goal: a database does not want to notice who looks at it. So what can wait goes round
 * in a time that a person finds fresh, and only what the screen shows page by page is read with every frame.
 *
 * What a frame costs before it reads anything, and for each read whatever its size, grows with the number of chunks, and
 * may be more than a small budget has. So that a frame comes to something, reading may take twice what came before
 * it; the next frame begins later for that.
 */
#include "core/scan/refresh.h"

#include <errno.h>
#include <string.h>

#include "core/scan/presence.h"
#include "core/scan/shmem.h"

#define SECOND 1000000000ull

#define PRESENCE_ROUND (4 * SECOND)  /* all of presence is younger than this and one interval */
#define WATCHED_ROUND  (10 * SECOND) /* what is on the screen, when it is too much for every frame */
#define REST_ROUND     (20 * SECOND) /* everything else */
#define REST_AGE       (10 * SECOND) /* and it is left alone before that */

/* Parts of what is left of the budget. */
#define FOR_ALL     3 /* everything is read, if it takes no more than a third */
#define FOR_WATCHED 2
#define FOR_SMALL   8 /* stretches on the screen that are read each time, beside large ones */
#define FOR_SWEEP   2
#define FOR_HURRY   8 /* the sweep, sooner than it is due */

#define CHUNK_WEIGHT 64u
#define LEARN_FROM   1024u /* units of weight below which a read says little of the cost of the next */
#define LEARN_SHARE  0.25  /* of the newest reading in the running mean */
#define CHEAPER      0.1   /* presence against detail, before it was measured */

struct run {
	struct pt_refresh *r;
	const struct pt_refresh_job *job;
	struct pt_slots *slots;
	uint64_t chunk_size;
	uint64_t now_ns, passed_ns; /* when it began, and since the frame before */
	uint64_t least_ns, read_ns; /* of CPU time: reading may take so much in any case; it took so much so far */
};

static uint64_t now(const struct run *run, enum pt_clock clock)
{
	return run->job->target->k->ops->now(run->job->target->k, clock);
}

/* By how much; 0 if not. */
static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static double left(const struct run *run)
{
	uint64_t time = above(run->job->cpu_until_ns, now(run, PT_CLOCK_THREAD_CPU));
	uint64_t least = above(run->least_ns, run->read_ns);
	return (double)(time > least ? time : least);
}

/* ---- weights ---------------------------------------------------------------------------------------------------- */

static uint64_t weight(const struct pt_slot *slot)
{
	return pt_chunk_stat(slot->chunk, PT_N_PRESENT) + pt_chunk_stat(slot->chunk, PT_N_SWAP) + CHUNK_WEIGHT;
}

static uint64_t weight_of(const struct pt_slots *slots)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < slots->n; i++)
		sum += weight(&slots->v[i]);
	return sum;
}

/* Pages that the kernel counts and the picture does not hold yet, wherever they are. */
static uint64_t unseen(const struct run *run)
{
	uint64_t seen = 0;
	for (size_t i = 0; i < run->slots->n; i++)
		seen += pt_chunk_stat(run->slots->v[i].chunk, PT_N_PRESENT);
	return run->job->resident > seen ? run->job->resident - seen : 0;
}

static void learn(double *ns, uint64_t weight, uint64_t cpu_ns)
{
	if (weight<LEARN_FROM && * ns> 0)
		return;
	double newest = (double)cpu_ns / (double)(weight + 1);
	*ns = *ns > 0 ? *ns + (newest - *ns) * LEARN_SHARE : newest;
}

/* The weight that so much CPU time will read; never nothing. */
static uint64_t affordable(double ns, double unit_ns)
{
	return unit_ns > 0 && ns > unit_ns ? (uint64_t)(ns / unit_ns) : 1;
}

/* The part of a weight that is due, when all of it has its turn in one round; never nothing. */
static uint64_t due(const struct run *run, uint64_t weight, uint64_t round_ns)
{
	double part = run->passed_ns < round_ns ? (double)run->passed_ns / (double)round_ns : 1;
	return (uint64_t)(part * (double)weight) + 1;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static double presence_ns(const struct pt_refresh *r)
{
	return r->presence_ns > 0 ? r->presence_ns : r->detail_ns * CHEAPER;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static int take_found(void *arg, const struct pt_slot *old, const struct pt_slot *found, struct pt_slot *ret)
{
	(void)arg;
	(void)old;
	if (found) {
		*ret = *found;
		ret->read_ns += !ret->read_ns; /* a clock may begin at 0, which means unread */
		pt_chunk_ref(ret->chunk);
	}
	return 0;
}

static int put(struct run *run, enum pt_depth depth, const struct pt_stretches *where, const struct pt_slots *found)
{
	unsigned shift = run->job->target->k->page_shift;
	bool zero_told = pt_signal_has(&run->job->target->signals, PT_SIG_PAGEMAP_SCAN);
	if (depth == PT_DEPTH_PRESENCE)
		return pt_presence_merge(run->slots, where->v, where->n, shift, found, zero_told, NULL);
	return pt_slots_splice(run->slots, where->v, where->n, shift, found, take_found, NULL);
}

/* Reads stretches, in order and of whole chunks, and puts what is found into the picture. */
static int read_them(struct run *run, enum pt_depth depth, const struct pt_stretches *where)
{
	const struct pt_refresh_job *job = run->job;
	struct pt_slots found = {0};
	struct pt_pass_job pass = {.depth = depth,
				   .target = job->target,
				   .vmas = job->vmas,
				   .before = job->before,
				   .stretches = where->v,
				   .n = where->n,
				   .step = job->step,
				   .arg = job->arg};
	if (!where->n)
		return 0;
	uint64_t began = now(run, PT_CLOCK_THREAD_CPU);
	bool known = true;
	int error = pt_pass_run(job->pass, &pass, &found);
	if (!error && job->shmem)
		error = pt_shmem_swapped(job->target, job->vmas, where->v, where->n, &found, &known);
	run->r->shmem_known &= known;
	run->r->shmem_missed |= !known;
	uint64_t took = now(run, PT_CLOCK_THREAD_CPU) - began;
	run->read_ns += took;
	learn(depth == PT_DEPTH_DETAIL ? &run->r->detail_ns : &run->r->presence_ns, weight_of(&found), took);
	if (!error) /* which takes as long for a little as for much */
		error = put(run, depth, where, &found);
	pt_slots_free(&found);
	return error;
}

/* ---- what was mapped anew --------------------------------------------------------------------------------------- */

struct cut {
	const struct pt_stretches *replaced;
	unsigned page_shift;
};

/* What is known of the chunk's other pages stays. */
static int cut_chunk(void *arg, const struct pt_slot *old, const struct pt_slot *found, struct pt_slot *ret)
{
	const struct cut *cut = arg;
	struct pt_page pages[PT_CHUNK_PAGES];
	bool any = false;
	(void)found;
	pt_chunk_unpack(old->chunk, pages);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		uint64_t addr = (old->index * PT_CHUNK_PAGES + i) << cut->page_shift;
		if (pt_stretches_hold(cut->replaced->v, cut->replaced->n, addr))
			pages[i] = (struct pt_page){0};
		any |= pt_page_kind(pages[i]) != PT_UNTOUCHED;
	}
	if (any)
		*ret = (struct pt_slot){.index = old->index, .chunk = pt_chunk_new(pages, cut->page_shift)};
	return any && !ret->chunk ? -ENOMEM : 0;
}

static int read_replaced(struct run *run)
{
	const struct pt_stretches *replaced = run->job->replaced;
	struct cut cut = {replaced, run->job->target->k->page_shift};
	struct pt_stretches whole = {0};
	struct pt_slots nothing = {0};
	int error = 0;
	for (size_t i = 0; i < replaced->n && !error; i++)
		error = pt_stretches_push(&whole, replaced->v[i].start, replaced->v[i].end);
	pt_stretches_align(&whole, run->chunk_size);
	if (!error)
		error = pt_slots_splice(run->slots, whole.v, whole.n, cut.page_shift, &nothing, cut_chunk, &cut);
	if (!error)
		error = read_them(run, PT_DEPTH_PRESENCE, &whole);
	pt_stretches_free(&whole);
	return error;
}

/* ---- picking chunks --------------------------------------------------------------------------------------------- */

static size_t lower(const struct pt_slots *slots, uint64_t index)
{
	size_t low = 0, high = slots->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slots->v[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct wanted {
	const struct pt_stretches *within; /* NULL: anywhere */
	uint64_t before_ns;                /* read before that */
	uint64_t weight;                   /* about so much */
};

/* Goes once round the picture from *next on, and says there where to go on. */
static int pick(struct run *run, const struct wanted *wanted, uint64_t *next, struct pt_stretches *ret)
{
	const struct pt_slots *slots = run->slots;
	size_t i = lower(slots, *next);
	uint64_t sum = 0;
	int error = 0;
	for (size_t n = 0; n < slots->n && sum < wanted->weight && !error; n++, i++) {
		const struct pt_slot *slot = &slots->v[i < slots->n ? i : (i = 0)];
		uint64_t start = slot->index * run->chunk_size;
		if (slot->read_ns >= wanted->before_ns)
			continue;
		if (wanted->within && !pt_stretches_hold(wanted->within->v, wanted->within->n, start))
			continue;
		error = pt_stretches_push(ret, start, start + run->chunk_size);
		sum += weight(slot);
		*next = slot->index + 1;
	}
	pt_stretches_put_in_order(ret);
	return error;
}

static int read_picked(struct run *run, const struct wanted *wanted, uint64_t *next, bool *ret_any)
{
	struct pt_stretches picked = {0};
	int error = pick(run, wanted, next, &picked);
	*ret_any = picked.n > 0;
	if (!error)
		error = read_them(run, PT_DEPTH_DETAIL, &picked);
	pt_stretches_free(&picked);
	return error;
}

/* ---- what is on the screen -------------------------------------------------------------------------------------- */

static uint64_t weight_within(const struct run *run, const struct pt_stretches *within)
{
	uint64_t sum = 0;
	for (size_t w = 0; w < within->n; w++)
		for (size_t i = lower(run->slots, within->v[w].start / run->chunk_size);
		     i < run->slots->n && run->slots->v[i].index * run->chunk_size < within->v[w].end; i++)
			sum += weight(&run->slots->v[i]);
	return sum;
}

/* All of it, with what came since; or of what is known of it what has its turn. */
static int read_within(struct run *run, const struct pt_stretches *within)
{
	uint64_t all = weight_within(run, within), may = affordable(left(run) / FOR_WATCHED, run->r->detail_ns);
	struct wanted wanted = {.within = within,
				.before_ns = run->job->fresh_ns,
				.weight = at_most(may, due(run, all, WATCHED_ROUND))};
	bool any;
	if (all + unseen(run) <= may)
		return read_them(run, PT_DEPTH_DETAIL, within);
	return read_picked(run, &wanted, &run->r->next_watched, &any);
}

/* Small stretches are read each time, whatever large ones are beside them: those that take a part of the time in all. */
static int read_watched(struct run *run)
{
	struct pt_stretches small = {0}, large = {0};
	uint64_t may = affordable(left(run) / FOR_SMALL, run->r->detail_ns), sum = unseen(run);
	int error = 0;
	for (size_t i = 0; i < run->job->n_watched && !error; i++) {
		struct pt_stretch one = run->job->watched[i];
		uint64_t all = sum + weight_within(run, &(struct pt_stretches){.v = &one, .n = 1});
		bool is_small = all <= may;
		sum = is_small ? all : sum;
		error = pt_stretches_push(is_small ? &small : &large, one.start, one.end);
	}
	pt_stretches_align(&small, run->chunk_size);
	pt_stretches_align(&large, run->chunk_size);
	if (!error)
		error = read_them(run, PT_DEPTH_DETAIL, &small);
	if (!error && large.n)
		error = read_within(run, &large);
	pt_stretches_free(&small);
	pt_stretches_free(&large);
	return error;
}

/* ---- where pages came or went ----------------------------------------------------------------------------------- */

static uint64_t sweep_weight(const struct run *run)
{
	double unit = presence_ns(run->r), time = left(run);
	uint64_t weight = due(run, weight_of(run->slots), PRESENCE_ROUND);
	uint64_t hurry = run->job->moved ? affordable(time / FOR_HURRY, unit) : 0;
	return at_most(affordable(time / FOR_SWEEP, unit), weight > hurry ? weight : hurry);
}

static int sweep(struct run *run)
{
	struct pt_sweep *s = &run->r->sweep;
	uint64_t began = now(run, PT_CLOCK_MONOTONIC), end = PT_SWEEP_END, most = sweep_weight(run), sum = 0;
	for (size_t i = lower(run->slots, s->at); i < run->slots->n && end == PT_SWEEP_END; i++) {
		sum += weight(&run->slots->v[i]);
		if (sum >= most && i + 1 < run->slots->n)
			end = run->slots->v[i].index + 1;
	}
	struct pt_stretch part = {s->at * run->chunk_size, end == PT_SWEEP_END ? UINT64_MAX : end * run->chunk_size};
	int error = read_them(run, PT_DEPTH_PRESENCE, &(struct pt_stretches){.v = &part, .n = 1});
	if (error)
		return error;
	pt_sweep_reached(s, end, began);
	if (end == PT_SWEEP_END) { /* all were asked in this round */
		run->r->shmem_known |= !run->r->shmem_missed;
		run->r->shmem_missed = false;
	}
	return 0;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

/* Chunks of which only presence is known; there are some after a change, and after a failure. */
static int read_unread(struct run *run)
{
	bool any = true;
	int error = 0;
	while (!error && any && left(run) > 0) {
		uint64_t from_the_start = 0;
		struct wanted unread = {.before_ns = 1, .weight = affordable(left(run), run->r->detail_ns)};
		error = read_picked(run, &unread, &from_the_start, &any);
	}
	return error;
}

static int read_stalest(struct run *run)
{
	uint64_t may = affordable(left(run), run->r->detail_ns);
	uint64_t before = run->now_ns > REST_AGE ? run->now_ns - REST_AGE : 0;
	struct wanted stale = {.before_ns = before > 1 ? before : 1, /* at the least what was never read */
			       .weight = at_most(may, due(run, weight_of(run->slots), REST_ROUND))};
	bool any;
	return read_picked(run, &stale, &run->r->next, &any);
}

/* ---- a frame ---------------------------------------------------------------------------------------------------- */

void pt_refresh_whole(struct pt_refresh *r, const struct pt_slots *slots, uint64_t began_ns, uint64_t cpu_ns)
{
	learn(&r->detail_ns, weight_of(slots), cpu_ns);
	pt_sweep_all(&r->sweep, began_ns);
	r->ran_ns = began_ns;
}

static int read_all(struct run *run)
{
	struct pt_stretch all = {0, UINT64_MAX};
	uint64_t began = now(run, PT_CLOCK_MONOTONIC);
	run->r->shmem_known = true;
	int error = read_them(run, PT_DEPTH_DETAIL, &(struct pt_stretches){.v = &all, .n = 1});
	if (!error)
		pt_sweep_all(&run->r->sweep, began);
	return error;
}

/* By what this frame and the last cost before: what came once (a long maps, a hiccup) is no reason to read more. */
static void allow_the_least(struct run *run)
{
	uint64_t before_ns = above(now(run, PT_CLOCK_THREAD_CPU), run->job->cpu_began_ns);
	run->least_ns = 2 * at_most(before_ns, run->r->before_ns);
	run->r->before_ns = before_ns;
}

int pt_refresh_run(struct pt_refresh *r, const struct pt_refresh_job *job, struct pt_slots *slots)
{
	struct run run = {.r = r,
			  .job = job,
			  .slots = slots,
			  .chunk_size = (uint64_t)PT_CHUNK_PAGES << job->target->k->page_shift};
	run.now_ns = now(&run, PT_CLOCK_MONOTONIC);
	allow_the_least(&run);
	run.passed_ns = run.now_ns - r->ran_ns;
	r->ran_ns = run.now_ns;
	if (weight_of(slots) + unseen(&run) <= affordable(left(&run) / FOR_ALL, r->detail_ns))
		return read_all(&run);
	int error = read_replaced(&run);
	if (!error)
		error = read_watched(&run);
	if (!error)
		error = sweep(&run);
	if (!error)
		error = read_unread(&run);
	return error ? error : read_stalest(&run);
}
