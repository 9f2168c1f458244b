/*
 * kpagecgroup names a memory cgroup by the inode of its directory; this finds the path. Most pages of a process belong
 * to its own cgroup or to one above it, so those are tried before the tree is walked, breadth first and bounded.
 *
 * Inode numbers are those of one hierarchy: the unified one, or version 1's memory hierarchy where that is mounted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/kernel/parse.h"
#include "core/kernel/process.h"
#include "core/kernel/readers.h"

#define UNIFIED    "sys/fs/cgroup"
#define V1_MEMORY  "sys/fs/cgroup/memory"
#define LOOKS_MAX  20000u /* stats of directory entries; a cgroup has some 50 files */
#define PATH_LIMIT 4096u

static const char *memory_mount(struct pt_kernel *k)
{
	struct pt_file_stat st;
	return k->ops->stat(k, UNIFIED "/cgroup.controllers", &st) ? V1_MEMORY : UNIFIED;
}

static bool is_cgroup(struct pt_kernel *k, const char *path, uint64_t inode)
{
	struct pt_file_stat st;
	return !k->ops->stat(k, path, &st) && S_ISDIR(st.mode) && st.inode == inode;
}

/* Whether a line of /proc/PID/cgroup, "4:memory:/path" or "0::/path", is of the hierarchy; cuts it to the path. */
static bool cut_cgroup_line(struct pt_cursor *line, bool unified)
{
	uint64_t id;
	if (!pt_take_decimal(line, &id) || !pt_skip(line, ':'))
		return false;
	const char *colon = memchr(line->at, ':', (size_t)(line->end - line->at));
	if (!colon)
		return false;
	size_t n = (size_t)(colon - line->at);
	bool wanted = unified ? id == 0 : memmem(line->at, n, "memory", strlen("memory")) != NULL;
	line->at = colon + 1;
	return wanted;
}

/* The path of the process's own cgroup, with the mount in front of it. */
static bool own_path(struct pt_kernel *k, const char *mount, pid_t pid, char *ret, size_t size)
{
	char *text;
	size_t n;
	bool found = false, fits = false;

	if (pid <= 0 || pt_read_pid_file(k, pid, "cgroup", &text, &n))
		return false;
	struct pt_cursor all = {text, text + n}, line;
	while (!found && pt_cut_line(&all, &line))
		found = cut_cgroup_line(&line, !strcmp(mount, UNIFIED));
	/* Outside our cgroup namespace, a path begins with ".." and leads nowhere from the mount. */
	if (found && !(line.end - line.at >= 3 && !memcmp(line.at, "/..", 3))) {
		int length = snprintf(ret, size, "%s%.*s", mount, (int)(line.end - line.at), line.at);
		fits = (size_t)length < size;
	}
	free(text);
	return fits;
}

/* Cuts *path to the one of it and its parents, down to the mount, that has the inode. */
static bool find_upwards(struct pt_kernel *k, const char *mount, char *path, uint64_t inode)
{
	size_t root = strlen(mount);

	while (!is_cgroup(k, path, inode)) {
		if (strlen(path) <= root)
			return false;
		*strrchr(path, '/') = '\0';
	}
	return true;
}

/* Directories still to look into, and the one being looked into. */
struct walk {
	struct pt_kernel *k;
	uint64_t inode;
	char **queue;
	size_t n, room;
	const char *at;
	unsigned looks;
	char *found;
};

/* Takes over the path. */
static bool push(struct walk *walk, char *path)
{
	if (walk->n == walk->room) {
		size_t room = walk->room ? walk->room * 2 : 16;
		char **more = reallocarray(walk->queue, room, sizeof(*more));
		if (!more) {
			free(path);
			return false;
		}
		walk->queue = more;
		walk->room = room;
	}
	walk->queue[walk->n++] = path;
	return true;
}

static int look(void *arg, const char *name)
{
	struct walk *walk = arg;
	struct pt_file_stat st;
	char *path;

	if (++walk->looks > LOOKS_MAX)
		return 1;
	if (asprintf(&path, "%s/%s", walk->at, name) < 0)
		return 1;
	if (walk->k->ops->stat(walk->k, path, &st) || !S_ISDIR(st.mode)) {
		free(path);
		return 0;
	}
	if (st.inode == walk->inode) {
		walk->found = path;
		return 1;
	}
	return !push(walk, path);
}

/* A malloc'ed path, or NULL. */
static char *find_below(struct pt_kernel *k, const char *mount, uint64_t inode)
{
	struct walk walk = {.k = k, .inode = inode};
	char *first = strdup(mount);

	if (first && push(&walk, first))
		for (size_t i = 0; i < walk.n && !walk.found && walk.looks <= LOOKS_MAX; i++) {
			walk.at = walk.queue[i];
			k->ops->list(k, walk.at, look, &walk);
		}
	for (size_t i = 0; i < walk.n; i++)
		free(walk.queue[i]);
	free(walk.queue);
	return walk.found;
}

static int give(const char *mount, const char *path, char *ret, size_t size)
{
	const char *below = path + strlen(mount);
	if (*below == '\0')
		below = "/";
	if (strlen(below) >= size)
		return -ENAMETOOLONG;
	strcpy(ret, below);
	return 0;
}

int pt_read_cgroup_path(struct pt_kernel *k, uint64_t inode, pid_t near_pid, char *ret, size_t size)
{
	const char *mount = memory_mount(k);
	char path[PATH_LIMIT];

	if (inode == 0)
		return -ENOENT;
	if (!own_path(k, mount, near_pid, path, sizeof(path)))
		snprintf(path, sizeof(path), "%s", mount);
	if (find_upwards(k, mount, path, inode))
		return give(mount, path, ret, size);
	char *found = find_below(k, mount, inode);
	if (!found)
		return -ENOENT;
	int error = give(mount, found, ret, size);
	free(found);
	return error;
}

int pt_read_cgroup_inode(struct pt_kernel *k, const char *path, uint64_t *ret)
{
	struct pt_file_stat st;
	char below[PATH_LIMIT];
	int n = snprintf(below, sizeof(below), "%s/%s", memory_mount(k), path);

	if (n < 0 || (size_t)n >= sizeof(below))
		return -ENAMETOOLONG;
	if (k->ops->stat(k, below, &st)) {
		int error = k->ops->stat(k, path, &st);
		if (error)
			return error;
	}
	if (!S_ISDIR(st.mode))
		return -ENOTDIR;
	*ret = st.inode;
	return 0;
}
