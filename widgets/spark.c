/*
 * Sparklines: the newest values of a series, in eighths of a line (in ASCII, in characters of growing ink).
 */
#include "widgets/views.h"

static const char ASCII_STEPS[] = " .:-=+*#";
static const uint32_t BLOCK = 0x2580; /* ▁ is BLOCK + 1, █ is BLOCK + 8 */

struct scale {
	uint64_t low, range;
	uint64_t steps; /* the highest */
};

/*
 * From the least value to the greatest, so that growth is seen; but a change of less than a 64th of the whole does not
 * fill the height, or else the noise of a steady process would look like an alarm.
 */
static struct scale scale_of(const uint64_t *values, size_t n, uint64_t steps)
{
	uint64_t low = UINT64_MAX, high = 0;
	for (size_t i = 0; i < n; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
	}
	uint64_t range = high > low ? high - low : 0;
	uint64_t least = high / 64 > 0 ? high / 64 : 1;
	return (struct scale){.low = low, .range = range > least ? range : least, .steps = steps};
}

/* 0 for zero alone; 1 .. steps for the rest. */
static uint64_t step_of(const struct scale *scale, uint64_t value)
{
	if (value == 0 || scale->steps == 0)
		return 0;
	double share = (double)(value - scale->low) / (double)scale->range;
	return 1 + (uint64_t)(share * (double)(scale->steps - 1) + 0.5);
}

/* The part of a column that is `step` high in the line whose bottom is `below` steps up. */
static uint32_t part(const struct wg_canvas *c, uint64_t step, uint64_t below, uint64_t per_line)
{
	uint64_t here = step <= below ? 0 : step - below < per_line ? step - below : per_line;
	if (here == 0)
		return ' ';
	return c->can.unicode ? BLOCK + (uint32_t)here : (uint32_t)ASCII_STEPS[here];
}

void wg_draw_spark(struct wg_canvas *c, struct wg_rect rect, const uint64_t *values, size_t n, uint8_t role, uint8_t bg)
{
	wg_fill(c, rect, ' ', WG_STYLE(role, bg));
	if (rect.w <= 0 || rect.h <= 0)
		return;
	if (n > (size_t)rect.w) {
		values += n - (size_t)rect.w;
		n = (size_t)rect.w;
	}
	uint64_t per_line = c->can.unicode ? 8 : sizeof ASCII_STEPS - 2;
	struct scale scale = scale_of(values, n, per_line * (uint64_t)rect.h);
	for (size_t i = 0; i < n; i++) {
		uint64_t step = step_of(&scale, values[i]);
		for (int y = 0; y < rect.h; y++) {
			uint64_t below = per_line * (uint64_t)(rect.h - 1 - y);
			wg_put(c, rect, rect.w - (int)n + (int)i, y, part(c, step, below, per_line),
			       WG_STYLE(role, bg));
		}
	}
}
