/*
 * A program that touches a page at the end of a chain of calls that the test knows; see tests/support/calls.h. Its
 * functions are not static, so that their names are there, and none ends with a call, so that each has its frame.
 *
 *   target TO FROM SCENE [LIBRARY | PROGRAM]
 */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define STAYS    __asm__ volatile("" ::: "memory") /* behind a call: it is not the last thing a function does */

static int to, from;
static char **arguments;
static char *memory;      /* untouched */
static const char *extra; /* the fourth argument */

static void say(uint64_t what)
{
	char byte;
	if (write(to, &what, sizeof(what)) != sizeof(what) || read(from, &byte, 1) != 1)
		_exit(1);
}

static void need(int condition)
{
	if (!condition)
		_exit(2);
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void touch(void);
void inner(int depth);
void middle(int depth);
void outer(int depth);

NOINLINE void touch(void)
{
	*(volatile char *)memory = 1;
}

/* ---- plain calls ------------------------------------------------------------------------------------------------ */

NOINLINE void inner(int depth)
{
	volatile int used = depth;
	touch();
	used++;
}

NOINLINE void middle(int depth)
{
	inner(depth + 1);
	STAYS;
}

NOINLINE void outer(int depth)
{
	middle(depth + 1);
	STAYS;
}

void scene_plain(void);
NOINLINE void scene_plain(void)
{
	outer(0);
	STAYS;
}

/* ---- through the C library -------------------------------------------------------------------------------------- */

int compare(const void *a, const void *b);
NOINLINE int compare(const void *a, const void *b)
{
	touch();
	return *(const int *)a - *(const int *)b;
}

void scene_qsort(void);
NOINLINE void scene_qsort(void)
{
	int values[2] = {2, 1};
	qsort(values, 2, sizeof(values[0]), compare);
	STAYS;
}

static void *(*volatile fill)(void *, int, size_t) = memset;

void scene_memset(void);
NOINLINE void scene_memset(void)
{
	fill(memory, 1, 64);
	STAYS;
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

void on_signal(int number);
NOINLINE void on_signal(int number)
{
	(void)number;
	touch();
	STAYS;
}

/* The page becomes accessible, and what was interrupted goes on. */
static char *barred;
void on_fault(int number);
NOINLINE void on_fault(int number)
{
	(void)number;
	touch();
	need(!mprotect(barred, page_size(), PROT_READ | PROT_WRITE));
}

static void handle(int number, void (*handler)(int number), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	need(!sigaction(number, &action, NULL));
}

void scene_raise(void);
NOINLINE void scene_raise(void)
{
	handle(SIGUSR1, on_signal, 0);
	raise(SIGUSR1);
	STAYS;
}

/* At the first instruction of a function, where the byte before is another's. */
void interrupted(char *where);
__asm__(".text\n.globl interrupted\n.type interrupted, @function\ninterrupted:\n.cfi_startproc\n"
#if defined(__aarch64__)
	"strb wzr, [x0]\nret\n"
#else
	"movb $1, (%rdi)\nret\n"
#endif
	".cfi_endproc\n.size interrupted, .-interrupted\n");

static void interrupt_on(int flags)
{
	barred = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(barred != MAP_FAILED);
	handle(SIGSEGV, on_fault, flags);
}

void scene_interrupted(void);
NOINLINE void scene_interrupted(void)
{
	interrupt_on(0);
	interrupted(barred);
	STAYS;
}

void scene_alternate(void);
NOINLINE void scene_alternate(void)
{
	const size_t size = 16 * page_size();
	stack_t stack = {.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			 .ss_size = size};
	need(stack.ss_sp != MAP_FAILED && !sigaltstack(&stack, NULL));
	interrupt_on(SA_ONSTACK);
	interrupted(barred);
	STAYS;
}

/* ---- frames of other shapes ------------------------------------------------------------------------------------- */

void aligned(int depth);
NOINLINE void aligned(int depth)
{
	_Alignas(256) volatile char bytes[512];
	bytes[depth] = 1;
	inner(depth);
	bytes[depth]++;
}

void of_any_size(int size);
NOINLINE void of_any_size(int size)
{
	volatile char *bytes = alloca((size_t)size);
	bytes[0] = 1;
	aligned(size);
	bytes[0]++;
}

void scene_shapes(void);
NOINLINE void scene_shapes(void)
{
	of_any_size(100);
	STAYS;
}

/* Its call is its last instruction: the return address is the next function's. */
_Noreturn void forever(void);
NOINLINE _Noreturn void forever(void)
{
	touch();
	say(1);
	_exit(0);
}

void scene_last(void);
NOINLINE void scene_last(void)
{
	forever();
}

void deep(int depth);
NOINLINE void deep(int depth)
{
	if (depth > 0)
		deep(depth - 1);
	else
		touch();
	STAYS;
}

void scene_deep(void);
NOINLINE void scene_deep(void)
{
	deep(500);
	STAYS;
}

void scene_large(void);
NOINLINE void scene_large(void)
{
	char bytes[70000];
	__asm__ volatile("" : : "r"(bytes) : "memory"); /* somebody may look at it */
	inner(0);
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

/* ---- threads, libraries, code made at run time ------------------------------------------------------------------ */

void *in_thread(void *unused);
NOINLINE void *in_thread(void *unused)
{
	outer(0);
	return unused;
}

void scene_thread(void);
NOINLINE void scene_thread(void)
{
	pthread_t thread;
	need(!pthread_create(&thread, NULL, in_thread, NULL) && !pthread_join(thread, NULL));
}

typedef void visit_fn(void (*visit)(void));

/* A library that is gone when its names are asked for. */
void scene_library(void);
NOINLINE void scene_library(void)
{
#ifndef TARGET_STATIC
	void *handle = dlopen(extra, RTLD_NOW);
	need(handle != NULL);
	visit_fn *visit;
	*(void **)&visit = dlsym(handle, "library_visit");
	visit(touch);
	say(2);
	need(!dlclose(handle));
#endif
}

void scene_made(void);
NOINLINE void scene_made(void)
{
#if defined(__aarch64__)
	static const uint32_t code[] = {0xa9bf7bfd, 0x910003fd, 0xd63f0000, 0xa8c17bfd, 0xd65f03c0};
#else
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
#endif
	char *made = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(made != MAP_FAILED);
	memcpy(made, code, sizeof(code)); /* frame pointer; calls its argument; returns */
	need(!mprotect(made, page_size(), PROT_READ | PROT_EXEC));
	__builtin___clear_cache(made, made + sizeof(code));
	visit_fn *visit;
	*(void **)&visit = made;
	visit(touch);
	STAYS;
}

void scene_exec(void);
NOINLINE void scene_exec(void)
{
	execl(extra, extra, arguments[1], arguments[2], "plain", (char *)NULL);
	need(0);
}

/* ---- the choice ------------------------------------------------------------------------------------------------- */

static const struct scene {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{"plain", scene_plain},
	{"qsort", scene_qsort},
	{"memset", scene_memset},
	{"raise", scene_raise},
	{"interrupted", scene_interrupted},
	{"alternate", scene_alternate},
	{"shapes", scene_shapes},
	{"last", scene_last},
	{"deep", scene_deep},
	{"large", scene_large},
	{"thread", scene_thread},
	{"library", scene_library},
	{"made", scene_made},
	{"exec", scene_exec},
};

int main(int argc, char **argv)
{
	need(argc >= 4);
	to = atoi(argv[1]);
	from = atoi(argv[2]);
	extra = argc > 4 ? argv[4] : NULL;
	arguments = argv;
	memory = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(memory != MAP_FAILED);
	say((uintptr_t)memory);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (!strcmp(scenes[i].name, argv[3])) {
			scenes[i].run();
			say(1);
			return 0;
		}
	return 3;
}
