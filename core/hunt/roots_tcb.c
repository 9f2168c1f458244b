/*
 * Finding struct pthread; see roots_tcb.h. Threads that run give the way: in the descriptor is the node of a list that glibc
 * has them in, with the thread's number behind it. Such a list leads to its head, which lies in the data of ld.so or
 * libpthread; beside it are the heads of the other lists, that of kept stacks among them. Besides, the upper end of all
 * memory that could be a stack is looked at, should the lists be otherwise one day.
 */
#include "core/hunt/roots_tcb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE        2304u /* bytes of it, at most */
#define WORDS       (SIZE / 8)
#define AT_DTV      1u /* words of tcbhead_t */
#define AT_SELF     2u
#define AT_NODE     0x2c0u /* bytes; where its node in a list has been since 2.4; looked for if it is not there */
#define TAIL        8192u  /* bytes from it to the end of its stack, at most */
#define STACK_LEAST 16384u /* bytes; PTHREAD_STACK_MIN */
#define HEADS       256u   /* bytes around a list's head where other heads can be */
#define THREADS_MAX (1u << 22)

struct search {
	const struct pt_memory *memory;
	struct pt_tcb_list *found;
	size_t node; /* bytes into the descriptor, of its node in a list; 0: not known */
	uint64_t heads[8];
	size_t n_heads;
	int error;
};

static bool read_tcb(const struct pt_memory *memory, uint64_t address, uint64_t ret[WORDS])
{
	uint64_t first[AT_SELF + 1];
	if (address % 16 || !pt_memory_has(memory, address, sizeof(first)) ||
	    pt_memory_read(memory, address, first, sizeof(first)) < (ssize_t)sizeof(first))
		return false;
	if (first[0] != address || first[AT_SELF] != address)
		return false;
	return pt_memory_read(memory, address, ret, SIZE) > 0;
}

/* ---- one descriptor --------------------------------------------------------------------------------------------- */

/* The node: its neighbours in the list know it; and behind it the thread's number, as the thread itself sees it. */
static bool is_node(const struct search *s, const uint64_t *words, uint64_t address, size_t at)
{
	uint64_t next = words[at / 8], before = words[at / 8 + 1], word;
	int32_t number = (int32_t)words[at / 8 + 2];
	return number > 0 && number <= (int32_t)THREADS_MAX && next != address + at &&
	       pt_memory_word(s->memory, next + 8, &word) && word == address + at &&
	       pt_memory_word(s->memory, before, &word) && word == address + at;
}

static void find_node(struct search *s, const uint64_t *words, uint64_t address)
{
	if (is_node(s, words, address, AT_NODE))
		s->node = AT_NODE;
	for (size_t at = (AT_SELF + 1) * 8; at < SIZE - 16 && !s->node; at += 8)
		if (is_node(s, words, address, at))
			s->node = at;
}

/* Where a block around the descriptor may begin: with its VMA, or with the guard below that. */
static struct pt_stretch block_limits(const struct pt_memory *memory, uint64_t address)
{
	const struct pt_vma_table *vmas = memory->vmas;
	size_t i = pt_vma_find(vmas, address);
	if (i == vmas->n || !pt_vma_covers(&vmas->v[i], address))
		return (struct pt_stretch){address, address};
	uint64_t start = vmas->v[i].start;
	if (i && vmas->v[i - 1].end == start && vmas->v[i - 1].role == PT_ROLE_GUARD)
		start = vmas->v[i - 1].start;
	return (struct pt_stretch){start, vmas->v[i].end};
}

/* Its block: an address and a size that stand side by side, and end shortly above it. */
static void find_block(const struct pt_memory *memory, const uint64_t *words, struct pt_tcb *tcb)
{
	const struct pt_stretch limits = block_limits(memory, tcb->address);
	uint64_t least = tcb->address + (AT_SELF + 1) * 8;
	for (size_t i = AT_SELF + 1; i + 1 < WORDS; i++) {
		uint64_t start = words[i], end = start + words[i + 1];
		if (start >= limits.start && start < tcb->address && end > least && end <= limits.end &&
		    end - tcb->address <= TAIL) {
			tcb->stack = start;
			tcb->end = end;
			return;
		}
	}
	tcb->stack = tcb->address;
	tcb->end = tcb->address + SIZE;
}

static int add(struct search *s, uint64_t address, const uint64_t *words)
{
	struct pt_tcb_list *list = s->found;
	struct pt_tcb tcb = {.address = address, .dtv = words[AT_DTV]};
	int32_t number = 1;
	if (s->node)
		memcpy(&number, (const char *)words + s->node + 16, 4);
	find_block(s->memory, words, &tcb);
	tcb.dead = number <= 0 && tcb.stack != address; /* 0: the kernel cleared it; -1: pthread_join did */
	tcb.awaited = tcb.dead && number == 0;
	for (size_t i = s->node / 8 + 3; i < WORDS && tcb.awaited; i++)
		tcb.awaited = words[i] != address; /* a detached one is waited for by itself: joinid */
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct pt_tcb *more = reallocarray(list->v, room, sizeof(*more));
		if (!more)
			return s->error = -ENOMEM;
		list->v = more;
		list->room = room;
	}
	list->v[list->n++] = tcb;
	return 0;
}

/* ---- the lists of glibc ----------------------------------------------------------------------------------------- */

/* Whether a node of a list is a descriptor's, which is added then. */
static bool add_node(struct search *s, uint64_t node)
{
	uint64_t words[WORDS];
	if (!read_tcb(s->memory, node - s->node, words))
		return false;
	add(s, node - s->node, words);
	return true;
}

/* From one node around. Whatever is no descriptor's node is the head. */
static void follow(struct search *s, uint64_t first)
{
	uint64_t node = first;
	for (unsigned i = 0; i < THREADS_MAX && !s->error; i++) {
		if (!add_node(s, node) && s->n_heads < sizeof(s->heads) / sizeof(*s->heads))
			s->heads[s->n_heads++] = node;
		if (!pt_memory_word(s->memory, node, &node) || node == first)
			return;
	}
}

/* A head: its neighbours in the list know it, and the next one is a descriptor's. */
static bool is_head(const struct search *s, uint64_t at, uint64_t next, uint64_t before)
{
	uint64_t word, words[WORDS];
	return next && next != at && pt_memory_word(s->memory, next + 8, &word) && word == at &&
	       pt_memory_word(s->memory, before, &word) && word == at && read_tcb(s->memory, next - s->node, words);
}

static void look_around(struct search *s, uint64_t head)
{
	uint64_t words[2 * HEADS / 8 + 1];
	if (head < HEADS || pt_memory_read(s->memory, head - HEADS, words, sizeof(words)) <= 0)
		return;
	for (size_t i = 0; i + 1 < sizeof(words) / 8 && !s->error; i++) {
		uint64_t at = head - HEADS + i * 8;
		if (at != head && is_head(s, at, words[i], words[i + 1]))
			follow(s, words[i]);
	}
}

/* ---- ends of stacks --------------------------------------------------------------------------------------------- */

static void look_at_end(struct search *s, const struct pt_vma *vma)
{
	uint64_t words[TAIL / 8], tcb[WORDS], from = vma->end - TAIL;
	if (vma->end - vma->start < STACK_LEAST || !pt_memory_has(s->memory, vma->end - 8, 8))
		return;
	if (pt_memory_read(s->memory, from, words, TAIL) <= 0)
		return;
	for (size_t i = 0; i + AT_SELF < TAIL / 8; i += 2)
		if (words[i] == from + i * 8 && words[i + AT_SELF] == words[i] && read_tcb(s->memory, words[i], tcb))
			add(s, words[i], tcb);
}

static bool may_be_stack(const struct pt_vma *vma)
{
	return !vma->inode && (vma->perms & (PT_READ | PT_WRITE | PT_SHARED)) == (PT_READ | PT_WRITE) &&
	       vma->role != PT_ROLE_HEAP && vma->role != PT_ROLE_ARENA && vma->role != PT_ROLE_STACK;
}

static int by_address(const void *a, const void *b)
{
	const struct pt_tcb *x = a, *y = b;
	return (x->address > y->address) - (x->address < y->address);
}

/* Many were found by more than one way. */
static void keep_one_each(struct pt_tcb_list *list)
{
	size_t kept = 0;
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_address);
	for (size_t i = 0; i < list->n; i++)
		if (!kept || list->v[kept - 1].address != list->v[i].address)
			list->v[kept++] = list->v[i];
	list->n = kept;
}

int pt_tcb_find(struct pt_tcb_list *ret, const struct pt_memory *memory, const struct pt_root_thread *threads, size_t n)
{
	struct search s = {.memory = memory, .found = ret};
	uint64_t words[WORDS];
	for (size_t i = 0; i < n && !s.error; i++) {
		if (!threads[i].tp || !read_tcb(memory, threads[i].tp, words))
			continue;
		if (!s.node)
			find_node(&s, words, threads[i].tp);
		add(&s, threads[i].tp, words);
	}
	for (size_t i = 0, live = ret->n; i < live && s.node && !s.error && !s.n_heads; i++)
		follow(&s, ret->v[i].address + s.node);
	for (size_t i = 0; i < s.n_heads && !s.error; i++)
		look_around(&s, s.heads[i]);
	for (size_t i = 0; i < memory->vmas->n && !s.error; i++)
		if (may_be_stack(&memory->vmas->v[i]))
			look_at_end(&s, &memory->vmas->v[i]);
	keep_one_each(ret);
	return s.error;
}

/* ---- thread-local memory ---------------------------------------------------------------------------------------- */

#define DTV_MOST 256u         /* entries that are looked at */
#define TLS_MOST (1ull << 24) /* bytes of static thread-local memory */

uint64_t pt_tcb_tls(const struct pt_memory *memory, const struct pt_tcb *tcb)
{
	struct {
		uint64_t value, to_free;
	} dtv[DTV_MOST];
	uint64_t least = tcb->address, n;
	if (!tcb->dtv || !pt_memory_word(memory, tcb->dtv - sizeof(dtv[0]), &n))
		return least;
	n = n < DTV_MOST ? n : DTV_MOST;
	if (pt_memory_read(memory, tcb->dtv + sizeof(dtv[0]), dtv, n * sizeof(dtv[0])) <= 0)
		return least;
	for (size_t i = 0; i < n; i++)
		if (!dtv[i].to_free && dtv[i].value < least && tcb->address - dtv[i].value < TLS_MOST &&
		    (tcb->stack == tcb->address || dtv[i].value > tcb->stack))
			least = dtv[i].value;
	return least & ~7ull;
}
