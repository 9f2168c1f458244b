/*
 * Reading one frame; see frameinfo.h.
 */
#include "core/machine/frameinfo.h"

#include <inttypes.h>
#include <stdio.h>

void pt_frame_read(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_frame_info *ret)
{
	*ret = (struct pt_frame_info){0};
	pt_inspect_frame(k, pfn, signals, &ret->facts);
	if (ret->facts.flags.known)
		ret->kind = pt_frame_of(ret->facts.flags.value);
	ret->exists = ret->facts.flags.known && ret->kind != PT_FRAME_HOLE;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *kind_words(enum pt_frame kind)
{
	static const char *const words[PT_FRAME_N] = {
		[PT_FRAME_FREE] = "free memory, in the page allocator",
		[PT_FRAME_ANON] = "anonymous memory of processes",
		[PT_FRAME_FILE] = "a page of a file, cached",
		[PT_FRAME_SHMEM] = "shared memory (tmpfs, memfd, System V or anonymous)",
		[PT_FRAME_HUGETLB] = "part of a hugetlbfs page",
		[PT_FRAME_SLAB] = "the kernel's own, for its small objects (slab)",
		[PT_FRAME_PGTABLE] = "a page table",
		[PT_FRAME_RESERVED] = "reserved: firmware's, the kernel's image or a zero page",
		[PT_FRAME_POISON] = "out of use: the hardware reported a memory error in it",
		[PT_FRAME_OTHER] = "the kernel's own, or on a free list of one CPU: no flag says",
		[PT_FRAME_HOLE] = "no memory, or memory that is offline",
	};
	return words[kind];
}

char *pt_frame_headline(const struct pt_frame_info *info, char *ret, size_t size)
{
	const struct pt_facts *f = &info->facts;
	char count[64] = "";

	if (!f->flags.known) {
		bool permitted = pt_signal_has(&f->signals, PT_SIG_KPAGEFLAGS);
		const char *reason = f->signals.of[PT_SIG_KPAGEFLAGS].reason;
		snprintf(ret, size, "%s%s.",
			 permitted ? "There is no such frame" : "What this frame is cannot be read: ",
			 permitted || !reason ? "" : reason);
		return ret;
	}
	if (f->count.known && f->count.value == 1)
		snprintf(count, sizeof(count), " It is mapped once.");
	else if (f->count.known && f->count.value)
		snprintf(count, sizeof(count), " It is mapped %" PRIu64 " times.", f->count.value);
	snprintf(ret, size, "This frame is %s.%s", kind_words(info->kind), count);
	return ret;
}
