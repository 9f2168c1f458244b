/*
 * A recording that is being written (private): what the writer knows of the last frame in the file.
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
	PT_PUT_FRAME,
	PT_PUT_SIGNAL,
	PT_PUT_VMA,
	PT_PUT_VMA_END,
	PT_PUT_VMA_SUM,
	PT_PUT_LEDGER,
	PT_PUT_TOLD,
	PT_PUT_VMA_EVENT,
	PT_PUT_MARK,
	PT_PUT_PAGES,
	PT_PUT_N
};

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
	/* of the last frame in the file: */
	struct pt_snapshot *before;     /* NULL: there is none */
	sqlite3_int64 *ids;             /* of before's VMAs in the table vma */
	uint32_t told;                  /* events that the ledger can tell: 1 << enum pt_event */
	uint64_t layout;                /* since which frame the VMAs are as they are */
	size_t whole_bytes, since_cost; /* of the last whole frame; of those since */
	char message[400];
};

/* A frame in the making: what becomes of the above if it is committed. */
struct pt_frame {
	struct pt_snapshot *now;
	struct pt_delta *delta; /* from the one before it */
	sqlite3_int64 *ids;
	size_t *was; /* of each VMA, where it is in before's table; SIZE_MAX: new */
	uint64_t layout;
	uint32_t told;
	bool whole;
	size_t bytes;
};

/* SQLite codes, here and below. */
int pt_record_put(struct pt_writer *writer, enum pt_put what, sqlite3_stmt **ret);
/* The rows of a frame that are not its pages (rows.c). */
int pt_put_rows(struct pt_writer *writer, struct pt_frame *frame);

#endif
