/*
 * Recordings that are read (private): one open file, and on it a reader for each process that is asked about. All under
 * the file's lock; the database is opened for reading alone, and nothing that the file brings along is executed.
 */
#ifndef PT_RECORD_READER_H
#define PT_RECORD_READER_H

#include <pthread.h>
#include <zstd.h>

#include "core/record/db.h"
#include "core/record/encode.h"
#include "core/record/record.h"

/* What is asked; of the reader's process where that makes a difference. */
enum pt_get {
	PT_GET_META,
	PT_GET_PROCESSES,
	PT_GET_N_PROCESSES,
	PT_GET_VERSION,
	PT_GET_DEFAULT,
	PT_GET_TARGET,
	PT_GET_ENDED,
	PT_GET_COUNT,
	PT_GET_LAST,
	PT_GET_FIRST,
	PT_GET_NOT_AFTER,
	PT_GET_BY_TIME,
	PT_GET_FROM_TIME,
	PT_GET_FORTH,
	PT_GET_BACK,
	PT_GET_MARKS,
	PT_GET_SIGNALS,
	PT_GET_FRAME,
	PT_GET_VMAS,
	PT_GET_WHOLE,
	PT_GET_PAGES,
	PT_GET_MOMENTS,
	PT_GET_VMAS_OF,
	PT_GET_SUMS_OF,
	PT_GET_FRAME_AMOUNTS,
	PT_GET_VMA_AMOUNTS,
	PT_GET_SAMPLES,
	PT_GET_FAULT_SPAN,
	PT_GET_FAULTS_BY_VMA,
	PT_GET_FAULTS_BY_STACK,
	PT_GET_FAULT_COMPLETE,
	PT_GET_FAULT_CALLS,
	PT_GET_N
};

struct pt_record_file {
	char *path, *name; /* for SQLite, for people */
	sqlite3 *db;
	unsigned version;            /* of its schema */
	bool has_faults;             /* known to have the tables of faults */
	sqlite3_stmt *get[PT_GET_N]; /* made when first used */
	pthread_mutex_t lock;
	ZSTD_DCtx *zstd;
	struct pt_buffer raw; /* the bytes of a frame */
	unsigned page_shift;  /* 0: no frame yet */
	unsigned refs;        /* atomic */
};

/* The file, with one reference; else -errno, and why in message. */
int pt_record_file_open(const char *path, struct pt_record_file **ret, char *message, size_t size);
void pt_record_file_unref(struct pt_record_file *file);
/* The statement, with the process bound to it. An SQLite code. */
int pt_record_file_get(struct pt_record_file *file, enum pt_get what, uint64_t process, sqlite3_stmt **ret);
/* Whether it has the tables of faults, which may come while it is written. 0, -ENODATA, -EBADMSG. */
int pt_record_file_faults(struct pt_record_file *file);
struct pt_maybe pt_record_file_meta(struct pt_record_file *file, const char *key);

#define PT_READER_KEPT 6 /* snapshots, so that a step back or forth is short */

/* The state of a signal from a frame on. Its words are the reader's, for as long as it lives. */
struct pt_signal_row {
	uint64_t since;
	enum pt_signal signal;
	struct pt_signal_state state;
	char *reason, *remedy;
};

struct pt_reader {
	struct pt_past past;
	struct pt_record_file *file; /* a reference */
	uint64_t process;            /* id; 0: none has frames yet */
	bool has_target;
	struct pt_process target; /* pid and start time */
	struct pt_signal_row *signals;
	size_t n_signals, room_signals;
	uint64_t last_signal; /* row */
	struct pt_kept {
		struct pt_snapshot *snapshot; /* NULL: none */
		uint64_t layout;
		uint64_t used; /* when, by `turn` */
	} kept[PT_READER_KEPT];
	uint64_t turn;
	uint64_t count, counted; /* moments up to the one of this seq */
};

/* SQLite codes. The statement is reset by whoever stepped it, by pt_reader_done. */
int pt_reader_get(struct pt_reader *reader, enum pt_get what, sqlite3_stmt **ret);
void pt_reader_done(sqlite3_stmt *get);
/* One number out of a statement that is bound; false if there is no row. */
bool pt_reader_number(sqlite3_stmt *get, uint64_t *ret);
/* What follows from the first frame and is read once, and what came since. -errno. */
int pt_reader_refresh(struct pt_reader *reader);
/* The last moment that is not after seq, or the first. 0: there is none. */
uint64_t pt_reader_moment(struct pt_reader *reader, uint64_t seq);
/* The last whole frame that is not after one. */
bool pt_reader_whole(struct pt_reader *reader, uint64_t seq, uint64_t *ret);
/* Columns of PT_GET_PAGES. */
enum {
	PT_PAGES_FRAME,
	PT_PAGES_DATA,
	PT_PAGES_WHOLE,
	PT_PAGES_REALTIME,
	PT_PAGES_MONOTONIC,
	PT_PAGES_PRESENCE,
	PT_PAGES_IMAGE,
};
/* The bytes of a frame at hand in PT_GET_PAGES, in the file's raw. -errno. */
int pt_reader_unpack(struct pt_reader *reader, sqlite3_stmt *get);

/* The operations of its past; lock held (at.c, plot.c, story.c). */
int pt_reader_at(struct pt_reader *reader, uint64_t seq, struct pt_snapshot **ret);
ssize_t pt_reader_plot(struct pt_reader *reader, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
		       struct pt_moment *ret, size_t max);
ssize_t pt_reader_story(struct pt_reader *reader, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max);

/* The VMAs at a frame. -errno. */
int pt_reader_vmas(struct pt_reader *reader, uint64_t seq, struct pt_vma_table **ret);

#endif
