/*
 * Samples of every VMA and role, and the trend of those that rise; see suspects.h. Tracks go with the VMA table of the
 * newest frame, index by index; one whose number never changed has no array. One mutex, around what was found alone.
 */
#include "core/hunt/suspects.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES  480u        /* at most; half of them at least, once there were so many */
#define APART_NS 450000000u  /* between two */
#define EVERY_NS 5000000000u /* between two judgements at most, */
#define EVERY    24          /* or that part of the time so far: what has come to rest is soon seen to have */
#define UNKNOWN  UINT32_MAX  /* of pages */
#define FEWEST   60u         /* samples from which nearly everything is decided */
#define SERIES   8192u       /* tracks that have an array, at most: 16 MiB */
#define RISE     16u         /* pages: less is no suspect */
#define NEARLY   0.8         /* part of a role's growth that makes its VMA the one to name */

/* What one VMA held, in pages. */
struct track {
	struct pt_vma vma; /* its path may be gone */
	uint32_t first;    /* index of its first sample */
	bool torn;         /* what it held before that is not known; else it was not there */
	uint32_t base;     /* at every sample, while: */
	uint32_t *v;       /* [SAMPLES]; NULL */
	bool left_out;     /* it changed, and there was no room for that */
};

struct pt_suspects {
	uint64_t t[SAMPLES];
	size_t n;
	uint64_t apart_ns;
	struct track *tracks; /* [table->n] */
	size_t n_series;      /* those of them that have an array */
	struct pt_vma_table *table;
	double roles[PT_ROLE_N][SAMPLES]; /* bytes; NAN: not known */
	unsigned page_shift, image;
	uint64_t judged_ns;
	double values[SAMPLES]; /* of what is being judged */
	unsigned refs;          /* atomic */
	pthread_mutex_t lock;   /* of: */
	struct pt_growing *newest;
};

/* ---- what was found --------------------------------------------------------------------------------------------- */

struct pt_growing *pt_growing_ref(struct pt_growing *g)
{
	__atomic_fetch_add(&g->refs, 1, __ATOMIC_RELAXED);
	return g;
}

void pt_growing_unref(struct pt_growing *g)
{
	if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	free(g->vmas);
	free(g->roles);
	free(g);
}

const struct pt_suspect *pt_growing_in(const struct pt_growing *g, uint64_t start, uint64_t end)
{
	const struct pt_suspect *best = NULL;
	size_t low = 0, high = g->n_vmas;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (g->vmas[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < g->n_vmas && g->vmas[i].start < end; i++)
		if (g->vmas[i].grows && (!best || g->vmas[i].slope > best->slope))
			best = &g->vmas[i];
	return best;
}

const struct pt_suspect *pt_growing_first(const struct pt_growing *g)
{
	const struct pt_suspect *role = g->n_roles && g->roles[0].grows ? &g->roles[0] : NULL, *vma = NULL;
	for (size_t i = 0; i < g->n_vmas; i++)
		if (g->vmas[i].grows && (!vma || g->vmas[i].slope > vma->slope))
			vma = &g->vmas[i];
	return role && (!vma || vma->slope < NEARLY * role->slope) ? role : vma;
}

struct pt_growing *pt_suspects_latest(struct pt_suspects *s)
{
	pthread_mutex_lock(&s->lock);
	struct pt_growing *g = s->newest ? pt_growing_ref(s->newest) : NULL;
	pthread_mutex_unlock(&s->lock);
	return g;
}

static void publish(struct pt_suspects *s, struct pt_growing *g)
{
	pthread_mutex_lock(&s->lock);
	struct pt_growing *old = s->newest;
	s->newest = g;
	pthread_mutex_unlock(&s->lock);
	pt_growing_unref(old);
}

/* ---- tracks ----------------------------------------------------------------------------------------------------- */

static uint32_t value_at(const struct track *t, size_t i)
{
	if (i < t->first)
		return t->torn ? UNKNOWN : 0;
	return t->v ? t->v[i] : t->base;
}

static void fold(struct pt_suspects *s, struct track *t)
{
	s->n_series -= t->v != NULL;
	free(t->v);
	t->v = NULL;
}

/* The first n samples as an array. */
static bool unfold(struct pt_suspects *s, struct track *t, size_t n)
{
	if (t->v)
		return true;
	t->v = s->n_series < SERIES ? malloc(SAMPLES * sizeof(*t->v)) : NULL;
	if (!t->v)
		return false;
	s->n_series++;
	for (size_t i = 0; i < n; i++)
		t->v[i] = i < t->first ? 0 : t->base;
	return true;
}

static bool alike(const struct track *t, const struct pt_vma *vma)
{
	return t->vma.inode == vma->inode && t->vma.dev_major == vma->dev_major && t->vma.dev_minor == vma->dev_minor &&
	       t->vma.perms == vma->perms;
}

/* Two that are one VMA now. What cannot be added up begins anew. */
static void absorb(struct pt_suspects *s, struct track *into, struct track *other)
{
	size_t n = s->n;
	bool whole = !into->torn && !other->torn && !into->left_out && !other->left_out && unfold(s, into, n);
	for (size_t i = 0; whole && i < n; i++) {
		uint32_t a = value_at(into, i), b = value_at(other, i);
		into->v[i] = a == UNKNOWN || b == UNKNOWN ? UNKNOWN : a + b;
	}
	into->first = other->first < into->first ? other->first : into->first;
	if (!whole) {
		fold(s, into);
		*into = (struct track){.first = (uint32_t)n, .torn = true};
	}
	fold(s, other);
}

/* The track of a VMA, of those that were there: of the first that overlaps it and is not somebody's yet, with those that
 * were merged into it. */
static struct track inherit(struct pt_suspects *s, bool *taken, size_t n_old, size_t *at, const struct pt_vma *vma)
{
	struct track track = {.first = (uint32_t)s->n}, *old = s->tracks;
	bool found = false;
	while (*at < n_old && old[*at].vma.end <= vma->start)
		++*at;
	for (size_t k = *at; k < n_old && old[k].vma.start < vma->end; k++) {
		if (!alike(&old[k], vma))
			continue;
		if (taken[k]) {
			track.torn |= !found;
		} else if (!found) {
			track = old[k];
			found = true;
		} else {
			absorb(s, &track, &old[k]);
		}
		taken[k] = true;
	}
	return track;
}

static int follow(struct pt_suspects *s, struct pt_vma_table *table)
{
	size_t n_old = s->table ? s->table->n : 0, at = 0;
	if (table == s->table)
		return 0;
	struct track *tracks = calloc(table->n + 1, sizeof(*tracks));
	bool *taken = calloc(n_old + 1, sizeof(*taken));
	if (!tracks || !taken) {
		free(tracks);
		free(taken);
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->n; i++) {
		tracks[i] = inherit(s, taken, n_old, &at, &table->v[i]);
		tracks[i].vma = table->v[i];
	}
	for (size_t k = 0; k < n_old; k++)
		if (!taken[k])
			fold(s, &s->tracks[k]);
	free(taken);
	free(s->tracks);
	pt_vma_table_unref(s->table);
	s->tracks = tracks;
	s->table = pt_vma_table_ref(table);
	return 0;
}

static void forget(struct pt_suspects *s)
{
	for (size_t i = 0; s->table && i < s->table->n; i++)
		fold(s, &s->tracks[i]);
	free(s->tracks);
	pt_vma_table_unref(s->table);
	s->tracks = NULL;
	s->table = NULL;
	s->n = 0;
	s->judged_ns = 0;
	s->apart_ns = APART_NS;
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

/* Every second one goes; the first stays. */
static void thin(struct pt_suspects *s)
{
	size_t half = s->n / 2;
	for (size_t i = 0; i < half; i++) {
		s->t[i] = s->t[2 * i];
		for (size_t role = 0; role < PT_ROLE_N; role++)
			s->roles[role][i] = s->roles[role][2 * i];
	}
	for (size_t k = 0; k < s->table->n; k++) {
		struct track *t = &s->tracks[k];
		for (size_t i = 0; t->v && i < half; i++)
			t->v[i] = t->v[2 * i];
		t->first = (t->first + 1) / 2;
	}
	s->n = half;
	s->apart_ns *= 2;
}

static uint32_t held(const struct pt_snapshot *snapshot, size_t vma)
{
	static const enum pt_sum sums[] = {PT_SUM_ANON, PT_SUM_SHMEM, PT_SUM_SWAP, PT_SUM_HUGETLB};
	uint64_t bytes = 0;
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		struct pt_maybe part = pt_snapshot_bytes(snapshot, vma, sums[i]);
		if (!part.known && sums[i] == PT_SUM_ANON)
			return UNKNOWN;
		bytes += part.known ? part.value : 0; /* never known here, then: what is known is judged */
	}
	bytes >>= snapshot->page_shift;
	return bytes < UNKNOWN ? (uint32_t)bytes : UNKNOWN;
}

static void note(struct pt_suspects *s, struct track *t, uint32_t pages)
{
	if (!t->v && s->n == t->first)
		t->base = pages;
	else if (!t->v && !t->left_out && pages != t->base)
		t->left_out = !unfold(s, t, s->n);
	if (t->v)
		t->v[s->n] = pages;
}

static void sample(struct pt_suspects *s, const struct pt_snapshot *snapshot)
{
	const struct pt_vma_table *vmas = snapshot->vmas; /* those of the tracks */
	double roles[PT_ROLE_N] = {0};
	for (size_t i = 0; i < vmas->n; i++) {
		uint32_t pages = held(snapshot, i);
		note(s, &s->tracks[i], pages);
		roles[vmas->v[i].role] += pages == UNKNOWN ? NAN : (double)((uint64_t)pages << s->page_shift);
	}
	for (size_t role = 0; role < PT_ROLE_N; role++)
		s->roles[role][s->n] = roles[role];
	s->t[s->n++] = snapshot->monotonic_ns;
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static size_t index_of(const struct pt_suspects *s, uint64_t ns)
{
	size_t i = 0;
	while (i + 1 < s->n && s->t[i] < ns)
		i++;
	return i;
}

/* Of s->values, which begin at sample `first`. False: nothing to say of it. */
static bool judge(const struct pt_suspects *s, size_t first, struct pt_suspect *ret)
{
	const double *v = s->values;
	struct pt_trend trend;
	double last = v[s->n - 1];
	pt_trend_of(s->t, v, s->n, first, &trend);
	bool undecided = trend.kind == PT_TREND_UNDECIDED;
	if (!isfinite(last) || (!undecided && trend.kind != PT_TREND_GROWING))
		return false;
	ret->grows = trend.kind == PT_TREND_GROWING;
	ret->held = (uint64_t)last;
	ret->began_ns = ret->grows ? trend.began_ns : s->t[first];
	double seconds = (double)(s->t[s->n - 1] - ret->began_ns) / 1e9, from = v[index_of(s, ret->began_ns)];
	ret->bytes = last > from ? (uint64_t)(last - from) : 0;
	ret->slope = ret->grows ? trend.slope : seconds > 0 ? (double)ret->bytes / seconds : 0;
	uint64_t since = s->t[s->n - 1] - s->t[first];
	ret->need_ns = undecided && trend.need_ns > since ? trend.need_ns - since : 0;
	return ret->bytes >= (uint64_t)RISE << s->page_shift;
}

static bool judge_track(struct pt_suspects *s, struct track *t, struct pt_suspect *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		uint32_t pages = value_at(t, i);
		s->values[i] = pages == UNKNOWN ? NAN : (double)((uint64_t)pages << s->page_shift);
	}
	*ret = (struct pt_suspect){.start = t->vma.start, .end = t->vma.end, .role = (enum pt_role)t->vma.role};
	return judge(s, t->first, ret);
}

/* By how much a track lies above its lowest sample; 0: it is no candidate. */
static uint32_t rise_of(const struct pt_suspects *s, const struct track *t)
{
	uint32_t low = UNKNOWN, last = value_at(t, s->n - 1);
	if (!t->v || last == UNKNOWN)
		return 0;
	for (size_t i = t->first; i < s->n; i++)
		low = t->v[i] < low ? t->v[i] : low;
	return last - low >= RISE ? last - low : 0;
}

struct candidate {
	uint32_t rise;
	uint32_t track;
};

static int highest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->rise < y->rise) - (x->rise > y->rise);
}

static int by_address(const void *a, const void *b)
{
	const struct pt_suspect *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static int fastest_first(const void *a, const void *b)
{
	const struct pt_suspect *x = a, *y = b;
	if (x->grows != y->grows)
		return x->grows ? -1 : 1;
	return (x->slope < y->slope) - (x->slope > y->slope);
}

static int judge_vmas(struct pt_suspects *s, struct pt_growing *g)
{
	struct candidate *found = malloc((s->table->n + 1) * sizeof(*found));
	size_t n = 0;
	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < s->table->n; i++) {
		uint32_t rise = rise_of(s, &s->tracks[i]);
		g->unjudged += s->tracks[i].left_out;
		if (rise)
			found[n++] = (struct candidate){rise, (uint32_t)i};
	}
	qsort(found, n, sizeof(*found), highest_first);
	size_t more = n > PT_SUSPECTS_MOST ? n - PT_SUSPECTS_MOST : 0;
	g->unjudged += more;
	n -= more;
	g->vmas = calloc(n + 1, sizeof(*g->vmas));
	for (size_t i = 0; g->vmas && i < n; i++)
		g->n_vmas += judge_track(s, &s->tracks[found[i].track], &g->vmas[g->n_vmas]);
	free(found);
	if (!g->vmas)
		return -ENOMEM;
	qsort(g->vmas, g->n_vmas, sizeof(*g->vmas), by_address);
	return 0;
}

static int judge_roles(struct pt_suspects *s, struct pt_growing *g)
{
	g->roles = calloc(PT_ROLE_N, sizeof(*g->roles));
	if (!g->roles)
		return -ENOMEM;
	for (size_t role = 0; role < PT_ROLE_N; role++) {
		struct pt_suspect *suspect = &g->roles[g->n_roles];
		memcpy(s->values, s->roles[role], s->n * sizeof(*s->values));
		*suspect = (struct pt_suspect){.role = (enum pt_role)role};
		g->n_roles += judge(s, 0, suspect);
	}
	qsort(g->roles, g->n_roles, sizeof(*g->roles), fastest_first);
	return 0;
}

static int judge_all(struct pt_suspects *s)
{
	struct pt_growing *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	uint64_t since = s->t[s->n - 1] - s->t[0];
	*g = (struct pt_growing){.from_ns = s->t[0], .at_ns = s->t[s->n - 1], .known = s->n >= FEWEST, .refs = 1};
	if (!g->known && s->n > 1)
		g->need_ns = since / (s->n - 1) * (FEWEST - s->n);
	int error = judge_vmas(s, g);
	if (!error)
		error = judge_roles(s, g);
	if (error) {
		pt_growing_unref(g);
		return error;
	}
	s->judged_ns = g->at_ns;
	publish(s, g);
	return 0;
}

int pt_suspects_push(struct pt_suspects *s, struct pt_snapshot *snapshot)
{
	if (snapshot->stage != PT_STAGE_COMPLETE)
		return 0;
	if (s->table && (s->image != snapshot->process.image || s->page_shift != snapshot->page_shift)) {
		forget(s);
		publish(s, NULL);
	}
	if (s->n && snapshot->monotonic_ns < s->t[s->n - 1] + s->apart_ns)
		return 0;
	if (s->n == SAMPLES)
		thin(s);
	int error = follow(s, snapshot->vmas);
	if (error)
		return error;
	s->image = snapshot->process.image;
	s->page_shift = snapshot->page_shift;
	sample(s, snapshot);
	const uint64_t part = (snapshot->monotonic_ns - s->t[0]) / EVERY, every = part < EVERY_NS ? part : EVERY_NS;
	return snapshot->monotonic_ns >= s->judged_ns + every ? judge_all(s) : 0;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

int pt_suspects_new(struct pt_suspects **ret)
{
	struct pt_suspects *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->apart_ns = APART_NS;
	s->refs = 1;
	*ret = s;
	return 0;
}

void pt_suspects_unref(struct pt_suspects *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	forget(s);
	pt_growing_unref(s->newest);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void take(void *arg, struct pt_snapshot *snapshot)
{
	pt_suspects_push(arg, snapshot); /* one that is left out is no loss */
}

static void leave(void *arg)
{
	pt_suspects_unref(arg);
}

struct pt_feed_sink pt_suspects_sink(struct pt_suspects *s)
{
	__atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
	return (struct pt_feed_sink){take, leave, s};
}
