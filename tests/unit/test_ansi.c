#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ansi.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/xalloc.h"

/* Each token as a word: the character, ^X, CSI<...>, ESC<...>, STR; "..." for what is not over. */
static char *taken_apart(const char *text)
{
	struct strbuf out = STRBUF_INIT;
	const char *at = text, *end = text + strlen(text);
	struct ansi_token token = { 0 };

	while (ansi_next(&at, end, &token)) {
		switch (token.kind) {
		case ANSI_TEXT:
			text_encode(&out, token.character);
			break;
		case ANSI_CONTROL:
			strbuf_addf(&out, "^%c", (token.final + '@') & 0x7f);
			break;
		case ANSI_SEQUENCE:
			strbuf_adds(&out, "<");
			if (token.mark)
				strbuf_add(&out, &token.mark, 1);
			for (size_t i = 0; i < token.params; i++)
				strbuf_addf(&out, "%s%u", !i ? "" :
					    token.joined >> i & 1 ? ":" : ";", token.param[i]);
			if (token.middle)
				strbuf_addf(&out, "(%c)", token.middle);
			strbuf_addf(&out, "%c>", token.final ? token.final : '!');
			break;
		case ANSI_ESCAPE:
			strbuf_addf(&out, "<ESC%c%c>", token.middle ? token.middle : '.',
				    token.final ? token.final : '!');
			break;
		case ANSI_STRING:
			strbuf_adds(&out, "<STR>");
			break;
		}
	}
	if (at < end)
		strbuf_adds(&out, "...");
	return strbuf_take(&out);
}

static void test_tokens(void **state)
{
	static const struct {
		const char *text, *tokens;
	} rows[] = {
		{ "", "" },
		{ "ab\r\n", "ab^M^J" },
		{ "\033[m\033[1;31mx", "<m><1;31m>x" },
		{ "\033[;5H", "<0;5H>" },
		{ "\033[?1049h\033[>4;2m", "<?1049h><>4;2m>" },
		{ "\033[38:2::1:2:3m", "<38:2:0:1:2:3m>" },
		{ "\033[2 q", "<2( )q>" },
		{ "\033[99999999999m", "<65535m>" },
		{ "\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18m",
		  "<1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16m>" },
		/* What spoils a sequence stands for itself, but for CAN and SUB. */
		{ "\033[1\nx", "<1!>^Jx" },
		{ "\033[1\x18x", "<1!>x" },
		{ "\033[1\033[2mx", "<1!><2m>x" },
		{ "\033[1\xc3\xa9", "<1!>é" },
		{ "\033(B\033=\0337", "<ESC(B><ESC.=><ESC.7>" },
		{ "\033\033[m", "<ESC.!><m>" },
		{ "\033\nx", "<ESC.!>^Jx" },
		{ "\033\xff", "<ESC.!>\xef\xbf\xbd" },
		{ "\033]0;title\007x", "<STR>x" },
		{ "\033]0;title\033\\x", "<STR>x" },
		{ "\033]0;title\033[mx", "<STR><m>x" },
		{ "\033]8;;http://x\033\\link\033]8;;\033\\", "<STR>link<STR>" },
		{ "\033]never closed\nx", "<STR>^Jx" },
		{ "\033Pq#0\nmore\033\\x", "<STR>x" },
		{ "\033_a\x18x", "<STR>x" },
		{ "\033^a\xc2\x9cx", "<STR>x" },
		{ "\xc2\x9b" "31mx", "<31m>x" },
		{ "\xc2\x9d" "2;t\007x", "<STR>x" },
		{ "\xc2\x85x", "<ESC.E>x" },
		{ "\x9b" "31m\xff", "\xef\xbf\xbd" "31m\xef\xbf\xbd" },
		{ "漢é\xe2\x80\xae", "漢é\xef\xbf\xbd" },
		{ "\xf0\x9f\x41", "\xef\xbf\xbd" "A" },
		{ "\x7f\x01", "^?^A" },
		/* Not over yet. */
		{ "x\033", "x..." },
		{ "x\033[1;3", "x..." },
		{ "x\033(", "x..." },
		{ "x\033]0;title", "x..." },
		{ "x\033]0;title\033", "x..." },
		{ "x\033Pq", "x..." },
		{ "x\xe6\xbc", "x..." },
		{ "x\xc2", "x..." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *tokens = taken_apart(rows[i].text);

		assert_string_equal(tokens, rows[i].tokens);
		xfree(tokens);
	}
}

/* A sequence that never ends is given up. */
static void test_endless_sequence(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct ansi_token token;
	const char *at;

	(void)state;
	strbuf_adds(&text, "\033[");
	strbuf_pad(&text, '1', 1000);
	at = text.text;
	assert_true(ansi_next(&at, text.text + text.len, &token));
	assert_int_equal(token.kind, ANSI_SEQUENCE);
	assert_int_equal(token.final, 0);
	strbuf_release(&text);
}

static void test_look(void **state)
{
	static const struct {
		const char *text;
		uint8_t ink, paper, flags;
	} rows[] = {
		{ "\033[31m", 2, 0, 0 },
		{ "\033[1;4;7;97;101m", 16, 10, ANSI_BOLD | ANSI_UNDERLINE | ANSI_REVERSE },
		{ "\033[31;42m\033[m", 0, 0, 0 },
		{ "\033[31;42;1m\033[39;49;22m", 0, 0, 0 },
		{ "\033[1;31m\033[0;4m", 0, 0, ANSI_UNDERLINE },
		{ "\033[2m", 0, 0, ANSI_DIM },
		{ "\033[4:3m", 0, 0, ANSI_UNDERLINE },
		{ "\033[4m\033[4:0m", 0, 0, 0 },
		{ "\033[38;5;9m", 10, 0, 0 },
		{ "\033[38;5;196m", 10, 0, 0 },
		{ "\033[38;5;22m", 3, 0, 0 },
		{ "\033[38;5;232;1m", 1, 0, ANSI_BOLD },
		{ "\033[38;5;255m", 16, 0, 0 },
		{ "\033[38;5;999m", 16, 0, 0 },
		{ "\033[48;2;0;0;255;1m", 0, 13, ANSI_BOLD },
		{ "\033[38:2::255:0:0;4m", 10, 0, ANSI_UNDERLINE },
		{ "\033[38:2:255:255:0m", 12, 0, 0 },
		{ "\033[38:5:4m", 5, 0, 0 },
		{ "\033[58;5;1;32m", 3, 0, 0 },
		{ "\033[38m\033[38;2m\033[38;5m", 0, 0, 0 },
		{ "\033[31m\033[>4;2m\033[?1m\033[1 m\033[5n", 2, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *at = rows[i].text, *end = at + strlen(at);
		struct ansi_look look = { 0 };
		struct ansi_token token = { 0 };

		while (ansi_next(&at, end, &token))
			ansi_restyle(&look, &token);
		if (look.ink != rows[i].ink || look.paper != rows[i].paper ||
		    look.flags != rows[i].flags)
			fail_msg("row %zu: %d %d %d", i, look.ink, look.paper, look.flags);
	}
}

static unsigned modes_after(const char *at)
{
	const char *end = at + strlen(at);
	struct ansi_token token = { 0 };
	unsigned modes = 0;

	while (ansi_next(&at, end, &token))
		ansi_note_mode(&modes, &token);
	return modes;
}

static void test_modes(void **state)
{
	(void)state;
	assert_int_equal(modes_after("\033[?1049h\033[?25l\033="),
			 1u << ANSI_ALTERNATE | 1u << ANSI_CURSOR_HIDDEN | 1u << ANSI_KEYPAD);
	assert_int_equal(modes_after("\033[?1049;2004h\033[?47l"), 1u << ANSI_PASTE);
	assert_int_equal(modes_after("\033[?1000h\033[?1006h\033c"), 0);
	assert_int_equal(modes_after("\033[1049h\033[?1049$p\033[>4;1m"), 1u << ANSI_OTHER_KEYS);
	for (int mode = 0; mode < ANSI_MODES; mode++) {
		char both[64];

		assert_int_equal(modes_after(ansi_mode_text((enum ansi_mode)mode, true)),
				 1u << mode);
		snprintf(both, sizeof both, "%s%s", ansi_mode_text((enum ansi_mode)mode, true),
			 ansi_mode_text((enum ansi_mode)mode, false));
		assert_int_equal(modes_after(both), 0);
	}
}

static void test_replay(void **state)
{
	static const struct {
		const char *text;
		bool may;
	} rows[] = {
		{ "x", true }, { "\n", true }, { "\t", true }, { "\a", false }, { "\005", false },
		{ "\033[1m", true }, { "\033[2K", true }, { "\033[3;4H", true },
		{ "\033[6n", false }, { "\033[c", false }, { "\033[>c", false },
		{ "\033[?1049h", false }, { "\033[?1$p", false }, { "\033[21t", false },
		{ "\033]11;?\007", false }, { "\033P$qm\033\\", false }, { "\033c", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *at = rows[i].text;
		struct ansi_token token = { 0 };

		assert_true(ansi_next(&at, at + strlen(at), &token));
		if (ansi_may_replay(&token) != rows[i].may)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_endless_sequence),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
