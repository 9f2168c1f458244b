/*
 * The file of page_owner, the kernel's own or a saved one, read on in slices; see pageowner.h. The kernel's gives one
 * record for each read, and its position is a frame, not a byte: so it is read in sequence, wherever that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/machine/pageowner.h"
#include "core/machine/zones.h"

#define PIECE (16u << 10) /* more than a page, which no record exceeds */
#define SLICE 256         /* reads: some ms */

/* The frame behind the last one of any zone. */
static uint64_t last_frame(struct pt_kernel *k)
{
	struct pt_zones zones;
	uint64_t end = 0;

	if (pt_zones_read(k, &zones))
		return 0;
	for (size_t i = 0; i < zones.n; i++)
		if (zones.v[i].start + zones.v[i].spanned > end)
			end = zones.v[i].start + zones.v[i].spanned;
	pt_zones_free(&zones);
	return end;
}

int pt_page_owner_open(struct pt_kernel *k, const char *path, struct pt_page_owner_file *ret)
{
	struct pt_file_stat stat = {0};

	*ret = (struct pt_page_owner_file){.kernels = !path};
	ret->fd = k->ops->open(k, path ? path : "sys/kernel/debug/page_owner", O_RDONLY | O_CLOEXEC);
	if (ret->fd < 0)
		return ret->fd;
	if (ret->kernels)
		ret->total = last_frame(k);
	else if (k->ops->fstat(k, ret->fd, &stat) == 0)
		ret->total = stat.size;
	return 0;
}

static uint64_t frame_of(const char *text, size_t size)
{
	struct pt_alloc_record r;
	size_t n;

	return pt_page_owner_parse(text, size, &r, &n) && r.has_pfn ? r.pfn : 0;
}

int pt_page_owner_read(struct pt_kernel *k, struct pt_page_owner_file *file, struct pt_page_owner *po)
{
	char text[PIECE];
	ssize_t n = 0;
	int error = 0;

	for (int i = 0; i < SLICE && !error; i++) {
		n = k->ops->read(k, file->fd, text, sizeof(text));
		if (n <= 0)
			return n ? (int)n : pt_page_owner_end(po);
		error = pt_page_owner_feed(po, text, (size_t)n);
		if (!file->kernels)
			file->done += (uint64_t)n;
	}
	if (file->kernels)
		file->done = frame_of(text, (size_t)n);
	return error ? error : 1;
}

void pt_page_owner_close(struct pt_kernel *k, struct pt_page_owner_file *file)
{
	if (file->fd >= 0)
		k->ops->close(k, file->fd);
	file->fd = -1;
}
