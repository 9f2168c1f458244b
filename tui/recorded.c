/*
 * See recorded.h. The list is read in the worker of the screen, by a reader of its own, and again only when something
 * was written.
 */
#include "tui/recorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/text/text.h"
#include "tui/when.h"

struct ui_recorded {
	struct pt_reader *reader;
	struct ui_sources sources;
};

/* ---- the list --------------------------------------------------------------------------------------------------- */

struct list {
	struct pt_reader *reader;
	struct pt_recorded *v; /* by PID, each once */
	size_t n;
	uint64_t version; /* of the file that it is of; 0: of none yet */
};

static int by_pid(const void *a, const void *b)
{
	const struct pt_recorded *x = a, *y = b;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Of several that had a PID, the one that a person means by it. */
static size_t take_out_doubles(struct pt_recorded *v, size_t n)
{
	size_t kept = 0;
	qsort(v, n, sizeof(*v), by_pid);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && v[end].pid == v[i].pid; end++)
			;
		v[kept++] = *pt_recorded_find(v + i, end - i, v[i].pid);
	}
	return kept;
}

static int list_open(void *arg, void **ret)
{
	struct list *list = calloc(1, sizeof(*list));
	int error = list ? pt_reader_of(arg, 0, &list->reader) : -ENOMEM;
	if (error)
		free(list);
	else
		*ret = list;
	return error;
}

static void list_close(void *self)
{
	struct list *list = self;
	pt_reader_close(list->reader);
	free(list->v);
	free(list);
}

static int refresh(struct list *list)
{
	struct pt_recorded *v;
	uint64_t version = pt_reader_version(list->reader);
	if (version == list->version)
		return 0;
	ssize_t n = pt_reader_processes(list->reader, &v);
	if (n < 0)
		return (int)n;
	free(list->v);
	list->v = v;
	list->n = take_out_doubles(v, (size_t)n);
	list->version = version;
	return 0;
}

/* "34 frames, 12 s, exit status 1" */
static void describe(const struct pt_recorded *p, char *ret, size_t size)
{
	char time[24] = "";
	size_t n = 0;
	if (p->frames)
		n = (size_t)snprintf(ret, size, "%" PRIu64 " frame%s", p->frames, p->frames == 1 ? "" : "s");
	else
		n = (size_t)snprintf(ret, size, "counters alone");
	if (p->ended_ns.known && p->began_ns.known && p->ended_ns.value >= p->began_ns.value)
		n += (size_t)snprintf(ret + n, size - n, ", %s",
				      pt_text_ns(p->ended_ns.value - p->began_ns.value, time, sizeof(time)));
	if (!p->exit_status.known)
		return;
	int status = (int)p->exit_status.value;
	if (WIFSIGNALED(status))
		snprintf(ret + n, size - n, ", killed by signal %d", WTERMSIG(status));
	else
		snprintf(ret + n, size - n, ", exit status %d", WEXITSTATUS(status));
}

static struct pt_maybe most(const struct pt_recorded *p)
{
	return p->peak_rss.known && p->peak_rss.value > p->most_rss.value ? p->peak_rss : p->most_rss;
}

static int list_read(void *self, struct pt_proc_list *ret)
{
	struct list *list = self;
	int error = refresh(list);
	if (error)
		return error;
	ret->v = calloc(list->n + 1, sizeof(*ret->v));
	ret->n = 0;
	for (size_t i = 0; ret->v && i < list->n; i++) {
		const struct pt_recorded *p = &list->v[i];
		struct pt_proc *proc = &ret->v[ret->n++];
		*proc = (struct pt_proc){.pid = p->pid,
					 .start_time = p->start_time,
					 .state = p->ended_ns.known ? 'X' : '-',
					 .rss = most(p),
					 .swap = p->most_swap};
		memcpy(proc->name, p->name, sizeof(proc->name));
		describe(p, proc->command, sizeof(proc->command));
	}
	return ret->v ? 0 : -ENOMEM;
}

/* It is in frames, for whoever looks at one. */
static int list_pss(void *self, struct pt_proc *v, size_t n)
{
	(void)self;
	(void)v;
	(void)n;
	return 0;
}

/* ---- the one that was chosen ------------------------------------------------------------------------------------ */

static int open_reader(struct pt_reader *all, pid_t pid, struct pt_reader **ret)
{
	struct pt_recorded *v;
	ssize_t n = pt_reader_processes(all, &v);
	const struct pt_recorded *found = n > 0 ? pt_recorded_find(v, (size_t)n, pid) : NULL;
	int error = n < 0 ? (int)n : !found ? -ESRCH : !found->frames ? -ENODATA : pt_reader_of(all, found->id, ret);
	free(v);
	return error;
}

static int open_target(void *arg, struct ui_target *target, pid_t pid, uint64_t interval_ns,
		       const struct ui_options *options)
{
	struct pt_reader *reader;
	char message[200];
	uint64_t seq = 0;
	(void)interval_ns;
	int error = open_reader(arg, pid, &reader);
	if (error)
		return error;
	if (options->at && !ui_when(options->at, pt_reader_past(reader), &seq, message, sizeof(message)))
		seq = 0; /* which it may not have lived to see */
	return ui_target_replay(target, reader, seq);
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

int ui_recorded_new(struct ui_recorded **ret, struct pt_reader *reader, const char *path)
{
	static const struct ui_lister_ops lister = {list_open, list_read, list_pss, list_close};
	struct ui_recorded *r = calloc(1, sizeof(*r));
	if (!r) {
		pt_reader_close(reader);
		return -ENOMEM;
	}
	r->reader = reader;
	r->sources = (struct ui_sources){open_target, &lister, reader, path, NULL};
	*ret = r;
	return 0;
}

const struct ui_sources *ui_recorded_sources(const struct ui_recorded *r)
{
	return &r->sources;
}

void ui_recorded_free(struct ui_recorded *r)
{
	if (!r)
		return;
	pt_reader_close(r->reader);
	free(r);
}
