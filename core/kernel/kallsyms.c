/*
 * /proc/kallsyms: where functions of the kernel are. Lines are "ffffffff81000c60 T asm_exc_page_fault", of modules with
 * more behind; addresses are zero for who may not see them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"

static bool take_symbol(struct pt_cursor *text, uint64_t *ret_address, struct pt_cursor *ret_name)
{
	struct pt_cursor line;
	while (pt_cut_line(text, &line)) {
		if (!pt_take_hex(&line, ret_address) || line.end - line.at < 4)
			continue;
		ret_name->at = line.at + 3; /* " T " */
		ret_name->end = ret_name->at;
		while (ret_name->end < line.end && *ret_name->end != '\t')
			ret_name->end++;
		return true;
	}
	return false;
}

static void find_starts(struct pt_cursor text, const char *const *names, size_t n, struct pt_code *ret)
{
	struct pt_cursor name;
	uint64_t address;
	while (take_symbol(&text, &address, &name))
		for (size_t i = 0; i < n; i++)
			if (!ret[i].start && strlen(names[i]) == (size_t)(name.end - name.at) &&
			    memcmp(names[i], name.at, strlen(names[i])) == 0)
				ret[i].start = address;
}

/* A function goes on until the next begins; the file is not in order everywhere. */
static void find_ends(struct pt_cursor text, size_t n, struct pt_code *ret)
{
	struct pt_cursor name;
	uint64_t address;
	while (take_symbol(&text, &address, &name))
		for (size_t i = 0; i < n; i++)
			if (address > ret[i].start && (!ret[i].end || address < ret[i].end))
				ret[i].end = address;
}

bool pt_parse_kallsyms(const char *text, size_t size, const char *const *names, size_t n, struct pt_code *ret)
{
	struct pt_cursor all = {text, text + size};
	bool any = false;
	memset(ret, 0, n * sizeof(*ret));
	find_starts(all, names, n, ret);
	find_ends(all, n, ret);
	for (size_t i = 0; i < n; i++) {
		if (!ret[i].start || !ret[i].end)
			ret[i] = (struct pt_code){0};
		any |= ret[i].start;
	}
	return any;
}

int pt_read_kernel_code(struct pt_kernel *k, const char *const *names, size_t n, struct pt_code *ret)
{
	char *text;
	size_t size;
	int error = pt_kernel_slurp(k, "proc/kallsyms", &text, &size);
	if (error)
		return error;
	bool any = pt_parse_kallsyms(text, size, names, n, ret);
	free(text);
	return any ? 0 : -EACCES;
}
