#include "ui/prompt.h"

#include <string.h>

#include "base/text.h"
#include "ui/term.h"

#define CTRL(letter) ((letter) & 0x1f)

enum { KEY_ESCAPE = 27, KEY_RETURN = 13, KEY_LINE_FEED = 10, KEY_RUBOUT = 127 };

void prompt_edit(struct prompt *prompt, const char *label, const char *text)
{
	strbuf_clear(&prompt->label);
	strbuf_adds(&prompt->label, label);
	strbuf_clear(&prompt->text);
	text_sanitize(&prompt->text, text, strnlen(text, PROMPT_TEXT_MAX));
	prompt->cursor = prompt->text.len;
	prompt->question = false;
}

void prompt_ask(struct prompt *prompt, const char *question)
{
	prompt_edit(prompt, question, "");
	prompt->question = true;
}

void prompt_release(struct prompt *prompt)
{
	strbuf_release(&prompt->label);
	strbuf_release(&prompt->text);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct prompt *prompt, size_t at)
{
	while (at > 0 && is_continuation(prompt->text.text[--at]))
		;
	return at;
}

static size_t after(const struct prompt *prompt, size_t at)
{
	if (at < prompt->text.len)
		at++;
	while (at < prompt->text.len && is_continuation(prompt->text.text[at]))
		at++;
	return at;
}

/* Where the word left of the cursor begins. */
static size_t word_before(const struct prompt *prompt)
{
	const char *text = prompt->text.text;
	size_t at = prompt->cursor;

	while (at > 0 && text[at - 1] == ' ')
		at--;
	while (at > 0 && text[at - 1] != ' ')
		at--;
	return at;
}

static enum prompt_result cut(struct prompt *prompt, size_t from, size_t until)
{
	struct strbuf *text = &prompt->text;

	if (from == until)
		return PROMPT_TAKEN;
	memmove(text->text + from, text->text + until, text->len - until);
	strbuf_cut(text, text->len - (until - from));
	prompt->cursor = from;
	return PROMPT_CHANGED;
}

static enum prompt_result insert(struct prompt *prompt, uint32_t character)
{
	struct strbuf *text = &prompt->text;
	struct strbuf rest = STRBUF_INIT;

	if (text->len + 4 > PROMPT_TEXT_MAX)
		return PROMPT_TAKEN;
	strbuf_adds(&rest, text->text + prompt->cursor);
	strbuf_cut(text, prompt->cursor);
	text_encode(text, character);
	prompt->cursor = text->len;
	strbuf_add(text, rest.text, rest.len);
	strbuf_release(&rest);
	return PROMPT_CHANGED;
}

static enum prompt_result move(struct prompt *prompt, size_t cursor)
{
	prompt->cursor = cursor;
	return PROMPT_TAKEN;
}

static enum prompt_result answer(int key)
{
	switch (key) {
	case 'y': case 'Y':
		return PROMPT_DONE;
	case 'n': case 'N': case 'q': case KEY_ESCAPE: case CTRL('c'):
		return PROMPT_CANCELLED;
	default:
		return PROMPT_IGNORED;
	}
}

/* Backspace with nothing left to take away leaves, as in less. */
static enum prompt_result backspace(struct prompt *prompt)
{
	if (!prompt->text.len)
		return PROMPT_CANCELLED;
	return cut(prompt, before(prompt, prompt->cursor), prompt->cursor);
}

enum prompt_result prompt_key(struct prompt *prompt, int key)
{
	if (prompt->question)
		return answer(key);
	switch (key) {
	case KEY_RETURN: case KEY_LINE_FEED:
		return PROMPT_DONE;
	case KEY_ESCAPE: case CTRL('c'): case CTRL('g'):
		return PROMPT_CANCELLED;
	case INPUT_BACKSPACE: case CTRL('h'): case KEY_RUBOUT:
		return backspace(prompt);
	case INPUT_DELETE: case CTRL('d'):
		return cut(prompt, prompt->cursor, after(prompt, prompt->cursor));
	case CTRL('u'):
		return cut(prompt, 0, prompt->cursor);
	case CTRL('k'):
		return cut(prompt, prompt->cursor, prompt->text.len);
	case CTRL('w'):
		return cut(prompt, word_before(prompt), prompt->cursor);
	case INPUT_LEFT: case CTRL('b'):
		return move(prompt, before(prompt, prompt->cursor));
	case INPUT_RIGHT: case CTRL('f'):
		return move(prompt, after(prompt, prompt->cursor));
	case INPUT_HOME: case CTRL('a'):
		return move(prompt, 0);
	case INPUT_END: case CTRL('e'):
		return move(prompt, prompt->text.len);
	default:
		if (key >= ' ' && key != KEY_RUBOUT && key <= KEY_CHARACTER_MAX)
			return insert(prompt, (uint32_t)key);
		return PROMPT_IGNORED;
	}
}

/* The first byte to show so that the cursor, a cell of its own, fits. */
static size_t first_shown(const struct prompt *prompt, int width)
{
	struct strbuf part = STRBUF_INIT;
	size_t first = 0;

	strbuf_add(&part, prompt->text.text, prompt->cursor);
	while (first < prompt->cursor && text_width(part.text + first) >= width)
		first = after(prompt, first);
	strbuf_release(&part);
	return first;
}

void prompt_draw(const struct prompt *prompt, struct canvas canvas)
{
	const char *text = prompt->text.text;
	struct strbuf part = STRBUF_INIT;
	size_t first, next;
	int x;

	canvas = canvas_part(canvas, 0, 0, canvas.width, 1);
	canvas_fill(canvas, ' ', STYLE_PLAIN);
	/* On a narrow screen what is typed matters more than what it is for. */
	x = canvas_name(canvas, 0, 0, canvas.width * (prompt->question ? 4 : 2) / 4, STYLE_KEY,
			prompt->label.text);
	if (prompt->question)
		return;
	first = first_shown(prompt, canvas.width - x);
	strbuf_add(&part, text + first, prompt->cursor - first);
	x += canvas_text(canvas, x, 0, STYLE_PLAIN, part.text);
	next = after(prompt, prompt->cursor);
	strbuf_clear(&part);
	strbuf_add(&part, text + prompt->cursor, next - prompt->cursor);
	x += canvas_text(canvas, x, 0, STYLE_CURSOR, part.len ? part.text : " ");
	canvas_text(canvas, x, 0, STYLE_PLAIN, text + next);
	strbuf_release(&part);
}
