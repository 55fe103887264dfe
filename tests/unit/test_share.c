#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/share.h"

static void test_error(void **state)
{
	/* In percent of the whole, from tables of the binomial distribution. */
	static const struct {
		struct amount part, whole;
		double low, high;
	} rows[] = {
		{ { 0, 0 }, { 0, 0 },			100, 100 },
		/* 1.96 * sqrt(0.5 * 0.5 / 10000) */
		{ { 5000, 5000 }, { 10000, 10000 },	0.97, 0.99 },
		{ { 1230, 1230 }, { 10000, 10000 },	0.64, 0.65 },
		/* About 3 / n is what can be said of what was never seen. */
		{ { 0, 0 }, { 1000, 1000 },		0.2, 0.4 },
		{ { 0, 0 }, { 3, 3 },			30, 40 },
		{ { 3, 3 }, { 3, 3 },			30, 40 },
		/* Weights tell the share, samples how well it is known. */
		{ { 50000, 5 }, { 100000, 100 },	9.4, 9.8 },
		{ { 0, 50 }, { 0, 100 },		9.4, 9.8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double error = 100 * share_error(&rows[i].part, &rows[i].whole);

		assert_true(error >= rows[i].low && error <= rows[i].high);
	}
}

/* Of many runs the interval misses the truth in about one of twenty. */
static void test_error_covers(void **state)
{
	static const double shares[] = { 0.02, 0.123, 0.5, 0.9 };
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		int missed = 0;

		for (int run = 0; run < 2000; run++) {
			struct amount part = { 0 }, whole = { .samples = 400 };
			double found, error;

			for (int k = 0; k < 400; k++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				part.samples += (double)(seed >> 33) / (1u << 31) < shares[i];
			}
			found = (double)part.samples / 400;
			error = share_error(&part, &whole);
			missed += found - error > shares[i] || found + error < shares[i];
		}
		assert_true(missed < 140);
		assert_true(missed > 20);
	}
}

static void test_moved(void **state)
{
	static const struct {
		uint64_t part, whole, part_before, whole_before;
		int moved;
	} rows[] = {
		{ 500, 1000, 500, 1000,		0 },
		{ 550, 1000, 500, 1000,		0 },	/* 2.2 deviations */
		{ 650, 1000, 500, 1000,		1 },
		{ 350, 1000, 500, 1000,		-1 },
		{ 40, 40, 0, 1000,		0 },	/* too few */
		{ 60, 60, 0, 1000,		1 },
		{ 1000, 1000, 0, 40,		0 },
		{ 0, 1000, 0, 1000,		0 },
		{ 1000, 1000, 1000, 1000,	0 },
		{ 0, 0, 0, 0,			0 },
		/* Many deviations, and too little to care. */
		{ 104000, 10000000, 100000, 10000000,	0 },
		{ 200000, 10000000, 100000, 10000000,	1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(share_moved(
			&(struct amount){ .samples = rows[i].part },
			&(struct amount){ .samples = rows[i].whole },
			&(struct amount){ .samples = rows[i].part_before },
			&(struct amount){ .samples = rows[i].whole_before }), rows[i].moved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_error_covers),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
