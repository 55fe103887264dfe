#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/keymap.h"
#include "ui/term.h"

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int key;
	} rows[] = {
		{ "a", 'a' },
		{ "A", 'A' },
		{ "/", '/' },
		{ "\\", '\\' },
		{ "^", '^' },
		{ "%", '%' },
		{ " ", ' ' },
		{ "Space", ' ' },
		{ "Tab", 9 },
		{ "Enter", 13 },
		{ "enter", 13 },
		{ "Esc", 27 },
		{ "Up", INPUT_UP },
		{ "PageDown", INPUT_PAGE_DOWN },
		{ "PgDn", INPUT_PAGE_DOWN },
		{ "BackTab", INPUT_BACK_TAB },
		{ "Backspace", INPUT_BACKSPACE },
		{ "F1", INPUT_F1 },
		{ "F12", INPUT_F12 },
		{ "ctrl-l", 12 },
		{ "Ctrl-L", 12 },
		{ "^L", 12 },
		{ "ctrl-z", 26 },
		{ "\xc3\xa9", 0xe9 },
		{ "", 0 },
		{ "F13", 0 },
		{ "ctrl-", 0 },
		{ "ctrl-1", 0 },
		{ "ctrl-ll", 0 },
		{ "wait", 0 },
		{ "\xff", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int key = keymap_key_named(rows[i].name);

		if (key != rows[i].key)
			fail_msg("\"%s\" is %d, not %d", rows[i].name, key, rows[i].key);
	}
}

static const struct keymap plain = { 0 };

static void test_commands(void **state)
{
	static const struct {
		const char *key;
		enum command command;
	} rows[] = {
		{ "j", COMMAND_DOWN },
		{ "Up", COMMAND_UP },
		{ "ctrl-d", COMMAND_HALF_DOWN },
		{ "G", COMMAND_LAST },
		{ "Enter", COMMAND_OPEN },
		{ "Esc", COMMAND_BACK },
		{ "Tab", COMMAND_VIEW_NEXT },
		{ "3", COMMAND_VIEW_3 },
		{ "%", COMMAND_MEASURE },
		{ "H", COMMAND_HOTTEST },
		{ "F4", COMMAND_FILTER },
		{ "F10", COMMAND_QUIT },
		{ "ctrl-c", COMMAND_INTERRUPT },
		{ "Space", COMMAND_PAUSE },
		{ "!", COMMAND_NONE },
		{ "F12", COMMAND_NONE },
		{ "\xc3\xa9", COMMAND_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(keymap_find(&plain, keymap_key_named(rows[i].key)),
				 rows[i].command);
	for (int key = INPUT_NONE; key <= INPUT_UNKNOWN; key++)
		assert_int_equal(keymap_find(&plain, key), COMMAND_NONE);
}

static void test_descriptions(void **state)
{
	static const struct {
		enum command command;
		const char *keys;
	} rows[] = {
		{ COMMAND_UP, "k, Up" },
		{ COMMAND_PAGE_UP, "PgUp, ^B" },
		{ COMMAND_OPEN, "Enter" },
		{ COMMAND_BACK, "Esc, Backspace" },
		{ COMMAND_CANCEL, "Esc" },
		{ COMMAND_PAUSE, "p, Space, Z" },
		{ COMMAND_REDRAW, "^L" },
		{ COMMAND_FILTER, "\\, &, F4" },
		{ COMMAND_NONE, "" },
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		strbuf_clear(&out);
		keymap_describe(&plain, rows[i].command, &out);
		assert_string_equal(out.text, rows[i].keys);
	}
	strbuf_release(&out);
}

/* What describe writes can be given to key_named, and leads back. */
static void test_every_command_has_keys(void **state)
{
	(void)state;
	for (int command = COMMAND_NONE + 1; command < COMMAND_COUNT; command++) {
		struct strbuf out = STRBUF_INIT;
		char *part, *rest;

		keymap_describe(&plain, (enum command)command, &out);
		if (!out.len)
			fail_msg("%s has no key", command_name((enum command)command));
		for (part = out.text; part; part = rest) {
			rest = strstr(part, ", ");
			if (rest) {
				*rest = '\0';
				rest += 2;
			}
			if (command == COMMAND_CANCEL)
				assert_true(keymap_cancels(&plain, keymap_key_named(part)));
			else
				assert_int_equal(keymap_find(&plain, keymap_key_named(part)),
						 command);
		}
		strbuf_release(&out);
	}
}

static void test_changes(void **state)
{
	static const struct {
		enum command command;
		const char *keys, *description;
	} rows[] = {
		{ COMMAND_DOWN, "n", "n" },
		{ COMMAND_PAUSE, "ctrl-p, F9 Space", "^P, F9, Space" },
		{ COMMAND_OPEN, "Enter o", "Enter, o" },
		{ COMMAND_MEASURE, ",", "," },
		{ COMMAND_KERNEL, "none", "" },
		{ COMMAND_COLLECT, "  ", "" },
	};
	struct keymap keymap = { 0 };
	struct strbuf out = STRBUF_INIT;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(keymap_set(&keymap, rows[i].command, rows[i].keys, &error));
		strbuf_clear(&out);
		keymap_describe(&keymap, rows[i].command, &out);
		assert_string_equal(out.text, rows[i].description);
	}
	assert_int_equal(keymap_find(&keymap, 'n'), COMMAND_DOWN);
	assert_int_equal(keymap_find(&keymap, 'j'), COMMAND_NONE);
	assert_int_equal(keymap_find(&keymap, 'K'), COMMAND_NONE);
	assert_int_equal(keymap_find(&keymap, 10), COMMAND_OPEN);
	assert_int_equal(keymap_find(&keymap, 'k'), COMMAND_UP);
	/* Taken away from the one that had it. */
	strbuf_clear(&out);
	keymap_describe(&keymap, COMMAND_FIND_NEXT, &out);
	assert_string_equal(out.text, "");
	/* A list with a mistake changes nothing. */
	assert_false(keymap_set(&keymap, COMMAND_DOWN, "j Hyper-x", &error));
	assert_string_equal(error.text, "no key is called Hyper-x");
	assert_int_equal(keymap_find(&keymap, 'j'), COMMAND_NONE);
	assert_int_equal(keymap_find(&keymap, 'n'), COMMAND_DOWN);
	strbuf_release(&out);
	keymap_release(&keymap);
}

/* It shares its key: what a person gives it is its own, what takes the key takes both. */
static void test_cancelling(void **state)
{
	struct keymap keymap = { 0 };
	struct strbuf out = STRBUF_INIT;
	struct error error;

	(void)state;
	assert_true(keymap_cancels(&keymap, 27));
	assert_false(keymap_cancels(&keymap, INPUT_BACKSPACE));
	assert_true(keymap_set(&keymap, COMMAND_BACK, "Esc", &error));
	assert_true(keymap_cancels(&keymap, 27));
	assert_true(keymap_set(&keymap, COMMAND_CANCEL, "x j", &error));
	assert_true(keymap_cancels(&keymap, 'x'));
	assert_true(keymap_cancels(&keymap, 'j'));
	assert_false(keymap_cancels(&keymap, 27));
	assert_int_equal(keymap_find(&keymap, 'x'), COMMAND_NONE);
	assert_int_equal(keymap_find(&keymap, 'j'), COMMAND_DOWN);
	keymap_describe(&keymap, COMMAND_CANCEL, &out);
	assert_string_equal(out.text, "x, j");
	keymap_release(&keymap);
	keymap = (struct keymap){ 0 };
	assert_true(keymap_set(&keymap, COMMAND_PAUSE, "Esc", &error));
	assert_false(keymap_cancels(&keymap, 27));
	strbuf_release(&out);
	keymap_release(&keymap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_every_command_has_keys),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_cancelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
