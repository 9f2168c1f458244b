/*
 * A recorder that is killed at any moment: the file opens, it holds every frame that was reported written, and each of
 * its snapshots is the one that the writer held. The writer says in shared memory what it holds before it writes a
 * frame, and that it has written it; the parent kills it somewhere in between. Every other time it writes frames of
 * several processes, and samples.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/record/record.h"
#include "tests/support/digest.h"
#include "tests/support/made.h"

#define KILLS  50
#define FRAMES 400
#define PAGES  20000
#define MOST   3 /* processes */

struct shared {
	volatile unsigned held, written; /* frames */
	uint64_t digests[FRAMES];
};

static size_t count_processes(uint64_t seed)
{
	return seed % 2 ? MOST : 1;
}

static void sample(struct pt_writer *writer, const struct pt_snapshot *s)
{
	const struct pt_recorded process = {.pid = 99, .name = "no frames"};
	const struct pt_recorded *const processes[] = {&process};
	const struct pt_recorded_sample counters = pt_recorded_sample_of(&s->process, s->realtime_ns, s->monotonic_ns);
	if (pt_writer_samples(writer, processes, &counters, 1) < 0)
		_exit(1);
}

static void write_until_killed(const char *path, struct shared *shared, uint64_t seed)
{
	size_t n = count_processes(seed);
	const struct pt_record_options options = {.sync_frames = seed % 3 ? 0 : 2};
	struct pt_writer *writer;
	struct made made[MOST];
	char message[200];
	for (size_t i = 0; i < n; i++) {
		made_init(&made[i], seed + i, PAGES);
		made[i].page_changes = seed % 4 < 2 ? 3 : 100;
		made[i].pid = (pid_t)(100 + i);
	}
	if (pt_writer_open(path, &options, &writer, message, sizeof(message)) < 0)
		_exit(1);
	for (unsigned i = 0; i < FRAMES; i++) {
		made[i % n].seq = i + 1;
		struct pt_snapshot *s = made_next(&made[i % n]);
		shared->digests[i] = snapshot_digest(s);
		__atomic_store_n(&shared->held, i + 1, __ATOMIC_SEQ_CST);
		if (pt_writer_frame(writer, s) < 0)
			_exit(1);
		__atomic_store_n(&shared->written, i + 1, __ATOMIC_SEQ_CST);
		if (n > 1)
			sample(writer, s);
		pt_snapshot_unref(s);
	}
	for (;;)
		pause();
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Kills it some microseconds after it has written so many frames. */
static void kill_after(pid_t child, const struct shared *shared, unsigned frames, uint64_t more_ns)
{
	int status;
	while (__atomic_load_n(&shared->written, __ATOMIC_SEQ_CST) < frames)
		if (waitpid(child, &status, WNOHANG) == child)
			fail_msg("the writer ended by itself");
	for (uint64_t until = now() + more_ns; now() < until;)
		;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* The frames of one process of n; how many there are. */
static size_t check_process(struct pt_reader *all, const struct pt_recorded *process, size_t n,
			    const struct shared *shared)
{
	struct pt_reader *reader;
	assert_int_equal(pt_reader_of(all, process->id, &reader), 0);
	struct pt_past *past = pt_reader_past(reader);
	size_t frames = past->ops->count(past), at = (size_t)process->pid - 100;
	assert_int_equal(frames, process->frames);
	for (size_t i = 0; i < frames; i++, at += n) {
		struct pt_snapshot *s;
		assert_int_equal(past->ops->at(past, at + 1, &s), 0);
		assert_int_equal(s->seq, at + 1);
		assert_true(snapshot_digest(s) == shared->digests[at]);
		pt_snapshot_unref(s);
	}
	pt_reader_close(reader);
	return frames;
}

static void check(const char *path, const struct shared *shared, size_t n)
{
	struct pt_reader *reader;
	struct pt_recorded *processes;
	char message[300];
	size_t frames = 0;
	if (pt_reader_open(path, &reader, message, sizeof(message)) < 0) {
		if (shared->held) /* else there is no file yet */
			fail_msg("%s", message);
		return;
	}
	ssize_t found = pt_reader_processes(reader, &processes);
	assert_true(found >= 0);
	for (ssize_t i = 0; i < found; i++)
		if (processes[i].pid >= 100)
			frames += check_process(reader, &processes[i], n, shared);
	if (frames < shared->written || frames > shared->held)
		fail_msg("%zu frames of %u that were written, %u held", frames, shared->written, shared->held);
	free(processes);
	pt_reader_close(reader);
}

static void a_killed_recorder_loses_at_most_the_last_frame(void **arg)
{
	(void)arg;
	char folder[] = "/tmp/pagetop-test-XXXXXX", path[64], name[80];
	static const char *const ends[] = {"", "-wal", "-shm", ".part", ".part-journal"};
	struct made dice;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t frames = 0;
	assert_true(shared != MAP_FAILED);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/r", folder);
	made_init(&dice, 4711, 0);
	for (uint64_t i = 0; i < KILLS; i++) {
		shared->held = shared->written = 0;
		pid_t child = fork();
		if (child == 0)
			write_until_killed(path, shared, i + 1);
		kill_after(child, shared, (unsigned)made_random(&dice, 40), made_random(&dice, 6000000));
		frames += shared->written;
		check(path, shared, count_processes(i + 1));
		for (size_t k = 0; k < sizeof(ends) / sizeof(*ends); k++) {
			snprintf(name, sizeof(name), "%s%s", path, ends[k]);
			unlink(name);
		}
	}
	assert_true(frames > KILLS);
	assert_int_equal(rmdir(folder), 0);
	munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_recorder_loses_at_most_the_last_frame)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
