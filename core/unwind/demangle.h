/*
 * Names of C++ and Rust as people write them, where the C++ library is installed: its __cxa_demangle is used, which every
 * machine with a C++ program has. Where it isn't, and for what it does not know (Rust's newer mangling), names stay raw.
 */
#ifndef PT_UNWIND_DEMANGLE_H
#define PT_UNWIND_DEMANGLE_H

struct pt_demangler;

struct pt_demangler *pt_demangler_new(void); /* NULL: out of memory */
void pt_demangler_free(struct pt_demangler *demangler);
/* Malloc'ed; NULL: it is to be shown as it is. The library is loaded when the first such name comes. */
char *pt_demangle(struct pt_demangler *demangler, const char *name);
/* The same of a type, as std::type_info has its name: "3Foo". */
char *pt_demangle_type(struct pt_demangler *demangler, const char *name);

#endif
