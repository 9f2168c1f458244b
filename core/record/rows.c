/*
 * The plain columns of a frame (writer.h): the process and its sums, VMAs and their sums where they changed, signals
 * where they changed, and the ledger.
 */
#include <stdio.h>
#include <string.h>

#include "core/history/ledger.h"
#include "core/record/writer.h"

/* ---- the process ------------------------------------------------------------------------------------------------ */

static void bind_sums(sqlite3_stmt *put, int first, const struct pt_snapshot *s, size_t vma)
{
	for (int i = 0; i < PT_SUM_N; i++)
		pt_bind_maybe(put, first + i, pt_snapshot_bytes(s, vma, (enum pt_sum)i));
}

static void bind_process(sqlite3_stmt *put, int i, const struct pt_process *p, bool anonymize, char *state)
{
	state[0] = p->state;
	if (anonymize)
		sqlite3_bind_null(put, i);
	else
		pt_bind_number(put, i, p->uid);
	pt_bind_number(put, i + 1, p->start_stack);
	pt_bind_number(put, i + 2, p->image);
	pt_bind_text(put, i + 3, anonymize ? "process" : p->name);
	pt_bind_text(put, i + 4, state);
	pt_bind_number(put, i + 5, p->threads);
}

static int put_frame(struct pt_writer *w, const struct pt_frame *frame)
{
	const struct pt_snapshot *s = frame->now;
	const struct pt_process *p = &s->process;
	const uint64_t numbers[] = {s->realtime_ns, s->monotonic_ns, s->fresh_ns,  s->presence_ns, s->scan_ns,
				    s->scan_cpu_ns, s->done_pages,   s->all_pages, frame->layout};
	const struct pt_maybe status[] = {p->rss_anon,     p->rss_file, p->rss_shmem, p->swap,
					  p->locked,       p->peak_rss, p->mapped,    p->minor_faults,
					  p->major_faults, p->cpu_ns,   p->rollup_pss};
	const int n_numbers = sizeof(numbers) / sizeof(*numbers), uid = 5 + n_numbers;
	char state[2] = "";
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_FRAME, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(put, 1, s->seq);
	sqlite3_bind_int64(put, 2, frame->track->id);
	pt_bind_maybe(put, 3, (struct pt_maybe){s->cleared_ns, s->cleared_ns != 0});
	pt_bind_maybe(put, 4, p->hugetlb);
	for (int i = 0; i < n_numbers; i++)
		pt_bind_number(put, 5 + i, numbers[i]);
	bind_process(put, uid, p, w->anonymize, state);
	bind_sums(put, uid + 6, s, s->vmas->n);
	for (int i = 0; i < (int)(sizeof(status) / sizeof(*status)); i++)
		pt_bind_maybe(put, uid + 6 + PT_SUM_N + i, status[i]);
	return pt_db_step(put);
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_signal(const struct pt_signal_state *a, const struct pt_signal_state *b)
{
	return a->given == b->given && same_text(a->reason, b->reason) && same_text(a->remedy, b->remedy);
}

static int put_signals(struct pt_writer *w, const struct pt_frame *frame)
{
	const struct pt_snapshot *s = frame->now, *before = frame->track->before;
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_SIGNAL, &put);
	for (int i = 0; code == SQLITE_OK && i < PT_SIG_N; i++) {
		const struct pt_signal_state *now = &s->signals.of[i];
		if (before && same_signal(&before->signals.of[i], now))
			continue;
		sqlite3_bind_int64(put, 1, frame->track->id);
		pt_bind_number(put, 2, s->seq);
		pt_bind_text(put, 3, pt_signal_name((enum pt_signal)i));
		pt_bind_text(put, 4, pt_given_name(now->given));
		pt_bind_text(put, 5, now->reason);
		pt_bind_text(put, 6, now->remedy);
		code = pt_db_step(put);
	}
	return code;
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

static bool same_vma(const struct pt_vma *a, const struct pt_vma *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset && a->inode == b->inode &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->perms == b->perms &&
	       a->role == b->role && a->fs == b->fs && a->tid == b->tid && a->has_vm_flags == b->has_vm_flags &&
	       (!a->has_vm_flags || a->vm_flags == b->vm_flags) && strcmp(a->path, b->path) == 0;
}

static int put_vma(struct pt_writer *w, struct pt_frame *frame, size_t i)
{
	const struct pt_vma *vma = &frame->now->vmas->v[i];
	static const char *const fs[] = {NULL, "tmpfs", "hugetlbfs", "other"};
	char perms[8], token[32];
	const char *path = w->anonymize ? pt_token(&w->tokens, vma->path, token, sizeof(token)) : vma->path;
	sqlite3_stmt *put;
	int code = path ? pt_record_put(w, PT_PUT_VMA, &put) : SQLITE_NOMEM;
	if (code != SQLITE_OK)
		return code;
	/* a file is known by its inode as by its name */
	uint64_t inode = w->anonymize && vma->inode ? strtoull(path[0] == 'n' ? path + 5 : "1", NULL, 10) : vma->inode;
	const uint64_t place[] = {vma->offset, vma->dev_major, vma->dev_minor, inode};
	pt_vma_perms(vma, perms);
	sqlite3_bind_int64(put, 1, frame->track->id);
	pt_bind_number(put, 2, frame->now->seq);
	pt_bind_number(put, 3, vma->start);
	pt_bind_number(put, 4, vma->end);
	pt_bind_text(put, 5, perms);
	pt_bind_text(put, 6, pt_role_name((enum pt_role)vma->role));
	for (int k = 0; k < 4; k++)
		pt_bind_number(put, 7 + k, place[k]);
	pt_bind_text(put, 11, path);
	pt_bind_number(put, 12, (uint64_t)(int64_t)vma->tid);
	pt_bind_text(put, 13, fs[vma->fs]);
	pt_bind_maybe(put, 14, (struct pt_maybe){vma->vm_flags, vma->has_vm_flags});
	code = pt_db_step(put);
	frame->ids[i] = sqlite3_last_insert_rowid(w->db);
	frame->was[i] = SIZE_MAX;
	frame->layout = frame->now->seq;
	return code;
}

static int end_vma(struct pt_writer *w, struct pt_frame *frame, size_t i)
{
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_VMA_END, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(put, 1, frame->now->seq);
	sqlite3_bind_int64(put, 2, frame->track->ids[i]);
	frame->layout = frame->now->seq;
	return pt_db_step(put);
}

/* Both tables are in the order of addresses. */
static int put_vmas(struct pt_writer *w, struct pt_frame *frame)
{
	const struct pt_snapshot *before = frame->track->before;
	const struct pt_vma_table *a = before ? before->vmas : NULL, *b = frame->now->vmas;
	size_t i = 0, k = 0, n = a ? a->n : 0;
	int code = SQLITE_OK;
	while (code == SQLITE_OK && (i < n || k < b->n)) {
		bool both = i < n && k < b->n && a->v[i].start == b->v[k].start;
		if (both && (a == b || same_vma(&a->v[i], &b->v[k]))) {
			frame->ids[k] = frame->track->ids[i];
			frame->was[k++] = i++;
		} else if (both || k == b->n || (i < n && a->v[i].start < b->v[k].start)) {
			code = end_vma(w, frame, i++);
			if (code == SQLITE_OK && both)
				code = put_vma(w, frame, k++);
		} else {
			code = put_vma(w, frame, k++);
		}
	}
	return code;
}

/* ---- sums of VMAs ----------------------------------------------------------------------------------------------- */

/* Whether sums mean the same in both: what is unknown depends on signals, what is locked on the process. */
static bool same_terms(const struct pt_snapshot *a, const struct pt_snapshot *b)
{
	for (int i = 0; i < PT_SIG_N; i++)
		if (a->signals.of[i].given != b->signals.of[i].given)
			return false;
	return a->process.locked.known == b->process.locked.known && a->process.locked.value == b->process.locked.value;
}

static bool same_sums(const struct pt_snapshot *a, size_t i, const struct pt_snapshot *b, size_t k)
{
	for (int what = 0; what < PT_SUM_N; what++) {
		struct pt_maybe x = pt_snapshot_bytes(a, i, (enum pt_sum)what);
		struct pt_maybe y = pt_snapshot_bytes(b, k, (enum pt_sum)what);
		if (x.known != y.known || (x.known && x.value != y.value))
			return false;
	}
	return true;
}

/* Whether a chunk changed that a VMA has a part in. VMAs are asked about in the order of addresses; *at is where the one
 * before began. */
static bool is_touched(const struct pt_frame *frame, const struct pt_vma *vma, size_t *at)
{
	uint64_t size = pt_snapshot_chunk_size(frame->now);
	const struct pt_delta *delta = frame->delta;
	while (*at < delta->n_changed && delta->changed[*at].index < vma->start / size)
		(*at)++;
	return *at < delta->n_changed && delta->changed[*at].index <= (vma->end - 1) / size;
}

static int put_sums(struct pt_writer *w, const struct pt_frame *frame)
{
	const struct pt_snapshot *a = frame->track->before, *b = frame->now;
	bool terms = a && same_terms(a, b);
	size_t at = 0;
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_VMA_SUM, &put);
	for (size_t i = 0; code == SQLITE_OK && i < b->vmas->n; i++) {
		size_t was = frame->was[i];
		bool touched = is_touched(frame, &b->vmas->v[i], &at);
		if (was != SIZE_MAX && ((terms && !touched) || same_sums(a, was, b, i)))
			continue;
		sqlite3_bind_int64(put, 1, frame->ids[i]);
		pt_bind_number(put, 2, b->seq);
		bind_sums(put, 3, b, i);
		code = pt_db_step(put);
	}
	return code;
}

/* ---- the ledger ------------------------------------------------------------------------------------------------- */

/* Which VMA's row an address belongs to; 0: none. */
static sqlite3_int64 id_at(const struct pt_vma_table *vmas, const sqlite3_int64 *ids, uint64_t address)
{
	size_t i = pt_vma_find(vmas, address);
	return i < vmas->n && pt_vma_covers(&vmas->v[i], address) ? ids[i] : 0;
}

sqlite3_int64 pt_track_vma(const struct pt_track *track, uint64_t address)
{
	return track->before ? id_at(track->before->vmas, track->ids, address) : 0;
}

static int put_events(struct pt_writer *w, const struct pt_frame *frame, const struct pt_ledger_vma *vma)
{
	sqlite3_int64 id = vma->gone ? id_at(frame->track->before->vmas, frame->track->ids, vma->start)
				     : id_at(frame->now->vmas, frame->ids, vma->start);
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_LEDGER, &put);
	for (int i = 0; code == SQLITE_OK && i < PT_EVENT_N; i++) {
		if (!vma->n[i] || !(frame->told >> i & 1))
			continue;
		pt_bind_number(put, 1, frame->now->seq);
		sqlite3_bind_int64(put, 2, id);
		pt_bind_text(put, 3, pt_event_name((enum pt_event)i));
		pt_bind_number(put, 4, vma->n[i]);
		pt_bind_number(put, 5, vma->unsure >> i & 1);
		code = pt_db_step(put);
	}
	return code;
}

static int put_change(struct pt_writer *w, const struct pt_frame *frame, const struct pt_ledger_change *change)
{
	bool gone = change->what == PT_VMA_GONE, created = change->what == PT_VMA_CREATED;
	const struct pt_maybe places[] = {{change->start, !gone},
					  {change->end, !gone},
					  {change->from_start, !created},
					  {change->from_end, !created}};
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_VMA_EVENT, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(put, 1, frame->now->seq);
	pt_bind_text(put, 2, pt_vma_event_name(change->what));
	sqlite3_bind_int64(put, 3,
			   gone ? id_at(frame->track->before->vmas, frame->track->ids, change->from_start)
				: id_at(frame->now->vmas, frame->ids, change->start));
	for (int i = 0; i < 4; i++)
		pt_bind_maybe(put, 4 + i, places[i]);
	return pt_db_step(put);
}

/* Which events no row means none of, as words; where that is not what it was. */
static int put_told(struct pt_writer *w, const struct pt_frame *frame)
{
	char events[256] = "";
	size_t n = 0;
	sqlite3_stmt *put;
	int code = frame->told == frame->track->told ? SQLITE_DONE : pt_record_put(w, PT_PUT_TOLD, &put);
	if (code != SQLITE_OK)
		return code == SQLITE_DONE ? SQLITE_OK : code;
	for (int i = 0; i < PT_EVENT_N && n < sizeof(events); i++)
		if (frame->told >> i & 1)
			n += (size_t)snprintf(events + n, sizeof(events) - n, "%s%s", n ? " " : "",
					      pt_event_name((enum pt_event)i));
	sqlite3_bind_int64(put, 1, frame->track->id);
	pt_bind_number(put, 2, frame->now->seq);
	pt_bind_text(put, 3, events);
	return pt_db_step(put);
}

/* There is none of the first frame, and none over an exec. */
static int put_ledger(struct pt_writer *w, struct pt_frame *frame)
{
	struct pt_snapshot *before = frame->track->before;
	struct pt_ledger ledger;
	int code = SQLITE_OK;
	frame->told = frame->track->told;
	if (!before)
		return SQLITE_OK;
	if (pt_ledger_make(before, frame->now, &ledger) < 0)
		return SQLITE_NOMEM;
	if (!ledger.other_image) {
		frame->told = ledger.known;
		code = put_told(w, frame);
	}
	for (size_t i = 0; code == SQLITE_OK && i < ledger.n_vmas; i++)
		code = put_events(w, frame, &ledger.vmas[i]);
	for (size_t i = 0; code == SQLITE_OK && i < ledger.n_changes; i++)
		code = put_change(w, frame, &ledger.changes[i]);
	pt_ledger_free(&ledger);
	return code;
}

int pt_put_rows(struct pt_writer *w, struct pt_frame *frame)
{
	int code = put_vmas(w, frame);
	if (code == SQLITE_OK)
		code = put_frame(w, frame);
	if (code == SQLITE_OK)
		code = put_signals(w, frame);
	if (code == SQLITE_OK)
		code = put_sums(w, frame);
	if (code == SQLITE_OK)
		code = put_ledger(w, frame);
	return code;
}
