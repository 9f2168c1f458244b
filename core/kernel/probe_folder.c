/*
 * Signals where there is no kernel but a folder that looks like /proc: what files it has is what it gives. ioctls are
 * tried all the same, since a scripted kernel may answer them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "core/kernel/abi.h"
#include "core/kernel/probe.h"

static int open_file(struct pt_kernel *k, pid_t pid, const char *name)
{
	char path[64];
	if (pid > 0)
		snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "proc/self/%s", name);
	return k->ops->open(k, path, O_RDONLY);
}

static void judge(struct pt_probe *p, enum pt_signal signal, bool given)
{
	if (given)
		pt_probe_give(p, signal, "the folder has it");
	else
		pt_probe_lack(p, signal, "the folder does not have it", NULL);
}

static void judge_pagemap(struct pt_probe *p, int fd)
{
	struct ps_arg arg = {.size = sizeof(arg), .category_mask = PS_PRESENT, .return_mask = PS_ALL_6_7};

	judge(p, PT_SIG_PAGEMAP, fd >= 0);
	judge(p, PT_SIG_EXCLUSIVE, fd >= 0);
	judge(p, PT_SIG_GUARD, fd >= 0);
	judge(p, PT_SIG_PAGEMAP_SCAN, fd >= 0 && p->k->ops->ioctl(p->k, fd, PT_PAGEMAP_SCAN, &arg) >= 0);
}

static void judge_maps(struct pt_probe *p, int fd)
{
	struct pt_cachestat pages;
	struct pq_arg arg = {.size = sizeof(arg)};
	int r = fd < 0 ? fd : p->k->ops->ioctl(p->k, fd, PT_PROCMAP_QUERY, &arg);

	judge(p, PT_SIG_PROCMAP_QUERY, fd >= 0 && (r >= 0 || r == -ENOENT));
	judge(p, PT_SIG_SHMEM_SWAP, fd >= 0 && p->k->ops->cachestat(p->k, fd, 0, 0, &pages) == 0);
}

static void judge_file(struct pt_probe *p, enum pt_signal signal, pid_t pid, const char *name)
{
	int fd = open_file(p->k, pid, name);
	judge(p, signal, fd >= 0);
	p->k->ops->close(p->k, fd);
}

void pt_probe_folder(struct pt_probe *p, pid_t pid)
{
	uint64_t word;

	int fd = open_file(p->k, pid, "pagemap");
	judge_pagemap(p, fd);
	p->k->ops->close(p->k, fd);
	fd = open_file(p->k, pid, "maps");
	judge_maps(p, fd);
	p->k->ops->close(p->k, fd);
	judge_file(p, PT_SIG_SMAPS, pid, "smaps");
	judge_file(p, PT_SIG_CONTENTS, pid, "mem");
	judge_file(p, PT_SIG_SOFT_DIRTY, pid, "clear_refs");

	/* Frame numbers are of use where there is something to look up. */
	int error = pt_probe_word_at(p->k, "proc/kpageflags", 0, &word);
	judge(p, PT_SIG_PFN, !error || error == -ENODATA);
	pt_probe_system(p);
	judge(p, PT_SIG_KSM, true);
	judge(p, PT_SIG_MAP_COUNT, true);
}
