/*
 * Unwind tables (DWARF call frame information) as rows: how to get from a frame at an address to its caller's. libdw
 * reads the tables, which takes microseconds; a row is kept for each address that was asked for and is applied in tens
 * of nanoseconds. Addresses are those the file itself counts by. What is in the tables is hostile.
 */
#ifndef PT_UNWIND_CFI_H
#define PT_UNWIND_CFI_H

#include "core/unwind/frame.h"
#include "core/unwind/image.h"

struct pt_cfi;
struct pt_row;

/* NULL: out of memory. The image is borrowed for as long as it lives; one without tables is fine. */
struct pt_cfi *pt_cfi_new(const struct pt_image *image);
void pt_cfi_free(struct pt_cfi *cfi); /* NULL is fine */
/* NULL: the tables say nothing of it. Stays until the next is asked for. */
const struct pt_row *pt_cfi_row(struct pt_cfi *cfi, uint64_t address);
/* The frame of a signal: its caller was interrupted and called nothing. */
bool pt_row_is_signal(const struct pt_row *row);
/* From a frame to its caller's. END: this one is the first of its thread. Unless CALLER, frame is as it was. */
enum pt_step pt_row_step(const struct pt_row *row, const struct pt_dump *dump, struct pt_frame *frame);

#endif
