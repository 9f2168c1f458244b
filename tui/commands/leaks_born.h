/*
 * What was born between two moments and is still there at a third, as pagetop leaks tells it: objects and pages of a live
 * process (--snapshots), pages of a recording (-i).
 */
#ifndef UI_LEAKS_BORN_H
#define UI_LEAKS_BORN_H

#include "core/history/life.h"
#include "tui/commands/leaks.h"

/* Pages, from frame to frame: those that were there at the second moment and stayed, less those from the first. */
struct ui_born_pages {
	struct pt_life *first, *second; /* lives that begin at these moments */
	struct pt_snapshot *now;
};
/* On to the next frame; takes over the reference. The first and the second moment are frames. 0 or -ENOMEM. */
int ui_born_step(struct ui_born_pages *pages, struct pt_snapshot *next, bool is_second);
void ui_born_free(struct ui_born_pages *pages);
/* Bytes of VMA i of pages->now, or of all (i == vmas->n), that came between the first two and are still there. */
uint64_t ui_born_bytes(const struct ui_born_pages *pages, size_t i);

/* A table for people of the VMAs they are in; the same as JSON. */
void ui_born_print(const struct ui_leaks *l, const struct ui_born_pages *pages);
json_t *ui_born_json(const struct ui_leaks *l, const struct ui_born_pages *pages);

/* pagetop leaks --snapshots: all of it. */
int ui_leaks_snapshots(const struct ui_options *options, struct pt_kernel *k);

#endif
