/*
 * A picture of all frames beside one bulk read of kpageflags, in turns: bench-picture [ROUNDS]. Prints words
 * SUBJECT.METRIC=VALUE, a line for each round, all CPU times in ms: bulk (the file read 64 KiB at a time), bulk-large (1 MiB
 * at a time), picture (from nothing), refresh (one that is there, brought up to date); then what a picture takes of memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine/bulk.h"
#include "core/machine/picture.h"

enum { LARGE = 1 << 17 };

static double cpu_ms(struct pt_kernel *k)
{
	return (double)k->ops->now(k, PT_CLOCK_THREAD_CPU) / 1e6;
}

/* All words of the file into the same few, in reads as large as `words`. */
static void read_all(struct pt_kernel *k, int fd, uint64_t *buf, size_t words)
{
	uint64_t at = 0;
	for (ssize_t got; (got = k->ops->pread(k, fd, buf, words * sizeof *buf, at * sizeof *buf)) > 0;)
		at += (uint64_t)got / sizeof *buf;
}

int main(int argc, char **argv)
{
	static uint64_t words[LARGE];
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	struct pt_kernel *k;
	struct pt_ram ram;
	struct pt_picture *p = NULL, *kept = NULL;
	if (pt_kernel_linux_new(&k, "/", 0) || pt_ram_read(k, &ram))
		return 1;
	int fd = k->ops->open(k, "proc/kpageflags", O_RDONLY);
	if (fd < 0 || rounds < 1 || pt_picture_new(&ram, &kept)) {
		fprintf(stderr, "kpageflags: %s\n", strerror(fd < 0 ? -fd : EINVAL));
		return 1;
	}
	for (int i = 0; i < rounds; i++) {
		double at[5];
		at[0] = cpu_ms(k);
		read_all(k, fd, words, PT_BULK_WORDS);
		at[1] = cpu_ms(k);
		read_all(k, fd, words, LARGE);
		at[2] = cpu_ms(k);
		pt_picture_free(p);
		if (pt_picture_new(&ram, &p) || pt_picture_read(p, k, fd, &ram, 0, ram.frames))
			return 1;
		at[3] = cpu_ms(k);
		if (pt_picture_read(kept, k, fd, &ram, 0, ram.frames))
			return 1;
		at[4] = cpu_ms(k);
		printf("bulk.cpu_ms=%.1f bulk-large.cpu_ms=%.1f picture.cpu_ms=%.1f refresh.cpu_ms=%.1f\n",
		       at[1] - at[0], at[2] - at[1], at[3] - at[2], at[4] - at[3]);
	}
	printf("picture.kib=%.0f frames.n=%llu\n", (double)pt_picture_bytes(kept) / 1024,
	       (unsigned long long)ram.online);
	pt_picture_free(p);
	pt_picture_free(kept);
	pt_ram_free(&ram);
	k->ops->close(k, fd);
	pt_kernel_free(k);
	return 0;
}
