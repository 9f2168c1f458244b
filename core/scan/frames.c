/*
 * Sorted, coalesced reads of the files indexed by PFN; see frames.h.
 */
#include "core/scan/frames.h"

#include <errno.h>
#include <string.h>

#ifndef PT_FRAMES_BATCH
#define PT_FRAMES_BATCH 2048u /* entries of one read, 16 KiB */
#endif
#define GAP 3u /* entries that are cheaper to read along than to skip with another system call */

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

static void sort_by_digit(const pt_frame_key *from, pt_frame_key *to, size_t n, unsigned shift)
{
	size_t start[DIGITS] = {0};
	for (size_t i = 0; i < n; i++)
		start[from[i] >> shift & (DIGITS - 1)]++;
	size_t sum = 0;
	for (unsigned d = 0; d < DIGITS; d++) {
		size_t count = start[d];
		start[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void pt_frames_sort(pt_frame_key *keys, pt_frame_key *spare, size_t n)
{
	uint64_t differ = 0;
	bool sorted = true;
	for (size_t i = 1; i < n; i++) {
		differ |= keys[i] ^ keys[0];
		sorted &= keys[i - 1] <= keys[i];
	}
	if (sorted)
		return;
	pt_frame_key *from = keys, *to = spare;
	for (unsigned shift = PT_FRAME_TAG_BITS; shift < 64 && differ >> shift; shift += DIGIT_BITS) {
		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		sort_by_digit(from, to, n, shift);
		pt_frame_key *swap = from;
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, n * sizeof(*keys));
}

/* How many keys from the first on can be answered by one read. */
static size_t run_length(const pt_frame_key *keys, size_t n)
{
	uint64_t first = pt_frame_key_pfn(keys[0]), last = first;
	size_t i = 1;
	for (; i < n; i++) {
		uint64_t pfn = pt_frame_key_pfn(keys[i]);
		if (pfn - last > GAP || pfn - first >= PT_FRAMES_BATCH)
			break;
		last = pfn;
	}
	return i;
}

size_t pt_frames_reads(const pt_frame_key *keys, size_t n)
{
	size_t reads = 0;
	for (; n; reads++) {
		size_t run = run_length(keys, n);
		keys += run;
		n -= run;
	}
	return reads;
}

int pt_frames_read(struct pt_kernel *k, int fd, const pt_frame_key *keys, size_t n, pt_frame_fn each, void *arg)
{
	uint64_t entries[PT_FRAMES_BATCH];
	int error = 0;
	bool any = false;
	while (n) {
		size_t run = run_length(keys, n);
		uint64_t first = pt_frame_key_pfn(keys[0]), last = pt_frame_key_pfn(keys[run - 1]);
		ssize_t got = k->ops->pread(k, fd, entries, (size_t)(last - first + 1) * 8, first * 8);
		if (got < 0)
			error = (int)got;
		size_t have = got > 0 ? (size_t)got / 8 : 0;
		any |= have > 0;
		for (size_t i = 0; i < run; i++) {
			uint64_t at = pt_frame_key_pfn(keys[i]) - first;
			if (at < have)
				each(arg, pt_frame_key_tag(keys[i]), entries[at]);
		}
		keys += run;
		n -= run;
	}
	return any ? 0 : error;
}
