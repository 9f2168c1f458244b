/*
 * What the object screen shows, for its drawing: the answer about one object, its pointers as rows, its contents.
 */
#ifndef UI_OBJECTVIEW_H
#define UI_OBJECTVIEW_H

#include "tui/shell.h"

enum ui_object_part { UI_OBJECT_PATH, UI_OBJECT_IN, UI_OBJECT_OUT };

struct ui_object_row {
	enum ui_object_part kind;
	const struct pt_link *link;
	size_t i; /* of that kind */
};

struct ui_object_view {
	uint64_t address;            /* asked about */
	uint64_t object;             /* where it begins, as far as is known */
	const struct pt_object *got; /* the shell's, until its next update; NULL: not yet, or: */
	int error;                   /* -errno */
	bool hex;                    /* contents alone */
	size_t at, top, hex_top;
	/* of the last drawing */
	struct wg_rect table_at;
	int lines;    /* of rows or contents */
	int hex_line; /* bytes a line */
};

size_t ui_object_rows(const struct ui_object_view *v);
/* Row i: the path first, then who points to it, then what it points to. False: there is none. */
bool ui_object_row(const struct ui_object_view *v, size_t i, struct ui_object_row *ret);
const char *ui_object_title(const struct ui_object_view *v, struct ui_shell *shell);
void ui_object_draw(struct ui_object_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);

#endif
