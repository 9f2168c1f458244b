/*
 * Recorder: a thread that writes what it is given to a recording, so that a slow disk holds up no scan. What it is given
 * waits in a queue that has room for a few frames, and for many small things; where it is full, they are lost, and
 * counted. After a failure it writes no more.
 */
#ifndef PT_RECORD_RECORDER_H
#define PT_RECORD_RECORDER_H

#include "core/kernel/kernel.h"
#include "core/record/faults.h"

#define PT_RECORDER_QUEUE 8 /* frames that wait, and steps of faults */

struct pt_recorder;

struct pt_recorder_status {
	uint64_t frames;     /* written */
	uint64_t lost;       /* frames that the disk was too slow for */
	uint64_t lost_small; /* likewise of marks, processes, samples and steps of faults */
	uint64_t cpu_ns;     /* of its thread; 0 without a clock */
	int error;           /* -errno: it has stopped; `message` says why in one line */
	bool stopped;        /* the file is closed */
	char message[400];
};

/* Takes over the writer and the kernel, also when it fails; of the latter it reads the clock alone (NULL: none). */
int pt_recorder_new(struct pt_recorder **ret, struct pt_writer *writer, struct pt_kernel *clock);
/* Any thread; never waits for the disk. A frame that is not newer than the last one is passed over. */
void pt_recorder_push(struct pt_recorder *recorder, struct pt_snapshot *snapshot);
/* pid: of whoever set it, 0 if unknown. */
void pt_recorder_mark(struct pt_recorder *recorder, uint64_t realtime_ns, pid_t pid, const char *label);
/* As pt_writer_process and pt_writer_samples. */
void pt_recorder_process(struct pt_recorder *recorder, const struct pt_recorded *process);
void pt_recorder_sample(struct pt_recorder *recorder, const struct pt_recorded *process,
			const struct pt_recorded_sample *sample);
/* As pt_writer_faults: its frame was pushed before. A reference is taken. */
void pt_recorder_faults(struct pt_recorder *recorder, struct pt_fault_step *step);
void pt_recorder_end(struct pt_recorder *recorder, uint64_t realtime_ns); /* of the target */
/* Writes what is in the queue, then closes the file. Does not wait for that. */
void pt_recorder_stop(struct pt_recorder *recorder);
struct pt_recorder_status pt_recorder_status(struct pt_recorder *recorder);
/* Readable when the status changed since it was asked for last. */
int pt_recorder_fd(struct pt_recorder *recorder);
/* Stops it, and waits until the file is closed: how that went. */
struct pt_recorder_status pt_recorder_finish(struct pt_recorder *recorder);
/* Stops it, and waits until the file is closed. NULL is fine. */
void pt_recorder_free(struct pt_recorder *recorder);

#endif
