/*
 * The kinds of pagetop diff.
 */
#ifndef UI_DIFF_H
#define UI_DIFF_H

#include "tui/options.h"

/* What grew between two moments of a recording, or between two recordings. */
int ui_diff_growth(const struct ui_options *options);
/* Contents of two dumps. Exit status 1: they differ. */
int ui_diff_content(const struct ui_options *options);

#endif
