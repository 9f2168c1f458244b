/*
 * See sharing.h.
 */
#include "tui/sharing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/shell.h"

#define NAMED 3 /* processes in a line */

uint8_t ui_shared_hue(unsigned group)
{
	static const uint8_t hues[UI_SHARED_GROUPS] = {WG_HUE_WENT,   WG_HUE_TABLE, WG_HUE_FREE, WG_HUE_HUGETLB,
						       WG_HUE_KERNEL, WG_HUE_ZERO,  WG_HUE_LAYER};
	return hues[group];
}

const struct ui_sharing *ui_sharing_now(const struct ui_shell *shell)
{
	const struct ui_sharing *a = shell->owners.sharing;
	const struct pt_snapshot *now = shell->target.now;
	if (!a || !now || shell->target.back || !shell->target.inspect || a->error || a->pid != now->process.pid)
		return NULL;
	return a->start_time == now->process.start_time ? a : NULL;
}

const char *ui_sharing_state(struct ui_shell *shell)
{
	struct pt_owners_progress now;
	struct ui_scratch *s = &shell->scratch;
	const struct ui_sharing *a = shell->owners.sharing;
	if (ui_sharing_now(shell))
		return NULL;
	if (!shell->sources->kernel || !shell->target.inspect)
		return "not known of a recording, which has no other processes' page tables";
	if (shell->target.back)
		return "not known of the past";
	if (ui_owners_building(&shell->owners, &now))
		return ui_scratch_text(s, "reading the page tables of all processes, %zu of %zu...", now.processes,
				       now.of_processes);
	if (!a || !a->error || a->pid != shell->target.pid)
		return "asking...";
	if (a->error == -EPERM)
		return "frame numbers are hidden from this user; sudo pagetop shows it";
	return ui_scratch_text(s, "cannot be found out: %s", strerror(-a->error));
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

struct tally {
	const struct ui_sharing *sharing;
	uint64_t pages[UI_SHARED_GROUPS];
};

static void note_set(void *arg, uint32_t set, uint64_t pages)
{
	struct tally *t = arg;
	size_t group = 0;
	while (group < t->sharing->n_groups && t->sharing->groups[group].id != set)
		group++;
	t->pages[group < t->sharing->n_groups ? group : UI_SHARED_OTHERS] += pages;
}

static void tally_piece(struct tally *t, struct pt_stretch piece)
{
	struct pt_sharing_pages pages;
	pt_sharing_each(t->sharing->sharing, piece.start, piece.end, note_set, t);
	pt_sharing_count(t->sharing->sharing, piece.start, piece.end, &pages);
	t->pages[UI_SHARED_ITSELF] += pages.itself;
	t->pages[UI_SHARED_NOT_FOUND] += pages.nobody;
}

static struct pt_bin_share most_of(const struct tally *t)
{
	struct pt_bin_share share = {.known = true, .group = UI_SHARED_NOT_FOUND};
	for (unsigned i = 0; i < UI_SHARED_GROUPS; i++)
		if (t->pages[i] > share.pages) {
			share.group = i;
			share.pages = t->pages[i];
		}
	return share;
}

void ui_sharing_bins(const struct ui_sharing *sharing, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		     uint64_t first, struct pt_bin *bins, size_t n)
{
	for (size_t i = 0; i < n; first += bins[i].pages, i++) {
		struct tally tally = {.sharing = sharing};
		struct pt_stretch piece;
		bins[i].share = (struct pt_bin_share){0};
		if (!sharing || !bins[i].sum.n[PT_N_SHARED])
			continue;
		for (uint64_t at = first, end = first + bins[i].pages, pages; at < end; at += pages) {
			pages = pt_axis_piece(axis, snapshot, at, end, &piece);
			if (!pages)
				break;
			tally_piece(&tally, piece);
		}
		bins[i].share = most_of(&tally);
	}
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* Whether all have the same name. */
static bool is_family(const struct pt_sharing *sharing, uint32_t set, size_t n)
{
	const char *name, *other;
	pt_sharing_member(sharing, set, 0, &name);
	for (size_t i = 1; i < n; i++) {
		pt_sharing_member(sharing, set, i, &other);
		if (strcmp(name, other) != 0)
			return false;
	}
	return true;
}

/* "without redis-server 12": a set that is the largest one but for a process; NULL: it is no such set. */
static const char *name_by_absence(struct ui_scratch *s, const struct pt_sharing *sharing, uint32_t set, uint32_t than)
{
	size_t n = pt_sharing_members(sharing, set), absent = 0;
	const char *name, *who = NULL;
	if (!than || pt_sharing_members(sharing, than) != n + 1)
		return NULL;
	for (size_t i = 0; i <= n && absent < 2; i++) {
		pid_t pid = pt_sharing_member(sharing, than, i, &name);
		if (pt_sharing_has(sharing, set, pid))
			continue;
		absent++;
		who = ui_scratch_text(s, "without %s %d", ui_printable(s, name), (int)pid);
	}
	return absent == 1 ? who : NULL;
}

const char *ui_shared_set_name(struct ui_scratch *s, const struct pt_sharing *sharing, uint32_t set, uint32_t than)
{
	size_t n = pt_sharing_members(sharing, set);
	const char *absence = n > NAMED ? name_by_absence(s, sharing, set, than) : NULL;
	if (absence)
		return absence;
	bool family = is_family(sharing, set, n);
	const char *name, *text = NULL;
	if (n > NAMED && !family)
		return ui_scratch_text(s, "%zu processes", n);
	for (size_t i = 0; i < n && n <= NAMED; i++) { /* "redis-server 12 13", "bash 12, make 13" */
		pid_t pid = pt_sharing_member(sharing, set, i, &name);
		if (text && family)
			text = ui_scratch_text(s, "%s %d", text, (int)pid);
		else
			text = ui_scratch_text(s, "%s%s%s %d", text ? text : "", text ? ", " : "",
					       ui_printable(s, name), (int)pid);
	}
	pt_sharing_member(sharing, set, 0, &name);
	return text ? text : ui_scratch_text(s, "%zu %s", n, ui_printable(s, name));
}

/* "postgres 4121 312M" */
static const char *sharer_words(struct ui_scratch *s, const struct pt_sharer *sharer, unsigned page_shift)
{
	return ui_scratch_text(s, "%s %d %s", ui_printable(s, sharer->name), (int)sharer->pid,
			       ui_size(s, sharer->pages << page_shift));
}

static size_t words_of(struct ui_scratch *s, const struct pt_sharers *sharers, unsigned shift, struct wg_span *ret)
{
	const struct pt_sharing_pages *p = &sharers->pages;
	size_t n = 0;
	if (p->others)
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, "%s shared with %zu other%s:", ui_size(s, p->others << shift), sharers->n,
					sharers->n == 1 ? "" : "s"),
			WG_STRONG, 0};
	for (size_t i = 0; i < sharers->n && i < NAMED; i++)
		ret[n++] = (struct wg_span){sharer_words(s, &sharers->v[i], shift), WG_TEXT, 1 + (int)i};
	if (sharers->n > NAMED)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "and %zu more", sharers->n - NAMED), WG_DIM, NAMED + 1};
	if (p->itself)
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, "%s mapped twice by itself", ui_size(s, p->itself << shift)), WG_TEXT, 1};
	if (p->nobody)
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, "%s: not found with whom", ui_size(s, p->nobody << shift)), WG_UNKNOWN, 1};
	if (!n)
		ret[n++] = (struct wg_span){p->unasked ? "sharing unknown" : "shared with nobody",
					    p->unasked ? WG_UNKNOWN : WG_DIM, 1};
	return n;
}

size_t ui_shared_words(struct ui_shell *shell, uint64_t start, uint64_t end, struct wg_span *ret)
{
	const struct ui_sharing *sharing = ui_sharing_now(shell);
	struct pt_sharers sharers;
	if (!sharing) {
		ret[0] = (struct wg_span){ui_scratch_text(&shell->scratch, "with whom: %s", ui_sharing_state(shell)),
					  WG_DIM, 1};
		return 1;
	}
	if (pt_sharing_with(sharing->sharing, start, end, &sharers))
		return 0;
	size_t n = words_of(&shell->scratch, &sharers, shell->target.now->page_shift, ret);
	free(sharers.v);
	return n;
}

size_t ui_shared_legend(struct ui_scratch *s, const struct ui_sharing *sharing, struct wg_legend_item *items)
{
	static const char *const names[UI_SHARED_GROUPS] = {
		[UI_SHARED_OTHERS] = "others",
		[UI_SHARED_ITSELF] = "itself",
		[UI_SHARED_NOT_FOUND] = "not found with whom",
	};
	size_t n = 0;
	for (unsigned i = 0; i < UI_SHARED_GROUPS; i++) {
		bool set = i < UI_SHARING_GROUPS;
		if (set && i >= sharing->n_groups)
			continue;
		const char *label = set ? ui_shared_set_name(s, sharing->sharing, sharing->groups[i].id,
							     i ? sharing->groups[0].id : 0)
					: names[i];
		items[n++] = (struct wg_legend_item){.hue = ui_shared_hue(i), .level = WG_LEVELS - 1, .label = label};
	}
	items[n++] = (struct wg_legend_item){.hue = WG_HUE_LAYER, .level = 0, .label = "not shared"};
	items[n++] = (struct wg_legend_item){.unknown = true, .label = "unknown"};
	return n;
}
