/*
 * See when.h. A label goes before a time, so that a mark named "12:00" can be gone to.
 */
#include "tui/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text/text.h"

#define SECOND       1000000000ull
#define SECONDS_MOST 1000000000ull

static bool find_mark(const char *label, struct pt_past *past, uint64_t *ret)
{
	size_t n = past->ops->marks(past, NULL, 0);
	struct pt_mark *marks = calloc(n + 1, sizeof *marks);
	bool found = false;
	if (marks && past->ops->marks(past, marks, n) < n)
		n = 0; /* they only become more */
	for (size_t i = 0; marks && i < n && !found; i++)
		if (strcmp(marks[i].label, label) == 0) {
			*ret = marks[i].seq;
			found = true;
		}
	free(marks);
	return found;
}

/* ---- times ------------------------------------------------------------------------------------------------------ */

/* So many digits; false if there are fewer. */
static bool digits(const char **text, int n, int *ret)
{
	*ret = 0;
	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*ret = *ret * 10 + (**text - '0');
	}
	return true;
}

static bool letter(const char **text, char c)
{
	bool is = **text == c;
	*text += is;
	return is;
}

/* .FRACTION of a second, or nothing, to the end. */
static void fraction(const char **text, uint64_t *ret_ns)
{
	uint64_t unit = SECOND;
	*ret_ns = 0;
	if (letter(text, '.') || letter(text, ','))
		for (; **text >= '0' && **text <= '9'; (*text)++) {
			unit /= 10;
			*ret_ns += (uint64_t)(**text - '0') * unit;
		}
}

/* +SECONDS[.FRACTION] */
static bool parse_distance(const char *text, uint64_t *ret_ns)
{
	uint64_t seconds = 0, ns;
	if (!letter(&text, '+') || *text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9' && seconds < SECONDS_MOST; text++)
		seconds = seconds * 10 + (uint64_t)(*text - '0');
	fraction(&text, &ns);
	*ret_ns = seconds * SECOND + ns;
	return !*text;
}

/* HH:MM[:SS[.FRACTION]] */
static bool time_of_day(const char **text, struct tm *tm, uint64_t *ret_ns)
{
	*ret_ns = 0;
	if (!digits(text, 2, &tm->tm_hour) || !letter(text, ':') || !digits(text, 2, &tm->tm_min))
		return false;
	tm->tm_sec = 0;
	if (letter(text, ':') && !digits(text, 2, &tm->tm_sec))
		return false;
	fraction(text, ret_ns);
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 61;
}

/* Z, +HH:MM, +HHMM or +HH: seconds east; or nothing, for local time. False: it is something else. */
static bool zone(const char **text, bool *ret_has, long *ret_east)
{
	int hours = 0, minutes = 0, sign = **text == '-' ? -1 : 1;
	*ret_has = **text != 0;
	*ret_east = 0;
	if (!**text || letter(text, 'Z') || letter(text, 'z'))
		return true;
	if ((!letter(text, '+') && !letter(text, '-')) || !digits(text, 2, &hours))
		return false;
	letter(text, ':');
	if (**text && !digits(text, 2, &minutes))
		return false;
	*ret_east = sign * (hours * 3600L + minutes * 60L);
	return true;
}

/* YYYY-MM-DD, then T or a blank, then a time of day, then a zone or none. */
static bool parse_date(const char *text, uint64_t *ret_ns)
{
	struct tm tm = {.tm_isdst = -1};
	uint64_t ns = 0;
	long east;
	if (!digits(&text, 4, &tm.tm_year) || !letter(&text, '-') || !digits(&text, 2, &tm.tm_mon) ||
	    !letter(&text, '-') || !digits(&text, 2, &tm.tm_mday) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday > 31)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if ((letter(&text, 'T') || letter(&text, ' ')) && !time_of_day(&text, &tm, &ns))
		return false;
	bool has_zone;
	if (!zone(&text, &has_zone, &east))
		return false;
	time_t at = has_zone ? timegm(&tm) - east : mktime(&tm);
	if (*text || at < 0)
		return false;
	*ret_ns = (uint64_t)at * SECOND + ns;
	return true;
}

static bool parse_time(const char *text, uint64_t begin_ns, uint64_t end_ns, uint64_t *ret_ns)
{
	time_t begin = (time_t)(begin_ns / SECOND), end = (time_t)(end_ns / SECOND);
	struct tm tm;
	uint64_t ns;
	if (!localtime_r(&begin, &tm) || !time_of_day(&text, &tm, &ns) || *text)
		return false;
	tm.tm_isdst = -1;
	time_t at = mktime(&tm);
	tm.tm_mday++;
	tm.tm_isdst = -1;
	if (at < begin && mktime(&tm) <= end)
		at = mktime(&tm);
	*ret_ns = (uint64_t)at * SECOND + ns;
	return at >= 0;
}

bool ui_when(const char *text, struct pt_past *past, uint64_t *ret, char *message, size_t size)
{
	struct pt_moment first, last;
	char shown[256];
	uint64_t ns, seq = past->ops->step(past, 0, 0), end = past->ops->step(past, UINT64_MAX, 0);
	if (!seq || past->ops->plot(past, seq, seq, 0, 0, &first, 1) != 1 ||
	    past->ops->plot(past, end, end, 0, 0, &last, 1) != 1) {
		snprintf(message, size, "no frame has been recorded yet");
		return false;
	}
	if (find_mark(text, past, ret))
		return true;
	if (parse_distance(text, &ns)) {
		ns += first.realtime_ns;
	} else if (!parse_time(text, first.realtime_ns, last.realtime_ns, &ns) && !parse_date(text, &ns)) {
		pt_text_printable(text, strlen(text), shown, sizeof shown);
		snprintf(message, size,
			 "'%s' is neither a mark nor a time: +SECONDS from the start, HH:MM:SS, or a date with a time",
			 shown);
		return false;
	}
	*ret = past->ops->find(past, ns);
	return true;
}
