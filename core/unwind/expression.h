/*
 * DWARF expressions as unwind tables have them: of signal frames, procedure linkage tables and realigned stacks. Pure;
 * hostile ones come to nothing.
 */
#ifndef PT_UNWIND_EXPRESSION_H
#define PT_UNWIND_EXPRESSION_H

#include <elfutils/libdw.h>

#include "core/unwind/frame.h"

/* cfa: what DW_OP_call_frame_cfa gives; memory is the dump alone. False: it needs what is not known. */
bool pt_expression(const Dwarf_Op *ops, size_t n, const struct pt_frame *frame, const struct pt_dump *dump,
		   uint64_t cfa, uint64_t *ret);

#endif
