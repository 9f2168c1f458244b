/*
 * Classify: raw entries of pagemap, PAGEMAP_SCAN, kpageflags and kpagecount as a struct pt_page. The one place where
 * the kernel's bits turn into the model's, and where their traps are disarmed. Pure.
 */
#ifndef PT_SCAN_CLASSIFY_H
#define PT_SCAN_CLASSIFY_H

#include "core/model/signals.h"
#include "core/model/vma.h"

/* What presence alone tells: PAGEMAP_SCAN categories and the VMA. */
struct pt_page pt_classify_presence(uint64_t categories, const struct pt_vma *vma);

/* A pagemap entry; categories are 0 where PAGEMAP_SCAN is missing. The kind is provisional until the flags are known. */
struct pt_page pt_classify_entry(uint64_t entry, uint64_t categories, const struct pt_vma *vma,
				 const struct pt_signals *signals);

/* Adds what kpageflags and kpagecount say of the page's frame. */
void pt_classify_flags(struct pt_page *page, uint64_t kpageflags, const struct pt_signals *signals);
void pt_classify_count(struct pt_page *page, uint64_t kpagecount);

#endif
