/*
 * What became of one page: its chunk is followed from delta to delta. A change lies between two readings: of its chunk
 * where that was read, of where pages are where nothing was there.
 */
#include <string.h>

#include "core/history/fold.h"
#include "core/history/ring.h"

/* The newest chapters so far, oldest first. */
struct story {
	struct pt_chapter *v;
	size_t n, max;
};

static void add_chapter(struct story *story, const struct pt_chapter *chapter)
{
	if (story->n == story->max)
		memmove(story->v, story->v + 1, --story->n * sizeof(*story->v));
	story->v[story->n++] = *chapter;
}

/* A chunk's slot from one frame to the next. */
static void follow(struct pt_slot *slot, const struct pt_delta *delta)
{
	const struct pt_slot *changed = pt_delta_find(delta, slot->index);
	if (changed) {
		*slot = *changed;
		return;
	}
	size_t low = 0, high = delta->n_reread;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (delta->reread[middle].last < slot->index)
			low = middle + 1;
		else
			high = middle;
	}
	if (slot->chunk && low < delta->n_reread && delta->reread[low].first <= slot->index)
		slot->read_ns = delta->reread[low].read_ns;
}

/* When a page was last seen to be as this frame has it. */
static uint64_t seen_ns(const struct pt_snapshot *head, const struct pt_slot *slot)
{
	return slot->chunk && slot->read_ns ? slot->read_ns : head->presence_ns;
}

static uint64_t realtime_of(const struct pt_snapshot *head, uint64_t monotonic_ns)
{
	return head->realtime_ns + monotonic_ns - head->monotonic_ns;
}

static void tell(const struct pt_view *view, uint64_t address, struct story *story)
{
	unsigned shift = view->v[0]->head->page_shift;
	struct pt_slot slot = {.index = (address >> shift) / PT_CHUNK_PAGES};
	unsigned i = (unsigned)(address >> shift) & (PT_CHUNK_PAGES - 1);
	struct pt_page page = {0};
	unsigned image = view->v[0]->head->process.image;
	uint64_t last_ns = 0;
	for (size_t f = 0; f < view->n; f++) {
		const struct pt_snapshot *head = view->v[f]->head;
		follow(&slot, view->v[f]);
		struct pt_page now = pt_chunk_page(slot.chunk, i);
		uint64_t ns = seen_ns(head, &slot);
		if (!f || !pt_page_equal(page, now)) {
			/* where a cheap look told of it, that was between presence_ns and the end of this frame */
			bool was_read = !f || ns > last_ns;
			uint64_t to = was_read ? ns : head->monotonic_ns;
			struct pt_chapter chapter = {
				.from_ns = last_ns, .to_ns = to, .realtime_ns = realtime_of(head, to), .page = now};
			if (f && image == head->process.image) /* what another program has there is another page */
				chapter.events = pt_page_events(page, now);
			add_chapter(story, &chapter);
			ns = was_read ? ns : head->presence_ns;
		}
		page = now;
		image = head->process.image;
		last_ns = ns > last_ns ? ns : last_ns;
	}
}

ssize_t pt_ring_story(struct pt_past *past, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max)
{
	struct pt_history *h = (struct pt_history *)past;
	struct story story = {.v = ret, .max = max};
	struct pt_view view = {0};
	int error = 0;
	pthread_mutex_lock(&h->lock);
	if (h->n && max)
		error = pt_view_take(h, 0, pt_ring_find(h, seq), &view);
	pthread_mutex_unlock(&h->lock);
	if (view.n)
		tell(&view, address, &story);
	pt_view_drop(&view);
	return error ? error : (ssize_t)story.n;
}
