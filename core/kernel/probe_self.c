/*
 * Probes on memory of our own: map a page, write to it, and see what the kernel says about it. The second page of the
 * mapping is for a guard marker. Everything is unmapped at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/kernel/abi.h"
#include "core/kernel/probe.h"

#define TRIES 3 /* our page may just be on its way to swap or to another frame */

struct own {
	struct pt_probe *p;
	int pagemap;
	size_t size; /* of a page */
	char *page;
	uint64_t entry; /* pagemap's, present */
};

static int read_entry(const struct own *own, const char *at, uint64_t *ret)
{
	return pt_probe_word(own->p->k, own->pagemap, (uintptr_t)at >> own->p->k->page_shift, ret);
}

/* Writes to the page until pagemap shows it. */
static int read_present(struct own *own)
{
	int error = -ENODATA;

	for (int i = 0; i < TRIES; i++) {
		*(volatile char *)own->page = 'p';
		error = read_entry(own, own->page, &own->entry);
		if (error || own->entry & PM_PRESENT)
			break;
	}
	return error;
}

static void judge_entry(struct own *own)
{
	struct pt_probe *p = own->p;

	pt_probe_give(p, PT_SIG_PAGEMAP, "/proc/PID/pagemap shows a page we wrote");
	p->pfn = own->entry & PM_PFN_MASK;
	if (p->pfn)
		pt_probe_give(p, PT_SIG_PFN, "pagemap shows frame numbers");
	else
		pt_probe_lack(p, PT_SIG_PFN, "the kernel hides frame numbers from whoever lacks CAP_SYS_ADMIN",
			      PT_REMEDY_ROOT);
	if (own->entry & PM_EXCLUSIVE)
		pt_probe_give(p, PT_SIG_EXCLUSIVE, "bit 56 is set on a page that only we map");
	else
		pt_probe_lack(p, PT_SIG_EXCLUSIVE, "bit 56 is clear on a page that only we map", NULL);
	if (own->entry & PM_SOFT_DIRTY)
		pt_probe_give(p, PT_SIG_SOFT_DIRTY, "bit 55 is set on a new page");
	else
		pt_probe_lack(p, PT_SIG_SOFT_DIRTY,
			      "bit 55 is clear on a new page: this kernel was built without CONFIG_MEM_SOFT_DIRTY",
			      NULL);
}

/* Regions found at the page, or -errno; *ret gets the first one's categories. */
static int scan_own(struct own *own, const char *at, uint64_t categories, uint64_t *ret)
{
	struct ps_region region = {0};
	struct ps_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)at,
		.end = (uintptr_t)at + own->size,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_anyof_mask = PS_PRESENT | PS_SWAPPED,
		.return_mask = categories,
	};
	int n = own->p->k->ops->ioctl(own->p->k, own->pagemap, PT_PAGEMAP_SCAN, &arg);
	if (n == 1)
		*ret = region.categories;
	return n;
}

static void probe_scan(struct own *own)
{
	uint64_t categories = 0;

	int n = scan_own(own, own->page, PS_ALL, &categories);
	if (n == -EINVAL)
		n = scan_own(own, own->page, PS_ALL_6_7, &categories);
	if (n == 1 && categories & PS_PRESENT)
		pt_probe_give(own->p, PT_SIG_PAGEMAP_SCAN, "PAGEMAP_SCAN finds a page we wrote");
	else if (n == -ENOTTY)
		pt_probe_lack(
			own->p, PT_SIG_PAGEMAP_SCAN,
			"this kernel has no PAGEMAP_SCAN (6.7 and newer do): whether a page is mapped huge cannot "
			"be seen, and large reservations take longer to read",
			NULL);
	else
		pt_probe_lack(own->p, PT_SIG_PAGEMAP_SCAN, "PAGEMAP_SCAN does not find a page we wrote", NULL);
}

static void probe_guard(struct own *own)
{
	char *guard = own->page + own->size;
	uint64_t entry = 0, categories = 0;

	if (madvise(guard, own->size, PT_MADV_GUARD_INSTALL)) {
		pt_probe_lack(own->p, PT_SIG_GUARD, "this kernel has no guard markers (6.13 and newer do)", NULL);
		return;
	}
	int error = read_entry(own, guard, &entry);
	if (!error && entry & PM_GUARD)
		pt_probe_give(own->p, PT_SIG_GUARD, "bit 58 is set on a guard marker of our own");
	else if (!error && (entry & 31) == PM_SWAP_TYPE_MARKER)
		pt_probe_give(own->p, PT_SIG_GUARD, "the swap type of a guard marker of our own shows what it is");
	else if (scan_own(own, guard, PS_ALL, &categories) == 1 && categories & PS_GUARD)
		pt_probe_give(own->p, PT_SIG_GUARD, "PAGEMAP_SCAN tells a guard marker of our own");
	else
		pt_probe_lack(own->p, PT_SIG_GUARD, "a guard marker of our own looks like a swapped page",
			      PT_REMEDY_ROOT);
}

static void probe_pagemap(struct own *own)
{
	static const enum pt_signal needing[] = {PT_SIG_PFN, PT_SIG_EXCLUSIVE, PT_SIG_SOFT_DIRTY, PT_SIG_PAGEMAP_SCAN,
						 PT_SIG_GUARD};
	struct pt_probe *p = own->p;

	int error = own->pagemap < 0 ? own->pagemap : read_present(own);
	if (!error && own->entry & PM_PRESENT) {
		judge_entry(own);
		probe_scan(own);
		probe_guard(own);
		return;
	}
	if (error == -ENOENT)
		pt_probe_lack(p, PT_SIG_PAGEMAP, "this kernel has no /proc/PID/pagemap (CONFIG_PROC_PAGE_MONITOR)",
			      NULL);
	else if (error == -EPERM || error == -EACCES)
		pt_probe_lack(p, PT_SIG_PAGEMAP, "not even our own /proc/PID/pagemap may be read", PT_REMEDY_ROOT);
	else
		pt_probe_lack(p, PT_SIG_PAGEMAP, "/proc/PID/pagemap does not show a page we wrote", NULL);
	for (size_t i = 0; i < sizeof(needing) / sizeof(*needing); i++)
		pt_probe_lack(p, needing[i], "needs pagemap", p->signals->of[PT_SIG_PAGEMAP].remedy);
}

static void probe_procmap_query(struct own *own)
{
	struct pt_kernel *k = own->p->k;
	struct pq_arg arg = {.size = sizeof(arg), .query_addr = (uintptr_t)own->page};

	int fd = k->ops->open(k, "proc/self/maps", O_RDONLY);
	int error = fd < 0 ? fd : k->ops->ioctl(k, fd, PT_PROCMAP_QUERY, &arg);
	k->ops->close(k, fd);
	if (error >= 0 && arg.vma_start <= (uintptr_t)own->page && (uintptr_t)own->page < arg.vma_end)
		pt_probe_give(own->p, PT_SIG_PROCMAP_QUERY, "PROCMAP_QUERY finds a mapping of our own");
	else
		pt_probe_lack(own->p, PT_SIG_PROCMAP_QUERY,
			      "this kernel has no PROCMAP_QUERY (6.11 and newer do): mappings are read as text", NULL);
}

static void probe_smaps(struct own *own)
{
	int fd = own->p->k->ops->open(own->p->k, "proc/self/smaps", O_RDONLY);
	if (fd >= 0)
		pt_probe_give(own->p, PT_SIG_SMAPS, "/proc/PID/smaps can be opened");
	else
		pt_probe_lack(own->p, PT_SIG_SMAPS, "this kernel has no /proc/PID/smaps (CONFIG_PROC_PAGE_MONITOR)",
			      NULL);
	own->p->k->ops->close(own->p->k, fd);
}

static void probe_contents(struct own *own)
{
	char byte = 0;
	struct pt_kernel *k = own->p->k;

	if (k->ops->read_memory(k, getpid(), (uintptr_t)own->page, &byte, 1) == 1 && byte == *own->page)
		pt_probe_give(own->p, PT_SIG_CONTENTS, "process_vm_readv reads memory of our own");
	else
		pt_probe_lack(
			own->p, PT_SIG_CONTENTS,
			"process_vm_readv is not in this kernel (CONFIG_CROSS_MEMORY_ATTACH), or a sandbox forbids it",
			NULL);
}

/* As a target's shared memory would be asked: through its map_files, which follows even what has no path. */
static int ask_cachestat(struct pt_kernel *k, const char *shared, size_t size, struct pt_cachestat *ret)
{
	char path[80];

	snprintf(path, sizeof(path), "proc/self/map_files/%lx-%lx", (unsigned long)shared,
		 (unsigned long)shared + size);
	int fd = k->ops->open(k, path, O_RDONLY);
	if (fd < 0)
		return fd;
	int error = k->ops->cachestat(k, fd, 0, size, ret);
	k->ops->close(k, fd);
	return error;
}

static void probe_shmem_swap(struct own *own)
{
	struct pt_cachestat pages = {0};
	char *shared = mmap(NULL, own->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return;
	*(volatile char *)shared = 's';
	int error = ask_cachestat(own->p->k, shared, own->size, &pages);
	munmap(shared, own->size);
	if (!error && pages.cache + pages.evicted > 0)
		pt_probe_give(own->p, PT_SIG_SHMEM_SWAP, "cachestat finds shared memory of our own");
	else if (error == -EPERM || error == -EACCES)
		pt_probe_lack(own->p, PT_SIG_SHMEM_SWAP,
			      "shared memory of a process may not be opened (/proc/PID/map_files)", PT_REMEDY_ROOT);
	else
		pt_probe_lack(own->p, PT_SIG_SHMEM_SWAP,
			      "this kernel has no cachestat (6.5 and newer do): swapped shared memory looks untouched",
			      NULL);
}

/* Linux 6.12 and 6.18 have releases that set KPF_KSM on every anonymous page. Ours is not merged with anything. */
static void probe_ksm(struct own *own)
{
	struct pt_probe *p = own->p;
	uint64_t flags = 0, before = ~0ull;

	for (int i = 0; i < TRIES && before != own->entry; i++) {
		before = own->entry;
		if (pt_probe_word_at(p->k, "proc/kpageflags", before & PM_PFN_MASK, &flags) || read_present(own))
			break;
	}
	if (before != own->entry)
		pt_probe_lack(p, PT_SIG_KSM, "our own page would not stay in one frame to be looked at", NULL);
	else if (flags & KPF(KSM))
		pt_probe_lack(
			p, PT_SIG_KSM,
			"this kernel has a bug: it marks every anonymous page as merged by KSM, even a private one "
			"of our own",
			NULL);
	else
		pt_probe_give(p, PT_SIG_KSM, "a private page of our own is not marked as merged");
}

void pt_probe_self(struct pt_probe *p)
{
	struct own own = {.p = p, .size = (size_t)1 << p->k->page_shift};

	own.page = mmap(NULL, 2 * own.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own.page == MAP_FAILED)
		return;
	own.pagemap = p->k->ops->open(p->k, "proc/self/pagemap", O_RDONLY);
	probe_pagemap(&own);
	probe_procmap_query(&own);
	probe_smaps(&own);
	probe_contents(&own);
	probe_shmem_swap(&own);
	pt_probe_system(p);
	if (p->pfn) {
		probe_ksm(&own);
		pt_probe_map_count(p, own.pagemap);
	}
	p->k->ops->close(p->k, own.pagemap);
	munmap(own.page, 2 * own.size);
}
