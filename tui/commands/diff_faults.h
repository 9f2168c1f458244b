/*
 * Who grew it: the stacks whose faults brought memory between two moments of a recording, or in two runs beside each
 * other. Only of recordings with faults.
 */
#ifndef UI_DIFF_FAULTS_H
#define UI_DIFF_FAULTS_H

#include "core/faults/grown.h"
#include "core/record/record.h"
#include "tui/commands/json_out.h"
#include "tui/options.h"

/* A moment of a recording. */
struct ui_diff_moment {
	const char *path;
	struct pt_reader *reader;
	uint64_t seq;
};

struct ui_diff_faults {
	struct pt_fault_view *before,
		*view; /* of the first of two recordings, else NULL; of the second, or in between */
	struct pt_fault_grown_row *rows;
	size_t n;
	const char *why; /* there is nothing to be said though one recording has faults; NULL: nothing is missing */
};

/* `two`: other recordings. Without faults in them, there is no view. UI_OK, or the status after what is wrong was said. */
int ui_diff_faults_open(struct ui_diff_faults *d, const struct ui_diff_moment *from, const struct ui_diff_moment *to,
			bool two);
/* As text, after what grew; nothing where there is no view. UI_OK, or the status after what is wrong was said. */
int ui_diff_faults_print(const struct ui_diff_faults *d, const struct ui_options *options);
/* null where there is no view. */
json_t *ui_diff_faults_json(const struct ui_diff_faults *d);
void ui_diff_faults_free(struct ui_diff_faults *d);

#endif
