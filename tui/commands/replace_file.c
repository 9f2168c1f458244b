/*
 * A file written anew beside the old one, and renamed; see replace_file.h.
 */
#include "tui/commands/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *at, size_t size)
{
	while (size) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A new file beside it, with the permissions that any new one has; mkostemp would give none to others. Its descriptor, or
 * -1 and errno. */
static int open_beside(const char *path, char *ret, size_t size)
{
	uint64_t random;
	int fd;
	do {
		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return -1;
		int n = snprintf(ret, size, "%s.%012" PRIx64, path, random >> 16);
		if (n < 0 || (size_t)n >= size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(ret, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int ui_replace_file(const char *path, const char *text, size_t size, bool for_all)
{
	char beside[4200];
	int fd = open_beside(path, beside, sizeof(beside));
	if (fd < 0)
		return errno;
	int error = write_all(fd, text, size);
	if (!error && for_all && fchmod(fd, 0644) < 0)
		error = errno;
	if (close(fd) < 0 && !error && errno != EINTR)
		error = errno;
	if (!error && rename(beside, path) < 0)
		error = errno;
	if (error)
		unlink(beside);
	return error;
}
