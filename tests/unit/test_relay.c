#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/relay.h"

static void test_key(void **state)
{
	static const struct {
		const char *typed;
		size_t at, len;
	} rows[] = {
		{ "", 0, 0 },
		{ "abc", 3, 0 },
		{ "\035", 0, 1 },
		{ "abc\035def", 3, 1 },
		{ "\033[93;5u", 0, 7 },
		{ "x\033[27;5;93~", 1, 10 },
		{ "\033[27;5;94~", 10, 0 },
		{ "\033[93;6u\033", 8, 0 },
		{ "\033[93;", 5, 0 },
		{ "]", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].typed), keylen;

		assert_int_equal(relay_find_key(rows[i].typed, len, &keylen), rows[i].at);
		assert_int_equal(keylen, rows[i].len);
	}
}

/* Where there is no terminal to give, nothing is touched. */
static void test_impossible(void **state)
{
	const struct term_ops term = { .fd = -1 };

	(void)state;
	assert_int_equal(relay_run(NULL, &term), RELAY_IMPOSSIBLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
