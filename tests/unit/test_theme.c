#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/theme.h"

static void test_ascii(void **state)
{
	static const struct {
		uint32_t character;
		char ascii;
	} rows[] = {
		{ 'a', 'a' },
		{ '~', '~' },
		{ 0x2588, '#' },	/* full block */
		{ 0x2589, '#' },
		{ 0x258c, '#' },	/* half of it */
		{ 0x258f, ' ' },	/* an eighth */
		{ 0x2581, '.' },
		{ 0x2584, '=' },
		{ 0x2587, '#' },
		{ 0x2026, '~' },
		{ 0x2500, '-' },
		{ 0x2502, '|' },
		{ 0x251c, '+' },
		{ 0x2514, '+' },
		{ 0x25b8, '>' },
		{ 0x25be, 'v' },
		{ 0xe9, '?' },
		{ 0x4e2d, '?' },
		{ 0x1f600, '?' },
		{ 0x7f, '?' },
		{ 0x1b, '?' },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (theme_ascii(rows[i].character) != rows[i].ascii)
			fail_msg("U+%04x is '%c'", rows[i].character,
				 theme_ascii(rows[i].character));
	for (uint32_t c = 0; c < 0x11000; c++)
		assert_in_range(theme_ascii(c), 0x20, 0x7e);
}

static void test_colors(void **state)
{
	static const struct {
		enum color color;
		int available;
		const char *no_color;
		int colors;
	} rows[] = {
		{ COLOR_AUTO, 256, NULL, 256 },
		{ COLOR_AUTO, 256, "", 256 },
		{ COLOR_AUTO, 256, "1", 0 },
		{ COLOR_ALWAYS, 256, "1", 256 },
		{ COLOR_ALWAYS, 0, NULL, 0 },
		{ COLOR_NEVER, 256, NULL, 0 },
		{ COLOR_NEVER, 8, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(theme_colors(rows[i].color, rows[i].available, rows[i].no_color),
				 rows[i].colors);
}

static void test_colors_exist(void **state)
{
	static const int depths[] = { 256, 88, 16, 8, 2, 0, -1 };

	(void)state;
	for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
		for (int style = 0; style < STYLE_COUNT; style++) {
			const struct look *look = &theme_looks(depths[i])[style];
			int limit = depths[i] < 8 ? 0 : depths[i];

			assert_true(look->foreground < limit && look->background < limit);
			assert_true(look->foreground >= -1 && look->background >= -1);
		}
}

/* What tells one cell from another of a different meaning, at every depth. */
static void test_different_looks(void **state)
{
	static const int depths[] = { 256, 16, 8, 0 };
	static const enum style pairs[][2] = {
		{ STYLE_PLAIN, STYLE_CURSOR },
		{ STYLE_PLAIN, STYLE_MATCH },
		{ STYLE_PLAIN, STYLE_HOT },
		{ STYLE_WARM, STYLE_HOT },
		{ STYLE_PLAIN, STYLE_DIM },
		{ STYLE_PLAIN, STYLE_WARNING },
		{ STYLE_PLAIN, STYLE_KEY },
		{ STYLE_NOTICE, STYLE_WARNING },
		{ STYLE_CURSOR, STYLE_MATCH_CURSOR },
		{ STYLE_MATCH, STYLE_MATCH_CURSOR },
		{ STYLE_TAB, STYLE_TAB_CURRENT },
		{ STYLE_COLUMN, STYLE_COLUMN_SORTED },
		{ STYLE_BOX_A, STYLE_BOX_B },
		{ STYLE_BOX_B, STYLE_BOX_C },
		{ STYLE_BOX_C, STYLE_BOX_D },
		{ STYLE_BOX_A, STYLE_BOX_D },
		{ STYLE_BOX_KERNEL_A, STYLE_BOX_KERNEL_B },
		{ STYLE_BOX_A, STYLE_BOX_KERNEL_A },
		{ STYLE_BOX_A, STYLE_BOX_CURSOR },
		{ STYLE_BOX_CURSOR, STYLE_BOX_MATCH },
		{ STYLE_BOX_DIM, STYLE_BOX_A },
	};

	(void)state;
	for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
		for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
			const struct look *looks = theme_looks(depths[d]);

			if (!memcmp(&looks[pairs[i][0]], &looks[pairs[i][1]], sizeof *looks))
				fail_msg("%d colours: styles %d and %d look alike", depths[d],
					 pairs[i][0], pairs[i][1]);
		}
}

/* Relative luminance as WCAG defines it, of a colour of the cube or a grey. */
static double luminance(short color)
{
	static const int levels[] = { 0, 95, 135, 175, 215, 255 };
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		static const int divisor[] = { 36, 6, 1 };
		int level = color >= 232 ? 8 + (color - 232) * 10 :
					   levels[(color - 16) / divisor[i] % 6];
		double part = level / 255.0;

		sum += weight[i] *
		       (part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double contrast(double a, double b)
{
	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

static void test_legible(void **state)
{
	const struct look *looks = theme_looks(256);

	(void)state;
	for (int style = 0; style < STYLE_COUNT; style++) {
		const struct look *look = &looks[style];

		/* Programs choose theirs themselves. */
		if (look->foreground < 0 ||
		    (style >= STYLE_INK_BLACK && style <= STYLE_INK_BRIGHT_WHITE))
			continue;
		assert_true(look->foreground >= 16);
		if (look->background >= 0) {
			double ratio =
				contrast(luminance(look->foreground), luminance(look->background));

			if (ratio < 4.5)
				fail_msg("style %d: contrast %.2f", style, ratio);
			continue;
		}
		/* On the black and the white of terminals alike. */
		if (contrast(luminance(look->foreground), 0) < 3.5 ||
		    contrast(luminance(look->foreground), 1) < 3.5)
			fail_msg("style %d is not legible on some backgrounds", style);
	}
}

/* Heat and the hues of boxes must survive in greys. */
static void test_lightness_tells(void **state)
{
	static const enum style neighbours[][2] = {
		{ STYLE_BOX_A, STYLE_BOX_B },
		{ STYLE_BOX_B, STYLE_BOX_C },
		{ STYLE_BOX_C, STYLE_BOX_D },
		{ STYLE_BOX_KERNEL_A, STYLE_BOX_KERNEL_B },
		{ STYLE_BOX_A, STYLE_BOX_CURSOR },
	};
	const struct look *looks = theme_looks(256);

	(void)state;
	for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++) {
		double ratio = contrast(luminance(looks[neighbours[i][0]].background),
					luminance(looks[neighbours[i][1]].background));

		if (ratio < 1.2)
			fail_msg("boxes %zu differ by hue alone: %.2f", i, ratio);
	}
	assert_true(luminance(looks[STYLE_HOT].foreground) >
		    luminance(looks[STYLE_WARM].foreground));
	assert_true(looks[STYLE_HOT].attributes & LOOK_BOLD);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		struct look look;
		const char *error;
	} rows[] = {
		{ "red", { 1, -1, 0 }, NULL },
		{ "bold bright-white blue", { 15, 4, LOOK_BOLD }, NULL },
		{ "208 default Underline, dim", { 208, -1, LOOK_UNDERLINE | LOOK_DIM }, NULL },
		{ "default 0 reverse", { -1, 0, LOOK_REVERSE }, NULL },
		{ "", { -1, -1, 0 }, NULL },
		{ "256", { 0 }, "256 is no colour and no attribute" },
		{ "-1", { 0 }, "-1 is no colour and no attribute" },
		{ "pink", { 0 }, "pink is no colour and no attribute" },
		{ "red green blue", { 0 }, "more than two colours" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct look look = { 0 };
		struct error error;

		assert_int_equal(theme_parse_look(rows[i].text, &look, &error), !rows[i].error);
		if (rows[i].error)
			assert_string_equal(error.text, rows[i].error);
		else
			assert_memory_equal(&look, &rows[i].look, sizeof look);
	}
	assert_int_equal(theme_style_named("tab-current"), STYLE_TAB_CURRENT);
	assert_int_equal(theme_style_named("box-kernel-a"), STYLE_BOX_KERNEL_A);
	assert_int_equal(theme_style_named("tab"), STYLE_TAB);
	assert_int_equal(theme_style_named("TAB"), STYLE_COUNT);
	assert_int_equal(theme_style_named("ta"), STYLE_COUNT);
	assert_int_equal(theme_style_named(""), STYLE_COUNT);
}

/* Changes show where the terminal can show them. */
static void test_changes(void **state)
{
	struct theme_changes changes = { 0 };

	(void)state;
	changes.changed[STYLE_HOT] = true;
	changes.look[STYLE_HOT] = (struct look){ 208, -1, LOOK_BOLD };
	assert_int_equal(theme_look(&changes, 256, STYLE_HOT).foreground, 208);
	assert_int_equal(theme_look(&changes, 16, STYLE_HOT).foreground,
			 theme_looks(16)[STYLE_HOT].foreground);
	assert_int_equal(theme_look(&changes, 0, STYLE_HOT).foreground, -1);
	assert_int_equal(theme_look(&changes, 0, STYLE_HOT).attributes, LOOK_BOLD);
	assert_int_equal(theme_look(&changes, 256, STYLE_WARM).foreground,
			 theme_looks(256)[STYLE_WARM].foreground);
	/* Nothing left of it without colours: then as it was. */
	changes.look[STYLE_HOT].attributes = 0;
	assert_int_equal(theme_look(&changes, 0, STYLE_HOT).attributes,
			 theme_looks(0)[STYLE_HOT].attributes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_colors_exist),
		cmocka_unit_test(test_different_looks),
		cmocka_unit_test(test_legible),
		cmocka_unit_test(test_lightness_tells),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
