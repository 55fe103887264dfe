#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/transcript.h"

static void add(struct transcript *transcript, const char *text, size_t len)
{
	memcpy(transcript_room(transcript, len + 1), text, len);
	transcript_take(transcript, len);
}

/* All rows, a bar behind each. */
static char *rows_of(const struct transcript *transcript)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < transcript->row.len; i++) {
		transcript_text(transcript, i, &out);
		strbuf_adds(&out, "|");
	}
	return strbuf_take(&out);
}

static const struct {
	const char *text;
	int width;
	const char *rows;
} cases[] = {
	{ "", 10, "|" },
	{ "one\r\ntwo", 10, "one|two|" },
	{ "one\ntwo\n", 10, "one|two||" },
	{ "abcdefgh", 4, "abcd|efgh|" },
	{ "abcd\r\nef", 4, "abcd|ef|" },
	{ "\n\n", 4, "|||" },
	/* Progress bars. */
	{ "10%\r20%\r100%\r\n", 10, "100%||" },
	{ "long text\rshort", 10, "shorttext|" },
	{ "long text\r\033[Kshort", 10, "short|" },
	{ "long text\033[2K\rx", 10, "x        |" },
	{ "abcdef\033[3D\033[1Kx", 10, "   xef|" },
	{ "abc\b\bX", 10, "aXc|" },
	{ "\b\b\bX", 10, "X|" },
	{ "abcd\bX", 4, "abXd|" },
	{ "a\tb\tc", 20, "a       b       c|" },
	{ "a\tb", 5, "a   b|" },
	{ "abc\033[1Gx\033[2Cy", 10, "xbcy|" },
	{ "\033[99999Cx", 5, "    x|" },
	/* Wide characters stay whole. */
	{ "漢字漢", 5, "漢字|漢|" },
	{ "漢字\rx", 10, "x 字|" },
	{ "漢字\033[2Gx", 10, " x字|" },
	{ "漢字\033[2G\033[K", 10, " |" },
	{ "漢字\033[3D\033[1K", 10, "  字|" },
	{ "e\xcc\x81x", 10, "ex|" },
	{ "\xff\xfe", 10, "\xef\xbf\xbd\xef\xbf\xbd|" },
	/* All other controls are swallowed. */
	{ "a\033[2J\033[5;5Hb\033[6n\033]0;t\007c\033(0d\ae\0336f", 20, "abcdef|" },
	{ "a\033[?25lb\033[?1hc\033[1 qd", 20, "abcd|" },
	{ "a\033[", 20, "a|" },
	/* The other screen. */
	{ "a\033[?1049h\033[2Jtext\r\nmore\033[?1049lb", 20, "a[full screen]b|" },
	{ "a\033[?1049h\033[2Jtext\r\nmore", 20, "a[full screen]|" },
	{ "a\033[?47hx", 4, "a[fu|" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct transcript transcript = { 0 };
		char *rows;

		transcript_resize(&transcript, cases[i].width);
		add(&transcript, cases[i].text, strlen(cases[i].text));
		rows = rows_of(&transcript);
		assert_string_equal(rows, cases[i].rows);
		xfree(rows);
		transcript_release(&transcript);
	}
}

/* The same when it comes byte by byte, and when the width comes last. */
static void test_in_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct transcript parts = { 0 }, later = { 0 };
		char *rows;

		transcript_resize(&parts, cases[i].width);
		add(&parts, "", 0);
		for (const char *c = cases[i].text; *c; c++)
			add(&parts, c, 1);
		rows = rows_of(&parts);
		assert_string_equal(rows, cases[i].rows);
		xfree(rows);
		add(&later, cases[i].text, strlen(cases[i].text));
		transcript_resize(&later, 7);
		transcript_resize(&later, cases[i].width);
		rows = rows_of(&later);
		assert_string_equal(rows, cases[i].rows);
		xfree(rows);
		transcript_release(&parts);
		transcript_release(&later);
	}
}

static void test_looks(void **state)
{
	static const char text[] = "\033[1;31mab\ncd\033[m e";
	struct transcript transcript = { 0 };
	struct transcript_cell cell[20];

	(void)state;
	transcript_resize(&transcript, 20);
	add(&transcript, text, strlen(text));
	assert_int_equal(transcript_cells(&transcript, 0, cell), 2);
	assert_int_equal(cell[1].look.ink, 2);
	/* Colours go on in the next row. */
	assert_int_equal(transcript_cells(&transcript, 1, cell), 4);
	assert_int_equal(cell[0].character, 'c');
	assert_int_equal(cell[1].look.ink, 2);
	assert_int_equal(cell[1].look.flags, ANSI_BOLD);
	assert_int_equal(cell[3].look.ink, 0);
	transcript_release(&transcript);
}

/* Going on further down the stream keeps the colours and the screen. */
static void test_restart(void **state)
{
	struct transcript transcript = { 0 };
	struct transcript_cell cell[20];
	char *rows;

	(void)state;
	transcript_resize(&transcript, 20);
	add(&transcript, "\033[32mone\n", 9);
	transcript_restart(&transcript, 1000);
	add(&transcript, "two\nthree", 9);
	assert_int_equal(transcript_cells(&transcript, 0, cell), 3);
	assert_int_equal(cell[0].look.ink, 3);
	assert_int_equal(transcript_place(&transcript, 1), 1004);
	assert_int_equal(transcript_row_at(&transcript, 999), 0);
	assert_int_equal(transcript_row_at(&transcript, 1003), 0);
	assert_int_equal(transcript_row_at(&transcript, 1004), 1);
	assert_int_equal(transcript_row_at(&transcript, 9999), 1);
	add(&transcript, "\033[?1049h", 8);
	transcript_restart(&transcript, 2000);
	add(&transcript, "drawn\n\033[?1049lback", 18);
	rows = rows_of(&transcript);
	assert_string_equal(rows, "back|");
	xfree(rows);
	transcript_release(&transcript);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
