/*
 * Fuzzes the filter: the first line is a pattern, the rest a text. A pattern is refused with one line of message or
 * compiles; matching always ends.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/filter/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pt_filter *compile(const char *pattern)
{
	struct pt_filter *filter = NULL;
	char message[64] = "";
	const int error = pt_filter_new(&filter, pattern, message, sizeof message);
	if (error == -EINVAL && (filter || !message[0] || strchr(message, '\n') || !memchr(message, 0, sizeof message)))
		abort();
	if (error && error != -EINVAL && error != -ENOMEM)
		abort();
	if (!error && !filter)
		abort();
	return filter;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	const size_t n = end ? (size_t)(end - data) : size;
	char *pattern = malloc(n + 1);
	if (!pattern)
		abort();
	memcpy(pattern, data, n);
	pattern[n] = '\0';
	struct pt_filter *filter = compile(pattern);
	free(pattern);
	if (filter && end) {
		const bool found = pt_filter_match(filter, (const char *)end + 1, size - n - 1);
		if (!pt_filter_gave_up(filter) && pt_filter_match(filter, (const char *)end + 1, size - n - 1) != found)
			abort();
	}
	pt_filter_free(filter);
	return 0;
}
