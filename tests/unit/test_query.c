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
		struct thread_choice choice;
		struct sum sum;
		bool selected;
	} rows[] = {
		{ 0, { 0 },	{ .metric = 1, .thread = 2 },	true },
		{ 0, { 0 },	{ .metric = 2, .thread = 2 },	false },
		{ 2, { 0 },	{ .metric = 2 },		true },
		{ 2, { 0 },	{ .metric = 1 },		false },
		{ 0, { THREADS_ONE, 7, 7, 0 },	{ .metric = 1, .thread = 1 },	true },
		{ 0, { THREADS_ONE, 7, 7, 0 },	{ .metric = 1, .thread = 2 },	false },
		{ 0, { THREADS_ONE, 7, 8, 0 },	{ .metric = 1, .thread = 2 },	true },
		{ 2, { THREADS_ONE, 7, 8, 0 },	{ .metric = 1, .thread = 2 },	false },
		{ 0, { THREADS_OF_PROCESS, 7, 0, 0 },	{ .metric = 1, .thread = 2 },	true },
		{ 0, { THREADS_OF_PROCESS, 7, 0, 0 },	{ .metric = 1, .thread = 3 },	false },
		{ 0, { THREADS_OF_NAME, 0, 0, 1 },	{ .metric = 1, .thread = 2 },	true },
		{ 0, { THREADS_OF_NAME, 0, 0, 1 },	{ .metric = 1, .thread = 3 },	true },
		{ 0, { THREADS_OF_NAME, 0, 0, 1 },	{ .metric = 1, .thread = 1 },	false },
		/* Those that are several in one, and those not known at all. */
		{ 0, { THREADS_ONE, 0, 0, 2 },	{ .metric = 1, .thread = 4 },	true },
		{ 0, { THREADS_ONE, 0, 0, 2 },	{ .metric = 1, .thread = 0 },	false },
		{ 0, { THREADS_ONE, 0, 0, 0 },	{ .metric = 1, .thread = 0 },	true },
	};
	struct profile *profile = profile_new();
	string_id worker = profile_add_string(profile, "worker");
	string_id several = profile_add_string(profile, "[exited threads]");

	(void)state;
	profile_add_thread(profile, 7, 7, "main");
	profile_add_thread(profile, 7, 8, "worker");
	profile_add_thread(profile, 9, 9, "worker");
	profile_add_thread(profile, 0, 0, "[exited threads]");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query query = { .metric = rows[i].metric, .threads = rows[i].choice };

		query.threads.name = rows[i].choice.name == 1 ? worker :
			rows[i].choice.name == 2 ? several : 0;
		assert_int_equal(query_selects(&query, profile, &rows[i].sum), rows[i].selected);
	}
	profile_free(profile);
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
	a.threads = (struct thread_choice){ .by = THREADS_ONE, .pid = 3, .tid = 4 };
	assert_true(query_set_keep(&a, "x", &error));
	assert_false(query_equal(&a, &b));
	query_copy(&b, &a);
	assert_true(query_equal(&a, &b));
	assert_ptr_not_equal(a.keep, b.keep);
	query_copy(&b, &b);
	assert_true(query_equal(&a, &b));

	b.threads.tid = 5;
	assert_false(query_equal(&a, &b));
	b.threads.tid = 4;
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
