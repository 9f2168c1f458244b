/*
 * The version that a libc says it is: for people, nothing depends on it. Every libc (and every program it is linked into)
 * holds "GNU C Library (...) stable release version 2.36."; that page of it is hardly ever in memory, so the file is read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define SLICE   (64u << 10)
#define OVERLAP 256u
#define MOST    (64u << 20) /* bytes of a file that are looked at */

static bool take_version(const char *text, size_t size, char ret[32])
{
	static const char banner[] = "GNU C Library (", said[] = "release version ";
	const char *at = memmem(text, size, banner, sizeof(banner) - 1);
	if (!at)
		return false;
	size_t left = size - (size_t)(at - text);
	at = memmem(at, left < OVERLAP ? left : OVERLAP, said, sizeof(said) - 1);
	if (!at)
		return false;
	at += sizeof(said) - 1;
	left = size - (size_t)(at - text);
	size_t n = 0;
	while (n < left && n < 12 &&
	       ((at[n] >= '0' && at[n] <= '9') ||
		(at[n] == '.' && n + 1 < left && at[n + 1] >= '0' && at[n + 1] <= '9')))
		n++;
	if (n)
		snprintf(ret, 32, "glibc %.*s", (int)n, at);
	return n > 0;
}

static int open_mapped(const struct pt_memory *memory, const struct pt_vma *vma)
{
	const struct pt_target *t = memory->target;
	char path[4200];
	/* the very file; it takes a privilege, but not its name */
	snprintf(path, sizeof(path), "proc/%d/map_files/%llx-%llx", t->task, (unsigned long long)vma->start,
		 (unsigned long long)vma->end);
	int fd = t->k->ops->open(t->k, path, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 || strlen(vma->path) > 4096)
		return fd;
	snprintf(path, sizeof(path), "proc/%d/root%s", t->task, vma->path);
	return t->k->ops->open(t->k, path, O_RDONLY | O_NONBLOCK);
}

void pt_malloc_version(const struct pt_malloc *found, const struct pt_memory *memory, char ret[32])
{
	struct pt_kernel *k = memory->target->k;
	int fd = open_mapped(memory, &memory->vmas->v[found->vma]);
	char *text = fd >= 0 ? malloc(SLICE) : NULL;
	ssize_t got = text ? SLICE : 0;
	snprintf(ret, 32, "glibc");
	for (uint64_t at = 0; at < MOST && got == SLICE; at += SLICE - OVERLAP) {
		got = k->ops->pread(k, fd, text, SLICE, at);
		if (got > 0 && take_version(text, (size_t)got, ret))
			break;
	}
	free(text);
	if (fd >= 0)
		k->ops->close(k, fd);
}
