/*
 * What the kernel keeps for a process and gives back to it later: the data of its epolls and the values of its timers. Programs
 * put pointers there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/kernel/process.h"
#include "core/kernel/readers.h"

#define EPOLL "anon_inode:[eventpoll]"

static int add(struct pt_kept_list *list, struct pt_kept kept)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct pt_kept *more = reallocarray(list->v, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->v = more;
		list->room = room;
	}
	list->v[list->n++] = kept;
	return 0;
}

/* eventpoll.c, ep_show_fdinfo(): "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%lx sdev:%x" */
int pt_parse_epoll(const char *text, size_t size, int fd, struct pt_kept_list *ret)
{
	struct pt_cursor all = {text, text + size}, line;
	uint64_t target, events;
	int error = 0;
	while (!error && pt_cut_line(&all, &line)) {
		struct pt_kept kept = {.fd = fd};
		if (!pt_skip_word(&line, "tfd:"))
			continue;
		pt_skip_blanks(&line);
		if (!pt_take_decimal(&line, &target) || !pt_skip_word(&line, " events:"))
			continue;
		pt_skip_blanks(&line);
		if (!pt_take_hex(&line, &events) || !pt_skip_word(&line, " data:"))
			continue;
		pt_skip_blanks(&line);
		if (pt_take_hex(&line, &kept.value))
			error = add(ret, kept);
	}
	return error;
}

/* proc/base.c, show_timer(): "ID: %d", then "signal: %d/%px" and others */
int pt_parse_timers(const char *text, size_t size, struct pt_kept_list *ret)
{
	struct pt_cursor all = {text, text + size}, line;
	struct pt_kept kept = {.fd = -1};
	uint64_t n;
	int error = 0;
	while (!error && pt_cut_line(&all, &line)) {
		if (pt_skip_word(&line, "ID: ")) {
			kept.fd = pt_take_decimal(&line, &n) && n <= INT32_MAX ? (int)n : -1;
			continue;
		}
		if (pt_skip_word(&line, "signal: ") && pt_take_decimal(&line, &n) && pt_skip(&line, '/') &&
		    pt_take_hex(&line, &kept.value))
			error = add(ret, kept);
	}
	return error;
}

struct descriptors {
	struct pt_kernel *k;
	pid_t pid;
	struct pt_kept_list *ret;
	int error;
};

static int look_at(void *arg, const char *name)
{
	struct descriptors *d = arg;
	char path[64], link[sizeof(EPOLL)], *text;
	size_t size;
	snprintf(path, sizeof(path), "proc/%d/fd/%.10s", (int)d->pid, name);
	ssize_t n = d->k->ops->readlink(d->k, path, link, sizeof(link));
	if (n != (ssize_t)strlen(EPOLL) || memcmp(link, EPOLL, strlen(EPOLL)))
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%.10s", name);
	if (pt_read_pid_file(d->k, d->pid, path, &text, &size))
		return 0; /* it was closed meanwhile */
	d->error = pt_parse_epoll(text, size, (int)strtol(name, NULL, 10), d->ret);
	free(text);
	return d->error;
}

int pt_read_epolls(struct pt_kernel *k, pid_t pid, struct pt_kept_list *ret)
{
	struct descriptors d = {.k = k, .pid = pid, .ret = ret};
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	int error = k->ops->list(k, path, look_at, &d);
	return d.error ? d.error : error;
}

int pt_read_timers(struct pt_kernel *k, pid_t pid, struct pt_kept_list *ret)
{
	char *text;
	size_t size;
	int error = pt_read_pid_file(k, pid, "timers", &text, &size);
	if (error)
		return error;
	error = pt_parse_timers(text, size, ret);
	free(text);
	return error;
}
