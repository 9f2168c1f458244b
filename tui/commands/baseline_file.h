/*
 * Baselines as files: JSON that people can read and merge, of a version, believed only where it makes sense. See
 * BASELINES in the manual.
 */
#ifndef UI_BASELINE_FILE_H
#define UI_BASELINE_FILE_H

#include "core/verdict/baseline.h"

#define UI_BASELINE_MOST 1048576 /* bytes of a file */

/* 0; or -errno with a line in message that says what is wrong, and where. -ENOENT: there is no such file. */
int ui_baseline_load(const char *path, struct pt_baseline *ret, char *message, size_t size);
/* Replaces the file as a whole. 0 or -errno. */
int ui_baseline_save(const char *path, const struct pt_baseline *baseline);

#endif
