/*
 * See machinework.h. All functions but the two public ones run in the worker's thread. Where memory is is asked anew
 * before each pass: memory can be switched on and off.
 */
#include "tui/screens/machinework.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLICE (1u << 18) /* frames: some 30 ms */

struct state {
	int (*open)(struct pt_kernel **ret);
	struct pt_kernel *k; /* NULL until the first request */
	int fd;              /* of kpageflags; < 0: -errno */
	struct pt_ram ram;
	struct pt_picture *picture;
	uint64_t at, pass_ns, last_pass_ns;
	unsigned passes;
	struct pt_debug_feature debugging[PT_DEBUG_FEATURES]; /* [n_debugging]; asked once */
	size_t n_debugging;
};

void ui_machine_facts_free(struct ui_machine_facts *facts)
{
	if (!facts)
		return;
	pt_zones_free(&facts->zones);
	pt_slabs_free(&facts->slabs);
	free(facts);
}

void ui_machine_free(void *machine)
{
	struct ui_machine *m = machine;
	if (!m)
		return;
	pt_picture_free(m->picture);
	pt_ram_free(&m->ram);
	ui_machine_facts_free(m->facts);
	free(m);
}

static bool same_memory(const struct pt_ram *a, const struct pt_ram *b)
{
	bool same = a->n == b->n && a->n_zones == b->n_zones && a->frames == b->frames;
	for (size_t i = 0; same && i < a->n; i++)
		same = a->v[i].first == b->v[i].first && a->v[i].n == b->v[i].n && a->v[i].offline == b->v[i].offline;
	return same;
}

/* A new picture where memory is elsewhere now than it was. */
static int look_where_memory_is(struct state *s)
{
	struct pt_picture *picture = NULL;
	struct pt_ram ram;
	int error = pt_ram_read(s->k, &ram);
	if (error)
		return error;
	if (s->picture && same_memory(&ram, &s->ram)) {
		pt_ram_free(&ram);
		return 0;
	}
	error = pt_picture_new(&ram, &picture);
	if (error) {
		pt_ram_free(&ram);
		return error;
	}
	pt_picture_free(s->picture);
	pt_ram_free(&s->ram);
	s->picture = picture;
	s->ram = ram;
	return 0;
}

static int begin(struct state *s)
{
	if (!s->k) {
		int error = s->open(&s->k);
		if (error)
			return error;
		s->fd = pt_picture_open(s->k);
	}
	return s->at && s->picture ? 0 : look_where_memory_is(s);
}

static int read_slice(struct state *s)
{
	int error = pt_picture_read(s->picture, s->k, s->fd, &s->ram, s->at, SLICE);
	s->at += SLICE;
	if (s->at < s->picture->frames)
		return error;
	s->at = 0;
	s->passes++;
	return error;
}

/* What was asked for; -errno of reading kpageflags. */
static int read_frames(struct state *s, const struct ui_machine_request *request)
{
	int error = 0;
	if (s->fd < 0)
		return s->fd;
	if (request->n)
		error = pt_picture_read(s->picture, s->k, s->fd, &s->ram, request->first, request->n);
	if (!error && request->slice)
		error = read_slice(s);
	return error;
}

/* The library behind slabs knows this machine alone. */
static struct ui_machine_facts *read_facts(struct state *s)
{
	struct ui_machine_facts *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	if (!s->n_debugging)
		s->n_debugging = pt_debugging_read(s->k, s->debugging);
	memcpy(f->debugging, s->debugging, sizeof f->debugging);
	f->n_debugging = s->n_debugging;
	f->zones_error = pt_zones_read(s->k, &f->zones);
	f->slabs_error = s->k->real ? pt_slabs_read(&f->slabs) : -ENOSYS;
	return f;
}

static uint64_t cpu(struct state *s)
{
	return s->k ? s->k->ops->now(s->k, PT_CLOCK_THREAD_CPU) : 0;
}

static int copy_out(const struct state *s, struct ui_machine *m)
{
	int error = pt_ram_copy(&s->ram, &m->ram);
	m->picture = error ? NULL : pt_picture_copy(s->picture);
	m->page_shift = s->k->page_shift;
	m->done = s->at;
	m->passes = s->passes;
	m->pass_ns = s->last_pass_ns;
	return m->picture ? 0 : -ENOMEM;
}

static void work(struct ui_worker *worker, void *state, const void *arg)
{
	struct state *s = state;
	struct ui_machine *m = calloc(1, sizeof *m);
	uint64_t before = cpu(s);
	unsigned passes = s->passes;
	if (!m)
		return;
	m->error = begin(s);
	if (!m->error)
		m->flags_error = read_frames(s, arg);
	if (!m->error && ((const struct ui_machine_request *)arg)->facts)
		m->facts = read_facts(s);
	m->cpu_ns = cpu(s) - before;
	s->pass_ns += m->cpu_ns;
	if (s->passes != passes) {
		s->last_pass_ns = s->pass_ns;
		s->pass_ns = 0;
	}
	if (!m->error)
		m->error = copy_out(s, m);
	ui_worker_publish(worker, m);
}

static void close_state(void *state)
{
	struct state *s = state;
	if (s->k && s->fd >= 0)
		s->k->ops->close(s->k, s->fd);
	pt_picture_free(s->picture);
	pt_ram_free(&s->ram);
	pt_kernel_free(s->k);
	free(s);
}

int ui_machinework_new(struct ui_worker **ret, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_machine_request), work, ui_machine_free, close_state};
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->open = kernel;
	s->fd = -EBADF;
	int error = ui_worker_new(ret, &ops, s);
	if (error)
		free(s);
	return error;
}
