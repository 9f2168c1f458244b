/*
 * Files that are replaced as a whole: whoever reads one finds what was in it before or what is in it after, never a part.
 */
#ifndef UI_REPLACE_FILE_H
#define UI_REPLACE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Written under a name that ends in twelve random digits, and renamed. for_all: others may read it, whatever the umask.
 * 0 or an error number. */
int ui_replace_file(const char *path, const char *text, size_t size, bool for_all);

#endif
