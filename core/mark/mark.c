/*
 * The socket of marks: made, put into an environment, read. struct pt_marks owns the socket, the descriptor for children,
 * the folder and the bytes of a datagram whose lines were not all taken yet.
 */
#include "core/mark/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAM_MAX 4096 /* bytes of one that are looked at */
#define LABEL_MAX    (sizeof(((struct pt_trace_mark *)NULL)->label) - 1)
#define WANTED_FD    7 /* for children: scripts seldom use it, unlike 3, 4 and 9 */
#define SECOND       1000000000ull

struct pt_marks {
	int fd;       /* receives */
	int child_fd; /* sends; for children */
	bool bound;
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* "": not ours */
	struct sockaddr_un address;
	char path_entry[sizeof(PT_MARK_ENV) + sizeof(((struct sockaddr_un *)NULL)->sun_path) + 2];
	char fd_entry[sizeof(PT_MARK_FD_ENV) + 16];
	uint64_t taken, lost;
	int held[PT_MARKS_HELD]; /* what senders wait for */
	size_t n_held;
	struct pt_trace_mark sent;                         /* time and sender of the datagram */
	char datagram[DATAGRAM_MAX], *next, *datagram_end; /* its lines from `next` on are not taken yet */
};

/* ---- made ------------------------------------------------------------------------------------------------------- */

/* Whether a socket lies there that nobody receives from: its owner was killed. */
static bool is_left_over(const struct sockaddr_un *address)
{
	struct stat st;
	if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		       errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return refused;
}

static int bind_socket(struct pt_marks *m)
{
	const struct sockaddr *address = (const struct sockaddr *)&m->address;
	int on = 1;
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd < 0 || setsockopt(m->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    setsockopt(m->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		return -errno;
	if (fchmod(m->fd, 0600) < 0) /* before bind: what that makes has the mode at once */
		return -errno;
	if (bind(m->fd, address, sizeof(m->address)) < 0) {
		if (errno != EADDRINUSE || !is_left_over(&m->address))
			return -errno;
		if (unlink(m->address.sun_path) < 0 || bind(m->fd, address, sizeof(m->address)) < 0)
			return -errno;
	}
	m->bound = true;
	return 0;
}

/* What children inherit. It takes its number here already, where nothing else can come to have it. */
static int connect_child(struct pt_marks *m)
{
	struct timeval second = {.tv_sec = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&m->address, sizeof(m->address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)) < 0)
		error = -errno;
	if (!error) {
		m->child_fd = fcntl(fd, F_DUPFD_CLOEXEC, WANTED_FD);
		if (m->child_fd > 9) { /* of two digits, which not every shell takes: one below may be free */
			close(m->child_fd);
			m->child_fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		}
		error = m->child_fd < 0 ? -errno : 0;
	}
	close(fd);
	return error;
}

static int open_socket(struct pt_marks *m)
{
	int error = bind_socket(m);
	if (!error)
		error = connect_child(m);
	snprintf(m->path_entry, sizeof(m->path_entry), "%s=%s", PT_MARK_ENV, m->address.sun_path);
	snprintf(m->fd_entry, sizeof(m->fd_entry), "%s=%d", PT_MARK_FD_ENV, m->child_fd);
	return error;
}

static struct pt_marks *new_marks(void)
{
	struct pt_marks *m = calloc(1, sizeof(*m));
	if (m) {
		m->fd = m->child_fd = -1;
		m->address.sun_family = AF_UNIX;
	}
	return m;
}

/* -ENAMETOOLONG where the socket's path would not fit, else -errno. */
static int make_folder(struct pt_marks *m, const char *in)
{
	char *path = m->address.sun_path;
	int n = snprintf(m->folder, sizeof(m->folder), "%s/pagetop-XXXXXX", in);
	if (n < 0 || (size_t)n + sizeof("/mark") > sizeof(m->address.sun_path)) {
		m->folder[0] = '\0';
		return -ENAMETOOLONG;
	}
	if (!mkdtemp(m->folder)) {
		int error = -errno;
		m->folder[0] = '\0';
		return error;
	}
	memcpy(path, m->folder, (size_t)n);
	memcpy(path + n, "/mark", sizeof("/mark"));
	return 0;
}

int pt_marks_open(struct pt_marks **ret, const char *folder)
{
	struct pt_marks *m = new_marks();
	int error = -ENOENT;
	if (!m)
		return -ENOMEM;
	if (folder && folder[0] == '/') /* children change their directory */
		error = make_folder(m, folder);
	if (error)
		error = make_folder(m, "/tmp");
	if (!error)
		error = open_socket(m);
	if (error) {
		pt_marks_close(m);
		return error;
	}
	*ret = m;
	return 0;
}

int pt_marks_open_at(struct pt_marks **ret, const char *path)
{
	struct pt_marks *m;
	size_t size = strlen(path);
	if (size >= sizeof(m->address.sun_path))
		return -ENAMETOOLONG;
	if (size == 0)
		return -ENOENT;
	m = new_marks();
	if (!m)
		return -ENOMEM;
	memcpy(m->address.sun_path, path, size + 1);
	int error = open_socket(m);
	if (error) {
		pt_marks_close(m);
		return error;
	}
	*ret = m;
	return 0;
}

void pt_marks_close(struct pt_marks *marks)
{
	if (!marks)
		return;
	pt_marks_release(marks);
	if (marks->child_fd >= 0)
		close(marks->child_fd);
	if (marks->fd >= 0)
		close(marks->fd);
	if (marks->bound)
		unlink(marks->address.sun_path);
	if (marks->folder[0])
		rmdir(marks->folder);
	free(marks);
}

int pt_marks_fd(const struct pt_marks *marks)
{
	return marks->fd;
}

const char *pt_marks_path(const struct pt_marks *marks)
{
	return marks->address.sun_path;
}

/* ---- for children ----------------------------------------------------------------------------------------------- */

static bool sets(const char *entry, const char *name)
{
	size_t size = strlen(name);
	return strncmp(entry, name, size) == 0 && entry[size] == '=';
}

char **pt_marks_environment(const struct pt_marks *marks, char *const *base)
{
	size_t n = 0, at = 0;
	while (base[n])
		n++;
	char **env = calloc(n + 3, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!sets(base[i], PT_MARK_ENV) && !sets(base[i], PT_MARK_FD_ENV))
			env[at++] = base[i];
	env[at++] = (char *)marks->path_entry;
	env[at] = (char *)marks->fd_entry;
	return env;
}

void pt_marks_inherit(const struct pt_marks *marks)
{
	fcntl(marks->child_fd, F_SETFD, 0);
}

/* ---- read ------------------------------------------------------------------------------------------------------- */

/* The first is what its sender waits for; nobody has a use for more. */
static void hold(struct pt_marks *m, const struct cmsghdr *control)
{
	int fd;
	for (size_t at = 0; CMSG_LEN(at + sizeof(fd)) <= control->cmsg_len; at += sizeof(fd)) {
		memcpy(&fd, CMSG_DATA(control) + at, sizeof(fd));
		if (at > 0 || m->n_held == PT_MARKS_HELD) {
			close(fd);
			continue;
		}
		m->held[m->n_held++] = fd;
		m->sent.waits = true;
	}
}

void pt_marks_release(struct pt_marks *marks)
{
	while (marks->n_held)
		close(marks->held[--marks->n_held]);
}

/* Who sent it, and when: at the latest now, whatever was done to the clock meanwhile. */
static void read_control(struct pt_marks *m, struct msghdr *message, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	uint64_t ago = 0;
	m->sent.pid = 0;
	m->sent.waits = false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct ucred who;
		struct timespec when;
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			hold(m, c);
		if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len >= CMSG_LEN(sizeof(who))) {
			memcpy(&who, CMSG_DATA(c), sizeof(who));
			m->sent.pid = who.pid;
		}
		if (c->cmsg_type == SO_TIMESTAMPNS && c->cmsg_len >= CMSG_LEN(sizeof(when))) {
			memcpy(&when, CMSG_DATA(c), sizeof(when));
			uint64_t at = (uint64_t)when.tv_sec * SECOND + (uint64_t)when.tv_nsec;
			ago = at < realtime_ns ? realtime_ns - at : 0;
		}
	}
	if (ago > monotonic_ns)
		ago = monotonic_ns;
	m->sent.realtime_ns = realtime_ns - ago;
	m->sent.monotonic_ns = monotonic_ns - ago;
}

/* The next datagram, however it is made; false: there is none. */
static bool receive(struct pt_marks *m, uint64_t realtime_ns, uint64_t monotonic_ns)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(struct timespec)) + 64];
		struct cmsghdr align;
	} control;
	struct iovec bytes = {m->datagram, sizeof(m->datagram)};
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t n;
	do
		n = recvmsg(m->fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	read_control(m, &message, realtime_ns, monotonic_ns);
	m->next = m->datagram;
	m->datagram_end = m->datagram + n;
	return true;
}

/* Bytes of a label that fit, without half a character at the end. */
static size_t label_size(const char *label, size_t size)
{
	size_t cut = LABEL_MAX;
	if (size <= LABEL_MAX)
		return size;
	while (cut > LABEL_MAX - 4 && ((unsigned char)label[cut] & 0xc0) == 0x80)
		cut--;
	return ((unsigned char)label[cut] & 0xc0) == 0x80 ? LABEL_MAX : cut; /* no UTF-8 at all: then anywhere */
}

/* The next label of the datagram; false: no more. Up to a newline or a NUL, which a string cannot hold. */
static bool next_label(struct pt_marks *m, struct pt_trace_mark *ret)
{
	while (m->next < m->datagram_end) {
		const char *label = m->next;
		size_t size = 0, left = (size_t)(m->datagram_end - label);
		while (size < left && label[size] != '\n' && label[size] != '\0')
			size++;
		m->next += size < left ? size + 1 : size;
		if (size > 0 && label[size - 1] == '\r')
			size--;
		if (size == 0)
			continue;
		size = label_size(label, size);
		*ret = m->sent;
		memcpy(ret->label, label, size);
		ret->label[size] = '\0';
		return true;
	}
	return false;
}

size_t pt_marks_take(struct pt_marks *marks, uint64_t realtime_ns, uint64_t monotonic_ns, struct pt_trace_mark *ret,
		     size_t max)
{
	size_t n = 0;
	struct pt_trace_mark mark;
	/* Bounded also where all that comes is dropped. */
	for (size_t datagrams = 0; n < max; datagrams++) {
		while (n < max && next_label(marks, &mark)) {
			if (marks->taken < PT_MARKS_MAX) {
				marks->taken++;
				ret[n++] = mark;
			} else {
				marks->lost++;
			}
		}
		if (n == max || datagrams == max || !receive(marks, realtime_ns, monotonic_ns))
			break;
	}
	return n;
}

uint64_t pt_marks_lost(const struct pt_marks *marks)
{
	return marks->lost;
}
