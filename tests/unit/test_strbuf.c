#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/xalloc.h"

static void test_empty(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *text;

	(void)state;
	assert_string_equal(sb.text, "");
	strbuf_cut(&sb, 5);
	strbuf_clear(&sb);
	text = strbuf_take(&sb);
	assert_string_equal(text, "");
	xfree(text);
	strbuf_release(&sb);
	strbuf_release(&sb);
}

static void test_add(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_adds(&sb, "one");
	strbuf_pad(&sb, '.', 3);
	strbuf_addf(&sb, "%d%%", 42);
	strbuf_add(&sb, "\0x", 2);
	assert_int_equal(sb.len, 11);
	assert_memory_equal(sb.text, "one...42%\0x", 12);
	strbuf_cut(&sb, 20);
	assert_int_equal(sb.len, 11);
	strbuf_cut(&sb, 3);
	assert_string_equal(sb.text, "one");
	strbuf_release(&sb);
	assert_string_equal(sb.text, "");
}

static void test_grows(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *text;

	(void)state;
	for (int i = 0; i < 10000; i++)
		strbuf_addf(&sb, "%04d", i);
	assert_int_equal(sb.len, 40000);
	text = strbuf_take(&sb);
	assert_memory_equal(text + 4 * 1234, "1234", 4);
	assert_int_equal(sb.len, 0);
	xfree(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
