/*
 * What became of one page over a recording (reader.h): its chunk alone is followed through the frames, from whole frame
 * to whole frame, the newest first, until enough is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

/* What the row of a frame says. */
struct frame {
	uint64_t realtime_ns, monotonic_ns, presence_ns;
	unsigned image;
	bool whole;
};

/* A page, from the frame that showed it so for the first time until another one shows it otherwise. */
struct state {
	struct pt_page page;
	struct frame frame;  /* the first */
	uint64_t seen_ns;    /* when that frame saw it */
	uint64_t later_ns;   /* when one of the others saw it last; 0: none did */
	unsigned last_image; /* of the last */
};

struct states {
	struct state *v; /* oldest first */
	size_t n, room;
};

/* The chunk on its way. */
struct way {
	uint64_t index;
	unsigned page;
	struct pt_page pages[PT_CHUNK_PAGES];
	bool there;
	uint64_t read_ns; /* 0: it was never read in full */
};

static int take_changed(struct pt_decoder *d, struct way *w)
{
	for (uint64_t k = 0; k < d->n_changed; k++) {
		struct pt_slot slot;
		enum pt_form form;
		int error = pt_decoder_slot(d, &slot, &form);
		if (error)
			return error;
		bool it = slot.index == w->index;
		if (it) {
			w->read_ns = slot.read_ns;
			w->there = form != PT_FORM_GONE;
			if (form != PT_FORM_FROM_BEFORE)
				memset(w->pages, 0, sizeof(w->pages));
		}
		error = form == PT_FORM_GONE ? 0 : pt_decoder_pages(d, it ? w->pages : NULL);
		if (error)
			return error;
	}
	return 0;
}

static int take_reread(struct pt_decoder *d, struct way *w)
{
	for (uint64_t k = 0; k < d->n_reread; k++) {
		struct pt_reread range;
		int error = pt_decoder_reread(d, &range);
		if (error)
			return error;
		if (w->there && range.first <= w->index && w->index <= range.last)
			w->read_ns = range.read_ns;
	}
	return 0;
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int note(struct states *s, const struct way *w, const struct frame *frame)
{
	struct state *last = s->n ? &s->v[s->n - 1] : NULL;
	struct pt_page page = w->pages[w->page];
	uint64_t seen_ns = w->there && w->read_ns ? w->read_ns : frame->presence_ns;
	if (last && pt_page_equal(last->page, page)) {
		last->later_ns = max_of(last->later_ns, seen_ns);
		last->last_image = frame->image;
		return 0;
	}
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 16;
		struct state *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = (struct state){.page = page, .frame = *frame, .seen_ns = seen_ns, .last_image = frame->image};
	return 0;
}

/* One frame more, whose bytes are at hand. */
static int take_frame(struct pt_reader *r, const struct frame *frame, struct way *w, struct states *s)
{
	struct pt_decoder d;
	int error = pt_decoder_open(&d, r->file->raw.v, r->file->raw.n, frame->monotonic_ns, r->file->page_shift);
	if (error)
		return error;
	if (frame->whole) {
		memset(w->pages, 0, sizeof(w->pages));
		w->there = false;
		w->read_ns = 0;
	}
	error = take_reread(&d, w);
	if (!error)
		error = take_changed(&d, w);
	pt_decoder_close(&d);
	return error ? error : note(s, w, frame);
}

static int take_stretch(struct pt_reader *r, uint64_t from, uint64_t to, struct way *w, struct states *s)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_PAGES, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, from - 1);
	pt_bind_number(get, 2, to);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		struct frame frame = {.realtime_ns = pt_row_number(get, PT_PAGES_REALTIME),
				      .monotonic_ns = pt_row_number(get, PT_PAGES_MONOTONIC),
				      .presence_ns = pt_row_number(get, PT_PAGES_PRESENCE),
				      .image = (unsigned)pt_row_number(get, PT_PAGES_IMAGE),
				      .whole = sqlite3_column_int(get, PT_PAGES_WHOLE) != 0};
		error = pt_reader_unpack(r, get);
		if (!error)
			error = take_frame(r, &frame, w, s);
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

/* What came before goes in front; where the page stayed over the border it is one state. */
static int put_in_front(struct states *all, const struct states *before)
{
	struct state *first = all->n ? &all->v[0] : NULL;
	const struct state *last = before->n ? &before->v[before->n - 1] : NULL;
	size_t stays = first && last && pt_page_equal(first->page, last->page);
	struct state *v = malloc((all->n + before->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (before->n)
		memcpy(v, before->v, before->n * sizeof(*v));
	if (stays) {
		v[before->n - 1].later_ns = max_of(last->later_ns, max_of(first->seen_ns, first->later_ns));
		v[before->n - 1].last_image = first->last_image;
	}
	if (all->n > stays)
		memcpy(v + before->n, all->v + stays, (all->n - stays) * sizeof(*v));
	all->n += before->n - stays;
	free(all->v);
	all->v = v;
	all->room = all->n;
	return 0;
}

/* As pt_ring_story (core/history/story.c) tells it. */
static size_t tell(const struct states *s, struct pt_chapter *ret, size_t max)
{
	size_t skip = s->n > max ? s->n - max : 0;
	uint64_t last_ns = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct state *state = &s->v[i];
		const struct frame *frame = &state->frame;
		/* where a cheap look told of it, that was between presence_ns and the end of the frame */
		bool was_read = !i || state->seen_ns > last_ns;
		uint64_t to_ns = was_read ? state->seen_ns : frame->monotonic_ns;
		if (i >= skip) {
			ret[i - skip] =
				(struct pt_chapter){.from_ns = last_ns,
						    .to_ns = to_ns,
						    .realtime_ns = frame->realtime_ns + to_ns - frame->monotonic_ns,
						    .page = state->page};
			if (i && s->v[i - 1].last_image == frame->image) /* another program's page is another page */
				ret[i - skip].events = pt_page_events(s->v[i - 1].page, state->page);
		}
		last_ns = max_of(last_ns, was_read ? state->seen_ns : frame->presence_ns);
		last_ns = max_of(last_ns, state->later_ns);
	}
	return s->n - skip;
}

ssize_t pt_reader_story(struct pt_reader *r, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max)
{
	struct states all = {0};
	int error = pt_reader_refresh(r);
	uint64_t to = error ? 0 : pt_reader_moment(r, seq), from;
	if (error || !to || !r->file->page_shift)
		return error;
	uint64_t page = address >> r->file->page_shift;
	/* one more than is told, for what led to the first of them */
	while (!error && to && all.n <= max && pt_reader_whole(r, to, &from)) {
		struct way way = {.index = page / PT_CHUNK_PAGES, .page = (unsigned)(page % PT_CHUNK_PAGES)};
		struct states stretch = {0};
		error = take_stretch(r, from, to, &way, &stretch);
		if (!error)
			error = put_in_front(&all, &stretch);
		free(stretch.v);
		to = from - 1;
	}
	size_t n = error ? 0 : tell(&all, ret, max);
	free(all.v);
	return error ? error : (ssize_t)n;
}
