/*
 * Marks of idle frames, for pagetop types: --mark-idle marks what is counted, after it has asked whether it may; --idle
 * has the flag idle_page brought up to date before counting. See core/machine/idle.h for what that changes.
 */
#ifndef UI_IDLE_MARKS_H
#define UI_IDLE_MARKS_H

#include "core/machine/types.h"
#include "tui/option.h"

struct ui_idle_marks {
	uint64_t frames, marked; /* that were to be marked, and that were */
	struct pt_maybe idle;    /* of those marked, idle still after --for */
	double seconds;          /* how long that was */
};

/*
 * What comes before counting, and after it. UI_OK, or an exit status after it was said what is wrong; nothing where
 * neither option was given.
 */
int ui_idle_before(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		   struct ui_idle_marks *marks);
int ui_idle_after(const struct ui_options *options, struct pt_kernel *k, const struct pt_types_request *request,
		  struct ui_idle_marks *marks);

/* A paragraph of what came of --mark-idle. */
void ui_idle_print(const struct ui_idle_marks *marks, unsigned page_shift);

/* What must come together on the command line. */
int ui_idle_check(const struct ui_options *o, struct ui_complaint *c);

#endif
