/*
 * The processes of a recording as sources of the shell (shell.h): a list to choose from, with the most that each held,
 * and the replay of the one that was chosen.
 */
#ifndef UI_RECORDED_H
#define UI_RECORDED_H

#include "core/record/record.h"
#include "tui/shell.h"

struct ui_recorded;

/* Takes over the reader, also when it fails; the path is borrowed. 0 or -ENOMEM. */
int ui_recorded_new(struct ui_recorded **ret, struct pt_reader *reader, const char *path);
const struct ui_sources *ui_recorded_sources(const struct ui_recorded *recorded);
/* After the shell that has its sources. NULL is fine. */
void ui_recorded_free(struct ui_recorded *recorded);

#endif
