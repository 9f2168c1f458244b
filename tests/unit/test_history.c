/*
 * The history of made-up processes: every frame that it keeps is the one that was pushed, it stays within its bound by
 * what the heap says, and the start stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "core/history/history.h"
#include "tests/support/heap.h"
#include "tests/support/made.h"

#define SECOND 1000000000ull
#define MANY   2000 /* frames of a test that fills the history */

static struct pt_history *history;
static struct pt_past *past;

static void begin(size_t bytes)
{
	assert_int_equal(pt_history_new(bytes, &history), 0);
	past = pt_history_past(history);
}

static void end(void)
{
	past->ops->free(past);
}

/* Frames as they were pushed, by seq. */
static struct pt_snapshot *pushed[MANY + 1];

static void push_next(struct made *made)
{
	struct pt_snapshot *next = made_next(made);
	pushed[next->seq] = next;
	assert_int_equal(pt_history_push(history, next), 0);
}

static void drop_pushed(void)
{
	for (size_t i = 0; i <= MANY; i++) {
		pt_snapshot_unref(pushed[i]);
		pushed[i] = NULL;
	}
}

static struct pt_snapshot *at(uint64_t seq)
{
	struct pt_snapshot *snapshot = NULL;
	assert_int_equal(past->ops->at(past, seq, &snapshot), 0);
	return snapshot;
}

static void expect_at(uint64_t seq)
{
	struct pt_snapshot *snapshot = at(seq);
	assert_int_equal(snapshot->seq, seq);
	made_expect_equal(snapshot, pushed[seq]);
	pt_snapshot_unref(snapshot);
}

static uint64_t first_seq(void)
{
	return past->ops->step(past, 0, 0);
}

static uint64_t last_seq(void)
{
	return past->ops->step(past, UINT64_MAX, 0);
}

/* Calls with every seq that is kept, oldest first; returns how many there are. */
static size_t each_kept(void (*call)(uint64_t seq))
{
	size_t n = 1;
	for (uint64_t seq = first_seq();; n++) {
		uint64_t next = past->ops->step(past, seq, 1);
		call(seq);
		if (next == seq)
			break;
		assert_true(next > seq);
		seq = next;
	}
	assert_int_equal(n, past->ops->count(past));
	return n;
}

/* ---- what is kept ----------------------------------------------------------------------------------------------- */

static void kept_frames_are_those_that_were_pushed(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct made made;
		made_init(&made, seed, 200);
		begin(seed % 2 ? 200000 : 1 << 30);
		for (int i = 0; i < 300; i++) {
			push_next(&made);
			if (!made_random(&made, 10))
				expect_at(past->ops->step(past, made_random(&made, made.last->seq + 1), 0));
		}
		each_kept(expect_at);
		for (uint64_t seq = last_seq(); seq > first_seq(); seq = past->ops->step(past, seq, -1))
			expect_at(seq);
		if (seed % 2 == 0)
			assert_int_equal(past->ops->count(past), 300);
		else
			assert_in_range(past->ops->count(past), 3, 299);
		end();
		drop_pushed();
		made_end(&made);
	}
}

static void frames_that_are_not_complete_are_passed_over(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_snapshot *none;
	made_init(&made, 1, 100);
	begin(1 << 20);
	struct pt_snapshot *rough = made_next(&made);
	rough->stage = PT_STAGE_DETAIL;
	assert_int_equal(pt_history_push(history, rough), 0);
	assert_int_equal(past->ops->count(past), 0);
	assert_int_equal(past->ops->at(past, 1, &none), -ENODATA);
	assert_int_equal(past->ops->find(past, 1), 0);
	assert_int_equal(past->ops->step(past, 1, 1), 0);
	pt_snapshot_unref(rough);
	push_next(&made);
	assert_int_equal(past->ops->count(past), 1);
	expect_at(2);
	end();
	drop_pushed();
	made_end(&made);
}

static void moments_are_found(void **arg)
{
	(void)arg;
	struct made made;
	made_init(&made, 3, 100);
	begin(1 << 24);
	for (int i = 0; i < 20; i++)
		push_next(&made);
	assert_int_equal(first_seq(), 1);
	assert_int_equal(last_seq(), 20);
	assert_int_equal(past->ops->step(past, 5, 3), 8);
	assert_int_equal(past->ops->step(past, 5, -3), 2);
	assert_int_equal(past->ops->step(past, 5, -30), 1);
	assert_int_equal(past->ops->step(past, 5, 30), 20);
	assert_int_equal(past->ops->step(past, 5, INT64_MAX), 20);
	assert_int_equal(past->ops->step(past, 5, INT64_MIN), 1);
	assert_int_equal(past->ops->find(past, pushed[7]->realtime_ns), 7);
	assert_int_equal(past->ops->find(past, pushed[7]->realtime_ns - 1), 6);
	assert_int_equal(past->ops->find(past, 0), 1);
	assert_int_equal(past->ops->find(past, UINT64_MAX), 20);
	struct pt_snapshot *before = at(0);
	assert_int_equal(before->seq, 1);
	pt_snapshot_unref(before);
	end();
	drop_pushed();
	made_end(&made);
}

/* ---- the bound -------------------------------------------------------------------------------------------------- */

/* What the history alone holds, beside what the newest snapshot does: the heap without it, less the heap with it. */
static size_t held_by_history(size_t before)
{
	return heap_bytes() - before;
}

static void memory_stays_within_the_bound(void **arg)
{
	(void)arg;
	const size_t bounds[] = {100000, 300000, 1000000};
	for (int b = 0; b < 3; b++) {
		struct made made;
		made_init(&made, 11 + (uint64_t)b, 600);
		made.vma_changes = 20;
		begin(bounds[b]);
		for (int i = 0; i < MANY; i++) {
			struct pt_snapshot *next = made_next(&made);
			assert_int_equal(pt_history_push(history, next), 0);
			pt_snapshot_unref(next);
			assert_true(pt_history_bytes(history) <= bounds[b]);
			if (made_random(&made, 50))
				continue;
			pt_snapshot_unref(at(made_random(&made, next->seq)));
			assert_true(pt_history_bytes(history) <= bounds[b]);
		}
		size_t kept = past->ops->count(past), with = heap_bytes(), told = pt_history_bytes(history);
		assert_int_equal(first_seq(), 1);
		assert_true(kept > 5);
		end();
		size_t held = with - heap_bytes();
		assert_true(held <= told + told / 20);
		assert_true(held >= told / 2); /* it does not claim to be full when it is not */
		made_end(&made);
	}
}

static void what_the_newest_frame_has_costs_nothing(void **arg)
{
	(void)arg;
	struct made made;
	made_init(&made, 5, 20000);
	made.page_changes = made.chunk_changes = 1000;
	begin(1 << 20);
	push_next(&made);
	made.page_changes = made.chunk_changes = made.vma_changes = 0;
	size_t chunks = 0;
	for (size_t i = 0; i < pushed[1]->n_slots; i++)
		chunks += pt_chunk_bytes(pushed[1]->slots[i].chunk);
	size_t base = pt_history_bytes(history);
	for (int i = 0; i < 50; i++)
		push_next(&made);
	assert_true(chunks > 2 * base);
	assert_int_equal(past->ops->count(past), 51);
	end();
	drop_pushed();
	made_end(&made);
}

/* A bound that is too small for the start and the newest: the newest is there, and the start as far as a plot goes. */
static void start_is_let_go_where_it_does_not_fit(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_moment moments[10];
	size_t before = heap_bytes();
	made_init(&made, 5, 20000);
	made.page_changes = made.chunk_changes = 1000;
	begin(1 << 18);
	for (int i = 0; i < 5; i++) {
		struct pt_snapshot *next = made_next(&made);
		assert_int_equal(pt_history_push(history, next), 0);
		pt_snapshot_unref(next);
	}
	assert_int_equal(last_seq(), 5);
	assert_int_equal(first_seq(), 5);
	assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, 10), 5);
	assert_int_equal(moments[0].seq, 1);
	end();
	made_end(&made);
	assert_int_equal(held_by_history(before), 0);
}

/* Frames that change little after two that have nothing in common; the bound is what those two take, times `room`. */
static void push_after_upheaval(struct made *made, double room)
{
	made_init(made, 5, 20000);
	made->page_changes = made->chunk_changes = 1000;
	made->vma_changes = 0;
	begin(1 << 20);
	push_next(made);
	push_next(made);
	size_t two = pt_history_bytes(history);
	end();
	begin((size_t)((double)two * room));
	assert_int_equal(pt_history_push(history, pushed[1]), 0);
	assert_int_equal(pt_history_push(history, pushed[2]), 0);
	made->chunk_changes = 10;
	made->rereads = 0;
	for (int i = 0; i < 60; i++)
		push_next(made);
}

/* The start goes before it leaves no room for anything else. */
static void something_is_kept_between_a_large_start_and_now(void **arg)
{
	(void)arg;
	struct made made;
	push_after_upheaval(&made, 2);
	assert_int_equal(first_seq(), 1);
	assert_true(past->ops->count(past) > 10);
	end();
	drop_pushed();
	made_end(&made);
	push_after_upheaval(&made, 1.1);
	assert_true(past->ops->count(past) > 10);
	each_kept(expect_at);
	end();
	drop_pushed();
	made_end(&made);
}

static void spacing_grows_with_age(void **arg)
{
	(void)arg;
	struct made made;
	made_init(&made, 9, 300);
	made.vma_changes = 0;
	begin(150000);
	for (int i = 0; i < MANY; i++)
		push_next(&made);
	uint64_t last = last_seq(), seq = last;
	size_t n = 0;
	for (; seq > 1; n++) {
		uint64_t before = past->ops->step(past, seq, -1);
		/* what was missed is no more than half of how long ago it is */
		assert_true(seq - before <= 2 + (last - before) / 2);
		seq = before;
	}
	assert_true(n > 20);
	assert_int_equal(seq, 1);
	assert_int_equal(past->ops->step(past, last, -1), last - 1);
	end();
	drop_pushed();
	made_end(&made);
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static void marked_frames_go_last(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_mark marks[4];
	made_init(&made, 21, 300);
	begin(150000);
	for (int i = 1; i <= MANY; i++) {
		if (i == 100) /* before its frame is there */
			assert_int_equal(past->ops->mark(past, made.last->realtime_ns + 1, "second"), 0);
		push_next(&made);
		if (i == 500)
			assert_int_equal(past->ops->mark(past, pushed[499]->realtime_ns, "third"), 0);
		if (i == 600)
			assert_int_equal(past->ops->mark(past, 5, "a\033[2J" /* hostile */), 0);
	}
	assert_int_equal(past->ops->mark(past, UINT64_MAX, "to come"), 0);
	assert_true(past->ops->count(past) < 200);
	assert_int_equal(past->ops->marks(past, marks, 4), 4);
	assert_string_equal(marks[0].label, "a\033[2J");
	assert_int_equal(marks[0].seq, 1);
	assert_string_equal(marks[1].label, "second");
	assert_int_equal(marks[1].seq, 100);
	assert_string_equal(marks[2].label, "third");
	assert_int_equal(marks[2].seq, 499);
	assert_int_equal(marks[3].seq, 0);
	expect_at(100);
	expect_at(499);
	assert_int_equal(past->ops->marks(past, marks, 1), 4);
	end();
	drop_pushed();
	made_end(&made);
}

static void long_labels_are_cut(void **arg)
{
	(void)arg;
	struct pt_mark mark;
	char label[200];
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	begin(1 << 20);
	assert_int_equal(past->ops->mark(past, 1, label), 0);
	assert_int_equal(past->ops->marks(past, &mark, 1), 1);
	assert_int_equal(strlen(mark.label), sizeof(mark.label) - 1);
	end();
}

/* ---- plots ------------------------------------------------------------------------------------------------------ */

static void expect_moment(const struct pt_moment *m, const struct pt_counts *c)
{
	const struct pt_snapshot *s = pushed[m->seq];
	assert_int_equal(m->realtime_ns, s->realtime_ns);
	assert_int_equal(m->monotonic_ns, s->monotonic_ns);
	assert_int_equal(m->rss.value, c->n[PT_N_RSS] << MADE_SHIFT);
	assert_int_equal(m->anon.value, c->n[PT_N_ANON] << MADE_SHIFT);
	assert_int_equal(m->file.value, c->n[PT_N_FILE] << MADE_SHIFT);
	assert_int_equal(m->shmem.value, c->n[PT_N_SHMEM] << MADE_SHIFT);
	assert_int_equal(m->swap.value, c->n[PT_N_SWAP] << MADE_SHIFT);
	assert_int_equal(m->thp.value, c->n[PT_N_PMD_ANON] << MADE_SHIFT);
	assert_int_equal(m->hugetlb.value, c->n[PT_N_HUGETLB] << MADE_SHIFT);
	assert_int_equal(m->pss.value, c->pss >> PT_PSS_SHIFT);
	assert_true(m->rss.known && m->swap.known);
	assert_int_equal(m->anon.known, !c->n[PT_N_NO_KIND]);
}

static void plots_are_sums_of_pages(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_moment moments[100];
	made_init(&made, 31, 300);
	begin(1 << 24);
	for (int i = 0; i < 60; i++)
		push_next(&made);
	assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, 100), 60);
	for (size_t i = 0; i < 60; i++)
		expect_moment(&moments[i], &pushed[i + 1]->total);
	for (int i = 0; i < 300; i++) {
		uint64_t start = MADE_BASE + made_random(&made, 300) * MADE_PAGE;
		uint64_t stop = start + made_random(&made, 100) * MADE_PAGE;
		uint64_t first = made_random(&made, 61), last = first + made_random(&made, 20);
		ssize_t n = past->ops->plot(past, first, last, start, stop, moments, 100);
		last = last < 60 ? last : 60;
		first = first ? first : 1;
		assert_int_equal(n, first <= last ? last - first + 1 : 0);
		for (ssize_t k = 0; k < n; k++) {
			struct pt_counts plain = {0};
			assert_int_equal(moments[k].seq, first + (uint64_t)k);
			pt_snapshot_sum(pushed[moments[k].seq], start, stop, &plain);
			expect_moment(&moments[k], &plain);
		}
	}
	end();
	drop_pushed();
	made_end(&made);
}

static void plots_with_less_room_show_the_peaks(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_moment all[200], few[16];
	made_init(&made, 33, 300);
	begin(1 << 24);
	for (int i = 0; i < 200; i++)
		push_next(&made);
	for (int range = 0; range < 2; range++) {
		uint64_t start = range ? MADE_BASE : 0, stop = range ? MADE_BASE + 100 * MADE_PAGE : 0, peak = 0;
		assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, start, stop, all, 200), 200);
		assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, start, stop, few, 16), 16);
		for (int i = 0; i < 200; i++)
			peak = all[i].rss.value > peak ? all[i].rss.value : peak;
		bool shown = false;
		for (int i = 0; i < 16; i++) {
			uint64_t most = 0; /* frames are a second apart: stretch i begins with frame 200 * i / 16 */
			for (int k = (200 * i + 15) / 16; k < (200 * (i + 1) + 15) / 16 && k < 200; k++)
				most = all[k].rss.value > most ? all[k].rss.value : most;
			assert_in_range(few[i].rss.value, most - most / 10, peak);
			shown |= few[i].rss.value == peak;
			assert_true(!i || few[i].seq > few[i - 1].seq);
		}
		assert_true(shown);
	}
	assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, 0, 0, few, 0), 0);
	assert_int_equal(past->ops->plot(past, 201, UINT64_MAX, 0, 0, few, 16), 0);
	end();
	drop_pushed();
	made_end(&made);
}

static void expect_in_plot(uint64_t seq)
{
	struct pt_moment moment;
	assert_int_equal(past->ops->plot(past, seq, seq, 0, 0, &moment, 1), 1);
	expect_moment(&moment, &pushed[seq]->total);
}

/* Whatever was thinned out, frames or moments: what can be gone back to is in the plot, and so is the start. */
static void what_is_kept_can_be_plotted(void **arg)
{
	(void)arg;
	static struct pt_moment moments[MANY];
	for (int busy = 0; busy < 2; busy++) {
		struct made made;
		made_init(&made, 35, 400);
		made.chunk_changes = made.rereads = busy ? 300 : 0;
		made.vma_changes = 0;
		begin(300000);
		for (int i = 0; i < MANY; i++)
			push_next(&made);
		size_t kept = each_kept(expect_in_plot);
		ssize_t n = past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, MANY);
		assert_true((size_t)n >= kept);
		/* quiet frames cost less than the moments set aside for plots reach, busy ones more */
		if (busy)
			assert_true((size_t)n > kept + kept / 2);
		assert_int_equal(moments[0].seq, 1);
		for (ssize_t i = 1; i < n; i++)
			assert_true(moments[i].seq > moments[i - 1].seq);
		assert_int_equal(moments[n - 1].seq, MANY);
		end();
		drop_pushed();
		made_end(&made);
	}
}

/* ---- stories ---------------------------------------------------------------------------------------------------- */

static bool same(struct pt_page a, struct pt_page b)
{
	return a.bits == b.bits && a.pfn == b.pfn && a.count == b.count;
}

/* The chapters of one page, by looking at every frame. */
static size_t plain_story(uint64_t address, uint64_t last, uint64_t *seqs)
{
	struct pt_page page = {0};
	size_t n = 0;
	for (uint64_t seq = 1; seq <= last; seq++) {
		struct pt_page now = pt_snapshot_page(pushed[seq], address);
		if (seq == 1 || !same(page, now))
			seqs[n++] = seq;
		page = now;
	}
	return n;
}

static uint64_t slot_read(const struct pt_snapshot *s, uint64_t address)
{
	return pt_snapshot_oldest(s, address & ~(MADE_PAGE - 1), (address & ~(MADE_PAGE - 1)) + MADE_PAGE);
}

static void stories_are_what_frames_show(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_chapter chapters[100];
	uint64_t seqs[100];
	made_init(&made, 41, 300);
	begin(1 << 24);
	for (int i = 0; i < 60; i++)
		push_next(&made);
	for (int i = 0; i < 300; i++) {
		uint64_t address = MADE_BASE + (uint64_t)i * MADE_PAGE + 5, last = 1 + made_random(&made, 60);
		size_t n = plain_story(address, last, seqs), max = 1 + made_random(&made, 60);
		size_t told = n < max ? n : max;
		assert_int_equal(past->ops->story(past, address, last, chapters, max), told);
		for (size_t k = 0; k < told; k++) {
			uint64_t seq = seqs[n - told + k];
			const struct pt_snapshot *s = pushed[seq];
			assert_true(same(chapters[k].page, pt_snapshot_page(s, address)));
			assert_true(chapters[k].to_ns <= s->monotonic_ns + SECOND / 2);
			assert_int_equal(s->monotonic_ns - chapters[k].to_ns, s->realtime_ns - chapters[k].realtime_ns);
			if (seq == 1) {
				assert_int_equal(chapters[k].from_ns, 0);
				continue;
			}
			assert_true(chapters[k].from_ns < chapters[k].to_ns);
			if (s->process.image == pushed[seq - 1]->process.image)
				assert_int_equal(
					chapters[k].events,
					pt_page_events(pt_snapshot_page(pushed[seq - 1], address), chapters[k].page));
			else
				assert_int_equal(chapters[k].events, 0);
			/* it was read as it was before no later than that */
			uint64_t read_ns = slot_read(pushed[seq - 1], address);
			if (pt_snapshot_chunk(pushed[seq - 1], address) && read_ns != PT_NO_AGE)
				assert_true(chapters[k].from_ns >= read_ns);
		}
	}
	assert_int_equal(past->ops->story(past, MADE_BASE, 60, chapters, 0), 0);
	end();
	drop_pushed();
	made_end(&made);
}

/* ---- trouble ---------------------------------------------------------------------------------------------------- */

/* Memory runs out at one allocation after the other: what failed is missing, all else is right. */
static void memory_that_runs_out_leaves_a_gap(void **arg)
{
	(void)arg;
	size_t before = heap_blocks();
	unsigned gaps = 0;
	struct made made;
	made_init(&made, 51, 300);
	begin(100000);
	for (int i = 0; i < 600; i++) {
		struct pt_snapshot *next = made_next(&made), *got;
		pushed[next->seq] = next;
		heap_fail_at((unsigned long)i % 13);
		int error = pt_history_push(history, next);
		heap_fail_at((unsigned long)i % 7);
		if (past->ops->at(past, made_random(&made, next->seq), &got) == 0)
			pt_snapshot_unref(got);
		heap_fail_at(0);
		gaps += error != 0;
		assert_true(!error || error == -ENOMEM);
		if (!error)
			assert_int_equal(last_seq(), next->seq);
		expect_at(last_seq());
	}
	assert_in_range(gaps, 50, 300);
	each_kept(expect_at);
	end();
	drop_pushed();
	made_end(&made);
	assert_int_equal(heap_blocks(), before);
}

struct reader {
	pthread_t thread;
	struct made random;
	const bool *stop;
};

static void *read_on(void *arg)
{
	struct reader *reader = arg;
	struct pt_moment moments[50];
	struct pt_chapter chapters[20];
	struct pt_mark marks[4];
	while (!__atomic_load_n(reader->stop, __ATOMIC_ACQUIRE)) {
		struct pt_snapshot *snapshot = NULL;
		uint64_t seq = past->ops->step(past, made_random(&reader->random, MANY), 0), sum = 0;
		if (past->ops->at(past, seq, &snapshot))
			continue;
		for (size_t i = 0; i < snapshot->n_slots; i++)
			sum += pt_chunk_stat(snapshot->slots[i].chunk, PT_N_RSS);
		if (sum < snapshot->total.n[PT_N_RSS] || snapshot->seq > seq)
			abort();
		uint64_t address = MADE_BASE + made_random(&reader->random, 300) * MADE_PAGE;
		past->ops->plot(past, 0, UINT64_MAX, address, address + 40 * MADE_PAGE, moments, 50);
		past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, 50);
		past->ops->story(past, address, seq, chapters, 20);
		past->ops->marks(past, marks, 4);
		past->ops->find(past, snapshot->realtime_ns);
		pt_snapshot_unref(snapshot);
	}
	return NULL;
}

static void many_may_read_while_one_pushes(void **arg)
{
	(void)arg;
	struct made made;
	struct reader readers[3];
	bool stop = false;
	made_init(&made, 61, 300);
	begin(100000);
	push_next(&made);
	for (int i = 0; i < 3; i++) {
		readers[i].stop = &stop;
		made_init(&readers[i].random, 70 + (uint64_t)i, 1);
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
	}
	for (int i = 1; i < 500; i++) {
		push_next(&made);
		if (i % 50 == 0)
			assert_int_equal(past->ops->mark(past, made.last->realtime_ns, "now"), 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 3; i++)
		pthread_join(readers[i].thread, NULL);
	each_kept(expect_at);
	end();
	drop_pushed();
	made_end(&made);
}

static void a_feed_may_leave_after_the_screen(void **arg)
{
	(void)arg;
	size_t before = heap_blocks();
	struct made made;
	made_init(&made, 5, 100);
	begin(1 << 20);
	struct pt_feed_sink sink = pt_history_sink(history);
	struct pt_snapshot *first = made_next(&made);
	sink.frame(sink.arg, first);
	assert_int_equal(past->ops->count(past), 1);
	end();
	struct pt_snapshot *second = made_next(&made);
	sink.frame(sink.arg, second);
	sink.leave(sink.arg);
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
	made_end(&made);
	assert_int_equal(heap_blocks(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_frames_are_those_that_were_pushed),
		cmocka_unit_test(frames_that_are_not_complete_are_passed_over),
		cmocka_unit_test(moments_are_found),
		cmocka_unit_test(memory_stays_within_the_bound),
		cmocka_unit_test(what_the_newest_frame_has_costs_nothing),
		cmocka_unit_test(start_is_let_go_where_it_does_not_fit),
		cmocka_unit_test(something_is_kept_between_a_large_start_and_now),
		cmocka_unit_test(spacing_grows_with_age),
		cmocka_unit_test(marked_frames_go_last),
		cmocka_unit_test(long_labels_are_cut),
		cmocka_unit_test(plots_are_sums_of_pages),
		cmocka_unit_test(plots_with_less_room_show_the_peaks),
		cmocka_unit_test(what_is_kept_can_be_plotted),
		cmocka_unit_test(stories_are_what_frames_show),
		cmocka_unit_test(memory_that_runs_out_leaves_a_gap),
		cmocka_unit_test(many_may_read_while_one_pushes),
		cmocka_unit_test(a_feed_may_leave_after_the_screen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
