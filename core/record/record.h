/*
 * Recordings: series of snapshots in an SQLite file, with marks and the ledger as plain columns, for replay and for
 * anyone with the sqlite3 shell. The schema is in schema.h and in the manual (pagetop-recording(5)).
 *
 * One file holds as many processes as were watched together, told apart by PID and start time: frames of each, with a
 * past of its own, and of those too short-lived for frames, samples of their counters.
 *
 * The pages of a frame are one delta (core/history/delta.h) as bytes, compressed; now and then a frame is whole, so that
 * going anywhere reads at most about twice the size of one whole frame. One transaction a frame, write-ahead log: what
 * was committed can be read however the writer ended.
 */
#ifndef PT_RECORD_RECORD_H
#define PT_RECORD_RECORD_H

#include "core/history/past.h"

/* A process of a recording. What is not known is 0, or says so. */
struct pt_recorded {
	uint64_t id; /* 1, 2, ... as they came into the file; reading alone has it */
	pid_t pid, parent;
	uint64_t start_time;                /* clock ticks after boot */
	char name[PT_NAME_MAX];             /* comm, the newest: raw bytes, hostile */
	struct pt_maybe began_ns, ended_ns; /* CLOCK_MONOTONIC: first seen; found to have ended */
	struct pt_maybe exit_status;        /* as waitpid gives it */
	struct pt_maybe peak_rss;           /* bytes, the kernel's own: VmHWM or ru_maxrss */
	/* reading alone has these: */
	uint64_t frames;
	struct pt_maybe most_rss, most_swap; /* bytes, in any frame or sample */
};

/* Counters of a process at one moment: what status says, in bytes. */
struct pt_recorded_sample {
	uint64_t realtime_ns, monotonic_ns;
	struct pt_maybe size, rss, anon, file, shmem, swap, hugetlb;
};
struct pt_recorded_sample pt_recorded_sample_of(const struct pt_process *counters, uint64_t realtime_ns,
						uint64_t monotonic_ns);

/* ---- writing: one thread at a time ---- */

struct pt_record_options {
	bool anonymize;       /* paths, names and the command line become numbers */
	unsigned sync_frames; /* fsync after so many frames; 0: when the system does */
	bool replace;         /* a file of that name, whatever it is */
	uint64_t interval_ns; /* that was asked for; 0: not known */
	const char *command;  /* command line of the target: raw bytes, NULL if unknown */
	size_t command_size;
};

/* Bytes of a frame's pages before they are compressed; one that needs more is not written, and not read. */
#define PT_RECORD_FRAME_MAX (512u << 20)

struct pt_writer;

/* A new file; readable by its owner alone; -EEXIST if there is one. Errors are -errno, with one line of what happened
 * and to what in message. */
int pt_writer_open(const char *path, const struct pt_record_options *options, struct pt_writer **ret, char *message,
		   size_t size);
/*
 * One frame of any process, in one transaction; seq ascends over all of them. On failure nothing of it is in the file,
 * what was there stays, and the next may be tried. -EINVAL: out of order, or the process was said to have ended.
 */
int pt_writer_frame(struct pt_writer *writer, struct pt_snapshot *snapshot);
/*
 * What is known of a process, by its pid and start_time: new, or in addition to what the file has. Once it has ended
 * there are no more frames of it, but this may come again. A process that has frames or samples need not be told of.
 */
int pt_writer_process(struct pt_writer *writer, const struct pt_recorded *process);
/* Samples of processes (pid, start_time and name say which), in one transaction. */
int pt_writer_samples(struct pt_writer *writer, const struct pt_recorded *const *processes,
		      const struct pt_recorded_sample *samples, size_t n);
/* pid: of whoever set it, 0 if unknown. */
int pt_writer_mark(struct pt_writer *writer, uint64_t realtime_ns, pid_t pid, const char *label);
/* The first process ended, at this time of CLOCK_REALTIME. */
int pt_writer_end(struct pt_writer *writer, uint64_t realtime_ns);
const char *pt_writer_message(const struct pt_writer *writer); /* of the last failure, one line; borrowed */
/* Closes the file; what was committed is in it. */
void pt_writer_close(struct pt_writer *writer); /* NULL is fine */

/* ---- reading ---- */

struct pt_reader;

/*
 * Opens read-only, for the first process that has frames. Hostile files are refused: -EBADMSG no recording, or damaged;
 * -ENOTSUP another size of chunks, or a schema that is newer (or older) than what this pagetop reads; with why.
 */
int pt_reader_open(const char *path, struct pt_reader **ret, char *message, size_t size);
/* Another one on the same open file, for the process with this id, whether it has frames or not. 0 or -ENOMEM. */
int pt_reader_of(struct pt_reader *reader, uint64_t id, struct pt_reader **ret);
/* Another one for the same process. 0 or -ENOMEM. */
int pt_reader_again(struct pt_reader *reader, struct pt_reader **ret);
void pt_reader_close(struct pt_reader *reader);           /* NULL is fine; the past goes with it */
struct pt_past *pt_reader_past(struct pt_reader *reader); /* borrowed; any thread */
/* When its process ended, CLOCK_REALTIME; unknown: it was alive when the recording ended, or still is. */
struct pt_maybe pt_reader_ended(struct pt_reader *reader);
/* Whether names in it are numbers. */
bool pt_reader_anonymized(struct pt_reader *reader);
/* Whether the file has more than one process; quick. */
bool pt_reader_has_several(struct pt_reader *reader);
/* Changes when another connection wrote to the file; never 0. */
uint64_t pt_reader_version(struct pt_reader *reader);
/* All processes of the file, by id; free() *ret. How many, or -errno. */
ssize_t pt_reader_processes(struct pt_reader *reader, struct pt_recorded **ret);
/*
 * Which of them a person means by a PID: that with frames, if several had it, and the last of those. NULL: there is
 * none.
 */
const struct pt_recorded *pt_recorded_find(const struct pt_recorded *v, size_t n, pid_t pid);

#endif
