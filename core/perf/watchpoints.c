/*
 * See watchpoints.h. Owns the events, in lanes: a lane is a thread or a CPU, with an event for each watchpoint, and a ring
 * that they write into, of an event that never happens.
 *
 * An event is told a limit of hits by PERF_EVENT_IOC_REFRESH, which adds to what is left of the last one: what was used is
 * what it counted. It must not be inherited for that, so threads that come later are looked for. One that came to its
 * limit is opened anew: Linux 6.18 stops it for good (hw_breakpoint_stop() in kernel/events/hw_breakpoint.c, which
 * nothing undoes but an event that is running).
 */
#include "core/perf/watchpoints.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/kernel/readers.h"
#include "core/perf/cpus.h"
#include "core/perf/ring.h"
#include "core/unwind/user.h"

#define THREADS_FEW 8u    /* with so many, or fewer, events are theirs */
#define LANES_MAX   128u  /* threads beyond are not watched, where CPUs may not be */
#define ANYWHERE    4096u /* an address to begin with, which is not armed */
#define RING_MAX    (256u << 10)
#define RING_MIN    (32u << 10)

struct event {
	int fd;
	uint64_t limit; /* hits it was ever told to tell */
};

struct lane {
	pid_t tid; /* -1: of a CPU */
	int cpu;   /* -1: of a thread */
	int owner; /* of the ring */
	struct event events[PT_WATCHPOINTS_MAX];
	size_t bytes; /* of the ring */
	struct pt_ring ring;
	struct pt_perf_record head; /* where `there` */
	bool there, seen;
	bool ended; /* the thread did */
};

struct pt_watchpoints {
	struct pt_kernel *k;
	pid_t pid;
	size_t page, stack_bytes;
	struct pt_perf_layout layout;
	unsigned n;
	bool machine;
	struct lane **lanes; /* [n_lanes] */
	size_t n_lanes;
	struct {
		uint64_t address; /* 0: not armed */
		unsigned hits;
	} armed[PT_WATCHPOINTS_MAX];
	uint64_t lost;
};

/* ---- an event --------------------------------------------------------------------------------------------------- */

static struct perf_event_attr attributes(const struct pt_watchpoints *w, uint64_t address)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(struct perf_event_attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = address,
		.bp_len = HW_BREAKPOINT_LEN_1,
		.sample_period = 1,
		.sample_type = PT_PERF_SAMPLE_TYPE | (w->layout.regs ? PERF_SAMPLE_REGS_USER : 0u) |
			       (w->layout.stack ? PERF_SAMPLE_STACK_USER : 0u),
		.sample_regs_user = w->layout.regs,
		.sample_stack_user = w->layout.stack ? (uint32_t)w->stack_bytes : 0,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.watermark = 1,
		.wakeup_watermark = RING_MIN / 2,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
}

static int control(struct pt_watchpoints *w, const struct event *event, unsigned long request, uint64_t argument)
{
	return w->k->ops->ioctl(w->k, event->fd, request, (void *)(uintptr_t)argument);
}

static void close_event(struct pt_watchpoints *w, struct event *event)
{
	if (event->fd >= 0)
		w->k->ops->close(w->k, event->fd);
	*event = (struct event){.fd = -1};
}

static int open_event(struct pt_watchpoints *w, const struct lane *lane, struct event *event, uint64_t address)
{
	struct perf_event_attr attr = attributes(w, address);
	*event = (struct event){w->k->ops->perf_open(w->k, &attr, lane->tid, lane->cpu), 0};
	if (event->fd < 0)
		return event->fd;
	int error = control(w, event, PERF_EVENT_IOC_SET_OUTPUT, (uint64_t)lane->owner);
	if (error < 0)
		close_event(w, event);
	return error < 0 ? error : 0;
}

/* Hits it may still tell; 0: it came to its limit. */
static int stop_event(struct pt_watchpoints *w, const struct event *event, uint64_t *ret_left)
{
	uint64_t count;
	int error = control(w, event, PERF_EVENT_IOC_DISABLE, 0);
	if (error < 0)
		return error;
	if (w->k->ops->pread(w->k, event->fd, &count, sizeof(count), 0) < (ssize_t)sizeof(count))
		return -ESRCH;
	*ret_left = count < event->limit ? event->limit - count : 0;
	return 0;
}

static int arm_event(struct pt_watchpoints *w, const struct lane *lane, struct event *event, uint64_t address,
		     unsigned hits)
{
	struct perf_event_attr attr = attributes(w, address);
	uint64_t left = 0;
	int error = event->fd >= 0 ? stop_event(w, event, &left) : 0;
	if (error)
		return error;
	if (event->fd < 0 || (!left && event->limit)) {
		close_event(w, event);
		error = open_event(w, lane, event, address);
	} else {
		error = w->k->ops->ioctl(w->k, event->fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attr);
	}
	const uint64_t more = hits > left ? hits - left : 0;
	if (error >= 0)
		error = control(w, event, PERF_EVENT_IOC_REFRESH, more);
	if (error >= 0)
		event->limit += more;
	return error < 0 ? error : 0;
}

/* ---- a lane ----------------------------------------------------------------------------------------------------- */

static void free_lane(struct pt_watchpoints *w, struct lane *lane)
{
	if (lane->ring.memory)
		w->k->ops->unmap(w->k, lane->ring.memory, w->page + lane->bytes);
	for (unsigned i = 0; i < PT_WATCHPOINTS_MAX; i++)
		close_event(w, &lane->events[i]);
	if (lane->owner >= 0)
		w->k->ops->close(w->k, lane->owner);
	free(lane);
}

/* Not everybody may lock as much as all hits could take. */
static int open_ring(struct pt_watchpoints *w, struct lane *lane)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.watermark = 1,
		.wakeup_watermark = RING_MIN / 2,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	void *memory;
	lane->owner = w->k->ops->perf_open(w->k, &attr, lane->tid, lane->cpu);
	if (lane->owner < 0)
		return lane->owner;
	int error = -EPERM;
	for (size_t bytes = RING_MAX; error == -EPERM && bytes >= RING_MIN; bytes /= 2) {
		lane->bytes = bytes;
		error = w->k->ops->map(w->k, lane->owner, w->page + bytes, &memory);
	}
	if (!error)
		pt_ring_init(&lane->ring, memory, w->page, lane->bytes);
	return error;
}

static bool is_taken(int error)
{
	return error == -ENOSPC || error == -EBUSY;
}

/* Opens as many events as there are debug registers, which the first lane finds out. */
static int open_lane(struct pt_watchpoints *w, pid_t tid, int cpu, struct lane **ret)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	if (!lane)
		return -ENOMEM;
	lane->tid = tid;
	lane->cpu = cpu;
	for (unsigned i = 0; i < PT_WATCHPOINTS_MAX; i++)
		lane->events[i].fd = -1;
	unsigned n = 0;
	int error = open_ring(w, lane);
	while (!error && n < w->n) {
		error = open_event(w, lane, &lane->events[n], ANYWHERE);
		n += !error;
	}
	if (n > 0 && is_taken(error)) {
		w->n = n;
		error = 0;
	}
	if (error) {
		free_lane(w, lane);
		return is_taken(error) ? -ENOSPC : error;
	}
	*ret = lane;
	return 0;
}

/* With what is armed already. */
static int add_lane(struct pt_watchpoints *w, pid_t tid, int cpu)
{
	struct lane **lanes = realloc(w->lanes, (w->n_lanes + 1) * sizeof(struct lane *));
	if (!lanes)
		return -ENOMEM;
	w->lanes = lanes;
	int error = open_lane(w, tid, cpu, &lanes[w->n_lanes]);
	if (error)
		return error;
	struct lane *lane = lanes[w->n_lanes++];
	lane->seen = true;
	for (unsigned i = 0; i < w->n; i++)
		if (w->armed[i].address)
			arm_event(w, lane, &lane->events[i], w->armed[i].address, w->armed[i].hits);
	return 0;
}

static void drop_lanes(struct pt_watchpoints *w, bool all)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n_lanes; i++)
		if (all || !w->lanes[i]->seen)
			free_lane(w, w->lanes[i]);
		else
			w->lanes[kept++] = w->lanes[i];
	w->n_lanes = kept;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int open_cpus(struct pt_watchpoints *w)
{
	unsigned *cpus;
	size_t n;
	int error = pt_cpus_online(w->k, &cpus, &n);
	if (error)
		return error;
	for (size_t i = 0; i < n && !error; i++)
		error = add_lane(w, -1, (int)cpus[i]);
	free(cpus);
	if (error)
		drop_lanes(w, true);
	return error;
}

/* What a ring of a thread that ended still holds is lost with it: its hits were the last of objects that outlived it. */
static int look_at_threads(struct pt_watchpoints *w, const pid_t *tids, size_t n)
{
	int error = 0;
	for (size_t i = 0; i < w->n_lanes; i++)
		w->lanes[i]->seen = false;
	for (size_t t = 0; t < n && !error; t++) {
		bool known = false;
		for (size_t i = 0; i < w->n_lanes && !known; i++) {
			known = w->lanes[i]->tid == tids[t];
			w->lanes[i]->seen = w->lanes[i]->seen || known;
		}
		if (!known && w->n_lanes < LANES_MAX)
			error = add_lane(w, tids[t], -1);
		if (error == -ESRCH || (error == -EMFILE && w->n_lanes))
			error = 0;
	}
	drop_lanes(w, false);
	return error ? error : w->n_lanes ? 0 : -ESRCH;
}

int pt_watchpoints_look(struct pt_watchpoints *w)
{
	pid_t *tids;
	size_t n;
	if (w->machine)
		return 0;
	int error = pt_read_threads(w->k, w->pid, &tids, &n);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	if (n > THREADS_FEW) {
		drop_lanes(w, true);
		w->machine = open_cpus(w) == 0;
	}
	if (!w->machine)
		error = look_at_threads(w, tids, n);
	free(tids);
	return error;
}

int pt_watchpoints_open(struct pt_watchpoints **ret, struct pt_kernel *k, pid_t pid, size_t stack_bytes)
{
	struct pt_watchpoints *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	const bool stacks = stack_bytes && pt_user_regs();
	w->k = k;
	w->pid = pid;
	w->page = (size_t)1 << k->page_shift;
	w->stack_bytes = stack_bytes;
	w->layout = (struct pt_perf_layout){.regs = stacks ? pt_user_regs() : 0, .stack = stacks};
	w->n = PT_WATCHPOINTS_MAX;
	int error = pt_watchpoints_look(w);
	if (error) {
		pt_watchpoints_close(w);
		return error == -ENOENT || error == -ENODEV || error == -EINVAL ? -EOPNOTSUPP : error;
	}
	*ret = w;
	return 0;
}

void pt_watchpoints_close(struct pt_watchpoints *w)
{
	if (!w)
		return;
	drop_lanes(w, true);
	free(w->lanes);
	free(w);
}

unsigned pt_watchpoints_n(const struct pt_watchpoints *w)
{
	return w->n;
}

bool pt_watchpoints_machine(const struct pt_watchpoints *w)
{
	return w->machine;
}

/* ---- arming ----------------------------------------------------------------------------------------------------- */

void pt_watchpoints_disarm(struct pt_watchpoints *w, unsigned i)
{
	w->armed[i].address = 0;
	for (size_t l = 0; l < w->n_lanes; l++)
		if (w->lanes[l]->events[i].fd >= 0)
			control(w, &w->lanes[l]->events[i], PERF_EVENT_IOC_DISABLE, 0);
}

/* A thread that ended is none of those to be watched; another look leaves it out. */
int pt_watchpoints_arm(struct pt_watchpoints *w, unsigned i, uint64_t address, unsigned hits)
{
	int error = 0;
	size_t armed = 0;
	for (size_t l = 0; l < w->n_lanes && !error; l++) {
		error = arm_event(w, w->lanes[l], &w->lanes[l]->events[i], address, hits);
		armed += !error;
		error = error == -ESRCH ? 0 : error;
	}
	if (!error && !armed)
		error = -ESRCH;
	w->armed[i].address = address;
	w->armed[i].hits = hits;
	if (error)
		pt_watchpoints_disarm(w, i);
	return error;
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

/* The next hit. What was written after the taking began stays for the next time, as in rings.c. */
static void read_head(struct pt_watchpoints *w, struct lane *lane, uint64_t until_ns)
{
	const void *bytes;
	size_t size;
	bool scratch;
	lane->there = false;
	for (uint64_t at = lane->ring.at; (bytes = pt_ring_next(&lane->ring, &size, &scratch)); at = lane->ring.at) {
		if (pt_perf_decode(bytes, size, &w->layout, &lane->head))
			continue;
		if (lane->head.time_ns > until_ns) {
			lane->ring.at = at;
			return;
		}
		if (lane->head.what == PT_PERF_LOST)
			w->lost += lane->head.lost;
		lane->there = lane->head.what == PT_PERF_SAMPLE;
		if (lane->there)
			return;
	}
	pt_ring_release(&lane->ring);
}

static struct lane *oldest(struct pt_watchpoints *w)
{
	struct lane *first = NULL;
	for (size_t i = 0; i < w->n_lanes; i++)
		if (w->lanes[i]->there && (!first || w->lanes[i]->head.time_ns < first->head.time_ns))
			first = w->lanes[i];
	return first;
}

void pt_watchpoints_take(struct pt_watchpoints *w, void (*each)(void *arg, const struct pt_perf_record *hit), void *arg)
{
	const uint64_t until_ns = w->k->ops->now(w->k, PT_CLOCK_MONOTONIC);
	struct lane *lane;
	for (size_t i = 0; i < w->n_lanes; i++) {
		pt_ring_begin(&w->lanes[i]->ring);
		read_head(w, w->lanes[i], until_ns);
	}
	while ((lane = oldest(w))) {
		each(arg, &lane->head);
		pt_ring_release(&lane->ring);
		read_head(w, lane, until_ns);
	}
}

uint64_t pt_watchpoints_lost(const struct pt_watchpoints *w)
{
	return w->lost;
}

void pt_watchpoints_wait(struct pt_watchpoints *w, uint64_t ns)
{
	struct pollfd fds[LANES_MAX];
	const struct timespec timeout = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	nfds_t n = 0;
	for (; n < w->n_lanes && n < LANES_MAX; n++)
		fds[n] = (struct pollfd){.fd = w->lanes[n]->ended ? -1 : w->lanes[n]->owner, .events = POLLIN};
	if (ppoll(fds, n, &timeout, NULL) > 0)
		for (nfds_t i = 0; i < n; i++)
			w->lanes[i]->ended = w->lanes[i]->ended || (fds[i].revents & (POLLHUP | POLLERR));
}
