#include "ui/keymap.h"

#include <strings.h>

#include "base/text.h"
#include "ui/term.h"

#define CTRL(letter) ((letter) & 0x1f)

enum { KEY_TAB = 9, KEY_LINE_FEED = 10, KEY_RETURN = 13, KEY_ESCAPE = 27, KEY_SPACE = 32 };

/* The first key of a command is the one that hints show. */
static const struct binding bindings[] = {
	{ 'k', COMMAND_UP },
	{ INPUT_UP, COMMAND_UP },
	{ 'j', COMMAND_DOWN },
	{ INPUT_DOWN, COMMAND_DOWN },
	{ INPUT_PAGE_UP, COMMAND_PAGE_UP },
	{ CTRL('b'), COMMAND_PAGE_UP },
	{ INPUT_PAGE_DOWN, COMMAND_PAGE_DOWN },
	{ CTRL('f'), COMMAND_PAGE_DOWN },
	{ CTRL('u'), COMMAND_HALF_UP },
	{ CTRL('d'), COMMAND_HALF_DOWN },
	{ CTRL('y'), COMMAND_SCROLL_UP },
	{ CTRL('e'), COMMAND_SCROLL_DOWN },
	{ 'g', COMMAND_FIRST },
	{ INPUT_HOME, COMMAND_FIRST },
	{ 'G', COMMAND_LAST },
	{ INPUT_END, COMMAND_LAST },
	{ 'h', COMMAND_LEFT },
	{ INPUT_LEFT, COMMAND_LEFT },
	{ 'l', COMMAND_RIGHT },
	{ INPUT_RIGHT, COMMAND_RIGHT },
	{ KEY_RETURN, COMMAND_OPEN },
	{ KEY_LINE_FEED, COMMAND_OPEN },
	{ KEY_ESCAPE, COMMAND_BACK },
	{ INPUT_BACKSPACE, COMMAND_BACK },
	{ KEY_ESCAPE, COMMAND_CANCEL },
	{ KEY_TAB, COMMAND_VIEW_NEXT },
	{ INPUT_BACK_TAB, COMMAND_VIEW_PREV },
	{ '1', COMMAND_VIEW_1 },
	{ '2', COMMAND_VIEW_2 },
	{ INPUT_F5, COMMAND_VIEW_2 },
	{ '3', COMMAND_VIEW_3 },
	{ '4', COMMAND_VIEW_4 },
	{ '5', COMMAND_VIEW_5 },
	{ '6', COMMAND_VIEW_6 },
	{ '7', COMMAND_VIEW_7 },
	{ '8', COMMAND_VIEW_8 },
	{ '9', COMMAND_VIEW_9 },
	{ 'o', COMMAND_VIEW_9 },
	{ 'O', COMMAND_HAND_OVER },
	{ 'e', COMMAND_TOGGLE },
	{ '+', COMMAND_EXPAND },
	{ '-', COMMAND_COLLAPSE },
	{ '*', COMMAND_EXPAND_BELOW },
	{ 'E', COMMAND_EXPAND_ALL },
	{ 'C', COMMAND_COLLAPSE_ALL },
	{ 'H', COMMAND_HOTTEST },
	{ 'i', COMMAND_INVERT },
	{ 's', COMMAND_SORT_NEXT },
	{ '>', COMMAND_SORT_NEXT },
	{ INPUT_F6, COMMAND_SORT_NEXT },
	{ 'S', COMMAND_SORT_PREV },
	{ '<', COMMAND_SORT_PREV },
	{ 'I', COMMAND_SORT_REVERSE },
	{ '%', COMMAND_MEASURE },
	{ '~', COMMAND_ERRORS },
	{ 'L', COMMAND_LIMIT },
	{ '/', COMMAND_SEARCH },
	{ INPUT_F3, COMMAND_SEARCH },
	{ '#', COMMAND_SEARCH_THIS },
	{ 'n', COMMAND_FIND_NEXT },
	{ 'N', COMMAND_FIND_PREV },
	{ '\\', COMMAND_FILTER },
	{ '&', COMMAND_FILTER },
	{ INPUT_F4, COMMAND_FILTER },
	{ 't', COMMAND_THREAD },
	{ 'T', COMMAND_GROUP },
	{ 'K', COMMAND_KERNEL },
	{ 'p', COMMAND_PAUSE },
	{ KEY_SPACE, COMMAND_PAUSE },
	{ 'Z', COMMAND_PAUSE },
	{ 'f', COMMAND_COLLECT },
	{ 'w', COMMAND_WINDOW },
	{ '{', COMMAND_WINDOW_SHORTER },
	{ '}', COMMAND_WINDOW_LONGER },
	{ 'z', COMMAND_ZERO },
	{ 'r', COMMAND_ZERO },
	{ 'W', COMMAND_SAVE },
	{ 'P', COMMAND_SAVE_SCREEN },
	{ 'm', COMMAND_MENU },
	{ CTRL('l'), COMMAND_REDRAW },
	{ 'M', COMMAND_MOUSE },
	{ CTRL('z'), COMMAND_SUSPEND },
	{ CTRL('c'), COMMAND_INTERRUPT },
	{ '?', COMMAND_HELP },
	{ INPUT_F1, COMMAND_HELP },
	{ 'q', COMMAND_QUIT },
	{ INPUT_F10, COMMAND_QUIT },
	{ 'Q', COMMAND_QUIT_NOW },
};

/* Keys that are not a character; the first name is the one shown. */
static const struct {
	int key;
	const char *name;
} names[] = {
	{ KEY_TAB, "Tab" },
	{ KEY_RETURN, "Enter" },
	{ KEY_RETURN, "Return" },
	{ KEY_LINE_FEED, "Enter" },
	{ KEY_ESCAPE, "Esc" },
	{ KEY_ESCAPE, "Escape" },
	{ KEY_SPACE, "Space" },
	{ INPUT_UP, "Up" },
	{ INPUT_DOWN, "Down" },
	{ INPUT_LEFT, "Left" },
	{ INPUT_RIGHT, "Right" },
	{ INPUT_HOME, "Home" },
	{ INPUT_END, "End" },
	{ INPUT_PAGE_UP, "PgUp" },
	{ INPUT_PAGE_UP, "PageUp" },
	{ INPUT_PAGE_DOWN, "PgDn" },
	{ INPUT_PAGE_DOWN, "PageDown" },
	{ INPUT_BACK_TAB, "Shift-Tab" },
	{ INPUT_BACK_TAB, "BackTab" },
	{ INPUT_BACKSPACE, "Backspace" },
	{ INPUT_DELETE, "Delete" },
	{ INPUT_F1, "F1" },
	{ INPUT_F2, "F2" },
	{ INPUT_F3, "F3" },
	{ INPUT_F4, "F4" },
	{ INPUT_F5, "F5" },
	{ INPUT_F6, "F6" },
	{ INPUT_F7, "F7" },
	{ INPUT_F8, "F8" },
	{ INPUT_F9, "F9" },
	{ INPUT_F10, "F10" },
	{ INPUT_F11, "F11" },
	{ INPUT_F12, "F12" },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void add_key_name(struct strbuf *out, int key)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].key == key) {
			strbuf_adds(out, names[i].name);
			return;
		}
	if (key < KEY_SPACE)
		strbuf_addf(out, "^%c", key + '@');
	else
		text_encode(out, (uint32_t)key);
}

enum command keymap_find(const struct keymap *keymap, int key)
{
	for (size_t i = keymap->own.len; i-- > 0;)
		if (keymap->own.at[i].key == key && keymap->own.at[i].command != COMMAND_CANCEL)
			return keymap->own.at[i].command;
	for (size_t i = 0; i < COUNT(bindings); i++)
		if (bindings[i].key == key && bindings[i].command != COMMAND_CANCEL &&
		    !keymap->replaced[bindings[i].command])
			return bindings[i].command;
	return COMMAND_NONE;
}

bool keymap_cancels(const struct keymap *keymap, int key)
{
	bool other = false;

	for (size_t i = 0; i < keymap->own.len; i++) {
		if (keymap->own.at[i].key != key)
			continue;
		if (keymap->own.at[i].command == COMMAND_CANCEL)
			return true;
		other = keymap->own.at[i].command != COMMAND_BACK;
	}
	for (size_t i = 0; i < COUNT(bindings) && !other; i++)
		if (bindings[i].key == key && bindings[i].command == COMMAND_CANCEL)
			return !keymap->replaced[COMMAND_CANCEL];
	return false;
}

/* Does the key still give the command that a table says? */
static bool gives(const struct keymap *keymap, int key, enum command command)
{
	return command == COMMAND_CANCEL ? keymap_cancels(keymap, key) :
					   keymap_find(keymap, key) == command;
}

static void describe(const struct keymap *keymap, const struct binding *binding, size_t count,
		     enum command command, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++) {
		/* Return and line feed are the same key to people. */
		if (binding[i].command != command || binding[i].key == KEY_LINE_FEED ||
		    !gives(keymap, binding[i].key, command))
			continue;
		strbuf_adds(out, out->len ? ", " : "");
		add_key_name(out, binding[i].key);
	}
}

void keymap_describe(const struct keymap *keymap, enum command command, struct strbuf *out)
{
	struct strbuf keys = STRBUF_INIT;

	describe(keymap, keymap->own.at, keymap->own.len, command, &keys);
	if (!keymap->replaced[command])
		describe(keymap, bindings, COUNT(bindings), command, &keys);
	strbuf_adds(out, keys.text);
	strbuf_release(&keys);
}

/* "ctrl-l" or "^L"; 0 if it is neither. */
static int control_named(const char *name)
{
	if (!strncasecmp(name, "ctrl-", 5))
		name += 5;
	else if (*name == '^')
		name++;
	else
		return 0;
	if (!*name || name[1])
		return 0;
	if ((*name >= 'a' && *name <= 'z') || (*name >= '@' && *name <= '_'))
		return CTRL(*name);
	return 0;
}

int keymap_key_named(const char *name)
{
	const char *at = name, *end = name + strlen(name);
	uint32_t character;
	int width;

	if (!*name)
		return 0;
	character = text_next(&at, end, &width);
	if (at == end)
		return character == TEXT_REPLACEMENT ? 0 : (int)character;
	for (size_t i = 0; i < COUNT(names); i++)
		if (!strcasecmp(names[i].name, name))
			return names[i].key;
	return control_named(name);
}

static bool add_own(struct keymap *keymap, enum command command, const char *name,
		    struct error *error)
{
	int key = keymap_key_named(name);

	if (!key)
		return error_set(error, 0, "no key is called %.40s", name);
	array_push(&keymap->own, ((struct binding){ key, command }));
	if (key == KEY_RETURN)
		array_push(&keymap->own, ((struct binding){ KEY_LINE_FEED, command }));
	return true;
}

bool keymap_set(struct keymap *keymap, enum command command, const char *keys,
		struct error *error)
{
	struct strbuf word = STRBUF_INIT;
	size_t before = keymap->own.len;
	bool ok = true;

	while (ok && *(keys += strspn(keys, " \t"))) {
		size_t len = strcspn(keys, " \t");

		strbuf_clear(&word);
		/* The comma of a list, and not the key. */
		strbuf_add(&word, keys, len - (len > 1 && keys[len - 1] == ','));
		ok = !strcasecmp(word.text, "none") || add_own(keymap, command, word.text, error);
		keys += len;
	}
	strbuf_release(&word);
	if (!ok)
		keymap->own.len = before;
	else
		keymap->replaced[command] = true;
	return ok;
}

void keymap_release(struct keymap *keymap)
{
	array_release(&keymap->own);
}
