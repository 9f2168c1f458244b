/*
 * A filter as a person types it: the text, and the last good pattern. A bad one is said to be bad and changes nothing.
 */
#ifndef UI_FILTER_H
#define UI_FILTER_H

#include "core/filter/filter.h"

#define UI_LINE_MAX 200

struct ui_filter {
	char text[UI_LINE_MAX];
	char error[128];        /* "" if text is a good pattern */
	struct pt_filter *good; /* owned; NULL matches all */
	unsigned version;       /* grows when `good` changes */
};

void ui_filter_set(struct ui_filter *filter, const char *text);
void ui_filter_free(struct ui_filter *filter);
bool ui_filter_match(const struct ui_filter *filter, const char *text);

#endif
