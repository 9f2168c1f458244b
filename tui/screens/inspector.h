/*
 * The worker behind the page screen: reads everything about one page, and its contents where those are asked for.
 */
#ifndef UI_INSPECTOR_H
#define UI_INSPECTOR_H

#include "core/scan/inspect.h"
#include "tui/target.h"
#include "tui/worker.h"

struct ui_inspector_request {
	pid_t pid;
	uint64_t address;
	struct pt_signals signals;
	bool contents;
};

struct ui_inspection {
	uint64_t address; /* that was asked for */
	int error;        /* -errno; then facts mean nothing */
	struct pt_facts facts;
	uint64_t realtime_ns; /* when it was read */
	bool asked_contents;
	int contents_error; /* -errno of reading contents */
	uint8_t *contents;  /* facts.page_shift bytes long as a power of two; NULL if not asked for or not to be had */
};

/* A worker of struct ui_inspector_request and struct ui_inspection. */
int ui_inspector_new(struct ui_worker **ret, const struct ui_inspect_ops *source);
void ui_inspection_free(void *inspection);

#endif
