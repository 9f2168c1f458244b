/*
 * Known leaks: main, and the file of the truth, which is written as text as soon as it is known.
 */
#include "truth.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

/* Of LeakSanitizer, where it is linked in; and of ready(). */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

static int truth_file;
static size_t divisor = 1;
static char text[65536]; /* of the truth, not written yet */
static size_t text_size;
unsigned threads_ready;
static bool was_ready;

void fail(const char *what)
{
	fprintf(stderr, "%s failed\n", what);
	_exit(1);
}

size_t scaled(size_t n)
{
	return n / divisor ? n / divisor : 1;
}

static void flush(void)
{
	if (write(truth_file, text, text_size) != (ssize_t)text_size)
		fail("writing the truth");
	text_size = 0;
}

static bool text_locked; /* one writer at a time */

NEVER_INLINED void truth(const char *tier, const void *object)
{
	while (__atomic_exchange_n(&text_locked, true, __ATOMIC_ACQUIRE))
		;
	if (text_size + 64 > sizeof(text))
		flush();
	text_size += (size_t)sprintf(text + text_size, "%s 0x%lx %zu\n", tier, (unsigned long)object,
				     tier[0] == 'f' ? 0 : malloc_usable_size((void *)object));
	__atomic_store_n(&text_locked, false, __ATOMIC_RELEASE);
}

NEVER_INLINED void *made(const char *tier, size_t size)
{
	void *object = malloc(size);
	if (!object)
		fail("malloc");
	memset(object, 0, size);
	truth(tier, object);
	return object;
}

void thread_is_ready(void)
{
	__atomic_add_fetch(&threads_ready, 1, __ATOMIC_SEQ_CST);
}

void wait_for_threads(unsigned n)
{
	while (__atomic_load_n(&threads_ready, __ATOMIC_SEQ_CST) < n)
		sched_yield();
}

uint64_t random_of(uint64_t *state) /* xorshift64* */
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717u;
}

static void wipe_registers(void)
{
	__asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi\n"
			 "xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d\n" ::
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::: "memory");
	else
		__asm__ volatile(
			"pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2; pxor %%xmm3, %%xmm3\n"
			"pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7\n"
			"pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9; pxor %%xmm10, %%xmm10; pxor %%xmm11, %%xmm11\n"
			"pxor %%xmm12, %%xmm12; pxor %%xmm13, %%xmm13; pxor %%xmm14, %%xmm14; pxor %%xmm15, "
			"%%xmm15\n" ::
				: "memory");
	if (__builtin_cpu_supports("avx512f")) /* those that string functions of glibc use */
		__asm__ volatile("vpxorq %%zmm16, %%zmm16, %%zmm16; vpxorq %%zmm17, %%zmm17, %%zmm17\n"
				 "vpxorq %%zmm18, %%zmm18, %%zmm18; vpxorq %%zmm19, %%zmm19, %%zmm19\n"
				 "vpxorq %%zmm20, %%zmm20, %%zmm20; vpxorq %%zmm21, %%zmm21, %%zmm21\n"
				 "vpxorq %%zmm22, %%zmm22, %%zmm22; vpxorq %%zmm23, %%zmm23, %%zmm23\n"
				 "vpxorq %%zmm24, %%zmm24, %%zmm24; vpxorq %%zmm25, %%zmm25, %%zmm25\n"
				 "vpxorq %%zmm26, %%zmm26, %%zmm26; vpxorq %%zmm27, %%zmm27, %%zmm27\n"
				 "vpxorq %%zmm28, %%zmm28, %%zmm28; vpxorq %%zmm29, %%zmm29, %%zmm29\n"
				 "vpxorq %%zmm30, %%zmm30, %%zmm30; vpxorq %%zmm31, %%zmm31, %%zmm31\n" ::
					 : "memory");
}

NEVER_INLINED void wipe(void)
{
	volatile char below[16384];
	for (size_t i = 0; i < sizeof(below); i++)
		below[i] = 0;
	wipe_registers();
}

NEVER_INLINED static void wipe_deep(void)
{
	volatile char below[512 * 1024];
	for (size_t i = 0; i < sizeof(below); i++)
		below[i] = 0;
	wipe_registers();
}

NEVER_INLINED static void ask_peers(void)
{
	if (__lsan_do_recoverable_leak_check)
		__lsan_do_recoverable_leak_check();
#ifdef RUNNING_ON_VALGRIND
	if (RUNNING_ON_VALGRIND) {
		unsigned long lost = 0, dubious = 0, reachable = 0, suppressed = 0;
		VALGRIND_DO_LEAK_CHECK;
		VALGRIND_COUNT_LEAK_BLOCKS(lost, dubious, reachable, suppressed);
		printf("valgrind %lu %lu\n", lost, dubious);
		(void)reachable, (void)suppressed;
	}
#endif
}

void ready(int pid)
{
	was_ready = true;
	flush();
	wipe_deep();
	ask_peers();
	wipe_deep();
	printf("ready %d\n", pid);
	fflush(stdout);
	char byte;
	while (read(STDIN_FILENO, &byte, 1) == 1)
		;
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		for (const struct scene *scene = scenes; scene->name; scene++)
			puts(scene->name);
		return 0;
	}
	if (argc < 3 || (truth_file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0)
		fail("PROGRAM SCENE TRUTH [DIVISOR]: opening the truth");
	static char said[4096]; /* not of the heap */
	setvbuf(stdout, said, _IOFBF, sizeof(said));
	if (argc > 3 && atoi(argv[3]) > 1)
		divisor = (size_t)atoi(argv[3]);
	const struct scene *scene = scenes;
	while (scene->name && strcmp(scene->name, argv[1]) != 0)
		scene++;
	if (!scene->name)
		fail("finding the scene");
	scene->make();
	if (!was_ready)
		ready(getpid());
	_exit(0);
}
