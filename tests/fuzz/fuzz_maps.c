/*
 * Fuzzes the parsers of the files of a process. The first byte of the input, modulo five, chooses one: what it accepts
 * must hold what its header promises.
 */
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

static void fuzz_maps(const char *text, size_t size)
{
	struct pt_vma_table *vmas;
	if (pt_parse_maps(text, size, &vmas))
		return;
	for (size_t i = 0; i < vmas->n; i++) {
		const struct pt_vma *vma = &vmas->v[i];
		PROMISE(vma->start < vma->end);
		PROMISE(i == 0 || vma->start >= vmas->v[i - 1].end);
		PROMISE(vma->role < PT_ROLE_N);
		PROMISE(strlen(vma->path) <= size && !strchr(vma->path, '\n'));
		PROMISE(pt_vma_find(vmas, vma->start) == i);
		PROMISE(pt_vma_find(vmas, vma->end - 1) == i);
	}
	pt_vma_table_unref(vmas);
}

static void fuzz_smaps(const char *text, size_t size)
{
	struct pt_smaps *blocks;
	size_t n;
	if (pt_parse_smaps(text, size, &blocks, &n))
		return;
	for (size_t i = 0; i < n; i++)
		PROMISE(blocks[i].start < blocks[i].end && blocks[i].rss.value % 1024 == 0);
	free(blocks);
}

static void fuzz_process(const char *text, size_t size)
{
	struct pt_process process = {0};
	if (!pt_parse_stat(text, size, &process)) {
		PROMISE(process.pid >= 0);
		PROMISE(strlen(process.name) < PT_NAME_MAX);
	}
	pt_parse_status(text, size, &process);
}

static void fuzz_zoneinfo(const char *text, size_t size)
{
	struct pt_physical physical = {.node = -1};
	bool found = pt_parse_zoneinfo(text, size, 4096, &physical);
	PROMISE(found == (physical.zone[0] != '\0'));
	PROMISE(found == (physical.node >= 0));
	PROMISE(strlen(physical.zone) < sizeof(physical.zone));
}

/* Small ones; some take a string, which ends at the first NUL. */
static void fuzz_words(const char *text, size_t size)
{
	uint64_t sp = 0;
	char *string = strndup(text, size);
	if (!string)
		return;
	PROMISE(pt_parse_syscall_sp(string, &sp) == (sp != 0));
	pt_parse_swaps(string);
	free(string);
	struct pt_mount *mounts;
	size_t n;
	if (pt_parse_mountinfo(text, size, &mounts, &n))
		return;
	for (size_t i = 0; i < n; i++)
		PROMISE(mounts[i].fs != PT_FS_UNKNOWN);
	free(mounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text, size_t size) = {fuzz_maps, fuzz_smaps, fuzz_process,
									 fuzz_zoneinfo, fuzz_words};
	if (size == 0)
		return 0;
	/* a copy of its own, so that reading past its end is found */
	char *text = malloc(size - 1 ? size - 1 : 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	parsers[data[0] % 5](text, size - 1);
	free(text);
	return 0;
}
