/*
 * See filter.h. An empty text is no filter at all.
 */
#include "tui/filter.h"

#include <stdio.h>
#include <string.h>

void ui_filter_set(struct ui_filter *f, const char *text)
{
	struct pt_filter *made = NULL;
	char error[sizeof f->error] = "";
	snprintf(f->text, sizeof f->text, "%s", text);
	int failed = f->text[0] ? pt_filter_new(&made, f->text, error, sizeof error) : 0;
	if (failed && !error[0])
		snprintf(error, sizeof error, "%s", strerror(-failed));
	memcpy(f->error, error, sizeof error);
	if (failed)
		return;
	pt_filter_free(f->good);
	f->good = made;
	f->version++;
}

void ui_filter_free(struct ui_filter *f)
{
	pt_filter_free(f->good);
	f->good = NULL;
}

bool ui_filter_match(const struct ui_filter *f, const char *text)
{
	return pt_filter_match(f->good, text, strlen(text));
}
