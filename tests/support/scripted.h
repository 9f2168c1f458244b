/*
 * A scripted kernel: sits on another kernel object, counts what is asked of it, fails or shortens the call a test names,
 * lets the test change the world right before a call, and keeps the clock.
 *
 * Over a fixture it also does what a folder can't: PAGEMAP_SCAN (from proc/PID/categories, as Linux 6.18 does it: equal
 * neighbours merged over the borders of VMAs, a full vector resumed at walk_end, and a walk_end that is stale
 * where the last round of regions was not full), cachestat on files of map_files,
 * pidfds that end when the fixture's process does, descriptors of status and children that say -ESRCH then, and pagemap
 * descriptors that go dead when it ends or execs, page_owner read by records. An exec
 * is a new "process" line with the same PID and start time; another start time is another process with a used PID.
 *
 * Every system call counts but close and unmap: open pread ioctl readlink list stat pidfd ended read_memory cachestat
 * ptrace wait clear_soft_dirty perf_open map fstat reopen peek read mark_idle. Calls are numbered from 1.
 */
#ifndef TESTS_SCRIPTED_H
#define TESTS_SCRIPTED_H

#include "core/kernel/kernel.h"

struct scripted_fd; /* private */

struct scripted {
	struct pt_kernel k; /* for the code under test */

	/* the script: zero is nothing special, and a test may change it at any time */
	unsigned long fail_call;  /* this call fails ... */
	int fail_error;           /* ... with this -errno */
	unsigned long short_call; /* this call gives half of what it could, if it is a pread or read */
	unsigned long hook_call;  /* before this call, hook(hook_arg) */
	void (*hook)(void *arg);
	void *hook_arg;
	const char *deny; /* opening a path that has this in it fails ... */
	int deny_error;   /* ... with this -errno */
	/* what was read may be changed before it is handed out */
	void (*edit)(const char *path, void *buf, size_t size);
	bool no_scan;           /* a kernel before 6.7 */
	bool no_guard;          /* one that refuses the category of guard markers */
	bool dead_scan_is_done; /* one that says "nothing there" of dead memory, as 6.12 does, and not ESRCH */
	unsigned scan_round;    /* regions the kernel collects at a time; 512 */
	bool no_pidfd, no_cachestat, no_procmap_query;
	/* Files of a fixture that can be peeked at: a path, and where process "self" of the fixture has it mapped. */
	const struct scripted_file {
		const char *path;
		uint64_t address;
		struct pt_cachestat cached; /* for each of its pages */
	} * files;
	size_t n_files;
	bool no_noatime;            /* files are another user's */
	uint64_t clock[PT_CLOCK_N]; /* by enum pt_clock, in ns */
	uint64_t tick;              /* what each look at a clock adds to it */

	/* what happened */
	unsigned long calls, opens, preads, ioctls;
	unsigned open_fds;

	/* private */
	struct pt_kernel *inner;
	struct scripted_fd *fds;
};

/* Takes over `inner`. */
struct scripted *scripted_new(struct pt_kernel *inner);
/* Fails the test if a descriptor is still open. NULL is fine. */
void scripted_free(struct scripted *s);

#endif
