/*
 * Frames by themselves: registers of perf under DWARF's numbers, expressions of unwind tables, chains of frame pointers,
 * names as people write them.
 */
#include <dwarf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "core/unwind/demangle.h"
#include "core/unwind/expression.h"

#define BASE 0x7ffc00001000ull

static const uint64_t words[8] = {BASE + 32, 0x401234, 7, 0, 0, 0, BASE + 48, 0x405678};
static const struct pt_dump dump = {BASE, (const uint8_t *)words, sizeof words};

static void only_the_dump_is_read(void **state)
{
	(void)state;
	uint64_t got;
	assert_true(pt_dump_read(&dump, BASE, &got));
	assert_int_equal(got, words[0]);
	assert_true(pt_dump_read(&dump, BASE + 56, &got));
	assert_int_equal(got, words[7]);
	assert_true(pt_dump_read(&dump, BASE + 12, &got)); /* not aligned */
	assert_int_equal(got, 7ull << 32);
	assert_false(pt_dump_read(&dump, BASE + 57, &got));
	assert_false(pt_dump_read(&dump, BASE - 1, &got));
	assert_false(pt_dump_read(&dump, 0, &got));
	assert_false(pt_dump_read(&dump, UINT64_MAX, &got));
	const struct pt_dump none = {BASE, NULL, 0};
	assert_false(pt_dump_read(&none, BASE, &got));
}

static void registers_are_dwarfs(void **state)
{
	(void)state;
	uint64_t regs[64];
	struct pt_frame frame;
	struct pt_dump got;
	const unsigned n = (unsigned)__builtin_popcountll(pt_user_regs());
	if (!n)
		return;
	for (unsigned i = 0; i < n; i++)
		regs[i] = 1000 + i;
	struct pt_user user = {.regs = regs, .n_regs = n, .stack = dump.bytes, .stack_size = dump.size};
	assert_true(pt_frame_of_user(&frame, &got, &user));
#if defined(__x86_64__)
	/* perf: ax bx cx dx si di bp sp ip r8...r15; DWARF: ax dx cx bx si di bp sp r8...r15 */
	static const unsigned order[] = {0, 3, 2, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16};
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(frame.regs[i], 1000 + order[i]);
	assert_int_equal(frame.pc, 1008);
	assert_int_equal(got.start, 1007);
#endif
	assert_int_equal(got.size, dump.size);
	user.n_regs--;
	assert_false(pt_frame_of_user(&frame, &got, &user));
	user.regs = NULL;
	assert_false(pt_frame_of_user(&frame, &got, &user));
}

/* ---- expressions ------------------------------------------------------------------------------------------------ */

#define RUN(frame, ret, ...)                                                                                           \
	pt_expression((const Dwarf_Op[]){__VA_ARGS__}, sizeof((const Dwarf_Op[]){__VA_ARGS__}) / sizeof(Dwarf_Op),     \
		      frame, &dump, 5000, ret)
#define OP(op, ...)                                                                                                    \
	{                                                                                                              \
		.atom = DW_OP_##op, __VA_ARGS__                                                                        \
	}

static void expressions_of_tables(void **state)
{
	(void)state;
	struct pt_frame frame = {.known = 1u << PT_REG_SP | 1};
	uint64_t got;
	frame.regs[PT_REG_SP] = BASE;
	/* Where a signal saved a register. */
	assert_true(RUN(&frame, &got, {.atom = DW_OP_breg0 + PT_REG_SP, .number = 8}, OP(deref)));
	assert_int_equal(got, 0x401234);
	/* A procedure linkage table: 8 more once an entry has pushed its number. */
	for (unsigned at = 0; at < 16; at++) {
		frame.regs[0] = 0x401020 + at; /* in the place of the instruction pointer */
		assert_true(RUN(&frame, &got, {.atom = DW_OP_breg0 + PT_REG_SP, .number = 8}, OP(breg0), OP(lit15),
				OP(and), OP(lit11), OP(ge), OP(lit3), OP(shl), OP(plus)));
		assert_int_equal(got, BASE + 8 + (at >= 11 ? 8 : 0));
	}
	assert_true(RUN(&frame, &got, OP(call_frame_cfa), OP(plus_uconst, .number = (Dwarf_Word)-16), OP(stack_value)));
	assert_int_equal(got, 4984);
	assert_true(RUN(&frame, &got, OP(bregx, .number = PT_REG_SP, .number2 = 16), OP(deref), OP(neg), OP(not )));
	assert_int_equal(got, 6);
	assert_true(RUN(&frame, &got, OP(lit1), OP(const1u, .number = 64), OP(shl)));
	assert_int_equal(got, 0);
	assert_true(RUN(&frame, &got, OP(const1s, .number = (Dwarf_Word)-1), OP(lit0), OP(lt)));
	assert_int_equal(got, 1);
}

static void expressions_that_come_to_nothing(void **state)
{
	(void)state;
	struct pt_frame frame = {.known = 1};
	uint64_t got;
	Dwarf_Op many[100] = {{0}};
	for (unsigned i = 0; i < 100; i++)
		many[i].atom = DW_OP_lit1;
	assert_false(pt_expression(many, 100, &frame, &dump, 0, &got));
	assert_false(pt_expression(many, 0, &frame, &dump, 0, &got));
	assert_false(RUN(&frame, &got, OP(plus)));
	assert_false(RUN(&frame, &got, OP(lit1), OP(plus)));
	assert_false(RUN(&frame, &got, OP(deref)));
	assert_false(RUN(&frame, &got, OP(lit8), OP(deref))); /* not of the stack */
	assert_false(RUN(&frame, &got, OP(breg3)));           /* not known */
	assert_false(RUN(&frame, &got, OP(bregx, .number = 1000)));
	assert_false(RUN(&frame, &got, OP(lit1), OP(skip, .number = (Dwarf_Word)-3)));
	assert_false(RUN(&frame, &got, OP(lit1), OP(drop)));
	assert_false(RUN(&frame, &got, OP(lit1), OP(lit0), OP(div)));
}

/* ---- frame pointers --------------------------------------------------------------------------------------------- */

static void chains_of_frame_pointers(void **state)
{
	(void)state;
	struct pt_frame frame = {.pc = 0x400000, .known = UINT32_MAX};
	frame.regs[PT_REG_SP] = BASE;
	frame.regs[PT_REG_FRAME] = BASE;
	assert_int_equal(pt_frame_pointer_step(&dump, &frame), PT_STEP_CALLER);
	assert_int_equal(frame.pc, 0x401234);
	assert_int_equal(frame.regs[PT_REG_SP], BASE + 16);
	assert_int_equal(frame.regs[PT_REG_FRAME], BASE + 32); /* where a return address of 0 is */
	assert_int_equal(pt_frame_pointer_step(&dump, &frame), PT_STEP_END);

	static const uint64_t wrong[] = {1, BASE - 8, BASE + 4, BASE + 64, UINT64_MAX - 7};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct pt_frame before = {.pc = 0x400000, .known = UINT32_MAX};
		before.regs[PT_REG_SP] = BASE;
		before.regs[PT_REG_FRAME] = wrong[i];
		frame = before;
		assert_int_equal(pt_frame_pointer_step(&dump, &frame), PT_STEP_LOST);
		assert_memory_equal(&frame, &before, sizeof frame);
	}
	frame.known = 1u << PT_REG_SP;
	assert_int_equal(pt_frame_pointer_step(&dump, &frame), PT_STEP_LOST);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void names_as_people_write_them(void **state)
{
	(void)state;
	struct pt_demangler *d = pt_demangler_new();
	char *name = pt_demangle(d, "_ZN3foo3barEi");
	assert_null(pt_demangle(d, "malloc"));
	assert_null(pt_demangle(d, ""));
	assert_null(pt_demangle(d, "_Z"));
	char *huge = calloc(1, 10000);
	memset(huge, 'P', 9999);
	huge[0] = '_';
	huge[1] = 'Z';
	assert_null(pt_demangle(d, huge));
	free(huge);
	if (name) { /* there is a C++ library */
		assert_string_equal(name, "foo::bar(int)");
		free(name);
		name = pt_demangle(d, "_ZN4core3fmt5write17h0123456789abcdefE");
		assert_string_equal(name, "core::fmt::write");
		free(name);
		name = pt_demangle(d, "_ZN4core3fmt17hello_there_worldE");
		assert_string_equal(name, "core::fmt::hello_there_world");
		free(name);
	}
	pt_demangler_free(d);
	pt_demangler_free(NULL);
}

/* Of number `number`, as mangled names have it: S_ is 0. */
static char digit_of(unsigned number)
{
	return (char)(number <= 10 ? '0' + number - 1 : 'A' + number - 11);
}

/* Types that have the one before several times. Hidden: a name within looks like all that is referred to later. */
static char *bomb(unsigned depth, unsigned times, bool hidden)
{
	char *name = calloc(1, 3 * depth * (times + 4) + 100);
	assert_non_null(name);
	strcpy(name, "_ZTS1xI");
	if (hidden)
		sprintf(name + strlen(name), "%u", 3 * depth);
	for (unsigned i = 0; i < depth && hidden; i++)
		sprintf(name + strlen(name), "S%c_", digit_of(i ? i + 2 : 1));
	strcat(name, hidden ? "" : "1a");
	for (unsigned i = 0; i < depth; i++) {
		strcat(name, i ? "S1_I" : "1bI");
		for (unsigned time = 0; time < times; time++)
			sprintf(name + strlen(name), "S%c_", digit_of(i ? i + 2 : 1));
		strcat(name, "E");
	}
	return strcat(name, "E");
}

static long most_memory(void) /* KiB */
{
	struct rusage usage;
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void names_that_would_fill_memory(void **state)
{
	(void)state;
	struct pt_demangler *d = pt_demangler_new();
	const long before = most_memory();
	for (unsigned hidden = 0; hidden < 2; hidden++) {
		char *small = bomb(3, 2, hidden), *deep = bomb(24, 2, hidden), *wide = bomb(5, 40, hidden);
		char *name = pt_demangle(d, small), *other = pt_demangle(d, "_ZN3foo3barEi");
		assert_int_equal(name != NULL, other != NULL); /* there may be no C++ library */
		assert_null(pt_demangle(d, deep));
		assert_null(pt_demangle(d, wide));
		assert_null(pt_demangle_type(d, wide + 4));
		free(name);
		free(other);
		free(small);
		free(deep);
		free(wide);
	}
	assert_true(most_memory() - before < 64 << 10);
	assert_null(pt_demangle_type(d, "1xI1aE3fooIT_E")); /* may refer to itself */
	/* what templates of the library look like */
	char *usual = pt_demangle(d, "_ZNSt8_Rb_treeINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESt4pairIKS5_iE"
				     "St10_Select1stIS8_ESt4lessIS5_ESaIS8_EE17_M_emplace_uniqueIJS6_IS5_iEEEES6_"
				     "ISt17_Rb_tree_iteratorIS8_EbEDpOT_");
	char *other = pt_demangle(d, "_ZN3foo3barEi");
	assert_int_equal(usual != NULL, other != NULL);
	free(usual);
	free(other);
	pt_demangler_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_dump_is_read),        cmocka_unit_test(registers_are_dwarfs),
		cmocka_unit_test(expressions_of_tables),        cmocka_unit_test(expressions_that_come_to_nothing),
		cmocka_unit_test(chains_of_frame_pointers),     cmocka_unit_test(names_as_people_write_them),
		cmocka_unit_test(names_that_would_fill_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
