/*
 * Reading one page; see inspect.h.
 */
#include "core/scan/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/scan/classify.h"
#include "core/scan/folio.h"
#include "core/scan/layout.h"
#include "core/scan/shmem.h"
#include "core/scan/target.h"

static struct pt_maybe some(uint64_t value)
{
	return (struct pt_maybe){.value = value, .known = true};
}

static struct pt_maybe read_entry(struct pt_kernel *k, int fd, uint64_t index)
{
	uint64_t value;
	if (fd < 0 || k->ops->pread(k, fd, &value, 8, index * 8) != 8)
		return (struct pt_maybe){0};
	return some(value);
}

/* ---- the address ------------------------------------------------------------------------------------------------ */

/* VmFlags too: they say what pagemap hides (PFNMAP). They come with the smaps of the whole process; one page is worth
 * it. */
static void read_vm_flags(struct pt_target *t, struct pt_vma *vma)
{
	struct pt_smaps *smaps;
	size_t n;
	if (pt_read_smaps(t->k, t->task, &smaps, &n) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (smaps[i].start == vma->start && smaps[i].end == vma->end) {
			vma->has_vm_flags = smaps[i].has_vm_flags;
			vma->vm_flags = smaps[i].vm_flags;
		}
	free(smaps);
}

static int read_vma(struct pt_target *t, struct pt_facts *facts)
{
	struct pt_process process;
	struct pt_layout layout = {0};
	int error = pt_target_read(t, &process);
	if (!error)
		error = pt_layout_read(&layout, t, &process);
	if (error)
		return error;
	size_t i = pt_vma_find(layout.vmas, facts->address);
	facts->mapped = i < layout.vmas->n && pt_vma_covers(&layout.vmas->v[i], facts->address);
	if (facts->mapped) {
		facts->vma = layout.vmas->v[i];
		snprintf(facts->path, sizeof(facts->path), "%s", facts->vma.path);
		facts->vma.path = facts->path;
		read_vm_flags(t, &facts->vma);
	}
	pt_layout_free(&layout);
	return 0;
}

static struct pt_maybe read_categories(struct pt_target *t, uint64_t address)
{
	struct ps_region region = {0};
	struct ps_arg arg = {.start = address,
			     .end = address + (1ull << t->k->page_shift),
			     .vec = (uint64_t)(uintptr_t)&region,
			     .vec_len = 1,
			     .return_mask = PS_ALL_6_7};
	if (!pt_signal_has(&t->signals, PT_SIG_PAGEMAP_SCAN))
		return (struct pt_maybe){0};
	int n = pt_target_scan(t, &arg);
	return n < 0 ? (struct pt_maybe){0} : some(n ? region.categories : 0);
}

/* ---- the frame -------------------------------------------------------------------------------------------------- */

/* A folio runs from its HEAD over the TAILs behind it. It may begin before or end behind the frames read. */
static void find_folio(struct pt_target *t, struct pt_facts *facts)
{
	size_t at = (size_t)(facts->pfn - facts->near_first), first = at, end = at + 1;
	if (!(facts->near_flags[at] & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL))))
		return;
	while (first && facts->near_flags[first] & KPF(COMPOUND_TAIL))
		first--;
	while (end < PT_NEIGHBOURS && facts->near_flags[end] & KPF(COMPOUND_TAIL))
		end++;
	if (!(facts->near_flags[first] & KPF(COMPOUND_HEAD)))
		return; /* begins further down: a gigantic page */
	facts->folio_first = some(facts->near_first + first);
	/* where it fills the block to its end, the frame behind tells whether it goes on: a gigantic page does */
	uint64_t next = facts->near_first + PT_NEIGHBOURS;
	if (end < PT_NEIGHBOURS || !(read_entry(t->k, t->kpageflags, next).value & KPF(COMPOUND_TAIL)))
		facts->folio_pages = some(end - first);
	facts->head_flags = some(facts->near_flags[first]);
	facts->head_count = some(facts->near_count[first]);
}

/* The file may end within the block; what lies behind its end reads as zero. */
static void read_neighbours(struct pt_target *t, struct pt_facts *facts)
{
	const size_t size = sizeof(facts->near_flags);
	facts->near_first = facts->pfn & ~(uint64_t)(PT_NEIGHBOURS - 1);
	ssize_t got = t->k->ops->pread(t->k, t->kpageflags, facts->near_flags, size, facts->near_first * 8);
	facts->has_near = got > 0 && (uint64_t)got / 8 > facts->pfn - facts->near_first;
	if (!facts->has_near)
		return;
	if (t->kpagecount >= 0 &&
	    t->k->ops->pread(t->k, t->kpagecount, facts->near_count, size, facts->near_first * 8) < 0)
		memset(facts->near_count, 0, size);
	find_folio(t, facts);
}

static void read_cgroup(struct pt_target *t, struct pt_facts *facts)
{
	int fd = t->k->ops->open(t->k, "proc/kpagecgroup", 0);
	facts->cgroup = read_entry(t->k, fd, facts->pfn);
	/* before 6.12 only the head of a folio knows its cgroup */
	if (facts->cgroup.known && !facts->cgroup.value && facts->folio_first.known)
		facts->cgroup = read_entry(t->k, fd, facts->folio_first.value);
	if (fd >= 0)
		t->k->ops->close(t->k, fd);
	if (facts->cgroup.known && facts->cgroup.value &&
	    pt_read_cgroup_path(t->k, facts->cgroup.value, t->pid, facts->cgroup_path, sizeof(facts->cgroup_path)) != 0)
		facts->cgroup_path[0] = 0;
}

static void read_frame(struct pt_target *t, struct pt_facts *facts)
{
	facts->flags = read_entry(t->k, t->kpageflags, facts->pfn);
	facts->count = read_entry(t->k, t->kpagecount, facts->pfn);
	if (t->kpageflags >= 0)
		read_neighbours(t, facts);
	read_cgroup(t, facts);
	pt_read_physical(t->k, facts->pfn, &facts->physical);
}

static uint64_t pfn_of(struct pt_maybe entry)
{
	return entry.known && entry.value & PM_PRESENT ? entry.value & PM_PFN_MASK : 0;
}

static enum pt_backing backing_of(struct pt_target *t, const struct pt_facts *facts)
{
	uint64_t used;
	switch (pt_shmem_page_state(t, &facts->vma, facts->address)) {
	case PT_SHMEM_SWAPPED: return PT_BACKING_SWAPPED;
	case PT_SHMEM_CACHED: return PT_BACKING_CACHED;
	case PT_SHMEM_HOLE: return PT_BACKING_HOLE;
	default: break;
	}
	/* cannot be asked; but where nothing is swapped out at all, this page is not either */
	bool none = facts->vma.role == PT_ROLE_SHMEM && pt_read_swap_used(t->k, &used) == 0 && !used;
	return none ? PT_BACKING_HOLE : PT_BACKING_UNKNOWN;
}

int pt_inspect_page(struct pt_kernel *k, pid_t pid, uint64_t address, const struct pt_signals *signals,
		    struct pt_facts *ret)
{
	struct pt_target target;
	int error = pt_target_open(&target, k, pid, signals);
	if (error)
		return error;
	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	ret->page_shift = k->page_shift;
	ret->address = address & ~((1ull << k->page_shift) - 1);
	ret->signals = target.signals;
	ret->physical = (struct pt_physical){.node = -1, .memory_block = -1};
	error = read_vma(&target, ret);
	if (!error && ret->mapped && ret->vma.role != PT_ROLE_VSYSCALL) {
		uint64_t index = ret->address >> k->page_shift;
		ret->pagemap = read_entry(k, target.pagemap, index);
		ret->categories = read_categories(&target, ret->address);
		ret->pfn = pfn_of(ret->pagemap);
		if (ret->pfn)
			read_frame(&target, ret);
		ret->pagemap_again = read_entry(k, target.pagemap, index);
		/* an untouched page may still be soft-dirty */
		if (ret->pagemap.known && !(ret->pagemap.value & (PM_PRESENT | PM_SWAP | PM_GUARD)) &&
		    pt_vma_may_be_shmem(&ret->vma))
			ret->backing = backing_of(&target, ret);
	}
	pt_target_close(&target);
	return error;
}

static int open_file(struct pt_kernel *k, const struct pt_signals *signals, enum pt_signal signal, const char *path)
{
	return pt_signal_has(signals, signal) ? k->ops->open(k, path, O_RDONLY) : -1;
}

void pt_inspect_frame(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_facts *ret)
{
	struct pt_target none = {.k = k, .pidfd = -1, .pagemap = -1};
	memset(ret, 0, sizeof(*ret));
	ret->page_shift = k->page_shift;
	ret->physical = (struct pt_physical){.node = -1, .memory_block = -1};
	if (signals)
		ret->signals = *signals;
	else
		pt_probe_signals(k, 0, &ret->signals);
	none.kpageflags = open_file(k, &ret->signals, PT_SIG_KPAGEFLAGS, "proc/kpageflags");
	none.kpagecount = open_file(k, &ret->signals, PT_SIG_KPAGECOUNT, "proc/kpagecount");
	ret->pfn = pfn;
	read_frame(&none, ret);
	pt_target_close(&none);
}

int pt_inspect_contents(struct pt_kernel *k, pid_t pid, uint64_t address, uint8_t *buf)
{
	struct pt_target target;
	struct pt_signals none = {0};
	uint64_t size = 1ull << k->page_shift;
	address &= ~(size - 1);
	int error = pt_target_open(&target, k, pid, &none);
	if (error)
		return error;
	struct pt_maybe entry = read_entry(k, target.pagemap, address >> k->page_shift);
	pid = target.task;
	pt_target_close(&target);
	if (!entry.known || !(entry.value & PM_PRESENT))
		return -ENODATA; /* reading it would fault a page into the target */
	ssize_t got = k->ops->read_memory(k, pid, address, buf, size);
	return got < 0 ? (int)got : got == (ssize_t)size ? 0 : -EFAULT;
}

struct pt_page pt_facts_page(const struct pt_facts *facts)
{
	if (!facts->mapped || !facts->pagemap.known)
		return (struct pt_page){0};
	uint64_t categories = facts->categories.known ? facts->categories.value : 0;
	struct pt_page page = pt_classify_entry(facts->pagemap.value, categories, &facts->vma, &facts->signals);
	if (facts->backing == PT_BACKING_SWAPPED && pt_page_kind(page) == PT_UNTOUCHED)
		page.bits = PT_SWAP_SHMEM;
	uint64_t flags = facts->flags.value;
	if (facts->flags.known && facts->head_flags.known && flags & KPF(COMPOUND_TAIL))
		flags = pt_folio_join(flags, facts->head_flags.value);
	if (facts->flags.known)
		pt_classify_flags(&page, flags, &facts->signals);
	if (facts->count.known)
		pt_classify_count(&page, facts->count.value);
	return page;
}
