/*
 * See rings.h. Owns the events that never happen, their memory, and the epoll that waits for all of them.
 */
#include "core/perf/rings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/perf/cpus.h"
#include "core/perf/ring.h"

/*
 * What the first kind has on each CPU: with stacks as much as is useful where CPUs are few; else, or with many, what
 * together with a second kind and the pages in front is below what perf_event_mlock_kb lets every user lock for each CPU.
 */
#define BYTES_MAX (4u << 20)
#define BYTES_ALL (16u << 20)
#define BYTES     (256u << 10)
#define BYTES_MIN (32u << 10)

struct lane { /* of a CPU and a kind */
	unsigned cpu, kind;
	size_t bytes;
	int fd; /* -1: the CPU went away */
	struct pt_ring ring;
	struct pt_perf_record head; /* where `there` */
	bool there;
};

struct pt_rings {
	struct pt_kernel *k;
	struct pt_perf_layout layout;
	size_t page;
	unsigned kinds;
	int epoll;
	struct lane *lanes; /* [n], all kinds of a CPU together */
	size_t n;
	uint64_t damaged;
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int open_lane(struct pt_rings *r, struct lane *lane)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(lane->bytes / 4),
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	struct epoll_event wait = {.events = EPOLLIN | EPOLLET};
	void *memory;
	lane->fd = r->k->ops->perf_open(r->k, &attr, 0, (int)lane->cpu);
	if (lane->fd < 0)
		return lane->fd == -ENODEV ? 0 : lane->fd;
	int error = r->k->ops->map(r->k, lane->fd, r->page + lane->bytes, &memory);
	if (error)
		return error;
	pt_ring_init(&lane->ring, memory, r->page, lane->bytes);
	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, lane->fd, &wait) < 0 ? -errno : 0;
}

static void close_lanes(struct pt_rings *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct lane *lane = &r->lanes[i];
		if (lane->ring.memory)
			r->k->ops->unmap(r->k, lane->ring.memory, r->page + lane->bytes);
		if (lane->fd >= 0)
			r->k->ops->close(r->k, lane->fd);
		lane->ring.memory = NULL;
		lane->fd = -1;
	}
}

static int open_lanes(struct pt_rings *r, size_t bytes)
{
	int error = 0;
	for (size_t i = 0; i < r->n && !error; i++) {
		r->lanes[i].bytes = r->lanes[i].kind && bytes > r->page ? bytes / 2 : bytes;
		error = open_lane(r, &r->lanes[i]);
	}
	if (error)
		close_lanes(r);
	return error;
}

static int make_lanes(struct pt_rings *r)
{
	unsigned *cpus;
	size_t n;
	int error = pt_cpus_online(r->k, &cpus, &n);
	if (error)
		return error;
	r->lanes = calloc(n * r->kinds, sizeof(*r->lanes));
	r->n = r->lanes ? n * r->kinds : 0;
	for (size_t i = 0; i < r->n; i++)
		r->lanes[i] = (struct lane){.cpu = cpus[i / r->kinds], .kind = (unsigned)(i % r->kinds), .fd = -1};
	free(cpus);
	return r->lanes ? 0 : -ENOMEM;
}

static size_t useful_bytes(const struct pt_rings *r)
{
	size_t bytes = r->layout.stack ? BYTES_MAX : BYTES;
	while (bytes > BYTES && bytes * (r->n / r->kinds) > BYTES_ALL)
		bytes /= 2;
	return bytes;
}

/* Not everybody may lock so much, and other rings of this user may have taken a part of what there is. */
static int open_all(struct pt_rings *r, size_t bytes)
{
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0)
		return -errno;
	int error = make_lanes(r);
	if (error)
		return error;
	size_t most = bytes ? bytes : useful_bytes(r), least = bytes ? bytes : BYTES_MIN;
	error = open_lanes(r, most);
	for (size_t less = most / 2; error == -EPERM && less >= least; less /= 2)
		error = open_lanes(r, less);
	return error;
}

int pt_rings_open(struct pt_rings **ret, struct pt_kernel *k, const struct pt_perf_layout *layout, unsigned kinds,
		  size_t bytes)
{
	struct pt_rings *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->k = k;
	r->layout = *layout;
	r->kinds = kinds;
	r->page = (size_t)1 << k->page_shift;
	int error = open_all(r, bytes);
	if (error) {
		pt_rings_close(r);
		return error;
	}
	*ret = r;
	return 0;
}

void pt_rings_close(struct pt_rings *r)
{
	if (!r)
		return;
	close_lanes(r);
	if (r->epoll >= 0)
		close(r->epoll);
	free(r->lanes);
	free(r);
}

size_t pt_rings_cpus(const struct pt_rings *r)
{
	return r->n / r->kinds;
}

unsigned pt_rings_cpu(const struct pt_rings *r, size_t i)
{
	return r->lanes[i * r->kinds].cpu;
}

int pt_rings_attach(struct pt_rings *r, size_t i, unsigned kind, int fd)
{
	int owner = r->lanes[i * r->kinds + kind].fd;
	if (owner < 0)
		return -ENODEV;
	int error = r->k->ops->ioctl(r->k, fd, PERF_EVENT_IOC_SET_OUTPUT, (void *)(intptr_t)owner);
	return error < 0 ? error : 0;
}

int pt_rings_fd(const struct pt_rings *r)
{
	return r->epoll;
}

uint64_t pt_rings_damaged(const struct pt_rings *r)
{
	return r->damaged;
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

/*
 * The next record that makes sense. What was written after the taking began stays for the next time: other rings, which
 * were looked at before, may have something older.
 */
static void read_head(struct pt_rings *r, struct lane *lane, uint64_t until_ns)
{
	const void *bytes;
	size_t size;
	bool scratch;
	uint64_t at = lane->ring.at;
	lane->there = false;
	while ((bytes = pt_ring_next(&lane->ring, &size, &scratch))) {
		if (pt_perf_decode(bytes, size, &r->layout, &lane->head) == 0) {
			lane->there = lane->head.time_ns <= until_ns;
			break;
		}
		r->damaged++;
		at = lane->ring.at;
	}
	if (bytes && !lane->there)
		lane->ring.at = at;
	if (!bytes)
		pt_ring_release(&lane->ring);
}

/* Each ring ascends in time: the next record is the oldest of those at their heads. */
static struct lane *oldest(struct pt_rings *r)
{
	struct lane *first = NULL;
	for (size_t i = 0; i < r->n; i++)
		if (r->lanes[i].there && (!first || r->lanes[i].head.time_ns < first->head.time_ns))
			first = &r->lanes[i];
	return first;
}

void pt_rings_take(struct pt_rings *r, pt_rings_fn each, void *arg)
{
	uint64_t until_ns = r->k->ops->now(r->k, PT_CLOCK_MONOTONIC);
	struct lane *lane;
	for (size_t i = 0; i < r->n; i++)
		if (r->lanes[i].ring.memory) {
			pt_ring_begin(&r->lanes[i].ring);
			read_head(r, &r->lanes[i], until_ns);
		}
	while ((lane = oldest(r))) {
		each(arg, &lane->head, lane->kind);
		pt_ring_release(&lane->ring); /* there is room again before all is read */
		read_head(r, lane, until_ns);
	}
}
