/*
 * Notes as bytes; see notes.h. Structs are those of <sys/procfs.h>, which the kernel writes into its cores too.
 */
#include "core/dump/notes.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#define FIRST_ROOM 4096u

void pt_bytes_add(struct pt_bytes *b, const void *v, size_t n)
{
	size_t room = b->room ? b->room : FIRST_ROOM;
	if (b->failed || n == 0)
		return;
	while (room - b->n < n)
		room *= 2;
	if (room != b->room) {
		unsigned char *more = realloc(b->v, room);
		if (!more) {
			b->failed = true;
			return;
		}
		b->v = more;
		b->room = room;
	}
	memcpy(b->v + b->n, v, n);
	b->n += n;
}

void pt_bytes_free(struct pt_bytes *b)
{
	free(b->v);
	*b = (struct pt_bytes){0};
}

static void pad(struct pt_bytes *b)
{
	static const char zeros[4];
	pt_bytes_add(b, zeros, -b->n & 3);
}

void pt_note_head(struct pt_bytes *b, const char *name, uint32_t type, size_t size)
{
	const Elf64_Nhdr head = {(uint32_t)strlen(name) + 1, (uint32_t)size, type};
	pt_bytes_add(b, &head, sizeof(head));
	pt_bytes_add(b, name, head.n_namesz);
	pad(b);
}

void pt_note_add(struct pt_bytes *b, const char *name, uint32_t type, const void *desc, size_t size)
{
	pt_note_head(b, name, type, size);
	pt_bytes_add(b, desc, size);
	pad(b);
}

bool pt_note_registers(struct pt_bytes *b, pid_t tid, const void *registers, size_t size)
{
	struct elf_prstatus status;
	if (size != sizeof(status.pr_reg))
		return false;
	memset(&status, 0, sizeof(status)); /* its padding too: it goes into a file */
	status.pr_pid = tid;
	memcpy(&status.pr_reg, registers, size);
	pt_note_add(b, "CORE", NT_PRSTATUS, &status, sizeof(status));
	return true;
}

void pt_note_process(struct pt_bytes *b, const struct pt_process *process, const char *cmdline, size_t size)
{
	struct elf_prpsinfo info;
	size_t n = strnlen(process->name, sizeof(info.pr_fname) - 1);

	memset(&info, 0, sizeof(info));
	info.pr_sname = process->state;
	info.pr_zomb = process->state == 'Z';
	info.pr_pid = process->pid;
	info.pr_uid = process->uid;
	memcpy(info.pr_fname, process->name, n);
	while (size && !cmdline[size - 1])
		size--;
	for (size_t i = 0; i < size && i < sizeof(info.pr_psargs) - 1; i++)
		info.pr_psargs[i] = (char)(cmdline[i] ? cmdline[i] : ' ');
	pt_note_add(b, "CORE", NT_PRPSINFO, &info, sizeof(info));
}

static bool is_file(const struct pt_vma *vma)
{
	return vma->inode && vma->path[0] == '/';
}

void pt_note_files(struct pt_bytes *b, const struct pt_vma_table *vmas, unsigned page_shift)
{
	struct pt_bytes desc = {0};
	uint64_t head[2] = {0, (uint64_t)1 << page_shift};

	for (size_t i = 0; i < vmas->n; i++)
		head[0] += is_file(&vmas->v[i]);
	pt_bytes_add(&desc, head, sizeof(head));
	for (size_t i = 0; i < vmas->n; i++) {
		const struct pt_vma *vma = &vmas->v[i];
		const uint64_t row[3] = {vma->start, vma->end, vma->offset >> page_shift};
		if (is_file(vma))
			pt_bytes_add(&desc, row, sizeof(row));
	}
	for (size_t i = 0; i < vmas->n; i++)
		if (is_file(&vmas->v[i]))
			pt_bytes_add(&desc, vmas->v[i].path, strlen(vmas->v[i].path) + 1);
	if (desc.failed)
		b->failed = true;
	else
		pt_note_add(b, "CORE", NT_FILE, desc.v, desc.n);
	pt_bytes_free(&desc);
}
