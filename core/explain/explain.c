/*
 * Explain: gathers what follows from the facts at once, has the cause decided, and the cause's teller tell.
 */
#include "core/explain/look.h"

#include <string.h>

#include "core/kernel/abi.h"
#include "core/text/text.h"

/* Asides go with memory that the kernel manages: elsewhere the flags are not about this page. */
static const struct {
	const char *name;
	pt_tell_fn *tell;
	bool asides;
} causes[PT_CAUSE_N] = {
	[PT_CAUSE_UNMAPPED] = {"unmapped", pt_tell_unmapped, false},
	[PT_CAUSE_UNTOUCHED] = {"untouched", pt_tell_untouched, false},
	[PT_CAUSE_ANONYMOUS] = {"anonymous", pt_tell_anonymous, true},
	[PT_CAUSE_ANONYMOUS_SHARED_COW] = {"anonymous-shared-cow", pt_tell_cow, true},
	[PT_CAUSE_FILE] = {"file", pt_tell_file, true},
	[PT_CAUSE_SHMEM] = {"shmem", pt_tell_shmem, true},
	[PT_CAUSE_SHMEM_SWAPPED] = {"shmem-swapped", pt_tell_shmem_swapped, false},
	[PT_CAUSE_SWAPPED] = {"swapped", pt_tell_swapped, false},
	[PT_CAUSE_MIGRATING] = {"migrating", pt_tell_migrating, false},
	[PT_CAUSE_GUARD] = {"guard", pt_tell_guard, false},
	[PT_CAUSE_UFFD_WP_MARKER] = {"uffd-wp-marker", pt_tell_uffd_marker, false},
	[PT_CAUSE_POISONED] = {"poisoned", pt_tell_poisoned, false},
	[PT_CAUSE_ZERO_PAGE] = {"zero-page", pt_tell_zero, false},
	[PT_CAUSE_HUGE_ZERO_PAGE] = {"huge-zero-page", pt_tell_huge_zero, false},
	[PT_CAUSE_KSM] = {"ksm", pt_tell_ksm, true},
	[PT_CAUSE_HUGETLB] = {"hugetlb", pt_tell_hugetlb, true},
	[PT_CAUSE_LAZYFREE] = {"lazyfree", pt_tell_lazyfree, true},
	[PT_CAUSE_KERNEL_MAPPED] = {"kernel-mapped", pt_tell_kernel, false},
	[PT_CAUSE_DEVICE] = {"device", pt_tell_device, false},
	[PT_CAUSE_RACED] = {"raced", pt_tell_raced, false},
	[PT_CAUSE_PFN_HIDDEN] = {"pfn-hidden", pt_tell_hidden, true},
	[PT_CAUSE_UNKNOWN] = {"unknown", pt_tell_unknown, false},
};

const char *pt_cause_name(enum pt_cause cause)
{
	return (unsigned)cause < PT_CAUSE_N ? causes[cause].name : "unknown";
}

/*
 * On 6.1 a tail shows few bits of its own, from 6.12 on all of its folio's: its head's are added, save those that say
 * which page of the folio it is or speak of one page alone.
 */
static uint64_t folio_flags(const struct pt_facts *facts)
{
	const uint64_t own = KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL) | KPF(HWPOISON) | KPF(MMAP);
	uint64_t flags = facts->flags.known ? facts->flags.value : 0;
	if (flags & KPF(COMPOUND_TAIL) && facts->head_flags.known)
		flags |= facts->head_flags.value & ~own;
	return flags & KPF(SLAB) ? flags & ~(KPF(ANON) | KPF(KSM)) : flags;
}

/* The last part of a path; what is no path ("[heap]", "anon_inode:[io_uring]") as it is. */
static void set_name(struct pt_look *look)
{
	const char *path = look->facts->path;
	const char *slash = path[0] == '/' ? strrchr(path, '/') : NULL;
	const char *name = slash && slash[1] ? slash + 1 : path;
	pt_text_printable(name, strlen(name), look->name, sizeof look->name);
	if (!look->name[0])
		strcpy(look->name, "anonymous memory");
}

void pt_explain_page(const struct pt_facts *facts, struct pt_explanation *ret)
{
	*ret = (struct pt_explanation){0};
	struct pt_look look = {
		.facts = facts,
		.out = ret,
		.entry = facts->pagemap.known ? facts->pagemap.value : 0,
		.flags = folio_flags(facts),
		.count = facts->count.known ? facts->count.value : 0,
		.categories = facts->categories.known ? facts->categories.value : 0,
		.has_entry = facts->pagemap.known,
		.has_flags = facts->flags.known,
		.has_count = facts->count.known,
		.has_categories = facts->categories.known,
	};
	set_name(&look);
	ret->cause = pt_look_cause(&look);
	causes[ret->cause].tell(&look);
	if (causes[ret->cause].asides)
		pt_look_asides(&look);
}
