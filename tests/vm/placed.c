/*
 * A program whose pages lie on nodes that it chose, for tests under qemu: so many pages bound to node 0, twice as many
 * bound to node 1, four times as many on both in turns.
 *
 *   placed PAGES    says "ready PID FIRST SECOND THIRD" (addresses in hexadecimal) and waits to be ended
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

enum { BIND = 2, INTERLEAVE = 3 }; /* linux/mempolicy.h */

/* Written pages by a policy, in a VMA of their own. */
static uintptr_t place(size_t pages, int policy, unsigned long nodes)
{
	char *memory = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory + PAGE, pages * PAGE, PROT_READ | PROT_WRITE))
		exit(2);
	memory += PAGE;
	if (syscall(SYS_mbind, memory, pages * PAGE, policy, &nodes, 8 * sizeof nodes, 0))
		exit(3);
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		memory[i * PAGE] = 1;
	return (uintptr_t)memory;
}

int main(int argc, char **argv)
{
	size_t pages = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;
	if (!pages)
		return 1;
	uintptr_t first = place(pages, BIND, 1), second = place(2 * pages, BIND, 2);
	uintptr_t third = place(4 * pages, INTERLEAVE, 3);
	printf("ready %d %lx %lx %lx\n", (int)getpid(), (unsigned long)first, (unsigned long)second,
	       (unsigned long)third);
	fflush(stdout);
	for (;;)
		pause();
}
