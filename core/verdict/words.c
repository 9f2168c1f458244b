/*
 * The words of the language: see expr.h. What the manual says of them is tested against these tables.
 */
#include <string.h>

#include "core/text/near.h"
#include "core/verdict/expr.h"

static const struct {
	const char *name, *usage;
} functions[PT_FN_N] = {
	[PT_FN_PEAK] = {"peak", "peak(SERIES[, RANGE])"},
	[PT_FN_FINAL] = {"final", "final(SERIES)"},
	[PT_FN_AT] = {"at", "at(MOMENT, SERIES)"},
	[PT_FN_MIN] = {"min", "min(SERIES[, RANGE])"},
	[PT_FN_MEAN] = {"mean", "mean(SERIES[, RANGE])"},
	[PT_FN_SLOPE] = {"slope", "slope(SERIES[, RANGE])"},
	[PT_FN_PLATEAU] = {"plateau", "plateau(SERIES[, RANGE])"},
	[PT_FN_STILL_PRESENT] = {"still_present", "still_present(born(RANGE), MOMENT[, ROLE])"},
	[PT_FN_THP_SHARE] = {"thp_share", "thp_share(ROLE[, RANGE or MOMENT])"},
	[PT_FN_LEAKED] = {"leaked", "leaked(MARK)"},
	[PT_FN_OBJECTS_STILL] = {"objects_still", "objects_still(born(RANGE), MARK)"},
};

#define BIT(role) (1u << (role))

/*
 * A role goes by its name in `pagetop vmas`, but for those whose name is a group's. heap is what allocators hand out,
 * wherever they took it from: also bss, with which the kernel merges what it maps next to it. What grew in it is told by
 * VMA and role when an assertion fails.
 */
static const struct {
	const char *name;
	uint32_t roles;
} roles[] = {
	{"all", PT_ROLES_ALL},
	{"heap", BIT(PT_ROLE_HEAP) | BIT(PT_ROLE_ARENA) | BIT(PT_ROLE_ANON) | BIT(PT_ROLE_BSS)},
	{"stack", BIT(PT_ROLE_STACK) | BIT(PT_ROLE_THREAD_STACK)},
	{"program", BIT(PT_ROLE_TEXT) | BIT(PT_ROLE_RODATA) | BIT(PT_ROLE_DATA)},
	{"brk", BIT(PT_ROLE_HEAP)},
	{"main_stack", BIT(PT_ROLE_STACK)},
	{"thread_stack", BIT(PT_ROLE_THREAD_STACK)},
};
#define GROUPS (sizeof(roles) / sizeof(*roles))

#define KIB 1024.0
#define MIB (KIB * KIB)
#define GIB (MIB * KIB)
#define TIB (GIB * KIB)

static const struct pt_unit_word units[] = {
	{"B", 1, {1, 0}},    {"K", KIB, {1, 0}},   {"KB", KIB, {1, 0}},  {"Ki", KIB, {1, 0}},  {"KiB", KIB, {1, 0}},
	{"M", MIB, {1, 0}},  {"MB", MIB, {1, 0}},  {"Mi", MIB, {1, 0}},  {"MiB", MIB, {1, 0}}, {"G", GIB, {1, 0}},
	{"GB", GIB, {1, 0}}, {"Gi", GIB, {1, 0}},  {"GiB", GIB, {1, 0}}, {"T", TIB, {1, 0}},   {"TB", TIB, {1, 0}},
	{"Ti", TIB, {1, 0}}, {"TiB", TIB, {1, 0}}, {"pages", 0, {1, 0}}, {"page", 0, {1, 0}},  {"ms", 1e-3, {0, 1}},
	{"s", 1, {0, 1}},    {"min", 60, {0, 1}},  {"h", 3600, {0, 1}},
};

bool pt_word_is(struct pt_word word, const char *text)
{
	return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

const char *pt_function_usage(enum pt_function fn)
{
	return functions[fn].usage;
}

enum pt_function pt_function_of(struct pt_word word)
{
	int fn = 0;
	while (fn < PT_FN_N && !pt_word_is(word, functions[fn].name))
		fn++;
	return (enum pt_function)fn;
}

const char *pt_roles_word(size_t i)
{
	if (i < GROUPS)
		return roles[i].name;
	return i < GROUPS + PT_ROLE_N ? pt_role_name((enum pt_role)(i - GROUPS)) : NULL;
}

uint32_t pt_roles_of(struct pt_word word)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (pt_word_is(word, roles[i].name))
			return roles[i].roles;
	for (int role = 0; role < PT_ROLE_N; role++)
		if (pt_word_is(word, pt_role_name((enum pt_role)role)))
			return BIT(role);
	return 0;
}

const struct pt_unit_word *pt_unit_of(struct pt_word word)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (pt_word_is(word, units[i].name))
			return &units[i];
	return NULL;
}

const char *pt_unit_name(size_t i)
{
	return i < sizeof(units) / sizeof(*units) ? units[i].name : NULL;
}

const char *pt_word_near(struct pt_word word)
{
	static const char *const others[] = {"start", "end", "born", "and", "or", "not", "of", "root", "last"};
	struct pt_near near = {.word = word.text, .size = word.size};
	for (int fn = 0; fn < PT_FN_N; fn++)
		pt_near_try(&near, functions[fn].name);
	for (int q = 0; q < PT_QUANTITY_N; q++)
		pt_near_try(&near, pt_quantity_name((enum pt_quantity)q));
	for (size_t i = 0; pt_roles_word(i); i++)
		pt_near_try(&near, pt_roles_word(i));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		pt_near_try(&near, others[i]);
	return near.best;
}
