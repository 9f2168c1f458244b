/*
 * Private to core/explain: what the parts of an explanation work on.
 *
 * An explanation is made in two steps. cause.c decides what the page is, from the facts alone. Then the teller of that
 * cause writes headline and reasons: tell_absent.c where no frame stands behind the address, tell_memory.c for ordinary
 * memory, tell_special.c for the rest. count.c explains the map count of whatever has one, asides.c adds what is worth
 * knowing besides.
 */
#ifndef PT_EXPLAIN_LOOK_H
#define PT_EXPLAIN_LOOK_H

#include "core/explain/explain.h"

/* The facts, and what follows from them at once. Both pointers are borrowed. */
struct pt_look {
	const struct pt_facts *facts;
	struct pt_explanation *out;
	uint64_t entry; /* of pagemap; 0 unless known */
	uint64_t flags; /* kpageflags, a tail's completed by its head's, without SLAB's bogus bits; 0 unless known */
	uint64_t count; /* kpagecount; 0 unless known */
	uint64_t categories; /* of PAGEMAP_SCAN; 0 unless known */
	bool has_entry, has_flags, has_count, has_categories;
	char name[64]; /* last part of the VMA's path, printable; "anonymous memory" if it has none */
};

enum pt_cause pt_look_cause(const struct pt_look *look);

/* Pagemap showed something else when it was read again. */
bool pt_look_changed(const struct pt_look *look);
/* The VMA shows nothing in pagemap, whatever is there: it maps bare frame numbers. */
bool pt_look_is_bare(const struct pt_look *look);
bool pt_look_has(const struct pt_look *look, enum pt_signal signal);
/* Pagemap's bit 56 is about this page: in a huge mapping it tells of the huge page's first page alone. */
bool pt_look_has_exclusive(const struct pt_look *look);
static inline bool pt_look_vm(const struct pt_look *look, unsigned vm_flags)
{
	return look->facts->vma.has_vm_flags && look->facts->vma.vm_flags & vm_flags;
}

/* Tellers. Each writes the headline and its reasons. */
typedef void pt_tell_fn(struct pt_look *look);
pt_tell_fn pt_tell_unmapped, pt_tell_untouched, pt_tell_shmem_swapped, pt_tell_swapped, pt_tell_migrating;
pt_tell_fn pt_tell_guard, pt_tell_uffd_marker, pt_tell_poisoned;
pt_tell_fn pt_tell_anonymous, pt_tell_cow, pt_tell_file, pt_tell_shmem, pt_tell_ksm, pt_tell_hugetlb, pt_tell_lazyfree;
pt_tell_fn pt_tell_zero, pt_tell_huge_zero, pt_tell_kernel, pt_tell_device, pt_tell_raced, pt_tell_hidden;
pt_tell_fn pt_tell_unknown;

/* Why the map count is what it is, or why it is not known. */
void pt_look_count(struct pt_look *look);
/* "mapped once: by this process alone", "mapped 37 times", into ret. Returns ret. */
const char *pt_look_mapped(const struct pt_look *look, char *ret, size_t size);
/* ", part of a 2 MiB huge page", ", in a large folio of 64 KiB", "" into ret. Returns ret. */
const char *pt_look_folio(const struct pt_look *look, char *ret, size_t size);
bool pt_look_is_large(const struct pt_look *look);
/* Bytes that one entry of the page middle directory maps: 2 MiB with pages of 4 KiB. */
uint64_t pt_look_huge_size(const struct pt_look *look);

/* What is worth knowing of a present page besides: huge mapping, dirty, locked... */
void pt_look_asides(struct pt_look *look);

/* Sentences. A reason too many is left out; text too long is cut at a character. */
void pt_say_headline(struct pt_look *look, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pt_say_reason(struct pt_look *look, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One reason that says why a signal is missing and what grants it; `what` opens it: "The map count is not known". */
void pt_say_missing(struct pt_look *look, const char *what, enum pt_signal signal);
/* The same of a present page's frame, if it is hidden or its flags are. */
void pt_say_frame_missing(struct pt_look *look);
/* "2 MiB", "64 KiB" into ret. Returns ret. */
const char *pt_say_size(uint64_t bytes, char *ret, size_t size);

#endif
