/*
 * The parts of pagetop leaks that need no verdict: the heap against residency, and what grew while pagetop looked.
 */
#include <inttypes.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/text_out.h"

#define ROWS      8
#define NAME_ROOM 1024

/* ---- the heap --------------------------------------------------------------------------------------------------- */

static void print_part(const struct ui_leaks *l, uint64_t bytes, const char *what)
{
	char size[24];
	if (!bytes)
		return;
	printf("%8s  ", ui_leak_bytes(l, bytes, size, sizeof(size)));
	ui_leak_bar(l, bytes, l->view->heap.system);
	ui_print_wrapped(what, printf("  ") + 20, 22, l->width);
}

void ui_leaks_heap(const struct ui_leaks *l)
{
	const struct pt_heap_sums *h = &l->view->heap;
	char title[160], system[24], resident[24], mmapped[24], n[32];
	if (!h->system)
		return;
	snprintf(title, sizeof(title), "    HEAP  %s from the kernel, %s of it resident",
		 ui_leak_bytes(l, h->system, system, sizeof(system)),
		 ui_leak_bytes(l, h->resident, resident, sizeof(resident)));
	ui_leak_heading(l, title);
	print_part(l, h->used, "in use");
	print_part(l, h->free, "free, in malloc's bins");
	print_part(l, h->cached, "free, kept by threads for themselves (tcache)");
	print_part(l, h->top, "not handed out yet (top)");
	print_part(l, h->own, "malloc's own: headers of chunks, arenas");
	if (h->n_mmapped)
		ui_leak_paragraph(l, "Of all that, %s are %s chunk%s that malloc mapped one by one.",
				  ui_leak_bytes(l, h->mmapped, mmapped, sizeof(mmapped)),
				  ui_leak_exact(h->n_mmapped, n, sizeof(n)), h->n_mmapped == 1 ? "" : "s");
	if (h->free_resident)
		ui_leak_paragraph(l,
				  "%s of resident pages are free from end to end: malloc_trim(0) would give them back.",
				  ui_leak_bytes(l, h->free_resident, system, sizeof(system)));
	else
		ui_leak_paragraph(l,
				  "malloc_trim(0) would give nothing back: no resident page is free from end to end.");
	if (h->pinned_huge)
		ui_leak_paragraph(l, "%s of free bytes are in huge pages that a few objects in use hold together.",
				  ui_leak_bytes(l, h->pinned_huge, system, sizeof(system)));
}

/* ---- growth ----------------------------------------------------------------------------------------------------- */

static const char *grew_words(const struct ui_leaks *l, struct pt_grew grew, char *ret, size_t size)
{
	if (!grew.known)
		snprintf(ret, size, "?");
	else if (l->options->bytes)
		snprintf(ret, size, "%+" PRId64, grew.value);
	else
		pt_text_delta(grew.value, ret, size);
	return ret;
}

/* Of pair i, which is there now. */
static void print_vma(const struct ui_leaks *l, size_t i)
{
	const struct pt_growth *g = l->growth;
	size_t is = g->pairs.v[i].is;
	const struct pt_vma *vma = &g->after->vmas->v[is];
	char grew[24], born[24], rss[24], name[NAME_ROOM], path[NAME_ROOM];
	pt_text_printable(vma->path, strlen(vma->path), name, sizeof(name));
	printf("%8s %8s %8s  %-12" PRIx64 " %-10s %s\n",
	       grew_words(l, pt_growth_of_pair(g, i, PT_SUM_RSS), grew, sizeof(grew)),
	       ui_table_bytes(l->options, pt_growth_born(g, i), born, sizeof(born)),
	       ui_table_bytes(l->options, pt_snapshot_bytes(g->after, is, PT_SUM_RSS), rss, sizeof(rss)), vma->start,
	       pt_role_name((enum pt_role)vma->role),
	       ui_text_path(name, (size_t)(l->width > 60 ? l->width - 52 : 8), path, sizeof(path)));
}

static bool grew(const struct ui_leaks *l, size_t i)
{
	struct pt_grew by = pt_growth_of_pair(l->growth, i, PT_SUM_RSS);
	const struct pt_vma_table *vmas = l->growth->after->vmas;
	size_t is = l->growth->pairs.v[i].is;
	const char *path = is < vmas->n ? vmas->v[is].path : "";
	return is < vmas->n && by.known && by.value > 0 && pt_filter_match(l->filter, path, strlen(path));
}

void ui_leaks_growth(const struct ui_leaks *l)
{
	const struct pt_growth *g = l->growth;
	size_t shown = 0;
	if (!g)
		return;
	char seconds[24], all[24];
	pt_text_ns(g->after->monotonic_ns - g->before->monotonic_ns, seconds, sizeof(seconds));
	putchar('\n');
	ui_leak_paragraph(l, "What can be told: in %s its RSS changed by %s.", seconds,
			  grew_words(l, pt_growth_of_role(g, PT_ROLE_N, PT_SUM_RSS), all, sizeof(all)));
	for (size_t i = 0; i < g->pairs.n && shown < ROWS; i++) {
		if (!grew(l, i))
			continue;
		if (!shown++)
			ui_leak_heading(l, "    GREW     BORN      RSS  WHERE");
		print_vma(l, i);
	}
	putchar('\n');
	printf("  pagetop leaks -p %d --for 60\n", (int)l->view->pid);
	ui_print_wrapped("looks longer: what grows all the time, not what warms up", printf("%6s", ""), 6, l->width);
	printf("  pagetop faults -p %d --for 60 --by growth\n", (int)l->view->pid);
	ui_print_wrapped("whose calls it grows by", printf("%6s", ""), 6, l->width);
}
