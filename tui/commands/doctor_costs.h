/*
 * The part of doctor about what looking costs: the working set, what a frame is estimated at, and what each question
 * takes on this machine.
 */
#ifndef UI_DOCTOR_COSTS_H
#define UI_DOCTOR_COSTS_H

#include "core/model/signals.h"
#include "core/scan/survey.h"
#include "tui/commands/json_out.h"

struct ui_costs {
	struct pt_costs costs;
	struct pt_survey survey; /* of the target, where there is one that can be read */
	bool surveyed;
	bool has_scan, has_query;
	double budget; /* percent of one core */
};

/* Fits the costs; surveys the target (pid 0: none). */
void ui_costs_read(struct ui_costs *ret, struct pt_kernel *k, pid_t pid, const struct pt_signals *signals,
		   double budget);

/* Paragraphs for the header, and a section of their own. */
void ui_costs_print_header(const struct ui_costs *costs, int width);
void ui_costs_print(const struct ui_costs *costs, int width);

/* "working-set" and "costs" as members. */
void ui_costs_json(const struct ui_costs *costs, struct ui_json *out);

#endif
