/*
 * Files in memory; see memory_file.h.
 */
#include "tests/support/memory_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct memory_file memory_file_new(void)
{
	struct memory_file file = {.fd = memfd_create("dump", MFD_CLOEXEC)};
	assert_true(file.fd >= 0);
	return file;
}

void memory_file_free(struct memory_file *file)
{
	close(file->fd);
	file->fd = -1;
}

static int write_at(void *arg, const void *bytes, size_t size, uint64_t offset)
{
	struct memory_file *file = arg;
	if (++file->calls == file->fail_call)
		return -EIO;
	return pwrite(file->fd, bytes, size, (off_t)offset) == (ssize_t)size ? 0 : -errno;
}

static int read_at(void *arg, void *bytes, size_t size, uint64_t offset)
{
	struct memory_file *file = arg;
	if (++file->calls == file->fail_call)
		return -EIO;
	return pread(file->fd, bytes, size, (off_t)offset) == (ssize_t)size ? 0 : -ENODATA;
}

struct pt_sink memory_sink(struct memory_file *file)
{
	return (struct pt_sink){write_at, file};
}

struct pt_source memory_source(struct memory_file *file)
{
	struct stat st;
	assert_int_equal(fstat(file->fd, &st), 0);
	return (struct pt_source){read_at, file, (uint64_t)st.st_size};
}

uint64_t memory_file_used(const struct memory_file *file)
{
	struct stat st;
	assert_int_equal(fstat(file->fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

struct pt_core *memory_core(struct memory_file *file)
{
	struct pt_core *core = NULL;
	const char *why = "";
	int error = pt_core_open(&core, memory_source(file), &why);
	if (error)
		fail_msg("no core: %d, %s", error, why);
	return core;
}
