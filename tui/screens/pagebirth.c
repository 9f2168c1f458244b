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
	return ui_scratch_text(s, "First touched %s ago, by %s, which %s called:", when, ui_fault_name_of(s, a->calls),
			       ui_fault_name_of(s, a->calls + 1));
}

static const char *call_text(struct ui_scratch *s, const struct pt_fault_call *call)
{
	const char *name = ui_fault_name_of(s, call), *place = ui_fault_place_of(s, call);
	return place[0] ? ui_scratch_text(s, UI_DOT " %s  (%s)", name, place) : ui_scratch_text(s, UI_DOT " %s", name);
}

/* Where and how the kernel took its frame, if allocations are watched. */
static size_t allocation(const struct ui_page_view *v, struct ui_shell *shell, const struct ui_fault_answer *a,
			 struct wg_paragraph *ret)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_physical *physical = &v->got->facts.physical;
	const char *type = pt_migrate_type_name(a->alloc.migrate_type), *where = "";
	if (!a->has_alloc)
		return 0;
	if (physical->zone[0])
		where = ui_scratch_text(s, ", zone %s", ui_printable(s, physical->zone));
	if (physical->node >= 0)
		where = ui_scratch_text(s, "%s of node %d", where, physical->node);
	*ret = (struct wg_paragraph){
		ui_scratch_text(s, "Its frame was allocated for this process %s ago, by thread %d: order %u, %s, %s%s.",
				ago(s, shell->now_ns, a->alloc.time_ns), (int)a->alloc.tid, a->alloc.order,
				type ? type : "migrate type not known", ui_printable(s, a->alloc_flags), where),
		WG_TEXT, 0};
	return 1;
}

struct ui_fault_want ui_page_want(const struct ui_page_view *v)
{
	bool read = v->got && !v->got->error && !v->got->facts.recalled;
	return (struct ui_fault_want){.birth = true, .address = v->address, .pfn = read ? v->got->facts.pfn : 0};
}

size_t ui_page_birth(const struct ui_page_view *v, struct ui_shell *shell, struct wg_paragraph *ret, size_t max)
{
	struct ui_scratch *s = &shell->scratch;
	struct ui_fault_want want = ui_page_want(v);
	const struct ui_fault_answer *a = ui_faults_answer(&shell->faults, &want);
	if (!a || shell->target.back || max < 4)
		return 0;
	size_t n = allocation(v, shell, a, ret);
	if (!a->stack)
		return n;
	ret[n++] = (struct wg_paragraph){headline(s, a, ago(s, shell->now_ns, a->birth_ns)), WG_ACCENT, 0};
	size_t room = max - n, told = a->n_calls <= room ? a->n_calls : room - 1;
	for (size_t i = 0; a->n_calls > 1 && i < told; i++)
		ret[n++] = (struct wg_paragraph){call_text(s, &a->calls[i]), WG_DIM, 2};
	if (told < a->n_calls)
		ret[n++] = (struct wg_paragraph){ui_scratch_text(s, UI_DOT " and %zu calls more", a->n_calls - told),
						 WG_DIM, 2};
	return n;
}
