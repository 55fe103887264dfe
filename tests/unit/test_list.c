#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/list.h"

static void moves(void **state)
{
	/* Ten rows, four of them on the screen. */
	static const struct {
		enum command command;
		size_t cursor, top;
	} steps[] = {
		{ COMMAND_UP,		0, 0 },
		{ COMMAND_DOWN,		1, 0 },
		{ COMMAND_PAGE_DOWN,	4, 3 },
		{ COMMAND_UP,		3, 3 },
		{ COMMAND_UP,		2, 2 },
		{ COMMAND_HALF_DOWN,	4, 4 },
		{ COMMAND_LAST,		9, 6 },
		{ COMMAND_DOWN,		9, 6 },
		{ COMMAND_PAGE_DOWN,	9, 6 },
		{ COMMAND_PAGE_UP,	6, 3 },
		{ COMMAND_HALF_UP,	4, 1 },
		{ COMMAND_FIRST,	0, 0 },
		{ COMMAND_PAGE_UP,	0, 0 },
		{ COMMAND_SCROLL_DOWN,	3, 3 },
		{ COMMAND_SCROLL_DOWN,	6, 6 },
		{ COMMAND_SCROLL_DOWN,	9, 6 },
		{ COMMAND_SCROLL_UP,	6, 3 },
		{ COMMAND_FIRST,	0, 0 },
	};
	struct list list = { 0 };

	(void)state;
	list_resize(&list, 10, 4);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_true(list_command(&list, steps[i].command));
		assert_int_equal(list.cursor, steps[i].cursor);
		assert_int_equal(list.top, steps[i].top);
	}
	assert_false(list_command(&list, COMMAND_SEARCH));
	assert_false(list_command(&list, COMMAND_OPEN));
}

static void stays_in_range(void **state)
{
	static const struct {
		size_t count, height, cursor, top;
	} sizes[] = {
		{ 10, 4, 9, 6 },	/* as LAST left it */
		{ 10, 20, 9, 0 },	/* all fits: no empty rows below */
		{ 10, 3, 9, 7 },
		{ 5, 3, 4, 2 },
		{ 1, 3, 0, 0 },
		{ 0, 3, 0, 0 },
		{ 0, 0, 0, 0 },
		{ 7, 0, 0, 0 },
		{ 7, 2, 0, 0 },
	};
	struct list list = { 0 };

	(void)state;
	list_resize(&list, 10, 4);
	list_command(&list, COMMAND_LAST);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		list_resize(&list, sizes[i].count, sizes[i].height);
		assert_int_equal(list.cursor, sizes[i].cursor);
		assert_int_equal(list.top, sizes[i].top);
	}
}

/* A row that moves takes the cursor along; the screen scrolls as little as it must. */
static void follows(void **state)
{
	static const struct {
		size_t cursor, top, row, top_after;
	} cases[] = {
		{ 1, 0, 3, 0 },		/* the first rows stay on the screen */
		{ 1, 0, 4, 1 },		/* but the cursor must show */
		{ 12, 10, 15, 13 },	/* scrolled: the cursor's line stays */
		{ 12, 10, 2, 0 },
		{ 12, 10, 1, 0 },
		{ 13, 10, 19, 16 },
		{ 11, 10, 19, 16 },	/* no empty rows below */
		{ 12, 10, 99, 16 },	/* as far as there are rows */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct list list = { .count = 20, .height = 4,
				     .cursor = cases[i].cursor, .top = cases[i].top };

		list_follow(&list, cases[i].row);
		assert_int_equal(list.cursor, cases[i].row < 20 ? cases[i].row : 19);
		assert_int_equal(list.top, cases[i].top_after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves),
		cmocka_unit_test(stays_in_range),
		cmocka_unit_test(follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
