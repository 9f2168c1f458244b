/*
 * Numbers and names as the screens write them: zero is a dim dot, what is not known a question mark, names are made
 * printable. Strings live in the scratch memory of the frame, or in `ret`.
 */
#ifndef UI_FORMAT_H
#define UI_FORMAT_H

#include "core/model/snapshot.h"
#include "tui/scratch.h"
#include "widgets/views.h"

#define UI_DOT   "\u00b7"
#define UI_GROWS "\u25b2" /* the mark of what goes on growing */

/* A table cell for a number of bytes; a whole number; a change in bytes. */
struct wg_table_cell ui_cell_bytes(struct ui_scratch *s, struct pt_maybe bytes);
struct wg_table_cell ui_cell_number(struct ui_scratch *s, struct pt_maybe number);
struct wg_table_cell ui_cell_delta(struct ui_scratch *s, int64_t bytes, bool known);

/* "1.21G", "?" and "·" as plain strings. */
const char *ui_bytes(struct ui_scratch *s, struct pt_maybe bytes);
const char *ui_size(struct ui_scratch *s, uint64_t bytes);
const char *ui_number(struct ui_scratch *s, uint64_t n);
/* "38 %", "<1 %", "0 %", "100 %" only for all of them. */
const char *ui_share(struct ui_scratch *s, uint64_t part, uint64_t whole);

/* "grows 12K/s for 3 min": what it does, and since when, as of `at_ns`. */
struct pt_suspect;
const char *ui_grows(struct ui_scratch *s, const struct pt_suspect *suspect, uint64_t at_ns);

/* Raw bytes of a name, made printable. */
const char *ui_printable(struct ui_scratch *s, const char *raw);
/* The last part of a path, printable; a name in brackets stays whole. */
const char *ui_base_name(struct ui_scratch *s, const char *path);
/* What a person calls a VMA: base name of its file or its role in words. */
const char *ui_vma_name(struct ui_scratch *s, const struct pt_vma *vma);

/* "12 s": how long before a snapshot something of it was read. */
const char *ui_age(struct ui_scratch *s, const struct pt_snapshot *snapshot, uint64_t read_ns);
/* "14:03:22", the local time of a moment. */
const char *ui_clock(struct ui_scratch *s, uint64_t realtime_ns);

#endif
