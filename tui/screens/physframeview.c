/*
 * Drawing the frame screen: what the frame is in a sentence, who maps it, then its facts and the frames around it. Wide
 * screens have the facts at the right.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/frame.h"
#include "tui/screens/pageview.h"
#include "tui/screens/physframe.h"

#define FACT_ROWS        (PT_FACTS_MAX + 16)
#define TWO_COLUMNS_FROM 110
#define OWNER_COLUMNS    5
#define OWNERS_ON_SCREEN 64 /* lines */

static struct wg_rect inset(struct wg_rect rect)
{
	if (rect.w > 20) {
		rect.x++;
		rect.w -= 2;
	}
	return rect;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *progress(struct ui_shell *shell)
{
	struct pt_owners_progress now;
	struct ui_scratch *s = &shell->scratch;
	if (!ui_owners_building(&shell->owners, &now))
		return "Who maps it: asking...";
	return ui_scratch_text(s, "Who maps it: reading the page tables of all processes, %zu of %zu, %s pages...",
			       now.processes, now.of_processes, ui_number(s, now.pages));
}

static const char *owners_words(const struct ui_owners_answer *a, struct ui_shell *shell)
{
	char words[160];
	struct ui_scratch *s = &shell->scratch;
	if (!a)
		return progress(shell);
	if (a->error == -EPERM)
		return "Who maps it: frame numbers are hidden from this user; sudo pagetop shows them.";
	if (a->error)
		return ui_scratch_text(s, "Who maps it cannot be found out: %s.", strerror(-a->error));
	pt_owners_words(&a->owners, words, sizeof words);
	return words[0] ? ui_scratch_text(s, "Who maps it: %s.", words) : "Nobody maps it.";
}

static int draw_words(const struct ui_physframe_view *v, const struct ui_owners_answer *a, struct ui_shell *shell,
		      struct wg_canvas *c, struct wg_rect rect)
{
	char headline[256] = "reading...";
	struct wg_paragraph text[3];
	const struct pt_signal_state *flags = v->got ? &v->got->info.facts.signals.of[PT_SIG_KPAGEFLAGS] : NULL;
	size_t n = 0;
	if (v->got && v->got->error)
		snprintf(headline, sizeof headline, "The machine cannot be asked: %s.", strerror(-v->got->error));
	else if (v->got)
		pt_frame_headline(&v->got->info, headline, sizeof headline);
	text[n++] = (struct wg_paragraph){headline, v->got ? WG_STRONG : WG_DIM, 0};
	if (flags && !v->got->error && flags->given == PT_ABSENT && flags->remedy)
		text[n++] = (struct wg_paragraph){ui_scratch_text(&shell->scratch, "To see it: %s.", flags->remedy),
						  WG_TEXT, 2};
	if (a && a->has_file)
		text[n++] = (struct wg_paragraph){
			ui_scratch_text(&shell->scratch, "It holds the file's bytes from 0x%" PRIx64 " on: %s",
					a->file.offset, ui_printable(&shell->scratch, a->file.name)),
			WG_TEXT, 2};
	if (v->got && !v->got->error && v->got->info.exists)
		text[n++] = (struct wg_paragraph){owners_words(a, shell), a && !a->error ? WG_TEXT : WG_DIM, 2};
	return wg_draw_text(c, inset(rect), text, n, 0);
}

/* ---- owners ----------------------------------------------------------------------------------------------------- */

static void owner_row(const struct ui_owners_answer *a, size_t i, struct ui_scratch *s, struct wg_table_cell *ret)
{
	const struct pt_owner *o = &a->owners.v[i];
	const char *name = i < a->n_mappings ? a->mappings[i].name : "";
	ret[0] = (struct wg_table_cell){ui_scratch_text(s, "%d", (int)o->pid), WG_TEXT};
	ret[1] = (struct wg_table_cell){ui_printable(s, o->name), WG_STRONG};
	ret[2] = (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, o->address), WG_TEXT};
	ret[3] = (struct wg_table_cell){o->huge ? "huge" : UI_DOT, o->huge ? WG_TEXT : WG_DIM};
	ret[4] = (struct wg_table_cell){name[0] ? ui_printable(s, name) : UI_DOT, name[0] ? WG_TEXT : WG_DIM};
}

/* The selected one stays in sight. */
static void keep_in_bounds(struct ui_physframe_view *v, size_t n, size_t lines)
{
	v->at = v->at < n ? v->at : n - 1;
	v->top_owner = v->at < v->top_owner ? v->at : v->top_owner;
	if (v->at >= v->top_owner + lines)
		v->top_owner = v->at - lines + 1;
	if (v->top_owner + lines > n)
		v->top_owner = n > lines ? n - lines : 0;
}

static void draw_owners(struct ui_physframe_view *v, const struct ui_owners_answer *a, struct ui_shell *shell,
			struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_column columns[OWNER_COLUMNS] = {{"PID", 7, 0, WG_COL_RIGHT},
								{"NAME", 12, 0, 0},
								{"ADDRESS", 12, 0, WG_COL_RIGHT},
								{"HUGE", 4, 3, 0},
								{"IN", 12, 1, WG_COL_GROW | WG_COL_CUT_MIDDLE}};
	struct wg_table_cell cells[OWNERS_ON_SCREEN][OWNER_COLUMNS];
	struct wg_table_row rows[OWNERS_ON_SCREEN];
	size_t lines = rect.h - 1 < OWNERS_ON_SCREEN ? (size_t)(rect.h - 1) : OWNERS_ON_SCREEN, n = 0;
	keep_in_bounds(v, a->owners.n, lines);
	for (size_t i = v->top_owner; i < a->owners.n && n < lines; i++, n++) {
		owner_row(a, i, &shell->scratch, cells[n]);
		rows[n] = (struct wg_table_row){.cells = cells[n]};
	}
	v->table = (struct wg_rect){rect.x, rect.y + 1, rect.w, (int)n};
	wg_draw_table(c, rect,
		      &(struct wg_table){.columns = columns,
					 .n_columns = OWNER_COLUMNS,
					 .rows = rows,
					 .n_rows = n,
					 .total = a->owners.n,
					 .top = v->top_owner,
					 .selected = (int)(v->at - v->top_owner)});
}

/* Lines that the table wants, of at most so many; 0: there are no owners. */
static int owners_lines(const struct ui_owners_answer *a, int most)
{
	size_t n = a && !a->error ? a->owners.n : 0;
	if (!n || most < 2)
		return 0;
	return n + 1 < (size_t)most ? (int)n + 1 : most;
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

static size_t fact_rows(const struct ui_physframe_view *v, struct wg_fact *ret)
{
	size_t n = 0;
	const char *group = NULL;
	for (size_t i = 0; i < v->facts.n && n + 3 < FACT_ROWS; i++) {
		const struct pt_fact *f = &v->facts.v[i];
		if (!group || strcmp(group, f->group) != 0) {
			if (group)
				ret[n++] = (struct wg_fact){0};
			ret[n++] = (struct wg_fact){.name = f->group, .role = WG_TITLE};
			group = f->group;
		}
		ret[n++] = (struct wg_fact){f->name[0] ? f->name : NULL, f->value, f->note[0] ? f->note : NULL,
					    WG_TEXT};
	}
	return n;
}

static void draw_facts(struct ui_physframe_view *v, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_fact rows[FACT_ROWS];
	struct wg_facts facts = {rows, fact_rows(v, rows), 0};
	struct wg_rect inside = inset(rect), none = inside;
	none.h = 0;
	int all = wg_draw_facts(c, none, &facts);
	v->lines = inside.h;
	facts.top = v->top = ui_scroll_bounded(v->top, all, inside.h);
	wg_draw_facts(c, inside, &facts);
	ui_scroll_mark(c, rect, v->top, all);
}

/* ---- layout ----------------------------------------------------------------------------------------------------- */

/* Words and owners, then the frames around it where there is room: at the foot if facts go between. What is left of rect. */
static struct wg_rect draw_answer(struct ui_physframe_view *v, struct ui_shell *shell, struct wg_canvas *c,
				  struct wg_rect rect, int for_facts)
{
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, v->pfn);
	const struct pt_facts *f = v->got && !v->got->error ? &v->got->info.facts : NULL;
	wg_take_top(&rect, draw_words(v, a, shell, c, rect) + 1);
	int frames = f && f->has_near ? ui_frames_lines(c, rect.w) : 0;
	frames = rect.h >= frames + for_facts + 6 ? frames : 0;
	int lines = owners_lines(a, rect.h - for_facts - frames);
	if (lines) {
		draw_owners(v, a, shell, c, wg_take_top(&rect, lines));
		wg_take_top(&rect, 1);
	}
	if (frames)
		ui_frames_draw(f, shell, c, for_facts ? wg_take_bottom(&rect, frames) : wg_take_top(&rect, frames));
	return rect;
}

void ui_physframe_draw(struct ui_physframe_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	v->table = (struct wg_rect){0};
	if (rect.w >= TWO_COLUMNS_FROM) {
		draw_answer(v, shell, c, wg_take_left(&rect, rect.w / 2), 0);
		draw_facts(v, c, rect);
		return;
	}
	draw_facts(v, c, draw_answer(v, shell, c, rect, rect.h / 2));
}
