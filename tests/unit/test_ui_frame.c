/*
 * The frame screen: reached from a page, and what it says of a frame and of those who map it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/stage.h"
#include "tui/screens/screens.h"

/* To the frame behind an address of the made-up process; `read` is what the page screen shows once it has read that. */
static struct stage *at_frame_of(const char *address, const char *read)
{
	struct stage *stage = stage_open(STAGE_PID, 120, 40);
	stage_type(stage, ":");
	stage_type(stage, address);
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, read);
	stage_key(stage, 'f');
	return stage;
}

static void the_frame_of_a_page(void **arg)
{
	struct stage *stage = at_frame_of("55d100000000", "physical address");
	(void)arg;
	stage_expect(stage, "frame 0x120");
	stage_expect(stage, "This frame is anonymous memory of processes. It is mapped");
	stage_expect(stage, "anonymous");
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "frame 0x121");
	stage_key(stage, UI_KEY_LEFT);
	stage_expect(stage, "frame 0x120");
	stage_expect(stage, "Who maps it: its one mapping.");
	stage_key(stage, 'C');
	stage_expect(stage, "no file is known behind this frame: it holds no page of one");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "page 55d100000000");
	stage_close(stage);
}

static void from_a_frame_to_its_file(void **arg)
{
	struct stage *stage = at_frame_of("55d000000000", "physical address");
	(void)arg;
	stage_expect(stage, "It holds the file's bytes from 0x0 on: /usr/bin/program");
	stage_key(stage, 'C');
	stage_expect(stage, "file program");
	stage_expect(stage, "cached 20K of 24K");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "Who maps it:");
	stage_close(stage);
}

/* 0x600 is shared memory of two, of which one maps it twice. */
static void owners_of_a_frame(void **arg)
{
	struct stage *stage = stage_open(STAGE_PID, 80, 24);
	(void)arg;
	fixture_add(stage->fixture, "process 200 S start=7 other\nvma 10000-20000 rw-s inode=9 /dev/shm/a\xffsegment\n"
				    "page 12000 shmem pfn=0x600 count=3\npage 18000 shmem pfn=0x600 count=3\n");
	ui_shell_push(&stage->shell, ui_frame_new(&stage->shell, 0x600));
	stage_expect(stage, "Who maps it: all 3 mappings.");
	assert_true(stage_shows(stage, " owner   "));
	stage_expect(stage, "other");
	stage_expect(stage, "18000");
	stage_expect(stage, "It holds the file's bytes from 0x0 on: /dev/shm/a\\xffsegment");
	stage_expect(stage, "7f1000000000");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "page 7f1000000000");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_DOWN);
	stage_key(stage, UI_KEY_ENTER); /* a process that cannot be opened here */
	stage_expect(stage, "200: not permitted");
	stage_close(stage);
}

/* Where there is hardly room, or none. */
static void any_size(void **arg)
{
	static const int widths[] = {1, 2, 9, 21, 40, 80, 109, 110, 200}, heights[] = {1, 2, 3, 5, 8, 12, 17, 24, 60};
	struct stage *stage = stage_open(STAGE_PID, 80, 24);
	(void)arg;
	ui_shell_push(&stage->shell, ui_frame_new(&stage->shell, 0x600));
	stage_expect(stage, "Who maps it: 1 of 2 mappings found");
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
		for (size_t j = 0; j < sizeof heights / sizeof *heights; j++) {
			stage_resize(stage, widths[i], heights[j]);
			stage_shows(stage, "Who maps it");
			stage_key(stage, UI_KEY_PAGE_DOWN);
			stage_key(stage, UI_KEY_UP);
		}
	stage_resize(stage, 120, 40);
	stage_expect(stage, "Who maps it: 1 of 2 mappings found");
	stage_close(stage);
}

static void frames_that_nobody_maps(void **arg)
{
	struct stage *stage = stage_open(STAGE_PID, 80, 24);
	(void)arg;
	ui_shell_push(&stage->shell, ui_frame_new(&stage->shell, 0x918));
	stage_expect(stage, "This frame is free memory, in the page allocator.");
	stage_expect(stage, "Nobody maps it.");
	assert_false(stage_shows(stage, " owner   ")); /* a key that leads nowhere has no hint */
	ui_shell_pop(&stage->shell);
	ui_shell_push(&stage->shell, ui_frame_new(&stage->shell, 0x100000000));
	stage_expect(stage, "There is no such frame.");
	stage_close(stage);
}

static void without_a_process(void **arg)
{
	struct stage *stage = stage_open(0, 80, 24);
	(void)arg;
	ui_shell_push(&stage->shell, ui_frame_new(&stage->shell, 0x120));
	stage_expect(stage, "This frame is anonymous memory of processes.");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "processes");
	stage_close(stage);
}

static void a_page_without_a_frame(void **arg)
{
	struct stage *stage = at_frame_of("55d100012000", "swap entry"); /* on swap */
	(void)arg;
	stage_expect(stage, "no frame behind this page");
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frame_of_a_page),     cmocka_unit_test(from_a_frame_to_its_file),
		cmocka_unit_test(owners_of_a_frame),       cmocka_unit_test(any_size),
		cmocka_unit_test(frames_that_nobody_maps), cmocka_unit_test(without_a_process),
		cmocka_unit_test(a_page_without_a_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
