/*
 * A program whose pages are known, for tests under qemu: it maps so many anonymous pages, another huge one and a file,
 * writes them, and then does what it is told on its input.
 *
 *   target PAGES FILE     says "ready PID ADDRESS HUGE_ADDRESS", addresses as page numbers
 *     touch FROM COUNT    reads a byte of each of these pages
 *     huge                reads one byte of the huge page
 *     read FROM COUNT     reads these pages of the file by read(2)
 *
 * It answers each line by "done" once that happened.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define HUGE (2u << 20)

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

static void touch(const char *memory, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++)
		(void)*(volatile const char *)(memory + i * PAGE);
}

int main(int argc, char **argv)
{
	char line[80], what[16], page[PAGE];
	size_t pages = argc == 3 ? strtoul(argv[1], NULL, 0) : 0, from, count;
	int file = argc == 3 ? open(argv[2], O_RDONLY) : -1;

	if (!pages || file < 0)
		return 2;
	char *memory = map(pages * PAGE), *huge = map(2 * HUGE);
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	huge += HUGE - (uintptr_t)huge % HUGE;
	madvise(huge, HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		memory[i * PAGE] = 1;
	huge[0] = 1;
	printf("ready %d %#lx %#lx\n", (int)getpid(), (unsigned long)(uintptr_t)memory / PAGE,
	       (unsigned long)(uintptr_t)huge / PAGE);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		from = count = 0;
		if (sscanf(line, "%15s %zu %zu", what, &from, &count) < 1)
			return 2;
		if (!strcmp(what, "touch"))
			touch(memory, from, count);
		else if (!strcmp(what, "huge"))
			touch(huge, 100, 1);
		for (size_t i = from; !strcmp(what, "read") && i < from + count; i++)
			if (pread(file, page, PAGE, (off_t)(i * PAGE)) < 0)
				return 2;
		puts("done");
		fflush(stdout);
	}
	return 0;
}
