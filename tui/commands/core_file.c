/*
 * Dumps as files; see core_file.h.
 */
#include "tui/commands/core_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/commands/commands.h"

/* ---- out -------------------------------------------------------------------------------------------------------- */

static int write_at(void *arg, const void *bytes, size_t size, uint64_t offset)
{
	struct ui_core_out *out = arg;
	const char *at = bytes;
	while (size) {
		ssize_t n = pwrite(out->fd, at, size, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			out->error = n < 0 ? errno : EIO;
			return -out->error;
		}
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

struct pt_sink ui_core_sink(struct ui_core_out *out)
{
	return (struct pt_sink){write_at, out};
}

static bool same_file(const char *path, const struct ui_core_in *in)
{
	struct stat a, b;
	return in && stat(path, &a) == 0 && fstat(in->fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int ui_core_create(struct ui_core_out *out, const char *path, bool force, const struct ui_core_in *not_this)
{
	struct stat st;
	*out = (struct ui_core_out){.path = path};
	if (same_file(path, not_this)) {
		ui_complain("-o %s: that is the file which the new one is to refer to", path);
		return UI_USAGE;
	}
	if (force && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path); /* rather than write into it: others may read, or have it open */
	out->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out->fd >= 0)
		return UI_OK;
	if (errno == EEXIST && !force)
		ui_complain("-o %s: there is such a file already; --force replaces it", path);
	else
		ui_complain("-o %s: cannot make that file: %s", path, strerror(errno));
	return UI_FINDING;
}

static int cannot_write(struct ui_core_out *out, int error)
{
	ui_complain("cannot write %s: %s; it is removed again", out->path, strerror(error));
	return UI_FINDING;
}

int ui_core_keep(struct ui_core_out *out, uint64_t *ret_disk)
{
	struct stat st = {0};
	int error = fstat(out->fd, &st) ? errno : 0;
	*ret_disk = (uint64_t)st.st_blocks * 512;
	if (close(out->fd) && errno != EINTR)
		error = errno;
	out->fd = -1;
	if (!error)
		return UI_OK;
	unlink(out->path);
	return cannot_write(out, error);
}

int ui_core_drop(struct ui_core_out *out)
{
	close(out->fd);
	out->fd = -1;
	unlink(out->path);
	return out->error ? cannot_write(out, out->error) : UI_OK;
}

/* ---- in --------------------------------------------------------------------------------------------------------- */

static int read_at(void *arg, void *bytes, size_t size, uint64_t offset)
{
	const struct ui_core_in *in = arg;
	char *at = bytes;
	while (size) {
		ssize_t n = pread(in->fd, at, size, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int cannot_read(const char *path, int error)
{
	if (error == ENOMEM)
		return ui_out_of_memory();
	ui_complain("cannot read %s: %s", path, strerror(error));
	return error == EACCES || error == EPERM ? UI_DENIED : UI_USAGE;
}

int ui_core_open(struct ui_core_in *in, const char *path)
{
	struct stat st;
	const char *why = "";
	*in = (struct ui_core_in){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	if (in->fd < 0)
		return cannot_read(path, errno);
	int error = fstat(in->fd, &st) ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
	if (!error) {
		const struct pt_source source = {read_at, in, (uint64_t)st.st_size};
		error = -pt_core_open(&in->core, source, &why);
	}
	if (!error)
		return UI_OK;
	close(in->fd);
	*in = (struct ui_core_in){.fd = -1};
	if (error != EBADMSG)
		return cannot_read(path, error);
	ui_complain("%s cannot be used: %s", path, why);
	return UI_USAGE;
}

void ui_core_close(struct ui_core_in *in)
{
	if (!in->core)
		return;
	pt_core_close(in->core);
	close(in->fd);
	*in = (struct ui_core_in){.fd = -1};
}
