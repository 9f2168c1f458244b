/*
 * A stage: the shell with all its screens on made-up processes, without a terminal. A test presses keys and looks at
 * what is drawn; frames come when the test says so, read from a fixture by the real scan.
 */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include "core/record/record.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted_feed.h"
#include "tests/support/scripted_past.h"
#include "tui/shell.h"

#define STAGE_PID 100 /* the made-up process that can be looked at; others of the list cannot */

struct stage {
	struct fixture *fixture;
	struct ui_options options;
	struct ui_shell shell;
	struct scripted_feed *feed;   /* of the target, while there is one */
	struct scripted_past *past;   /* of the target: every frame there was */
	struct pt_feed_sink tap;      /* likewise: for a recording */
	struct pt_suspects *suspects; /* of the target; borrowed from it */
	uint64_t seq;                 /* of the newest frame */
	bool no_past;                 /* targets opened from now on have none */
	struct wg_canvas canvas;
	uint64_t now_ns;
};

/*
 * With pid 0 it starts at the list of processes. The first frame is there: VMAs of all roles, pages of all kinds, and
 * names that are hostile.
 */
struct stage *stage_open(pid_t pid, int w, int h);
/* The list of processes of other sources. */
struct stage *stage_list(const struct ui_sources *others, int w, int h);
/* On a recording, from a moment on (0: its start). Takes over the reader. */
struct stage *stage_replay(struct pt_reader *reader, uint64_t seq, int w, int h);
void stage_close(struct stage *stage);

/* The fixture as it is now becomes the next frame, a second later. */
void stage_frame(struct stage *stage);
/* The snapshot such a frame would be; the caller owns it. */
struct pt_snapshot *stage_snapshot(struct stage *stage);

void stage_key(struct stage *stage, uint32_t key);
void stage_type(struct stage *stage, const char *keys);
void stage_mouse(struct stage *stage, enum ui_mouse what, int x, int y);
void stage_resize(struct stage *stage, int w, int h);

/* Draws, and looks for a text; in any line, or in line y. */
bool stage_shows(struct stage *stage, const char *text);
bool stage_line_has(struct stage *stage, int y, const char *text);
/* The same, waiting for workers; fails the test with the screen after some seconds. */
void stage_expect(struct stage *stage, const char *text);
/* Fails the test with the screen if it shows the text. */
void stage_expect_not(struct stage *stage, const char *text);
/* Lets workers come up with something, and the shell take it. */
void stage_wait(struct stage *stage);
/* Where a text is; false if it is nowhere. */
bool stage_find(struct stage *stage, const char *text, int *ret_x, int *ret_y);
#endif
