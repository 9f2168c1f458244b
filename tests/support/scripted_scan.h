/*
 * Private to the scripted kernel: PAGEMAP_SCAN and cachestat over a fixture's files.
 */
#ifndef TESTS_SCRIPTED_SCAN_H
#define TESTS_SCRIPTED_SCAN_H

#include "core/kernel/abi.h"
#include "core/kernel/kernel.h"

/* -EINVAL for what the kernel refuses; `known` are the categories it has. */
int scripted_scan_check(const struct ps_arg *arg, uint64_t known, unsigned page_shift);
/* fd: the file of categories, a word per page. Regions found; sets walk_end. */
int scripted_scan(int fd, unsigned page_shift, unsigned round, struct ps_arg *arg);
/* fd: a backing file, a byte per page. */
void scripted_count_backing(int fd, unsigned page_shift, uint64_t offset, uint64_t size, struct pt_cachestat *ret);

#endif
