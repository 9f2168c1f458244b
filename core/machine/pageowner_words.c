/*
 * Names of what allocations are grouped, sorted and filtered by, as a person types them; and which call of a stack tells
 * most. See pageowner.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/machine/pageowner.h"

static const char *const keys[PT_ALLOC_KEY_N] = {"stack", "tgid", "pid", "name", "allocator"};
static const char *const orders[PT_ALLOC_ORDERS] = {"size", "times", "age",  "last",     "stack",
						    "tgid", "pid",   "name", "allocator"};
static const char *const parts[PT_ALLOC_PARTS] = {"CMA", "slab", "vmalloc", "others"};

const char *pt_alloc_key_name(unsigned index)
{
	return keys[index];
}

const char *pt_alloc_order_name(enum pt_alloc_order by)
{
	return orders[by];
}

char *pt_alloc_parts_name(unsigned allocators, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < PT_ALLOC_PARTS; i++)
		if (allocators & 1u << i && n < size)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? " " : "", parts[i]);
	return ret;
}

/* The next word between commas; false: there is none, or it is empty. */
static bool next_word(struct pt_cursor *c, struct pt_cursor *word)
{
	const char *comma = memchr(c->at, ',', (size_t)(c->end - c->at));

	*word = (struct pt_cursor){c->at, comma ? comma : c->end};
	c->at = comma ? comma + 1 : c->end;
	return word->at < word->end && !(comma && c->at == c->end);
}

static bool is_word(struct pt_cursor word, const char *wanted)
{
	return pt_skip_word(&word, wanted) && word.at == word.end;
}

/* An index into names, or n. */
static unsigned find(struct pt_cursor word, const char *const *names, unsigned n)
{
	unsigned i = 0;
	while (i < n && !is_word(word, names[i]))
		i++;
	return i;
}

bool pt_alloc_parse_keys(const char *text, unsigned *ret)
{
	struct pt_cursor c = {text, text + strlen(text)}, word;

	*ret = 0;
	do {
		unsigned key = next_word(&c, &word) ? find(word, keys, PT_ALLOC_KEY_N) : PT_ALLOC_KEY_N;
		if (key == PT_ALLOC_KEY_N)
			return false;
		*ret |= 1u << key;
	} while (c.at < c.end);
	return true;
}

bool pt_alloc_parse_sort(const char *text, struct pt_alloc_sort *ret)
{
	struct pt_cursor c = {text, text + strlen(text)}, word;

	ret->n = 0;
	do {
		if (ret->n == PT_ALLOC_SORTS || !next_word(&c, &word))
			return false;
		bool falls = pt_skip(&word, '-'), rises = !falls && pt_skip(&word, '+');
		enum pt_alloc_order by = (enum pt_alloc_order)find(word, orders, PT_ALLOC_ORDERS);
		if (by == PT_ALLOC_ORDERS)
			return false;
		ret->v[ret->n].by = by;
		ret->v[ret->n++].falling = falls || (!rises && pt_alloc_falls(by));
	} while (c.at < c.end);
	return true;
}

/* One value of a filter. */
static bool take_value(enum pt_alloc_key key, struct pt_cursor word, struct pt_alloc_only *only)
{
	uint64_t n = 0;
	unsigned part = find(word, parts, PT_ALLOC_PARTS);
	size_t size = (size_t)(word.end - word.at);

	if (only->n == PT_ALLOC_ONLY_MAX)
		return false;
	memset(&only->v[only->n], 0, sizeof(only->v[0]));
	only->v[only->n].key = key;
	if (key == PT_ALLOC_NAME && size < sizeof(only->v[0].name))
		memcpy(only->v[only->n].name, word.at, size);
	else if (key == PT_ALLOC_ALLOCATOR && part < PT_ALLOC_PARTS)
		only->v[only->n].value = 1u << part;
	else if ((key == PT_ALLOC_PID || key == PT_ALLOC_TGID) && pt_take_decimal(&word, &n) && word.at == word.end &&
		 n <= INT32_MAX)
		only->v[only->n].value = (uint32_t)n;
	else
		return false;
	only->n++;
	return true;
}

bool pt_alloc_parse_only(const char *text, struct pt_alloc_only *only)
{
	const char *is = strchr(text, '=');
	unsigned key = is ? find((struct pt_cursor){text, is}, keys, PT_ALLOC_KEY_N) : PT_ALLOC_KEY_N;

	if (key == PT_ALLOC_KEY_N)
		return false;
	struct pt_cursor c = {is + 1, is + strlen(is)}, word;
	do {
		if (!next_word(&c, &word) || !take_value((enum pt_alloc_key)(1u << key), word, only))
			return false;
	} while (c.at < c.end);
	return true;
}

bool pt_alloc_only_match(void *arg, const struct pt_alloc_group *g)
{
	const struct pt_alloc_only *only = arg;
	unsigned asked = 0, found = 0;

	for (size_t i = 0; i < only->n; i++) {
		enum pt_alloc_key key = only->v[i].key;
		uint32_t value = only->v[i].value;
		bool is = key == PT_ALLOC_NAME   ? !strcmp(g->name, only->v[i].name)
			  : key == PT_ALLOC_PID  ? (uint32_t)g->pid == value
			  : key == PT_ALLOC_TGID ? (uint32_t)g->tgid == value
						 : (g->allocators & value) != 0;
		asked |= key;
		found |= is ? key : 0;
	}
	return asked == found;
}

const char *pt_alloc_caller(const char *stack, size_t *ret_size)
{
	/* how the page allocator, and what others ask it by, begin their names */
	static const char *const plumbing[] = {
		"post_alloc_hook",
		"prep_new_page",
		"get_page_from_freelist",
		"__alloc_pages",
		"alloc_pages",
		"__alloc_frozen",
		"alloc_frozen",
		"__folio_alloc",
		"folio_alloc",
		"vma_alloc_folio",
		"__get_free_pages",
		"get_zeroed_page",
		"get_free_pages",
		"allocate_slab",
		"new_slab",
		"___slab_alloc",
		"__slab_alloc",
		"kmem_cache_alloc",
		"__kmem_cache",
		"__kmalloc",
		"kmalloc",
		"slab_post",
		"slob_",
		"__page_frag",
		"alloc_slab_page",
		"__vmalloc_node",
		"register_early_stack",
		"set_page_owner",
		"__set_page_owner",
		"save_stack",
		"__kmem",
		"__vmalloc",
		"vmalloc",
	};
	struct pt_cursor c = {stack, stack + strlen(stack)}, line, first = {stack, stack};

	for (bool any = false; pt_cut_line(&c, &line); any = true) {
		bool own = false;
		pt_skip_blanks(&line);
		for (size_t i = 0; i < sizeof(plumbing) / sizeof(*plumbing) && !own; i++) {
			struct pt_cursor at = line;
			own = pt_skip_word(&at, plumbing[i]);
		}
		first = any ? first : line;
		if (!own) {
			first = line;
			break;
		}
	}
	*ret_size = (size_t)(first.end - first.at);
	return first.at;
}
