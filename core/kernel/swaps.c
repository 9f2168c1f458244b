/*
 * /proc/swaps: how much is swapped out on this machine at all.
 */
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

/* A line is: Filename Type Size Used Priority, in KiB. The file name has its blanks escaped, so it is one word. */
static uint64_t used_of_line(const char *line)
{
	const char *end = strchr(line, '\n');
	size_t left = end ? (size_t)(end - line) : strlen(line);
	unsigned field = 0;
	for (size_t i = 0; i < left;) {
		i += strspn(line + i, " \t");
		if (i >= left)
			break;
		if (field++ == 3)
			return strtoull(line + i, NULL, 10);
		i += strcspn(line + i, " \t\n");
	}
	return 0;
}

uint64_t pt_parse_swaps(const char *text)
{
	uint64_t used = 0;
	const char *line = strchr(text, '\n'); /* behind the heading */
	for (; line && line[1]; line = strchr(line + 1, '\n'))
		used += used_of_line(line + 1) * 1024;
	return used;
}

int pt_read_swap_used(struct pt_kernel *k, uint64_t *ret)
{
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, "proc/swaps", &text, &size);
	if (error)
		return error;
	*ret = pt_parse_swaps(text);
	free(text);
	return 0;
}
