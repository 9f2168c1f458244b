/* See bulk.h. The kernel returns whole words; a read that ends early is the end of the file, or is gone on with. */
#include "core/machine/bulk.h"

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
