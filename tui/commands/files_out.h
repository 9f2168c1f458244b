/*
 * What is said of files that were looked at: what was left out, and why. For pagetop file, and -f of types and pages.
 */
#ifndef UI_FILES_OUT_H
#define UI_FILES_OUT_H

#include "core/cache/files.h"
#include "tui/commands/json_out.h"

/* Why a file could not be looked at: the end of a sentence. */
const char *ui_files_why_not(int error);

/* A blank line and a line for each kind of thing that was left out; nothing where nothing was. */
void ui_files_notes(const struct pt_files *files);
/* The same in one line on stderr, for lists. */
void ui_files_complain(const struct pt_files *files);
/* The same as members: files, folders, failed, further-names, other-file-systems, unreadable, raced-pages. */
void ui_files_json(struct ui_json *out, const struct pt_files *files);

#endif
