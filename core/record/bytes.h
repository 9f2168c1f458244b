/*
 * Bytes, appended and taken (private): numbers as varints, seven bits a byte, the lowest first, the top bit set where
 * more follow; signed ones zigzag (0, -1, 1, -2 are 0, 1, 2, 3). Running out of memory, or of bytes, is noted and is
 * asked about once at the end.
 */
#ifndef PT_RECORD_BYTES_H
#define PT_RECORD_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pt_buffer {
	uint8_t *v;
	size_t n, room;
	bool failed; /* out of memory: what was put since is lost */
};

static inline bool pt_buffer_reserve(struct pt_buffer *b, size_t more)
{
	if (b->n + more <= b->room)
		return true;
	size_t room = (b->n + more) * 2;
	uint8_t *v = b->failed ? NULL : realloc(b->v, room);
	if (!v) {
		b->failed = true;
		return false;
	}
	b->v = v;
	b->room = room;
	return true;
}

static inline void pt_put(struct pt_buffer *b, const void *v, size_t n)
{
	if (!n || !pt_buffer_reserve(b, n))
		return;
	memcpy(b->v + b->n, v, n);
	b->n += n;
}

static inline void pt_put_number(struct pt_buffer *b, uint64_t number)
{
	if (!pt_buffer_reserve(b, 10))
		return;
	for (; number > 0x7f; number >>= 7)
		b->v[b->n++] = (uint8_t)(number | 0x80);
	b->v[b->n++] = (uint8_t)number;
}

static inline uint64_t pt_zigzag(uint64_t difference)
{
	return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t pt_unzigzag(uint64_t number)
{
	return number >> 1 ^ (number & 1 ? UINT64_MAX : 0);
}

/* Bytes that are read from the front. */
struct pt_source {
	const uint8_t *v, *end;
	bool bad; /* something was asked for that is not there: everything since is 0 */
};

static inline uint64_t pt_take_number(struct pt_source *s)
{
	uint64_t number = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (s->v == s->end)
			break;
		uint8_t byte = *s->v++;
		if (shift == 63 && byte > 1)
			break;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return number;
	}
	s->bad = true;
	return 0;
}

#endif
