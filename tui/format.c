/*
 * See format.h. Three significant digits and one unit letter come from core/text; here only what a screen adds.
 */
#include "tui/format.h"

#include <string.h>
#include <time.h>

#include "core/hunt/suspects.h"
#include "core/text/text.h"

const char *ui_size(struct ui_scratch *s, uint64_t bytes)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_size(bytes, text, sizeof text));
}

const char *ui_number(struct ui_scratch *s, uint64_t n)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_number(n, text, sizeof text));
}

const char *ui_bytes(struct ui_scratch *s, struct pt_maybe bytes)
{
	if (!bytes.known)
		return "?";
	return bytes.value ? ui_size(s, bytes.value) : UI_DOT;
}

static struct wg_table_cell maybe_cell(struct pt_maybe value, const char *text)
{
	if (!value.known)
		return (struct wg_table_cell){"?", WG_UNKNOWN};
	if (!value.value)
		return (struct wg_table_cell){UI_DOT, WG_DIM};
	return (struct wg_table_cell){text, WG_TEXT};
}

struct wg_table_cell ui_cell_bytes(struct ui_scratch *s, struct pt_maybe bytes)
{
	return maybe_cell(bytes, bytes.known && bytes.value ? ui_size(s, bytes.value) : "");
}

struct wg_table_cell ui_cell_number(struct ui_scratch *s, struct pt_maybe number)
{
	return maybe_cell(number, number.known && number.value ? ui_number(s, number.value) : "");
}

struct wg_table_cell ui_cell_delta(struct ui_scratch *s, int64_t bytes, bool known)
{
	if (!known || !bytes)
		return maybe_cell((struct pt_maybe){0, known}, "");
	char text[24];
	pt_text_delta(bytes, text, sizeof text);
	return (struct wg_table_cell){ui_scratch_text(s, "%s", text), bytes > 0 ? WG_GREW : WG_SHRANK};
}

const char *ui_share(struct ui_scratch *s, uint64_t part, uint64_t whole)
{
	if (!whole || !part)
		return "0 %";
	if (part >= whole)
		return "100 %";
	unsigned percent = (unsigned)((double)part * 100 / (double)whole + 0.5);
	if (percent == 0)
		return "<1 %";
	return ui_scratch_text(s, "%u %%", percent > 99 ? 99 : percent);
}

const char *ui_grows(struct ui_scratch *s, const struct pt_suspect *suspect, uint64_t at_ns)
{
	char since[24];
	uint64_t ns = at_ns > suspect->began_ns ? at_ns - suspect->began_ns : 0;
	uint64_t slope = suspect->slope > 0 ? (uint64_t)(suspect->slope + 0.5) : 0;
	return ui_scratch_text(s, "grows %s/s for %s", ui_size(s, slope), pt_text_ns(ns, since, sizeof since));
}

const char *ui_printable(struct ui_scratch *s, const char *raw)
{
	char text[512];
	pt_text_printable(raw, strlen(raw), text, sizeof text);
	return ui_scratch_text(s, "%s", text);
}

#define DELETED " (deleted)"

const char *ui_base_name(struct ui_scratch *s, const char *path)
{
	const char *slash = path[0] == '/' ? strrchr(path, '/') : NULL;
	const char *name = ui_printable(s, slash && slash[1] ? slash + 1 : path);
	/* That a file has no name any more is the rule for shared memory, and said on the page screen. */
	size_t n = strlen(name), tail = strlen(DELETED);
	if (slash && n > tail && !strcmp(name + n - tail, DELETED))
		return ui_scratch_text(s, "%.*s", (int)(n - tail), name);
	return name;
}

const char *ui_vma_name(struct ui_scratch *s, const struct pt_vma *vma)
{
	if (vma->path[0])
		return ui_base_name(s, vma->path);
	char words[64];
	return ui_scratch_text(s, "%s", pt_role_words(vma, words, sizeof words));
}

const char *ui_age(struct ui_scratch *s, const struct pt_snapshot *snapshot, uint64_t read_ns)
{
	char text[24];
	uint64_t now = snapshot->monotonic_ns, age = now > read_ns ? now - read_ns : 0;
	return ui_scratch_text(s, "%s", pt_text_ns(age, text, sizeof text));
}

const char *ui_clock(struct ui_scratch *s, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / 1000000000u);
	struct tm tm;
	if (!localtime_r(&seconds, &tm))
		return "?";
	return ui_scratch_text(s, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}
