/*
 * The ELF file; see writer.h. Owns the segments and runs so far, 32 and 24 bytes each.
 */
#include "core/dump/writer.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#else
#define MACHINE EM_NONE
#endif

#define IN_THE_HOLE  UINT64_MAX /* offset of a segment of zeros */
#define PIECES       4096u      /* segments that zeros may take because the hole is shorter than they are */
#define HOLE_ENOUGH  (1ull << 30)
#define TABLE_BUFFER 1024u

struct segment {
	uint64_t start, size, offset;
	uint32_t flags;
};

struct pt_writer {
	unsigned page_shift;
	struct pt_sink sink;
	uint64_t offset;     /* where the next page goes */
	uint32_t flags;      /* of the VMA: PF_* */
	bool open;           /* the last segment has stored pages and may grow */
	struct pt_run zeros; /* that came last, and are in no segment yet; empty: start == end */
	struct segment *segments;
	size_t n_segments, room_segments;
	struct pt_run *runs;
	size_t n_runs, room_runs;
	uint64_t pages[PT_CONTENT_N];
};

struct pt_writer *pt_writer_new(unsigned page_shift, struct pt_sink sink)
{
	struct pt_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->page_shift = page_shift;
	w->sink = sink;
	w->offset = (uint64_t)1 << page_shift; /* the first page is the header's */
	return w;
}

void pt_writer_free(struct pt_writer *w)
{
	if (!w)
		return;
	free(w->segments);
	free(w->runs);
	free(w);
}

uint64_t pt_writer_pages(const struct pt_writer *w, enum pt_content content)
{
	return w->pages[content];
}

/* ---- pages in --------------------------------------------------------------------------------------------------- */

/* Room for one more in *v, an array of anything. NULL: out of memory, and *v is as it was. */
static void *room_for_one(void *v, size_t *room, size_t n, size_t size)
{
	if (v && n < *room)
		return v;
	size_t more = *room ? *room * 2 : 64;
	void *moved = reallocarray(v, more, size);
	if (moved)
		*room = more;
	return moved;
}

static int push_segment(struct pt_writer *w, uint64_t start, uint64_t size, uint64_t offset)
{
	struct segment *v = room_for_one(w->segments, &w->room_segments, w->n_segments, sizeof(*v));
	if (!v)
		return -ENOMEM;
	w->segments = v;
	v[w->n_segments++] = (struct segment){start, size, offset, w->flags};
	return 0;
}

static int push_run(struct pt_writer *w, uint64_t start, uint64_t end, enum pt_content content)
{
	struct pt_run *last = w->n_runs ? &w->runs[w->n_runs - 1] : NULL;
	if (last && last->end == start && last->content == content) {
		last->end = end;
		return 0;
	}
	struct pt_run *v = room_for_one(w->runs, &w->room_runs, w->n_runs, sizeof(*v));
	if (!v)
		return -ENOMEM;
	w->runs = v;
	v[w->n_runs++] = (struct pt_run){start, end, content, 0};
	return 0;
}

/* Zeros that no stored page follows soon become a segment of their own, if they can be read at all. */
static int end_zeros(struct pt_writer *w)
{
	struct pt_run zeros = w->zeros;
	w->zeros = (struct pt_run){0};
	if (zeros.start == zeros.end)
		return 0;
	w->open = false;
	return w->flags & PF_R ? push_segment(w, zeros.start, zeros.end - zeros.start, IN_THE_HOLE) : 0;
}

int pt_writer_vma(struct pt_writer *w, uint8_t perms)
{
	int error = end_zeros(w);
	w->open = false;
	w->flags = (perms & PT_READ ? PF_R : 0u) | (perms & PT_WRITE ? PF_W : 0u) | (perms & PT_EXEC ? PF_X : 0u);
	return error;
}

static bool is_zero(const unsigned char *page, size_t size)
{
	return !page[0] && !memcmp(page, page + 1, size - 1);
}

/* Pages of zeros stay holes. */
static int write_pages(struct pt_writer *w, const unsigned char *data, uint64_t size)
{
	const size_t page = (size_t)1 << w->page_shift;
	for (uint64_t at = 0, end; at < size; at = end) {
		for (; at < size && is_zero(data + at, page); at += page)
			;
		for (end = at; end < size && !is_zero(data + end, page); end += page)
			;
		int error = at < end ? w->sink.write(w->sink.arg, data + at, end - at, w->offset + at) : 0;
		if (error)
			return error;
	}
	return 0;
}

static uint64_t segment_end(const struct pt_writer *w)
{
	const struct segment *last = &w->segments[w->n_segments - 1];
	return last->start + last->size;
}

static int put_stored(struct pt_writer *w, uint64_t start, uint64_t end, const void *data)
{
	uint64_t gap = w->zeros.end - w->zeros.start;
	bool follows = w->open && segment_end(w) + gap == start;
	int error = 0;

	if (gap && follows && gap >> w->page_shift <= PT_WRITER_GAP) {
		w->segments[w->n_segments - 1].size += gap;
		w->offset += gap;
		w->zeros = (struct pt_run){0};
	} else if (gap) {
		error = end_zeros(w);
	}
	if (!error && !(w->open && segment_end(w) == start))
		error = push_segment(w, start, 0, w->offset);
	if (!error && data)
		error = write_pages(w, data, end - start);
	if (error)
		return error;
	w->open = true;
	w->segments[w->n_segments - 1].size += end - start;
	w->offset += end - start;
	return 0;
}

static int put_zeros(struct pt_writer *w, uint64_t start, uint64_t end)
{
	int error = 0;
	if (w->zeros.end != start || w->zeros.start == w->zeros.end) {
		error = end_zeros(w);
		w->zeros.start = start;
	}
	w->zeros.end = end;
	return error;
}

int pt_writer_put(struct pt_writer *w, uint64_t start, uint64_t end, enum pt_content content, const void *data)
{
	int error = 0;
	if (start == end)
		return 0;
	if (content == PT_CONTENT_STORED) {
		error = put_stored(w, start, end, data);
	} else if (content == PT_CONTENT_ZERO) {
		error = put_zeros(w, start, end);
	} else {
		error = end_zeros(w);
		w->open = false;
	}
	if (!error)
		error = push_run(w, start, end, content);
	if (!error)
		w->pages[content] += (end - start) >> w->page_shift;
	return error;
}

/* ---- tables out ------------------------------------------------------------------------------------------------- */

struct tables {
	uint64_t hole;     /* its size */
	uint64_t segments; /* as the file has them: long zeros are cut into pieces of the hole's size */
	uint64_t notes, notes_size, headers, section, size; /* offsets, and where the file ends */
	struct pt_bytes pages_head;
};

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* As long as the longest stretch; but no longer than it takes for pieces to be few. */
static void size_hole(const struct pt_writer *w, struct tables *t)
{
	uint64_t longest = 0, all = 0;
	for (size_t i = 0; i < w->n_segments; i++) {
		if (w->segments[i].offset != IN_THE_HOLE)
			continue;
		longest = w->segments[i].size > longest ? w->segments[i].size : longest;
		all += w->segments[i].size;
	}
	t->hole = round_up(all / PIECES, (uint64_t)1 << w->page_shift);
	t->hole = t->hole > HOLE_ENOUGH ? t->hole : HOLE_ENOUGH;
	t->hole = t->hole < longest ? t->hole : longest;
	for (size_t i = 0; i < w->n_segments; i++) {
		bool pieces = t->hole && w->segments[i].offset == IN_THE_HOLE;
		t->segments += pieces ? (w->segments[i].size + t->hole - 1) / t->hole : 1;
	}
}

static void lay_out(const struct pt_writer *w, const struct pt_bytes *notes, struct tables *t)
{
	size_hole(w, t);
	pt_note_head(&t->pages_head, PT_NOTE_NAME, PT_NOTE_PAGES, w->n_runs * sizeof(*w->runs));
	t->notes = w->offset + t->hole;
	t->notes_size = notes->n + t->pages_head.n + w->n_runs * sizeof(*w->runs);
	t->headers = round_up(t->notes + t->notes_size, 8);
	t->section = t->headers + (t->segments + 1) * sizeof(Elf64_Phdr);
	t->size = t->section + (t->segments + 1 >= PN_XNUM ? sizeof(Elf64_Shdr) : 0);
}

static int write_notes(struct pt_writer *w, const struct pt_bytes *notes, const struct tables *t)
{
	const struct {
		const void *bytes;
		size_t size;
	} parts[] = {{notes->v, notes->n}, {t->pages_head.v, t->pages_head.n}, {w->runs, w->n_runs * sizeof(*w->runs)}};
	uint64_t at = t->notes;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		int error = parts[i].size ? w->sink.write(w->sink.arg, parts[i].bytes, parts[i].size, at) : 0;
		if (error)
			return error;
		at += parts[i].size;
	}
	return 0;
}

/* Program headers, through a buffer. */
struct header_buffer {
	Elf64_Phdr v[TABLE_BUFFER];
	size_t n;
	uint64_t offset;
};

static int flush(struct pt_writer *w, struct header_buffer *b)
{
	int error = b->n ? w->sink.write(w->sink.arg, b->v, b->n * sizeof(*b->v), b->offset) : 0;
	b->offset += b->n * sizeof(*b->v);
	b->n = 0;
	return error;
}

static int add_header(struct pt_writer *w, struct header_buffer *b, const Elf64_Phdr *header)
{
	b->v[b->n++] = *header;
	return b->n == TABLE_BUFFER ? flush(w, b) : 0;
}

static int add_segment(struct pt_writer *w, struct header_buffer *b, const struct segment *s, const struct tables *t)
{
	bool zeros = s->offset == IN_THE_HOLE;
	int error = 0;
	for (uint64_t at = 0, size; at < s->size && !error; at += size) {
		size = zeros && s->size - at > t->hole ? t->hole : s->size - at;
		const Elf64_Phdr header = {
			.p_type = PT_LOAD,
			.p_flags = s->flags,
			.p_offset = zeros ? w->offset : s->offset,
			.p_vaddr = s->start + at,
			.p_filesz = size,
			.p_memsz = size,
			.p_align = (uint64_t)1 << w->page_shift,
		};
		error = add_header(w, b, &header);
	}
	return error;
}

static int write_headers(struct pt_writer *w, const struct tables *t)
{
	struct header_buffer *b = malloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->n = 0;
	b->offset = t->headers;
	const Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = t->notes, .p_filesz = t->notes_size, .p_align = 4};
	int error = add_header(w, b, &note);
	for (size_t i = 0; i < w->n_segments && !error; i++)
		error = add_segment(w, b, &w->segments[i], t);
	if (!error)
		error = flush(w, b);
	free(b);
	return error;
}

/* The number of segments is 16 bits wide; where that is not enough, a lone section header has it. */
static int write_head(struct pt_writer *w, const struct tables *t)
{
	bool many = t->segments + 1 >= PN_XNUM;
	const Elf64_Shdr section = {.sh_type = SHT_NULL, .sh_size = 1, .sh_info = (uint32_t)(t->segments + 1)};
	Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB, EV_CURRENT, ELFOSABI_NONE},
		.e_type = ET_CORE,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_phoff = t->headers,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = many ? PN_XNUM : (uint16_t)(t->segments + 1),
	};
	int error = 0;
	if (many) {
		head.e_shoff = t->section;
		head.e_shentsize = sizeof(Elf64_Shdr);
		head.e_shnum = 1;
		error = w->sink.write(w->sink.arg, &section, sizeof(section), t->section);
	}
	return error ? error : w->sink.write(w->sink.arg, &head, sizeof(head), 0);
}

int pt_writer_finish(struct pt_writer *w, const struct pt_bytes *notes, uint64_t *ret_size)
{
	struct tables t = {0};
	int error = pt_writer_vma(w, 0);
	if (error)
		return error;
	if (w->n_runs * sizeof(*w->runs) > UINT32_MAX)
		return -EFBIG;
	lay_out(w, notes, &t);
	if (t.segments + 1 > UINT32_MAX)
		error = -EFBIG;
	if (notes->failed || t.pages_head.failed)
		error = -ENOMEM;
	if (!error)
		error = write_notes(w, notes, &t);
	if (!error)
		error = write_headers(w, &t);
	if (!error)
		error = write_head(w, &t);
	pt_bytes_free(&t.pages_head);
	*ret_size = t.size;
	return error;
}
