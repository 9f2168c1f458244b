/*
 * Source lines by libdw; see lines.h. Owns the image and libdw's handle on it.
 */
#include "core/unwind/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

struct pt_lines {
	struct pt_image image;
	Dwarf *dwarf;
};

struct pt_lines *pt_lines_new(struct pt_image *image)
{
	struct pt_lines *lines = calloc(1, sizeof(*lines));
	Dwarf *dwarf = lines && image->elf ? dwarf_begin_elf(image->elf, DWARF_C_READ, NULL) : NULL;
	if (!dwarf) {
		free(lines);
		pt_image_drop(image);
		return NULL;
	}
	lines->image = *image;
	lines->dwarf = dwarf;
	return lines;
}

void pt_lines_free(struct pt_lines *lines)
{
	if (!lines)
		return;
	dwarf_end(lines->dwarf);
	pt_image_drop(&lines->image);
	free(lines);
}

/* By the table of addresses; clang writes none, so all units are asked then. */
static bool find_unit(Dwarf *dwarf, uint64_t address, Dwarf_Die *ret)
{
	if (dwarf_addrdie(dwarf, address, ret))
		return true;
	Dwarf_CU *unit = NULL;
	uint8_t type;
	while (!dwarf_get_units(dwarf, unit, &unit, NULL, &type, ret, NULL))
		if (type == DW_UT_compile && dwarf_haspc(ret, address) > 0)
			return true;
	return false;
}

bool pt_lines_find(struct pt_lines *lines, uint64_t address, const char **ret_file, int *ret_line)
{
	Dwarf_Die unit;
	if (!find_unit(lines->dwarf, address, &unit))
		return false;
	Dwarf_Line *line = dwarf_getsrc_die(&unit, address);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number;
	if (!file || dwarf_lineno(line, &number))
		return false;
	*ret_file = file;
	*ret_line = number;
	return true;
}
