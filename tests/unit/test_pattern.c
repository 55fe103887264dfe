#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pattern.h"
#include "base/strbuf.h"

static void test_fits(void **state)
{
	static const struct { const char *pattern, *text; bool fits; } rows[] = {
		{ "malloc",		"_int_malloc",		true },
		{ "malloc",		"MALLOC",		true },
		{ "Malloc",		"malloc",		false },
		{ "Malloc",		"TryMalloc",		true },
		{ "malloc",		"mallo",		false },
		{ "^malloc",		"_int_malloc",		false },
		{ "std::vec",		"STD::VECTOR",		true },
		{ "a|b",		"xbx",			true },
		{ "operator\\+",	"operator+",		true },
		{ "a{2,3}b",		"caaab",		true },
		{ "a{2,3}b",		"cab",			false },
		{ "[]{}]x",		"}x",			true },
		{ "[[:digit:]]{3}",	"f123",			true },
		{ "[^]]z",		"]z",			false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { 0 };
		struct pattern *pattern = pattern_new(rows[i].pattern, &error);

		assert_non_null(pattern);
		assert_int_equal(pattern_fits(pattern, rows[i].text), rows[i].fits);
		pattern_free(pattern);
	}
	pattern_free(NULL);
}

static void test_refused(void **state)
{
	static const struct { const char *pattern, *why; } rows[] = {
		{ "(",			"no regular expression" },
		{ "[a",			"no regular expression" },
		{ "a\\",		"no regular expression" },
		{ "(a)\\1",		"back-reference" },
		{ "a{256}",		"repeats too much" },
		{ "a{99999999999}",	"repeats too much" },
		{ "a{1,300}",		"repeats too much" },
		{ "((a{100}){100}){100}", "repeats too much" },
	};
	struct error error = { 0 };
	struct strbuf text = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_null(pattern_new(rows[i].pattern, &error));
		assert_non_null(strstr(error.text, rows[i].why));
	}
	strbuf_pad(&text, 'x', PATTERN_MAX);
	pattern_free(pattern_new(text.text, &error));
	strbuf_pad(&text, 'x', 1);
	assert_null(pattern_new(text.text, &error));
	assert_non_null(strstr(error.text, "longer than"));
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
