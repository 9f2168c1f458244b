/*
 * pagetop-demo: a process worth looking at. It does with memory, at a pace one can watch, everything that has a colour
 * of its own on the map, and stays under 300 MiB.
 *
 *   pagetop-demo              says "ready" and acts until SIGTERM, or until its parent ends
 *   pagetop-demo --once       goes through half a cycle at once, says "ready" and keeps still
 *   pagetop-demo COMMAND...   starts a target and becomes COMMAND... -p PID; the target ends with it
 *
 * An act is a row of a table: it sets itself up once and is then called at every beat, a quarter of a second each, in
 * cycles of CYCLE beats. What the kernel refuses here (no swap, no huge pages) is left out silently: the region's
 * address is then NULL and everything done to it does nothing. At half a cycle every act is in full swing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024ul
#define MIB (1024ul * KIB)
#define GIB (1024ul * MIB)

#define CYCLE 48u
#define HALF  (CYCLE / 2)

#define HUGE_SIZE   (2 * MIB)
#define HEAP_BLOCK  (60 * KIB)
#define HEAP_BLOCKS 408u /* 24 MiB */
#define LEAK_MOST   (24 * MIB)
#define STACK_FRAME (16 * KIB)
#define STACK_MOST  96u /* frames */

/* Younger than Debian 12's headers. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

struct region {
	unsigned char *at; /* NULL: could not be had */
	size_t size;
};

struct demo {
	bool once;
	size_t page;
	void *heap[HEAP_BLOCKS];
	struct region file, private_file, memfd, shared, family, huge, swap, zero, huge_zero, lazyfree, locked, guard,
		same, reservation, hugetlb;
	pid_t sharer, forked; /* children, 0: none */
	sem_t threads_set;
};

/* ---- regions --------------------------------------------------------------------------------------------------- */

/*
 * Anonymous memory, at a multiple of a huge page and with a hole behind it so that neighbours stay apart, of small
 * pages until an act says otherwise, and not inherited by children. The name shows where the kernel takes names.
 */
static struct region region_new(size_t size, const char *name)
{
	size_t all = size + 2 * HUGE_SIZE;
	unsigned char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
				    0);
	if (start == MAP_FAILED)
		return (struct region){0};
	unsigned char *at = start + (HUGE_SIZE - (uintptr_t)start % HUGE_SIZE);
	munmap(start, (size_t)(at - start));
	munmap(at + size, (size_t)(start + all - (at + size)));
	madvise(at, size, MADV_NOHUGEPAGE);
	madvise(at, size, MADV_DONTFORK);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, size, name);
	return (struct region){at, size};
}

static struct region region_of_file(int fd, size_t size, int flags)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	return at == MAP_FAILED ? (struct region){0} : (struct region){at, size};
}

/* The n-th of `of` equal parts, whole pages; none for n >= of. */
static struct region part(const struct demo *d, struct region r, size_t n, size_t of)
{
	if (r.at == NULL || n >= of)
		return (struct region){0};
	size_t pages = r.size / d->page;
	size_t first = pages * n / of, end = pages * (n + 1) / of;
	return (struct region){r.at + first * d->page, (end - first) * d->page};
}

/* Writes to every page; each gets contents of its own, so that KSM leaves it alone. */
static void touch(const struct demo *d, struct region r)
{
	for (size_t i = 0; i < r.size; i += d->page)
		*(volatile uintptr_t *)(r.at + i) = (uintptr_t)(r.at + i);
}

/* Reads from every page. */
static void look(const struct demo *d, struct region r)
{
	for (size_t i = 0; i < r.size; i += d->page)
		(void)*(volatile unsigned char *)(r.at + i);
}

static void advise(struct region r, int advice)
{
	if (r.at != NULL)
		madvise(r.at, r.size, advice);
}

/* ---- children -------------------------------------------------------------------------------------------------- */

/* Makes the caller end with its parent, also when that is gone already. */
static void end_with(pid_t parent, int signal)
{
	prctl(PR_SET_PDEATHSIG, signal);
	if (getppid() != parent)
		_exit(0);
}

/* A child that writes to the region and then keeps still; returns when it does. Returns its PID, 0: there is none. */
static pid_t child_new(const struct demo *d, const char *name, struct region work)
{
	int done[2];
	if (pipe2(done, O_CLOEXEC) != 0)
		return 0;
	pid_t self = getpid(), child = fork();
	if (child == 0) {
		end_with(self, SIGKILL);
		prctl(PR_SET_NAME, name);
		close(done[0]);
		touch(d, work);
		close(done[1]);
		for (;;)
			pause();
	}
	close(done[1]);
	while (read(done[0], &(char){0}, 1) < 0 && errno == EINTR)
		;
	close(done[0]);
	return child < 0 ? 0 : child;
}

static void child_end(pid_t *child)
{
	if (*child == 0)
		return;
	kill(*child, SIGKILL);
	waitpid(*child, NULL, 0);
	*child = 0;
}

/* ---- acts ------------------------------------------------------------------------------------------------------ */

/* Grows the heap by a MiB a beat, then gives it back from the end. */
static void heap_beat(struct demo *d, unsigned n)
{
	unsigned have = n < HALF ? n + 1 : CYCLE - 1 - n;
	for (unsigned i = 0; i < HEAP_BLOCKS; i++) {
		if (i < have * HEAP_BLOCKS / HALF && d->heap[i] == NULL) {
			d->heap[i] = malloc(HEAP_BLOCK);
			touch(d, (struct region){d->heap[i], d->heap[i] != NULL ? HEAP_BLOCK : 0});
		}
	}
	for (unsigned i = HEAP_BLOCKS; i-- > have * HEAP_BLOCKS / HALF;) {
		free(d->heap[i]);
		d->heap[i] = NULL;
	}
}

/* An unlinked file, mapped twice: shared, and private with pages of its own where it was written. */
static void file_start(struct demo *d)
{
	char path[] = "/var/tmp/pagetop-demo.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return;
	unlink(path);
	if (posix_fallocate(fd, 0, 16 * MIB) == 0) { /* else a write could find the disk full: SIGBUS */
		d->file = region_of_file(fd, 16 * MIB, MAP_SHARED);
		d->private_file = region_of_file(fd, 8 * MIB, MAP_PRIVATE);
		advise(d->file, MADV_DONTFORK);
		advise(d->private_file, MADV_DONTFORK);
		look(d, part(d, d->private_file, 0, 2));
	}
	close(fd);
}

static void file_beat(struct demo *d, unsigned n)
{
	if (n == 0)
		advise(d->file, MADV_DONTNEED);
	look(d, part(d, d->file, n, CYCLE));
	touch(d, part(d, d->file, n * 8, CYCLE * 8));
	touch(d, part(d, d->private_file, n * 16, CYCLE * 16));
}

/* A memfd and shared anonymous memory, half of each written by a child. */
static void shared_start(struct demo *d)
{
	int fd = memfd_create("pagetop-demo shared", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, 8 * MIB) == 0)
		d->memfd = region_of_file(fd, 8 * MIB, MAP_SHARED);
	if (fd >= 0)
		close(fd);
	d->shared = region_of_file(-1, 4 * MIB, MAP_SHARED | MAP_ANONYMOUS);
	touch(d, part(d, d->shared, 0, 2));
	d->sharer = child_new(d, "demo-sharer", part(d, d->memfd, 0, 2));
}

static void shared_beat(struct demo *d, unsigned n)
{
	look(d, part(d, d->memfd, n, CYCLE)); /* the child's half becomes ours too, then pages of our own */
	if (n == CYCLE - 1)
		advise(d->memfd, MADV_DONTNEED);
}

/* A family: a child writes a quarter of what it inherits, we write another; the rest stays shared until it ends. */
static void family_start(struct demo *d)
{
	d->family = region_new(12 * MIB, "demo family");
	advise(d->family, MADV_DOFORK);
	touch(d, d->family);
}

static void family_beat(struct demo *d, unsigned n)
{
	if (n == 4)
		d->forked = child_new(d, "demo-cow", part(d, d->family, 0, 4));
	if (n >= 8 && n < HALF)
		touch(d, part(d, part(d, d->family, 1, 4), n - 8, HALF - 8));
	if (n == CYCLE - 6)
		child_end(&d->forked);
}

/* Huge pages: by fault in the first two thirds, by collapse in the last; then one page of one is dropped, so that a
 * large folio stays that is no longer mapped huge. */
static void huge_start(struct demo *d)
{
	d->huge = region_new(12 * HUGE_SIZE, "demo huge");
	advise(part(d, d->huge, 0, 3), MADV_HUGEPAGE);
	advise(part(d, d->huge, 1, 3), MADV_HUGEPAGE);
}

static void huge_beat(struct demo *d, unsigned n)
{
	struct region last = part(d, d->huge, 2, 3);
	if (n == 0)
		advise(d->huge, MADV_DONTNEED);
	if (n < 16)
		touch(d, part(d, d->huge, n, HALF));
	if (n >= 4 && n < 8)
		touch(d, part(d, last, n - 4, 4));
	if (n == 16) {
		advise(part(d, last, 0, 2), MADV_HUGEPAGE);
		advise(part(d, last, 0, 2), MADV_COLLAPSE);
	}
	if (n == 20)
		advise((struct region){d->huge.at + HUGE_SIZE, d->huge.at != NULL ? d->page : 0}, MADV_DONTNEED);
}

/* Written, swapped out by half, read back bit by bit. */
static void swap_start(struct demo *d)
{
	d->swap = region_new(8 * MIB, "demo swap");
}

static void swap_beat(struct demo *d, unsigned n)
{
	if (n == 0)
		touch(d, d->swap);
	if (n == 4)
		advise(part(d, d->swap, 1, 2), MADV_PAGEOUT);
	if (n >= 8)
		look(d, part(d, part(d, d->swap, 1, 2), n, CYCLE));
}

/* Read before they are written: the zero page, and the huge one. */
static void zero_start(struct demo *d)
{
	d->zero = region_new(8 * MIB, "demo zero");
	d->huge_zero = region_new(2 * HUGE_SIZE, "demo huge zero");
	advise(d->huge_zero, MADV_HUGEPAGE);
	look(d, part(d, d->huge_zero, 0, 2));
}

static void zero_beat(struct demo *d, unsigned n)
{
	if (n == 0)
		advise(d->zero, MADV_DONTNEED);
	look(d, part(d, d->zero, n, CYCLE));
	touch(d, part(d, d->zero, (n / 2) * 8, CYCLE * 8));
}

/* Given up bit by bit, but still there. */
static void lazyfree_start(struct demo *d)
{
	d->lazyfree = region_new(8 * MIB, "demo lazyfree");
}

static void lazyfree_beat(struct demo *d, unsigned n)
{
	if (n == 0) {
		advise(d->lazyfree, MADV_DONTNEED); /* a write alone would not make the old pages ordinary again */
		touch(d, d->lazyfree);
	}
	if (n >= 4)
		advise(part(d, d->lazyfree, n, CYCLE), MADV_FREE);
}

static void locked_start(struct demo *d)
{
	struct rlimit limit = {.rlim_cur = 0};
	getrlimit(RLIMIT_MEMLOCK, &limit);
	size_t size = limit.rlim_cur / 2 < MIB ? limit.rlim_cur / 2 : MIB;
	size -= size % d->page;
	if (size == 0)
		return;
	d->locked = region_new(size, "demo locked");
	if (d->locked.at != NULL)
		mlock(d->locked.at, d->locked.size);
}

/* Guard markers between written stretches. */
static void guard_start(struct demo *d)
{
	d->guard = region_new(4 * MIB, "demo guard");
	for (unsigned i = 0; i < 64; i++) {
		if (i % 4 != 3)
			touch(d, part(d, d->guard, i, 64));
		else
			advise(part(d, d->guard, i, 64), MADV_GUARD_INSTALL);
	}
}

/* Pages that are all the same, for KSM to merge. */
static void same_start(struct demo *d)
{
	d->same = region_new(4 * MIB, "demo same");
	if (d->same.at != NULL)
		memset(d->same.at, 'k', d->same.size);
	advise(d->same, MADV_MERGEABLE);
}

/* Address space for later: next to nothing of 64 GiB is there. */
static void reservation_start(struct demo *d)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *at = mmap(NULL, 64 * GIB, PROT_NONE, flags, -1, 0);
	if (at == MAP_FAILED)
		return;
	d->reservation = (struct region){at, 64 * GIB};
	advise(d->reservation, MADV_DONTFORK);
	for (unsigned i = 0; i < 4; i++)
		mprotect(part(d, d->reservation, i, 4).at, MIB, PROT_READ | PROT_WRITE);
}

static void reservation_beat(struct demo *d, unsigned n)
{
	struct region quarter = part(d, d->reservation, n % 4, 4);
	if (quarter.at != NULL)
		touch(d, part(d, (struct region){quarter.at, MIB}, n, CYCLE));
}

static void hugetlb_start(struct demo *d)
{
	d->hugetlb = region_of_file(-1, 2 * HUGE_SIZE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	advise(d->hugetlb, MADV_DONTFORK);
	touch(d, part(d, d->hugetlb, 0, 2));
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

static const struct timespec beat_time = {.tv_nsec = 250000000};

/* Waits a beat; in a target that keeps still, for ever. The first call says that the thread is set. */
static void thread_wait(struct demo *d, unsigned n)
{
	if (n == 0)
		sem_post(&d->threads_set);
	while (d->once)
		pause();
	nanosleep(&beat_time, NULL);
}

/* Loses 16 KiB a beat, in the arena of a thread; ends losing before it hurts. */
static void *leaker(void *arg)
{
	struct demo *d = arg;
	for (unsigned n = 0;; n++) {
		unsigned char *volatile lost = n < LEAK_MOST / (16 * KIB) ? malloc(16 * KIB) : NULL;
		touch(d, (struct region){lost, lost != NULL ? 16 * KIB : 0});
		thread_wait(d, n);
	}
	return NULL;
}

/* Goes deeper into its stack at each beat. */
static unsigned descend(unsigned depth) /* NOLINT(misc-no-recursion): a deep stack is what it is for */
{
	volatile unsigned char frame[STACK_FRAME];
	frame[0] = (unsigned char)depth;
	return depth == 0 ? frame[0] : descend(depth - 1) + frame[0];
}

static void *descender(void *arg)
{
	struct demo *d = arg;
	for (unsigned n = 0;; n++) {
		descend(n < STACK_MOST ? n + 4 : STACK_MOST);
		thread_wait(d, n);
	}
	return NULL;
}

static void threads_start(struct demo *d)
{
	static void *(*const bodies[])(void *) = {leaker, descender};
	sem_init(&d->threads_set, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, bodies[i], d) != 0)
			continue;
		pthread_setname_np(thread, i == 0 ? "demo-leaker" : "demo-descender");
		pthread_detach(thread);
		sem_wait(&d->threads_set);
	}
}

/* ---- the show -------------------------------------------------------------------------------------------------- */

static const struct act {
	void (*start)(struct demo *d);            /* may be NULL */
	void (*beat)(struct demo *d, unsigned n); /* n: 0 .. CYCLE-1; may be NULL */
} acts[] = {
	{NULL, heap_beat},           {file_start, file_beat},
	{shared_start, shared_beat}, {family_start, family_beat},
	{huge_start, huge_beat},     {swap_start, swap_beat},
	{zero_start, zero_beat},     {lazyfree_start, lazyfree_beat},
	{locked_start, NULL},        {guard_start, NULL},
	{same_start, NULL},          {reservation_start, reservation_beat},
	{hugetlb_start, NULL},       {threads_start, NULL},
};
#define N_ACTS (sizeof(acts) / sizeof(*acts))

static void start_all(struct demo *d)
{
	for (size_t i = 0; i < N_ACTS; i++) {
		if (acts[i].start != NULL)
			acts[i].start(d);
	}
}

static void beat_all(struct demo *d, unsigned n)
{
	for (size_t i = 0; i < N_ACTS; i++) {
		if (acts[i].beat != NULL)
			acts[i].beat(d, n % CYCLE);
	}
}

/* The target: acts until a signal of `ends` comes, and tells ready_fd when there is something to see. */
static int target_run(bool once, const sigset_t *ends, int ready_fd)
{
	static struct demo d; /* static: threads use it until the process is gone */
	unsigned n = 0;
	d.once = once;
	d.page = (size_t)sysconf(_SC_PAGESIZE);
	start_all(&d);
	do
		beat_all(&d, n++);
	while (once && n < HALF);
	if (write(ready_fd, "ready\n", 6) != 6)
		return 1;
	while (sigtimedwait(ends, NULL, &beat_time) < 0) {
		if (!once && errno == EAGAIN)
			beat_all(&d, n++);
	}
	child_end(&d.forked);
	child_end(&d.sharer);
	return 0;
}

/* A target in the background that ends with the caller. Returns its PID when it is ready, 0 if it failed. */
static pid_t target_new(const sigset_t *ends)
{
	int ready[2];
	if (pipe2(ready, O_CLOEXEC) != 0)
		return 0;
	pid_t self = getpid(), target = fork();
	if (target == 0) {
		setpgid(0, 0); /* keys of the terminal are not for it */
		end_with(self, SIGTERM);
		close(ready[0]);
		_exit(target_run(false, ends, ready[1]));
	}
	close(ready[1]);
	bool set = target > 0 && read(ready[0], &(char){0}, 1) == 1;
	close(ready[0]);
	return set ? target : 0;
}

/* Becomes the command, with -p and a target's PID put behind it. */
static int become(char **command, int n, const sigset_t *ends)
{
	char option[] = "-p", pid[16];
	char **all = calloc((size_t)n + 3, sizeof(*all));
	pid_t target = all != NULL ? target_new(ends) : 0;
	if (target == 0) {
		free(all);
		fprintf(stderr, "pagetop-demo: the target did not start\n");
		return 1;
	}
	snprintf(pid, sizeof(pid), "%d", (int)target);
	memcpy(all, command, (size_t)n * sizeof(*all));
	all[n] = option;
	all[n + 1] = pid;
	sigprocmask(SIG_UNBLOCK, ends, NULL);
	execvp(all[0], all);
	perror(all[0]);
	free(all);
	return 127;
}

int main(int argc, char **argv)
{
	bool once = argc == 2 && strcmp(argv[1], "--once") == 0;
	sigset_t ends; /* waited for, not handled */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (argc > 1 && !once)
		return become(argv + 1, argc - 1, &ends);
	end_with(getppid(), SIGTERM);
	_exit(target_run(once, &ends, STDOUT_FILENO)); /* no leak checker: the leak is meant */
}
