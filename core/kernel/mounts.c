/*
 * /proc/PID/mountinfo: which device numbers are those of tmpfs and hugetlbfs, whose files are memory. A line is
 *
 *   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *
 * with any number of fields before the lone dash. Blanks in paths are escaped.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/kernel/parse.h"
#include "core/kernel/process.h"
#include "core/kernel/readers.h"

static bool take_number(struct pt_cursor *line, uint64_t most, uint32_t *ret)
{
	uint64_t n;
	if (!pt_take_decimal(line, &n) || n > most)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static enum pt_fs take_type(struct pt_cursor *line)
{
	const char *dash = memmem(line->at, (size_t)(line->end - line->at), " - ", 3);
	if (!dash)
		return PT_FS_UNKNOWN;
	line->at = dash + 3;
	if (pt_skip_word(line, "tmpfs ") || pt_skip_word(line, "devtmpfs "))
		return PT_FS_TMPFS;
	if (pt_skip_word(line, "hugetlbfs "))
		return PT_FS_HUGETLBFS;
	return pt_skip_word(line, "rootfs ") ? PT_FS_UNKNOWN : PT_FS_OTHER; /* rootfs may be tmpfs or not */
}

static bool take_mount(struct pt_cursor line, struct pt_mount *ret)
{
	uint64_t number;
	bool fine = pt_take_decimal(&line, &number) && pt_skip(&line, ' ') && pt_take_decimal(&line, &number) &&
		    pt_skip(&line, ' ') && take_number(&line, UINT32_MAX, &ret->dev_major) && pt_skip(&line, ':') &&
		    take_number(&line, UINT32_MAX, &ret->dev_minor);
	if (fine)
		ret->fs = take_type(&line);
	return fine && ret->fs != PT_FS_UNKNOWN;
}

int pt_parse_mountinfo(const char *text, size_t size, struct pt_mount **ret, size_t *ret_n)
{
	struct pt_cursor all = {text, text + size}, line;
	struct pt_mount *mounts = NULL;
	size_t n = 0, room = 0;

	while (pt_cut_line(&all, &line)) {
		if (n == room) {
			room = room ? room * 2 : 32;
			struct pt_mount *more = reallocarray(mounts, room, sizeof(*more));
			if (!more) {
				free(mounts);
				return -ENOMEM;
			}
			mounts = more;
		}
		n += take_mount(line, &mounts[n]);
	}
	*ret = mounts;
	*ret_n = n;
	return 0;
}

int pt_read_mounts(struct pt_kernel *k, pid_t pid, struct pt_mount **ret, size_t *ret_n)
{
	char *text;
	size_t size;

	int error = pt_read_pid_file(k, pid, "mountinfo", &text, &size);
	if (error)
		return error;
	error = pt_parse_mountinfo(text, size, ret, ret_n);
	free(text);
	return error;
}
