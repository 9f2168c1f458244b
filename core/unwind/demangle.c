/*
 * Demangling by the C++ library, loaded when needed; see demangle.h. Owns the handle of the library.
 */
#include "core/unwind/demangle.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 4096u  /* longer ones take long */
#define PLAIN_MAX      16384u /* what nobody can read is shown as it is */
#define BOUND_MAX      (1u << 22)
#define REFERENCES     1024u
#define RUST_HASH      19u /* "::h" and 16 digits, which legacy names of Rust end with */

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

/* The number of a substitution, "S_" is 0; its length in *ret_size. REFERENCES: another one, or none that is followed. */
static size_t reference(const char *at, size_t *ret_size)
{
	const size_t n = strspn(at + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	size_t number = 0;
	*ret_size = at[n + 1] == '_' ? n + 2 : 0;
	for (size_t i = 1; i <= n && number < REFERENCES; i++)
		number = number * 36 + (size_t)(at[i] <= '9' ? at[i] - '0' : at[i] - 'A' + 10);
	number += n > 0;
	return number < REFERENCES ? number : REFERENCES;
}

/* Behind the identifier that may begin at these digits: its length, and so many bytes. 0: it would be longer than the name. */
static size_t identifier_end(const char *name, size_t at, size_t n)
{
	char *end;
	const unsigned long size = strtoul(name + at, &end, 10);
	const size_t begin = (size_t)(end - name);
	return size <= n - begin ? begin + size : 0;
}

/*
 * Whether a name stays of a size: what it refers to is written out again, and may refer to more in turn, so that 400 bytes
 * can stand for gigabytes. A substitution is as long as all before its first reference at most, a template's argument as all
 * before it, and a pack has as many elements as the name has bytes. What may be in an identifier is no first reference.
 */
static bool is_bounded(const char *name)
{
	uint64_t bounds[REFERENCES] = {0}, all = 0, times = 1;
	const size_t n = strlen(name);
	for (size_t at = 0, size, text = 0; at < n && all < BOUND_MAX; at += size) {
		size_t number = REFERENCES;
		uint64_t bound = 1;
		size = 0;
		if (name[at] >= '0' && name[at] <= '9' && identifier_end(name, at, n) > text)
			text = identifier_end(name, at, n);
		else if (name[at] == 'S')
			number = reference(name + at, &size);
		else if (name[at] == 'T')
			reference(name + at, &size);
		else if (name[at] == 'D' && name[at + 1] == 'p' && times < BOUND_MAX)
			times *= n;
		if (size)
			bound = number < REFERENCES && bounds[number] ? bounds[number] : all + 1;
		if (size && number < REFERENCES && at >= text)
			bounds[number] = bound;
		all += times * bound;
		size = size ? size : 1;
	}
	return all < BOUND_MAX;
}

char *pt_demangle(struct pt_demangler *d, const char *name)
{
	int status;
	if (strncmp(name, "_Z", 2) || strlen(name) > NAME_MAX_BYTES || !is_bounded(name))
		return NULL;
	if (!d->tried)
		load(d);
	char *plain = d->demangle ? d->demangle(name, NULL, NULL, &status) : NULL;
	if (plain && strlen(plain) > PLAIN_MAX) {
		free(plain);
		return NULL;
	}
	if (plain)
		cut_rust_hash(plain);
	return plain;
}

/*
 * A reference to a template's argument, which can be one to itself: the C++ library then goes round and round. Types have none,
 * but those inside of function templates.
 */
static bool has_template_reference(const char *name)
{
	size_t size;
	for (; *name; name++)
		if (*name == 'T' && (reference(name, &size), size))
			return true;
	return false;
}

/* As the name of its type_info's string, of which what is not the type is cut off. */
char *pt_demangle_type(struct pt_demangler *d, const char *name)
{
	static const char before[] = "typeinfo name for ";
	char symbol[NAME_MAX_BYTES];
	if (snprintf(symbol, sizeof(symbol), "_ZTS%s", name) >= (int)sizeof(symbol) || has_template_reference(name))
		return NULL;
	char *plain = pt_demangle(d, symbol);
	if (!plain || strncmp(plain, before, strlen(before))) {
		free(plain);
		return NULL;
	}
	memmove(plain, plain + strlen(before), strlen(plain) - strlen(before) + 1);
	return plain;
}
