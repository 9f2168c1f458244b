/*
 * The prompt: a line of text typed at the foot of the screen. It edits; what the text means is its owner's business.
 */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include <stdint.h>

#include "tui/filter.h"

enum ui_prompt_kind {
	UI_PROMPT_NONE,
	UI_PROMPT_FILTER,
	UI_PROMPT_ADDRESS,
	UI_PROMPT_MARK,
	UI_PROMPT_TIME,
	UI_PROMPT_RECORD,
	UI_PROMPT_OPEN /* the screen's: it takes the line */
};

struct ui_prompt {
	enum ui_prompt_kind kind;
	char text[UI_LINE_MAX];
	char before[UI_LINE_MAX]; /* the text when it was opened, for Esc */
	char error[128];
};

void ui_prompt_open(struct ui_prompt *prompt, enum ui_prompt_kind kind, const char *text);

/* What a key did to it. */
enum ui_prompt_result { UI_PROMPT_SAME, UI_PROMPT_EDITED, UI_PROMPT_ACCEPTED, UI_PROMPT_CANCELLED };
enum ui_prompt_result ui_prompt_key(struct ui_prompt *prompt, uint32_t key);

#endif
