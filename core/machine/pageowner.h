/*
 * page_owner: the kernel's record of who allocated each frame, with its stack, where it was booted with page_owner=on; or
 * a file that was saved of it. Records that are alike in what is asked for are one group, as page_owner_sort makes them.
 *
 * Such a file is gigabytes on a large machine, so it is read as a stream: what is kept are stacks, each once, and the
 * sums of what is alike. How many frames there are does not matter.
 */
#ifndef PT_MACHINE_PAGEOWNER_H
#define PT_MACHINE_PAGEOWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/kernel/kernel.h"

/* What allocations may be alike in: a set of these. */
enum pt_alloc_key {
	PT_ALLOC_STACK = 1,
	PT_ALLOC_TGID = 2, /* process */
	PT_ALLOC_PID = 4,  /* thread, as page_owner has it */
	PT_ALLOC_NAME = 8,
	PT_ALLOC_ALLOCATOR = 16,
	PT_ALLOC_KEYS = 31
};
#define PT_ALLOC_KEY_N 5

/* What of the kernel allocated it: a set, as page_owner_sort tells them. */
enum pt_alloc_part { PT_ALLOC_CMA = 1, PT_ALLOC_SLAB = 2, PT_ALLOC_VMALLOC = 4, PT_ALLOC_OTHERS = 8 };
#define PT_ALLOC_PARTS 4

struct pt_alloc_record {
	uint64_t pages, ts_ns; /* ts 0: the kernel does not say */
	pid_t pid, tgid;       /* 0: likewise */
	char name[16];         /* comm; "" likewise */
	unsigned allocators;   /* enum pt_alloc_part */
	const char *stack;     /* in the text: its lines, each ended by a newline, as the kernel has them */
	size_t size;
	bool has_pfn;
	uint64_t pfn;          /* of its first frame */
	char migrate_type[24]; /* of the pageblock; "": not known */
};

/*
 * The record that text begins with; *ret_size bytes are its (or those of what is none, when it returns false), up to and
 * with the empty line behind it.
 */
bool pt_page_owner_parse(const char *text, size_t size, struct pt_alloc_record *ret, size_t *ret_size);

/* Allocations that are alike. */
struct pt_alloc_group {
	const char *stack; /* its lines; make them printable */
	uint64_t times, pages;
	uint64_t first_ns, last_ns; /* since boot, of the oldest and the newest; 0: the kernel does not say */
	pid_t pid, tgid;            /* of the newest, as are stack and those below */
	char name[16];
	unsigned allocators;
	unsigned alike; /* enum pt_alloc_key: in these all of the group are */
};

/* Two groups become one. Stacks are alike if their pointers are. */
void pt_alloc_group_add(struct pt_alloc_group *sum, const struct pt_alloc_group *other);

struct pt_alloc_list {
	struct pt_alloc_group *v; /* [n] */
	size_t n;
	uint64_t records, pages; /* of all in it */
	uint64_t damaged;        /* records that were not understood, and are in none of the above */
	char *stacks;            /* owned; NULL: they are another list's */
};
void pt_alloc_list_free(struct pt_alloc_list *list);

typedef bool pt_alloc_wanted(void *arg, const struct pt_alloc_group *group);

enum pt_alloc_order {
	PT_ALLOC_BY_PAGES,
	PT_ALLOC_BY_TIMES,
	PT_ALLOC_BY_AGE,  /* of the oldest */
	PT_ALLOC_BY_LAST, /* when the newest was */
	PT_ALLOC_BY_STACK,
	PT_ALLOC_BY_TGID,
	PT_ALLOC_BY_PID,
	PT_ALLOC_BY_NAME,
	PT_ALLOC_BY_ALLOCATOR,
	PT_ALLOC_ORDERS
};
#define PT_ALLOC_SORTS 4

/* First by the first of them. */
struct pt_alloc_sort {
	struct {
		enum pt_alloc_order by;
		bool falling;
	} v[PT_ALLOC_SORTS];
	size_t n; /* 0: the largest first */
};
bool pt_alloc_falls(enum pt_alloc_order by); /* the most first is what one wants of it: sizes and counts */

struct pt_alloc_request {
	unsigned keys; /* enum pt_alloc_key: groups are alike in these; of a list only those it was made with */
	struct pt_alloc_sort sort;
	pt_alloc_wanted *only; /* NULL: all of them */
	void *arg;
};
/* pure. Groups out of smaller groups, whose stacks they refer to. 0 or -ENOMEM. */
int pt_alloc_list_group(const struct pt_alloc_list *list, const struct pt_alloc_request *request,
			struct pt_alloc_list *ret);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct pt_page_owner;

/* keys as above: what is kept apart, and takes memory. `only` is asked of each record, as a group of one. */
int pt_page_owner_new(struct pt_page_owner **ret, unsigned keys, pt_alloc_wanted *only, void *arg);
void pt_page_owner_free(struct pt_page_owner *po); /* NULL is fine */
/* Text in pieces of any size; end: there is no more. 0, -ENOMEM; of end also -EBADMSG: there was no record in it. */
int pt_page_owner_feed(struct pt_page_owner *po, const char *text, size_t size);
int pt_page_owner_end(struct pt_page_owner *po);
/* What was read so far, in no order. 0 or -ENOMEM. */
int pt_page_owner_list(const struct pt_page_owner *po, struct pt_alloc_list *ret);

/* A file that is being read. */
struct pt_page_owner_file {
	int fd;
	bool kernels;         /* its own, by frames; else a saved one, by bytes */
	uint64_t done, total; /* of those; total 0: not known */
};
/*
 * This kernel's, or a saved one (path; NULL: none). -ENOENT: it keeps none (or debugfs is not there), -EACCES; or what
 * opening the saved one gives.
 */
int pt_page_owner_open(struct pt_kernel *k, const char *path, struct pt_page_owner_file *ret);
/* Reads on for some milliseconds. 1: there is more; 0: that was all; -errno, as of end. */
int pt_page_owner_read(struct pt_kernel *k, struct pt_page_owner_file *file, struct pt_page_owner *po);
void pt_page_owner_close(struct pt_kernel *k, struct pt_page_owner_file *file);

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* "stack", "tgid", "pid", "name", "allocator". */
const char *pt_alloc_key_name(unsigned index); /* < PT_ALLOC_KEY_N; its key is 1 << index */
const char *pt_alloc_order_name(enum pt_alloc_order by);
/* "slab", "CMA slab" ...: into ret, as much as fits. Returns ret. */
char *pt_alloc_parts_name(unsigned allocators, char *ret, size_t size);

/* "stack,name": keys. "-size,+name": an order; + rises, - falls. False: it is none. */
bool pt_alloc_parse_keys(const char *text, unsigned *ret);
bool pt_alloc_parse_sort(const char *text, struct pt_alloc_sort *ret);

#define PT_ALLOC_ONLY_MAX 32
/* Filters as page_owner_sort has them. Of each key any of its values, and of all keys that have some. */
struct pt_alloc_only {
	struct {
		enum pt_alloc_key key;
		uint32_t value; /* a PID, or enum pt_alloc_part */
		char name[16];
	} v[PT_ALLOC_ONLY_MAX];
	size_t n;
};
/* Adds "pid=1,2", "tgid=7", "name=sh,cat", "allocator=slab". False: it is no such thing, or too many. */
bool pt_alloc_parse_only(const char *text, struct pt_alloc_only *only);
/* A pt_alloc_wanted; arg is a struct pt_alloc_only. */
bool pt_alloc_only_match(void *only, const struct pt_alloc_group *group);
/* The first call of a stack that says something: below the page allocator's own. *ret_size without its blanks. */
const char *pt_alloc_caller(const char *stack, size_t *ret_size);

#endif
