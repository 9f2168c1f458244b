/*
 * What a word says; see words.h. Holds what was found out of words that point into modules.
 *
 * A C++ object begins with the address of its class's vtable, behind which (at smaller addresses) are the offset of the
 * subobject and the class's type_info, whose second word is the mangled name: that is in programs without symbols too
 * (Itanium C++ ABI 2.5.2, 2.9.4). Without it the vtable's own symbol tells. A vtable of Rust begins with the function that
 * drops the value, then its size and alignment.
 */
#include "core/hunt/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/vma.h"

#define SLOTS_FIRST    256u   /* a power of two */
#define KNOWN_MAX      65536u /* words that are looked up; more are a table's, that objects point into */
#define SMALL_MAX      255u   /* a number of which much else can be meant */
#define TEXT_LEAST     4u     /* letters; fewer could be a number */
#define NAME_MAX_BYTES 512u
#define OFFSET_MAX     (1 << 20) /* of a subobject */

struct known {
	uint64_t word; /* 0: empty */
	struct pt_word what;
	char *name;
};

struct pt_words {
	const struct pt_memory *memory;
	struct pt_unwinder *unwinder;
	struct known *slots; /* [n_slots] */
	size_t n, n_slots;
};

struct pt_words *pt_words_new(const struct pt_memory *memory, struct pt_unwinder *unwinder)
{
	struct pt_words *w = calloc(1, sizeof(*w));
	struct known *slots = calloc(SLOTS_FIRST, sizeof(*slots));
	if (!w || !slots) {
		free(w);
		free(slots);
		return NULL;
	}
	*w = (struct pt_words){.memory = memory, .unwinder = unwinder, .slots = slots, .n_slots = SLOTS_FIRST};
	return w;
}

void pt_words_free(struct pt_words *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_slots; i++)
		free(w->slots[i].name);
	free(w->slots);
	free(w);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* Bytes of the character that begins here; of one that the end cuts, those that are there. 0: it is no printable one. */
static size_t character(const unsigned char *bytes, size_t n)
{
	static const struct {
		unsigned char first, last;
		size_t size;
	} forms[] = {{'\t', '\n', 1}, {'\r', '\r', 1}, {' ', '~', 1},
		     {0xc2, 0xdf, 2}, {0xe0, 0xef, 3}, {0xf0, 0xf4, 4}};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (*bytes < forms[i].first || *bytes > forms[i].last)
			continue;
		size_t size = 1;
		while (size < forms[i].size && size < n && (bytes[size] & 0xc0) == 0x80)
			size++;
		return size == forms[i].size || size == n ? size : 0;
	}
	return 0;
}

size_t pt_words_text(const void *bytes, size_t n)
{
	const unsigned char *text = bytes;
	size_t at = 0;
	while (at < n && text[at]) {
		const size_t size = character(text + at, n - at);
		if (!size)
			return at;
		at += size;
	}
	return at;
}

/* All of the word is text, or enough of it before a NUL. */
static bool is_text(uint64_t word)
{
	char bytes[sizeof(word)];
	memcpy(bytes, &word, sizeof(word));
	const size_t n = pt_words_text(bytes, sizeof(bytes));
	return n == sizeof(bytes) || (n >= TEXT_LEAST && !bytes[n]);
}

/* ---- modules ---------------------------------------------------------------------------------------------------- */

/* NULL: nothing is there. */
static const struct pt_vma *vma_at(const struct pt_words *w, uint64_t address)
{
	const size_t i = pt_vma_find(w->memory->vmas, address);
	const bool there = i < w->memory->vmas->n && pt_vma_covers(&w->memory->vmas->v[i], address);
	return there ? &w->memory->vmas->v[i] : NULL;
}

static bool is_module(const struct pt_vma *vma, bool *ret_code)
{
	if (!vma)
		return false;
	*ret_code = vma->role == PT_ROLE_TEXT;
	return *ret_code || vma->role == PT_ROLE_RODATA || vma->role == PT_ROLE_DATA || vma->role == PT_ROLE_BSS;
}

static bool is_in_module(const struct pt_words *w, uint64_t address, bool *ret_code)
{
	return is_module(vma_at(w, address), ret_code);
}

static bool points_at_data(const struct pt_words *w, uint64_t address)
{
	bool code;
	return is_in_module(w, address, &code) && !code;
}

/* A string in a module, also where its page is in the file alone. False: it is none, or longer. */
static bool read_string(const struct pt_words *w, uint64_t address, char *ret, size_t size)
{
	ssize_t n = 0;
	memset(ret, 0, size);
	if (pt_memory_has(w->memory, address, 1))
		n = pt_memory_read(w->memory, address, ret, size);
	if ((n <= 0 || !memchr(ret, 0, (size_t)n)) && w->unwinder)
		n = pt_unwinder_constant(w->unwinder, address, ret, size);
	return n > 0 && memchr(ret, 0, (size_t)n);
}

/* Letters, digits and underscores, beginning as a mangled type does that has a name. */
static bool is_mangled(const char *name)
{
	const size_t n = strspn(name, "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return n >= 2 && !name[n] && strchr("0123456789NSZ", *name);
}

/* The class of a vtable by its type_info; malloc'ed. NULL: it has none. */
static char *class_of_type(const struct pt_words *w, uint64_t vtable)
{
	char name[NAME_MAX_BYTES];
	uint64_t offset, type, kind, name_at;
	if (vtable % 8 || !pt_memory_word(w->memory, vtable - 16, &offset) ||
	    !pt_memory_word(w->memory, vtable - 8, &type) || offset + OFFSET_MAX > OFFSET_MAX)
		return NULL;
	if (type % 8 || !points_at_data(w, type) || !pt_memory_word(w->memory, type, &kind) ||
	    !pt_memory_word(w->memory, type + 8, &name_at))
		return NULL;
	if (kind % 8 || !points_at_data(w, kind) || !points_at_data(w, name_at) ||
	    !read_string(w, name_at, name, sizeof(name)))
		return NULL;
	const char *mangled = *name == '*' ? name + 1 : name; /* a star: to be compared by address */
	if (!is_mangled(mangled))
		return NULL;
	char *plain = w->unwinder ? pt_unwinder_type(w->unwinder, mangled) : NULL;
	return plain ? plain : strdup(mangled);
}

/* What follows `before` in a name, up to `after`; malloc'ed. NULL: it does not begin or end so. */
static char *inner(const char *name, const char *before, const char *after)
{
	const size_t n = strlen(name), skip = strlen(before), cut = strlen(after);
	if (n <= skip + cut || strncmp(name, before, skip) || strcmp(name + n - cut, after))
		return NULL;
	return strndup(name + skip, n - skip - cut);
}

/* The type of a vtable of Rust, by the function that drops it. */
static char *dropped_type(const struct pt_words *w, uint64_t vtable)
{
	struct pt_symbol symbol;
	uint64_t drop, size, align;
	bool code;
	if (vtable % 8 || !pt_memory_word(w->memory, vtable, &drop) || !pt_memory_word(w->memory, vtable + 8, &size) ||
	    !pt_memory_word(w->memory, vtable + 16, &align))
		return NULL;
	if (!align || align & (align - 1) || align > 65536 || size % align || !is_in_module(w, drop, &code) || !code)
		return NULL;
	pt_unwinder_symbol(w->unwinder, drop, false, &symbol);
	return symbol.name ? inner(symbol.name, "core::ptr::drop_in_place<", ">") : NULL;
}

/* ---- symbols ---------------------------------------------------------------------------------------------------- */

/* Of something that has no name: its text if it is some, or where in its module it is. */
static char *describe(const struct pt_words *w, uint64_t word, bool code, const struct pt_symbol *symbol)
{
	char text[NAME_MAX_BYTES], shown[NAME_MAX_BYTES + 32];
	if (!code && read_string(w, word, text, sizeof(text)) && strlen(text) >= TEXT_LEAST &&
	    pt_words_text(text, sizeof(text)) == strlen(text)) {
		snprintf(shown, sizeof(shown), "\"%.60s\"", text);
		return strdup(shown);
	}
	if (!symbol->module)
		return NULL;
	const char *slash = strrchr(symbol->module, '/');
	snprintf(shown, sizeof(shown), "%.400s+0x%llx", slash ? slash + 1 : symbol->module,
		 (unsigned long long)symbol->module_offset);
	return strdup(shown);
}

static void look_up(const struct pt_words *w, uint64_t word, bool code, struct known *known)
{
	struct pt_symbol symbol = {0};
	struct pt_word *what = &known->what;
	what->kind = PT_LEAK_WORD_CLASS;
	what->key = word;
	if (!code && (known->name = class_of_type(w, word)))
		return;
	if (w->unwinder && code)
		pt_unwinder_symbol(w->unwinder, word, false, &symbol);
	else if (w->unwinder)
		pt_unwinder_data(w->unwinder, word, &symbol);
	const bool named = symbol.name && *symbol.name != '.';
	if (!code && named && (known->name = inner(symbol.name, "vtable for ", "")))
		return;
	if (!code && w->unwinder && (known->name = dropped_type(w, word)))
		return;
	what->kind = PT_LEAK_WORD_SYMBOL;
	what->many = !named;
	what->key = named ? word - symbol.offset : word;
	known->name = named ? strdup(symbol.name) : describe(w, word, code, &symbol);
}

/* ---- what was found --------------------------------------------------------------------------------------------- */

static struct known *slot_of(struct known *slots, size_t n_slots, uint64_t word)
{
	size_t i = (size_t)((word * 0x9e3779b97f4a7c15ull) >> 32) & (n_slots - 1);
	while (slots[i].word && slots[i].word != word)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static bool grow(struct pt_words *w)
{
	if (2 * w->n < w->n_slots)
		return true;
	const size_t n_slots = 2 * w->n_slots;
	struct known *slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < w->n_slots; i++)
		if (w->slots[i].word)
			*slot_of(slots, n_slots, w->slots[i].word) = w->slots[i];
	free(w->slots);
	w->slots = slots;
	w->n_slots = n_slots;
	return true;
}

static struct pt_word look_into_module(struct pt_words *w, uint64_t word, bool code)
{
	struct known *known = slot_of(w->slots, w->n_slots, word);
	if (known->word)
		return known->what;
	if (w->n >= KNOWN_MAX || !grow(w))
		return (struct pt_word){.kind = PT_LEAK_WORD_SYMBOL, .key = word, .many = true};
	known = slot_of(w->slots, w->n_slots, word);
	known->word = word;
	w->n++;
	look_up(w, word, code, known);
	known->what.name = known->name;
	return known->what;
}

struct pt_word pt_words_look(struct pt_words *w, uint64_t word)
{
	bool code;
	uint32_t letters;
	if (!word)
		return (struct pt_word){.kind = PT_LEAK_WORD_ZERO};
	const struct pt_vma *vma = vma_at(w, word);
	if (is_module(vma, &code))
		return look_into_module(w, word, code);
	if (vma)
		return (struct pt_word){.kind = PT_LEAK_WORD_NONE};
	memcpy(&letters, &word, sizeof(letters));
	if (is_text(word))
		return (struct pt_word){.kind = PT_LEAK_WORD_TEXT, .key = letters, .many = true};
	return (struct pt_word){.kind = PT_LEAK_WORD_VALUE, .key = word, .many = true};
}

static bool says_what(const struct pt_word *word)
{
	return word->kind == PT_LEAK_WORD_CLASS || word->kind == PT_LEAK_WORD_TEXT ||
	       (word->kind == PT_LEAK_WORD_SYMBOL && !word->many);
}

/* A link, none, a small number: of such nodes of trees and counted references begin with. */
static bool says_little(const struct pt_word *word)
{
	return word->kind == PT_LEAK_WORD_NONE || word->kind == PT_LEAK_WORD_ZERO ||
	       (word->kind == PT_LEAK_WORD_VALUE && word->key <= SMALL_MAX);
}

struct pt_word pt_words_choose(struct pt_words *w, const uint64_t *first, size_t n)
{
	const struct pt_word begin = pt_words_look(w, first[0]);
	struct pt_word word = begin;
	for (size_t i = 1; i < n && says_little(&word); i++) {
		word = pt_words_look(w, first[i]);
		if (!says_what(&word))
			continue;
		word.at = (uint8_t)(i * sizeof(*first));
		return word;
	}
	return begin;
}
