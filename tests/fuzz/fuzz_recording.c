/*
 * Fuzzes the decoder of a recording's pages: whatever the bytes are it ends, stays inside them, and what it accepts is
 * what it says: slots in order, pages that a chunk can hold.
 */
#include <stdlib.h>
#include <string.h>

#include "core/record/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

static int rereads(struct pt_decoder *d)
{
	uint64_t next = 0;
	int error = 0;
	for (uint64_t i = 0; !error && i < d->n_reread; i++) {
		struct pt_reread r;
		error = pt_decoder_reread(d, &r);
		PROMISE(error || (r.first >= next && r.first <= r.last && r.last <= UINT64_MAX / PT_CHUNK_PAGES));
		next = r.last + 1;
	}
	return error;
}

static int slots(struct pt_decoder *d)
{
	static struct pt_page pages[PT_CHUNK_PAGES];
	uint64_t next = 0;
	int error = 0;
	for (uint64_t i = 0; !error && i < d->n_changed; i++) {
		struct pt_slot slot;
		enum pt_form form;
		error = pt_decoder_slot(d, &slot, &form);
		if (error)
			break;
		PROMISE(slot.index >= next && slot.index <= UINT64_MAX / PT_CHUNK_PAGES);
		PROMISE(form <= PT_FORM_FROM_BEFORE && !slot.chunk);
		next = slot.index + 1;
		if (form != PT_FORM_FROM_BEFORE) /* else on what the slot before left here */
			memset(pages, 0, sizeof(pages));
		if (form != PT_FORM_GONE)
			error = pt_decoder_pages(d, i % 8 ? pages : NULL);
		for (unsigned k = 0; !error && k < PT_CHUNK_PAGES; k++)
			PROMISE(pages[k].pfn < 1ull << PT_PFN_BITS);
		struct pt_chunk *chunk = error ? NULL : pt_chunk_new(pages, 12);
		PROMISE(error || pt_chunk_equals(chunk, pages));
		pt_chunk_unref(chunk);
	}
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_decoder d;
	/* a copy of its own, so that reading past its end is found */
	uint8_t *bytes = malloc(size ? size : 1);
	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	if (pt_decoder_open(&d, bytes, size, 1000, 12) == 0) {
		if (rereads(&d) == 0 && slots(&d) == 0)
			pt_decoder_ended(&d);
		pt_decoder_close(&d);
	}
	free(bytes);
	return 0;
}
