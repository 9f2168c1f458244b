/*
 * Which allocators a process has; see allocator.h. By the names of what is mapped, and for what is linked into the program
 * by its sections and symbols: a stripped static allocator stays unknown. That a library is there does not say that malloc
 * is its: which of them holds objects, the heap tells (heap.h).
 */
#include "core/hunt/allocator.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE   (256u << 10)
#define OVERLAP 64u
#define MOST    (64u << 20) /* bytes of names of symbols that are searched */

struct sign {
	const char *text;
	enum pt_allocator means;
};

/* How file names of libraries begin. */
static const struct sign libraries[] = {
	{"libc.so.6", PT_ALLOCATOR_GLIBC},        {"libc-2.", PT_ALLOCATOR_GLIBC},
	{"libjemalloc", PT_ALLOCATOR_JEMALLOC},   {"libtcmalloc", PT_ALLOCATOR_TCMALLOC},
	{"libmimalloc", PT_ALLOCATOR_MIMALLOC},   {"ld-musl-", PT_ALLOCATOR_MUSL},
	{"libc.musl-", PT_ALLOCATOR_MUSL},        {"libjvm.so", PT_ALLOCATOR_JAVA},
	{"libnode.so", PT_ALLOCATOR_V8},          {"libv8", PT_ALLOCATOR_V8},
	{"libasan.so", PT_ALLOCATOR_SANITIZER},   {"liblsan.so", PT_ALLOCATOR_SANITIZER},
	{"libtsan.so", PT_ALLOCATOR_SANITIZER},   {"libhwasan.so", PT_ALLOCATOR_SANITIZER},
	{"libclang_rt.", PT_ALLOCATOR_SANITIZER},
};

static const struct sign sections[] = {
	{".gopclntab", PT_ALLOCATOR_GO},
	{".go.buildinfo", PT_ALLOCATOR_GO},
};

/* Names of symbols, in full. */
static const struct sign symbols[] = {
	{"je_arena_new", PT_ALLOCATOR_JEMALLOC},
	{"je_malloc_conf", PT_ALLOCATOR_JEMALLOC},
	{"tc_malloc", PT_ALLOCATOR_TCMALLOC},
	{"TCMallocInternalMalloc", PT_ALLOCATOR_TCMALLOC},
	{"mi_malloc", PT_ALLOCATOR_MIMALLOC},
	{"__asan_init", PT_ALLOCATOR_SANITIZER},
	{"__lsan_init", PT_ALLOCATOR_SANITIZER},
	{"__tsan_init", PT_ALLOCATOR_SANITIZER},
	{"__msan_init", PT_ALLOCATOR_SANITIZER},
	{"__hwasan_init", PT_ALLOCATOR_SANITIZER},
	{"_ZN2v87Isolate3NewERKNS0_12CreateParamsE", PT_ALLOCATOR_V8},
};

#define N(array) (sizeof(array) / sizeof(*(array)))

const char *pt_allocator_name(enum pt_allocator one)
{
	switch (one) {
	case PT_ALLOCATOR_GLIBC: return "glibc";
	case PT_ALLOCATOR_JEMALLOC: return "jemalloc";
	case PT_ALLOCATOR_TCMALLOC: return "tcmalloc";
	case PT_ALLOCATOR_MIMALLOC: return "mimalloc";
	case PT_ALLOCATOR_MUSL: return "musl";
	case PT_ALLOCATOR_GO: return "Go";
	case PT_ALLOCATOR_JAVA: return "Java";
	case PT_ALLOCATOR_V8: return "V8";
	case PT_ALLOCATOR_SANITIZER: return "sanitizer";
	}
	return "unknown";
}

/* ---- by what is mapped ------------------------------------------------------------------------------------------ */

static unsigned by_name(const struct pt_vma_table *vmas)
{
	const char *path = NULL;
	unsigned set = 0;
	for (size_t i = 0; i < vmas->n; i++) {
		if (vmas->v[i].path == path || vmas->v[i].path[0] != '/')
			continue;
		path = vmas->v[i].path;
		const char *name = strrchr(path, '/') + 1;
		for (size_t k = 0; k < N(libraries); k++)
			if (!strncmp(name, libraries[k].text, strlen(libraries[k].text)))
				set |= libraries[k].means;
	}
	return set;
}

/* ---- by what the program is made of ----------------------------------------------------------------------------- */

struct program {
	struct pt_kernel *k;
	int fd;
	Elf64_Ehdr header;
	Elf64_Shdr *sections; /* [header.e_shnum] */
	char *slice;          /* [SLICE] */
};

static bool read_exactly(const struct program *p, void *ret, size_t size, uint64_t offset)
{
	return p->k->ops->pread(p->k, p->fd, ret, size, offset) == (ssize_t)size;
}

static bool read_sections(struct program *p)
{
	if (!read_exactly(p, &p->header, sizeof(p->header), 0) || memcmp(p->header.e_ident, ELFMAG, SELFMAG) ||
	    p->header.e_ident[EI_CLASS] != ELFCLASS64 || p->header.e_shentsize != sizeof(Elf64_Shdr))
		return false;
	size_t size = (size_t)p->header.e_shnum * sizeof(Elf64_Shdr);
	p->sections = malloc(size + 1);
	p->slice = malloc(SLICE);
	return p->sections && p->slice && read_exactly(p, p->sections, size, p->header.e_shoff);
}

static unsigned look_for(const char *text, size_t size, const struct sign *signs, size_t n)
{
	unsigned set = 0;
	for (size_t i = 0; i < n; i++) {
		char name[OVERLAP];
		int length = snprintf(name + 1, sizeof(name) - 1, "%s", signs[i].text);
		name[0] = 0; /* names stand between zeroes */
		if (memmem(text, size, name, (size_t)length + 2))
			set |= signs[i].means;
	}
	return set;
}

/* In a section of names. */
static unsigned search(const struct program *p, const Elf64_Shdr *section, const struct sign *signs, size_t n)
{
	unsigned set = 0;
	uint64_t size = section->sh_size < MOST ? section->sh_size : MOST;
	for (uint64_t at = 0; at < size; at += SLICE - OVERLAP) {
		size_t want = size - at < SLICE ? (size_t)(size - at) : SLICE;
		ssize_t got = p->k->ops->pread(p->k, p->fd, p->slice, want, section->sh_offset + at);
		if (got <= 0)
			break;
		set |= look_for(p->slice, (size_t)got, signs, n);
	}
	return set;
}

static unsigned by_contents(struct program *p)
{
	unsigned set = 0;
	if (!read_sections(p))
		return 0;
	for (unsigned i = 0; i < p->header.e_shnum; i++) {
		const Elf64_Shdr *section = &p->sections[i];
		if (i == p->header.e_shstrndx)
			set |= search(p, section, sections, N(sections));
		else if (section->sh_type == SHT_SYMTAB && section->sh_link < p->header.e_shnum)
			set |= search(p, &p->sections[section->sh_link], symbols, N(symbols));
		else if (section->sh_type == SHT_DYNSYM && section->sh_link < p->header.e_shnum)
			set |= search(p, &p->sections[section->sh_link], symbols, N(symbols));
	}
	return set;
}

unsigned pt_allocators_of(const struct pt_memory *memory)
{
	const struct pt_target *t = memory->target;
	struct program program = {.k = t->k};
	char path[64];
	unsigned set = by_name(memory->vmas);
	snprintf(path, sizeof(path), "proc/%d/exe", t->task);
	program.fd = t->k->ops->open(t->k, path, O_RDONLY | O_NONBLOCK);
	if (program.fd < 0)
		return set;
	set |= by_contents(&program);
	free(program.sections);
	free(program.slice);
	t->k->ops->close(t->k, program.fd);
	return set;
}
