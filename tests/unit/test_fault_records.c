/*
 * Records and rings of perf, made here byte by byte: what they say, what lies across the end of a ring, and what makes no
 * sense.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/perf/record.h"
#include "core/perf/ring.h"

#define PAGE 4096u
#define SIZE 4096u

static const struct pt_perf_layout plain, with_stack = {.regs = 0x15, .stack = true};

/* Words of a record behind its header; returns its size in bytes. */
static size_t make(uint64_t *record, uint32_t type, uint16_t misc, const uint64_t *words, size_t n)
{
	const struct perf_event_header header = {type, misc, (uint16_t)((n + 1) * sizeof(*words))};
	memcpy(record, &header, sizeof header);
	memcpy(record + 1, words, n * sizeof(*words));
	return header.size;
}

static uint64_t pair(uint32_t first, uint32_t second)
{
	const uint32_t both[2] = {first, second};
	uint64_t word;
	memcpy(&word, both, sizeof word);
	return word;
}

static void a_sample_says_where_and_who(void **arg)
{
	(void)arg;
	const uint64_t words[] = {7, 0xffffffff81000000, pair(100, 101), 5555, 0x7f0000001234, pair(3, 0)};
	uint64_t record[16];
	struct pt_perf_record r;
	size_t size = make(record, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL, words, 6);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_SAMPLE);
	assert_int_equal(r.id, 7);
	assert_int_equal(r.ip, 0xffffffff81000000);
	assert_int_equal(r.pid, 100);
	assert_int_equal(r.tid, 101);
	assert_int_equal(r.time_ns, 5555);
	assert_int_equal(r.address, 0x7f0000001234);
	assert_int_equal(r.cpu, 3);
	assert_true(r.kernel);
	assert_null(r.regs);
	assert_null(r.stack);
}

static void registers_and_stack_follow(void **arg)
{
	(void)arg;
	uint64_t words[] = {7,  1,  pair(1, 1), 2,  3,  pair(0, 0), PERF_SAMPLE_REGS_ABI_64, 11, 22, 33,
			    32, 40, 41,         42, 43, 24};
	uint64_t record[32];
	struct pt_perf_record r;
	size_t n = sizeof words / sizeof *words, size = make(record, PERF_RECORD_SAMPLE, 0, words, n);
	assert_int_equal(pt_perf_decode(record, size, &with_stack, &r), 0);
	assert_int_equal(r.n_regs, 3);
	assert_true(r.regs_64);
	assert_int_equal(r.regs[2], 33);
	assert_int_equal(r.stack_size, 24); /* of 32 that were asked for */
	assert_int_equal(((const uint64_t *)(const void *)r.stack)[2], 42);

	words[n - 1] = 33; /* more than there is room for */
	size = make(record, PERF_RECORD_SAMPLE, 0, words, n);
	assert_int_equal(pt_perf_decode(record, size, &with_stack, &r), -EBADMSG);

	const uint64_t none[] = {7, 1, pair(1, 1), 2, 3, pair(0, 0), PERF_SAMPLE_REGS_ABI_NONE, 0};
	size = make(record, PERF_RECORD_SAMPLE, 0, none, 8);
	assert_int_equal(pt_perf_decode(record, size, &with_stack, &r), 0);
	assert_null(r.regs);
	assert_null(r.stack);
}

static void calls_and_what_tracepoints_tell(void **arg)
{
	(void)arg;
	static const struct pt_perf_layout both = {.calls = true, .raw = true};
	uint64_t words[] = {7, 1, pair(1, 1), 2, 3, pair(0, 0), 2, 77, 78, pair(12, 501), pair(502, 503)};
	uint64_t record[16];
	uint32_t last;
	struct pt_perf_record r;
	size_t size = make(record, PERF_RECORD_SAMPLE, 0, words, 11);
	assert_int_equal(pt_perf_decode(record, size, &both, &r), 0);
	assert_int_equal(r.n_calls, 2);
	assert_int_equal(r.calls[1], 78);
	assert_int_equal(r.raw_size, 12);
	memcpy(&last, r.raw + 8, sizeof last);
	assert_int_equal(last, 503);
	words[9] = pair(13, 501); /* goes on behind the record */
	size = make(record, PERF_RECORD_SAMPLE, 0, words, 11);
	assert_int_equal(pt_perf_decode(record, size, &both, &r), -EBADMSG);
	words[6] = 5;
	size = make(record, PERF_RECORD_SAMPLE, 0, words, 11);
	assert_int_equal(pt_perf_decode(record, size, &both, &r), -EBADMSG);
	words[6] = UINT64_MAX;
	size = make(record, PERF_RECORD_SAMPLE, 0, words, 11);
	assert_int_equal(pt_perf_decode(record, size, &both, &r), -EBADMSG);
}

static void what_becomes_of_processes(void **arg)
{
	(void)arg;
	uint64_t record[16];
	struct pt_perf_record r;
	const uint64_t fork[] = {pair(200, 100), pair(200, 101), 1, pair(100, 101), 900, pair(0, 0), 7};
	size_t size = make(record, PERF_RECORD_FORK, 0, fork, 7);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_FORK);
	assert_int_equal(r.pid, 200);
	assert_int_equal(r.parent, 100);
	assert_int_equal(r.time_ns, 900);
	assert_int_equal(r.id, 7);
	const uint64_t comm[] = {pair(200, 200), 0x65757274, pair(200, 200), 901, pair(0, 0), 7};
	size = make(record, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, comm, 6);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_EXEC);
	assert_int_equal(r.time_ns, 901);
	size = make(record, PERF_RECORD_COMM, 0, comm, 6); /* of a prctl */
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_OTHER);
	const uint64_t lost[] = {7, 12, pair(200, 200), 902, pair(0, 0), 7};
	size = make(record, PERF_RECORD_LOST, 0, lost, 6);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_LOST);
	assert_int_equal(r.lost, 12);
}

static void what_is_mapped(void **arg)
{
	(void)arg;
	uint64_t record[32];
	struct pt_perf_record r;
	uint64_t words[] = {pair(200, 201),
			    0x7f0000400000,
			    0x3000,
			    0x1000,
			    pair(8, 1),
			    4711,
			    0,
			    pair(5, 2),
			    0,
			    0,
			    pair(200, 201),
			    903,
			    pair(0, 0),
			    7};
	memcpy(&words[8], "/lib/long.so", 13);
	size_t size = make(record, PERF_RECORD_MMAP2, 0, words, 14);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), 0);
	assert_int_equal(r.what, PT_PERF_MAPPED);
	assert_int_equal(r.pid, 200);
	assert_int_equal(r.start, 0x7f0000400000);
	assert_int_equal(r.size, 0x3000);
	assert_int_equal(r.offset, 0x1000);
	assert_int_equal(r.dev_major, 8);
	assert_int_equal(r.dev_minor, 1);
	assert_int_equal(r.inode, 4711);
	assert_int_equal(r.time_ns, 903);
	assert_string_equal(r.path, "/lib/long.so");
	memcpy(&words[8], "/lib/without/end", 16);
	size = make(record, PERF_RECORD_MMAP2, 0, words, 14);
	assert_int_equal(pt_perf_decode(record, size, &plain, &r), -EBADMSG);
	for (size_t n = 0; n < 13; n++) {
		size = make(record, PERF_RECORD_MMAP2, 0, words, n);
		assert_int_equal(pt_perf_decode(record, size, &plain, &r), -EBADMSG);
	}
}

/* Nothing is read beyond a record: it lies at the end of a block of memory that valgrind and ASan watch. */
static void what_is_cut_short_is_refused(void **arg)
{
	(void)arg;
	static const uint32_t types[] = {PERF_RECORD_SAMPLE, PERF_RECORD_LOST, PERF_RECORD_FORK, PERF_RECORD_EXIT};
	static const size_t whole[] = {16, 6, 7, 7}; /* words behind the header */
	const uint64_t words[16] = {7, 1, 1, 2, 3, 0, PERF_SAMPLE_REGS_ABI_64, 1, 1, 1, 32, 0, 0, 0, 0, 24};
	struct pt_perf_record r;
	for (size_t t = 0; t < sizeof types / sizeof *types; t++)
		for (size_t n = 0; n < whole[t]; n++) {
			uint64_t *record = malloc((n + 1) * sizeof(*record));
			assert_non_null(record);
			size_t size = make(record, types[t], 0, words, n);
			assert_int_equal(pt_perf_decode(record, size, &with_stack, &r), -EBADMSG);
			assert_int_equal(pt_perf_decode(record, size - 4, &with_stack, &r), -EBADMSG);
			free(record);
		}
}

/* ---- rings ------------------------------------------------------------------------------------------------------ */

static uint64_t memory[(PAGE + SIZE) / sizeof(uint64_t)];

/* As the kernel writes: n records of `words` words, numbered on. */
static void put(uint64_t *at, uint64_t *number, unsigned n, size_t words)
{
	struct perf_event_mmap_page *head = (void *)memory;
	for (unsigned i = 0; i < n; i++, ++*number) {
		uint64_t body[64] = {*number}, record[64];
		size_t size = make(record, PERF_RECORD_LOST, 0, body, words - 1);
		for (size_t k = 0; k < size / sizeof(*record); k++, *at += sizeof(*record))
			memory[(PAGE + *at % SIZE) / sizeof(*memory)] = record[k];
	}
	head->data_head = *at;
}

static void records_come_in_order_round_and_round(void **arg)
{
	(void)arg;
	const struct perf_event_mmap_page *head = (void *)memory;
	struct pt_ring *ring = calloc(1, sizeof *ring);
	uint64_t at = 0, number = 0, want = 0;
	unsigned across = 0;
	assert_non_null(ring);
	memset(memory, 0, sizeof memory);
	pt_ring_init(ring, memory, PAGE, SIZE);
	for (unsigned round = 0; round < 100; round++) {
		size_t size;
		bool scratch;
		put(&at, &number, 1 + round % 7, 3 + round % 60);
		pt_ring_begin(ring);
		for (const uint64_t *record; (record = pt_ring_next(ring, &size, &scratch)); want++) {
			assert_int_equal(record[1], want);
			assert_int_equal(size, (3 + round % 60) * sizeof(*record));
			across += scratch;
		}
		assert_int_not_equal(head->data_tail, at);
		pt_ring_release(ring);
		assert_int_equal(head->data_tail, at);
	}
	assert_int_equal(want, number);
	assert_true(across > 3);
	free(ring);
}

static void a_ring_of_nonsense_is_passed_over(void **arg)
{
	(void)arg;
	static const uint16_t sizes[] = {0, 4, 12, 8 + SIZE};
	struct pt_ring *ring = calloc(1, sizeof *ring);
	assert_non_null(ring);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct perf_event_mmap_page *head = (void *)memory;
		const struct perf_event_header header = {PERF_RECORD_LOST, 0, sizes[i]};
		size_t size;
		bool scratch;
		memset(memory, 0, sizeof memory);
		memcpy(memory + PAGE / sizeof(*memory), &header, sizeof header);
		head->data_head = 64;
		pt_ring_init(ring, memory, PAGE, SIZE);
		pt_ring_begin(ring);
		assert_null(pt_ring_next(ring, &size, &scratch));
		pt_ring_release(ring);
		assert_int_equal(head->data_tail, 64);
	}
	free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_says_where_and_who),
		cmocka_unit_test(registers_and_stack_follow),
		cmocka_unit_test(calls_and_what_tracepoints_tell),
		cmocka_unit_test(what_becomes_of_processes),
		cmocka_unit_test(what_is_mapped),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(records_come_in_order_round_and_round),
		cmocka_unit_test(a_ring_of_nonsense_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
