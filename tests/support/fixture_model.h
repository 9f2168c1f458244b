/*
 * Private to the fixture: what its text said, between the parser (fixture.c) and the files (fixture_files.c).
 */
#ifndef TESTS_FIXTURE_MODEL_H
#define TESTS_FIXTURE_MODEL_H

#include "tests/support/fixture.h"

struct fixture_vma {
	uint64_t start, end, offset, inode;
	unsigned dev_major, dev_minor;
	char perms[5];
	char flags[128]; /* of VmFlags, separated by blanks */
	char *name;
};

/* A page of a process that is not untouched. */
struct fixture_page {
	uint64_t address;
	uint64_t entry;      /* of pagemap, whatever may be hidden there included */
	uint64_t categories; /* of PAGEMAP_SCAN */
	uint64_t flags;      /* of its frame */
	uint64_t count;
	bool evicted; /* swapped-out shmem, of which there is no entry */
	bool hidden;  /* the PFN is not shown */
};

struct fixture_process {
	pid_t pid;
	char state;
	unsigned uid, threads;
	pid_t parent;
	uint64_t start_time, start_stack;
	bool kthread;
	char *name;
	struct fixture_vma *vmas; /* in address order */
	size_t n_vmas;
	struct fixture_page *pages; /* in address order */
	size_t n_pages, room_pages;
};

struct fixture {
	char root[64];
	pid_t owner; /* the process that made the folder removes it */
	unsigned page_shift;
	struct fixture_process **processes;
	size_t n_processes;
	struct fixture_process *in;
	uint64_t next_inode;
	struct fixture *next; /* of all that are not freed */
};

/* ---- fixture.c: a line under way; its functions fail the test when the line is wrong ------------------------------ */

struct fixture_line {
	struct fixture *f;
	char *rest;        /* what is still to be read */
	const char *whole; /* as it was, for complaints */
};

void fixture_line_complain(const struct fixture_line *line, const char *what);
char *fixture_line_word(struct fixture_line *line); /* NULL at its end */
char *fixture_line_want(struct fixture_line *line);
/* If the next word is "key=value", takes it and returns the value. */
char *fixture_line_option(struct fixture_line *line, const char *key);
uint64_t fixture_line_number(const struct fixture_line *line, const char *text, int base);
/* "START" or "START-END", multiples of unit. */
void fixture_line_range(const struct fixture_line *line, char *text, int base, uint64_t unit, uint64_t *start,
			uint64_t *end);
uint64_t fixture_line_page_size(const struct fixture_line *line);
struct fixture_process *fixture_line_process(const struct fixture_line *line);
void *fixture_checked(void *memory);
bool fixture_vma_is_shmem(const struct fixture_vma *vma);

/* ---- fixture_pages.c: the lines about pages --------------------------------------------------------------------- */

void fixture_line_page(struct fixture_line *line);
void fixture_line_frame(struct fixture_line *line);
void fixture_line_swap(struct fixture_line *line);
void fixture_line_evicted(struct fixture_line *line);
void fixture_line_marker(struct fixture_line *line);
void fixture_line_migrating(struct fixture_line *line);
void fixture_drop_pages(struct fixture *f, struct fixture_process *process, uint64_t start, uint64_t end);

/* ---- fixture_files.c -------------------------------------------------------------------------------------------- */

/* Writes maps, stat, status, smaps and so on of one process anew. */
void fixture_files_write(struct fixture *f, const struct fixture_process *process);
/* Writes a page's entry and categories, or nothing where `page` is NULL. */
void fixture_files_page(struct fixture *f, pid_t pid, uint64_t address, const struct fixture_page *page);
/* A byte of the backing file of a VMA of shared memory. */
void fixture_files_backing(struct fixture *f, pid_t pid, const struct fixture_vma *vma, uint64_t address, char byte);
void fixture_files_word(struct fixture *f, const char *path, uint64_t index, uint64_t word);

#endif
