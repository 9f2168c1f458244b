/*
 * Symbols in the order of their addresses; see symbols.h. Owns the table and demangled names; raw names are the images'.
 */
#include "core/unwind/symbols.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define BACK_MAX 32u /* symbols looked at for one that covers an address: those within others are few */

struct symbol {
	uint64_t value;
	uint64_t end;     /* of one without a size: of its section */
	const char *name; /* raw; of the image */
	char *plain;      /* demangled; NULL: not tried, or raw is what there is */
	bool tried, sized;
	uint8_t rank; /* of several at one address, the highest is shown */
};

struct pt_symbols {
	enum pt_symbols_of of;
	struct symbol *v; /* [n], by address and rank once sorted */
	size_t n, room;
	bool sorted;
};

struct pt_symbols *pt_symbols_new(enum pt_symbols_of of)
{
	struct pt_symbols *s = calloc(1, sizeof(*s));
	if (s)
		s->of = of;
	return s;
}

void pt_symbols_free(struct pt_symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].plain);
	free(s->v);
	free(s);
}

/* Sized before not, global before weak before local, and malloc before __libc_malloc and malloc@GLIBC_2.2.5. */
static uint8_t rank_of(const GElf_Sym *sym, const char *name)
{
	const size_t underscores = strspn(name, "_");
	const unsigned bind = GELF_ST_BIND(sym->st_info);
	unsigned rank = sym->st_size ? 100 : 0;
	rank += bind == STB_GLOBAL ? 40 : bind == STB_WEAK ? 20 : 0;
	rank += 8 - (underscores < 8 ? (unsigned)underscores : 8);
	return (uint8_t)(strchr(name, '@') ? rank : rank + 10);
}

static bool may_be(const GElf_Sym *sym, enum pt_symbols_of of)
{
	const unsigned type = GELF_ST_TYPE(sym->st_info);
	if (of == PT_SYMBOLS_DATA) /* labels like __bss_start name no variable */
		return (type == STT_OBJECT || type == STT_NOTYPE || type == STT_COMMON) && sym->st_size;
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

/* *ret_end: where it is over at the latest. */
static bool is_of(Elf *elf, const GElf_Sym *sym, enum pt_symbols_of of, uint64_t *ret_end)
{
	GElf_Shdr header;
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE || !may_be(sym, of))
		return false;
	Elf_Scn *scn = elf_getscn(elf, sym->st_shndx);
	if (!scn || !gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_ALLOC))
		return false;
	if (!(header.sh_flags & SHF_EXECINSTR) != (of == PT_SYMBOLS_DATA))
		return false;
	*ret_end = sym->st_size ? sym->st_value + sym->st_size : header.sh_addr + header.sh_size;
	return true;
}

static bool push(struct pt_symbols *s, const struct symbol *symbol)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		struct symbol *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return false;
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = *symbol;
	return true;
}

static void add_table(struct pt_symbols *s, Elf *elf, Elf_Scn *scn, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	const size_t n = data && header->sh_entsize == sizeof(Elf64_Sym) ? data->d_size / header->sh_entsize : 0;
	for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
		GElf_Sym sym;
		uint64_t end;
		if (!gelf_getsym(data, (int)i, &sym) || !is_of(elf, &sym, s->of, &end))
			continue;
		const char *name = elf_strptr(elf, header->sh_link, sym.st_name);
		if (!name || !*name || *name == '$') /* $x, $d: where code and data begin, of aarch64 */
			continue;
		const struct symbol symbol = {.value = sym.st_value,
					      .end = end,
					      .name = name,
					      .sized = sym.st_size != 0,
					      .rank = rank_of(&sym, name)};
		if (!push(s, &symbol))
			return;
	}
}

void pt_symbols_add(struct pt_symbols *s, const struct pt_image *image)
{
	s->sorted = false;
	for (Elf_Scn *scn = NULL; image->elf && (scn = elf_nextscn(image->elf, scn));) {
		GElf_Shdr header;
		if (gelf_getshdr(scn, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			add_table(s, image->elf, scn, &header);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* How many begin at or below the address. */
static size_t below(const struct pt_symbols *s, uint64_t address)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->v[middle].value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One without a size, a label of an assembler, reaches to the next. */
static struct symbol *covering(const struct pt_symbols *s, uint64_t address)
{
	const size_t end = below(s, address);
	for (size_t i = end; i > 0 && end - i < BACK_MAX; i--) {
		struct symbol *symbol = &s->v[i - 1];
		if (address < symbol->end && (symbol->sized || symbol->value == s->v[end - 1].value))
			return symbol;
	}
	return NULL;
}

const char *pt_symbols_find(struct pt_symbols *s, uint64_t address, struct pt_demangler *d, uint64_t *ret_offset)
{
	if (!s->sorted && s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_address);
	s->sorted = true;
	struct symbol *symbol = covering(s, address);
	if (!symbol)
		return NULL;
	*ret_offset = address - symbol->value;
	if (!symbol->tried && d)
		symbol->plain = pt_demangle(d, symbol->name);
	symbol->tried |= d != NULL;
	return symbol->plain ? symbol->plain : symbol->name;
}
