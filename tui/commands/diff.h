/*
 * The kinds of pagetop diff.
 */
#ifndef UI_DIFF_H
#define UI_DIFF_H

#include "tui/options.h"

/* Contents of two dumps. Exit status 1: they differ. */
int ui_diff_content(const struct ui_options *options);

#endif
