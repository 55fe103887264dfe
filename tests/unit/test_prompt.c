#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ui/prompt.h"
#include "ui/term.h"

enum { ENTER = 13, ESC = 27, RUBOUT = 127, CTRL_A = 1, CTRL_K = 11, CTRL_U = 21, CTRL_W = 23 };

static void test_editing(void **state)
{
	static const struct {
		const char *before;
		int keys[8];		/* ends with 0 */
		const char *after;
		size_t cursor;
		enum prompt_result last;
	} rows[] = {
		{ "", { 'a', 'b' }, "ab", 2, PROMPT_CHANGED },
		{ "ab", { INPUT_LEFT, 'x' }, "axb", 2, PROMPT_CHANGED },
		{ "ab", { INPUT_BACKSPACE }, "a", 1, PROMPT_CHANGED },
		{ "ab", { RUBOUT, RUBOUT, RUBOUT }, "", 0, PROMPT_CANCELLED },
		{ "ab", { INPUT_HOME, INPUT_BACKSPACE }, "ab", 0, PROMPT_TAKEN },
		{ "ab", { INPUT_HOME, INPUT_DELETE }, "b", 0, PROMPT_CHANGED },
		{ "ab", { INPUT_DELETE }, "ab", 2, PROMPT_TAKEN },
		{ "ab", { INPUT_HOME, INPUT_LEFT }, "ab", 0, PROMPT_TAKEN },
		{ "ab", { INPUT_RIGHT }, "ab", 2, PROMPT_TAKEN },
		{ "ab", { CTRL_A, 'x', INPUT_END, 'y' }, "xaby", 4, PROMPT_CHANGED },
		{ "one two", { CTRL_W }, "one ", 4, PROMPT_CHANGED },
		{ "one two  ", { CTRL_W, CTRL_W }, "", 0, PROMPT_CHANGED },
		{ "one two", { INPUT_LEFT, CTRL_U }, "o", 0, PROMPT_CHANGED },
		{ "one two", { CTRL_A, INPUT_RIGHT, CTRL_K }, "o", 1, PROMPT_CHANGED },
		{ "", { 0xe9, 0x4e2d, 0x1f600 }, "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", 9,
		  PROMPT_CHANGED },
		{ "\xc3\xa9\xe4\xb8\xad", { INPUT_LEFT, INPUT_BACKSPACE }, "\xe4\xb8\xad", 0,
		  PROMPT_CHANGED },
		{ "ab", { ENTER }, "ab", 2, PROMPT_DONE },
		{ "ab", { ESC }, "ab", 2, PROMPT_CANCELLED },
		{ "ab", { INPUT_F1 }, "ab", 2, PROMPT_IGNORED },
		{ "ab", { INPUT_NONE }, "ab", 2, PROMPT_IGNORED },
		{ "ab", { 26 }, "ab", 2, PROMPT_IGNORED },
		{ "a\x1b[b", { 'c' }, "a\xef\xbf\xbd[bc", 7, PROMPT_CHANGED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct prompt prompt = PROMPT_INIT;
		enum prompt_result result = PROMPT_IGNORED;

		prompt_edit(&prompt, "/", rows[i].before);
		for (size_t k = 0; rows[i].keys[k]; k++)
			result = prompt_key(&prompt, rows[i].keys[k]);
		if (strcmp(prompt.text.text, rows[i].after) || prompt.cursor != rows[i].cursor ||
		    result != rows[i].last)
			fail_msg("row %zu: \"%s\", cursor %zu, result %d", i, prompt.text.text,
				 prompt.cursor, result);
		prompt_release(&prompt);
	}
}

static void test_question(void **state)
{
	static const struct {
		int key;
		enum prompt_result result;
	} rows[] = {
		{ 'y', PROMPT_DONE },
		{ 'Y', PROMPT_DONE },
		{ 'n', PROMPT_CANCELLED },
		{ 'q', PROMPT_CANCELLED },
		{ ESC, PROMPT_CANCELLED },
		{ ENTER, PROMPT_IGNORED },
		{ 'x', PROMPT_IGNORED },
	};
	struct prompt prompt = PROMPT_INIT;

	(void)state;
	prompt_ask(&prompt, "Replace it?");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(prompt_key(&prompt, rows[i].key), rows[i].result);
	assert_string_equal(prompt.text.text, "");
	prompt_release(&prompt);
}

static void test_bounded(void **state)
{
	struct prompt prompt = PROMPT_INIT;

	(void)state;
	prompt_edit(&prompt, "/", "");
	for (int i = 0; i < 3 * PROMPT_TEXT_MAX; i++)
		prompt_key(&prompt, 0x4e2d);
	assert_in_range(prompt.text.len, PROMPT_TEXT_MAX - 8, PROMPT_TEXT_MAX);
	assert_int_equal(prompt.cursor, prompt.text.len);
	prompt_release(&prompt);
}

/* Row 0 as text and styles, '#' the cursor. */
static void test_drawing(void **state)
{
	static const struct {
		const char *text;
		int width, lefts;
		const char *screen;
	} rows[] = {
		{ "abc", 12, 0, "/abc|K...#\n" },
		{ "abc", 12, 1, "/abc|K..#\n" },
		{ "abcdefghijkl", 8, 0, "/ghijkl|K......#\n" },
		{ "abcdefghijkl", 8, 12, "/abcdefg|K#......\n" },
		{ "abc", 1, 0, "" },
		{ "", 0, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct prompt prompt = PROMPT_INIT;
		struct grid grid = { 0 };
		struct strbuf text = STRBUF_INIT, styles = STRBUF_INIT;
		const char *bar = strchr(rows[i].screen, '|');

		prompt_edit(&prompt, "/", rows[i].text);
		for (int k = 0; k < rows[i].lefts; k++)
			prompt_key(&prompt, INPUT_LEFT);
		grid_resize(&grid, rows[i].width, 1);
		prompt_draw(&prompt, canvas_of(&grid));
		for (int x = 0; bar && x < grid.width; x++) {
			text_encode(&text, grid.cell[x].character);
			strbuf_adds(&styles, grid.cell[x].style == STYLE_KEY	? "K" :
					     grid.cell[x].style == STYLE_CURSOR ? "#" :
										  ".");
		}
		if (bar) {
			size_t shown = (size_t)(bar - rows[i].screen), cells = strlen(bar + 1) - 1;

			assert_memory_equal(text.text, rows[i].screen, shown);
			assert_memory_equal(styles.text, bar + 1, cells);
		}
		strbuf_release(&text);
		strbuf_release(&styles);
		grid_release(&grid);
		prompt_release(&prompt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_drawing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
