/*
 * What became of the pages of the process that is looked at: the ledger of the last frames, or of the two moments that
 * are compared, and since when each page is there. Part of the target; used by the main thread alone.
 */
#ifndef UI_CHANGES_H
#define UI_CHANGES_H

#include "core/history/ledger.h"
#include "core/history/life.h"

#define UI_CHANGES_FRAMES 10u /* as the manual and the help say; so many that a person has time to read what happened */

struct ui_changes {
	/* of the live target */
	struct pt_ledger last[UI_CHANGES_FRAMES]; /* [n_last], oldest first */
	unsigned n_last;
	struct pt_ledger sum; /* of all of them */
	struct pt_life *live; /* NULL: no frame yet, or out of memory */
	/* of the two moments that are compared; references, both NULL: the live target is shown */
	struct pt_snapshot *before, *now;
	struct pt_ledger between;
	struct pt_life *between_life; /* made when asked for */
};

void ui_changes_free(struct ui_changes *c);
/* The next complete frame of the live target; before NULL: the first, or the first of another program. */
void ui_changes_frame(struct ui_changes *c, const struct pt_snapshot *before, const struct pt_snapshot *now);
/* From here on two moments are compared, from `before` to `now`, whichever was first; both NULL: the live target is shown
 * again. A moment alone has no changes. */
void ui_changes_between(struct ui_changes *c, struct pt_snapshot *before, struct pt_snapshot *now);

/* The ledger that is shown; NULL: there is nothing to compare with. */
const struct pt_ledger *ui_changes_ledger(const struct ui_changes *c);
/* "over the last 10 frames", "between the two moments". Static storage, or in `ret`. */
const char *ui_changes_span(const struct ui_changes *c, char *ret, size_t size);
/* Bytes of VMAs that begin in [start, end), of all where both are 0, to which it happened. */
struct pt_maybe ui_changes_bytes(const struct ui_changes *c, const struct pt_snapshot *now, uint64_t start,
				 uint64_t end, enum pt_event event);
/* Fills in the life of bins where a layer shows it; else, and where it is not known, leaves them as they are. */
void ui_changes_bins(struct ui_changes *c, enum pt_layer layer, const struct pt_axis *axis,
		     const struct pt_snapshot *now, uint64_t first, struct pt_bin *bins, size_t n);
bool ui_layer_is_life(enum pt_layer layer);
/* Ages of pages, and since when changes count as new; NULL: not known. */
const struct pt_life *ui_changes_life(struct ui_changes *c, uint64_t *ret_since_ns);

#endif
