/*
 * Sentences of an explanation: formatted into its fixed fields, never beyond them, never cut inside a character.
 */
#include "core/explain/look.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A character that was cut at the end of a full buffer is taken away. Text is valid UTF-8 up to there. */
static void trim(char *text, size_t size)
{
	size_t n = strlen(text), start = n;
	if (n + 1 < size)
		return;
	while (start && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	const unsigned char lead = start ? (unsigned char)text[start - 1] : 0;
	const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (start && n - (start - 1) < length)
		text[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void say(char *text, size_t size, const char *format, va_list args)
{
	vsnprintf(text, size, format, args);
	trim(text, size);
}

void pt_say_headline(struct pt_look *look, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(look->out->headline, sizeof look->out->headline, format, args);
	va_end(args);
}

void pt_say_reason(struct pt_look *look, const char *format, ...)
{
	struct pt_explanation *out = look->out;
	va_list args;
	if (out->n_reasons == PT_REASONS_MAX)
		return;
	va_start(args, format);
	say(out->reasons[out->n_reasons++], sizeof *out->reasons, format, args);
	va_end(args);
}

void pt_say_missing(struct pt_look *look, const char *what, enum pt_signal signal)
{
	const struct pt_signal_state *state = &look->facts->signals.of[signal];
	const char *reason = state->given != PT_GIVEN ? state->reason : NULL;
	const char *remedy = state->given != PT_GIVEN ? state->remedy : NULL;
	pt_say_reason(look, "%s%s%s.%s%s%s", what, reason ? ": " : "", reason ? reason : "",
		      remedy ? " To see it: " : "", remedy ? remedy : "", remedy ? "." : "");
}

void pt_say_frame_missing(struct pt_look *look)
{
	if (!look->facts->pfn)
		pt_say_missing(look, "Its frame is hidden, and with it its flags", PT_SIG_PFN);
	else if (!look->has_flags)
		pt_say_missing(look, "The flags of its frame are not known", PT_SIG_KPAGEFLAGS);
}

const char *pt_say_size(uint64_t bytes, char *ret, size_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;
	while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(ret, size, "%" PRIu64 " %s", bytes, units[unit]);
	return ret;
}
