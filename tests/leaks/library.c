/*
 * A library with thread-local memory, loaded late by threads.c.
 */
static __thread void *slots[256];

void **slots_of_library(void);
void **slots_of_library(void)
{
	return slots;
}
