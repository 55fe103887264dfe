#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/folds.h"

/* Paths: 1 above 2 above 3; 9 stands alone. */
static bool is_open(const struct folds *folds, uint64_t path)
{
	uint64_t below_said = 0;
	bool open = false;

	if (path == 9)
		return folds_open(folds, 9, &below_said);
	for (uint64_t above = 1; above <= path; above++)
		open = folds_open(folds, above, &below_said);
	return open;
}

static void what_was_said_last_counts(void **state)
{
	static const struct {
		enum { SET_OPEN, SET_CLOSED, OPEN_BELOW, ALL_OPEN, ALL_CLOSED } what;
		uint64_t path;
		bool open[3], alone;
	} steps[] = {
		{ SET_OPEN,	2, { false, true, false }, false },
		{ OPEN_BELOW,	1, { true, true, true }, false },
		{ SET_CLOSED,	2, { true, false, true }, false },
		{ OPEN_BELOW,	1, { true, true, true }, false },
		{ SET_CLOSED,	1, { false, true, true }, false },
		{ SET_CLOSED,	3, { false, true, false }, false },
		{ OPEN_BELOW,	2, { false, true, true }, false },
		{ SET_OPEN,	9, { false, true, true }, true },
		{ ALL_CLOSED,	0, { false, false, false }, false },
		{ SET_OPEN,	3, { false, false, true }, false },
		{ ALL_OPEN,	0, { true, true, true }, true },
		{ SET_CLOSED,	2, { true, false, true }, true },
	};
	struct folds folds = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (steps[i].what == OPEN_BELOW)
			folds_open_below(&folds, steps[i].path);
		else if (steps[i].what == ALL_OPEN || steps[i].what == ALL_CLOSED)
			folds_set_all(&folds, steps[i].what == ALL_OPEN);
		else
			folds_set(&folds, steps[i].path, steps[i].what == SET_OPEN);
		for (uint64_t path = 1; path <= 3; path++)
			if (is_open(&folds, path) != steps[i].open[path - 1])
				fail_msg("step %zu: path %u", i, (unsigned)path);
		assert_int_equal(is_open(&folds, 9), steps[i].alone);
	}
	folds_release(&folds);
}

static void a_renamed_path_takes_its_folds_along(void **state)
{
	struct folds folds = { 0 };
	uint64_t below_said = 0;

	(void)state;
	folds_open_below(&folds, 1);
	folds_carry(&folds, 1, 5);
	assert_true(folds_open(&folds, 5, &below_said));
	assert_true(folds_open(&folds, 6, &below_said));
	below_said = 0;
	folds_carry(&folds, 2, 7);
	assert_true(folds_open(&folds, 7, &below_said));
	assert_false(folds_open(&folds, 8, &below_said));
	folds_release(&folds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_last_counts),
		cmocka_unit_test(a_renamed_path_takes_its_folds_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
