/*
 * Fuzzes pt_text_printable: whatever the bytes and the room, the result fits, is printable UTF-8, and is left alone the
 * second time. The first byte is the room, the rest is the text. Numbers are parsed on the way.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			abort();
	char *again = malloc(length + 1);
	if (!again || pt_text_printable(text, length, again, length + 1) != length || memcmp(again, text, length) != 0)
		abort();
	free(again);
}

static void parse(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t number = 42;
	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (!pt_text_parse_u64(text, &number) && number != 42)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	const size_t room = data[0] + 1u;
	char *out = malloc(room);
	if (!out)
		abort();
	const size_t length = pt_text_printable((const char *)data + 1, size - 1, out, room);
	if (length >= room || out[length])
		abort();
	check_printable(out, length);
	free(out);
	parse(data + 1, size - 1);
	return 0;
}
