#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quantity.h"

static void test_format(void **state)
{
	static const struct {
		uint64_t value;
		enum unit unit;
		const char *text;
	} rows[] = {
		{ 0, UNIT_COUNT, "0" },
		{ 812, UNIT_COUNT, "812" },
		{ 9999, UNIT_COUNT, "9999" },
		{ 10000, UNIT_COUNT, "10.0k" },
		{ 12345, UNIT_COUNT, "12.3k" },
		{ 999499, UNIT_COUNT, "999k" },
		{ 999500, UNIT_COUNT, "1.00M" },
		{ 1234567, UNIT_COUNT, "1.23M" },
		{ UINT64_MAX, UNIT_COUNT, "18.4E" },
		{ 0, UNIT_NANOSECONDS, "0 ns" },
		{ 999, UNIT_NANOSECONDS, "999 ns" },
		{ 1250000, UNIT_NANOSECONDS, "1.25 ms" },
		{ 9996, UNIT_NANOSECONDS, "10.0 us" },
		{ 99960, UNIT_NANOSECONDS, "100 us" },
		{ 999600, UNIT_NANOSECONDS, "1.00 ms" },
		{ 61000000000u, UNIT_NANOSECONDS, "61.0 s" },
		{ 1002000000000u, UNIT_NANOSECONDS, "16.7 min" },
		{ 7200000000000u, UNIT_NANOSECONDS, "2.00 h" },
		{ UINT64_MAX, UNIT_NANOSECONDS, "213504 d" },
		{ 4096, UNIT_BYTES, "4.00 KiB" },
		{ 3650722202u, UNIT_BYTES, "3.40 GiB" },
		{ 1023 * 1024, UNIT_BYTES, "1023 KiB" },
		{ UINT64_MAX, UNIT_BYTES, "16.0 EiB" },
		{ 999, UNIT_HERTZ, "999 Hz" },
		{ 3990000000u, UNIT_HERTZ, "3.99 GHz" },
		{ 1250, UNIT_RATIO, "1.25" },
		{ 999, UNIT_RATIO, "1.00" },
		{ 12345678, UNIT_RATIO, "12.3k" },
		{ 123456, UNIT_RATIO, "123" },
		{ 1234567, UNIT_RATIO, "1235" },
		{ UINT64_MAX, UNIT_RATIO, "18.4P" },
	};
	char text[QUANTITY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		quantity_format(text, rows[i].value, rows[i].unit);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_never_wide(void **state)
{
	char text[QUANTITY_MAX];

	(void)state;
	for (int unit = UNIT_COUNT; unit <= UNIT_RATIO; unit++) {
		for (uint64_t v = 1; v < UINT64_MAX / 3; v = v * 3 / 2 + 1) {
			quantity_format(text, v, (enum unit)unit);
			assert_in_range(strlen(text), 1, 8);
		}
	}
}

static void test_percent(void **state)
{
	static const struct { uint64_t part, whole; const char *text; } rows[] = {
		{ 1234, 10000, "12.34%" },
		{ 10, 10, "100.0%" },
		{ 0, 10, "0.00%" },
		{ 0, 0, "-" },
		{ 5, 0, "-" },
		{ 999999, 1000000, "99.99%" },
		{ 25, 10, "250.0%" },
		{ UINT64_MAX, UINT64_MAX, "100.0%" },
		{ UINT64_MAX, 1, ">99999%" },
		{ 1, 3, "33.33%" },
	};
	char text[QUANTITY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		quantity_percent(text, rows[i].part, rows[i].whole);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_exact(void **state)
{
	static const struct { uint64_t value; const char *text; } rows[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	char text[QUANTITY_MAX + 8];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		quantity_exact(text, rows[i].value);
		assert_string_equal(text, rows[i].text);
	}
}

static const char *const refused[] = {
	"", " ", "-1", "+1", "s", "M", "5 s", "5x", "5ss", "1.", ".5", "1..5", "1e3", " 5", "5\n",
	"99999999999999999999", "18446744073709551615h", "999999999999999999P",
};

static void test_duration(void **state)
{
	static const struct { const char *text; uint64_t ns; } rows[] = {
		{ "5", 5000000000u },
		{ "5s", 5000000000u },
		{ "500ms", 500000000u },
		{ "2m", 120000000000u },
		{ "2min", 120000000000u },
		{ "1.5h", 5400000000000u },
		{ "0.25s", 250000000u },
		{ "0.123456789", 123456000u },
		{ "20us", 20000u },
		{ "7ns", 7 },
		{ "0", 0 },
	};
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(quantity_parse_duration(rows[i].text, &ns));
		assert_int_equal(ns, rows[i].ns);
	}
	ns = 77;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_false(quantity_parse_duration(refused[i], &ns));
	assert_int_equal(ns, 77);
}

static void test_size(void **state)
{
	static const struct { const char *text; uint64_t bytes; } rows[] = {
		{ "4096", 4096 },
		{ "10B", 10 },
		{ "1k", 1024 },
		{ "512M", 512u << 20 },
		{ "512m", 512u << 20 },
		{ "1.5GiB", 1610612736u },
		{ "2TB", (uint64_t)2 << 40 },
		{ "15E", (uint64_t)15 << 60 },
	};
	uint64_t bytes = 77;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(quantity_parse_size(rows[i].text, &bytes));
		assert_int_equal(bytes, rows[i].bytes);
	}
	bytes = 77;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_false(quantity_parse_size(refused[i], &bytes));
	assert_false(quantity_parse_size("16E", &bytes));
	assert_false(quantity_parse_size("5Mi", &bytes));
	assert_int_equal(bytes, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_never_wide),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
