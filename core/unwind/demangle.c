/*
 * Demangling by the C++ library, loaded when needed; see demangle.h. Owns the handle of the library.
 */
#include "core/unwind/demangle.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 4096u /* longer ones take long */
#define RUST_HASH      19u   /* "::h" and 16 digits, which legacy names of Rust end with */

typedef char *demangle_fn(const char *name, char *buffer, size_t *size, int *status);

struct pt_demangler {
	bool tried;
	void *library;
	demangle_fn *demangle; /* NULL: there is none */
};

struct pt_demangler *pt_demangler_new(void)
{
	return calloc(1, sizeof(struct pt_demangler));
}

void pt_demangler_free(struct pt_demangler *d)
{
	if (d && d->library)
		dlclose(d->library);
	free(d);
}

static void load(struct pt_demangler *d)
{
	d->tried = true;
	d->library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
	void *found = d->library ? dlsym(d->library, "__cxa_demangle") : NULL;
	memcpy(&d->demangle, &found, sizeof(found)); /* ISO C knows no cast from data to code */
}

static void cut_rust_hash(char *name)
{
	const size_t n = strlen(name);
	if (n <= RUST_HASH || strncmp(name + n - RUST_HASH, "::h", 3))
		return;
	for (const char *c = name + n - RUST_HASH + 3; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return;
	name[n - RUST_HASH] = '\0';
}

char *pt_demangle(struct pt_demangler *d, const char *name)
{
	int status;
	if (strncmp(name, "_Z", 2) || strlen(name) > NAME_MAX_BYTES)
		return NULL;
	if (!d->tried)
		load(d);
	char *plain = d->demangle ? d->demangle(name, NULL, NULL, &status) : NULL;
	if (plain)
		cut_rust_hash(plain);
	return plain;
}

/* As the name of its type_info's string, of which what is not the type is cut off. */
char *pt_demangle_type(struct pt_demangler *d, const char *name)
{
	static const char before[] = "typeinfo name for ";
	char symbol[NAME_MAX_BYTES];
	if (snprintf(symbol, sizeof(symbol), "_ZTS%s", name) >= (int)sizeof(symbol))
		return NULL;
	char *plain = pt_demangle(d, symbol);
	if (!plain || strncmp(plain, before, strlen(before))) {
		free(plain);
		return NULL;
	}
	memmove(plain, plain + strlen(before), strlen(plain) - strlen(before) + 1);
	return plain;
}
