/*
 * One option of the command line: a row of the table of a command, beside which it is written (tui/commands/), or of
 * those that every command takes (tui/options.c). Commands may have options of the same name, which then take a value
 * in the same way; what it means is each command's own.
 */
#ifndef UI_OPTION_H
#define UI_OPTION_H

#include "tui/options.h"

/* Where an error goes: one line. */
struct ui_complaint {
	char *text;
	size_t size;
};
/* Writes the line; returns UI_USAGE, so that callers can return it. */
int ui_usage(struct ui_complaint *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum ui_takes { UI_TAKES_NONE, UI_TAKES_VALUE, UI_TAKES_MAYBE }; /* --all, --since FILE, --stop[=all] */

struct ui_option {
	const char *name; /* without the --; NULL ends a table */
	char letter;      /* 0: none; one of a command's own, behind its name, is not that of another option there */
	enum ui_takes takes;
	size_t member; /* where `take` is NULL: offset in struct ui_options of the bool or const char * that is set */
	/* Reads the value (NULL: none) into *o; UI_OK or UI_USAGE. */
	int (*take)(const char *value, struct ui_options *o, struct ui_complaint *c);
};

/* All there are, each name once: the common ones, the screen's, those of the commands. Returns how many. */
#define UI_OPTIONS_MOST 256
size_t ui_options_all(const struct ui_option *ret[UI_OPTIONS_MOST]);

#define UI_FLAG(name, member)                                                                                          \
	{                                                                                                              \
		name, 0, UI_TAKES_NONE, offsetof(struct ui_options, member), NULL                                      \
	}
#define UI_TEXT(name, member)                                                                                          \
	{                                                                                                              \
		name, 0, UI_TAKES_VALUE, offsetof(struct ui_options, member), NULL                                     \
	}
#define UI_TAKEN(name, takes, take)                                                                                    \
	{                                                                                                              \
		name, 0, takes, 0, take                                                                                \
	}

/* A whole number from 1 to max, as `what` ("passes") of --`option`. */
int ui_take_number(const char *value, const char *option, const char *what, unsigned max, unsigned *ret,
		   struct ui_complaint *c);
/* Seconds of --`option`, as nanoseconds. */
int ui_take_seconds(const char *value, const char *option, uint64_t *ret_ns, struct ui_complaint *c);

/* ---- values of more than one command ---------------------------------------------------------------------------- */

int ui_take_for(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_take_stop(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_take_stacks(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_take_period(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_take_sync(const char *value, struct ui_options *o, struct ui_complaint *c);

/* What is judged: rows of the tables of run and check, and what must come together there. */
int ui_take_assert(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_check_judged(const struct ui_options *o, struct ui_complaint *c);
#define UI_JUDGED_OPTIONS                                                                                              \
	UI_TAKEN("assert", UI_TAKES_VALUE, ui_take_assert), UI_TEXT("assertions", assertions),                         \
		UI_TEXT("junit", junit), UI_FLAG("strict", strict), UI_TEXT("baseline", baseline),                     \
		UI_FLAG("baseline-update", baseline_update)

#endif
