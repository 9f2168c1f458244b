/*
 * The sampling of sites.h: a turn each millisecond. Hits are taken, then each watchpoint that is done with goes on to another
 * chunk: half of them to lists that are known to hand out, the others through all lists in turn.
 *
 * A watched chunk's life is a small state: free, handed out (with a stack), free again... as long as hits last. One that
 * is handed out and not freed for LIVES_NS is read, and when the turn after that knows of no further hit, what was read
 * was that object's.
 *
 * What all objects of a size hold alike does not tell later whether one is still the same. Such ones are watched on for
 * LONG_NS: all, where some of the first few were freed in that time, else a few.
 */
#include "core/hunt/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/sites_inner.h"

#define STACK_BYTES       8192u
#define STACKS_BYTES      (16u << 20) /* of memory, for different ones */
#define BIRTHS            100000u
#define TURN_NS           1000000u
#define LOOK_NS           200000000u /* at threads */
#define LIVES_NS          5000000u
#define LONG_NS           700000000u
#define TRIALS            4u        /* of a size */
#define FREED_FEW         16u       /* one of so many is few */
#define PATIENCE_NS       25000000u /* with a chunk that nobody wants */
#define PATIENCE_FREED_NS 4000000u  /* with one that was freed, and may be deep in its list by now */
#define PATIENCE_MIN      2000000u
#define ROUND_NS          2000000000u /* through all lists, if patience allows */
#define HITS_CACHED       6u          /* of each byte: a chunk may be freed and handed out again */
#define HITS_HEADER       3u
#define HITS_A_SECOND     1000.0 /* each takes the target 2 us, on virtual machines 15 */
#define HITS_TOGETHER_NS  10000u /* one instruction that wrote to both bytes makes one trap */
#define HIT_TOGETHER      0.2
#define HITS_SAVED        50.0
#define IDLE_MAX          3u
#define TRIES             16u /* lists looked at in a turn, for a chunk */
#define CHECKS            16u /* births looked at in a turn, at most; of few a hundredth, at least one */

/* ---- opening ---------------------------------------------------------------------------------------------------- */

int pt_sites_new(struct pt_sites **ret, struct pt_target *target, const struct pt_sites_options *options)
{
	struct pt_sites *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->target = target;
	s->stacks = pt_stacks_new(STACKS_BYTES);
	s->births = pt_object_births_new(options->most ? options->most : BIRTHS);
	int error = s->stacks && s->births ? 0 : -ENOMEM;
	if (!error)
		error = pt_heads_new(&s->heads, target, options->heap, options->sizes, options->n);
	if (!error)
		error = pt_unwinder_new(&s->unwinder, target->k, target->pid);
	if (!error)
		error = pt_watchpoints_open(&s->watch, target->k, target->pid, STACK_BYTES);
	if (error) {
		pt_sites_free(s);
		return error;
	}
	s->n_slots = (pt_watchpoints_n(s->watch) + 1) / 2;
	*ret = s;
	return 0;
}

void pt_sites_free(struct pt_sites *s)
{
	if (!s)
		return;
	pt_watchpoints_close(s->watch);
	pt_heads_free(s->heads);
	pt_unwinder_free(s->unwinder);
	pt_object_births_free(s->births);
	pt_stacks_free(s->stacks);
	free(s);
}

struct pt_sites_totals pt_sites_totals(const struct pt_sites *s)
{
	struct pt_sites_totals totals = s->totals;
	totals.lost = s->watch ? pt_watchpoints_lost(s->watch) : totals.lost;
	return totals;
}

bool pt_sites_hash(struct pt_sites *s, uint64_t address, uint64_t size, uint64_t *ret)
{
	unsigned char bytes[PT_BIRTH_BYTES];
	const size_t n = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
	if (!pt_heads_read(s->heads, address, bytes, n))
		return false;
	*ret = pt_object_births_hash(bytes, n);
	return true;
}

/* ---- hits ------------------------------------------------------------------------------------------------------- */

static struct pt_sites_slot *slot_of(struct pt_sites *s, const struct pt_perf_record *hit)
{
	for (unsigned i = 0; i < s->n_slots; i++) {
		struct pt_sites_slot *slot = &s->slots[i];
		const bool its = hit->address == slot->head.key || hit->address == slot->head.other;
		if (slot->armed && its && hit->time_ns >= slot->armed_ns)
			return slot;
	}
	return NULL;
}

static void mark_hot(struct pt_sites *s, size_t source)
{
	for (size_t i = 0; i < s->n_hot; i++)
		if (s->hot[i].source == source) {
			s->hot[i].idle = 0;
			return;
		}
	if (s->n_hot == PT_SITES_HOT)
		return;
	s->hot[s->n_hot].source = source;
	s->hot[s->n_hot++].idle = 0;
}

static void mark_idle(struct pt_sites *s, size_t source)
{
	for (size_t i = 0; i < s->n_hot; i++)
		if (s->hot[i].source == source) {
			if (++s->hot[i].idle > IDLE_MAX)
				s->hot[i] = s->hot[--s->n_hot];
			return;
		}
}

static struct pt_sites_trial *trial_of(struct pt_sites *s, uint64_t size)
{
	for (size_t i = 0; i < s->n_trials; i++)
		if (s->trials[i].size == size)
			return &s->trials[i];
	if (s->n_trials == PT_SITES_TRIALS)
		return NULL;
	s->trials[s->n_trials] = (struct pt_sites_trial){.size = size};
	return &s->trials[s->n_trials++];
}

static void end_trial(struct pt_sites *s, struct pt_sites_slot *slot, bool freed)
{
	struct pt_sites_trial *trial = slot->until_ns ? trial_of(s, slot->size) : NULL;
	if (trial) {
		trial->n++;
		trial->freed += freed;
	}
	slot->until_ns = 0;
}

static void be_born(struct pt_sites *s, struct pt_sites_slot *slot, const struct pt_calls *calls, uint64_t time_ns)
{
	const struct pt_stack stack = {.ips = calls->ips, .n = (uint32_t)calls->n, .complete = calls->complete};
	end_trial(s, slot, true);
	slot->lives = true;
	slot->read = false;
	slot->born_ns = time_ns;
	slot->stack = calls->n ? pt_stacks_add(s->stacks, &stack) : 0;
	s->totals.seen++;
	pt_object_births_forget(s->births, slot->head.address);
	if (slot->head.chunk)
		pt_object_births_count(s->births, slot->head.chunk - sizeof(uint64_t), slot->stack);
	mark_hot(s, slot->source);
}

static void die(struct pt_sites *s, struct pt_sites_slot *slot)
{
	end_trial(s, slot, true);
	slot->lives = false;
	pt_object_births_forget(s->births, slot->head.address);
}

/*
 * Of a size that caches serve. What helpers write to it tells that it is in one of malloc's lists; without keys, the
 * program's first write tells that it was handed out.
 */
static void hit_cached(struct pt_sites *s, struct pt_sites_slot *slot, bool key, enum pt_wrote wrote,
		       const struct pt_calls *calls, uint64_t time_ns)
{
	const bool keys = pt_heads_keys(s->heads);
	if (wrote == PT_WROTE_FREE || (calls->inner && wrote != PT_WROTE_PROGRAM))
		die(s, slot);
	else if (wrote == PT_WROTE_PROGRAM && (slot->lives || keys))
		return;
	else if (wrote == PT_WROTE_REALLOC && slot->lives) /* copies into it */
		return;
	else if (key || !keys)
		be_born(s, slot, calls, time_ns);
}

/* Of another: the second write to a header is that it is freed, or something beside it is. */
static void hit_header(struct pt_sites *s, struct pt_sites_slot *slot, bool header, enum pt_wrote wrote,
		       const struct pt_calls *calls, uint64_t time_ns)
{
	const bool whole = slot->head.chunk, first = slot->hits[0] + slot->hits[1] == 1;
	/* what is left behind it gets its header; one of an arena that is not the main one is marked so */
	if (slot->hits[header ? 0 : 1] == 1 && header == whole && wrote != PT_WROTE_FREE)
		return;
	if (first && header != whole && wrote != PT_WROTE_FREE && wrote != PT_WROTE_PROGRAM) {
		be_born(s, slot, calls, time_ns);
	} else {
		die(s, slot);
		slot->over = true;
	}
}

static void take_hit(void *arg, const struct pt_perf_record *hit)
{
	struct pt_sites *s = arg;
	struct pt_sites_slot *slot = slot_of(s, hit);
	struct pt_calls calls;
	s->totals.hits++;
	s->hits_left -= hit->ip == s->last_ip && hit->time_ns - s->last_hit_ns < HITS_TOGETHER_NS ? HIT_TOGETHER : 1;
	s->last_ip = hit->ip;
	s->last_hit_ns = hit->time_ns;
	if (!slot || slot->over)
		return;
	if (hit->pid != s->target->pid) {
		slot->over = true;
		return;
	}
	const bool first = hit->address == slot->head.key;
	const unsigned hits = ++slot->hits[first ? 0 : 1];
	slot->last_ns = hit->time_ns;
	const enum pt_wrote wrote = pt_wrote(s->unwinder, hit, &calls);
	if (slot->head.cached)
		hit_cached(s, slot, first, wrote, &calls, hit->time_ns);
	else
		hit_header(s, slot, first, wrote, &calls, hit->time_ns);
	if (hits >= slot->limit)
		slot->over = true;
}

/* ---- chunks to be watched --------------------------------------------------------------------------------------- */

static bool is_watched(const struct pt_sites *s, uint64_t address)
{
	for (unsigned i = 0; i < s->n_slots; i++)
		if (s->slots[i].armed && s->slots[i].head.address == address)
			return true;
	return false;
}

/* The first that no other watchpoint is at. */
static bool find_head(struct pt_sites *s, size_t source, struct pt_head *ret)
{
	for (unsigned after = 0; after <= s->n_slots; after++) {
		if (!pt_heads_next(s->heads, source, after, ret))
			return false;
		if (!is_watched(s, ret->address))
			return true;
	}
	return false;
}

static bool choose(struct pt_sites *s, unsigned i, size_t *ret, struct pt_head *ret_head)
{
	const size_t all = pt_heads_n(s->heads);
	const bool hot = s->n_hot && (s->n_slots > 1 ? i == 0 : s->totals.armed % 2);
	for (size_t try = 0; try < TRIES && try < (hot ? s->n_hot : all); try++) {
		*ret = hot ? s->hot[s->next_hot++ % s->n_hot].source : s->next_cold++ % all;
		if (find_head(s, *ret, ret_head))
			return true;
	}
	return false;
}

static void disarm(struct pt_sites *s, unsigned i)
{
	for (unsigned w = 2 * i; w < 2 * i + 2 && w < pt_watchpoints_n(s->watch); w++)
		pt_watchpoints_disarm(s->watch, w);
	s->slots[i].armed = false;
}

/* The list may have moved on between the look and the watch: then it is not known whose the next write is. */
static int arm(struct pt_sites *s, unsigned i, size_t source, const struct pt_head *head)
{
	struct pt_sites_slot *slot = &s->slots[i];
	*slot = (struct pt_sites_slot){
		.source = source, .head = *head, .limit = head->cached ? HITS_CACHED : HITS_HEADER};
	slot->armed_ns = slot->last_ns = s->target->k->ops->now(s->target->k, PT_CLOCK_MONOTONIC);
	int error = 0;
	if (head->other && 2 * i + 1 < pt_watchpoints_n(s->watch))
		error = pt_watchpoints_arm(s->watch, 2 * i + 1, head->other, slot->limit);
	else if (2 * i + 1 < pt_watchpoints_n(s->watch))
		pt_watchpoints_disarm(s->watch, 2 * i + 1);
	if (!error)
		error = pt_watchpoints_arm(s->watch, 2 * i, head->key, slot->limit);
	if (error)
		return error;
	s->totals.armed++;
	slot->armed = true;
	if (!pt_heads_still(s->heads, head) && !(head->kind == PT_HEAD_TCACHE && pt_heads_keys(s->heads)))
		slot->over = true;
	return 0;
}

/* ---- turns ------------------------------------------------------------------------------------------------------ */

static uint64_t patience(const struct pt_sites *s)
{
	const uint64_t each = ROUND_NS / (pt_heads_n(s->heads) + 1);
	return each > PATIENCE_NS ? PATIENCE_NS : each < PATIENCE_MIN ? PATIENCE_MIN : each;
}

/* Something else is there by now, which begins at the same place. */
static bool is_other(const struct pt_sites_slot *slot)
{
	return slot->head.chunk && slot->size + sizeof(uint64_t) != slot->head.chunk;
}

/* Whether what it holds will not tell it from the next at its place, and there may well be one. */
static bool is_doubtful(struct pt_sites *s, const struct pt_object_birth *birth)
{
	const struct pt_sites_trial *trial = trial_of(s, birth->size);
	const bool frees = trial && (trial->n < TRIALS || trial->freed * FREED_FEW >= trial->n);
	return frees && pt_object_births_alike(s->births, birth);
}

/* What lived on is read in one turn, and kept in the next if nothing came between. True: it was kept. */
static bool keep(struct pt_sites *s, struct pt_sites_slot *slot, uint64_t now)
{
	const struct pt_head *head = &slot->head;
	if (!slot->lives || now - slot->born_ns < LIVES_NS)
		return false;
	if (!slot->read) {
		slot->size = pt_heads_used(s->heads, head->address);
		slot->over = slot->over || !slot->size || is_other(slot) ||
			     !pt_sites_hash(s, head->address, slot->size, &slot->hash);
		slot->read = true;
		return false;
	}
	const struct pt_object_birth birth = {head->address, slot->size, slot->hash, slot->stack, true};
	if (!slot->until_ns && is_doubtful(s, &birth))
		slot->until_ns = slot->born_ns + LONG_NS;
	if (now < slot->until_ns)
		return false;
	end_trial(s, slot, false);
	if (!head->chunk)
		pt_object_births_count(s->births, slot->size, slot->stack);
	s->totals.kept += pt_object_births_keep(s->births, &birth);
	return true;
}

/* A watchpoint whose hits are used up says nothing of what came then. */
static int turn_slot(struct pt_sites *s, unsigned i, uint64_t now)
{
	struct pt_sites_slot *slot = &s->slots[i];
	size_t source;
	struct pt_head head;
	if (slot->armed && !slot->over) {
		const bool used = slot->hits[0] + slot->hits[1];
		const bool waits = !slot->lives && now < slot->last_ns + (used ? PATIENCE_FREED_NS : patience(s));
		if (waits || (slot->lives && !keep(s, slot, now) && !slot->over))
			return 0;
		if (!slot->hits[0])
			mark_idle(s, slot->source);
	}
	if (s->hits_left > 0 && choose(s, i, &source, &head))
		return arm(s, i, source, &head);
	if (slot->armed)
		disarm(s, i);
	return 0;
}

/* Whether what was kept still is what it was. */
static void check_births(struct pt_sites *s)
{
	size_t n;
	struct pt_object_birth *births = pt_object_births_all(s->births, &n);
	for (size_t i = 0; i < CHECKS && i <= n / 100 && n; i++) {
		struct pt_object_birth *birth = &births[s->next_birth++ % n];
		uint64_t hash;
		if (birth->lives && pt_sites_hash(s, birth->address, birth->size, &hash))
			birth->lives = hash == birth->hash;
	}
}

static int turn(struct pt_sites *s)
{
	pt_watchpoints_wait(s->watch, TURN_NS);
	pt_watchpoints_take(s->watch, take_hit, s);
	const uint64_t now = s->target->k->ops->now(s->target->k, PT_CLOCK_MONOTONIC);
	s->hits_left += (double)(now - s->turn_ns) * 1e-9 * HITS_A_SECOND;
	if (s->hits_left > HITS_SAVED)
		s->hits_left = HITS_SAVED;
	s->turn_ns = now;
	int error = 0;
	for (unsigned i = 0; i < s->n_slots && !error; i++)
		error = turn_slot(s, i, now);
	check_births(s);
	if (!error && now - s->look_ns > LOOK_NS) {
		s->look_ns = now;
		error = pt_watchpoints_look(s->watch);
	}
	return error;
}

int pt_sites_sample(struct pt_sites *s, uint64_t ns, bool (*cancelled)(void *arg), void *arg)
{
	struct pt_kernel *k = s->target->k;
	int error = 0;
	s->turn_ns = s->look_ns = k->ops->now(k, PT_CLOCK_MONOTONIC);
	const uint64_t until = s->turn_ns + ns;
	while (!error && s->turn_ns < until && !(cancelled && cancelled(arg)))
		error = turn(s);
	for (unsigned i = 0; i < s->n_slots; i++)
		disarm(s, i);
	s->totals.registers = pt_watchpoints_n(s->watch);
	s->totals.machine = pt_watchpoints_machine(s->watch);
	return error;
}
