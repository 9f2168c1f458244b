/*
 * A recording that is being written (private): a track for each process that lives, with what the writer knows of its
 * last frame in the file.
 */
#ifndef PT_RECORD_WRITER_H
#define PT_RECORD_WRITER_H

#include <zstd.h>

#include "core/record/db.h"
#include "core/record/encode.h"
#include "core/record/record.h"
#include "core/record/tokens.h"

enum pt_put {
	PT_PUT_META,
	PT_PUT_PROCESS,
	PT_PUT_END,
	PT_PUT_FRAME,
	PT_PUT_SAMPLE,
	PT_PUT_SIGNAL,
	PT_PUT_VMA,
	PT_PUT_VMA_END,
	PT_PUT_VMA_SUM,
	PT_PUT_LEDGER,
	PT_PUT_TOLD,
	PT_PUT_VMA_EVENT,
	PT_PUT_MARK,
	PT_PUT_PAGES,
	PT_PUT_FAULT_FRAME,
	PT_PUT_FAULT,
	PT_PUT_FAULT_STACK,
	PT_PUT_FAULT_CALL,
	PT_PUT_FAULT_CODE,
	PT_PUT_FAULT_MODULE,
	PT_PUT_N
};

struct pt_track {
	sqlite3_int64 id; /* in the table process */
	pid_t pid;
	uint64_t start_time;
	char name[PT_NAME_MAX]; /* as it was told last */
	bool stale;             /* what it was told may not be in the file */
	bool ended;
	/* of its last frame in the file: */
	struct pt_snapshot *before;     /* NULL: there is none */
	sqlite3_int64 *ids;             /* of before's VMAs in the table vma */
	uint32_t told;                  /* events that the ledger can tell: 1 << enum pt_event */
	uint64_t layout;                /* since which frame the VMAs are as they are */
	size_t whole_bytes, since_cost; /* of the last whole frame; of those since */
};

/* Rows that the file has, by what they are of (faultrows.c). A key is held by `stacks`, which has references. */
struct pt_fault_names {
	struct pt_numbered {
		struct pt_numbered_row {
			const void *key; /* NULL: free */
			sqlite3_int64 id;
		} * v; /* [room], hashed */
		size_t n, room;
	} stacks, codes, modules;
};
void pt_fault_names_free(struct pt_fault_names *names);

struct pt_writer {
	sqlite3 *db;
	char *path, *name;           /* for SQLite, for people */
	sqlite3_stmt *put[PT_PUT_N]; /* made when first used */
	struct pt_encoder *encoder;
	ZSTD_CCtx *zstd;
	struct pt_buffer packed;
	struct pt_tokens tokens;
	bool anonymize;
	unsigned sync_frames, since_sync;
	struct pt_track **tracks; /* of processes that have not ended, [n_tracks] */
	size_t n_tracks, room_tracks;
	/* what is in the file: */
	sqlite3_int64 last_process; /* the highest id */
	uint64_t last_seq;          /* 0: no frame yet */
	unsigned page_shift;        /* of all frames */
	uint64_t clocks; /* CLOCK_REALTIME less CLOCK_MONOTONIC, at the newest frame or sample; 0: none yet */
	struct pt_fault_names fault_names;
	bool has_fault_tables;
	char message[400];
};

/* A frame in the making: what becomes of its track if it is committed. */
struct pt_frame {
	struct pt_track *track;
	struct pt_snapshot *now;
	struct pt_delta *delta; /* from the one before it */
	sqlite3_int64 *ids;
	size_t *was; /* of each VMA, where it is in before's table; SIZE_MAX: new */
	uint64_t layout;
	uint32_t told;
	bool whole;
	bool late; /* its process has ended */
	size_t bytes;
};

/* SQLite codes, here and below. */
int pt_record_put(struct pt_writer *writer, enum pt_put what, sqlite3_stmt **ret);
/* A transaction, and its end: commits what was begun if all went well. SQLite codes. */
int pt_record_begin(struct pt_writer *writer);
int pt_record_end(struct pt_writer *writer, int code);
/* Says what went wrong. The -errno of an SQLite code. */
int pt_record_fail(struct pt_writer *writer, int code);
/* The rows of a frame that are not its pages (rows.c). */
int pt_put_rows(struct pt_writer *writer, struct pt_frame *frame);

/* ---- tracks (tracks.c) ---- */

/* The track of a process, with its row in the file; `anew`: all that is known of it is put there, not only its name. */
int pt_track_put(struct pt_writer *writer, const struct pt_recorded *process, bool anew, struct pt_track **ret);
/* The track of a process that has not ended; NULL: there is none. */
struct pt_track *pt_track_of(const struct pt_writer *writer, pid_t pid, uint64_t start_time);
/* Which row of the table vma an address belongs to, of its last frame in the file; 0: none (rows.c). */
sqlite3_int64 pt_track_vma(const struct pt_track *track, uint64_t address);
/* The transaction was committed, or not: lets go of those that have ended, or came with it. */
void pt_tracks_settle(struct pt_writer *writer, bool committed);
void pt_tracks_free(struct pt_writer *writer);

#endif
