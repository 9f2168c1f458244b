/*
 * JSON on stdout, by jansson: one object whose first key is an array that is written element by element, so that
 * 60,000 VMAs need no tree in memory. Names pass through pt_text_printable, so strings are valid UTF-8.
 */
#ifndef UI_JSON_OUT_H
#define UI_JSON_OUT_H

#include <jansson.h>

#include "core/model/snapshot.h"

/* {"key": [ element, ... ], "member": value, ...}: begin, elements, end of the array, members, end. */
struct ui_json {
	bool started; /* an element stands in the array already */
	bool failed;  /* memory gave out */
};
void ui_json_begin(struct ui_json *out, const char *key);
void ui_json_element(struct ui_json *out, json_t *value); /* takes value over, as does member */
void ui_json_end_array(struct ui_json *out);
void ui_json_member(struct ui_json *out, const char *key, json_t *value);
int ui_json_end(struct ui_json *out); /* UI_OK, or says what failed and returns the status */

/* {"key": value}, all at once; takes it over. NULL: there was no memory for it. Returns as ui_json_end. */
int ui_json_whole(const char *key, json_t *value);
/* For json_dump: digits that a double has for sure, so that 5.16 is not 5.1600000000000001. */
#define UI_JSON_REALS JSON_REAL_PRECISION(15)

void ui_json_key(const char *column, char *ret); /* "PAGES_PRESENT" as a key: "pages_present" */
json_t *ui_json_maybe(struct pt_maybe value);    /* an integer, or null */
json_t *ui_json_hex(struct pt_maybe value);      /* "0x…", or null */
json_t *ui_json_flags(uint64_t flags);           /* names of bits of kpageflags, as an array */
json_t *ui_json_bytes(const char *bytes);        /* a hostile string made printable; NULL is null */

#endif
