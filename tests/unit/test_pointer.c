#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/pointer.h"

enum { NOTHING = -1 };

static const uint64_t ms = 1000000u;

static void test_sgr(void **state)
{
	static const struct {
		const char *text;
		int action, x, y;
	} rows[] = {
		{ "0;1;1M", MOUSE_CLICK, 0, 0 },
		{ "0;300;120M", MOUSE_CLICK, 299, 119 },
		{ "0;10;5m", NOTHING, 0, 0 },		/* released */
		{ "2;10;5M", MOUSE_MENU, 9, 4 },
		{ "1;10;5M", NOTHING, 0, 0 },		/* the middle one */
		{ "16;10;5M", MOUSE_CLICK, 9, 4 },	/* with Ctrl */
		{ "64;2;3M", MOUSE_WHEEL_UP, 1, 2 },
		{ "65;2;3M", MOUSE_WHEEL_DOWN, 1, 2 },
		{ "69;2;3M", MOUSE_WHEEL_DOWN, 1, 2 },	/* with Shift */
		{ "66;2;3M", NOTHING, 0, 0 },		/* sideways */
		{ "35;2;3M", NOTHING, 0, 0 },		/* moved */
		{ "32;2;3M", NOTHING, 0, 0 },		/* dragged */
		{ "0;0;5M", NOTHING, 0, 0 },
		{ "0;5;0M", NOTHING, 0, 0 },
		{ "0;99999999999999999999;5M", NOTHING, 0, 0 },
		{ "0;-5;5M", NOTHING, 0, 0 },
		{ "0;5M", NOTHING, 0, 0 },
		{ "0;5;5;5M", NOTHING, 0, 0 },
		{ "0;5;5MM", NOTHING, 0, 0 },
		{ ";;M", NOTHING, 0, 0 },
		{ "M", NOTHING, 0, 0 },
		{ "", NOTHING, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pointer pointer = { 0 };
		struct mouse_event event = { 0 };
		bool any = pointer_take_sgr(&pointer, rows[i].text, 1, &event);

		if (any != (rows[i].action != NOTHING))
			fail_msg("\"%s\" is %s", rows[i].text, any ? "taken" : "not taken");
		if (any) {
			assert_int_equal(event.action, rows[i].action);
			assert_int_equal(event.x, rows[i].x);
			assert_int_equal(event.y, rows[i].y);
		}
	}
}

static void test_x10(void **state)
{
	static const struct {
		unsigned char bytes[3];
		int action, x, y;
	} rows[] = {
		{ { 32, 33, 33 }, MOUSE_CLICK, 0, 0 },
		{ { 34, 42, 37 }, MOUSE_MENU, 9, 4 },
		{ { 35, 42, 37 }, NOTHING, 0, 0 },	/* released */
		{ { 96, 255, 37 }, MOUSE_WHEEL_UP, 222, 4 },
		{ { 97, 42, 37 }, MOUSE_WHEEL_DOWN, 9, 4 },
		{ { 32, 32, 33 }, NOTHING, 0, 0 },
		{ { 0, 42, 37 }, NOTHING, 0, 0 },
		{ { 32, 42, 10 }, NOTHING, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pointer pointer = { 0 };
		struct mouse_event event = { 0 };

		assert_int_equal(pointer_take_x10(&pointer, rows[i].bytes, 1, &event),
				 rows[i].action != NOTHING);
		if (rows[i].action == NOTHING)
			continue;
		assert_int_equal(event.action, rows[i].action);
		assert_int_equal(event.x, rows[i].x);
		assert_int_equal(event.y, rows[i].y);
	}
}

/* Two clicks that are near in time and place are one and a double one. */
static void test_double_clicks(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
		enum mouse_action action;
	} steps[] = {
		{ "0;10;5M", 1000, MOUSE_CLICK },
		{ "0;11;5M", 1300, MOUSE_DOUBLE },
		{ "0;10;5M", 1400, MOUSE_CLICK },	/* a third begins anew */
		{ "0;10;6M", 1500, MOUSE_CLICK },
		{ "0;10;6M", 2000, MOUSE_CLICK },	/* too late */
		{ "0;13;6M", 2100, MOUSE_CLICK },	/* too far */
		{ "64;13;6M", 2150, MOUSE_WHEEL_UP },
		{ "0;13;6M", 2200, MOUSE_DOUBLE },
	};
	struct pointer pointer = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct mouse_event event;

		assert_true(pointer_take_sgr(&pointer, steps[i].text, steps[i].ms * ms, &event));
		if (event.action != steps[i].action)
			fail_msg("step %zu is %d", i, (int)event.action);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sgr),
		cmocka_unit_test(test_x10),
		cmocka_unit_test(test_double_clicks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
