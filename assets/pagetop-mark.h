/*
 * pagetop-mark.h: gives the present moment of a program a name, for `pagetop run`:
 *
 *     #include "pagetop-mark.h"
 *     ...
 *     pagetop_mark("warm");      then: pagetop run --assert 'slope(anon, "warm"..end) < 10K/s' -- ./program
 *
 * Copy this file; it needs libc alone and nothing to be linked, as C99 and as C++. Outside of a run it does nothing, at
 * the cost of a getenv. In a run it returns once pagetop's socket has the mark, so marks are in the order of what the
 * program does; it waits for a second at most if pagetop is far behind. It opens no file, allocates nothing, keeps errno,
 * and may be called from any thread and from a signal handler, as long as nobody changes the environment meanwhile.
 *
 * Copyright (c) 2026 the pagetop authors. MIT licence, as pagetop.
 */
#ifndef PAGETOP_MARK_H
#define PAGETOP_MARK_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the label, one line, pagetop keeps 63 bytes. Returns 0, or an error number that may be ignored; ENXIO: no run. */
static inline int pagetop_mark(const char *label)
{
	const char *path = getenv("PAGETOP_MARK");
	struct timeval second;
	union {
		struct sockaddr any;
		struct sockaddr_un un;
	} address;
	int fd, error = 0, before = errno;

	if (!path || !*path)
		return ENXIO;
	if (strlen(path) >= sizeof(address.un.sun_path))
		return ENAMETOOLONG;
	memset(&address, 0, sizeof(address));
	address.un.sun_family = AF_UNIX;
	memcpy(address.un.sun_path, path, strlen(path));
	second.tv_sec = 1;
	second.tv_usec = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)) < 0) {
		error = errno;
	} else {
		size_t size = strlen(label);
		ssize_t sent;
		if (size > 63)
			size = 64; /* so that pagetop cuts it, and not inside a character */
		do
			sent = sendto(fd, label, size, MSG_NOSIGNAL, &address.any, sizeof(address.un));
		while (sent < 0 && errno == EINTR);
		if (sent < 0)
			error = errno;
	}
	if (fd >= 0)
		close(fd);
	errno = before;
	return error;
}

#endif
