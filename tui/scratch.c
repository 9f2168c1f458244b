/*
 * A list of blocks, each twice as large as the one before. Only the newest is filled; a reset keeps that one alone.
 */
#include "tui/scratch.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK 32768
#define ALIGNMENT   16

struct ui_scratch_block {
	struct ui_scratch_block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) char bytes[];
};

void ui_scratch_free(struct ui_scratch *s)
{
	while (s->blocks) {
		struct ui_scratch_block *next = s->blocks->next;
		free(s->blocks);
		s->blocks = next;
	}
}

void ui_scratch_reset(struct ui_scratch *s)
{
	if (!s->blocks)
		return;
	struct ui_scratch older = {s->blocks->next};
	ui_scratch_free(&older);
	s->blocks->next = NULL;
	s->blocks->used = 0;
}

static void *take(struct ui_scratch *s, size_t size)
{
	struct ui_scratch_block *b = s->blocks;
	if (!b || b->size - b->used < size) {
		size_t room = b ? 2 * b->size : FIRST_BLOCK;
		while (room < size)
			room *= 2;
		b = malloc(sizeof *b + room);
		if (!b)
			return NULL;
		*b = (struct ui_scratch_block){.next = s->blocks, .size = room};
		s->blocks = b;
	}
	void *at = b->bytes + b->used;
	b->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (b->used > b->size)
		b->used = b->size;
	return at;
}

void *ui_scratch_array(struct ui_scratch *s, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / 4 / size)
		return NULL;
	void *at = take(s, n * size);
	if (at)
		memset(at, 0, n * size);
	return at;
}

const char *ui_scratch_text(struct ui_scratch *s, const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n < 0)
		return "";
	size_t size = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
	char *at = take(s, size + 1);
	if (!at)
		return "";
	memcpy(at, line, size);
	at[size] = '\0';
	return at;
}
