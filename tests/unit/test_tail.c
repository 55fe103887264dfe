#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/tail.h"

static void test_small(void **state)
{
	static const struct {
		const char *add;
		uint64_t total;
		const char *kept;
	} rows[] = {
		{ "", 0, "" },
		{ "ab", 2, "ab" },
		{ "cde", 5, "abcde" },
		{ "fghi", 9, "bcdefghi" },
		{ "0123456789", 19, "23456789" },
		{ "xy", 21, "456789xy" },
	};
	struct tail tail;
	char out[9];

	(void)state;
	tail_init(&tail, 8);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tail_add(&tail, rows[i].add, strlen(rows[i].add));
		assert_int_equal(tail.total, rows[i].total);
		memset(out, 0, sizeof out);
		tail_copy(&tail, tail_begin(&tail), tail.total, out);
		assert_string_equal(out, rows[i].kept);
	}
	memset(out, 0, sizeof out);
	tail_copy(&tail, 14, 17, out);
	assert_string_equal(out, "567");
	tail_release(&tail);
}

/* Against what was added, whatever the lengths. */
static void test_many(void **state)
{
	struct strbuf all = STRBUF_INIT;
	struct tail tail;
	char out[100];

	(void)state;
	tail_init(&tail, 100);
	srand(1);
	for (int i = 0; i < 2000; i++) {
		char part[300];
		size_t len = (size_t)rand() % (i % 10 ? 30 : 300);
		uint64_t begin, from;

		for (size_t k = 0; k < len; k++)
			part[k] = (char)rand();
		strbuf_add(&all, part, len);
		tail_add(&tail, part, len);
		assert_int_equal(tail.total, all.len);
		begin = tail_begin(&tail);
		from = begin + (uint64_t)rand() % (tail.total - begin + 1);
		tail_copy(&tail, from, tail.total, out);
		assert_memory_equal(out, all.text + from, tail.total - from);
	}
	tail_release(&tail);
	strbuf_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
