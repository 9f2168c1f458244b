/*
 * The hunt screen and that of one object: tables, states and keys on made-up views; the heap as a layer of the map; what
 * goes on growing, marked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/canvas_check.h"
#include "tests/support/scripted_hunt.h"
#include "tests/support/stage.h"
#include "tui/screens/screens.h"

static struct stage *stage;

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

static void at(int w, int h)
{
	stage = stage_open(STAGE_PID, w, h);
}

static void open_hunt(void)
{
	stage_key(stage, 'H');
	stage_expect(stage, "Hunting");
	while (!scripted_hunt.opened)
		stage_wait(stage);
}

static void show(struct pt_hunt_view *view, const char *expected)
{
	scripted_hunt_push(view, true);
	stage_expect(stage, expected);
}

static void hunted(struct pt_hunt_view *view, const char *expected)
{
	open_hunt();
	show(view, expected);
}

static struct ui_screen *top(void)
{
	return stage->shell.stack[stage->shell.depth - 1];
}

/* What is between title and footer. */
static void check_body(const char *name)
{
	struct wg_canvas *c = &stage->canvas;
	char full[64];
	stage->shell.now_ns = 1000000000000ull + 5000000000ull; /* five seconds after the hunt */
	struct wg_canvas body = check_canvas(c->w, c->h - 2, CHECK_HALVES);
	wg_fill(&body, (struct wg_rect){0, 0, body.w, body.h}, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	top()->ops->draw(top(), &stage->shell, &body, (struct wg_rect){0, 0, body.w, body.h});
	snprintf(full, sizeof full, "hunt-%s-%dx%d", name, c->w, c->h);
	check_golden_in(&body, "screens", full);
	wg_canvas_free(&body);
}

/* ---- what is drawn ---------------------------------------------------------------------------------------------- */

static const int sizes[][2] = {{80, 24}, {120, 40}};
#define SIZES (sizeof sizes / sizeof *sizes)

static void every_table_is_as_it_was_drawn(void **arg)
{
	static const char *const names[] = {"leaks", "groups", "objects", "sites", "heap"};
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		hunted(made_hunt_with_sites(), "objects leaked");
		for (unsigned tab = 0; tab < 5; tab++) {
			stage_key(stage, '1' + tab);
			check_body(names[tab]);
		}
		leave(NULL);
	}
}

static void a_hunt_under_way_is_as_it_was_drawn(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		open_hunt();
		scripted_hunt_progress(PT_HUNT_PASS, 2, 0.1, 2431);
		stage_expect(stage, "after each pass: 2.43k");
		scripted_hunt_progress(PT_HUNT_PASS, 3, 0.4, 2100);
		stage_expect(stage, "2.1k");
		check_body("passes");
		leave(NULL);
	}
}

static void nothing_leaked_is_said_in_one_sentence(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		hunted(made_clean_hunt(), "every one of 512345 objects is reachable");
		check_body("clean");
		leave(NULL);
	}
}

static void without_a_verdict_it_says_so_and_shows_what_grows(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		hunted(made_no_verdict("jemalloc", NULL), "comes from jemalloc");
		stage_expect(stage, "No verdict");
		stage_expect(stage, "what grows");
		stage_expect_not(stage, "reachable");
		check_body("no-verdict");
		leave(NULL);
	}
}

static void objects_are_as_they_were_drawn(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		hunted(made_hunt(), "objects leaked");
		stage_type(stage, "3\n");
		stage_expect(stage, "Looking at it");
		scripted_hunt_reply(made_lost_object(), 0);
		stage_expect(stage, "nothing points to it");
		check_body("lost-object");
		stage_key(stage, UI_KEY_ESC);
		ui_shell_push(&stage->shell, ui_object_new(&stage->shell, MADE_LIVE + 16));
		struct pt_object *live = made_live_object();
		live->asked = MADE_LIVE + 16;
		scripted_hunt_reply(live, 0);
		stage_expect(stage, "Alive: server+0x88");
		check_body("live-object");
		leave(NULL);
	}
}

static void sweep_draw(struct wg_canvas *c, struct wg_rect rect)
{
	ui_shell_draw(&stage->shell, c, rect);
}

static void every_size_is_drawn_within_its_bounds(void **arg)
{
	(void)arg;
	for (unsigned tab = 0; tab < 6; tab++) {
		at(120, 40);
		hunted(made_hunt_with_sites(), "objects leaked");
		if (tab < 5) {
			stage_key(stage, '1' + tab);
		} else {
			ui_shell_push(&stage->shell, ui_object_new(&stage->shell, MADE_LIVE));
			scripted_hunt_reply(made_live_object(), 0);
			stage_expect(stage, "Alive");
		}
		check_sizes(sweep_draw, 90, 20, false);
		leave(NULL);
	}
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

static void a_hunt_begins_when_the_screen_is_opened_and_once(void **arg)
{
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	assert_int_equal(scripted_hunt.opened, 1);
	assert_true(scripted_hunt.options.pages);
	assert_int_equal(scripted_hunt.options.sites_ns, 0);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "ADDRESS");
	stage_key(stage, 'H');
	stage_expect(stage, "objects leaked");
	assert_int_equal(scripted_hunt.opened, 1);
	stage_key(stage, 'a');
	stage_expect(stage, "Hunting");
	stage_expect(stage, "objects leaked"); /* what was found before stays meanwhile */
	while (scripted_hunt.opened < 2)
		stage_wait(stage);
	show(made_clean_hunt(), "Nothing leaked");
	stage_expect_not(stage, "Hunting");
}

static void escape_cancels_and_then_leads_back(void **arg)
{
	(void)arg;
	at(120, 40);
	open_hunt();
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "was cancelled");
	while (!scripted_hunt.closed)
		stage_wait(stage);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "ADDRESS");
	stage_key(stage, 'H'); /* it was asked for once, and then not wanted */
	stage_expect(stage, "was cancelled");
	assert_int_equal(scripted_hunt.opened, 1);
}

static void call_sites_are_sampled_when_asked_for(void **arg)
{
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	stage_key(stage, '4');
	stage_expect(stage, "not sampled: c does so");
	stage_key(stage, 'c');
	while (scripted_hunt.opened < 2)
		stage_wait(stage);
	assert_true(scripted_hunt.options.sites_ns > 0);
	scripted_hunt_progress(PT_HUNT_SITES, 3, 0.5, 100);
	stage_expect(stage, "samples which calls");
	stage_expect(stage, "being sampled");
	scripted_hunt_progress(PT_HUNT_PASS, 2, 0.5, 4321);
	stage_expect(stage, "4.32k");
	scripted_hunt_progress(PT_HUNT_PASS, 1, 0.5, 4321); /* anew, to go with what was sampled */
	stage_expect(stage, "pass 1");
	stage_expect_not(stage, "4.32k");
	show(made_hunt_with_sites(), "net::TlsConnection::make(int)");
	stage_expect(stage, "accept_client");
}

static void what_fails_says_why(void **arg)
{
	static const struct {
		int error;
		const char *words;
	} all[] = {{-ESRCH, "has ended"}, {-EPERM, "Not permitted"}, {-EBUSY, "another tracer"}, {-EIO, "failed"}};
	(void)arg;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		at(120, 40);
		scripted_hunt.open_error = all[i].error;
		stage_key(stage, 'H');
		stage_expect(stage, all[i].words);
		scripted_hunt.open_error = 0;
		stage_key(stage, 'a');
		stage_expect(stage, "Hunting");
		scripted_hunt_fail(all[i].error); /* on its way */
		stage_expect(stage, all[i].words);
		leave(NULL);
	}
}

static void what_limits_an_answer_is_said(void **arg)
{
	(void)arg;
	at(200, 40);
	struct pt_hunt_view *v = made_hunt();
	v->converged = false;
	v->swapped_unread = 3 << 20;
	v->broken = 5 << 20;
	v->stopped_all_ns = 90000000;
	hunted(v, "did not come to rest");
	stage_expect(stage, "3M swapped out, not read");
	stage_expect(stage, "5M of heap not understood");
	stage_expect(stage, "stood still for 90 ms");
	stage_expect(stage, "90 weakly held");
	stage_expect(stage, "17 hidden suspects");
}

/* ---- deeper ----------------------------------------------------------------------------------------------------- */

static void leaks_that_are_alike_are_one_row_and_lead_to_their_objects(void **arg)
{
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	stage_expect(stage, "1 leaks: 5");
	stage_expect(stage, "1.2k leaks that are alike");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "2.4k of this leak");
	stage_expect(stage, "net::TlsConnection");
	stage_expect_not(stage, "begins with 0x41");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "leaks that are alike");
	stage_type(stage, "2");
	stage_key(stage, UI_KEY_END);
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "of this group");
}

static void tables_are_sorted_and_filtered(void **arg)
{
	int x, y, other;
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	stage_type(stage, "2/Tls\n");
	stage_expect(stage, "1 found by /Tls/");
	stage_type(stage, "/\b\b\b\n");
	stage_expect(stage, "begins with zeroes");
	stage_type(stage, "sS"); /* by count, ascending */
	assert_true(stage_find(stage, "no telling first word", &x, &other));
	assert_true(stage_find(stage, "begins with zeroes", &x, &y));
	assert_true(y < other);
}

static void pointers_are_followed_and_lead_back(void **arg)
{
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	ui_shell_push(&stage->shell, ui_object_new(&stage->shell, MADE_LIVE));
	scripted_hunt_reply(made_live_object(), 0);
	stage_expect(stage, "Alive");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "a root");
	stage_key(stage, UI_KEY_END);
	stage_key(stage, UI_KEY_UP);
	stage_key(stage, UI_KEY_ENTER); /* what it points to first */
	assert_int_equal(scripted_hunt.asked, 0x55d100003010);
	struct pt_object *next = made_lost_object();
	next->asked = next->address = 0x55d100003010;
	scripted_hunt_reply(next, 0);
	stage_expect(stage, "nothing points to it");
	stage_key(stage, UI_KEY_ESC);
	assert_int_equal(scripted_hunt.asked, MADE_LIVE);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "objects leaked");
}

/* The answer to the question before is none to this one. */
static void a_late_answer_is_not_taken_for_another(void **arg)
{
	(void)arg;
	at(120, 40);
	hunted(made_hunt(), "objects leaked");
	ui_shell_push(&stage->shell, ui_object_new(&stage->shell, 0x55d100009000));
	scripted_hunt_reply(made_live_object(), 0);
	for (int i = 0; i < 5; i++)
		stage_wait(stage);
	stage_expect_not(stage, "Alive");
	scripted_hunt_reply(NULL, -ENOTSUP);
	stage_expect(stage, "objects cannot be told apart");
}

static void pages_lead_to_objects_and_back(void **arg)
{
	(void)arg;
	at(200, 40);
	stage_type(stage, ":55d100001000\n");
	stage_expect(stage, "page 55d100001000");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "A hunt is under way");
	while (!scripted_hunt.asks)
		stage_wait(stage);
	assert_int_equal(scripted_hunt.asked, 0x55d100001000);
	show(made_hunt(), "Looking at it");
	struct pt_object *o = made_lost_object();
	o->asked = 0x55d100001000;
	o->address = 0x55d100000ff0;
	scripted_hunt_reply(o, 0);
	stage_expect(stage, "asked by its byte 16");
	stage_key(stage, 'p');
	stage_expect(stage, "page 55d100000000");
	stage_key(stage, UI_KEY_ENTER); /* another object: the one below is known no more */
	o = made_live_object();
	o->asked = 0x55d100000000; /* in the header before it */
	o->address = 0x55d100000010;
	scripted_hunt_reply(o, 0);
	stage_expect(stage, "Alive");
	stage_expect(stage, "asked by what the allocator keeps before it");
	stage_expect(stage, "object 55d100000ff0");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "Looking at it");
	assert_int_equal(scripted_hunt.asked, 0x55d100001000);
}

static void contents_alone_scroll(void **arg)
{
	(void)arg;
	at(80, 24);
	hunted(made_hunt(), "objects leaked");
	ui_shell_push(&stage->shell, ui_object_new(&stage->shell, MADE_LIVE));
	scripted_hunt_reply(made_live_object(), 0);
	stage_expect(stage, "why alive");
	stage_key(stage, 'x');
	stage_expect_not(stage, "why alive");
	stage_expect(stage, "55d100002040:");
	stage_key(stage, UI_KEY_DOWN);
	stage_expect_not(stage, "55d100002040:");
	stage_key(stage, UI_KEY_END);
	stage_expect(stage, "55d1000021f0:");
}

/* ---- the map ---------------------------------------------------------------------------------------------------- */

static void the_heap_is_a_layer_of_the_map(void **arg)
{
	(void)arg;
	at(160, 40);
	stage_type(stage, "[");
	stage_expect(stage, "layer: heap");
	stage_expect(stage, "press H to hunt");
	hunted(made_hunt(), "objects leaked");
	stage_type(stage, "5\n");
	stage_expect(stage, "layer: heap");
	stage_expect(stage, "leaked and live");
	stage_key(stage, '-');
	stage_type(stage, "n");
	stage_expect(stage, "55d100001000");
	stage_expect(stage, "3.91K leaked");
	stage_type(stage, "w");
	stage_expect(stage, "all VMAs end to end");
}

/* ---- what grows ------------------------------------------------------------------------------------------------- */

static void what_goes_on_growing_is_marked(void **arg)
{
	char line[80];
	(void)arg;
	at(120, 40);
	stage_expect(stage, "growth: not known yet");
	for (unsigned i = 0; i < 90; i++) {
		snprintf(line, sizeof line, "page 7f0000%06x anon pfn=0x%x\n", 0x100000 + i * 2 * 4096, 0x2000 + i * 2);
		fixture_add(stage->fixture, line);
		snprintf(line, sizeof line, "page 7f0000%06x anon pfn=0x%x\n", 0x101000 + i * 2 * 4096, 0x2001 + i * 2);
		fixture_add(stage->fixture, line);
		stage_frame(stage);
	}
	stage_expect(stage, "\u25b2 anonymous 7f0000000000 grows 8K/s for");
	stage_expect(stage, "\u25b2 8K/s");
	hunted(made_no_verdict(NULL, NULL), "No verdict");
	stage_expect(stage, "by 6");
}

static void recordings_have_nothing_to_hunt_in(void **arg)
{
	(void)arg;
	at(120, 40);
	stage->shell.target.hunt = NULL;
	stage_key(stage, 'H');
	stage_expect(stage, "it has no contents of memory");
	stage_key(stage, 'a');
	stage_expect(stage, "nothing can be hunted in it");
	assert_int_equal(scripted_hunt.opened, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, leave)
	const struct CMUnitTest tests[] = {
		TEST(every_table_is_as_it_was_drawn),
		TEST(a_hunt_under_way_is_as_it_was_drawn),
		TEST(nothing_leaked_is_said_in_one_sentence),
		TEST(without_a_verdict_it_says_so_and_shows_what_grows),
		TEST(objects_are_as_they_were_drawn),
		TEST(every_size_is_drawn_within_its_bounds),
		TEST(a_hunt_begins_when_the_screen_is_opened_and_once),
		TEST(escape_cancels_and_then_leads_back),
		TEST(call_sites_are_sampled_when_asked_for),
		TEST(what_fails_says_why),
		TEST(what_limits_an_answer_is_said),
		TEST(leaks_that_are_alike_are_one_row_and_lead_to_their_objects),
		TEST(tables_are_sorted_and_filtered),
		TEST(pointers_are_followed_and_lead_back),
		TEST(a_late_answer_is_not_taken_for_another),
		TEST(pages_lead_to_objects_and_back),
		TEST(contents_alone_scroll),
		TEST(the_heap_is_a_layer_of_the_map),
		TEST(what_goes_on_growing_is_marked),
		TEST(recordings_have_nothing_to_hunt_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
