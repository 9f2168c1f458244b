/*
 * PAGEMAP_SCAN as fs/proc/task_mmu.c of Linux 6.18 does it, over words in a sparse file, whose holes it skips.
 */
#include "tests/support/scripted_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS 512

int scripted_scan_check(const struct ps_arg *arg, uint64_t known, unsigned page_shift)
{
	uint64_t in_page = ((uint64_t)1 << page_shift) - 1;
	uint64_t asked = arg->category_inverted | arg->category_mask | arg->category_anyof_mask | arg->return_mask;

	if (arg->size != sizeof(*arg) || arg->flags || asked & ~known || arg->start & in_page)
		return -EINVAL;
	if ((arg->vec && !arg->vec_len) || (arg->vec_len && !arg->return_mask))
		return -EINVAL;
	return 0;
}

static bool matches(const struct ps_arg *arg, uint64_t categories)
{
	categories ^= arg->category_inverted;
	return (categories & arg->category_mask) == arg->category_mask &&
	       (!arg->category_anyof_mask || categories & arg->category_anyof_mask);
}

/* The vector under way. */
struct output {
	struct ps_region *vec;
	uint64_t n, room, pages;
};

/* False: it is full, and the page is not in it. */
static bool put(struct output *out, const struct ps_arg *arg, uint64_t at, uint64_t size, uint64_t categories)
{
	struct ps_region *last = out->n ? &out->vec[out->n - 1] : NULL;

	categories &= arg->return_mask;
	if (arg->max_pages && out->pages == arg->max_pages)
		return false;
	if (last && last->end == at && last->categories == categories) {
		last->end += size;
	} else {
		if (out->n == out->room)
			return false;
		out->vec[out->n++] = (struct ps_region){at, at + size, categories};
	}
	out->pages++;
	return true;
}

/*
 * The kernel collects `round` regions at a time. It sets walk_end where a round was full, and never again: after a last
 * round that reaches the end, walk_end still tells of the one before.
 */
int scripted_scan(int fd, unsigned page_shift, unsigned round, struct ps_arg *arg)
{
	struct output out = {.vec = (struct ps_region *)(uintptr_t)arg->vec, .room = arg->vec_len};
	uint64_t words[WORDS], size = (uint64_t)1 << page_shift;
	uint64_t first = arg->start >> page_shift, end = (arg->end + size - 1) >> page_shift;

	if (matches(arg, 0))
		fail_msg("PAGEMAP_SCAN asks for untouched pages too: it must require PRESENT or SWAPPED");
	arg->walk_end = 0;
	while (first < end) {
		off_t data = lseek(fd, (off_t)(first * 8), SEEK_DATA);
		if (data < 0)
			break; /* nothing but a hole is left */
		if ((uint64_t)data / 8 > first)
			first = (uint64_t)data / 8;
		ssize_t got = pread(fd, words, sizeof(words), (off_t)(first * 8)) / 8;
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got && first < end; i++, first++)
			if (words[i] && matches(arg, words[i])) {
				uint64_t before = out.n;
				bool fits = put(&out, arg, first << page_shift, size, words[i]);
				if (!fits || (out.n > before && before && before % round == 0))
					arg->walk_end = first << page_shift;
				if (!fits)
					return (int)out.n;
			}
	}
	if (!arg->walk_end)
		arg->walk_end = arg->end;
	return (int)out.n;
}

void scripted_count_backing(int fd, unsigned page_shift, uint64_t offset, uint64_t size, struct pt_cachestat *ret)
{
	char bytes[WORDS];
	uint64_t at = offset >> page_shift;
	uint64_t end = size ? (offset + size + ((uint64_t)1 << page_shift) - 1) >> page_shift : UINT64_MAX;

	while (at < end) {
		uint64_t want = end - at < sizeof(bytes) ? end - at : sizeof(bytes);
		ssize_t got = pread(fd, bytes, want, (off_t)at);
		if (got <= 0)
			return;
		for (ssize_t i = 0; i < got; i++) {
			ret->cache += bytes[i] == 'c';
			ret->evicted += bytes[i] == 'e';
		}
		at += (uint64_t)got;
	}
}
