/*
 * Growth suspects: made-up processes whose VMAs hold what a series says, pushed frame by frame. What is steady, a sawtooth or a
 * warm-up is no suspect, leaks from 8 KiB/s on are; VMAs that grow, merge, split and move keep or lose their past.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hunt/suspects.h"
#include "core/scan/slots.h"
#include "tests/support/rounds.h"
#include "tests/support/series.h"

#define SHIFT     12
#define PAGE      ((uint64_t)1 << SHIFT)
#define SECOND_NS 1000000000ull
#define CHUNK     (PT_CHUNK_PAGES * PAGE)
#define PLACE     (CHUNK * 65536) /* VMAs begin at multiples of it */

/* ---- a process out of numbers ----------------------------------------------------------------------------------- */

struct made_vma {
	uint64_t start, pages; /* mapped */
	uint64_t held;         /* pages of it, the first */
	const char *path;
	bool file; /* what it holds is a file's */
};

static struct pt_suspects *suspects;
static unsigned image;

static int begin(void **state)
{
	(void)state;
	image = 0;
	return pt_suspects_new(&suspects);
}

static int end(void **state)
{
	(void)state;
	pt_suspects_unref(suspects);
	return 0;
}

static struct pt_vma_table *table_of(const struct made_vma *v, size_t n)
{
	struct pt_vma_table *table = pt_vma_table_new(n, 1);
	assert_non_null(table);
	for (size_t i = 0; i < n; i++)
		table->v[table->n++] = (struct pt_vma){.start = v[i].start,
						       .end = v[i].start + v[i].pages * PAGE,
						       .perms = PT_READ | PT_WRITE,
						       .inode = v[i].file ? 7 : 0,
						       .path = v[i].path ? v[i].path : ""};
	pt_vma_table_set_roles(table);
	return table;
}

/* A chunk whose first n pages are there; the same object each time. */
static struct pt_chunk *chunks[2][PT_CHUNK_PAGES + 1];

static struct pt_chunk *chunk_of(uint64_t n, bool file)
{
	struct pt_page pages[PT_CHUNK_PAGES] = {0};
	n = n < PT_CHUNK_PAGES ? n : PT_CHUNK_PAGES;
	for (uint64_t i = 0; i < n; i++)
		pages[i].bits = file ? PT_FILE : PT_ANON;
	if (!chunks[file][n])
		chunks[file][n] = pt_chunk_new(pages, SHIFT);
	return pt_chunk_ref(chunks[file][n]);
}

static int forget_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i <= PT_CHUNK_PAGES; i++)
		for (size_t file = 0; file < 2; file++)
			if (chunks[file][i])
				pt_chunk_unref(chunks[file][i]);
	return 0;
}

static void fill(struct pt_slots *slots, const struct made_vma *v)
{
	for (uint64_t done = 0; done < v->held; done += PT_CHUNK_PAGES)
		assert_int_equal(pt_slots_push(slots, v->start / CHUNK + done / PT_CHUNK_PAGES,
					       chunk_of(v->held - done, v->file), 1),
				 0);
}

static void frame(double seconds, const struct made_vma *v, size_t n)
{
	struct pt_snapshot *s = pt_snapshot_new(table_of(v, n), SHIFT);
	struct pt_slots slots = {0};
	assert_non_null(s);
	for (size_t i = 0; i < n; i++)
		fill(&slots, &v[i]);
	assert_int_equal(pt_snapshot_set_slots(s, NULL, slots.v, slots.n), 0);
	for (int i = 0; i < PT_SIG_N; i++)
		s->signals.of[i] = (struct pt_signal_state){PT_GIVEN, "", NULL};
	s->stage = PT_STAGE_COMPLETE;
	s->process.image = image;
	s->monotonic_ns = (uint64_t)(seconds * 1e9) + SECOND_NS;
	assert_int_equal(pt_suspects_push(suspects, s), 0);
	pt_snapshot_unref(s);
}

/* One VMA of the heap, a second after the other. */
static void heap_frames(unsigned from, unsigned to, uint64_t held, double per_s)
{
	for (unsigned i = from; i < to; i++)
		frame(i, &(struct made_vma){PLACE, 60000, held + (uint64_t)(per_s * (i - from)), "[heap]", false}, 1);
}

static const struct pt_suspect *of(struct pt_growing **g, uint64_t start)
{
	pt_growing_unref(*g);
	*g = pt_suspects_latest(suspects);
	return *g ? pt_growing_in(*g, start, start + 1) : NULL;
}

static bool grows(uint64_t start)
{
	struct pt_growing *g = NULL;
	bool does = of(&g, start) != NULL;
	pt_growing_unref(g);
	return does;
}

/* ---- what grows ------------------------------------------------------------------------------------------------- */

static void a_leak_of_8_kib_a_second_is_a_suspect(void **state)
{
	struct pt_growing *g = NULL;
	(void)state;
	heap_frames(0, 100, 500, 2);
	const struct pt_suspect *s = of(&g, PLACE);
	assert_non_null(s);
	assert_true(s->slope > 7.5 * 1024 && s->slope < 8.5 * 1024);
	assert_int_equal(s->role, PT_ROLE_HEAP);
	assert_true(s->began_ns < 8 * SECOND_NS);
	assert_in_range(s->bytes, 180 * PAGE, 200 * PAGE);
	assert_true(g->known);
	assert_int_equal(g->n_roles, 1);
	assert_true(g->roles[0].grows && g->roles[0].role == PT_ROLE_HEAP);
	assert_ptr_equal(pt_growing_first(g), s);
	pt_growing_unref(g);
}

static void too_little_data_is_not_no(void **state)
{
	(void)state;
	heap_frames(0, 14, 500, 2);
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_non_null(g);
	assert_false(g->known);
	assert_true(g->need_ns > 30 * SECOND_NS);
	assert_int_equal(g->n_vmas, 1);
	assert_false(g->vmas[0].grows);
	assert_null(pt_growing_in(g, 0, UINT64_MAX));
	assert_null(pt_growing_first(g));
	pt_growing_unref(g);
}

static void what_has_stopped_is_no_suspect_any_more(void **state)
{
	(void)state;
	heap_frames(0, 100, 500, 20);
	assert_true(grows(PLACE));
	heap_frames(100, 200, 2500, 0);
	assert_false(grows(PLACE));
}

static void a_leak_that_begins_late_is_found(void **state)
{
	struct pt_growing *g = NULL;
	(void)state;
	heap_frames(0, 600, 500, 0);
	assert_null(of(&g, PLACE));
	assert_true(g->known);
	heap_frames(600, 900, 500, 2);
	const struct pt_suspect *s = of(&g, PLACE);
	assert_non_null(s);
	assert_true(s->began_ns > 550 * SECOND_NS && s->began_ns < 680 * SECOND_NS);
	pt_growing_unref(g);
}

/* Whether it is listed at all, as what grows or as what may. */
static bool listed(void)
{
	struct pt_growing *g = pt_suspects_latest(suspects);
	bool is = g->n_vmas > 0;
	pt_growing_unref(g);
	return is;
}

static void play(const uint64_t *t, const double *v, size_t n)
{
	double low = v[0];
	for (size_t i = 0; i < n; i++)
		low = v[i] < low ? v[i] : low;
	for (size_t i = 0; i < n; i++)
		frame((double)(t[i] - t[0]) / 1e9,
		      &(struct made_vma){PLACE, 400000, 10 + (uint64_t)(v[i] - low) / PAGE, "", false}, 1);
}

/* What is steady is no suspect when its run ends; leaks are, or are said not to be known yet where a run is short. */
static void programs_are_judged_as_they_should_be(void **state)
{
	static uint64_t t[120];
	static double v[120];
	size_t alarms = 0, missed = 0;
	(void)state;
	for (enum series_shape shape = 0; shape <= SERIES_LEAK_1M; shape++)
		for (size_t run = 0; run < 3 * rounds(10); run++) {
			size_t n = run % 3 ? 120 : 60;
			series_make(shape, 9000 + run, n, t, v);
			play(t, v, n);
			bool alarm = grows(PLACE), leak = series_rate(shape) > 0;
			alarms += alarm && !leak;
			missed += leak && !alarm && (n == 120 || !listed());
			if (alarm != leak)
				print_message("%s of %zu samples, seed %zu\n", series_name(shape), n, 9000 + run);
			end(NULL);
			begin(NULL);
		}
	assert_int_equal(alarms, 0);
	assert_int_equal(missed, 0);
}

/* ---- VMAs that change ------------------------------------------------------------------------------------------- */

static void a_vma_that_grows_at_either_end_keeps_its_past(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		uint64_t pages = 100 + (uint64_t)i * 16; /* down, in steps of whole chunks */
		struct made_vma v[] = {{PLACE - pages * PAGE, pages, pages, "", false},
				       {2 * PLACE, 200 + i, 200 + i, "", false}};
		frame(i, v, 2);
	}
	struct pt_growing *g = pt_suspects_latest(suspects); /* of some seconds before the last frame */
	assert_non_null(pt_growing_in(g, PLACE - (100 + 99 * 16) * PAGE, PLACE));
	pt_growing_unref(g);
	assert_true(grows(2 * PLACE));
}

static void vmas_that_merge_add_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		struct made_vma v[] = {{PLACE, 800, 80 + 4 * (uint64_t)i, "", false},
				       {PLACE + 1600 * PAGE, 800, 800, "", false}};
		frame(i, v, 2);
	}
	for (unsigned i = 60; i < 100; i++) {
		uint64_t held = 880 + 4 * (uint64_t)i;
		frame(i, &(struct made_vma){PLACE, 4000, held, "", false}, 1);
	}
	assert_true(grows(PLACE));
}

/* What a cut leaves has a past that nobody can tell; it must not seem to come out of nothing, nor to go on for ever. */
static void what_a_cut_leaves_is_not_known_yet(void **state)
{
	struct pt_growing *g = NULL;
	(void)state;
	heap_frames(0, 90, 3000, 0);
	for (unsigned i = 90; i < 100; i++) {
		struct made_vma v[] = {{PLACE, 800, 800, "[heap]", false},
				       {PLACE + 1600 * PAGE, 4000, 1400 + 4 * (uint64_t)(i - 90), "[heap]", false}};
		frame(i, v, 2);
	}
	assert_null(of(&g, PLACE));
	assert_null(of(&g, PLACE + 1600 * PAGE));
	assert_int_equal(g->n_vmas, 1);
	assert_int_equal(g->vmas[0].start, PLACE + 1600 * PAGE);
	pt_growing_unref(g);
}

/* Many small VMAs: none of them grows, their role does. */
static void a_role_grows_where_no_vma_does(void **state)
{
	static struct made_vma v[400];
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		size_t n = 20 + 3 * i;
		for (size_t k = 0; k < n; k++)
			v[k] = (struct made_vma){(k + 1) * PLACE, 8, 8, "", false};
		frame(i, v, n);
	}
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_null(pt_growing_in(g, 0, UINT64_MAX));
	const struct pt_suspect *s = pt_growing_first(g);
	assert_non_null(s);
	assert_true(!s->end && s->role == PT_ROLE_ANON);
	assert_true(s->slope > 22 * PAGE && s->slope < 26 * PAGE);
	pt_growing_unref(g);
}

static void pages_of_files_are_no_growth(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		frame(i, &(struct made_vma){PLACE, 4000, 10 * (uint64_t)i, "/data", true}, 1);
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_int_equal(g->n_vmas, 0);
	assert_int_equal(g->n_roles, 0);
	pt_growing_unref(g);
}

static void another_program_begins_anew(void **state)
{
	(void)state;
	heap_frames(0, 100, 500, 4);
	assert_true(grows(PLACE));
	image = 1;
	heap_frames(100, 101, 900, 4);
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_true(!g || !g->known);
	pt_growing_unref(g);
	assert_false(grows(PLACE));
}

/* Ten frames a second are no more than two samples of it, and an hour of them no more memory. */
static void long_watches_stay_small(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4000; i++)
		frame(i, &(struct made_vma){PLACE, 4000, 10 + i / 2, "[heap]", false}, 1);
	struct pt_growing *g = pt_suspects_latest(suspects);
	const struct pt_suspect *s = pt_growing_in(g, PLACE, PLACE + 1);
	assert_non_null(s);
	assert_true(s->slope > 1900 && s->slope < 2200);
	assert_true(s->began_ns < 200 * SECOND_NS);
	assert_true(g->from_ns < 60 * SECOND_NS);
	pt_growing_unref(g);
}

/* What there is no room to judge one by one is counted, and their role still grows. */
static void too_many_to_judge_are_counted(void **state)
{
	enum { VMAS = 9000 };
	static struct made_vma v[VMAS];
	(void)state;
	for (unsigned i = 0; i < 70; i++) {
		for (size_t k = 0; k < VMAS; k++)
			v[k] = (struct made_vma){(k + 1) * PLACE, 200, 1 + i / 2, "", false};
		frame(i, v, VMAS);
	}
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_int_equal(g->unjudged, VMAS - PT_SUSPECTS_MOST);
	assert_true(g->n_roles == 1 && g->roles[0].grows);
	pt_growing_unref(g);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_leak_of_8_kib_a_second_is_a_suspect),
		TEST(too_little_data_is_not_no),
		TEST(what_has_stopped_is_no_suspect_any_more),
		TEST(a_leak_that_begins_late_is_found),
		TEST(programs_are_judged_as_they_should_be),
		TEST(a_vma_that_grows_at_either_end_keeps_its_past),
		TEST(vmas_that_merge_add_up),
		TEST(what_a_cut_leaves_is_not_known_yet),
		TEST(a_role_grows_where_no_vma_does),
		TEST(pages_of_files_are_no_growth),
		TEST(another_program_begins_anew),
		TEST(long_watches_stay_small),
		TEST(too_many_to_judge_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, forget_chunks);
}
