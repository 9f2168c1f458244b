/*
 * The cache of a file; see cached.h. A file is looked at part by part, down to windows; of each part cachestat tells
 * whether there is anything in it at all, so that a large file of which little is cached costs little.
 */
#include "core/cache/cached.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "core/machine/bulk.h"
#include "core/scan/folio.h"

#define WINDOW PT_CACHED_WINDOW
#define STRIDE (64ull * WINDOW)

/* How a page is kept in a window: 40 bits of PFN, 12 of count, 12 of bits. */
#define PFN_BITS   40
#define COUNT_BITS 12

struct pt_cached_reader {
	struct pt_kernel *k;                   /* borrowed */
	int pagemap, kpageflags, kpagecount;   /* -1: not to be had */
	bool exact_counts, no_active, no_stat; /* no_stat: there is no cachestat, or not for this file */
	bool only_frames;
	struct pt_folio folio;
	uint8_t there[WINDOW];
	uint64_t entries[WINDOW], again[WINDOW], flags[WINDOW], counts[WINDOW], order[WINDOW];
	struct pt_cached_page pages[WINDOW];
};

/* A file that is being looked at. */
struct look {
	struct pt_cached_reader *r;
	struct pt_cached *to;
	struct pt_step step;
	int fd;
	bool peeks;                 /* it may be mapped without a trace */
	bool pages;                 /* they are kept */
	struct pt_cached_sum known; /* of which cached pages something is known: for the sums */
};

/* ---- the reader ------------------------------------------------------------------------------------------------- */

/* With MGLRU pages are in generations, and the flag of active ones is off while they are. */
static bool ages_by_generations(struct pt_kernel *k)
{
	char *text;
	size_t size;
	if (pt_kernel_slurp(k, "sys/kernel/mm/lru_gen/enabled", &text, &size) != 0)
		return false;
	bool on = strtoul(text, NULL, 0) & 1;
	free(text);
	return on;
}

int pt_cached_reader_new(struct pt_kernel *k, struct pt_cached_reader **ret)
{
	struct pt_signals signals;
	struct pt_cached_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	pt_probe_signals(k, 0, &signals);
	r->k = k;
	r->pagemap = k->ops->open(k, "proc/self/pagemap", O_RDONLY);
	r->kpageflags = k->ops->open(k, "proc/kpageflags", O_RDONLY);
	r->kpagecount = k->ops->open(k, "proc/kpagecount", O_RDONLY);
	r->exact_counts = signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
	r->no_active = ages_by_generations(k);
	*ret = r;
	return 0;
}

static void close_fd(struct pt_kernel *k, int fd)
{
	if (fd >= 0)
		k->ops->close(k, fd);
}

void pt_cached_reader_free(struct pt_cached_reader *r)
{
	if (!r)
		return;
	close_fd(r->k, r->pagemap);
	close_fd(r->k, r->kpageflags);
	close_fd(r->k, r->kpagecount);
	free(r);
}

void pt_cached_reader_only_frames(struct pt_cached_reader *r)
{
	r->only_frames = true;
}

/* ---- a window: frames ------------------------------------------------------------------------------------------- */

static uint64_t frame_of(uint64_t entry)
{
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* The words of frames [first, first + n), or as many as there are. */
static size_t read_words(struct pt_cached_reader *r, int fd, uint64_t first, size_t n, uint64_t *ret)
{
	ssize_t got = fd < 0 ? 0 : pt_bulk_read(r->k, fd, first, n, ret);
	return got > 0 ? (size_t)got : 0;
}

static void take_flags(struct pt_cached_reader *r, struct pt_cached_page *page, uint64_t word)
{
	static const struct {
		uint64_t word;
		unsigned bit;
	} of[] = {
		{KPF(DIRTY), PT_CACHED_DIRTY},
		{KPF(WRITEBACK), PT_CACHED_WRITEBACK},
		{KPF(ACTIVE), PT_CACHED_ACTIVE},
		{KPF(REFERENCED), PT_CACHED_REFERENCED},
		{KPF(COMPOUND_HEAD), PT_CACHED_LARGE},
		{KPF(COMPOUND_TAIL), PT_CACHED_LARGE},
		{KPF(UNEVICTABLE), PT_CACHED_UNEVICTABLE},
	};
	uint64_t whole = pt_folio_flags(&r->folio, r->k, r->kpageflags, page->pfn, word);
	page->bits |= PT_CACHED_HAS_FLAGS | PT_CACHED_HAS_STATE;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		page->bits |= whole & of[i].word ? of[i].bit : 0;
}

/* Our own mapping is one of them. */
static void take_count(struct pt_cached_page *page, uint64_t count)
{
	uint64_t others = count ? count - 1 : 0;
	page->count = others < PT_CACHED_COUNT_MAX ? (unsigned)others : PT_CACHED_COUNT_MAX;
	page->bits |= PT_CACHED_HAS_COUNT | (others ? PT_CACHED_MAPPED : 0);
}

/* Flags and counts of the frames of a window, neighbours by one read. */
static void read_frames(struct pt_cached_reader *r, size_t n)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		r->pages[i].pfn = frame_of(r->entries[i]);
		if (r->pages[i].pfn && !r->only_frames)
			r->order[found++] = r->pages[i].pfn * WINDOW + i;
	}
	qsort(r->order, found, sizeof(*r->order), by_value);
	r->folio = (struct pt_folio){0};
	for (size_t from = 0, end; from < found; from = end) {
		uint64_t first = r->order[from] / WINDOW;
		for (end = from + 1; end < found && r->order[end] / WINDOW == first + (end - from); end++)
			;
		size_t flags = read_words(r, r->kpageflags, first, end - from, r->flags);
		size_t counts = r->exact_counts ? read_words(r, r->kpagecount, first, end - from, r->counts) : 0;
		for (size_t i = from; i < end; i++) {
			struct pt_cached_page *page = &r->pages[r->order[i] % WINDOW];
			if (i - from < flags)
				take_flags(r, page, r->flags[i - from]);
			if (i - from < counts)
				take_count(page, r->counts[i - from]);
		}
	}
}

/* What is not as it was before flags were read is no fact, nor is what went before it could be mapped. */
static void drop_raced(struct pt_cached_reader *r, size_t n, struct pt_cached_sum *sum)
{
	for (size_t i = 0; i < n; i++) {
		if (r->pagemap >= 0 && r->there[i] & 1 && !(r->entries[i] & PM_PRESENT))
			sum->raced++;
		if (!r->pages[i].pfn || frame_of(r->again[i]) == r->pages[i].pfn)
			continue;
		r->pages[i] = (struct pt_cached_page){.bits = PT_CACHED_THERE};
		sum->raced++;
	}
}

/* The pages of a window by a mapping of our own. 0 or -errno. */
static int peek(struct look *l, uint64_t first, size_t n)
{
	struct pt_cached_reader *r = l->r;
	struct pt_kernel *k = r->k;
	const size_t size = n * sizeof(uint64_t);
	void *memory;
	int error = k->ops->peek(k, l->fd, first << k->page_shift, n, r->there, &memory);
	if (error)
		return error;
	uint64_t at = ((uint64_t)(uintptr_t)memory >> k->page_shift) * sizeof(uint64_t);
	if (r->pagemap < 0 || k->ops->pread(k, r->pagemap, r->entries, size, at) != (ssize_t)size)
		memset(r->entries, 0, size);
	for (size_t i = 0; i < n; i++)
		if (r->there[i] & 1 || r->entries[i] & PM_PRESENT)
			r->pages[i].bits |= PT_CACHED_THERE;
	read_frames(r, n);
	if (r->pagemap < 0 || k->ops->pread(k, r->pagemap, r->again, size, at) != (ssize_t)size)
		memset(r->again, 0, size);
	k->ops->unmap(k, memory, n << k->page_shift);
	drop_raced(r, n, &l->to->sum);
	return 0;
}

/* ---- a window: by counting -------------------------------------------------------------------------------------- */

static int count(struct look *l, uint64_t first, uint64_t n, struct pt_cachestat *ret)
{
	struct pt_kernel *k = l->r->k;
	if (l->r->no_stat)
		return -ENOSYS;
	int error = k->ops->cachestat(k, l->fd, first << k->page_shift, n << k->page_shift, ret);
	if (error)
		l->r->no_stat = true;
	return error;
}

/* Whether cachestat can still tell anything that is not known of pages [at, at + n) of a window. */
static bool is_settled(const struct pt_cachestat *s, size_t n, bool peeked)
{
	bool alike = (s->cache == 0 || s->cache == n) && (s->evicted == 0 || s->evicted == n - s->cache);
	bool state = (s->dirty == 0 || s->dirty == n) && (s->writeback == 0 || s->writeback == n);
	return peeked ? s->evicted == 0 || s->evicted >= n - s->cache : alike && state;
}

/* Fills in what counting tells, halving until all pages of a part are alike. */
static void count_pages(struct look *l, uint64_t first, size_t at, size_t n, bool peeked)
{
	struct pt_cachestat s;
	if (count(l, first + at, n, &s) != 0)
		return;
	if (n > 1 && !is_settled(&s, n, peeked)) {
		count_pages(l, first, at, n / 2, peeked);
		count_pages(l, first, at + n / 2, n - n / 2, peeked);
		return;
	}
	for (size_t i = at; i < at + n; i++) {
		unsigned *bits = &l->r->pages[i].bits;
		if (!peeked)
			*bits |= s.cache ? PT_CACHED_THERE : 0;
		if (*bits & PT_CACHED_THERE && !(*bits & PT_CACHED_HAS_STATE) && (!peeked || s.cache == n))
			*bits |= PT_CACHED_HAS_STATE | (s.dirty ? PT_CACHED_DIRTY : 0) |
				 (s.writeback ? PT_CACHED_WRITEBACK : 0);
		if (!(*bits & PT_CACHED_THERE) && s.evicted)
			*bits |= PT_CACHED_EVICTED;
	}
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static void add_page(struct pt_cached_sum *sum, struct pt_cached_sum *known, struct pt_cached_page page)
{
	const unsigned bits = page.bits;
	if (!(bits & PT_CACHED_THERE))
		return;
	sum->cached.value++;
	known->dirty.value += (bits & PT_CACHED_HAS_STATE) != 0;
	known->active.value += (bits & PT_CACHED_HAS_FLAGS) != 0;
	known->mapped.value += (bits & PT_CACHED_HAS_COUNT) != 0;
	sum->dirty.value += (bits & PT_CACHED_DIRTY) != 0;
	sum->writeback.value += (bits & PT_CACHED_WRITEBACK) != 0;
	sum->active.value += (bits & PT_CACHED_ACTIVE) != 0;
	sum->referenced.value += (bits & PT_CACHED_REFERENCED) != 0;
	sum->large.value += (bits & PT_CACHED_LARGE) != 0;
	sum->unevictable.value += (bits & PT_CACHED_UNEVICTABLE) != 0;
	sum->mapped.value += (bits & PT_CACHED_MAPPED) != 0;
}

/* A few pages that raced are left out; where nothing is known of most, nothing is. */
static void settle(struct pt_maybe *sum, uint64_t known, const struct pt_cached_sum *all)
{
	sum->known = all->cached.known && known + all->raced >= all->cached.value;
	if (!sum->known)
		sum->value = 0;
}

static void settle_sums(struct look *l)
{
	struct pt_cached_sum *sum = &l->to->sum;
	settle(&sum->dirty, l->known.dirty.value, sum);
	settle(&sum->writeback, l->known.dirty.value, sum);
	settle(&sum->active, l->known.active.value, sum);
	settle(&sum->referenced, l->known.active.value, sum);
	settle(&sum->large, l->known.active.value, sum);
	settle(&sum->unevictable, l->known.active.value, sum);
	settle(&sum->mapped, l->known.mapped.value, sum);
	if (l->r->no_active && sum->cached.value)
		sum->active = (struct pt_maybe){0};
}

/* ---- from window to window -------------------------------------------------------------------------------------- */

static int keep_window(struct look *l, uint64_t first, size_t n)
{
	uint64_t *kept = calloc(WINDOW, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct pt_cached_page page = l->r->pages[i];
		uint64_t pfn = page.pfn >> PFN_BITS ? 0 : page.pfn;
		kept[i] = pfn | (uint64_t)page.count << PFN_BITS | (uint64_t)page.bits << (PFN_BITS + COUNT_BITS);
	}
	l->to->window[first / WINDOW] = kept;
	return 0;
}

static void add_evicted(struct pt_cached_sum *sum, bool known, const struct pt_cachestat *s)
{
	sum->evicted.value += s->evicted;
	sum->recent.value += s->recently_evicted;
	if (!known)
		sum->evicted.known = sum->recent.known = false;
}

static int look_at_window(struct look *l, uint64_t first, size_t n)
{
	struct pt_cached_reader *r = l->r;
	struct pt_cachestat s = {0};
	bool has_stat = count(l, first, n, &s) == 0;
	if (!has_stat && !l->peeks)
		return -EPERM;
	add_evicted(&l->to->sum, has_stat, &s);
	if (has_stat && !s.cache && (!s.evicted || !l->pages))
		return 0;
	memset(r->pages, 0, n * sizeof(*r->pages));
	int error = l->peeks ? peek(l, first, n) : 0;
	if (error)
		return error;
	bool by_count = !l->peeks || r->kpageflags < 0 || r->pagemap < 0;
	if (has_stat && (by_count || (l->pages && s.evicted)))
		count_pages(l, first, 0, n, l->peeks && !by_count);
	for (size_t i = 0; i < n; i++)
		add_page(&l->to->sum, &l->known, r->pages[i]);
	return l->pages ? keep_window(l, first, n) : 0;
}

/* So that there are a few dozen parts at most. */
static uint64_t part_of(uint64_t pages)
{
	uint64_t part = pages > STRIDE ? STRIDE : WINDOW;
	while (part < pages / 64)
		part *= 64;
	return part;
}

/* Pages [first, end): nothing, a window, or part by part. */
static int look_at(struct look *l, uint64_t first, uint64_t end)
{
	struct pt_cachestat s = {0};
	int error = 0;
	if (end - first <= WINDOW)
		return look_at_window(l, first, (size_t)(end - first));
	bool has_stat = count(l, first, end - first, &s) == 0;
	if (has_stat && !s.cache && (!s.evicted || !l->pages)) {
		add_evicted(&l->to->sum, true, &s);
		return 0;
	}
	for (uint64_t part = part_of(end - first); !error && first < end; first += part)
		error = look_at(l, first, end - first < part ? end : first + part);
	return error ? error : pt_step(l->step);
}

static int look_at_all(struct look *l)
{
	struct pt_cached_sum *sum = &l->to->sum;
	sum->cached.known = sum->evicted.known = sum->recent.known = true;
	l->r->no_stat = false;
	int error = sum->pages ? look_at(l, 0, sum->pages) : 0;
	if (!sum->evicted.known)
		sum->evicted.value = sum->recent.value = 0;
	settle_sums(l);
	return error;
}

static int prepare(struct look *l, bool pages)
{
	struct pt_cached *to = l->to;
	const unsigned shift = l->r->k->page_shift;
	to->at_ns = l->r->k->ops->now(l->r->k, PT_CLOCK_MONOTONIC);
	to->no_active = l->r->no_active;
	to->counted = !l->peeks;
	to->sum.bytes = to->stat.size;
	to->sum.pages = (to->stat.size >> shift) + ((to->stat.size & ((1ull << shift) - 1)) != 0);
	to->n = (size_t)((to->sum.pages + WINDOW - 1) / WINDOW);
	l->pages = pages;
	if (pages && to->n && !(to->window = calloc(to->n, sizeof(*to->window))))
		return -ENOMEM;
	return 0;
}

static int check_kind(const struct pt_file_stat *stat)
{
	if (S_ISDIR(stat->mode))
		return -EISDIR;
	if (!S_ISREG(stat->mode))
		return -ENODEV;
	return stat->hugetlbfs ? -EOPNOTSUPP : 0;
}

int pt_cached_read_at(struct pt_cached_reader *r, int fd, bool pages, struct pt_step step, struct pt_cached **ret)
{
	struct pt_kernel *k = r->k;
	struct pt_cached *to = calloc(1, sizeof(*to));
	struct look l = {.r = r, .to = to, .step = step, .fd = -1, .peeks = true};
	int error = to ? k->ops->fstat(k, fd, &to->stat) : -ENOMEM;
	if (!error)
		error = check_kind(&to->stat);
	if (!error && to->stat.size && (l.fd = k->ops->reopen(k, fd, O_RDONLY | O_NONBLOCK | O_NOATIME)) < 0) {
		l.peeks = false;
		l.fd = k->ops->reopen(k, fd, O_RDONLY | O_NONBLOCK);
		error = l.fd < 0 ? l.fd : 0;
	}
	if (!error)
		error = prepare(&l, pages);
	if (!error)
		error = look_at_all(&l);
	close_fd(k, l.fd);
	if (error) {
		pt_cached_free(to);
		return error;
	}
	to->took_ns = k->ops->now(k, PT_CLOCK_MONOTONIC) - to->at_ns;
	*ret = to;
	return 0;
}

int pt_cached_read(struct pt_cached_reader *r, const char *path, bool pages, struct pt_step step,
		   struct pt_cached **ret)
{
	int fd = r->k->ops->open(r->k, path, O_PATH);
	if (fd < 0)
		return fd;
	int error = pt_cached_read_at(r, fd, pages, step, ret);
	r->k->ops->close(r->k, fd);
	return error;
}

/* ---- what there is ---------------------------------------------------------------------------------------------- */

void pt_cached_free(struct pt_cached *cached)
{
	if (!cached)
		return;
	for (size_t i = 0; cached->window && i < cached->n; i++)
		free(cached->window[i]);
	free(cached->window);
	free(cached);
}

struct pt_cached_page pt_cached_page(const struct pt_cached *cached, uint64_t index)
{
	const uint64_t *window = index < cached->sum.pages && cached->window ? cached->window[index / WINDOW] : NULL;
	uint64_t kept = window ? window[index % WINDOW] : 0;
	return (struct pt_cached_page){
		.pfn = kept & ((1ull << PFN_BITS) - 1),
		.count = (unsigned)(kept >> PFN_BITS) & PT_CACHED_COUNT_MAX,
		.bits = (unsigned)(kept >> (PFN_BITS + COUNT_BITS)),
	};
}

/* The bit that says whether another one is known of a cached page; 0: it always is. */
static unsigned known_by(enum pt_cached_bit bit)
{
	switch (bit) {
	case PT_CACHED_DIRTY:
	case PT_CACHED_WRITEBACK: return PT_CACHED_HAS_STATE;
	case PT_CACHED_ACTIVE:
	case PT_CACHED_REFERENCED:
	case PT_CACHED_LARGE:
	case PT_CACHED_UNEVICTABLE: return PT_CACHED_HAS_FLAGS;
	case PT_CACHED_MAPPED: return PT_CACHED_HAS_COUNT;
	default: return 0;
	}
}

struct pt_cached_share pt_cached_share(const struct pt_cached *cached, enum pt_cached_bit bit, uint64_t first,
				       uint64_t n)
{
	struct pt_cached_share share = {0};
	const unsigned known = known_by(bit);
	const bool never = bit == PT_CACHED_ACTIVE && cached->no_active;
	uint64_t end = first < cached->sum.pages && n < cached->sum.pages - first ? first + n : cached->sum.pages;
	for (uint64_t i = first, next; i < end; i = next) {
		next = (i / WINDOW + 1) * WINDOW;
		next = next < end ? next : end;
		share.pages += next - i;
		if (!cached->window || !cached->window[i / WINDOW])
			continue;
		for (uint64_t j = i; j < next; j++) {
			unsigned bits = pt_cached_page(cached, j).bits;
			share.hits += (bits & bit) != 0;
			share.unknown += known && bits & PT_CACHED_THERE && (never || !(bits & known));
		}
	}
	return share;
}

static void add(struct pt_maybe *sum, struct pt_maybe other)
{
	sum->known = sum->known && other.known;
	sum->value = sum->known ? sum->value + other.value : 0;
}

void pt_cached_add(struct pt_cached_sum *sum, const struct pt_cached_sum *other)
{
	sum->bytes += other->bytes;
	sum->pages += other->pages;
	sum->raced += other->raced;
	add(&sum->cached, other->cached);
	add(&sum->dirty, other->dirty);
	add(&sum->writeback, other->writeback);
	add(&sum->active, other->active);
	add(&sum->referenced, other->referenced);
	add(&sum->large, other->large);
	add(&sum->unevictable, other->unevictable);
	add(&sum->mapped, other->mapped);
	add(&sum->evicted, other->evicted);
	add(&sum->recent, other->recent);
}

const char *pt_cached_bit_name(enum pt_cached_bit bit)
{
	switch (bit) {
	case PT_CACHED_THERE: return "cached";
	case PT_CACHED_EVICTED: return "evicted";
	case PT_CACHED_DIRTY: return "dirty";
	case PT_CACHED_WRITEBACK: return "writeback";
	case PT_CACHED_ACTIVE: return "active";
	case PT_CACHED_REFERENCED: return "referenced";
	case PT_CACHED_LARGE: return "large";
	case PT_CACHED_UNEVICTABLE: return "unevictable";
	case PT_CACHED_MAPPED: return "mapped";
	default: return NULL;
	}
}
