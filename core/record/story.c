/*
 * What became of one page over a recording (reader.h): its chunk alone is followed through the frames, from whole frame
 * to whole frame, the newest first, until enough is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

/* A page as some frame showed it for the first time. */
struct state {
	struct pt_page page;
	uint64_t was_ns;           /* the last reading before that did not show it; 0: none in this stretch */
	uint64_t read_ns, last_ns; /* when it was read so first and last */
	uint64_t realtime_ns;
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
	uint64_t read_ns; /* 0: nothing is there, or it was never read in full */
};

static bool same_page(struct pt_page a, struct pt_page b)
{
	return a.bits == b.bits && a.pfn == b.pfn && a.count == b.count;
}

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
		if (range.first <= w->index && w->index <= range.last)
			w->read_ns = range.read_ns;
	}
	return 0;
}

static int note(struct states *s, const struct way *w, const struct pt_moment *frame)
{
	struct state *last = s->n ? &s->v[s->n - 1] : NULL;
	struct pt_page page = w->pages[w->page];
	uint64_t read_ns = w->read_ns ? w->read_ns : frame->monotonic_ns;
	if (last && same_page(last->page, page)) {
		last->last_ns = read_ns;
		return 0;
	}
	if (last && read_ns <= last->last_ns) /* a look at where pages are told, not a reading of it */
		read_ns = frame->monotonic_ns;
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 16;
		struct state *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->room = room;
		last = s->n ? &s->v[s->n - 1] : NULL;
	}
	s->v[s->n++] = (struct state){page, last ? last->last_ns : 0, read_ns, read_ns, frame->realtime_ns};
	return 0;
}

/* One frame more, whose bytes are at hand. */
static int take_frame(struct pt_reader *r, const struct pt_moment *frame, bool whole, struct way *w, struct states *s)
{
	struct pt_decoder d;
	int error = pt_decoder_open(&d, r->file->raw.v, r->file->raw.n, frame->monotonic_ns, r->file->page_shift);
	if (error)
		return error;
	if (whole) {
		memset(w->pages, 0, sizeof(w->pages));
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
		struct pt_moment frame = {0};
		uint64_t seq = pt_row_number(get, 0);
		error = pt_reader_plot(r, seq, seq, 0, 0, &frame, 1) == 1 ? pt_reader_unpack(r, get) : -EBADMSG;
		if (!error)
			error = take_frame(r, &frame, sqlite3_column_int(get, 2) != 0, w, s);
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

/* What came before goes in front; where the page stayed over the border it is one state. */
static int put_in_front(struct states *all, const struct states *before)
{
	struct state *first = all->n ? &all->v[0] : NULL;
	const struct state *last = before->n ? &before->v[before->n - 1] : NULL;
	size_t stays = first && last && same_page(first->page, last->page);
	struct state *v = malloc((all->n + before->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (first && last && !stays)
		first->was_ns = last->last_ns;
	if (before->n)
		memcpy(v, before->v, before->n * sizeof(*v));
	if (stays)
		v[before->n - 1].last_ns = first->last_ns;
	if (all->n > stays)
		memcpy(v + before->n, all->v + stays, (all->n - stays) * sizeof(*v));
	all->n += before->n - stays;
	free(all->v);
	all->v = v;
	all->room = all->n;
	return 0;
}

static size_t tell(const struct states *s, struct pt_chapter *ret, size_t max)
{
	size_t skip = s->n > max ? s->n - max : 0;
	for (size_t i = skip; i < s->n; i++) {
		const struct state *state = &s->v[i];
		ret[i - skip] = (struct pt_chapter){.from_ns = state->was_ns,
						    .to_ns = state->read_ns,
						    .realtime_ns = state->realtime_ns,
						    .page = state->page};
		if (i)
			ret[i - skip].events = pt_page_events(s->v[i - 1].page, state->page);
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
