/*
 * A library that calls back; for target.c.
 */
void library_visit(void (*visit)(void));
void library_visit(void (*visit)(void))
{
	visit();
	__asm__ volatile("" ::: "memory");
}
