/*
 * Values of options as people write them: read strictly, and what is wrong with them said in one line.
 */
#include "tui/option.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MAX 1e9
#define SYNC_MAX   100000
#define FOR_MAX    1e8 /* three years */

int ui_usage(struct ui_complaint *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->text, c->size, format, args);
	va_end(args);
	return UI_USAGE;
}

/* ---- plain values ----------------------------------------------------------------------------------------------- */

bool ui_parse_pid(const char *text, pid_t *ret)
{
	long pid = 0;

	if (text[0] < '1' || text[0] > '9')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		pid = pid * 10 + (*text - '0');
		if (pid > UI_PID_MAX)
			return false;
	}
	*ret = (pid_t)pid;
	return true;
}

bool ui_parse_decimal(const char *text, double min, double max, double *ret)
{
	double value = 0, unit = 1;
	bool digit = false, fraction = false;

	/* By hand: strtod takes blanks, signs, "inf" and hexadecimal, and a comma where the locale has it so. */
	for (; *text; text++) {
		if (*text == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		digit = true;
		value = value * 10 + (*text - '0');
		unit *= fraction ? 10 : 1;
	}
	value /= unit;
	if (!digit || !(value >= min && value <= max))
		return false;
	*ret = value;
	return true;
}

bool ui_parse_size(const char *text, size_t *ret)
{
	static const char units[] = "KMGT";
	size_t size = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *at - '0', &size))
			return false;
	}
	if (at == text)
		return false;
	if (*at) {
		const char *unit = strchr(units, *at);
		unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;

		if (!unit || at[1] || size << shift >> shift != size)
			return false;
		size <<= shift;
	}
	*ret = size;
	return true;
}

bool ui_parse_address(const char *text, uint64_t *ret)
{
	bool prefix = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t n = strlen(text) - (prefix ? 2 : 0);

	if (prefix)
		text += 2;
	if (n == 0 || n > 16 || strspn(text, "0123456789abcdefABCDEF") != n)
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

int ui_take_number(const char *value, const char *option, const char *what, unsigned max, unsigned *ret,
		   struct ui_complaint *c)
{
	double n;
	if (!ui_parse_decimal(value, 1, max, &n) || n != (double)(unsigned)n)
		return ui_usage(c, "'%s' is no number of %s: --%s takes 1 to %u", value, what, option, max);
	*ret = (unsigned)n;
	return UI_OK;
}

int ui_take_seconds(const char *value, const char *option, uint64_t *ret_ns, struct ui_complaint *c)
{
	double seconds;
	if (!ui_parse_decimal(value, UI_INTERVAL_MIN, FOR_MAX, &seconds))
		return ui_usage(c, "'%s' is no time: --%s takes seconds from %g on", value, option, UI_INTERVAL_MIN);
	*ret_ns = (uint64_t)(seconds * 1e9 + 0.5);
	return UI_OK;
}

/* ---- values of more than one command ---------------------------------------------------------------------------- */

int ui_take_for(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	return ui_take_seconds(value, "for", &o->for_ns, c);
}

int ui_take_stop(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	bool registers = value && strcmp(value, pt_stop_name(PT_STOP_REGISTERS)) == 0;
	if (value && !registers && strcmp(value, pt_stop_name(PT_STOP_ALL)) != 0)
		return ui_usage(c, "--stop takes all (which it means without a value) or registers, not '%s'", value);
	o->stop = registers ? PT_STOP_REGISTERS : PT_STOP_ALL;
	return UI_OK;
}

int ui_take_stacks(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	o->no_stacks = strcmp(value, "no") == 0;
	return o->no_stacks || strcmp(value, "yes") == 0 ? UI_OK
							 : ui_usage(c, "--stacks takes yes or no, not '%s'", value);
}

int ui_take_period(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	double n;
	if (!ui_parse_decimal(value, 1, PERIOD_MAX, &n) || n != (double)(uint64_t)n)
		return ui_usage(c, "'%s' is no period: --period takes 1 to %.0f, every so many faults are told", value,
				PERIOD_MAX);
	o->period = (uint64_t)n;
	return UI_OK;
}

int ui_take_sync(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	return ui_take_number(value, "sync", "frames", SYNC_MAX, &o->sync_frames, c);
}

/* ---- what is judged --------------------------------------------------------------------------------------------- */

int ui_take_assert(const char *value, struct ui_options *o, struct ui_complaint *c)
{
	size_t n = 0;
	(void)c;
	while (o->asserts[n]) /* there is room for as many as there are words */
		n++;
	o->asserts[n] = value;
	return UI_OK;
}

int ui_check_judged(const struct ui_options *o, struct ui_complaint *c)
{
	if (o->baseline_update && !o->baseline)
		return ui_usage(c, "--baseline-update needs to know of which file: --baseline FILE");
	return UI_OK;
}
