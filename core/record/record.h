/*
 * Recordings: a series of snapshots in an SQLite file, with marks and the ledger as plain columns, for replay and for
 * anyone with the sqlite3 shell. The schema is in schema.h and in the manual (pagetop-recording(5)).
 *
 * The pages of a frame are one delta (core/history/delta.h) as bytes, compressed; now and then a frame is whole, so that
 * going anywhere reads at most about twice the size of one whole frame. One transaction a frame, write-ahead log: what
 * was committed can be read however the writer ended.
 */
#ifndef PT_RECORD_RECORD_H
#define PT_RECORD_RECORD_H

#include "core/history/past.h"

/* ---- writing: one thread at a time ---- */

struct pt_record_options {
	bool anonymize;       /* paths, names and the command line become numbers */
	unsigned sync_frames; /* fsync after so many frames; 0: when the system does */
	bool replace;         /* a file of that name, whatever it is */
	const char *command;  /* command line of the target: raw bytes, NULL if unknown */
	size_t command_size;
};

/* Bytes of a frame's pages before they are compressed; one that needs more is not written, and not read. */
#define PT_RECORD_FRAME_MAX (512u << 20)

struct pt_writer;

/* A new file; readable by its owner alone; -EEXIST if there is one. Errors are -errno, with one line of what happened and to what in message. */
int pt_writer_open(const char *path, const struct pt_record_options *options, struct pt_writer **ret, char *message,
		   size_t size);
/* One frame, in one transaction. On failure nothing of it is in the file, what was there stays, and the next may be tried. */
int pt_writer_frame(struct pt_writer *writer, struct pt_snapshot *snapshot);
int pt_writer_mark(struct pt_writer *writer, uint64_t realtime_ns, const char *label);
/* The target ended, at this time of CLOCK_REALTIME. */
int pt_writer_end(struct pt_writer *writer, uint64_t realtime_ns);
const char *pt_writer_message(const struct pt_writer *writer); /* of the last failure, one line; borrowed */
/* Closes the file; what was committed is in it. */
void pt_writer_close(struct pt_writer *writer); /* NULL is fine */

/* ---- reading ---- */

struct pt_reader;

/* Opens read-only. Hostile files are refused: -EBADMSG damaged, -ENOTSUP another page size or a newer schema, with why. */
int pt_reader_open(const char *path, struct pt_reader **ret, char *message, size_t size);
void pt_reader_close(struct pt_reader *reader);           /* NULL is fine; the past goes with it */
struct pt_past *pt_reader_past(struct pt_reader *reader); /* borrowed; any thread */
/* When the target ended, CLOCK_REALTIME; unknown: it was alive when the recording ended, or still is. */
struct pt_maybe pt_reader_ended(struct pt_reader *reader);
/* Whether more was written since the last call. */
bool pt_reader_follow(struct pt_reader *reader);

#endif
