/*
 * pagetop leaks --snapshots: three snapshots of a live process, taken at each line of the standard input (Enter), by the
 * clock, or when the program says so (pagetop mark). Which objects and pages came between the first two and are still
 * there at the third, of what kind they are, and whether anything points at them.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hunt/marks.h"
#include "core/mark/mark.h"
#include "core/scan/scan.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/leaks_born.h"
#include "tui/commands/leaks_text.h"
#include "tui/commands/progress.h"
#include "tui/commands/text_out.h"
#include "tui/commands/vma_out.h"
#include "tui/now.h"

#define SNAPSHOTS 3
#define STEP_MS   100
#define ROWS      12
#define KIND_ROOM 2400
#define ENDED     (-ENODATA) /* the standard input has no more lines */

static const char *const names[SNAPSHOTS] = {"first", "second", "third"};

struct session {
	const struct ui_options *options;
	struct pt_target target;
	struct pt_unwinder *unwinder;
	struct pt_marks *said; /* NULL: the program says nothing */
	struct pt_filter *filter;
	struct ui_progress progress;
	uint64_t began_ns;
	unsigned lines;                        /* of the standard input that came and were not used */
	struct pt_heap_mark *marks[SNAPSHOTS]; /* NULL: it has no heap that is known */
	char labels[SNAPSHOTS][64];
	uint64_t at_ns[SNAPSHOTS];
	struct ui_born_pages pages;
	struct pt_born_objects born;
	struct ui_hunted found;
};

/* ---- when ------------------------------------------------------------------------------------------------------- */

static int wait_for_line(struct session *s)
{
	while (!s->lines) {
		struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
		char text[256];
		if (poll(&fd, 1, STEP_MS) > 0) {
			ssize_t n = read(STDIN_FILENO, text, sizeof(text));
			for (ssize_t i = 0; i < n; i++)
				s->lines += text[i] == '\n';
			if (n == 0 && !s->lines)
				return ENDED;
		}
		int error = ui_progress_tell(&s->progress, NULL);
		if (error)
			return error;
	}
	s->lines--;
	return 0;
}

static int wait_for_clock(struct session *s, int i)
{
	uint64_t at = s->began_ns + (uint64_t)i * s->options->every_ns, now;
	while ((now = ui_now(CLOCK_MONOTONIC)) < at) {
		char words[64], left[24];
		uint64_t most = (at - now) / 1000000 + 1;
		snprintf(words, sizeof(words), "%s snapshot in %s", names[i], pt_text_ns(at - now, left, sizeof(left)));
		int error = ui_progress_tell(&s->progress, words);
		if (error)
			return error;
		poll(NULL, 0, most < STEP_MS ? (int)most : STEP_MS);
	}
	return 0;
}

/* Its sender stands still until it is released. */
static int wait_for_mark(struct session *s, int i)
{
	struct pt_trace_mark mark;
	while (!pt_marks_take(s->said, ui_now(CLOCK_REALTIME), ui_now(CLOCK_MONOTONIC), &mark, 1)) {
		struct pollfd fd = {pt_marks_fd(s->said), POLLIN, 0};
		int error = ui_progress_tell(&s->progress, NULL);
		if (error)
			return error;
		poll(&fd, 1, STEP_MS);
	}
	memcpy(s->labels[i], mark.label, sizeof(mark.label));
	return 0;
}

/* The first comes at once, but where the program says when. */
static int wait_for(struct session *s, int i)
{
	if (s->said)
		return wait_for_mark(s, i);
	if (i == 0)
		return 0;
	return s->options->every_ns ? wait_for_clock(s, i) : wait_for_line(s);
}

/* ---- taking them ------------------------------------------------------------------------------------------------ */

static void say(struct session *s, int i)
{
	char count[32], bytes[24] = "";
	uint64_t size = 0, n = s->marks[i] ? pt_heap_mark_objects(s->marks[i], &size) : 0;
	const char *next = i == SNAPSHOTS - 1     ? ""
			   : s->said              ? "; waiting for the next mark"
			   : s->options->every_ns ? ""
			   : i == 0               ? "; do what you suspect, then press Enter"
						  : "; let it come to rest, then press Enter";
	pt_text_size(size, bytes, sizeof(bytes));
	if (s->marks[i])
		ui_complain("%s snapshot%s%s: %s objects, %s%s", names[i], s->labels[i][0] ? " " : "", s->labels[i],
			    ui_leak_exact(n, count, sizeof(count)), bytes, next);
	else
		ui_complain("%s snapshot%s%s: of pages alone, as its allocator is not known%s", names[i],
			    s->labels[i][0] ? " " : "", s->labels[i], next);
}

static int take(struct session *s, int i)
{
	struct pt_snapshot *snapshot;
	s->at_ns[i] = ui_now(CLOCK_MONOTONIC);
	int error = pt_heap_mark_take(&s->marks[i], &s->target);
	if (!error || error == -ENOTSUP)
		error = pt_scan_once(s->target.k, s->target.pid, s->options->threads, &snapshot);
	if (!error)
		error = ui_born_step(&s->pages, snapshot, i == 1);
	if (!error)
		say(s, i);
	return error;
}

/* The verdict on what is still there: as soon after the third as can be. That there is none is no failure. */
static int judge(struct session *s)
{
	const struct pt_heap_mark *marks[SNAPSHOTS];
	for (int i = 0; i < SNAPSHOTS; i++) {
		marks[i] = s->marks[i];
		if (!marks[i])
			return 0;
	}
	int error = ui_leaks_hunt(s->options, &s->progress, &s->found);
	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	return pt_heap_born_objects(&s->born, marks, &s->target, s->unwinder, s->found.view);
}

static int take_all(struct session *s)
{
	int error = 0;
	for (int i = 0; !error && i < SNAPSHOTS; i++) {
		error = wait_for(s, i);
		if (!error)
			error = take(s, i);
		if (!error && i == SNAPSHOTS - 1)
			error = judge(s);
		if (s->said)
			pt_marks_release(s->said);
	}
	return error;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static char *sum_words(const struct ui_leaks *l, const struct pt_leak_sum *sum, char *ret, size_t size)
{
	char count[32], bytes[24];
	snprintf(ret, size, "%s (%s)", ui_leak_exact(sum->count, count, sizeof(count)),
		 ui_leak_bytes(l, sum->bytes, bytes, sizeof(bytes)));
	return ret;
}

static void print_judged(const struct ui_leaks *l, const struct pt_born_objects *born)
{
	char text[4][64];
	struct pt_leak_sum alive = born->still;
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++) {
		alive.count -= born->tiers[tier].count;
		alive.bytes -= born->tiers[tier].bytes;
	}
	if (!born->verdict)
		ui_leak_paragraph(l, "Whether anything points at them is not known: %s.",
				  l->view->why ? l->view->why : "there was no verdict");
	else
		ui_leak_paragraph(
			l,
			"Of these, nothing points at %s: leaked. %s are weak and %s hidden suspects (see pagetop "
			"leaks). %s are alive: kept, wanted or not; --why ADDR says by whom.",
			sum_words(l, &born->tiers[PT_LEAK_LEAKED], text[0], sizeof(text[0])),
			sum_words(l, &born->tiers[PT_LEAK_WEAK], text[1], sizeof(text[1])),
			sum_words(l, &born->tiers[PT_LEAK_HIDDEN], text[2], sizeof(text[2])),
			sum_words(l, &alive, text[3], sizeof(text[3])));
}

/* "?" where it is not known. */
static const char *part_words(const struct ui_leaks *l, bool known, uint64_t n, char *ret, size_t size)
{
	if (!known)
		snprintf(ret, size, "?");
	else
		ui_table_number(l->options, n, ret, size);
	return ret;
}

static void print_groups(const struct ui_leaks *l, const struct pt_born_objects *born)
{
	char bytes[24], count[24], leaked[24], size[24], kind[KIND_ROOM];
	size_t n = 0;
	for (size_t i = 0; i < born->view->n_groups; i++) {
		const struct pt_leak_group *group = &born->view->groups[i];
		const struct pt_leak_sum *all = &group->tiers[PT_LEAK_LEAKED];
		if (!ui_leak_matches(l, group) || n++ >= ROWS)
			continue;
		if (n == 1)
			ui_leak_heading(l, "   BYTES  OBJECTS   LEAKED    EACH  ONE OF THEM   KIND OF OBJECT");
		printf("%8s %8s %8s  %6s  ", ui_leak_bytes(l, all->bytes, bytes, sizeof(bytes)),
		       ui_table_number(l->options, all->count, count, sizeof(count)),
		       part_words(l, born->verdict, born->groups[i][PT_LEAK_LEAKED].count, leaked, sizeof(leaked)),
		       ui_leak_bytes(l, group->size, size, sizeof(size)));
		printf("%-12" PRIx64 "  ", born->view->objects[group->example].address);
		ui_leak_cut(ui_leak_kind(group, kind, sizeof(kind)), l->width - 50);
	}
	if (n > ROWS)
		printf("          %zu more: -J\n", n - ROWS);
}

static void report(const struct ui_leaks *l, const struct session *s)
{
	const struct pt_born_objects *born = &s->born;
	uint64_t bytes = ui_born_bytes(&s->pages, s->pages.now->vmas->n);
	char came[64], still[64], count[32], size[24];
	if (born->view) {
		ui_leak_paragraph(
			l,
			"%s (%d): of %s objects that came between the first two snapshots, %s are still there "
			"at the third.",
			l->name, (int)l->view->pid, sum_words(l, &born->came, came, sizeof(came)),
			sum_words(l, &born->still, still, sizeof(still)));
		if (born->still.count)
			print_judged(l, born);
		print_groups(l, born);
		putchar('\n');
	} else {
		ui_leak_paragraph(l, "%s (%d): of its objects nothing is known, as its allocator is not glibc's.",
				  l->name, (int)l->view->pid);
	}
	ui_leak_paragraph(l, "%s pages (%s) that came between the first two are still there at the third.",
			  ui_leak_exact(bytes >> s->pages.now->page_shift, count, sizeof(count)),
			  ui_leak_bytes(l, bytes, size, sizeof(size)));
	ui_born_print(l, &s->pages);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *sum_json(const struct pt_leak_sum *sum, bool known)
{
	return json_pack("{s:o, s:o}", "count", ui_json_maybe((struct pt_maybe){sum->count, known}), "bytes",
			 ui_json_maybe((struct pt_maybe){sum->bytes, known}));
}

static json_t *snapshot_json(const struct session *s, int i)
{
	struct pt_leak_sum sum = {0};
	if (s->marks[i])
		sum.count = pt_heap_mark_objects(s->marks[i], &sum.bytes);
	return json_pack("{s:o, s:f, s:o, s:o}", "label", ui_json_bytes(s->labels[i][0] ? s->labels[i] : NULL),
			 "seconds", (double)(s->at_ns[i] - s->at_ns[0]) / 1e9, "objects",
			 ui_json_maybe((struct pt_maybe){sum.count, s->marks[i]}), "bytes",
			 ui_json_maybe((struct pt_maybe){sum.bytes, s->marks[i]}));
}

static json_t *group_json(const struct ui_leaks *l, const struct pt_born_objects *born, size_t i)
{
	const struct pt_leak_group *group = &born->view->groups[i];
	json_t *object = json_pack("{s:o, s:s, s:o, s:o, s:o}", "size", json_integer((json_int_t)group->size), "kind",
				   ui_leak_word_name(group->word), "name", ui_json_bytes(group->name), "example",
				   ui_json_hex((struct pt_maybe){born->view->objects[group->example].address, true}),
				   "still", sum_json(&group->tiers[PT_LEAK_LEAKED], true));
	(void)l;
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		json_object_set_new(object, pt_leak_tier_name((enum pt_leak_tier)tier),
				    sum_json(&born->groups[i][tier], born->verdict));
	return object;
}

static json_t *objects_json(const struct pt_born_objects *born)
{
	json_t *array = json_array();
	for (size_t i = 0; i < born->view->n_objects; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o}", "address",
						ui_json_hex((struct pt_maybe){born->view->objects[i].address, true}),
						"size", json_integer((json_int_t)born->view->objects[i].size)));
	return array;
}

static int print_json(const struct ui_leaks *l, const struct session *s)
{
	const struct pt_born_objects *born = &s->born;
	bool known = born->view != NULL;
	uint64_t bytes = ui_born_bytes(&s->pages, s->pages.now->vmas->n);
	json_t *snapshots = json_array(), *groups = json_array();
	for (int i = 0; i < SNAPSHOTS; i++)
		json_array_append_new(snapshots, snapshot_json(s, i));
	for (size_t i = 0; known && i < born->view->n_groups; i++)
		if (ui_leak_matches(l, &born->view->groups[i]))
			json_array_append_new(groups, group_json(l, born, i));
	json_t *o = json_pack("{s:i, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "pid", (int)l->view->pid, "name",
			      ui_json_bytes(l->name), "allocator",
			      ui_json_bytes(known ? pt_heap_mark_allocator(s->marks[0]) : NULL), "verdict",
			      born->verdict, "why", ui_json_bytes(l->view->why), "snapshots", snapshots, "came",
			      sum_json(&born->came, known), "still", sum_json(&born->still, known), "groups", groups);
	for (int tier = 0; tier < PT_LEAK_TIERS; tier++)
		json_object_set_new(o, pt_leak_tier_name((enum pt_leak_tier)tier),
				    sum_json(&born->tiers[tier], born->verdict));
	if (known && l->options->objects)
		json_object_set_new(o, "objects", objects_json(born));
	json_object_set_new(o, "born",
			    json_pack("{s:o, s:o}", "pages",
				      json_integer((json_int_t)(bytes >> s->pages.now->page_shift)), "bytes",
				      json_integer((json_int_t)bytes)));
	json_object_set_new(o, "vmas", ui_born_json(l, &s->pages));
	return ui_json_whole("leaks", o);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int tell(struct session *s)
{
	struct pt_hunt_view none = {.pid = s->target.pid};
	struct ui_leaks l = ui_leaks_on_stdout(s->options, s->found.view ? s->found.view : &none);
	l.name = s->pages.now->process.name;
	l.filter = s->filter;
	if (s->options->json)
		return print_json(&l, s);
	report(&l, s);
	return UI_OK;
}

static int open_all(struct session *s, struct pt_kernel *k)
{
	const struct ui_options *o = s->options;
	int error = pt_target_open(&s->target, k, o->pid, NULL);
	if (error)
		return ui_leaks_error(k, o->pid, error);
	pt_unwinder_new(&s->unwinder, k, o->pid); /* else without names */
	error = o->marks ? pt_marks_open_at(&s->said, o->marks) : 0;
	if (error)
		ui_complain("cannot take marks at %s: %s", o->marks,
			    error == -EADDRINUSE ? "there is something already" : strerror(-error));
	return error ? UI_USAGE : ui_filter_open(o, &s->filter);
}

static void close_all(struct session *s)
{
	for (int i = 0; i < SNAPSHOTS; i++)
		pt_heap_mark_free(s->marks[i]);
	pt_born_objects_free(&s->born);
	ui_born_free(&s->pages);
	pt_hunt_view_unref(s->found.view);
	free(s->found.pages);
	pt_unwinder_free(s->unwinder);
	pt_marks_close(s->said);
	ui_filter_close(s->filter);
	pt_target_close(&s->target);
}

int ui_leaks_snapshots(const struct ui_options *options, struct pt_kernel *k)
{
	struct session s = {.options = options, .began_ns = ui_now(CLOCK_MONOTONIC), .target = {.pidfd = -1}};
	s.target.pagemap = s.target.kpageflags = s.target.kpagecount = -1;
	int status = open_all(&s, k);
	if (status == UI_OK) {
		ui_progress_begin(&s.progress, NULL);
		int error = take_all(&s);
		ui_progress_end(&s.progress);
		if (error == ENDED) {
			ui_complain("the standard input ended: each line of it is a snapshot; --every SECONDS takes "
				    "them by "
				    "the clock, --marks PATH when the program says so");
			status = UI_USAGE;
		} else {
			status = error ? ui_leaks_error(k, options->pid, error) : tell(&s);
		}
	}
	close_all(&s);
	ui_progress_obey();
	return status;
}
