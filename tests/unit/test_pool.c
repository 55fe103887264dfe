#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "source/pool.h"

enum { BITS = 6, WORDS = 1 << BITS, SHARDS = 3 };

static void gives_even_words_and_never_the_first(void **state)
{
	struct pool *pool = pool_new(BITS, SHARDS);

	(void)state;
	assert_int_equal(pool_take(pool, 1), 2);
	assert_int_equal(pool_take(pool, 3), 4);
	assert_int_equal(pool_take(pool, 2), 8);
	assert_int_equal(pool_words(pool), 8);
	assert_int_equal(pool_take(pool, 0), 0);
	pool_free(pool);
}

static void stays_within_a_shard(void **state)
{
	struct pool *pool = pool_new(BITS, SHARDS);

	(void)state;
	assert_int_equal(pool_take(pool, WORDS - 10), 2);
	/* Eight are left in the first shard. */
	assert_int_equal(pool_take(pool, 10), WORDS);
	assert_int_equal(pool_take(pool, 8), WORDS - 8);
	assert_int_equal(pool_shards(pool), 2);
	assert_int_equal(pool_take(pool, WORDS - 2), 2 * WORDS);
	assert_int_equal(pool_take(pool, WORDS - 2), 0);
	assert_int_equal(pool_take(pool, WORDS), 0);
	assert_int_equal(pool_shards(pool), 3);
	pool_free(pool);
}

static void gives_again_what_has_settled(void **state)
{
	struct pool *pool = pool_new(BITS, 1);
	uint32_t all = pool_take(pool, WORDS - 2);

	(void)state;
	assert_int_equal(pool_take(pool, 2), 0);
	pool_give(pool, all, WORDS - 2, 100);
	assert_int_equal(pool_take(pool, 2), 0);
	pool_settle(pool, 100);
	assert_int_equal(pool_take(pool, 2), 0);
	pool_settle(pool, 101);
	assert_int_equal(pool_words(pool), 0);
	assert_int_equal(pool_take(pool, WORDS - 2), all);
	pool_free(pool);
}

static void joins_what_lies_side_by_side(void **state)
{
	static const int order[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 0, 2, 1, 3 }, { 1, 3, 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct pool *pool = pool_new(BITS, 1);
		uint32_t part[4];

		for (int j = 0; j < 4; j++)
			part[j] = pool_take(pool, 14);
		for (int j = 0; j < 4; j++)
			pool_give(pool, part[order[i][j]], 14, 1);
		pool_settle(pool, 2);
		assert_int_equal(pool_take(pool, WORDS - 2), 2);
		pool_free(pool);
	}
}

/* Nobody has a word twice, whatever comes and goes. */
static void keeps_stretches_apart(void **state)
{
	static unsigned char owner[SHARDS * WORDS];
	struct pool *pool = pool_new(BITS, SHARDS);
	struct { uint32_t first, words; } held[40] = { 0 };
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rand_r(&seed) % 40;

		if (held[i].first) {
			for (uint32_t w = 0; w < held[i].words; w++)
				assert_int_equal(owner[held[i].first + w], i + 1);
			for (uint32_t w = 0; w < held[i].words; w++)
				owner[held[i].first + w] = 0;
			pool_give(pool, held[i].first, held[i].words, round);
			held[i].first = 0;
			pool_settle(pool, round + 1);
			continue;
		}
		held[i].words = 1 + (unsigned)rand_r(&seed) % 20;
		held[i].first = pool_take(pool, held[i].words);
		for (uint32_t w = 0; held[i].first && w < held[i].words; w++) {
			assert_int_equal(owner[held[i].first + w], 0);
			owner[held[i].first + w] = (unsigned char)(i + 1);
		}
	}
	for (unsigned i = 0; i < 40; i++)
		if (held[i].first)
			pool_give(pool, held[i].first, held[i].words, 0);
	pool_settle(pool, 1);
	assert_int_equal(pool_words(pool), 0);
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_even_words_and_never_the_first),
		cmocka_unit_test(stays_within_a_shard),
		cmocka_unit_test(gives_again_what_has_settled),
		cmocka_unit_test(joins_what_lies_side_by_side),
		cmocka_unit_test(keeps_stretches_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
