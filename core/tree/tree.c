/*
 * The thread that watches a tree; see tree.h. It alone uses the kernel; one mutex guards what both sides touch: the
 * status, the wish to stop, and how processes ended that the caller waited for.
 *
 * Looks come at their times, whatever frames cost; they are further apart where a look itself would cost more than half of
 * the share. Frames take what is left of the budget, in between.
 */
#include "core/tree/tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "core/scan/budget.h"
#include "core/tree/turn.h"

#define MARGIN       0.95       /* of the share is spent, so that it holds however it is measured */
#define START_NS     1000000u   /* between the first looks, which are */
#define START_PART   8u         /* so much apart: this part of the time that has passed */
#define SAVE_NS      1000000000 /* a budget is saved up over so long */
#define WAITED_LOOKS 2u         /* after so many what was waited for belongs to nobody in the tree */

/* How a process ended. */
struct waited {
	pid_t pid;
	int exit_status;
	uint64_t max_rss;
	unsigned looks;
};

struct pt_tree {
	struct pt_kernel *k; /* owned */
	struct pt_tree_options options;
	struct pt_look look; /* the thread's; so are these: */
	struct pt_turns turns;
	struct pt_budget budget;
	uint64_t began_ns, looked_ns, due_ns; /* CLOCK_MONOTONIC: of the first look, the last, the next */
	uint64_t look_cpu_ns;                 /* what a look costs, smoothed */
	struct pt_maybe forks_before;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event; /* eventfd the caller polls */
	bool running;
	/* under the lock: */
	struct pt_tree_status status;
	struct waited *waited;
	size_t n_waited, room_waited;
	bool leave;
	uint64_t wishes;    /* for a look, so far, */
	pid_t wanted_frame; /* and of whom a frame */
};

static uint64_t now(struct pt_tree *tree, enum pt_clock clock)
{
	return tree->k->ops->now(tree->k, clock);
}

static void notify(struct pt_tree *tree)
{
	uint64_t one = 1;
	ssize_t written = write(tree->event, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

/* ---- looks ------------------------------------------------------------------------------------------------------ */

/* Gives a process how it ended, if the caller said; called by the look at its end. */
static void take_waited(void *arg, struct pt_tree_process *process)
{
	struct pt_tree *tree = arg;
	pthread_mutex_lock(&tree->lock);
	for (size_t i = 0; i < tree->n_waited; i++) {
		struct waited *w = &tree->waited[i];
		if (w->pid != process->pid)
			continue;
		process->exit_status = (struct pt_maybe){(uint64_t)(unsigned)w->exit_status, true};
		process->max_rss = (struct pt_maybe){w->max_rss, w->max_rss > 0};
		*w = tree->waited[--tree->n_waited];
		break;
	}
	pthread_mutex_unlock(&tree->lock);
}

/* Lock held. Of processes that were never seen, whose PIDs others may get. */
static void drop_stale(struct pt_tree *tree)
{
	size_t kept = 0;
	for (size_t i = 0; i < tree->n_waited; i++)
		if (tree->waited[i].looks++ < WAITED_LOOKS)
			tree->waited[kept++] = tree->waited[i];
	tree->n_waited = kept;
}

static struct pt_maybe count_forks(struct pt_tree *tree)
{
	uint64_t n;
	bool known = pt_read_forks(tree->k, &n) == 0;
	return known ? (struct pt_maybe){n, true} : (struct pt_maybe){0};
}

static struct pt_maybe forks_since(struct pt_tree *tree)
{
	struct pt_maybe after = count_forks(tree);
	if (!after.known || !tree->forks_before.known)
		return (struct pt_maybe){0};
	return (struct pt_maybe){after.value - tree->forks_before.value, true};
}

/* `wishes`: so many there were when it began. */
static void note_look(struct pt_tree *tree, uint64_t started, uint64_t wishes, bool last)
{
	size_t living = pt_look_living(&tree->look);
	bool root = pt_look_root(&tree->look), over = last || (!root && !living);
	struct pt_maybe forks = over ? forks_since(tree) : (struct pt_maybe){0};
	pthread_mutex_lock(&tree->lock);
	struct pt_tree_status *s = &tree->status;
	bool news = (!root && !s->root_ended) || (over && !s->over) || wishes > s->granted;
	if (tree->looked_ns && started - tree->looked_ns > s->longest_ns)
		s->longest_ns = started - tree->looked_ns;
	s->late += tree->looked_ns && !last && started > tree->due_ns + (tree->due_ns - tree->looked_ns) / 2;
	s->looks++;
	s->granted_ns = wishes > s->granted ? tree->look.at_ns : s->granted_ns;
	s->granted = wishes;
	s->living = living;
	s->seen = tree->look.seen;
	s->root_ended = !root;
	s->over = over;
	s->forks = over ? forks : s->forks;
	drop_stale(tree);
	pthread_mutex_unlock(&tree->lock);
	if (news)
		notify(tree);
}

/* Close together at the start, so that short runs have samples as well, and never so that looks eat up the budget. */
static uint64_t gap(const struct pt_tree *tree, uint64_t at)
{
	uint64_t ns = (at - tree->began_ns) / START_PART;
	uint64_t least = (uint64_t)((double)tree->look_cpu_ns / (tree->options.share / 2));
	ns = ns < START_NS ? START_NS : ns;
	ns = ns > tree->options.interval_ns ? tree->options.interval_ns : ns;
	return ns > least ? ns : least;
}

static void look(struct pt_tree *tree, bool last)
{
	pthread_mutex_lock(&tree->lock);
	uint64_t wishes = tree->wishes;
	pthread_mutex_unlock(&tree->lock);
	uint64_t started = now(tree, PT_CLOCK_MONOTONIC), cpu = now(tree, PT_CLOCK_THREAD_CPU);
	pt_look_run(&tree->look, last, take_waited, tree); /* who was not found for lack of memory may be next time */
	cpu = now(tree, PT_CLOCK_THREAD_CPU) - cpu;
	tree->look_cpu_ns = tree->look_cpu_ns ? (tree->look_cpu_ns * 7 + cpu) / 8 : cpu;
	note_look(tree, started, wishes, last);
	tree->looked_ns = started;
	tree->due_ns = started + gap(tree, started);
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

static void settle(struct pt_tree *tree)
{
	pt_budget_settle(&tree->budget, now(tree, PT_CLOCK_MONOTONIC), now(tree, PT_CLOCK_THREAD_CPU),
			 now(tree, PT_CLOCK_PROCESS_CPU));
}

/* Frames until the next look is due, or the budget is spent; when there may be another. */
static uint64_t take_turns(struct pt_tree *tree)
{
	for (;;) {
		settle(tree);
		uint64_t at = now(tree, PT_CLOCK_MONOTONIC), next;
		if (at >= tree->due_ns)
			return at;
		if (tree->budget.balance_ns <= 0)
			return at + pt_budget_wait(&tree->budget) + START_NS;
		struct pt_member *m = pt_turns_next(&tree->turns, &tree->look, at, &next);
		if (!m)
			return next;
		pt_turns_take(&tree->turns, m, (uint64_t)tree->budget.balance_ns);
		pthread_mutex_lock(&tree->lock);
		tree->status.frames = tree->turns.frames;
		pthread_mutex_unlock(&tree->lock);
	}
}

/* Until this time of CLOCK_MONOTONIC, or a look is wanted; false when it is time to leave. */
static bool wait_until(struct pt_tree *tree, uint64_t ns)
{
	struct timespec at = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
	pthread_mutex_lock(&tree->lock);
	bool idle = !tree->leave && tree->wishes == tree->status.granted;
	if (idle && tree->status.over)
		pthread_cond_wait(&tree->wake, &tree->lock);
	else if (idle)
		pthread_cond_timedwait(&tree->wake, &tree->lock, &at);
	bool go_on = !tree->leave;
	pthread_mutex_unlock(&tree->lock);
	return go_on;
}

/* What somebody wants now; false: nothing. */
static bool take_wish(struct pt_tree *tree, pid_t *ret)
{
	pthread_mutex_lock(&tree->lock);
	bool wanted = tree->wishes > tree->status.granted;
	*ret = tree->wanted_frame;
	tree->wanted_frame = 0;
	pthread_mutex_unlock(&tree->lock);
	return wanted;
}

static void *run(void *arg)
{
	struct pt_tree *tree = arg;
	uint64_t turn, own = now(tree, PT_CLOCK_THREAD_CPU), all = now(tree, PT_CLOCK_PROCESS_CPU);
	pt_budget_init(&tree->budget, tree->turns.share, SAVE_NS, tree->began_ns, own, all);
	pid_t wanted;
	do {
		bool wish = take_wish(tree, &wanted);
		if (wish || now(tree, PT_CLOCK_MONOTONIC) >= tree->due_ns)
			look(tree, false);
		pt_turns_prefer(&tree->look, wanted);
		turn = take_turns(tree);
	} while (wait_until(tree, turn < tree->due_ns ? turn : tree->due_ns));
	look(tree, true);
	return NULL;
}

/* ---- the caller's side ------------------------------------------------------------------------------------------ */

struct pt_tree_status pt_tree_status(struct pt_tree *tree)
{
	pthread_mutex_lock(&tree->lock);
	struct pt_tree_status status = tree->status;
	pthread_mutex_unlock(&tree->lock);
	return status;
}

int pt_tree_fd(struct pt_tree *tree)
{
	return tree->event;
}

void pt_tree_ack(struct pt_tree *tree)
{
	uint64_t count;
	ssize_t got = read(tree->event, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
}

void pt_tree_waited(struct pt_tree *tree, pid_t pid, int exit_status, uint64_t max_rss)
{
	pthread_mutex_lock(&tree->lock);
	size_t room = tree->room_waited ? tree->room_waited * 2 : 16;
	struct waited *more = tree->waited;
	if (tree->n_waited == tree->room_waited)
		more = realloc(tree->waited, room * sizeof(*more));
	if (more && tree->n_waited == tree->room_waited)
		tree->room_waited = room;
	if (more) { /* else it stays unknown */
		tree->waited = more;
		tree->waited[tree->n_waited++] = (struct waited){pid, exit_status, max_rss, 0};
	}
	pthread_mutex_unlock(&tree->lock);
}

uint64_t pt_tree_look(struct pt_tree *tree, pid_t pid)
{
	pthread_mutex_lock(&tree->lock);
	uint64_t wish = ++tree->wishes;
	tree->wanted_frame = pid ? pid : tree->wanted_frame;
	pthread_cond_broadcast(&tree->wake);
	pthread_mutex_unlock(&tree->lock);
	return wish;
}

void pt_tree_stop(struct pt_tree *tree)
{
	if (!tree->running)
		return;
	pthread_mutex_lock(&tree->lock);
	tree->leave = true;
	pthread_cond_broadcast(&tree->wake);
	pthread_mutex_unlock(&tree->lock);
	pthread_join(tree->thread, NULL);
	tree->running = false;
}

void pt_tree_free(struct pt_tree *tree)
{
	if (!tree)
		return;
	pt_tree_stop(tree);
	pt_look_free(&tree->look);
	free(tree->waited);
	pthread_cond_destroy(&tree->wake);
	pthread_mutex_destroy(&tree->lock);
	if (tree->event >= 0)
		close(tree->event);
	pt_kernel_free(tree->k);
	free(tree);
}

static struct pt_tree *make(struct pt_kernel *k, const struct pt_tree_options *options)
{
	pthread_condattr_t monotonic;
	struct pt_tree *tree = calloc(1, sizeof(*tree));
	if (!tree)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&tree->lock, NULL);
	pthread_cond_init(&tree->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	tree->k = k;
	tree->options = *options;
	tree->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tree->look = (struct pt_look){.k = k,
				      .reaper = options->reaper,
				      .share = options->share / 8,
				      .count_vmas = options->count_vmas,
				      .sinks = tree->options.sinks,
				      .n_sinks = options->n_sinks};
	tree->turns = (struct pt_turns){.k = k,
					.frame_ns = options->frame_ns,
					.settle_ns = options->settle_ns,
					.share = options->share * MARGIN,
					.sinks = tree->options.sinks,
					.n_sinks = options->n_sinks};
	return tree;
}

int pt_tree_new(struct pt_tree **ret, struct pt_kernel *k, pid_t root, const struct pt_tree_options *options)
{
	struct pt_tree *tree = make(k, options);
	if (!tree) {
		pt_kernel_free(k);
		return -ENOMEM;
	}
	int error = tree->event < 0 ? -EMFILE : pt_look_begin(&tree->look, root);
	tree->forks_before = count_forks(tree);
	tree->began_ns = tree->due_ns = now(tree, PT_CLOCK_MONOTONIC);
	if (!error)
		error = -pthread_create(&tree->thread, NULL, run, tree);
	if (error) {
		pt_tree_free(tree);
		return error;
	}
	tree->running = true;
	*ret = tree;
	return 0;
}
