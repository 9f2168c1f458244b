/*
 * The floor: the least kernel work that tells VMA, presence, PFN, flags and map count of every page of a process,
 * exactly, on the kernel it runs on. A bare loop of reads in the best order; what is read is not kept.
 *
 *   floor PID      prints one line of NAME=VALUE: ms and cpu (of one pass over everything, in ms) and what it did
 *
 * What cannot be left out, and what can:
 *  - VMAs: PROCMAP_QUERY or the text of maps, whichever is cheaper here.
 *  - What is there: pagemap of every VMA; or PAGEMAP_SCAN, then pagemap of what it found, for the scan tells no PFN.
 *    Whichever is cheaper for this target. Holes of less than HOLE pages are read along.
 *  - Where a PMD maps a huge page, one entry of pagemap tells all 512 PFNs. Only PAGEMAP_SCAN tells where that is so.
 *  - Flags: an entry of kpageflags of every frame, in the order of PFNs, each frame once; small gaps are read along. A
 *    folio's flags are those of its head, so of a huge page mapped by a PMD the head's entry is enough; but HWPOISON is
 *    a page's own, so that holds only while meminfo says that no memory is corrupted. Of other large folios nothing
 *    says where they end, so each page is read.
 *  - Map counts: pagemap's bit 56 says 1, exactly (unless the kernel is built without counts per page, where no exact
 *    count is to be had). In a huge mapping it speaks of the first page alone: another process may still map the rest
 *    page by page. It speaks for all 512 if the head is anonymous and exclusive (KPF_ANON_EXCLUSIVE, which is OWNER_2 on
 *    anonymous memory): fork takes that mark away before it lets another process map any part. Else all 512 counts are
 *    read. Found without PAGEMAP_SCAN, every page of a large folio may be in a huge mapping, so its count is read.
 *
 * Both ways of each choice are tried once, untimed, which also warms up what the timed pass uses. PFNs are sorted by
 * way of a bitmap; that time is part of the result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/kernel/abi.h"

#define PAGE_SHIFT 12
#define HUGE_PAGES 512u
#define HOLE       32u   /* pages: a system call costs about as much as so many entries of pagemap */
#define SPARSE     64u   /* reserved so many times what is resident: pagemap of all VMAs is not even tried */
#define ENTRIES    4096u /* of one read; also a window of PFNs whose flags and counts are read together */
#define REGIONS    4096u /* of one PAGEMAP_SCAN */
#define TRIES      3
#define SAMPLE_PFN (1u << 16)   /* somewhere in memory */
#define PFN_BITS   (1ull << 31) /* of the bitmaps: 8 TiB of memory */

struct stretch { /* of addresses: neighbouring VMAs */
	uint64_t start, end;
};

struct bitmap { /* of PFNs */
	uint64_t *words;
};

struct tally {
	uint64_t calls, entries;
};

static int maps_fd, pagemap_fd, flags_fd, count_fd;
static struct stretch *stretches;
static size_t n_stretches, room;
static struct bitmap want_flags, want_count, huge,
	huge_once; /* of a huge mapping: its first PFN; the same with bit 56 */
static uint64_t first_pfn, last_pfn, gap, n_vmas, present, absent;
static bool poisoned;
static struct tally did_maps, did_scan, did_pagemap, did_flags, did_count;
static uint64_t entries[ENTRIES];
static struct ps_region regions[REGIONS];
static char text[1 << 16];

static void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double milliseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t read_entries(int fd, uint64_t first, uint64_t n, struct tally *tally)
{
	ssize_t got = pread(fd, entries, n * 8, (off_t)(first * 8));
	need(got >= 0, "read");
	tally->calls++;
	tally->entries += n;
	return (uint64_t)got / 8;
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

static void add_vma(uint64_t start, uint64_t end)
{
	if (start >> 63)
		return; /* [vsyscall] */
	n_vmas++;
	if (n_stretches && stretches[n_stretches - 1].end == start) {
		stretches[n_stretches - 1].end = end;
		return;
	}
	if (n_stretches == room) {
		room = room ? room * 2 : 1024;
		stretches = realloc(stretches, room * sizeof(*stretches));
		need(stretches != NULL, "realloc");
	}
	stretches[n_stretches++] = (struct stretch){start, end};
}

static void list_by_query(void)
{
	char name[4096];
	struct pq_arg q = {.size = sizeof(q), .query_flags = 0x10, .vma_name_addr = (uint64_t)(uintptr_t)name};
	n_stretches = n_vmas = 0;
	for (;;) {
		q.vma_name_size = sizeof(name);
		did_maps.calls++;
		if (ioctl(maps_fd, PT_PROCMAP_QUERY, &q) < 0)
			break;
		add_vma(q.vma_start, q.vma_end);
		q.query_addr = q.vma_end;
	}
	need(errno == ENOENT, "PROCMAP_QUERY");
}

static void list_by_text(void)
{
	size_t have = 0;
	n_stretches = n_vmas = 0;
	need(lseek(maps_fd, 0, SEEK_SET) == 0, "maps");
	for (ssize_t got; (got = read(maps_fd, text + have, sizeof(text) - have - 1)) > 0;) {
		char *line = text, *end;
		did_maps.calls++;
		text[have += (size_t)got] = '\0';
		for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
			char *rest;
			uint64_t start = strtoull(line, &rest, 16);
			add_vma(start, strtoull(rest + 1, NULL, 16));
		}
		have -= (size_t)(line - text);
		memmove(text, line, have);
	}
}

/* ---- what is there ---------------------------------------------------------------------------------------------- */

static void set(struct bitmap *bitmap, uint64_t pfn)
{
	bitmap->words[pfn / 64] |= 1ull << pfn % 64;
}

static bool test(const struct bitmap *bitmap, uint64_t pfn)
{
	return bitmap->words[pfn / 64] >> pfn % 64 & 1;
}

static void set_range(struct bitmap *bitmap, uint64_t pfn, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		set(bitmap, pfn + i);
	if (pfn + n - 1 > last_pfn)
		last_pfn = pfn + n - 1;
}

/* The PFN of a present page, or 0. */
static uint64_t note(uint64_t entry)
{
	uint64_t pfn = entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
	if (!pfn)
		return 0;
	need(pfn < PFN_BITS, "a PFN beyond the bitmaps");
	present++;
	set(&want_flags, pfn);
	first_pfn = pfn < first_pfn ? pfn : first_pfn;
	last_pfn = pfn > last_pfn ? pfn : last_pfn;
	return pfn;
}

static void read_pagemap(uint64_t start, uint64_t end)
{
	uint64_t page = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
	while (page < last) {
		uint64_t n = last - page < ENTRIES ? last - page : ENTRIES;
		uint64_t got = read_entries(pagemap_fd, page, n, &did_pagemap);
		for (uint64_t i = 0; i < got; i++) {
			uint64_t pfn = note(entries[i]);
			if (pfn && !(entries[i] & PM_EXCLUSIVE))
				set(&want_count, pfn);
			absent += !pfn && entries[i];
		}
		page += n;
	}
}

static void read_huge(uint64_t start, uint64_t end)
{
	for (uint64_t page = start >> PAGE_SHIFT; page < end >> PAGE_SHIFT; page += HUGE_PAGES) {
		uint64_t pfn = read_entries(pagemap_fd, page, 1, &did_pagemap) ? note(entries[0]) : 0;
		if (!pfn)
			continue;
		present += HUGE_PAGES - 1;
		set(&huge, pfn);
		if (entries[0] & PM_EXCLUSIVE)
			set(&huge_once, pfn);
		if (poisoned)
			set_range(&want_flags, pfn, HUGE_PAGES);
	}
}

static void find_by_pagemap(void)
{
	for (size_t i = 0; i < n_stretches; i++)
		read_pagemap(stretches[i].start, stretches[i].end);
}

/* Small pages are read when it is known how far they go. */
static void take_region(const struct ps_region *region, struct stretch *open)
{
	if (!(region->categories & PS_HUGE) && open->end && region->start - open->end <= HOLE << PAGE_SHIFT) {
		open->end = region->end;
		return;
	}
	if (region->categories & PS_HUGE) {
		read_huge(region->start, region->end);
		return;
	}
	read_pagemap(open->start, open->end);
	*open = (struct stretch){region->start, region->end};
}

static void find_by_scan(void)
{
	uint64_t at = stretches[0].start, end = stretches[n_stretches - 1].end;
	struct stretch open = {0};
	while (at < end) {
		struct ps_arg arg = {.size = sizeof(arg),
				     .start = at,
				     .end = end,
				     .vec = (uint64_t)(uintptr_t)regions,
				     .vec_len = REGIONS,
				     .category_anyof_mask = PS_PRESENT | PS_SWAPPED,
				     .return_mask = PS_HUGE};
		int n = ioctl(pagemap_fd, PT_PAGEMAP_SCAN, &arg);
		need(n >= 0, "PAGEMAP_SCAN");
		did_scan.calls++;
		did_scan.entries += (uint64_t)n;
		for (int i = 0; i < n; i++)
			take_region(&regions[i], &open);
		at = end;
		if (n == REGIONS) /* walk_end may be stale, see core/scan/walk.c */
			at = arg.walk_end > regions[n - 1].end ? arg.walk_end : regions[n - 1].end;
	}
	read_pagemap(open.start, open.end);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static void take_flags(uint64_t pfn, uint64_t flags, bool by_scan)
{
	const uint64_t exclusive = KPF(ANON) | KPF(OWNER_2);
	if (test(&huge, pfn)) {
		if (!test(&huge_once, pfn) || (flags & exclusive) != exclusive)
			set_range(&want_count, pfn, HUGE_PAGES);
	} else if (!by_scan && flags & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL))) {
		set(&want_count, pfn);
	}
}

/* The next PFN that is wanted from `pfn` on, below `end`; else `end`. */
static uint64_t next_wanted(const struct bitmap *bitmap, uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		uint64_t word = bitmap->words[pfn / 64] >> pfn % 64;
		if (word) {
			pfn += (unsigned)__builtin_ctzll(word);
			return pfn < end ? pfn : end;
		}
		pfn = (pfn | 63) + 1;
	}
	return end;
}

/* The PFN behind a run of wanted ones, small gaps included. */
static uint64_t run_end(const struct bitmap *bitmap, uint64_t pfn, uint64_t end)
{
	for (uint64_t next; pfn < end; pfn = next) {
		while (pfn < end && test(bitmap, pfn)) {
			bool whole = pfn % 64 == 0 && pfn + 64 <= end && bitmap->words[pfn / 64] == ~0ull;
			pfn += whole ? 64 : 1;
		}
		next = next_wanted(bitmap, pfn, end);
		if (next == end || next - pfn > gap)
			break;
	}
	return pfn;
}

static void read_wanted(int fd, const struct bitmap *bitmap, uint64_t at, uint64_t end, bool by_scan,
			struct tally *tally)
{
	while ((at = next_wanted(bitmap, at, end)) < end) {
		uint64_t behind = run_end(bitmap, at, end);
		uint64_t got = read_entries(fd, at, behind - at, tally);
		for (uint64_t i = 0; fd == flags_fd && i < got; i++)
			take_flags(at + i, entries[i], by_scan);
		at = behind;
	}
}

static void read_frames(bool by_scan)
{
	for (uint64_t window = first_pfn & ~(uint64_t)(ENTRIES - 1); window <= last_pfn; window += ENTRIES) {
		read_wanted(flags_fd, &want_flags, window, window + ENTRIES, by_scan, &did_flags);
		read_wanted(count_fd, &want_count, window, window + ENTRIES, by_scan, &did_count);
	}
}

/* ---- a pass ----------------------------------------------------------------------------------------------------- */

static void clear(struct bitmap *bitmap)
{
	if (first_pfn <= last_pfn)
		memset(bitmap->words + first_pfn / 64, 0, (last_pfn / 64 - first_pfn / 64 + 1) * 8);
}

static void forget(void)
{
	clear(&want_flags);
	clear(&want_count);
	clear(&huge);
	clear(&huge_once);
	first_pfn = UINT64_MAX;
	last_pfn = present = absent = 0;
	did_maps = did_scan = did_pagemap = did_flags = did_count = (struct tally){0};
}

static bool memory_is_corrupted(void)
{
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	need(got > 0, "/proc/meminfo");
	text[got] = '\0';
	close(fd);
	const char *line = strstr(text, "HardwareCorrupted:");
	return line && strtoull(line + strlen("HardwareCorrupted:"), NULL, 10) > 0;
}

struct ways {
	bool query, scan;
};

struct cost {
	double wall, cpu;
};

/* Takes so many milliseconds, and so many of CPU. */
static struct cost pass(struct ways ways)
{
	forget();
	struct cost cost = {milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_PROCESS_CPUTIME_ID)};
	poisoned = memory_is_corrupted();
	if (ways.query)
		list_by_query();
	else
		list_by_text();
	if (ways.scan)
		find_by_scan();
	else
		find_by_pagemap();
	read_frames(ways.scan);
	return (struct cost){milliseconds(CLOCK_MONOTONIC) - cost.wall,
			     milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cost.cpu};
}

/* The least of a few tries, in milliseconds. */
static double least(void (*what)(void))
{
	double least = 0;
	for (int try = 0; try < TRIES; try++) {
		double began = milliseconds(CLOCK_MONOTONIC);
		what();
		double took = milliseconds(CLOCK_MONOTONIC) - began;
		least = try == 0 || took < least ? took : least;
	}
	return least;
}

static struct ways choose(void)
{
	struct ways ways = {.query = least(list_by_query) < least(list_by_text)};
	uint64_t mapped = 0;
	for (size_t i = 0; i < n_stretches; i++)
		mapped += (stretches[i].end - stretches[i].start) >> PAGE_SHIFT;
	ways.scan = true;
	double scan = pass(ways).wall;
	if (mapped > present * SPARSE)
		return ways;
	ways.scan = false;
	ways.scan = scan < pass(ways).wall;
	return ways;
}

static void read_one_by_one(void)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		read_entries(flags_fd, SAMPLE_PFN + i, 1, &did_flags);
}

static void read_at_once(void)
{
	read_entries(flags_fd, SAMPLE_PFN, ENTRIES, &did_flags);
}

/* How many entries of kpageflags take as long as one more system call. */
static uint64_t measure_gap(void)
{
	double single = least(read_one_by_one), bulk = least(read_at_once);
	return single > bulk ? (uint64_t)((single - bulk) / bulk) : 0;
}

static int open_of(const char *pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	int fd = open(path, O_RDONLY);
	need(fd >= 0, path);
	return fd;
}

static uint64_t *new_words(void)
{
	void *words = mmap(NULL, PFN_BITS / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			   0);
	need(words != MAP_FAILED, "mmap");
	return words;
}

static void print_tally(const char *name, struct tally tally)
{
	printf(" %s_calls=%llu %s_entries=%llu", name, (unsigned long long)tally.calls, name,
	       (unsigned long long)tally.entries);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: floor PID\n");
		return 2;
	}
	maps_fd = open_of(argv[1], "maps");
	pagemap_fd = open_of(argv[1], "pagemap");
	flags_fd = open_of(".", "kpageflags");
	count_fd = open_of(".", "kpagecount");
	want_flags.words = new_words();
	want_count.words = new_words();
	huge.words = new_words();
	huge_once.words = new_words();
	gap = measure_gap();
	forget();
	struct ways ways = choose();
	struct cost cost = pass(ways);
	printf("ms=%.3f cpu=%.3f list=%s find=%s gap=%llu vmas=%llu present=%llu absent=%llu", cost.wall, cost.cpu,
	       ways.query ? "query" : "text", ways.scan ? "scan" : "pagemap", (unsigned long long)gap,
	       (unsigned long long)n_vmas, (unsigned long long)present, (unsigned long long)absent);
	print_tally("maps", did_maps);
	print_tally("scan", did_scan);
	print_tally("pagemap", did_pagemap);
	print_tally("flags", did_flags);
	print_tally("count", did_count);
	putchar('\n');
	return 0;
}
