/*
 * page_owner: the kernel's record of who allocated each frame, with its stack, where it was booted with page_owner=on; or
 * a file that was saved of it. Records of one stack are one group, as page_owner_sort makes them.
 */
#ifndef PT_MACHINE_PAGEOWNER_H
#define PT_MACHINE_PAGEOWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/kernel/kernel.h"

enum pt_alloc_sort { PT_ALLOC_BY_PAGES, PT_ALLOC_BY_TIMES, PT_ALLOC_BY_AGE, PT_ALLOC_BY_STACK, PT_ALLOC_SORTS };

/* Allocations of one stack. */
struct pt_alloc_group {
	char *stack; /* its lines, each ended by a newline, as the kernel has them: make them printable; owned */
	uint64_t times, pages;
	uint64_t first_ns, last_ns; /* since boot, of the oldest and the newest; 0: the kernel does not say */
	pid_t pid;                  /* of the process that allocated most recently of those in it */
	char name[16];              /* its comm; "" where the kernel does not say */
	bool others;                /* and of other processes */
};

struct pt_alloc_list {
	struct pt_alloc_group *v; /* [n]; free with pt_alloc_list_free */
	size_t n;
	uint64_t records, pages; /* of all that were counted */
	uint64_t damaged;        /* records that were not understood, and are in none of the above */
};

struct pt_alloc_request {
	enum pt_alloc_sort sort;
	pid_t pid; /* of this process alone; 0: all */
	/* Records that are wanted, by comm and stack; NULL: all. */
	bool (*only)(void *arg, const char *name, const char *stack, size_t size);
	void *arg;
};

/* pure. 0, -ENOMEM, -EBADMSG: there is no record in it. */
int pt_parse_page_owner(const char *text, size_t size, const struct pt_alloc_request *request,
			struct pt_alloc_list *ret);
/* This kernel's. -ENOENT: it keeps none (or debugfs is not there), -EACCES. */
int pt_page_owner_read(struct pt_kernel *k, const struct pt_alloc_request *request, struct pt_alloc_list *ret);
void pt_alloc_list_free(struct pt_alloc_list *list);

#endif
