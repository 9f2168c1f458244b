/*
 * See machineowners.h. The worker keeps stacks, names and allocators apart, so that groups of these, filters and the
 * stacks of one group are made of what was read; processes and threads, of which there may be very many, only once
 * someone wants them, which takes reading anew.
 */
#include "tui/screens/machineowners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/prompt.h"

static const struct {
	const char *name, *plural;
	unsigned keys;
} groups[UI_OWNERS_GROUPS] = {
	[UI_OWNERS_BY_STACK] = {"stack", "stacks", PT_ALLOC_STACK},
	[UI_OWNERS_BY_NAME] = {"name", "names", PT_ALLOC_NAME},
	[UI_OWNERS_BY_PROCESS] = {"process", "processes", PT_ALLOC_TGID},
	[UI_OWNERS_BY_THREAD] = {"thread", "threads", PT_ALLOC_PID},
	[UI_OWNERS_BY_ALLOCATOR] = {"allocator", "allocators", PT_ALLOC_ALLOCATOR},
	[UI_OWNERS_BY_STACK_AND_NAME] = {"stack and name", "stacks by name", PT_ALLOC_STACK | PT_ALLOC_NAME},
};

#define KEPT_APART (PT_ALLOC_STACK | PT_ALLOC_NAME | PT_ALLOC_ALLOCATOR)

unsigned ui_owner_keys(enum ui_owner_group group)
{
	return groups[group].keys;
}

const char *ui_owner_group_name(enum ui_owner_group group)
{
	return groups[group].name;
}

const char *ui_owner_group_plural(enum ui_owner_group group)
{
	return groups[group].plural;
}

enum pt_alloc_order ui_owner_order(enum ui_owner_column column)
{
	static const enum pt_alloc_order orders[UI_OWNER_COLUMNS] = {
		[UI_OWNER_SIZE] = PT_ALLOC_BY_PAGES,  [UI_OWNER_SHARE] = PT_ALLOC_BY_PAGES,
		[UI_OWNER_TIMES] = PT_ALLOC_BY_TIMES, [UI_OWNER_OLDEST] = PT_ALLOC_BY_AGE,
		[UI_OWNER_NEWEST] = PT_ALLOC_BY_LAST, [UI_OWNER_PID] = PT_ALLOC_BY_TGID,
		[UI_OWNER_NAME] = PT_ALLOC_BY_NAME,   [UI_OWNER_ALLOCATOR] = PT_ALLOC_BY_ALLOCATOR,
		[UI_OWNER_CALL] = PT_ALLOC_BY_STACK};
	return orders[column];
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool is_shown(void *arg, const struct pt_alloc_group *g)
{
	const struct ui_machine_owners *o = arg;
	unsigned keys = o->inside ? groups[o->outer].keys : 0;
	if ((keys & PT_ALLOC_TGID && g->tgid != o->within.tgid) || (keys & PT_ALLOC_PID && g->pid != o->within.pid) ||
	    (keys & PT_ALLOC_NAME && strcmp(g->name, o->within.name) != 0) ||
	    (keys & PT_ALLOC_ALLOCATOR && g->allocators != o->within.allocators))
		return false;
	return ui_filter_match(&o->filter, g->name) || ui_filter_match(&o->filter, g->stack);
}

static bool same(const struct pt_alloc_group *a, const struct pt_alloc_group *b, unsigned keys)
{
	return !(keys & PT_ALLOC_STACK && strcmp(a->stack, b->stack) != 0) &&
	       !(keys & PT_ALLOC_NAME && strcmp(a->name, b->name) != 0) &&
	       !(keys & PT_ALLOC_TGID && a->tgid != b->tgid) && !(keys & PT_ALLOC_PID && a->pid != b->pid) &&
	       !(keys & PT_ALLOC_ALLOCATOR && a->allocators != b->allocators);
}

/* Groups anew of `list`; the cursor follows its group, unless it is in front. */
static void make_rows(struct ui_machine_owners *o, const struct pt_alloc_list *list)
{
	struct pt_alloc_request request = {
		.keys = groups[o->group].keys, .sort = {{{o->sort, o->falling}}, 1}, .only = is_shown, .arg = o};
	struct pt_alloc_list rows = {0};
	o->filter_seen = o->filter.version;
	if (list && pt_alloc_list_group(list, &request, &rows))
		rows = (struct pt_alloc_list){0};
	size_t at = o->at;
	for (size_t i = 0; at && o->at < o->groups.n && i < rows.n; i++)
		if (same(&rows.v[i], &o->groups.v[o->at], request.keys))
			at = i;
	o->at = at < rows.n ? at : rows.n ? rows.n - 1 : 0;
	pt_alloc_list_free(&o->groups);
	o->groups = rows;
}

static void regroup(struct ui_machine_owners *o)
{
	o->at = o->top = 0;
	make_rows(o, o->answer ? &o->answer->list : NULL);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void read_anew(struct ui_machine_owners *o)
{
	struct ui_owner_request request = {.keys = KEPT_APART | groups[o->group].keys | groups[o->outer].keys,
					   .serial = ++o->serial};
	if (!o->worker)
		return;
	if (*o->path && *o->path != '/' && getcwd(request.path, sizeof request.path - UI_LINE_MAX - 1))
		strcat(request.path, "/");
	strcat(request.path, o->path);
	ui_worker_ask(o->worker, &request);
	o->reading = true;
}

static void forget(struct ui_machine_owners *o)
{
	ui_owner_answer_free(o->answer);
	o->answer = NULL;
}

static void stop(struct ui_machine_owners *o, struct ui_shell *shell)
{
	ui_worker_ask(o->worker, &(struct ui_owner_request){.stop = true});
	o->reading = false;
	ui_shell_say(shell, WG_TEXT, "no more of it is read: R reads it anew");
}

void ui_machine_owners_show(struct ui_machine_owners *o, struct ui_shell *shell)
{
	if (o->worker || !shell->sources->kernel)
		return;
	if (ui_ownerwork_new(&o->worker, shell->sources->kernel) < 0)
		ui_shell_say(shell, WG_BAD, "who allocated frames cannot be read: out of memory or threads");
	read_anew(o);
}

void ui_machine_owners_update(struct ui_machine_owners *o, struct ui_shell *shell)
{
	struct ui_owner_answer *answer = o->worker ? ui_worker_take(o->worker) : NULL;
	if (answer && answer->serial != o->serial) {
		ui_owner_answer_free(answer);
	} else if (answer) {
		make_rows(o, &answer->list);
		ui_owner_answer_free(o->answer);
		o->answer = answer;
		o->reading = !answer->finished && !answer->stopped && !answer->error;
		shell->dirty = true;
	} else if (o->filter_seen != o->filter.version) {
		regroup(o);
		shell->dirty = true;
	}
}

void ui_machine_owners_open(struct ui_machine_owners *o, struct ui_shell *shell, const char *path)
{
	snprintf(o->path, sizeof o->path, "%s", path);
	o->inside = false;
	forget(o);
	regroup(o);
	read_anew(o);
	shell->dirty = true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void group_by(struct ui_machine_owners *o, enum ui_owner_group group)
{
	bool lacks = o->answer && groups[group].keys & ~o->answer->keys;
	o->group = group;
	if (lacks)
		forget(o);
	regroup(o);
	if (lacks)
		read_anew(o);
}

/* The stacks of the selected group alone. */
static void enter(struct ui_machine_owners *o)
{
	if (groups[o->group].keys & PT_ALLOC_STACK || o->at >= o->groups.n || o->reading)
		return;
	o->within = o->groups.v[o->at];
	o->outer = o->group;
	o->inside = true;
	group_by(o, UI_OWNERS_BY_STACK);
}

static bool leave(struct ui_machine_owners *o)
{
	if (!o->inside)
		return false;
	o->inside = false;
	group_by(o, o->outer);
	return true;
}

static void sort(struct ui_machine_owners *o, enum pt_alloc_order by, bool flip)
{
	o->falling = flip && o->sort == by ? !o->falling : pt_alloc_falls(by);
	o->sort = by;
	regroup(o);
}

static void sort_by_next(struct ui_machine_owners *o)
{
	int column = 0;
	while (column + 1 < UI_OWNER_COLUMNS && ui_owner_order((enum ui_owner_column)column) != o->sort)
		column++;
	while (ui_owner_order((enum ui_owner_column)column) == o->sort)
		column = (column + 1) % UI_OWNER_COLUMNS;
	sort(o, ui_owner_order((enum ui_owner_column)column), false);
}

static bool move_by(struct ui_machine_owners *o, int64_t by)
{
	int64_t row = (int64_t)o->at + by, n = (int64_t)o->groups.n;
	row = row >= n ? n - 1 : row;
	o->at = row < 0 ? 0 : (size_t)row;
	return true;
}

static bool move(struct ui_machine_owners *o, enum ui_action action)
{
	int page = o->table_at.h > 2 ? o->table_at.h - 1 : 1;
	switch (action) {
	case UI_DO_UP: return move_by(o, -1);
	case UI_DO_DOWN: return move_by(o, 1);
	case UI_DO_PAGE_UP: return move_by(o, -page);
	case UI_DO_PAGE_DOWN: return move_by(o, page);
	case UI_DO_FIRST: return move_by(o, INT32_MIN);
	case UI_DO_LAST: return move_by(o, INT32_MAX);
	default: return false;
	}
}

bool ui_machine_owners_act(struct ui_machine_owners *o, struct ui_shell *shell, enum ui_action action)
{
	switch (action) {
	case UI_DO_SORT: sort_by_next(o); return true;
	case UI_DO_SORT_REVERSE: sort(o, o->sort, true); return true;
	case UI_DO_GROUP:
		o->inside = false;
		group_by(o, (o->group + 1) % UI_OWNERS_GROUPS);
		return true;
	case UI_DO_OPEN: ui_prompt_open(&shell->prompt, UI_PROMPT_OPEN, o->path); return true;
	case UI_DO_REFRESH: read_anew(o); return true;
	case UI_DO_ENTER: enter(o); return true;
	case UI_DO_BACK:
		if (!o->reading)
			return leave(o);
		stop(o, shell);
		return true;
	default: return move(o, action);
	}
}

void ui_machine_owners_click(struct ui_machine_owners *o, const struct ui_event *event)
{
	int64_t line = event->y - o->table_at.y - 1;
	int column = line < 0 ? ui_owner_heading_at(o, event->x) : -1;
	if (column >= 0)
		sort(o, ui_owner_order((enum ui_owner_column)column), true);
	if (line >= 0)
		move_by(o, (int64_t)o->top + line - (int64_t)o->at);
}

void ui_machine_owners_init(struct ui_machine_owners *o)
{
	o->sort = PT_ALLOC_BY_PAGES;
	o->falling = true;
}

void ui_machine_owners_free(struct ui_machine_owners *o, int wait_ms)
{
	ui_worker_free(o->worker, wait_ms);
	pt_alloc_list_free(&o->groups);
	ui_owner_answer_free(o->answer);
	ui_filter_free(&o->filter);
}
