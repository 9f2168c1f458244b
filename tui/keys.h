/*
 * Keys: one table of what every key does. Key dispatch, the hints of the footer and the pages of help all come from
 * it, so they cannot disagree. The table is constant; nothing here keeps state or knows a terminal.
 */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode character (control characters included) or one of these, which lie above Unicode. */
enum ui_key {
	UI_KEY_NONE = 0,
	UI_KEY_BACKSPACE = 8,
	UI_KEY_TAB = 9,
	UI_KEY_ENTER = 10,
	UI_KEY_ESC = 27,
	UI_KEY_UP = 0x110000,
	UI_KEY_DOWN,
	UI_KEY_LEFT,
	UI_KEY_RIGHT,
	UI_KEY_PAGE_UP,
	UI_KEY_PAGE_DOWN,
	UI_KEY_HOME,
	UI_KEY_END,
	UI_KEY_DELETE,
	UI_KEY_OTHER, /* a key that has no meaning here */
};
#define UI_CTRL(letter) ((letter)&31)

enum ui_mouse { UI_MOUSE_PRESS, UI_MOUSE_DRAG, UI_MOUSE_RELEASE, UI_MOUSE_WHEEL_UP, UI_MOUSE_WHEEL_DOWN };

enum ui_event_type { UI_EVENT_KEY, UI_EVENT_MOUSE, UI_EVENT_RESIZE };

struct ui_event {
	enum ui_event_type type;
	uint32_t key;        /* UI_EVENT_KEY */
	enum ui_mouse mouse; /* UI_EVENT_MOUSE */
	int x, y;            /* UI_EVENT_MOUSE: the cell; UI_EVENT_RESIZE: the new size */
};

/* Where the keyboard is: a set of these says where a binding works. */
enum ui_where {
	UI_IN_PROCESSES = 1,
	UI_IN_TABLE = 2, /* the overview, VMA table in focus */
	UI_IN_PANE = 4,  /* the overview, map in focus */
	UI_IN_MAP = 8,
	UI_IN_PAGE = 16,
	UI_IN_HELP = 32,
	UI_IN_TIME = 64, /* the strip of time at the foot of a target's screens, or over all of them */
	UI_IN_FAULTS = 128,
	UI_IN_HUNT = 256,
	UI_IN_OBJECT = 512,
	UI_IN_FRAME = 1024,
	UI_IN_MACHINE = 2048, /* its map */
	UI_IN_FILE = 4096,
	UI_IN_ACCOUNTS = 8192, /* the tables of the machine screen */
	UI_IN_SHARERS = 16384,
	UI_IN_FAMILY = 32768,
	UI_IN_ANY_MAP = UI_IN_PANE | UI_IN_MAP,
	UI_IN_VIEWS = UI_IN_TABLE | UI_IN_PANE | UI_IN_MAP | UI_IN_PAGE | UI_IN_FAULTS | UI_IN_HUNT | UI_IN_OBJECT |
		      UI_IN_FRAME | UI_IN_MACHINE | UI_IN_ACCOUNTS | UI_IN_FILE | UI_IN_SHARERS | UI_IN_FAMILY,
	UI_IN_TARGET = UI_IN_VIEWS | UI_IN_TIME,
	UI_IN_SCREENS = UI_IN_PROCESSES | UI_IN_TARGET,
};
#define UI_WHERE_N 16

enum ui_action {
	UI_DO_NONE,
	UI_DO_UP,
	UI_DO_DOWN,
	UI_DO_LEFT,
	UI_DO_RIGHT,
	UI_DO_PAGE_UP,
	UI_DO_PAGE_DOWN,
	UI_DO_FIRST,
	UI_DO_LAST,
	UI_DO_ENTER,
	UI_DO_BACK,
	UI_DO_FOCUS,
	UI_DO_GOTO,
	UI_DO_FILTER,
	UI_DO_GROUP,
	UI_DO_OPEN,
	UI_DO_SORT,
	UI_DO_SORT_REVERSE,
	UI_DO_FOLD,
	UI_DO_FOLLOW,
	UI_DO_KERNEL_THREADS,
	UI_DO_WHOLE,
	UI_DO_ZOOM_IN,
	UI_DO_ZOOM_OUT,
	UI_DO_ZOOM_FIT,
	UI_DO_LAYER,
	UI_DO_LAYER_BACK,
	UI_DO_LAYER_DIGIT,
	UI_DO_NEXT_HIT,
	UI_DO_PREVIOUS_HIT,
	UI_DO_DENSEST,
	UI_DO_PAGE,
	UI_DO_HEX,
	UI_DO_FRAME,
	UI_DO_MACHINE,
	UI_DO_FILE,
	UI_DO_SHARERS,
	UI_DO_FAMILY,
	UI_DO_FAULTS,
	UI_DO_CALLERS,
	UI_DO_ALLOCATIONS,
	UI_DO_WATCH,
	UI_DO_HUNT,
	UI_DO_AGAIN,
	UI_DO_SITES,
	UI_DO_TIME,
	UI_DO_STEP_BACK,
	UI_DO_STEP,
	UI_DO_NOW,
	UI_DO_ANCHOR,
	UI_DO_MARK,
	UI_DO_MARK_BACK,
	UI_DO_MARK_NEXT,
	UI_DO_GOTO_TIME,
	UI_DO_PAUSE,
	UI_DO_FASTER,
	UI_DO_SLOWER,
	UI_DO_REFRESH,
	UI_DO_RECORD,
	UI_DO_REDRAW,
	UI_DO_HELP,
	UI_DO_QUIT,
	UI_DO_N
};

/* Help is ordered by what a person wants to do. */
enum ui_task {
	UI_TASK_MOVE,
	UI_TASK_FIND,
	UI_TASK_MAP,
	UI_TASK_PAGE,
	UI_TASK_FAULTS,
	UI_TASK_HUNT,
	UI_TASK_MACHINE,
	UI_TASK_PAST,
	UI_TASK_TIME,
	UI_TASK_PROGRAM,
	UI_TASK_N
};

#define UI_BINDING_KEYS 4

struct ui_binding {
	enum ui_action action;
	unsigned where;                 /* enum ui_where */
	uint32_t keys[UI_BINDING_KEYS]; /* ends at a 0 */
	const char *shown;              /* how the keys are written where the names of all are too much; or NULL */
	const char *label;              /* in the footer; NULL: never there */
	int rank;                       /* in the footer: the lowest stay longest */
	enum ui_task task;
	const char *help; /* a sentence, without its dot */
};

const struct ui_binding *ui_bindings(size_t *ret_n);
const char *ui_task_name(enum ui_task task);

/* What a key does, UI_DO_NONE if it does nothing there. */
enum ui_action ui_key_action(unsigned where, uint32_t key);

/* "PgUp", "Ctrl-B", "k": into ret. Returns ret. */
char *ui_key_name(uint32_t key, bool unicode, char *ret, size_t size);
/* The keys of a binding as help writes them: "Up k". Returns ret. */
char *ui_binding_keys(const struct ui_binding *binding, bool unicode, char *ret, size_t size);

#endif
