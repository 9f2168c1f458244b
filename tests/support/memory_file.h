/*
 * A file in memory that dumps are written into and read from. It is sparse as a file on disk is, and a write or read can
 * be told to fail.
 */
#ifndef TESTS_MEMORY_FILE_H
#define TESTS_MEMORY_FILE_H

#include "core/dump/reader.h"
#include "core/dump/writer.h"

struct memory_file {
	int fd;
	unsigned long calls;     /* reads and writes so far */
	unsigned long fail_call; /* this one, counted from 1, fails with -EIO */
};

struct memory_file memory_file_new(void);
void memory_file_free(struct memory_file *file);

struct pt_sink memory_sink(struct memory_file *file);
struct pt_source memory_source(struct memory_file *file);
uint64_t memory_file_used(const struct memory_file *file); /* bytes, without holes */

/* Opens it as a core, which it must be. */
struct pt_core *memory_core(struct memory_file *file);

#endif
