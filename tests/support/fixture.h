/*
 * Fixture: a folder that looks like /proc and /sys, made from a short text. A kernel object on it (fixture_kernel) then
 * gives a made-up process to whatever reads processes.
 *
 * One line says one thing; what may hold spaces comes last, and # begins a comment. Addresses are hexadecimal, other
 * numbers decimal or 0x:
 *
 *   process 100 S start=777 uid=1000 threads=2 a name    replaces any process 100 there was; the lines below are its;
 *                                                        also parent=1, and stack=7ffd0000: where its first stack began
 *   in 100                                               the lines below are process 100's
 *   vma 7f0000000000-7f0000010000 rw-p offset=0 inode=5 flags=lo,hg /a file    name, inode and so on may be left out
 *   vma 7f0000020000-7f0000030000 r-xp minor=31 /a file  one of a file system without a block device, as tmpfs is
 *   unmap 7f0000000000-7f0000004000                      whole VMAs or parts of them, with their pages
 *   page 7f0000000000 anon pfn=1000 count=2 +dirty       a present page, and its frame
 *   pages 7f0000001000-7f0000003000 anon pfn=1001        neighbours with neighbouring frames
 *   swap 7f0000004000 type=0 offset=5                    or a range of them
 *   evicted 7f0000005000                                 shmem swapped out: pagemap shows nothing, cachestat does
 *   marker 7f0000006000 guard                            guard, uffd-wp or poison
 *   migrating 7f0000007000 pfn=1010
 *   frame 2000-2010 count=0 +buddy                       frames that no process here maps
 *
 * Kinds of present pages: anon file shmem lazyfree ksm zero huge-zero hugetlb kernel device. With them may stand: huge
 * (mapped by a PMD), large (part of a large folio; the first page of the line is its head), bare-tails (tails show what
 * kernels before 6.12 show of them), soft-dirty, uffd-wp, hidden (pagemap shows no PFN), exclusive or not-exclusive
 * (else by count, which is 1 if not given), cgroup=INODE, and +bit or -bit for a bit of kpageflags.
 *
 * What comes of it: maps, pagemap, stat, status, cgroup, task, smaps and smaps_rollup (summed by the kernel's rules
 * from the pages, so it is an oracle for others' sums), kpageflags, kpagecount, kpagecgroup. Two files are for the
 * scripted kernel alone: proc/PID/categories has what PAGEMAP_SCAN says of each page, and a file in proc/PID/map_files
 * of a VMA of shared memory has a byte per page, c for cached and e for evicted.
 *
 * A mistake in the text fails the test with the line. The folder goes away with fixture_free, or when the test ends.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "core/kernel/kernel.h"

struct fixture;

/* page_size in bytes: 4096, 16384, 65536. */
struct fixture *fixture_new(unsigned page_size, const char *text);
void fixture_free(struct fixture *fixture); /* NULL is fine */

/* More lines; the files are up to date when it returns. */
void fixture_add(struct fixture *fixture, const char *text);
/* The process ends: nothing of it stays. */
void fixture_end(struct fixture *fixture, pid_t pid);

/* Any other file, and folders on its way; replaces what was there. */
void fixture_write(struct fixture *fixture, const char *path, const char *text);
void fixture_write_bytes(struct fixture *fixture, const char *path, const void *bytes, size_t size);
void fixture_remove(struct fixture *fixture, const char *path);

const char *fixture_root(const struct fixture *fixture);
/* A new kernel object on the folder; the caller frees it. */
struct pt_kernel *fixture_kernel(const struct fixture *fixture);

#endif
