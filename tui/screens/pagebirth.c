/*
 * Who first touched a page, on the page screen: out of the fault watch, where it runs and has seen it.
 */
#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/faultview.h"
#include "tui/screens/pageview.h"

static const char *ago(struct ui_scratch *s, uint64_t now_ns, uint64_t then_ns)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_ns(now_ns > then_ns ? now_ns - then_ns : 0, text, sizeof text));
}

static const char *headline(struct ui_scratch *s, const struct ui_fault_answer *a, const char *when)
{
	if (!a->n_calls)
		return ui_scratch_text(s, "First touched %s ago; by which calls is not known.", when);
	if (a->n_calls == 1)
		return ui_scratch_text(s, "First touched %s ago, by %s.", when, ui_fault_name_of(s, a->calls));
	return ui_scratch_text(s, "First touched %s ago, by %s, which %s called:", when,
			       ui_fault_name_of(s, a->calls), ui_fault_name_of(s, a->calls + 1));
}

size_t ui_page_birth(const struct ui_page_view *v, struct ui_shell *shell, struct wg_paragraph *ret, size_t max)
{
	struct ui_scratch *s = &shell->scratch;
	struct ui_fault_want want = {.birth = true, .address = v->address};
	const struct ui_fault_answer *a = ui_faults_answer(&shell->faults, &want);
	if (!a || !a->stack || shell->target.back || max < 3)
		return 0;
	ret[0] = (struct wg_paragraph){headline(s, a, ago(s, shell->now_ns, a->birth_ns)), WG_ACCENT, 0};
	size_t n = 1, told = a->n_calls <= max - 1 ? a->n_calls : max - 2;
	for (size_t i = 0; a->n_calls > 1 && i < told; i++)
		ret[n++] = (struct wg_paragraph){ui_scratch_text(s, UI_DOT " %s  (%s)",
								 ui_fault_name_of(s, &a->calls[i]),
								 ui_fault_place_of(s, &a->calls[i])),
						 WG_DIM, 2};
	if (told < a->n_calls)
		ret[n++] = (struct wg_paragraph){ui_scratch_text(s, UI_DOT " and %zu calls more", a->n_calls - told),
						 WG_DIM, 2};
	return n;
}
