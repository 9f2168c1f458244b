/*
 * From registers and a piece of stack to the addresses of the calls (libdw), and from an address to a name. One process;
 * used by one thread. Keeps what it learned of each module (build id, unwind tables, symbols) and each address.
 *
 * Modules come from the files behind the maps, also deleted, replaced ones and those of another mount namespace
 * (/proc/PID/map_files, /proc/PID/root), debug files from /usr/lib/debug by build id. Code in no file is unknown: JIT.
 */
#ifndef PT_UNWIND_UNWIND_H
#define PT_UNWIND_UNWIND_H

#include "core/kernel/kernel.h"
#include "core/model/vma.h"
#include "core/unwind/stacks.h"
#include "core/unwind/user.h"

struct pt_unwinder;

/* Of an address. Strings are the unwinder's and stay until it ends; raw bytes of the file, so hostile. NULL: not known. */
struct pt_symbol {
	const char *name;       /* demangled */
	uint64_t offset;        /* bytes from where it begins */
	const char *module;     /* path, as maps has it; NULL: in no file */
	const char *build_id;   /* of the module, in hexadecimal digits; NULL: it has none */
	uint64_t module_offset; /* of the address there, as its own symbol table counts; unreadable: in the file */
	const char *file;       /* of the source */
	int line;               /* 0: not known */
};

/* 0, -ESRCH, -EACCES, -ENOMEM. k must outlive it. */
int pt_unwinder_new(struct pt_unwinder **ret, struct pt_kernel *k, pid_t pid);
void pt_unwinder_free(struct pt_unwinder *u); /* NULL is fine */
/* The process has become another program: nothing known of its modules holds any more. */
void pt_unwinder_execed(struct pt_unwinder *u);
/* It has got code there (PERF_RECORD_MMAP2): known even if maps are not read in time, as of a process that ends. */
void pt_unwinder_mapped(struct pt_unwinder *u, const struct pt_vma *vma);
/*
 * The calls of a sample that has a stack, innermost first, into ips[max]; returns how many (at least the instruction
 * itself). An address that is not known makes the maps be read again, but not for more than half a percent of the time.
 */
size_t pt_unwinder_calls(struct pt_unwinder *u, const struct pt_user *user, uint64_t *ips, size_t max,
			 bool *ret_complete);
/* The same, with the stack pointer in each call's frame: call i has what lies in [sps[i], sps[i + 1]). */
size_t pt_unwinder_frames(struct pt_unwinder *u, const struct pt_user *user, uint64_t *ips, uint64_t *sps, size_t max,
			  bool *ret_complete);
/* All fields of ret are set. Dear the first time (0.1 ms, of a module 10 ms and more), so ask for what is shown. */
void pt_unwinder_symbol(struct pt_unwinder *u, uint64_t ip, bool with_line, struct pt_symbol *ret);
/* Of data: a variable, a constant or a vtable; where no symbol is known, its section (".bss"). No file, no line. */
void pt_unwinder_data(struct pt_unwinder *u, uint64_t address, struct pt_symbol *ret);
/* What a program can't change at an address, out of its file; how many bytes, or -errno: -ENOENT: it is no such place. */
ssize_t pt_unwinder_constant(struct pt_unwinder *u, uint64_t address, void *ret, size_t size);
/* A type by its mangled name ("3Foo"), as std::type_info has it. Malloc'ed; NULL: it is none, or can't be told. */
char *pt_unwinder_type(struct pt_unwinder *u, const char *mangled);

#endif
