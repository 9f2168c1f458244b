/*
 * The target: the process that is looked at, as the screens share it. It takes snapshots off the feed, keeps the one
 * shown and the frame before it, and what only a series of frames tells (RSS over time, faults per second). Used by
 * the main thread alone; everything that may block is behind the feed or an inspector.
 *
 * What is shown are the newest frames of the feed, unless someone went back in time (tui/time.h): then it is a moment of
 * the past, and the feed goes on behind it.
 */
#ifndef UI_TARGET_H
#define UI_TARGET_H

#include "core/history/history.h"
#include "core/hunt/suspects.h"
#include "core/model/feed.h"
#include "core/record/tap.h"
#include "core/scan/inspect.h"
#include "tui/changes.h"
#include "tui/faultwork.h"
#include "tui/huntwork.h"
#include "tui/options.h"

#define UI_RSS_HISTORY 240

/*
 * Where a page's facts come from: this machine's kernel, or a test. `open` makes what `page` and `contents` use, in
 * the thread that will use it.
 */
struct ui_inspect_ops {
	int (*open)(void **ret);
	int (*page)(void *self, pid_t pid, uint64_t address, const struct pt_signals *signals, struct pt_facts *ret);
	int (*contents)(void *self, pid_t pid, uint64_t address, uint8_t *buf);
	void (*close)(void *self);
};
extern const struct ui_inspect_ops ui_inspect_live;

struct ui_target {
	pid_t pid;
	struct pt_feed *feed;         /* owned */
	struct pt_past *past;         /* moments that can be gone back to; the history's or the feed's; NULL: none */
	struct pt_tap *tap;           /* of a live target, to hang a recorder on */
	struct pt_history *history;   /* a reference; of a live target that has one */
	struct pt_suspects *suspects; /* a reference, of a live target: finds what grows */
	struct pt_growing *growing;   /* newest of it; a reference; NULL: nothing was judged yet */
	const struct ui_inspect_ops *inspect;
	const struct ui_hunt_ops *hunt;    /* where hunts come from; NULL: a recording has no contents */
	const struct ui_fault_ops *faults; /* where views of its faults come from; NULL: there are none */
	struct pt_reader *faults_source;   /* of a recording with faults, owned; NULL: it is none */
	struct pt_snapshot *now;           /* shown; a reference; NULL before the first */
	struct pt_snapshot *before; /* what it is compared with, of the same image: the complete frame before it, or
				       that of the second cursor; NULL if there is none */
	struct pt_snapshot *live,
		*live_before;      /* the newest of the feed and the complete frame before it; references */
	bool back;                 /* a moment of the past is shown */
	struct pt_snapshot *pin;   /* compare the newest with this one; a reference; NULL: with live_before */
	struct ui_changes changes; /* from `before` to `now`, or of the last frames */
	struct pt_feed_status status;
	struct pt_ages ages;     /* of `now` */
	bool before_aged;        /* some of `before` was older than the interval */
	unsigned version;        /* grows with every change of `now` */
	unsigned before_version; /* when `before` was `now`; 0: it never was, or not with what was drawn last */
	bool paused;
	struct pt_stretch watched[PT_WATCH_MAX]; /* what the feed was told is on the screen */
	size_t n_watched;
	/* over time */
	uint64_t rss[UI_RSS_HISTORY]; /* bytes, oldest first */
	size_t rss_n;
	struct pt_maybe faults_per_s;
	double rss_per_s; /* bytes */
	bool has_rss_per_s;
	uint64_t period_ns;      /* between complete frames; 0: not known */
	uint64_t last_period_ns; /* between the last two; what took long once is no period */
	unsigned image;          /* of `now` */
	uint64_t exec_ns;        /* monotonic time the screen learned of the last exec; 0: never */
};

/* Takes over the feed. */
void ui_target_init(struct ui_target *t, pid_t pid, struct pt_feed *feed, const struct ui_inspect_ops *inspect);
/* The live target, within the budget and with the history that the options ask for. Errors as pt_live_feed_new. */
int ui_target_open(struct ui_target *t, pid_t pid, uint64_t interval_ns, const struct ui_options *options);
/*
 * A replay; takes over the reader, also when it fails (0 or -errno). It plays from the start, or stands still at the
 * moment `seq` where that is not 0.
 */
struct pt_reader;
int ui_target_replay(struct ui_target *t, struct pt_reader *reader, uint64_t seq);
/* A moment at most, however busy the feed is. A zeroed target is fine. */
void ui_target_close(struct ui_target *t);

/* Takes what the feed has; whether anything changed. now_ns: CLOCK_MONOTONIC. */
bool ui_target_update(struct ui_target *t, uint64_t now_ns);

/* What goes on growing, while the newest frames are shown; NULL: not known. */
const struct pt_growing *ui_target_growing(const struct ui_target *t);

/* Shows a moment of the past: takes over both references; before may be NULL, or of another image. */
void ui_target_go_back(struct ui_target *t, struct pt_snapshot *now, struct pt_snapshot *before);
/* Shows the newest frames again, compared with `pin` (whose reference it takes over), with the one before if NULL. */
void ui_target_go_live(struct ui_target *t, struct pt_snapshot *pin);

void ui_target_pause(struct ui_target *t, bool paused);
/* Tells the feed what is on the screen, if that is not what it was told last. n <= PT_WATCH_MAX; `soon` as pt_feed's. */
void ui_target_watch(struct ui_target *t, const struct pt_stretch *stretches, size_t n, bool soon);

#endif
