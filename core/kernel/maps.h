/*
 * Private to core/kernel: the line that maps and smaps have in common.
 */
#ifndef PT_KERNEL_MAPS_H
#define PT_KERNEL_MAPS_H

#include "core/kernel/parse.h"
#include "core/model/vma.h"

/*
 * Takes everything up to the name, which is what is left of the line then; role and path of *ret stay empty. False for
 * a damaged line.
 */
bool pt_take_vma(struct pt_cursor *line, struct pt_vma *ret);

#endif
