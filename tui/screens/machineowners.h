/*
 * Who allocated frames, as a table of the machine screen: groups by stack, process, name or allocator, the stack of the
 * selected one below. State and keys; drawing is in machineownersdraw.c.
 */
#ifndef UI_MACHINEOWNERS_H
#define UI_MACHINEOWNERS_H

#include "core/machine/debugging.h"
#include "tui/filter.h"
#include "tui/screens/ownerwork.h"
#include "tui/shell.h"

/* What rows of the table are. */
enum ui_owner_group {
	UI_OWNERS_BY_STACK,
	UI_OWNERS_BY_NAME,
	UI_OWNERS_BY_PROCESS,
	UI_OWNERS_BY_THREAD,
	UI_OWNERS_BY_ALLOCATOR,
	UI_OWNERS_BY_STACK_AND_NAME,
	UI_OWNERS_GROUPS
};

enum ui_owner_column {
	UI_OWNER_SIZE,
	UI_OWNER_SHARE,
	UI_OWNER_TIMES,
	UI_OWNER_OLDEST,
	UI_OWNER_NEWEST,
	UI_OWNER_PID,
	UI_OWNER_NAME,
	UI_OWNER_ALLOCATOR,
	UI_OWNER_CALL,
	UI_OWNER_COLUMNS
};

struct ui_machine_owners {
	struct ui_worker *worker;       /* NULL until first shown */
	struct ui_owner_answer *answer; /* owned; NULL: nothing yet */
	bool reading;
	unsigned serial;             /* of what is read: answers to what was asked before are of no use */
	struct pt_alloc_list groups; /* of the answer, in order: rows; their stacks are the answer's */
	enum ui_owner_group group;
	enum pt_alloc_order sort;
	bool falling;
	struct ui_filter filter; /* of names and functions */
	unsigned filter_seen;
	bool inside; /* shown is one group alone, by stack: */
	enum ui_owner_group outer;
	struct pt_alloc_group within; /* that one; its stack is not to be looked at */
	size_t at, top;
	char path[UI_LINE_MAX]; /* of a saved record as it was typed; "": the kernel's own */
	struct wg_rect table_at;
};

void ui_machine_owners_init(struct ui_machine_owners *o);
void ui_machine_owners_free(struct ui_machine_owners *o, int wait_ms);
/* The table is looked at: reads what it is of, unless it has. */
void ui_machine_owners_show(struct ui_machine_owners *o, struct ui_shell *shell);
/* Takes what the worker has, and follows the filter. */
void ui_machine_owners_update(struct ui_machine_owners *o, struct ui_shell *shell);
/* False: the key means nothing to it. While it reads, Esc stops that. */
bool ui_machine_owners_act(struct ui_machine_owners *o, struct ui_shell *shell, enum ui_action action);
void ui_machine_owners_click(struct ui_machine_owners *o, const struct ui_event *event);
/* Reads a saved record ("": the kernel's own again). */
void ui_machine_owners_open(struct ui_machine_owners *o, struct ui_shell *shell, const char *path);
/* feature is page_owner's; NULL: not known yet. */
void ui_machine_owners_draw(struct ui_machine_owners *o, struct ui_shell *shell, struct wg_canvas *c,
			    struct wg_rect rect, const struct pt_debug_feature *feature);

/* ---- for its drawing -------------------------------------------------------------------------------------------- */

unsigned ui_owner_keys(enum ui_owner_group group);
const char *ui_owner_group_name(enum ui_owner_group group); /* "stack", "process" */
const char *ui_owner_group_plural(enum ui_owner_group group);
/* The order that a column is sorted by. */
enum pt_alloc_order ui_owner_order(enum ui_owner_column column);
int ui_owner_heading_at(const struct ui_machine_owners *o, int x); /* a column, -1: none */

#endif
