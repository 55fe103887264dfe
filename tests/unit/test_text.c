#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#define REPLACED "\xef\xbf\xbd"
#define DOTS "\xe2\x80\xa6"
#define ACUTE "\xcc\x81"
#define KANJI "\xe6\xbc\xa2"

static void test_next(void **state)
{
	static const struct {
		const char *text;
		uint32_t character;
		int width, bytes;
	} rows[] = {
		{ "a", 'a', 1, 1 },
		{ " ", ' ', 1, 1 },
		{ "~", '~', 1, 1 },
		{ "\xc3\xa4", 0xe4, 1, 2 },
		{ "\xc2\xa0", 0xa0, 1, 2 },
		{ ACUTE, 0x301, 0, 2 },
		{ "\xe2\x82\xac", 0x20ac, 1, 3 },
		{ KANJI, 0x6f22, 2, 3 },
		{ "\xed\x95\x9c", 0xd55c, 2, 3 },
		{ "\xef\xbc\xa1", 0xff21, 2, 3 },
		{ "\xf0\x9f\x98\x80", 0x1f600, 2, 4 },
		{ "\xf0\x9f\xab\xa8", 0x1fae8, 2, 4 },
		{ "\xe2\x9d\xa4", 0x2764, 1, 3 },
		{ "\xe2\x94\x82", 0x2502, 1, 3 },
		/* control characters */
		{ "\x1b[0m", TEXT_REPLACEMENT, 1, 1 },
		{ "\n", TEXT_REPLACEMENT, 1, 1 },
		{ "\t", TEXT_REPLACEMENT, 1, 1 },
		{ "\x7f", TEXT_REPLACEMENT, 1, 1 },
		{ "\xc2\x9b", TEXT_REPLACEMENT, 1, 2 },
		{ "\x9b", TEXT_REPLACEMENT, 1, 1 },
		/* invisible, or changing the order */
		{ "\xc2\xad", TEXT_REPLACEMENT, 1, 2 },
		{ "\xe2\x80\x8b", TEXT_REPLACEMENT, 1, 3 },
		{ "\xe2\x80\x8d", TEXT_REPLACEMENT, 1, 3 },
		{ "\xe2\x80\xae", TEXT_REPLACEMENT, 1, 3 },
		{ "\xe2\x80\xa8", TEXT_REPLACEMENT, 1, 3 },
		{ "\xe2\x81\xa6", TEXT_REPLACEMENT, 1, 3 },
		{ "\xd8\x9c", TEXT_REPLACEMENT, 1, 2 },
		{ "\xe3\x85\xa4", TEXT_REPLACEMENT, 1, 3 },
		{ "\xef\xb8\x8f", TEXT_REPLACEMENT, 1, 3 },
		{ "\xef\xbb\xbf", TEXT_REPLACEMENT, 1, 3 },
		{ "\xf3\xa0\x81\x81", TEXT_REPLACEMENT, 1, 4 },
		/* private, unassigned, no characters */
		{ "\xee\x80\x80", TEXT_REPLACEMENT, 1, 3 },
		{ "\xf4\x8f\xbf\xbf", TEXT_REPLACEMENT, 1, 4 },
		{ "\xcd\xb8", TEXT_REPLACEMENT, 1, 2 },
		{ "\xef\xbf\xbf", TEXT_REPLACEMENT, 1, 3 },
		/* not UTF-8 */
		{ "\xed\xa0\x80", TEXT_REPLACEMENT, 1, 3 },
		{ "\xc0\x80", TEXT_REPLACEMENT, 1, 1 },
		{ "\xe0\x80\xaf", TEXT_REPLACEMENT, 1, 3 },
		{ "\xf4\x90\x80\x80", TEXT_REPLACEMENT, 1, 4 },
		{ "\xf8\x88\x80\x80", TEXT_REPLACEMENT, 1, 1 },
		{ "\xe6\xbc", TEXT_REPLACEMENT, 1, 2 },
		{ "\xe6" "a", TEXT_REPLACEMENT, 1, 1 },
		{ "\xff", TEXT_REPLACEMENT, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *at = rows[i].text, *end = at + strlen(at);
		int width = -1;

		assert_int_equal(text_next(&at, end, &width), rows[i].character);
		assert_int_equal(width, rows[i].width);
		assert_int_equal(at - rows[i].text, rows[i].bytes);
	}
}

static void test_next_stays_inside(void **state)
{
	const char *text = KANJI, *at = text;
	int width;

	(void)state;
	assert_int_equal(text_next(&at, text + 1, &width), TEXT_REPLACEMENT);
	assert_ptr_equal(at, text + 1);
	assert_int_equal(text_next(&at, text + 1, &width), 0);
	assert_int_equal(width, 0);
	assert_ptr_equal(at, text + 1);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("main"), 4);
	assert_int_equal(text_width(KANJI "a"), 3);
	assert_int_equal(text_width("e" ACUTE), 1);
	assert_int_equal(text_width(ACUTE), 0);
	assert_int_equal(text_width("\x1b[0m"), 4);
}

static void test_sanitize(void **state)
{
	static const struct { const char *text, *shown; } rows[] = {
		{ "", "" },
		{ "std::vector<int>", "std::vector<int>" },
		{ "a\033]0;x\007b", "a" REPLACED "]0;x" REPLACED "b" },
		{ "a\nb", "a" REPLACED "b" },
		{ "e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "x", "e" ACUTE ACUTE ACUTE ACUTE "x" },
		{ ACUTE "x", "x" },
		{ "\xc3", REPLACED },
		{ KANJI, KANJI },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strbuf sb = STRBUF_INIT;

		text_sanitize(&sb, rows[i].text, strlen(rows[i].text));
		assert_string_equal(sb.text, rows[i].shown);
		assert_int_equal(text_width(sb.text), text_width(rows[i].text));
		strbuf_release(&sb);
	}
}

static void test_repair(void **state)
{
	static const struct { const char *text, *repaired; } rows[] = {
		{ "", "" },
		{ "plain \x1b\n", "plain \x1b\n" },
		{ KANJI "\xe2\x80\xae", KANJI "\xe2\x80\xae" },
		{ "a\xff" "b\xe6\xbc", "a" REPLACED "b" REPLACED },
		{ "\xed\xa0\x80", REPLACED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strbuf sb = STRBUF_INIT;

		text_repair(&sb, rows[i].text, strlen(rows[i].text));
		assert_string_equal(sb.text, rows[i].repaired);
		strbuf_release(&sb);
	}
}

static void test_shorten(void **state)
{
	static const struct {
		const char *text;
		int width;
		const char *shown;
	} rows[] = {
		{ "main", 4, "main" },
		{ "main", 10, "main" },
		{ "main", 0, "" },
		{ "main", -3, "" },
		{ "main", 1, DOTS },
		{ "main", 2, DOTS "n" },
		{ "main", 3, DOTS "in" },
		{ "llvm::SelectionDAG::Legalize", 11, "llvm" DOTS "galize" },
		{ KANJI KANJI KANJI, 6, KANJI KANJI KANJI },
		{ KANJI KANJI KANJI, 5, KANJI DOTS KANJI },
		/* a wide character that does not fit leaves its column to the other side */
		{ KANJI KANJI KANJI, 4, DOTS KANJI },
		{ "ab" KANJI KANJI, 5, "ab" DOTS KANJI },
		/* a mark stays with its letter */
		{ "abcde" ACUTE, 3, DOTS "de" ACUTE },
		{ "a" ACUTE "bcdef", 4, "a" ACUTE DOTS "ef" },
		{ "a\x1b" "bcdefgh", 6, "a" REPLACED DOTS "fgh" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct strbuf sb = STRBUF_INIT;

		text_shorten(&sb, rows[i].text, rows[i].width);
		assert_string_equal(sb.text, rows[i].shown);
		assert_true(!sb.len || text_width(sb.text) <= rows[i].width);
		strbuf_release(&sb);
	}
}

/* Every character by itself, shown again: what is safe stays as it is. */
static void test_all_characters(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
		const char *at;
		uint32_t shown;
		int width, again;

		text_encode(&in, c);
		at = in.text;
		shown = text_next(&at, in.text + in.len, &width);
		assert_ptr_equal(at, in.text + in.len);
		assert_true(shown == c || shown == TEXT_REPLACEMENT);
		assert_in_range(width, shown == TEXT_REPLACEMENT, 2);
		text_encode(&out, shown);
		at = out.text;
		assert_int_equal(text_next(&at, out.text + out.len, &again), shown);
		assert_int_equal(width, again);
		strbuf_release(&in);
		strbuf_release(&out);
	}
}

static void test_lines_are_kept(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	text_sanitize_lines(&out, "one\x1b[31m\n\n  two\ttabs\n");
	assert_string_equal(out.text, "one\xef\xbf\xbd[31m\n\n  two\xef\xbf\xbdtabs\n");
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_next_stays_inside),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_repair),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_all_characters),
		cmocka_unit_test(test_lines_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
