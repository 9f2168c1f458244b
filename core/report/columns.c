/*
 * The table of VMA columns and the choice among them. The table is static; rows borrow the snapshot they read.
 */
#include "core/report/columns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct pt_column columns[PT_COL_N] = {
	[PT_COL_START] = {"START", PT_COLUMN_ADDRESS, "first address", -1},
	[PT_COL_END] = {"END", PT_COLUMN_ADDRESS, "address behind the last byte", -1},
	[PT_COL_PERMS] = {"PERMS", PT_COLUMN_TEXT, "read, write, execute; private or shared", -1},
	[PT_COL_OFFSET] = {"OFFSET", PT_COLUMN_OFFSET, "where in the file it starts", -1},
	[PT_COL_INODE] = {"INODE", PT_COLUMN_NUMBER, "inode of the file, 0 without one", -1},
	[PT_COL_PATH] = {"PATH", PT_COLUMN_TEXT, "file, or the kernel's name for it", -1},
	[PT_COL_ROLE] = {"ROLE", PT_COLUMN_TEXT, "what the process uses it for", -1},
	[PT_COL_SIZE] = {"SIZE", PT_COLUMN_BYTES, "address space", PT_SUM_SIZE},
	[PT_COL_RSS] = {"RSS", PT_COLUMN_BYTES, "resident, as smaps' Rss", PT_SUM_RSS},
	[PT_COL_PSS] = {"PSS", PT_COLUMN_BYTES, "resident, each page divided by its mappings", PT_SUM_PSS},
	[PT_COL_ANON] = {"ANON", PT_COLUMN_BYTES, "resident anonymous pages", PT_SUM_ANON},
	[PT_COL_FILE] = {"FILE", PT_COLUMN_BYTES, "resident pages of files", PT_SUM_FILE},
	[PT_COL_SHMEM] = {"SHMEM", PT_COLUMN_BYTES, "resident shared memory", PT_SUM_SHMEM},
	[PT_COL_DIRTY] = {"DIRTY", PT_COLUMN_BYTES, "dirty pages, approximate", PT_SUM_DIRTY},
	[PT_COL_SWAP] = {"SWAP", PT_COLUMN_BYTES, "swapped out, shared memory included", PT_SUM_SWAP},
	[PT_COL_THP] = {"THP", PT_COLUMN_BYTES, "anonymous and mapped huge, as AnonHugePages", PT_SUM_THP},
	[PT_COL_HUGETLB] = {"HUGETLB", PT_COLUMN_BYTES, "hugetlb pages, no part of RSS", PT_SUM_HUGETLB},
	[PT_COL_SHARED] = {"SHARED", PT_COLUMN_BYTES, "resident pages mapped more than once", PT_SUM_SHARED},
	[PT_COL_PRIVATE] = {"PRIVATE", PT_COLUMN_BYTES, "resident pages mapped once", PT_SUM_PRIVATE},
	[PT_COL_ZERO] = {"ZERO", PT_COLUMN_BYTES, "the kernel's zero pages, no part of RSS", PT_SUM_ZERO},
	[PT_COL_KSM] = {"KSM", PT_COLUMN_BYTES, "merged with equal pages", PT_SUM_KSM},
	[PT_COL_LAZYFREE] = {"LAZYFREE", PT_COLUMN_BYTES, "given back with MADV_FREE", PT_SUM_LAZYFREE},
	[PT_COL_LOCKED] = {"LOCKED", PT_COLUMN_BYTES, "PSS of locked memory, as smaps' Locked", PT_SUM_LOCKED},
	[PT_COL_REFERENCED] = {"REFERENCED", PT_COLUMN_BYTES, "marked referenced, approximate", PT_SUM_REFERENCED},
	[PT_COL_GUARD] = {"GUARD", PT_COLUMN_BYTES, "guard markers", PT_SUM_GUARD},
	[PT_COL_PAGES_PRESENT] = {"PAGES_PRESENT", PT_COLUMN_NUMBER, "pages with a frame, zero pages included",
				  PT_SUM_PRESENT},
};

const struct pt_column *pt_column(enum pt_column_id id)
{
	return &columns[id];
}

static struct pt_maybe known(uint64_t value)
{
	return (struct pt_maybe){.value = value, .known = true};
}

struct pt_maybe pt_column_number(const struct pt_vma_row *row, enum pt_column_id id)
{
	struct pt_maybe bytes;

	switch (id) {
	case PT_COL_START: return known(row->vma->start);
	case PT_COL_END: return known(row->vma->end);
	case PT_COL_OFFSET: return known(row->vma->offset);
	case PT_COL_INODE: return known(row->vma->inode);
	case PT_COL_SIZE: return known(row->vma->end - row->vma->start);
	default: break;
	}
	if (columns[id].sum < 0 || !row->snapshot)
		return (struct pt_maybe){0};
	bytes = pt_snapshot_bytes(row->snapshot, row->index, (enum pt_sum)columns[id].sum);
	if (id == PT_COL_PAGES_PRESENT)
		bytes.value >>= row->snapshot->page_shift;
	return bytes;
}

const char *pt_column_text(const struct pt_vma_row *row, enum pt_column_id id, char *buf)
{
	switch (id) {
	case PT_COL_PERMS: pt_vma_perms(row->vma, buf); return buf;
	case PT_COL_PATH: return row->vma->path && row->vma->path[0] ? row->vma->path : NULL;
	case PT_COL_ROLE: return pt_role_name((enum pt_role)row->vma->role);
	default: return NULL;
	}
}

/* ---- choosing -------------------------------------------------------------------------------------------------- */

static bool find_name(const char *word, size_t len, const char *(*name)(const void *arg, size_t i), const void *arg,
		      size_t n_all, size_t *ret)
{
	for (size_t i = 0; i < n_all; i++) {
		if (strlen(name(arg, i)) == len && strncasecmp(name(arg, i), word, len) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void add_once(size_t id, size_t *ret, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (ret[i] == id)
			return;
	ret[(*n)++] = id;
}

static int unknown_column(const char *word, size_t len, const char *(*name)(const void *arg, size_t i), const void *arg,
			  size_t n_all, char *message, size_t size)
{
	size_t used;

	if (len == 0)
		used = (size_t)snprintf(message, size, "an empty column name in -o; there are");
	else
		used = (size_t)snprintf(message, size, "no column %.*s; there are", len < 40 ? (int)len : 40, word);
	for (size_t i = 0; i < n_all && used < size; i++)
		used += (size_t)snprintf(message + used, size - used, "%s%s", i ? "," : " ", name(arg, i));
	return -EINVAL;
}

int pt_columns_select(const char *spec, const char *(*name)(const void *arg, size_t i), const void *arg, size_t n_all,
		      const size_t *defaults, size_t n_defaults, size_t *ret, size_t *ret_n, char *message, size_t size)
{
	size_t n = 0, id;

	if (!spec || spec[0] == '+') {
		for (size_t i = 0; i < n_defaults; i++)
			add_once(defaults[i], ret, &n);
		if (spec)
			spec++;
	}
	while (spec) {
		size_t len = strcspn(spec, ",");
		if (!find_name(spec, len, name, arg, n_all, &id))
			return unknown_column(spec, len, name, arg, n_all, message, size);
		add_once(id, ret, &n);
		spec = spec[len] ? spec + len + 1 : NULL;
	}
	*ret_n = n;
	return 0;
}
