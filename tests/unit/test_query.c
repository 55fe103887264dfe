#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/query.h"

static void test_selects(void **state)
{
	static const struct {
		metric_id metric;
		thread_id threads[2];
		struct sum sum;
		bool selected;
	} rows[] = {
		{ 0, { 0 },	{ .metric = 1, .thread = 5 },	true },
		{ 0, { 0 },	{ .metric = 2, .thread = 5 },	false },
		{ 2, { 0 },	{ .metric = 2 },		true },
		{ 2, { 0 },	{ .metric = 1 },		false },
		{ 1, { 4, 5 },	{ .metric = 1, .thread = 5 },	true },
		{ 1, { 4, 6 },	{ .metric = 1, .thread = 5 },	false },
		{ 2, { 5, 6 },	{ .metric = 1, .thread = 5 },	false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query query = { .metric = rows[i].metric };

		for (size_t k = 0; k < 2; k++)
			if (rows[i].threads[k])
				array_push(&query.thread, rows[i].threads[k]);
		assert_int_equal(query_selects(&query, &rows[i].sum), rows[i].selected);
		query_release(&query);
	}
}

static void test_keep(void **state)
{
	struct query query = { 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(query_set_keep(&query, "^ma", &error));
	assert_string_equal(query.keep, "^ma");
	assert_false(query_set_keep(&query, "^ma(", &error));
	assert_non_null(strstr(error.text, "no regular expression"));
	assert_string_equal(query.keep, "^ma");
	assert_true(query_set_keep(&query, "", &error));
	assert_null(query.keep);
	assert_true(query_set_keep(&query, NULL, &error));
	query_release(&query);
}

static void test_copy_and_compare(void **state)
{
	struct query a = { 0 }, b = { 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(query_equal(&a, &b));
	a.hide_kernel = true;
	a.until = 7;
	array_push(&a.thread, 3);
	assert_true(query_set_keep(&a, "x", &error));
	assert_false(query_equal(&a, &b));
	query_copy(&b, &a);
	assert_true(query_equal(&a, &b));
	assert_ptr_not_equal(a.keep, b.keep);
	assert_ptr_not_equal(a.thread.at, b.thread.at);
	query_copy(&b, &b);
	assert_true(query_equal(&a, &b));

	b.thread.at[0] = 4;
	assert_false(query_equal(&a, &b));
	b.thread.at[0] = 3;
	assert_true(query_set_keep(&b, "y", &error));
	assert_false(query_equal(&a, &b));
	assert_true(query_set_keep(&b, NULL, &error));
	assert_false(query_equal(&a, &b));
	query_copy(&a, &b);
	a.inverted = true;
	assert_false(query_equal(&a, &b));
	query_release(&a);
	query_release(&b);
	assert_true(query_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selects),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_copy_and_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
