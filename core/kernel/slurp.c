/*
 * Reads a whole file of /proc or /sys. Those have no size and come in pieces (a seq_file gives a page at a time), so
 * this reads until nothing comes; a file that changes meanwhile is as consistent as the kernel makes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/kernel/kernel.h"

#define SLURP_FIRST 4096u
#define SLURP_MAX   (1ull << 30)

static int grow(char **buf, size_t *room)
{
	if (*room >= SLURP_MAX)
		return -EFBIG;
	char *more = realloc(*buf, *room * 2);
	if (!more)
		return -ENOMEM;
	*buf = more;
	*room *= 2;
	return 0;
}

static int read_all(struct pt_kernel *k, int fd, char **buf, size_t *size)
{
	size_t room = SLURP_FIRST;

	for (;;) {
		if (room - *size < 2) {
			int error = grow(buf, &room);
			if (error)
				return error;
		}
		ssize_t n = k->ops->pread(k, fd, *buf + *size, room - *size - 1, *size);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		*size += (size_t)n;
	}
	(*buf)[*size] = '\0';
	return 0;
}

int pt_kernel_slurp(struct pt_kernel *k, const char *path, char **ret, size_t *ret_size)
{
	size_t size = 0;
	int fd = k->ops->open(k, path, O_RDONLY);
	if (fd < 0)
		return fd;
	char *buf = malloc(SLURP_FIRST);
	int error = buf ? read_all(k, fd, &buf, &size) : -ENOMEM;
	k->ops->close(k, fd);
	if (error) {
		free(buf);
		return error;
	}
	*ret = buf;
	*ret_size = size;
	return 0;
}
