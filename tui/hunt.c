/*
 * See hunt.h.
 */
#include "tui/hunt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/shell.h"

/* ---- what comes ------------------------------------------------------------------------------------------------- */

static void let_go(struct ui_hunt *h, int wait_ms)
{
	ui_worker_free(h->worker, wait_ms);
	h->worker = NULL;
	h->hunt = NULL;
	h->asking = false;
}

static void fail(struct ui_shell *shell, int error)
{
	struct ui_hunt *h = &shell->hunt;
	if (h->asking)
		h->object_error = error;
	let_go(h, 0);
	h->state = UI_HUNT_FAILED;
	h->error = error;
	shell->dirty = true;
}

static void take_opened(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	struct ui_hunt_opened *opened = ui_worker_take(h->worker);
	if (!opened)
		return;
	int error = opened->error;
	h->hunt = opened->hunt;
	free(opened);
	shell->dirty = true;
	if (error) {
		fail(shell, error);
		return;
	}
	h->state = UI_HUNT_ON;
	if (h->asking)
		h->ops->ask(h->hunt, h->question);
}

static void take_progress(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	struct pt_hunt_progress now = h->ops->progress(h->hunt);
	if (now.stage == h->progress.stage && now.pass == h->progress.pass && now.suspects == h->progress.suspects &&
	    now.done >= h->progress.done && now.done < h->progress.done + 0.001)
		return;
	if (now.pass < h->progress.pass) /* after sampling they begin anew */
		memset(h->suspects, 0xff, sizeof h->suspects);
	unsigned passes = now.stage == PT_HUNT_PASS ? now.pass - 1 : now.pass; /* that are over */
	if (now.suspects != UINT64_MAX && passes >= 1 && passes <= UI_HUNT_PASSES)
		h->suspects[passes - 1] = now.suspects;
	h->progress = now;
	shell->dirty = true;
}

static void take_pages(struct ui_hunt *h)
{
	struct pt_heap_page *pages = NULL;
	size_t n = 0;
	if (h->ops->pages(h->hunt, &pages, &n) < 0)
		return;
	free(h->pages);
	h->pages = pages;
	h->n_pages = n;
}

static void take_view(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	int error = 0;
	struct pt_hunt_view *view = h->ops->take(h->hunt, &error);
	if (!view && error && h->state == UI_HUNT_ON) {
		fail(shell, error);
		return;
	}
	if (!view)
		return;
	take_pages(h);
	pt_hunt_view_unref(h->view);
	h->view = view;
	h->version++;
	h->state = UI_HUNT_DONE;
	shell->dirty = true;
}

/* One that answers a question before is dropped. */
static void take_object(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	int error = 0;
	struct pt_object *object = h->asking ? h->ops->answer(h->hunt, &error) : NULL;
	if (!object && !error)
		return;
	if (object && object->asked != h->question) {
		h->ops->free_object(object);
		return;
	}
	if (h->object)
		h->ops->free_object(h->object);
	h->asking = false;
	h->object = object;
	h->object_of = h->question;
	h->object_error = object ? 0 : error;
	shell->dirty = true;
}

void ui_hunt_update(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	if (h->worker && !h->hunt)
		take_opened(shell);
	if (h->hunt)
		take_progress(shell);
	if (h->hunt)
		take_view(shell);
	if (h->hunt)
		take_object(shell);
}

/* ---- begin and end ---------------------------------------------------------------------------------------------- */

void ui_hunt_start(struct ui_shell *shell, const struct pt_hunt_options *options)
{
	struct ui_hunt *h = &shell->hunt;
	bool asking = h->asking;
	if (!shell->target.hunt || shell->target.status.state == PT_FEED_ENDED)
		return;
	let_go(h, 0);
	h->ops = shell->target.hunt;
	h->was_on = true;
	h->cancelled = false;
	h->asking = asking;
	h->options = *options;
	h->options.pages = true;
	h->progress = (struct pt_hunt_progress){.done = -1, .suspects = UINT64_MAX};
	memset(h->suspects, 0xff, sizeof h->suspects);
	h->began_ns = shell->now_ns;
	int error = ui_huntwork_new(&h->worker, h->ops);
	if (error) {
		h->worker = NULL;
		fail(shell, error);
		return;
	}
	h->state = UI_HUNT_OPENING;
	ui_worker_ask(h->worker, &(struct ui_hunt_request){shell->target.pid, h->options});
	shell->dirty = true;
}

void ui_hunt_cancel(struct ui_shell *shell)
{
	struct ui_hunt *h = &shell->hunt;
	if (!ui_hunt_busy(h))
		return;
	let_go(h, 0);
	h->state = UI_HUNT_OFF;
	h->cancelled = true;
	shell->dirty = true;
}

void ui_hunt_free(struct ui_hunt *h, int wait_ms)
{
	let_go(h, wait_ms);
	pt_hunt_view_unref(h->view);
	free(h->pages);
	if (h->object)
		h->ops->free_object(h->object);
	*h = (struct ui_hunt){0};
}

size_t ui_hunt_fds(const struct ui_hunt *h, int *fds, size_t n)
{
	size_t used = 0;
	if (h->worker && used < n)
		fds[used++] = ui_worker_fd(h->worker);
	if (h->hunt && used < n)
		fds[used++] = h->ops->fd(h->hunt);
	return used;
}

const char *ui_hunt_caption(struct ui_shell *shell)
{
	const struct ui_hunt *h = &shell->hunt;
	if (!ui_hunt_busy(h))
		return NULL;
	if (h->progress.stage != PT_HUNT_PASS)
		return "hunting";
	return ui_scratch_text(&shell->scratch, "hunting: pass %u", h->progress.pass);
}

/* ---- one object ------------------------------------------------------------------------------------------------- */

void ui_hunt_ask(struct ui_shell *shell, uint64_t address, bool again)
{
	struct ui_hunt *h = &shell->hunt;
	bool known = h->object_of == address && (h->object || h->object_error);
	if (!again && ((h->asking && h->question == address) || (known && !h->asking)))
		return;
	h->asking = true;
	h->question = address;
	h->object_error = 0;
	if (h->hunt)
		h->ops->ask(h->hunt, address);
	else if (!h->worker)
		ui_hunt_start(shell, &h->options);
	if (!h->worker && !h->hunt) { /* nobody there to ask */
		h->asking = false;
		h->object_of = address;
		h->object_error = h->state == UI_HUNT_FAILED ? h->error : -ESRCH;
	}
}

const struct pt_object *ui_hunt_answer(const struct ui_hunt *h, uint64_t address, int *ret_error)
{
	bool mine = h->object_of == address;
	*ret_error = mine && !h->asking ? h->object_error : 0;
	return mine ? h->object : NULL;
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

const struct ui_hunt *ui_hunt_now(const struct ui_shell *shell)
{
	return shell->target.back ? NULL : &shell->hunt;
}

static size_t page_from(const struct ui_hunt *h, uint64_t address)
{
	size_t low = 0, high = h->n_pages;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (h->pages[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_pages(const struct ui_hunt *h, struct pt_stretch piece, struct pt_bin_heap *ret)
{
	for (size_t i = page_from(h, piece.start); i < h->n_pages && h->pages[i].address < piece.end; i++) {
		const struct pt_heap_page *page = &h->pages[i];
		ret->live += page->kind == PT_HEAP_PAGE_LIVE;
		ret->mixed += page->kind == PT_HEAP_PAGE_MIXED;
		ret->leaked += page->kind == PT_HEAP_PAGE_LEAKED;
		ret->free += page->kind == PT_HEAP_PAGE_FREE;
		ret->own += page->kind == PT_HEAP_PAGE_OWN;
		ret->lost_bytes += page->lost;
		ret->free_bytes += page->free;
	}
}

void ui_hunt_bins(const struct ui_hunt *h, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		  uint64_t first, struct pt_bin *bins, size_t n)
{
	for (size_t i = 0; i < n; first += bins[i].pages, i++) {
		uint64_t at = first, end = first + bins[i].pages;
		bins[i].heap = (struct pt_bin_heap){.known = h && h->pages};
		while (bins[i].heap.known && at < end) {
			struct pt_stretch piece;
			uint64_t pages = pt_axis_piece(axis, snapshot, at, end, &piece);
			if (!pages)
				break;
			add_pages(h, piece, &bins[i].heap);
			at += pages;
		}
	}
}
