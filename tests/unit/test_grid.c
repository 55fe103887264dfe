#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/grid.h"

static void assert_dump(const struct grid *grid, bool styles, const char *expected)
{
	struct strbuf out = STRBUF_INIT;

	grid_dump(grid, styles, &out);
	assert_string_equal(out.text, expected);
	strbuf_release(&out);
}

/* Text at x in a row of six cells that were dots. */
static void text(void **state)
{
	static const struct {
		int x;
		const char *text;
		int used;
		const char *row;
	} cases[] = {
		{ 0, "abc", 3, "abc...\n" },
		{ 4, "abc", 2, "....ab\n" },
		{ 6, "abc", 0, "......\n" },
		{ 99, "abc", 0, "......\n" },
		{ -2, "abc", 3, "c.....\n" },
		{ -9, "abc", 3, "......\n" },
		{ 0, "a\033[1mb", 6, "a\uFFFD[1mb\n" },
		{ 0, "\u202Ea", 2, "\uFFFDa....\n" },
		{ 0, "e\u0301x", 2, "ex....\n" },	/* a cell holds one character */
		{ 0, "\xff\xc3", 2, "\uFFFD\uFFFD....\n" },
		{ 0, "漢字", 4, "漢字..\n" },
		{ 3, "漢字", 2, "...漢.\n" },		/* half of one is not drawn */
		{ 5, "漢", 0, "......\n" },
		{ -1, "漢a", 3, ".a....\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct grid grid = { 0 };

		grid_resize(&grid, 6, 1);
		canvas_fill(canvas_of(&grid), '.', STYLE_PLAIN);
		assert_int_equal(canvas_text(canvas_of(&grid), cases[i].x, 0, STYLE_PLAIN,
					     cases[i].text), cases[i].used);
		assert_dump(&grid, false, cases[i].row);
		grid_release(&grid);
	}
}

/* Writing over one half of a wide character blanks the other. */
static void wide_is_split(void **state)
{
	static const struct {
		int x;
		const char *text, *row;
	} cases[] = {
		{ 0, "a", "a 字語\n" },
		{ 1, "a", " a字語\n" },
		{ 1, "ab", " ab 語\n" },
		{ 1, "漢", " 漢 語\n" },
		{ 2, "漢", "漢漢語\n" },
		{ 3, "abc", "漢 abc\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct grid grid = { 0 };

		grid_resize(&grid, 6, 1);
		canvas_text(canvas_of(&grid), 0, 0, STYLE_PLAIN, "漢字語");
		canvas_text(canvas_of(&grid), cases[i].x, 0, STYLE_PLAIN, cases[i].text);
		assert_dump(&grid, false, cases[i].row);
		grid_release(&grid);
	}
}

/* Parts, fills and bars that end inside of wide characters, too. */
static void parts_split_wide(void **state)
{
	struct grid grid = { 0 };
	struct canvas all;

	(void)state;
	grid_resize(&grid, 6, 3);
	all = canvas_of(&grid);
	for (int y = 0; y < 3; y++)
		canvas_text(all, 0, y, STYLE_PLAIN, "漢字語");
	canvas_fill(canvas_part(all, 1, 0, 2, 1), '-', STYLE_PLAIN);
	canvas_bar(all, 3, 1, 2, 1, 1, STYLE_BAR);
	canvas_text(canvas_part(all, 1, 2, 3, 1), 0, 0, STYLE_PLAIN, "漢漢");
	assert_dump(&grid, false, " -- 語\n漢 ██\n 漢 語\n");
	grid_release(&grid);
}

static void parts_are_clipped(void **state)
{
	static const struct {
		int x, y, width, height;
		const char *dump;
	} cases[] = {
		{ 1, 1, 2, 1, "....\n.##.\n....\n" },
		{ -1, -1, 2, 2, "#...\n....\n....\n" },
		{ 3, 2, 9, 9, "....\n....\n...#\n" },
		{ 9, 9, 2, 2, "....\n....\n....\n" },
		{ 0, 0, -3, 2, "....\n....\n....\n" },
		{ 0, 0, INT32_MAX, INT32_MAX, "####\n####\n####\n" },
		{ INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX, "....\n....\n....\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct grid grid = { 0 };
		struct canvas part;

		grid_resize(&grid, 4, 3);
		canvas_fill(canvas_of(&grid), '.', STYLE_PLAIN);
		part = canvas_part(canvas_of(&grid), cases[i].x, cases[i].y, cases[i].width,
				   cases[i].height);
		canvas_fill(part, '#', STYLE_PLAIN);
		canvas_restyle(part, STYLE_PLAIN);
		assert_dump(&grid, false, cases[i].dump);
		grid_release(&grid);
	}
}

static void names(void **state)
{
	static const struct {
		int x, width;
		const char *name, *row;
	} cases[] = {
		{ 0, 10, "short", "short\n" },
		{ 0, 7, "beginning_end", "be…_end\n" },
		{ 4, 99, "beginning_end", "    be…end\n" },
		{ 0, 0, "x", "\n" },
		{ 0, -5, "x", "\n" },
		{ 10, 5, "x", "\n" },
		{ 99, 5, "x", "\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct grid grid = { 0 };

		grid_resize(&grid, 10, 1);
		canvas_name(canvas_of(&grid), cases[i].x, 0, cases[i].width, STYLE_PLAIN,
			    cases[i].name);
		assert_dump(&grid, false, cases[i].row);
		grid_release(&grid);
	}
}

static void bars(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *row;
	} cases[] = {
		{ 0, 8, "\n" },
		{ 1, 32, "▏\n" },
		{ 8, 32, "█\n" },
		{ 12, 32, "█▌\n" },
		{ 31, 32, "███▉\n" },
		{ 32, 32, "████\n" },
		{ 99, 32, "████\n" },
		{ 1, 0, "\n" },
		{ UINT64_MAX / 2, UINT64_MAX, "██\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct grid grid = { 0 };

		grid_resize(&grid, 6, 1);
		canvas_bar(canvas_of(&grid), 0, 0, 4, cases[i].part, cases[i].whole, STYLE_BAR);
		assert_dump(&grid, false, cases[i].row);
		grid_release(&grid);
	}
}

static void dump_with_styles(void **state)
{
	struct grid grid = { 0 };

	(void)state;
	grid_resize(&grid, 5, 2);
	canvas_printf(canvas_of(&grid), 1, 0, STYLE_HOT, "%d%%", 42);
	canvas_text(canvas_of(&grid), 0, 1, STYLE_KERNEL, "漢");
	canvas_restyle(canvas_part(canvas_of(&grid), 2, 1, 2, 1), STYLE_CURSOR);
	assert_dump(&grid, true, " 42% |.hhh.\n漢   |kk##.\n");
	grid_release(&grid);
}

/* What a terminal claims to be is not believed without limit. */
static void odd_sizes(void **state)
{
	static const int sizes[][2] = {
		{ 0, 0 }, { 1, 0 }, { 0, 1 }, { -1, -1 }, { 1, 1 }, { 65535, 65535 }, { 3, 2 },
	};
	struct grid grid = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		grid_resize(&grid, sizes[i][0], sizes[i][1]);
		assert_in_range(grid.width, 0, 2000);
		canvas_fill(canvas_of(&grid), 'x', STYLE_PLAIN);
		canvas_text(canvas_of(&grid), 0, 0, STYLE_PLAIN, "hello");
	}
	assert_dump(&grid, false, "hel\nxxx\n");
	grid_release(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(wide_is_split),
		cmocka_unit_test(parts_split_wide),
		cmocka_unit_test(parts_are_clipped),
		cmocka_unit_test(names),
		cmocka_unit_test(bars),
		cmocka_unit_test(dump_with_styles),
		cmocka_unit_test(odd_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
