/*
 * Cores from a source of bytes; see reader.h. A struct pt_core owns its tables. Limits on their sizes are there because
 * a sparse file can claim terabytes of them.
 */
#include "core/dump/reader.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

#define SEGMENTS_MOST        (1u << 22)
#define NOTES_MOST           (1ull << 28)
#define PAGE_SHIFT_OF_OTHERS 12 /* cores that do not say */

struct opening {
	struct pt_core *core;
	const char *why;
	uint64_t segments_end; /* of the addresses so far */
};

static int bad(struct opening *o, const char *why)
{
	o->why = why;
	return -EBADMSG;
}

static int read_at(const struct pt_core *core, void *bytes, size_t size, uint64_t offset)
{
	if (size > core->source.size || offset > core->source.size - size)
		return -ENODATA;
	return size ? core->source.read(core->source.arg, bytes, size, offset) : 0;
}

static int read_or_bad(struct opening *o, void *bytes, size_t size, uint64_t offset, const char *why)
{
	int error = read_at(o->core, bytes, size, offset);
	return error == -ENODATA ? bad(o, why) : error;
}

/* ---- headers ---------------------------------------------------------------------------------------------------- */

static int check_head(struct opening *o, const Elf64_Ehdr *head)
{
	static const unsigned char zeros[SELFMAG];
	if (!memcmp(head->e_ident, zeros, SELFMAG))
		return bad(o, "it has no ELF header: a dump that was never finished, or no dump");
	if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
		return bad(o, "it is no ELF file");
	if (head->e_ident[EI_CLASS] != ELFCLASS64)
		return bad(o, "it is of a 32-bit machine");
	if (head->e_ident[EI_DATA] != (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
		return bad(o, "it is of a machine with another byte order");
	if (head->e_type != ET_CORE)
		return bad(o, "it is an ELF file, but no core");
	if (head->e_phentsize != sizeof(Elf64_Phdr))
		return bad(o, "its program headers have an unknown size");
	return 0;
}

static int count_headers(struct opening *o, const Elf64_Ehdr *head, size_t *ret)
{
	Elf64_Shdr section;
	*ret = head->e_phnum;
	if (head->e_phnum == PN_XNUM) {
		int error = read_or_bad(o, &section, sizeof(section), head->e_shoff, "it is cut off");
		if (error)
			return error;
		*ret = section.sh_info;
	}
	if (*ret > SEGMENTS_MOST)
		return bad(o, "it claims more segments than can be believed");
	if (*ret == 0)
		return bad(o, "it has no segments");
	return 0;
}

static int take_load(struct opening *o, const Elf64_Phdr *p)
{
	struct pt_core *core = o->core;
	if (p->p_filesz > p->p_memsz || p->p_vaddr + p->p_memsz < p->p_vaddr)
		return bad(o, "a segment of it has an impossible size");
	if (p->p_filesz == 0)
		return 0;
	if (p->p_offset > core->source.size || p->p_filesz > core->source.size - p->p_offset)
		return bad(o, "it is cut off: a segment ends behind the end of the file");
	if (p->p_vaddr < o->segments_end)
		return bad(o, "its segments overlap, or are not in order");
	o->segments_end = p->p_vaddr + p->p_filesz;
	core->segments[core->n_segments++] = (struct pt_segment){p->p_vaddr, p->p_filesz, p->p_offset, p->p_flags};
	return 0;
}

static int take_notes(struct opening *o, const Elf64_Phdr *p)
{
	struct pt_core *core = o->core;
	if (core->notes)
		return 0; /* one is what everyone writes */
	if (p->p_filesz > NOTES_MOST)
		return bad(o, "its notes are larger than can be believed");
	if (p->p_filesz > core->source.size)
		return bad(o, "it is cut off: its notes end behind the end of the file");
	core->notes = malloc(p->p_filesz + 1);
	core->notes_size = p->p_filesz;
	if (!core->notes)
		return -ENOMEM;
	return read_or_bad(o, core->notes, core->notes_size, p->p_offset,
			   "it is cut off: its notes end behind the end of the file");
}

static int take_headers(struct opening *o, const Elf64_Phdr *headers, size_t n)
{
	int error = 0;
	o->core->segments = calloc(n, sizeof(*o->core->segments));
	if (!o->core->segments)
		return -ENOMEM;
	for (size_t i = 0; i < n && !error; i++) {
		if (headers[i].p_type == PT_LOAD)
			error = take_load(o, &headers[i]);
		else if (headers[i].p_type == PT_NOTE)
			error = take_notes(o, &headers[i]);
	}
	return error;
}

static int read_headers(struct opening *o)
{
	Elf64_Ehdr head;
	size_t n = 0;
	int error = read_or_bad(o, &head, sizeof(head), 0, "it is too short for a core");
	if (!error)
		error = check_head(o, &head);
	if (!error)
		error = count_headers(o, &head, &n);
	if (error)
		return error;
	if (n * sizeof(Elf64_Phdr) > o->core->source.size)
		return bad(o, "it is cut off: not all program headers are there");
	Elf64_Phdr *headers = calloc(n, sizeof(*headers));
	if (!headers)
		return -ENOMEM;
	error = read_or_bad(o, headers, n * sizeof(*headers), head.e_phoff,
			    "it is cut off: not all program headers are there");
	if (!error)
		error = take_headers(o, headers, n);
	free(headers);
	return error;
}

/* ---- notes ------------------------------------------------------------------------------------------------------ */

int pt_core_notes(const struct pt_core *core, pt_note_fn each, void *arg)
{
	size_t at = 0, left;
	int stop = 0;
	while (!stop && (left = core->notes_size - at) >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr head;
		memcpy(&head, core->notes + at, sizeof(head));
		left -= sizeof(head);
		size_t name = ((size_t)head.n_namesz + 3) & ~(size_t)3, desc = ((size_t)head.n_descsz + 3) & ~(size_t)3;
		if (name > left || head.n_descsz > left - name)
			break;
		const char *text = core->notes + at + sizeof(head);
		stop = each(arg, text, head.n_namesz, head.n_type, text + name, head.n_descsz);
		if (desc > left - name)
			break;
		at += sizeof(head) + name + desc;
	}
	return stop;
}

static int take_runs(struct opening *o, const char *desc, size_t size)
{
	struct pt_core *core = o->core;
	const uint64_t below = ((uint64_t)1 << core->info.page_shift) - 1;
	if (core->runs || size % sizeof(*core->runs))
		return bad(o, "its table of pages is damaged");
	core->n_runs = size / sizeof(*core->runs);
	core->runs = malloc(size + 1);
	if (!core->runs)
		return -ENOMEM;
	memcpy(core->runs, desc, size);
	for (size_t i = 0; i < core->n_runs; i++) {
		const struct pt_run *run = &core->runs[i];
		if (run->start >= run->end || (run->start | run->end) & below || run->content >= PT_CONTENT_N ||
		    (i && run->start < core->runs[i - 1].end))
			return bad(o, "its table of pages is damaged");
	}
	return 0;
}

static int take_maps(struct opening *o, const char *desc, size_t size)
{
	if (o->core->vmas)
		return bad(o, "it has its mappings twice");
	const uint64_t below = ((uint64_t)1 << o->core->info.page_shift) - 1;
	int error = pt_parse_maps(desc, size, &o->core->vmas);
	for (size_t i = 0; !error && i < o->core->vmas->n; i++)
		if ((o->core->vmas->v[i].start | o->core->vmas->v[i].end) & below)
			error = -EBADMSG;
	return error == -EBADMSG ? bad(o, "its table of mappings is damaged") : error;
}

/* What a page is comes first: the others need its size. */
static int take_our_note(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size)
{
	struct opening *o = arg;
	if (name_size != sizeof(PT_NOTE_NAME) || memcmp(name, PT_NOTE_NAME, sizeof(PT_NOTE_NAME)) != 0)
		return 0;
	if (type == PT_NOTE_DUMP) {
		o->core->ours = pt_info_parse(desc, size, &o->core->info);
		return o->core->ours ? 0 : bad(o, "what it says of itself is damaged, or of a later version");
	}
	if (!o->core->ours)
		return 0;
	return type == PT_NOTE_MAPS ? take_maps(o, desc, size) : type == PT_NOTE_PAGES ? take_runs(o, desc, size) : 0;
}

/* ---- cores of others -------------------------------------------------------------------------------------------- */

/* NT_FILE tells files and where they are, as far as it makes sense; other mappings have no names. */
static int take_their_files(void *arg, const char *name, size_t name_size, uint32_t type, const char *desc, size_t size)
{
	struct pt_core *core = arg;
	const uint64_t below = ((uint64_t)1 << core->info.page_shift) - 1;
	uint64_t head[2], row[3];
	(void)name;
	(void)name_size;
	if (type != NT_FILE || core->vmas || size < sizeof(head))
		return 0;
	memcpy(head, desc, sizeof(head));
	if (head[0] == 0 || head[0] > (size - sizeof(head)) / (sizeof(row) + 1))
		return 0;
	const char *first = desc + sizeof(head) + head[0] * sizeof(row), *end = desc + size, *path = first;
	struct pt_vma_table *vmas = pt_vma_table_new(head[0], (size_t)(end - first) + 1);
	if (!vmas)
		return -ENOMEM;
	memcpy(vmas->names, first, (size_t)(end - first));
	for (uint64_t i = 0; i < head[0] && path < end; i++) {
		memcpy(row, desc + sizeof(head) + i * sizeof(row), sizeof(row));
		if (row[0] >= row[1] || (row[0] | row[1]) & below || (vmas->n && row[0] < vmas->v[vmas->n - 1].end))
			break;
		vmas->v[vmas->n++] = (struct pt_vma){.start = row[0],
						     .end = row[1],
						     .offset = row[2] * head[1],
						     .inode = 1,
						     .perms = PT_READ,
						     .role = PT_ROLE_FILE,
						     .path = vmas->names + (path - first)};
		path += strnlen(path, (size_t)(end - path)) + 1;
	}
	core->vmas = vmas;
	return 0;
}

/* What their segments hold is stored; of the rest nothing is known. */
static int runs_of_segments(struct opening *o)
{
	struct pt_core *core = o->core;
	const uint64_t below = ((uint64_t)1 << core->info.page_shift) - 1;
	core->runs = calloc(core->n_segments + 1, sizeof(*core->runs));
	if (!core->runs)
		return -ENOMEM;
	for (size_t i = 0; i < core->n_segments; i++) {
		const struct pt_segment *s = &core->segments[i];
		if ((s->start | s->size) & below)
			return bad(o, "its segments are not of whole pages");
		core->runs[core->n_runs++] = (struct pt_run){s->start, s->start + s->size, PT_CONTENT_STORED, 0};
	}
	return 0;
}

static int understand(struct opening *o)
{
	struct pt_core *core = o->core;
	int error = pt_core_notes(core, take_our_note, o);
	if (!error && core->ours && (!core->runs || !core->vmas))
		return bad(o, "it lacks its table of pages, or of mappings");
	if (error || core->ours)
		return error;
	core->info.page_shift = PAGE_SHIFT_OF_OTHERS;
	error = pt_core_notes(core, take_their_files, core);
	if (!error && !core->vmas && !(core->vmas = pt_vma_table_new(0, 0)))
		error = -ENOMEM;
	return error ? error : runs_of_segments(o);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

/* Index of the segment that holds addr, or n_segments. */
static size_t find_segment(const struct pt_core *core, uint64_t addr)
{
	size_t low = 0, high = core->n_segments;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (core->segments[middle].start + core->segments[middle].size <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < core->n_segments && core->segments[low].start <= addr ? low : core->n_segments;
}

/* Every stored page lies in a segment. */
static int check_stored(struct opening *o)
{
	const struct pt_core *core = o->core;
	for (size_t i = 0; i < core->n_runs; i++) {
		uint64_t at = core->runs[i].start;
		if (core->runs[i].content != PT_CONTENT_STORED)
			continue;
		for (size_t s = find_segment(core, at); at < core->runs[i].end; s++) {
			if (s >= core->n_segments || core->segments[s].start > at)
				return bad(o, "it says that it stores pages which it does not have");
			at = core->segments[s].start + core->segments[s].size;
		}
	}
	return 0;
}

size_t pt_core_find(const struct pt_core *core, uint64_t addr)
{
	size_t low = 0, high = core->n_runs;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (core->runs[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int read_stored(const struct pt_core *core, uint64_t addr, char *bytes, size_t size)
{
	for (size_t s = find_segment(core, addr); size; s++) {
		if (s >= core->n_segments || core->segments[s].start > addr)
			return -ENODATA;
		uint64_t into = addr - core->segments[s].start, left = core->segments[s].size - into;
		size_t n = size < left ? size : (size_t)left;
		int error = read_at(core, bytes, n, core->segments[s].offset + into);
		if (error)
			return error == -ENODATA ? -EBADMSG : error;
		addr += n;
		bytes += n;
		size -= n;
	}
	return 0;
}

int pt_core_read(const struct pt_core *core, uint64_t addr, void *bytes, size_t size)
{
	char *to = bytes;
	for (size_t i = pt_core_find(core, addr); size; i++) {
		if (i >= core->n_runs || core->runs[i].start > addr || !pt_content_here(core->runs[i].content))
			return -ENODATA;
		uint64_t left = core->runs[i].end - addr;
		size_t n = size < left ? size : (size_t)left;
		int error = 0;
		if (core->runs[i].content == PT_CONTENT_ZERO)
			memset(to, 0, n);
		else
			error = read_stored(core, addr, to, n);
		if (error)
			return error;
		addr += n;
		to += n;
		size -= n;
	}
	return 0;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

int pt_core_open(struct pt_core **ret, struct pt_source source, const char **why)
{
	struct opening o = {.core = calloc(1, sizeof(*o.core)), .why = ""};
	if (!o.core)
		return -ENOMEM;
	o.core->source = source;
	int error = read_headers(&o);
	if (!error)
		error = understand(&o);
	if (!error)
		error = check_stored(&o);
	*why = o.why;
	if (error)
		pt_core_close(o.core);
	else
		*ret = o.core;
	return error;
}

void pt_core_close(struct pt_core *core)
{
	if (!core)
		return;
	pt_vma_table_unref(core->vmas);
	free(core->runs);
	free(core->segments);
	free(core->notes);
	free(core);
}
