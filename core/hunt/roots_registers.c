/*
 * Registers as words: what each is called, and which of them may hold a pointer. Pure.
 *
 * General ones always count: in a system call too, where the kernel keeps those of the callers. Vector registers count
 * outside of calls, where memory may be on its way through them; a call of a function, and a system call is made by one,
 * leaves nothing in them (System V ABI for x86-64, 3.2.1).
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/procfs.h>

#include "core/hunt/roots_parts.h"

#define WORD sizeof(uint64_t)

#if defined(__x86_64__)

/* struct user_regs_struct */
enum { AT_CALL = 15, AT_SP = 19, AT_TP = 21, WORDS = 27 };
static const char names[WORDS][8] = {"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9",
				     "r8",  "rax", "rcx", "rdx", "rsi", "rdi", "",    "rip", "",
				     "",    "rsp", "",    "",    "",    "",    "",    "",    ""};

/* struct user_i387_struct, and behind it the rest of XSAVE: its parts lie where the processor has them. */
enum { AT_ST = 32, AT_XMM = 160, AT_XMM_END = 416, AT_PARTS = 576 };

static void name_vector(size_t at, char ret[8])
{
	if (at >= AT_XMM && at < AT_XMM_END)
		snprintf(ret, 8, "xmm%zu", (at - AT_XMM) / 16);
	else
		snprintf(ret, 8, "%s", at < AT_XMM ? "x87" : "ymm");
}

static bool is_vector(size_t at)
{
	return (at >= AT_ST && at < AT_XMM_END) || at >= AT_PARTS;
}

/* Where each of pt_root_thread's stands. */
static const unsigned char unwound[17] = {10, 5, 11, 12, 13, 14, 4, 19, 16, 9, 8, 7, 6, 3, 2, 1, 0};

#else

static const unsigned char unwound[17];

/* Not known: every word counts, and there is no stack pointer, so that stacks count as a whole. */
enum { AT_CALL = 0, AT_SP = 0, AT_TP = 0, WORDS = 0 };
static const char names[1][8] = {""};

static void name_vector(size_t at, char ret[8])
{
	(void)at;
	strcpy(ret, "vector");
}

static bool is_vector(size_t at)
{
	(void)at;
	return true;
}

#endif

static uint64_t word_at(const void *registers, size_t i)
{
	uint64_t word;
	memcpy(&word, (const char *)registers + i * WORD, WORD);
	return word;
}

bool pt_registers_outside_call(const void *general, size_t size)
{
	return size < WORDS * WORD || WORDS == 0 || word_at(general, AT_CALL) == UINT64_MAX;
}

int pt_gather_registers(struct pt_gather *g, pid_t tid, const void *general, size_t size, const void *vector,
			size_t vector_size)
{
	bool known = WORDS > 0 && size >= WORDS * WORD;
	struct pt_root_word word = {.kind = PT_ROOT_REGISTER, .tid = tid, .fd = -1};
	int error = 0;
	for (size_t i = 0; i < size / WORD && !error; i++) {
		word.value = word_at(general, i);
		if (known && i < WORDS)
			memcpy(word.name, names[i], sizeof(word.name));
		else
			snprintf(word.name, sizeof(word.name), "r%u", (unsigned)i & 0xffff);
		if (!known || (i < WORDS && names[i][0]))
			error = pt_gather_word(g, word);
	}
	for (size_t at = 0; vector && at + WORD <= vector_size && !error; at += WORD) {
		word.value = word_at(vector, at / WORD);
		if (!is_vector(at))
			continue;
		memset(word.name, 0, sizeof(word.name));
		name_vector(at, word.name);
		error = pt_gather_word(g, word);
	}
	struct pt_root_thread thread = {.tid = tid};
	if (known) {
		thread.sp = word_at(general, AT_SP);
		thread.tp = word_at(general, AT_TP);
		thread.n_regs = sizeof(unwound);
	}
	for (size_t i = 0; i < thread.n_regs; i++)
		thread.regs[i] = word_at(general, unwound[i]);
	return error ? error : pt_gather_thread(g, thread);
}
