/*
 * What one target gives: permission is per process, so each of its files is tried. Reads nothing that would fault a page
 * into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "core/kernel/abi.h"
#include "core/kernel/probe.h"

/* No user address on any machine; permission is checked before the address. */
#define NOWHERE (1ull << 63)

static const enum pt_signal of_pagemap[] = {
	PT_SIG_PAGEMAP, PT_SIG_PFN,        PT_SIG_KPAGEFLAGS, PT_SIG_KPAGECOUNT, PT_SIG_MAP_COUNT,   PT_SIG_KPAGECGROUP,
	PT_SIG_GUARD,   PT_SIG_EXCLUSIVE,  PT_SIG_SOFT_DIRTY, PT_SIG_KSM,        PT_SIG_DIRTY,       PT_SIG_LAZYFREE,
	PT_SIG_IDLE,    PT_SIG_SHMEM_SWAP, PT_SIG_PAGE_OWNER, PT_SIG_PHYSICAL,   PT_SIG_PAGEMAP_SCAN};

static int open_file(struct pt_kernel *k, pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
	return k->ops->open(k, path, O_RDONLY);
}

/* Why the target gave an error, and what would help. */
static void lack_by_error(struct pt_probe *p, enum pt_signal signal, int error)
{
	if (error == -ENOENT || error == -ESRCH)
		pt_probe_lack(p, signal, "there is no such process, or it has no memory of its own", NULL);
	else if (p->pfn)
		pt_probe_lack(p, signal, "this process may not be looked into, not even with our privileges",
			      "run in the namespaces of the process's own host, with all capabilities");
	else
		pt_probe_lack(p, signal, "this process is not ours to look into", PT_REMEDY_ROOT);
}

/* Opening tells permission; the first word tells whether there is memory. */
static int try_pagemap(struct pt_kernel *k, pid_t pid)
{
	uint64_t word;
	int fd = open_file(k, pid, "pagemap");
	if (fd < 0)
		return fd;
	int error = pt_probe_word(k, fd, 0, &word);
	k->ops->close(k, fd);
	return error == -ENODATA ? -ESRCH : error;
}

static int try_open(struct pt_kernel *k, pid_t pid, const char *name)
{
	int fd = open_file(k, pid, name);
	k->ops->close(k, fd);
	return fd < 0 ? fd : 0;
}

static int try_contents(struct pt_kernel *k, pid_t pid)
{
	char byte;
	ssize_t n = k->ops->read_memory(k, pid, NOWHERE, &byte, 1);
	return n < 0 && n != -EFAULT ? (int)n : 0;
}

static void judge(struct pt_probe *p, enum pt_signal signal, int error)
{
	if (error && pt_signal_has(p->signals, signal))
		lack_by_error(p, signal, error);
}

void pt_probe_target(struct pt_probe *p, pid_t pid)
{
	int error = try_pagemap(p->k, pid);

	for (size_t i = 0; i < sizeof(of_pagemap) / sizeof(*of_pagemap); i++)
		judge(p, of_pagemap[i], error);
	judge(p, PT_SIG_PROCMAP_QUERY, try_open(p->k, pid, "maps"));
	judge(p, PT_SIG_SMAPS, try_open(p->k, pid, "smaps"));
	judge(p, PT_SIG_CONTENTS, try_contents(p->k, pid));
}
