/*
 * See events.h. Owns the events, in sets: all that were opened with the same periods. There is one, and a second while
 * periods change.
 *
 * Each set has rings of its own: what both tell of the same fault cannot be told apart otherwise (rings.h).
 *
 * Threads are found by looking into proc/PID/task until a look shows none that has no events yet: whoever is made by a
 * thread that has events inherits them. When periods change, that is also done for the processes forked since, which have
 * only inherited events: those end with the events they were inherited from.
 */
#include "core/perf/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/kernel/readers.h"
#include "core/perf/family.h"
#include "core/perf/rings.h"

#define LOOKS_MAX   100 /* at a process that goes on making threads */
#define COUNT_TRIES 3
#define FDS_MAX     65536u /* more take too long to open */
#define FDS_SPARE   128u   /* that the rest of pagetop needs */

struct event {
	int fd;
	unsigned which;
};

struct set {
	uint64_t periods[PT_EVENTS_MAX];
	uint64_t from_ns, until_ns; /* records of this time are told */
	struct pt_rings *rings;
	struct event *events; /* [n] */
	size_t n, room;
	pid_t *tids; /* [n_tids] that have events */
	size_t n_tids;
};

struct pt_events {
	struct pt_kernel *k;
	pid_t pid;
	struct perf_event_attr attrs[PT_EVENTS_MAX];
	unsigned n;
	struct pt_perf_layout layout;
	size_t ring_bytes;
	struct pt_family family;
	struct set *set;                 /* that tells */
	bool waiting;                    /* for the first exec */
	bool machine;                    /* of CPUs alone */
	bool twice;                      /* there is to be room for a second set */
	uint64_t counted[PT_EVENTS_MAX]; /* by sets that were closed, but for what the next one counted too */
	uint64_t lost, damaged;          /* damaged: in rings that were closed */
	uint64_t unsure;                 /* of what was counted */
};

/* ---- a set of events -------------------------------------------------------------------------------------------- */

static void close_set(struct pt_events *e, struct set *set)
{
	for (size_t i = 0; i < set->n; i++)
		e->k->ops->close(e->k, set->events[i].fd);
	set->n = 0;
}

static void free_set(struct pt_events *e, struct set *set)
{
	if (!set)
		return;
	close_set(e, set);
	pt_rings_close(set->rings);
	free(set->events);
	free(set->tids);
	free(set);
}

/* Without events. Tells from now on. */
static int new_set(struct pt_events *e, const uint64_t *periods, struct set **ret)
{
	struct set *set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	memcpy(set->periods, periods, e->n * sizeof(*periods));
	set->until_ns = UINT64_MAX;
	int error = pt_rings_open(&set->rings, e->k, &e->layout, e->n, e->ring_bytes);
	if (error) {
		free(set);
		return error;
	}
	*ret = set;
	return 0;
}

static int push_event(struct set *set, const struct event *event)
{
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 64;
		struct event *events = realloc(set->events, room * sizeof(*events));
		if (!events)
			return -ENOMEM;
		set->events = events;
		set->room = room;
	}
	set->events[set->n++] = *event;
	return 0;
}

/* tid -1: of the CPU alone. */
static int open_event(struct pt_events *e, struct set *set, pid_t tid, size_t cpu, unsigned which)
{
	struct perf_event_attr attr = e->attrs[which];
	struct event event = {.which = which};
	attr.sample_period = set->periods[which];
	attr.inherit = tid != -1;
	attr.disabled = attr.enable_on_exec = e->waiting && tid != -1;
	event.fd = e->k->ops->perf_open(e->k, &attr, tid, (int)pt_rings_cpu(set->rings, cpu));
	if (event.fd < 0)
		return event.fd;
	int error = pt_rings_attach(set->rings, cpu, which, event.fd);
	if (!error)
		error = push_event(set, &event);
	if (error)
		e->k->ops->close(e->k, event.fd);
	return error;
}

/* A CPU that went away meanwhile is passed over, and so is a thread that ended. */
static int open_task(struct pt_events *e, struct set *set, pid_t tid)
{
	for (size_t i = 0; i < pt_rings_cpus(set->rings); i++)
		for (unsigned which = 0; which < e->n; which++) {
			if (set->periods[which] == PT_EVENTS_OFF)
				continue;
			int error = open_event(e, set, tid, i, which);
			if (error == -ESRCH)
				return 0;
			if (error < 0 && error != -ENODEV)
				return error;
		}
	return 0;
}

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

/* The soft limit is there for programs that use select(). */
static size_t most_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < FDS_MAX) {
		limit.rlim_cur = limit.rlim_max < FDS_MAX ? limit.rlim_max : FDS_MAX;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	size_t most = limit.rlim_cur < FDS_MAX ? (size_t)limit.rlim_cur : FDS_MAX;
	return most > FDS_SPARE ? most - FDS_SPARE : 0;
}

static bool have_room(struct pt_events *e, const struct set *set)
{
	size_t kinds = 0;
	for (unsigned which = 0; which < e->n; which++)
		kinds += set->periods[which] != PT_EVENTS_OFF;
	size_t all = (e->set ? e->set->n : 0) + set->n + pt_rings_cpus(set->rings) * kinds;
	struct rlimit limit;
	if (e->twice)
		all *= 2;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && all + FDS_SPARE <= limit.rlim_cur)
		return true;
	return all <= most_descriptors();
}

/* ---- of threads ------------------------------------------------------------------------------------------------- */

static bool has_events(const struct set *set, pid_t tid)
{
	for (size_t i = 0; i < set->n_tids; i++)
		if (set->tids[i] == tid)
			return true;
	return false;
}

/* Of `tids`, those that have none yet. How many there were, or -errno. */
static ssize_t open_fresh(struct pt_events *e, struct set *set, const pid_t *tids, size_t n)
{
	ssize_t fresh = 0;
	int error = 0;
	pid_t *known = realloc(set->tids, (set->n_tids + n + 1) * sizeof(*known));
	if (!known)
		return -ENOMEM;
	set->tids = known;
	for (size_t i = 0; i < n && !error; i++) {
		if (has_events(set, tids[i]))
			continue;
		known[set->n_tids++] = tids[i];
		error = have_room(e, set) ? open_task(e, set, tids[i]) : -EMFILE;
		fresh++;
	}
	return error ? error : fresh;
}

static ssize_t look_at_process(struct pt_events *e, struct set *set, pid_t pid)
{
	pid_t *tids;
	size_t n;
	int error = pt_read_threads(e->k, pid, &tids, &n);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	ssize_t fresh = open_fresh(e, set, tids, n);
	free(tids);
	return fresh;
}

/* How many had none yet, in all of the family; -errno. Children that ended or became somebody else's are let go. */
static ssize_t look_at_all(struct pt_events *e, struct set *set)
{
	ssize_t all = 0;
	for (size_t i = e->family.n; i-- > 0;) { /* one that is dropped gives its place to the last */
		pid_t pid = e->family.members[i].pid;
		ssize_t fresh = look_at_process(e, set, pid);
		if (fresh < 0 && fresh != -EMFILE && fresh != -ENOMEM && pid != e->pid) {
			pt_family_drop(&e->family, pid);
			continue;
		}
		if (fresh < 0)
			return fresh;
		all += fresh;
	}
	return all;
}

/* sink: gets what is told meanwhile, which may be of new processes; NULL: there are no events yet that could. */
static int open_threads(struct pt_events *e, struct set *set, const struct pt_events_sink *sink)
{
	ssize_t fresh = 1;
	for (int looks = 0; fresh > 0 && looks < LOOKS_MAX; looks++) {
		fresh = look_at_all(e, set);
		if (sink)
			pt_events_take(e, sink);
	}
	if (fresh < 0)
		return (int)fresh;
	return set->n ? 0 : -ESRCH;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static void set_attributes(struct pt_events *e, const struct pt_events_options *options)
{
	const struct pt_perf_layout *layout = &options->layout;
	for (unsigned i = 0; i < options->n; i++) {
		struct perf_event_attr *attr = &e->attrs[i];
		*attr = options->attrs[i];
		attr->size = sizeof(*attr);
		attr->sample_type = PT_PERF_SAMPLE_TYPE | (layout->calls ? PERF_SAMPLE_CALLCHAIN : 0u) |
				    (layout->raw ? PERF_SAMPLE_RAW : 0u) | (layout->regs ? PERF_SAMPLE_REGS_USER : 0u) |
				    (layout->stack ? PERF_SAMPLE_STACK_USER : 0u);
		attr->exclude_hv = 1;
		attr->task = attr->comm = attr->comm_exec = i == 0; /* news are told once */
		attr->mmap = attr->mmap2 = i == 0 && layout->stack; /* who has stacks wants to know whose code it is */
		attr->sample_id_all = 1;
		attr->use_clockid = 1;
		attr->clockid = CLOCK_MONOTONIC;
	}
}

static int open_first(struct pt_events *e, bool machine, const uint64_t *periods)
{
	struct set *set;
	int error = new_set(e, periods, &set);
	if (error)
		return error;
	error = machine ? open_task(e, set, -1) : open_threads(e, set, NULL);
	if (!error && !set->n)
		error = -EOPNOTSUPP;
	if (error) {
		free_set(e, set);
		return error;
	}
	e->set = set;
	e->machine = machine;
	return 0;
}

static int open_set(struct pt_events *e, const struct pt_events_options *options)
{
	uint64_t periods[PT_EVENTS_MAX];
	for (unsigned i = 0; i < e->n; i++)
		periods[i] = e->attrs[i].sample_period;
	if (options->machine)
		return open_first(e, true, periods);
	e->twice = true;
	int error = open_first(e, false, periods);
	e->twice = false;
	if (error != -EMFILE)
		return error;
	/* Every process's events are not for every user to see; who may not can have one set, perhaps. */
	return open_first(e, true, periods) == 0 ? 0 : open_first(e, false, periods);
}

int pt_events_open(struct pt_events **ret, struct pt_kernel *k, pid_t pid, const struct pt_events_options *options)
{
	struct pt_events *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->k = k;
	e->pid = pid;
	e->n = options->n;
	e->layout = options->layout;
	e->ring_bytes = options->ring_bytes;
	e->waiting = options->from_exec;
	set_attributes(e, options);
	int error = pt_family_init(&e->family, pid);
	if (!error)
		error = open_set(e, options);
	if (error) {
		pt_events_close(e);
		return error;
	}
	*ret = e;
	return 0;
}

void pt_events_close(struct pt_events *e)
{
	if (!e)
		return;
	free_set(e, e->set);
	pt_family_free(&e->family);
	free(e);
}

int pt_events_fd(const struct pt_events *e)
{
	return pt_rings_fd(e->set->rings);
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

struct taking {
	struct pt_events *e;
	const struct set *set;
	const struct pt_events_sink *sink;
};

/* Events of CPUs alone tell of everybody. */
static bool is_ours(const struct pt_events *e, const struct pt_perf_record *record)
{
	if (!e->machine || record->what == PT_PERF_LOST)
		return true;
	return pt_family_has(&e->family, record->pid) ||
	       (record->what == PT_PERF_FORK && pt_family_has(&e->family, record->parent));
}

static void take_record(void *arg, const struct pt_perf_record *record, unsigned which)
{
	const struct taking *t = arg;
	struct pt_events *e = t->e;
	if (!is_ours(e, record))
		return;
	if (record->what == PT_PERF_LOST)
		e->lost += record->lost;
	if (record->time_ns < t->set->from_ns || record->time_ns >= t->set->until_ns)
		return;
	if (record->what == PT_PERF_EXEC && record->pid == e->pid)
		e->waiting = false;
	if (!e->waiting)
		t->sink->record(t->sink->arg, record, which, t->set->periods[which]);
	pt_family_learn(&e->family, record); /* out of memory: its events end when periods change */
}

static void take_set(struct pt_events *e, struct set *set, const struct pt_events_sink *sink)
{
	struct taking t = {e, set, sink};
	pt_rings_take(set->rings, take_record, &t);
}

void pt_events_take(struct pt_events *e, const struct pt_events_sink *sink)
{
	take_set(e, e->set, sink);
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

static uint64_t count_in(struct pt_events *e, const struct set *set, unsigned which)
{
	uint64_t n, sum = 0;
	for (size_t i = 0; i < set->n; i++)
		if (set->events[i].which == which &&
		    e->k->ops->pread(e->k, set->events[i].fd, &n, sizeof(n), 0) == sizeof(n))
			sum += n;
	return sum;
}

bool pt_events_count(struct pt_events *e, unsigned which, uint64_t *ret)
{
	if (e->machine)
		return false;
	*ret = e->counted[which] + count_in(e, e->set, which);
	return true;
}

struct pt_events_totals pt_events_totals(const struct pt_events *e)
{
	return (struct pt_events_totals){.lost = e->lost,
					 .unsure = e->unsure,
					 .damaged = e->damaged + pt_rings_damaged(e->set->rings),
					 .threads = (unsigned)e->set->n_tids,
					 .cpus = (unsigned)pt_rings_cpus(e->set->rings),
					 .machine = e->machine};
}

/* ---- other periods ---------------------------------------------------------------------------------------------- */

/*
 * What both sets counted is counted once. The two cannot be read at one moment: the old one is read before and after the
 * new one, and what happens between is unsure by half. Another try may be quicker.
 */
static void count_once(struct pt_events *e, const struct set *old, const struct set *fresh, unsigned which)
{
	uint64_t least = UINT64_MAX, counted = 0;
	for (unsigned try = 0; try < COUNT_TRIES && least > 0; try++) {
		uint64_t before = count_in(e, old, which), both = count_in(e, fresh, which);
		uint64_t between = count_in(e, old, which) - before;
		if (between >= least)
			continue;
		least = between;
		counted = before + between / 2 - both;
	}
	e->counted[which] += counted;
	e->unsure += least - least / 2;
}

/* From now on the new set tells, and the old one what is left of the time before. */
static void switch_sets(struct pt_events *e, struct set *fresh, const struct pt_events_sink *sink)
{
	struct set *old = e->set;
	old->until_ns = fresh->from_ns = e->k->ops->now(e->k, PT_CLOCK_MONOTONIC);
	for (unsigned i = 0; i < e->n && !e->machine; i++)
		count_once(e, old, fresh, i);
	close_set(e, old);
	take_set(e, old, sink);
	e->damaged += pt_rings_damaged(old->rings);
	e->set = fresh;
	free_set(e, old);
}

int pt_events_set_periods(struct pt_events *e, const uint64_t *periods, const struct pt_events_sink *sink)
{
	struct set *fresh;
	if (e->waiting)
		return -EAGAIN;
	int error = new_set(e, periods, &fresh);
	if (error)
		return error;
	error = e->machine ? open_task(e, fresh, -1) : open_threads(e, fresh, sink);
	if (error)
		free_set(e, fresh);
	else
		switch_sets(e, fresh, sink);
	return error;
}
