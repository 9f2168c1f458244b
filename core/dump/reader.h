/*
 * Reader: a core's tables in memory, its pages as they are asked for. The file may be anyone's: of pagetop, of gcore or
 * of the kernel, cut off, or made to do harm. Every number in it is held against the file's size before it is used, and
 * what remains is in order: runs and segments ascend and do not overlap, and what is stored lies within the file.
 */
#ifndef PT_DUMP_READER_H
#define PT_DUMP_READER_H

#include "core/dump/format.h"
#include "core/model/vma.h"

/* Where the bytes come from: all of them, or -errno; -ENODATA behind the end. */
struct pt_source {
	int (*read)(void *arg, void *bytes, size_t size, uint64_t offset);
	void *arg;
	uint64_t size;
};

/* Pages [start, start + size) whose bytes are in the file from `offset`. */
struct pt_segment {
	uint64_t start, size, offset;
	uint32_t flags; /* PF_* of <elf.h> */
};

struct pt_core {
	struct pt_source source;
	bool ours;                 /* it has the notes of pagetop */
	struct pt_dump_info info;  /* of those; else only page_shift */
	struct pt_vma_table *vmas; /* of the mappings then; empty where nothing tells them */
	struct pt_run *runs;       /* [n_runs] */
	size_t n_runs;
	struct pt_segment *segments; /* [n_segments] */
	size_t n_segments;
	char *notes; /* all notes, as they are in the file; [notes_size] */
	size_t notes_size;
};

/*
 * -EBADMSG: no core, or one that contradicts itself: *why is a sentence without a full stop, static storage; -ENOMEM,
 * or what the source said. What the source needs must outlive it.
 */
int pt_core_open(struct pt_core **ret, struct pt_source source, const char **why);
void pt_core_close(struct pt_core *core); /* NULL is fine */

/* Index of the run that holds addr, or of the next one above (n_runs if none). */
size_t pt_core_find(const struct pt_core *core, uint64_t addr);

/*
 * The bytes at [addr, addr + size), all of which is stored or zero. -ENODATA where they are not in this file, -EBADMSG
 * where the file is shorter than it was.
 */
int pt_core_read(const struct pt_core *core, uint64_t addr, void *bytes, size_t size);

/* Calls each(arg, ...) for every note; stops when it returns nonzero, and returns that. */
typedef int (*pt_note_fn)(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size);
int pt_core_notes(const struct pt_core *core, pt_note_fn each, void *arg);

#endif
