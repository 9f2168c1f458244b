/*
 * A tape: a recording of a made-up process (made.h) in a folder of its own, and the snapshots that were written to it.
 */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "core/record/record.h"
#include "tests/support/made.h"

#define TAPE_FRAMES 40

struct tape {
	char folder[32], path[64];
	struct made made;
	struct pt_snapshot *frames[TAPE_FRAMES];
	size_t n;
	struct pt_writer *writer;
	struct pt_reader *reader;
	struct pt_past *past;
};

/* A new file, with a writer. */
void tape_open(struct tape *tape, uint64_t seed, const struct pt_record_options *options);
/* Writes the next frame. */
struct pt_snapshot *tape_frame(struct tape *tape);
/* A reader on it. */
void tape_read(struct tape *tape);
/* All of these: TAPE_FRAMES frames, the writer is closed, there is a reader. */
void tape_make(struct tape *tape, uint64_t seed);
/* Closes what is open, and takes the folder away with what is in it. */
void tape_end(struct tape *tape);

#endif
