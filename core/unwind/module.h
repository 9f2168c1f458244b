/*
 * A file with code that a process has mapped, and what is known of it: unwind tables, symbols of code and data, source lines. Read when it
 * is first asked for; of its descriptor nothing stays, but where there are source lines to be read later.
 */
#ifndef PT_UNWIND_MODULE_H
#define PT_UNWIND_MODULE_H

#include "core/model/vma.h"
#include "core/unwind/cfi.h"
#include "core/unwind/lines.h"
#include "core/unwind/symbols.h"

enum pt_module_state { PT_MODULE_UNREAD, PT_MODULE_READ, PT_MODULE_UNKNOWN };

struct pt_segment { /* a piece of the file, and where the file wants it to be loaded */
	uint64_t offset, size, address;
	uint64_t memory; /* bytes there: with what is zero at first and not in the file */
	bool code, writable;
};

struct pt_module {
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	char *path;     /* raw, as maps has it */
	char *build_id; /* once read: in hexadecimal digits; NULL: it has none */
	/* private: */
	enum pt_module_state state;
	struct pt_image image;
	struct pt_segment *segments; /* [n_segments] */
	size_t n_segments;
	struct pt_cfi *cfi;
	struct pt_image debug;         /* symbols of the separate debug file */
	struct pt_symbols *symbols[2]; /* by enum pt_symbols_of */
	struct pt_lines *lines;
	bool symbols_tried[2], debug_tried, lines_tried;
	int fd; /* -1; else what lines are read from */
};

/* What modules share. */
struct pt_module_env {
	struct pt_kernel *k;
	pid_t pid;
	struct pt_demangler *demangler; /* NULL is fine */
	unsigned n_open;                /* descriptors */
};

struct pt_module *pt_module_new(const struct pt_vma *vma);                /* NULL: out of memory */
void pt_module_free(struct pt_module *module, struct pt_module_env *env); /* NULL is fine */
bool pt_module_is_of(const struct pt_module *module, const struct pt_vma *vma);

/* Reads it if need be, through the mapping [start, end) of it. False: nothing is known of it. */
bool pt_module_read(struct pt_module *module, struct pt_module_env *env, uint64_t start, uint64_t end);
/* From the place in the file to the address the file counts by; false: no code is there. */
bool pt_module_address(const struct pt_module *module, uint64_t offset, uint64_t *ret);
/* Of a module that was read, at such an address. NULL: no row. */
const struct pt_row *pt_module_row(struct pt_module *module, uint64_t address);
/* `of` code, or of data: where no variable is known, the section. */
const char *pt_module_symbol(struct pt_module *module, struct pt_module_env *env, enum pt_symbols_of of,
			     uint64_t address, uint64_t *ret_offset);
/*
 * Where the file's address 0 is, if its bytes from `offset` on are mapped as code at [start, end); it may be below 0.
 * False: they are no code.
 */
bool pt_module_base(const struct pt_module *module, uint64_t start, uint64_t end, uint64_t offset, uint64_t *ret);
/* Whether anything of it is loaded at such an address. */
bool pt_module_has(const struct pt_module *module, uint64_t address);
/* Bytes at such an address that no program changes, out of the file; how many there are, or -errno. */
ssize_t pt_module_constant(const struct pt_module *module, const struct pt_module_env *env, uint64_t start,
			   uint64_t end, uint64_t address, void *ret, size_t size);
bool pt_module_line(struct pt_module *module, struct pt_module_env *env, uint64_t address, const char **ret_file,
		    int *ret_line);

#endif
