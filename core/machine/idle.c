/*
 * See idle.h. The kernel's bitmap is read and written by words of 64 frames; a written bit that is not set leaves the
 * frame as it is, so that stretches with holes go in one piece.
 */
#include "core/machine/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/machine/bulk.h"

#define BITMAP "sys/kernel/mm/page_idle/bitmap"
#define BITS   64u
#define PIECE  512u /* words: as much as the kernel takes at a time */

int pt_idle_check(struct pt_kernel *k)
{
	int fd = k->ops->open(k, BITMAP, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	k->ops->close(k, fd);
	return 0;
}

/* ---- the set ---------------------------------------------------------------------------------------------------- */

static bool make_room(struct pt_idle *idle, uint64_t words)
{
	if (words <= idle->words)
		return true;
	size_t room = idle->words ? idle->words : PIECE;
	while (room < words)
		room *= 2;
	uint64_t *bits = realloc(idle->bits, room * sizeof(*bits));
	if (!bits)
		return false;
	memset(bits + idle->words, 0, (room - idle->words) * sizeof(*bits));
	idle->bits = bits;
	idle->words = room;
	return true;
}

static int add_run(void *arg, const struct pt_frame_run *run)
{
	struct pt_idle *idle = arg;
	if (!run->present)
		return 0;
	if (!make_room(idle, (run->first + run->pages + BITS - 1) / BITS))
		return -ENOMEM;
	for (uint64_t pfn = run->first; pfn < run->first + run->pages; pfn++) {
		const uint64_t bit = 1ull << pfn % BITS;
		idle->frames += !(idle->bits[pfn / BITS] & bit);
		idle->bits[pfn / BITS] |= bit;
	}
	return 0;
}

int pt_idle_add(struct pt_kernel *k, const struct pt_types_request *request, struct pt_idle *idle,
		const char **ret_file)
{
	return pt_types_walk(k, request, add_run, idle, ret_file);
}

void pt_idle_free(struct pt_idle *idle)
{
	free(idle->bits);
	*idle = (struct pt_idle){0};
}

/* ---- the kernel's ----------------------------------------------------------------------------------------------- */

/* The next words [*at, return) that have any bit set, a piece at most; *at is its end where there are none. */
static size_t next_piece(const struct pt_idle *idle, size_t *at)
{
	while (*at < idle->words && !idle->bits[*at])
		++*at;
	size_t end = idle->words - *at < PIECE ? idle->words : *at + PIECE;
	while (end > *at && !idle->bits[end - 1])
		end--;
	return end;
}

int pt_idle_mark(struct pt_kernel *k, const struct pt_idle *idle)
{
	int error = 0;
	for (size_t at = 0, end; !error && (end = next_piece(idle, &at)) > at; at = end)
		error = k->ops->mark_idle(k, at, idle->bits + at, end - at);
	return error;
}

int pt_idle_ask(struct pt_kernel *k, const struct pt_idle *idle)
{
	uint64_t words[PIECE];
	ssize_t got = 0;
	int fd = k->ops->open(k, BITMAP, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	for (size_t at = 0, end; got >= 0 && (end = next_piece(idle, &at)) > at; at = end)
		got = pt_bulk_read(k, fd, at, end - at, words);
	k->ops->close(k, fd);
	return got < 0 ? (int)got : 0;
}

/* ---- their flags ------------------------------------------------------------------------------------------------ */

/* How many of n frames, in order, are marked. */
static int count_some(struct pt_kernel *k, int fd, const struct pt_bulk_item *items, size_t n, uint64_t *sum)
{
	uint64_t flags[PIECE];
	int error = pt_bulk_gather(k, fd, items, n, flags);
	for (size_t i = 0; i < n && !error; i++)
		*sum += flags[i] != PT_BULK_NONE && flags[i] & KPF(IDLE);
	return error;
}

int pt_idle_count(struct pt_kernel *k, const struct pt_idle *idle, uint64_t *ret)
{
	struct pt_bulk_item items[PIECE];
	uint64_t sum = 0;
	size_t n = 0;
	int error = 0, fd = k->ops->open(k, "proc/kpageflags", O_RDONLY);
	if (fd < 0)
		return fd;
	for (size_t at = 0; at < idle->words && !error; at++) {
		for (uint64_t left = idle->bits[at]; left; left &= left - 1, n++)
			items[n] = (struct pt_bulk_item){.pfn = at * BITS + (uint64_t)__builtin_ctzll(left),
							 .at = (uint32_t)n};
		if (n + BITS > PIECE) {
			error = count_some(k, fd, items, n, &sum);
			n = 0;
		}
	}
	error = error ? error : count_some(k, fd, items, n, &sum);
	k->ops->close(k, fd);
	if (!error)
		*ret = sum;
	return error;
}
