/*
 * A picture of all frames beside one bulk read of kpageflags, in turns, by CPU time: bench-picture [ROUNDS]. Prints the
 * medians, their ratio, and what the picture takes of memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine/bulk.h"
#include "core/machine/picture.h"

enum { MOST = 99, LARGE = 1 << 17 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return v[n / 2];
}

static double cpu_ms(struct pt_kernel *k)
{
	return (double)k->ops->now(k, PT_CLOCK_THREAD_CPU) / 1e6;
}

/* All words of the file into the same few, in reads as large as `words`; how many there were. */
static uint64_t read_all(struct pt_kernel *k, int fd, uint64_t *buf, size_t words)
{
	uint64_t at = 0;
	for (ssize_t got; (got = k->ops->pread(k, fd, buf, words * sizeof *buf, at * sizeof *buf)) > 0;)
		at += (uint64_t)got / sizeof *buf;
	return at;
}

int main(int argc, char **argv)
{
	static uint64_t words[LARGE];
	double bulk[MOST], large[MOST], picture[MOST], first[MOST], before;
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	struct pt_kernel *k;
	struct pt_ram ram;
	struct pt_picture *p = NULL, *kept = NULL;
	if (pt_kernel_linux_new(&k, "/", 0) || pt_ram_read(k, &ram))
		return 1;
	int fd = k->ops->open(k, "proc/kpageflags", O_RDONLY);
	if (fd < 0 || rounds < 1 || rounds > MOST || pt_picture_new(&ram, &kept)) {
		fprintf(stderr, "kpageflags: %s\n", strerror(fd < 0 ? -fd : EINVAL));
		return 1;
	}
	uint64_t n = 0;
	for (int i = 0; i < rounds; i++) {
		before = cpu_ms(k);
		n = read_all(k, fd, words, PT_BULK_WORDS);
		bulk[i] = cpu_ms(k) - before;
		before = cpu_ms(k);
		read_all(k, fd, words, LARGE);
		large[i] = cpu_ms(k) - before;
		before = cpu_ms(k);
		pt_picture_free(p);
		if (pt_picture_new(&ram, &p) || pt_picture_read(p, k, fd, &ram, 0, ram.frames))
			return 1;
		first[i] = cpu_ms(k) - before;
		before = cpu_ms(k);
		if (pt_picture_read(kept, k, fd, &ram, 0, ram.frames))
			return 1;
		picture[i] = cpu_ms(k) - before;
	}
	double base = median(bulk, rounds);
	printf("%llu words; %llu frames with memory\n", (unsigned long long)n, (unsigned long long)ram.online);
	printf("bulk read, 64 KiB at a time %.1f ms; 1 MiB at a time %.1f ms\n", base, median(large, rounds));
	printf("picture, from nothing %.1f ms: %.2f times; brought up to date %.1f ms: %.2f times\n",
	       median(first, rounds), median(first, rounds) / base, median(picture, rounds),
	       median(picture, rounds) / base);
	printf("it takes %.2f MiB\n", (double)pt_picture_bytes(kept) / (1 << 20));
	pt_picture_free(p);
	pt_picture_free(kept);
	pt_ram_free(&ram);
	k->ops->close(k, fd);
	pt_kernel_free(k);
	return 0;
}
