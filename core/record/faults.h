/*
 * Faults in recordings: how many there were from frame to frame, by VMA, kind and stack (core/faults/step.h). Tables of
 * their own, which only recordings with faults have; a frame that has no row in them was not watched.
 */
#ifndef PT_RECORD_FAULTS_H
#define PT_RECORD_FAULTS_H

#include "core/faults/step.h"
#include "core/record/record.h"

/*
 * Adds a step, in one transaction, to the frame that ended it, which was written before; to the one before that where it
 * is not in the file. Of a process without frames nothing is written. Errors as pt_writer_frame.
 */
int pt_writer_faults(struct pt_writer *writer, const struct pt_fault_step *step);

/* Whether it has any, of whichever process. */
bool pt_reader_has_faults(struct pt_reader *reader);
/* The calls of a stack by its number in a view, malloc'ed. 0, -ENOENT, -EBADMSG, -ENOMEM. Any thread. */
int pt_reader_fault_calls(struct pt_reader *reader, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n);
/*
 * The faults of its process after the frame from_seq and up to to_seq, as the live watch shows them: the tables by kind,
 * VMA and stack, at most `rows` stacks (0: all), dearest first. What no recording has (addresses, threads, CPUs,
 * repeaters, what is still there) is left out. from_seq 0: from the beginning. -ENODATA: none were watched then;
 * -EBADMSG: damaged; -ENOMEM. Any thread.
 */
int pt_reader_faults(struct pt_reader *reader, uint64_t from_seq, uint64_t to_seq, size_t rows,
		     struct pt_fault_view **ret);

#endif
