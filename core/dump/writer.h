/*
 * Writer: a core from pages that come in the order of their addresses. Knows no process and no file: bytes go to a sink.
 *
 * Pages are written as they come, tables behind them, and the ELF header last, so what was broken off is no core. Bytes
 * that are zero are not written: the file has holes there. All that a segment covers can be read; segments are
 *
 *   - stored pages of one VMA, with what lies between them where that is zero and short;
 *   - longer stretches of zeros, all of which share one hole of the file, so that 16 TiB of them cost nothing;
 *   - nothing where contents are not known: a debugger then says so, or takes the mapped file, rather than show zeros.
 */
#ifndef PT_DUMP_WRITER_H
#define PT_DUMP_WRITER_H

#include "core/dump/notes.h"

/* Where the bytes go: all of them, or -errno. What is skipped reads as zero; the last byte is always written. */
struct pt_sink {
	int (*write)(void *arg, const void *bytes, size_t size, uint64_t offset);
	void *arg;
};

#ifndef PT_WRITER_GAP
#define PT_WRITER_GAP 256u /* pages of zeros between stored ones that the file has as a hole of its own */
#endif

struct pt_writer;

struct pt_writer *pt_writer_new(unsigned page_shift, struct pt_sink sink); /* NULL: out of memory */
void pt_writer_free(struct pt_writer *writer);                             /* NULL is fine */

/* What follows is in another VMA than what came before; its permissions (enum pt_perm). -ENOMEM. */
int pt_writer_vma(struct pt_writer *writer, uint8_t perms);
/*
 * Whole pages [start, end), above all that came before; `data` are the bytes of stored ones (NULL: zeros). 0, -ENOMEM,
 * or what the sink said.
 */
int pt_writer_put(struct pt_writer *writer, uint64_t start, uint64_t end, enum pt_content content, const void *data);
/*
 * Tables and header; `notes` come before PT_NOTE_PAGES, which the writer makes. *ret_size: bytes of the file, holes
 * included.
 */
int pt_writer_finish(struct pt_writer *writer, const struct pt_bytes *notes, uint64_t *ret_size);

/* Pages so far of which that is known. */
uint64_t pt_writer_pages(const struct pt_writer *writer, enum pt_content content);

#endif
