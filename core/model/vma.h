/*
 * The VMAs of a process at one moment: a table in address order, immutable and reference-counted, shared by all
 * snapshots for as long as /proc/PID/maps does not change. Names are raw bytes as the kernel gave them: hostile, so
 * they go through pt_text_printable() before anyone sees them.
 */
#ifndef PT_MODEL_VMA_H
#define PT_MODEL_VMA_H

#include <stddef.h>

#include "core/model/page.h"

enum pt_perm { PT_READ = 1, PT_WRITE = 2, PT_EXEC = 4, PT_SHARED = 8 };

enum pt_role {
	PT_ROLE_ANON,         /* private anonymous memory */
	PT_ROLE_HEAP,         /* [heap]: brk */
	PT_ROLE_ARENA,        /* heap of a glibc malloc arena (64 MiB aligned) */
	PT_ROLE_STACK,        /* [stack]: of the main thread */
	PT_ROLE_THREAD_STACK, /* holds the stack pointer of thread `tid` */
	PT_ROLE_TEXT,         /* file, executable */
	PT_ROLE_RODATA,       /* file of a program or library, read-only */
	PT_ROLE_DATA,         /* file of a program or library, writable and private */
	PT_ROLE_BSS,          /* anonymous right behind a data VMA of a file */
	PT_ROLE_FILE,         /* any other file mapping */
	PT_ROLE_SHMEM,        /* tmpfs, memfd, SysV, shared anonymous */
	PT_ROLE_HUGETLB,
	PT_ROLE_GUARD,    /* no permissions, anonymous: stack guard, reservation */
	PT_ROLE_VDSO,     /* [vdso] */
	PT_ROLE_VVAR,     /* [vvar], [vvar_vclock] */
	PT_ROLE_VSYSCALL, /* [vsyscall] */
	PT_ROLE_DEVICE,   /* character device, io_uring, perf ring, packet ring... */
	PT_ROLE_N
};

/* VmFlags of smaps that pagetop uses; valid only where has_vm_flags. Our own bit numbers. */
enum pt_vm_flag {
	PT_VM_LOCKED = 1u << 0,        /* lo */
	PT_VM_HUGETLB = 1u << 1,       /* ht */
	PT_VM_PFNMAP = 1u << 2,        /* pf */
	PT_VM_MIXEDMAP = 1u << 3,      /* mm */
	PT_VM_IO = 1u << 4,            /* io */
	PT_VM_GROWSDOWN = 1u << 5,     /* gd */
	PT_VM_DONTDUMP = 1u << 6,      /* dd */
	PT_VM_NOHUGEPAGE = 1u << 7,    /* nh */
	PT_VM_HUGEPAGE = 1u << 8,      /* hg */
	PT_VM_MERGEABLE = 1u << 9,     /* mg */
	PT_VM_UFFD_MISSING = 1u << 10, /* um */
	PT_VM_UFFD_WP = 1u << 11,      /* uw */
	PT_VM_NORESERVE = 1u << 12,    /* nr */
	PT_VM_DROPPABLE = 1u << 13,    /* dp */
	PT_VM_SEALED = 1u << 14,       /* sl */
};

/* The file system behind a VMA, as far as it matters for its memory. */
enum pt_fs { PT_FS_UNKNOWN, PT_FS_TMPFS, PT_FS_HUGETLBFS, PT_FS_OTHER };

struct pt_vma {
	uint64_t start, end; /* bytes; end is exclusive */
	uint64_t offset;     /* bytes into the file */
	uint64_t inode;      /* 0: no file, or the first piece of SysV shared memory */
	uint32_t dev_major, dev_minor;
	uint32_t vm_flags; /* enum pt_vm_flag, where has_vm_flags */
	int32_t tid;       /* thread of PT_ROLE_THREAD_STACK, else 0 */
	uint8_t perms;     /* enum pt_perm */
	uint8_t role;      /* enum pt_role */
	uint8_t fs;        /* enum pt_fs */
	bool has_vm_flags;
	const char *path; /* raw bytes, "" if none; owned by the table */
};

struct pt_vma_table {
	size_t n;
	struct pt_vma *v; /* in the order of /proc/PID/maps */
	/* private: */
	char *names;   /* the bytes behind every path */
	size_t bytes;  /* all memory it holds */
	unsigned refs; /* atomic */
};

/* A new empty table with one reference and room for n VMAs and names_size bytes of names; NULL: out of memory. */
struct pt_vma_table *pt_vma_table_new(size_t n, size_t names_size);
struct pt_vma_table *pt_vma_table_ref(struct pt_vma_table *table);
void pt_vma_table_unref(struct pt_vma_table *table);

/* Fills in the role of every VMA from paths, permissions and neighbours; tid, fs and VmFlags set before count too. */
void pt_vma_table_set_roles(struct pt_vma_table *table);

/* Index of the VMA that covers addr; or of the next one above (table->n if none). */
size_t pt_vma_find(const struct pt_vma_table *table, uint64_t addr);
/* Whether its file can be one of tmpfs, so that pages of it can be swapped out without a trace in the page table. */
bool pt_vma_may_be_shmem(const struct pt_vma *vma);
bool pt_vma_covers(const struct pt_vma *vma, uint64_t addr);

/* "rw-p" into ret[5]. */
void pt_vma_perms(const struct pt_vma *vma, char *ret);
/* One word for JSON and filters ("thread-stack"), static storage. */
const char *pt_role_name(enum pt_role role);
/* In words for people: "stack of thread 4711", "program text". Returns ret. */
char *pt_role_words(const struct pt_vma *vma, char *ret, size_t size);

#endif
