/*
 * See stage.h. The stage replaces the sources of the shell: targets come from a fixture through a scripted feed, the
 * inspector reads the same fixture, and the list of processes is made here.
 */
#include "tests/support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/scan/scan.h"
#include "tests/support/canvas_check.h"
#include "tests/support/scripted.h"
#include "tests/support/scripted_faults.h"
#include "tests/support/scripted_hunt.h"
#include "tui/screens/screens.h"

#define SECOND_NS 1000000000ull
#define TRIES     1000
#define HOSTILE   "e\033[31mvil\\012"

static const char world[] = "process 100 S start=777 uid=1000 threads=2 " HOSTILE "\n"
			    "vma 55d000000000-55d000004000 r-xp inode=7 /usr/bin/program\n"
			    "pages 55d000000000-55d000003000 file pfn=0x100 count=3\n"
			    "vma 55d000004000-55d000006000 rw-p offset=4000 inode=7 /usr/bin/program\n"
			    "pages 55d000004000-55d000006000 anon pfn=0x110\n"
			    "vma 55d100000000-55d100020000 rw-p [heap]\n"
			    "pages 55d100000000-55d10000a000 anon pfn=0x120\n"
			    "page 55d100010000 zero pfn=0x1\n"
			    "swap 55d100011000-55d100014000 type=0 offset=5\n"
			    "vma 7f0000000000-7f0000200000 rw-p flags=hg\n"
			    "pages 7f0000000000-7f0000040000 anon pfn=0x400 huge large\n"
			    "pages 7f0000100000-7f0000110000 lazyfree pfn=0x500\n"
			    "page 7f0000120000 ksm pfn=0x520 count=9\n"
			    "marker 7f0000130000 guard\n"
			    "vma 7f1000000000-7f1000010000 rw-s inode=9 /dev/shm/a\xffsegment\n"
			    "pages 7f1000000000-7f1000006000 shmem pfn=0x600 count=2\n"
			    "vma 7f2000000000-7f2000001000 ---p\n"
			    "vma 7f2000001000-7f2000009000 rw-p\n"
			    "pages 7f2000007000-7f2000009000 anon pfn=0x700\n"
			    "vma 7f3000000000-7f3000001000 r-xp inode=21 /lib/one.so\n"
			    "vma 7f3000001000-7f3000002000 r--p offset=1000 inode=21 /lib/one.so\n"
			    "vma 7f3000002000-7f3000003000 rw-p offset=2000 inode=21 /lib/one.so\n"
			    "vma 7ffc00000000-7ffc00021000 rw-p [stack]\n"
			    "pages 7ffc0001e000-7ffc00021000 anon pfn=0x800\n"
			    "vma 7ffc00100000-7ffc00102000 r-xp [vdso]\n"
			    "page 7ffc00100000 kernel pfn=0x900 count=12\n"
			    "vma ffffffffff600000-ffffffffff601000 --xp [vsyscall]\n"
			    "frame 0x910-0x920 count=0 +buddy\n";

static struct stage *staged; /* the one there is */

/* ---- the target ------------------------------------------------------------------------------------------------- */

struct pt_snapshot *stage_snapshot(struct stage *stage)
{
	struct scripted *k = scripted_new(fixture_kernel(stage->fixture));
	struct pt_snapshot *snapshot = NULL;
	k->clock[PT_CLOCK_MONOTONIC] = k->clock[PT_CLOCK_REALTIME] = stage->now_ns;
	assert_int_equal(pt_scan_once(&k->k, STAGE_PID, 1, &snapshot), 0);
	scripted_free(k);
	return snapshot;
}

/* To the feed and the past. */
static void push_frame(struct stage *stage)
{
	struct pt_snapshot *s = stage_snapshot(stage);
	s->seq = ++stage->seq;
	scripted_past_push(stage->past, s);
	stage->tap.frame(stage->tap.arg, s);
	if (stage->suspects)
		pt_suspects_push(stage->suspects, s);
	scripted_feed_push(stage->feed, s);
}

static int inspect_open(void **ret)
{
	*ret = scripted_new(fixture_kernel(staged->fixture));
	return 0;
}

static int inspect_page(void *self, pid_t pid, uint64_t address, const struct pt_signals *signals, struct pt_facts *ret)
{
	return pt_inspect_page(&((struct scripted *)self)->k, pid, address, signals, ret);
}

static int inspect_contents(void *self, pid_t pid, uint64_t address, uint8_t *buf)
{
	(void)self;
	(void)pid;
	if (address == 0x55d100012000) /* on swap */
		return -ENODATA;
	for (unsigned i = 0; i < 4096; i++)
		buf[i] = (uint8_t)i;
	return 0;
}

static void inspect_close(void *self)
{
	scripted_free(self);
}

static const struct ui_inspect_ops inspect = {inspect_open, inspect_page, inspect_contents, inspect_close};

static void leave_tap(struct stage *stage)
{
	if (stage->tap.leave)
		stage->tap.leave(stage->tap.arg);
	stage->tap = (struct pt_feed_sink){0};
}

static int open_target(void *arg, struct ui_target *target, pid_t pid, uint64_t interval_ns,
		       const struct ui_options *options)
{
	(void)arg;
	(void)options;
	if (pid != STAGE_PID)
		return pid == 300 ? -ESRCH : -EACCES;
	struct pt_tap *tap;
	leave_tap(staged);
	assert_int_equal(pt_tap_new(&tap), 0);
	staged->tap = pt_tap_sink(tap);
	staged->feed = scripted_feed_new();
	staged->feed->status.interval_ns = interval_ns;
	assert_int_equal(pt_suspects_new(&staged->suspects), 0);
	push_frame(staged);
	ui_target_init(target, pid, &staged->feed->feed, &inspect);
	target->tap = tap;
	target->suspects = staged->suspects;
	target->faults = &scripted_faults_ops;
	target->hunt = &scripted_hunt_ops;
	target->past = staged->no_past ? NULL : &staged->past->past;
	return 0;
}

/* ---- the list of processes -------------------------------------------------------------------------------------- */

static int list_open(void *arg, void **ret)
{
	(void)arg;
	*ret = staged;
	return 0;
}

static struct pt_proc made_process(pid_t pid, const char *name, uint64_t rss, uint64_t swap, int64_t growth)
{
	struct pt_proc p = {.pid = pid,
			    .start_time = 7,
			    .state = 'S',
			    .rss = {rss, true},
			    .swap = {swap, true},
			    .growth = {(uint64_t)growth, true}};
	snprintf(p.name, sizeof p.name, "%s", name);
	snprintf(p.user, sizeof p.user, pid == 200 ? "nobody" : "root");
	snprintf(p.command, sizeof p.command, "/usr/bin/%s --flag", name);
	return p;
}

static int list_read(void *self, struct pt_proc_list *ret)
{
	(void)self;
	ret->v = calloc(64, sizeof *ret->v);
	ret->n = 0;
	ret->v[ret->n++] = made_process(STAGE_PID, HOSTILE, 50 << 20, 0, 4096);
	ret->v[ret->n++] = made_process(200, "middle", 20 << 20, 3 << 20, -8192);
	ret->v[ret->n++] = made_process(300, "small", 1 << 20, 0, 0);
	ret->v[ret->n] = made_process(2, "kthreadd", 0, 0, 0);
	ret->v[ret->n++].kernel_thread = true;
	while (ret->n < 60)
		ret->v[ret->n] = made_process((pid_t)(1000 + ret->n), "other", 1 << 16, 0, 0), ret->n++;
	return 0;
}

static int list_pss(void *self, struct pt_proc *v, size_t n)
{
	(void)self;
	for (size_t i = 0; i < n; i++)
		if (v[i].pid != 300)
			v[i].pss = (struct pt_maybe){v[i].rss.value / 2, true};
	return 0;
}

static void list_close(void *self)
{
	(void)self;
}

static const struct ui_lister_ops lister = {list_open, list_read, list_pss, list_close};

/* The machine behind it: its processes, and the cache of the one file there is, which is as the process has it mapped. */
static int open_kernel(struct pt_kernel **ret)
{
	static const struct scripted_file program = {.path = "/usr/bin/program", .address = 0x55d000000000};
	struct scripted *k = scripted_new(fixture_kernel(staged->fixture));
	k->files = &program;
	k->n_files = 1;
	*ret = &k->k;
	return 0;
}

static void make_program(struct stage *stage)
{
	static const char bytes[6 * 4096];
	char path[256];
	fixture_write_bytes(stage->fixture, "usr/bin/program", bytes, sizeof bytes);
	snprintf(path, sizeof path, "%s/proc/self", fixture_root(stage->fixture));
	assert_int_equal(symlink("100", path), 0);
}

static const struct ui_sources sources = {.open_target = open_target, .lister = &lister, .kernel = open_kernel};

/* ---- the stage -------------------------------------------------------------------------------------------------- */

static struct stage *make(pid_t pid, int w, int h)
{
	struct stage *stage = calloc(1, sizeof *stage);
	assert_non_null(stage);
	staged = stage;
	stage->now_ns = 1000 * SECOND_NS;
	stage->fixture = fixture_new(4096, world);
	make_program(stage);
	scripted_faults_begin();
	scripted_hunt_begin();
	stage->past = scripted_past_new();
	stage->options = (struct ui_options){.pid = pid, .interval_ns = SECOND_NS, .budget = 5};
	stage->canvas = check_canvas(w, h, CHECK_HALVES);
	return stage;
}

struct stage *stage_open(pid_t pid, int w, int h)
{
	struct stage *stage = make(pid, w, h);
	assert_int_equal(ui_shell_init(&stage->shell, &stage->options, &sources, stage->now_ns), 0);
	ui_shell_update(&stage->shell, stage->now_ns);
	return stage;
}

struct stage *stage_list(const struct ui_sources *others, int w, int h)
{
	struct stage *stage = make(0, w, h);
	assert_int_equal(ui_shell_init(&stage->shell, &stage->options, others, stage->now_ns), 0);
	ui_shell_update(&stage->shell, stage->now_ns);
	return stage;
}

struct stage *stage_replay(struct pt_reader *reader, uint64_t seq, int w, int h)
{
	struct stage *stage = make(0, w, h);
	assert_int_equal(ui_shell_replay(&stage->shell, &stage->options, &sources, reader, seq, stage->now_ns), 0);
	ui_shell_update(&stage->shell, stage->now_ns);
	return stage;
}

void stage_close(struct stage *stage)
{
	ui_shell_free(&stage->shell, 10000);
	leave_tap(stage);
	scripted_faults_end();
	scripted_hunt_end();
	scripted_past_free(stage->past);
	wg_canvas_free(&stage->canvas);
	fixture_free(stage->fixture);
	free(stage);
}

void stage_frame(struct stage *stage)
{
	stage->now_ns += SECOND_NS;
	push_frame(stage);
	ui_shell_update(&stage->shell, stage->now_ns);
}

static void draw(struct stage *stage)
{
	struct wg_rect all = {0, 0, stage->canvas.w, stage->canvas.h};
	ui_shell_draw(&stage->shell, &stage->canvas, all);
}

/* Drawn after each event, as the loop does, since keys of a map depend on what is seen. */
static void event(struct stage *stage, struct ui_event e)
{
	draw(stage);
	ui_shell_event(&stage->shell, &e, stage->now_ns);
	ui_shell_update(&stage->shell, stage->now_ns);
	draw(stage);
}

void stage_key(struct stage *stage, uint32_t key)
{
	event(stage, (struct ui_event){.type = UI_EVENT_KEY, .key = key});
}

void stage_type(struct stage *stage, const char *keys)
{
	for (; *keys; keys++)
		stage_key(stage, (unsigned char)*keys);
}

void stage_mouse(struct stage *stage, enum ui_mouse what, int x, int y)
{
	event(stage, (struct ui_event){.type = UI_EVENT_MOUSE, .mouse = what, .x = x, .y = y});
}

void stage_resize(struct stage *stage, int w, int h)
{
	assert_true(wg_canvas_resize(&stage->canvas, w, h));
	draw(stage);
}

bool stage_line_has(struct stage *stage, int y, const char *text)
{
	draw(stage);
	return strstr(check_row(&stage->canvas, y), text) != NULL;
}

bool stage_find(struct stage *stage, const char *text, int *ret_x, int *ret_y)
{
	draw(stage);
	for (int y = 0; y < stage->canvas.h; y++) {
		const char *row = check_row(&stage->canvas, y), *at = strstr(row, text);
		if (!at)
			continue;
		*ret_x = 0;
		for (; row < at; row++)
			*ret_x += ((unsigned char)*row & 0xc0) != 0x80; /* no wide characters on stage */
		*ret_y = y;
		return true;
	}
	return false;
}

bool stage_shows(struct stage *stage, const char *text)
{
	int x, y;
	return stage_find(stage, text, &x, &y);
}

static void fail_with_screen(struct stage *stage, const char *why, const char *text)
{
	print_error("%s: \"%s\". The screen:\n", why, text);
	for (int y = 0; y < stage->canvas.h; y++)
		print_error("%s\n", check_row(&stage->canvas, y));
	fail();
}

/* Until a descriptor of the shell is readable, or the next thing is due. The stage's clock goes on as the real one. */
void stage_wait(struct stage *stage)
{
	enum { STEP_MS = 10 };
	int fds[10];
	struct pollfd polled[10];
	size_t n = ui_shell_fds(&stage->shell, fds, 10);
	for (size_t i = 0; i < n; i++)
		polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	if (poll(polled, n, STEP_MS) == 0)
		stage->now_ns += STEP_MS * 1000000;
	ui_shell_update(&stage->shell, stage->now_ns);
}

void stage_expect(struct stage *stage, const char *text)
{
	for (int tries = 0; !stage_shows(stage, text); tries++) {
		if (tries == TRIES)
			fail_with_screen(stage, "does not show", text);
		stage_wait(stage);
	}
}

void stage_expect_not(struct stage *stage, const char *text)
{
	if (stage_shows(stage, text))
		fail_with_screen(stage, "shows", text);
}
