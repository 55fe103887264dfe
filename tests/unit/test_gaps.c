#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/gaps.h"

static void add(struct gaps *gaps, uint64_t from, uint64_t until, enum gap_kind kind)
{
	gaps_add(gaps, (struct gap){ from, until, kind });
}

static void test_within(void **state)
{
	static const struct { uint64_t from, until; unsigned kinds; uint64_t expected; } cases[] = {
		{ 0, 1000, GAP_ANY, 70 }, { 0, 1000, GAP_STOPPED, 30 },
		{ 0, 1000, GAP_EMPTY, 60 }, { 0, 1000, GAP_ABSENT, 30 },
		{ 110, 120, GAP_ANY, 10 }, { 120, 130, GAP_ANY, 0 }, { 95, 105, GAP_ANY, 5 },
		{ 115, 205, GAP_ANY, 10 }, { 200, 200, GAP_ANY, 0 }, { 300, 200, GAP_ANY, 0 },
		{ 235, 260, GAP_ANY, 15 }, { 235, 260, GAP_UNSAMPLED, 5 }, { 0, 1000, 0, 0 },
	};
	struct gaps gaps = { 0 };

	(void)state;
	assert_int_equal(gaps_within(&gaps, 0, 1000, GAP_ANY), 0);
	assert_int_equal(gaps_end(&gaps), 0);
	/* 100..120 stopped, 200..240 unsampled, 220..250 absent, 205..215 stopped in it. */
	add(&gaps, 200, 240, GAP_UNSAMPLED);
	add(&gaps, 220, 250, GAP_ABSENT);
	add(&gaps, 110, 120, GAP_STOPPED);
	add(&gaps, 205, 215, GAP_STOPPED);
	add(&gaps, 100, 110, GAP_STOPPED);
	add(&gaps, 130, 130, GAP_STOPPED);
	add(&gaps, 140, 130, GAP_STOPPED);
	assert_int_equal(gaps.gap.len, 4);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(gaps_within(&gaps, cases[i].from, cases[i].until,
					     cases[i].kinds), cases[i].expected);
	assert_int_equal(gaps_end(&gaps), 250);
	/* One that covers several of its kind takes their place. */
	add(&gaps, 90, 300, GAP_STOPPED);
	assert_int_equal(gaps.gap.len, 3);
	assert_int_equal(gaps_within(&gaps, 0, 1000, GAP_ANY), 210);
	assert_int_equal(gaps.gap.at[0].from, 90);
	gaps_release(&gaps);
}

static void test_many(void **state)
{
	struct gaps gaps = { 0 }, copy = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		add(&gaps, i * 10, i * 10 + 5, i % 2 ? GAP_STOPPED : GAP_ABSENT);
	assert_int_equal(gaps.gap.len, GAPS_MAX);
	assert_int_equal(gaps_within(&gaps, 0, 100000, GAP_ANY), GAPS_MAX * 5);
	assert_int_equal(gaps_end(&gaps), 10005);
	add(&copy, 1, 2, GAP_ABSENT);
	gaps_copy(&copy, &gaps);
	assert_int_equal(copy.gap.len, GAPS_MAX);
	assert_int_equal(copy.gap.at[0].from, gaps.gap.at[0].from);
	gaps_release(&copy);
	gaps_release(&gaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
