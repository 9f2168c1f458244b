/*
 * Counters and children of one process; see member.h. Of the counters status alone is read, since it has all of memory;
 * stat once, when the process is found, for its start time.
 */
#include "core/tree/member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

#define TEXT_FIRST 8192u
#define AT_ONCE    4096u      /* the kernel hands out at most a page at a time, ... */
#define MAPS_MOST  (1u << 20) /* bytes of maps that are counted: some ten thousand lines */
#define LAST       2048u      /* ... and where there was room for one, less than half of it is the end */

static int grow(struct pt_tree_text *text)
{
	size_t room = text->room ? text->room * 2 : TEXT_FIRST;
	char *more = realloc(text->v, room);
	if (!more)
		return -ENOMEM;
	text->v = more;
	text->room = room;
	return 0;
}

/* All of a file from its start. A process that is gone says -ESRCH. */
static int read_all(struct pt_kernel *k, int fd, struct pt_tree_text *text)
{
	text->n = 0;
	for (;;) {
		if (text->room - text->n < AT_ONCE && grow(text))
			return -ENOMEM;
		ssize_t n = k->ops->pread(k, fd, text->v + text->n, text->room - text->n, text->n);
		if (n < 0)
			return (int)n;
		text->n += (size_t)n;
		if (n < (ssize_t)LAST)
			return 0;
	}
}

static int open_file(struct pt_kernel *k, pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
	return k->ops->open(k, path, O_RDONLY);
}

static void name_children(char *ret, size_t size, pid_t tid)
{
	snprintf(ret, size, "task/%d/children", (int)tid);
}

/* Through the descriptor, or where that is none through the path. */
static int read_file(struct pt_kernel *k, int kept, pid_t pid, const char *name, struct pt_tree_text *text)
{
	if (kept >= 0)
		return read_all(k, kept, text);
	int fd = open_file(k, pid, name);
	if (fd < 0)
		return fd;
	int error = read_all(k, fd, text);
	k->ops->close(k, fd);
	return error;
}

static bool is_missing(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

/* ---- counters --------------------------------------------------------------------------------------------------- */

static void forget_memory(struct pt_process *p)
{
	const struct pt_maybe unknown = {0};
	p->rss_anon = p->rss_file = p->rss_shmem = p->swap = p->locked = p->mapped = p->hugetlb = unknown;
}

static bool has_ended(const struct pt_process *p)
{
	/* one whose main thread has ended lives on while others of its threads do */
	return (p->state == 'Z' || p->state == 'X') && p->threads <= 1;
}

/* A path may lead to another process by now. */
static int check_same(const struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text)
{
	struct pt_process now;
	int error = read_file(k, -1, m->process.pid, "stat", text);
	if (!error)
		error = pt_parse_stat(text->v, text->n, &now);
	return !error && now.start_time != m->process.start_time ? -ESRCH : error;
}

int pt_member_sample(struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text)
{
	struct pt_process now = m->process.counters;
	int error = m->status < 0 ? check_same(m, k, text) : 0;
	if (!error)
		error = read_file(k, m->status, m->process.pid, "status", text);
	if (is_missing(error)) {
		m->gone = true;
		return 0;
	}
	if (error)
		return error;
	forget_memory(&now);
	pt_parse_status_alone(text->v, text->n, &now);
	m->dead = has_ended(&now);
	if (!m->dead)
		m->process.counters = now;
	return 0;
}

struct pt_maybe pt_member_count_vmas(struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text)
{
	struct pt_maybe lines = {.known = true};
	const struct pt_maybe unknown = {0};
	if (text->room < AT_ONCE && grow(text))
		return unknown;
	int fd = open_file(k, m->process.pid, "maps");
	if (fd < 0)
		return unknown;
	ssize_t n;
	uint64_t at = 0;
	while ((n = k->ops->pread(k, fd, text->v, text->room, at)) > 0 && at < MAPS_MOST) {
		for (const char *c = text->v, *end = c + n; (c = memchr(c, '\n', (size_t)(end - c))); c++)
			lines.value++;
		at += (uint64_t)n;
	}
	k->ops->close(k, fd);
	return n == 0 && lines.value ? lines : unknown;
}

/* ---- children --------------------------------------------------------------------------------------------------- */

static void each_pid(const struct pt_tree_text *text, pt_child_fn each, void *arg)
{
	const char *at = text->v, *end = text->v + text->n;
	pid_t pid;
	while (pt_next_pid(&at, end, &pid))
		each(arg, pid);
}

int pt_children_of(struct pt_kernel *k, pid_t pid, pid_t tid, struct pt_tree_text *text, pt_child_fn each, void *arg)
{
	char name[48];
	name_children(name, sizeof(name), tid);
	int error = read_file(k, -1, pid, name, text);
	if (!error)
		each_pid(text, each, arg);
	return error;
}

int pt_member_children(struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text, pt_child_fn each, void *arg)
{
	if (m->children < 0)
		return pt_children_of(k, m->process.pid, m->process.pid, text, each, arg);
	int error = read_all(k, m->children, text);
	if (!error)
		each_pid(text, each, arg);
	return error;
}

int pt_member_children_of_threads(struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text, pt_child_fn each,
				  void *arg)
{
	pid_t *tids;
	size_t n;
	int error = pt_read_threads(k, m->process.pid, &tids, &n);
	if (error)
		return error;
	for (size_t i = 0; i < n; i++)
		if (tids[i] != m->process.pid)
			pt_children_of(k, m->process.pid, tids[i], text, each, arg);
	free(tids);
	return 0;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

static int identify(struct pt_member *m, struct pt_kernel *k, struct pt_tree_text *text)
{
	pid_t pid = m->process.pid;
	int error = read_file(k, -1, pid, "stat", text);
	if (!error)
		error = pt_parse_stat(text->v, text->n, &m->process.counters);
	if (is_missing(error) || (!error && m->process.counters.pid != pid))
		return -ESRCH;
	if (error)
		return error;
	pt_parse_parent(text->v, text->n, &m->process.parent);
	m->process.start_time = m->process.counters.start_time;
	m->dead = has_ended(&m->process.counters);
	return 0;
}

int pt_member_new(struct pt_member **ret, struct pt_kernel *k, pid_t pid, bool keep, struct pt_tree_text *text)
{
	char name[48];
	struct pt_member *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->process.pid = pid;
	m->status = m->children = -1;
	int error = identify(m, k, text);
	if (error) {
		free(m);
		return error;
	}
	if (keep && !m->dead) {
		name_children(name, sizeof(name), pid);
		m->status = open_file(k, pid, "status"); /* without them it is done by path */
		m->children = open_file(k, pid, name);
	}
	*ret = m;
	return 0;
}

void pt_member_free(struct pt_member *m, struct pt_kernel *k)
{
	if (!m)
		return;
	pt_scan_close(m->scan);
	if (m->status >= 0)
		k->ops->close(k, m->status);
	if (m->children >= 0)
		k->ops->close(k, m->children);
	free(m);
}
