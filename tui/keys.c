/*
 * The table of keys, and the look-ups in it. A row is one thing to do in some places; where the same key does
 * something else elsewhere it has another row. No two rows share a key in one place (tests/unit/test_ui_keys.c).
 */
#include "tui/keys.h"

#include <stdio.h>
#include <string.h>

/* The keys of a row stand in parentheses. */
#define ROW(action_, where_, keys_, shown_, label_, rank_, task_, help_)                                               \
	{                                                                                                              \
		.action = UI_DO_##action_, .where = (where_), .keys = KEYS keys_, .shown = (shown_),                   \
		.label = (label_), .rank = (rank_), .task = UI_TASK_##task_, .help = (help_)                           \
	}
#define KEYS(...)                                                                                                      \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define LISTS   (UI_IN_ACCOUNTS | UI_IN_PROCESSES | UI_IN_TABLE | UI_IN_FAULTS | UI_IN_HUNT)
#define MAPS    UI_IN_ANY_MAP
#define GRIDS   (MAPS | UI_IN_MACHINE | UI_IN_FILE)
#define FAMILY  UI_IN_FAMILY
#define ZOOMS   (GRIDS | FAMILY)
#define LAYERS  (MAPS | UI_IN_FILE)
#define SCROLL  (UI_IN_PROCESSES | UI_IN_VIEWS | UI_IN_HELP)
#define TIME    UI_IN_TIME
#define FAULTS  UI_IN_FAULTS
#define HUNT    UI_IN_HUNT
#define OBJECT  UI_IN_OBJECT
#define MACHINE (UI_IN_MACHINE | UI_IN_ACCOUNTS)

static const struct ui_binding bindings[] = {
	/* action, where, keys, shown, label, rank, task, help */
	ROW(UP, SCROLL, (UI_KEY_UP, 'k'), NULL, NULL, 0, MOVE, "up: a row, a line, a row of cells"),
	ROW(DOWN, SCROLL, (UI_KEY_DOWN, 'j'), NULL, NULL, 0, MOVE, "down"),
	ROW(LEFT, GRIDS, (UI_KEY_LEFT, 'h'), NULL, NULL, 0, MOVE, "a cell to the left"),
	ROW(RIGHT, GRIDS, (UI_KEY_RIGHT, 'l'), NULL, NULL, 0, MOVE, "a cell to the right"),
	ROW(PAGE_UP, SCROLL, (UI_KEY_PAGE_UP, UI_CTRL('b'), UI_CTRL('u')), NULL, NULL, 0, MOVE, "a screenful up"),
	ROW(PAGE_DOWN, SCROLL, (UI_KEY_PAGE_DOWN, UI_CTRL('f'), UI_CTRL('d')), NULL, NULL, 0, MOVE, "a screenful down"),
	ROW(FIRST, SCROLL, (UI_KEY_HOME, 'g'), NULL, NULL, 0, MOVE, "to the first"),
	ROW(LAST, SCROLL, (UI_KEY_END, 'G'), NULL, NULL, 0, MOVE, "to the last"),
	ROW(ENTER, UI_IN_PROCESSES, (UI_KEY_ENTER), NULL, "look into it", 1, MOVE,
	    "deeper: the memory of this process"),
	ROW(ENTER, UI_IN_TABLE, (UI_KEY_ENTER), NULL, "map", 1, MOVE, "deeper: the map of this VMA, full size"),
	ROW(ENTER, MAPS, (UI_KEY_ENTER), NULL, "in", 1, MOVE,
	    "deeper: to single pages around the cursor; from a single page into that page"),
	ROW(BACK, UI_IN_TARGET | UI_IN_HELP, (UI_KEY_ESC, UI_KEY_BACKSPACE), NULL, "back", 6, MOVE,
	    "back to where you came from, as you left it"),
	ROW(BACK, UI_IN_PROCESSES, (UI_KEY_ESC, UI_KEY_BACKSPACE), NULL, NULL, 0, MOVE,
	    "nothing: this is the first screen (q quits)"),
	ROW(FOCUS, UI_IN_TABLE, (UI_KEY_TAB), NULL, "to the map", 7, MOVE, "from the table to the map below it"),
	ROW(FOCUS, UI_IN_PANE, (UI_KEY_TAB), NULL, "to the table", 6, MOVE, "from the map back to the table"),
	ROW(GOTO, UI_IN_TARGET, (':'), NULL, NULL, 0, MOVE, "go to an address (hexadecimal)"),

	ROW(FILTER, LISTS, ('/'), NULL, "filter", 3, FIND,
	    "show only what a regular expression finds, as you type; empty shows all"),
	ROW(SORT, LISTS, ('s'), NULL, "sort", 4, FIND,
	    "sort by the next column (or click on its heading); rows then keep their place"),
	ROW(SORT_REVERSE, LISTS, ('S'), NULL, NULL, 0, FIND, "sort the other way round"),
	ROW(FOLD, UI_IN_TABLE, ('f'), NULL, "fold", 8, FIND,
	    "fold neighbours of the same file or role into one row, or unfold them"),
	ROW(FOLLOW, UI_IN_TABLE | UI_IN_PANE, ('F'), NULL, "follow growth", 9, FIND,
	    "find what grew: keep the VMA selected that grows most"),
	ROW(KERNEL_THREADS, UI_IN_PROCESSES, ('K'), NULL, NULL, 0, FIND, "show kernel threads, or hide them"),

	ROW(WHOLE, UI_IN_TABLE | UI_IN_PANE, ('w'), NULL, "whole process", 5, MAP,
	    "the whole process as one map, its VMAs end to end"),
	ROW(WHOLE, UI_IN_MAP, ('w'), NULL, "whole/VMA", 5, MAP,
	    "the whole process as one map; from there, the VMA under the cursor"),
	ROW(LAYER, UI_IN_TABLE | LAYERS, ('L', ']'), NULL, "layer", 2, MAP,
	    "next layer: kind, present, dirty, swapped, huge, shared (who shares) and more"),
	ROW(LAYER_BACK, UI_IN_TABLE | GRIDS, ('['), NULL, NULL, 0, MAP, "layer before"),
	ROW(LAYER_DIGIT, UI_IN_TABLE | LAYERS, ('1'), "1..9", NULL, 0, MAP, "straight to a layer; 1 is the kinds"),
	ROW(ZOOM_IN, ZOOMS, ('+', '='), "+", "zoom in", 3, MAP, "zoom in around the cursor, down to a page a cell"),
	ROW(ZOOM_OUT, ZOOMS, ('-', '_'), "-", "out", 4, MAP, "zoom out, up to all of it"),
	ROW(ZOOM_FIT, ZOOMS, ('z'), NULL, NULL, 0, MAP, "all of it at once again"),
	ROW(NEXT_HIT, LAYERS | UI_IN_MACHINE, ('n'), NULL, "next hit", 8, MAP,
	    "next cell that has what the layer shows"),
	ROW(PREVIOUS_HIT, LAYERS | UI_IN_MACHINE, ('N'), NULL, NULL, 0, MAP, "the one before"),
	ROW(DENSEST, LAYERS | UI_IN_MACHINE, ('d'), NULL, NULL, 0, MAP, "the densest cell of the layer"),

	ROW(FAMILY, UI_IN_TARGET & ~(unsigned)FAMILY, ('Y'), NULL, "forks", 9, MAP,
	    "what was forked from it: what is still shared with each, what was copied and by whose writes"),
	ROW(FAMILY, FAMILY, ('Y'), NULL, NULL, 0, MAP, "back from there"),
	ROW(ENTER, FAMILY, (UI_KEY_ENTER), NULL, "in", 1, MAP,
	    "deeper: to the map of both; to single pages around the cursor; from a single page into that page"),
	ROW(FOCUS, FAMILY, (UI_KEY_TAB), NULL, "table/map", 2, MAP, "from the table to the map of both, and back"),
	ROW(LEFT, FAMILY, (UI_KEY_LEFT, 'h'), NULL, "child before", 5, MAP,
	    "the child before; in the map a cell to the left"),
	ROW(RIGHT, FAMILY, (UI_KEY_RIGHT, 'l'), NULL, "next child", 5, MAP,
	    "the next child; in the map a cell to the right"),

	ROW(PAGE, MAPS, ('p'), NULL, "page", 7, PAGE, "the page under the cursor, in words, from any zoom"),
	ROW(LEFT, UI_IN_PAGE, (UI_KEY_LEFT, 'h'), NULL, "page before", 1, PAGE, "the page before this one"),
	ROW(RIGHT, UI_IN_PAGE, (UI_KEY_RIGHT, 'l'), NULL, "next page", 2, PAGE, "the page after it"),
	ROW(HEX, UI_IN_PAGE, ('x'), NULL, "contents", 3, PAGE,
	    "contents in hexadecimal; only of present pages, so that reading changes nothing"),

	ROW(FRAME, UI_IN_PAGE, ('f'), NULL, "frame", 4, PAGE, "the page frame behind it, and everyone who maps that"),
	ROW(ENTER, UI_IN_FRAME, (UI_KEY_ENTER), NULL, "owner", 1, PAGE,
	    "deeper: the page of the selected process that maps this frame"),
	ROW(FILE, UI_IN_TABLE | MAPS | UI_IN_PAGE, ('C'), NULL, "file", 8, PAGE,
	    "the file that is mapped here: what of it is cached, dirty, mapped, and by whom"),
	ROW(FILE, UI_IN_FRAME, ('C'), NULL, "file", 4, PAGE, "the file that this frame holds a page of"),
	ROW(ENTER, UI_IN_FILE, (UI_KEY_ENTER), NULL, "in", 1, PAGE,
	    "deeper: to single pages of the file around the cursor; from a single page to its frame"),
	ROW(LEFT, UI_IN_FRAME, (UI_KEY_LEFT, 'h'), NULL, "frame before", 2, PAGE, "the frame before this one"),
	ROW(RIGHT, UI_IN_FRAME, (UI_KEY_RIGHT, 'l'), NULL, "next frame", 3, PAGE, "the frame after it"),

	ROW(SHARERS, UI_IN_TABLE | MAPS, ('W'), NULL, "who shares", 8, MAP,
	    "who shares this VMA: the other processes that have its pages, and the memory nodes they lie on"),
	ROW(SHARERS, UI_IN_SHARERS, ('W'), NULL, NULL, 0, MAP, "back from there"),
	ROW(ENTER, UI_IN_SHARERS, (UI_KEY_ENTER), NULL, "look into it", 1, MAP, "the memory of the selected process"),
	ROW(WHOLE, UI_IN_SHARERS, ('w'), NULL, "whole/VMA", 2, MAP,
	    "who shares the whole process; from there, the VMA again"),

	ROW(FAULTS, UI_IN_TARGET, ('P'), NULL, "faults", 6, FAULTS,
	    "page faults: who touches memory, where, how often and why; from there, back"),
	ROW(ENTER, FAULTS, (UI_KEY_ENTER), NULL, "in", 1, FAULTS,
	    "deeper: the map of this VMA, the page at this address; opens a call of the tree, or closes it"),
	ROW(FOCUS, FAULTS, (UI_KEY_TAB), NULL, "table", 2, FAULTS,
	    "next table: VMAs, addresses, threads, stacks as a tree, pages that fault again and again, allocations"),
	ROW(LAYER_DIGIT, FAULTS, ('1'), "1..6", NULL, 0, FAULTS, "straight to a table"),
	ROW(RIGHT, FAULTS, (UI_KEY_RIGHT, 'l'), NULL, NULL, 0, FAULTS, "opens a call of the tree, then goes into it"),
	ROW(LEFT, FAULTS, (UI_KEY_LEFT, 'h'), NULL, NULL, 0, FAULTS, "closes it, then goes to the one above"),
	ROW(ZOOM_IN, FAULTS, ('+', '='), "+", NULL, 0, FAULTS, "opens all calls below"),
	ROW(ZOOM_OUT, FAULTS, ('-', '_'), "-", NULL, 0, FAULTS, "closes all calls below"),
	ROW(CALLERS, FAULTS, ('c'), NULL, "callers", 4, FAULTS,
	    "stacks the other way round: from what faulted to who called it, or from where threads begin"),
	ROW(ALLOCATIONS, FAULTS, ('a'), NULL, "allocations", 7, FAULTS,
	    "watches what the kernel allocates for it as well, or no more; begins anew and costs the program as much "
	    "again"),
	ROW(WATCH, FAULTS, ('o'), NULL, "watch", 5, FAULTS,
	    "watches no more, or anew; else it goes on behind the other screens"),

	ROW(HUNT, UI_IN_TARGET & ~(unsigned)HUNT, ('H'), NULL, "hunt", 5, HUNT,
	    "leaked objects: hunts what no pointer leads to; only reads, and stops each thread for a blink"),
	ROW(HUNT, HUNT, ('H'), NULL, NULL, 0, HUNT, "back from there"),
	ROW(ENTER, HUNT, (UI_KEY_ENTER), NULL, "in", 1, HUNT,
	    "deeper: the objects of this leak or group, the object, the heap as a map"),
	ROW(FOCUS, HUNT, (UI_KEY_TAB), NULL, "table", 2, HUNT,
	    "next table: leaks, groups of alike objects, objects, call sites, the heap against residency"),
	ROW(LAYER_DIGIT, HUNT, ('1'), "1..5", NULL, 0, HUNT, "straight to a table"),
	ROW(AGAIN, HUNT | OBJECT, ('a'), NULL, "again", 3, HUNT, "hunts again; at an object, looks at it again"),
	ROW(SITES, HUNT, ('c'), NULL, "call sites", 4, HUNT,
	    "samples for 10 s which calls make the leaking objects, with hardware watchpoints, and hunts again"),
	ROW(PAGE, HUNT | OBJECT, ('p'), NULL, "page", 5, HUNT, "the page that this object is on, in words"),
	ROW(ENTER, UI_IN_PAGE, (UI_KEY_ENTER), NULL, "object", 5, HUNT,
	    "deeper: the object of the heap on this page, and why it is alive"),
	ROW(ENTER, OBJECT, (UI_KEY_ENTER), NULL, "follow", 1, HUNT,
	    "to the object that this pointer comes from, or points to"),
	ROW(HEX, OBJECT, ('x'), NULL, "contents", 2, HUNT, "its contents alone, or its pointers as well"),

	ROW(MACHINE, UI_IN_SCREENS & ~(unsigned)MACHINE, ('M'), NULL, "machine", 8, MACHINE,
	    "all frames of the machine as a map by kind, and what the kernel keeps account of"),
	ROW(MACHINE, MACHINE, ('M'), NULL, NULL, 0, MACHINE, "back from there"),
	ROW(ENTER, UI_IN_MACHINE, (UI_KEY_ENTER), NULL, "in", 1, MACHINE,
	    "deeper: to single frames around the cursor; from a single frame into it"),
	ROW(ENTER, UI_IN_ACCOUNTS, (UI_KEY_ENTER), NULL, "in", 1, MACHINE,
	    "from a zone to the map of it; from who allocated frames to their stacks"),
	ROW(GROUP, UI_IN_ACCOUNTS, ('b'), NULL, "group by", 5, MACHINE,
	    "who allocated frames by stack, name, process, thread, allocator, stack and name"),
	ROW(OPEN, UI_IN_ACCOUNTS, ('o'), NULL, "open", 6, MACHINE,
	    "who allocated frames out of a file that page_owner's record was saved to"),
	ROW(FOCUS, MACHINE, (UI_KEY_TAB), NULL, "table", 2, MACHINE,
	    "next: the map, zones and their free lists, slabs, debugging features, who allocated frames"),
	ROW(LAYER_DIGIT, MACHINE, ('1'), "1..5", NULL, 0, MACHINE, "straight to one of them"),
	ROW(FRAME, UI_IN_MACHINE, ('f'), NULL, "frame", 5, MACHINE, "the frame under the cursor, from any zoom"),
	ROW(LAYER, UI_IN_MACHINE, ('L', ']'), NULL, "layer", 2, MACHINE,
	    "next layer: kind, mapped, large folio, dirty, locked, then each kind alone"),
	ROW(WHOLE, UI_IN_MACHINE, ('w'), NULL, "all/zone/block", 5, MACHINE,
	    "the node under the cursor alone, where there are several; its zone; its memory block; all again"),

	ROW(TIME, UI_IN_TARGET, ('t'), NULL, "time", 5, PAST,
	    "memory over time: as a strip at the foot, then over all of the screen, then away"),
	ROW(LEFT, TIME, (UI_KEY_LEFT, 'h'), NULL, "back in time", 1, PAST, "a moment back: all screens show it"),
	ROW(RIGHT, TIME, (UI_KEY_RIGHT, 'l'), NULL, "on", 2, PAST, "a moment on"),
	ROW(PAGE_UP, TIME, (UI_KEY_PAGE_UP, '['), NULL, NULL, 0, PAST, "a tenth of the plot back"),
	ROW(PAGE_DOWN, TIME, (UI_KEY_PAGE_DOWN, ']'), NULL, NULL, 0, PAST, "a tenth of the plot on"),
	ROW(FIRST, TIME, (UI_KEY_HOME, 'g'), NULL, NULL, 0, PAST, "to the first moment"),
	ROW(LAST, TIME, (UI_KEY_END, 'G'), NULL, "now", 3, PAST, "to the newest: time goes on"),
	ROW(UP, TIME, (UI_KEY_UP, 'k'), NULL, NULL, 0, PAST, "up in the screen above"),
	ROW(DOWN, TIME, (UI_KEY_DOWN, 'j'), NULL, NULL, 0, PAST, "down in it"),
	ROW(FOCUS, TIME, (UI_KEY_TAB, UI_KEY_ENTER), NULL, "to the screen", 4, PAST,
	    "from the strip to the screen, which stays at that moment"),
	ROW(ZOOM_IN, TIME, ('+', '='), "+", NULL, 0, PAST, "zoom in around the moment"),
	ROW(ZOOM_OUT, TIME, ('-', '_'), "-", NULL, 0, PAST, "zoom out"),
	ROW(ZOOM_FIT, TIME, ('z'), NULL, NULL, 0, PAST, "all there is of the past"),
	ROW(WHOLE, TIME, ('w'), NULL, "process/VMA", 7, PAST, "plot the process, or what is selected on the screen"),
	ROW(STEP_BACK, UI_IN_TARGET, ('('), NULL, NULL, 0, PAST, "a moment back, from any screen"),
	ROW(STEP, UI_IN_TARGET, (')'), NULL, NULL, 0, PAST, "a moment on"),
	ROW(NOW, UI_IN_TARGET, ('T'), NULL, NULL, 0, PAST, "back to now, from any screen"),
	ROW(ANCHOR, UI_IN_TARGET, ('v'), NULL, "compare", 9, PAST,
	    "what changed between this moment and another: go there now; again: no more"),
	ROW(MARK, UI_IN_TARGET, ('m'), NULL, "mark", 9, PAST, "mark this moment, with a few words"),
	ROW(MARK_BACK, UI_IN_TARGET, ('{'), NULL, NULL, 0, PAST, "to the mark before"),
	ROW(MARK_NEXT, UI_IN_TARGET, ('}'), NULL, NULL, 0, PAST, "to the next mark"),
	ROW(GOTO_TIME, UI_IN_TARGET, ('@'), NULL, NULL, 0, PAST,
	    "to a mark by its words, or a time: 14:03:20, a date with one, +SECONDS from the start"),

	ROW(PAUSE, UI_IN_SCREENS, (' '), NULL, "pause", 7, TIME, "pause, or go on; in a replay, play from here"),
	ROW(FASTER, UI_IN_SCREENS, ('<', ','), "<", NULL, 0, TIME,
	    "half the interval between frames; a replay twice as fast"),
	ROW(SLOWER, UI_IN_SCREENS, ('>', '.'), ">", NULL, 0, TIME, "double it; a replay half as fast"),
	ROW(RECORD, UI_IN_TARGET, ('r'), NULL, "record", 9, TIME,
	    "record every frame into a file, or end that; pagetop replay shows it"),
	ROW(REFRESH, UI_IN_SCREENS, ('R'), NULL, NULL, 0, TIME, "read now, and sort anew"),

	ROW(HELP, UI_IN_SCREENS | UI_IN_HELP, ('?'), NULL, "help", 0, PROGRAM, "this help, and away again"),
	ROW(REDRAW, UI_IN_SCREENS | UI_IN_HELP, (UI_CTRL('l')), NULL, NULL, 0, PROGRAM, "draw the screen anew"),
	ROW(QUIT, UI_IN_SCREENS | UI_IN_HELP, ('q'), NULL, "quit", 0, PROGRAM, "quit"),
};

const struct ui_binding *ui_bindings(size_t *ret_n)
{
	*ret_n = sizeof bindings / sizeof *bindings;
	return bindings;
}

const char *ui_task_name(enum ui_task task)
{
	static const char *const names[UI_TASK_N] = {
		[UI_TASK_MOVE] = "Get around",
		[UI_TASK_FIND] = "Find what is large, and what grew",
		[UI_TASK_MAP] = "Read the map: what is where, who shares it",
		[UI_TASK_PAGE] = "Look into one page",
		[UI_TASK_FAULTS] = "Watch page faults: who touches memory, and where",
		[UI_TASK_HUNT] = "Hunt what is leaked, and ask why an object is alive",
		[UI_TASK_MACHINE] = "Look at the whole machine",
		[UI_TASK_PAST] = "Go back in time, and compare moments",
		[UI_TASK_TIME] = "Stop time, or change its pace",
		[UI_TASK_PROGRAM] = "The rest",
	};
	return names[task];
}

static bool has_key(const struct ui_binding *b, uint32_t key)
{
	if (b->action == UI_DO_LAYER_DIGIT)
		return key >= '1' && key <= '9';
	for (size_t i = 0; i < UI_BINDING_KEYS && b->keys[i]; i++)
		if (b->keys[i] == key)
			return true;
	return false;
}

enum ui_action ui_key_action(unsigned where, uint32_t key)
{
	for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++)
		if (bindings[i].where & where && has_key(&bindings[i], key))
			return bindings[i].action;
	return UI_DO_NONE;
}

static const struct key_name {
	uint32_t key;
	const char *name, *unicode;
} key_names[] = {
	{UI_KEY_BACKSPACE, "Backspace", NULL},
	{UI_KEY_TAB, "Tab", NULL},
	{UI_KEY_ENTER, "Enter", "\u23ce"},
	{UI_KEY_ESC, "Esc", NULL},
	{' ', "Space", NULL},
	{UI_KEY_UP, "Up", "\u2191"},
	{UI_KEY_DOWN, "Down", "\u2193"},
	{UI_KEY_LEFT, "Left", "\u2190"},
	{UI_KEY_RIGHT, "Right", "\u2192"},
	{UI_KEY_PAGE_UP, "PgUp", NULL},
	{UI_KEY_PAGE_DOWN, "PgDn", NULL},
	{UI_KEY_HOME, "Home", NULL},
	{UI_KEY_END, "End", NULL},
	{UI_KEY_DELETE, "Del", NULL},
};

char *ui_key_name(uint32_t key, bool unicode, char *ret, size_t size)
{
	for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
		if (key_names[i].key == key) {
			const struct key_name *n = &key_names[i];
			snprintf(ret, size, "%s", unicode && n->unicode ? n->unicode : n->name);
			return ret;
		}
	if (key < 32)
		snprintf(ret, size, "Ctrl-%c", (int)key + '@');
	else
		snprintf(ret, size, "%c", (int)(key < 127 ? key : '?'));
	return ret;
}

char *ui_binding_keys(const struct ui_binding *binding, bool unicode, char *ret, size_t size)
{
	if (binding->shown) {
		snprintf(ret, size, "%s", binding->shown);
		return ret;
	}
	size_t at = 0;
	ret[0] = '\0';
	for (size_t i = 0; i < UI_BINDING_KEYS && binding->keys[i] && at < size; i++) {
		char name[16];
		ui_key_name(binding->keys[i], unicode, name, sizeof name);
		at += (size_t)snprintf(ret + at, size - at, i ? " %s" : "%s", name);
	}
	return ret;
}
