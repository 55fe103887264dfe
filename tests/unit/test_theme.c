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

struct rgb {
	double part[3];		/* red, green, blue; 0 to 255 */
};

/* What terminals make of the first 16 colours. */
static const struct {
	const char *name;
	struct rgb color[16];
} palettes[] = {
	{ "xterm", {
		{ { 0, 0, 0 } }, { { 205, 0, 0 } }, { { 0, 205, 0 } }, { { 205, 205, 0 } },
		{ { 0, 0, 238 } }, { { 205, 0, 205 } }, { { 0, 205, 205 } }, { { 229, 229, 229 } },
		{ { 127, 127, 127 } }, { { 255, 0, 0 } }, { { 0, 255, 0 } }, { { 255, 255, 0 } },
		{ { 92, 92, 255 } }, { { 255, 0, 255 } }, { { 0, 255, 255 } },
		{ { 255, 255, 255 } },
	} },
	{ "VGA", {
		{ { 0, 0, 0 } }, { { 170, 0, 0 } }, { { 0, 170, 0 } }, { { 170, 85, 0 } },
		{ { 0, 0, 170 } }, { { 170, 0, 170 } }, { { 0, 170, 170 } }, { { 170, 170, 170 } },
		{ { 85, 85, 85 } }, { { 255, 85, 85 } }, { { 85, 255, 85 } }, { { 255, 255, 85 } },
		{ { 85, 85, 255 } }, { { 255, 85, 255 } }, { { 85, 255, 255 } },
		{ { 255, 255, 255 } },
	} },
	{ "Tango", {
		{ { 0, 0, 0 } }, { { 204, 0, 0 } }, { { 78, 154, 6 } }, { { 196, 160, 0 } },
		{ { 52, 101, 164 } }, { { 117, 80, 123 } }, { { 6, 152, 154 } },
		{ { 211, 215, 207 } }, { { 85, 87, 83 } }, { { 239, 41, 41 } },
		{ { 138, 226, 52 } }, { { 252, 233, 79 } }, { { 114, 159, 207 } },
		{ { 173, 127, 168 } }, { { 52, 226, 226 } }, { { 238, 238, 236 } },
	} },
};

/* How eyes mix linear light: as most do, and without one kind of cones (Machado, 2009). */
static const struct {
	const char *name;
	double mix[3][3];
} eyes[] = {
	{ "most eyes", { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
	{ "protanopes", { { 0.152286, 1.052583, -0.204868 }, { 0.114503, 0.786281, 0.099216 },
			  { -0.003882, -0.048116, 1.051998 } } },
	{ "deuteranopes", { { 0.367322, 0.860646, -0.227968 }, { 0.280085, 0.672501, 0.047413 },
			    { -0.011820, 0.042940, 0.968881 } } },
	{ "tritanopes", { { 1.255528, -0.076749, -0.178779 }, { -0.078411, 0.930809, 0.147602 },
			  { 0.004733, 0.691367, 0.303900 } } },
};

enum { PALETTES = sizeof palettes / sizeof *palettes, EYES = sizeof eyes / sizeof *eyes };

/* Of the cube, of the greys, or what the palette says. */
static struct rgb rgb_of(short color, size_t palette)
{
	static const int levels[] = { 0, 95, 135, 175, 215, 255 }, divisor[] = { 36, 6, 1 };
	struct rgb rgb;

	if (color < 16)
		return palettes[palette].color[color];
	for (int i = 0; i < 3; i++)
		rgb.part[i] = color >= 232 ? 8 + (color - 232) * 10 :
					     levels[(color - 16) / divisor[i] % 6];
	return rgb;
}

/* Relative luminance as WCAG defines it, to such eyes. */
static double luminance_to(size_t eye, struct rgb rgb)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double light[3], sum = 0;

	for (int i = 0; i < 3; i++) {
		double part = rgb.part[i] / 255;

		light[i] = part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
	}
	for (int i = 0; i < 3; i++) {
		double seen = 0;

		for (int k = 0; k < 3; k++)
			seen += eyes[eye].mix[i][k] * light[k];
		sum += weight[i] * (seen < 0 ? 0 : seen > 1 ? 1 : seen);
	}
	return sum;
}

/* Of a colour of the cube or a grey. */
static double luminance(short color)
{
	return luminance_to(0, rgb_of(color, 0));
}

static double contrast(double a, double b)
{
	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

/* The least contrast of a look, on what is behind it: its own, or black and white alike. */
static double contrast_of(const struct look *look, size_t palette, size_t eye)
{
	double front = luminance_to(eye, rgb_of(look->foreground, palette));
	double on_black = contrast(front, 0), on_white = contrast(front, 1);

	if (look->background >= 0)
		return contrast(front, luminance_to(eye, rgb_of(look->background, palette)));
	return on_black < on_white ? on_black : on_white;
}

/* Programs choose the colours of their output themselves. */
static bool is_ours(int style)
{
	return style < STYLE_INK_BLACK || style > STYLE_INK_BRIGHT_WHITE;
}

static void test_legible(void **state)
{
	static const struct {
		int colors;
		double own, none;	/* least contrast on its own background, and without */
	} depths[] = { { 256, 4.5, 3.5 }, { 16, 3, 3 }, { 8, 3, 3 } };

	(void)state;
	for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
		for (int style = 0; style < STYLE_COUNT; style++)
			for (size_t i = 0; i < (size_t)PALETTES * EYES; i++) {
				const struct look *look = &theme_looks(depths[d].colors)[style];
				size_t eye = i % EYES, palette = i / EYES;
				double least = look->background < 0 ? depths[d].none
								    : depths[d].own;

				if (!is_ours(style) || look->foreground < 0)
					continue;
				/* Redder text is darker to some; not much. */
				if (look->background < 0 && eye)
					least -= 0.3;
				if (contrast_of(look, palette, eye) < least)
					fail_msg("%d colours of %s, style %d: contrast %.2f to %s",
						 depths[d].colors, palettes[palette].name, style,
						 contrast_of(look, palette, eye), eyes[eye].name);
			}
	/* The first 16 are the terminal's. */
	for (int style = 0; style < STYLE_COUNT; style++)
		if (is_ours(style))
			assert_true(theme_looks(256)[style].foreground < 0 ||
				    theme_looks(256)[style].foreground >= 16);
}

/* With few colours text without a background has the terminal's own colour. */
static void test_few_colors(void **state)
{
	(void)state;
	for (int style = 0; style < STYLE_COUNT; style++)
		for (int colors = 8; colors <= 16; colors += 8) {
			const struct look *look = &theme_looks(colors)[style];

			if (is_ours(style) && look->background < 0)
				assert_int_equal(look->foreground, LOOK_DEFAULT);
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
	for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++)
		for (size_t eye = 0; eye < EYES; eye++) {
			const struct look *a = &looks[neighbours[i][0]];
			const struct look *b = &looks[neighbours[i][1]];
			double ratio = contrast(luminance_to(eye, rgb_of(a->background, 0)),
						luminance_to(eye, rgb_of(b->background, 0)));

			if (ratio < 1.15)
				fail_msg("boxes %zu differ by hue alone to %s: %.2f", i,
					 eyes[eye].name, ratio);
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
		cmocka_unit_test(test_few_colors),
		cmocka_unit_test(test_lightness_tells),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
