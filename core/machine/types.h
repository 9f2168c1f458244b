/*
 * Types: frames told apart by their flags, as the kernel's page-types does: of the machine, or of what a process has in
 * its page tables, or of what files have in the page cache; all of them or a range, those of a cgroup, those that a spec
 * of bits chooses. Counts equal those of page-types for the same request. Where there is PAGEMAP_SCAN, what a process never touched costs nothing.
 */
#ifndef PT_MACHINE_TYPES_H
#define PT_MACHINE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/cache/files.h"
#include "core/kernel/kernel.h"
#include "core/machine/bits.h"
#include "core/model/snapshot.h"

/* Everything in it is borrowed. */
struct pt_types_request {
	pid_t pid;        /* 0: the machine, */
	const char *file; /* or what is cached of this file, or of all files below this folder; NULL: neither */
	struct pt_files *
		files; /* of `file`: which there were, and what was left out, if it is 0 that is returned: pt_files_free(); NULL: not asked for */
	struct pt_step step; /* of `file`: as that of struct pt_files_request */
	/* page numbers, one range after the other; of a process addresses / page size */
	const struct pt_stretch *ranges;
	size_t n_ranges; /* 0: everything */
	const struct pt_bits_rule *rules;
	size_t n_rules;
	uint64_t cgroup; /* inode of a memory cgroup, whose frames alone are meant; 0: all */
	/* another file of that form, as paths of struct pt_kernel_ops are; NULL: the kernel's own */
	const char *kpageflags;
	bool raw;             /* flags as page-types -r shows them */
	bool counts, cgroups; /* read these too, and tell frames apart by them */
};

/* Neighbouring pages in neighbouring frames that are alike. */
struct pt_frame_run {
	const char *path; /* of the file, as long as the call lasts; else NULL */
	uint64_t page;    /* number of the first one in its process or file; of the machine it is the PFN */
	uint64_t first;   /* its PFN; of a page that is not present, its offset in swap */
	uint64_t pages;
	uint64_t flags; /* as pt_bits_shown() */
	uint64_t count,
		cgroup; /* kpagecount, kpagecgroup: where they were asked for; else, and where unknown, PT_BULK_NONE */
	bool present;   /* false: swapped, or a marker in the page table */
};

/*
 * Calls each for every run, in the order of pages; nonzero ends it with that. 0 or -errno: -EPERM and -EACCES for want of
 * privilege, -ESRCH where the process ended, as pt_cached_read() for a file; of a folder, what could not be looked at is in its
 * `files`, and left out. *ret_file (may be NULL) is the file that could not be read, NULL for the
 * process.
 */
int pt_types_walk(struct pt_kernel *k, const struct pt_types_request *request,
		  int (*each)(void *arg, const struct pt_frame_run *run), void *arg, const char **ret_file);

struct pt_type {
	uint64_t flags, pages;
};
struct pt_types {
	struct pt_type *v; /* [n], most pages first; pt_types_free() */
	size_t n;
	uint64_t pages; /* of all of them */
};

/* How many frames there are of each. Errors as above. */
int pt_types_count(struct pt_kernel *k, const struct pt_types_request *request, struct pt_types *ret,
		   const char **ret_file);
void pt_types_free(struct pt_types *types);

#endif
