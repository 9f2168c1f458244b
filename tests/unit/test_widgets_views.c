/*
 * Every widget: as a golden with each ability of a terminal, at every size up to 200x60, and clipped by a canvas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/widget_samples.h"

static void draws_as_its_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < WIDGET_SAMPLES_N; i++) {
		const struct widget_sample *sample = &WIDGET_SAMPLES[i];
		for (int ability = 0; ability < CHECK_ABILITY_N; ability++) {
			if (!sample->by_shape && ability != CHECK_HALVES && ability != CHECK_ASCII_MONO)
				continue;
			char name[64];
			snprintf(name, sizeof name, "%s.%s", sample->name, check_ability_name(ability));
			struct wg_canvas c = check_canvas(sample->w, sample->h, ability);
			sample->draw(&c, (struct wg_rect){0, 0, sample->w, sample->h});
			check_golden(&c, name);
			wg_canvas_free(&c);
		}
	}
}

/* Samples that differ in their golden's size alone follow each other. */
static bool is_new(size_t i)
{
	return i == 0 || WIDGET_SAMPLES[i].draw != WIDGET_SAMPLES[i - 1].draw;
}

static void paints_its_rectangle_and_nothing_outside(void **state)
{
	(void)state;
	for (size_t i = 0; i < WIDGET_SAMPLES_N; i++) {
		bool one_line = WIDGET_SAMPLES[i].one_line; /* a line is the same in each height */
		if (is_new(i))
			check_sizes(WIDGET_SAMPLES[i].draw, 200, one_line ? 4 : 60, one_line);
	}
}

static void is_clipped_by_the_canvas(void **state)
{
	(void)state;
	for (size_t i = 0; i < WIDGET_SAMPLES_N; i++)
		if (is_new(i))
			check_clipping(WIDGET_SAMPLES[i].draw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_as_its_golden),
		cmocka_unit_test(paints_its_rectangle_and_nothing_outside),
		cmocka_unit_test(is_clipped_by_the_canvas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
