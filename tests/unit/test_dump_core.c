/*
 * Cores as files: what the writer puts into one the reader finds there, holes and all; and what is no core, or a damaged
 * one, is refused with a reason.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/memory_file.h"

#define SHIFT 12
#define PAGE  (1ull << SHIFT)
#define BASE  0x10000000ull

static const char info_text[] = "version 1\nid test.1\nboot b\npid 77\npage-size 4096\nstop none\n";

/* One VMA over all that is put. */
static void add_notes(struct pt_bytes *notes, const char *maps)
{
	pt_note_add(notes, PT_NOTE_NAME, PT_NOTE_DUMP, info_text, sizeof(info_text) - 1);
	pt_note_add(notes, PT_NOTE_NAME, PT_NOTE_MAPS, maps, strlen(maps));
}

static int finish(struct pt_writer *w, uint64_t *size)
{
	struct pt_bytes notes = {0};
	add_notes(&notes, "10000000-7fffff000000 rw-p 00000000 00:00 0 \n");
	int error = pt_writer_finish(w, &notes, size);
	pt_bytes_free(&notes);
	return error;
}

static unsigned char filled[64 * PAGE];

/* Stored pages have the low byte of their number everywhere, plus one. */
static int put(struct pt_writer *w, uint64_t first, uint64_t n, enum pt_content content)
{
	for (uint64_t i = 0; i < n && content == PT_CONTENT_STORED; i++)
		memset(filled + i * PAGE, (int)((first + i) & 0x7f) + 1, PAGE);
	return pt_writer_put(w, BASE + first * PAGE, BASE + (first + n) * PAGE, content,
			     content == PT_CONTENT_STORED ? filled : NULL);
}

static void expect_page(const struct pt_core *core, uint64_t number, enum pt_content content)
{
	unsigned char page[PAGE];
	size_t run = pt_core_find(core, BASE + number * PAGE);
	assert_true(run < core->n_runs && core->runs[run].start <= BASE + number * PAGE);
	assert_int_equal(core->runs[run].content, content);
	int error = pt_core_read(core, BASE + number * PAGE, page, PAGE);
	assert_int_equal(error, pt_content_here(content) ? 0 : -ENODATA);
	if (content == PT_CONTENT_STORED)
		assert_int_equal(page[number % PAGE], (number & 0x7f) + 1);
	if (content == PT_CONTENT_ZERO)
		assert_int_equal(page[number % PAGE], 0);
}

/* Whether a debugger could read the page: a segment covers it, all of whose bytes are in the file. */
static bool covered(const struct pt_core *core, uint64_t number)
{
	for (size_t i = 0; i < core->n_segments; i++)
		if (core->segments[i].start <= BASE + number * PAGE &&
		    BASE + number * PAGE < core->segments[i].start + core->segments[i].size)
			return true;
	return false;
}

static void what_is_put_is_found(void **state)
{
	(void)state;
	enum { PAGES = 4000 };
	static unsigned char expected[PAGES];
	struct memory_file file = memory_file_new();
	struct pt_writer *w = pt_writer_new(SHIFT, memory_sink(&file));
	uint64_t size;
	unsigned seed = 1;

	pt_writer_vma(w, PT_READ | PT_WRITE);
	for (unsigned at = 0, n; at < PAGES; at += n) {
		seed = seed * 1103515245u + 12345u;
		n = 1 + (seed >> 16) % 12;
		n = n < PAGES - at ? n : PAGES - at;
		enum pt_content content = (seed >> 24) % 3 ? (enum pt_content)((seed >> 20) % 3 ? 0 : 2)
							   : (enum pt_content)((seed >> 20) % PT_CONTENT_N);
		if ((seed >> 8) % 5 == 0)
			assert_int_equal(pt_writer_vma(w, PT_READ), 0);
		assert_int_equal(put(w, at, n, content), 0);
		memset(expected + at, (int)content, n);
	}
	assert_int_equal(finish(w, &size), 0);
	struct pt_core *core = memory_core(&file);
	assert_int_equal(core->source.size, size);
	assert_true(core->ours);
	assert_int_equal(core->info.pid, 77);
	assert_int_equal(core->vmas->n, 1);
	uint64_t sums[PT_CONTENT_N] = {0};
	for (unsigned i = 0; i < PAGES; i++) {
		expect_page(core, i, (enum pt_content)expected[i]);
		assert_int_equal(covered(core, i), pt_content_here(expected[i]));
		sums[expected[i]]++;
	}
	for (int i = 0; i < PT_CONTENT_N; i++)
		assert_int_equal(pt_writer_pages(w, (enum pt_content)i), sums[i]);
	pt_core_close(core);
	pt_writer_free(w);
	memory_file_free(&file);
}

static void zeros_are_holes_and_long_ones_share_one(void **state)
{
	(void)state;
	const uint64_t reserved = (16ull << 40) >> SHIFT;
	struct memory_file file = memory_file_new();
	struct pt_writer *w = pt_writer_new(SHIFT, memory_sink(&file));
	uint64_t size;

	pt_writer_vma(w, PT_READ | PT_WRITE);
	assert_int_equal(put(w, 0, 1, PT_CONTENT_STORED), 0);
	assert_int_equal(put(w, 1, PT_WRITER_GAP, PT_CONTENT_ZERO), 0); /* short: in the segment */
	assert_int_equal(put(w, 1 + PT_WRITER_GAP, 1, PT_CONTENT_STORED), 0);
	assert_int_equal(put(w, 2 + PT_WRITER_GAP, reserved, PT_CONTENT_ZERO), 0);
	assert_int_equal(put(w, 2 + PT_WRITER_GAP + reserved, 1, PT_CONTENT_STORED), 0);
	assert_int_equal(finish(w, &size), 0);
	struct pt_core *core = memory_core(&file);
	assert_true(size <= 5ull << 30);
	assert_true(memory_file_used(&file) < 1 << 20);
	assert_true(core->n_segments <= 4100);
	assert_int_equal(core->segments[0].size, (2 + PT_WRITER_GAP) * PAGE);
	assert_int_equal(core->n_runs, 5);
	assert_true(covered(core, reserved / 2) && covered(core, reserved));
	expect_page(core, reserved, PT_CONTENT_ZERO);
	expect_page(core, 2 + PT_WRITER_GAP + reserved, PT_CONTENT_STORED);
	pt_core_close(core);
	pt_writer_free(w);
	memory_file_free(&file);
}

/* A reservation: nothing that a debugger would be asked for, and nothing it takes. */
static void what_may_not_be_read_and_was_never_written_has_no_segment(void **state)
{
	(void)state;
	struct memory_file file = memory_file_new();
	struct pt_writer *w = pt_writer_new(SHIFT, memory_sink(&file));
	uint64_t size;

	pt_writer_vma(w, 0);
	assert_int_equal(put(w, 0, 1ull << 30, PT_CONTENT_ZERO), 0);
	assert_int_equal(put(w, 1ull << 30, 1, PT_CONTENT_STORED), 0);
	assert_int_equal(finish(w, &size), 0);
	struct pt_core *core = memory_core(&file);
	assert_int_equal(core->n_segments, 1);
	assert_true(size < 1 << 20);
	expect_page(core, 5, PT_CONTENT_ZERO);
	pt_core_close(core);
	pt_writer_free(w);
	memory_file_free(&file);
}

static void more_segments_than_the_header_can_count(void **state)
{
	(void)state;
	enum { SEGMENTS = 70000 };
	struct memory_file file = memory_file_new();
	struct pt_writer *w = pt_writer_new(SHIFT, memory_sink(&file));
	Elf64_Ehdr head;
	uint64_t size;

	for (uint64_t i = 0; i < SEGMENTS; i++) {
		assert_int_equal(pt_writer_vma(w, PT_READ), 0);
		/* zeros written as such: holes, so that this takes no memory */
		assert_int_equal(
			pt_writer_put(w, BASE + 2 * i * PAGE, BASE + (2 * i + 1) * PAGE, PT_CONTENT_STORED, NULL), 0);
	}
	assert_int_equal(finish(w, &size), 0);
	assert_int_equal(pread(file.fd, &head, sizeof(head), 0), sizeof(head));
	assert_int_equal(head.e_phnum, PN_XNUM);
	struct pt_core *core = memory_core(&file);
	assert_int_equal(core->n_segments, SEGMENTS);
	assert_int_equal(core->n_runs, SEGMENTS);
	pt_core_close(core);
	pt_writer_free(w);
	memory_file_free(&file);
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

static int write_small(struct memory_file *file)
{
	struct pt_writer *w = pt_writer_new(SHIFT, memory_sink(file));
	uint64_t size;
	int error = pt_writer_vma(w, PT_READ | PT_WRITE);
	error = error ? error : put(w, 0, 3, PT_CONTENT_STORED);
	error = error ? error : put(w, 3, 40, PT_CONTENT_ZERO);
	error = error ? error : put(w, 43, 2, PT_CONTENT_SWAPPED);
	error = error ? error : put(w, 45, 1, PT_CONTENT_STORED);
	error = error ? error : finish(w, &size);
	pt_writer_free(w);
	return error;
}

static void every_write_that_fails_is_told(void **state)
{
	(void)state;
	struct memory_file whole = memory_file_new();
	assert_int_equal(write_small(&whole), 0);
	assert_true(whole.calls > 5);
	for (unsigned long n = 1; n <= whole.calls; n++) {
		struct memory_file file = memory_file_new();
		struct pt_core *core;
		const char *why = "";
		file.fail_call = n;
		assert_int_equal(write_small(&file), -EIO);
		file.fail_call = 0;
		/* the header comes last: what was broken off is no core */
		assert_int_equal(pt_core_open(&core, memory_source(&file), &why), -EBADMSG);
		assert_true(*why);
		memory_file_free(&file);
	}
	memory_file_free(&whole);
}

/* Everything it says it has can be asked for. */
static void use(const struct pt_core *core)
{
	unsigned char page[PAGE];
	for (size_t i = 0; i < core->n_runs && core->info.page_shift == SHIFT; i++)
		pt_core_read(core, core->runs[i].start, page, sizeof(page));
	assert_non_null(core->vmas);
}

static int open_damaged(const unsigned char *bytes, size_t size)
{
	struct memory_file file = memory_file_new();
	struct pt_core *core;
	const char *why = "";
	assert_int_equal(write(file.fd, bytes, size), size);
	int error = pt_core_open(&core, memory_source(&file), &why);
	if (error == 0) {
		use(core);
		pt_core_close(core);
	} else if (error == -EBADMSG) {
		assert_true(*why && !strchr(why, '\n'));
	}
	memory_file_free(&file);
	return error;
}

static unsigned char *small_core(size_t *ret_size)
{
	struct memory_file file = memory_file_new();
	assert_int_equal(write_small(&file), 0);
	*ret_size = memory_source(&file).size;
	unsigned char *bytes = malloc(*ret_size);
	assert_non_null(bytes);
	assert_int_equal(pread(file.fd, bytes, *ret_size, 0), *ret_size);
	memory_file_free(&file);
	return bytes;
}

static void what_is_cut_off_is_refused(void **state)
{
	(void)state;
	size_t size;
	unsigned char *bytes = small_core(&size);
	assert_int_equal(open_damaged(bytes, size), 0);
	/* the tables are at the end */
	for (size_t n = 0; n < size; n += n < 256 || n > size - 2048 ? 1 : 97)
		assert_int_equal(open_damaged(bytes, n), -EBADMSG);
	free(bytes);
}

static void what_is_damaged_does_no_harm(void **state)
{
	(void)state;
	static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t size;
	unsigned char *bytes = small_core(&size);
	Elf64_Ehdr head;
	memcpy(&head, bytes, sizeof(head));
	for (size_t at = 0; at < size; at++) {
		if (at == sizeof(head))
			at = size - 1500 > at ? size - 1500 : at;
		unsigned char was = bytes[at];
		for (size_t i = 0; i < sizeof(values); i++) {
			bytes[at] = values[i];
			int error = open_damaged(bytes, size);
			assert_true(error == 0 || error == -EBADMSG || error == -ENOMEM);
		}
		bytes[at] = was;
	}
	free(bytes);
}

static void refuse(const void *bytes, size_t size, const char *reason)
{
	struct memory_file file = memory_file_new();
	struct pt_core *core;
	const char *why = "";
	assert_int_equal(write(file.fd, bytes, size), size);
	assert_int_equal(pt_core_open(&core, memory_source(&file), &why), -EBADMSG);
	if (!strstr(why, reason))
		fail_msg("it says '%s', not '%s'", why, reason);
	memory_file_free(&file);
}

static void reasons(void **state)
{
	(void)state;
	size_t size;
	unsigned char *bytes = small_core(&size);
	Elf64_Ehdr *head = (Elf64_Ehdr *)bytes;
	const Elf64_Ehdr good = *head;
	static const char script[sizeof(*head)] = "#!/bin/sh\n";

	refuse("", 0, "too short");
	refuse(script, sizeof(script), "no ELF file");
	memset(head->e_ident, 0, 4);
	refuse(bytes, size, "never finished");
	*head = good;
	head->e_ident[EI_CLASS] = ELFCLASS32;
	refuse(bytes, size, "32-bit");
	*head = good;
	head->e_ident[EI_DATA] ^= 3;
	refuse(bytes, size, "byte order");
	*head = good;
	head->e_type = ET_EXEC;
	refuse(bytes, size, "no core");
	*head = good;
	head->e_phnum = PN_XNUM;
	head->e_shoff = size;
	refuse(bytes, size, "cut off");
	free(bytes);
}

static void info_comes_back(void **state)
{
	(void)state;
	const struct pt_dump_info info = {
		.id = "boot.1.2",
		.boot = "boot",
		.pid = 4711,
		.start_time = 123456789012345,
		.realtime_ns = 1700000000123456789,
		.took_ns = 5,
		.stopped_ns = 4,
		.stop = PT_STOP_ALL,
		.page_shift = 16,
		.base = "a name with blanks",
		.base_id = "boot.1.1",
		.by_soft_dirty = true,
		.cleared_soft_dirty = true,
	};
	struct pt_dump_info back;
	char text[2048];
	size_t n = pt_info_print(&info, text, sizeof(text));

	assert_true(pt_info_parse(text, n, &back));
	assert_string_equal(back.id, info.id);
	assert_string_equal(back.boot, info.boot);
	assert_string_equal(back.base, info.base);
	assert_string_equal(back.base_id, info.base_id);
	assert_int_equal(back.pid, info.pid);
	assert_int_equal(back.start_time, info.start_time);
	assert_int_equal(back.realtime_ns, info.realtime_ns);
	assert_int_equal(back.stopped_ns, info.stopped_ns);
	assert_int_equal(back.stop, info.stop);
	assert_int_equal(back.page_shift, 16);
	assert_true(back.by_soft_dirty && back.cleared_soft_dirty);
}

static void info_that_is_wrong_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"version 2\nid a\npage-size 4096\n",
		"id a\nversion 1\npage-size 4096\n",
		"version 1\nid a\n",
		"version 1\npage-size 4096\n",
		"version 1\nid a\npage-size 4095\n",
		"version 1\nid a\npage-size 8388608\n",
		"version 1\nid a\npage-size 4096\nstop maybe\n",
		"version 1\nid a\npage-size 4096\npid -1\n",
		"version 1\nid a\npage-size 4096\npid 99999999999\n",
		"version 1\nid a\npage-size 4096\nby-soft-dirty 2\n",
		"version 1\nid a\npage-size 4096\nnothing\n",
	};
	struct pt_dump_info info;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(pt_info_parse(wrong[i], strlen(wrong[i]), &info));
	static const char later[] = "version 1\nid a\npage-size 4096\nof-a-later-version yes\n";
	assert_true(pt_info_parse(later, sizeof(later) - 1, &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found),
		cmocka_unit_test(zeros_are_holes_and_long_ones_share_one),
		cmocka_unit_test(what_may_not_be_read_and_was_never_written_has_no_segment),
		cmocka_unit_test(more_segments_than_the_header_can_count),
		cmocka_unit_test(every_write_that_fails_is_told),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(what_is_damaged_does_no_harm),
		cmocka_unit_test(reasons),
		cmocka_unit_test(info_comes_back),
		cmocka_unit_test(info_that_is_wrong_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
