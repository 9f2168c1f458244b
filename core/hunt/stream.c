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
	bool begun;  /* the stretch, */
	uint64_t at; /* up to there */
};

/* The part [start, end) of the stretch that has not been taken: the next batch of it, or false. */
static bool take_next(struct streaming *s, uint64_t end, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct pt_memory *memory = s->stream->memory;
	while (s->piece < memory->n && memory->pieces[s->piece].end <= s->at)
		s->piece++;
	if (s->piece == memory->n || memory->pieces[s->piece].start >= end || s->at >= end)
		return false;
	const struct pt_piece *piece = &memory->pieces[s->piece];
	*ret_start = piece->start > s->at ? piece->start : s->at;
	*ret_end = (*ret_start + PT_STREAM_BATCH) & ~(s->page - 1);
	*ret_end = *ret_end < piece->end ? *ret_end : piece->end;
	*ret_end = *ret_end < end ? *ret_end : end;
	s->at = *ret_end;
	return true;
}

/* The same from the other end: what has not been taken is [start, at). */
static bool take_last(struct streaming *s, uint64_t start, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct pt_piece *pieces = s->stream->memory->pieces;
	while (s->piece && pieces[s->piece - 1].start >= s->at)
		s->piece--;
	if (!s->piece || pieces[s->piece - 1].end <= start || s->at <= start)
		return false;
	const struct pt_piece *piece = &pieces[s->piece - 1];
	*ret_end = piece->end < s->at ? piece->end : s->at;
	*ret_start = *ret_end > PT_STREAM_BATCH ? (*ret_end - PT_STREAM_BATCH + s->page - 1) & ~(s->page - 1) : 0;
	*ret_start = *ret_start > piece->start ? *ret_start : piece->start;
	*ret_start = *ret_start > start ? *ret_start : start;
	s->at = *ret_start;
	return true;
}

/* The next batch; false: there is no more. Under the lock. */
static bool take(struct streaming *s, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct pt_stream *stream = s->stream;
	for (; s->stretch < stream->n; s->stretch++, s->begun = false) {
		const struct pt_stretch *stretch = &stream->stretches[s->stretch];
		if (!s->begun) {
			s->begun = true;
			s->at = stream->backwards ? stretch->end : stretch->start;
			s->piece = pt_memory_find(stream->memory, s->at);
			s->piece += stream->backwards && s->piece < stream->memory->n;
		}
		if (stream->backwards ? take_last(s, stretch->start, ret_start, ret_end)
				      : take_next(s, stretch->end, ret_start, ret_end))
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
