/*
 * Rows of facts about one page. Each group has a function that appends its rows to the caller's list; a list that is
 * full takes no more.
 */
#include "core/report/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/explain/path.h"
#include "core/kernel/abi.h"
#include "core/text/text.h"

/* Appends a row; note may be NULL. */
__attribute__((format(printf, 5, 6))) static void add(struct pt_fact_list *list, const char *group, const char *name,
						      const char *note, const char *format, ...)
{
	struct pt_fact *fact;
	va_list args;

	if (list->n == PT_FACTS_MAX)
		return;
	fact = &list->v[list->n++];
	fact->group = group;
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	snprintf(fact->note, sizeof(fact->note), "%s", note ? note : "");
	va_start(args, format);
	vsnprintf(fact->value, sizeof(fact->value), format, args);
	va_end(args);
}

/* A row whose value comes from the process or a file: made printable first. */
static void add_text(struct pt_fact_list *list, const char *group, const char *name, const char *bytes)
{
	char text[sizeof(list->v[0].value)];

	pt_text_printable(bytes, strlen(bytes), text, sizeof(text));
	add(list, group, name, NULL, "%s", text);
}

/* What a snapshot keeps of an entry. */
#define NOT_RAW "of what history keeps; other bits are unknown"

/* ---- groups ---------------------------------------------------------------------------------------------------- */

static void add_mapping(const struct pt_facts *f, struct pt_fact_list *list)
{
	const char *group = "Mapping";
	char words[96], perms[5], size[16];

	add(list, group, "address", NULL, "0x%" PRIx64, f->address);
	if (!f->mapped) {
		add(list, group, "VMA", "touching it is SIGSEGV", "none");
		return;
	}
	pt_vma_perms(&f->vma, perms);
	add(list, group, "VMA", NULL, "%" PRIx64 "-%" PRIx64 " %s", f->vma.start, f->vma.end, perms);
	add(list, group, "page", NULL, "%" PRIu64 " of %" PRIu64 " (%s)", (f->address - f->vma.start) >> f->page_shift,
	    (f->vma.end - f->vma.start) >> f->page_shift, pt_text_size(f->vma.end - f->vma.start, size, sizeof(size)));
	add_text(list, group, "role", pt_role_words(&f->vma, words, sizeof(words)));
	if (f->path[0])
		add_text(list, group, "name", f->path);
	if (f->vma.inode)
		add(list, group, "file offset", NULL, "0x%" PRIx64 ", inode %" PRIu64,
		    f->vma.offset + (f->address - f->vma.start), f->vma.inode);
}

/* The tables on the way, and what the last entry is for. */
static void add_path(const struct pt_facts *f, struct pt_fact_list *list)
{
	char size[16], note[sizeof list->v[0].note];
	struct pt_path path;

	pt_explain_path(f, &path);
	for (unsigned i = 0; i < path.n; i++) {
		const struct pt_path_step *step = &path.steps[i];

		snprintf(note, sizeof(note), "each for %s%s%s", pt_text_size(step->bytes, size, sizeof(size)),
			 step->holds ? "; this one holds " : "", step->holds ? step->holds : "");
		add(list, "Page table", step->name, note, "entry %" PRIu64, step->entry);
	}
}

static void add_page_table(const struct pt_facts *f, struct pt_fact_list *list)
{
	const char *group = "Page table";
	const struct pt_bit_name *bits;
	unsigned n;

	if (!f->pagemap.known) {
		add(list, group, "pagemap", NULL, "not known: %s", f->signals.of[PT_SIG_PAGEMAP].reason);
		return;
	}
	add_path(f, list);
	add(list, group, "pagemap",
	    !f->pagemap.value ? "no entry"
	    : f->recalled     ? NOT_RAW
			      : NULL,
	    "0x%" PRIx64, f->pagemap.value);
	bits = pt_pagemap_bits(&n);
	for (unsigned i = 0; i < n; i++)
		if (f->pagemap.value >> bits[i].bit & 1)
			add(list, group, "", bits[i].what, "%s", bits[i].name);
	if (!(f->pagemap.value & PM_PRESENT) && f->pagemap.value & PM_SWAP) {
		uint64_t entry = f->pagemap.value & PM_PFN_MASK;

		add(list, group, "swap entry",
		    pt_signal_has(&f->signals, PT_SIG_PFN) ? NULL : "0 where PFNs are hidden",
		    "type %u, offset %" PRIu64, pt_swap_type(entry), pt_swap_offset(entry));
	}
	if (f->pagemap_again.known && f->pagemap_again.value != f->pagemap.value)
		add(list, group, "read again", "it changed in between", "0x%" PRIx64, f->pagemap_again.value);
}

static void add_maybe(const struct pt_facts *f, struct pt_fact_list *list, const char *name, struct pt_maybe value,
		      const char *note, enum pt_signal signal)
{
	if (value.known)
		add(list, "Frame", name, note, "%" PRIu64, value.value);
	else
		add(list, "Frame", name, NULL, "not known: %s",
		    f->recalled && pt_signal_has(&f->signals, signal) ? "history does not keep it"
								      : f->signals.of[signal].reason);
}

static void add_folio(const struct pt_facts *f, struct pt_fact_list *list)
{
	char size[16];

	if (!f->folio_first.known || !f->folio_pages.known || f->folio_pages.value < 2)
		return;
	add(list, "Frame", "folio", "frames that the kernel keeps as one", "%" PRIu64 " pages (%s) from PFN %" PRIu64,
	    f->folio_pages.value, pt_text_size(f->folio_pages.value << f->page_shift, size, sizeof(size)),
	    f->folio_first.value);
	if (f->head_count.known)
		add(list, "Frame", "head's kpagecount", NULL, "%" PRIu64, f->head_count.value);
}

static void add_place(const struct pt_facts *f, struct pt_fact_list *list)
{
	const struct pt_physical *p = &f->physical;

	if (p->zone[0])
		add(list, "Frame", "zone", NULL, "%s", p->zone);
	if (p->node >= 0)
		add(list, "Frame", "node", NULL, "%d", p->node);
	if (p->memory_block >= 0)
		add(list, "Frame", "memory block", NULL, "%" PRId64 "%s%s", p->memory_block,
		    p->block_state[0] ? ", " : "", p->block_state);
}

static void add_frame_itself(const struct pt_facts *f, struct pt_fact_list *list)
{
	const char *group = "Frame";

	add(list, group, "PFN", NULL, "%" PRIu64 " (0x%" PRIx64 ")", f->pfn, f->pfn);
	add(list, group, "physical address", NULL, "0x%" PRIx64, f->pfn << f->page_shift);
	add_maybe(f, list, "kpagecount", f->count, "times it is mapped", PT_SIG_KPAGECOUNT);
	add_folio(f, list);
	if (f->cgroup_path[0])
		add_text(list, group, "cgroup", f->cgroup_path);
	else
		add_maybe(f, list, "cgroup inode", f->cgroup,
			  f->cgroup.known && !f->cgroup.value ? "charged to none" : NULL, PT_SIG_KPAGECGROUP);
	add_place(f, list);
}

static void add_frame(const struct pt_facts *f, struct pt_fact_list *list)
{
	const char *group = "Frame";

	if (!f->pfn) {
		bool hidden = pt_kind_present(pt_page_kind(pt_facts_page(f)));

		add(list, group, "PFN", NULL, "%s%s", hidden ? "not known: " : "none",
		    hidden ? f->signals.of[PT_SIG_PFN].reason : "");
		return;
	}
	add_frame_itself(f, list);
}

static void add_flags(const struct pt_facts *f, struct pt_fact_list *list)
{
	struct pt_maybe flags = pt_facts_flags(f);
	char name[24];

	if (!flags.known) {
		if (f->pfn)
			add(list, "Flags", "kpageflags", NULL, "not known: %s",
			    f->signals.of[PT_SIG_KPAGEFLAGS].reason);
		return;
	}
	add(list, "Flags", "kpageflags", f->recalled ? NOT_RAW : NULL, "0x%016" PRIx64, f->flags.value);
	for (int bit = 0; bit < 64; bit++)
		if (flags.value >> bit & 1)
			add(list, "Flags", "", pt_flag_what(bit), "%s", pt_flag_name(bit, name, sizeof(name)));
}

void pt_facts_list(const struct pt_facts *facts, struct pt_fact_list *ret)
{
	ret->n = 0;
	add_mapping(facts, ret);
	if (!facts->mapped)
		return;
	add_page_table(facts, ret);
	add_frame(facts, ret);
	add_flags(facts, ret);
}

void pt_facts_list_frame(const struct pt_facts *facts, struct pt_fact_list *ret)
{
	ret->n = 0;
	add_frame_itself(facts, ret);
	add_flags(facts, ret);
}

struct pt_maybe pt_facts_flags(const struct pt_facts *facts)
{
	if (!facts->flags.known)
		return (struct pt_maybe){0};
	return (struct pt_maybe){
		.value = pt_flags_expand(facts->flags.value, facts->pagemap.known ? facts->pagemap.value : 0),
		.known = true,
	};
}

const char *pt_flag_what(int bit)
{
	const struct pt_bit_name *bits;
	unsigned n;

	bits = pt_kpageflags_bits(&n);
	for (unsigned i = 0; i < n; i++)
		if (bits[i].bit == bit)
			return bits[i].what;
	return "";
}
