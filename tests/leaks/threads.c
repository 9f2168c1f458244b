/*
 * Known leaks: threads, their arenas, stacks and registers, and what belongs to them; and threads that ended.
 */
#include "truth.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { THREADS = 8 };
static void *volatile alive[64];

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, arg) != 0)
		fail("pthread_create");
	return thread;
}

/* Waits for ever, with nothing left of what was done before. */
NEVER_INLINED static void hold_still(void)
{
	wipe();
	thread_is_ready();
	for (;;)
		pause();
}

#define START_ALL(run)                                                                                                 \
	do {                                                                                                           \
		for (size_t t = 0; t < THREADS; t++)                                                                   \
			start(run, (void *)t);                                                                         \
		wait_for_threads(THREADS);                                                                             \
	} while (0)

/* ---- arenas ----------------------------------------------------------------------------------------------------- */

static void **volatile tables[THREADS];

NEVER_INLINED static void fill_arena(size_t t)
{
	size_t n = scaled(4000);
	tables[t] = made("live", n * sizeof(void *));
	for (size_t i = 0; i < n; i++) {
		tables[t][i] = made("live", 24 + i % 900);
		made("leaked", 24 + i % 700);
		if (i % 3 == 0) {
			void *not_any_more = malloc(32 + i % 5000);
			free(not_any_more);
		}
	}
}

static void *arena_thread(void *arg)
{
	fill_arena((size_t)arg);
	hold_still();
	return NULL;
}

NEVER_INLINED static void arenas(void)
{
	START_ALL(arena_thread);
}

/* An arena of several heaps of 64 MiB, with lists through all of them. */
NEVER_INLINED static void fill_large(void)
{
	void **found = NULL, **lost = NULL;
	for (size_t i = 0; i < scaled(160000); i++) {
		void **next = made(i % 10 == 0 ? "leaked" : "live", 1000 + i % 200);
		void ***list = i % 10 == 0 ? &lost : &found;
		next[124] = *list;
		*list = next;
	}
	alive[0] = found;
}

static void *large_thread(void *arg)
{
	(void)arg;
	fill_large();
	hold_still();
	return NULL;
}

NEVER_INLINED static void large_arena(void)
{
	start(large_thread, NULL);
	wait_for_threads(1);
}

/* ---- threads that ended ----------------------------------------------------------------------------------------- */

static __thread void *volatile own_slots[32];

/* Leaves pointers on its stack, which is kept for the next thread: they lead nowhere. */
static void *short_lived(void *arg)
{
	void *volatile local[64] = {NULL};
	size_t t = (size_t)arg;
	for (size_t i = 0; i < 64; i++)
		local[i] = made("leaked", 48 + t % 20 * 8);
	for (size_t i = 0; i < 32; i++)
		own_slots[i] = local[i] ? made("leaked", 64) : NULL;
	void **result = made("live", 32 * sizeof(*result));
	for (size_t i = 0; i < 32; i++)
		result[i] = made("live", 80);
	return result;
}

NEVER_INLINED static void ended(void)
{
	size_t n = scaled(120);
	void **results = made("live", n * sizeof(*results));
	for (size_t i = 0; i < n; i++)
		if (pthread_join(start(short_lived, (void *)i), &results[i]) != 0)
			fail("pthread_join");
	alive[0] = results;
}

static void *volatile all_at_once[32];

static void *short_lived_detached(void *arg)
{
	void *result = short_lived(arg);
	all_at_once[(size_t)arg] = result;
	return NULL;
}

/* So many at once that their stacks do not all fit into what is kept, some kept by one that lives on. */
NEVER_INLINED static void ended_together(void)
{
	pthread_t threads[32];
	for (size_t i = 0; i < 32; i++)
		threads[i] = start(short_lived_detached, (void *)i);
	for (size_t i = 0; i < 32; i++)
		pthread_join(threads[i], NULL);
	memset(threads, 0, sizeof(threads));
	START_ALL(arena_thread);
}

/* ---- thread-local memory ---------------------------------------------------------------------------------------- */

static pthread_key_t keys[100];

NEVER_INLINED static void fill_own(void)
{
	for (size_t i = 0; i < 32; i++) {
		own_slots[i] = made("live", 56);
		made("leaked", 56);
	}
	for (size_t i = 0; i < 100; i++) { /* from the 32nd on in memory of their own */
		pthread_setspecific(keys[i], made("live", 72));
		made("leaked", 72);
	}
	void **(*slots_of_library)(void) = NULL; /* in a library that came late: a TLS block of its own */
	const char *name = getenv("LEAKS_LIBRARY");
	void *library = name && *name ? dlopen(name, RTLD_NOW) : NULL;
	if (library)
		*(void **)&slots_of_library = dlsym(library, "slots_of_library");
	for (size_t i = 0; slots_of_library && i < 256; i++) {
		slots_of_library()[i] = made("live", 88);
		made("leaked", 88);
	}
}

static void *own_thread(void *arg)
{
	(void)arg;
	fill_own();
	hold_still();
	return NULL;
}

NEVER_INLINED static void thread_local_memory(void)
{
	for (size_t i = 0; i < 100; i++)
		pthread_key_create(&keys[i], NULL);
	fill_own();
	START_ALL(own_thread);
}

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

NEVER_INLINED static void fill_locals(void *volatile *locals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		locals[i] = made("live", 40 + i);
		made("leaked", 40 + i);
	}
}

static void *stack_thread(void *arg)
{
	void *volatile locals[200];
	(void)arg;
	fill_locals(locals, 200);
	hold_still();
	return locals[0];
}

/* Also main's; one thread's in the middle of a chunk, and one's mapped by hand. */
NEVER_INLINED static void stacks(void)
{
	void *volatile locals[200];
	fill_locals(locals, 200);
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	char *chunk = malloc(300000);
	pthread_attr_setstack(&attributes, (char *)(((uintptr_t)chunk + 64 + 4095) & ~(uintptr_t)4095), 256 << 10);
	if (pthread_create(&thread, &attributes, stack_thread, NULL) != 0)
		fail("pthread_create in a chunk");
	void *map = mmap(NULL, 256 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_setstack(&attributes, map, 256 << 10);
	if (pthread_create(&thread, &attributes, stack_thread, NULL) != 0)
		fail("pthread_create in a mapping");
	chunk = NULL;
	for (size_t t = 0; t < THREADS; t++)
		start(stack_thread, NULL);
	wait_for_threads(THREADS + 2);
	ready(getpid());
	locals[1] = locals[0];
}

/* In a handler on a stack of its own: rsp is not where the thread's frames are. */
static void handler(int signal)
{
	(void)signal;
	hold_still();
}

static void *handler_thread(void *arg)
{
	void *volatile locals[200];
	stack_t other = {.ss_sp = made("live", 64 << 10), .ss_size = 64 << 10};
	(void)arg;
	fill_locals(locals, 200);
	wipe();
	sigaltstack(&other, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	return locals[0];
}

NEVER_INLINED static void other_stack(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	sigaction(SIGUSR1, &action, NULL);
	START_ALL(handler_thread);
}

/* A coroutine runs, another is suspended: their frames lie in the heap and in a mapping, the caller's on its stack. */
static ucontext_t caller, running, suspended;

static void run_suspended(void)
{
	void *volatile locals[100];
	fill_locals(locals, 100);
	wipe();
	swapcontext(&suspended, &caller);
	locals[1] = locals[0];
}

static void run_running(void)
{
	void *volatile locals[100];
	fill_locals(locals, 100);
	wipe();
	ready(getpid());
	locals[1] = locals[0];
	_exit(0);
}

static void prepare(ucontext_t *context, void *stack, void (*run)(void))
{
	getcontext(context);
	context->uc_stack.ss_sp = stack;
	context->uc_stack.ss_size = 1 << 20;
	context->uc_link = NULL;
	makecontext(context, run, 0);
}

NEVER_INLINED static void coroutines(void)
{
	void *volatile locals[200];
	fill_locals(locals, 200);
	alive[0] = made("live", 1 << 20);
	prepare(&suspended, alive[0], run_suspended);
	swapcontext(&caller, &suspended);
	void *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	prepare(&running, map, run_running);
	swapcontext(&caller, &running);
	locals[1] = locals[0];
}

/* ---- registers -------------------------------------------------------------------------------------------------- */

/* %rdi: what to load; it is cleared there. */
#define CLEAR_LOADED "mov $64, %%ecx; xor %%eax, %%eax; rep stosq\n lock incl %[ready]\n 1: pause; jmp 1b\n"

NEVER_INLINED static void fill_loaded(void **loaded, size_t n)
{
	for (size_t i = 0; i < n; i++)
		loaded[i] = made("live", 200 + i);
	for (size_t i = 0; i < n; i++)
		made("leaked", 200 + i);
	wipe();
}

static void *general_registers(void *arg)
{
	void *loaded[64] = {NULL};
	(void)arg;
	fill_loaded(loaded, 10);
	__asm__ volatile("mov 0(%%rdi), %%rbx; mov 8(%%rdi), %%rdx; mov 16(%%rdi), %%rsi; mov 24(%%rdi), %%r8\n"
			 "mov 32(%%rdi), %%r9; mov 40(%%rdi), %%r10; mov 48(%%rdi), %%r11; mov 56(%%rdi), %%r12\n"
			 "mov 64(%%rdi), %%r13; mov 72(%%rdi), %%r14\n" CLEAR_LOADED
			 : [ready] "+m"(threads_ready)
			 : "D"(loaded)
			 : "memory");
	return NULL;
}

static void *vector_registers(void *arg)
{
	void *loaded[64] = {NULL};
	(void)arg;
	fill_loaded(loaded, 32);
	__asm__ volatile("movdqu 0(%%rdi), %%xmm0; movdqu 16(%%rdi), %%xmm1; movdqu 32(%%rdi), %%xmm2\n"
			 "movdqu 48(%%rdi), %%xmm3; movdqu 64(%%rdi), %%xmm4; movdqu 80(%%rdi), %%xmm5\n"
			 "movdqu 96(%%rdi), %%xmm6; movdqu 112(%%rdi), %%xmm7; movdqu 128(%%rdi), %%xmm8\n"
			 "movdqu 144(%%rdi), %%xmm9; movdqu 160(%%rdi), %%xmm10; movdqu 176(%%rdi), %%xmm11\n"
			 "movdqu 192(%%rdi), %%xmm12; movdqu 208(%%rdi), %%xmm13; movdqu 224(%%rdi), %%xmm14\n"
			 "movdqu 240(%%rdi), %%xmm15\n" CLEAR_LOADED
			 : [ready] "+m"(threads_ready)
			 : "D"(loaded)
			 : "memory");
	return NULL;
}

/* The upper halves, and those that AVX-512 added: where memcpy has its data. */
static void *wide_registers(void *arg)
{
	void *loaded[64] = {NULL};
	(void)arg;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl")) {
		thread_is_ready();
		return NULL;
	}
	fill_loaded(loaded, 32);
	__asm__ volatile("vmovdqu 0(%%rdi), %%ymm0; vmovdqu 32(%%rdi), %%ymm9; vmovdqu64 64(%%rdi), %%ymm16\n"
			 "vmovdqu64 96(%%rdi), %%ymm31; vmovdqu64 128(%%rdi), %%zmm3; vmovdqu64 192(%%rdi), "
			 "%%zmm20\n" CLEAR_LOADED
			 : [ready] "+m"(threads_ready)
			 : "D"(loaded)
			 : "memory");
	return NULL;
}

/* Below the stack pointer, where a function that calls none may have its locals. */
static void *red_zone(void *arg)
{
	void *loaded[64] = {NULL};
	(void)arg;
	fill_loaded(loaded, 16);
	__asm__ volatile("mov %%rdi, %%rsi; lea -128(%%rsp), %%rdx; mov $16, %%ecx\n"
			 "2: mov (%%rsi), %%rax; mov %%rax, (%%rdx); add $8, %%rsi; add $8, %%rdx; dec %%ecx; jnz "
			 "2b\n" CLEAR_LOADED
			 : [ready] "+m"(threads_ready)
			 : "D"(loaded)
			 : "memory");
	return NULL;
}

NEVER_INLINED static void registers(void)
{
	start(general_registers, NULL);
	start(red_zone, NULL);
	wait_for_threads(2);
}

NEVER_INLINED static void vectors(void)
{
	start(vector_registers, NULL);
	start(wide_registers, NULL);
	wait_for_threads(2);
}

const struct scene scenes[] = {{"arenas", arenas},
			       {"large-arena", large_arena},
			       {"ended", ended},
			       {"ended-together", ended_together},
			       {"thread-local", thread_local_memory},
			       {"stacks", stacks},
			       {"other-stack", other_stack},
			       {"coroutines", coroutines},
			       {"registers", registers},
			       {"vectors", vectors},
			       {NULL, NULL}};
