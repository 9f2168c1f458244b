/*
 * The snapshot of a moment (reader.h): from the last whole frame, or a snapshot that was asked for before and lies
 * nearer, through the changes up to it. Chunks that turn out as they were are shared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

#define SLOTS_MOST (8u << 20) /* chunks that hold anything, of one frame */

/* Slots on the way from frame to frame, with a reference to each chunk. */
struct slots {
	struct pt_slot *v;
	size_t n;
};

static void free_slots(struct slots *s)
{
	for (size_t i = 0; i < s->n; i++)
		pt_chunk_unref(s->v[i].chunk);
	free(s->v);
	*s = (struct slots){0};
}

/* ---- one frame's bytes ------------------------------------------------------------------------------------------ */

int pt_reader_unpack(struct pt_reader *r, sqlite3_stmt *get)
{
	const void *packed = sqlite3_column_blob(get, PT_PAGES_DATA);
	size_t size = (size_t)sqlite3_column_bytes(get, PT_PAGES_DATA);
	unsigned long long bytes = packed ? ZSTD_getFrameContentSize(packed, size) : ZSTD_CONTENTSIZE_ERROR;
	if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes > PT_RECORD_FRAME_MAX)
		return -EBADMSG;
	r->file->raw.n = 0;
	if (!pt_buffer_reserve(&r->file->raw, bytes ? (size_t)bytes : 1)) {
		r->file->raw.failed = false;
		return -ENOMEM;
	}
	size_t got = ZSTD_decompressDCtx(r->file->zstd, r->file->raw.v, (size_t)bytes, packed, size);
	if (ZSTD_isError(got) || got != bytes)
		return -EBADMSG;
	r->file->raw.n = got;
	return 0;
}

/* The chunk of a slot at hand; that of `old` or `alike` where it is the same. */
static int take_chunk(struct pt_decoder *d, enum pt_form form, unsigned page_shift, struct pt_chunk *old,
		      struct pt_chunk *alike, struct pt_chunk **ret)
{
	struct pt_page pages[PT_CHUNK_PAGES];
	*ret = NULL;
	if (form == PT_FORM_GONE)
		return 0;
	pt_chunk_unpack(form == PT_FORM_FROM_BEFORE ? old : NULL, pages);
	int error = pt_decoder_pages(d, pages);
	if (error)
		return error;
	if (old && pt_chunk_equals(old, pages))
		*ret = pt_chunk_ref(old);
	else if (alike && pt_chunk_equals(alike, pages))
		*ret = pt_chunk_ref(alike);
	else
		*ret = pt_chunk_new(pages, page_shift);
	return *ret ? 0 : -ENOMEM;
}

/* Chunks of a snapshot by ascending index. */
struct along {
	const struct pt_snapshot *snapshot; /* NULL: it has none */
	size_t i;
};

static struct pt_chunk *chunk_along(struct along *a, uint64_t index)
{
	const struct pt_snapshot *s = a->snapshot;
	while (s && a->i < s->n_slots && s->slots[a->i].index < index)
		a->i++;
	return s && a->i < s->n_slots && s->slots[a->i].index == index ? s->slots[a->i].chunk : NULL;
}

/* The old slots with the changed ones in their places. `alike`: any snapshot whose chunks may be the same. */
static int merge(struct pt_decoder *d, const struct slots *old, const struct pt_snapshot *alike, unsigned page_shift,
		 struct slots *ret)
{
	struct along along = {alike, 0};
	size_t i = 0;
	for (uint64_t k = 0; k < d->n_changed; k++) {
		struct pt_slot slot;
		enum pt_form form;
		int error = pt_decoder_slot(d, &slot, &form);
		if (error)
			return error;
		for (; i < old->n && old->v[i].index < slot.index; i++, ret->n++) {
			ret->v[ret->n] = old->v[i];
			pt_chunk_ref(old->v[i].chunk);
		}
		bool was = i < old->n && old->v[i].index == slot.index;
		error = take_chunk(d, form, page_shift, was ? old->v[i].chunk : NULL, chunk_along(&along, slot.index),
				   &slot.chunk);
		if (error)
			return error;
		i += was;
		if (slot.chunk)
			ret->v[ret->n++] = slot;
	}
	for (; i < old->n; i++, ret->n++) {
		ret->v[ret->n] = old->v[i];
		pt_chunk_ref(old->v[i].chunk);
	}
	return 0;
}

static int reread(struct pt_decoder *d, struct slots *s)
{
	size_t i = 0;
	for (uint64_t k = 0; k < d->n_reread; k++) {
		struct pt_reread range;
		int error = pt_decoder_reread(d, &range);
		if (error)
			return error;
		while (i < s->n && s->v[i].index < range.first)
			i++;
		for (; i < s->n && s->v[i].index <= range.last; i++)
			s->v[i].read_ns = range.read_ns;
	}
	return 0;
}

/* On to the frame whose bytes are in r->file->raw. */
static int apply(struct pt_reader *r, const struct pt_snapshot *alike, uint64_t at_ns, struct slots *slots)
{
	struct pt_decoder d;
	struct slots next = {0};
	int error = pt_decoder_open(&d, r->file->raw.v, r->file->raw.n, at_ns, r->file->page_shift);
	if (error)
		return error;
	if (d.n_changed + slots->n > SLOTS_MOST)
		error = -EBADMSG;
	next.v = error ? NULL : malloc((slots->n + d.n_changed + 1) * sizeof(*next.v));
	if (!error && !next.v)
		error = -ENOMEM;
	if (!error)
		error = reread(&d, slots);
	if (!error)
		error = merge(&d, slots, alike, r->file->page_shift, &next);
	if (!error && !pt_decoder_ended(&d))
		error = -EBADMSG;
	pt_decoder_close(&d);
	free_slots(error ? &next : slots);
	if (!error)
		*slots = next;
	return error;
}

/* ---- what the row of a frame says ------------------------------------------------------------------------------- */

/* Columns of the table frame. */
enum {
	COL_REALTIME = 1,
	COL_MONOTONIC,
	COL_FRESH,
	COL_PRESENCE,
	COL_SCAN,
	COL_SCAN_CPU,
	COL_DONE,
	COL_ALL,
	COL_LAYOUT,
	COL_UID,
	COL_START_STACK,
	COL_IMAGE,
	COL_NAME,
	COL_STATE,
	COL_THREADS,
	COL_SUMS,
	COL_STATUS = COL_SUMS + PT_SUM_N,
#define STATUS_N 11
	COL_CLEARED = COL_STATUS + STATUS_N,
	COL_HUGETLB,
};

static void take_process(sqlite3_stmt *get, struct pt_process *p)
{
	struct pt_maybe uid = pt_row_maybe(get, COL_UID);
	p->uid = uid.known ? (uid_t)uid.value : (uid_t)-1;
	p->start_stack = pt_row_number(get, COL_START_STACK);
	p->image = (unsigned)pt_row_number(get, COL_IMAGE);
	strncpy(p->name, pt_row_text(get, COL_NAME), sizeof(p->name) - 1);
	p->state = pt_row_text(get, COL_STATE)[0];
	p->threads = (unsigned)pt_row_number(get, COL_THREADS);
	p->hugetlb = pt_row_maybe(get, COL_HUGETLB);
	struct pt_maybe *status[STATUS_N] = {&p->rss_anon,     &p->rss_file, &p->rss_shmem, &p->swap,
					     &p->locked,       &p->peak_rss, &p->mapped,    &p->minor_faults,
					     &p->major_faults, &p->cpu_ns,   &p->rollup_pss};
	for (int i = 0; i < STATUS_N; i++)
		*status[i] = pt_row_maybe(get, COL_STATUS + i);
}

static void take_signals(const struct pt_reader *r, uint64_t seq, struct pt_signals *ret)
{
	for (int i = 0; i < PT_SIG_N; i++)
		ret->of[i] = (struct pt_signal_state){.given = PT_ABSENT, .reason = "the recording does not say"};
	for (size_t i = 0; i < r->n_signals; i++)
		if (r->signals[i].since <= seq && r->signals[i].signal < PT_SIG_N)
			ret->of[r->signals[i].signal] = r->signals[i].state;
}

/* All of a snapshot but its slots and VMAs. */
static int take_frame(struct pt_reader *r, uint64_t seq, struct pt_snapshot *ret, uint64_t *ret_layout)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_FRAME, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, seq);
	code = sqlite3_step(get);
	if (code == SQLITE_ROW) {
		ret->process = r->target;
		take_process(get, &ret->process);
		take_signals(r, seq, &ret->signals);
		ret->seq = seq;
		ret->stage = PT_STAGE_COMPLETE;
		ret->realtime_ns = pt_row_number(get, COL_REALTIME);
		ret->monotonic_ns = pt_row_number(get, COL_MONOTONIC);
		ret->fresh_ns = pt_row_number(get, COL_FRESH);
		ret->presence_ns = pt_row_number(get, COL_PRESENCE);
		ret->cleared_ns = pt_row_number(get, COL_CLEARED);
		ret->scan_ns = pt_row_number(get, COL_SCAN);
		ret->scan_cpu_ns = pt_row_number(get, COL_SCAN_CPU);
		ret->done_pages = pt_row_number(get, COL_DONE);
		ret->all_pages = pt_row_number(get, COL_ALL);
		*ret_layout = pt_row_number(get, COL_LAYOUT);
	}
	pt_reader_done(get);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -EBADMSG : pt_db_error(code);
}

/* ---- snapshots that are kept ------------------------------------------------------------------------------------ */

/* The one nearest before a frame, or at it; NULL if none is. */
static struct pt_kept *nearest(struct pt_reader *r, uint64_t seq)
{
	struct pt_kept *best = NULL;
	for (size_t i = 0; i < PT_READER_KEPT; i++) {
		struct pt_kept *k = &r->kept[i];
		if (k->snapshot && k->snapshot->seq <= seq && (!best || k->snapshot->seq > best->snapshot->seq))
			best = k;
	}
	return best;
}

/* The one that was used last; NULL if there is none. */
static struct pt_kept *newest(struct pt_reader *r)
{
	struct pt_kept *best = &r->kept[0];
	for (size_t i = 1; i < PT_READER_KEPT; i++)
		if (r->kept[i].used > best->used)
			best = &r->kept[i];
	return best->snapshot ? best : NULL;
}

static void keep(struct pt_reader *r, struct pt_snapshot *snapshot, uint64_t layout)
{
	struct pt_kept *oldest = &r->kept[0];
	for (size_t i = 1; i < PT_READER_KEPT; i++)
		if (r->kept[i].used < oldest->used)
			oldest = &r->kept[i];
	pt_snapshot_unref(oldest->snapshot);
	*oldest = (struct pt_kept){pt_snapshot_ref(snapshot), layout, ++r->turn};
}

static int vmas_at(struct pt_reader *r, uint64_t seq, uint64_t layout, struct pt_vma_table **ret)
{
	for (size_t i = 0; i < PT_READER_KEPT; i++)
		if (r->kept[i].snapshot && r->kept[i].layout == layout) {
			*ret = pt_vma_table_ref(r->kept[i].snapshot->vmas);
			return 0;
		}
	return pt_reader_vmas(r, seq, ret);
}

/* ---- a moment --------------------------------------------------------------------------------------------------- */

static int copy_slots(const struct pt_snapshot *s, struct slots *ret)
{
	ret->v = malloc((s->n_slots + 1) * sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (; ret->n < s->n_slots; ret->n++) {
		ret->v[ret->n] = s->slots[ret->n];
		pt_chunk_ref(ret->v[ret->n].chunk);
	}
	return 0;
}

/* Through the frames behind `from` up to `seq`. */
static int follow(struct pt_reader *r, uint64_t from, uint64_t seq, struct slots *slots)
{
	const struct pt_kept *kept = newest(r);
	uint64_t last = from;
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_PAGES, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, from);
	pt_bind_number(get, 2, seq);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		last = pt_row_number(get, PT_PAGES_FRAME);
		if (sqlite3_column_int(get, PT_PAGES_WHOLE)) /* whole: made from nothing */
			free_slots(slots);
		error = pt_reader_unpack(r, get);
		if (!error)
			error = apply(r, kept ? kept->snapshot : NULL, pt_row_number(get, PT_PAGES_MONOTONIC), slots);
	}
	pt_reader_done(get);
	if (!error)
		error = pt_db_error(code);
	return error ? error : last == seq ? 0 : -EBADMSG;
}

static int slots_at(struct pt_reader *r, uint64_t seq, struct slots *ret)
{
	struct pt_kept *near = nearest(r, seq);
	uint64_t whole;
	int error = 0;
	if (!pt_reader_whole(r, seq, &whole))
		return -EBADMSG;
	if (near && near->snapshot->seq >= whole) {
		near->used = ++r->turn;
		error = copy_slots(near->snapshot, ret);
		if (!error && near->snapshot->seq < seq)
			error = follow(r, near->snapshot->seq, seq, ret);
	} else {
		error = follow(r, whole - 1, seq, ret);
	}
	if (error)
		free_slots(ret);
	return error;
}

static int make(struct pt_reader *r, uint64_t seq, struct pt_snapshot **ret)
{
	struct pt_snapshot head = {0}, *s;
	struct pt_vma_table *vmas;
	struct slots slots = {0};
	uint64_t layout = 0;
	int error = take_frame(r, seq, &head, &layout);
	if (!error)
		error = vmas_at(r, seq, layout, &vmas);
	if (error)
		return error;
	s = pt_snapshot_new(vmas, r->file->page_shift);
	error = s ? slots_at(r, seq, &slots) : -ENOMEM;
	if (!error) {
		const struct pt_kept *near = nearest(r, seq);
		head.vmas = s->vmas;
		head.page_shift = s->page_shift;
		head.refs = s->refs;
		*s = head;
		error = pt_snapshot_set_slots(s, near ? near->snapshot : NULL, slots.v, slots.n);
	}
	if (error) {
		pt_snapshot_unref(s);
		return error;
	}
	keep(r, s, layout);
	*ret = s;
	return 0;
}

int pt_reader_at(struct pt_reader *r, uint64_t seq, struct pt_snapshot **ret)
{
	int error = pt_reader_refresh(r);
	if (error)
		return error;
	uint64_t moment = pt_reader_moment(r, seq);
	if (!moment || !r->file->page_shift)
		return -ENODATA;
	struct pt_kept *near = nearest(r, moment);
	if (near && near->snapshot->seq == moment) {
		near->used = ++r->turn;
		*ret = pt_snapshot_ref(near->snapshot);
		return 0;
	}
	return make(r, moment, ret);
}
