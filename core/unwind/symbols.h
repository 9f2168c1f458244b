/*
 * The symbols of a module by address, out of one or more symbol tables.
 */
#ifndef PT_UNWIND_SYMBOLS_H
#define PT_UNWIND_SYMBOLS_H

#include "core/unwind/demangle.h"
#include "core/unwind/image.h"

struct pt_symbols;

enum pt_symbols_of {
	PT_SYMBOLS_CODE,
	PT_SYMBOLS_DATA, /* variables, constants, vtables; not thread-local ones */
};

struct pt_symbols *pt_symbols_new(enum pt_symbols_of of); /* NULL: out of memory */
void pt_symbols_free(struct pt_symbols *symbols);         /* NULL is fine */
/* Adds the symbol tables of an image, which is borrowed for as long as symbols are. */
void pt_symbols_add(struct pt_symbols *symbols, const struct pt_image *image);
/*
 * What is at an address, as the file counts; demangled where d is not NULL. NULL: none is known that covers it.
 * The name stays as long as symbols does.
 */
const char *pt_symbols_find(struct pt_symbols *symbols, uint64_t address, struct pt_demangler *d, uint64_t *ret_offset);

#endif
