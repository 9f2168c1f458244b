/*
 * pagetop-mark.h: gives the present moment of a program a name, for `pagetop run`:
 *
 *     #include "pagetop-mark.h"
 *     ...
 *     pagetop_mark("warm");      then: pagetop run --assert 'slope(anon, "warm"..end) < 10K/s' -- ./program
 *
 * Copy this file; it needs libc alone and nothing to be linked, as C99 and as C++. Outside of a run it does nothing, at
 * the cost of a getenv. In a run it returns when pagetop has looked at the memory of the program, so that what is measured
 * at the mark is what is there at the mark; that takes about a millisecond, and where pagetop is far behind or stopped, two
 * seconds at most. It opens no file, allocates nothing, keeps errno, and may be called from any thread and from a signal
 * handler, as long as nobody changes the environment meanwhile.
 *
 * Copyright (c) 2026 the pagetop authors. MIT licence, as pagetop.
 */
#ifndef PAGETOP_MARK_H
#define PAGETOP_MARK_H

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Sends it to the socket at path, with a descriptor (negative: none) that pagetop closes in time. An error number. */
static inline int pagetop_mark_send(const char *path, const char *label, int fd, int along)
{
	struct sockaddr_un address;
	struct timeval second;
	struct iovec bytes;
	struct msghdr message;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	union { /* no cast, which C and C++ write in two ways */
		const char *in;
		void *out;
	} text;

	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memset(&address, 0, sizeof(address));
	memset(&message, 0, sizeof(message));
	memset(&control, 0, sizeof(control));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, path, strlen(path));
	bytes.iov_len = strlen(label);
	if (bytes.iov_len > 63)
		bytes.iov_len = 64; /* so that pagetop cuts it, and not inside a character */
	text.in = label;
	bytes.iov_base = text.out;
	message.msg_name = &address;
	message.msg_namelen = sizeof(address);
	message.msg_iov = &bytes;
	message.msg_iovlen = 1;
	if (along >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &along, sizeof(int));
	}
	second.tv_sec = 1;
	second.tv_usec = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)) < 0)
		return errno;
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

/* Of the label, one line, pagetop keeps 63 bytes. Returns 0, or an error number that may be ignored; ENXIO: no run. */
static inline int pagetop_mark(const char *label)
{
	const char *path = getenv("PAGETOP_MARK");
	int before = errno, error, fd, pair[2] = {-1, -1};
	struct pollfd closed;

	if (!path || !*path)
		return ENXIO;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		pair[0] = pair[1] = -1; /* then it does not wait */
	error = fd < 0 ? errno : pagetop_mark_send(path, label, fd, pair[1]);
	if (fd >= 0)
		close(fd);
	if (pair[1] >= 0)
		close(pair[1]); /* now pagetop alone has it */
	closed.fd = pair[0];
	closed.events = POLLIN;
	while (!error && pair[0] >= 0 && poll(&closed, 1, 1000) < 0 && errno == EINTR)
		;
	if (pair[0] >= 0)
		close(pair[0]);
	errno = before;
	return error;
}

#endif
