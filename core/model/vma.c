/*
 * VMA tables and what each VMA is for; see vma.h. Roles come from the name the kernel gave, the permissions and the
 * neighbours, never from the contents.
 */
#include "core/model/vma.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pt_vma_table *pt_vma_table_new(size_t n, size_t names_size)
{
	struct pt_vma_table *table = malloc(sizeof(*table));
	if (!table)
		return NULL;
	*table = (struct pt_vma_table){.refs = 1, .bytes = sizeof(*table) + n * sizeof(*table->v) + names_size};
	table->v = calloc(n ? n : 1, sizeof(*table->v));
	table->names = calloc(1, names_size ? names_size : 1);
	if (!table->v || !table->names) {
		pt_vma_table_unref(table);
		return NULL;
	}
	return table;
}

struct pt_vma_table *pt_vma_table_ref(struct pt_vma_table *table)
{
	__atomic_fetch_add(&table->refs, 1, __ATOMIC_RELAXED);
	return table;
}

void pt_vma_table_unref(struct pt_vma_table *table)
{
	if (!table || __atomic_sub_fetch(&table->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	free(table->v);
	free(table->names);
	free(table);
}

/* ---- roles ------------------------------------------------------------------------------------------------------ */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

struct name_role {
	const char *prefix;
	enum pt_role role;
};

/* Names that say it all; the first match counts. The kernel's own first: a file cannot be called "[heap]" here, since
 * paths of files are absolute. */
static const struct name_role name_roles[] = {
	{"[heap]", PT_ROLE_HEAP},
	{"[stack", PT_ROLE_STACK},
	{"[vdso]", PT_ROLE_VDSO},
	{"[vvar", PT_ROLE_VVAR},
	{"[vsyscall]", PT_ROLE_VSYSCALL},
	{"[uprobes]", PT_ROLE_DEVICE},
	{"/anon_hugepage", PT_ROLE_HUGETLB},
	{"/memfd:", PT_ROLE_SHMEM},
	{"/SYSV", PT_ROLE_SHMEM},
	{"/dev/shm/", PT_ROLE_SHMEM},
	{"/dev/zero", PT_ROLE_SHMEM},
	{"/dev/hugepages/", PT_ROLE_HUGETLB},
	{"[anon_shmem", PT_ROLE_SHMEM},
	{"[anon", PT_ROLE_ANON},
	{"/dev/", PT_ROLE_DEVICE},
	{"anon_inode:", PT_ROLE_DEVICE},
	{"socket:", PT_ROLE_DEVICE},
	{"/dmabuf:", PT_ROLE_DEVICE},
};

static enum pt_role role_by_name(const char *path)
{
	for (size_t i = 0; path[0] && i < sizeof(name_roles) / sizeof(*name_roles); i++)
		if (starts(path, name_roles[i].prefix))
			return name_roles[i].role;
	return PT_ROLE_N;
}

static bool same_file(const struct pt_vma *a, const struct pt_vma *b)
{
	return a->inode && a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* A file that has executable mappings nearby is a program or a library: the linker lays its segments side by side. */
static bool has_text_nearby(const struct pt_vma_table *table, size_t i)
{
	const struct pt_vma *vma = &table->v[i];
	for (size_t k = i; k-- > 0 && i - k <= 6 && same_file(&table->v[k], vma);)
		if (table->v[k].perms & PT_EXEC)
			return true;
	for (size_t k = i + 1; k < table->n && k - i <= 6 && same_file(&table->v[k], vma); k++)
		if (table->v[k].perms & PT_EXEC)
			return true;
	return false;
}

static enum pt_role file_role(const struct pt_vma_table *table, size_t i)
{
	const struct pt_vma *vma = &table->v[i];
	if (vma->perms & PT_EXEC)
		return PT_ROLE_TEXT;
	if (vma->perms & PT_SHARED || !has_text_nearby(table, i))
		return vma->fs == PT_FS_TMPFS ? PT_ROLE_SHMEM : PT_ROLE_FILE;
	return vma->perms & PT_WRITE ? PT_ROLE_DATA : PT_ROLE_RODATA;
}

#define ARENA_SIZE (64ull << 20) /* HEAP_MAX_SIZE of glibc's malloc on 64-bit machines */

/* glibc maps each further arena at a multiple of 64 MiB, readable from its start and unused to its end. */
static bool is_arena(const struct pt_vma_table *table, size_t i)
{
	const struct pt_vma *vma = &table->v[i];
	if (vma->start % ARENA_SIZE || vma->perms != (PT_READ | PT_WRITE) || vma->end - vma->start > ARENA_SIZE)
		return false;
	if (vma->end - vma->start == ARENA_SIZE)
		return true;
	const struct pt_vma *rest = vma + 1;
	return i + 1 < table->n && rest->start == vma->end && rest->perms == 0 && !rest->inode &&
	       rest->end == vma->start + ARENA_SIZE;
}

static enum pt_role anonymous_role(const struct pt_vma_table *table, size_t i)
{
	const struct pt_vma *vma = &table->v[i];
	if (vma->tid)
		return PT_ROLE_THREAD_STACK;
	if (!(vma->perms & (PT_READ | PT_WRITE | PT_EXEC)))
		return PT_ROLE_GUARD;
	if (is_arena(table, i))
		return PT_ROLE_ARENA;
	const struct pt_vma *before = i ? vma - 1 : NULL;
	if (before && before->end == vma->start && before->role == PT_ROLE_DATA && vma->perms & PT_WRITE)
		return PT_ROLE_BSS;
	return PT_ROLE_ANON;
}

void pt_vma_table_set_roles(struct pt_vma_table *table)
{
	const char *path = NULL; /* that was looked up last: neighbours often share it */
	enum pt_role named = PT_ROLE_N;
	for (size_t i = 0; i < table->n; i++) {
		struct pt_vma *vma = &table->v[i];
		if (vma->path != path)
			named = role_by_name(path = vma->path);
		enum pt_role role = named;
		if (vma->fs == PT_FS_HUGETLBFS || (vma->has_vm_flags && vma->vm_flags & PT_VM_HUGETLB))
			role = PT_ROLE_HUGETLB;
		if (role == PT_ROLE_N)
			role = vma->inode ? file_role(table, i) : anonymous_role(table, i);
		else if (role == PT_ROLE_ANON && vma->tid)
			role = PT_ROLE_THREAD_STACK;
		vma->role = (uint8_t)role;
	}
}

/* ---- look-up and names ------------------------------------------------------------------------------------------ */

size_t pt_vma_find(const struct pt_vma_table *table, uint64_t addr)
{
	size_t low = 0, high = table->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->v[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Without a block device (major 0) are tmpfs, but also overlayfs, btrfs and others. */
bool pt_vma_may_be_shmem(const struct pt_vma *vma)
{
	switch (vma->role) {
	case PT_ROLE_SHMEM: return true;
	case PT_ROLE_TEXT:
	case PT_ROLE_RODATA:
	case PT_ROLE_DATA:
	case PT_ROLE_FILE: return vma->fs == PT_FS_TMPFS || (vma->fs == PT_FS_UNKNOWN && vma->dev_major == 0);
	default: return false;
	}
}

bool pt_vma_covers(const struct pt_vma *vma, uint64_t addr)
{
	return vma->start <= addr && addr < vma->end;
}

void pt_vma_perms(const struct pt_vma *vma, char *ret)
{
	ret[0] = vma->perms & PT_READ ? 'r' : '-';
	ret[1] = vma->perms & PT_WRITE ? 'w' : '-';
	ret[2] = vma->perms & PT_EXEC ? 'x' : '-';
	ret[3] = vma->perms & PT_SHARED ? 's' : 'p';
	ret[4] = 0;
}

static const struct {
	const char *token, *words;
} roles[PT_ROLE_N] = {
	[PT_ROLE_ANON] = {"anon", "anonymous"},
	[PT_ROLE_HEAP] = {"heap", "heap"},
	[PT_ROLE_ARENA] = {"arena", "malloc arena"},
	[PT_ROLE_STACK] = {"stack", "main stack"},
	[PT_ROLE_THREAD_STACK] = {"thread-stack", "stack of thread"},
	[PT_ROLE_TEXT] = {"text", "program text"},
	[PT_ROLE_RODATA] = {"rodata", "read-only data"},
	[PT_ROLE_DATA] = {"data", "program data"},
	[PT_ROLE_BSS] = {"bss", "zeroed data (bss)"},
	[PT_ROLE_FILE] = {"file", "file"},
	[PT_ROLE_SHMEM] = {"shmem", "shared memory"},
	[PT_ROLE_HUGETLB] = {"hugetlb", "hugetlb"},
	[PT_ROLE_GUARD] = {"guard", "no access"},
	[PT_ROLE_VDSO] = {"vdso", "kernel code (vdso)"},
	[PT_ROLE_VVAR] = {"vvar", "kernel data (vvar)"},
	[PT_ROLE_VSYSCALL] = {"vsyscall", "vsyscall page"},
	[PT_ROLE_DEVICE] = {"device", "device or kernel buffer"},
};

const char *pt_role_name(enum pt_role role)
{
	return roles[role].token;
}

char *pt_role_words(const struct pt_vma *vma, char *ret, size_t size)
{
	if (vma->role == PT_ROLE_THREAD_STACK && vma->tid)
		snprintf(ret, size, "%s %d", roles[vma->role].words, vma->tid);
	else
		snprintf(ret, size, "%s", roles[vma->role].words);
	return ret;
}
