/*
 * Editing at the end of the line is all there is: patterns and addresses are short.
 */
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "tui/keys.h"

void ui_prompt_open(struct ui_prompt *p, enum ui_prompt_kind kind, const char *text)
{
	p->kind = kind;
	p->error[0] = '\0';
	snprintf(p->text, sizeof p->text, "%s", text);
	memcpy(p->before, p->text, sizeof p->before);
}

static size_t encode(uint32_t ch, char *ret)
{
	if (ch < 0x80) {
		ret[0] = (char)ch;
		return 1;
	}
	size_t n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; ch >>= 6)
		ret[i] = (char)(0x80 | (ch & 0x3f));
	ret[0] = (char)(lead[n] | ch);
	return n;
}

static void drop_char(char *text)
{
	size_t n = strlen(text);
	while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n ? n - 1 : 0] = '\0';
}

static void drop_word(char *text)
{
	size_t n = strlen(text);
	while (n && text[n - 1] == ' ')
		n--;
	while (n && text[n - 1] != ' ')
		n--;
	text[n] = '\0';
}

static enum ui_prompt_result append(struct ui_prompt *p, uint32_t key)
{
	char bytes[4];
	bool printable = key >= 32 && key != 127 && !(key >= 0x80 && key < 0xa0) && key < UI_KEY_UP;
	if (!printable)
		return UI_PROMPT_SAME;
	size_t n = encode(key, bytes), used = strlen(p->text);
	if (used + n >= sizeof p->text)
		return UI_PROMPT_SAME;
	memcpy(p->text + used, bytes, n);
	p->text[used + n] = '\0';
	return UI_PROMPT_EDITED;
}

enum ui_prompt_result ui_prompt_key(struct ui_prompt *p, uint32_t key)
{
	switch (key) {
	case UI_KEY_ENTER: return UI_PROMPT_ACCEPTED;
	case UI_KEY_ESC:
	case UI_CTRL('g'): return UI_PROMPT_CANCELLED;
	case UI_KEY_BACKSPACE:
		if (!p->text[0])
			return UI_PROMPT_CANCELLED;
		drop_char(p->text);
		return UI_PROMPT_EDITED;
	case UI_CTRL('u'): p->text[0] = '\0'; return UI_PROMPT_EDITED;
	case UI_CTRL('w'): drop_word(p->text); return UI_PROMPT_EDITED;
	default: return append(p, key);
	}
}
