/*
 * One drawing of each widget with telling contents, for goldens and for the sweeps over sizes.
 */
#ifndef WIDGET_SAMPLES_H
#define WIDGET_SAMPLES_H

#include "tests/support/canvas_check.h"

struct widget_sample {
	const char *name;
	check_draw_fn *draw;
	int w, h;      /* of its golden */
	bool one_line; /* paints the first line of its rectangle alone */
	bool by_shape; /* looks different with each ability, not just in its characters */
};
extern const struct widget_sample WIDGET_SAMPLES[];
extern const size_t WIDGET_SAMPLES_N;

#endif
