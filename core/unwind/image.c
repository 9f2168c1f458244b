/*
 * A copy of the wanted sections of an ELF file; see image.h. Owns the bytes and libelf's handle on them.
 */
#include "core/unwind/image.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)8 << 30)   /* bytes of address space, mostly untouched */
#define COPY_MAX ((size_t)512 << 20) /* bytes that are read */
#define PIECE    ((size_t)1 << 20)

#if defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_X86_64
#endif

struct reader {
	struct pt_kernel *k;
	int fd;
	unsigned parts;
	Elf64_Ehdr header;
	Elf64_Shdr *sections; /* [header.e_shnum] */
	char *names;          /* of sections, NUL-terminated */
	size_t names_size;
	size_t end;  /* of all that is wanted, in the file */
	size_t left; /* bytes that may still be read */
};

/* Up to the end of the file: what is beyond stays as it is. */
static int read_at(const struct reader *r, void *into, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		size_t piece = size - done < PIECE ? size - done : PIECE;
		ssize_t n = r->k->ops->pread(r->k, r->fd, (char *)into + done, piece, offset + done);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return 0;
}

static int read_header(struct reader *r)
{
	const Elf64_Ehdr *h = &r->header;
	int error = read_at(r, &r->header, sizeof(r->header), 0);
	if (error)
		return error;
	const uint16_t one = 1;
	const unsigned char data = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != data ||
	    h->e_machine != MACHINE || (h->e_phnum && h->e_phentsize != sizeof(Elf64_Phdr)) ||
	    (h->e_shnum && h->e_shentsize != sizeof(Elf64_Shdr)))
		return -ENOEXEC;
	return 0;
}

/* Widens what is wanted, within bounds. */
static bool want(struct reader *r, uint64_t offset, uint64_t size)
{
	if (offset > FILE_MAX || size > FILE_MAX - offset || size > r->left)
		return false;
	r->left -= size;
	if (r->end < offset + size)
		r->end = offset + size;
	return true;
}

static int read_sections(struct reader *r)
{
	const size_t size = r->header.e_shnum * sizeof(Elf64_Shdr);
	if (!want(r, r->header.e_shoff, size))
		return -EFBIG;
	r->sections = calloc(1, size + 1);
	if (!r->sections)
		return -ENOMEM;
	int error = read_at(r, r->sections, size, r->header.e_shoff);
	if (error || r->header.e_shstrndx >= r->header.e_shnum)
		return error;
	const Elf64_Shdr *names = &r->sections[r->header.e_shstrndx];
	if (names->sh_type == SHT_NOBITS || !want(r, names->sh_offset, names->sh_size))
		return -EFBIG;
	r->names = calloc(1, names->sh_size + 1);
	if (!r->names)
		return -ENOMEM;
	r->names_size = names->sh_size;
	return read_at(r, r->names, r->names_size, names->sh_offset);
}

static bool is_of(const struct reader *r, size_t i)
{
	const Elf64_Shdr *s = &r->sections[i];
	const char *name = s->sh_name < r->names_size ? r->names + s->sh_name : "";
	if (s->sh_type == SHT_NOBITS || s->sh_type == SHT_NULL)
		return false;
	if (r->parts & PT_IMAGE_CALLS && (!strcmp(name, ".eh_frame") || !strcmp(name, ".eh_frame_hdr") ||
					  !strcmp(name, ".debug_frame") || s->sh_type == SHT_NOTE))
		return true;
	if (r->parts & PT_IMAGE_SYMBOLS &&
	    (s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM || s->sh_type == SHT_STRTAB))
		return true;
	return r->parts & PT_IMAGE_LINES && !strncmp(name, ".debug_", 7);
}

/* Room for all up to the end of what is wanted. A file that does not reach so far is cut off or lies. */
static int allocate(struct reader *r, struct pt_image *image)
{
	char byte;
	ssize_t n = r->k->ops->pread(r->k, r->fd, &byte, 1, r->end - 1);
	if (n != 1)
		return n < 0 ? (int)n : -ENOEXEC;
	image->size = r->end;
	image->bytes = calloc(1, r->end);
	return image->bytes ? 0 : -ENOMEM;
}

static int copy(const struct reader *r, char *bytes, uint64_t offset, size_t size)
{
	return read_at(r, bytes + offset, size, offset);
}

/* Of a file without sections, which some strip: all that is loaded into memory. */
static int copy_segments(struct reader *r, struct pt_image *image)
{
	const size_t headers = r->header.e_phnum * sizeof(Elf64_Phdr);
	Elf64_Phdr *segments = calloc(1, headers + 1);
	int error = segments ? read_at(r, segments, headers, r->header.e_phoff) : -ENOMEM;
	for (size_t i = 0; i < r->header.e_phnum && !error; i++)
		if (segments[i].p_type == PT_LOAD && !want(r, segments[i].p_offset, segments[i].p_filesz))
			error = -EFBIG;
	if (!error)
		error = allocate(r, image);
	for (size_t i = 0; i < r->header.e_phnum && !error; i++)
		if (segments[i].p_type == PT_LOAD)
			error = copy(r, image->bytes, segments[i].p_offset, segments[i].p_filesz);
	free(segments);
	return error;
}

static int copy_sections(struct reader *r, struct pt_image *image)
{
	for (size_t i = 0; i < r->header.e_shnum; i++)
		if (is_of(r, i) && !want(r, r->sections[i].sh_offset, r->sections[i].sh_size))
			return -EFBIG;
	int error = allocate(r, image);
	if (error)
		return error;
	memcpy(image->bytes + r->header.e_shoff, r->sections, r->header.e_shnum * sizeof(Elf64_Shdr));
	if (r->names)
		memcpy(image->bytes + r->sections[r->header.e_shstrndx].sh_offset, r->names, r->names_size);
	for (size_t i = 0; i < r->header.e_shnum && !error; i++)
		if (is_of(r, i))
			error = copy(r, image->bytes, r->sections[i].sh_offset, r->sections[i].sh_size);
	return error;
}

static int fill(struct reader *r, struct pt_image *image)
{
	int error = read_header(r);
	if (error)
		return error;
	if (!want(r, 0, sizeof(r->header)) || !want(r, r->header.e_phoff, r->header.e_phnum * sizeof(Elf64_Phdr)))
		return -EFBIG;
	error = r->header.e_shnum ? read_sections(r) : 0;
	if (!error)
		error = r->header.e_shnum ? copy_sections(r, image) : copy_segments(r, image);
	if (error)
		return error;
	memcpy(image->bytes, &r->header, sizeof(r->header));
	return copy(r, image->bytes, r->header.e_phoff, r->header.e_phnum * sizeof(Elf64_Phdr));
}

static int begin(struct pt_image *image)
{
	elf_version(EV_CURRENT);
	image->elf = elf_memory(image->bytes, image->size);
	return image->elf && elf_kind(image->elf) == ELF_K_ELF ? 0 : -ENOEXEC;
}

int pt_image_read(struct pt_image *ret, struct pt_kernel *k, int fd, unsigned parts)
{
	struct reader r = {.k = k, .fd = fd, .parts = parts, .left = COPY_MAX};
	memset(ret, 0, sizeof(*ret));
	int error = fill(&r, ret);
	if (!error)
		error = begin(ret);
	if (error)
		pt_image_drop(ret);
	free(r.sections);
	free(r.names);
	return error;
}

int pt_image_of_bytes(struct pt_image *ret, char *bytes, size_t size)
{
	*ret = (struct pt_image){.bytes = bytes, .size = size};
	int error = size > sizeof(Elf64_Ehdr) ? begin(ret) : -ENOEXEC;
	if (error)
		pt_image_drop(ret);
	return error;
}

void pt_image_drop(struct pt_image *image)
{
	if (image->elf)
		elf_end(image->elf);
	free(image->bytes);
	memset(image, 0, sizeof(*image));
}

bool pt_image_has(const struct pt_image *image, const char *section)
{
	size_t names;
	if (!image->elf || elf_getshdrstrndx(image->elf, &names))
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(image->elf, scn));) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(scn, &header) ? elf_strptr(image->elf, names, header.sh_name) : NULL;
		if (name && header.sh_type != SHT_NOBITS && !strcmp(name, section))
			return true;
	}
	return false;
}

const char *pt_image_section(const struct pt_image *image, uint64_t address, uint64_t *ret_offset)
{
	size_t names;
	if (!image->elf || elf_getshdrstrndx(image->elf, &names))
		return NULL;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(image->elf, scn));) {
		GElf_Shdr header;
		if (!gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    header.sh_flags & (SHF_EXECINSTR | SHF_TLS) || address - header.sh_addr >= header.sh_size)
			continue;
		*ret_offset = address - header.sh_addr;
		return elf_strptr(image->elf, names, header.sh_name);
	}
	return NULL;
}
