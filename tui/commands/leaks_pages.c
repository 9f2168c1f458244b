/*
 * Pages born between two moments and still there at a third, by VMA; see leaks_born.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/leaks_born.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"

#define ROWS      12
#define NAME_ROOM 1024

/* ---- counting --------------------------------------------------------------------------------------------------- */

static int step(struct pt_life *life, const struct ui_born_pages *pages, const struct pt_snapshot *next)
{
	return life ? pt_life_step(life, pages->now, next) : 0;
}

int ui_born_step(struct ui_born_pages *pages, struct pt_snapshot *next, bool is_second)
{
	int error = pages->first ? step(pages->first, pages, next) : pt_life_new(next, &pages->first);
	if (!error)
		error = is_second && !pages->second ? pt_life_new(next, &pages->second)
						    : step(pages->second, pages, next);
	pt_snapshot_unref(pages->now);
	pages->now = next;
	return error;
}

void ui_born_free(struct ui_born_pages *pages)
{
	pt_life_free(pages->first);
	pt_life_free(pages->second);
	pt_snapshot_unref(pages->now);
	*pages = (struct ui_born_pages){0};
}

static uint64_t stayed(const struct pt_life *life, const struct pt_vma *vma)
{
	struct pt_life_sum sum;
	pt_life_sum(life, vma->start, vma->end, 0, &sum);
	return sum.from_start;
}

/* After another program took its place nothing stayed: lives begin anew with it. */
static uint64_t born_in(const struct ui_born_pages *pages, const struct pt_vma *vma)
{
	uint64_t there = stayed(pages->second, vma), before = stayed(pages->first, vma);
	bool anew = pt_life_start_ns(pages->first) >= pt_life_start_ns(pages->second);
	return anew || there < before ? 0 : (there - before) << pages->now->page_shift;
}

uint64_t ui_born_bytes(const struct ui_born_pages *pages, size_t i)
{
	const struct pt_vma_table *vmas = pages->now->vmas;
	uint64_t bytes = 0;
	if (i < vmas->n)
		return born_in(pages, &vmas->v[i]);
	for (size_t k = 0; k < vmas->n; k++)
		bytes += born_in(pages, &vmas->v[k]);
	return bytes;
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

struct place {
	size_t vma;
	uint64_t bytes;
};

static int by_bytes(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
				    : (x->vma > y->vma) - (x->vma < y->vma);
}

/* Those with such pages, most first, malloc'ed; NULL: out of memory. */
static struct place *places_of(const struct ui_leaks *l, const struct ui_born_pages *pages, size_t *ret_n)
{
	const struct pt_vma_table *vmas = pages->now->vmas;
	struct place *places = calloc(vmas->n + 1, sizeof(*places));
	*ret_n = 0;
	for (size_t i = 0; places && i < vmas->n; i++) {
		uint64_t bytes = ui_born_bytes(pages, i);
		if (bytes && ui_vma_matches(l->filter, &vmas->v[i]))
			places[(*ret_n)++] = (struct place){i, bytes};
	}
	if (places && *ret_n)
		qsort(places, *ret_n, sizeof(*places), by_bytes);
	return places;
}

void ui_born_print(const struct ui_leaks *l, const struct ui_born_pages *pages)
{
	size_t n, room = (size_t)(l->width > 60 ? l->width - 50 : 10);
	struct place *places = places_of(l, pages, &n);
	char bytes[24], count[24], name[NAME_ROOM], cut[NAME_ROOM];
	if (places && n)
		ui_leak_heading(l, "   BYTES    PAGES  WHERE");
	for (size_t i = 0; places && i < n && i < ROWS; i++) {
		const struct pt_vma *vma = &pages->now->vmas->v[places[i].vma];
		pt_text_printable(vma->path, strlen(vma->path), name, sizeof(name));
		printf("%8s %8s  %-12" PRIx64 "  %s%s%s\n", ui_leak_bytes(l, places[i].bytes, bytes, sizeof(bytes)),
		       ui_table_number(l->options, places[i].bytes >> pages->now->page_shift, count, sizeof(count)),
		       vma->start, pt_role_name((enum pt_role)vma->role), name[0] ? "  " : "",
		       ui_text_path(name, room, cut, sizeof(cut)));
	}
	if (n > ROWS)
		printf("          %zu more: -J\n", n - ROWS);
	free(places);
}

json_t *ui_born_json(const struct ui_leaks *l, const struct ui_born_pages *pages)
{
	size_t n;
	struct place *places = places_of(l, pages, &n);
	json_t *array = json_array();
	for (size_t i = 0; places && i < n; i++) {
		const struct pt_vma *vma = &pages->now->vmas->v[places[i].vma];
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "start",
						ui_json_hex((struct pt_maybe){vma->start, true}), "end",
						ui_json_hex((struct pt_maybe){vma->end, true}), "role",
						pt_role_name((enum pt_role)vma->role), "name",
						ui_json_bytes(vma->path[0] ? vma->path : NULL), "pages",
						json_integer((json_int_t)(places[i].bytes >> pages->now->page_shift)),
						"bytes", json_integer((json_int_t)places[i].bytes)));
	}
	free(places);
	return array;
}
