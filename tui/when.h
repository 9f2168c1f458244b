/*
 * A moment as people write it: a mark's label, seconds from the start ("+12.5"), a time of day, or a date with one.
 */
#ifndef UI_WHEN_H
#define UI_WHEN_H

#include "core/history/past.h"

/*
 * Its seq in the past, into *ret: the last moment that is not after it. False, with one line in message: what it should
 * have been, or that there is no such mark. Times without a zone are local ones; those without a date are of the day on
 * which the past begins, or of the day after where that is in it and the other is not.
 */
bool ui_when(const char *text, struct pt_past *past, uint64_t *ret, char *message, size_t size);

#endif
