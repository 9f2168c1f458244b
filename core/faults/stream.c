/*
 * The fault stream; see stream.h. Owns the events, and the rings they share: all events of a CPU write into one.
 *
 * Threads are found by looking into proc/PID/task until a look shows none that has no events yet: whoever is made by a
 * thread that has events inherits them.
 */
#include "core/faults/stream.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__aarch64__)
#include <asm/perf_regs.h>
#endif

#include "core/faults/record.h"
#include "core/faults/ring.h"
#include "core/kernel/readers.h"

/* With the page in front of it, what perf_event_mlock_kb lets every user lock for each CPU. */
#define RING_BYTES (512u << 10)
#define LOOKS_MAX  100 /* at a process that goes on making threads */

struct event {
	int fd;
	uint64_t id;
	bool major;
};

struct cpu {
	unsigned number;
	struct pt_ring ring; /* memory NULL: none yet */
	int fd;              /* of the event that has it */
};

struct pt_faults {
	struct pt_kernel *k;
	struct pt_fault_options options;
	struct pt_perf_layout layout;
	size_t page;
	bool kernel_mode;
	int epoll;
	struct cpu *cpus; /* [n_cpus] */
	size_t n_cpus;
	struct event *events; /* [n_events], by id once all are there */
	size_t n_events, events_room;
	pid_t *tids; /* [n_tids] that have events */
	size_t n_tids;
	uint64_t told, lost, damaged;
};

uint64_t pt_fault_regs(void)
{
#if defined(__x86_64__)
	return ((1ull << (PERF_REG_X86_IP + 1)) - 1) | 0xffull << PERF_REG_X86_R8;
#elif defined(__aarch64__)
	return (1ull << PERF_REG_ARM64_MAX) - 1;
#else
	return 0;
#endif
}

/* ---- CPUs ------------------------------------------------------------------------------------------------------- */

static int add_cpu(struct pt_faults *f, unsigned number)
{
	struct cpu *cpus = realloc(f->cpus, (f->n_cpus + 1) * sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	f->cpus = cpus;
	cpus[f->n_cpus] = (struct cpu){.number = number, .fd = -1};
	f->n_cpus++;
	return 0;
}

/* "0-3,5" */
static int parse_cpus(struct pt_faults *f, const char *text)
{
	int error = 0;
	while (*text >= '0' && *text <= '9' && !error) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && !error; i++)
			error = add_cpu(f, (unsigned)i);
		text = *end == ',' ? end + 1 : end;
	}
	return error ? error : f->n_cpus ? 0 : -EOPNOTSUPP;
}

static int find_cpus(struct pt_faults *f)
{
	char *text;
	size_t size;
	int error = pt_kernel_slurp(f->k, "sys/devices/system/cpu/online", &text, &size);
	if (error)
		return error;
	error = parse_cpus(f, text);
	free(text);
	return error;
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

static struct perf_event_attr attributes(const struct pt_faults *f, bool major)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = major ? PERF_COUNT_SW_PAGE_FAULTS_MAJ : PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_period = f->options.period,
		.sample_type = PT_PERF_SAMPLE_TYPE,
		.inherit = 1,
		.exclude_kernel = !f->kernel_mode,
		.exclude_hv = 1,
		.task = !major, /* forks and ends are told once */
		.comm = !major,
		.comm_exec = !major,
		.sample_id_all = 1,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(f->options.ring_bytes / 4),
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	if (!f->layout.stack)
		return attr;
	attr.sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
	attr.sample_regs_user = f->layout.regs;
	attr.sample_stack_user = (uint32_t)f->options.stack_bytes;
	return attr;
}

/* The first event of a CPU gets its ring, the others write into that. */
static int attach(struct pt_faults *f, struct cpu *cpu, int fd)
{
	void *memory;
	if (cpu->fd >= 0)
		return f->k->ops->ioctl(f->k, fd, PERF_EVENT_IOC_SET_OUTPUT, (void *)(intptr_t)cpu->fd);
	int error = f->k->ops->map(f->k, fd, f->page + f->options.ring_bytes, &memory);
	if (error)
		return error;
	pt_ring_init(&cpu->ring, memory, f->page, f->options.ring_bytes);
	cpu->fd = fd;
	struct epoll_event wait = {.events = EPOLLIN | EPOLLET};
	return epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &wait) < 0 ? -errno : 0;
}

static int push_event(struct pt_faults *f, const struct event *event)
{
	if (f->n_events == f->events_room) {
		size_t room = f->events_room ? 2 * f->events_room : 64;
		struct event *events = realloc(f->events, room * sizeof(*events));
		if (!events)
			return -ENOMEM;
		f->events = events;
		f->events_room = room;
	}
	f->events[f->n_events++] = *event;
	return 0;
}

static int open_event(struct pt_faults *f, pid_t tid, struct cpu *cpu, bool major)
{
	struct perf_event_attr attr = attributes(f, major);
	struct event event = {.major = major};
	event.fd = f->k->ops->perf_open(f->k, &attr, tid, (int)cpu->number);
	if (event.fd < 0)
		return event.fd;
	int error = f->k->ops->ioctl(f->k, event.fd, PERF_EVENT_IOC_ID, &event.id);
	if (error >= 0)
		error = push_event(f, &event);
	if (error < 0) {
		f->k->ops->close(f->k, event.fd);
		return error;
	}
	error = attach(f, cpu, event.fd);
	return error < 0 ? error : 0;
}

/* A CPU that went away meanwhile is passed over, and so is a thread that ended. */
static int open_thread(struct pt_faults *f, pid_t tid)
{
	pid_t *tids = realloc(f->tids, (f->n_tids + 1) * sizeof(*tids));
	if (!tids)
		return -ENOMEM;
	f->tids = tids;
	tids[f->n_tids++] = tid;
	for (size_t i = 0; i < f->n_cpus; i++)
		for (int major = 0; major < 2; major++) {
			int error = open_event(f, tid, &f->cpus[i], major);
			if (error == -ESRCH)
				return 0;
			if (error < 0 && error != -ENODEV)
				return error;
		}
	return 0;
}

static bool has_events(const struct pt_faults *f, pid_t tid)
{
	for (size_t i = 0; i < f->n_tids; i++)
		if (f->tids[i] == tid)
			return true;
	return false;
}

/* Opens events for threads that have none. How many there were, or -errno. */
static ssize_t look_for_threads(struct pt_faults *f, pid_t pid)
{
	pid_t *tids;
	size_t n;
	ssize_t fresh = 0;
	int error = pt_read_threads(f->k, pid, &tids, &n);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	for (size_t i = 0; i < n && !error; i++)
		if (!has_events(f, tids[i])) {
			error = open_thread(f, tids[i]);
			fresh++;
		}
	free(tids);
	return error ? error : fresh;
}

static int open_threads(struct pt_faults *f, pid_t pid)
{
	ssize_t fresh = 1;
	for (int looks = 0; fresh > 0 && looks < LOOKS_MAX; looks++)
		fresh = look_for_threads(f, pid);
	if (fresh < 0)
		return (int)fresh;
	return f->n_events ? 0 : -ESRCH;
}

static void close_events(struct pt_faults *f)
{
	for (size_t i = 0; i < f->n_cpus; i++) {
		if (f->cpus[i].ring.memory)
			f->k->ops->unmap(f->k, f->cpus[i].ring.memory, f->page + f->options.ring_bytes);
		f->cpus[i].ring.memory = NULL;
		f->cpus[i].fd = -1;
	}
	for (size_t i = 0; i < f->n_events; i++)
		f->k->ops->close(f->k, f->events[i].fd);
	f->n_events = f->n_tids = 0;
}

static int by_id(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int set_options(struct pt_faults *f, const struct pt_fault_options *options)
{
	f->options = *options;
	if (!f->options.period)
		f->options.period = 1;
	if (!f->options.ring_bytes)
		f->options.ring_bytes = RING_BYTES;
	if (options->stack_bytes)
		f->layout = (struct pt_perf_layout){.regs = pt_fault_regs(), .stack = pt_fault_regs() != 0};
	f->page = (size_t)1 << f->k->page_shift;
	f->kernel_mode = true;
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	return f->epoll < 0 ? -errno : 0;
}

int pt_faults_open(struct pt_faults **ret, struct pt_kernel *k, pid_t pid, const struct pt_fault_options *options)
{
	struct pt_faults *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->k = k;
	int error = set_options(f, options);
	if (!error)
		error = find_cpus(f);
	if (!error)
		error = open_threads(f, pid);
	if (error == -EACCES || error == -EPERM) { /* faults in system calls are not for every user to see */
		close_events(f);
		f->kernel_mode = false;
		error = open_threads(f, pid);
	}
	if (error) {
		pt_faults_close(f);
		return error;
	}
	qsort(f->events, f->n_events, sizeof(*f->events), by_id);
	*ret = f;
	return 0;
}

void pt_faults_close(struct pt_faults *f)
{
	if (!f)
		return;
	close_events(f);
	if (f->epoll >= 0)
		close(f->epoll);
	free(f->cpus);
	free(f->events);
	free(f->tids);
	free(f);
}

int pt_faults_fd(const struct pt_faults *f)
{
	return f->epoll;
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

static bool is_major(const struct pt_faults *f, uint64_t id)
{
	const struct event key = {.id = id};
	const struct event *event = bsearch(&key, f->events, f->n_events, sizeof(*f->events), by_id);
	return event && event->major;
}

static void deliver_fault(struct pt_faults *f, const struct pt_perf_record *r, const struct pt_fault_sink *sink)
{
	const struct pt_fault fault = {.time_ns = r->time_ns,
				       .address = r->address,
				       .ip = r->ip,
				       .pid = r->pid,
				       .tid = r->tid,
				       .cpu = r->cpu,
				       .weight = f->options.period,
				       .major = is_major(f, r->id),
				       .kernel = r->kernel,
				       .regs = r->regs,
				       .n_regs = r->n_regs,
				       .stack = r->stack,
				       .stack_size = r->stack_size};
	f->told += f->options.period;
	sink->fault(sink->arg, &fault);
}

/* Threads are no news. */
static void deliver_news(const struct pt_perf_record *r, const struct pt_fault_sink *sink)
{
	bool process = r->pid == r->tid;
	if (!sink->news || !process)
		return;
	if (r->what == PT_PERF_FORK && r->pid != r->parent)
		sink->news(sink->arg, PT_FAULT_FORKED, r->pid, r->parent, r->time_ns);
	else if (r->what == PT_PERF_EXIT)
		sink->news(sink->arg, PT_FAULT_EXITED, r->pid, 0, r->time_ns);
	else if (r->what == PT_PERF_EXEC)
		sink->news(sink->arg, PT_FAULT_EXECED, r->pid, 0, r->time_ns);
}

static void deliver(struct pt_faults *f, const struct pt_perf_record *r, const struct pt_fault_sink *sink)
{
	switch (r->what) {
	case PT_PERF_SAMPLE: deliver_fault(f, r, sink); break;
	case PT_PERF_LOST: f->lost += r->lost; break;
	case PT_PERF_OTHER: break;
	default: deliver_news(r, sink); break;
	}
}

/* The next record of a ring that makes sense; false: there is none. */
static bool read_next(struct pt_faults *f, struct pt_ring *ring, struct pt_perf_record *ret)
{
	size_t size;
	const void *bytes;
	bool scratch;
	while ((bytes = pt_ring_next(ring, &size, &scratch))) {
		if (pt_perf_decode(bytes, size, &f->layout, ret) == 0)
			return true;
		f->damaged++;
	}
	return false;
}

/* Each ring ascends in time: the next record is the oldest of those at their heads. */
static struct pt_perf_record *oldest(struct pt_perf_record *heads, const bool *there, size_t n, size_t *ret_i)
{
	struct pt_perf_record *first = NULL;
	for (size_t i = 0; i < n; i++)
		if (there[i] && (!first || heads[i].time_ns < first->time_ns)) {
			first = &heads[i];
			*ret_i = i;
		}
	return first;
}

void pt_faults_take(struct pt_faults *f, const struct pt_fault_sink *sink)
{
	struct pt_perf_record *heads = calloc(f->n_cpus, sizeof(*heads)), *r;
	bool *there = calloc(f->n_cpus, sizeof(*there));
	size_t i;
	for (i = 0; heads && there && i < f->n_cpus; i++)
		if (f->cpus[i].ring.memory) {
			pt_ring_begin(&f->cpus[i].ring);
			there[i] = read_next(f, &f->cpus[i].ring, &heads[i]);
		}
	while (heads && there && (r = oldest(heads, there, f->n_cpus, &i))) {
		deliver(f, r, sink);
		there[i] = read_next(f, &f->cpus[i].ring, &heads[i]);
		if (!there[i])
			pt_ring_release(&f->cpus[i].ring);
	}
	free(heads);
	free(there);
}

struct pt_fault_totals pt_faults_totals(struct pt_faults *f)
{
	struct pt_fault_totals t = {.told = f->told,
				    .lost = f->lost,
				    .damaged = f->damaged,
				    .threads = (unsigned)f->n_tids,
				    .cpus = (unsigned)f->n_cpus,
				    .kernel_mode = f->kernel_mode};
	for (size_t i = 0; i < f->n_events; i++) {
		uint64_t n;
		if (f->k->ops->pread(f->k, f->events[i].fd, &n, sizeof(n), 0) == sizeof(n))
			*(f->events[i].major ? &t.major : &t.minor) += n;
	}
	return t;
}
