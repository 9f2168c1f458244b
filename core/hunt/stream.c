/*
 * A lock around the question what to read next, and a buffer for each thread; see stream.h.
 */
#include "core/hunt/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/scan/team.h"

struct streaming {
	const struct pt_stream *stream;
	uint64_t page; /* bytes */
	uint64_t *buffers[PT_STREAM_THREADS];
	atomic_int error; /* the first */
	atomic_uint_fast64_t read;
	uint64_t told; /* the caller's thread */
	pthread_mutex_t lock;
	/* under the lock: */
	size_t stretch, piece;
	uint64_t at; /* in the stretch; 0: it has not begun */
};

/* The next piece of a stretch; false: there is no more. Under the lock. */
static bool take(struct streaming *s, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct pt_stream *stream = s->stream;
	const struct pt_memory *memory = stream->memory;
	for (; s->stretch < stream->n; s->stretch++, s->at = 0) {
		const struct pt_stretch *stretch = &stream->stretches[s->stretch];
		if (!s->at) {
			s->at = stretch->start;
			s->piece = pt_memory_find(memory, s->at);
		}
		while (s->piece < memory->n && memory->pieces[s->piece].end <= s->at)
			s->piece++;
		if (s->piece == memory->n || memory->pieces[s->piece].start >= stretch->end || s->at >= stretch->end)
			continue;
		const struct pt_piece *piece = &memory->pieces[s->piece];
		uint64_t start = piece->start > s->at ? piece->start : s->at;
		uint64_t end = (start + PT_STREAM_BATCH) & ~(s->page - 1);
		end = end < piece->end ? end : piece->end;
		end = end < stretch->end ? end : stretch->end;
		s->at = end;
		*ret_start = start;
		*ret_end = end;
		return true;
	}
	return false;
}

/* A page that is there no more ends a read before it: the next one begins behind it. */
static int read_batch(struct streaming *s, unsigned thread, uint64_t start, uint64_t end)
{
	const struct pt_stream *stream = s->stream;
	struct pt_target *target = stream->memory->target;
	struct pt_kernel *k = target->k;
	for (uint64_t at = start; at < end;) {
		ssize_t got = k->ops->read_memory(k, target->task, at, s->buffers[thread], end - at);
		if (got == -ESRCH || got == -EPERM)
			return (int)got;
		if (got < 8) {
			at = (at | (s->page - 1)) + 1;
			continue;
		}
		struct pt_stream_batch batch = {
			.address = at, .words = s->buffers[thread], .n = (size_t)got / 8, .thread = thread};
		stream->each(stream->arg, &batch);
		at += batch.n * 8;
	}
	return 0;
}

static void tell(struct streaming *s)
{
	uint64_t read = atomic_load(&s->read);
	if (s->stream->progress)
		s->stream->progress(s->stream->arg, read - s->told);
	s->told = read;
}

static void work(void *arg, unsigned thread)
{
	struct streaming *s = arg;
	uint64_t start = 0, end = 0;
	while (!atomic_load(&s->error)) {
		pthread_mutex_lock(&s->lock);
		bool more = take(s, &start, &end);
		pthread_mutex_unlock(&s->lock);
		if (!more)
			break;
		int error = s->stream->cancelled && s->stream->cancelled(s->stream->arg)
				    ? -ECANCELED
				    : read_batch(s, thread, start, end);
		if (error)
			atomic_store(&s->error, error);
		atomic_fetch_add(&s->read, end - start);
		if (thread == 0)
			tell(s);
	}
}

int pt_stream_read(const struct pt_stream *stream)
{
	struct streaming s = {.stream = stream, .page = 1ull << stream->memory->target->k->page_shift};
	struct pt_team *team = pt_team_new(PT_STREAM_THREADS); /* NULL: the caller alone */
	bool room = true;
	pthread_mutex_init(&s.lock, NULL);
	for (unsigned i = 0; i < PT_STREAM_THREADS; i++) {
		s.buffers[i] = malloc(PT_STREAM_BATCH);
		room = room && s.buffers[i];
	}
	if (room)
		pt_team_run(team, work, &s);
	pt_team_free(team);
	if (room)
		tell(&s);
	for (unsigned i = 0; i < PT_STREAM_THREADS; i++)
		free(s.buffers[i]);
	pthread_mutex_destroy(&s.lock);
	return room ? atomic_load(&s.error) : -ENOMEM;
}

size_t pt_stream_filter(const uint64_t *words, size_t n, const struct pt_heap_bounds *bounds, size_t n_bounds,
			uint16_t *ret)
{
	if (!n_bounds)
		return 0;
	uint64_t low = bounds[0].low, size = bounds[0].high - low;
	uint64_t low2 = bounds[n_bounds - 1].low, size2 = bounds[n_bounds - 1].high - low2;
	size_t n_ret = 0;
	for (size_t i = 0; i < n; i++) {
		ret[n_ret] = (uint16_t)i;
		n_ret += (size_t)((words[i] - low < size) | (words[i] - low2 < size2));
	}
	return n_ret;
}
