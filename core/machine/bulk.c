/* See bulk.h. The kernel returns whole words; a read that ends early is the end of the file, or is gone on with. */
#include "core/machine/bulk.h"

#include <stdlib.h>

#define GAP    3u    /* frames between two that are asked for, read along with them */
#define WINDOW 1024u /* words that pt_bulk_gather() asks for at once */

ssize_t pt_bulk_read(struct pt_kernel *k, int fd, uint64_t first, size_t n, uint64_t *ret)
{
	size_t done = 0;

	while (done < n) {
		size_t words = n - done < PT_BULK_WORDS ? n - done : PT_BULK_WORDS;
		ssize_t got = k->ops->pread(k, fd, ret + done, words * sizeof(*ret), (first + done) * sizeof(*ret));

		if (got < 0)
			return done ? (ssize_t)done : got;
		if ((size_t)got < sizeof(*ret))
			break;
		done += (size_t)got / sizeof(*ret);
	}
	return (ssize_t)done;
}

static int by_pfn(const void *a, const void *b)
{
	const struct pt_bulk_item *x = a, *y = b;
	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

void pt_bulk_order(struct pt_bulk_item *items, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (items[i].pfn < items[i - 1].pfn) {
			qsort(items, n, sizeof(*items), by_pfn);
			return;
		}
}

int pt_bulk_gather(struct pt_kernel *k, int fd, const struct pt_bulk_item *items, size_t n, uint64_t *ret)
{
	uint64_t words[WINDOW];
	size_t end;

	for (size_t i = 0; i < n; i = end) {
		uint64_t first = items[i].pfn;
		for (end = i + 1; end < n && items[end].pfn - items[end - 1].pfn <= GAP + 1; end++)
			if (items[end].pfn - first >= WINDOW)
				break;
		ssize_t got = pt_bulk_read(k, fd, first, items[end - 1].pfn - first + 1, words);
		if (got < 0)
			return (int)got;
		for (size_t j = i; j < end; j++)
			ret[items[j].at] = items[j].pfn - first < (uint64_t)got ? words[items[j].pfn - first]
										: PT_BULK_NONE;
	}
	return 0;
}
