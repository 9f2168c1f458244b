/*
 * Files of programs, whole and damaged: what is copied of them, the rows, symbols and lines read from the copy; cut off
 * anywhere, with garbage in headers, tables and debug sections. What is damaged may say nothing or nonsense, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/unwind/cfi.h"
#include "core/unwind/lines.h"
#include "core/unwind/symbols.h"

/* The program of tests/live/calls/, as bytes. */
static char *original;
static size_t original_size;
static struct pt_kernel *k;

static int read_original(void **state)
{
	char path[4096];
	(void)state;
	ssize_t n = readlink("/proc/self/exe", path, 4000);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "unwind-calls-omit");
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return pt_kernel_slurp(k, path, &original, &original_size);
}

static int forget_original(void **state)
{
	(void)state;
	free(original);
	pt_kernel_free(k);
	return 0;
}

static int file_of(const char *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	return fd;
}

static int read_bytes(struct pt_image *image, const char *bytes, size_t size, unsigned parts)
{
	int fd = file_of(bytes, size);
	int error = pt_image_read(image, k, fd, parts);
	close(fd);
	return error;
}

static uint64_t address_of(const struct pt_image *image, const char *wanted)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(image->elf, scn));) {
		GElf_Shdr header;
		GElf_Sym sym;
		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_SYMTAB)
			continue;
		for (int i = 0; gelf_getsym(elf_getdata(scn, NULL), i, &sym); i++)
			if (!strcmp(elf_strptr(image->elf, header.sh_link, sym.st_name), wanted))
				return sym.st_value;
	}
	return 0;
}

/* ---- whole ------------------------------------------------------------------------------------------------------ */

static void all_of_a_whole_file(void **state)
{
	(void)state;
	struct pt_image image, debug;
	uint64_t offset;
	const char *file;
	int line;
	assert_int_equal(read_bytes(&image, original, original_size, PT_IMAGE_CALLS | PT_IMAGE_SYMBOLS), 0);
	assert_true(image.size <= original_size);
	const uint64_t inner = address_of(&image, "inner");
	assert_int_not_equal(inner, 0);

	struct pt_symbols *symbols = pt_symbols_new(PT_SYMBOLS_CODE);
	pt_symbols_add(symbols, &image);
	const char *name = pt_symbols_find(symbols, inner + 3, NULL, &offset);
	assert_string_equal(name, "inner");
	assert_int_equal(offset, 3);
	assert_null(pt_symbols_find(symbols, 1, NULL, &offset));
	assert_null(pt_symbols_find(symbols, 1ull << 40, NULL, &offset));

	struct pt_cfi *cfi = pt_cfi_new(&image);
	const struct pt_row *row = pt_cfi_row(cfi, inner);
	assert_non_null(row);
	assert_ptr_equal(pt_cfi_row(cfi, inner), row);
	assert_null(pt_cfi_row(cfi, 1));
	assert_null(pt_cfi_row(cfi, 1));

	assert_int_equal(read_bytes(&debug, original, original_size, PT_IMAGE_LINES), 0);
	struct pt_lines *lines = pt_lines_new(&debug);
	assert_non_null(lines);
	assert_true(pt_lines_find(lines, inner, &file, &line));
	assert_non_null(strstr(file, "target.c"));
	assert_false(pt_lines_find(lines, 1, &file, &line));
	pt_lines_free(lines);
	pt_cfi_free(cfi);
	pt_symbols_free(symbols);
	pt_image_drop(&image);
}

static void only_what_is_wanted(void **state)
{
	(void)state;
	struct pt_image image;
	assert_int_equal(read_bytes(&image, original, original_size, PT_IMAGE_CALLS), 0);
	assert_int_equal(address_of(&image, "inner"), 0); /* its symbol table was not read: zeros */
	assert_true(pt_image_has(&image, ".eh_frame"));
	assert_true(pt_image_has(&image, ".symtab")); /* but it is known to be there */
	assert_false(pt_image_has(&image, ".bss"));
	assert_false(pt_image_has(&image, ".none"));
	pt_image_drop(&image);
	pt_image_drop(&image);
}

/* ---- damaged ---------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static uint64_t random_number(void) /* xorshift64* */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1du;
}

/* Everything that can be asked, at addresses that may be in it and at any. */
static void ask_calls_and_symbols(const struct pt_image *image)
{
	static const uint8_t stack[4096];
	struct pt_symbols *symbols = pt_symbols_new(PT_SYMBOLS_CODE);
	struct pt_cfi *cfi = pt_cfi_new(image);
	uint64_t offset;
	pt_symbols_add(symbols, image);
	for (unsigned i = 0; i < 60; i++) {
		const uint64_t at = i < 50 ? 0x1000 + 61 * i : random_number();
		struct pt_frame frame = {.pc = at, .known = UINT32_MAX};
		const struct pt_dump dump = {random_number() % 4096, stack, sizeof stack};
		for (unsigned reg = 0; reg < PT_REGS; reg++)
			frame.regs[reg] = dump.start + 8 * (random_number() % 512);
		const struct pt_row *row = pt_cfi_row(cfi, at);
		if (row)
			pt_row_step(row, &dump, &frame);
		const char *name = pt_symbols_find(symbols, at, NULL, &offset);
		assert_true(!name || strlen(name) < image->size);
	}
	pt_cfi_free(cfi);
	pt_symbols_free(symbols);
}

static void ask_lines(struct pt_image *image)
{
	const char *file;
	int line;
	struct pt_lines *lines = pt_lines_new(image);
	for (unsigned i = 0; i < 20 && lines; i++)
		pt_lines_find(lines, 0x1000 + 131 * i, &file, &line);
	pt_lines_free(lines);
}

static void ask(const char *bytes, size_t size)
{
	struct pt_image image;
	if (!read_bytes(&image, bytes, size, PT_IMAGE_CALLS | PT_IMAGE_SYMBOLS))
		ask_calls_and_symbols(&image);
	pt_image_drop(&image);
	if (!read_bytes(&image, bytes, size, PT_IMAGE_LINES))
		ask_lines(&image);
}

static void cut_off_anywhere(void **state)
{
	(void)state;
	seed = 1;
	for (unsigned i = 0; i < 60; i++)
		ask(original, i < 20 ? 8 * i : random_number() % original_size);
}

/* n bytes anywhere in [start, start + size) become others. */
static void damage(size_t start, size_t size, unsigned n)
{
	char *bytes = malloc(original_size);
	assert_non_null(bytes);
	memcpy(bytes, original, original_size);
	for (unsigned i = 0; i < n && size; i++)
		bytes[start + random_number() % size] = (char)(random_number() % 4 ? random_number() : 0xff);
	ask(bytes, original_size);
	free(bytes);
}

static void garbage_in_headers(void **state)
{
	(void)state;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)original;
	seed = 2;
	for (unsigned i = 0; i < 60; i++) {
		damage(EI_NIDENT, sizeof *header - EI_NIDENT, 1 + i % 3);
		damage(header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), 1 + i % 8);
		damage(header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr), 1 + i % 16);
	}
}

static void garbage_in_sections(void **state)
{
	(void)state;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)original;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(original + header->e_shoff);
	seed = 3;
	for (size_t i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type != SHT_NOBITS)
			for (unsigned j = 0; j < 12; j++)
				damage(sections[i].sh_offset, sections[i].sh_size, 1 + 4 * j);
}

static void what_is_no_program(void **state)
{
	(void)state;
	static const char text[] = "#!/bin/sh\nexit 0\n";
	struct pt_image image;
	char *bytes = malloc(original_size);
	assert_non_null(bytes);
	assert_int_equal(read_bytes(&image, text, sizeof text, PT_IMAGE_CALLS), -ENOEXEC);
	assert_int_equal(read_bytes(&image, "", 0, PT_IMAGE_CALLS), -ENOEXEC);
	memcpy(bytes, original, original_size);
	bytes[EI_CLASS] = ELFCLASS32;
	assert_int_equal(read_bytes(&image, bytes, original_size, PT_IMAGE_CALLS), -ENOEXEC);
	bytes[EI_CLASS] = ELFCLASS64;
	((Elf64_Ehdr *)(void *)bytes)->e_machine = EM_S390;
	assert_int_equal(read_bytes(&image, bytes, original_size, PT_IMAGE_CALLS), -ENOEXEC);
	/* A section table far away is no reason to look for memory. */
	memcpy(bytes, original, original_size);
	((Elf64_Ehdr *)(void *)bytes)->e_shoff = 1ull << 60;
	assert_int_equal(read_bytes(&image, bytes, original_size, PT_IMAGE_CALLS), -EFBIG);
	assert_null(image.bytes);
	free(bytes);
}

/* Without section headers, as sstrip leaves it, rows are still found. */
static void without_sections(void **state)
{
	(void)state;
	struct pt_image image;
	char *bytes = malloc(original_size);
	assert_non_null(bytes);
	assert_int_equal(read_bytes(&image, original, original_size, PT_IMAGE_SYMBOLS), 0);
	const uint64_t inner = address_of(&image, "inner");
	pt_image_drop(&image);
	memcpy(bytes, original, original_size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;
	header->e_shoff = header->e_shnum = header->e_shstrndx = 0;
	assert_int_equal(read_bytes(&image, bytes, original_size, PT_IMAGE_CALLS), 0);
	struct pt_cfi *cfi = pt_cfi_new(&image);
	assert_non_null(pt_cfi_row(cfi, inner));
	pt_cfi_free(cfi);
	pt_image_drop(&image);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_whole_file), cmocka_unit_test(only_what_is_wanted),
		cmocka_unit_test(cut_off_anywhere),    cmocka_unit_test(garbage_in_headers),
		cmocka_unit_test(garbage_in_sections), cmocka_unit_test(what_is_no_program),
		cmocka_unit_test(without_sections),
	};
	return cmocka_run_group_tests(tests, read_original, forget_original);
}
