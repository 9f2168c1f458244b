/*
 * Trees of files; see files.h. Paths still to be visited are on a stack; a set of device and inode numbers knows what
 * was counted.
 */
#include "core/cache/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GAPS_KEPT 64u

struct identity {
	uint64_t inode;
	uint64_t device; /* 0 with inode 0: a free place */
};

struct path {
	char *name;
	uint64_t device; /* of the tree it is in; UINT64_MAX: it was given */
};
#define GIVEN UINT64_MAX

struct walk {
	struct pt_kernel *k;
	const struct pt_files_request *request;
	struct pt_files *to;
	struct pt_cached_reader *reader;
	struct path *stack;
	size_t depth, room;
	struct identity *seen; /* [places], a power of two, at most half full */
	size_t places, n_seen;
	const struct path *folder; /* that is being listed, */
	uint64_t device;           /* and of which tree */
	int error;                 /* -ENOMEM while listing */
};

/* ---- files that were counted ------------------------------------------------------------------------------------ */

static size_t place_of(const struct walk *w, struct identity id)
{
	size_t at = (size_t)((id.inode * 0x9e3779b97f4a7c15u ^ id.device * 0xc2b2ae3d27d4eb4fu) >> 20) &
		    (w->places - 1);
	while ((w->seen[at].inode || w->seen[at].device) &&
	       (w->seen[at].inode != id.inode || w->seen[at].device != id.device))
		at = (at + 1) & (w->places - 1);
	return at;
}

static int make_places(struct walk *w)
{
	struct walk larger = {.places = w->places ? 2 * w->places : 1024};
	if (w->n_seen < w->places / 2)
		return 0;
	if (!(larger.seen = calloc(larger.places, sizeof(*larger.seen))))
		return -ENOMEM;
	for (size_t i = 0; i < w->places; i++)
		if (w->seen[i].inode || w->seen[i].device)
			larger.seen[place_of(&larger, w->seen[i])] = w->seen[i];
	free(w->seen);
	w->seen = larger.seen;
	w->places = larger.places;
	return 0;
}

static uint64_t device_of(const struct pt_file_stat *stat)
{
	return (uint64_t)stat->dev_major << 32 | stat->dev_minor;
}

/* 1: it is new, 0: it was counted, -ENOMEM. */
static int is_new(struct walk *w, const struct pt_file_stat *stat)
{
	struct identity id = {stat->inode, device_of(stat)};
	if (make_places(w))
		return -ENOMEM;
	size_t at = place_of(w, id);
	if (w->seen[at].inode || w->seen[at].device)
		return 0;
	w->seen[at] = id;
	w->n_seen++;
	return 1;
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

static int add_gap(struct walk *w, const char *path, enum pt_files_why why, int error)
{
	struct pt_files *f = w->to;
	f->gaps[why]++;
	if (f->n_gap >= GAPS_KEPT)
		return 0;
	if (!f->gap && !(f->gap = calloc(GAPS_KEPT, sizeof(*f->gap))))
		return -ENOMEM;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	f->gap[f->n_gap++] = (struct pt_files_gap){copy, why, error};
	return 0;
}

static int add_row(struct walk *w, const char *path, const struct pt_cached *cached, int error)
{
	struct pt_files *f = w->to;
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct pt_file_row *v = realloc(f->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		f->v = v;
		f->room = room;
	}
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	f->v[f->n++] = (struct pt_file_row){
		.path = copy,
		.sum = cached ? cached->sum : (struct pt_cached_sum){0},
		.error = error,
		.counted = cached && cached->counted,
		.no_active = cached && cached->no_active,
	};
	return 0;
}

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static int push(struct walk *w, const char *folder, const char *name, uint64_t device)
{
	if (w->depth == w->room) {
		size_t room = w->room ? 2 * w->room : 256;
		struct path *stack = realloc(w->stack, room * sizeof(*stack));
		if (!stack)
			return -ENOMEM;
		w->stack = stack;
		w->room = room;
	}
	size_t n = strlen(folder), m = strlen(name);
	bool slash = n && folder[n - 1] != '/' && m;
	char *path = malloc(n + m + 2);
	if (!path)
		return -ENOMEM;
	memcpy(path, folder, n);
	path[n] = '/';
	memcpy(path + n + slash, name, m);
	path[n + slash + m] = '\0';
	w->stack[w->depth++] = (struct path){path, device};
	return 0;
}

static int push_name(void *arg, const char *name)
{
	struct walk *w = arg;
	w->error = push(w, w->folder->name, name, w->device);
	return w->error;
}

static int visit_folder(struct walk *w, const struct path *path, const struct pt_file_stat *stat)
{
	const bool given = path->device == GIVEN;
	if (!given && device_of(stat) != path->device)
		return add_gap(w, path->name, PT_FILES_OTHER_SYSTEM, 0);
	w->folder = path;
	w->device = given ? device_of(stat) : path->device;
	w->error = 0;
	int error = w->k->ops->list(w->k, path->name, push_name, w);
	if (w->error)
		return w->error;
	w->to->folders++;
	return error ? add_gap(w, path->name, PT_FILES_UNREADABLE, error) : 0;
}

static bool ends_it(int error)
{
	return error == -ENOMEM || error == -ECANCELED;
}

static int visit_file(struct walk *w, const struct path *path, int fd, const struct pt_file_stat *stat)
{
	struct pt_cached *cached = NULL;
	int r = is_new(w, stat);
	if (r <= 0) {
		w->to->again += r == 0;
		return r;
	}
	r = pt_cached_read_at(w->reader, fd, w->request->each != NULL, w->request->step, &cached);
	if (ends_it(r))
		return r;
	if (r)
		w->to->failed++;
	else
		pt_cached_add(&w->to->sum, &cached->sum);
	w->to->files++;
	bool worth = r || path->device == GIVEN || cached->sum.cached.value;
	r = worth ? add_row(w, path->name, cached, r) : 0;
	if (!r && cached && w->request->each)
		return w->request->each(w->request->arg, path->name, cached);
	pt_cached_free(cached);
	return r;
}

static int cannot(struct walk *w, const struct path *path, int error)
{
	w->to->failed++;
	return ends_it(error) ? error : add_row(w, path->name, NULL, error);
}

static int visit(struct walk *w, const struct path *path)
{
	struct pt_file_stat stat;
	const bool given = path->device == GIVEN;
	int fd = w->k->ops->open(w->k, path->name, O_PATH | (given ? 0 : O_NOFOLLOW));
	int error = fd < 0 ? fd : w->k->ops->fstat(w->k, fd, &stat);
	if (error == -ENOENT && !given)
		error = 0; /* it went away since it was listed */
	else if (error)
		error = cannot(w, path, error);
	else if (S_ISDIR(stat.mode))
		error = visit_folder(w, path, &stat);
	else if (S_ISREG(stat.mode))
		error = visit_file(w, path, fd, &stat);
	else
		w->to->special += !S_ISLNK(stat.mode);
	if (fd >= 0)
		w->k->ops->close(w->k, fd);
	return error;
}

static int go_through(struct walk *w)
{
	int error = 0;
	while (!error && w->depth) {
		struct path path = w->stack[--w->depth];
		error = visit(w, &path);
		free(path.name);
		if (!error)
			error = pt_step(w->request->step);
	}
	return error;
}

int pt_files_read(struct pt_kernel *k, const struct pt_files_request *request, struct pt_files *ret)
{
	struct walk w = {.k = k, .request = request, .to = ret};
	uint64_t began = k->ops->now(k, PT_CLOCK_MONOTONIC);
	*ret = (struct pt_files){0};
	struct pt_maybe none = {0, true};
	ret->sum = (struct pt_cached_sum){.cached = none,
					  .dirty = none,
					  .writeback = none,
					  .active = none,
					  .referenced = none,
					  .large = none,
					  .unevictable = none,
					  .mapped = none,
					  .evicted = none,
					  .recent = none};
	int error = pt_cached_reader_new(k, &w.reader);
	if (!error && request->only_frames)
		pt_cached_reader_only_frames(w.reader);
	for (size_t i = request->n; !error && i-- > 0;)
		error = push(&w, request->paths[i], "", GIVEN);
	if (!error)
		error = go_through(&w);
	while (w.depth)
		free(w.stack[--w.depth].name);
	free(w.stack);
	free(w.seen);
	pt_cached_reader_free(w.reader);
	ret->took_ns = k->ops->now(k, PT_CLOCK_MONOTONIC) - began;
	return error;
}

void pt_files_free(struct pt_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	for (size_t i = 0; i < f->n_gap; i++)
		free(f->gap[i].path);
	free(f->v);
	free(f->gap);
	*f = (struct pt_files){0};
}

static int by_cached(const void *a, const void *b)
{
	const struct pt_file_row *x = a, *y = b;
	if (x->sum.cached.value != y->sum.cached.value)
		return x->sum.cached.value < y->sum.cached.value ? 1 : -1;
	return strcmp(x->path, y->path);
}

void pt_files_sort(struct pt_files *f)
{
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_cached);
}
