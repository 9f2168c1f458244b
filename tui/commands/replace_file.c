/*
 * A file written anew beside the old one, and renamed; see replace_file.h.
 */
#include "tui/commands/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

int ui_replace_file(const char *path, const char *text, size_t size)
{
	char beside[4200];
	int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(beside))
		return ENAMETOOLONG;
	int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = write_all(fd, text, size);
	if (!error && fchmod(fd, 0644) < 0)
		error = errno;
	if (close(fd) < 0 && !error && errno != EINTR)
		error = errno;
	if (!error && rename(beside, path) < 0)
		error = errno;
	if (error)
		unlink(beside);
	return error;
}
