/*
 * Looking at scattered pages; see glance.h. PAGEMAP_SCAN is asked once for each stretch of near pages, and of what it finds
 * those that are wanted become parts, as in a scan.
 */
#include "core/scan/glance.h"

#include <stdlib.h>

#include "core/scan/frames.h"

#define NEAR    32u    /* pages apart that are asked for together */
#define ENTRIES 16384u /* of parts, holes included */

struct pt_glance {
	struct pt_frames *frames;
	struct pt_parts parts;
	struct pt_walk walk;
	uint64_t entries[ENTRIES];
	pt_frame_word words[ENTRIES];
	uint16_t counts[ENTRIES];
	/* what is under way */
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	struct pt_glimpse *pages; /* [n] */
	size_t n, done;           /* pages[0..done) are in parts that were finished */
};

struct pt_glance *pt_glance_new(void)
{
	struct pt_glance *glance = calloc(1, sizeof(*glance));
	if (!glance)
		return NULL;
	glance->frames = pt_frames_new();
	pt_parts_lend(&glance->parts, (struct pt_frame_arrays){glance->entries, glance->words, glance->counts},
		      ENTRIES);
	if (glance->frames)
		return glance;
	pt_glance_free(glance);
	return NULL;
}

void pt_glance_free(struct pt_glance *glance)
{
	if (!glance)
		return;
	pt_frames_free(glance->frames);
	pt_parts_free(&glance->parts);
	free(glance);
}

/* Parts and pages both ascend. */
static void hand_out(struct pt_glance *glance)
{
	unsigned shift = glance->target->k->page_shift;
	size_t at = glance->done;
	for (size_t p = 0; p < glance->parts.n; p++) {
		const struct pt_part *part = &glance->parts.v[p];
		while (at < glance->n && glance->pages[at].address >> shift < part->page)
			at++;
		for (; at < glance->n && glance->pages[at].address >> shift < part->page + part->n; at++) {
			size_t entry = part->at + (size_t)((glance->pages[at].address >> shift) - part->page);
			glance->pages[at].page = pt_frame_page(glance->target, &glance->vmas->v[part->vma],
							       part->categories, glance->entries[entry],
							       glance->words[entry]);
			if (glance->words[entry] & PT_FRAME_HAS_COUNT)
				glance->pages[at].page.count = glance->counts[entry];
		}
	}
	glance->done = at;
}

/* Reads the frames of all parts, and says of their pages what they are. */
static int finish(struct pt_glance *glance)
{
	struct pt_parts *parts = &glance->parts;
	int error = pt_parts_read(parts);
	if (!error)
		error = pt_frames_order(glance->frames, parts, 1);
	if (!error)
		error = pt_frames_read(glance->frames, glance->frames, parts, (struct pt_step){0}, NULL);
	if (!error)
		hand_out(glance);
	pt_parts_clear(parts, glance->target);
	return error;
}

static int add_page(struct pt_glance *glance, const struct pt_region *region, uint64_t address)
{
	struct pt_region one = *region;
	int error = 0;
	one.start = address;
	one.end = address + (1ull << glance->target->k->page_shift);
	if (glance->parts.n_entries + 2 * NEAR + 2 > ENTRIES)
		error = finish(glance);
	else if (!pt_parts_adjoins(&glance->parts, &one))
		error = pt_parts_read(&glance->parts);
	return error ? error : pt_parts_add(&glance->parts, &one);
}

/* Pages [i, end), which lie near each other: those that are there become parts, the others are known to be nothing. */
static int add_stretch(struct pt_glance *glance, size_t i, size_t end)
{
	struct pt_stretch stretch = {glance->pages[i].address,
				     glance->pages[end - 1].address + (1ull << glance->target->k->page_shift)};
	struct pt_region region;
	int more;
	pt_walk_init(&glance->walk, glance->target, glance->vmas, stretch, false);
	while ((more = pt_walk_next(&glance->walk, &region)) == 1) {
		while (i < end && glance->pages[i].address < region.start)
			i++;
		for (; i < end && glance->pages[i].address < region.end; i++) {
			int error = add_page(glance, &region, glance->pages[i].address);
			if (error)
				return error;
		}
	}
	return more;
}

static bool is_covered(const struct pt_vma_table *vmas, uint64_t address)
{
	size_t i = pt_vma_find(vmas, address);
	return i < vmas->n && pt_vma_covers(&vmas->v[i], address) && vmas->v[i].role != PT_ROLE_VSYSCALL;
}

int pt_glance_at(struct pt_glance *glance, struct pt_target *target, const struct pt_vma_table *vmas,
		 struct pt_glimpse *pages, size_t n)
{
	uint64_t near = (uint64_t)NEAR << target->k->page_shift;
	int error = 0;
	glance->target = target;
	glance->vmas = vmas;
	glance->pages = pages;
	glance->n = n;
	glance->done = 0;
	pt_parts_clear(&glance->parts, target);
	for (size_t i = 0; i < n; i++) {
		pages[i].page = (struct pt_page){0};
		pages[i].known = false;
	}
	for (size_t i = 0, end; i < n && !error; i = end) {
		for (end = i + 1; end < n && pages[end].address - pages[end - 1].address <= near; end++)
			;
		error = add_stretch(glance, i, end);
	}
	if (!error)
		error = finish(glance);
	for (size_t i = 0; i < n && !error; i++)
		pages[i].known = is_covered(vmas, pages[i].address);
	return error;
}
