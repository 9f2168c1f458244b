/*
 * Source lines of a module's addresses, out of its debug sections (libdw). Milliseconds for the first of a unit.
 */
#ifndef PT_UNWIND_LINES_H
#define PT_UNWIND_LINES_H

#include "core/unwind/image.h"

struct pt_lines;

/* Takes the image over, also where it fails. NULL: it has none. */
struct pt_lines *pt_lines_new(struct pt_image *image);
void pt_lines_free(struct pt_lines *lines); /* NULL is fine */
/* False: not known. The name stays as long as lines do. */
bool pt_lines_find(struct pt_lines *lines, uint64_t address, const char **ret_file, int *ret_line);

#endif
