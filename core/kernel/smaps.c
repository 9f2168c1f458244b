/*
 * /proc/PID/smaps and smaps_rollup: a line as in maps, then lines "Key:  123 kB", then VmFlags. A field is known only if
 * its line was there. Which fields there are depends on the kernel; their order is always the same, so a search that
 * starts after the last hit finds each at once.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/kernel/maps.h"
#include "core/kernel/process.h"
#include "core/kernel/readers.h"

#define FIELD(key, member)                                                                                             \
	{                                                                                                              \
		key ":", sizeof(key), offsetof(struct pt_smaps, member)                                                \
	}

static const struct field {
	const char *key;
	size_t size; /* of the key with its colon */
	size_t offset;
} fields[] = {
	FIELD("KernelPageSize", kernel_page_size),
	FIELD("Rss", rss),
	FIELD("Pss", pss),
	FIELD("Shared_Clean", shared_clean),
	FIELD("Shared_Dirty", shared_dirty),
	FIELD("Private_Clean", private_clean),
	FIELD("Private_Dirty", private_dirty),
	FIELD("Referenced", referenced),
	FIELD("Anonymous", anonymous),
	FIELD("KSM", ksm),
	FIELD("LazyFree", lazyfree),
	FIELD("AnonHugePages", anon_huge),
	FIELD("ShmemPmdMapped", shmem_pmd),
	FIELD("FilePmdMapped", file_pmd),
	FIELD("Shared_Hugetlb", shared_hugetlb),
	FIELD("Private_Hugetlb", private_hugetlb),
	FIELD("Swap", swap),
	FIELD("SwapPss", swap_pss),
	FIELD("Locked", locked),
};
#define N_FIELDS (sizeof(fields) / sizeof(*fields))

static const struct {
	char name[3];
	uint32_t flag;
} vm_flags[] = {
	{"lo", PT_VM_LOCKED},    {"ht", PT_VM_HUGETLB},   {"pf", PT_VM_PFNMAP},       {"mm", PT_VM_MIXEDMAP},
	{"io", PT_VM_IO},        {"gd", PT_VM_GROWSDOWN}, {"dd", PT_VM_DONTDUMP},     {"nh", PT_VM_NOHUGEPAGE},
	{"hg", PT_VM_HUGEPAGE},  {"mg", PT_VM_MERGEABLE}, {"um", PT_VM_UFFD_MISSING}, {"uw", PT_VM_UFFD_WP},
	{"nr", PT_VM_NORESERVE}, {"dp", PT_VM_DROPPABLE}, {"sl", PT_VM_SEALED},
};

/* "rd wr mr mw me ac \n"; flags pagetop has no use for are passed over. */
static void take_vm_flags(struct pt_cursor line, struct pt_smaps *block)
{
	block->has_vm_flags = true;
	for (;;) {
		pt_skip_blanks(&line);
		if (line.end - line.at < 2)
			return;
		for (size_t i = 0; i < sizeof(vm_flags) / sizeof(*vm_flags); i++)
			if (!memcmp(line.at, vm_flags[i].name, 2))
				block->vm_flags |= vm_flags[i].flag;
		line.at += 2;
	}
}

/* A field's line; *hint is where to look first, and becomes where to look next time. */
static bool take_field(struct pt_cursor line, struct pt_smaps *block, size_t *hint)
{
	size_t left = (size_t)(line.end - line.at);

	for (size_t i = 0; i < N_FIELDS; i++) {
		const struct field *f = &fields[(*hint + i) % N_FIELDS];
		if (left < f->size || *line.at != *f->key || memcmp(line.at, f->key, f->size))
			continue;
		uint64_t n;
		line.at += f->size;
		pt_skip_blanks(&line);
		if (!pt_take_decimal(&line, &n) || !pt_skip_word(&line, " kB") || line.at != line.end ||
		    __builtin_mul_overflow(n, 1024u, &n))
			return false;
		*(struct pt_maybe *)((char *)block + f->offset) = (struct pt_maybe){n, true};
		*hint = (*hint + i + 1) % N_FIELDS;
		return true;
	}
	if (pt_skip_word(&line, "VmFlags:")) {
		take_vm_flags(line, block);
		return true;
	}
	return memchr(line.at, ':', left) != NULL;
}

struct blocks {
	struct pt_smaps *v;
	size_t n, room;
};

static int add_block(struct blocks *blocks, const struct pt_vma *vma)
{
	if (blocks->n == blocks->room) {
		size_t room = blocks->room ? blocks->room * 2 : 32;
		struct pt_smaps *more = reallocarray(blocks->v, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		blocks->v = more;
		blocks->room = room;
	}
	blocks->v[blocks->n++] = (struct pt_smaps){.start = vma->start, .end = vma->end};
	return 0;
}

/* Addresses begin with a small hexadecimal digit, keys with a capital. */
static int parse_line(struct pt_cursor line, struct blocks *blocks, size_t *hint)
{
	struct pt_vma vma;

	if (line.at < line.end && *line.at >= 'A' && *line.at <= 'Z')
		return blocks->n && take_field(line, &blocks->v[blocks->n - 1], hint) ? 0 : -EBADMSG;
	*hint = 0;
	return pt_take_vma(&line, &vma) ? add_block(blocks, &vma) : -EBADMSG;
}

int pt_parse_smaps(const char *text, size_t size, struct pt_smaps **ret, size_t *ret_n)
{
	struct pt_cursor all = {text, text + size}, line;
	struct blocks blocks = {0};
	size_t hint = 0;
	int error = 0;

	while (!error && pt_cut_line(&all, &line))
		error = parse_line(line, &blocks, &hint);
	if (!error && all.at != all.end)
		error = -EBADMSG;
	if (error) {
		free(blocks.v);
		return error;
	}
	*ret = blocks.v;
	*ret_n = blocks.n;
	return 0;
}

int pt_read_smaps(struct pt_kernel *k, pid_t pid, struct pt_smaps **ret, size_t *ret_n)
{
	char *text;
	size_t size;

	int error = pt_read_pid_file(k, pid, "smaps", &text, &size);
	if (error)
		return error;
	error = pt_parse_smaps(text, size, ret, ret_n);
	free(text);
	return error;
}

int pt_read_rollup(struct pt_kernel *k, pid_t pid, struct pt_smaps *ret)
{
	struct pt_smaps *blocks;
	char *text;
	size_t size, n;

	int error = pt_read_pid_file(k, pid, "smaps_rollup", &text, &size);
	if (error)
		return error;
	error = pt_parse_smaps(text, size, &blocks, &n);
	free(text);
	if (error)
		return error;
	if (n == 1)
		*ret = blocks[0];
	free(blocks);
	return n == 1 ? 0 : -EBADMSG;
}
