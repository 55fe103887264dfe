/* How far work is, and that it can be cancelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/progress.h"

static void test_share(void **state)
{
	static const struct {
		uint64_t done, total;
		const char *text;
	} rows[] = {
		{ 0, 0, "" }, { 5, 0, "" },
		{ 0, 100, "0%" }, { 34, 100, "34%" }, { 349, 1000, "34%" },
		{ 999, 1000, "99%" },
		/* All of it is read, but not done: and a file may grow meanwhile. */
		{ 1000, 1000, "99%" }, { 2000, 1000, "99%" },
		{ UINT64_MAX - 1, UINT64_MAX, "99%" }, { UINT64_MAX / 4, UINT64_MAX, "24%" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[QUANTITY_MAX];

		progress_share(text, rows[i].done, rows[i].total);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_goes_on_until_it_is_cancelled(void **state)
{
	struct progress progress = { 0 };

	(void)state;
	assert_true(progress_step(NULL, 1, 2));
	assert_false(progress_is_cancelled(NULL));
	assert_true(progress_step(&progress, 3, 7));
	assert_int_equal(progress.done, 3);
	assert_int_equal(progress.total, 7);
	progress_cancel(&progress);
	assert_true(progress_is_cancelled(&progress));
	assert_false(progress_step(&progress, 4, 7));
}

static void give_up(struct progress *progress)
{
	int *looks = progress->state;

	++*looks;
	progress_cancel(progress);
}

static void test_looks_now_and_then(void **state)
{
	int looks = 0;
	struct progress progress = { .look = give_up, .state = &looks };

	(void)state;
	/* What is over in a moment is not told. */
	assert_true(progress_step(&progress, 1, 2));
	assert_int_equal(looks, 0);
	assert_true(progress.look_at > clock_now());
	progress.look_at = 1;
	assert_false(progress_step(&progress, 2, 2));
	assert_int_equal(looks, 1);
	assert_true(progress.look_at > clock_now());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_goes_on_until_it_is_cancelled),
		cmocka_unit_test(test_looks_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
