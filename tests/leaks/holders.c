/*
 * Known leaks: objects that somebody else has the pointer of: the kernel, a saved context, memory between the chunks,
 * another process's copy; heaps that grow in unusual ways, and that are full of holes; caches.
 */
#include "truth.h"

#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *volatile alive[64];

/* ---- the kernel ------------------------------------------------------------------------------------------------- */

NEVER_INLINED static void epoll(void)
{
	struct rlimit many = {65536, 65536};
	setrlimit(RLIMIT_NOFILE, &many);
	for (unsigned e = 0; e < 3; e++) {
		int poll = epoll_create1(0);
		for (size_t i = 0; i < scaled(250); i++) {
			int fd = eventfd(0, 0);
			void **connection = made("live", 200);
			connection[3] = made("live", 4000); /* its buffer */
			struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
			if (fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0)
				fail("epoll_ctl");
			made("leaked", 200);
			if (i % 10 == 0) { /* not any more */
				epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL);
				truth("leaked", connection);
				truth("leaked", connection[3]);
			}
		}
	}
}

NEVER_INLINED static void timers(void)
{
	for (size_t i = 0; i < scaled(200); i++) {
		timer_t timer;
		void **job = made("live", 96);
		job[1] = made("live", 300);
		struct sigevent event = {
			.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_ptr = job};
		if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
			fail("timer_create");
		struct itimerspec in_an_hour = {.it_value.tv_sec = 3600};
		if (i % 2)
			timer_settime(timer, 0, &in_an_hour, NULL);
		made("leaked", 96);
		if (i % 10 == 0) {
			timer_delete(timer);
			truth("leaked", job);
			truth("leaked", job[1]);
		}
	}
}

/* ---- a saved context -------------------------------------------------------------------------------------------- */

static jmp_buf contexts[64];

/* rbx and r15 are kept as they are; rbp is mangled, as the stack and instruction pointers are. */
NEVER_INLINED static void save(jmp_buf *context, void *plain, void *second, void *mangled)
{
	__asm__ volatile("push %%rbp; push %%rbx; push %%r12; push %%r15\n"
			 "mov %[context], %%rdi; mov %[plain], %%rbx; mov %[second], %%r15; mov %[mangled], %%rbp\n"
			 "mov %%rsp, %%r12; sub $256, %%rsp; and $-16, %%rsp; call _setjmp; mov %%r12, %%rsp\n"
			 "pop %%r15; pop %%r12; pop %%rbx; pop %%rbp"
			 :
			 : [context] "r"(context), [plain] "r"(plain), [second] "r"(second), [mangled] "r"(mangled)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

NEVER_INLINED static void jumps(void)
{
	for (size_t i = 0; i < 64; i++) {
		save(&contexts[i], made("live", 160), made("live", 176), made("hidden", 192));
		made("leaked", 160 + i % 3 * 16);
	}
}

/* ---- how the heap grows ----------------------------------------------------------------------------------------- */

NEVER_INLINED static void fill_some(void **table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		table[i] = made("live", 24 + i % 1000);
		made("leaked", 24 + i % 500);
	}
}

/* Memory of the program's own between chunks, by sbrk: not chunks, but pointers are in it. */
NEVER_INLINED static void foreign(void)
{
	size_t n = scaled(1000);
	for (size_t round = 0; round < 20; round++) {
		size_t size = 8192 + round * 16;
		void **own = sbrk((intptr_t)size);
		if ((intptr_t)own == -1)
			fail("sbrk");
		memset(own, 0, size);
		fill_some((void **)(((uintptr_t)own + 15) & ~(uintptr_t)15), n);
	}
}

/* Something is in the way of brk: the main arena goes on in mappings. */
NEVER_INLINED static void blocked(void)
{
	alive[0] = made("live", 20000 * sizeof(void *));
	fill_some(alive[0], scaled(2000));
	uintptr_t end = ((uintptr_t)sbrk(0) + 4095) & ~(uintptr_t)4095;
	if (mmap((void *)end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		fail("mmap behind the heap");
	alive[1] = made("live", 20000 * sizeof(void *));
	fill_some(alive[1], scaled(20000));
}

/* ---- no leak ---------------------------------------------------------------------------------------------------- */

/* Holes of all sizes in all bins, old contents in them: pointers to objects that are alive or free. */
NEVER_INLINED static void fragmented(void)
{
	size_t n = scaled(60000);
	void ***all = made("live", n * sizeof(*all));
	uint64_t seed = 5;
	for (size_t i = 0; i < n; i++) {
		all[i] = malloc(16 + random_of(&seed) % 1500);
		all[i][0] = i ? all[random_of(&seed) % i] : NULL;
		all[i][1] = all[i];
	}
	for (size_t i = 0; i < n; i++)
		if (random_of(&seed) % 4) {
			free(all[i]);
			all[i] = NULL;
		}
	for (size_t i = 0; i < n; i++)
		if (!all[i] && random_of(&seed) % 3 == 0) /* into the holes, as they are: old pointers in them */
			all[i] = malloc(16 + random_of(&seed) % 200);
	alive[0] = all;
	malloc_trim(0); /* pages in the middle of holes go */
}

/* The newest of 5,000 are kept, by links in the middle of what is linked; the others were freed. */
struct item {
	char name[40];
	struct link {
		struct link *next, *previous;
	} used;
	struct item *chain;
	char *value;
};
static struct link newest = {&newest, &newest};
static struct item *buckets[512];

NEVER_INLINED static void drop_oldest(void)
{
	struct link *link = newest.previous;
	struct item *item = (struct item *)((char *)link - offsetof(struct item, used));
	link->previous->next = link->next;
	link->next->previous = link->previous;
	for (struct item **at = &buckets[(unsigned char)item->name[0] * 2]; *at; at = &(*at)->chain)
		if (*at == item) {
			*at = item->chain;
			break;
		}
	truth("freed", item->value);
	truth("freed", item);
	free(item->value);
	free(item);
}

NEVER_INLINED static void cache(void)
{
	uint64_t seed = 3;
	for (size_t i = 0; i < scaled(20000); i++) {
		struct item *item = made("live", sizeof(*item));
		item->name[0] = (char)(random_of(&seed) % 120);
		item->value = made("live", 10 + random_of(&seed) % 400);
		if (i % 2) { /* half of them only by the links */
			item->chain = buckets[(unsigned char)item->name[0] * 2];
			buckets[(unsigned char)item->name[0] * 2] = item;
		}
		item->used = (struct link){newest.next, &newest};
		newest.next->previous = &item->used;
		newest.next = &item->used;
		if (i >= scaled(5000))
			drop_oldest();
	}
}

/* A pool of objects in chunks of its own: pointers into the middle of chunks, a free list inside. */
NEVER_INLINED static void pool(void)
{
	void **free_list = NULL;
	for (size_t c = 0; c < scaled(200); c++) {
		char *chunk = made("live", 64 * 128);
		for (size_t i = 1; i < 128; i++) {
			void **object = (void **)(chunk + i * 64);
			*object = free_list;
			free_list = object;
		}
	}
	alive[0] = free_list;
}

/* ---- a copy of all ---------------------------------------------------------------------------------------------- */

NEVER_INLINED static void fill_fork(unsigned who)
{
	size_t n = scaled(5000);
	alive[who] = made("live", n * sizeof(void *));
	fill_some(alive[who], n);
}

NEVER_INLINED static void give_back(void)
{
	void **table = alive[0];
	for (size_t i = 0; i < scaled(5000); i += 2) {
		truth("freed", table[i]);
		free(table[i]);
		table[i] = NULL;
	}
}

NEVER_INLINED static void forked(void)
{
	fill_fork(0);
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child > 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
	give_back();
	fill_fork(1);
	ready(getpid());
}

const struct scene scenes[] = {
	{"epoll", epoll},           {"timers", timers}, {"jumps", jumps}, {"foreign", foreign}, {"blocked", blocked},
	{"fragmented", fragmented}, {"cache", cache},   {"pool", pool},   {"forked", forked},   {NULL, NULL}};
