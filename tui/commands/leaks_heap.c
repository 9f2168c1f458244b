/*
 * The heap against residency, which needs no verdict, in the report of pagetop leaks.
 */
#include "tui/commands/leaks_text.h"
#include "tui/commands/text_out.h"

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
