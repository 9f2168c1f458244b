/*
 * Roots: from where a process can get at its objects. Registers of its threads (each stopped in turn, for as long as it
 * takes to read them; or all together, where a consistent view was asked for), their stacks from rsp - 128 up, data and bss,
 * thread-local memory, other memory that is not the heap's, and what the kernel holds for it: epoll data, timers.
 * Pure data once read.
 */
#ifndef PT_HUNT_ROOTS_H
#define PT_HUNT_ROOTS_H

#include "core/hunt/heap.h"
#include "core/kernel/hold.h"

enum pt_root_kind {
	PT_ROOT_REGISTER,
	PT_ROOT_STACK,
	PT_ROOT_TLS,    /* thread-local memory, the thread's own descriptor, its DTV */
	PT_ROOT_DATA,   /* data, bss and relocated constants of a program or library */
	PT_ROOT_MEMORY, /* other private memory: mapped by the program itself, another allocator's */
	PT_ROOT_SHARED, /* shared memory */
	PT_ROOT_EPOLL,  /* epoll_event.data, of /proc/PID/fdinfo */
	PT_ROOT_TIMER,  /* sigev_value, of /proc/PID/timers */
	PT_ROOT_N
};
const char *pt_root_name(enum pt_root_kind kind); /* "register"; static storage */

/* A word that lies in no memory. */
struct pt_root_word {
	uint64_t value;
	enum pt_root_kind kind;
	pid_t tid;    /* of a register */
	int fd;       /* epoll: the epoll descriptor; timer: its id */
	char name[8]; /* of a register: "rbx" */
};

/* Memory whose words are roots. */
struct pt_root_span {
	uint64_t start, end; /* aligned to 8 */
	enum pt_root_kind kind;
	pid_t tid; /* of a stack or TLS; 0 */
	bool weak; /* what is reached from here alone is not for certain alive: stale words (stacks of dead threads) */
	uint32_t vma; /* index */
};

/* A thread as it was when it was stopped. */
struct pt_root_thread {
	pid_t tid;
	uint64_t sp, tp;   /* stack pointer, and thread pointer (fs_base); 0: not known */
	uint64_t regs[17]; /* as pt_user_regs() has them: ax bx cx dx si di bp sp ip r8 to r15 */
	unsigned n_regs;   /* 0: they could not be read */
};

struct pt_roots {
	struct pt_root_word *words; /* [n_words] */
	size_t n_words;
	struct pt_root_span *spans; /* [n_spans], ascending, do not overlap; none of the heap's regions */
	size_t n_spans;
	struct pt_root_thread *thread; /* [n_threads], by thread pointer */
	size_t n_threads;
	unsigned threads, refused;           /* refused: whose registers could not be read */
	uint64_t stopped_ns_max, stopped_ns; /* any one thread, longest; all of them together */
};

struct pt_roots_options {
	struct pt_hold *held; /* all threads are stopped already, and stay so; NULL: each in turn */
};

/*
 * 0; -ESRCH, -ENOMEM; -EBUSY: another tracer has it; -EPERM. A thread that ends meanwhile is nobody's fault. To be freed in
 * any case. Whatever way out: no thread stays stopped.
 */
int pt_roots_read(struct pt_roots *ret, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots_options *options);
void pt_roots_free(struct pt_roots *roots); /* what it holds */

#endif
