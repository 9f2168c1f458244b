/*
 * The hex dump: address, bytes in pairs, the same as characters. Zero bytes are dim, so that contents stand out.
 */
#include "widgets/views.h"

#define ADDRESS_DIGITS 12 /* of user addresses; a longer one takes the room it needs */

/* Cells that a line of n bytes takes: address, colon, blank, pairs with a blank between, two blanks, characters. */
static int line_width(int n)
{
	return ADDRESS_DIGITS + 2 + n * 2 + n / 2 - 1 + 2 + n;
}

int wg_hex_line(int w)
{
	return line_width(32) <= w ? 32 : line_width(16) <= w ? 16 : 8;
}

static uint32_t digit(uint64_t value)
{
	return (uint32_t)("0123456789abcdef"[value & 15]);
}

static int draw_address(struct wg_canvas *c, struct wg_rect rect, int y, uint64_t address)
{
	int digits = ADDRESS_DIGITS, x = 0;
	while (digits < 16 && address >> (digits * 4))
		digits++;
	for (; x < digits; x++)
		wg_put(c, rect, x, y, digit(address >> ((digits - 1 - x) * 4)), WG_STYLE(WG_DIM, WG_BACK));
	wg_put(c, rect, x, y, ':', WG_STYLE(WG_DIM, WG_BACK));
	return x + 2;
}

static bool is_character(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

static struct wg_style byte_style(uint8_t byte)
{
	return WG_STYLE(byte == 0 ? WG_DIM : is_character(byte) ? WG_TEXT : WG_ACCENT, WG_BACK);
}

static void draw_bytes(struct wg_canvas *c, struct wg_rect rect, int y, const struct wg_hex *hex, size_t from, int line)
{
	int x = draw_address(c, rect, y, hex->address + from);
	int text_x = x + line * 2 + line / 2 - 1 + 2;
	for (int i = 0; i < line && from + (size_t)i < hex->n; i++) {
		uint8_t byte = hex->bytes[from + (size_t)i];
		int at = x + i * 2 + i / 2;
		wg_put(c, rect, at, y, digit(byte >> 4), byte_style(byte));
		wg_put(c, rect, at + 1, y, digit(byte), byte_style(byte));
		wg_put(c, rect, text_x + i, y, is_character(byte) ? byte : '.',
		       byte_style(is_character(byte) ? byte : 0));
	}
}

void wg_draw_hex(struct wg_canvas *c, struct wg_rect rect, const struct wg_hex *hex)
{
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	int line = wg_hex_line(rect.w);
	size_t from = hex->top;
	for (int y = 0; y < rect.h && from < hex->n; y++, from += (size_t)line)
		draw_bytes(c, rect, y, hex, from, line);
}
