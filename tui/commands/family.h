/*
 * pagetop family: its command line and what it prints; the looking is in family.c.
 */
#ifndef UI_FAMILY_COMMAND_H
#define UI_FAMILY_COMMAND_H

#include "core/forks/bill.h"
#include "tui/options.h"

enum ui_family_by { UI_FAMILY_BY_MEMBER, UI_FAMILY_BY_VMA, UI_FAMILY_BY_SAMPLE, UI_FAMILY_BY_N };

/* A child at one moment. */
struct ui_family_sample {
	uint64_t at_ns; /* since the first look */
	pid_t pid, parent;
	char name[PT_NAME_MAX];
	struct pt_maybe live_ns;
	struct pt_kin_sums sums;
};

struct ui_family {
	const struct ui_options *options;
	struct pt_forks_look *look; /* the last */
	struct ui_family_sample *samples;
	size_t n_samples, room;
};

/* The table of it, or JSON. An exit status. */
int ui_family_print(const struct ui_family *family);

#endif
