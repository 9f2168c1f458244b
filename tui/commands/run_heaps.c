/*
 * Heaps at marks; see run_heaps.h.
 */
#include "tui/commands/run_heaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks.h"

/* ---- who lives -------------------------------------------------------------------------------------------------- */

static void began(void *arg, const struct pt_tree_process *process)
{
	struct ui_run_heaps *h = arg;
	pthread_mutex_lock(&h->lock);
	if (h->n_living == h->room_living) {
		size_t room = h->room_living ? 2 * h->room_living : 16;
		void *grown = reallocarray(h->living, room, sizeof(*h->living));
		h->lost |= !grown;
		h->living = grown ? grown : h->living;
		h->room_living = grown ? room : h->room_living;
	}
	if (h->n_living < h->room_living) {
		h->living[h->n_living].id = process->id;
		h->living[h->n_living++].pid = process->pid;
	}
	pthread_mutex_unlock(&h->lock);
}

static void ended(void *arg, const struct pt_tree_process *process)
{
	struct ui_run_heaps *h = arg;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_living; i++)
		if (h->living[i].id == process->id) {
			h->living[i] = h->living[--h->n_living];
			break;
		}
	pthread_mutex_unlock(&h->lock);
}

/* The i-th; false: there are not so many. */
static bool living(struct ui_run_heaps *h, size_t i, size_t *ret_id, pid_t *ret_pid)
{
	pthread_mutex_lock(&h->lock);
	bool is_there = i < h->n_living;
	if (is_there) {
		*ret_id = h->living[i].id;
		*ret_pid = h->living[i].pid;
	}
	pthread_mutex_unlock(&h->lock);
	return is_there;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static bool is_asked(const struct ui_run_heaps *h, const char *label, bool *ret_leaked)
{
	bool asked = false;
	*ret_leaked = false;
	for (size_t i = 0; i < h->assertions->n; i++) {
		bool leaked;
		asked |= pt_assert_asks_heap(h->assertions->v[i].assertion, label, &leaked);
		*ret_leaked |= leaked;
	}
	return asked;
}

/* pagetop mark is a process of the run too, but not what anybody asks about. */
static bool is_messenger(struct pt_kernel *k, pid_t pid, pid_t sender)
{
	struct pt_process process;
	return pid == sender && pt_read_process(k, pid, &process) == 0 && strcmp(process.name, "pagetop") == 0;
}

static void find_leaks(const struct ui_run_heaps *h, pid_t pid, struct ui_heap_look *look)
{
	struct ui_options options = *h->options;
	struct ui_hunted found = {0};
	options.pid = pid;
	options.passes = 0;
	if (ui_leaks_hunt(&options, NULL, &found) == 0 && found.view->verdict) {
		look->judged = true;
		look->leaked = found.view->tiers[PT_LEAK_LEAKED].bytes;
	}
	pt_hunt_view_unref(found.view);
	free(found.pages);
}

static void look_at(struct ui_run_heaps *h, struct pt_kernel *k, size_t id, pid_t pid, bool leaked,
		    const struct pt_trace_mark *mark)
{
	struct ui_heap_look look = {.id = id, .ns = mark->monotonic_ns};
	struct pt_target target;
	if (pt_target_open(&target, k, pid, NULL) == 0) {
		if (pt_heap_mark_take(&look.mark, &target) != 0)
			look.mark = NULL;
		pt_target_close(&target);
	}
	if (leaked)
		find_leaks(h, pid, &look);
	if (h->n_looks == h->room_looks) {
		size_t room = h->room_looks ? 2 * h->room_looks : 16;
		void *grown = reallocarray(h->looks, room, sizeof(*h->looks));
		if (!grown) {
			pt_heap_mark_free(look.mark);
			return; /* then it is not known */
		}
		h->looks = grown;
		h->room_looks = room;
	}
	h->looks[h->n_looks++] = look;
}

void ui_run_heaps_mark(struct ui_run_heaps *h, const struct pt_trace_mark *mark)
{
	struct pt_kernel *k;
	bool leaked;
	size_t id;
	pid_t pid;
	if (!is_asked(h, mark->label, &leaked) || pt_kernel_linux_new(&k, "/", 0) != 0)
		return;
	for (size_t i = 0; living(h, i, &id, &pid); i++)
		if (!is_messenger(k, pid, mark->pid))
			look_at(h, k, id, pid, leaked, mark);
	pt_kernel_free(k);
}

/* ---- what assertions ask ---------------------------------------------------------------------------------------- */

/* Of a process of the trace, by its index. */
static const struct ui_heap_look *find_look(const struct ui_run_heaps *h, size_t process, uint64_t ns)
{
	for (size_t i = 0; i < h->n_looks; i++) {
		const struct ui_heap_look *look = &h->looks[i];
		if (look->ns == ns && look->id < h->watch->n && h->watch->v[look->id].trace == (ssize_t)process)
			return look;
	}
	return NULL;
}

static bool is_unknown(const struct ui_run_heaps *h, size_t process, const char *what, char *why, size_t size)
{
	const struct pt_trace_process *p = &h->watch->trace->processes[process];
	snprintf(why, size,
		 "%s process %d (%s) is not known: its allocator is not glibc's, or it could not be looked at", what,
		 (int)p->pid, p->name);
	return false;
}

/* It set the mark by pagetop mark, and is no part of what is asked. */
static bool is_pagetop(const struct ui_run_heaps *h, size_t process)
{
	return strcmp(h->watch->trace->processes[process].name, "pagetop") == 0;
}

static bool leaked(void *arg, size_t process, uint64_t at_ns, double *ret_bytes, char *why, size_t size)
{
	const struct ui_run_heaps *h = arg;
	const struct ui_heap_look *look = find_look(h, process, at_ns);
	*ret_bytes = look ? (double)look->leaked : 0;
	if (!look && is_pagetop(h, process))
		return true;
	return (look && look->judged) || is_unknown(h, process, "what is leaked in", why, size);
}

static void count(void *arg, uint64_t address, uint64_t bytes)
{
	double *n = arg;
	(void)address;
	(void)bytes;
	*n += 1;
}

static bool still(void *arg, size_t process, const uint64_t at_ns[3], double *ret_objects, char *why, size_t size)
{
	const struct ui_run_heaps *h = arg;
	const struct ui_heap_look *look[3];
	*ret_objects = 0;
	for (int i = 0; i < 3; i++)
		look[i] = find_look(h, process, at_ns[i]);
	if (!look[2] && is_pagetop(h, process))
		return true;
	if (!look[1] && look[2] && h->watch->trace->processes[process].began_ns > at_ns[1])
		return true; /* nothing of it came before that */
	if (!look[0] || !look[1] || !look[2] || !look[0]->mark || !look[1]->mark || !look[2]->mark)
		return is_unknown(h, process, "which objects there are in", why, size);
	pt_heap_born(look[0]->mark, look[1]->mark, look[2]->mark, count, ret_objects);
	return true;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

void ui_run_heaps_init(struct ui_run_heaps *h, const struct ui_options *options, const struct ui_assertions *assertions,
		       const struct ui_watch *watch)
{
	*h = (struct ui_run_heaps){.options = options, .assertions = assertions, .watch = watch};
	pthread_mutex_init(&h->lock, NULL);
}

void ui_run_heaps_free(struct ui_run_heaps *h)
{
	if (!h->options)
		return;
	for (size_t i = 0; i < h->n_looks; i++)
		pt_heap_mark_free(h->looks[i].mark);
	free(h->looks);
	free(h->living);
	pthread_mutex_destroy(&h->lock);
}

struct pt_tree_sink ui_run_heaps_sink(struct ui_run_heaps *h)
{
	return (struct pt_tree_sink){.began = began, .ended = ended, .arg = h};
}

const struct pt_trace_heaps *ui_run_heaps_of(struct ui_run_heaps *h)
{
	h->ops = (struct pt_trace_heaps){.leaked = leaked, .still = still, .arg = h};
	return &h->ops;
}
