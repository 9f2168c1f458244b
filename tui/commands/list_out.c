/* See list_out.h. The last column is as wide as it is. */
#include "tui/commands/list_out.h"

#include <stdio.h>

void ui_list_begin(struct ui_list *list, bool headings)
{
	list->next = 0;
	for (size_t i = 0; headings && i < list->n; i++)
		ui_list_cell(list, list->all[list->ids[i]].name);
}

void ui_list_cell(struct ui_list *list, const char *text)
{
	bool last = list->next + 1 == list->n;
	int width = list->all[list->ids[list->next]].width;

	if (list->raw)
		printf("%s%s", *text ? text : "-", last ? "\n" : " ");
	else if (last && width >= 0)
		printf("%s\n", text);
	else
		printf("%*s%s", -width, text, last ? "\n" : " ");
	list->next = last ? 0 : list->next + 1;
}
