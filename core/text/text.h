/*
 * Text for people: hostile bytes made printable, and sizes in three digits. Pure.
 */
#ifndef PT_TEXT_TEXT_H
#define PT_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes from a process (a name, a path, contents) as printable UTF-8 on one line: control characters, escape
 * sequences, invalid UTF-8, line separators, and bidirectional and zero-width marks become \xNN (a byte) or \u{NNNN}
 * (a character). The kernel's own escapes in maps (\012) are left as they are. NUL-terminated, never cut inside a
 * character or an escape. Returns the length.
 */
size_t pt_text_printable(const char *bytes, size_t n, char *ret, size_t size);

/*
 * "1.21G", "9.1M", "64M", "132K", "512B"; "·" is the caller's business: 0 is "0". At most three significant digits
 * (four from 1000 to 1023 of a unit), no zeros behind the point, powers of 1024. Returns ret, as those below do.
 */
char *pt_text_size(uint64_t bytes, char *ret, size_t size);
/* "+1.2M", "-340K", "0" */
char *pt_text_delta(int64_t bytes, char *ret, size_t size);
/* "12", "4.31k", "1.2M": the same in powers of 1000. */
char *pt_text_number(uint64_t n, char *ret, size_t size);
/* "12 us", "0.4 ms", "1.2 s", "2 min": a duration, one decimal below ten. */
char *pt_text_ns(uint64_t ns, char *ret, size_t size);

/* A whole string as an unsigned number (decimal, or 0x hexadecimal); false if it is anything else or overflows. */
bool pt_text_parse_u64(const char *text, uint64_t *ret);

#endif
