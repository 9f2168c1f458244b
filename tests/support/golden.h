/*
 * Goldens: what was looked at once and found good, kept as text in tests/golden.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

/* Text is as tests/golden/FOLDER/NAME.txt is. With PT_REGENERATE=1 in the environment that is written instead. */
void golden_check(const char *text, const char *folder, const char *name);

#endif
