/*
 * Merging; see merge.h. Notes, mappings and what is known of pages come from the increment; only contents of unchanged
 * pages come from the base.
 */
#include "core/dump/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE PT_DUMP_PAGE_MOST /* bytes at a time */

struct merge {
	const struct pt_core *base, *increment;
	struct pt_writer *writer;
	int (*step)(void *arg, uint64_t done_bytes);
	void *arg;
	uint64_t done;
	unsigned char *buffer;
};

bool pt_core_is_base(const struct pt_core *core, const struct pt_core *base)
{
	return core->ours && base->ours && core->info.base[0] && !strcmp(core->info.base_id, base->info.id) &&
	       core->info.page_shift == base->info.page_shift;
}

static int copy(struct merge *m, const struct pt_core *from, uint64_t start, uint64_t end)
{
	int error = 0;
	for (uint64_t at = start, n; at < end && !error; at += n) {
		n = end - at < PIECE ? end - at : PIECE;
		m->done += n;
		error = m->step ? m->step(m->arg, m->done) : 0;
		if (!error)
			error = pt_core_read(from, at, m->buffer, n);
		if (!error)
			error = pt_writer_put(m->writer, at, at + n, PT_CONTENT_STORED, m->buffer);
	}
	return error == -ENODATA ? -EBADMSG : error; /* the base was to have it */
}

static int put(struct merge *m, uint64_t start, uint64_t end, enum pt_content content)
{
	if (content == PT_CONTENT_SAME)
		return copy(m, m->base, start, end);
	if (content == PT_CONTENT_STORED)
		return copy(m, m->increment, start, end);
	return pt_writer_put(m->writer, start, end, content, NULL);
}

/* Runs may go over the borders of VMAs, segments do not. */
static int put_all(struct merge *m)
{
	const struct pt_vma_table *vmas = m->increment->vmas;
	const struct pt_run *runs = m->increment->runs;
	size_t run = 0;
	int error = 0;

	for (size_t i = 0; i < vmas->n && !error; i++) {
		const struct pt_vma *vma = &vmas->v[i];
		error = pt_writer_vma(m->writer, vma->perms);
		for (; run < m->increment->n_runs && runs[run].start < vma->end && !error; run++) {
			uint64_t start = runs[run].start > vma->start ? runs[run].start : vma->start;
			uint64_t end = runs[run].end < vma->end ? runs[run].end : vma->end;
			if (start < end)
				error = put(m, start, end, (enum pt_content)runs[run].content);
			if (runs[run].end > vma->end)
				break;
		}
	}
	return error;
}

/* All notes but those that say anew what the merged dump is. */
static int keep_note(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size)
{
	struct pt_bytes *notes = arg;
	char text[16] = "";
	bool is_ours = name_size == sizeof(PT_NOTE_NAME) && !memcmp(name, PT_NOTE_NAME, name_size);
	if (name_size == 0 || name_size >= sizeof(text) || (is_ours && type != PT_NOTE_MAPS))
		return 0;
	memcpy(text, name, name_size);
	pt_note_add(notes, text, type, desc, size);
	return 0;
}

static void make_notes(const struct pt_core *increment, struct pt_bytes *notes)
{
	struct pt_dump_info info = increment->info;
	char text[2048];
	info.base[0] = info.base_id[0] = '\0';
	struct pt_bytes kept = {0};
	size_t n = pt_info_print(&info, text, sizeof(text));
	pt_core_notes(increment, keep_note, &kept);
	pt_note_add(notes, PT_NOTE_NAME, PT_NOTE_DUMP, text, n);
	pt_bytes_add(notes, kept.v, kept.n);
	notes->failed |= kept.failed;
	pt_bytes_free(&kept);
}

int pt_merge(const struct pt_core *base, const struct pt_core *increment, struct pt_sink sink,
	     int (*step)(void *arg, uint64_t done_bytes), void *arg, uint64_t *ret_size)
{
	struct merge m = {.base = base, .increment = increment, .step = step, .arg = arg};
	struct pt_bytes notes = {0};
	if (!pt_core_is_base(increment, base) || base->info.base[0])
		return -EINVAL;
	m.writer = pt_writer_new(increment->info.page_shift, sink);
	m.buffer = malloc(PIECE);
	int error = m.writer && m.buffer ? put_all(&m) : -ENOMEM;
	if (!error) {
		make_notes(increment, &notes);
		error = pt_writer_finish(m.writer, &notes, ret_size);
	}
	pt_bytes_free(&notes);
	pt_writer_free(m.writer);
	free(m.buffer);
	return error;
}
