/*
 * Writes JSON as it comes. Elements stand one a line, so that line tools can be used on them too.
 */
#include "tui/commands/json_out.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain/explain.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"

static void dump(struct ui_json *out, json_t *value)
{
	/* what cannot be written is main's business, which looks at stdout when all is said */
	if (!value || (json_dumpf(value, stdout, JSON_ENCODE_ANY | UI_JSON_REALS) != 0 && !ferror(stdout)))
		out->failed = true;
	json_decref(value);
}

void ui_json_begin(struct ui_json *out, const char *key)
{
	*out = (struct ui_json){0};
	printf("{\"%s\": [", key);
}

void ui_json_element(struct ui_json *out, json_t *value)
{
	fputs(out->started ? ",\n  " : "\n  ", stdout);
	out->started = true;
	dump(out, value);
}

void ui_json_end_array(struct ui_json *out)
{
	fputs(out->started ? "\n]" : "]", stdout);
}

void ui_json_member(struct ui_json *out, const char *key, json_t *value)
{
	printf(",\n\"%s\": ", key);
	dump(out, value);
}

int ui_json_end(struct ui_json *out)
{
	puts("}");
	if (!out->failed)
		return UI_OK;
	ui_complain("out of memory: the JSON is not complete");
	return UI_LACKING;
}

int ui_json_whole(const char *key, json_t *value)
{
	json_t *all = value ? json_pack("{s:o}", key, value) : NULL;
	bool failed = !all || (json_dumpf(all, stdout, JSON_INDENT(1) | UI_JSON_REALS) != 0 && !ferror(stdout));
	json_decref(all);
	putchar('\n');
	if (!failed)
		return UI_OK;
	ui_complain("out of memory: the JSON is not complete");
	return UI_LACKING;
}

void ui_json_key(const char *column, char *ret)
{
	for (; *column; column++)
		*ret++ = (char)tolower((unsigned char)*column);
	*ret = '\0';
}

json_t *ui_json_maybe(struct pt_maybe value)
{
	return value.known ? json_integer((json_int_t)value.value) : json_null();
}

json_t *ui_json_hex(struct pt_maybe value)
{
	char text[24];

	if (!value.known)
		return json_null();
	snprintf(text, sizeof(text), "0x%" PRIx64, value.value);
	return json_string(text);
}

json_t *ui_json_flags(uint64_t flags)
{
	json_t *array = json_array();
	char name[24];

	for (int bit = 0; array && bit < 64; bit++)
		if (flags >> bit & 1)
			json_array_append_new(array, json_string(pt_flag_name(bit, name, sizeof(name))));
	return array;
}

json_t *ui_json_bytes(const char *bytes)
{
	char small[512], *text = small;
	size_t n, room;
	json_t *value;

	if (!bytes)
		return json_null();
	n = strlen(bytes);
	room = 4 * n + 1; /* \xNN for one byte is the longest */
	if (room > sizeof(small))
		text = malloc(room);
	if (!text)
		return NULL;
	value = json_stringn(text, pt_text_printable(bytes, n, text, room));
	if (text != small)
		free(text);
	return value;
}
