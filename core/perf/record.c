/*
 * Decoding; see record.h. A cursor goes over 64-bit words, and nothing is looked at that lies beyond the record.
 */
#include "core/perf/record.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#define TRAILER 4 /* words */

struct cursor {
	const uint64_t *at, *end;
	bool short_of; /* something was asked for that is not there */
};

static uint64_t word(struct cursor *c)
{
	if (c->at >= c->end) {
		c->short_of = true;
		return 0;
	}
	return *c->at++;
}

/* Two numbers of 32 bits, as they lie in memory. */
static void halves(struct cursor *c, uint32_t *ret_first, uint32_t *ret_second)
{
	uint32_t both[2];
	uint64_t w = word(c);
	memcpy(both, &w, sizeof(both));
	*ret_first = both[0];
	*ret_second = both[1];
}

static const uint64_t *words(struct cursor *c, uint64_t n)
{
	const uint64_t *first = c->at;
	if (n > (uint64_t)(c->end - c->at)) {
		c->short_of = true;
		return NULL;
	}
	c->at += n;
	return first;
}

static void take_registers(struct cursor *c, uint64_t mask, struct pt_perf_record *r)
{
	uint64_t abi = word(c);
	if (abi == PERF_SAMPLE_REGS_ABI_NONE)
		return;
	r->regs_64 = abi == PERF_SAMPLE_REGS_ABI_64;
	r->n_regs = (unsigned)__builtin_popcountll(mask);
	r->regs = words(c, r->n_regs);
}

/* The room that was asked for, and behind it how much of it is in use. */
static void take_stack(struct cursor *c, struct pt_perf_record *r)
{
	uint64_t room = word(c);
	if (!room)
		return;
	const uint64_t *bytes = room % sizeof(uint64_t) ? NULL : words(c, room / sizeof(uint64_t));
	uint64_t used = word(c);
	c->short_of = c->short_of || !bytes || used > room;
	r->stack = (const uint8_t *)bytes;
	r->stack_size = used;
}

static void take_calls(struct cursor *c, struct pt_perf_record *r)
{
	uint64_t n = word(c);
	const uint64_t *calls = words(c, n);
	if (calls && n) {
		r->calls = calls;
		r->n_calls = n;
	}
}

/* A length of four bytes, and then so many. */
static void take_raw(struct cursor *c, struct pt_perf_record *r)
{
	const uint8_t *first = (const uint8_t *)c->at;
	uint32_t size, unused;
	halves(c, &size, &unused);
	uint64_t rest = size > sizeof(size) ? size - sizeof(size) : 0;
	words(c, (rest + sizeof(uint64_t) - 1) / sizeof(uint64_t));
	if (c->short_of || !size)
		return;
	r->raw = first + sizeof(size);
	r->raw_size = size;
}

static void take_sample(struct cursor *c, const struct pt_perf_layout *layout, struct pt_perf_record *r)
{
	uint32_t pid, tid, unused;
	r->id = word(c);
	r->ip = word(c);
	halves(c, &pid, &tid);
	r->time_ns = word(c);
	r->address = word(c);
	halves(c, &r->cpu, &unused);
	r->pid = (pid_t)pid;
	r->tid = (pid_t)tid;
	if (layout->calls)
		take_calls(c, r);
	if (layout->raw)
		take_raw(c, r);
	if (layout->regs)
		take_registers(c, layout->regs, r);
	if (layout->stack)
		take_stack(c, r);
}

/* What every record but a sample ends with (sample_id_all): thread, time, CPU, event. */
static void take_trailer(struct cursor *c, struct pt_perf_record *r)
{
	if (c->end - c->at < TRAILER)
		c->short_of = true;
	else {
		r->time_ns = c->end[-3];
		r->id = c->end[-1];
	}
}

/* pid, ppid, tid, ptid, time. */
static void take_task(struct cursor *c, struct pt_perf_record *r)
{
	uint32_t pid, parent, tid, unused;
	halves(c, &pid, &parent);
	halves(c, &tid, &unused);
	r->pid = (pid_t)pid;
	r->parent = (pid_t)parent;
	r->tid = (pid_t)tid;
	word(c);
	take_trailer(c, r);
}

static void take_comm(struct cursor *c, struct pt_perf_record *r)
{
	uint32_t pid, tid;
	halves(c, &pid, &tid);
	r->pid = (pid_t)pid;
	r->tid = (pid_t)tid;
	take_trailer(c, r);
}

/* pid, tid, address, length, offset, device, inode and its generation, permissions and flags, path. */
static void take_mapping(struct cursor *c, struct pt_perf_record *r)
{
	uint32_t pid, tid;
	halves(c, &pid, &tid);
	r->pid = (pid_t)pid;
	r->tid = (pid_t)tid;
	r->start = word(c);
	r->size = word(c);
	r->offset = word(c);
	halves(c, &r->dev_major, &r->dev_minor);
	r->inode = word(c);
	words(c, 2);
	r->path = (const char *)c->at;
	take_trailer(c, r);
	if (c->short_of || !memchr(r->path, '\0', (size_t)((const char *)(c->end - TRAILER) - r->path)))
		c->short_of = true;
}

int pt_perf_decode(const void *bytes, size_t size, const struct pt_perf_layout *layout, struct pt_perf_record *ret)
{
	struct perf_event_header header;
	*ret = (struct pt_perf_record){0};
	if (size < sizeof(header) || size % sizeof(uint64_t))
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	if (header.size != size)
		return -EBADMSG;
	const uint64_t *first = bytes;
	struct cursor c = {first + 1, first + size / sizeof(uint64_t), false};
	switch (header.type) {
	case PERF_RECORD_SAMPLE:
		ret->what = PT_PERF_SAMPLE;
		ret->kernel = (header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
		take_sample(&c, layout, ret);
		break;
	case PERF_RECORD_LOST:
		ret->what = PT_PERF_LOST;
		ret->id = word(&c);
		ret->lost = word(&c);
		take_trailer(&c, ret);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		ret->what = header.type == PERF_RECORD_FORK ? PT_PERF_FORK : PT_PERF_EXIT;
		take_task(&c, ret);
		break;
	case PERF_RECORD_COMM:
		ret->what = header.misc & PERF_RECORD_MISC_COMM_EXEC ? PT_PERF_EXEC : PT_PERF_OTHER;
		take_comm(&c, ret);
		break;
	case PERF_RECORD_MMAP2:
		ret->what = PT_PERF_MAPPED;
		take_mapping(&c, ret);
		break;
	default: break;
	}
	return c.short_of ? -EBADMSG : 0;
}
