/*
 * Words that everything pagetop leaks says has in common; see leaks.h. Holds nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/faults.h"
#include "tui/commands/leaks.h"

#define NAME_ROOM 1024 /* bytes of a printable name */

/* ---- objects ---------------------------------------------------------------------------------------------------- */

const char *ui_leak_word_name(enum pt_leak_word word)
{
	static const char *const names[] = {"none", "class", "symbol", "text", "zero", "value"};
	return names[word];
}

char *ui_leak_kind(const struct pt_leak_group *group, char *ret, size_t size)
{
	char name[NAME_ROOM], at[32] = "";
	const char *raw = group->name ? group->name : "?";
	pt_text_printable(raw, strlen(raw), name, sizeof(name));
	if (group->at)
		snprintf(at, sizeof(at), " at byte %u", (unsigned)group->at);
	switch (group->word) {
	case PT_LEAK_WORD_CLASS: snprintf(ret, size, "class %s%s", name, at); break;
	case PT_LEAK_WORD_SYMBOL: snprintf(ret, size, "address of %s%s", name, at); break;
	case PT_LEAK_WORD_TEXT: snprintf(ret, size, "text \"%s\"%s", name, at); break;
	case PT_LEAK_WORD_ZERO: snprintf(ret, size, "begins with zeroes"); break;
	case PT_LEAK_WORD_VALUE:
		snprintf(ret, size, "%s0x%" PRIx64 "%s", at[0] ? "" : "begins with ", group->value, at);
		break;
	default: snprintf(ret, size, "no telling first word"); break;
	}
	return ret;
}

const char *ui_chunk_kind_name(enum pt_chunk_kind kind)
{
	static const char *const names[] = {"used", "free", "cached", "top", "own"};
	return names[kind];
}

const char *ui_reached_name(enum pt_reached reached)
{
	static const char *const names[] = {"not", "weakly", "reached"};
	return names[reached];
}

struct pt_leak_sum ui_leak_sum(const struct ui_leaks *l, const struct pt_leak_group *group)
{
	struct pt_leak_sum sum = {0};
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		if (ui_leak_wants(l, (enum pt_leak_tier)tier)) {
			sum.count += group->tiers[tier].count;
			sum.bytes += group->tiers[tier].bytes;
		}
	return sum;
}

/* ---- call sites ------------------------------------------------------------------------------------------------- */

/* As the calls of faults are shown. */
char *ui_leak_chain(const struct ui_leaks *l, const struct pt_leak_site *site, size_t columns)
{
	struct pt_fault_call *calls = calloc(site->n_calls + 1, sizeof(*calls));
	if (!calls)
		return NULL;
	for (size_t i = 0; i < site->n_calls; i++)
		calls[i] = (struct pt_fault_call){.ip = site->calls[i].ip,
						  .symbol = site->calls[i].symbol,
						  .module = site->calls[i].module,
						  .offset = site->calls[i].offset};
	const struct ui_faults f = {.options = l->options, .ascii = l->ascii};
	const struct pt_fault_stack_row row = {.calls = calls, .n_calls = site->n_calls, .complete = site->complete};
	char *chain = ui_fault_chain(&f, &row, columns);
	free(calls);
	return chain;
}

const char *ui_leak_no_sites(const struct ui_leaks *l)
{
	switch (l->options->sites_ns ? l->view->sites_error : 0) {
	case 0: return NULL;
	case -EOPNOTSUPP: return "this processor or kernel has no watchpoints to give";
	case -EACCES:
	case -EPERM: return "watchpoints are not for you to set: grant pagetop CAP_PERFMON";
	case -ENOSPC: return "somebody else has the debug registers, a debugger most likely";
	case -ENODATA: return "there was nothing leaked to look for";
	default: return strerror(-l->view->sites_error);
	}
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

char *ui_leak_exact(uint64_t n, char *ret, size_t size)
{
	char digits[24];
	int all = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	size_t at = 0;
	for (int i = 0; i < all && at + 2 < size; i++) {
		if (i && (all - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = '\0';
	return ret;
}

char *ui_leak_bytes(const struct ui_leaks *l, uint64_t bytes, char *ret, size_t size)
{
	return ui_table_bytes(l->options, (struct pt_maybe){bytes, true}, ret, size);
}

/* ---- what is asked for ------------------------------------------------------------------------------------------ */

bool ui_leak_wants(const struct ui_leaks *l, enum pt_leak_tier tier)
{
	return !l->options->tier || strcmp(l->options->tier, pt_leak_tier_name(tier)) == 0;
}

static bool matches(const struct ui_leaks *l, const char *raw)
{
	return raw && pt_filter_match(l->filter, raw, strlen(raw));
}

bool ui_leak_matches(const struct ui_leaks *l, const struct pt_leak_group *group)
{
	char kind[2 * NAME_ROOM];
	return !l->filter || matches(l, group->name) || matches(l, ui_leak_kind(group, kind, sizeof(kind)));
}

bool ui_leak_site_matches(const struct ui_leaks *l, const struct pt_leak_site *site)
{
	bool found = !l->filter;
	for (size_t i = 0; !found && i < site->n_calls; i++)
		found = matches(l, site->calls[i].symbol) || matches(l, site->calls[i].module) ||
			matches(l, site->calls[i].file);
	return found;
}

void ui_leak_heap_parts(const struct pt_heap_sums *heap, struct ui_leak_part ret[UI_LEAK_PARTS])
{
	const struct ui_leak_part parts[UI_LEAK_PARTS] = {{"system", heap->system},
							  {"used", heap->used},
							  {"free", heap->free},
							  {"cached", heap->cached},
							  {"own", heap->own},
							  {"top", heap->top},
							  {"resident", heap->resident},
							  {"used-resident", heap->used_resident},
							  {"free-resident", heap->free_resident},
							  {"free-bytes-resident", heap->free_bytes_resident},
							  {"pinned-huge", heap->pinned_huge},
							  {"mmapped", heap->mmapped}};
	memcpy(ret, parts, sizeof(parts));
}

const char *ui_leaks_by_name(enum ui_leaks_by by)
{
	static const char *const names[UI_LEAKS_BY_N] = {"report", "leaks", "groups", "objects",
							 "pages",  "sites", "heap"};
	return names[by];
}
