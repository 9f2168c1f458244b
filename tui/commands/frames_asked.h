/*
 * Which frames a command was asked for: specs of bits, ranges, a cgroup, another file of flags, as options become a
 * request to core/machine. For pagetop types and pagetop pages.
 */
#ifndef UI_FRAMES_ASKED_H
#define UI_FRAMES_ASKED_H

#include "core/machine/types.h"
#include "tui/option.h"

struct ui_frames_asked {
	struct pt_types_request request; /* of what follows */
	struct pt_bits_rule *rules;
	struct pt_stretch *ranges; /* page numbers */
	char *kpageflags, *file;   /* as absolute paths */
};

/* Repeatable options: more of --bits or --where, and of --addr. */
int ui_take_spec(const char *value, struct ui_options *o, struct ui_complaint *c);
int ui_take_range(const char *value, struct ui_options *o, struct ui_complaint *c);

/*
 * Reads the options, specs in the words of that vocabulary. UI_OK, or the status after the mistake was said; free it in
 * any case.
 */
int ui_frames_asked(const struct ui_options *options, struct pt_kernel *k, pt_bits_word_fn word,
		    struct ui_frames_asked *ret);
void ui_frames_asked_free(struct ui_frames_asked *asked);

/* Why a walk failed, in one line, and the exit status for it. */
int ui_frames_error(struct pt_kernel *k, pid_t pid, int error, const char *file);

#endif
