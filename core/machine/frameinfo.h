/*
 * What can be said of one frame, whoever maps it: what pt_inspect_frame reads, and what it takes more than its own words
 * to know: the free block it lies in, its pageblock, page_owner's record, and for who maps it (owners.h) the file.
 */
#ifndef PT_MACHINE_FRAMEINFO_H
#define PT_MACHINE_FRAMEINFO_H

#include "core/explain/frame.h"
#include "core/owners/owners.h"
#include "core/report/facts.h"

#define PT_OWNER_RECORD 3072

struct pt_frame_info {
	struct pt_facts facts;        /* of the frame alone */
	bool exists;                  /* flags could be read, and do not say that there is no memory */
	enum pt_frame kind;           /* if its flags are known */
	struct pt_maybe free_order;   /* of a frame in the page allocator: its block has 1 << order pages */
	struct pt_maybe block_order;  /* of pageblocks, which have a migrate type each */
	char record[PT_OWNER_RECORD]; /* page_owner's of the allocation it lies in, as the kernel wrote it; "": none */
	char migrate_type[24];        /* of its pageblock, out of that record; "": not known */
};

/* Never fails: what could not be read is not known. signals as pt_probe_signals has them. */
void pt_frame_read(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_frame_info *ret);

/* A sentence: what it is, and how often it is mapped. Returns ret. */
char *pt_frame_headline(const struct pt_frame_info *info, char *ret, size_t size);
/* All of it as rows: groups Frame, Flags, Allocation. */
void pt_frame_list(const struct pt_frame_info *info, struct pt_fact_list *ret);

/* page_owner's record of the allocation that `pfn` lies in, out of text that begins at or before it; false: another's. */
bool pt_frame_parse_record(const char *text, size_t size, uint64_t pfn, struct pt_frame_info *ret);

/* What a process maps at an address. */
struct pt_frame_mapping {
	char name[256];  /* of the VMA: the path of its file, "[heap]", or ""; as the kernel has it */
	bool is_file;    /* then: */
	uint64_t offset; /* bytes into the file */
	uint64_t inode;
	uint64_t start, end; /* of the VMA */
};
/* 0; -ESRCH: no VMA is there, or no process; -EACCES, -ENOMEM. */
int pt_frame_mapping(struct pt_kernel *k, pid_t pid, uint64_t address, struct pt_frame_mapping *ret);
/* The file of a frame that is a page of one, by whoever of its owners has it mapped; false: not known, or none. */
bool pt_frame_file(struct pt_kernel *k, const struct pt_frame_info *info, const struct pt_owners_answer *owners,
		   struct pt_frame_mapping *ret);

/* Half a sentence about owners: "all 6 mappings found", "2 of 3 found: ..."; "" where nobody maps it. Returns ret. */
char *pt_owners_words(const struct pt_owners_answer *answer, char *ret, size_t size);

#endif
