/*
 * An ELF file as libelf sees it, out of a copy that holds only the sections that are wanted: memory as large as the file,
 * of which the rest is never touched. So no file stays open for it, what is parsed can't change underneath, and a file
 * that is cut off meanwhile is no SIGBUS. What is in it is hostile.
 */
#ifndef PT_UNWIND_IMAGE_H
#define PT_UNWIND_IMAGE_H

#include <libelf.h>

#include "core/kernel/kernel.h"

enum pt_image_part {
	PT_IMAGE_CALLS = 1,   /* unwind tables, notes */
	PT_IMAGE_SYMBOLS = 2, /* symbol tables and their strings */
	PT_IMAGE_LINES = 4,   /* .debug_* */
};

struct pt_image {
	Elf *elf; /* NULL: none */
	char *bytes;
	size_t size;
};

/*
 * Of a file of this machine's kind, 64 bits. 0; -ENOEXEC: it is not one; -EFBIG: more than any sane one; -ENOMEM, or what
 * reading said. ret is zeroed then.
 */
int pt_image_read(struct pt_image *ret, struct pt_kernel *k, int fd, unsigned parts);
/* Takes over a malloc'ed buffer that holds all of it, also where it fails. */
int pt_image_of_bytes(struct pt_image *ret, char *bytes, size_t size);
void pt_image_drop(struct pt_image *image);                           /* zeroed is fine */
bool pt_image_has(const struct pt_image *image, const char *section); /* with contents in the file */
/* The section with data at an address, as the file counts. NULL: none. The name stays as long as the image does. */
const char *pt_image_section(const struct pt_image *image, uint64_t address, uint64_t *ret_offset);

#endif
