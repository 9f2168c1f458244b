/*
 * /proc/PID/stat and /proc/PID/status: who the process is, and its counters.
 *
 * stat is one line, "123 (name) S 1 ...". The name is raw, so it may hold spaces, newlines and parentheses; what comes
 * after it is numbers, so the last parenthesis ends it. status escapes newlines in the name, so its lines are lines.
 */
#include "core/kernel/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"

/* Fields of stat by their number in proc(5). */
enum {
	STAT_PARENT = 4,
	STAT_FLAGS = 9,
	STAT_MINOR_FAULTS = 10,
	STAT_CHILD_FAULTS = 11,
	STAT_MAJOR_FAULTS = 12,
	STAT_USER_TICKS = 14,
	STAT_SYSTEM_TICKS = 15,
	STAT_THREADS = 20,
	STAT_START_TIME = 22,
	STAT_START_STACK = 28,
	STAT_FIRST_NUMBER = 4,
	STAT_LAST_NUMBER = STAT_START_TIME, /* that must be there */
};
#define PF_KTHREAD 0x00200000u

int pt_read_pid_file(struct pt_kernel *k, pid_t pid, const char *name, char **ret, size_t *ret_size)
{
	char path[64];
	struct pt_file_stat st;

	snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
	int error = pt_kernel_slurp(k, path, ret, ret_size);
	if (error != -ENOENT)
		return error;
	snprintf(path, sizeof(path), "proc/%d", (int)pid);
	return k->ops->stat(k, path, &st) ? -ESRCH : -ENOENT;
}

struct stat_line {
	uint64_t pid;
	const char *name;
	size_t name_size;
	char state;
	uint64_t field[STAT_LAST_NUMBER + 1];
	uint64_t start_stack;
};

/* " 123 -1 ...": some fields are signed; pagetop uses none of those, so the sign is dropped. */
static bool take_stat_numbers(struct pt_cursor *c, uint64_t *field)
{
	for (int i = STAT_FIRST_NUMBER; i <= STAT_LAST_NUMBER; i++) {
		if (!pt_skip(c, ' '))
			return false;
		pt_skip(c, '-');
		if (!pt_take_decimal(c, &field[i]))
			return false;
	}
	return true;
}

static void take_start_stack(struct pt_cursor c, uint64_t *ret)
{
	uint64_t n;

	for (int i = STAT_LAST_NUMBER + 1; i <= STAT_START_STACK; i++)
		if (!pt_skip(&c, ' ') || !pt_take_decimal(&c, &n))
			return;
	if (c.at < c.end)
		*ret = n;
}

static bool take_stat(const char *text, size_t size, struct stat_line *ret)
{
	const char *close = size ? memrchr(text, ')', size) : NULL;
	if (!close)
		return false;
	struct pt_cursor c = {text, close};
	if (!pt_take_decimal(&c, &ret->pid) || ret->pid > INT_MAX || !pt_skip(&c, ' ') || !pt_skip(&c, '('))
		return false;
	ret->name = c.at;
	ret->name_size = (size_t)(close - c.at);

	c = (struct pt_cursor){close + 1, text + size};
	if (!pt_skip(&c, ' ') || c.at == c.end)
		return false;
	ret->state = *c.at++;
	/* Something must follow the last field of interest, or it may have been cut off. */
	if (!take_stat_numbers(&c, ret->field) || c.at == c.end || (*c.at != ' ' && *c.at != '\n'))
		return false;
	ret->start_stack = 0;
	take_start_stack(c, &ret->start_stack);
	return true;
}

static struct pt_maybe known(uint64_t value)
{
	return (struct pt_maybe){value, true};
}

static struct pt_maybe ticks_as_ns(uint64_t user, uint64_t system)
{
	uint64_t ticks, ns;
	long hz = sysconf(_SC_CLK_TCK);

	if (hz <= 0 || __builtin_add_overflow(user, system, &ticks) ||
	    __builtin_mul_overflow(ticks, 1000000000u / (uint64_t)hz, &ns))
		return (struct pt_maybe){0};
	return known(ns);
}

int pt_parse_stat(const char *text, size_t size, struct pt_process *process)
{
	struct stat_line line;
	if (!take_stat(text, size, &line))
		return -EBADMSG;
	size_t n = line.name_size < PT_NAME_MAX ? line.name_size : PT_NAME_MAX - 1;
	process->pid = (pid_t)line.pid;
	memcpy(process->name, line.name, n);
	process->name[n] = '\0';
	process->state = line.state;
	process->minor_faults = known(line.field[STAT_MINOR_FAULTS]);
	process->major_faults = known(line.field[STAT_MAJOR_FAULTS]);
	process->cpu_ns = ticks_as_ns(line.field[STAT_USER_TICKS], line.field[STAT_SYSTEM_TICKS]);
	process->threads = line.field[STAT_THREADS] < UINT_MAX ? (unsigned)line.field[STAT_THREADS] : UINT_MAX;
	process->start_time = line.field[STAT_START_TIME];
	process->start_stack = line.start_stack;
	return 0;
}

/* "Uid:\t1000\t1001\t1000\t1001": real, effective, saved, file system. The effective one is what others look at. */
static void take_uid(struct pt_cursor line, uid_t *ret)
{
	uint64_t real, effective;

	pt_skip_blanks(&line);
	if (!pt_take_decimal(&line, &real))
		return;
	pt_skip_blanks(&line);
	if (pt_take_decimal(&line, &effective) && effective <= UINT32_MAX)
		*ret = (uid_t)effective;
}

/* "   1764 kB" */
static void take_size(struct pt_cursor line, struct pt_maybe *ret)
{
	uint64_t n;

	pt_skip_blanks(&line);
	if (pt_take_decimal(&line, &n) && pt_skip_word(&line, " kB") && !__builtin_mul_overflow(n, 1024u, &n))
		*ret = known(n);
}

void pt_parse_status(const char *text, size_t size, struct pt_process *process)
{
	const struct {
		const char *key;
		struct pt_maybe *size;
	} sizes[] = {
		{"RssAnon:", &process->rss_anon},   {"RssFile:", &process->rss_file},
		{"RssShmem:", &process->rss_shmem}, {"VmSwap:", &process->swap},
		{"VmLck:", &process->locked},       {"VmHWM:", &process->peak_rss},
		{"VmSize:", &process->mapped},      {"HugetlbPages:", &process->hugetlb},
	};
	struct pt_cursor all = {text, text + size}, line;

	while (pt_cut_line(&all, &line)) {
		if (pt_skip_word(&line, "Uid:"))
			take_uid(line, &process->uid);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			if (pt_skip_word(&line, sizes[i].key))
				take_size(line, sizes[i].size);
	}
}

/* In status a line break in the name is \\n and a backslash is two. */
static void take_name(struct pt_cursor line, char *ret)
{
	size_t n = 0;

	pt_skip_blanks(&line);
	while (line.at < line.end && n + 1 < PT_NAME_MAX) {
		char c = *line.at++;
		if (c == '\\' && line.at < line.end)
			c = *line.at++ == 'n' ? '\n' : '\\';
		ret[n++] = c;
	}
	ret[n] = '\0';
}

void pt_parse_status_alone(const char *text, size_t size, struct pt_process *process)
{
	struct pt_cursor all = {text, text + size}, line;
	uint64_t threads;

	pt_parse_status(text, size, process);
	while (pt_cut_line(&all, &line)) {
		if (pt_skip_word(&line, "Name:"))
			take_name(line, process->name);
		if (pt_skip_word(&line, "State:")) {
			pt_skip_blanks(&line);
			process->state = line.at < line.end ? *line.at : '?';
		}
		if (pt_skip_word(&line, "Threads:")) {
			pt_skip_blanks(&line);
			if (pt_take_decimal(&line, &threads) && threads <= UINT_MAX)
				process->threads = (unsigned)threads;
			return; /* what follows is of no interest, and long */
		}
	}
}

bool pt_parse_parent(const char *text, size_t size, pid_t *ret)
{
	struct stat_line line;

	if (!take_stat(text, size, &line) || line.field[STAT_PARENT] > INT_MAX)
		return false;
	*ret = (pid_t)line.field[STAT_PARENT];
	return true;
}

int pt_read_parent(struct pt_kernel *k, pid_t pid, pid_t *ret)
{
	char *text;
	size_t size;
	int error = pt_read_pid_file(k, pid, "stat", &text, &size);

	if (error)
		return error;
	bool found = pt_parse_parent(text, size, ret);
	free(text);
	return found ? 0 : -EBADMSG;
}

int pt_read_child_faults(struct pt_kernel *k, pid_t pid, uint64_t *ret)
{
	struct stat_line line;
	char *text;
	size_t size;
	int error = pt_read_pid_file(k, pid, "stat", &text, &size);

	if (error)
		return error;
	bool found = take_stat(text, size, &line);
	*ret = found ? line.field[STAT_CHILD_FAULTS] : 0;
	free(text);
	return found ? 0 : -EBADMSG;
}

bool pt_next_pid(const char **at, const char *end, pid_t *ret)
{
	struct pt_cursor c = {*at, end};
	uint64_t pid;

	pt_skip_blanks(&c);
	bool found = pt_take_decimal(&c, &pid) && pid <= INT_MAX;
	if (found)
		*ret = (pid_t)pid;
	*at = c.at;
	return found;
}

bool pt_parse_counter(const char *text, size_t size, const char *key, uint64_t *ret)
{
	struct pt_cursor all = {text, text + size}, line;

	while (pt_cut_line(&all, &line))
		if (pt_skip_word(&line, key) && pt_skip(&line, ' '))
			return pt_take_decimal(&line, ret);
	return false;
}

static int read_counter(struct pt_kernel *k, const char *path, const char *key, uint64_t *ret)
{
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, path, &text, &size);

	if (error)
		return error;
	bool found = pt_parse_counter(text, size, key, ret);
	free(text);
	return found ? 0 : -ENODATA;
}

int pt_read_forks(struct pt_kernel *k, uint64_t *ret)
{
	return read_counter(k, "proc/stat", "processes", ret);
}

int pt_read_oom_kills(struct pt_kernel *k, uint64_t *ret)
{
	return read_counter(k, "proc/vmstat", "oom_kill", ret);
}

int pt_read_command(struct pt_kernel *k, pid_t pid, char **ret, size_t *ret_size)
{
	return pt_read_pid_file(k, pid, "cmdline", ret, ret_size);
}

int pt_read_process(struct pt_kernel *k, pid_t pid, struct pt_process *ret)
{
	struct pt_process process = {0};
	char *text;
	size_t size;

	int error = pt_read_pid_file(k, pid, "stat", &text, &size);
	if (error)
		return error;
	error = pt_parse_stat(text, size, &process);
	free(text);
	if (error)
		return error;

	error = pt_read_pid_file(k, pid, "status", &text, &size);
	if (error)
		return error;
	pt_parse_status(text, size, &process);
	free(text);
	*ret = process;
	return 0;
}

bool pt_is_kernel_thread(struct pt_kernel *k, pid_t pid)
{
	struct stat_line line;
	char *text;
	size_t size;

	if (pt_read_pid_file(k, pid, "stat", &text, &size))
		return false;
	bool kernel = take_stat(text, size, &line) && line.field[STAT_FLAGS] & PF_KTHREAD;
	free(text);
	return kernel;
}
