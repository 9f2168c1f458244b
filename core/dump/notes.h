/*
 * The notes of a core, as bytes: those that debuggers look for, and our own. A struct pt_bytes grows as notes are
 * added; where memory runs out it remembers so, and adds no more.
 */
#ifndef PT_DUMP_NOTES_H
#define PT_DUMP_NOTES_H

#include "core/dump/format.h"
#include "core/model/snapshot.h"

struct pt_bytes {
	unsigned char *v;
	size_t n, room;
	bool failed; /* memory ran out */
};
void pt_bytes_add(struct pt_bytes *bytes, const void *v, size_t n);
void pt_bytes_free(struct pt_bytes *bytes);

/* One note, padded as ELF wants it. The size of a note is at most 4 GiB. */
void pt_note_add(struct pt_bytes *bytes, const char *name, uint32_t type, const void *desc, size_t size);
/* The head of one whose `size` bytes come from somewhere else. */
void pt_note_head(struct pt_bytes *bytes, const char *name, uint32_t type, size_t size);

/* NT_PRSTATUS: a thread's registers, as ptrace gives them. False if they are not those of a thread of this width. */
bool pt_note_registers(struct pt_bytes *bytes, pid_t tid, const void *registers, size_t size);
/* NT_PRPSINFO; the command line as /proc/PID/cmdline has it. */
void pt_note_process(struct pt_bytes *bytes, const struct pt_process *process, const char *cmdline, size_t size);
/* NT_FILE: where which file is mapped. */
void pt_note_files(struct pt_bytes *bytes, const struct pt_vma_table *vmas, unsigned page_shift);

#endif
