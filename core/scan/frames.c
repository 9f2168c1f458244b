/*
 * Frames in the order of PFNs; see frames.h.
 *
 * Pages whose entries follow each other with consecutive PFNs are one key. Keys are sorted into windows of PFNs by
 * counting, which is all the order that is needed: within a window a bitmap has what is wanted, its runs are read into a
 * buffer, and each key takes its answers from there. So the buffer stays in the nearest cache, and a page that is mapped
 * many times is read once.
 *
 * Windows far apart may share a bucket, where memory is larger than there are buckets for: they take turns.
 */
#include "core/scan/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/room.h"
#include "core/scan/classify.h"
#include "core/scan/folio.h"

#define WINDOW          (1u << PT_FRAMES_WINDOW_BITS)
#define WORDS           ((WINDOW + 63) / 64)
#define BUCKETS_MIN     (1u << 10)
#define BUCKETS_MAX     (1u << 17)
#define AHEAD           8u  /* keys, whose entries are fetched into the cache before their turn */
#define BUCKETS_AT_ONCE 16u /* that a thread takes; divides BUCKETS_MIN */
#define NOT_READ        UINT64_MAX
#define STEP_FRAMES     8192u /* about a millisecond */

/* Offset in the window, whether the count is wanted, whether more than one page, and which entry is the first. */
typedef uint32_t frame_key;
#define KEY_COUNT (1u << PT_FRAMES_WINDOW_BITS)
#define KEY_MORE  (2u << PT_FRAMES_WINDOW_BITS)

struct bitmap {
	uint64_t words[WORDS];
};

struct pt_frames {
	unsigned n_buckets; /* a power of two */
	bool shared;        /* buckets may hold more than one window */
	uint32_t *ends;     /* [n_buckets]: where each bucket ends in keys */
	frame_key *keys;
	size_t n_keys, room;
	size_t n_entries;      /* of all parts: tags are below it */
	unsigned next_bucket;  /* atomic: those below it are being read, or were */
	struct pt_folio folio; /* of the frame that was read last */
	struct bitmap want_flags, want_count;
	uint64_t buffer[WINDOW];
};

struct pt_frames *pt_frames_new(void)
{
	return calloc(1, sizeof(struct pt_frames));
}

void pt_frames_free(struct pt_frames *frames)
{
	if (!frames)
		return;
	free(frames->ends);
	free(frames->keys);
	free(frames);
}

static uint32_t key_offset(frame_key key)
{
	return key & (WINDOW - 1);
}

static uint32_t key_tag(frame_key key)
{
	return key >> (PT_FRAMES_WINDOW_BITS + 2);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

/* How many entries from this one on are of frames that follow each other in its window, and alike in all but the PFN. */
static inline unsigned run_length(const uint64_t *entry, size_t most)
{
	unsigned n = 1, left = WINDOW - (unsigned)(*entry & (WINDOW - 1));
	if (left < most)
		most = left;
	if (most < 2 || entry[1] != entry[0] + 1)
		return 1;
	for (; n + 8 <= most; n += 8) { /* most of the time all of them do, so they are not told apart at first */
		uint64_t differ = 0;
		for (unsigned i = n; i < n + 8; i++)
			differ |= entry[i] ^ (entry[0] + i);
		if (differ)
			break;
	}
	while (n < most && entry[n] == entry[0] + n)
		n++;
	return n;
}

/* "Mapped exactly once" is a count of 1, where this kernel keeps counts per page. But in a huge mapping bit 56 of every
 * entry is that of the folio's first page (seen on 6.18, where a child of fork had copied that page alone). */
static uint64_t counted_by(const struct pt_parts *parts, const struct pt_part *part)
{
	bool per_page = parts->target->signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
	return per_page && !(part->categories & PS_HUGE) ? PM_EXCLUSIVE : 0;
}

static inline unsigned bucket_of(const struct pt_frames *frames, uint64_t entry)
{
	return (unsigned)((entry & PM_PFN_MASK) >> PT_FRAMES_WINDOW_BITS) & (frames->n_buckets - 1);
}

static inline bool is_wanted(uint64_t entry)
{
	return entry & PM_PRESENT && entry & PM_PFN_MASK;
}

/* How many keys each bucket will have. Returns a number no smaller than the largest PFN. */
static uint64_t count_keys(struct pt_frames *frames, const struct pt_parts *parts)
{
	uint64_t all = 0;
	for (size_t p = 0; p < parts->n; p++) {
		const struct pt_part *part = &parts->v[p];
		const uint64_t *entry = parts->entries + part->at, *end = entry + (part->whole ? 1 : part->n);
		while (entry < end) {
			if (!is_wanted(*entry)) {
				entry++;
				continue;
			}
			all |= *entry & PM_PFN_MASK;
			frames->ends[bucket_of(frames, *entry)]++;
			frames->n_keys++;
			entry += run_length(entry, (size_t)(end - entry));
		}
	}
	return all;
}

static void place_keys(struct pt_frames *frames, const struct pt_parts *parts, const uint64_t *base)
{
	for (size_t p = 0; p < parts->n; p++) {
		const struct pt_part *part = &parts->v[p];
		const uint64_t *entry = parts->entries + part->at, *end = entry + (part->whole ? 1 : part->n);
		uint64_t counted = counted_by(parts, part);
		while (entry < end) {
			if (!is_wanted(*entry)) {
				entry++;
				continue;
			}
			unsigned n = run_length(entry, (size_t)(end - entry));
			frame_key key = (frame_key)(*entry & (WINDOW - 1));
			key |= *entry & counted || part->whole ? 0 : KEY_COUNT;
			key |= n > 1 ? KEY_MORE : 0;
			key |= (frame_key)(entry - base) << (PT_FRAMES_WINDOW_BITS + 2);
			frames->keys[frames->ends[bucket_of(frames, *entry)]++] = key;
			entry += n;
		}
	}
}

static int set_buckets(struct pt_frames *frames, unsigned n)
{
	uint32_t *ends = realloc(frames->ends, n * sizeof(*ends));
	if (!ends)
		return -ENOMEM;
	frames->ends = ends;
	frames->n_buckets = n;
	return 0;
}

static uint64_t count_anew(struct pt_frames *frames, const struct pt_parts *parts, size_t n)
{
	uint64_t all = 0;
	memset(frames->ends, 0, frames->n_buckets * sizeof(*frames->ends));
	frames->n_keys = 0;
	for (size_t i = 0; i < n; i++)
		all |= count_keys(frames, &parts[i]);
	return all;
}

static int reserve_keys(struct pt_frames *frames)
{
	size_t room = frames->n_keys + frames->n_keys / 4;
	if (frames->n_keys <= frames->room)
		return 0;
	if (!pt_room(&frames->keys, 0, room * sizeof(*frames->keys)))
		return -ENOMEM;
	frames->room = room;
	return 0;
}

int pt_frames_order(struct pt_frames *frames, const struct pt_parts *parts, size_t n)
{
	int error = frames->n_buckets ? 0 : set_buckets(frames, BUCKETS_MIN);
	if (error)
		return error;
	uint64_t windows = count_anew(frames, parts, n) >> PT_FRAMES_WINDOW_BITS;
	unsigned buckets = frames->n_buckets;
	while (buckets <= windows && buckets < BUCKETS_MAX)
		buckets *= 2;
	if (buckets > frames->n_buckets) {
		if ((error = set_buckets(frames, buckets)) != 0)
			return error;
		count_anew(frames, parts, n);
	}
	frames->shared = windows >= buckets;
	if ((error = reserve_keys(frames)) != 0)
		return error;
	uint32_t sum = 0;
	for (unsigned b = 0; b < buckets; b++) {
		uint32_t count = frames->ends[b];
		frames->ends[b] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		place_keys(frames, &parts[i], parts[0].entries);
	frames->n_entries = (size_t)(parts[n - 1].entries + parts[n - 1].n_entries - parts[0].entries);
	frames->next_bucket = 0;
	return 0;
}

/* ---- a window --------------------------------------------------------------------------------------------------- */

static void set_bits(struct bitmap *bitmap, unsigned first, unsigned n)
{
	for (unsigned end = first + n; first < end;) {
		unsigned in_word = 64 - first % 64, now = end - first < in_word ? end - first : in_word;
		bitmap->words[first / 64] |= (now == 64 ? ~0ull : (1ull << now) - 1) << first % 64;
		first += now;
	}
}

/* The first bit from `at` on that is set (or clear, if flip is ~0); WINDOW if there is none. */
static unsigned next_bit(const struct bitmap *bitmap, unsigned at, uint64_t flip)
{
	while (at < WINDOW) {
		uint64_t word = (bitmap->words[at / 64] ^ flip) >> at % 64;
		if (word) {
			at += (unsigned)__builtin_ctzll(word);
			return at < WINDOW ? at : WINDOW;
		}
		at = (at | 63) + 1;
	}
	return WINDOW;
}

/* The next stretch that is read at once, small gaps included. False: there is none. */
static bool next_read(const struct bitmap *bitmap, unsigned gap, unsigned *first, unsigned *end)
{
	*first = next_bit(bitmap, *end, 0);
	if (*first >= WINDOW)
		return false;
	for (unsigned at = *first;;) {
		*end = next_bit(bitmap, at, ~0ull);
		at = next_bit(bitmap, *end, 0);
		if (at >= WINDOW || at - *end > gap)
			return true;
	}
}

static unsigned key_run(const struct pt_frames *frames, const struct pt_parts *parts, frame_key key)
{
	uint32_t tag = key_tag(key);
	return key & KEY_MORE ? run_length(parts->entries + tag, frames->n_entries - tag) : 1;
}

static uint64_t window_of(const struct pt_parts *parts, frame_key key)
{
	return (parts->entries[key_tag(key)] & PM_PFN_MASK) >> PT_FRAMES_WINDOW_BITS;
}

/* Moves the keys of the first one's window to the front; returns how many. */
static size_t gather(const struct pt_frames *frames, const struct pt_parts *parts, frame_key *keys, size_t n)
{
	if (!frames->shared)
		return n;
	uint64_t window = window_of(parts, keys[0]);
	size_t same = 1;
	for (size_t i = 1; i < n; i++)
		if (window_of(parts, keys[i]) == window) {
			frame_key key = keys[i];
			keys[i] = keys[same];
			keys[same++] = key;
		}
	return same;
}

/* Returns whether any count is wanted. */
static bool mark(struct pt_frames *frames, const struct pt_parts *parts, const frame_key *keys, size_t n)
{
	memset(&frames->want_flags, 0, sizeof(frames->want_flags));
	memset(&frames->want_count, 0, sizeof(frames->want_count));
	frame_key any = 0;
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n) {
			uint32_t soon = key_tag(keys[i + AHEAD]);
			__builtin_prefetch(&parts->words[soon], 1);
			if (keys[i + AHEAD] & KEY_MORE)
				__builtin_prefetch(&parts->entries[soon]);
		}
		unsigned length = key_run(frames, parts, keys[i]);
		any |= keys[i];
		set_bits(&frames->want_flags, key_offset(keys[i]), length);
		if (keys[i] & KEY_COUNT)
			set_bits(&frames->want_count, key_offset(keys[i]), length);
	}
	return any & KEY_COUNT;
}

/* Reads frames into the buffer, where those belong that begin so far into the window. */
static void fill(struct pt_frames *frames, struct pt_kernel *k, int fd, uint64_t window, unsigned first, unsigned end)
{
	uint64_t *to = frames->buffer + first, pfn = (window << PT_FRAMES_WINDOW_BITS) + first;
	ssize_t got = k->ops->pread(k, fd, to, (size_t)(end - first) * 8, pfn * 8);
	for (size_t i = got > 0 ? (size_t)got / 8 : 0; i < end - first; i++)
		to[i] = NOT_READ;
}

/* Tails of older kernels get what their head has. */
static void mend_tails(struct pt_frames *frames, struct pt_kernel *k, int kpageflags, uint64_t window, unsigned first,
		       unsigned end)
{
	uint64_t any = 0;
	for (unsigned i = first; i < end; i++)
		any |= frames->buffer[i];
	for (unsigned i = first; any & KPF(COMPOUND_TAIL) && i < end; i++)
		if (frames->buffer[i] != NOT_READ)
			frames->buffer[i] = pt_folio_flags(&frames->folio, k, kpageflags,
							   (window << PT_FRAMES_WINDOW_BITS) + i, frames->buffer[i]);
}

static void hand_out_flags(const struct pt_frames *frames, const struct pt_parts *parts, const frame_key *keys,
			   size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const uint64_t *from = frames->buffer + key_offset(keys[k]);
		pt_frame_word *to = parts->words + key_tag(keys[k]);
		unsigned length = key_run(frames, parts, keys[k]);
		for (unsigned i = 0; i < length; i++)
			to[i] = from[i] == NOT_READ ? 0 : pt_frame_word_of(from[i]);
	}
}

static void hand_out_counts(const struct pt_frames *frames, const struct pt_parts *parts, const frame_key *keys,
			    size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const uint64_t *from = frames->buffer + key_offset(keys[k]);
		uint32_t tag = key_tag(keys[k]);
		unsigned length = keys[k] & KEY_COUNT ? key_run(frames, parts, keys[k]) : 0;
		for (unsigned i = 0; i < length; i++) {
			if (from[i] == NOT_READ)
				continue;
			parts->words[tag + i] |= PT_FRAME_HAS_COUNT;
			parts->counts[tag + i] = (uint16_t)(from[i] < PT_COUNT_MAX ? from[i] : PT_COUNT_MAX);
		}
	}
}

/* Returns what reading the flags took. */
static struct pt_frames_cost read_window(struct pt_frames *frames, const struct pt_parts *parts, const frame_key *keys,
					 size_t n)
{
	struct pt_target *t = parts->target;
	uint64_t window = window_of(parts, keys[0]);
	struct pt_frames_cost cost = {0};
	unsigned first, end = 0;
	unsigned gap = pt_cost_gap(&t->costs, PT_COST_KPAGEFLAGS);
	unsigned count_gap = pt_cost_gap(&t->costs, PT_COST_KPAGECOUNT);
	bool counts = mark(frames, parts, keys, n) && t->kpagecount >= 0;
	while (t->kpageflags >= 0 && next_read(&frames->want_flags, gap, &first, &end)) {
		fill(frames, t->k, t->kpageflags, window, first, end);
		mend_tails(frames, t->k, t->kpageflags, window, first, end);
		cost.frames += end - first;
		cost.reads++;
	}
	if (t->kpageflags >= 0)
		hand_out_flags(frames, parts, keys, n);
	end = 0;
	while (counts && next_read(&frames->want_count, count_gap, &first, &end))
		fill(frames, t->k, t->kpagecount, window, first, end);
	if (counts)
		hand_out_counts(frames, parts, keys, n);
	return cost;
}

/* Where the keys of a bucket begin. */
static size_t bucket_start(const struct pt_frames *frames, unsigned bucket)
{
	return bucket ? frames->ends[bucket - 1] : 0;
}

int pt_frames_read(struct pt_frames *frames, struct pt_frames *own, const struct pt_parts *first, struct pt_step step,
		   struct pt_frames_cost *ret)
{
	struct pt_frames_cost cost = {0};
	size_t next_step = STEP_FRAMES;
	unsigned from;
	int error = 0;
	own->folio = (struct pt_folio){0};
	if (own != frames) {
		own->shared = frames->shared;
		own->n_entries = frames->n_entries;
	}
	while (!error && (from = __atomic_fetch_add(&frames->next_bucket, BUCKETS_AT_ONCE, __ATOMIC_RELAXED)) <
				 frames->n_buckets) {
		size_t at = bucket_start(frames, from), end = bucket_start(frames, from + BUCKETS_AT_ONCE);
		for (unsigned b = from; at < end && !error; b++) {
			while (at < frames->ends[b] && !error) {
				size_t n = gather(frames, first, frames->keys + at, frames->ends[b] - at);
				struct pt_frames_cost now = read_window(own, first, frames->keys + at, n);
				cost.frames += now.frames;
				cost.reads += now.reads;
				at += n;
				if (cost.frames + cost.reads < next_step)
					continue;
				next_step = cost.frames + cost.reads + STEP_FRAMES;
				error = pt_step(step);
			}
		}
	}
	if (ret)
		*ret = cost;
	return error;
}

struct pt_frames_cost pt_frames_cost(struct pt_frames *frames, const struct pt_parts *parts)
{
	struct pt_frames_cost cost = {0};
	unsigned gap = pt_cost_gap(&parts->target->costs, PT_COST_KPAGEFLAGS);
	size_t at = 0;
	for (unsigned b = 0; b < frames->n_buckets; b++) {
		while (at < frames->ends[b]) {
			size_t n = gather(frames, parts, frames->keys + at, frames->ends[b] - at);
			unsigned first, end = 0;
			mark(frames, parts, frames->keys + at, n);
			for (; next_read(&frames->want_flags, gap, &first, &end); cost.reads++)
				cost.frames += end - first;
			at += n;
		}
	}
	return cost;
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

struct pt_page pt_frame_page(const struct pt_target *target, const struct pt_vma *vma, uint64_t categories,
			     uint64_t entry, pt_frame_word word)
{
	struct pt_page page = pt_classify_entry(entry, categories, vma, &target->signals);
	bool exact = target->signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
	if (word & PT_FRAME_HAS_FLAGS)
		pt_classify_flags(&page, pt_frame_flags_of(word), &target->signals);
	if (exact && (page.bits & (PT_EXCLUSIVE | PT_PMD)) == PT_EXCLUSIVE) /* see counted_by() */
		pt_classify_count(&page, 1);
	if (word & PT_FRAME_HAS_COUNT)
		pt_classify_count(&page, 0); /* the caller puts it in */
	return page;
}
