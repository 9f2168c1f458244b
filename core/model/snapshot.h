/*
 * A snapshot: one process at one moment. Its VMAs, the chunks that hold anything, sums per VMA, and what the picture
 * is worth (signals, cost, how much of it is known). Immutable once published and reference-counted; the next
 * snapshot shares the VMA table and every chunk that did not change.
 *
 * Chunks are in an array sorted by index (address / chunk size); what is not in the array is untouched. So a 16 TiB
 * reservation costs what was touched of it.
 */
#ifndef PT_MODEL_SNAPSHOT_H
#define PT_MODEL_SNAPSHOT_H

#include <sys/types.h>

#include "core/model/chunk.h"
#include "core/model/signals.h"
#include "core/model/vma.h"

/* A number the kernel may not have given. */
struct pt_maybe {
	uint64_t value;
	bool known;
};

#define PT_NAME_MAX 64

/* The process as /proc/PID/stat, status and smaps_rollup have it. Names are raw bytes: hostile. */
struct pt_process {
	pid_t pid;
	uid_t uid;
	uint64_t start_time;    /* clock ticks after boot, field 22 of stat: tells a reused PID */
	uint64_t start_stack;   /* where its first stack began: differs from exec to exec; 0: not shown */
	unsigned image;         /* how many execs pagetop has seen of it: 0, 1, ... */
	char name[PT_NAME_MAX]; /* comm */
	char state;             /* R S D Z T ... */
	unsigned threads;
	struct pt_maybe rss_anon, rss_file, rss_shmem, swap, locked, peak_rss, mapped, hugetlb; /* bytes, of status */
	struct pt_maybe minor_faults, major_faults;                                             /* since its start */
	struct pt_maybe cpu_ns;
	struct pt_maybe rollup_pss; /* bytes, of smaps_rollup; known only where it was asked for */
};

struct pt_slot {
	uint64_t index; /* address / (PT_CHUNK_PAGES << page_shift) */
	struct pt_chunk *chunk;
	uint64_t read_ns; /* CLOCK_MONOTONIC when all of its pages were last read; 0: never all, only where they are */
};

/* Addresses [start, end). */
struct pt_stretch {
	uint64_t start, end;
};

/* How far this snapshot got. */
enum pt_stage {
	PT_STAGE_PRESENCE, /* where pages are; what they are follows */
	PT_STAGE_DETAIL,   /* part of the pages have their flags and counts: see done_pages */
	PT_STAGE_COMPLETE,
};

struct pt_snapshot {
	struct pt_process process;
	struct pt_signals signals;
	struct pt_vma_table *vmas;
	struct pt_counts total; /* over all VMAs */
	struct pt_slot *slots;  /* [n_slots], sorted by index, no empty chunk */
	size_t n_slots;
	unsigned page_shift; /* log2 of the base page size */
	enum pt_stage stage;
	uint64_t done_pages, all_pages; /* progress of the detail, in present pages */
	uint64_t fresh_ns;    /* CLOCK_MONOTONIC: what was read since then is as new as the interval asks for */
	uint64_t presence_ns; /* CLOCK_MONOTONIC: where pages are was looked at everywhere since then */
	uint64_t cleared_ns;  /* CLOCK_MONOTONIC when its soft-dirty bits were last cleared by pagetop; 0: never */
	uint64_t seq;         /* 1, 2, ... of this feed */
	uint64_t realtime_ns; /* when its reading ended */
	uint64_t monotonic_ns;
	uint64_t scan_ns;     /* wall time of this frame's reading so far */
	uint64_t scan_cpu_ns; /* CPU time of the scan thread, kernel included */
	/* private: */
	struct pt_sums **sums; /* per VMA, in blocks that snapshots share, atomic; NULL: not made yet; [n_sums] */
	size_t n_sums;
	unsigned refs; /* atomic */
};

/* A new empty snapshot with one reference; takes over the caller's reference to vmas. NULL: out of memory. */
struct pt_snapshot *pt_snapshot_new(struct pt_vma_table *vmas, unsigned page_shift);
struct pt_snapshot *pt_snapshot_ref(struct pt_snapshot *snapshot);
void pt_snapshot_unref(struct pt_snapshot *snapshot); /* NULL is fine */

/*
 * Takes over the array and the references in it, also when it fails; once for each snapshot. Sums of VMAs that `before`
 * (may be NULL) has are shared with it where it has the same VMA table and chunks. 0 or -ENOMEM, and sums are unknown then.
 */
int pt_snapshot_set_slots(struct pt_snapshot *snapshot, const struct pt_snapshot *before, struct pt_slot *slots,
			  size_t n);

/*
 * The same moment without its slots and the sums of its VMAs: the process, signals, VMAs (shared), the total, progress
 * and times, with one reference. With slots set it is a snapshot again. NULL: out of memory.
 */
struct pt_snapshot *pt_snapshot_head(const struct pt_snapshot *snapshot);

/* Sums over VMA i, or over the whole process where i == vmas->n; all 0 for a snapshot without slots, or out of memory
 * (pt_snapshot_bytes() says unknown then). Those of VMAs are made when they are first asked for, by any thread. Borrowed. */
const struct pt_counts *pt_snapshot_sums(const struct pt_snapshot *snapshot, size_t i);

/* Whether both have the same chunks, as objects, wherever there are any in [start, end). */
bool pt_snapshot_shares(const struct pt_snapshot *a, const struct pt_snapshot *b, uint64_t start, uint64_t end);

/* Position of the first slot whose index is >= index. */
size_t pt_snapshot_lower(const struct pt_snapshot *snapshot, uint64_t index);
/* The chunk that holds addr, NULL if untouched. Borrowed. */
struct pt_chunk *pt_snapshot_chunk(const struct pt_snapshot *snapshot, uint64_t addr);
struct pt_page pt_snapshot_page(const struct pt_snapshot *snapshot, uint64_t addr);

/* Sums of the pages in [start, end), both page-aligned, whatever VMAs lie there. */
void pt_snapshot_sum(const struct pt_snapshot *snapshot, uint64_t start, uint64_t end, struct pt_counts *sum);
/*
 * When the stalest chunk that has a part in [start, end) was read, CLOCK_MONOTONIC; PT_NO_AGE if none of them was ever
 * read in full: what those hold is unknown, which is for the sums to say.
 */
#define PT_NO_AGE UINT64_MAX
uint64_t pt_snapshot_oldest(const struct pt_snapshot *snapshot, uint64_t start, uint64_t end);

/*
 * How old what a snapshot shows is. A snapshot can be made of chunks that were read at different times; ages are those
 * at snapshot->monotonic_ns. Counted in present pages, each in one place alone.
 */
struct pt_ages {
	uint64_t pages;     /* all of them */
	uint64_t fresh;     /* read since fresh_ns: as new as the interval asks for */
	uint64_t seconds;   /* older, but read within 5 s */
	uint64_t minute;    /* older than that, but within 60 s */
	uint64_t older;     /* older still */
	uint64_t never;     /* never read in full: only where they are is known */
	uint64_t oldest_ns; /* CLOCK_MONOTONIC when the stalest page that was read was; PT_NO_AGE: none was */
};
void pt_snapshot_ages(const struct pt_snapshot *snapshot, struct pt_ages *ret);

static inline uint64_t pt_snapshot_chunk_size(const struct pt_snapshot *s)
{
	return (uint64_t)PT_CHUNK_PAGES << s->page_shift;
}

/* Sums as bytes, unknown where the pages behind them were not read. Meanings are those of smaps. */
enum pt_sum {
	PT_SUM_SIZE,
	PT_SUM_RSS,
	PT_SUM_PSS,
	PT_SUM_ANON,
	PT_SUM_FILE,
	PT_SUM_SHMEM,
	PT_SUM_DIRTY,
	PT_SUM_SWAP,
	PT_SUM_THP,
	PT_SUM_HUGETLB,
	PT_SUM_SHARED,
	PT_SUM_PRIVATE,
	PT_SUM_ZERO,
	PT_SUM_KSM,
	PT_SUM_LAZYFREE,
	PT_SUM_LOCKED,
	PT_SUM_REFERENCED,
	PT_SUM_GUARD,
	PT_SUM_PRESENT,
	PT_SUM_N
};
/* Of VMA i, or of the whole process where i == vmas->n. */
struct pt_maybe pt_snapshot_bytes(const struct pt_snapshot *snapshot, size_t i, enum pt_sum what);
/*
 * Of the pages in [start, end), which somebody counted; also of a head. PT_SUM_SIZE and PT_SUM_LOCKED are of VMAs alone:
 * unknown.
 */
struct pt_maybe pt_snapshot_bytes_of(const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
				     const struct pt_counts *counts, enum pt_sum what);

#endif
