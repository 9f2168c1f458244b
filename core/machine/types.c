/*
 * Two walks that end in one place: emit() takes frames as the kernel tells of them, shows them as asked for, leaves out
 * what was not, and joins what is alike. That of the machine goes from word to word; that of a process gathers a batch
 * of page table entries, and then the words of their frames in the order of PFNs.
 */
#include "core/machine/types.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/cache/files.h"
#include "core/kernel/abi.h"
#include "core/machine/bulk.h"
#include "core/scan/walk.h"

#define ENTRIES 32768u /* page table entries of a batch */

struct walk {
	struct pt_kernel *k;
	const struct pt_types_request *request;
	int (*each)(void *arg, const struct pt_frame_run *run);
	void *arg;
	int flags, counts, cgroups; /* descriptors; -1: not asked for */
	const char *path;           /* of the file that is looked at */
	struct pt_frame_run run;    /* the one that still grows; of no pages: none */
	/* words side by side, [PT_BULK_WORDS] or [ENTRIES]; those that are not asked for are NULL */
	uint64_t *words[3];
};

enum { FLAGS, COUNTS, CGROUPS };

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static int give(struct walk *w)
{
	return w->run.pages ? w->each(w->arg, &w->run) : 0;
}

/* Frames alike, with the kernel's flags in run->flags and the page table entry that leads to them. */
static int emit(struct walk *w, struct pt_frame_run run, uint64_t entry)
{
	const struct pt_types_request *q = w->request;
	struct pt_frame_run *last = &w->run;

	run.path = w->path;
	run.flags = pt_bits_shown(run.flags, entry, q->raw);
	if (pt_bits_match(q->rules, q->n_rules, run.flags, ~0ull) != PT_BITS_YES ||
	    (q->cgroup && run.cgroup != q->cgroup))
		return 0;
	if (!q->cgroups) /* read for the choice alone */
		run.cgroup = PT_BULK_NONE;
	if (last->pages && run.flags == last->flags && run.count == last->count && run.cgroup == last->cgroup &&
	    run.present == last->present && run.page == last->page + last->pages &&
	    run.first == last->first + last->pages) {
		last->pages += run.pages;
		return 0;
	}
	int stop = give(w);
	*last = run;
	return stop;
}

static uint64_t word_at(const struct walk *w, unsigned what, size_t i)
{
	return w->words[what] ? w->words[what][i] : PT_BULK_NONE;
}

/* ---- the machine ------------------------------------------------------------------------------------------------ */

static bool alike(const struct walk *w, size_t i, size_t j)
{
	for (unsigned what = FLAGS; what <= CGROUPS; what++)
		if (w->words[what] && w->words[what][i] != w->words[what][j])
			return false;
	return true;
}

static int emit_words(struct walk *w, uint64_t first, size_t n)
{
	size_t end;
	int stop = 0;

	for (size_t i = 0; i < n && !stop; i = end) {
		for (end = i + 1; end < n && alike(w, i, end); end++)
			;
		struct pt_frame_run run = {.page = first + i,
					   .first = first + i,
					   .pages = end - i,
					   .flags = w->words[FLAGS][i],
					   .count = word_at(w, COUNTS, i),
					   .cgroup = word_at(w, CGROUPS, i),
					   .present = true};
		stop = emit(w, run, 0);
	}
	return stop;
}

/* The words of a file beside those of the flags; what it lacks of them is unknown. */
static int read_beside(struct walk *w, unsigned what, int fd, uint64_t first, size_t n)
{
	if (!w->words[what])
		return 0;
	ssize_t got = pt_bulk_read(w->k, fd, first, n, w->words[what]);
	for (size_t i = got < 0 ? n : (size_t)got; i < n; i++)
		w->words[what][i] = PT_BULK_NONE;
	return got < 0 ? (int)got : 0;
}

static int walk_frames(struct walk *w, struct pt_stretch range)
{
	for (uint64_t at = range.start; at < range.end;) {
		size_t n = range.end - at < PT_BULK_WORDS ? (size_t)(range.end - at) : PT_BULK_WORDS;
		ssize_t got = pt_bulk_read(w->k, w->flags, at, n, w->words[FLAGS]);
		if (got <= 0)
			return (int)got;
		int stop = read_beside(w, COUNTS, w->counts, at, (size_t)got);
		stop = stop ? stop : read_beside(w, CGROUPS, w->cgroups, at, (size_t)got);
		stop = stop ? stop : emit_words(w, at, (size_t)got);
		if (stop)
			return stop;
		at += (uint64_t)got;
	}
	return 0;
}

static int walk_machine(struct walk *w)
{
	const struct pt_types_request *q = w->request;
	const struct pt_stretch all = {0, INT64_MAX / sizeof(uint64_t)};
	int stop = 0;

	if (!q->n_ranges)
		return walk_frames(w, all);
	for (size_t i = 0; i < q->n_ranges && !stop; i++) {
		struct pt_stretch range = q->ranges[i];
		range.end = range.end < all.end ? range.end : all.end;
		stop = walk_frames(w, range);
	}
	return stop;
}

/* ---- a process -------------------------------------------------------------------------------------------------- */

struct batch {
	uint64_t *pages, *entries; /* [n] of ENTRIES: page numbers and what the page table says there */
	struct pt_bulk_item *items;
	size_t n;
};

static void batch_free(struct batch *b)
{
	free(b->pages);
	free(b->entries);
	free(b->items);
}

static bool batch_make(struct batch *b)
{
	*b = (struct batch){.pages = malloc(ENTRIES * sizeof(*b->pages)),
			    .entries = malloc(ENTRIES * sizeof(*b->entries)),
			    .items = malloc(ENTRIES * sizeof(*b->items))};
	return b->pages && b->entries && b->items;
}

/* PFN 0 is one that is hidden. */
static uint64_t frame_of(uint64_t entry)
{
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

static int gather(struct walk *w, struct batch *b)
{
	const int fds[] = {w->flags, w->counts, w->cgroups};
	size_t n = 0;
	int error = 0;

	for (size_t i = 0; i < b->n; i++)
		if (frame_of(b->entries[i]))
			b->items[n++] = (struct pt_bulk_item){.pfn = frame_of(b->entries[i]), .at = (uint32_t)i};
	pt_bulk_order(b->items, n);
	for (unsigned what = FLAGS; what <= CGROUPS && !error; what++)
		if (w->words[what])
			error = pt_bulk_gather(w->k, fds[what], b->items, n, w->words[what]);
	return error;
}

static int emit_page(struct walk *w, const struct batch *b, size_t i)
{
	uint64_t entry = b->entries[i], pfn = frame_of(entry);
	int stop = 0;

	if (pfn && w->words[FLAGS][i] != PT_BULK_NONE) {
		struct pt_frame_run run = {.page = b->pages[i],
					   .first = pfn,
					   .pages = 1,
					   .flags = w->words[FLAGS][i],
					   .count = word_at(w, COUNTS, i),
					   .cgroup = word_at(w, CGROUPS, i),
					   .present = true};
		stop = emit(w, run, entry);
	}
	if (!stop && entry & PM_SWAP && !w->request->cgroup) {
		struct pt_frame_run run = {.page = b->pages[i],
					   .first = (entry & PM_PFN_MASK) >> 5,
					   .pages = 1,
					   .count = PT_BULK_NONE,
					   .cgroup = PT_BULK_NONE};
		stop = emit(w, run, entry);
	}
	return stop;
}

static int emit_batch(struct walk *w, struct batch *b)
{
	int stop = gather(w, b);
	for (size_t i = 0; i < b->n && !stop; i++)
		stop = emit_page(w, b, i);
	b->n = 0;
	return stop;
}

/* Reads the entries of a region, as much of them as there is. */
static int take_region(struct walk *w, struct batch *b, struct pt_target *t, const struct pt_region *region)
{
	const unsigned shift = w->k->page_shift;
	uint64_t at = region->start >> shift, end = region->end >> shift;
	int stop = 0;

	while (at < end && !stop) {
		size_t n = end - at < ENTRIES - b->n ? (size_t)(end - at) : ENTRIES - b->n;
		ssize_t got = pt_bulk_read(w->k, t->pagemap, at, n, b->entries + b->n);
		if (got <= 0)
			return (int)got; /* nothing: unmapped meanwhile */
		for (ssize_t i = 0; i < got; i++)
			b->pages[b->n + (size_t)i] = at + (uint64_t)i;
		b->n += (size_t)got;
		at += (uint64_t)got;
		if (b->n == ENTRIES)
			stop = emit_batch(w, b);
	}
	return stop;
}

/* Addresses of page numbers; those above the last address are that. */
static struct pt_stretch addresses(struct pt_stretch pages, unsigned shift)
{
	const uint64_t most = UINT64_MAX >> shift;
	return (struct pt_stretch){(pages.start < most ? pages.start : most) << shift,
				   (pages.end < most ? pages.end : most) << shift};
}

static int walk_range(struct walk *w, struct batch *b, struct pt_target *t, const struct pt_vma_table *vmas,
		      struct pt_stretch pages)
{
	struct pt_region region;
	int r, stop = 0;
	struct pt_walk *walk = malloc(sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	pt_walk_init(walk, t, vmas, addresses(pages, w->k->page_shift), false);
	while (!stop && (r = pt_walk_next(walk, &region)) != 0)
		stop = r < 0 ? r : take_region(w, b, t, &region);
	free(walk);
	return stop ? stop : emit_batch(w, b);
}

static int walk_target(struct walk *w, struct pt_target *t, const struct pt_vma_table *vmas)
{
	const struct pt_types_request *q = w->request;
	const struct pt_stretch all = {0, UINT64_MAX};
	struct batch b;
	int stop = batch_make(&b) ? 0 : -ENOMEM;

	if (!stop && !q->n_ranges)
		stop = walk_range(w, &b, t, vmas, all);
	for (size_t i = 0; i < q->n_ranges && !stop; i++)
		stop = walk_range(w, &b, t, vmas, q->ranges[i]);
	batch_free(&b);
	return !stop && !pt_target_memory_alive(t, vmas) ? -ESRCH : stop;
}

static int walk_process(struct walk *w)
{
	struct pt_target target;
	struct pt_signals signals;
	struct pt_vma_table *vmas = NULL;

	pt_probe_signals(w->k, w->request->pid, &signals);
	int r = pt_target_open(&target, w->k, w->request->pid, &signals);
	if (r)
		return r;
	if (!pt_signal_has(&target.signals, PT_SIG_PFN))
		r = -EPERM;
	r = r ? r : pt_read_maps(w->k, target.task, &vmas);
	r = r ? r : walk_target(w, &target, vmas);
	pt_vma_table_unref(vmas);
	pt_target_close(&target);
	return r;
}

/* ---- a file ----------------------------------------------------------------------------------------------------- */

/*
 * What page-types finds in its own page table, where it maps the file to see its frames: each is a file's, and mapped by
 * it alone unless others do.
 */
static uint64_t entry_of(struct pt_cached_page page)
{
	bool alone = page.bits & PT_CACHED_HAS_COUNT && !page.count;
	return page.pfn ? page.pfn | PM_PRESENT | PM_FILE | (alone ? PM_EXCLUSIVE : 0) : 0;
}

struct file_walk {
	struct walk *w;
	struct batch batch;
};

static int walk_part(struct walk *w, struct batch *b, const struct pt_cached *cached, struct pt_stretch range)
{
	int stop = 0;

	range.end = range.end < cached->sum.pages ? range.end : cached->sum.pages;
	for (uint64_t i = range.start; i < range.end && !stop; i++) {
		uint64_t entry = entry_of(pt_cached_page(cached, i));
		if (!entry)
			continue;
		b->pages[b->n] = i;
		b->entries[b->n++] = entry;
		if (b->n == ENTRIES)
			stop = emit_batch(w, b);
	}
	return stop ? stop : emit_batch(w, b);
}

/* A run ends with its file. */
static int walk_cached(void *arg, const char *path, struct pt_cached *cached)
{
	struct file_walk *f = arg;
	const struct pt_types_request *q = f->w->request;
	const struct pt_stretch all = {0, UINT64_MAX};
	int stop = cached->counted && cached->sum.cached.value ? -EPERM : 0;

	f->w->path = path;
	if (!stop && !q->n_ranges)
		stop = walk_part(f->w, &f->batch, cached, all);
	for (size_t i = 0; i < q->n_ranges && !stop; i++)
		stop = walk_part(f->w, &f->batch, cached, q->ranges[i]);
	pt_cached_free(cached);
	stop = stop ? stop : give(f->w);
	f->w->run.pages = 0;
	f->w->path = NULL;
	return stop;
}

/* Why nothing is known of a path that was given; 0 where something is. */
static int why_not(const struct pt_files *files)
{
	if (files->folders)
		return 0;
	return files->n ? files->v[0].error : files->special ? -ENODEV : 0;
}

static int walk_file(struct walk *w)
{
	const struct pt_types_request *q = w->request;
	struct file_walk f = {.w = w};
	struct pt_files own, *files = q->files ? q->files : &own;
	const struct pt_files_request request = {
		.paths = &q->file, .n = 1, .each = walk_cached, .arg = &f, .only_frames = !q->raw, .step = q->step};

	*files = (struct pt_files){0};
	int r = batch_make(&f.batch) ? pt_files_read(w->k, &request, files) : -ENOMEM;
	batch_free(&f.batch);
	r = r ? r : why_not(files);
	if (r || !q->files)
		pt_files_free(files);
	return r;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int open_words(struct walk *w, unsigned what, const char *path, int *fd, const char **ret_file)
{
	*fd = w->k->ops->open(w->k, path, O_RDONLY);
	w->words[what] =
		malloc((w->request->pid || w->request->file ? ENTRIES : PT_BULK_WORDS) * sizeof(*w->words[what]));
	if (*fd < 0)
		*ret_file = path;
	return *fd < 0 ? *fd : w->words[what] ? 0 : -ENOMEM;
}

static const char *flags_path(const struct pt_types_request *request)
{
	return request->kpageflags ? request->kpageflags : "proc/kpageflags";
}

static int open_all(struct walk *w, const char **ret_file)
{
	const struct pt_types_request *q = w->request;
	int r = open_words(w, FLAGS, flags_path(q), &w->flags, ret_file);
	if (!r && q->counts)
		r = open_words(w, COUNTS, "proc/kpagecount", &w->counts, ret_file);
	if (!r && (q->cgroups || q->cgroup))
		r = open_words(w, CGROUPS, "proc/kpagecgroup", &w->cgroups, ret_file);
	return r;
}

static void close_all(struct walk *w)
{
	const int fds[] = {w->flags, w->counts, w->cgroups};
	for (unsigned what = FLAGS; what <= CGROUPS; what++) {
		if (fds[what] >= 0)
			w->k->ops->close(w->k, fds[what]);
		free(w->words[what]);
	}
}

int pt_types_walk(struct pt_kernel *k, const struct pt_types_request *request,
		  int (*each)(void *arg, const struct pt_frame_run *run), void *arg, const char **ret_file)
{
	struct walk w = {
		.k = k, .request = request, .each = each, .arg = arg, .flags = -1, .counts = -1, .cgroups = -1};
	const char *file = NULL;
	int r = open_all(&w, &file);

	r = r ? r : request->pid ? walk_process(&w) : request->file ? walk_file(&w) : walk_machine(&w);
	r = r ? r : give(&w);
	if (r < 0 && !file && !request->pid)
		file = request->file ? request->file : flags_path(request);
	close_all(&w);
	if (ret_file)
		*ret_file = file;
	return r;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

/* A hash table of types, at most half full; `last` is where the one before was: neighbours are alike. */
struct table {
	struct pt_type *v; /* [room], of no pages: free */
	size_t room, n, last;
};

static size_t find(const struct table *t, uint64_t flags)
{
	size_t i = (size_t)((flags * 0x9e3779b97f4a7c15ull) >> 32) & (t->room - 1);
	while (t->v[i].pages && t->v[i].flags != flags)
		i = (i + 1) & (t->room - 1);
	return i;
}

static bool grow(struct table *t)
{
	struct table more = {.room = t->room * 2, .n = t->n};
	more.v = calloc(more.room, sizeof(*more.v));
	if (!more.v)
		return false;
	for (size_t i = 0; i < t->room; i++)
		if (t->v[i].pages)
			more.v[find(&more, t->v[i].flags)] = t->v[i];
	free(t->v);
	*t = more;
	return true;
}

static int count(void *arg, const struct pt_frame_run *run)
{
	struct table *t = arg;
	struct pt_type *last = &t->v[t->last];

	if (!last->pages || last->flags != run->flags) {
		if (t->n * 2 >= t->room && !grow(t))
			return -ENOMEM;
		t->last = find(t, run->flags);
		last = &t->v[t->last];
		t->n += !last->pages;
	}
	last->flags = run->flags;
	last->pages += run->pages;
	return 0;
}

static int by_pages(const void *a, const void *b)
{
	const struct pt_type *x = a, *y = b;
	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return x->flags < y->flags ? -1 : x->flags > y->flags;
}

int pt_types_count(struct pt_kernel *k, const struct pt_types_request *request, struct pt_types *ret,
		   const char **ret_file)
{
	struct table t = {.v = calloc(256, sizeof(*t.v)), .room = 256};
	int error = t.v ? pt_types_walk(k, request, count, &t, ret_file) : -ENOMEM;

	*ret = (struct pt_types){0};
	if (error) {
		free(t.v);
		return error;
	}
	for (size_t i = 0; i < t.room; i++) {
		if (!t.v[i].pages)
			continue;
		ret->pages += t.v[i].pages;
		t.v[ret->n++] = t.v[i];
	}
	ret->v = t.v;
	qsort(ret->v, ret->n, sizeof(*ret->v), by_pages);
	return 0;
}

void pt_types_free(struct pt_types *types)
{
	free(types->v);
	*types = (struct pt_types){0};
}
